"""What is asked of a month: columns, and the two modes of oversubscription."""

from __future__ import annotations

from typing import TYPE_CHECKING

from structure.build import Plant

from twin.capacity.growth import Growth, growth, it_demand
from twin.capacity.states import declare
from twin.structure.compile import compile_structure
from twin.structure.flow import plan
from twin.structure.model import FAILING, OBSERVED

if TYPE_CHECKING:
    from twin.topology.model import Topology


def asked(topology: Topology) -> Growth:
    structure = compile_structure(topology, lifted=True)
    declared = declare(structure, 0)
    return growth(structure, declared, plan(structure), it_demand(structure, declared.rule.class_on))


def halls(count: int, ratio: float = 1.0, cap: float = 1.0) -> Topology:
    plant = Plant().add("s").add("s/hall", count)
    plant.add("s/hall/ups", 1, "ups", capacity=100.0, derate=0.8, oversubscription=ratio)
    depends = plant.on("power", "s/hall/rack", "s/hall/ups")
    return plant.add("s/hall/rack", 4, "rack", depends, load=10.0, power_cap=cap).done()


def test_a_hall_has_the_column_in_which_things_fail_and_the_one_that_is_watched():
    found = asked(halls(9))
    scopes = found.structure.scopes
    assert [scopes[index].id for index in found.columns] == ["s", "s/hall[1]", "s/hall[2]"]
    assert [scopes[index].role for index in found.columns] == [FAILING, FAILING, OBSERVED]
    assert [scopes[index].id for index in found.like] == ["s", "s/hall[1]", "s/hall[1]"]
    assert found.demand_kw.tolist() == [360.0, 40.0, 40.0]
    assert found.inside.sum(axis=0).tolist() == [len(found.structure.classes), 1.0, 1.0]


def test_one_mode_without_oversubscription_or_without_a_cap():
    for topology in (halls(1), halls(1, ratio=1.5), halls(1, cap=0.5)):
        (mode,) = asked(topology).modes
        assert (mode.limit_kw.tolist(), mode.ratio.tolist()) == ([80.0], [1.0])


def test_two_modes_with_both():
    provisioned, capped = asked(halls(1, ratio=1.5, cap=0.5)).modes
    assert (provisioned.limit_kw.tolist(), provisioned.ratio.tolist()) == ([120.0], [1.0])
    assert (capped.limit_kw.tolist(), capped.ratio.tolist()) == ([80.0], [0.5])
