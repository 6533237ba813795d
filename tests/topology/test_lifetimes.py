"""Retirement and ramps: from when to when every instance is in service."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.fakes import LIVES, findings, line_of, lived, load, months

from twin.topology import expand
from twin.topology.instances import FOREVER

# --- retirement -------------------------------------------------------------------------------


def test_a_date_or_one_for_each_instance(tmp_path):
    topology = lived(tmp_path, "retired: 2030-01-01")
    assert topology.groups["s/hall/rack"].retired == (36,)
    topology = lived(tmp_path, "retired: [2030-01-01, 2030-02-01, 2030-03-01, 2031-01-01]")
    assert topology.groups["s/hall/rack"].retired == (36, 37, 38, 48)
    assert months(topology, "s/hall/rack")[1] == [36, 37, 38, 48] * 2


def test_what_is_inside_retires_with_what_is_around_it(tmp_path):
    text = LIVES.replace("MORE", "retired: 2031-01-01").replace("hall[2]:\n", "hall[2]:\n        retired: 2029-01-01\n")
    topology = load(tmp_path, text)
    assert months(topology, "s/hall/rack")[1] == [24] * 8
    nodes = expand.nodes(topology)
    assert nodes["retired"].null_count() == 2
    assert set(nodes.filter(kind="rack")["retired"].cast(str)) == {"2029-01-01"}


def test_overlays_retire_some_and_all(tmp_path):
    topology = lived(tmp_path, "", overlays=("s/hall[2]/rack[1..2].retired=2028-06-01", "s/hall[1].retired=2029-01-01"))
    assert months(topology, "s/hall/rack")[1] == [24] * 4 + [17, 17, FOREVER, FOREVER]


def test_a_side_table_has_retirements_and_an_empty_cell_is_never(tmp_path):
    (tmp_path / "fleet.csv").write_text("energised,retired\n2027-01-01,2030-01-01\n2027-03-01,\n")
    text = "twin: 1\ncalendar: {start: 2027-01-01}\nsites:\n  s: {contains: {x: {kind: genset, rows: fleet.csv}}}\n"
    topology = load(tmp_path, text)
    assert months(topology, "s/x") == [[0, 2], [36, FOREVER]]
    (tmp_path / "fleet.csv").write_text("retired\nsoon\n")
    (found,) = findings(tmp_path, text)
    assert "column 'retired', row 1: not a date" in found.message


def test_no_calendar_starts_with_a_retirement(tmp_path):
    topology = load(tmp_path, "twin: 1\nsites: {s: {contains: {x: {kind: genset, retired: 2020-05-01}}}}")
    assert topology.calendar.start.isoformat() == "2026-01-01"


# --- ramps ------------------------------------------------------------------------------------


def test_a_ramp_is_equal_monthly_lots(tmp_path):
    topology = lived(tmp_path, "energised: 2027-02-01", "ramp: 2 months")
    assert months(topology, "s/hall/rack")[0] == [1, 1, 2, 2, 8, 8, 9, 9]
    topology = lived(tmp_path, "energised: 2028-02-01", "ramp: 2 months")
    assert topology.groups["s/hall/rack"].energised == (13, 13, 14, 14)


def test_a_ramp_starts_when_what_is_around_it_does(tmp_path):
    topology = lived(tmp_path, "ramp: 4 months")
    assert months(topology, "s/hall/rack")[0] == [0, 1, 2, 3, 8, 9, 10, 11]


def test_a_late_hall_moves_its_ramp(tmp_path):
    topology = lived(
        tmp_path, "ramp: 4 months", overlays=("s/hall[2].energised=2028-01-01", "s/hall/rack.ramp=1 month")
    )
    assert months(topology, "s/hall/rack")[0] == [0, 0, 0, 0, 12, 12, 12, 12]


def test_halls_come_in_lots_too(tmp_path):
    text = LIVES.replace("energised: [2027-01-01, 2027-09-01]", "{energised: 2027-03-01, ramp: 1 year,")
    text = text.replace(
        "hall[2]:\n        {energised: 2027-03-01, ramp: 1 year,",
        "hall[2]:\n        energised: 2027-03-01\n        ramp: 1 year",
    )
    topology = load(tmp_path, text.replace("MORE", ""))
    assert topology.groups["s/hall"].energised == (2, 8)


@given(count=st.integers(2, 40), length=st.integers(1, 60))
def test_every_lot_is_as_large_as_any_other_to_one(tmp_path_factory, count, length):
    text = LIVES.replace("rack[4]", f"rack[{count}]").replace("MORE", f"ramp: {length} months")
    topology = load(tmp_path_factory.mktemp("r"), text)
    start = np.array(months(topology, "s/hall/rack")[0][:count])
    assert start[0] == 0
    assert start[-1] < length
    assert (np.diff(start) >= 0).all()
    lots = np.bincount(start, minlength=length)
    assert lots.max() - lots.min() <= 1


def test_a_ramp_of_a_scenario_is_checked_though_nobody_asks_for_it(tmp_path):
    text = LIVES.replace("MORE", "") + "scenarios: {slow: {set: {s/hall/rack.ramp: 6 kW}}}\n"
    (found,) = findings(tmp_path, text)
    assert found.path == "scenarios.slow.set.s/hall/rack.ramp"
    assert "not a unit of term" in found.message
    (found,) = findings(tmp_path, LIVES.replace("MORE", ""), overlays=("s/hall/rack[2].ramp=6 months",))
    assert "'ramp' cannot differ by instance" in found.message


# --- what is wrong ----------------------------------------------------------------------------

RACK = "sites.s.contains.hall[2].contains.rack[4]"
BROKEN = {
    "retired first": (
        "energised: 2028-01-01",
        "retired: 2027-06-01",
        "retired",
        "'s/hall[1]/rack[1]' is retired before",
        "a later",
    ),
    "too few dates": ("", "retired: [2030-01-01, 2031-01-01]", "retired", "2 dates for 4 instances", "list of 4"),
    "no date": ("", "retired: never", "retired", "not a date", "2027-06-01"),
    "ramp of dates": (
        "energised: [2027-01-01, 2027-01-01, 2027-02-01, 2027-02-01]",
        "ramp: 6 months",
        "ramp",
        "'ramp' beside a date for each",
        "keep one",
    ),
    "half a month": ("", "ramp: 10 days", "ramp", "not a number of months", "whole months"),
    "no time": ("", "ramp: 6 kW", "ramp", "not a unit of term", "15 years"),
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


def test_one_cannot_come_in_lots(tmp_path):
    text = LIVES.replace("rack[4]", "rack").replace("MORE", "ramp: 6 months")
    (found,) = findings(tmp_path, text)
    assert "cannot come in lots" in found.message
