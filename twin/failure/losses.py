"""What the loss of one element takes down: sets of single failures, propagated through the thresholds.

Suppliers first, every element and every threshold is given the set of single losses that take it down: an
element its own and those of its thresholds, a threshold those whose members weigh more than its slack.
That is exact, with weights and shared suppliers, and costs what there is to be lost, not elements times states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from twin.errors import RefusedError
from twin.failure.net import csr, gather
from twin.structure.lump import row_of
from twin.structure.model import Csr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.failure.net import Net
    from twin.structure.model import Bools, Floats, Ints

MAX_ENTRIES = 40_000_000
"""Entries of all sets held at once; 8 bytes each, and a few times that while they are made."""


class Growing:
    """Lists added row by row in any order, each row once; not yet added rows are empty."""

    def __init__(self, rows: int, limit: int = MAX_ENTRIES) -> None:
        """Room for some rows; `limit` entries in all."""
        self.begin = np.zeros(rows, dtype=np.int64)
        self.end = np.zeros(rows, dtype=np.int64)
        self.values = np.empty(1024, dtype=np.int64)
        self.size = 0
        self.limit = limit

    def add(self, rows: Ints, of: Ints, values: Ints) -> None:
        """Add some rows.

        Args:
            rows: their numbers.
            of: for each value, its position in `rows`, ascending.
            values: the values.

        Raises:
            ExplodedError: there would be more than `limit` entries.
        """
        total = self.size + len(values)
        if total > self.limit:
            raise ExplodedError
        if total > len(self.values):
            grown = np.empty(max(total, 2 * len(self.values)), dtype=np.int64)
            grown[: self.size] = self.values[: self.size]
            self.values = grown
        self.values[self.size : total] = values
        bounds = self.size + np.searchsorted(of, np.arange(len(rows) + 1))
        self.begin[rows], self.end[rows] = bounds[:-1], bounds[1:]
        self.size = total

    def gather(self, rows: Ints) -> tuple[Ints, Ints]:
        """All entries of some rows: for each its position in `rows`, and its value."""
        size = self.end[rows] - self.begin[rows]
        total = int(size.sum())
        if total > self.limit:
            raise ExplodedError
        at = np.repeat(np.arange(len(rows)), size)
        within = np.arange(total) - np.repeat(np.cumsum(size) - size, size)
        return at, self.values[self.begin[rows][at] + within]

    def csr(self) -> Csr:
        """All rows."""
        at, values = self.gather(np.arange(len(self.begin)))
        return csr(at, values, len(self.begin))


class ExplodedError(Exception):
    """The sets would take more memory than they may."""


@dataclass(frozen=True, slots=True)
class Singles:
    """What single losses take down.  Values of the lists are positions in `columns`, ascending in each row.

    Attributes:
        columns: the elements that are lost, one at a time; where several are at once, the first of each.
        down: by element, the losses that it goes down with, its own among them.
        short: by threshold, the losses that it goes down with.
        unfed: by class of loads, the losses that leave it unfed.
    """

    columns: Ints
    down: Csr
    short: Csr
    unfed: Csr


def singles(net: Net, columns: Ints, limit: int = MAX_ENTRIES, together: Csr | None = None) -> Singles:
    """What the loss of each of some elements takes down.

    Args:
        net: the thresholds.
        columns: elements that are live with nothing failed.
        limit: entries that all sets together may have.
        together: the elements that are lost with each of `columns`, itself among them; none others if not given.

    Raises:
        ExplodedError: they have more.
    """
    width = len(columns)
    down, short = Growing(len(net.alive), limit), Growing(len(net.level), limit)
    which, element = (np.arange(width), columns) if together is None else (row_of(together), together.values)
    order = np.argsort(element, kind="stable")
    own = csr(element[order], which[order], len(net.alive))
    for level in range(int(max(net.element_level.max(initial=-1), net.level.max(initial=-1))) + 1):
        elements = np.flatnonzero(net.element_level == level)
        at, values = united(net.element_needs, elements, short)
        fails, lost_with = gather(own, elements)
        at, values = np.concatenate([at, fails]), np.concatenate([values, lost_with])
        down.add(elements, *summed(at, values, (len(elements), width))[:2])
        thresholds = np.flatnonzero(net.level == level)
        at, values, lost = weighed(net, thresholds, down, width)
        gone = lost > net.slack[thresholds][at]
        short.add(thresholds, at[gone], values[gone])
    every = np.arange(len(net.fed))
    at, values = united(net.class_needs, every, short)
    at, values, _ = summed(at, values, (len(every), width))
    return Singles(columns, down.csr(), short.csr(), csr(at, values, len(every)))


def in_batches(net: Net, columns: Ints, limit: int = MAX_ENTRIES) -> Iterator[Singles]:
    """The same for as many elements at a time as `limit` allows."""
    pending = [columns]
    while pending:
        part = pending.pop()
        try:
            found = singles(net, part, limit)
        except ExplodedError:
            if len(part) < 2:  # noqa: PLR2004 - one cannot be split
                raise too_large("a single failure takes down", limit) from None
            pending += [part[len(part) // 2 :], part[: len(part) // 2]]
            continue
        yield found


def too_large(what: str, limit: int) -> RefusedError:
    """The refusal of a system of which the sets are too many."""
    return RefusedError(
        "failure",
        f"{what} more than {limit:,} parts in all, which is more than is held at once",
        "make alike containers of what is alike, or set `order: 1` in `analyses: {failure: …}`",
    )


def united(needs: Csr, rows: Ints, sets: Growing) -> tuple[Ints, Ints]:
    """What is in the sets of any threshold that some rows need: for each its position in `rows`, and its value."""
    of, threshold = gather(needs, rows)
    at, values = sets.gather(threshold)
    return of[at], values


def weighed(net: Net, thresholds: Ints, sets: Growing, width: int) -> tuple[Ints, Ints, Floats]:
    """What the members of some thresholds lose: position in `thresholds`, value, weight lost; each pair once."""
    of, entry = gather(Csr(net.members.start, np.arange(len(net.members.values))), thresholds)
    at, values = sets.gather(net.members.values[entry])
    return summed(of[at], values, (len(thresholds), width), net.weight[entry[at]])


def summed(at: Ints, values: Ints, shape: tuple[int, int], weight: Floats | None = None) -> tuple[Ints, Ints, Floats]:
    """Rows and values, each pair once and in order, with the sum of their weights."""
    each = np.ones(len(at)) if weight is None else weight
    table = csr_array((each, (at, values)), shape=shape)
    table.sum_duplicates()
    return np.repeat(np.arange(shape[0]), np.diff(table.indptr)), table.indices.astype(np.int64), table.data


def keyed(lists: Csr, width: int) -> Ints:
    """Every entry as row times `width` and value, ascending where the values of each row are."""
    keys: Ints = row_of(lists) * width + lists.values
    return keys


def among(keys: Ints, wanted: Ints) -> Bools:
    """Whether each number is among some that ascend."""
    if not len(keys):
        return np.zeros(len(wanted), dtype=bool)
    found: Bools = keys[np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)] == wanted
    return found
