"""Where a function of one number is zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_RTOL = 1e-14


def root(of: Callable[[float], float], low: float, high: float, *, xtol: float, rtol: float = _RTOL) -> float:
    """The root between two numbers at which the signs differ, by Brent's method.

    Args:
        of: the function.
        low: one end.
        high: the other.
        xtol: how far off it may be.
        rtol: the same as a share of the root.
    """
    from scipy.optimize import brentq  # noqa: PLC0415 - slow to import, and few runs come here

    return float(brentq(of, low, high, xtol=xtol, rtol=rtol))
