"""Table `schedule`: what is energised by month and site, how much of it is used and how much is served."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.errors import RefusedError
from twin.tables import table

if TYPE_CHECKING:
    from twin.api import Calendar
    from twin.structure.model import Bools, Floats, Ints, Structure

HOURS_PER_DAY = 24.0
_ROUNDING = 1e-12


def energised(structure: Structure, calendar: Calendar) -> pl.DataFrame:
    """What is in service by month and site: a step function of the months in which loads come and retire.

    Returns:
        `month, site, hours_h, racks, accelerators, it_kw`, sorted by month, sites in file order.
    """
    sites = [index for index, scope in enumerate(structure.scopes) if scope.parent < 0]
    position = {scope: number for number, scope in enumerate(sites)}
    site = np.array([position[scope.site] for scope in structure.scopes], dtype=np.int64)[structure.classes.scope]
    classes = structure.classes
    start, end = np.maximum(classes.energised, 0), classes.retired
    used = start < np.minimum(end, calendar.months)
    gone = used & (end < calendar.months)

    def changes(month: Ints, which: Bools, amount: Floats | Ints) -> Floats:
        """(months, sites): sum of what changes in each month."""
        cells = calendar.months * len(sites)
        found = np.bincount((month * len(sites) + site)[which], weights=amount[which], minlength=cells)
        # of no loads at all numpy counts in whole numbers, whatever the weights
        return found.reshape(calendar.months, len(sites)).astype(np.float64)

    def steps(amount: Floats | Ints) -> Floats:
        """(months, sites), flat: sum of what is in service."""
        come = changes(start, used, amount)
        level = (come - changes(end, gone, amount)).cumsum(axis=0)
        # what all goes again leaves a rounding of what there was
        level[level < _ROUNDING * come.sum(axis=0)] = 0.0
        return level.ravel()

    dates = np.array(calendar.dates(), dtype="datetime64[D]")
    return pl.DataFrame(
        {
            "month": np.repeat(dates, len(sites)),
            "site": [structure.scopes[index].id for index in sites] * calendar.months,
            "hours_h": np.repeat(hours(calendar), len(sites)),
            "racks": np.rint(steps(classes.count * classes.is_rack)).astype(np.int64),
            "accelerators": np.rint(steps(classes.count * classes.accelerators)).astype(np.int64),
            "it_kw": steps(classes.count * classes.power_kw),
        }
    )


def hours(calendar: Calendar) -> Floats:
    """Hours of each month, by the calendar."""
    edges = np.array([*calendar.dates(), calendar.date(calendar.months)], dtype="datetime64[D]")
    return np.diff(edges).astype(np.float64) * HOURS_PER_DAY


def served(availability: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """Expected share of each site's IT load in service, filled forward from the months of change.

    Args:
        availability: table `availability`.
        months: `month, site, it_kw`; what `energised` returns.

    Returns:
        `month, site, served_fraction` for each row of `months`; 1 where nothing is energised.

    Raises:
        RefusedError: IT load is energised in a month for which the table says nothing.
    """
    # a scope's rows differ by event, and its share in service is the same in all of them
    known = (
        availability.filter(pl.col("scope").is_in(months["site"].unique().implode()))
        .unique(["month", "scope"], keep="first", maintain_order=True)
        .select("month", pl.col("scope").alias("site"), "served_fraction")
        .sort("month")
    )
    filled = (
        months.select("month", "site", "it_kw")
        .with_row_index("row")
        .sort("month")
        .join_asof(known, on="month", by="site", strategy="backward", check_sortedness=False)
        .sort("row")
    )
    gap = filled.filter(pl.col("served_fraction").is_null() & (pl.col("it_kw") > 0))
    if gap.height:
        raise RefusedError(
            "workload",
            f"table 'availability' says nothing of site '{gap['site'][0]}' in {gap['month'][0]}",
            "the failure analysis gives a row for each site and month of change",
        )
    return filled.select("month", "site", pl.col("served_fraction").fill_null(1.0))


def schedule(months: pl.DataFrame, shares: pl.DataFrame, use: pl.DataFrame) -> pl.DataFrame:
    """Table `schedule` from its parts, each with one row a month and site.

    Args:
        months: what `energised` returns.
        shares: what `served` returns.
        use: `month, site, utilisation_fraction`.
    """
    keys = ("month", "site")
    nameplate = pl.col("accelerators") * pl.col("hours_h")
    return (
        months.join(shares, on=keys, maintain_order="left")
        .join(use, on=keys, maintain_order="left")
        .with_columns(
            nameplate.alias("accelerator_h"), (nameplate * pl.col("served_fraction")).alias("delivered_accelerator_h")
        )
        .select(table("schedule").names)
    )
