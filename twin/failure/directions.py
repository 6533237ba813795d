"""Derivatives of probabilities in many directions at once, by the arithmetic that gives frequencies.

The frequency of failure is the derivative of the unavailability in the direction in which that of each
part grows by its failures a year (`twin.failure.bdd`).  With numbers of another direction in place of the
failures a year, the same arithmetic gives the derivative in that one; with a vector for each part, in as
many as the vector is long.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twin.structure.model import Floats


class Directions:
    """One number for each direction, in place of failures a year."""

    __slots__ = ("values",)

    def __init__(self, values: Floats) -> None:
        """The numbers."""
        self.values = values

    def __add__(self, other: Directions | float) -> Directions:
        """Sum, direction by direction."""
        return Directions(self.values + plain(other))

    def __sub__(self, other: Directions | float) -> Directions:
        """Difference, direction by direction."""
        return Directions(self.values - plain(other))

    def __mul__(self, factor: float) -> Directions:
        """Times a plain number."""
        return Directions(self.values * factor)

    __radd__ = __add__
    __rmul__ = __mul__

    def __lt__(self, other: object) -> bool:
        """No order: what is sorted by probability first stays as it is."""
        return False

    def __gt__(self, other: object) -> bool:
        """As above, where a plain number is on the left."""
        return False

    def __abs__(self) -> float:
        """The largest of them."""
        return float(np.abs(self.values).max(initial=0.0))


def plain(value: Directions | float) -> Floats | float:
    """The numbers; a plain number is the same in every direction."""
    return value.values if isinstance(value, Directions) else value
