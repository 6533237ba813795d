"""Repairs that wait for a crew or a spare part: first come, first served.

One pass over the failures of what waits, in order of time: nothing is looked at between two of them.

- A store holds so many spares.  Every failure takes one, and another is ordered at once: the n-th failure gets
  the part that the (n - spares)-th one ordered, `lead_h` after that (base stock, one for one).
- A repair begins when the part is there and a crew of the pool is free; crews take repairs in the order in
  which their parts are there.
- A common cause is one repair, and takes a part for each of its members.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush, heapreplace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twin.failure.montecarlo.clock import Clock
    from twin.failure.montecarlo.renewal import Failures
    from twin.structure.model import Floats

_FAILS, _READY = range(2)


@dataclass(frozen=True, slots=True)
class Queue:
    """What a pass needs to know: the parts, and how many histories the rows stand for."""

    clock: Clock
    histories: int


@dataclass(slots=True)
class _History:
    """Crews and stores of one history."""

    free: dict[int, list[float]] = field(default_factory=dict)
    taken: dict[int, list[float]] = field(default_factory=dict)


def serve(queue: Queue, failures: Failures, horizon_h: float) -> tuple[Floats, Floats]:
    """Calendar hours in which each failure begins and is repaired.

    Args:
        queue: the parts.
        failures: of parts that may wait, row by row and in order.
        horizon_h: no failure after it is worked out; it begins at infinity.
    """
    size = len(failures.row)
    start, end = np.full(size, np.inf), np.full(size, np.inf)
    history = failures.row % queue.histories
    for number in np.unique(history).tolist():
        _serve_one(queue, failures, np.flatnonzero(history == number).tolist(), horizon_h, (start, end))
    return start, end


def _serve_one(
    queue: Queue, failures: Failures, chosen: list[int], horizon_h: float, found: tuple[Floats, Floats]
) -> None:
    clock, state = queue.clock, _History()
    row, at, repair = ({i: column[i].item() for i in chosen} for column in failures)
    follows = {a: b for a, b in pairwise(chosen) if row[a] == row[b]}
    later = set(follows.values())
    events = [(at[i], _FAILS, i) for i in chosen if i not in later]
    heapify(events)
    start, end = found
    while events:
        when, what, index = heappop(events)
        part = row[index] // queue.histories
        if what == _FAILS:
            if when >= horizon_h:
                continue
            start[index] = when
            heappush(events, (_part_there(clock, state, part, when), _READY, index))
            continue
        begun = _crew(clock, state, part, when, repair[index])
        end[index] = begun + repair[index]
        after = follows.get(index)
        if after is not None:
            heappush(events, (end[index].item() + at[after] - at[index], _FAILS, after))


def _part_there(clock: Clock, state: _History, part: int, when: float) -> float:
    """When the spares for a failure are there."""
    store = int(clock.store[part])
    if store < 0:
        return when
    taken = state.taken.setdefault(store, [])
    spares = int(clock.spares[store])
    there = when
    for _ in range(int(clock.members.start[part + 1] - clock.members.start[part])):
        taken.append(when)
        ordered = len(taken) - 1 - spares
        if ordered >= 0:
            there = max(there, taken[ordered] + float(clock.lead_h[store]))
    return there


def _crew(clock: Clock, state: _History, part: int, when: float, repair: float) -> float:
    """When a crew begins; it is busy from then on for as long as the repair takes."""
    pool = int(clock.pool[part])
    if pool < 0:
        return when
    free = state.free.setdefault(pool, [0.0] * int(clock.crews[pool]))
    begun = max(when, free[0])
    heapreplace(free, begun + repair)
    return begun
