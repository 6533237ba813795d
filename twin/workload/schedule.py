"""Table `schedule`: what is energised by month and site, how much of it is used and how much is served."""

from __future__ import annotations

import polars as pl

from twin.errors import RefusedError
from twin.tables import table


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
