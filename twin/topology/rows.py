"""Side tables: `rows: fleet.csv` beside the topology supplies the instances of a group as columns."""

from __future__ import annotations

import hashlib
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from twin import units
from twin.api import Calendar
from twin.errors import nearest, one_of
from twin.topology.attributes import ATTRIBUTES, Attribute, column_of, dimension_of, fits
from twin.topology.draft import MAX_COUNT
from twin.topology.values import out_of_bounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from twin.topology.draft import Draft, RawGroup

MAX_BYTES = 512 * 1024 * 1024
"""Size limit of a side table."""

ENERGISED = "energised"
RETIRED = "retired"
DATES = (ENERGISED, RETIRED)
"""Columns of dates; the others are attributes."""

_CHUNK = 1 << 20


def attach(draft: Draft, group: RawGroup) -> None:
    """Read the side table of a group as it stands and take the count from it.

    Sets `group.frame`, `count`, `total` and `indexed`; notes what is wrong with the file itself.
    """
    node, place = group.items["rows"], group.key_place("rows")
    name = getattr(node, "text", "")
    if group.indexed:
        expected = f"write '{group.name}:' without a number"
        draft.findings.add(
            group.where, group.place, "a count beside 'rows': the rows are the instances", expected=expected
        )
    outer = (
        next((above for above in draft.chain(group.parent) if above.indexed and above.total > 1), None)
        if group.parent
        else None
    )
    if outer is not None:
        draft.findings.add(
            node,
            place,
            f"a side table inside '{outer.path}[{outer.count}]': which of them would a row be in?",
            got=name,
            expected="put the group where every group around it is a single one",
        )
    path = confined(draft, name)
    frame = path if isinstance(path, str) else _read(draft, path)
    if isinstance(frame, str):
        message, _, expected = frame.partition("; ")
        draft.findings.add(node, place, message, got=name, expected=expected)
        return
    if not 1 <= frame.height <= MAX_COUNT:
        wrong = "the side table has no rows" if not frame.height else "the side table has too many rows"
        draft.findings.add(node, place, wrong, got=f"{frame.height:,}", expected=f"from 1 to {MAX_COUNT:,} rows")
        return
    group.total = group.total // group.count * frame.height
    group.count, group.indexed, group.frame = frame.height, True, frame


def confined(draft: Draft, name: str) -> Path | str:
    """The path of a file beside the topology, or what is wrong with it; links do not lead out of the folder."""
    if Path(name).is_absolute() or "\\" in name or "\0" in name:
        return f"not a path beside the topology; name a file in {draft.folder.name}/ or below, with '/'"
    path = Path(os.path.realpath(draft.folder / name))
    if not path.is_relative_to(draft.folder):
        return _OUTSIDE
    try:
        size = path.stat().st_size
    except OSError:
        near = nearest(name, (item.name for item in draft.folder.iterdir() if item.is_file()))
        return f"there is no such file; {near or 'it is looked for beside the topology'}"
    if not path.is_file():
        return "this is not a file; name one of its files"
    return path if size <= MAX_BYTES else f"the file is too large; the limit is {MAX_BYTES // 1024 // 1024} MiB"


_OUTSIDE = "the file is outside the topology's folder; move it beside the topology or below"


def _read(draft: Draft, path: Path) -> pl.DataFrame | str:
    suffix = path.suffix.lower()
    reader = draft.registry.readers.get(suffix)
    if reader is None:
        known = one_of(suffix, draft.registry.readers)
        explained = draft.registry.explain(suffix)
        return "; ".join(text for text in (f"no reader for '{suffix}' files", known, explained) if text)
    try:
        frame = reader.read(path)
    except Exception as error:  # noqa: BLE001 - a reader is a plugin, and a damaged file may raise anything in it
        return f"the side table cannot be read: {str(error).splitlines()[0] if str(error) else type(error).__name__}; "
    record(draft, path)
    return frame


