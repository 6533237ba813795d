"""What the ledger means to each party: present value, rate of return, multiple, payback.

Month t of the calendar, counted from 0, is discounted by (1 + r)^(-t/12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyxirr
from scipy.optimize import brentq

from twin import tables
from twin.cost.inputs import EXTERNAL
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twin.api import Calendar

    Floats = NDArray[np.float64]

CENT = 0.01
_EXACT = 1e-7
"""How far from zero, as a share of all flows discounted, a rate of return may leave the present value."""


@dataclass(frozen=True, slots=True)
class Positions:
    """What each party pays and is paid by month.

    Attributes:
        parties: names, those declared first.
        inflow, outflow: dollars, shape (parties, months).
    """

    parties: tuple[str, ...]
    inflow: Floats
    outflow: Floats

    @property
    def net(self) -> Floats:
        """Inflow less outflow, shape (parties, months)."""
        return self.inflow - self.outflow


def positions(cashflow: pl.DataFrame, calendar: Calendar, declared: Mapping[str, str]) -> Positions:
    """Sum the ledger by party and month.

    Args:
        cashflow: table `cashflow`.
        calendar: the months.
        declared: parties of the file and their roles; those without flows are kept, with zeros.
    """
    seen = sorted((set(cashflow["payer"]) | set(cashflow["payee"])) - set(declared))
    parties = (*declared, *seen)
    return Positions(
        parties, _by_party(cashflow, "payee", parties, calendar), _by_party(cashflow, "payer", parties, calendar)
    )


def month_numbers(frame: pl.DataFrame, calendar: Calendar) -> NDArray[np.int64]:
    """Index of the month of every row of a frame."""
    return frame.select(calendar.number())["month"].to_numpy()


def discount_factors(rate_per_year: float, months: int) -> Floats:
    """(1 + r)^(-t/12) for t = 0 … months - 1; r is annual effective."""
    return np.asarray(np.power(1.0 + rate_per_year, -np.arange(months) / MONTHS_PER_YEAR))


def npv(net: Floats, rate_per_year: float) -> Floats:
    """Net present value of monthly flows along the last axis, at the first month; linear in the flows."""
    return np.asarray(net @ discount_factors(rate_per_year, net.shape[-1]))


def irr(net: Floats) -> tuple[float | None, str | None]:
    """Internal rate of return of monthly flows, annual effective.

    With one change of sign there is exactly one rate (Descartes' rule of signs); with none there is
    no rate, with several there may be several, and none of them is the answer.

    Returns:
        The rate and None, or None and the reason why there is no rate.
    """
    signs = np.sign(net[np.abs(net) >= CENT / 2])
    changes = int(np.count_nonzero(np.diff(signs)))
    if not len(signs):
        return None, "no cash flows"
    if changes == 0:
        return None, f"only {'receives' if signs[0] > 0 else 'pays'}: its monthly net never changes sign"
    if changes > 1:
        return None, f"its monthly net changes sign {changes} times, so several rates may solve it"
    first = int(np.flatnonzero(np.abs(net) >= CENT / 2)[0])
    monthly = pyxirr.irr(net[first:])
    if monthly is None or not _solves(net[first:], monthly):
        # pyxirr loses its digits where the rate is next to nothing, and gives up on the most extreme ones.
        monthly = _bracketed(net[first:])
    if monthly is None or not _solves(net[first:], monthly):
        return None, "no rate was found between -100 % and infinity that is exact"
    with np.errstate(over="ignore"):
        yearly = float(np.expm1(MONTHS_PER_YEAR * np.log1p(monthly)))
    return (yearly, None) if np.isfinite(yearly) else (None, "the rate is too large to write down")


def _solves(net: Floats, monthly: float) -> bool:
    if not np.isfinite(monthly) or monthly <= -1:
        return False
    # Scaled such that the largest factor is 1: rates near -100 % would overflow otherwise.
    power = -np.log1p(monthly) * np.arange(len(net))
    factors = np.exp(power - power.max())
    return bool(abs(net @ factors) <= _EXACT * (np.abs(net) @ factors))


def _bracketed(net: Floats) -> float | None:
    """The one monthly rate that solves flows with one change of sign, by bisection in log(1 + i)."""

    def value(log_rate: float) -> float:
        power = -log_rate * np.arange(len(net))
        return float(net @ np.exp(power - power.max()))

    for widest in 2.0 ** np.arange(-10, 7):
        if value(-widest) * value(widest) < 0:
            return float(np.expm1(brentq(value, -widest, widest, xtol=1e-16, rtol=1e-15)))
    return None


def payback(net: Floats) -> int | None:
    """The month in which the running sum of the flows turns positive for good; None where it never does.

    A party that is never out of pocket has nothing to be paid back: None as well.
    """
    running = np.cumsum(net)
    out = np.flatnonzero(running <= CENT / 2)
    if not (running < -CENT / 2).any() or out[-1] == len(net) - 1:
        return None
    return int(out[-1]) + 1


def party_metrics(found: Positions, calendar: Calendar, roles: Mapping[str, str], rate_per_year: float) -> pl.DataFrame:
    """Table `party_metrics`, one row a party of `found`."""
    net = found.net
    rates = [irr(row) for row in net]
    back = [payback(row) for row in net]
    inflow, outflow = found.inflow.sum(axis=1), found.outflow.sum(axis=1)
    return tables.table("party_metrics").frame(
        {
            "party": list(found.parties),
            "role": [roles.get(party, EXTERNAL) for party in found.parties],
            "inflow_usd": inflow,
            "outflow_usd": outflow,
            "net_usd": net.sum(axis=1),
            "npv_usd": npv(net, rate_per_year),
            "irr_per_year": [rate for rate, _ in rates],
            "irr_note": [note for _, note in rates],
            "moic_ratio": [got / paid if paid > 0 else None for got, paid in zip(inflow, outflow, strict=True)],
            "payback": [None if month is None else calendar.date(month) for month in back],
        }
    )


def _by_party(cashflow: pl.DataFrame, column: str, parties: tuple[str, ...], calendar: Calendar) -> Floats:
    if cashflow.is_empty():
        return np.zeros((len(parties), calendar.months))
    place = {party: number for number, party in enumerate(parties)}
    party = cashflow[column].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    shape = (len(parties), calendar.months)
    cell = party * calendar.months + month_numbers(cashflow, calendar)
    sums = np.bincount(cell, weights=cashflow["amount_usd"].to_numpy(), minlength=shape[0] * shape[1])
    return sums.reshape(shape).astype(np.float64)
