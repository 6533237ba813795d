"""What the engines would refuse of a structure is known before any of them runs, all of it and with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from structure.build import Plant
from structure.plants import plants

from twin.errors import RefusedError
from twin.structure.compile import compile_structure
from twin.structure.snapshot import months_of_change, snapshot
from twin.structure.sound import unsound


def unlike(plant, *racks, energised=(0,)):
    """Groups of racks, each with four UPS of different size, of which every rack takes three."""
    for name in racks:
        ups, rack = f"s/ups-{name}", f"s/{name}"
        plant.add(ups, 4, "ups")
        for local, capacity in enumerate((60.0, 150.0, 100.0, 240.0)):
            plant.override(ups, "capacity", capacity, local)
        plant.add(rack, 5, "rack", plant.on("power", rack, ups, pick=3), load=70.0, energised=energised)
    return plant


def found(plant):
    return unsound(lambda: compile_structure(plant.done()))


def test_a_sound_one_has_no_findings():
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=1000.0)
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/grid"), load=100.0)
    assert found(plant) == ()


def test_every_group_whose_need_cannot_be_derived_is_named():
    findings = found(unlike(Plant().add("s"), "one", "two"))
    assert [finding.path for finding in findings] == ["s/one", "s/two"]
    assert all("cannot be derived" in finding.message for finding in findings)
    assert findings[1].expected == "state 'need:' for the power dependency of 's/two'"


def test_a_month_after_the_first_is_looked_at():
    plant = unlike(Plant().add("s"), "late", energised=(7,))
    structure = compile_structure(plant.done())
    snapshot(structure, 0)
    assert [finding.path for finding in unsound(lambda: structure)] == ["s/late"]


def test_loads_that_feed_and_suppliers_of_two_layers_are_found_together():
    plant = Plant().add("s").add("s/box", 2, "asset").add("s/host", 1, "rack")
    plant.add("s/node", 1, "server", plant.on("power", "s/node", "s/host"))
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/box"), plant.on("cooling", "s/rack", "s/box"))
    messages = [finding.message for finding in found(plant)]
    assert messages == ["'s/host' is a rack and feeds others", "'s/box' feeds two different layers"]


def test_every_group_that_does_not_divide_its_heat_is_named():
    plant = Plant().add("s").add("s/cdu", 2, "cdu").add("s/crah", 2, "crah")
    for rack in ("s/one", "s/two"):
        both = [plant.on("cooling", rack, "s/cdu"), plant.on("cooling", rack, "s/crah")]
        plant.add(rack, 3, "rack", *both, load=100.0)
    assert [finding.path for finding in found(plant)] == ["s/one", "s/two"]


def test_a_refusal_says_how_many_more_there_are_and_has_a_place():
    with pytest.raises(RefusedError, match=r"and 1 more like it: 'twin validate' lists them") as refused:
        snapshot(compile_structure(unlike(Plant().add("s"), "one", "two").done()), 0)
    assert refused.value.place.endswith(": s/one")


@given(plants())
def test_a_plant_is_sound_just_where_every_month_can_be_taken(topology):
    structure = compile_structure(topology)
    refused = False
    for month in months_of_change(structure):
        try:
            snapshot(structure, month)
        except RefusedError:
            refused = True
    assert bool(unsound(lambda: structure)) == refused
