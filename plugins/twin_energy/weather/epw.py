"""Reads an EnergyPlus weather file (EPW) and says by hour what is missing in it.

The format is that of the EnergyPlus Auxiliary Programs reference: eight header lines, then one row an hour, whose field
0 is the year, 1 the month, 2 the day, 3 the hour that ends (1 to 24), 6 the dry bulb, 7 the dew point, 9 the pressure,
13 to 15 global, direct and diffuse irradiance, 21 the wind.  The frame counts hours by their start (0 to 23), in local
standard time as the file does.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl

from twin_energy.weather.psychrometrics import wet_bulb

if TYPE_CHECKING:
    from pathlib import Path

HEADER_ROWS = 8
STATION = {"latitude_deg": 6, "longitude_deg": 7, "elevation_m": 9, "utc_offset_h": 8}
HOURS = 8760
FIELDS = {
    "month": 1,
    "day": 2,
    "ends": 3,
    "dry_bulb_c": 6,
    "dew_point_c": 7,
    "pressure_pa": 9,
    "ghi_w_per_m2": 13,
    "dni_w_per_m2": 14,
    "dhi_w_per_m2": 15,
    "wind_m_per_s": 21,
}
LIMITS = {
    "dry_bulb_c": ("dry bulb", 99.9, -70.0, 70.0),
    "dew_point_c": ("dew point", 99.9, -70.0, 70.0),
    "pressure_pa": ("pressure", 999_999.0, 31_000.0, 120_000.0),
}
"""Column -> what it is, the code for missing (the format's), the least and the largest value that the format allows."""

MISSING = {"ghi_w_per_m2": 9999.0, "dni_w_per_m2": 9999.0, "dhi_w_per_m2": 9999.0, "wind_m_per_s": 999.0}
"""Columns that may lack values -> the code for missing: not every model needs them."""

COLUMNS = ("month", "day", "hour", "dry_bulb_c", "dew_point_c", "wet_bulb_c", "pressure_pa", *MISSING)
_SHOWN = 4
_ROUND_C = 0.11
"""Files give tenths: a dew point this much above the dry bulb is saturated air."""


def read_epw(path: Path) -> pl.DataFrame:
    """The weather of a file: one row an hour of a year of 365 days, in order.

    Args:
        path: the file.  29 February is left out where the file has it.

    Returns:
        The columns of `COLUMNS`, 8760 rows; sun and wind are null where the file says nothing of them.

    Raises:
        ValueError: not an EPW file, rows missing or doubled, values missing or beyond the format's limits; says which
            hours.
    """
    return with_wet_bulb(_checked(_rows(path)))


def station(path: Path) -> dict[str, float]:
    """Where a file is for: `latitude_deg, longitude_deg, elevation_m, utc_offset_h` from its first line.

    Raises:
        ValueError: the line does not give them as numbers.
    """
    with path.open(encoding="utf-8", errors="replace") as file:
        fields = file.readline().split(",")
    try:
        return {name: float(fields[at]) for name, at in STATION.items()}
    except (IndexError, ValueError) as error:
        raise ValueError("its first line does not give latitude, longitude, time zone and elevation") from error


def with_wet_bulb(frame: pl.DataFrame) -> pl.DataFrame:
    """The same hours with the wet bulb, in the order of `COLUMNS`."""
    state = (frame[name].to_numpy() for name in ("dry_bulb_c", "dew_point_c", "pressure_pa"))
    return frame.with_columns(pl.Series("wet_bulb_c", wet_bulb(*state))).select(COLUMNS)


def _rows(path: Path) -> pl.DataFrame:
    """`month, day, hour` and the values as they stand, one row a line of data."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror or error}") from error
    lines = text.splitlines()
    if not lines or not lines[0].upper().startswith("LOCATION,"):
        raise ValueError("not an EPW file: its first line does not begin with 'LOCATION,'")
    _one_an_hour(lines[:HEADER_ROWS])
    body = [line.split(",") for line in lines[HEADER_ROWS:] if line.strip()]
    short = next((n for n, row in enumerate(body) if len(row) <= max(FIELDS.values())), None)
    if short is not None:
        raise ValueError(f"line {HEADER_ROWS + short + 1} has {len(body[short])} fields; an hour has 35")
    frame = pl.DataFrame({name: [row[at] for row in body] for name, at in FIELDS.items()}, strict=False)
    return _numbers(frame).filter(~((pl.col("month") == 2) & (pl.col("day") == 29)))  # noqa: PLR2004 - a date


def _one_an_hour(header: list[str]) -> None:
    """Refuse files of several rows an hour."""
    for line in header:
        fields = line.split(",")
        if fields[0].upper() == "DATA PERIODS" and len(fields) > 2 and fields[2].strip() not in ("1", ""):  # noqa: PLR2004
            raise ValueError(f"has {fields[2].strip()} rows an hour; give a file with one")


def _numbers(frame: pl.DataFrame) -> pl.DataFrame:
    integer = {"month", "day", "ends"}
    cast = frame.with_columns(
        pl.col(name).str.strip_chars().cast(pl.Int64 if name in integer else pl.Float64, strict=False).alias(name)
        for name in FIELDS
    )
    for name in ("month", "day", "ends"):
        bad = cast[name].is_null().arg_true()
        if len(bad):
            what = name.replace("ends", "hour")
            raise ValueError(f"row {int(bad[0]) + 1} after the header has no number for the {what}")
    return cast.with_columns((pl.col("ends") - 1).alias("hour")).drop("ends")


def _calendar() -> pl.DataFrame:
    """`month, day, hour` of a year of 365 days, in order."""
    hours = pl.datetime_range(datetime(2027, 1, 1), datetime(2027, 12, 31, 23), "1h", eager=True)  # noqa: DTZ001 - local
    return pl.DataFrame({"time": hours}).select(
        pl.col("time").dt.month().cast(pl.Int64).alias("month"),
        pl.col("time").dt.day().cast(pl.Int64).alias("day"),
        pl.col("time").dt.hour().cast(pl.Int64).alias("hour"),
    )


def _checked(frame: pl.DataFrame) -> pl.DataFrame:
    keys = ["month", "day", "hour"]
    wanted = _calendar()
    problems = [
        *_named("not there", wanted.join(frame, on=keys, how="anti", maintain_order="left")),
        *_named("more than once", frame.filter(pl.struct(keys).is_duplicated()).unique(keys, maintain_order=True)),
        *_named("no hour of a year", frame.join(wanted, on=keys, how="anti", maintain_order="left")),
    ]
    for column, (what, missing, least, most) in LIMITS.items():
        value = pl.col(column)
        gone = value.is_null() | value.is_nan() | (value >= missing)
        problems += _named(f"without a {what}", frame.filter(gone))
        strange = frame.filter(~gone & ((value < least) | (value > most)))
        problems += _named(f"with a {what} beyond {least:g} to {most:g}", strange)
    if problems:
        raise ValueError(f"{'; '.join(problems)}; a year has {HOURS} hours, each with dry bulb, dew point and pressure")
    wetter = frame.filter(pl.col("dew_point_c") > pl.col("dry_bulb_c") + _ROUND_C)
    if wetter.height:
        raise ValueError(*_named("with a dew point above the dry bulb", wetter))
    return wanted.join(frame, on=keys, maintain_order="left").with_columns(
        pl.min_horizontal("dew_point_c", "dry_bulb_c").alias("dew_point_c"),
        *(
            pl.when((pl.col(name) >= code) | pl.col(name).is_nan()).then(None).otherwise(pl.col(name)).alias(name)
            for name, code in MISSING.items()
        ),
    )


def _named(what: str, rows: pl.DataFrame) -> list[str]:
    """`2 hours without a dew point: 07-04 hour 15, …`, hours counted as the file does; nothing where none are."""
    if not rows.height:
        return []
    shown = [f"{m:02d}-{d:02d} hour {h + 1}" for m, d, h in rows.select("month", "day", "hour").head(_SHOWN).rows()]
    more = ", …" if rows.height > _SHOWN else ""
    return [f"{rows.height} {'hour' if rows.height == 1 else 'hours'} {what}: {', '.join(shown)}{more}"]
