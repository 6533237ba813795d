"""Which entry serves which site, and whether what models return fits the sites they serve."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from twin.api import at_sites
from twin.errors import Finding, InputError, PluginError, one_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from twin.topology.model import ModelEntry

KEYS = ("month", "site")


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


def _twice(site: str, first: ModelEntry, other: ModelEntry) -> Finding:
    return Finding(
        other.where.file,
        other.where.line,
        other.where.column,
        f"{other.section}.{other.name}",
        f"site '{site}' is served by the {other.section} entries '{first.name}' and '{other.name}'",
        expected="give each of them its own 'sites', so that every site has one",
    )


def hold_overhead(frame: pl.DataFrame, load: pl.DataFrame, who: str) -> pl.DataFrame:
    """Rows of table `energy` that a cooling model returned, one for each row of its load.

    Raises:
        PluginError: another stage than overhead, rows missing or extra, or a negative figure.
    """
    stages = frame.filter(pl.col("stage") != "overhead")["stage"].unique().sort().to_list()
    if stages:
        raise PluginError(f"{who} returned energy of the stage '{stages[0]}'; a cooling model gives stage 'overhead'")
    if not frame.select(KEYS).sort(KEYS).equals(load.select(KEYS).sort(KEYS)):
        raise PluginError(
            f"{who} returned {frame.height} rows of energy; one for each of the {load.height} months and sites "
            f"that it was given is wanted"
        )
    _not_negative(frame, "energy_kwh", who)
    _not_negative(frame, "peak_kw", who)
    return frame


def hold_bill(frame: pl.DataFrame, load: pl.DataFrame, parties: Collection[str], who: str) -> pl.DataFrame:
    """Rows of table `energy_cost` that an energy model returned for the sites of its load.

    Raises:
        PluginError: a month, site or entry that it was not given, an unknown party, one that pays
            itself, or a negative amount.
    """
    keys = {"month": "month", "site": "site", "supply": "entry"}
    strange = frame.join(load, left_on=list(keys), right_on=list(keys.values()), how="anti")
    if strange.height:
        row = strange.row(0, named=True)
        raise PluginError(
            f"{who} billed supply '{row['supply']}' for site '{row['site']}' in {row['month']}, which it was not given"
        )
    for column in ("payer", "payee"):
        unknown = frame.filter(~pl.col(column).is_in(list(parties)))[column]
        if len(unknown):
            raise PluginError(f"{who} billed a {column} '{unknown[0]}', who is no party; {one_of(unknown[0], parties)}")
    own = frame.filter(pl.col("payer") == pl.col("payee"))
    if own.height:
        raise PluginError(f"{who} lets '{own['payer'][0]}' pay itself; name two different parties")
    _not_negative(frame, "amount_usd", who)
    return frame


def _not_negative(frame: pl.DataFrame, column: str, who: str) -> None:
    low = frame[column].min()
    if isinstance(low, int | float) and low < 0:
        raise PluginError(f"{who} returned a negative '{column}' ({low:g}); a credit has payer and payee exchanged")
