"""Sets of down times of many rows at once, and where more than so many of them overlap.

Times are whole ticks, so that a row, a time and whether it is a beginning or an end fit into one integer, and
one sort of integers orders all events of all rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from twin.structure.model import Floats, Ints

TICKS_PER_H = 3_600_000
"""A tick is a millisecond."""

_ROOM = 62
"""Bits of an integer that hold a row and a time."""

_WINDOW_BITS = 7
_CELLS_EACH = 8
"""Windows of all rows for each down time: 2 to the power of `_WINDOW_BITS` of a row at most."""


class Down(NamedTuple):
    """Down times: row, first tick, and the tick after the last.  Rows are numbers that the holder gives a meaning."""

    row: Ints
    start: Ints
    end: Ints

    def where(self, kept: np.ndarray) -> Down:
        """Some of them."""
        return Down(self.row[kept], self.start[kept], self.end[kept])


def split(row: Ints, histories: int) -> tuple[Ints, Ints]:
    """Number and history of rows, as `np.divmod`, which takes several times as long as this."""
    number = row // histories
    return number, row - number * histories


def none() -> Down:
    """No down time."""
    return Down(*(np.empty(0, dtype=np.int64) for _ in range(3)))


def together(parts: list[Down]) -> Down:
    """All of several, unmerged."""
    if len(parts) == 1:
        return parts[0]
    return Down(*(np.concatenate(columns) for columns in zip(none(), *parts, strict=True)))


def overlap(down: Down, spare: Ints) -> Down:
    """Where more than `spare` of the down times of a row overlap, merged and in order of row and time.

    Those that touch count as overlapping at the tick at which they touch, so that they merge.

    Args:
        down: in any order; with `spare` 0 they may overlap at will, else those of one member may not.
        spare: (down times,), what the row of each can lose; at least 0.
    """
    crowded = _crowded(down, spare)
    return _swept(down.where(crowded), spare[crowded])


def _swept(down: Down, spare: Ints) -> Down:
    if not len(down.row):
        return none()
    row, names = _compact(down.row)
    room = int(down.end.max()).bit_length()
    if len(names).bit_length() + room + 1 > _ROOM:
        half = len(names) // 2
        low = row < half
        return together([_swept(down.where(part), spare[part]) for part in (low, ~low)])
    base = row << room
    key = np.concatenate([(base | down.start) << 1, (base | down.end) << 1 | 1])
    key.sort()
    at = key >> 1
    which = at >> room
    delta = 1 - ((key & 1) << 1)
    depth = np.cumsum(delta)
    limit = np.empty(len(names), dtype=np.int64)
    limit[row] = spare
    over = depth - limit[which]
    begins = np.flatnonzero((delta == 1) & (over == 1))
    ends = np.flatnonzero((delta == -1) & (over == 0))
    time = at & ((1 << room) - 1)
    found = Down(names[which[begins]], time[begins], time[ends])
    return found.where(found.end > found.start)


def merged(down: Down) -> Down:
    """The down times of each row merged."""
    if not len(down.row):
        return down
    several = _crowded(down, np.ones(len(down.row), dtype=np.int64))
    if not several.any():
        return down
    left = down.where(several)
    return together([down.where(~several), _swept(left, np.zeros(len(left.row), dtype=np.int64))])


def joined(own: Down, lost: Down, rows: int) -> Down:
    """Two sets of down times together, each of them merged already; only rows that are in both have to be again.

    Args:
        own: down times.
        lost: down times.
        rows: how many rows there are.
    """
    if not len(lost.row) or not len(own.row):
        return own if len(own.row) else lost
    in_lost = np.zeros(rows, dtype=bool)
    in_lost[lost.row] = True
    both = in_lost[own.row]
    if not both.any():
        return together([own, lost])
    return together([own.where(~both), merged(together([own.where(both), lost]))])


def too_light(down: Down, weight: Floats, most: Floats) -> Down:
    """Where the weights of the down times of a row come to more than `most`, in order of row and time.

    Args:
        down: in any order; those of one member do not overlap.
        weight: (down times,), what each takes away.
        most: (down times,), what the row of each can lose, at least 0, with a margin for sums that are not exact.
    """
    heavy = _crowded(down, most, weight)
    down, weight, most = down.where(heavy), weight[heavy], most[heavy]
    if not len(down.row):
        return none()
    row = np.concatenate([down.row, down.row])
    time = np.concatenate([down.start, down.end])
    ends = np.repeat([0, 1], len(down.row))
    order = np.lexsort((ends, time, row))
    row, time = row[order], time[order]
    lost = np.cumsum(np.concatenate([weight, -weight])[order])
    # the sums of a row start where those of the rows before it ended: at nothing, but for rounding
    last = np.flatnonzero(np.append(row[1:] != row[:-1], True))
    base = np.concatenate([[0.0], lost[last[:-1]]])
    short = lost - np.repeat(base, np.diff(np.concatenate([[-1], last]))) > np.tile(most, 2)[order]
    short[last] = False
    before = np.concatenate([[False], short[:-1]])
    begins, stops = np.flatnonzero(short & ~before), np.flatnonzero(before & ~short)
    found = Down(row[begins], time[begins], time[stops])
    return found.where(found.end > found.start)


def _crowded(down: Down, most: Ints | Floats, weight: Floats | None = None) -> np.ndarray:
    """Which down times may be part of an overlap of more than `most`: others share no window with so much.

    Time is cut into windows, as many as there is work to save.  What touches more than two of them counts in
    every window of its row.
    """
    kept = np.zeros(len(down.row), dtype=bool)
    if not len(kept):
        return kept
    at = np.flatnonzero(np.bincount(down.row, weights=weight)[down.row] > most)
    if not len(at):
        return kept
    row, names = _compact(down.row[at])
    bits = min(max((_CELLS_EACH * len(at) // len(names)).bit_length() - 1, 0), _WINDOW_BITS)
    shift = max(int(down.end[at].max()).bit_length() - bits, 0)
    first, last = down.start[at] >> shift, down.end[at] >> shift
    cells = len(names) << bits
    amount = np.ones(len(at)) if weight is None else weight[at]
    long_ = last > first + 1
    one, two = (row << bits) | first, (row << bits) | last
    count = np.bincount(one, weights=np.where(long_, 0.0, amount), minlength=cells)
    spans = np.flatnonzero(~long_ & (last > first))
    count += np.bincount(two[spans], weights=amount[spans], minlength=cells)
    there = np.maximum(count[one], count[two])
    if long_.any():
        there += np.bincount(row[long_], weights=amount[long_], minlength=len(names))[row]
    kept[at] = long_ | (there > most[at])
    return kept


def _compact(row: Ints) -> tuple[Ints, Ints]:
    """Rows numbered without gaps, and what each number stands for."""
    there = np.bincount(row) > 0
    return (np.cumsum(there) - 1)[row], np.flatnonzero(there)


def ticks(hours: Floats) -> Ints:
    """Hours as ticks, to the nearest."""
    return np.rint(hours * TICKS_PER_H).astype(np.int64)
