"""What the ledger means to each party: present value, rate of return, multiple, payback.

Month t of the calendar, counted from 0, is discounted by (1 + r)^(-t/12).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin import tables
from twin.cost.inputs import EXTERNAL
from twin.cost.irr import rates
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from twin.api import Calendar
    from twin.cost.irr import Rates

    Floats = NDArray[np.float64]

CENT = 0.01
_DAYS_PER_YEAR = 365.0


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
    """Internal rate of return of one row of monthly flows, annual effective.

    Returns:
        The rate and None, or None and the reason why there is no rate, or not one alone, or none that is a return; see
        `twin.cost.irr`.
    """
    given, notes = _yearly(rates(net[None, :]), net[None, :], MONTHS_PER_YEAR)
    return given[0], notes[0]


def xirr(net: Floats, dates: Sequence[date]) -> tuple[float | None, str | None]:
    """The same by dates: a flow is discounted by (1 + r)^(-days / 365), days counted from the first date.

    Args:
        net: flows, one entry a date.
        dates: ascending.
    """
    given, notes = _yearly(rates(net[None, :], year_fractions(dates)), net[None, :], 1)
    return given[0], notes[0]


def year_fractions(dates: Sequence[date]) -> Floats:
    """Days from the first date over 365 (actual/365)."""
    return np.array([(day - dates[0]).days / _DAYS_PER_YEAR for day in dates])


def _yearly(found: Rates, net: Floats, units_per_year: float) -> tuple[list[float | None], list[str | None]]:
    """Annual rates of return, and why there is none, of every row.

    Where a rate is the only one and the first flow is received, the present value rises with the rate: that of somebody
    who borrows.  The rate is then what its funds cost and no return.
    """
    yearly = found.per_year(units_per_year)
    first = np.take_along_axis(net, np.argmax(np.abs(net) > CENT / 2, axis=1)[:, None], axis=1)[:, 0]
    notes = [found.note(row) for row in range(len(yearly))]
    for row, rate in enumerate(yearly):
        if notes[row] is None and not np.isfinite(rate):
            notes[row] = "the rate is too large to write down"
        elif notes[row] is None and first[row] > 0:
            notes[row] = f"is paid first and pays later: {rate * 100:.1f} % a year is what that costs it, and no return"
    return [float(rate) if note is None else None for rate, note in zip(yearly, notes, strict=True)], notes


def payback(net: Floats) -> int | None:
    """The month in which the running sum of the flows turns positive for good; None where it never does.

    A party that is never out of pocket has nothing to be paid back: None as well.
    """
    running = np.cumsum(net)
    out = np.flatnonzero(running <= CENT / 2)
    if not (running < -CENT / 2).any() or out[-1] == len(net) - 1:
        return None
    return int(out[-1]) + 1


def party_metrics(
    found: Positions,
    calendar: Calendar,
    roles: Mapping[str, str],
    rate_per_year: float,
    on_cost: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Table `party_metrics`, one row a party of `found`.

    Args:
        found: what each party pays and is paid.
        calendar: the months.
        roles: role by party; others are external.
        rate_per_year: discount rate, annual effective.
        on_cost: yield on cost of the parties that have one.
    """
    net = found.net
    given, notes = _yearly(rates(net), net, MONTHS_PER_YEAR)
    by_date, _ = _yearly(rates(net, year_fractions(calendar.dates())), net, 1) if calendar.months else (given, notes)
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
            "irr_per_year": given,
            "xirr_per_year": by_date,
            "irr_note": notes,
            "yield_on_cost_per_year": [(on_cost or {}).get(party) for party in found.parties],
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
