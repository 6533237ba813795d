"""Weather that ships: a typical year for each named region, and how a name or a file becomes one."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import polars as pl

from twin_energy.weather.epw import COLUMNS, read_epw, with_wet_bulb

SUN = ("ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")
FOLDER = Path(__file__).parent / "regions"


@dataclass(frozen=True, slots=True)
class Region:
    """A region with weather.

    Attributes:
        name: as a site names it: `us-tx`.
        station: where the weather was measured.
        latitude: degrees north.
        longitude: degrees east.
        elevation_m: above the sea.
        utc_offset_h: of local standard time.
        source: data set and its provider.
        months: the year that each month was taken from.
        licence: what its provider asks.
    """

    name: str
    station: str
    latitude: float
    longitude: float
    elevation_m: float
    utc_offset_h: float
    source: str
    months: str
    licence: str

    def place(self) -> dict[str, float]:
        """Where it is, by the columns of the weather table."""
        return {
            "latitude_deg": self.latitude,
            "longitude_deg": self.longitude,
            "elevation_m": self.elevation_m,
            "utc_offset_h": self.utc_offset_h,
        }


@cache
def regions() -> dict[str, Region]:
    """Name -> region, as shipped in `regions/regions.csv`."""
    with (FOLDER / "regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["name"]: _region(row) for row in rows}


def _region(row: dict[str, str]) -> Region:
    latitude, longitude, elevation_m, offset_h = (
        float(row[name]) for name in ("latitude", "longitude", "elevation_m", "utc_offset_h")
    )
    station, source, months, licence = (row[name] for name in ("station", "source", "months", "licence"))
    return Region(row["name"], station, latitude, longitude, elevation_m, offset_h, source, months, licence)


def weather(region: str) -> pl.DataFrame:
    """The typical year of a region that ships.

    Returns:
        The columns of `twin_energy.weather.epw.COLUMNS`, 8760 rows in local standard time.

    Raises:
        ValueError: no weather ships for it; says which does, the nearest name first.
    """
    if region not in regions():
        raise ValueError(f"no weather ships for the region '{region}'; {nearest(region)}")
    tenths = pl.read_parquet(FOLDER / f"{region}.parquet")
    return with_wet_bulb(
        tenths.select(
            *(pl.col(name).cast(pl.Int64) for name in COLUMNS[:3]),
            (pl.col("dry_bulb_dc") / 10).round(1).alias("dry_bulb_c"),
            (pl.col("dew_point_dc") / 10).round(1).alias("dew_point_c"),
            pl.col("pressure_pa").cast(pl.Float64),
            *(pl.col(name).cast(pl.Float64) for name in SUN),
            (pl.col("wind_dm_per_s") / 10).round(1).alias("wind_m_per_s"),
        )
    )


def nearest(region: str) -> str:
    """What could have been meant: the nearest names and the way of a file."""
    known = sorted(regions())
    near = get_close_matches(region, known, n=1, cutoff=0.6)
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}there is weather for {', '.join(known)}; an EPW file beside the topology serves any place"


def weather_of(name: str, folder: Path) -> pl.DataFrame:
    """The weather that a text means: a region that ships, or an EPW file beside the topology file.

    Args:
        name: a region, or the name of a file that ends in `.epw`, inside `folder`.
        folder: folder of the topology file.

    Raises:
        ValueError: an unknown region, a file outside the folder, or one that cannot be read; the reason with it.
    """
    if not name.lower().endswith(".epw"):
        return weather(name)
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise ValueError(f"'{name}' is outside the folder of the topology file; put it beside the file")
    try:
        return read_epw(path)
    except ValueError as error:
        raise ValueError(f"weather file '{name}': {error}") from error
