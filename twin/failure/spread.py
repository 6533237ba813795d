"""Distributions of how much is lost, each with how often that much begins to be lost.

Amounts are whole units.  Every probability goes with its derivative in the direction in which each part's
unavailability grows by its failures a year.  For independent repairable parts in the steady state that
derivative, summed over all amounts of at least x, is how many times a year the loss reaches x: the sum
over parts of Birnbaum's importance times the part's own frequency of failure, as in `twin.failure.bdd`.
Products, mixtures and convolutions carry it along by the product rule, so that frequency costs no more
than a second array.

An array that covers 0 … a million would be mostly zeros, so a distribution is a few stretches of
amounts that are possible.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twin.failure.bdd import Measure
    from twin.structure.model import Floats, Ints

TRIM = 1e-26
"""Probability at either end of a stretch that is dropped, and counted in `missing`."""

_NEAR = 64
"""Amounts between two stretches below which they are one."""

_DIRECT = 400_000_000
"""Products beyond which a convolution goes by Fourier transform, whose error is about 1e-16 of the largest."""

Stretch = tuple[int, "Floats"]
"""First amount, and (2, n) probabilities with their derivatives."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A distribution of an amount lost.

    Attributes:
        stretches: ascending and apart.
        missing: probability that was dropped, at most.
    """

    stretches: tuple[Stretch, ...]
    missing: float = 0.0

    def amounts(self) -> tuple[Ints, Floats, Floats]:
        """All amounts that are possible, ascending, their probabilities and the derivatives of these."""
        where = [np.arange(start, start + values.shape[1]) for start, values in self.stretches]
        both = np.concatenate([values for _, values in self.stretches], axis=1)
        amount = np.concatenate(where)
        there = both.any(axis=0)
        return amount[there], both[0, there], both[1, there]

    def mean(self) -> float:
        """Expected amount lost."""
        return sum(float(values[0] @ np.arange(at, at + values.shape[1])) for at, values in self.stretches)

    def scaled(self, measure: Measure) -> Spread:
        """As it is when something else, independent of it, happens with that measure."""
        share, rate = measure
        weight = np.array([[share, 0.0], [rate, share]])
        return Spread(tuple((at, weight @ values) for at, values in self.stretches), share * self.missing)


def certain(amount: int = 0) -> Spread:
    """That amount and no other."""
    return Spread(((amount, np.array([[1.0], [0.0]])),))


def binomial(count: int, unit: int, own: Measure) -> Spread:
    """So many alike and independent loads, each of which loses `unit` when it fails."""
    unavailability, per_year = own
    if not unit or (unavailability <= 0.0 and per_year <= 0.0):
        return certain()
    one = np.zeros((2, unit + 1))
    one[:, 0], one[:, unit] = (1.0 - unavailability, -per_year), (unavailability, per_year)
    return repeated(Spread(((0, one),)), count)


def mixed(ways: Iterable[tuple[Measure, Spread]]) -> Spread:
    """One of several ways, each with its measure; together they are all there is."""
    scaled = [spread.scaled(measure) for measure, spread in ways]
    return _trimmed(_merged([stretch for one in scaled for stretch in one.stretches]), sum(s.missing for s in scaled))


def joined(spreads: Iterable[Spread]) -> Spread:
    """The sum of independent amounts."""
    return reduce(_convolved, spreads, certain())


def repeated(spread: Spread, times: int) -> Spread:
    """The sum of so many independent amounts that are alike."""
    result, power = certain(), spread
    while times:
        if times & 1:
            result = _convolved(result, power)
        times >>= 1
        if times:
            power = _convolved(power, power)
    return result


def _convolved(one: Spread, other: Spread) -> Spread:
    parts = [(a + b, _product(left, right)) for a, left in one.stretches for b, right in other.stretches]
    return _trimmed(_merged(parts), one.missing + other.missing)


def _product(left: Floats, right: Floats) -> Floats:
    if left.shape[1] * right.shape[1] > _DIRECT:
        return _by_transform(left, right)
    rate = np.convolve(left[1], right[0]) + np.convolve(left[0], right[1])
    return np.stack([np.convolve(left[0], right[0]), rate])


def _by_transform(left: Floats, right: Floats) -> Floats:
    from scipy.signal import fftconvolve  # noqa: PLC0415 - slow to import, and only for amounts in the tens of thousands

    chance = fftconvolve(left[0], right[0])
    rate = fftconvolve(left[1], right[0]) + fftconvolve(left[0], right[1])
    return np.stack([np.maximum(chance, 0.0), rate])


def _merged(parts: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """Stretches that overlap or nearly touch as one, added up."""
    ordered = sorted(parts, key=lambda part: part[0])
    groups: list[list[Stretch]] = []
    end = 0
    for at, values in ordered:
        if groups and at <= end + _NEAR:
            groups[-1].append((at, values))
        else:
            groups.append([(at, values)])
            end = at
        end = max(end, at + values.shape[1])
    return tuple(group[0] if len(group) == 1 else _added(group) for group in groups)


def _added(parts: list[Stretch]) -> Stretch:
    start = parts[0][0]
    total = np.zeros((2, max(at + values.shape[1] for at, values in parts) - start))
    for at, values in parts:
        total[:, at - start : at - start + values.shape[1]] += values
    return start, total


def _trimmed(stretches: Sequence[Stretch], missing: float) -> Spread:
    """Without the unlikely ends of stretches; a stretch that is unlikely as a whole goes."""
    kept: list[Stretch] = []
    for at, values in stretches:
        size = np.maximum(values[0], np.abs(values[1]) * _YEAR_SHARE)
        low = int(np.searchsorted(np.cumsum(size), TRIM))
        high = values.shape[1] - int(np.searchsorted(np.cumsum(size[::-1]), TRIM))
        if low >= high:
            missing += float(values[0].sum())
            continue
        missing += float(values[0, :low].sum() + values[0, high:].sum())
        kept.append((at + low, values[:, low:high]))
    return Spread(tuple(kept) or ((0, np.zeros((2, 1))),), missing)


_YEAR_SHARE = 1.0 / 8760.0
"""What happens once a year and lasts an hour is as likely as this: how much of a rate counts when ends are trimmed."""
