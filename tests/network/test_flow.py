"""The largest flow: equal to networkx on random graphs, equal to its own cut, whole or lumped."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import RefusedError
from twin.network.flow import MS_PER_KM, arcs, max_flow, ways
from twin.network.graph import RECEIVES, SENDS, Graph


def graph_of(nodes, wires, sources, targets, *, limits=None, parts=None):
    """A graph of (one, other, Gbit/s) wires."""
    ends = np.array([wire[:2] for wire in wires], dtype=np.int64).reshape(-1, 2)
    count = len(wires)
    return Graph(
        group=np.zeros(nodes, dtype=np.int64),
        paths=("s/switch",),
        part=np.zeros(nodes, dtype=np.int64) if parts is None else np.array(parts),
        node_gbps=np.full(nodes, np.inf) if limits is None else np.array(limits, dtype=float),
        ends=ends,
        gbps=np.array([float(wire[2]) for wire in wires]),
        count=np.ones(count, dtype=np.int64),
        hops=np.ones(count),
        length_km=np.zeros(count),
        one_way=np.zeros(count, dtype=bool),
        sources=np.array(sources),
        targets=np.array(targets),
    )


def by_networkx(graph):
    """The same flow by networkx, node limits as pairs of nodes."""
    plain = nx.DiGraph()
    for node in range(len(graph)):
        plain.add_edge(("in", node), ("out", node), capacity=float(graph.node_gbps[node]))
    for (one, other), rate in zip(graph.ends.tolist(), graph.gbps.tolist(), strict=True):
        for tail, head in ((one, other), (other, one)):
            if graph.part[tail] == RECEIVES or graph.part[head] == SENDS:
                continue
            before = plain.get_edge_data(("out", tail), ("in", head), {"capacity": 0.0})["capacity"]
            plain.add_edge(("out", tail), ("in", head), capacity=before + rate)
    plain.add_edges_from(("s", ("in", node)) for node in graph.sources.tolist())
    plain.add_edges_from((("out", node), "t") for node in graph.targets.tolist())
    return nx.maximum_flow_value(plain, "s", "t")


@st.composite
def graphs(draw):
    nodes = draw(st.integers(2, 8))
    pairs = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda pair: pair[0] != pair[1])
    rate = st.sampled_from([1.0, 2.5, 3.0, 100.0, 28_800 / 17, 1 / 3])
    wires = draw(st.lists(st.tuples(pairs, rate), min_size=1, max_size=20))
    cut = draw(st.integers(1, nodes - 1))
    limits = draw(st.lists(st.sampled_from([float("inf"), 1.0, 50.0]), min_size=nodes, max_size=nodes))
    split = draw(st.permutations(range(nodes)))
    some = max(1, cut // 2)
    return graph_of(
        nodes,
        [(*pair, rate) for pair, rate in wires],
        split[:some],
        split[cut : cut + 1 + (nodes - cut) // 3],
        limits=limits,
    )


@given(graphs())
@settings(deadline=None)
def test_flow_is_that_of_networkx_and_of_its_cut(graph):
    found = max_flow(graph)
    assert found.gbps == pytest.approx(by_networkx(graph), rel=1e-9, abs=1e-9)
    assert _cut_value(graph, found) == pytest.approx(found.gbps, rel=1e-9, abs=1e-9)
    assert _cut_off(graph, found)


def _cut_value(graph, found):
    return graph.gbps[found.wires].sum() + graph.node_gbps[found.limits].sum()


def _cut_off(graph, found):
    """Whether nothing gets through once the cut is gone."""
    plain = nx.Graph()
    plain.add_nodes_from(range(len(graph)))
    shut = set(found.limits.tolist())
    if shut & {*graph.sources.tolist(), *graph.targets.tolist()}:
        return True
    gone = set(found.wires.tolist())
    plain.add_edges_from(
        tuple(ends) for wire, ends in enumerate(graph.ends.tolist()) if wire not in gone and not shut & set(ends)
    )
    near = {node for source in graph.sources.tolist() for node in nx.node_connected_component(plain, source)}
    return not near & set(graph.targets.tolist())


def test_endpoints_pass_nothing_on():
    wires = [(0, 2, 10.0), (1, 2, 10.0), (1, 3, 10.0), (4, 3, 10.0)]
    graph = graph_of(5, wires, [0, 1], [4], parts=[SENDS, SENDS, 0, 0, RECEIVES])
    assert max_flow(graph).gbps == 10.0
    assert arcs(graph).wire.tolist() == [0, 1, 2, 3]
    alone = graph_of(5, wires, [0], [4], parts=[SENDS, SENDS, 0, 0, RECEIVES])
    assert max_flow(alone).gbps == 0.0
    assert ways(alone) is None


def test_many_alike_endpoints_carry_what_one_with_their_wires_carries():
    leaves = [(8, 10, 30.0), (9, 10, 20.0), (10, 11, 45.0)]
    apart = [(rack, leaf, 4.0) for rack in range(8) for leaf in (8, 9)]
    whole = graph_of(12, [*apart, *leaves], list(range(8)), [11], parts=[SENDS] * 8 + [0, 0, 0, 0])
    lumped = graph_of(5, [(0, 1, 32.0), (0, 2, 32.0), (1, 3, 30.0), (2, 3, 20.0), (3, 4, 45.0)], [0], [4])
    assert max_flow(whole).gbps == max_flow(lumped).gbps == 45.0


def test_what_nothing_limits_is_refused():
    graph = graph_of(2, [(0, 1, float("inf"))], [0], [1])
    with pytest.raises(RefusedError, match="nothing limits the flow"):
        max_flow(graph)


def test_rates_without_a_common_unit_are_refused():
    graph = graph_of(2, [(0, 1, 1e-5), (0, 1, 1e7)], [0], [1])
    with pytest.raises(RefusedError, match="no common unit"):
        max_flow(graph)


def test_light_takes_4_9_microseconds_a_kilometre():
    assert pytest.approx(4.9e-3, rel=1e-3) == MS_PER_KM


def test_the_shortest_way_and_the_quickest_need_not_be_one():
    graph = graph_of(4, [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (0, 3, 1.0)], [0], [3])
    far = Graph(
        **{name: getattr(graph, name) for name in Graph.__slots__} | {"length_km": np.array([0.0, 10.0, 0.0, 100.0])}
    )
    hops, delay = ways(far)
    assert hops == 1
    assert delay == pytest.approx(10 * MS_PER_KM, abs=1e-6)