def record(draft: Draft, path: Path) -> None:
    """Keep the digest of a file that the topology reads."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    draft.files[str(Path(draft.file).parent / path.relative_to(draft.folder))] = digest.hexdigest()


def check(draft: Draft, group: RawGroup) -> tuple[date, ...]:
    """Turn the columns as read into attributes in canonical units; `group.kind` must be known.

    Replaces `group.frame` by one whose columns are named after the attributes; `energised` and
    `retired` hold dates until the calendar is known.

    Returns:
        The distinct dates of the column `energised`, empty where there is none.
    """
    frame = group.frame
    if frame is None:
        return ()
    if group.path not in draft.groups or not group.kind:
        return ()
    columns: list[pl.Series] = []
    known = {
        column_of(attribute, group.kind): attribute for attribute in ATTRIBUTES.values() if fits(attribute, group.kind)
    }
    for name in frame.columns:
        attribute = known.get(name)
        if name not in DATES and attribute is None:
            _note(draft, group, f"unknown column '{name}'", expected=_column_hint(name, known))
            continue
        stated = group.attributes.get(attribute.name) if attribute else group.items.get(name)
        if stated is not None and stated.origin == "overlay":
            continue
        if stated is not None:
            _note(draft, group, f"column '{name}' and the key of the group say the same", expected="keep one of them")
        group.columns |= {name if attribute is None else attribute.name}
        series = (
            _dates(draft, group, frame[name]) if attribute is None else _column(draft, group, frame[name], attribute)
        )
        if series is not None:
            columns.append(series)
    group.frame = pl.DataFrame(columns) if columns else None
    return (
        tuple(days.unique().to_list())
        if (days := next((c for c in columns if c.name == ENERGISED), None)) is not None
        else ()
    )


def _column_hint(name: str, known: dict[str, Attribute]) -> str:
    bare = {attribute.name: column for column, attribute in known.items()}
    if name in bare:
        return f"did you mean '{bare[name]}'?"
    return one_of(name, {**known, **dict.fromkeys(DATES)}, limit=8)


def _note(draft: Draft, group: RawGroup, message: str, got: str = "", expected: str = "") -> None:
    node = group.items["rows"]
    name = getattr(node, "text", "")
    draft.findings.add(node, group.key_place("rows"), f"{name}: {message}", got=got, expected=expected)


def _first(
    draft: Draft, group: RawGroup, series: pl.Series, bad: pl.Series, problem: Callable[[object], tuple[str, str]]
) -> bool:
    """Note the first bad row of a column, and how many there are; whether there are any."""
    rows = bad.arg_true()
    if not len(rows):
        return False
    row = int(rows[0])
    what, expected = problem(series[row])
    more = f" and {len(rows) - 1:,} more rows" if len(rows) > 1 else ""
    got = "nothing" if series[row] is None else str(series[row])
    _note(draft, group, f"column '{series.name}', row {row + 1}{more}: {what}", got=got, expected=expected)
    return True


def _column(draft: Draft, group: RawGroup, series: pl.Series, attribute: Attribute) -> pl.Series | None:
    dimension = dimension_of(attribute, group.kind)
    if attribute.dimension == "text":
        words = series.cast(pl.String, strict=False).str.strip_chars()
        empty = words.is_null() | (words == "")
        wrong = _first(draft, group, series, empty, lambda _: ("empty", "write some text"))
        return None if wrong else words.alias(attribute.name)
    if series.dtype == pl.Boolean or not (series.dtype.is_numeric() or series.dtype in {pl.String, pl.Null}):
        expected = f"a column of numbers ({column_of(attribute, group.kind)})"
        _note(draft, group, f"column '{series.name}' is not numbers", got=str(series.dtype), expected=expected)
        return None
    numbers = (
        series.str.strip_chars().cast(pl.Float64, strict=False)
        if series.dtype == pl.String
        else series.cast(pl.Float64)
    )
    lost = ~(numbers.abs() <= units.MOST).fill_null(value=False)
    if _first(draft, group, series, lost, lambda cell: _lost(cell, series.name)):
        return None
    bad = pl.Series([False]).new_from_index(0, len(numbers))
    if attribute.least is not None:
        bad |= numbers < attribute.least
    if attribute.positive:
        bad |= numbers <= 0
    if attribute.most is not None:
        bad |= numbers > attribute.most
    if attribute.whole:
        bad |= numbers != numbers.round()
    wrong = _first(draft, group, numbers, bad, lambda cell: out_of_bounds(float(str(cell)), attribute, dimension))
    if wrong:
        return None
    return numbers.cast(pl.Int64 if attribute.whole else pl.Float64).alias(attribute.name)


def _lost(cell: object, name: str) -> tuple[str, str]:
    if cell is None or not str(cell).strip():
        return "empty", "every row needs a value; leave the column out to use the group's own"
    try:
        number = float(str(cell))
    except ValueError:
        return "not a number", f"write numbers in the unit of '{name}', without the unit"
    what = "larger than any real quantity" if math.isfinite(number) else "not a finite number"
    return what, "write a finite number"


def _dates(draft: Draft, group: RawGroup, series: pl.Series) -> pl.Series | None:
    """Dates; of retirement an empty cell is one that stays in service."""
    name = series.name
    if series.dtype == pl.String:
        cells = series.str.strip_chars()
        days = cells.str.to_date("%Y-%m-%d", strict=False)
        empty = cells.is_null() | (cells == "")
    elif series.dtype in (pl.Date, pl.Datetime, pl.Null):
        days = series.cast(pl.Date)
        empty = series.is_null()
    else:
        _note(draft, group, f"column '{name}' is not dates", got=str(series.dtype), expected="dates as 2027-06-01")
        return None
    bad = days.is_null() & ~empty if name == RETIRED else days.is_null()
    wrong = _first(draft, group, series, bad, lambda _: ("not a date", "write it as 2027-06-01"))
    return None if wrong else days.alias(name)


def months(frame: pl.DataFrame, start: date) -> pl.DataFrame:
    """The frame with its dates as month index (int64) from the month of `start`, negative before it."""
    calendar = Calendar(start, 0)
    days = [name for name in DATES if name in frame.columns and frame[name].dtype == pl.Date]
    return frame.with_columns(calendar.number(name) for name in days)
