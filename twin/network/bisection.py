"""Bisection bandwidth: the least that two halves of the endpoints can exchange, each way.

In a Clos fabric everything in a container is wired to all switches of the container's tier by equal
shares, so a minimum cut never gains by putting some of these on one side and some on the other: its
capacity is linear in the share of each tier.  The fabric then cuts like a tree of containers, in which
a container hangs on the one around it by the uplinks of its tier, and an endpoint by its lanes.

Which endpoints make up the halves is a knapsack over the tree: for each number of endpoints that may be
chosen in a block the least capacity that cuts them off, and those of the blocks in it joined by the
least sum (min-plus convolution).  Where all blocks of a level are alike, on all levels, whole blocks as
far as they go and the rest out of one are as good, and counts are enough.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_UNLIKE = 50_000
"""Most endpoints of which the knapsack is worked out; the work grows with the square, to a few seconds."""

_RING = 2
"""A cut through a ring meets two of its links."""


@dataclass(frozen=True, slots=True)
class Block:
    """Everything below one tier in one container, or one endpoint.

    Attributes:
        endpoints: in it.
        up_gbps: bandwidth upwards.
        inside: kinds of blocks in it, and how many of each; none for an endpoint.
    """

    endpoints: int
    up_gbps: float
    inside: tuple[tuple[Block, int], ...] = ()


def clos_gbps(root: Block) -> float | None:
    """Bandwidth each way between two halves of the endpoints of a Clos fabric.

    With an even number of equal containers on every level it is the least, over the tiers, of half the
    bandwidth that the tier has upwards, and half of what the endpoints can send.

    Args:
        root: what is below the top tier; its `up_gbps` is not looked at.

    Returns:
        Gbit/s; None where more than `MOST_UNLIKE` endpoints are not alike, or not in alike containers.
    """
    # An odd one out may be on either side of the top switches.
    halves = [root.endpoints // 2, root.endpoints - root.endpoints // 2]
    if _alike(root):
        return min(_inside(root, half) for half in halves)
    return None if root.endpoints > MOST_UNLIKE else float(_costs(root)[halves].min())


def lesser_half_gbps(root: Block) -> float:
    """What the half of the endpoints that can send least can send: the bisection were nothing in the way."""
    rates = sorted(_rates(root, 1).items())
    left, found = root.endpoints // 2, 0.0
    for rate, count in rates:
        found += rate * min(count, left)
        left -= min(count, left)
    return found


def _rates(block: Block, times: int) -> dict[float, int]:
    """How many endpoints there are of each rate."""
    found: dict[float, int] = {}
    for one, count in block.inside:
        inner = _rates(one, times * count) if one.inside else {one.up_gbps: times * count}
        for rate, number in inner.items():
            found[rate] = found.get(rate, 0) + number
    return found


def _kinds(block: Block) -> dict[Block, int]:
    """The kinds of blocks in one, equal ones together."""
    found: dict[Block, int] = {}
    for one, count in block.inside:
        found[one] = found.get(one, 0) + count
    return found


def _alike(block: Block) -> bool:
    """Whether all blocks of a level are alike, on all levels."""
    kinds = _kinds(block)
    return not kinds or (len(kinds) == 1 and _alike(next(iter(kinds))))


@lru_cache(maxsize=64)
def _costs(block: Block) -> Floats:
    """(endpoints + 1,): by how many are chosen in a block, the least that cuts them off where its switches are not."""
    kinds = _kinds(block)
    ends = sorted((one.up_gbps, count) for one, count in kinds.items() if not one.inside)
    lanes = np.repeat([rate for rate, _ in ends], [count for _, count in ends]) if ends else np.zeros(0)
    found: Floats = np.concatenate([[0.0], np.cumsum(lanes)])
    for one, count in kinds.items():
        if one.inside:
            found = _joined(found, _times(_cut_off(one), count))
    return found


def _cut_off(block: Block) -> Floats:
    """(endpoints + 1,): the same for what holds the block: its switches may be with those that are chosen."""
    costs = _costs(block)
    return np.minimum(costs, block.up_gbps + costs[::-1])


def _times(costs: Floats, count: int) -> Floats:
    """The costs of several such blocks together."""
    if count == 1:
        return costs
    half = _times(costs, count // 2)
    twice = _joined(half, half)
    return _joined(twice, costs) if count % 2 else twice


def _joined(one: Floats, other: Floats) -> Floats:
    """The least sums by how many are chosen in both."""
    short, long = sorted((one, other), key=len)
    found = np.full(len(short) + len(long) - 1, np.inf)
    for chosen, cost in enumerate(short.tolist()):
        part = found[chosen : chosen + len(long)]
        np.minimum(part, long + cost, out=part)
    return found


@lru_cache(maxsize=4096)
def _isolated(block: Block, chosen: int) -> float:
    """Least capacity that cuts some endpoints of an alike block off from its others and from all outside."""
    if not block.inside or not chosen:
        return block.up_gbps if chosen else 0.0
    return min(_inside(block, chosen), block.up_gbps + _inside(block, block.endpoints - chosen))


def _inside(block: Block, chosen: int) -> float:
    """The same where the switches of the block stay with the others: block by block, whole ones first."""
    ((one, _),) = _kinds(block).items()
    whole, rest = divmod(chosen, one.endpoints)
    return whole * _isolated(one, one.endpoints) + (_isolated(one, rest) if rest else 0.0)


def links_a_pod(shape: tuple[int, ...], *, rings: bool) -> int:
    """Links of one torus (rings) or mesh: along a side of `k` chips a ring has `k` of them, one if `k` is 2."""
    chips = prod(shape)
    return sum(chips // side * (side if rings and side > _RING else side - 1) for side in shape)


def grid_gbps(shape: tuple[int, ...], link_gbps: float, *, rings: bool) -> float:
    """Bandwidth each way between two halves of a torus or mesh, which differ by one chip where their number is odd.

    A side of even length is cut by a plane: `chips / k` lines of links cross it, twice where they close in a
    ring of more than two.  A side of odd length leaves a layer in the middle, which is halved in turn.  The
    least of all orders in which sides are cut counts (for sides of more than two the longest first: Aroca and
    Fernandez Anta, IEEE Trans. Parallel Distrib. Syst. 25(3), 2014).

    Args:
        shape: chips along each dimension.
        link_gbps: rate of one link each way.
        rings: whether lines close in rings (a torus).
    """
    return _links_cut(tuple(sorted(side for side in shape if side > 1)), rings=rings) * link_gbps


@lru_cache(maxsize=4096)
def _links_cut(shape: tuple[int, ...], *, rings: bool) -> int:
    """Links between two halves of a torus or mesh with sides of at least two."""
    cuts = []
    for at, side in enumerate(shape):
        layer = (*shape[:at], *shape[at + 1 :])
        plane = prod(layer) * (_RING if rings and side > _RING else 1)
        cuts.append(plane + (_links_cut(layer, rings=rings) if side % 2 else 0))
    return min(cuts, default=0)
