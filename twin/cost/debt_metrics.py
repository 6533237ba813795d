"""What a lender reads of each loan: size, life, cover, balloon, yield.

DSCR          CFADS over debt service, trailing twelve months, from table `debt`
cover         LLCR, PLCR, debt yield, balloon: `twin.cost.cover`
average life  sum of principal x months since it was drawn on average / sum of principal
return        what the lender's flows under the deal, fees included, yield it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.cost.cover import OWED, cover, covered_from
from twin.cost.measures import irr, positions

if TYPE_CHECKING:
    from twin.api import Calendar
    from twin.cost.cover import Deals
    from twin.cost.measures import Floats

_ROUNDING = 1e-9


def debt_metrics(debt: pl.DataFrame, deals: Deals) -> pl.DataFrame:
    """Table `debt_metrics`: one row a loan and tranche.

    Args:
        debt: table `debt`.
        deals: ledger, guarantees and what refers to what.
    """
    rows = [_one(loan.sort("month"), deals) for loan in debt.partition_by("deal", "tranche", maintain_order=True)]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in tables.table("debt_metrics").names}
    return tables.table("debt_metrics").frame(columns)


def _one(loan: pl.DataFrame, deals: Deals) -> dict[str, Any]:
    draw, repaid, closing = (loan[f"{name}_usd"].to_numpy() for name in ("draw", "principal", "closing"))
    rate, note = irr(_lenders(loan, deals.cashflow, deals.calendar))
    first = int(np.argmax(repaid > OWED)) if (repaid > OWED).any() else None
    return {
        "deal": loan["deal"][0],
        "tranche": loan["tranche"][0],
        "borrower": loan["borrower"][0],
        "lender": loan["lender"][0],
        "drawn_usd": float(draw.sum()),
        "most_owed_usd": float(closing.max(initial=0.0)),
        "interest_usd": float(loan["interest_usd"].sum()),
        "first_repayment": None if first is None else loan["month"][first],
        "repaid": _repaid(loan, closing),
        "average_life_months": _average_life(draw + loan["capitalised_usd"].to_numpy(), repaid),
        **_dscr(loan),
        **cover(loan, deals, covered_from(loan)),
        "lender_irr_per_year": rate,
        "lender_irr_note": note,
    }


def _dscr(loan: pl.DataFrame) -> dict[str, Any]:
    """Lowest, mean and highest; of months that differ by rounding alone the first is the lowest."""
    known = loan.drop_nulls("dscr_ratio")
    if known.is_empty():
        return dict.fromkeys(("least_dscr_ratio", "least_dscr", "mean_dscr_ratio", "most_dscr_ratio"))
    ratio = known["dscr_ratio"].to_numpy()
    least = float(ratio.min())
    return {
        "least_dscr_ratio": least,
        "least_dscr": known["month"][int(np.argmax(ratio <= least + _ROUNDING * abs(least)))],
        "mean_dscr_ratio": float(ratio.mean()),
        "most_dscr_ratio": float(ratio.max()),
    }


def _lenders(loan: pl.DataFrame, cashflow: pl.DataFrame, calendar: Calendar) -> Floats:
    """Cash of the lender by month, fees included; of a tranche what its rows say, as others may have the same lender.

    A reserve that the lender holds is the borrower's money.
    """
    if loan["tranche"][0] is not None:
        paid = pl.col("interest_usd") - pl.col("capitalised_usd") + pl.col("principal_usd") - pl.col("draw_usd")
        flows: Floats = loan.select(paid + pl.col("fee_usd").fill_null(0.0)).to_series().to_numpy()
        return flows
    reserve = pl.col("category").is_in(["reserve_funding", "reserve_release"])
    lent = cashflow.filter((pl.col("deal") == loan["deal"][0]) & ~reserve)
    net: Floats = positions(lent, calendar, {loan["lender"][0]: "lender"}).net[0]
    return net


def _repaid(loan: pl.DataFrame, closing: Floats) -> Any:
    """The month after which nothing is owed; None where something is at the end."""
    if not len(closing) or closing[-1] > OWED:
        return None
    owed = np.flatnonzero(closing > OWED)
    return loan["month"][min(int(owed[-1]) + 1, loan.height - 1)] if len(owed) else None


def _average_life(added: Floats, repaid: Floats) -> float | None:
    """Months between the average dollar lent and the average dollar repaid."""
    if not (repaid.sum() > OWED and added.sum() > OWED):
        return None
    month = np.arange(len(repaid))
    return float(month @ repaid / repaid.sum() - month @ added / added.sum())
