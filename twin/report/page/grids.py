"""Frames as tables of HTML: every text escaped, numbers to the right and with their unit."""

from __future__ import annotations

import re
from datetime import date
from html import escape
from typing import TYPE_CHECKING

from twin import units

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

_ROWS = 400
_PATH = re.compile(r"[a-z\]]/[a-z]", re.IGNORECASE)
_LONG = re.compile(r"[^\s/]{21}")
"""A word that a column of a printed page may be too narrow for."""

_MONTH = re.compile(r"\d{4}-\d{2}")

_SHOWN = {"_kw": "power", "_kwh": "energy", "_fraction": "fraction"}


def grid(frame: pl.DataFrame, rows: int = _ROWS, *, title: str) -> str:
    """A table of a frame's first rows; how many more there are is said below it.

    Args:
        frame: the frame.
        rows: how many of its rows are shown.
        title: what the table is of, for who does not see the page.
    """
    numbers = [kind.is_numeric() for kind in frame.dtypes]
    head = "".join(_head(_title(name), number) for name, number in zip(frame.columns, numbers, strict=True))
    body = "".join(
        "<tr>" + "".join(_cell(name, value) for name, value in zip(frame.columns, row, strict=True)) + "</tr>"
        for row in frame.head(rows).iter_rows()
    )
    more = frame.height - rows
    rest = f'<p class="says">and {more:,} more rows, with twin query</p>' if more > 0 else ""
    return _table(title, head, body) + rest


def listed(
    head: Iterable[str], rows: Iterable[Iterable[str]], *, title: str, right: frozenset[int] = frozenset()
) -> str:
    """A table of texts called `title`; columns in `right` are numbers."""
    top = "".join(_head(text, at in right) for at, text in enumerate(head))
    body = "".join(
        "<tr>" + "".join(f"<td{_kind(text, at in right)}>{_broken(text)}</td>" for at, text in enumerate(row)) + "</tr>"
        for row in rows
    )
    return _table(title, top, body)


def _kind(text: str, number: bool) -> str:
    return " class=n" if number else " class=when" if _MONTH.fullmatch(text) else ""


def _head(text: str, number: bool) -> str:
    return f'<th scope="col"{" class=n" if number else ""}>{escape(text)}</th>'


def _table(title: str, head: str, body: str) -> str:
    # a region that can be focused is one that can be scrolled by keyboard
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(title)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _title(name: str) -> str:
    for suffix in _SHOWN:
        name = name.removesuffix(suffix)
    return name.replace("_usd", " $").replace("_", " ")


def _cell(name: str, value: object) -> str:
    if value is None:
        return "<td>-</td>"
    if isinstance(value, bool):
        return f"<td>{'yes' if value else 'no'}</td>"
    if isinstance(value, float | int):
        return f"<td class=n>{escape(_number(name, float(value)))}</td>"
    text = f"{value:%Y-%m}" if isinstance(value, date) else str(value)
    return f"<td{' class=long' if _LONG.search(text) else ''}>{_broken(text)}</td>"


def _broken(text: str) -> str:
    """Text that may be broken after the slashes of a path, and nowhere inside its words."""
    return escape(text).replace("/", "/<wbr>") if _PATH.search(text) else escape(text)


def _number(name: str, value: float) -> str:
    for suffix, dimension in _SHOWN.items():
        if name.endswith(suffix):
            return units.show(value, dimension, 4) if value else "0"
    if name.endswith("_usd"):
        return units.show_money(value, 4) if value else "$0"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.4g}"  # noqa: PLR2004 - thousands
