"""A linear program put together from blocks of arrays, in the form HiGHS takes in one call.

Nothing here knows of energy.  A block of columns or rows has one entry a step and a name, by which it is found
again in a solution; coefficients arrive as arrays of (row, column, value).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

Name = tuple[str, int, int]
"""What a block is, of which unit, which part of it."""


@dataclass(frozen=True, slots=True)
class Program:
    """minimise `offset + cost·x` subject to `row_lower <= A x <= row_upper`, `lower <= x <= upper`.

    `columns` and `rows` say where each block lies.  `matrix` is in compressed columns.
    """

    cost: Floats
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    matrix: sparse.csc_array
    offset: float
    columns: dict[Name, slice]
    rows: dict[Name, slice]

    def same_matrix(self, other: Program) -> bool:
        """Whether only costs, bounds and right-hand sides differ."""
        mine, its = self.matrix, other.matrix
        return (
            mine.shape == its.shape
            and mine.nnz == its.nnz
            and np.array_equal(mine.indptr, its.indptr)
            and np.array_equal(mine.indices, its.indices)
            and np.array_equal(mine.data, its.data)
        )


class Blocks:
    """Collects blocks; `program` makes one program of them."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.offset = 0.0
        self._columns: dict[Name, slice] = {}
        self._rows: dict[Name, slice] = {}
        self._column_data: list[tuple[Floats, Floats, Floats]] = []
        self._row_data: list[tuple[Floats, Floats]] = []
        self._entries: list[tuple[Ints, Ints, Floats]] = []
        self._width = 0
        self._height = 0

    def columns(self, name: Name, cost: Floats, lower: float | Floats, upper: float | Floats) -> Ints:
        """A block of columns, as long as `cost`; returns their indices."""
        size = len(cost)
        self._columns[name] = slice(self._width, self._width + size)
        self._column_data.append((cost, _filled(lower, size), _filled(upper, size)))
        self._width += size
        return np.arange(self._width - size, self._width)

    def rows(self, name: Name, size: int, lower: float | Floats, upper: float | Floats) -> Ints:
        """A block of rows; returns their indices."""
        self._rows[name] = slice(self._height, self._height + size)
        self._row_data.append((_filled(lower, size), _filled(upper, size)))
        self._height += size
        return np.arange(self._height - size, self._height)

    def find(self, name: Name) -> Ints:
        """The indices of a block of columns."""
        place = self._columns[name]
        return np.arange(place.start, place.stop)

    def place(self, name: Name) -> Ints:
        """The indices of a block of rows."""
        place = self._rows[name]
        return np.arange(place.start, place.stop)

    def put(self, rows: Ints, columns: Ints, values: float | Floats) -> None:
        """Coefficients; any of the three may be one number for all."""
        rows, columns, filled = np.broadcast_arrays(rows, columns, np.asarray(values, dtype=np.float64))
        self._entries.append((rows, columns, filled))

    def program(self) -> Program:
        """All of it."""
        rows, columns, values = (np.concatenate(parts) for parts in zip(*self._entries, strict=True))
        matrix = sparse.csc_array((values, (rows, columns)), shape=(self._height, self._width))
        matrix.sum_duplicates()
        cost, lower, upper = (np.concatenate(parts) for parts in zip(*self._column_data, strict=True))
        row_lower, row_upper = (np.concatenate(parts) for parts in zip(*self._row_data, strict=True))
        bounds = (cost, lower, upper, row_lower, row_upper)
        return Program(*bounds, matrix, self.offset, self._columns, self._rows)


def _filled(value: float | Floats, size: int) -> Floats:
    return np.broadcast_to(np.asarray(value, dtype=np.float64), (size,))
