"""Makes a region that ships from a table of hourly generation: `python -m twin_energy.carbon.ship ERCO file.csv`.

The table is that of EIA-930 by the hour: `timestamp` (UTC, end of the hour) and MW by source.  Kept are whole MW, hours
of a year in local standard time: hours of 31 December of the year before that the UTC year starts with go to the end.
Hours that are empty, or in which less than a tenth of the usual generation is reported, get the mean of the same hour
of the nearest days before and after that have one.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl

from twin_energy.carbon.regions import FOLDER, SOURCES, regions

LEAST_SHARE = 0.1
COLUMNS = dict(zip(("WND", "SUN", "WAT", "OIL", "NG", "COL", "NUC", "OTH"), SOURCES, strict=True))


def typical(table: pl.DataFrame, utc_offset_h: int) -> tuple[pl.DataFrame, int]:
    """The hours in local standard time, and how many of them were filled.

    Args:
        table: `timestamp` and the columns of `COLUMNS`, 8760 rows in order.
        utc_offset_h: local standard time less UTC.
    """
    raw = table.select(pl.col(name).cast(pl.Float64).fill_null(0.0).alias(to) for name, to in COLUMNS.items())
    # the label is the end of the hour: one back for its start, and then to local time
    power = np.roll(raw.to_numpy(), utc_offset_h - 1, axis=0)
    total = power.sum(axis=1)
    lost = np.flatnonzero(total < LEAST_SHARE * np.median(total))
    known = np.ones(len(total), dtype=bool)
    known[lost] = False
    for hour in lost.tolist():
        same = np.arange(hour % 24, len(total), 24)
        same = same[known[same]]
        before, after = same[same < hour][-1:], same[same > hour][:1]
        power[hour] = power[np.concatenate([before, after])].mean(axis=0)
    frame = pl.DataFrame(dict(zip(SOURCES, np.rint(power).astype(np.int32).T, strict=True)))
    return frame, len(lost)


def ship(name: str, path: Path) -> int:
    """Write the parquet file of a region of `regions.csv`; how many hours were filled."""
    frame, filled = typical(pl.read_csv(path, try_parse_dates=True), regions()[name].utc_offset_h)
    frame.write_parquet(FOLDER / f"{name}.parquet", compression="zstd", compression_level=19)
    return filled


if __name__ == "__main__":
    sys.stdout.write(f"{ship(sys.argv[1], Path(sys.argv[2]))} hours filled\n")
