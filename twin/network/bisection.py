"""Bisection bandwidth: the least that two halves of the endpoints can exchange, each way.

In a Clos fabric everything in a container is wired to all switches of the container's tier by equal
shares, so a minimum cut never gains by putting some of these on one side and some on the other: its
capacity is linear in the share of each tier.  The fabric then cuts like a tree of containers, in which
a container hangs on the one around it by the uplinks of its tier, and an endpoint by its lanes.  Halves
are made of whole containers as far as they go.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import prod

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


def clos_gbps(root: Block) -> float:
    """Bandwidth each way between two halves of the endpoints of a Clos fabric.

    With an even number of equal containers on every level it is the least, over the tiers, of half the
    bandwidth that the tier has upwards, and half of what the endpoints can send.

    Args:
        root: what is below the top tier; its `up_gbps` is not looked at.
    """
    return _inside(root, root.endpoints // 2)


@lru_cache(maxsize=4096)
def _isolated(block: Block, chosen: int) -> float:
    """Least capacity that cuts some endpoints of a block off from its others and from all outside."""
    if not block.inside or not chosen:
        return block.up_gbps if chosen else 0.0
    return min(_inside(block, chosen), block.up_gbps + _inside(block, block.endpoints - chosen))


def _inside(block: Block, chosen: int) -> float:
    """The same where the switches of the block stay with the others: block by block, whole ones first."""
    cut, left = 0.0, chosen
    rest: Block | None = None
    for one, count in block.inside:
        whole = min(count, left // one.endpoints)
        cut += whole * _isolated(one, one.endpoints)
        left -= whole * one.endpoints
        if whole < count:
            rest = rest or one
    return cut + (_isolated(rest, min(left, rest.endpoints)) if left and rest is not None else 0.0)


def links_a_pod(shape: tuple[int, ...], *, rings: bool) -> int:
    """Links of one torus (rings) or mesh: along a side of `k` chips a ring has `k` of them, one if `k` is 2."""
    chips = prod(shape)
    return sum(chips // side * (side if rings and side > _RING else side - 1) for side in shape)


def grid_gbps(shape: tuple[int, ...], link_gbps: float, *, rings: bool) -> float:
    """Bandwidth each way between two halves of a torus or mesh.

    The cut is a plane across one dimension: `chips / k` lines of links cross it, twice where they close in
    a ring of more than two.  Across the longest dimension it is least.  With sides of odd length the halves
    are not quite equal.

    Args:
        shape: chips along each dimension.
        link_gbps: rate of one link each way.
        rings: whether lines close in rings (a torus).
    """
    chips = prod(shape)
    cuts = [chips // side * (_RING if rings and side > _RING else 1) for side in shape if side > 1]
    return min(cuts, default=0) * link_gbps
