"""What a table is: columns with a type and a meaning, and a frame held against them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from math import isfinite
from typing import TYPE_CHECKING, Literal

from twin.errors import PluginError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

DType = Literal["f64", "i64", "u32", "str", "bool", "date", "time"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        name: with the unit of a float.
        dtype: type.
        doc: what it means.
        nullable: whether it may hold nulls.
        optional: whether who returns the table may leave it out; it is then all null.
    """

    name: str
    dtype: DType
    doc: str
    nullable: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """One table: what a row is, which analysis writes it, and its columns in order."""

    name: str
    doc: str
    columns: tuple[Column, ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(column.name for column in self.columns)

    def schema(self) -> dict[str, pl.DataType]:
        """The polars schema, in column order."""
        known = _dtypes()
        return {column.name: known[column.dtype] for column in self.columns}

    def empty(self) -> pl.DataFrame:
        """A frame of this table without rows."""
        return self._without_rows.clone()

    @cached_property
    def _without_rows(self) -> pl.DataFrame:
        """Made once, from columns made once: a run asks for some dozens, and a column from nothing is not cheap."""
        import polars as pl  # noqa: PLC0415 - tables are read by commands that must not load polars

        blank = _blanks()
        return pl.DataFrame([blank[column.dtype].alias(column.name) for column in self.columns])

    def frame(self, columns: Mapping[str, object]) -> pl.DataFrame:
        """A frame of this table from columns by name, each cast to its declared type; optional ones may be absent."""
        import polars as pl  # noqa: PLC0415 - as above

        given = {column.name for column in self.columns if column.name in columns or not column.optional}
        schema = self.schema()
        made = {name: columns[name] for name in self.names if name in given}
        frame = pl.DataFrame(made, schema={name: schema[name] for name in made}, strict=False)
        if len(given) == len(self.columns):
            return frame
        return frame.select(
            pl.col(name) if name in given else pl.lit(None, schema[name]).alias(name) for name in self.names
        )


@cache
def _dtypes() -> dict[str, pl.DataType]:
    import polars as pl  # noqa: PLC0415 - as above

    return {
        "f64": pl.Float64(),
        "i64": pl.Int64(),
        "u32": pl.UInt32(),
        "str": pl.String(),
        "bool": pl.Boolean(),
        "date": pl.Date(),
        "time": pl.Datetime("us"),
    }


@cache
def _blanks() -> dict[str, pl.Series]:
    """A column without rows of every type."""
    import polars as pl  # noqa: PLC0415 - as above

    return {name: pl.Series(name, [], dtype) for name, dtype in _dtypes().items()}


def hold(want: Table, frame: object, who: str) -> pl.DataFrame:
    """Hold a frame that `who` (a model and its distribution) returned against its table.

    Args:
        want: the declaration.
        frame: what was returned.
        who: the model and its distribution, for the message.

    Returns:
        The frame with its columns in the declared order; optional ones that it left out are null.

    Raises:
        PluginError: not a frame, columns missing or extra, a wrong type, a null, NaN or infinity
            where none may be; the message names `who` and says what would be right.
    """
    import polars as pl  # noqa: PLC0415 - as above

    if not isinstance(frame, pl.DataFrame):
        raise PluginError(f"{who} returned {type(frame).__name__} as table '{want.name}'; a polars DataFrame is wanted")
    wanted, given = want.schema(), frame.schema
    filled = [
        pl.lit(None, wanted[column.name]).alias(column.name)
        for column in want.columns
        # a nullable column with nothing in it has no type of its own
        if (column.nullable and given.get(column.name) == pl.Null) or (column.optional and column.name not in given)
    ]
    if filled:
        frame = frame.with_columns(filled)
    faults = _column_faults(want, frame)
    if not faults:
        faults = _value_faults(want, frame)
    if faults:
        raise PluginError(f"{who} returned a bad table '{want.name}': " + "; ".join(faults))
    return frame if tuple(frame.columns) == want.names else frame.select(want.names)


def _column_faults(want: Table, frame: pl.DataFrame) -> list[str]:
    wanted, given = want.schema(), frame.schema
    if given == wanted:
        return []
    missing = [name for name in want.names if name not in given]
    faults = [f"column '{name}' is missing" for name in missing]
    faults += [
        f"column '{name}' is not in the table ({nearest(name, missing) or 'remove it'})"
        for name in frame.columns
        if name not in want.names
    ]
    for name, dtype in wanted.items():
        if name in given and given[name] != dtype:
            faults.append(f"column '{name}' is {given[name]}, wanted {dtype}")
    return faults


def _value_faults(want: Table, frame: pl.DataFrame) -> list[str]:
    faults = []
    series_of = {series.name: series for series in frame.get_columns()}
    for column in want.columns:
        series = series_of[column.name]
        if not column.nullable and series.null_count():
            faults.append(f"column '{column.name}' has {series.null_count()} nulls")
        # a finite sum has finite terms only, and is the cheapest thing to ask of a column
        if column.dtype == "f64" and not isfinite(series.sum()):
            bad = int((~series.is_finite()).sum())
            if bad:
                faults.append(f"column '{column.name}' has {bad} values that are NaN or infinite")
    return faults


def declare(name: str, doc: str, *columns: Column) -> Table:
    """A table from its columns."""
    return Table(name, doc, columns)


MONTH = Column("month", "date", "first day of the calendar month")
TIME = Column("time", "time", "start of the step, local standard time of the site")
