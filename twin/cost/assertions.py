"""Rows of table `checks`: parties sum to zero, the calendar and the lease are long and large enough, loans are paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin import tables, units
from twin.cost.covenants import loan_name
from twin.cost.measures import CENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.cost.measures import Positions

_ROUNDING = 1e-9
_IDLE_SHARE = 0.02
"""Months without use that move the cost of an hour by less than anybody would act on."""
_EMPTY_SHARE = 0.10
"""Let power that may stand empty: published contracts are up to 3.5 % above the racks of the files that ship."""
Row = tuple[str, str, bool, str, str, str]


def checks(
    name: str, found: Positions, debt: pl.DataFrame, least_dscr: float, others: Sequence[Row] = ()
) -> pl.DataFrame:
    """Table `checks` of the cost analysis.

    Args:
        name: of the topology.
        found: positions of the parties by month.
        debt: table `debt`.
        least_dscr: the cover ratio below which a loan fails.
        others: further rows, as `calendar_covers` and `let_covers` make them.
    """
    rows: list[Row] = [_zero_sum(name, found), *others]
    for loan in debt.partition_by("deal", "tranche", maintain_order=True):
        rows += [_repaid(loan), *_covered(loan, least_dscr)]
    return _frame(rows)


def _frame(rows: Sequence[Row]) -> pl.DataFrame:
    names = tables.table("checks").names
    return tables.table("checks").frame(dict(zip(names, zip(*rows, strict=True), strict=True)))


def _zero_sum(name: str, found: Positions) -> Row:
    left = float(np.abs(found.net.sum(axis=0)).max(initial=0.0))
    return (
        "parties_sum_to_zero",
        name,
        left < CENT / 2,
        f"{left:.2f} $ in the worst month",
        "0.00 $ in every month",
        "every dollar paid is received by somebody",
    )


def calendar_covers(name: str, months: int, wanted: int) -> Row:
    """Whether the calendar is as long as the deals; a short one leaves rent and hours out of every figure.

    Args:
        name: of the topology.
        months: of the calendar.
        wanted: months that the deals need.
    """
    return (
        "calendar_covers_deals",
        name,
        months >= wanted,
        f"{months:,} months",
        f"{wanted:,} months",
        "what falls after the calendar is in no figure: leave calendar.months out or lengthen it",
    )


def let_covers(occupancy: pl.DataFrame, schedule: pl.DataFrame) -> list[Row]:
    """Whether the IT power let at each site, at its most, covers the IT load that stands there and is not far above it.

    Accelerators beyond what is let cost money and give no hours to anybody; rent for power beyond what stands there
    is paid for nothing.  A contract is for round figures and its racks are not, so some of it may be empty.

    Args:
        occupancy: table `occupancy`.
        schedule: table `schedule`.
    """
    let = occupancy.group_by("site", "month").agg(pl.col("it_kw").sum()).group_by("site").agg(pl.col("it_kw").max())
    load = schedule.group_by("site", maintain_order=True).agg(load_kw=pl.col("it_kw").max())
    rows: list[Row] = []
    for site, load_kw, it_kw in (
        load.join(let, on="site", maintain_order="left").select("site", "load_kw", "it_kw").rows()
    ):
        stands = units.show(load_kw, "power")
        rows += [
            (
                "let_power_covers_it_load",
                site,
                it_kw >= load_kw * (1 - _ROUNDING),
                units.show(it_kw, "power"),
                f"at least {stands}",
                "racks beyond what is let are paid for and used by nobody: let more power or install fewer",
            ),
            (
                "let_power_stands_there",
                site,
                it_kw <= load_kw * (1 + _EMPTY_SHARE),
                units.show(it_kw, "power"),
                f"at most {units.show(_EMPTY_SHARE, 'fraction')} above the {stands} of IT load that stand there",
                "rent is paid for power that the file has not: let less, or give the load that the rest is for",
            ),
        ]
    return rows


def use_while_paying(occupancy: pl.DataFrame, energy_cost: pl.DataFrame) -> list[Row]:
    """Whether those who have the use of a site have it in every month in which they pay for its energy.

    Cost in months without hours raises the cost of an hour in the others.

    Args:
        occupancy: table `occupancy`.
        energy_cost: table `energy_cost`.
    """
    used = occupancy.select("month", "site", pl.col("user").alias("payer")).unique()
    users = used.group_by("site", "payer").agg(months=pl.len()).sort("site", "payer")
    bills = energy_cost.filter(pl.col("amount_usd") > 0).select("month", "site", "payer").unique()
    idle = bills.join(used, on=("month", "site", "payer"), how="anti").group_by("site", "payer")
    late = idle.agg(idle=pl.len(), first=pl.col("month").min())
    said = users.join(late, on=("site", "payer"), how="left", maintain_order="left")
    return [
        (
            "use_while_paying",
            f"{payer} at {site}",
            (idle or 0) <= _IDLE_SHARE * months,
            f"{idle or 0} months of energy without use" + (f", the first {first:%Y-%m}" if idle else ""),
            f"at most {units.show(_IDLE_SHARE, 'fraction')} of {months} months of use",
            "costs without hours are in the cost of an hour: renew the lease, or let the calendar end with it",
        )
        for site, payer, months, idle, first in said.rows()
    ]


def _repaid(loan: pl.DataFrame) -> Row:
    left, last = loan["closing_usd"][-1], loan["month"][-1]
    return (
        "debt_repaid",
        loan_name(loan["deal"][0], loan["tranche"][0]),
        abs(left) < CENT / 2,
        f"{left:,.2f} $ owed after {last:%Y-%m}",
        "0.00 $ at maturity, within the calendar",
        "a balance left means that the calendar ends before the loan does: leave calendar.months out or lengthen it",
    )


def _covered(loan: pl.DataFrame, least_dscr: float) -> list[Row]:
    """One row where the loan is secured by cash of deals; none where nothing says what pays it.

    A loan that is repaid in less than a year has no twelve months: all of its repayment is one period.
    """
    ratios = loan.drop_nulls("dscr_ratio")
    if ratios.is_empty():
        repaying = loan.filter(pl.col("principal_usd").cum_sum() > 0)
        if repaying.is_empty() or not (loan["cfads_usd"] != 0).any():
            return []
        service = repaying["interest_usd"] - repaying["capitalised_usd"] + repaying["principal_usd"]
        got = float(np.sum(repaying["cfads_usd"].to_numpy()) / np.sum(service.to_numpy()))
        when = f"in the {repaying.height} months to {repaying['month'][-1]:%Y-%m}"
    else:
        worst = ratios.row(int(ratios["dscr_ratio"].arg_min() or 0), named=True)
        got, when = worst["dscr_ratio"], f"in the year to {worst['month']:%Y-%m}"
    return [
        (
            "debt_service_covered",
            loan_name(loan["deal"][0], loan["tranche"][0]),
            got >= least_dscr - 1e-9,
            f"{got:.3f} {when}",
            f"at least {least_dscr:g} in every twelve months of repayment",
            "CFADS over debt service; where it is lower, the borrower pays the rest out of its own pocket or defaults",
        )
    ]
