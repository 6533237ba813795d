"""What differs between two runs, and between what two files state."""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

import polars as pl
import polars.selectors as cs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

RESULTS = {
    "table": pl.String(),
    "row": pl.String(),
    "column": pl.String(),
    "what": pl.String(),
    "before": pl.Float64(),
    "after": pl.Float64(),
    "change": pl.Float64(),
    "change_fraction": pl.Float64(),
}
STATED = {
    "owner": pl.String(),
    "attribute": pl.String(),
    "what": pl.String(),
    "before": pl.String(),
    "after": pl.String(),
}
CHANGED, ADDED, REMOVED = "changed", "added", "removed"

_SAME = 1e-9


def of_results(
    before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame], names: Iterable[str]
) -> pl.DataFrame:
    """Every figure that differs, table by table, the largest relative change of a table first.

    A row is known by the text and dates that stand before its first number; where several have the same, by their
    order too.  Flags are numbers, 1 where they hold.  Numbers that differ by less than a billionth are the same.

    Args:
        before: frames by name.
        after: the same of the other run.
        names: tables to compare; one that a side does not have is empty there.

    Returns:
        `table, row, column, what, before, after, change, change_fraction`.
    """
    frames = [pl.DataFrame(schema=RESULTS)]
    for name in names:
        one, other = before.get(name), after.get(name)
        if one is None and other is None:
            continue
        shape = one if one is not None else other
        assert shape is not None  # noqa: S101 - for the type checker: one of them is there
        empty = shape.clear()
        frames.append(_of_table(name, one if one is not None else empty, other if other is not None else empty))
    return pl.concat(frames)


def of_stated(before: tuple[pl.DataFrame, pl.DataFrame], after: tuple[pl.DataFrame, pl.DataFrame]) -> pl.DataFrame:
    """Every group and attribute in which two files differ, in the order of the files.

    Args:
        before: tables `groups` and `assumptions` of one.
        after: the same of the other.

    Returns:
        `owner, attribute, what, before, after`; values as a person reads them.
    """
    one, other = _said(*before), _said(*after)
    joined = one.join(
        other, on=("owner", "attribute"), how="full", coalesce=True, suffix="_after", maintain_order="left_right"
    )
    return (
        joined.with_columns(_what(pl.col("value"), pl.col("value_after")).alias("what"))
        .filter(pl.col("value").ne_missing(pl.col("value_after")))
        .select("owner", "attribute", "what", pl.col("value").alias("before"), pl.col("value_after").alias("after"))
        .cast(pl.Schema(STATED))
    )


def _said(groups: pl.DataFrame, assumptions: pl.DataFrame) -> pl.DataFrame:
    """`owner, attribute, value`: what each group is, and what is stated of it; what is stated twice keeps the last."""
    counted = groups.select(
        pl.col("group").alias("owner"),
        pl.lit("instances").alias("attribute"),
        pl.format("{} of kind {}", pl.col("total"), pl.col("kind")).alias("value"),
    )
    stated = assumptions.select("owner", "attribute", "value")
    return pl.concat([counted, stated]).unique(("owner", "attribute"), keep="last", maintain_order=True)


def _what(before: pl.Expr, after: pl.Expr) -> pl.Expr:
    return (
        pl.when(before.is_null())
        .then(pl.lit(ADDED))
        .when(after.is_null())
        .then(pl.lit(REMOVED))
        .otherwise(pl.lit(CHANGED))
    )


def _of_table(name: str, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    one, other = _long(before), _long(after)
    gone = pl.col("=value").is_null() & pl.col("=there").is_null()
    come = pl.col("=value_after").is_null() & pl.col("=there_after").is_null()
    joined = one.join(
        other, on=("=row", "=column"), how="full", coalesce=True, suffix="_after", maintain_order="left_right"
    )
    change = pl.col("=value_after") - pl.col("=value")
    size = pl.max_horizontal(pl.col("=value").abs(), pl.col("=value_after").abs())
    what = pl.when(gone).then(pl.lit(ADDED)).when(come).then(pl.lit(REMOVED)).otherwise(pl.lit(CHANGED))
    differs = (
        pl.col("=value").is_null().ne(pl.col("=value_after").is_null())
        | (change.abs() > _SAME * size)
        | (what != CHANGED)
    )
    return (
        joined.filter(differs.fill_null(value=False))
        .select(
            pl.lit(name).alias("table"),
            pl.col("=row").alias("row"),
            pl.col("=column").alias("column"),
            what.alias("what"),
            pl.col("=value").alias("before"),
            pl.col("=value_after").alias("after"),
            change.alias("change"),
            pl.when(pl.col("=value") != 0).then(change / pl.col("=value")).alias("change_fraction"),
        )
        .sort(pl.col("change_fraction").abs(), descending=True, nulls_last=True, maintain_order=True)
        .cast(pl.Schema(RESULTS))
    )


def _long(frame: pl.DataFrame) -> pl.DataFrame:
    """`=row, =column, =value, =there`: one row a number of the frame; no table has columns of such names."""
    numbers = frame.select(cs.numeric() | cs.boolean()).columns
    keys = list(takewhile(lambda column: column not in numbers, frame.columns))
    if not numbers or frame.is_empty():
        return pl.DataFrame(
            schema={"=row": pl.String, "=column": pl.String, "=value": pl.Float64, "=there": pl.Boolean}
        )
    named = frame.with_columns(_key(keys).alias("=row"))
    number = pl.int_range(pl.len()).over("=row")
    named = named.with_columns(
        pl.when(number > 0)
        .then(pl.format("{} #{}", pl.col("=row"), number + 1))
        .otherwise(pl.col("=row"))
        .alias("=row")
    )
    long = named.select("=row", pl.col(numbers).cast(pl.Float64)).unpivot(
        on=numbers, index="=row", variable_name="=column", value_name="=value"
    )
    return long.with_columns(pl.lit(value=True).alias("=there"))


def _key(columns: list[str]) -> pl.Expr:
    """What a row is known by, in one line."""
    if not columns:
        return pl.lit("")
    return pl.concat_str([pl.col(column).cast(pl.String).fill_null("-") for column in columns], separator=" · ")
