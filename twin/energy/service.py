"""Which entries serve which site."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.api import at_sites
from twin.errors import Finding, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twin.topology.model import ModelEntry


def serve(entries: Iterable[ModelEntry], load: pl.DataFrame) -> pl.DataFrame:
    """Which entry serves each site.

    Args:
        entries: entries of one section; `sites` of their parameters names the sites, none means all.
        load: column `site`.

    Returns:
        `site, entry`, one row a site that an entry serves, in the order of `load`.

    Raises:
        InputError: two entries serve the same site; one finding for every such pair.
    """
    known = list(entries)
    sites = load["site"].unique(maintain_order=True)
    each = supplied(known, sites)
    again = each.group_by("site", maintain_order=True).agg("entry").filter(pl.col("entry").list.len() > 1)
    if again.height:
        named = {entry.name: entry for entry in known}
        raise InputError(
            [
                _twice(site, named[first], named[other])
                for site, (first, *others) in again.iter_rows()
                for other in others
            ]
        )
    return sites.to_frame().join(each, on="site", maintain_order="left")


def supplied(entries: Iterable[ModelEntry], sites: Sequence[str] | pl.Series) -> pl.DataFrame:
    """Which entries serve each site where any number may: `site, entry`, entries in file order."""
    frame = pl.DataFrame({"site": pl.Series(sites, dtype=pl.String)})
    served = (
        frame.filter(at_sites(getattr(entry.params, "sites", ()))).with_columns(entry=pl.lit(entry.name))
        for entry in entries
    )
    return pl.concat([pl.DataFrame(schema={"site": pl.String, "entry": pl.String}), *served])


def _twice(site: str, first: ModelEntry, other: ModelEntry) -> Finding:
    return Finding(
        other.where.file,
        other.where.line,
        other.where.column,
        f"{other.section}.{other.name}",
        f"site '{site}' is served by the {other.section} entries '{first.name}' and '{other.name}'",
        expected="give each of them its own 'sites', so that every site has one",
    )
