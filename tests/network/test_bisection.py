"""Bisection: by hand, as published for TPU pods, and against every balanced cut of small fabrics."""

from __future__ import annotations

from itertools import combinations
from math import prod

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import Source

from twin.network.bisection import Block, _costs, clos_gbps, grid_gbps, lesser_half_gbps, links_a_pod

GOOGLE = Source("Network", "Google, TPU pods", "Bisection of a pod, a torus of 16 by 16 chips.")


@pytest.mark.parametrize(("name", "link", "bisection"), [("TPU v5e", 400.0, 1.6), ("TPU v6e", 800.0, 3.2)])
def test_a_pod_has_the_bisection_that_its_maker_publishes(published, name, link, bisection):
    published(name, bisection, grid_gbps((16, 16), link, rings=True) / 8 / 1000, unit="TB/s", rel=1e-6, source=GOOGLE)


def test_three_dimensions_and_short_sides():
    assert grid_gbps((16, 16, 16), 1.0, rings=True) == 2 * 256
    assert grid_gbps((4, 4, 8), 1.0, rings=True) == 2 * 16
    assert grid_gbps((4, 4, 8), 1.0, rings=False) == 16
    assert grid_gbps((2, 2), 1.0, rings=True) == 2
    assert grid_gbps((1, 8), 1.0, rings=True) == 2
    assert links_a_pod((16, 16), rings=True) == 512
    assert links_a_pod((2, 4), rings=True) == 4 + 8
    assert links_a_pod((2, 4), rings=False) == 4 + 6


