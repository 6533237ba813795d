"""What starts, switches over and rides through when supply is lost.

- **Standby.** A member of a gate with `share: primary` that stands behind others runs while those before it
  do not carry the load; that is a *demand*.  It carries load `start_time` after the demand begins, and with
  probability `start_failure` not at all until the demand ends.  Outside of demands nobody asks for it.
- **Switching over.** What takes its own supply from such a gate, and is no standby itself (a transfer switch),
  switches when those in front no longer suffice: it is without supply for `start_time`, and with probability
  `start_failure` until they suffice again.  Switching back takes no time.
- **Restart.** What has lost supply (and is no standby) carries load again `start_time` after supply is back.
  Where it has nothing to switch between, it fails to with probability `start_failure`, and is then repaired,
  which takes exponential time of mean `mttr`.
- **Ride-through.** An element goes on for `runtime` after it has lost supply, once in each loss; it is full
  again as soon as supply is back.

One draw decides for each demand, element and history: gates that see the same demand see the same start.  A
common cause of failures to start takes down all of its members in demands that begin together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure.montecarlo.draw import uniform
from twin.failure.montecarlo.effects import spread
from twin.failure.montecarlo.intervals import TICKS_PER_H, Down, merged, none, split, ticks, together, too_light
from twin.failure.montecarlo.wiring import transposed
from twin.topology import failing
from twin.topology.instances import ids

if TYPE_CHECKING:
    from twin.failure.montecarlo.clock import Clock
    from twin.failure.montecarlo.sweep import Sweep
    from twin.failure.montecarlo.wiring import Members, Wiring
    from twin.structure.model import Bools, Floats, Ints, Snapshot

_STARTS, _REPAIRS = range(2)
"""What a draw is for."""


class Standby:
    """The rules of one month; empty where nothing starts, switches or rides through."""

    def __init__(self, snapshot: Snapshot, wiring: Wiring, clock: Clock, seed: int) -> None:
        """Find who stands by, who switches and who rides through.

        Raises:
            RefusedError: something may fail to restart and nobody says how long its repair takes.
        """
        structure = snapshot.structure
        gates, behaviour = structure.gates, structure.elements.behaviour
        size = len(structure.elements)
        self._seed = seed
        self._clock = clock
        self._start = ticks(behaviour.start_time_h)
        self._runtime = ticks(behaviour.runtime_h)
        self._parts = transposed(clock.members, clock.start_failure > 0.0, size)
        starts = (self._start > 0) | (np.diff(self._parts.start) > 0)
        self._behind = _behind(wiring, gates.primary)
        by_gate = [np.unique(m.gate[b & starts[m.element]]) for m, b in zip(wiring.members, self._behind, strict=True)]
        standing = np.zeros(size, dtype=bool)
        for members, behind in zip(wiring.members, self._behind, strict=True):
            standing[members.element[behind]] = True
        self._starts = starts
        self._restarts = starts & ~standing & (np.diff(structure.elements.gates.start) > 0) & ~wiring.never
        switching = transposed(structure.elements.gates, self._restarts, len(gates))
        both = np.zeros(len(gates), dtype=bool)
        for members, behind in zip(wiring.members, self._behind, strict=True):
            both[members.gate[behind]] = True
        self._switching = np.flatnonzero(both & (np.diff(switching.start) > 0))
        self._consumers = switching
        self._switches = np.zeros(size, dtype=bool)
        self._switches[spread(switching, self._switching)[1]] = True
        self._special = [
            np.union1d(found, self._switching[wiring.gate_level[self._switching] == level])
            for level, found in enumerate(by_gate)
        ]
        self._refuse_unrepaired(snapshot)

    def gates(self, level: int) -> Ints:
        """The gates of a level whose members start, or whose consumers switch."""
        return self._special[level]

    def lost(self, sweep: Sweep, members: Members, gates: Ints, lost: Down) -> Down:
        """When some gates are down, starts of their standby members counted in.

        Args:
            sweep: the block.
            members: of the gates of their level.
            gates: those that are asked about.
            lost: when their members are down; rows are member entries times histories plus history.
        """
        found = []
        of = members.gate[lost.row // sweep.histories]
        for gate in gates.tolist():
            entries = np.flatnonzero(members.gate == gate)
            found.append(self._one(sweep, members, entries, lost.where(of == gate)))
        return together(found or [none()])

    def _one(self, sweep: Sweep, members: Members, entries: Ints, lost: Down) -> Down:
        gate = int(members.gate[entries[0]])
        rank = members.rank[entries]
        for number in np.unique(rank)[1:].tolist():
            ahead, here = entries[rank < number], entries[rank == number]
            slack = float(members.weight[ahead].sum() - sweep.wiring.need[gate])
            if slack < 0.0:
                continue  # those in front never suffice, so that this one always runs
            entry, history = split(lost.row, sweep.histories)
            before = np.isin(entry, ahead)
            by_history = Down(history[before], lost.start[before], lost.end[before])
            demand = too_light(by_history, members.weight[entry[before]], np.full(int(before.sum()), slack))
            if number == rank[rank > rank.min()].min() and gate in self._switching:
                sweep.switched.append(Down(gate * sweep.histories + demand.row, demand.start, demand.end))
            starters = here[self._starts[members.element[here]]]
            late = self._late(sweep, demand, starters, members.element[starters])
            lost = merged(together([lost, late]))
        return sweep.weighed(members, lost)

    def _late(self, sweep: Sweep, demand: Down, names: Ints, elements: Ints) -> Down:
        """When elements do not carry load in the demands for them; rows are names times histories plus history."""
        if not len(demand.row) or not len(elements):
            return none()
        size = len(demand.row)
        history, start, end = (np.tile(column, len(elements)) for column in demand)
        element, name = np.repeat(elements, size), np.repeat(names, size)
        fails = self._fails(element, history + sweep.first, start)
        up = np.where(fails, end, np.minimum(end, start + self._start[element]))
        found = Down(name * sweep.histories + history, start, up)
        return found.where(up > start)

    def _fails(self, element: Ints, history: Ints, when: Ints) -> Bools:
        """(demands,): whether an element does not start."""
        which, part = spread(self._parts, element)
        if not len(part):
            return np.zeros(len(element), dtype=bool)
        drawn = uniform(self._seed, np.full(len(part), _STARTS), part, history[which], when[which])
        fails = np.bincount(which, weights=drawn < self._clock.start_failure[part], minlength=len(element))
        found: Bools = fails > 0.0
        return found

    def supplied(self, sweep: Sweep, level: int, lost: Down) -> Down:
        """When elements are down for want of supply: as `lost` says, with switching, restart and ride-through."""
        element = lost.row // sweep.histories
        plain = ~(self._restarts[element] | (self._runtime[element] > 0))
        gaps = self._gaps(sweep, level)
        if plain.all() and not len(gaps.row):
            return lost
        dead = merged(lost.where(~plain))
        ridden = self._ridden(sweep, merged(together([dead, gaps])))
        after = self._after(sweep, self._ridden(sweep, dead))
        return together([lost.where(plain), ridden, after])

    def _ridden(self, sweep: Sweep, lost: Down) -> Down:
        start = lost.start + self._runtime[lost.row // sweep.histories]
        return Down(lost.row, start, lost.end).where(lost.end > start)

    def _gaps(self, sweep: Sweep, level: int) -> Down:
        """When elements of a level are between two supplies."""
        mine = sweep.along(together(sweep.switched or [none()]), self._consumers)
        element, history = split(mine.row, sweep.histories)
        here = sweep.wiring.element_level[element] == level
        mine, element, history = mine.where(here), element[here], history[here]
        fails = self._fails(element, history + sweep.first, mine.start)
        end = np.where(fails, mine.end, np.minimum(mine.end, mine.start + self._start[element]))
        found = Down(mine.row, mine.start, end)
        return found.where(end > mine.start)

    def _after(self, sweep: Sweep, dead: Down) -> Down:
        """What follows a loss of supply: the start, and the repair where that fails."""
        element, history = split(dead.row, sweep.histories)
        wait = np.where(self._restarts[element], self._start[element], 0)
        tries = np.flatnonzero(self._restarts[element] & ~self._switches[element] & (dead.end < sweep.horizon))
        failed = tries[self._fails(element[tries], history[tries] + sweep.first, dead.end[tries])]
        wait[failed] += self._repair(element[failed], history[failed] + sweep.first, dead.end[failed])
        return Down(dead.row, dead.end, dead.end + wait).where(wait > 0)

    def _repair(self, element: Ints, history: Ints, when: Ints) -> Ints:
        drawn = uniform(self._seed, np.full(len(element), _REPAIRS), element, history, when)
        longest = 1e9
        hours: Floats = np.minimum(-np.log1p(-drawn) * self._clock.mttr_h[element], longest)
        return np.rint(hours * TICKS_PER_H).astype(np.int64)

    def _refuse_unrepaired(self, snapshot: Snapshot) -> None:
        """Refuse a restart that may fail where no repair time is known."""
        size = len(self._start)
        chance = np.diff(self._parts.start) > 0
        odd = self._restarts & ~self._switches & chance & ~(self._clock.mttr_h[:size] > 0.0)
        if odd.any():
            structure = snapshot.structure
            element = int(np.flatnonzero(odd)[0])
            path = structure.groups[structure.elements.group[element]]
            name = ids(structure.topology, path, [int(structure.elements.local[element])])[0]
            fault = failing.unrepaired(name)
            raise RefusedError("simulation", fault.message, fault.expected)


def _behind(wiring: Wiring, primary: Bools) -> list[Bools]:
    """For the members of each level: whether it stands behind others of a gate with `share: primary`."""
    found = []
    for members in wiring.members:
        first = np.full(len(primary), np.iinfo(np.int64).max)
        np.minimum.at(first, members.gate, members.rank)
        found.append(primary[members.gate] & (members.rank > first[members.gate]))
    return found
