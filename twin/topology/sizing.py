"""How many switches a tier of a Clos fabric has and what is plugged into one: arithmetic, and nothing of a file.

A *link* is one lane of an endpoint or one uplink of a switch.  A port carries as many links as its
rate holds whole (breakout).  Everything is for one instance of the container that the tier is in.  What
is below is wired to every switch of the tier by equally many links; or, where switches below have fewer
links than the tier has switches, to some of them by one link each, dealt so that each container below
reaches all of them equally often (planes).  Either way all switches of a tier are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUND = 1e-9
"""Rates and ratios are sums and products of decimal numbers: this much is not a lane."""


class SizingError(Exception):
    """No number of switches does; says why, what was needed and what is there."""

    def __init__(self, message: str, got: str) -> None:
        """Keep both for a finding."""
        super().__init__(message)
        self.got = got


@dataclass(frozen=True, slots=True)
class Model:
    """A switch: its ports and the rate of one in Gbit/s."""

    ports: int
    port_gbps: float

    def links_a_port(self, gbps: float) -> int:
        """How many links of a rate one port carries; 0 where one is faster than the port."""
        return floor(self.port_gbps / gbps + _ROUND)


@dataclass(frozen=True, slots=True)
class Below:
    """What is plugged into a tier: alike endpoints, or the switches of the tier below.

    Attributes:
        count: how many in one instance of the tier's container.
        links: links that each must have upwards.
        most: links that each can have: as many as `links` for endpoints, more where a switch has ports left.
        gbps: rate of one link.
        each: how many stand in one instance of their own container, for switches; 0 for endpoints, which are
            wired to every switch of the tier.
    """

    count: int
    links: int
    most: int
    gbps: float
    each: int = 0


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier in one instance of its container.

    Attributes:
        switches: how many.
        fewest: how many the ports alone would ask for.
        links: for each of what is below, links that each has upwards: `switches` times a whole number, or
            fewer than `switches` with planes.
        ports_down: ports of one switch used downwards.
        down_gbps: bandwidth of one switch downwards.
        up_links: links that one switch needs upwards; 0 for the top tier.
        up_gbps: rate of one of them; 0 for the top tier.
        most_up: links upwards that its free ports could carry.
    """

    switches: int
    fewest: int
    links: tuple[int, ...]
    ports_down: int
    down_gbps: float
    up_links: int = 0
    up_gbps: float = 0.0
    most_up: int = 0


def size(
    model: Model, below: Sequence[Below], *, rails: int = 1, ratio: float = 1.0, upper: Model | None = None
) -> Tier:
    """The fewest switches that carry what is below, with all switches alike.

    With `p` ports and an oversubscription `r`, at most `d = floor(p r / (1 + r))` ports look down (all `p` on
    the top tier).  The number of switches `n` is a multiple of `rails` for which the links of everything below,
    rounded up to a multiple of `n` where it has ports left, take at most `d` ports of each.  Upwards one has
    `ceil(down / (r L))` links of rate `L`, the lesser of its port's and that of the port above.

    Args:
        model: the switch of this tier.
        below: what is plugged in; at least one.
        rails: the number of switches is a multiple of this.
        ratio: bandwidth down over bandwidth up.
        upper: the switch of the next tier; None for the top tier.

    Raises:
        SizingError: a link that is faster than a port, too few ports, or links that cannot be spread evenly.
    """
    a_port = [model.links_a_port(one.gbps) for one in below]
    for one, held in zip(below, a_port, strict=True):
        if not held:
            raise SizingError("a link is faster than a port of the switch", f"{one.gbps:g} Gbps")
    budget = model.ports if upper is None else floor(model.ports * ratio / (1 + ratio) + _ROUND)
    if budget < 1 or (upper is not None and budget == model.ports):
        raise SizingError("no ports are left for both directions", f"{model.ports} ports")
    wanted = sum(one.count * one.links / held for one, held in zip(below, a_port, strict=True))
    fewest = max(1, ceil(wanted / budget - _ROUND))
    number, links = _spread(below, a_port, budget, fewest, rails)
    ports = _ports(below, links, a_port, number)
    down = sum(one.count * many / number * one.gbps for one, many in zip(below, links, strict=True))
    if upper is None:
        return Tier(number, fewest, links, ports, down)
    rate = min(model.port_gbps, upper.port_gbps)
    return Tier(
        switches=number,
        fewest=fewest,
        links=links,
        ports_down=ports,
        down_gbps=down,
        up_links=max(1, ceil(down / (ratio * rate) - _ROUND)),
        up_gbps=rate,
        most_up=(model.ports - ports) * model.links_a_port(rate),
    )


def _spread(
    below: Sequence[Below], a_port: list[int], budget: int, fewest: int, rails: int
) -> tuple[int, tuple[int, ...]]:
    """The fewest switches over which everything below spreads evenly and within the budget, and its links."""
    most = min(one.most for one in below)
    first = _up_to(fewest, rails)
    for number in range(first, most + 1, rails):
        links = tuple(_up_to(one.links, number) for one in below)
        fits = all(many <= one.most for one, many in zip(below, links, strict=True))
        if fits and _ports(below, links, a_port, number) <= budget:
            return number, links
    for number in range(_up_to(max(first, most + 1), rails), min(one.each * one.most for one in below) + 1, rails):
        dealt = tuple(_dealt(one, number) for one in below)
        if all(dealt) and _ports(below, dealt, a_port, number) <= budget:
            return number, dealt
    if first > most:
        message = f"at least {first:,} switches are needed, and one below has {most:,} links to spread over them"
        raise SizingError(message, f"{first:,} switches of {budget:,} ports downwards")
    over = f"{first:,} switches" if first == most else f"any number of switches from {first:,} to {most:,}"
    message = f"the links of those below do not spread evenly over {over} with {budget:,} ports downwards"
    raise SizingError(message, " and ".join(f"{one.links:,} links" for one in below))


def _dealt(one: Below, number: int) -> int:
    """The fewest links with which switches deal themselves evenly over more switches than that; 0 for none."""
    fitting = (
        links
        for links in range(one.links, min(one.most, number - 1) + 1)
        if number % links == 0 and one.each * links % number == 0
    )
    return next(fitting, 0)


def _ports(below: Sequence[Below], links: tuple[int, ...], a_port: list[int], number: int) -> int:
    """Ports of one switch that the links take."""
    each = zip(below, links, a_port, strict=True)
    return sum(-(-one.count * many // number // many_a_port) for one, many, many_a_port in each)


def _up_to(number: int, step: int) -> int:
    """The least multiple of `step` that is not below `number`."""
    return -(-number // step) * step
