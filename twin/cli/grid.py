"""A frame as plain text in columns: fits the terminal, needs no colour, says what it left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size

from twin.cli.trouble import clean

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

_GAP = 2
_WIDEST_TEXT = 60
_THOUSANDS_FROM = 1000
_INTEGER_THOUSANDS_FROM = 10_000


@dataclass(frozen=True, slots=True)
class Grid:
    """The text, and what of the frame is not in it."""

    text: str
    columns_left_out: tuple[str, ...]
    rows_left_out: int


def grid(frame: pl.DataFrame, width: int | None, rows: int, first: Sequence[str] = ()) -> Grid:
    """A frame as text: a header, a rule, and a line a row; numbers to the right.

    Args:
        frame: what to show.
        width: columns of the terminal; None for no limit.
        rows: rows to show; 0 for all.
        first: names of columns to keep first where they do not all fit.
    """
    part = frame.head(rows) if rows else frame
    cells = {name: [_shown(cell(value), width) for value in part[name].to_list()] for name in frame.columns}
    sizes = {name: max(map(cell_len, [name, *cells[name]])) for name in frame.columns}
    names = _fitting(sizes, width, [*first, *frame.columns])
    right = {name for name in names if frame.schema[name].is_numeric()}
    lines = [
        _line([(name, sizes[name], name in right) for name in names]),
        _line([("-" * sizes[name], sizes[name], False) for name in names]),
        *(_line([(cells[name][i], sizes[name], name in right) for name in names]) for i in range(part.height)),
    ]
    hidden = tuple(name for name in frame.columns if name not in names)
    return Grid("\n".join(lines) + "\n", hidden, frame.height - part.height)


def cell(value: object) -> str:
    """One value as a person reads it: thousands apart, six figures, '-' for nothing."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= _INTEGER_THOUSANDS_FROM else str(value)
    if isinstance(value, float):
        return number(value)
    return clean(" ".join(str(value).split()))


def number(value: float) -> str:
    """A float with six figures, more where they would round a probability to 0 or 1 that is neither."""
    if abs(value) >= _THOUSANDS_FROM:
        return f"{value:,.0f}"
    text = f"{value:.6g}"
    return f"{value:.12g}" if text in ("0", "1") and value != float(text) else text


def _shown(text: str, width: int | None) -> str:
    """At most sixty letters of a text where the width is limited."""
    return text if width is None or cell_len(text) <= _WIDEST_TEXT else set_cell_size(text, _WIDEST_TEXT - 3) + "..."


def _fitting(sizes: dict[str, int], width: int | None, order: Iterable[str]) -> list[str]:
    """The columns that fit, in the order of the frame; the very first always does."""
    kept: set[str] = set()
    used = -_GAP
    for name in dict.fromkeys(name for name in order if name in sizes):
        need = sizes[name] + _GAP
        if not kept or width is None or used + need <= width:
            kept.add(name)
            used += need
    return [name for name in sizes if name in kept]


def _line(parts: list[tuple[str, int, bool]]) -> str:
    return (" " * _GAP).join(_padded(*part) for part in parts).rstrip()


def _padded(text: str, size: int, right: Any) -> str:
    fill = " " * (size - cell_len(text))
    return fill + text if right else text + fill
