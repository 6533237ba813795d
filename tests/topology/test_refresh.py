"""Refresh: what takes the place of a group later."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.fakes import LIVES, findings, line_of, lived, load, months

from twin.topology import instances


def test_each_instance_is_replaced_after_its_own_time(tmp_path):
    topology = lived(tmp_path, "refresh: {after: 5 years, use: new, downtime: 2 months}")
    assert list(topology.groups)[-2:] == ["s/hall/rack", "s/hall/rack-2"]
    assert months(topology, "s/hall/rack")[1] == [60] * 4 + [68] * 4
    assert months(topology, "s/hall/rack-2")[0] == [62] * 4 + [70] * 4
    new = topology.groups["s/hall/rack-2"]
    assert {name: value.value for name, value in new.attributes.items()} == {"load": 200.0, "accelerators": 144}
    assert (new.count, new.total, new.part, new.kind) == (4, 8, "new", "rack")
    assert [d.suppliers for d in new.dependencies] == [d.suppliers for d in topology.groups["s/hall/rack"].dependencies]
    assert instances.ids(topology, "s/hall/rack-2", [4]) == ["s/hall[2]/rack-2[1]"]


def test_the_same_again_keeps_its_figures_but_for_those_stated(tmp_path):
    topology = lived(
        tmp_path, "mtbf: 9000 h", "mttr: 8 h", "refresh: {after: 1 year, load: 120 kW, failure_rate: 1 /year}"
    )
    new = {name: value.value for name, value in topology.groups["s/hall/rack-2"].attributes.items()}
    assert new == {"load": 120.0, "mttr": 8.0, "failure_rate": 1.0}


def test_several_refreshes_follow_each_other(tmp_path):
    topology = lived(
        tmp_path,
        "refresh:",
        "  - {after: 4 years, use: new}",
        "  - {date: 2034-01-01, load: 250 kW, retired: 2036-01-01}",
    )
    assert months(topology, "s/hall/rack-2") == [[48] * 4 + [56] * 4, [84] * 8]
    assert months(topology, "s/hall/rack-3") == [[84] * 8, [108] * 8]
    assert topology.attribute("s/hall/rack-3", "load") == 250.0
    assert topology.attribute("s/hall/rack-3", "accelerators") == 144


def test_a_late_hall_is_refreshed_later(tmp_path):
    topology = lived(
        tmp_path, "ramp: 2 months", "refresh: {after: 1 year}", overlays=("s/hall[2].energised=2028-01-01",)
    )
    assert months(topology, "s/hall/rack")[1] == [12, 12, 13, 13, 24, 24, 25, 25]
    assert months(topology, "s/hall/rack-2")[0] == [12, 12, 13, 13, 24, 24, 25, 25]


def test_an_overlay_sets_a_generation_by_its_name(tmp_path):
    topology = lived(tmp_path, "refresh: {after: 1 year}", overlays=("s/hall/rack-2.load=150 kW",))
    assert topology.attribute("s/hall/rack", "load") == 100.0
    assert topology.attribute("s/hall/rack-2", "load") == 150.0


@given(after=st.integers(1, 100), downtime=st.integers(0, 12))
def test_never_two_generations_at_once(tmp_path_factory, after, downtime):
    text = LIVES.replace("MORE", f"refresh: {{after: {after} months, downtime: {downtime} months}}")
    topology = load(tmp_path_factory.mktemp("r"), text)
    old, new = (months(topology, f"s/hall/{name}") for name in ("rack", "rack-2"))
    assert (np.array(old[1]) - np.array(old[0]) == after).all()
    assert (np.array(new[0]) - np.array(old[1]) == downtime).all()


# --- what is wrong ----------------------------------------------------------------------------

RACK = "sites.s.contains.hall[2].contains.rack[4]"
BROKEN = {
    "refresh at no time": ("", "refresh: {use: new}", "refresh", "a refresh at no time", "after: 5 years"),
    "refresh twice dated": (
        "",
        "refresh: {after: 1 year, date: 2030-01-01}",
        "refresh",
        "'after' beside 'date'",
        "one of them",
    ),
    "refresh too early": (
        "",
        "refresh: {date: 2027-06-01, use: new}",
        "refresh.date",
        "before all of it is in service",
        "after 2027-09",
    ),
    "refresh and retired": (
        "retired: 2035-01-01",
        "refresh: {after: 1 year}",
        "retired",
        "'retired' beside 'refresh'",
        "leave it out",
    ),
    "unknown key": ("", "refresh: {afterr: 1 year, date: 2030-01-01}", "refresh.afterr", "no key 'afterr'", "'after'"),
    "unknown part": (
        "",
        "refresh: {after: 1 year, use: noo}",
        "refresh.use",
        "there is no component and no catalogue part",
        "new",
    ),
    "refresh of nothing": ("", "refresh: 5 years", "refresh", "not a mapping or a list", "key: value"),
    "retired twice": (
        "refresh: [{after: 1 year, retired: 2030-01-01}, {after: 1 year}]",
        "",
        "refresh[1].retired",
        "'retired' before another refresh",
        "state it on the last",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_wrong_date_is_named(name, tmp_path):
    first, second, path, message, expected = BROKEN[name]
    text = LIVES.replace("MORE", "\n            ".join(one for one in (first, second) if one))
    found = findings(tmp_path, text)
    assert [one.path for one in found] == [f"{RACK}.{path}"]
    key = path.partition(".")[0].partition("[")[0]
    assert found[0].line == line_of(text, f"            {key}: ")
    assert message in found[0].message
    assert expected in found[0].expected


def test_what_others_take_from_is_not_refreshed(tmp_path):
    text = LIVES.replace("grid: {kind: utility}", "grid: {kind: utility, refresh: {after: 5 years}}").replace(
        "MORE", ""
    )
    (found,) = findings(tmp_path, text)
    assert (found.line, found.path) == (line_of(text, "grid: {"), "sites.s.contains.grid.refresh")
    assert "others take from 's/grid', as 's/hall/rack' does" in found.message
    assert "'retired:' and 'energised:'" in found.expected


def test_a_name_that_a_generation_needs_is_taken(tmp_path):
    text = LIVES.replace("MORE", "refresh: {after: 1 year}\n          rack-2: {kind: rack}")
    (found,) = findings(tmp_path, text)
    assert "two groups called 'rack-2'" in found.message
    assert f"line {line_of(text, 'rack-2: ')}" in found.expected


def test_the_figures_of_a_side_table_are_not_taken_over(tmp_path):
    (tmp_path / "fleet.csv").write_text("load_kw\n10\n20\n")
    fleet = "{kind: rack, rows: fleet.csv, power: g, refresh: {after: 1 year}}"
    text = f"twin: 1\nsites: {{s: {{contains: {{g: {{kind: utility}}, x: {fleet}}}}}}}"
    (found,) = findings(tmp_path, text)
    assert "the figures of a side table cannot be taken over" in found.message
    good = load(tmp_path, text.replace("after: 1 year", "after: 1 year, use: maker.rack"))
    assert good.groups["s/x-2"].total == 2


def test_what_is_wrong_with_a_group_is_said_once_for_all_its_generations(tmp_path):
    text = LIVES.replace("power: grid", "power: gird").replace("MORE", "refresh: {after: 1 year}")
    assert [one.message for one in findings(tmp_path, text)] == ["'s/hall/rack' sees no group 'gird'"]


def test_containers_are_not_refreshed(tmp_path):
    text = LIVES.replace("hall[2]:\n", "hall[2]:\n        refresh: {after: 5 years}\n").replace("MORE", "")
    (found,) = findings(tmp_path, text)
    assert "a group that contains others has no 'refresh'" in found.message
