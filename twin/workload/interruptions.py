"""How often what a job runs on interrupts it: racks, what is in them, and their supply.

While a job runs, what it runs on is up, so rates are those of operation: 1 / mtbf for a rack, and for
supply the outages a year over the availability.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.topology import held
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from twin.structure.model import Structure
    from twin.topology.model import Group

SUPPLY = "supply"
"""Cause of the interruptions by what feeds the racks: power, cooling and network."""

SCHEMA = {
    "site": pl.String(),
    "group": pl.String(),
    "cause": pl.String(),
    "racks": pl.Int64(),
    "failures_per_h": pl.Float64(),
    "any_per_h": pl.Float64(),
}


def interruptions(structure: Structure, availability: pl.DataFrame, month: date, compute: pl.DataFrame) -> pl.DataFrame:
    """What interrupts a job, by site, group and cause, as `WorkloadInputs.interruptions` describes.

    Args:
        structure: the compiled system.
        availability: table `availability`.
        month: first day of the month that is meant.
        compute: racks by site and group in that month: `site, group, racks, accelerators`.
    """
    found = [_own(structure, month), _supply(availability, month, compute)]
    return pl.concat([pl.DataFrame(schema=SCHEMA), *found])


def _own(structure: Structure, month: date) -> pl.DataFrame:
    """Failures of racks themselves, by group, and by what is in them where the figure follows from that."""
    classes = structure.classes
    index = structure.topology.calendar.index(month)
    on = (classes.energised <= index) & (index < classes.retired) & (classes.accelerators > 0)
    up = HOURS_PER_YEAR * (1.0 - classes.unavailability)
    rate = np.divide(classes.failures_per_year, up, out=np.zeros(len(classes)), where=up > 0)
    sites = [structure.scopes[scope.site].id for scope in structure.scopes]
    racks = pl.DataFrame(
        {
            "site": [sites[scope] for scope in classes.scope[on]],
            "group": [structure.groups[group] for group in classes.group[on]],
            "racks": classes.count[on],
            "all_per_h": (classes.count * rate)[on],
        },
        schema={"site": pl.String, "group": pl.String, "racks": pl.Int64, "all_per_h": pl.Float64},
    )
    groups = structure.topology.groups
    parts = pl.DataFrame(
        [(path, *part) for path in racks["group"].unique(maintain_order=True) for part in _parts(groups[path])],
        schema={"group": pl.String, "cause": pl.String, "share": pl.Float64},
        orient="row",
    )
    rate_of_cause = pl.col("all_per_h") * pl.col("share")
    return (
        racks.group_by("site", "group", maintain_order=True)
        .agg(pl.col("racks").sum(), pl.col("all_per_h").sum())
        .join(parts, on="group", maintain_order="left")
        .select(
            "site", "group", "cause", "racks", rate_of_cause.alias("failures_per_h"), rate_of_cause.alias("any_per_h")
        )
        .filter(pl.col("failures_per_h") > 0)
    )


def _parts(group: Group) -> Iterator[tuple[str, float]]:
    """What makes a rack of a group fail, and which share of its failures that is."""
    stated = group.attributes.get("failure_rate")
    if stated is None or stated.origin != "derived":
        yield group.name, 1.0
        return
    total, seen = float(stated.value), 0.0
    for one in group.holds:
        rate = held.failure_rate(one)
        # Switches that a fabric adds behind these fail on their own account, and not the rack.
        if rate and seen < total * (1.0 - 1e-9):
            yield one.part, rate / total
            seen += rate


def _supply(availability: pl.DataFrame, month: date, compute: pl.DataFrame) -> pl.DataFrame:
    """Losses of supply by site: summed over its racks, and of any rack of the site."""
    fed = availability.filter((pl.col("event") == "fed") & (pl.col("month") <= month))
    fed = fed.filter(pl.col("month") == pl.col("month").max(), pl.col("availability_fraction") > 0).with_columns(
        (pl.col("outages_per_year") / (HOURS_PER_YEAR * pl.col("availability_fraction"))).alias("per_h"),
        pl.col("scope").str.replace_all(r"\[\d+\]", "").alias("group"),
    )
    each = fed.group_by("group").agg(pl.col("per_h").dot(pl.col("count").cast(pl.Float64)) / pl.col("count").sum())
    sites = fed.select(pl.col("scope").alias("site"), pl.col("per_h").alias("any_per_h"))
    return (
        compute.filter(pl.col("accelerators") > 0)
        .join(each, on="group", how="left", maintain_order="left")
        .group_by("site", maintain_order=True)
        .agg(pl.col("racks").sum(), (pl.col("racks") * pl.col("per_h")).sum().alias("failures_per_h"))
        .join(sites, on="site", how="left", maintain_order="left")
        .with_columns(pl.lit(None, pl.String).alias("group"), pl.lit(SUPPLY).alias("cause"))
        .with_columns(pl.min_horizontal("any_per_h", "failures_per_h"))
        .select(list(SCHEMA))
        .filter(pl.col("failures_per_h") > 0)
    )


def of_job(rows: pl.DataFrame, share: float) -> dict[str, float]:
    """Interruptions an hour of a job by cause.

    Racks and what is in them count in proportion to the accelerators that the job uses.  A loss of
    supply takes several racks together: it counts once for each rack at most, and not more often than
    any load of the site loses supply.  That is exact where the job runs on all of a site, and an upper
    bound elsewhere.

    Args:
        rows: `interruptions` at the sites of the job.
        share: of the accelerators there that the job uses.

    Returns:
        Cause -> interruptions an hour while the job runs; none that are zero.
    """
    job = pl.min_horizontal(pl.col("failures_per_h") * share, "any_per_h")
    found = rows.select("cause", job.alias("per_h")).group_by("cause", maintain_order=True).agg(pl.col("per_h").sum())
    return {cause: rate for cause, rate in found.iter_rows() if rate > 0}
