"""How a file writes months, days, hours and limits of blocks, and what they become.

months   `6-9`, `nov-feb`, `7`, or a list of these      -> (6, 7, 8, 9)
days     `weekday`, `weekend`, `holiday`, `mon-thu`, …   -> (0, 1, 2, 3, 4); Monday is 0, a holiday 7
hours    `14-19`, `22-6`, `6:30-10`, or a list of these  -> ((840, 1140),) minutes of the day
limit    `3000 kWh`, `200 kWh/kW`, `30 kWh/day`          -> value and what it is a multiple of
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, NamedTuple

from pydantic import BeforeValidator, WithJsonSchema

from twin.api import Quantity

if TYPE_CHECKING:
    from collections.abc import Callable

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
DAY_MINUTES = 24 * 60
_DAY_WORDS = {"weekday": (0, 1, 2, 3, 4), "weekend": (5, 6), "all": tuple(range(len(DAYS)))}
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2}))?$")
_SPAN = re.compile(r"\s*([\w:]+)\s*(?:-|to)\s*([\w:]+)\s*$")
_LIMIT = re.compile(r"(?P<amount>.*?[Ww]h)(?P<per_kw>\s*/\s*kW)?(?P<daily>\s*/\s*(?:day|d))?\s*$")
_HOURS_USE = re.compile(r"\s*(?P<hours>[\d.,]+)\s*(?:h|hours?)\s*$")


class Limit(NamedTuple):
    """Where a block of energy ends: `value` kWh, each times the billing demand or the days of the month if so said."""

    value: float
    per_kw: bool = False
    daily: bool = False


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else [value]


def read_months(value: object) -> tuple[int, ...]:
    """Months of the year, 1 to 12, in order; what runs over the end of the year comes back in January."""
    found: set[int] = set()
    for item in _items(value):
        found.update(_range(item, _month, 12, "months", "6-9"))
    return tuple(sorted(found))


def read_days(value: object) -> tuple[int, ...]:
    """Kinds of day: Monday is 0, Sunday 6, a holiday 7."""
    found: set[int] = set()
    for item in _items(value):
        if isinstance(item, str) and item.strip().lower() in _DAY_WORDS:
            found.update(_DAY_WORDS[item.strip().lower()])
        else:
            found.update(day - 1 for day in _range(item, _day, 7, "days", "weekday"))
    return tuple(sorted(found))


def read_hours(value: object) -> tuple[tuple[int, int], ...]:
    """Spans of the day as minutes, the end not in them; `22-6` becomes two."""
    spans: list[tuple[int, int]] = []
    for item in _items(value):
        if isinstance(item, list | tuple) and len(item) == 2:  # noqa: PLR2004 - a span read before
            spans.append((int(item[0]), int(item[1])))
            continue
        match = _SPAN.match(item) if isinstance(item, str) else None
        if match is None:
            raise ValueError(f"'{item}' is not a span of hours; write it as '14-19'")
        start, end = _minute(match[1]), _minute(match[2])
        if start == end:
            raise ValueError(f"'{item}' is no time at all; leave hours out for the whole day")
        spans += [(start, end)] if start < end else [(start, DAY_MINUTES), (0, end)]
    return tuple((start, end) for start, end in spans if start < end)


def read_limit(value: object) -> Limit:
    """Where a block of energy ends; the unit says what it counts with."""
    if isinstance(value, Limit):
        return value
    hours = _HOURS_USE.match(value) if isinstance(value, str) else None
    if hours is not None:
        return Limit(float(hours["hours"].replace(",", "")), per_kw=True)
    match = _LIMIT.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"'{value}' is not a limit; write it as '3000 kWh', '200 kWh/kW' or '30 kWh/day'")
    amount = Quantity("energy").read(match["amount"])
    return Limit(amount, per_kw=match["per_kw"] is not None, daily=match["daily"] is not None)


def _range(item: object, read: Callable[[object], int | None], most: int, what: str, right: str) -> list[int]:
    match = _SPAN.match(item) if isinstance(item, str) else None
    first, last = (read(match[1]), read(match[2])) if match else (read(item), read(item))
    if first is None or last is None:
        raise ValueError(f"'{item}' is not of {what}; write it as '{right}'")
    if first > most or last > most:
        return [first]
    return [(first - 1 + step) % most + 1 for step in range((last - first) % most + 1)]


def _month(word: object) -> int | None:
    text = str(word).strip().lower()
    if text.isdigit() and not isinstance(word, bool):
        return int(text) if 1 <= int(text) <= len(MONTHS) else None
    return MONTHS.index(text[:3]) + 1 if text[:3] in MONTHS else None


def _day(word: object) -> int | None:
    text = str(word).strip().lower()
    if text in {"holiday", "holidays"}:
        return len(DAYS)
    return DAYS.index(text[:3]) + 1 if text[:3] in DAYS else None


def _minute(word: str) -> int:
    match = _CLOCK.match(word)
    minute = int(match[1]) * 60 + int(match[2] or 0) if match else DAY_MINUTES + 1
    if minute > DAY_MINUTES:
        raise ValueError(f"'{word}' is not a time of day; write it as '14' or '14:30'")
    return minute


def _written(example: str, of: str) -> WithJsonSchema:
    one = {"type": ["string", of]} if of != "string" else {"type": "string"}
    return WithJsonSchema({"anyOf": [one, {"type": "array", "items": one}], "examples": [example]})


Months = Annotated[tuple[int, ...], BeforeValidator(read_months), _written("6-9", "integer")]
Days = Annotated[tuple[int, ...], BeforeValidator(read_days), _written("weekday", "string")]
Hours = Annotated[tuple[tuple[int, int], ...], BeforeValidator(read_hours), _written("14-19", "string")]
BlockLimit = Annotated[Limit, BeforeValidator(read_limit), WithJsonSchema({"type": "string", "examples": ["3000 kWh"]})]
