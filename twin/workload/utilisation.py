"""How much of the IT load the workloads draw: what idles, and their share of the accelerators times their utilisation.

Any workload model whose parameters have `accelerators` (a share up to 1, or a count above it) takes
part; `utilisation` and `sites` are read where they exist.  A file without workloads draws the full
load, and so does a site without accelerators.  What accelerators draw when idle counts as far as
`idle_fraction` is known of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin.api import at_sites
from twin.errors import Finding, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.topology.model import ModelEntry

TOLERANCE = 1e-9
KEYS = ("month", "site")


def utilisation(
    months: pl.DataFrame, workloads: Iterable[ModelEntry], idle: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The share of the IT load that is drawn, by month and site: idle + (1 - idle) x use.

    A count of accelerators is spread evenly over the accelerators of its sites; while fewer are
    energised than it asks for, it has all of them.

    Args:
        months: `month, site, accelerators`.
        workloads: entries of `workloads:`.
        idle: `month, site, idle_fraction`, the share that is drawn when all idles; none at all where not given.

    Returns:
        `month, site, utilisation_fraction`, one row for each row of `months`.

    Raises:
        InputError: the workloads together ask for more accelerators than a site has at full build.
    """
    entries = [entry for entry in workloads if hasattr(entry.params, "accelerators")]
    if not entries:
        return months.select(*KEYS, pl.lit(1.0).alias("utilisation_fraction"))
    found, names = shares(months, entries)
    total = pl.sum_horizontal(names)
    drawn = pl.sum_horizontal(
        pl.col(name) * getattr(entry.params, "utilisation", 1.0) for name, entry in zip(names, entries, strict=True)
    )
    # while a site fills up, counts may ask for more than there is: all is in use, in their proportion
    use = pl.when(pl.col("accelerators") == 0).then(1.0).otherwise(drawn / pl.max_horizontal(total, 1.0))
    if idle is None:
        return found.select(*KEYS, use.alias("utilisation_fraction"))
    floor = pl.col("idle_fraction")
    return found.join(idle, on=KEYS, how="left", maintain_order="left").select(
        *KEYS, (floor + (1 - floor) * use).alias("utilisation_fraction")
    )


def shares(months: pl.DataFrame, entries: list[ModelEntry]) -> tuple[pl.DataFrame, list[str]]:
    """`months` with a column for each entry, the share of the accelerators that it asks for, and their names.

    Raises:
        InputError: as `utilisation`.
    """
    names = [f"share {number}" for number in range(len(entries))]
    found = months.with_columns(_share(entry.params).alias(name) for name, entry in zip(names, entries, strict=True))
    _refuse_too_much(found, names, entries)
    return found, names


def _share(params: Any) -> pl.Expr:
    """Share of a site's accelerators that a workload occupies; 0 at other sites."""
    here = at_sites(getattr(params, "sites", ()))
    if params.accelerators <= 1.0:
        return pl.when(here).then(params.accelerators).otherwise(0.0)
    pool = pl.col("accelerators").filter(here).sum().over("month")
    share = (params.accelerators / pool).clip(0.0, 1.0).fill_nan(0.0)
    return pl.when(here & (pool > 0)).then(share).otherwise(0.0)


def _refuse_too_much(shares: pl.DataFrame, names: list[str], entries: list[ModelEntry]) -> None:
    last = shares.filter((pl.col("month") == pl.col("month").max()) & (pl.col("accelerators") > 0))
    over = last.with_columns(pl.sum_horizontal(names).alias("total")).filter(pl.col("total") > 1.0 + TOLERANCE)
    if not over.height:
        return
    site, total = over["site"][0], over["total"][0]
    asked = [entry for name, entry in zip(names, entries, strict=True) if over[name][0] > 0]
    where = asked[-1].where
    raise InputError(
        [
            Finding(
                where.file,
                where.line,
                where.column,
                f"workloads.{asked[-1].name}.accelerators",
                f"the workloads {', '.join(repr(entry.name) for entry in asked)} ask for {total:.1%} of the "
                f"accelerators of site '{site}'",
                expected="at most 100 % together",
            )
        ]
    )
