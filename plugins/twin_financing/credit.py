"""Formulas of credit: default by month, two defaults together, a blended spread, what a warrant is worth.

hazard of a month       h = 1 - (1 - p)^(1/12), p the probability a year; default in month t: (1 - h)^(t - start) · h
defaults together       P = p_t · p_g + rho · sqrt(p_t (1 - p_t) p_g (1 - p_g)), rho the correlation of the two
                        events (Lucas, Default Correlation and Credit Analysis, Journal of Fixed Income, 1995)
blended spread          s = w · s_guarantor + (1 - w) · s_tenant, w = min(1, guaranteed / debt)
warrant                 W = N / (N + M) · C(S + M/N · W, K): Black and Scholes (1973) on the equity of N shares and
                        M warrants together, diluted by exercise (Galai and Schneller, Journal of Finance, 1978)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtr

from twin_financing.roots import root

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

YEAR = 12


def default_probability(months: int, start: int, per_year: float) -> Floats:
    """Probability of surviving to a month and defaulting in it, (1 - h)^(t - start) · h; zero before `start`."""
    age = np.arange(months) - start
    survive = (1.0 - per_year) ** (1 / YEAR)
    return np.where(age >= 0, survive ** np.maximum(age, 0) * (1 - survive), 0.0)


def survival(months: int, start: int, per_year: float) -> Floats:
    """Probability of not having defaulted by the end of a month, (1 - h)^(t - start + 1); one before `start`."""
    age = np.arange(months) - start
    return np.asarray((1.0 - per_year) ** (np.maximum(age + 1, 0) / YEAR))


def joint_default(first: float, second: float, correlation: float) -> float:
    """Probability that both default, from that of each and the correlation of the two events."""
    spread = np.sqrt(first * (1 - first) * second * (1 - second))
    return float(first * second + correlation * spread)


def correlation_range(first: float, second: float) -> tuple[float, float]:
    """The least and the largest correlation that two events of these probabilities can have (Fréchet)."""
    spread = np.sqrt(first * (1 - first) * second * (1 - second))
    if spread == 0:
        return -1.0, 1.0
    low, high = max(0.0, first + second - 1), min(first, second)
    return float((low - first * second) / spread), float((high - first * second) / spread)


def blended_spread(tenant: float, guarantor: float, weight: float) -> float:
    """The spread of debt of which the share `weight` is as good as the guarantor."""
    return weight * guarantor + (1 - weight) * tenant


def call(price: float, strike: float, years: float, rate: float, volatility: float) -> float:
    """A European call without dividends; `rate` a year, effective."""
    growth = np.log1p(rate)
    if strike <= 0 or years <= 0 or volatility <= 0:
        return max(price - strike * float(np.exp(-growth * years)), 0.0)
    width = volatility * np.sqrt(years)
    d1 = (np.log(price / strike) + growth * years) / width + width / 2
    return float(price * ndtr(d1) - strike * np.exp(-growth * years) * ndtr(d1 - width))


def warrant(price: float, strike: float, years: float, rate: float, volatility: float, dilution: float) -> float:
    """A warrant, given `dilution`: warrants over shares outstanding before exercise; none for zero."""
    if dilution == 0:
        return call(price, strike, years, rate, volatility)

    def gap(value: float) -> float:
        return call(price + dilution * value, strike, years, rate, volatility) / (1 + dilution) - value

    return root(gap, 0.0, price * (1 + dilution) + 1e-9, xtol=1e-12, rtol=1e-12)