def halves(ends):
    """Every half of the endpoints that holds the first one."""
    return ((ends[0], *rest) for rest in combinations(ends[1:], len(ends) // 2 - 1))


def least_cut(graph, ends):
    """The least minimum cut over all balanced halves, by networkx."""
    least = float("inf")
    for half in halves(ends):
        trial = graph.copy()
        trial.add_edges_from(("s", end) for end in half)
        trial.add_edges_from((end, "t") for end in ends if end not in half)
        least = min(least, nx.maximum_flow_value(trial, "s", "t"))
    return least


def shapes(most):
    """Every shape of sides of at least two, the shortest first, of up to so many chips."""
    found = [(side,) for side in range(2, most + 1)]
    for one in found:
        found += [(*one, side) for side in range(one[-1], most // prod(one) + 1)]
    return found


@pytest.mark.parametrize("rings", [True, False])
@pytest.mark.parametrize("shape", [*shapes(16), (2, 3, 3), (4, 5)])
def test_tori_and_meshes_against_every_balanced_cut(shape, rings):
    grid = nx.convert_node_labels_to_integers(
        nx.grid_graph(shape[::-1], periodic=[rings and side > 2 for side in shape[::-1]])
    )
    chips = prod(shape)
    # who is on the side of the last chip, one bit each: every half that the last chip is not in
    sides = np.arange(2 ** (chips - 1), dtype=np.uint32)
    bits = (sides[:, None] >> np.arange(chips, dtype=np.uint32)) & 1
    inside = bits[np.isin(bits.sum(axis=1), [chips // 2, chips - chips // 2])].astype(bool)
    cut = sum((inside[:, one] != inside[:, other]).astype(int) for one, other in grid.edges)
    assert grid_gbps(shape, 1.0, rings=rings) == cut.min()
    assert grid_gbps((1, *shape[::-1]), 1.0, rings=rings) == cut.min()


def clos(rows, racks, leaves, spines, lane, up):
    """A fabric with every rack on all leaves of its row, every leaf on all spines, and its blocks."""
    graph = nx.DiGraph()
    ends = []
    for row in range(rows):
        for rack in range(racks):
            ends.append(("rack", row, rack))
            for leaf in range(leaves):
                _both(graph, ends[-1], ("leaf", row, leaf), lane)
        for leaf in range(leaves):
            for spine in range(spines):
                _both(graph, ("leaf", row, leaf), ("spine", spine), up)
    rack_block = Block(1, lane * leaves)
    row_block = Block(racks, up * leaves * spines, ((rack_block, racks),))
    return graph, ends, Block(rows * racks, 0.0, ((row_block, rows),))


def _both(graph, one, other, capacity):
    graph.add_edge(one, other, capacity=capacity)
    graph.add_edge(other, one, capacity=capacity)


@given(
    st.sampled_from([(1, 4), (2, 2), (2, 3), (3, 2), (4, 1), (4, 2), (2, 4), (1, 6), (6, 1)]),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 4),
    st.integers(1, 6),
)
@settings(max_examples=40, deadline=None)
def test_clos_fabrics_against_every_balanced_cut(shape, leaves, spines, lane, up):
    graph, ends, block = clos(*shape, leaves, spines, lane, up)
    assert clos_gbps(block) == pytest.approx(least_cut(graph, ends))


def test_three_tiers_by_the_formula():
    rack = Block(1, 100.0)
    row = Block(4, 200.0, ((rack, 4),))
    hall = Block(16, 400.0, ((row, 4),))
    # half of the racks 800, half of the rows 800, half of the halls 400
    assert clos_gbps(Block(32, 0.0, ((hall, 2),))) == 400.0
    assert clos_gbps(Block(16, 0.0, ((row, 4),))) == 400.0
    assert clos_gbps(Block(4, 0.0, ((rack, 4),))) == 200.0


def unlike(rows, spines, top_lanes):
    """A fabric of rows of (lanes of each rack, leaves, uplinks), some racks on the spines, and its blocks."""
    graph, ends, inside = nx.DiGraph(), [], []
    for number, (lanes, leaves, up) in enumerate(rows):
        for rack, lane in enumerate(lanes):
            ends.append(("rack", number, rack))
            for leaf in range(leaves):
                _both(graph, ends[-1], ("leaf", number, leaf), lane)
        for leaf in range(leaves):
            for spine in range(spines):
                _both(graph, ("leaf", number, leaf), ("spine", spine), up)
        racks = tuple((Block(1, float(lane * leaves)), 1) for lane in lanes)
        inside.append((Block(len(lanes), float(up * leaves * spines), racks), 1))
    for rack, lane in enumerate(top_lanes):
        ends.append(("rack", -1, rack))
        for spine in range(spines):
            _both(graph, ends[-1], ("spine", spine), lane)
        inside.append((Block(1, float(lane * spines)), 1))
    return graph, ends, Block(len(ends), 0.0, tuple(inside))


a_row = st.tuples(st.lists(st.integers(1, 6), min_size=1, max_size=4), st.integers(1, 2), st.integers(1, 6))


@given(
    st.lists(a_row, min_size=1, max_size=3), st.integers(1, 2), st.lists(st.integers(1, 6), max_size=2), st.randoms()
)
@settings(max_examples=60, deadline=None)
def test_unlike_rows_and_lanes_against_every_balanced_cut(rows, spines, top_lanes, shuffle):
    graph, ends, block = unlike(rows, spines, top_lanes)
    if len(ends) < 2 or len(ends) > 9:
        return
    least = min(
        _halved(graph, ends, half) for size in {len(ends) // 2, -(-len(ends) // 2)} for half in combinations(ends, size)
    )
    assert clos_gbps(block) == pytest.approx(least)
    mixed = list(block.inside)
    shuffle.shuffle(mixed)
    assert clos_gbps(Block(block.endpoints, 0.0, tuple(mixed))) == pytest.approx(least)


def _halved(graph, ends, half):
    trial = graph.copy()
    trial.add_edges_from(("s", end) for end in half)
    trial.add_edges_from((end, "t") for end in ends if end not in half)
    return nx.maximum_flow_value(trial, "s", "t")


@st.composite
def alike_trees(draw):
    block = Block(1, float(draw(st.integers(1, 8))))
    for _ in range(draw(st.integers(1, 3))):
        count = draw(st.integers(1, 5))
        up = float(draw(st.integers(1, max(1, int(count * block.up_gbps)))))
        block = Block(count * block.endpoints, up, ((block, count),))
    return block


@given(alike_trees())
def test_counts_are_enough_where_all_are_alike(block):
    halves = [block.endpoints // 2, block.endpoints - block.endpoints // 2]
    assert clos_gbps(block) == pytest.approx(float(_costs(block)[halves].min()))


def test_unlike_endpoints_of_one_switch_do_not_block():
    big, small = Block(1, 800.0), Block(1, 100.0)
    for inside in (((big, 4), (small, 4)), ((small, 4), (big, 4))):
        root = Block(8, 0.0, inside)
        assert clos_gbps(root) == lesser_half_gbps(root) == 400.0


def test_more_unlike_ones_than_are_worked_out_give_none():
    rows = [Block(100, 900.0 + up, ((Block(1, 100.0), 100),)) for up in range(2)]
    few, many = (Block(count * 200, 0.0, tuple((row, count) for row in rows)) for count in (100, 1000))
    assert clos_gbps(few) == 100 * 900.0
    assert clos_gbps(many) is None
