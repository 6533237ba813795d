"""When two computed numbers count as the same, so that what they belong to may share a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.structure.model import Floats, Ints

_DIGITS = 11
"""Digits after the first that have to agree: the order of a sum may change the ones beyond."""


def alike(numbers: Iterable[float]) -> list[str]:
    """A key for each number, the same for numbers that agree in twelve digits."""
    return [f"{number:.{_DIGITS}e}" for number in numbers]


def kinds(numbers: Floats) -> Ints:
    """The same whole number for numbers that agree in twelve digits, or follow each other so closely."""
    values, of = np.unique(numbers, return_inverse=True)
    new = np.diff(values) > np.maximum(np.abs(values[1:]), np.abs(values[:-1])) * 10.0**-_DIGITS
    found: Ints = np.concatenate([[0], np.cumsum(new)])[of].astype(np.int64)
    return found
