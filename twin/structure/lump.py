"""Equal rows of a table of columns become one, in passes over the columns and no sort where keys are few."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin.structure.model import Csr, Floats, Ints

_DENSE = 4
"""How many times longer than the columns a table of all possible keys may be."""

_WIDE = 32
"""Entries of a list beyond which lists are compared as they are, and not entry by entry over all lists."""


def lump(columns: Sequence[Ints | Floats], size: int) -> tuple[Ints, Ints]:
    """Which rows are equal in every column.

    Args:
        columns: arrays of length `size`, whole numbers or floats (NaN equals NaN).
        size: rows.

    Returns:
        first: the first row of each kind of row, ascending.
        count: how many rows are of each kind.
    """
    if not size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    key, room = np.zeros(size, dtype=np.int64), 1
    for column in columns:
        codes, width = _codes(column)
        if width == 1:
            continue
        if room * width > np.iinfo(np.int64).max:
            key, room = _ranked(key)
        key, room = key * width + codes, room * width
    return _first_and_count(key, room)


def number(columns: Sequence[Ints | Floats], size: int) -> Ints:
    """For each row the number of its kind, kinds numbered by their first row."""
    if not size:
        return np.empty(0, dtype=np.int64)
    key, room = np.zeros(size, dtype=np.int64), 1
    for column in columns:
        codes, width = _codes(column)
        if width == 1:
            continue
        if room > 1:
            key, room = _dense(key, room)
        key, room = key * width + codes, room * width
    key, room = _dense(key, room)
    first = np.empty(room, dtype=np.int64)
    first[key[::-1]] = np.arange(size - 1, -1, -1)
    rank = np.empty(room, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(room)
    return rank[key]


def number_lists(size: int, row: Ints, values: Ints) -> Ints:
    """For each row of a list of lists the number of its kind: rows with the same entries are of one kind.

    Args:
        size: rows.
        row: (entries,), the row of each entry.
        values: (entries,), the entries, in any order.
    """
    if not size:
        return np.empty(0, dtype=np.int64)
    if not _ascending(row, values):
        order = np.lexsort((values, row))
        row, values = row[order], values[order]
    length = np.bincount(row, minlength=size)
    start = np.concatenate([[0], np.cumsum(length)])
    kinds, used = np.zeros(size, dtype=np.int64), 0
    for wide in np.flatnonzero(np.bincount(length)).tolist():
        rows = np.flatnonzero(length == wide)
        table = values[start[rows][:, None] + np.arange(wide)]
        if wide > _WIDE:
            known: dict[bytes, int] = {}
            found = np.array([known.setdefault(line.tobytes(), len(known)) for line in table], dtype=np.int64)
        else:
            found = number(list(table.T), len(rows))
        kinds[rows] = found + used
        used += int(found.max()) + 1
    return number([kinds], size)


def _ascending(row: Ints, values: Ints) -> bool:
    """Whether entries stand in the order of their rows, and in each row in their own."""
    step = row[1:] - row[:-1]
    return bool(((step > 0) | ((step == 0) & (values[1:] >= values[:-1]))).all())


def row_of(lists: Csr) -> Ints:
    """(entries,): the row that each entry of `lists.values` stands in."""
    return np.repeat(np.arange(len(lists)), np.diff(lists.start))


def _codes(column: Ints | Floats) -> tuple[Ints, int]:
    """A column as whole numbers from 0, and how many there may be."""
    if np.issubdtype(column.dtype, np.floating):
        return _ranked(column)
    whole = column.astype(np.int64, copy=False)
    low, high = int(whole.min()), int(whole.max())
    return whole - low, high - low + 1


def _ranked(column: NDArray[np.generic]) -> tuple[Ints, int]:
    values, codes = np.unique(column, return_inverse=True)
    return codes.astype(np.int64), len(values)


def _dense(key: Ints, room: int) -> tuple[Ints, int]:
    """Keys below `room` as whole numbers from 0 without gaps, and how many there are."""
    if room > _DENSE * len(key) + 1024:
        return _ranked(key)
    present = np.zeros(room, dtype=bool)
    present[key] = True
    code = np.cumsum(present) - 1
    return code[key], int(code[-1]) + 1


def _first_and_count(key: Ints, room: int) -> tuple[Ints, Ints]:
    if room > _DENSE * len(key) + 1024:
        _, first, count = np.unique(key, return_index=True, return_counts=True)
        order = np.argsort(first)
        return first[order].astype(np.int64), count[order].astype(np.int64)
    count = np.bincount(key, minlength=room)
    first = np.zeros(room, dtype=np.int64)
    first[key[::-1]] = np.arange(len(key) - 1, -1, -1)
    present = np.flatnonzero(count)
    order = present[np.argsort(first[present])]
    return first[order], count[order].astype(np.int64)


def joined(size: int, one: Ints, other: Ints) -> Ints:
    """(size,): for each number the least of those that it is joined with, by pairs, however far.

    What scipy has for it loads all of its linear algebra.
    """
    label = np.arange(size)
    while True:
        least = label.copy()
        # all that share a least number take a lesser one together, so that chains are done in a few rounds
        for here, there in ((one, other), (other, one)):
            np.minimum.at(least, here, label[there])
            np.minimum.at(least, label[here], label[there])
        least = least[least]
        if np.array_equal(least, label):
            return label
        label = least
