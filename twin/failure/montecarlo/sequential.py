"""Histories: what happens hour by hour, for all that the long-run figures of the parts leave out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure.montecarlo import effects
from twin.failure.montecarlo.clock import clock
from twin.failure.montecarlo.draw import generator
from twin.failure.montecarlo.intervals import Down, merged, split, ticks
from twin.failure.montecarlo.renewal import LONG_RUN, NEW, down_times, in_series
from twin.failure.montecarlo.slots import reached
from twin.failure.montecarlo.standby import Standby
from twin.failure.montecarlo.sweep import Sweep, rolled_up
from twin.failure.montecarlo.wiring import wiring
from twin.progress import counted
from twin.structure.live import live
from twin.topology.instances import ids
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.failure.montecarlo.clock import Clock
    from twin.structure.model import Bools, Floats, Ints, Snapshot

    Map = Callable[[Callable[[int], "Block"], Iterable[int]], Iterable["Block"]]

LIMITS_H = (1.0 / 60.0, 5.0 / 60.0, 1.0, 4.0, 12.0, 24.0, 72.0)
"""Outages are counted by how long they last: at most so many hours."""

_STREAM = 3
_ROWS = 1 << 17
"""Parts, gates or classes times histories of one block: what a core keeps near; eight times as many are slower."""

_FAILURES = 1 << 19
"""Expected failures of one block: bounds its memory where parts fail all the time."""

DOWN, OUTAGES, LOST = range(3)
"""Rows of the figures of a history: share of the time down, outages, share of the energy not served."""


@dataclass(frozen=True, slots=True)
class Block:
    """Sums over the histories of a block.

    Attributes:
        histories: how many.
        first: (figures, scopes), sums.
        second: (figures, figures, scopes), sums of products.
        most: (figures, scopes), largest.
        lasting: (limits + 1, scopes), outages that last at most each of `LIMITS_H`, and all.
        events: failures and repairs of parts.
    """

    histories: int
    first: Floats
    second: Floats
    most: Floats
    lasting: Ints
    events: int

    def __add__(self, other: Block) -> Block:
        """Both together."""
        return Block(
            self.histories + other.histories,
            self.first + other.first,
            self.second + other.second,
            np.maximum(self.most, other.most),
            self.lasting + other.lasting,
            self.events + other.events,
        )


class Histories:
    """One month of a structure, ready to be lived through; may be sent to other processes."""

    def __init__(
        self,
        snapshot: Snapshot,
        years: float,
        seed: int,
        *,
        given: Clock | None = None,
        begin: str = LONG_RUN,
        ages_idle: bool = True,
    ) -> None:
        """Prepare.

        Args:
            snapshot: the structure in one month; nothing is built or retired in a history.
            years: length of a history, of 8,760 hours.
            seed: seed.
            given: how the parts fail; that of the structure where not given.
            begin: `new`, or `long_run`: exponential parts are down with the probability of the long run.
            ages_idle: whether parts age while the system is down; if not, everything that fails has to take
                the whole system down alone, and begins new.

        Raises:
            RefusedError: parts that cannot be; something that does not age while the system is down and does
                not take it down.
        """
        structure = snapshot.structure
        self.snapshot = snapshot
        self.seed = seed
        self.begin = begin
        self.ages_idle = ages_idle
        self.horizon_h = years * HOURS_PER_YEAR
        self.clock = clock(structure) if given is None else given
        self.wiring = wiring(snapshot)
        self.standby = Standby(snapshot, self.wiring, self.clock, seed)
        self.shares = effects.shares(snapshot)
        felt = reached(snapshot) & ~self.wiring.never
        which, element = effects.spread(self.clock.members, np.arange(len(self.clock)))
        self.wanted: Bools = np.bincount(which, weights=felt[element], minlength=len(self.clock)) > 0.0
        rows = max(len(self.clock), len(structure.gates), len(structure.classes), 1)
        cycle = (self.clock.mtbf_h + self.clock.mttr_h)[self.wanted]
        failures = float((self.horizon_h / np.maximum(cycle, 1e-6)).sum())
        self.size = max(1, min(1 << 12, _ROWS // rows, int(_FAILURES / max(failures, 1.0))))
        if not ages_idle:
            _refuse_redundant(snapshot, self.clock, self.wanted)

    def block(self, number: int, histories: int) -> Block:
        """Live through one block of histories."""
        scope, found, events = self.outages(number, histories)
        return _sums(self, scope, found, histories, events)

    def outages(self, number: int, histories: int) -> tuple[Down, Down, int]:
        """When scopes and classes are not fed in one block, and how many failures and repairs there were.

        Rows are scope, or class, times histories plus history; times are ticks.
        """
        rng = generator(self.seed, number, _STREAM)
        if self.ages_idle:
            down = down_times(rng, self.clock, self.wanted, histories, self.horizon_h, self.begin)
        else:
            down = in_series(rng, self.clock, self.wanted, histories, self.horizon_h)
        own = self._own(down, histories)
        horizon = int(ticks(np.array([self.horizon_h]))[0])
        sweep = Sweep(self.wiring, self.standby, histories, number * self.size, horizon)
        fed = sweep.run(own)
        scopes = rolled_up(fed, self.snapshot.structure.classes.scope, self.shares.parent, histories)
        return scopes, fed, 2 * len(down.row)

    def _own(self, down: Down, histories: int) -> Down:
        """Down times of parts as those of the elements that they take down, merged.

        Those of one part never overlap, so that there is nothing to merge where each element has one.
        """
        size = len(self.wiring.never)
        if len(self.clock) == size:
            if not self.wiring.never.any():
                return down
            return down.where(~self.wiring.never[down.row // histories])
        part, history = split(down.row, histories)
        which, element = effects.spread(self.clock.members, part)
        live_ = ~self.wiring.never[element]
        which, element = which[live_], element[live_]
        return merged(Down(element * histories + history[which], down.start[which], down.end[which]))


@dataclass(frozen=True, slots=True)
class _Work:
    """One block by its number; can be pickled."""

    histories: Histories
    count: int

    def __call__(self, block: int) -> Block:
        size = self.histories.size
        return self.histories.block(block, min(size, self.count - block * size))


def live_through(histories: Histories, count: int, map_: Map = map) -> Block:
    """Live through so many histories.

    Blocks are added up in their order, so that the numbers depend on the seed alone.

    Args:
        histories: what to live through.
        count: how many, at least two.
        map_: runs the blocks; that of an executor shares the work, and changes no number.
    """
    size = -(-count // histories.size)
    blocks = counted(map_(_Work(histories, count), range(size)), size, "blocks of histories")
    found = next(blocks)
    for block in blocks:
        found = found + block
    return found


def _sums(histories: Histories, scope: Down, fed: Down, count: int, events: int) -> Block:
    shares, classes = histories.shares, histories.snapshot.structure.classes
    size = len(shares.parent)
    horizon = ticks(np.array([histories.horizon_h]))[0]
    figures = np.zeros((3, size, count))
    length = (scope.end - scope.start).astype(float)
    begins = scope.start > 0
    figures[DOWN].ravel()[:] = np.bincount(scope.row, weights=length / horizon, minlength=size * count)
    figures[OUTAGES].ravel()[:] = np.bincount(scope.row, weights=begins.astype(float), minlength=size * count)
    number, history = split(fed.row, count)
    lost = shares.working[number] * (fed.end - fed.start) / horizon
    figures[LOST].ravel()[:] = np.bincount(
        classes.scope[number] * count + history, weights=lost, minlength=size * count
    )
    for index in range(size - 1, -1, -1):
        if shares.parent[index] >= 0:
            figures[LOST, shares.parent[index]] += figures[LOST, index]
    figures[LOST] /= np.where(shares.whole > 0.0, shares.whole, 1.0)[:, None]
    lasting = np.zeros((len(LIMITS_H) + 1, size), dtype=np.int64)
    at = scope.row // count
    for row, limit in enumerate((*ticks(np.array(LIMITS_H)).tolist(), None)):
        chosen = begins & (length <= limit) if limit is not None else begins
        lasting[row] = np.bincount(at[chosen], minlength=size)
    second = np.einsum("ash,bsh->abs", figures, figures)
    return Block(count, figures.sum(axis=2), second, figures.max(axis=2), lasting, events)


def _refuse_redundant(snapshot: Snapshot, clock: Clock, wanted: Bools) -> None:
    """Refuse parts that may fail without taking everything down, or that wait for something."""
    structure = snapshot.structure
    failing = np.flatnonzero(wanted & np.isfinite(clock.mtbf_h))
    failed = np.zeros((len(failing), len(structure.elements)), dtype=bool)
    which, element = effects.spread(clock.members, failing)
    failed[which, element] = True
    fed = live(snapshot, failed)[1][:, snapshot.class_on]
    odd = failing[fed.any(axis=1) | clock.queues[failing] | clock.planned[failing] | (clock.riding[failing] >= 0)]
    if len(odd):
        first = int(clock.members.row(int(odd[0]))[0])
        path = structure.groups[structure.elements.group[first]]
        name = ids(structure.topology, path, [int(structure.elements.local[first])])[0]
        raise RefusedError(
            "simulation",
            f"'{name}' does not take down the whole system alone, or waits, is maintained or lived through, so that "
            "parts age while it is down",
            "let parts age while the system is down",
        )


__all__ = ["DOWN", "LIMITS_H", "LONG_RUN", "LOST", "NEW", "OUTAGES", "Block", "Histories", "live_through"]
