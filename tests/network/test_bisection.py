"""Bisection: by hand, as published for TPU pods, and against every balanced cut of small fabrics."""

from __future__ import annotations

from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.network.bisection import Block, clos_gbps, grid_gbps, links_a_pod


@pytest.mark.parametrize(
    ("shape", "link", "published"),
    [((16, 16), 400.0, 1.6), ((16, 16), 800.0, 3.2)],
    ids=["TPU v5e", "TPU v6e"],
)
def test_a_pod_has_the_bisection_that_its_maker_publishes(shape, link, published):
    assert grid_gbps(shape, link, rings=True) / 8 / 1000 == pytest.approx(published)


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


@pytest.mark.parametrize(
    ("shape", "rings"), [((4, 4), True), ((4, 4), False), ((2, 4), True), ((2, 6), True), ((2, 2, 4), True)]
)
def test_tori_against_every_balanced_cut(shape, rings):
    grid = nx.grid_graph(shape[::-1], periodic=[rings and side > 2 for side in shape[::-1]])
    graph = nx.DiGraph()
    graph.add_edges_from((*edge, {"capacity": 1.0}) for one in grid.edges for edge in (one, one[::-1]))
    ends = sorted(graph.nodes)
    ends_cut = min(_boundary(grid, half) for half in halves(ends)) if len(ends) > 12 else least_cut(graph, ends)
    assert grid_gbps(shape, 1.0, rings=rings) == ends_cut


def _boundary(grid, half):
    inside = set(half)
    return sum((one in inside) != (other in inside) for one, other in grid.edges)


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
