"""Levelised cost by the unit that each reader thinks in, nameplate and delivered.

$/kW-month           present value of the cost over that of the kW occupied; delivered: of the kW in service
$/accelerator-hour   as in table `unit_cost`
$/EFLOP              an accelerator-hour over 3,600 s x peak FLOP/s x MFU / 1e18; delivered: times delivered days
                     over nameplate days, which holds outages, restarts and checkpoints
$/training run       an accelerator-hour x accelerators x 24 h x days; delivered: with spares, and delivered days
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin import tables
from twin.cost.measures import discount_factors
from twin.cost.unit_cost import TOTAL

if TYPE_CHECKING:
    from twin.api import Calendar

KW_MONTH, ACCELERATOR_HOUR, EFLOP, TRAINING_RUN = "$/kW-month", "$/accelerator-hour", "$/EFLOP", "$/training run"

_SCHEMA = {
    "party": pl.String(),
    "unit": pl.String(),
    "workload": pl.String(),
    "nameplate": pl.Float64(),
    "delivered": pl.Float64(),
}
_EFLOP_A_TFLOPS_HOUR = 3600.0 * 1e12 / 1e18


def levelised(
    unit_cost: pl.DataFrame,
    occupancy: pl.DataFrame,
    schedule: pl.DataFrame,
    goodput: pl.DataFrame,
    calendar: Calendar,
    rate_per_year: float,
) -> pl.DataFrame:
    """Table `levelised`: one row a user and unit, for each workload where the unit is of its work.

    Args:
        unit_cost: table `unit_cost`.
        occupancy: table `occupancy`, settled.
        schedule: table `schedule`.
        goodput: table `goodput`.
        calendar: the months.
        rate_per_year: discount rate, annual effective.
    """
    total = unit_cost.filter(pl.col("category") == TOTAL)
    hour = pl.col("usd_per_accelerator_h")
    whole = total.select(
        "party",
        pl.lit(ACCELERATOR_HOUR).alias("unit"),
        pl.lit(None, pl.String).alias("workload"),
        hour.alias("nameplate"),
        pl.col("usd_per_delivered_accelerator_h").alias("delivered"),
    )
    kw = total.join(_kw_months(occupancy, schedule, calendar, rate_per_year), on="party", maintain_order="left").select(
        "party",
        pl.lit(KW_MONTH).alias("unit"),
        pl.lit(None, pl.String).alias("workload"),
        (pl.col("cost_pv_usd") / pl.col("pv_kw")).alias("nameplate"),
        (pl.col("cost_pv_usd") / pl.col("pv_served_kw")).alias("delivered"),
    )
    work = total.join(goodput.filter(pl.col("mfu_fraction") > 0), how="cross", maintain_order="left")
    slower = pl.col("delivered_days") / pl.col("nameplate_days")
    eflop_per_h = pl.col("peak_tflops") / pl.col("accelerators") * pl.col("mfu_fraction") * _EFLOP_A_TFLOPS_HOUR
    flop = work.select(
        "party",
        pl.lit(EFLOP).alias("unit"),
        "workload",
        (hour / eflop_per_h).alias("nameplate"),
        (hour / eflop_per_h * slower).alias("delivered"),
    )
    held = pl.col("accelerators") + pl.col("spare_accelerators").fill_null(0)
    run = work.select(
        "party",
        pl.lit(TRAINING_RUN).alias("unit"),
        "workload",
        (hour * pl.col("accelerators") * 24.0 * pl.col("nameplate_days")).alias("nameplate"),
        (hour * held * 24.0 * pl.col("delivered_days")).alias("delivered"),
    )
    frames = [frame.cast(_SCHEMA) for frame in (kw, whole, flop, run)]  # type: ignore[arg-type]
    return pl.concat(frames).sort("party", maintain_order=True).select(tables.table("levelised").names)


def _kw_months(occupancy: pl.DataFrame, schedule: pl.DataFrame, calendar: Calendar, rate: float) -> pl.DataFrame:
    """`party, pv_kw, pv_served_kw`: present value of the kW that each user occupies, and of those in service."""
    months = pl.DataFrame(
        {"month": calendar.dates(), "factor": discount_factors(rate, calendar.months)},
        schema={"month": pl.Date, "factor": pl.Float64},
    )
    used = occupancy.join(schedule.select("month", "site", "served_fraction"), on=["month", "site"]).join(
        months, on="month"
    )
    kw = pl.col("it_kw") * pl.col("factor")
    return used.group_by(pl.col("user").alias("party"), maintain_order=True).agg(
        kw.sum().alias("pv_kw"), (kw * pl.col("served_fraction")).sum().alias("pv_served_kw")
    )
