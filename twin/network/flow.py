"""The largest flow between two sets of nodes, the cut that limits it, and the shortest way.

Capacities become integers without rounding: the largest unit of which every rate is a whole multiple.
`scipy.sparse.csgraph.maximum_flow` (Dinic) does the rest in 32 bits, and what does not fit is refused.
By max-flow min-cut (Ford and Fulkerson, 1956) the arcs that leave what is still reachable in the
residual graph carry exactly the flow, and are a minimum cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, dijkstra, maximum_flow

from twin.errors import RefusedError
from twin.network.graph import RECEIVES, SENDS

if TYPE_CHECKING:
    from twin.network.graph import Floats, Graph, Ints

MS_PER_KM = 1.468 / 299.792458
"""Time of light over a kilometre of fibre, one way: group index 1.468 of standard single-mode fibre at 1550 nm
(ITU-T G.652 fibre, as data sheets of it give), 4.9 microseconds."""

_MOST = np.iinfo(np.int32).max // 2
"""Largest number that a capacity or a flow may be: an arc and the one back may hold both of theirs together."""

_DENOMINATOR = 1_000_000
_SAME = 1e-9
_TINY_HOP = 1e-9
"""Weight of what has none: graphs of scipy have no arcs of weight zero."""


@dataclass(frozen=True, slots=True)
class Arcs:
    """Directed arcs: two for a wire between switches, one for a wire of an endpoint.

    Attributes:
        size: nodes, those that carry the limit of another one included.
        tail, head: (arcs,) node numbers.
        gbps: (arcs,) rate.
        wire: (arcs,) number of the wire; -1 for the limit of a node.
        leaves: (nodes of the graph,) node from which what has passed through a node goes on.
    """

    size: int
    tail: Ints
    head: Ints
    gbps: Floats
    wire: Ints
    leaves: Ints


@dataclass(frozen=True, slots=True)
class Flow:
    """A largest flow.

    Attributes:
        gbps: its size.
        wires: wires of the graph in the minimum cut.
        limits: nodes of the graph whose own limit is in it.
    """

    gbps: float
    wires: Ints
    limits: Ints


def arcs(graph: Graph) -> Arcs:
    """The directed arcs of a graph.

    Endpoints that send have arcs away from them only, those that receive have arcs towards them only:
    an endpoint passes nothing on.  A node whose own limit can bind becomes two with an arc between.
    """
    passing = np.bincount(graph.ends.ravel(), weights=np.repeat(graph.gbps, 2), minlength=len(graph))
    tight = np.flatnonzero(graph.node_gbps < passing)
    leaves = np.arange(len(graph))
    leaves[tight] = len(graph) + np.arange(len(tight))
    low, high = graph.ends.T
    up = graph.part[low] != RECEIVES
    down = (graph.part[low] != SENDS) & ~graph.one_way
    every = np.arange(len(low))
    return Arcs(
        size=len(graph) + len(tight),
        tail=np.concatenate([leaves[low[up]], leaves[high[down]], tight]),
        head=np.concatenate([high[up], low[down], leaves[tight]]),
        gbps=np.concatenate([graph.gbps[up], graph.gbps[down], graph.node_gbps[tight]]),
        wire=np.concatenate([every[up], every[down], np.full(len(tight), -1)]),
        leaves=leaves,
    )


def max_flow(graph: Graph) -> Flow:
    """The largest flow from all sources to all targets together, and a minimum cut.

    Args:
        graph: with sources and targets, no node in both.

    Returns:
        The flow; 0 and no wires where no way leads from one to the other.

    Raises:
        RefusedError: capacities without a common unit that 32 bits can count in, or a flow that nothing limits.
    """
    found = arcs(graph)
    number, unit = _integers(found.gbps)
    # All flow starts over one arc that holds as much as can be counted, so that nothing runs over.
    source, target, first = found.size, found.size + 1, found.size + 2
    ends = found.leaves[graph.targets]
    tail = np.concatenate([found.tail, np.full(len(graph.sources), source), ends, [first]])
    head = np.concatenate([found.head, graph.sources, np.full(len(ends), target), [source]])
    held = np.concatenate([number, np.full(len(graph.sources) + len(ends) + 1, _MOST)])
    shape = (found.size + 3, found.size + 3)
    table = coo_array((held, (tail, head)), shape=shape).tocsr()  # adds up parallel wires
    table.data = np.minimum(table.data, _MOST)
    capacity = csr_array(table.astype(np.int32))
    result = maximum_flow(capacity, first, target)
    if int(result.flow_value) >= _MOST:
        what = "nothing limits the flow, or it is more units than 32 bits can count"
        raise RefusedError("network", what, "give 'lanes:' of the network dependencies on the way, or ask about less")
    seen = _reachable(capacity, result.flow, first)
    cut = np.flatnonzero(seen[found.tail] & ~seen[found.head])
    wires = found.wire[cut]
    return Flow(
        gbps=float(int(result.flow_value) * unit),
        wires=np.unique(wires[wires >= 0]),
        limits=found.tail[cut[wires < 0]],
    )


def ways(graph: Graph) -> tuple[int, float] | None:
    """The shortest and the quickest way from any source to any target.

    Returns:
        Wires on the shortest, and one-way milliseconds over fibre on the quickest; None where there is no way.
    """
    found = arcs(graph)
    inside = found.wire < 0
    hops = np.where(inside, _TINY_HOP, graph.hops[found.wire])
    delay = np.where(inside, _TINY_HOP, graph.length_km[found.wire] * MS_PER_KM + _TINY_HOP)
    least = []
    for weight in (hops, delay):
        order = np.lexsort((weight, found.head, found.tail))
        tail, head = found.tail[order], found.head[order]
        first = np.ones(len(order), dtype=bool)
        first[1:] = (tail[1:] != tail[:-1]) | (head[1:] != head[:-1])
        shape = (found.size, found.size)
        table = coo_array((weight[order][first], (tail[first], head[first])), shape=shape).tocsr()
        distance = dijkstra(csr_array(table), indices=np.unique(graph.sources), min_only=True)
        least.append(float(np.min(distance[graph.targets], initial=np.inf)))
    if not np.isfinite(least[0]):
        return None
    return round(least[0]), round(least[1], 6)


def _integers(gbps: Floats) -> tuple[Ints, Fraction]:
    """Rates as whole multiples of one unit, and the unit in Gbit/s; no limit is as much as can be counted."""
    finite, at = np.unique(gbps, return_inverse=True)
    exact = [Fraction(float(value)).limit_denominator(_DENOMINATOR) for value in finite if np.isfinite(value)]
    scale = lcm(*(value.denominator for value in exact)) if exact else 1
    whole = [int(value * scale) for value in exact]
    common = gcd(*whole) or 1
    whole = [value // common for value in whole]
    off = any(abs(float(value) - given) > _SAME * given for value, given in zip(exact, finite, strict=False))
    if off or any(value >= _MOST for value in whole):
        raise RefusedError(
            "network",
            "the capacities of wires and links have no common unit that 32 bits can count in",
            "round the capacities of links to whole Gbps",
        )
    numbers = np.array([*whole, *[_MOST] * (len(finite) - len(whole))], dtype=np.int64)
    return numbers[at], Fraction(common, scale)


def _reachable(capacity: csr_array, flow: csr_array, source: int) -> np.ndarray:
    """What the source can still reach in the residual graph: bool, (nodes,)."""
    residual = csr_array(capacity.astype(np.int64) - flow.astype(np.int64))
    residual.data = np.where(residual.data > 0, 1, 0)
    residual.eliminate_zeros()
    seen = np.zeros(capacity.shape[0], dtype=bool)
    seen[breadth_first_order(residual, source, return_predecessors=False)] = True
    return seen
