"""What the recursion over boxes is asked: whether all is fed, and how much is out of service."""

from __future__ import annotations

from functools import reduce
from math import expm1, log1p
from typing import TYPE_CHECKING

from twin.failure import spread
from twin.failure.bdd import DOWN, UP, Measure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.failure.spread import Spread
    from twin.structure.model import Classes, Ints


class Unfed:
    """Some load is not fed: its measure.  Probabilities of being down are added up, so small ones stay exact."""

    def load(self, index: int, *, fed: bool) -> Measure:  # noqa: ARG002 - every load counts alike
        """A class of loads."""
        return UP if fed else DOWN

    def joined(self, values: Sequence[Measure]) -> Measure:
        """Any of several independent ones."""
        # sorted, so that alike halls add up in the same order and come to the same number to the last bit
        return reduce(Measure.either, sorted(values), UP)

    def mixed(self, ways: Sequence[tuple[Measure, Measure]]) -> Measure:
        """One of several ways."""
        return Measure(
            sum(way.unavailability * value.unavailability for way, value in ways),
            sum(way.per_year * value.unavailability + way.unavailability * value.per_year for way, value in ways),
        )

    def repeated(self, value: Measure, times: int) -> Measure:
        """Any of so many alike: 1 - (1 - q)^n, without loss of digits where q is small."""
        down, often = value
        if down >= 1.0:
            return DOWN
        return Measure(-expm1(times * log1p(-down)), times * often * (1.0 - down) ** (times - 1))


class Lost:
    """How much of something is out of service: its distribution.

    Args:
        classes: the loads.
        units: (classes,), what one load counts for.
        own: whether loads fail on their own account too; else only supply counts.
    """

    def __init__(self, classes: Classes, units: Ints, *, own: bool = True) -> None:
        """Take what one load of each class counts for."""
        self._count = classes.count.tolist()
        self._units = units.tolist()
        failing = zip(classes.unavailability.tolist(), classes.failures_per_year.tolist(), strict=True)
        self._own = [Measure(*each) if own else UP for each in failing]
        self._fed: dict[int, Spread] = {}

    def load(self, index: int, *, fed: bool) -> Spread:
        """A class of loads."""
        if not fed:
            return spread.certain(self._count[index] * self._units[index])
        if index not in self._fed:
            self._fed[index] = spread.binomial(self._count[index], self._units[index], self._own[index])
        return self._fed[index]

    def joined(self, values: Sequence[Spread]) -> Spread:
        """The sum of independent amounts."""
        return spread.joined(values)

    def mixed(self, ways: Sequence[tuple[Measure, Spread]]) -> Spread:
        """One of several ways."""
        return spread.mixed(ways)

    def repeated(self, value: Spread, times: int) -> Spread:
        """The sum of so many alike amounts."""
        return spread.repeated(value, times)
