"""When two computed numbers count as the same, so that what they belong to may share a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_DIGITS = 11
"""Digits after the first that have to agree: the order of a sum may change the ones beyond."""


def alike(numbers: Iterable[float]) -> list[str]:
    """A key for each number, the same for numbers that agree in twelve digits."""
    return [f"{number:.{_DIGITS}e}" for number in numbers]
