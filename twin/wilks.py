"""Bounds of a quantity from draws of it, whatever its distribution is (Wilks).

With n draws of a result in order, the r-th from the top is above the share `coverage` of its distribution with
confidence

    P(Bin(n, 1 - coverage) >= r)

and the r-th from either end hold the share between them with P(Bin(n, 1 - coverage) >= 2 r), whatever the
distribution is (Wilks, *Determination of sample sizes for setting tolerance limits*, 1941).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.special import betainc

from twin.errors import RefusedError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


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
