"""Load propagation against the recursive oracle, and conservation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant, block
from structure.naive import Flow, Naive, Node
from structure.plants import nested_plants, plants

from twin.errors import RefusedError
from twin.structure.compile import compile_structure
from twin.structure.flow import loads, plan
from twin.structure.live import live
from twin.structure.model import POWER, Structure
from twin.structure.snapshot import connected
from twin.topology.attributes import NETWORK_KINDS

STEP = 1e-5
"""Part of the load by which the oracle steps to find a tangent."""


def names(structure: Structure) -> list[Node]:
    elements = structure.elements
    return [(structure.groups[g], int(n)) for g, n in zip(elements.group, elements.local, strict=True)]


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_loads_equal_those_of_the_oracle_in_any_state(data):
    topology = data.draw(plants() | nested_plants())
    structure = compile_structure(topology)
    month = data.draw(st.sampled_from([0, 1]))
    bare, oracle = connected(structure, month), Naive(topology, month)
    nodes = names(structure)
    failed = (
        np.array(
            [data.draw(st.lists(st.booleans(), min_size=len(nodes), max_size=len(nodes))) for _ in range(3)], dtype=bool
        )
        & (np.arange(3) > 0)[:, None]
    )
    alive, fed = live(bare, failed)
    weights = {path: data.draw(st.sampled_from([0.0, 1.0, 2.5])) for path in structure.groups}
    scale = np.array([weights[structure.groups[g]] for g in structure.classes.group])
    flow = loads(bare, alive, scale[:, None], fed)
    for state in range(3):
        live_nodes = oracle.connected({nodes[e] for e in np.flatnonzero(failed[state])})
        assert [nodes[e] in live_nodes for e in range(len(nodes))] == alive[state].tolist()
        want = Flow(oracle, live_nodes)
        assert flow.total[state] == pytest.approx([want.of(node) for node in nodes], abs=1e-9)
        takers = {gate: want.takers(gate) for gate in oracle.consumers}
        more = Flow(oracle, live_nodes, lambda node: 1.0 + STEP * weights[node[0]], takers)
        tangent = [(more.of(node) - want.of(node)) / STEP for node in nodes]
        assert flow.columns[state, :, 0] == pytest.approx(tangent, rel=1e-5, abs=1e-5)


@settings(max_examples=80, deadline=None)
@given(plants() | nested_plants(), st.sampled_from([0, 1]), st.randoms(use_true_random=False))
def test_what_the_sources_give_is_load_and_losses_and_own_draws(topology, month, random):
    structure = compile_structure(topology)
    bare, work = connected(structure, month), plan(structure)
    failed = np.array([[random.random() < 0.2 for _ in range(len(structure.elements))] for _ in range(4)])
    alive, fed = live(bare, failed)
    total = loads(bare, alive, np.empty((len(structure.classes), 0)), fed, work).total
    elements, classes = structure.elements, structure.classes
    has_power = np.array([any(structure.gates.resource[elements.gates.row(e)] == POWER) for e in range(len(elements))])
    drawn = np.stack([work.losses.balance(*state)[0] for state in zip(total, alive, strict=True)])
    given = np.where(work.role == POWER, total, 0.0)
    sources = (given * ~has_power).sum(axis=1)
    load = (fed * classes.power_kw * classes.count).sum(axis=1)
    lost_and_own = ((drawn - given) * has_power).sum(axis=1)
    assert sources == pytest.approx(load + lost_and_own)


def test_cooling_is_known_before_the_power_it_draws():
    plant = Plant().add("s").add("s/grid", None, "utility")
    plant.add("s/ups", 2, "ups", plant.on("power", "s/ups", "s/grid"), capacity=1000.0, efficiency=0.8)
    plant.add("s/chiller", None, "chiller", plant.on("power", "s/chiller", "s/grid"), cop=4.0)
    cdu = [plant.on("power", "s/cdu", "s/ups"), plant.on("cooling", "s/cdu", "s/chiller")]
    plant.add("s/cdu", None, "cdu", *cdu, load=10.0)
    rack = [plant.on("power", "s/rack", "s/ups"), plant.on("cooling", "s/rack", "s/cdu")]
    plant.add("s/rack", 3, "rack", *rack, load=100.0)
    structure = compile_structure(plant.done())
    bare = connected(structure, 0)
    alive = np.ones((1, len(structure.elements)), dtype=bool)
    flow = loads(bare, alive, np.empty((len(structure.classes), 0)))
    carried = dict(zip(names(structure), flow.total[0], strict=True))
    # 300 kW of racks and 10 kW of pump on the UPS; 310 kW of heat to the chiller, a quarter of it again as power.
    assert carried["s/ups", 0] == carried["s/ups", 1] == pytest.approx(155.0)
    assert carried["s/cdu", 0] == pytest.approx(300.0)
    assert carried["s/chiller", 0] == pytest.approx(310.0)
    assert carried["s/grid", 0] == pytest.approx(310.0 / 0.8 + 77.5)


def test_dual_cords_share_the_load_and_the_rest_take_over():
    """3 kW on six supplies is 500 W each, and 1,000 W each when half of them draw."""
    structure = compile_structure(block(6, 1, capacity=2.0, load=3.0))
    bare = connected(structure, 0)
    alive = np.ones((2, len(structure.elements)), dtype=bool)
    ups = np.array([path == "s/hall/ups" for path, _ in names(structure)])
    alive[1, np.flatnonzero(ups)[:3]] = False
    flow = loads(bare, alive, np.empty((1, 0)))
    assert flow.total[0][ups] == pytest.approx([0.5] * 6)
    assert flow.total[1][ups] == pytest.approx([0, 0, 0, 1, 1, 1])


def test_two_coolers_without_a_liquid_fraction_are_refused():
    plant = Plant().add("s").add("s/cdu", 2, "cdu").add("s/crah", 2, "crah")
    both = [plant.on("cooling", "s/rack", "s/cdu"), plant.on("cooling", "s/rack", "s/crah")]
    plant.add("s/rack", 3, "rack", *both, load=100.0)
    with pytest.raises(RefusedError, match="liquid_fraction"):
        plan(compile_structure(plant.done()))


def test_network_load_is_counted_in_gbps_and_switches_draw_power():
    plant = Plant().add("s").add("s/ups", 1, "ups")
    plant.add("s/leaf", 4, "leaf", plant.on("power", "s/leaf", "s/ups"), load=2.0, capacity=51200.0)
    lanes = plant.on("network", "s/rack", "s/leaf", lanes=8, lane_gbps=400.0)
    plant.add("s/rack", 5, "rack", plant.on("power", "s/rack", "s/ups"), lanes, load=10.0)
    structure = compile_structure(plant.done())
    alive = np.ones((1, 5), dtype=bool)
    flow = loads(connected(structure, 0), alive, np.empty((1, 0)))
    kinds = [structure.topology.groups[path].kind in NETWORK_KINDS for path, _ in names(structure)]
    total = flow.total[0]
    assert total[kinds] == pytest.approx([4000.0] * 4)
    assert total[np.logical_not(kinds)] == pytest.approx([58.0])
