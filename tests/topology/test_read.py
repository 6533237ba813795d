from __future__ import annotations

import json
import time
from datetime import date

import pytest
from topology.fakes import GOOD, PLUGIN, Registry, load

from twin.errors import InputError
from twin.topology import shape
from twin.topology.attributes import ATTRIBUTES, column_of, dimension_of, fits
from twin.topology.document import parse
from twin.topology.findings import Findings
from twin.topology.nodes import plain
from twin.topology.read import read

ONE = "twin: 1\nsites: {{s: {{contains: {{grid: {{kind: utility}}, {group}}}}}}}\n{rest}"


def one(folder, group, rest="", **given):
    """A topology of a grid and one group."""
    return load(folder, ONE.format(group=group, rest=rest), **given)


def only(folder, group, rest="", **given):
    """The attributes of that group."""
    topology = one(folder, group, rest, **given)
    return list(topology.groups.values())[-1].attributes


def test_groups_come_parents_first_with_counts_and_totals(tmp_path):
    topology = load(tmp_path, GOOD)
    assert {path: (group.count, group.total, group.kind, group.indexed) for path, group in topology.groups.items()} == {
        "bend": (1, 1, "site", False),
        "bend/grid": (2, 2, "utility", True),
        "bend/genset": (130, 130, "genset", True),
        "bend/chiller": (4, 4, "chiller", True),
        "bend/hall": (5, 5, "hall", True),
        "bend/hall/ups": (23, 115, "ups", True),
        "bend/hall/cdu": (46, 230, "cdu", True),
        "bend/hall/crah": (4, 20, "crah", True),
        "bend/hall/leaf": (4, 20, "leaf", True),
        "bend/hall/row": (20, 100, "row", True),
        "bend/hall/row/rack": (16, 1600, "rack", True),
        "lake": (1, 1, "site", False),
        "lake/feed": (1, 1, "utility", False),
    }
    assert list(topology.groups)[:2] == ["bend", "bend/grid"]
    assert topology.groups["bend/hall"].container
    assert not topology.groups["bend/hall/ups"].container
    assert topology.per("bend/hall/row/rack", "bend/hall") == 320


def test_the_rest_of_the_file(tmp_path):
    topology = load(tmp_path, GOOD)
    assert (topology.name, topology.doc, topology.sources) == ("good", "every section once", ("https://example.org/a",))
    assert (topology.calendar.start, topology.calendar.months) == (date(2027, 4, 1), 180)
    assert topology.discount_per_year == pytest.approx(0.08)
    assert {name: value.origin for name, value in topology.settings.items()} == {
        "calendar.start": "file",
        "calendar.months": "file",
        "discount": "file",
    }
    assert topology.settings["discount"].where.line == 5
    link = topology.links[0]
    assert (link.name, link.between, link.capacity_gbps, link.length_km) == (
        "bend--lake",
        ("bend", "lake"),
        12800.0,
        2100.0,
    )
    assert topology.parties["goog"].rating == "AA+"
    assert topology.parties["hut"].where.line == 36
    assert [(entry.section, entry.name, entry.model, entry.refers) for entry in topology.entries] == [
        ("deals", "lease", "lease", ()),
        ("deals", "second", "lease", ("lease",)),
        ("workloads", "pretrain", "training", ()),
        ("analyses", "capacity", "capacity", ()),
    ]
    assert topology.entries[0].params.rent == 1e6
    assert topology.entries[0].params.tenant == "operator"
    assert topology.entries[1].given == {
        "landlord": "hut",
        "tenant": "goog",
        "rent": "$2M",
        "after": "lease",
        "secured_on": "[lease]",
    }
    assert topology.scenarios == ("late",)
    assert topology.section("workloads")[0].params.accelerators == 1000
    assert list(topology.files) == [str(tmp_path / "x.yaml")]


def test_a_file_without_calendar_and_discount_takes_defaults_and_says_so(tmp_path):
    topology = one(tmp_path, "g: {kind: genset, energised: 2028-03-17}")
    assert topology.calendar.start == date(2028, 3, 1)
    assert topology.calendar.months == 0
    assert topology.discount_per_year == pytest.approx(0.1)
    assert {value.origin for value in topology.settings.values()} == {"default"}
    assert {value.confidence for value in topology.settings.values()} == {"assumed"}
    assert one(tmp_path, "g: {kind: genset}").calendar.start == date(2026, 1, 1)
    assert topology.name == "x"


def test_the_earliest_date_counts_overlays(tmp_path):
    topology = one(tmp_path, "'g[2]': {kind: genset, energised: 2028-03-17}", overlays=("s/g[2].energised=2027-02-03",))
    assert topology.calendar.start == date(2027, 2, 1)
    assert topology.groups["s/g"].energised == (13,)
    assert topology.overrides[0].value.value == 0


def test_dates_before_the_start_count_backwards(tmp_path):
    text = "'g[3]': {kind: genset, energised: [2026-12-31, 2027-01-31, 2028-01-01]}"
    topology = one(tmp_path, text, "calendar: {start: 2027-01-15}\n")
    assert topology.groups["s/g"].energised == (-1, 0, 12)
    assert topology.groups["s/grid"].energised == ()


def test_the_nearest_statement_wins_and_says_where_it_comes_from(tmp_path):
    rest = """\
components:
  near: {use: far, load: 90 kW, source: a book, note: rounded}
  far: {use: maker.rack, load: 80 kW, mass: 1000 kg}
"""
    got = only(tmp_path, "r: {use: near, power: grid, price: $3M, source: an invoice}", rest)
    assert {name: (value.value, value.origin, value.source) for name, value in got.items()} == {
        "price": (3e6, "file", "an invoice"),
        "load": (90.0, "component", "a book"),
        "mass": (1000.0, "component", ""),
        "accelerators": (64, "catalogue", ""),
    }
    assert got["load"].note == "rounded"
    assert got["load"].where.line == 4
    assert got["accelerators"].where.file == PLUGIN
    assert got["accelerators"].text == "64"


