"""What equipment is written off: straight-line in the books; MACRS, bonus or straight-line for tax.

MACRS after IRS Publication 946: declining balance at 200 % (15 and 20 years: 150 %), changed to
straight-line in the year in which that gives more, half-year or mid-quarter convention.  Percentages are
rounded year by year as in tables A-1 to A-5, each on what the rounded ones before it have left.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import Fraction, Params
from twin_financing import terms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Calendar
    from twin_financing.terms import Floats, Ints

MACRS_YEARS = (3, 5, 7, 10, 15, 20)
_SLOW = 15
"""Recovery period from which the declining balance is at 150 % and not at 200 %."""
_FINER = 20
"""Recovery period whose percentages have three places and not two."""
_QUARTERS = 4
_MONTHS = 12
GOVERNMENT = "government"

DEPRECIATION: Mapping[str, pl.DataType] = {
    "month": pl.Date(),
    "deal": pl.String(),
    "party": pl.String(),
    "basis": pl.String(),
    "method": pl.String(),
    **{f"{name}_usd": pl.Float64() for name in ("addition", "depreciation", "disposal", "closing")},
}


class TaxParams(Params):
    """How what is bought is deducted from taxable income; a tax year is a calendar year."""

    rate: Fraction | None = Field(
        None,
        description="tax rate of the buyer; with it a deduction is worth its tax in the last month of the tax year, "
        "as to somebody with other income to deduct it from",
    )
    method: Literal["macrs", "straight-line"] = Field("macrs", description="declining balance, or equal parts")
    years: int = Field(5, ge=1, le=50, description="recovery period; servers and accelerators: 5 (MACRS)")
    convention: Literal["half-year", "mid-quarter"] = Field(
        "half-year", description="how much of the first year counts: half of it, or from the middle of the quarter"
    )
    bonus: Fraction = Field(0.0, description="share that is deducted at once in the first year")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.method == "macrs" and self.years not in MACRS_YEARS:
            raise terms.wrong("MACRS has classes of 3, 5, 7, 10, 15 and 20 years; write one of these")
        if self.method == "straight-line" and self.convention == "mid-quarter":
            raise terms.wrong("straight-line goes with the half-year convention")
        return self

    @property
    def label(self) -> str:
        """The method as table `depreciation` names it."""
        return f"{self.method}-{self.years}" + (f" with {self.bonus:.0%} bonus" if self.bonus else "")


@dataclass(frozen=True, slots=True)
class Held:
    """Lots of equipment; one entry a lot.

    Attributes:
        month: put into service.
        gone: sold, replaced or retired; `terms.NEVER` where it is kept beyond the calendar.
        price_usd: cost.
        proceeds_usd: what it is sold for.
    """

    month: Ints
    gone: Ints
    price_usd: Floats
    proceeds_usd: Floats


def macrs(years: int, quarter: int | None = None) -> Floats:
    """Shares of the cost by tax year, the first one first; they sum to 1.

    Args:
        years: recovery period.
        quarter: 1 to 4 for the mid-quarter convention; None for half-year.
    """
    part = Decimal("0.5") if quarter is None else (Decimal(2 * (_QUARTERS - quarter) + 1) / 8)
    step = Decimal("0.00001") if years == _FINER else Decimal("0.0001")
    speed = Decimal("1.5" if years >= _SLOW else "2") / years
    left, out, life = Decimal(1), [], Decimal(years)
    share = part
    while life > 0:
        # What is left of the life in this year; the last year may have less than all of it.
        share = min(share, life)
        declining, straight = left * speed * share, left / life * share
        written = min(max(declining, straight).quantize(step, ROUND_HALF_UP), left)
        if life <= share:
            written = left
        out.append(float(written))
        left, life, share = left - written, life - share, Decimal(1)
    return np.array(out)


def shares(tax: TaxParams) -> Floats:
    """Shares of the cost by quarter of service and tax year, bonus included; shape (4, years)."""
    if tax.method == "straight-line":
        rows = [np.concatenate(([0.5], np.ones(tax.years - 1), [0.5])) / tax.years] * _QUARTERS
    elif tax.convention == "half-year":
        rows = [macrs(tax.years)] * _QUARTERS
    else:
        rows = [macrs(tax.years, quarter) for quarter in range(1, _QUARTERS + 1)]
    out = np.zeros((_QUARTERS, max(map(len, rows))))
    for number, row in enumerate(rows):
        out[number, : len(row)] = row * (1 - tax.bonus)
    out[:, 0] += tax.bonus
    return out


def for_tax(held: Held, tax: TaxParams, calendar: Calendar) -> tuple[pl.DataFrame, Floats]:
    """What is deducted by month, all of it in the last month of its tax year, and the gain on what is sold.

    In the tax year of a sale nothing is written off; all that is left is set against the proceeds, which
    comes to the same income.

    Returns:
        `addition_usd, depreciation_usd, disposal_usd, closing_usd` by calendar month; gain by month.
    """
    first = calendar.start.month - 1
    table = shares(tax)
    years = np.arange(table.shape[1])
    bought = (held.month + first) // _MONTHS
    quarter = ((held.month + first) % _MONTHS) // 3
    amounts = held.price_usd[:, None] * table[quarter]
    year = bought[:, None] + years
    gone = np.where(held.gone >= calendar.months, terms.NEVER, (held.gone + first) // _MONTHS)
    amounts = np.where(year < gone[:, None], amounts, 0.0)

    def close(of_year: Ints) -> Ints:
        return np.minimum(of_year * _MONTHS + _MONTHS - 1 - first, calendar.months - 1)

    # A tax year that starts after the calendar has ended is no longer in it.
    inside = (year * _MONTHS - first < calendar.months) & (held.month < calendar.months)[:, None]
    amounts = np.where(inside, amounts, 0.0)
    left = held.price_usd - amounts.sum(axis=1)
    sold = (gone < terms.NEVER) & (held.month < calendar.months)
    columns = {
        "addition": spread(held.month, held.price_usd, calendar.months),
        "depreciation": spread(close(np.where(inside, year, 0)), amounts, calendar.months),
        "disposal": spread(close(gone[sold]), left[sold], calendar.months),
    }
    gain = spread(close(gone[sold]), held.proceeds_usd[sold] - left[sold], calendar.months)
    return _frame(columns), gain


def in_books(held: Held, life: int, salvage: float, calendar: Calendar) -> pl.DataFrame:
    """Straight-line from the month of service to a salvage value; columns as for tax."""
    months = calendar.months
    rate = held.price_usd * (1 - salvage) / life
    start = np.clip(held.month, 0, months)
    end = np.clip(np.minimum(held.month + life, held.gone), start, months)
    slope = np.zeros(months + 1)
    np.add.at(slope, start, rate)
    np.add.at(slope, end, -rate)
    sold = held.gone < months
    left = held.price_usd - rate * (end - start)
    left = np.where(left > 1e-12 * held.price_usd, left, 0.0)  # at its end of life, what is left is rounding
    written = np.cumsum(slope)[:-1]
    columns = {
        "addition": spread(held.month, held.price_usd, months),
        # Of a running sum of many slopes rounding remains where nothing is written off.
        "depreciation": np.where(written > 1e-12 * max(float(rate.sum()), 1.0), written, 0.0),
        "disposal": spread(held.gone[sold], left[sold], months),
    }
    return _frame(columns)


def spread(month: Ints, amount: Floats, months: int) -> Floats:
    """Amounts by calendar month; what falls outside the calendar is left out."""
    out = np.zeros(months)
    month, amount = np.broadcast_arrays(month, amount)
    inside = (month >= 0) & (month < months)
    np.add.at(out, month[inside], amount[inside])
    return out


def _frame(columns: dict[str, Floats]) -> pl.DataFrame:
    closing = np.cumsum(columns["addition"] - columns["depreciation"] - columns["disposal"])
    # What is left of rounding is no value.
    closing = np.where(np.abs(closing) <= 1e-9 * max(float(columns["addition"].sum()), 1.0), 0.0, closing)
    return pl.DataFrame({f"{name}_usd": values for name, values in (*columns.items(), ("closing", closing))})


def rows(frame: pl.DataFrame, calendar: Calendar, deal: str, party: str, said: tuple[str, str]) -> pl.DataFrame:
    """Rows of table `depreciation` for the months in which there is something; `said` is basis and method."""
    money = [f"{name}_usd" for name in ("addition", "depreciation", "disposal", "closing")]
    return (
        frame.with_columns(
            pl.Series("month", calendar.dates(), dtype=pl.Date),
            deal=pl.lit(deal, pl.String),
            party=pl.lit(party, pl.String),
            basis=pl.lit(said[0], pl.String),
            method=pl.lit(said[1], pl.String),
        )
        .filter(pl.any_horizontal(pl.col(name) != 0 for name in money))
        .select(list(DEPRECIATION))
    )
