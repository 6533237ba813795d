"""How much of a pool of racks is in service: spares, degraded operation, waiting.

Each rack of a pool is in service with its availability, independently of the others, so that the
number in service is binomial; pools of unlike racks are convolved.  The mean is exact whatever
depends on whatever; how far the number strays from it is not, where racks share suppliers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

_TAIL = 1e-15
"""Probability that may be cut off each end of a distribution, for each pool in it."""

_SAME = 12
"""Digits in which two sums count as the same amount of work."""


@dataclass(frozen=True, slots=True)
class Service:
    """What a run gets from its racks on average.

    Attributes:
        capacity: expected share of the capacity that it wants, 0 while it waits.
        running: probability that it has enough to run.
    """

    capacity: float
    running: float


def in_service(racks: pl.DataFrame, wanted: float, least: float = 0.0) -> Service:
    """What a run gets that wants so much, takes no more, and waits while there is less than it can run on.

    Args:
        racks: those it has the use of, spares included: how many, `racks`, of which the last of a kind may be used in
            part; what one gives in any unit of work, `size`; and how probably it is in service, `availability`.
        wanted: what it runs on, in the unit of `size`; above zero.
        least: what it needs to run at all.
    """
    amount, chance = _amounts(racks)
    enough = amount >= least * (1.0 - 1e-12)
    running = 1.0 if enough.all() else min(1.0, float(chance[enough].sum()))
    got = np.minimum(amount, wanted) / wanted
    return Service(min(running, float((got * chance)[enough].sum())), running)


def sure(units: int, availability: float, confidence: float) -> int:
    """The most units that are all in service at once with at least this probability.

    Args:
        units: how many there are.
        availability: probability that one is in service, independently of the others.
        confidence: between 0 and 1.

    Returns:
        The largest k with P(at least k of `units` in service) >= confidence.
    """
    number, chance = _binomial(units, 1.0, availability)
    at_least = chance[::-1].cumsum()[::-1]
    return int(number[at_least >= confidence].max(initial=0.0))


def _amounts(all_racks: pl.DataFrame) -> tuple[Floats, Floats]:
    """Every amount that may be in service, ascending, and its probability."""
    alike = all_racks.group_by("size", "availability", maintain_order=True).agg(pl.col("racks").sum())
    amount, chance = np.zeros(1), np.ones(1)
    for size, availability, racks in alike.iter_rows():
        whole = int(racks + _rounding(racks))
        amount, chance = _add(amount, chance, *_binomial(whole, size, availability))
        part = racks - whole
        if part > _rounding(racks):
            last = np.array([0.0, part * size]), np.array([1.0 - availability, availability])
            amount, chance = _add(amount, chance, *last)
    return amount, chance / chance.sum()


def _rounding(racks: float) -> float:
    return 1e-9 * max(1.0, racks)


def _binomial(racks: int, size: float, availability: float) -> tuple[Floats, Floats]:
    """Amounts of alike racks in service and their probabilities, tails below `_TAIL` cut off (Bernstein's bound).

    From the most probable number outwards by the ratio of neighbours, which keeps every digit.
    """
    if not 0.0 < availability < 1.0 or racks == 0:
        return np.array([racks * size if availability > 0.0 else 0.0]), np.ones(1)
    mean, log = racks * availability, -math.log(_TAIL)
    away = log / 3.0 + math.sqrt(log**2 / 9.0 + 2.0 * log * mean * (1.0 - availability))
    number = np.arange(max(0.0, math.floor(mean - away)), min(racks, math.ceil(mean + away)) + 1.0)
    top = int(min(mean + availability, racks) - number[0])
    ratio = (racks - number[:-1]) / number[1:] * (availability / (1.0 - availability))
    chance = np.ones(len(number))
    chance[top + 1 :] = ratio[top:].cumprod()
    chance[:top] = (1.0 / ratio[:top][::-1]).cumprod()[::-1]
    return number * size, chance / chance.sum()


def _add(amount: Floats, chance: Floats, more: Floats, chance_more: Floats) -> tuple[Floats, Floats]:
    """The sum of two independent amounts."""
    total = np.add.outer(amount, more).ravel()
    joint = np.multiply.outer(chance, chance_more).ravel()
    scale = 10.0 ** (math.floor(math.log10(max(float(total.max()), 1e-300))) - _SAME)
    _, first, place = np.unique(np.rint(total / scale), return_index=True, return_inverse=True)
    return total[first], np.bincount(place, weights=joint).astype(np.float64)
