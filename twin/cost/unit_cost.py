"""Levelised cost of an accelerator-hour, nameplate and delivered, for whoever has the use of them.

    cost          = present value of all that the user pays less all that it is paid, by category
    hours         = present value of the accelerator-hours of its sites, times its share of each site
    share         = kW it occupies / max(kW that all users occupy, IT kW in service), by site and month
    unit cost     = cost / hours

Rent of cloud capacity is left out on both sides: it buys, or sells, hours and does not make them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin import tables
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
    hours = _hours(occupancy, schedule, months)
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


def _hours(occupancy: pl.DataFrame, schedule: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """`party, pv_accelerator_h, pv_delivered_accelerator_h` of every user that has some."""
    used = occupancy.group_by("month", "site", "user", maintain_order=True).agg(pl.col("it_kw").sum())
    all_used = pl.col("it_kw").sum().over("month", "site")
    capacity = pl.max_horizontal(all_used, pl.col("it_kw_right"))
    joined = used.join(schedule, on=["month", "site"]).with_columns(share=pl.col("it_kw") / capacity)
    weight = pl.col("share") * pl.col("factor")
    return (
        joined.join(months, on="month")
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
    flows = cashflow.filter(~pl.col("category").is_in(list(ELSEWHERE))).join(months, on="month")
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
