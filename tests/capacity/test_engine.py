"""The capacity engine against brute force over every state that must be survived."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant
from structure.naive import Naive
from structure.naive_usable import cases, fits
from structure.nested import nested
from structure.plants import nested_plants, plants

from twin.capacity import engine
from twin.capacity.engine import MonthResult, evaluate
from twin.capacity.places import places
from twin.capacity.stranded import grown
from twin.errors import RefusedError
from twin.structure import symmetry
from twin.structure.compile import compile_structure
from twin.structure.flow import plan
from twin.structure.twins import twins

if TYPE_CHECKING:
    from twin.structure.model import Structure
    from twin.topology.model import Topology


def month_of(topology: Topology, month: int = 0) -> tuple[Structure, MonthResult]:
    structure = compile_structure(topology)
    return structure, evaluate(structure, month, plan(structure), twins(structure))


@settings(max_examples=120, deadline=None)
@given(plants(), st.sampled_from([0, 1]))
def test_usable_and_worst_loads_are_those_of_all_states(topology, month):
    structure, result = month_of(topology, month)
    oracle = Naive(topology, month)
    per_hall = {path: topology.per(path, "s/hall") for path in topology.groups if path.startswith("s/hall/")}
    for number, scope in enumerate(structure.scopes):
        hall = None if scope.parent < 0 else number - 1

        def inside(node, hall=hall):
            return hall is None or node[1] // per_hall[node[0]] == hall

        found = result.scopes[number]
        racks = [node for node in oracle.nodes if oracle.is_load(node) and inside(node) and oracle.on[node]]
        assert found.racks == len(racks)
        assert found.accelerators == 4 * len(racks)
        assert found.demand_kw == pytest.approx(sum(oracle.figure(node, "load", 0.0) for node in racks))
        growing = cases(oracle)
        if found.binding is None:
            assert not racks or fits(oracle, growing, inside, 1e6)
        else:
            assert found.binding.factor == 0 or fits(oracle, growing, inside, found.binding.factor * (1 - 1e-6))
            assert not fits(oracle, growing, inside, found.binding.factor * (1 + 1e-6) + 1e-6)
        if hall is None:
            worst = {node: max(case.now[node] for case in growing) for node in growing[0].now}
            elements = structure.elements
            sets = twins(structure)
            most: Counter[int] = Counter()
            for element, kind in enumerate(sets.of.tolist()):
                most[kind] = max(most[kind], result.worst_kw[element])
            for element, kind in enumerate(sets.of.tolist()):
                node = structure.groups[elements.group[element]], int(elements.local[element])
                assert most[kind] == pytest.approx(worst[node], abs=1e-9)


def answers(topology: Topology, month: int, *, lifted: bool) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """What every scope can carry, and what every supplier that is kept carries, also when the sites have grown."""
    structure = compile_structure(topology, lifted=lifted)
    prepared, sets, scopes = plan(structure), twins(structure), symmetry.scopes(structure)
    result = evaluate(structure, month, prepared, sets)
    found = places(structure, scopes, prepared, sets, result, range(len(scopes)))
    factors = {int(scopes.like[p.scope]): p.binding.factor for p in found if p.binding and scopes.parent[p.scope] < 0}
    at = grown(structure, prepared, sets, result, factors)
    by_scope = {}
    for place in found:
        mine = result.scopes[scopes.like[place.scope]]
        figures = [mine.racks, mine.accelerators, mine.demand_kw, mine.nameplate_kw]
        figures += [bound.factor if bound else -1.0 for bound in (place.binding, place.runner_up)]
        by_scope[scopes.id[place.scope]] = figures
    elements = structure.elements
    columns = (result.load_kw, result.worst_kw, result.capped_kw, at.normal_kw, at.worst_kw, at.single_kw, at.stands_kw)
    by_node = {
        (structure.groups[elements.group[e]], int(elements.local[e])): [float(column[e]) for column in columns]
        for e in range(len(elements))
    }
    return by_scope, by_node


@settings(max_examples=60, deadline=None)
@given(st.one_of(nested(), nested_plants()), st.sampled_from([0, 1]))
def test_representatives_give_the_figures_of_all_instances(topology, month):
    scopes, nodes = answers(topology, month, lifted=False)
    few_scopes, few_nodes = answers(topology, month, lifted=True)
    assert few_scopes.keys() == scopes.keys()
    for scope, figures in few_scopes.items():
        assert figures == pytest.approx(scopes[scope], rel=1e-9, abs=1e-9), scope
    for node, figures in few_nodes.items():
        assert figures == pytest.approx(nodes[node], rel=1e-9, abs=1e-9), node


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 5), st.integers(1, 8), st.sampled_from([None, "N", "N+1"]), st.booleans())
def test_another_supplier_never_lowers_what_is_usable(ups, racks, redundancy, dealt):
    factors = []
    for count in (ups, ups + 1):
        plant = Plant().add("s").add("s/ups", count, "ups", capacity=100.0)
        depends = plant.on("power", "s/rack", "s/ups", redundancy=redundancy, pick=1 if dealt else None)
        plant.add("s/rack", racks, "rack", depends, load=10.0)
        _, result = month_of(plant.done())
        factors.append(result.scopes[0].binding.factor)
    assert factors[1] >= factors[0] * (1 - 1e-9)


def test_a_state_is_judged_for_those_that_declared_to_survive_it():
    """A neighbour that goes down with A does not excuse B from carrying the dual-corded racks."""
    plant = Plant().add("s").add("s/a", 1, "ups", capacity=1000.0).add("s/b", 1, "ups", capacity=600.0)
    plant.add("s/dual", 8, "rack", plant.on("power", "s/dual", "s/a", "s/b", redundancy="2N"), load=100.0)
    plant.add("s/single", 2, "rack", plant.on("power", "s/single", "s/a"), load=100.0)
    structure, result = month_of(plant.done())
    binding = result.scopes[0].binding
    assert binding.factor == pytest.approx(0.75)
    assert structure.groups[structure.elements.group[binding.element]] == "s/b"
    assert [structure.groups[structure.elements.group[e]] for e in result.failures[binding.state]] == ["s/a"]


def test_a_neighbour_that_declares_nothing_still_draws():
    """Nobody sheds it: with A lost, B carries it beside the racks that were promised redundancy."""
    plant = Plant().add("s").add("s/a", 1, "ups", capacity=1000.0).add("s/b", 1, "ups", capacity=1000.0)
    plant.add("s/promised", 5, "rack", plant.on("power", "s/promised", "s/a", "s/b", redundancy="2N"), load=100.0)
    plant.add("s/silent", 5, "rack", plant.on("power", "s/silent", "s/a", "s/b"), load=100.0)
    _, result = month_of(plant.done())
    assert result.scopes[0].binding.factor == pytest.approx(1.0)


def test_nothing_is_promised_where_nothing_is_declared():
    """A PDU lives on any UPS, but nobody said that the loss of one must be survived."""
    plant = Plant().add("s").add("s/ups", 4, "ups", capacity=100.0)
    plant.add("s/pdu", 2, "pdu", plant.on("power", "s/pdu", "s/ups"))
    plant.add("s/rack", 6, "rack", plant.on("power", "s/rack", "s/pdu", pick=1), load=10.0)
    _, result = month_of(plant.done())
    assert result.scopes[0].binding.factor * result.scopes[0].demand_kw == pytest.approx(400.0)


def test_a_promise_further_up_reaches_the_racks():
    plant = Plant().add("s").add("s/ups", 4, "ups", capacity=100.0)
    plant.add("s/pdu", 2, "pdu", plant.on("power", "s/pdu", "s/ups", redundancy="N+1"))
    plant.add("s/rack", 6, "rack", plant.on("power", "s/rack", "s/pdu", pick=1), load=10.0)
    _, result = month_of(plant.done())
    assert result.scopes[0].binding.factor * result.scopes[0].demand_kw == pytest.approx(300.0)


def test_a_side_that_goes_down_whole_loads_the_other():
    """UPS A declares nothing about its switchgear, so losing that takes all of side A: 2N racks live on B."""
    plant = Plant().add("s").add("s/gear-a", 1, "switchgear").add("s/gear-b", 1, "switchgear")
    for side in "ab":
        path = f"s/ups-{side}"
        plant.add(path, 3, "ups", plant.on("power", path, f"s/gear-{side}"), capacity=100.0)
    both = plant.on("power", "s/rack", ("s/ups-a", 1), ("s/ups-b", 1), redundancy="2N")
    plant.add("s/rack", 9, "rack", both, load=20.0)
    _, result = month_of(plant.done())
    assert result.scopes[0].binding.factor * result.scopes[0].demand_kw == pytest.approx(300.0)


def test_nothing_rated_binds_nothing():
    plant = Plant().add("s").add("s/grid", 1, "utility")
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/grid"), load=1.0)
    _, result = month_of(plant.done())
    assert result.scopes[0].binding is None
    assert result.scopes[0].runner_up is None


def test_pumps_alone_can_leave_nothing_for_racks():
    plant = Plant().add("s").add("s/ups", 1, "ups", capacity=10.0)
    plant.add("s/cdu", 4, "cdu", plant.on("power", "s/cdu", "s/ups"), load=5.0)
    depends = [plant.on("power", "s/rack", "s/ups"), plant.on("cooling", "s/rack", "s/cdu")]
    plant.add("s/rack", 2, "rack", *depends, load=1.0)
    _, result = month_of(plant.done())
    assert result.scopes[0].binding.factor == 0.0


def test_too_much_work_is_refused(monkeypatch):
    monkeypatch.setattr(engine, "MAX_WORK", 5)
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=9.0)
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/grid"), load=1.0)
    with pytest.raises(RefusedError, match="capacity refuses: 2 failure states of 1 suppliers"):
        month_of(plant.done())


def test_other_scopes_stay_at_their_present_load():
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=1000.0).add("s/hall", 2)
    plant.add("s/hall/rack", 3, "rack", plant.on("power", "s/hall/rack", "s/grid"), load=100.0)
    _, result = month_of(plant.done())
    site, hall, _ = result.scopes
    assert site.binding.factor * site.demand_kw == pytest.approx(1000.0)
    assert hall.binding.factor * hall.demand_kw == pytest.approx(700.0)


def test_a_gate_with_too_many_ways_takes_the_largest():
    plant = Plant().add("s").add("s/ups", 18, "ups", capacity=100.0)
    for local in range(18):
        plant.override("s/ups", "capacity", 100.0 + local, local)
    plant.add("s/rack", 9, "rack", plant.on("power", "s/rack", "s/ups", redundancy="2N"), load=50.0)
    _, result = month_of(plant.done())
    assert max(map(len, result.failures)) == 9
    assert result.scopes[0].binding.factor * result.scopes[0].demand_kw == pytest.approx(sum(range(100, 109)))
