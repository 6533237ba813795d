"""Which entries serve which site."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from twin.api import at_sites
from twin.errors import Finding, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    by_site: dict[str, list[ModelEntry]] = defaultdict(list)
    frame = load.select(pl.col("site").unique(maintain_order=True))
    sites = frame["site"].to_list()
    for entry in entries:
        for site in frame.filter(at_sites(getattr(entry.params, "sites", ())))["site"]:
            by_site[site].append(entry)
    findings = [_twice(site, first, other) for site, (first, *others) in by_site.items() for other in others]
    if findings:
        raise InputError(findings)
    rows = [(site, by_site[site][0].name) for site in sites if site in by_site]
    return pl.DataFrame(rows, schema={"site": pl.String, "entry": pl.String}, orient="row")


def supplied(entries: Iterable[ModelEntry], sites: Iterable[str]) -> pl.DataFrame:
    """Which entries serve each site where any number may: `site, entry`, entries in file order."""
    frame = pl.DataFrame({"site": list(sites)}, schema={"site": pl.String})
    rows = [
        (site, entry.name)
        for entry in entries
        for site in frame.filter(at_sites(getattr(entry.params, "sites", ())))["site"]
    ]
    return pl.DataFrame(rows, schema={"site": pl.String, "entry": pl.String}, orient="row")


def _twice(site: str, first: ModelEntry, other: ModelEntry) -> Finding:
    return Finding(
        other.where.file,
        other.where.line,
        other.where.column,
        f"{other.section}.{other.name}",
        f"site '{site}' is served by the {other.section} entries '{first.name}' and '{other.name}'",
        expected="give each of them its own 'sites', so that every site has one",
    )
