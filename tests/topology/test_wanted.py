"""What containers say of themselves, and what is wanted of a topology by month."""

from __future__ import annotations

from datetime import date

import pytest
from topology.fakes import CAMPUS, findings, line_of, load

from twin.topology.assumptions import assumptions


def demand(body):
    return f"{CAMPUS}demand:\n  d: {{{body}}}\n"


# --- containers -------------------------------------------------------------------------------


def test_containers_have_attributes_of_their_own(tmp_path):
    groups = load(tmp_path, CAMPUS).groups
    assert {name: value.value for name, value in groups["campus"].attributes.items()} == {
        "country": "US",
        "operator": "op",
    }
    hall = {name: value.value for name, value in groups["campus/hall"].attributes.items()}
    assert hall == {"tenant": "lab", "rack_positions": 40, "mass_limit": 80_000.0}
    rows = assumptions(load(tmp_path, CAMPUS)).filter(owner="campus/hall", attribute="rack_positions")
    assert rows.select("value", "origin", "place").rows() == [("40", "file", f"{tmp_path}/x.yaml:11")]


def test_overlays_set_them(tmp_path):
    topology = load(tmp_path, CAMPUS, overlays=("campus/hall.rack_positions=60", "campus.country=CA"))
    assert topology.attribute("campus/hall", "rack_positions") == 60
    assert topology.attribute("campus", "country") == "CA"


CONTAINERS = {
    "country of a hall": ("tenant: lab", "country: CA", "hall[2].country", "has no key 'country'", "is of sites"),
    "tenant of a rack": (
        "kind: rack,",
        "kind: rack, tenant: x,",
        "hall[2].contains.rack[4].tenant",
        "a group has no key",
        "site, hall or row",
    ),
    "half a position": (
        "rack_positions: 40",
        "rack_positions: 4.5",
        "hall[2].rack_positions",
        "not a whole number",
        "",
    ),
    "mass without unit": ("mass_limit: 80 t", "mass_limit: 80", "hall[2].mass_limit", "without a unit", "1360 kg"),
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_wrong_attribute_of_a_container_is_named(name, tmp_path):
    old, new, path, message, expected = CONTAINERS[name]
    text = CAMPUS.replace(old, new)
    (found,) = findings(tmp_path, text)
    assert (found.line, found.path) == (line_of(text, new), f"sites.campus.contains.{path}")
    assert message in found.message
    assert expected in found.expected


# --- demand -----------------------------------------------------------------------------------


def test_a_demand_is_a_step_function(tmp_path):
    text = demand("power: {2027-06-01: 10 MW, 2027-03-15: 5 MW}, at: 'campus/hall[2]', source: a memo")
    topology = load(tmp_path, text)
    (one,) = topology.demands
    assert (one.name, one.metric, one.scope, one.precision) == ("d", "it_power", "campus/hall[2]", "")
    assert one.steps == ((2, 5000.0), (5, 10000.0))
    assert (one.where.line, one.source) == (line_of(text, "  d: {"), "a memo")
    rows = assumptions(topology).filter(owner="demand.d").select("attribute", "value", "source").rows()
    assert rows[0] == ("it_power", "5 MW from 2027-03 at campus/hall[2]", "a memo")


def test_accelerators_and_compute_are_wanted_too(tmp_path):
    (one,) = load(tmp_path, demand("accelerators: {2026-06-01: 50000}")).demands
    assert (one.metric, one.scope, one.steps) == ("accelerators", "", ((-7, 50000.0),))
    (one,) = load(tmp_path, demand("compute: {2027-06-01: 5e20 FLOPS}, precision: fp8, at: campus")).demands
    assert (one.metric, one.scope, one.precision, one.steps) == ("compute", "campus", "fp8", ((5, 5e8),))


DEMANDS = {
    "nothing": ("at: campus", "", "a demand for nothing", "power, accelerators, compute"),
    "two things": (
        "power: {2027-06-01: 1 MW}, accelerators: {2027-06-01: 1}",
        "",
        "'accelerators' beside 'power'",
        "one of",
    ),
    "no dates": ("power: {}", "power", "no dates", "2027-06-01"),
    "one value": ("power: 5 MW", "power", "not a mapping", ""),
    "wrong date": ("power: {June: 5 MW}", "power.June", "not a date", "2027-06-01"),
    "wrong unit": ("power: {2027-06-01: 5 h}", "power.2027-06-01", "not a unit of power", "2.5 MW"),
    "negative": ("power: {2027-06-01: -5 MW}", "power.2027-06-01", "below zero", "zero or more"),
    "half a chip": ("accelerators: {2027-06-01: 5.5}", "accelerators.2027-06-01", "not a whole number", "accelerators"),
    "one month twice": (
        "power: {2027-06-01: 5 MW, 2027-06-15: 6 MW}",
        "power.2027-06-15",
        "two values in one month",
        "line",
    ),
    "beyond the calendar": (
        "power: {2027-06-01: 5 MW, 2060-06-01: 6 MW}",
        "power.2060-06-01",
        "after the end of the calendar",
        "more 'months:'",
    ),
    "no precision": ("compute: {2027-06-01: 5e20 FLOPS}", "", "compute of no precision", "bf16"),
    "stray precision": (
        "power: {2027-06-01: 5 MW}, precision: fp8",
        "precision",
        "'precision' beside 'power'",
        "leave it",
    ),
    "odd precision": ("compute: {2027-06-01: 1 TFLOPS}, precision: fp16", "precision", "not one of bf16", "fp8"),
    "nowhere": ("power: {2027-06-01: 5 MW}, at: campus/hal", "at", "selects nothing", "'hall'"),
    "two halls": ("power: {2027-06-01: 5 MW}, at: campus/hall", "at", "not one place", "campus/hall[2]"),
    "a ups": ("power: {2027-06-01: 5 MW}, at: 'campus/hall[1]/ups[1]'", "at", "not one place", "site, campus"),
    "unknown key": (
        "powr: {2027-06-01: 5 MW}, accelerators: {2027-06-01: 5}",
        "powr",
        "a demand has no key",
        "'power'",
    ),
}


@pytest.mark.parametrize("name", DEMANDS)
def test_every_wrong_demand_is_named(name, tmp_path):
    body, path, message, expected = DEMANDS[name]
    found = findings(tmp_path, demand(body))
    assert [one.path for one in found] == [f"demand.d.{path}".rstrip(".")]
    assert found[0].line == line_of(demand(body), "  d: {")
    assert message in found[0].message
    assert expected in found[0].expected


def test_months_count_from_the_calendar(tmp_path):
    text = demand("power: {2027-06-01: 5 MW}").replace("start: 2027-01-01", "start: 2028-01-01")
    topology = load(tmp_path, text)
    assert topology.demands[0].steps == ((-7, 5000.0),)
    assert topology.calendar.start == date(2028, 1, 1)
