"""Rows of tables `debt` and `deal_figures` from arrays by month, and the lender's end of a loan in the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_financing.term_debt_frames import DEBT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Calendar
    from twin_financing.terms import Floats, Ledger

FIGURES: Mapping[str, pl.DataType] = {
    "deal": pl.String(),
    "figure": pl.String(),
    "value": pl.Float64(),
    "unit": pl.String(),
    "note": pl.String(),
}
_OPTIONAL = ("undrawn", "fee", "swept", "balloon", "reserve", "collateral")


def figures(deal: str, *rows: tuple[str, float | None, str, str]) -> pl.DataFrame:
    """Table `deal_figures` of a deal: figure, value, unit, note."""
    return pl.DataFrame([(deal, *row) for row in rows], schema=dict(FIGURES), orient="row")


def debt(
    calendar: Calendar,
    who: tuple[str, str, str, str | None],
    balance: Mapping[str, Floats],
    ratios: Mapping[str, Floats],
    seniority: int = 1,
) -> pl.DataFrame:
    """Table `debt` of one loan, from its first draw to its last repayment within the calendar.

    Args:
        calendar: the months.
        who: deal, borrower, lender, tranche.
        balance: dollars by calendar month: `draw`, `interest`, `principal` and where there are any `capitalised`,
            `cfads` and the optional columns; the balance follows.
        ratios: `dscr_ratio`, `llcr_ratio`, `ltv_ratio`, `in_default` by calendar month, NaN for none.
        seniority: 1 is served first.
    """
    deal, borrower, lender, tranche = who
    nothing = np.zeros(calendar.months)
    values = {name: balance.get(name, nothing) for name in ("draw", "interest", "capitalised", "principal", "cfads")}
    closing = np.cumsum(values["draw"] + values["capitalised"] - values["principal"])
    # What is left of rounding is not owed.
    closing[np.abs(closing) <= 1e-11 * float(values["draw"].sum() + values["capitalised"].sum())] = 0.0
    values |= {"closing": closing, "opening": np.concatenate(([0.0], closing[:-1]))[: len(closing)]}
    more = {f"{name}_usd": balance[name] for name in _OPTIONAL if name in balance}
    floats = {f"{name}_usd": each for name, each in values.items()} | more | dict(ratios)
    frame = pl.DataFrame(floats).with_columns(pl.col(pl.Float64).fill_nan(None))
    active = np.flatnonzero((values["draw"] > 0) | (values["opening"] > 0))
    first, last = (int(active[0]), int(active[-1])) if len(active) else (0, -1)
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in DEBT.items() if name not in frame.columns]
    return (
        frame.with_columns(*absent)
        .with_columns(
            pl.Series("month", calendar.dates(), dtype=pl.Date),
            deal=pl.lit(deal, pl.String),
            borrower=pl.lit(borrower, pl.String),
            lender=pl.lit(lender, pl.String),
            tranche=pl.lit(tranche, pl.String),
            seniority=pl.lit(seniority, pl.Int64),
            in_default=pl.col("in_default").cast(pl.Boolean),
        )
        .slice(first, last - first + 1)
        .select(list(DEBT))
    )


def serve(ledger: Ledger, who: tuple[str, str, str], balance: Mapping[str, Floats]) -> None:
    """The flows of a loan between borrower and lender: draw, interest paid in cash, principal."""
    deal, borrower, lender = who
    capitalised = balance.get("capitalised", np.zeros(ledger.calendar.months))
    ledger.add(deal, lender, borrower, "debt_draw", balance["draw"])
    ledger.add(deal, borrower, lender, "interest", balance["interest"] - capitalised)
    ledger.add(deal, borrower, lender, "principal", balance["principal"])
