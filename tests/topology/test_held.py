"""What racks hold, and what follows from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.fakes import findings, line_of, load

from twin.topology.held import HOLDERS

PARTS = """\
twin: 1
components:
  box: {kind: server, load: 10 kW, accelerators: 8, price: $300k, bf16: 989 TFLOPS, fp8: 2 PFLOPS, mass: 130 kg,
        space: 8 U}
  other: {kind: server, load: 14 kW, accelerators: 8, price: $400k, bf16: 2250 TFLOPS}
  chip: {kind: accelerator, load: 1 kW, bf16: 500 TFLOPS, price: $20k}
  switch: {kind: leaf, load: 2 kW, price: $50k}
  mystery: {kind: server, accelerators: 8}
  own-box: {kind: server, holds: {chip: 8, switch: 1}}
  full: {kind: rack, holds: {box: 4, switch: 1}}
sites:
  s:
    contains:
      grid: {kind: utility}
      RACK
"""


def rack(tmp_path, text):
    return load(tmp_path, PARTS.replace("RACK", f"rack: {{{text}, power: grid}}")).groups["s/rack"]


def values(group):
    return {name: value.value for name, value in group.attributes.items()}


def test_load_price_and_accelerators_are_sums(tmp_path):
    group = rack(tmp_path, "kind: rack, holds: {box: 4, switch: 2}")
    assert values(group) == {"load": 44.0, "price": 1.3e6, "accelerators": 32, "bf16": 989.0, "fp8": 2000.0}
    load_ = group.attributes["load"]
    assert (load_.origin, load_.text) == ("derived", "44 kW")
    assert load_.note == "held: 4 box of 10 kW + 2 switch of 2 kW"
    assert [(one.part, one.kind, one.count) for one in group.holds] == [("box", "server", 4.0), ("switch", "leaf", 2.0)]
    assert group.holds[0].attributes["space"].value == 8.0
    assert "mass" not in group.attributes


def test_what_the_rack_states_itself_wins_and_is_noted(tmp_path):
    group = rack(tmp_path, "kind: rack, load: 60 kW, bf16: 1 PFLOPS, holds: {box: 4, other: 1}")
    assert values(group) == {"load": 60.0, "bf16": 1000.0, "price": 1.6e6, "accelerators": 40}
    assert group.attributes["load"].note == "stated as the total; what it holds sums to 54 kW"


def test_a_component_and_a_part_in_a_part_hold_too(tmp_path):
    assert values(rack(tmp_path, "use: full"))["load"] == 42.0
    nested = rack(tmp_path, "kind: rack, holds: {own-box: 3}")
    assert values(nested) == {"load": 30.0, "price": 630e3, "accelerators": 24, "bf16": 500.0}
    assert values(nested.holds[0])["load"] == 10.0
    assert values(rack(tmp_path, "use: full, holds: {chip: 2}"))["accelerators"] == 2


def test_a_price_that_is_not_known_of_all_is_not_given(tmp_path):
    group = rack(tmp_path, "kind: rack, load: 1 kW, holds: {box: 1, mystery: 1}")
    assert "price" not in group.attributes
    assert "bf16" not in group.attributes
    assert group.attributes["accelerators"].value == 16


def test_shares_are_weighted_by_load(tmp_path):
    text = PARTS.replace("accelerators: 8, price: $300k", "accelerators: 8, liquid_fraction: 90 %, idle_fraction: 20 %")
    path = text.replace("RACK", "rack: {kind: rack, holds: {box: 4, switch: 5}, power: grid}")
    group = load(tmp_path, path).groups["s/rack"]
    assert group.attributes["liquid_fraction"].value == pytest.approx(0.9 * 40 / 50)
    assert group.attributes["idle_fraction"].value == pytest.approx((0.2 * 40 + 10) / 50)


FAILING = PARTS.replace("chip: {kind: accelerator,", "chip: {kind: accelerator, mtbf: 1000 h, mttr: 10 h,").replace(
    "switch: {kind: leaf,", "switch: {kind: leaf, failure_rate: 0.5/year, mttr: 4 h,"
)


def failing(tmp_path, text):
    return load(tmp_path, FAILING.replace("RACK", f"rack: {{{text}, power: grid}}")).groups["s/rack"]


def test_a_rack_fails_as_often_as_what_it_holds(tmp_path):
    group = failing(tmp_path, "kind: rack, holds: {chip: 8, switch: 2, box: 1}, load: 1 kW, bf16: 1 PFLOPS")
    rate, repair = group.attributes["failure_rate"], group.attributes["mttr"]
    chips, switches = 8 * 8.76, 2 * 0.5
    assert rate.value == pytest.approx(chips + switches)
    assert repair.value == pytest.approx((chips * 10 + switches * 4) / (chips + switches))
    assert (rate.origin, rate.note) == ("derived", "held: 8 chip + 2 switch; nothing is said of box")
    assert repair.note == "weighted by failures: chip, switch"


@pytest.mark.parametrize("own", ["mtbf: 900 h, mttr: 1 h", "failure_rate: 2/year, mttr: 1 h"])
def test_a_rack_that_states_its_failures_has_those(tmp_path, own):
    group = failing(tmp_path, f"kind: rack, holds: {{chip: 8}}, {own}")
    stated = {name for name in ("mtbf", "failure_rate") if name in group.attributes}
    assert len(stated) == 1
    assert group.attributes[stated.pop()].origin == "file"
    assert group.attributes["mttr"].value == 1.0


def test_a_box_in_a_rack_fails_with_what_is_in_it(tmp_path):
    group = failing(tmp_path, "kind: rack, holds: {own-box: 3}")
    assert group.attributes["failure_rate"].value == pytest.approx(3 * (8 * 8.76 + 0.5))


def test_a_rack_of_parts_without_figures_has_none(tmp_path):
    assert "failure_rate" not in rack(tmp_path, "kind: rack, holds: {box: 4}").attributes


def test_an_overlay_of_a_component_reaches_the_rack(tmp_path):
    text = PARTS.replace("RACK", "rack: {kind: rack, holds: {box: 4}, power: grid}")
    assert load(tmp_path, text, overlays=("components.box.load=12 kW",)).groups["s/rack"].attributes["load"].value == 48
    assert load(tmp_path, text, overlays=("s/rack.load=12 kW",)).groups["s/rack"].attributes["load"].value == 12


@given(boxes=st.integers(1, 40), switches=st.integers(1, 40))
def test_the_sum_is_of_every_one(tmp_path_factory, boxes, switches):
    group = rack(tmp_path_factory.mktemp("h"), f"kind: rack, holds: {{box: {boxes}, switch: {switches}}}")
    assert group.attributes["load"].value == pytest.approx(10 * boxes + 2 * switches)
    assert group.attributes["accelerators"].value == 8 * boxes


BROKEN = {
    "unknown part": ("kind: rack, holds: {bocks: 4}", "holds.bocks", "no component and no catalogue part", "box"),
    "count of nothing": ("kind: rack, holds: {box: 0}", "holds.box", "not a number of them", "from 1"),
    "half a box": ("kind: rack, holds: {box: 1.5}", "holds.box", "not a number of them", "whole number"),
    "a list": ("kind: rack, holds: [box]", "holds", "not a mapping", ""),
    "nothing": ("kind: rack, holds: {}", "holds", "it holds nothing", "leave it out"),
    "load unknown": ("kind: rack, holds: {mystery: 2}", "holds", "nobody gives the load of 'mystery'", "state 'load:'"),
    "accelerators differ": ("kind: rack, holds: {box: 1, other: 1}", "holds", "differ in 'bf16'", "state 'bf16:'"),
    "a ups": ("kind: ups, holds: {box: 1}", "holds", "a ups holds nothing", ", ".join(HOLDERS)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_every_wrong_holding_is_named(name, tmp_path):
    text, path, message, expected = BROKEN[name]
    broken = PARTS.replace("RACK", f"rack: {{{text}, power: grid}}")
    found = findings(tmp_path, broken)
    assert len(found) == 1
    assert (found[0].line, found[0].path) == (line_of(broken, "rack: {"), f"sites.s.contains.rack.{path}")
    assert message in found[0].message
    assert expected in found[0].expected


def test_parts_that_hold_each_other_are_a_circle(tmp_path):
    text = PARTS.replace("holds: {chip: 8, switch: 1}", "holds: {again: 1}").replace(
        "  full:", "  again: {kind: server, load: 1 kW, holds: {own-box: 1}}\n  full:"
    )
    found = findings(tmp_path, text.replace("RACK", "rack: {kind: rack, load: 1 kW, power: grid}"))
    assert any("holds itself" in one.message and one.path.startswith("components.") for one in found)
