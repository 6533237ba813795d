from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structure.build import Plant
from structure.plants import lean_plants, plants

from twin.capacity.engine import evaluate
from twin.capacity.standing import Site, sites, standing
from twin.structure.compile import compile_structure
from twin.structure.flow import plan
from twin.structure.twins import twins

if TYPE_CHECKING:
    from twin.topology.model import Topology


def _two_phases(first_retired: bool) -> Topology:
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=500.0)
    for number, start in enumerate((0, 4)):
        rack = f"s/rack-{number}"
        plant.add(rack, 2, "rack", plant.on("power", rack, "s/grid"), load=40.0, energised=(start,))
    topology = plant.done()
    gone = replace(topology.groups["s/rack-0"], retired=(8,) if first_retired else ())
    return replace(topology, groups={**topology.groups, gone.path: gone})


@pytest.mark.parametrize(("first_retired", "month"), [(False, 4), (True, 4)])
def test_a_site_is_asked_when_its_load_is_largest(first_retired: bool, month: int) -> None:
    structure = compile_structure(_two_phases(first_retired), lifted=True)
    assert sites(structure) == [Site("s", month)]


def test_of_months_with_equal_load_the_last_counts() -> None:
    topology = _two_phases(first_retired=True)
    later = replace(topology.groups["s/rack-1"], energised=(8,))
    topology = replace(topology, groups={**topology.groups, later.path: later})
    assert sites(compile_structure(topology, lifted=True)) == [Site("s", 8)]


def test_a_site_without_it_load_is_not_asked() -> None:
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=500.0)
    assert sites(compile_structure(plant.done(), lifted=True)) == []


@given(st.one_of(plants(), lean_plants()), st.integers(0, 2))
def test_it_is_what_the_engine_says_of_all_instances(topology: Topology, month: int) -> None:
    structure = compile_structure(topology)
    site = evaluate(structure, month, plan(structure), twins(structure)).scopes[0]
    here = standing(topology, "s", month)
    assert here.demand_kw == pytest.approx(site.demand_kw)
    assert (here.racks, here.accelerators) == (site.racks, site.accelerators)
    if site.unclaimed_kw:
        full = 1.0 if site.binding is None else min(site.binding.factor, 1.0)
        assert here.usable_kw == pytest.approx(full * (site.demand_kw - site.unclaimed_kw), abs=1e-9)
        return
    if site.binding is None:
        assert here.usable_kw is None
        return
    # where a standby joins, a supplier may be over by the tolerance of what counts as enough
    assert here.usable_kw == pytest.approx(site.binding.factor * site.demand_kw, rel=5e-9)
    if site.runner_up is None or site.runner_up.factor > site.binding.factor * (1 + 1e-6):
        assert here.group == structure.groups[structure.elements.group[site.binding.element]]
