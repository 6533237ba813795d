"""What is drawn of each scenario, in blocks with a generator of their own: the same numbers however it is chunked.

Default, of party k with yearly probability p_k: the month is the first_k-th and floor(log U_k / log(1 - h_k)) more,
h_k = 1 - (1 - p_k)^(1/12), U_k = Phi(Z_k): geometric, as the closed form of a guarantee has it.  One-factor Gaussian
copula: Z_k = sqrt(rho) F + sqrt(1 - rho) e_k, so any two have correlation rho; F = -c Z_m + sqrt(1 - c^2) e with Z_m
the standardised sum of the shocks to the price of accelerators in its first years: a fall goes with early defaults.

Price: log-factor x_t of Ornstein and Uhlenbeck, x_t+1 = a x_t + s z_t, a = exp(-k/12),
s^2 = v^2 (1 - a^2) / (2 k); the factor is (1 + g)^(t/12) exp(x_t - var(x_t)/2), so its mean is (1 + g)^(t/12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import log_ndtr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BLOCK = 1024
"""Scenarios that share a generator, keyed by seed and number of the block."""

NEVER = 1 << 40
_MARKET_MONTHS = 60
"""Months of shocks to the price of accelerators that the common factor of defaults goes with."""


@dataclass(frozen=True, slots=True)
class Price:
    """A price that wanders about its path.

    Attributes:
        drift_per_year: growth a year of its mean over the path of the file.
        volatility: of the logarithm, a year.
        reversion: pull back to the mean, a year; 0 for a random walk.
    """

    drift_per_year: float
    volatility: float
    reversion: float

    def step(self) -> tuple[float, float]:
        """What stays of the deviation after a month, and the size of a month's shock."""
        stay = float(np.exp(-self.reversion / 12))
        if self.reversion == 0:
            return stay, self.volatility / float(np.sqrt(12))
        return stay, self.volatility * float(np.sqrt((1 - stay * stay) / (2 * self.reversion)))

    def centre(self, months: int) -> Floats:
        """Logarithm of the factor by month where the deviation is zero, such that its mean is the path."""
        stay, shock = self.step()
        variance = np.zeros(months)
        for month in range(1, months):
            variance[month] = stay * stay * variance[month - 1] + shock * shock
        return np.asarray(np.log1p(self.drift_per_year) * np.arange(months) / 12 - variance / 2)


@dataclass(frozen=True, slots=True)
class Drivers:
    """What may happen, by party and price.

    Attributes:
        hazard: probability of default in a month, by defaulting party.
        first: month from which it may default.
        correlation: of any two defaults.
        market_correlation: of the common factor of defaults with a falling price of accelerators.
        gpu, power: prices; None where one stays as it is.
        delays: months late and cumulative probability, ascending; none where all is in time.
        triggers: whether a default may or may not call a guarantee.
        sales: kinds of collateral whose price is drawn.
        residuals: guarantees of residual values, of which it is drawn whether the use ends, and at what value.
    """

    hazard: Floats
    first: Ints
    correlation: float = 0.0
    market_correlation: float = 0.0
    gpu: Price | None = None
    power: Price | None = None
    delays: tuple[tuple[int, float], ...] = ()
    triggers: bool = False
    sales: int = 0
    residuals: int = 0

    @property
    def latest(self) -> int:
        """The longest delay, in months."""
        return max((months for months, _ in self.delays), default=0)


@dataclass(frozen=True, slots=True)
class Draws:
    """Some scenarios.

    Attributes:
        default: month of default, shape (parties, scenarios); `NEVER` for none that is near.
        delay: months late, one a scenario.
        gpu, power: shocks, shape (months, scenarios); None where the price stays as it is.
        trigger: uniform, shape (parties, scenarios): how bad a default is; None where every one calls all guarantees.
        sale: standard normal, shape (sales, scenarios): where the price of collateral is; None where as expected.
        ending: uniform, shape (residuals, scenarios): whether the use ends; None where as in the ledger.
        worth: standard normal, of the same shape: where its residual value is; None where as expected.
    """

    default: Ints
    delay: Ints
    gpu: Floats | None = None
    power: Floats | None = None
    trigger: Floats | None = None
    sale: Floats | None = None
    ending: Floats | None = None
    worth: Floats | None = None

    @property
    def count(self) -> int:
        """How many scenarios."""
        return len(self.delay)


def draw(drivers: Drivers, months: int, seed: int, blocks: Sequence[int]) -> Draws:
    """Draw whole blocks of scenarios.

    Args:
        drivers: what may happen.
        months: of the paths.
        seed: of the run.
        blocks: numbers of the blocks.
    """
    drawn = [_block(drivers, months, seed, block) for block in blocks]

    def side_by_side(parts: list[Floats | None]) -> Floats | None:
        return None if parts[0] is None else np.concatenate([part for part in parts if part is not None], axis=1)

    return Draws(
        np.concatenate([one.default for one in drawn], axis=1),
        np.concatenate([one.delay for one in drawn]),
        side_by_side([one.gpu for one in drawn]),
        side_by_side([one.power for one in drawn]),
        side_by_side([one.trigger for one in drawn]),
        side_by_side([one.sale for one in drawn]),
        side_by_side([one.ending for one in drawn]),
        side_by_side([one.worth for one in drawn]),
    )


def _block(drivers: Drivers, months: int, seed: int, block: int) -> Draws:
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, block], dtype=np.uint64)))
    common, own = rng.standard_normal(BLOCK), rng.standard_normal((len(drivers.hazard), BLOCK))
    late = rng.random(BLOCK)
    gpu = None if drivers.gpu is None else rng.standard_normal((months, BLOCK))
    power = None if drivers.power is None else rng.standard_normal((months, BLOCK))
    trigger = rng.random((len(drivers.hazard), BLOCK)) if drivers.triggers else None
    sale = rng.standard_normal((drivers.sales, BLOCK)) if drivers.sales else None
    ending = rng.random((drivers.residuals, BLOCK)) if drivers.residuals else None
    worth = rng.standard_normal((drivers.residuals, BLOCK)) if drivers.residuals else None
    if gpu is not None and drivers.market_correlation:
        with_market = min(_MARKET_MONTHS, months)
        market = gpu[:with_market].sum(axis=0) / np.sqrt(with_market)
        kept = np.sqrt(1 - drivers.market_correlation**2)
        common = kept * common - drivers.market_correlation * market
    normal = np.sqrt(drivers.correlation) * common + np.sqrt(1 - drivers.correlation) * own
    delay = np.zeros(BLOCK, dtype=np.int64)
    below = 0.0
    for term, up_to in drivers.delays:
        delay[(late >= below) & (late < up_to)] = term
        below = up_to
    return Draws(_months_of_default(drivers, normal, delay), delay, gpu, power, trigger, sale, ending, worth)


def _months_of_default(drivers: Drivers, normal: Floats, delay: Ints) -> Ints:
    with np.errstate(divide="ignore", invalid="ignore"):
        after = log_ndtr(normal) / np.log1p(-drivers.hazard)[:, None]
    after = np.where(drivers.hazard[:, None] > 0, np.minimum(after, float(NEVER)), float(NEVER))
    return np.asarray(drivers.first[:, None] + delay + np.floor(after).astype(np.int64))
