"""How well the cash of a loan covers it: LLCR, PLCR, debt yield, balloon, and cover after a default of the obligor.

    counted from     first month of debt service after the last draw: before it the balance is not yet the loan
    LLCR             PV at the loan's rate of CFADS to maturity / (balance - PV of the balloon)
    PLCR             PV of CFADS to the end of the calendar / balance; after maturity that is the operating cash
    debt yield       CFADS of twelve months / largest balance
    balloon cover    PV at maturity of the operating cash after it / balloon

LLCR as PV of CFADS over the balance brought forward: <http://www.navigatorpf.com/tutorials/llcr-loan-life-coverage-ratio>.

After a default of the obligor in that month, its rent (and what it passed through under the same lease) falls by the
share that is lost:

    without the guarantor    (guarantor's + beneficiary's expected loss) / (default probability x exposure)
    with it                  beneficiary's expected loss / (default probability x exposure)

of table `guarantee` in that month: the average over the rest of the term, months without a tenant among them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin.cost.measures import month_numbers
from twin.cost.operating import capital_received, operating
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import date

    from twin.api import Calendar
    from twin.cost.measures import Floats

OWED = 0.005
"""Dollars below which nothing is owed."""

_OWED_UNDER_LEASE = ("base_rent", "pass_through")


@dataclass(frozen=True, slots=True)
class Deals:
    """What pays a loan and what stands behind it, beside its own rows.

    Attributes:
        cashflow: table `cashflow`.
        guarantee: table `guarantee`.
        refers: names of other deals that each deal refers to: the lease of a guarantee, the security of a loan.
        calendar: the months.
    """

    cashflow: pl.DataFrame
    guarantee: pl.DataFrame
    refers: Mapping[str, Collection[str]]
    calendar: Calendar


def covered_from(loan: pl.DataFrame) -> int | None:
    """Row of a loan from which its cover counts; None where nothing secures it or all is served before the last draw.

    Args:
        loan: rows of table `debt` of one loan, by month.
    """
    draw, principal, cfads = (loan[f"{name}_usd"].to_numpy() for name in ("draw", "principal", "cfads"))
    drawn = np.flatnonzero(draw > OWED)
    full_year = np.flatnonzero(loan["dscr_ratio"].is_not_null().to_numpy())
    repaid = np.flatnonzero(principal > OWED)
    if not len(repaid):
        return None
    served = int(full_year[0]) - MONTHS_PER_YEAR + 1 if len(full_year) else int(repaid[0])
    start = max(served, int(drawn[-1]) + 1 if len(drawn) else 0)
    return start if start < loan.height and bool(cfads[start:].any()) else None


def cover(loan: pl.DataFrame, deals: Deals, start: int | None) -> dict[str, Any]:
    """Columns of table `debt_metrics` on cover.

    Args:
        loan: rows of table `debt` of one loan, by month.
        deals: what pays it.
        start: row from which it counts.
    """
    opening, cfads = (loan[f"{name}_usd"].to_numpy() for name in ("opening", "cfads"))
    balloon = loan["balloon_usd"].fill_null(0.0).to_numpy()
    rate = _rate(loan)
    later = _after(loan, deals)
    found: dict[str, Any] = {
        **dict.fromkeys(("covered_from", "llcr_ratio", "plcr_ratio", "debt_yield_per_year")),
        "balloon_usd": float(balloon.sum()),
        "balloon_funded_usd": _funded(loan, balloon, deals),
        "balloon_cover_ratio": float(_worth(later, rate).sum() / balloon.sum()) if balloon.sum() > OWED else None,
        **_after_default(loan, deals, start),
    }
    if start is None:
        return found
    worth = _worth(np.concatenate((cfads[start:], later)), rate)
    life = loan.height - start
    served = float(opening[start] - _worth(balloon[start:], rate).sum())
    year = cfads[start : start + MONTHS_PER_YEAR]
    return found | {
        "covered_from": loan["month"][start],
        "llcr_ratio": float(worth[:life].sum()) / served if served > OWED else None,
        "plcr_ratio": float(worth.sum() / opening[start]) if opening[start] > OWED else None,
        "debt_yield_per_year": float(year.sum() / opening.max()) if len(year) == MONTHS_PER_YEAR else None,
    }


def _rate(loan: pl.DataFrame) -> float:
    """Interest a month, on average over the life of a loan."""
    opening, interest = (loan[f"{name}_usd"].to_numpy() for name in ("opening", "interest"))
    owing = opening > OWED
    return float(interest[owing].sum() / opening[owing].sum()) if owing.any() else 0.0


def _worth(flows: Floats, rate: float) -> Floats:
    """Present value of each flow, the first of them one month away."""
    return np.asarray(flows * np.exp(-np.log1p(rate) * np.arange(1, len(flows) + 1)))


def _after(loan: pl.DataFrame, deals: Deals) -> Floats:
    """Operating cash of the borrower after the last month of a loan."""
    past = int(month_numbers(loan.tail(1), deals.calendar)[0]) + 1
    return operating(deals.cashflow, loan["borrower"][0], deals.calendar)[past:]


def _funded(loan: pl.DataFrame, balloon: Floats, deals: Deals) -> float:
    """What of a balloon comes from new loans, owners or sales in its month."""
    due = np.flatnonzero(balloon > OWED)
    if not len(due):
        return 0.0
    month: date = loan["month"][int(due[-1])]
    here = deals.cashflow.filter((pl.col("month") == month) & (pl.col("deal") != loan["deal"][0]))
    return min(capital_received(here, loan["borrower"][0]), float(balloon.sum()))


def _after_default(loan: pl.DataFrame, deals: Deals, start: int | None) -> dict[str, float | None]:
    """Least DSCR if the obligors of guaranteed rents that pay a loan default in its month `start`."""
    nothing: dict[str, float | None] = {"guaranteed_dscr_ratio": None, "unguaranteed_dscr_ratio": None}
    if start is None:
        return nothing
    known = {"default_probability_fraction", "exposure_usd", "beneficiary_loss_usd"}
    here = deals.guarantee.filter(
        (pl.col("beneficiary") == loan["borrower"][0]) & (pl.col("month") == loan["month"][start])
    ).drop_nulls(known)
    owed = pl.col("default_probability_fraction") * pl.col("exposure_usd")
    pays = set(deals.refers.get(loan["deal"][0], ()))
    lost = np.zeros((len(nothing), loan.height))
    found = False
    for row in here.filter(owed > 0).with_columns(owed=owed).iter_rows(named=True):
        leases = pays & set(deals.refers.get(row["deal"], ()))
        rent = _rent(loan, deals, row["obligor"], leases)
        found = found or bool(rent.any())
        alone = row["expected_loss_usd"] + row["beneficiary_loss_usd"]
        lost += np.outer((row["beneficiary_loss_usd"], alone), rent / row["owed"])
    if not found:
        return nothing
    return dict(zip(nothing, (_least(loan, one) for one in lost), strict=True))


def _rent(loan: pl.DataFrame, deals: Deals, obligor: str, leases: Collection[str]) -> Floats:
    """What an obligor owes under some leases, by month of a loan."""
    rows = deals.cashflow.filter(
        (pl.col("payer") == obligor)
        & pl.col("deal").is_in(sorted(leases))
        & pl.col("category").is_in(list(_OWED_UNDER_LEASE))
    )
    by_month = rows.group_by("month").agg(pl.col("amount_usd").sum())
    joined = loan.select("month").join(by_month, on="month", how="left", maintain_order="left")
    return joined["amount_usd"].fill_null(0.0).to_numpy()


def _least(loan: pl.DataFrame, lost: Floats) -> float | None:
    """Lowest DSCR with so much less cash a month; the debt service of each year is that of the DSCR in the table."""
    cfads, dscr = loan["cfads_usd"].to_numpy(), loan["dscr_ratio"].fill_null(np.nan).to_numpy()
    year = np.ones(MONTHS_PER_YEAR)
    have, less = (np.convolve(flows, year)[: len(cfads)] for flows in (cfads, lost))
    known = np.isfinite(dscr) & (have != 0)
    return float(np.min(dscr[known] * (1 - less[known] / have[known]))) if known.any() else None
