"""One value of a file or a catalogue -> a number in canonical units, or what is wrong with it."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

from twin import units
from twin.errors import UnitError
from twin.topology.attributes import ATTRIBUTES, dimension_of

if TYPE_CHECKING:
    from twin.topology.attributes import Attribute

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
"""How groups, parties, scenarios and entries may be called."""

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")


def read(value: object, name: str, kind: str) -> float | int | str:
    """Read one attribute.

    Args:
        value: what stood in the file: a quantity string, a number or a word.
        name: attribute, a key of `ATTRIBUTES`.
        kind: kind of the component; the dimension of `capacity` follows it.

    Returns:
        A float in canonical units, an int for whole numbers, a str for words.

    Raises:
        UnitError: not what the attribute takes, or out of its bounds.
    """
    attribute = ATTRIBUTES[name]
    if attribute.dimension == "text":
        if value is None or isinstance(value, bool) or not str(value).strip():
            raise UnitError("not a word", "write some text")
        return _word(str(value).strip(), attribute)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnitError("not a quantity", f"write it as '{units.dimension(dimension_of(attribute, kind)).example}'")
    return _number(value, attribute, dimension_of(attribute, kind))


def _word(word: str, attribute: Attribute) -> str:
    if attribute.words and word not in attribute.words:
        raise UnitError(f"not a value of '{attribute.name}'", f"write one of: {', '.join(attribute.words)}")
    return word


@lru_cache(maxsize=4096)
def _number(value: float | str, attribute: Attribute, dimension: str) -> float | int:
    number = units.parse(value, dimension)
    problem, expected = out_of_bounds(number, attribute, dimension)
    if problem:
        raise UnitError(problem, expected)
    return int(number) if attribute.whole else number


def out_of_bounds(number: float, attribute: Attribute, dimension: str) -> tuple[str, str]:
    """What is wrong with a number in canonical units and what would be right; empty where nothing is."""
    least, most = attribute.least, attribute.most
    if attribute.positive and number <= 0:
        return "not above zero", "write a number above zero"
    if least is not None and number < least:
        return f"below {units.show(least, dimension)}", f"write at least {units.show(least, dimension)}"
    if most is not None and number > most:
        return f"above {units.show(most, dimension)}", f"write at most {units.show(most, dimension)}"
    if attribute.whole and number != int(number):
        return "not a whole number", f"write it as '{units.dimension(dimension).example}'"
    return "", ""


def read_date(value: object) -> date:
    """Read an ISO date.

    Raises:
        UnitError: not a date as `2027-06-01`, or a day that does not exist.
    """
    expected = "write it as '2027-06-01'"
    if not isinstance(value, str) or not _DATE.match(value):
        raise UnitError("not a date", expected)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise UnitError("there is no such day", expected) from error
