"""Compilation: elements in order, gates shared, loads lumped without losing any."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from structure.build import Plant, block
from structure.naive import Naive
from structure.plants import plants

from twin.errors import RefusedError
from twin.structure.compile import compile_structure
from twin.structure.model import AIR, FOREVER, LIQUID, NETWORK, POWER
from twin.structure.redundancy import tolerated
from twin.topology.shape import REDUNDANCIES


@pytest.mark.parametrize("word", REDUNDANCIES)
def test_every_word_of_the_language_promises_something(word):
    assert 0 <= tolerated(word, 4) <= 3


@settings(max_examples=80, deadline=None)
@given(plants())
def test_elements_gates_and_classes_are_those_of_the_wiring(topology):
    structure, oracle = compile_structure(topology), Naive(topology, 99)
    elements, gates, classes = structure.elements, structure.gates, structure.classes
    nodes = [(structure.groups[g], int(n)) for g, n in zip(elements.group, elements.local, strict=True)]
    assert sorted(nodes) == sorted(oracle.elements())
    assert len(gates) == len(oracle.consumers)
    for element, node in enumerate(nodes):
        of = sorted(tuple(sorted(nodes[m] for m in gates.members.row(g))) for g in elements.gates.row(element))
        assert of == sorted(tuple(sorted(m for _, m in gate.members)) for gate in oracle.inputs.get(node, []))
        assert all(gates.members.row(g).max() < element for g in elements.gates.row(element))
    loads = [node for node in oracle.nodes if oracle.is_load(node)]
    assert classes.count.sum() == len(loads)
    want = sum(oracle.figure(node, "load", 0.0) for node in loads)
    assert (classes.count * classes.power_kw).sum() == pytest.approx(want)
    kinds = {(node[0], frozenset(oracle.inputs[node]), _hall(topology, node)) for node in loads}
    assert len(classes) == len(kinds)


def _hall(topology, node):
    return node[1] // topology.per(node[0], "s/hall")


def test_figures_come_with_their_units_and_defaults():
    plant = Plant().add("s").add("s/grid", None, "utility", mtbf=990.0, mttr=10.0)
    plant.add("s/genset", 2, "genset", capacity=100.0, derate=0.8, failure_rate=2.0, mttr=4.0)
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/grid", "s/genset"), load=3.0, energised=(3,))
    structure = compile_structure(plant.done())
    elements = structure.elements
    assert elements.capacity_kw.tolist() == [np.inf, 100.0, 100.0]
    assert elements.derated_kw.tolist() == [np.inf, 80.0, 80.0]
    assert elements.unavailability == pytest.approx([0.01, 4 / 4384, 4 / 4384])
    assert elements.failures_per_year == pytest.approx([8.76, 8760 / 4384, 8760 / 4384])
    assert elements.node.tolist() == [1, 2, 3]
    assert structure.classes.energised.tolist() == [3]
    assert structure.classes.node.tolist() == [4]
    assert structure.gates.rank.tolist() == [0, 1, 1]


@pytest.mark.parametrize(
    ("options", "wired", "tolerance"),
    [
        ({}, 4, -1),
        ({"need": 3}, 4, 1),
        ({"need": 3, "redundancy": "2N"}, 4, 1),
        ({"redundancy": "N"}, 4, 0),
        ({"redundancy": "N+1"}, 4, 1),
        ({"redundancy": "N+2"}, 4, 2),
        ({"redundancy": "2N"}, 4, 2),
        ({"redundancy": "2(N+1)"}, 6, 3),
        ({"redundancy": "3N/2"}, 3, 1),
        ({"redundancy": "4N/3"}, 4, 1),
    ],
)
def test_tolerance_is_what_is_declared(options, wired, tolerance):
    structure = compile_structure(block(wired, 1, **options))
    assert structure.gates.tolerance[structure.classes.gates.values].tolist() == [tolerance]


def test_equal_gates_of_different_consumers_are_one():
    plant = Plant().add("s").add("s/ups", 3, "ups")
    for name in ("a", "b"):
        plant.add(f"s/{name}", 5, "rack", plant.on("power", f"s/{name}", "s/ups"), load=1.0)
    plant.add("s/c", 5, "rack", plant.on("power", "s/c", "s/ups", need=2), load=1.0)
    structure = compile_structure(plant.done())
    assert len(structure.gates) == 2
    assert structure.classes.gates.values.tolist() == [0, 0, 1]


def test_resources_follow_the_supplier():
    plant = Plant().add("s").add("s/cdu").add("s/crah").add("s/leaf")
    plant.groups["s"] = plant.groups["s"]
    depends = [plant.on("cooling", "s/rack", "s/cdu"), plant.on("cooling", "s/rack", "s/crah")]
    plant.add("s/rack", 1, "rack", *depends, plant.on("network", "s/rack", "s/leaf"))
    structure = compile_structure(plant.done())
    assert structure.gates.resource.tolist() == [LIQUID, AIR, NETWORK]
    assert POWER not in structure.gates.resource


def test_scopes_are_roll_ups_parents_first_and_rows_are_none():
    plant = Plant().add("s", 2).add("s/hall", 2).add("s/hall/row", 3).add("s/hall/row/rack", 4, "rack", load=1.0)
    structure = compile_structure(plant.done())
    ids = [scope.id for scope in structure.scopes]
    assert ids == ["s[1]", "s[2]", "s[1]/hall[1]", "s[1]/hall[2]", "s[2]/hall[1]", "s[2]/hall[2]"]
    assert [scope.parent for scope in structure.scopes] == [-1, -1, 0, 0, 1, 1]
    assert [scope.site for scope in structure.scopes] == [0, 1, 0, 0, 1, 1]
    assert structure.classes.scope.tolist() == [2, 3, 4, 5]
    assert structure.classes.count.tolist() == [12] * 4


def test_an_overlay_on_some_racks_splits_their_class():
    plant = Plant().add("s").add("s/rack", 5, "rack", load=1.0).override("s/rack", "load", 9.0, 1, 2)
    structure = compile_structure(plant.override("s/rack", "energised", 4, 4).done())
    assert structure.classes.count.tolist() == [2, 2, 1]
    assert structure.classes.power_kw.tolist() == [1.0, 9.0, 1.0]
    assert structure.classes.energised.tolist() == [0, 0, 4]


def test_what_nobody_feeds_from_and_draws_is_a_load():
    plant = Plant().add("s").add("s/grid", None, "utility").add("s/spare", 2, "ups", load=1.0)
    plant.add("s/plant", None, "pump", plant.on("power", "s/plant", "s/grid"), load=7.0).add("s/idle", None, "asset")
    structure = compile_structure(plant.done())
    assert [structure.groups[g] for g in structure.classes.group] == ["s/plant"]
    assert not structure.classes.is_rack.any()
    assert {structure.groups[g] for g in structure.elements.group} == {"s/grid", "s/spare", "s/idle"}


def test_a_rack_that_feeds_others_is_refused():
    plant = Plant().add("s").add("s/rack", 2, "rack")
    plant.add("s/server", 2, "server", plant.on("power", "s/server", "s/rack"))
    with pytest.raises(RefusedError, match="'s/rack' is a rack and feeds others"):
        compile_structure(plant.done())


def test_a_supplier_of_two_layers_is_refused():
    plant = Plant().add("s").add("s/box", 2, "asset")
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/box"), plant.on("cooling", "s/rack", "s/box"))
    with pytest.raises(RefusedError, match="'s/box' feeds two different layers"):
        compile_structure(plant.done())


def test_a_million_racks_compile_within_seconds():
    plant = Plant().add("s", 4).add("s/hall", 20).add("s/hall/ups", 4, "ups").add("s/hall/row", 250)
    for side, offsets in (("a", (0, 1)), ("b", (2, 3))):
        path = f"s/hall/row/{side}"
        plant.add(path, None, "busway", plant.on("power", path, ("s/hall/ups", None, offsets), pick=1))
    both = plant.on("power", "s/hall/row/rack", "s/hall/row/a", "s/hall/row/b")
    plant.add("s/hall/row/rack", 50, "rack", both, load=1.0)
    topology = plant.done()
    begin = time.perf_counter()
    structure = compile_structure(topology)
    assert time.perf_counter() - begin < 5.0
    assert structure.classes.count.sum() == 1_000_000
    assert len(structure.classes) == 20_000


def test_retirement_is_that_of_all_around_and_splits_classes():
    plant = Plant().add("s").add("s/hall", 2, "hall", retired=(30, 40))
    plant.add("s/hall/ups", 2, "ups").add("s/hall/crah", 1, "crah", plant.on("power", "s/hall/crah", "s/hall/ups"))
    plant.add("s/hall/rack", 3, "rack", plant.on("power", "s/hall/rack", "s/hall/ups"), load=1.0, retired=(35, 35, 9))
    plant.add("s/rack", 1, "rack", load=1.0)
    structure = compile_structure(plant.done())
    assert structure.elements.retired.tolist() == [30, 30, 40, 40, 30, 40]
    ends = zip(structure.classes.retired.tolist(), structure.classes.count.tolist(), strict=True)
    assert sorted(ends) == [(9, 1), (9, 1), (30, 2), (35, 2), (FOREVER, 1)]
