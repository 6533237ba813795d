"""Levelised cost of an accelerator-hour, nameplate and delivered, for whoever has the use of them.

    cost          = present value of all that the user pays less all that it is paid, by category, but for its financing
    hours         = present value of the accelerator-hours of its sites, times its share of each site
    share         = kW it occupies / max(kW that all users occupy, IT kW in service), by site and month; where all users
                    own the racks, over the kW that they occupy: what else draws there serves their racks
    unit cost     = cost / hours

Rent of cloud capacity is left out on both sides: it buys, or sells, hours and does not make them.  So is what lenders
and owners pay in and are paid, with interest: the discount rate stands for what capital costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin import tables
from twin.cost.categories import financing
from twin.cost.measures import discount_factors

if TYPE_CHECKING:
    from twin.api import Calendar

ELSEWHERE = ("cloud_rental", "cloud_upfront", "cloud_shortfall")
"""Categories of payments for accelerator-hours themselves, and not for what it takes to have them."""

TOTAL = "total"


def unit_cost(
    cashflow: pl.DataFrame, occupancy: pl.DataFrame, schedule: pl.DataFrame, calendar: Calendar, rate_per_year: float
) -> pl.DataFrame:
    """Table `unit_cost`: one row a user and category, and their total.

    A user whose sites give it no accelerator-hours has no rows.

    Args:
        cashflow: table `cashflow`.
        occupancy: table `occupancy`, settled: every kW in one user's use.
        schedule: table `schedule`.
        calendar: the months.
        rate_per_year: discount rate, annual effective.
    """
    months = pl.DataFrame(
        {"month": calendar.dates(), "factor": discount_factors(rate_per_year, calendar.months)},
        schema={"month": pl.Date, "factor": pl.Float64},
    )
    hours = _hours(used(occupancy, schedule, owned(cashflow)), months)
    cost = _cost(cashflow, hours["party"].to_list(), months)
    total = cost.group_by("party", maintain_order=True).agg(
        pl.lit(TOTAL).alias("category"), pl.col("cost_pv_usd").sum()
    )
    rows = pl.concat([cost, total]).join(hours, on="party", maintain_order="left")
    delivered = pl.col("pv_delivered_accelerator_h")
    return (
        rows.with_columns(
            usd_per_accelerator_h=pl.col("cost_pv_usd") / pl.col("pv_accelerator_h"),
            usd_per_delivered_accelerator_h=pl.col("cost_pv_usd") / delivered,
        )
        .sort("party", pl.col("category") == TOTAL, maintain_order=True)
        .select(tables.table("unit_cost").names)
    )


def costs(cashflow: pl.DataFrame, *, rented: bool = False) -> pl.DataFrame:
    """The flows that are cost of an accelerator-hour.

    Args:
        cashflow: table `cashflow`.
        rented: whether the hours are bought themselves, so that their rent is the cost.
    """
    left_out = [name for name in cashflow["category"].unique() if financing(name)]
    return cashflow.filter(~pl.col("category").is_in([*left_out, *(() if rented else ELSEWHERE)]))


def owned(cashflow: pl.DataFrame) -> list[str]:
    """Deals under which something is bought: the use that they give is that of an owner."""
    return cashflow.filter(pl.col("category") == "capex")["deal"].unique().to_list()


def used(occupancy: pl.DataFrame, schedule: pl.DataFrame, bought: list[str]) -> pl.DataFrame:
    """Accelerator-hours by month, site and user: `accelerator_h, delivered_accelerator_h`, each its share.

    Args:
        occupancy: table `occupancy`, settled.
        schedule: table `schedule`.
        bought: deals of owners.
    """
    use = occupancy.group_by("month", "site", "user", maintain_order=True).agg(
        pl.col("it_kw").sum(), pl.col("deal").is_in(bought).all().alias("owner")
    )
    all_used = pl.col("it_kw").sum().over("month", "site")
    drawn = pl.when(pl.col("owner").all().over("month", "site")).then(0.0).otherwise(pl.col("it_kw_right"))
    share = pl.col("it_kw") / pl.max_horizontal(all_used, drawn)
    return (
        use.join(schedule, on=["month", "site"], maintain_order="left")
        .with_columns(share=share)
        .select(
            "month",
            "site",
            "user",
            *((pl.col(name) * pl.col("share")).alias(name) for name in ("accelerator_h", "delivered_accelerator_h")),
        )
    )


def _hours(use: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """`party, pv_accelerator_h, pv_delivered_accelerator_h` of every user that has some."""
    weight = pl.col("factor")
    return (
        use.join(months, on="month")
        .group_by(pl.col("user").alias("party"))
        .agg(
            (pl.col("accelerator_h") * weight).sum().alias("pv_accelerator_h"),
            (pl.col("delivered_accelerator_h") * weight).sum().alias("pv_delivered_accelerator_h"),
        )
        .filter(pl.col("pv_delivered_accelerator_h") > 0)
        .sort("party")
    )


def _cost(cashflow: pl.DataFrame, parties: list[str], months: pl.DataFrame) -> pl.DataFrame:
    """`party, category, cost_pv_usd`: payments by the party counted positive, payments to it negative."""
    flows = costs(cashflow).join(months, on="month")
    value = pl.col("amount_usd") * pl.col("factor")
    sides = [
        flows.select(pl.col(column).alias("party"), "category", (value * sign).alias("cost_pv_usd"))
        for column, sign in (("payer", 1.0), ("payee", -1.0))
    ]
    return (
        pl.concat(sides)
        .filter(pl.col("party").is_in(parties))
        .group_by("party", "category")
        .agg(pl.col("cost_pv_usd").sum())
        .sort("party", "category")
    )
