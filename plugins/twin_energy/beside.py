"""Tables beside the topology file: read whole, and refused with the line and what stands there.

Prices and emissions have bounds of what can be, so that a file in another unit is not taken at its word: a mean
price above 5 USD/kWh is one in USD/MWh or in cents, an emission above 3 kg/kWh is one in g/kWh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.api import RefusedError
from twin_energy.tariffs.readings import ENGINE

if TYPE_CHECKING:
    from pathlib import Path

MOST_USD_PER_KWH = 5.0
MOST_KG_PER_KWH = 3.0
ROW = "row"
"""Column with the number of a row, from 0."""

_TIME = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"
_FORM = "write 2027-01-01 00:00:00, the standard time of the site"


def read_table(path: Path) -> pl.DataFrame:
    """A CSV or parquet file.

    Raises:
        RefusedError: it is not there or cannot be read; a row with too many fields is named.
    """
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path)
        return pl.read_csv(path, try_parse_dates=True, infer_schema_length=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        what = _too_long(path) or first
        raise RefusedError(
            ENGINE, f"'{path.name}' cannot be read: {what}", "put a CSV or parquet file beside the topology"
        ) from error


def _too_long(path: Path) -> str:
    """The first line of a CSV with more fields than the heading; empty where there is none to be found."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    head = lines[0].count(",") if lines else 0
    number = next((index for index, line in enumerate(lines, 1) if line.count(",") > head), None)
    return f"line {number} has more fields than the heading has names" if number else ""


def place(name: str, row: int) -> str:
    """Where a row of a file is, as an editor counts: `line 14` of a CSV, `row 13` of what has no lines."""
    return f"row {row + 1}" if name.endswith(".parquet") else f"line {row + 2}"


def numbers(table: pl.DataFrame, name: str, column: str) -> pl.DataFrame:
    """The table with a column as numbers, and with `ROW`; what is missing stays null.

    Raises:
        RefusedError: the column is not there, or text stands in it.
    """
    if column not in table.columns:
        got = ", ".join(f"'{each}'" for each in table.columns[:6])
        raise RefusedError(ENGINE, f"'{name}' has no column '{column}', only {got}", f"name the column '{column}'")
    read = table[column].cast(pl.Float64, strict=False)
    wrong = (read.is_null() & table[column].is_not_null()).arg_true()
    if len(wrong):
        row = int(wrong[0])
        raise RefusedError(
            ENGINE,
            f"{place(name, row)} of '{name}' has {column} '{table[column][row]}', which is no number",
            "give a number in every row",
        )
    return table.with_columns(read.alias(column)).with_row_index(ROW)


def whole(found: pl.DataFrame, name: str, column: str) -> pl.Series:
    """A column that has a finite number in every row, of rows with `when` and `ROW`.

    Raises:
        RefusedError: a row has none; names its line and step.
    """
    values = found[column]
    bad = (values.is_null() | values.is_nan() | values.is_infinite()).arg_true()
    if len(bad):
        at = int(bad[0])
        got = "nothing" if values[at] is None else f"{values[at]:g}"
        where = place(name, int(found[ROW][at]))
        raise RefusedError(
            ENGINE,
            f"{where} of '{name}' has {got} as {column}, for {found['when'][at]}",
            "give a number for every hour",
        )
    return values


def hold_price(values: pl.Series, name: str, column: str) -> None:
    """Refuse prices whose mean is above any that there is.

    Raises:
        RefusedError: names the mean and the unit.
    """
    mean = values.abs().mean()
    if isinstance(mean, float) and mean > MOST_USD_PER_KWH:
        raise RefusedError(
            ENGINE,
            f"the mean {column} of '{name}' is ${mean:,.4g}/kWh, above ${MOST_USD_PER_KWH:g}/kWh",
            "give dollars a kWh; $50/MWh is 0.05",
        )


def times(table: pl.DataFrame, name: str) -> pl.DataFrame:
    """The table with `time` as local standard time, which says no offset.

    Raises:
        RefusedError: text that is no time, or times with an offset from UTC.
    """
    dtype = table["time"].dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        raise RefusedError(ENGINE, f"'time' of '{name}' has an offset from UTC, or a zone", f"leave it out: {_FORM}")
    if not dtype.is_temporal():
        text = table["time"].cast(pl.String)
        row = int((~text.str.contains(_TIME).fill_null(value=False)).arg_max() or 0)
        got = f"{place(name, row)} of '{name}' has time '{text[row]}'" if len(text) else f"'{name}' has no times"
        raise RefusedError(ENGINE, f"{got}, which is no time without an offset from UTC", _FORM)
    return table.with_columns(pl.col("time").cast(pl.Datetime("us")))
