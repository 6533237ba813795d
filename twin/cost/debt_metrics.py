"""What a lender reads of each loan: size, life, cover, yield.

DSCR          CFADS over debt service, trailing twelve months, from table `debt`
LLCR, PLCR    present value at the loan's rate of CFADS to maturity, and to the end of the calendar, over the
              balance when repayment starts; after maturity CFADS is the borrower's operating cash
average life  sum of principal x months since it was drawn on average / sum of principal
debt yield    CFADS of the first twelve months of repayment over the largest balance
return        what the lender's flows under the deal, fees included, yield it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.cost.measures import irr, month_numbers, positions
from twin.cost.operating import operating
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from twin.api import Calendar
    from twin.cost.measures import Floats

_OWED = 0.005


def debt_metrics(debt: pl.DataFrame, cashflow: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Table `debt_metrics`: one row a loan.

    Args:
        debt: table `debt`.
        cashflow: table `cashflow`.
        calendar: the months.
    """
    rows = [
        _one(loan.sort("month"), cashflow, calendar)
        for loan in debt.partition_by("deal", "tranche", maintain_order=True)
    ]
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in tables.table("debt_metrics").names}
    return tables.table("debt_metrics").frame(columns)


def _one(loan: pl.DataFrame, cashflow: pl.DataFrame, calendar: Calendar) -> dict[str, Any]:
    draw, repaid, opening, closing, cfads = (
        loan[f"{name}_usd"].to_numpy() for name in ("draw", "principal", "opening", "closing", "cfads")
    )
    rate, note = irr(_lenders(loan, cashflow, calendar))
    cover = loan.drop_nulls("dscr_ratio")
    worst = cover.row(int(cover["dscr_ratio"].arg_min() or 0), named=True) if cover.height else None
    first = int(np.argmax(repaid > _OWED)) if (repaid > _OWED).any() else None
    secured = first is not None and bool(cfads[first:].any())
    return {
        "deal": loan["deal"][0],
        "borrower": loan["borrower"][0],
        "lender": loan["lender"][0],
        "drawn_usd": float(draw.sum()),
        "most_owed_usd": float(closing.max(initial=0.0)),
        "interest_usd": float(loan["interest_usd"].sum()),
        "first_repayment": None if first is None else loan["month"][first],
        "repaid": _repaid(loan, closing),
        "average_life_months": _average_life(draw + loan["capitalised_usd"].to_numpy(), repaid),
        "least_dscr_ratio": worst["dscr_ratio"] if worst else None,
        "least_dscr": worst["month"] if worst else None,
        "mean_dscr_ratio": float(cover["dscr_ratio"].to_numpy().mean()) if cover.height else None,
        **(_cover(loan, cashflow, calendar, first) if secured and first is not None else dict.fromkeys(_COVER)),
        "debt_yield_per_year": _yield(cfads, opening, first) if secured and first is not None else None,
        "lender_irr_per_year": rate,
        "lender_irr_note": note,
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


_COVER = ("llcr_ratio", "plcr_ratio")


def _repaid(loan: pl.DataFrame, closing: Floats) -> Any:
    """The month after which nothing is owed; None where something is at the end."""
    if not len(closing) or closing[-1] > _OWED:
        return None
    owed = np.flatnonzero(closing > _OWED)
    return loan["month"][min(int(owed[-1]) + 1, loan.height - 1)] if len(owed) else None


def _average_life(added: Floats, repaid: Floats) -> float | None:
    """Months between the average dollar lent and the average dollar repaid."""
    if not (repaid.sum() > _OWED and added.sum() > _OWED):
        return None
    month = np.arange(len(repaid))
    return float(month @ repaid / repaid.sum() - month @ added / added.sum())


def _cover(loan: pl.DataFrame, cashflow: pl.DataFrame, calendar: Calendar, first: int) -> dict[str, float]:
    """LLCR and PLCR when repayment starts."""
    opening = loan["opening_usd"].to_numpy()
    interest = loan["interest_usd"].to_numpy()
    owing = opening > _OWED
    rate = float(interest[owing].sum() / opening[owing].sum()) if owing.any() else 0.0
    start = int(month_numbers(loan, calendar)[0])
    cfads = loan["cfads_usd"].to_numpy()[first:]
    later = operating(cashflow, loan["borrower"][0], calendar)[start + loan.height :]
    flows = np.concatenate((cfads, later))
    worth = flows * np.exp(-np.log1p(rate) * np.arange(1, len(flows) + 1))
    balance = float(opening[first])
    return {"llcr_ratio": float(worth[: len(cfads)].sum()) / balance, "plcr_ratio": float(worth.sum()) / balance}


def _yield(cfads: Floats, opening: Floats, first: int) -> float | None:
    """CFADS of the first twelve months of repayment over the largest balance."""
    year = cfads[first : first + MONTHS_PER_YEAR]
    return float(year.sum() / opening.max()) if len(year) == MONTHS_PER_YEAR else None
