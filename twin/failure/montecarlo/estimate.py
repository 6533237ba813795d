"""What samples add up to: means, how sure they are, and when that is enough.

The half-width of an interval at `z` standard deviations is

    z sqrt(s^2 / n + z^2 r^2 / 4) + z^2 r / 2,    r = b / n

with s^2 the variance of one sample, n the samples and b the most that one sample can show.  Whatever part d of
the mean the samples have not met has a variance of at most b d, so that |d| <= z sqrt(s^2/n + b d / n); this is
that inequality solved for d.  For a share of samples it is the upper half of the score interval (Wilson,
*Probable inference, the law of succession, and statistical inference*, 1927) to first order of 1/n, taken to
both sides; with many events it is z s / sqrt(n), and without any it is z^2 b / n and not zero.

b is never taken from what was seen alone: frequent small losses say nothing of rare large ones.  It is all of
the load for states, and what `twin.failure.montecarlo.unseen` gives for histories.  Weighed samples are the
exception: there b is the most that one has shown, as any bound on the weights would hide what the tilt gains.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri, stdtrit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.structure.model import Floats


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over samples of weighted losses.  Arrays are (measures, scopes).

    Attributes:
        samples: how many there were.
        first: sum of w y, with y what a sample shows and w its likelihood ratio (1 where nothing is biased).
        second: sum of (w y)^2.
        plain: sum of w y^2: what the second would be without bias, in expectation.
        most: largest w y.
    """

    samples: int
    first: Floats
    second: Floats
    plain: Floats
    most: Floats

    def __add__(self, other: Moments) -> Moments:
        """Both together."""
        return Moments(
            self.samples + other.samples,
            self.first + other.first,
            self.second + other.second,
            self.plain + other.plain,
            np.maximum(self.most, other.most),
        )


def total(parts: Sequence[Moments]) -> Moments:
    """All of them; in the order given, so that it is the same to the last bit whoever made them."""
    return reduce(Moments.__add__, parts)


@dataclass(frozen=True, slots=True)
class Estimate:
    """Means of what samples show.  Arrays are (measures, scopes).

    Attributes:
        mean: of y.
        error: its standard error.
        resolution: the most that one sample adds to the mean.
        effective: samples without bias that would be as sure.
        samples: drawn.
    """

    mean: Floats
    error: Floats
    resolution: Floats
    effective: Floats
    samples: int

    def half_width(self, confidence: float) -> Floats:
        """Half of the interval that holds the mean with this confidence."""
        return half_width(self.error, self.resolution, normal(confidence))


def estimate(moments: Moments, most: Floats, *, weighed: bool = False) -> Estimate:
    """What the moments say.

    Args:
        moments: of the samples, at least two.
        most: what one sample can show at the most.
        weighed: whether samples have weights; then `most` is for where none has shown anything.
    """
    n = moments.samples
    mean = moments.first / n
    variance = np.maximum(moments.second / n - mean**2, 0.0) * n / (n - 1)
    unbiased = np.maximum(moments.plain / n - mean**2, 0.0) * n / (n - 1)
    seen = np.where(moments.most > 0.0, moments.most, most) if weighed else np.maximum(moments.most, most)
    effective = np.divide(n * unbiased, variance, out=np.full(mean.shape, float(n)), where=variance > 0.0)
    return Estimate(mean, np.sqrt(variance / n), seen / n, effective, n)


def half_width(error: Floats, resolution: Floats, z: float) -> Floats:
    """See the head of this module.

    Args:
        error: standard error of the mean.
        resolution: the most that one sample adds to the mean.
        z: standard deviations.
    """
    found: Floats = z * np.sqrt(error**2 + (z * resolution / 2.0) ** 2) + z**2 * resolution / 2.0
    return found


def normal(confidence: float) -> float:
    """Standard deviations to each side that hold so much of a normal distribution."""
    return float(-ndtri((1.0 - confidence) / 2.0))


def student(confidence: float, degrees: float) -> float:
    """The same of Student's distribution, for a spread that is itself estimated from few."""
    return float(-stdtrit(degrees, (1.0 - confidence) / 2.0))


@dataclass(frozen=True, slots=True)
class Stop:
    """When there are enough samples.

    Attributes:
        samples: the most.
        half_width: wanted of every watched loss; None to take all samples.
        relative: whether that is a share of the loss (of the unavailability, not of the availability).
        confidence: of the interval.
    """

    samples: int
    half_width: float | None = None
    relative: bool = False
    confidence: float = 0.99

    def reached(self, found: Estimate) -> bool:
        """Whether every watched loss is known as well as wanted: `found` has the watched ones alone."""
        if self.half_width is None:
            return False
        allowed = self.half_width * (found.mean if self.relative else np.ones_like(found.mean))
        return bool((found.half_width(self.confidence) <= allowed).all())
