"""Rows of table `checks` on loans: covenants month by month, and loans that would exceed what they pay for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin import units
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from twin.cost.assertions import Row

_ROUNDING = 1e-9
_CENT = 0.01
_SERVICE = ("interest", "principal")
"""Steps of a waterfall that a lender counts on in the month."""
_LEFT = "left"
"""The last step: what the borrower keeps."""


def loan_name(deal: str, tranche: str | None) -> str:
    """A loan as messages name it: the deal, and its tranche where it has several."""
    return deal if tranche is None else f"{deal}/{tranche}"


def covenants(debt: pl.DataFrame) -> list[Row]:
    """Whether a loan is ever in lock-up or in default, where it has such covenants.

    Args:
        debt: table `debt`.
    """
    return [
        row
        for loan in debt.partition_by("deal", "tranche", maintain_order=True)
        for column, check, wanted, message in (
            (
                "locked_up",
                "debt_not_locked_up",
                "no month in lock-up",
                "while a loan is locked up its borrower pays nothing to its owners",
            ),
            (
                "in_default",
                "debt_not_in_default",
                "no month in default",
                "the lender may call the loan: lend less, sculpt it, or find more cash",
            ),
        )
        if (row := _months(loan, column, (check, wanted, message))) is not None
    ]


def _months(loan: pl.DataFrame, column: str, said: tuple[str, str, str]) -> Row | None:
    if loan[column].null_count() == loan.height:
        return None
    check, wanted, message = said
    hit = loan.filter(pl.col(column))
    got = f"{hit.height} months, the first {hit['month'][0]:%Y-%m}" if hit.height else "0 months"
    return (check, loan_name(loan["deal"][0], loan["tranche"][0]), hit.is_empty(), got, wanted, message)


def paid_from_cash(debt: pl.DataFrame, waterfall: pl.DataFrame) -> list[Row]:
    """Whether interest and scheduled principal are paid out of cash in every month, the reserve included.

    A ratio over twelve months has no value before the first full year, and a year with cash at its end hides the months
    without any at its beginning.  What the eleven months before left counts too, less what was short in them: the last
    instalment of a loan as long as its lease falls a month after the last rent.  A loan without rows in the waterfall
    has no row.

    Args:
        debt: table `debt`.
        waterfall: table `waterfall`.
    """
    loans = waterfall.filter(pl.col("deal").is_in(debt["deal"].unique().to_list()))
    months = (
        loans.group_by("deal", "month", maintain_order=True)
        .agg(
            short=pl.col("short_usd").filter(pl.col("use").is_in(_SERVICE)).sum(),
            left=pl.col("left_usd").filter(pl.col("use") != _LEFT).min(),
            served=pl.col("use").is_in(_SERVICE).any(),
        )
        .filter("served")
        .sort("deal", "month", maintain_order=True)
        .with_columns(
            kept=(pl.col("left") - pl.col("short")).rolling_sum(MONTHS_PER_YEAR, min_samples=1).over("deal"),
        )
        .with_columns(short=pl.min_horizontal("short", -pl.col("kept")))
    )
    return [_paid(str(deal), part) for (deal,), part in months.group_by("deal", maintain_order=True)]


def _paid(deal: str, months: pl.DataFrame) -> Row:
    short = months.filter(pl.col("short") > _CENT)
    got = "0 months short"
    if short.height:
        total = units.show_money(float(short["short"].sum()))
        count = f"{short.height} month{'s' if short.height > 1 else ''}"
        got = f"{count} short from {short['month'][0]:%Y-%m} on, {total} from the borrower's own pocket"
    return (
        "debt_service_paid_from_cash",
        deal,
        short.is_empty(),
        got,
        "paid from cash in every month",
        "what comes in and the reserve pay less than is due: repay later, capitalise interest, fund a reserve",
    )


def balloons(debt_metrics: pl.DataFrame) -> list[Row]:
    """Whether what is left for maturity, and nothing in the file pays, could be lent again on the cash after it.

    Args:
        debt_metrics: table `debt_metrics`.
    """
    left = pl.col("balloon_usd") - pl.col("balloon_funded_usd")
    return [
        (
            "balloon_refinanceable",
            loan_name(row["deal"], row["tranche"]),
            row["balloon_cover_ratio"] >= 1 - _ROUNDING,
            f"{row['balloon_usd'] / 1e6:,.1f} M$, covered {row['balloon_cover_ratio']:.2f} times by the cash after it",
            "at least once, at the rate of the loan",
            "nothing in the file refinances it, and a new loan could not be repaid: repay more before, or lend less",
        )
        for row in debt_metrics.filter(left > _CENT).iter_rows(named=True)
    ]


def sized(debt_sizing: pl.DataFrame) -> list[Row]:
    """Whether what the limits of a loan allow is no more than what it pays for.

    A cover ratio alone may allow more than the whole cost; the loan is then cut to the cost.

    Args:
        debt_sizing: table `debt_sizing`.
    """
    return [
        (
            "debt_within_cost",
            loan_name(row["deal"], row["tranche"]),
            row["unlimited_usd"] <= row["cost_usd"] * (1 + _ROUNDING),
            f"{row['unlimited_usd'] / 1e6:,.1f} M$ by {row['message']}",
            f"at most the cost, {row['cost_usd'] / 1e6:,.1f} M$",
            "nobody lends more than all of the cost: say with `ltc` which share may be lent",
        )
        for row in debt_sizing.filter(pl.col("cost_usd") > 0).iter_rows(named=True)
    ]
