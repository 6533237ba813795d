"""What uncertain failure rates do to a result: draws of the rates, and bounds that need no distribution.

The rate of what is called by one name is one quantity that nobody knows exactly: it is drawn once for all of
them (the state-of-knowledge correlation; Apostolakis and Kaplan, *Pitfalls in risk calculations*, 1981).  It is
lognormal with the stated rate as its mean; the error factor is its 95 % over its 50 % point, so that sigma is
ln(error factor) / 1.645.

With n draws of a result in order, the r-th from the top is above the share `coverage` of its distribution with
confidence

    P(Bin(n, 1 - coverage) >= r)

and the r-th from either end hold the share between them with P(Bin(n, 1 - coverage) >= 2 r), whatever the
distribution is (Wilks, *Determination of sample sizes for setting tolerance limits*, 1941).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betainc, ndtri

from twin.errors import RefusedError
from twin.failure.montecarlo.draw import generator

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twin.structure.model import Classes, Elements, Floats, Structure
    from twin.topology.model import Topology

_STREAM = 4


class Spread(NamedTuple):
    """A headline figure under uncertain rates.

    Attributes:
        median: of the draws.
        low, high: Wilks bounds from both sides.
        least, most: Wilks bounds each from its side alone.
    """

    median: float
    low: float
    high: float
    least: float
    most: float


def confidence(draws: int, order: int, coverage: float = 0.95, *, two_sided: bool = False) -> float:
    """How sure a bound of some order is to hold the share `coverage` of the distribution.

    Args:
        draws: n.
        order: 1 for the extreme itself, 2 for the next, …
        coverage: share of the distribution.
        two_sided: whether it is that between the bounds of this order at either end.
    """
    left_out = 2 * order if two_sided else order
    if left_out > draws:
        return 0.0
    # P(Bin(n, q) >= r) is the regularised incomplete beta function I_q(r, n - r + 1)
    return float(betainc(left_out, draws - left_out + 1, 1.0 - coverage))


def draws_needed(order: int = 1, coverage: float = 0.95, sure: float = 0.95, *, two_sided: bool = False) -> int:
    """The fewest draws for a bound of some order: 59 for one side and 93 for both at 95 % and 95 %."""
    low, high = 1, 2
    while confidence(high, order, coverage, two_sided=two_sided) < sure:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if confidence(middle, order, coverage, two_sided=two_sided) < sure else (low, middle)
    return high


def order_of(draws: int, coverage: float = 0.95, sure: float = 0.95, *, two_sided: bool = False) -> int:
    """The highest order, and so the closest bound, that so many draws still give.

    Raises:
        RefusedError: there are too few draws for any.
    """
    order = 0
    while confidence(draws, order + 1, coverage, two_sided=two_sided) >= sure:
        order += 1
    if not order:
        needed = draws_needed(1, coverage, sure, two_sided=two_sided)
        raise RefusedError(
            "uncertainty",
            f"{draws} draws give no {'two' if two_sided else 'one'}-sided bound at {coverage:.0%} and {sure:.0%}",
            f"take at least {needed}",
        )
    return order


def names(topology: Topology) -> dict[str, str]:
    """The name by which the rate of each group is known, by path: that of its part, else its own."""
    return {path: group.part or path for path, group in topology.groups.items()}


def factors(structure: Structure, draws: int, seed: int) -> dict[str, Floats]:
    """Multipliers of the failure rate with mean 1, by name: (draws,) for every name of which the rate is uncertain.

    Args:
        structure: the structure, with `rate_error_factor` of its groups.
        draws: how many.
        seed: seed.
    """
    topology = structure.topology
    known: dict[str, float] = {}
    for path, name in names(topology).items():
        stated = topology.attribute(path, "rate_error_factor")
        if stated is not None and float(stated) > 1.0:
            known[name] = max(known.get(name, 1.0), float(stated))
    found = {}
    for index, (name, factor) in enumerate(sorted(known.items())):
        sigma = float(np.log(factor) / ndtri(0.95))
        normal = generator(seed, index, _STREAM).standard_normal(draws)
        found[name] = np.exp(sigma * normal - sigma**2 / 2.0)
    return found


def scaled(structure: Structure, by: dict[str, float]) -> Structure:
    """The structure with the failure rates of some names multiplied, and the same times to repair.

    Args:
        structure: the structure.
        by: multiplier of each name.
    """
    known = names(structure.topology)
    each = np.array([by.get(known[path], 1.0) for path in structure.groups])
    elements, classes = structure.elements, structure.classes
    down, often = _times(elements, each[elements.group])
    own_down, own_often = _times(classes, each[classes.group])
    return replace(
        structure,
        elements=replace(elements, unavailability=down, failures_per_year=often),
        classes=replace(classes, unavailability=own_down, failures_per_year=own_often),
    )


def _times(part: Elements | Classes, times: Floats) -> tuple[Floats, Floats]:
    up = 1.0 + (times - 1.0) * part.unavailability
    return part.unavailability * times / up, part.failures_per_year * times / up


def evaluated(structure: Structure, draws: int, seed: int, figures: Callable[[Structure], Sequence[float]]) -> Floats:
    """(draws, figures): headline figures with the rates of each draw.

    Args:
        structure: the structure.
        draws: how many.
        seed: seed.
        figures: gives the figures of a structure; called once a draw.
    """
    drawn = factors(structure, draws, seed)
    rows = [figures(scaled(structure, {name: float(by[i]) for name, by in drawn.items()})) for i in range(draws)]
    return np.array(rows, dtype=float)


def spread(values: Floats, coverage: float = 0.95, sure: float = 0.95) -> Spread:
    """Median and Wilks bounds of one figure.

    Args:
        values: (draws,), the figure in each draw.
        coverage: share of its distribution that the bounds hold.
        sure: with this confidence.

    Raises:
        RefusedError: too few draws.
    """
    ordered = np.sort(values)
    both = order_of(len(values), coverage, sure, two_sided=True)
    one = order_of(len(values), coverage, sure)
    return Spread(
        median=float(np.median(ordered)),
        low=float(ordered[both - 1]),
        high=float(ordered[-both]),
        least=float(ordered[one - 1]),
        most=float(ordered[-one]),
    )
