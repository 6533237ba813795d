"""Ticks of an axis of months: as many as there is room for, evenly apart, each with its year where it is needed."""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_LABEL = 42
"""Pixels that a label takes with what keeps it from the next."""

_MONTHS_PER_YEAR = 12
_APART = (1, 2, 3, 6, *(_MONTHS_PER_YEAR * years for years in (1, 2, 3, 5, 10, 20, 50)))

_MONTH = (
    "[timeFormat(datum.value, '%b'), datum.index == 0 || month(datum.value) == 0 ? timeFormat(datum.value, '%Y') : '']"
)
_YEAR = "timeFormat(datum.value, '%Y')"


def dated(spec: dict[str, Any], width: int) -> dict[str, Any]:
    """A chart whose horizontal axes of months have their ticks set for so many pixels; others are as they were.

    The renderer's own ticks fall on weeks and quarters as it likes, and of labels that do not fit it leaves out some.

    Args:
        spec: of Vega-Lite, with its data in it.
        width: of what is drawn in, in pixels.
    """
    across = [
        (x, str(row[x["field"]]))
        for unit, rows in _units(spec)
        if (x := unit.get("encoding", {}).get("x", {})).get("type") == "temporal"
        for row in rows
    ]
    if across:
        months = [date.fromisoformat(text[:10]) for _, text in across]
        axis = _axis(min(months), max(months), max(2, width // _LABEL))
        for x, _ in across:
            x["axis"] = axis
    return spec


def ticks(first: date, last: date, most: int) -> tuple[list[date], int]:
    """Firsts of months from `first` to `last`, at most so many, and how many months lie between two of them."""
    low, high = (each.year * _MONTHS_PER_YEAR + each.month - 1 for each in (first, last))
    low += first.day > 1
    apart = next((each for each in _APART if high // each - math.ceil(low / each) < most), _APART[-1])
    found = range(math.ceil(low / apart) * apart, high + 1, apart)
    return [date(each // _MONTHS_PER_YEAR, each % _MONTHS_PER_YEAR + 1, 1) for each in found], apart


def _axis(first: date, last: date, most: int) -> dict[str, Any]:
    at, apart = ticks(first, last, most)
    return {
        "values": [{"year": each.year, "month": each.month, "date": 1} for each in at],
        "labelExpr": _MONTH if apart < _MONTHS_PER_YEAR else _YEAR,
        "labelOverlap": False,
    }


def _units(spec: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Every single view of a chart, with the rows that it draws."""
    for unit in [spec, *spec.get("layer", ())]:
        name = (unit.get("data") or spec.get("data") or {}).get("name")
        yield unit, spec.get("datasets", {}).get(name, [])
