"""Rows of table `checks` on loans: covenants month by month, and loans that would exceed what they pay for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin import units

if TYPE_CHECKING:
    from twin.cost.assertions import Row

_ROUNDING = 1e-9
_CENT = 0.01
_SERVICE = ("interest", "principal")
"""Steps of a waterfall that a lender counts on in the month."""


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
    """Whether interest and scheduled principal are paid out of the cash of every month, the reserve included.

    A ratio over twelve months has no value before the first full year, and a year with cash at its end hides the months
    without any at its beginning.  A loan without rows in the waterfall has no row.

    Args:
        debt: table `debt`.
        waterfall: table `waterfall`.
    """
    served = waterfall.filter(pl.col("deal").is_in(debt["deal"].unique().to_list()) & pl.col("use").is_in(_SERVICE))
    rows: list[Row] = []
    for (deal, *_), steps in served.partition_by("deal", maintain_order=True, as_dict=True).items():
        month = steps.group_by("month").agg(pl.col("short_usd").sum()).filter(pl.col("short_usd") > _CENT).sort("month")
        got = "0 months short"
        if month.height:
            total = units.show_money(float(month["short_usd"].sum()))
            count = f"{month.height} month{'s' if month.height > 1 else ''}"
            got = f"{count} short from {month['month'][0]:%Y-%m} on, {total} from the borrower's own pocket"
        rows.append(
            (
                "debt_service_paid_from_cash",
                str(deal),
                month.is_empty(),
                got,
                "paid from cash in every month",
                "cash and reserve of the month pay less than is due: repay later, capitalise interest, fund a reserve",
            )
        )
    return rows


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
