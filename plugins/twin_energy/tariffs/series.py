"""Price series and peak windows from files beside the topology, held against the calendar of the load."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import polars as pl

from twin.api import RefusedError
from twin_energy.beside import hold_price, numbers, times, whole
from twin_energy.tariffs.params import PeakWindow
from twin_energy.tariffs.readings import ENGINE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twin_energy.tariffs.readings import Load

    Floats = NDArray[np.float64]

TYPICAL = "2001-01-01"
"""Start of a year of 365 days, to number the hours of a typical year."""

YEAR_HOURS = 8760
PRICE, EXPORT = "usd_per_kwh", "export_usd_per_kwh"


def windows_of(table: pl.DataFrame, name: str) -> tuple[PeakWindow, ...]:
    """Windows of coincident peaks from a table with `start, end` and optionally `peak`."""
    missing = [column for column in ("start", "end") if column not in table.columns]
    if missing:
        raise RefusedError(ENGINE, f"'{name}' has no column '{missing[0]}'", "give start, end and, if need be, peak")
    found = []
    for number, row in enumerate(table.iter_rows(named=True), 2):
        start, end = row["start"], row["end"]
        if not isinstance(start, datetime) or not isinstance(end, datetime) or start >= end:
            raise RefusedError(
                ENGINE, f"line {number} of '{name}' is no window ({start} to {end})", "write 2027-08-10 16:00:00"
            )
        found.append(PeakWindow(start=start, end=end, peak=str(row.get("peak") or "")))
    return tuple(found)


def prices_of(table: pl.DataFrame, name: str, load: Load) -> tuple[Floats, Floats | None]:
    """Price of every step of the load, and what is paid for export.

    Args:
        table: `usd_per_kwh`, optionally `export_usd_per_kwh`, and `time` unless it is one typical year.
        name: of the file, for messages.
        load: the steps.

    Returns:
        USD/kWh, shape (steps,); the second is None where the file has no export price.

    Raises:
        RefusedError: a missing column, the wrong length, an hour missing, doubled or without a price.
    """
    found = []
    for column in (PRICE, EXPORT):
        if column == PRICE or column in table.columns:
            values = whole(by_step(numbers(table, name, column), name, load), name, column)
            hold_price(values, name, column)
            found.append(values.to_numpy())
    return found[0], found[1] if len(found) > 1 else None


class Steps(Protocol):
    """Steps of equal length: the start of each, and how long they last."""

    @property
    def time(self) -> pl.Series:
        """Start of every step."""

    @property
    def step_h(self) -> float:
        """Length of a step."""


def by_step(table: pl.DataFrame, name: str, load: Steps) -> pl.DataFrame:
    """Rows of a table in the order of the steps: by its column `time`, or as one typical year.

    Raises:
        RefusedError: the wrong length, an hour missing or doubled.
    """
    return _by_time(table, name, load) if "time" in table.columns else _typical(table, name, load)


def _by_time(table: pl.DataFrame, name: str, load: Steps) -> pl.DataFrame:
    """Rows in the order of the load's steps; an hourly price holds for the quarters of its hour."""
    given = times(table, name)
    twice = given.filter(pl.col("time").is_duplicated())
    if twice.height:
        raise RefusedError(ENGINE, f"'{name}' has {twice['time'][0]} twice", "give standard time, one row a step")
    steps = pl.DataFrame({"when": load.time.cast(pl.Datetime("us"))})
    hourly = bool((given["time"].dt.minute() == 0).all())
    key = pl.col("when").dt.truncate("1h") if hourly else pl.col("when")
    found = steps.with_columns(key.alias("time")).join(given, on="time", how="left", maintain_order="left")
    lost = found.join(given, on="time", how="anti")
    if lost.height:
        raise RefusedError(
            ENGINE,
            f"'{name}' has no row for {lost['when'][0]} ({lost.height:,} of {found.height:,} steps have none); its "
            f"{given.height:,} rows are of {given['time'].min()!s} to {given['time'].max()!s}",
            "give every hour of the calendar, standard time",
        )
    return found


def _typical(table: pl.DataFrame, name: str, load: Steps) -> pl.DataFrame:
    """A typical year by month, day and hour; 29 February takes 28 February."""
    per_hour = table.height / YEAR_HOURS
    if per_hour not in {1.0, round(1.0 / load.step_h)}:
        raise RefusedError(
            ENGINE,
            f"'{name}' has {table.height:,} rows and no column 'time'; a typical year has 8,760, January first",
            "give 8,760 rows, or a column 'time'",
        )
    steps = pl.DataFrame({"when": load.time})
    leap = (pl.col("when").dt.month() == 2) & (pl.col("when").dt.day() == 29)  # noqa: PLR2004 - the leap day
    day = pl.datetime(2001, pl.col("when").dt.month(), pl.col("when").dt.day() - leap.cast(pl.Int8))
    number = (day - pl.lit(TYPICAL).str.to_datetime()).dt.total_hours() + pl.col("when").dt.hour()
    quarter = pl.col("when").dt.minute() // round(60 / per_hour)
    index = steps.select((number * round(per_hour) + quarter).alias("place"))["place"]
    return table[index.to_numpy()].with_columns(steps["when"])
