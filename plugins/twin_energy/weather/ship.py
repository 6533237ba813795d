"""Makes a region that ships from an EPW file: `python -m twin_energy.weather.ship us-tx Dallas.epw`.

Keeps dry bulb, dew point and wind in tenths, as the file gives them, pressure in Pa and irradiance in W/m²; writes
`regions/NAME.parquet` and the row of `regions/regions.csv`: station, source, the years of the months, from the header.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

import polars as pl

from twin_energy.weather.epw import read_epw
from twin_energy.weather.regions import FOLDER, SUN

LICENCE = (
    "Climate.OneBuilding.org asks to be named as the source; TMYx is made from NOAA NCEI Integrated Surface Database "
    "and ERA5 (Copernicus Climate Change Service)"
)


def ship(name: str, path: Path, folder: Path = FOLDER) -> Path:
    """Write the parquet file and the row of a region; an existing region is replaced.

    Raises:
        ValueError: the file is not a complete EPW file.
    """
    frame = read_epw(path)
    target = folder / f"{name}.parquet"
    folder.mkdir(parents=True, exist_ok=True)
    frame.select(
        *(pl.col(key).cast(pl.Int8) for key in ("month", "day", "hour")),
        (pl.col("dry_bulb_c") * 10).round().cast(pl.Int16).alias("dry_bulb_dc"),
        (pl.col("dew_point_c") * 10).round().cast(pl.Int16).alias("dew_point_dc"),
        pl.col("pressure_pa").round().cast(pl.Int32),
        *(pl.col(sun).round().cast(pl.Int16) for sun in SUN),
        (pl.col("wind_m_per_s") * 10).round().cast(pl.Int16).alias("wind_dm_per_s"),
    ).write_parquet(target, compression="zstd", compression_level=19)
    _list(folder / "regions.csv", name, path)
    return target


def _list(table: Path, name: str, path: Path) -> None:
    head = path.read_text(encoding="utf-8", errors="replace").splitlines()[:8]
    place = head[0].split(",")
    comments = next((line for line in head if line.startswith("COMMENTS 1")), "")
    found = re.search(r"Record=([\d-]+);\s*(.*?)\"?$", comments)
    record, months = (found[1], found[2]) if found else ("", "")
    row = {
        "name": name,
        "station": f"{place[1].replace('.', ' ')}, {place[2]} (WMO {place[5]})",
        "latitude": place[6],
        "longitude": place[7],
        "elevation_m": place[9],
        "utc_offset_h": place[8],
        "source": f"Climate.OneBuilding.org {place[4].removeprefix('SRC-')} {record}, https://climate.onebuilding.org",
        "months": months,
        "licence": LICENCE,
    }
    rows = {}
    if table.exists():
        with table.open(encoding="utf-8", newline="") as file:
            rows = {old["name"]: old for old in csv.DictReader(file)}
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(row), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept for _, kept in sorted((rows | {name: row}).items()))


if __name__ == "__main__":
    ship(sys.argv[1], Path(sys.argv[2]))
