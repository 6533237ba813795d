"""Generation by source and hour of the regions that ship, and what a kWh of it emits."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import polars as pl

FOLDER = Path(__file__).parent / "regions"
SOURCES = ("wind", "solar", "hydro", "oil", "gas", "coal", "nuclear", "other")
GRAMS = {
    "wind": 11.0,
    "solar": 41.0,
    "hydro": 24.0,
    "oil": 650.0,
    "gas": 490.0,
    "coal": 820.0,
    "nuclear": 12.0,
    "other": 230.0,
}
"""g CO2e a kWh by source, production-based: medians of the life cycle (IPCC AR5 WG3 annex III where it has one)."""

CARBON_FREE = ("wind", "solar", "hydro", "nuclear")
"""Sources that count as carbon-free, as in the 24/7 method of Google (2021)."""


@dataclass(frozen=True, slots=True)
class Region:
    """A region with hourly generation.

    Attributes:
        name: balancing authority, as EIA calls it.
        title: what it is.
        year: of the data.
        utc_offset_h: of its standard time.
        source, licence, note: where the data are from, what is asked, how gaps are filled.
    """

    name: str
    title: str
    year: int
    utc_offset_h: int
    source: str
    licence: str
    note: str


@cache
def regions() -> dict[str, Region]:
    """Name -> region, as shipped in `regions/regions.csv`."""
    with (FOLDER / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["name"]: _region(row) for row in rows}


def _region(row: dict[str, str]) -> Region:
    words = {name: row[name] for name in ("name", "title", "source", "licence", "note")}
    return Region(year=int(row["year"]), utc_offset_h=int(row["utc_offset_h"]), **words)


def nearest(name: str) -> str:
    """What to say of a region that does not ship."""
    known = list(regions())
    near = get_close_matches(name.upper(), known, n=1)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}one of: {', '.join(known)}; or give a constant or a file of your own"


@cache
def mix(name: str) -> pl.DataFrame:
    """MW by source, 8760 hours of local standard time."""
    return pl.read_parquet(FOLDER / f"{name}.parquet")


@cache
def intensity(name: str) -> pl.DataFrame:
    """`hour, kg_co2e_per_kwh, carbon_free_fraction` of a region."""
    total = pl.sum_horizontal(SOURCES)
    emitted = pl.sum_horizontal(pl.col(source) * (grams / 1000.0) for source, grams in GRAMS.items())
    return mix(name).select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("hour"),
        (emitted / total).alias("kg_co2e_per_kwh"),
        (pl.sum_horizontal(CARBON_FREE) / total).alias("carbon_free_fraction"),
    )
