"""The core's own readers of side tables: CSV and Parquet.  They enter by the plugin door."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.api import Reader, hookimpl

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


def read_csv(path: Path) -> pl.DataFrame:
    """A CSV file with a header line; every column is text, an empty field is null.

    Nothing is guessed: `010` stays `010`, and a quantity is read by its attribute's dimension.

    Raises:
        ValueError: not UTF-8, lines of different lengths, a column without a name or named twice.
    """
    import polars as pl  # noqa: PLC0415 - descriptors are read by commands that must not load polars

    _check_lines(path)
    try:
        frame = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise ValueError(_first_line(error)) from error
    if None in frame.columns or any(not name.strip() for name in frame.columns):
        raise ValueError("a column has no name")
    return frame.rename(str.strip)


def read_parquet(path: Path) -> pl.DataFrame:
    """A Parquet file, columns with the types they have in it.

    Raises:
        ValueError: not a Parquet file, or a damaged one.
    """
    import polars as pl  # noqa: PLC0415 - as above

    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ValueError(_first_line(error)) from error


def _check_lines(path: Path) -> None:
    """Refuse what polars would mend in silence: a name used twice, a line that is too short, a NUL.

    Raises:
        ValueError: names the line.
    """
    import csv  # noqa: PLC0415 - needed only when a table is read

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = csv.reader(file, strict=True)
            names = [name.strip() for name in next(lines, [])]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"column '{twice[0]}' stands twice in the header")
            if any(not name.isprintable() for name in names):
                raise ValueError("the header is not text")
            for fields in lines:
                # a blank line is a row without values only where there is one column
                if len(fields) != len(names) and (fields or len(names) > 1):
                    raise ValueError(f"line {lines.line_num} has {len(fields)} fields and the header {len(names)}")
    except (OSError, csv.Error) as error:
        raise ValueError(_first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@hookimpl
def twin_readers() -> list[Reader]:
    """The side tables that `twin` reads itself."""
    return [
        Reader(
            "csv", "Comma-separated text with a header line; quantities as in a topology file.", (".csv",), read_csv
        ),
        Reader("parquet", "Apache Parquet; numbers are in canonical units.", (".parquet", ".pq"), read_parquet),
    ]