def test_a_default_part_fills_in_how_good_and_not_how_large(tmp_path):
    got = only(tmp_path, "u: {kind: ups, power: grid}")
    assert {name: (value.value, value.origin) for name, value in got.items()} == {"efficiency": (0.95, "default")}
    got = only(tmp_path, "u: {kind: ups, power: grid, mtbf: 1000 h}")
    assert got["mttr"].value == 6
    assert got["mttr"].origin == "default"


def test_a_guessed_cop_draws_no_power_that_nobody_wired(tmp_path):
    assert "cop" not in only(tmp_path, "c: {kind: chiller}")
    assert only(tmp_path, "c: {kind: chiller, power: grid}")["cop"].origin == "default"


def test_a_failure_rate_hides_the_mtbf_of_what_is_further_away(tmp_path):
    rest = "components: {c: {kind: pdu, mtbf: 1000 h, mttr: 2 h}}\n"
    got = only(tmp_path, "p: {use: c, power: grid, failure_rate: 50 %/year}", rest)
    assert set(got) == {"failure_rate", "mttr"}
    assert got["failure_rate"].value == 0.5
    assert set(only(tmp_path, "u: {use: maker.half, power: grid}")) == {"efficiency"}


def test_figures_that_mean_nothing_here_are_left_out(tmp_path):
    assert set(only(tmp_path, "l: {use: maker.switch}")) == {"capacity"}
    assert only(tmp_path, "l: {use: maker.switch}")["capacity"].value == 51200.0


@pytest.mark.parametrize(
    ("part", "said", "right"),
    [
        ("maker.slip", "part 'maker.slip' of fake (fake-dist 1.0) has an attribute 'laod' that there is not", "'load'"),
        ("maker.raack", "part 'maker.raack' of fake (fake-dist 1.0) is of a kind that there is not", "'rack'"),
    ],
)
def test_a_part_that_says_what_there_is_not_names_its_plugin(tmp_path, part, said, right):
    with pytest.raises(InputError) as caught:
        only(tmp_path, f"r: {{use: {part}, power: grid}}")
    assert any(said in finding.message and right in finding.expected for finding in caught.value.findings)


def test_containers_take_their_kind_or_their_name_or_are_spaces(tmp_path):
    text = ONE.format(
        group="row: {contains: {a: {kind: genset}}}, x: {kind: pod, contains: {a: {kind: genset}}}, "
        "y: {contains: {a: {kind: genset}}}, site: {contains: {a: {kind: genset}}}",
        rest="",
    )
    groups = load(tmp_path, text).groups
    assert [groups[f"s/{name}"].kind for name in ("row", "x", "y", "site")] == ["row", "pod", "space", "space"]


def test_json_reads_alike(tmp_path):
    tree = plain(parse(GOOD, "x", Findings()))
    path = tmp_path / "good.json"
    path.write_text(json.dumps(tree, indent="\t"), encoding="utf-8")
    other, topology = read(path, Registry()), load(tmp_path, GOOD)
    assert list(other.groups) == list(topology.groups)
    assert other.discount_per_year == topology.discount_per_year
    for name, group in topology.groups.items():
        assert {k: v.value for k, v in group.attributes.items()} == {
            k: v.value for k, v in other.groups[name].attributes.items()
        }
        assert [d.suppliers for d in group.dependencies] == [d.suppliers for d in other.groups[name].dependencies]


def test_entries_without_a_name_take_the_models(tmp_path):
    topology = one(tmp_path, "g: {kind: genset}", "analyses: {capacity: }\n")
    assert topology.entries[0].name == "capacity"
    assert topology.entries[0].given == {}


def test_a_one_screen_file_reads_in_milliseconds(tmp_path):
    load(tmp_path, GOOD)
    times = []
    for _ in range(5):
        started = time.process_time()
        load(tmp_path, GOOD, "late")
        times.append(time.process_time() - started)
    assert min(times) < 0.05


def test_the_reference_has_every_key_of_the_language():
    rows = shape.language_reference()
    assert {(section, key) for section, key, _, _ in rows} == {
        (one.name, key) for one in shape.SHAPES for key in one.keys
    }
    assert all(form and doc for _, _, form, doc in rows)
    assert ("file", "twin", "count!", "version of the language; 1") in rows
    keys = {name: {key for section, key, _, _ in rows if section == name} for name in ("component", "site")}
    assert keys["component"] | keys["site"] >= set(ATTRIBUTES)
    assert not keys["component"] & {"region", "country", "tenant", "rack_positions"}


def test_one_place_knows_what_capacity_of_a_switch_is():
    capacity = ATTRIBUTES["capacity"]
    assert dimension_of(capacity, "leaf") == "bandwidth"
    assert dimension_of(capacity, "ups") == "power"
    assert column_of(capacity, "spine") == "capacity_gbps"
    assert column_of(capacity, "cdu") == "capacity_kw"
    assert column_of(ATTRIBUTES["accelerators"], "rack") == "accelerators"
    assert column_of(ATTRIBUTES["maker"], "rack") == "maker"
    assert fits(ATTRIBUTES["mtbf"], "ups")
    assert not fits(ATTRIBUTES["mtbf"], "hall")
    assert not fits(capacity, "rack")
