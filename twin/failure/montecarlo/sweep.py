"""Down times from parts to loads, level by level, suppliers first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.failure.montecarlo.effects import spread
from twin.failure.montecarlo.intervals import Down, joined, merged, none, overlap, split, together, too_light
from twin.failure.montecarlo.lanes import WEIGHED
from twin.failure.montecarlo.renewal import clipped

if TYPE_CHECKING:
    from twin.failure.montecarlo.standby import Standby
    from twin.failure.montecarlo.wiring import Members, Wiring
    from twin.structure.model import Bools, Csr, Ints


class Sweep:
    """One block of histories; rows are element, gate or class times histories plus history."""

    def __init__(self, wiring: Wiring, standby: Standby, histories: int, first: int, horizon: int) -> None:
        """Prepare.

        Args:
            wiring: who feels whom.
            standby: what starts, switches and rides through.
            histories: in this block.
            first: number of the first of them in the whole run.
            horizon: ticks.
        """
        self.wiring = wiring
        self.standby = standby
        self.histories = histories
        self.first = first
        self.horizon = horizon
        self.switched: list[Down] = []
        """When gates in front of others, from which somebody switches over, do not suffice; rows are gates."""
        self._elements: list[Down] = []
        self._gates: list[Down] = []

    def run(self, own: Down) -> Down:
        """When classes are not fed.

        Args:
            own: when elements do not work themselves, merged.
        """
        level = self.wiring.element_level[own.row // self.histories]
        rows = len(self.wiring.element_level) * self.histories
        for here in range(self.wiring.top):
            mine = own if self.wiring.top == 1 else own.where(level == here)
            self._elements.append(joined(mine, merged(self._unsupplied(here)), rows))
            self._gates.append(self._lost(here))
        return merged(together([self.along(gates, self.wiring.loads) for gates in self._gates]))

    def along(self, down: Down, lists: Csr) -> Down:
        """The down times of rows handed on to everything in the lists of them."""
        of, history = split(down.row, self.histories)
        size = np.diff(lists.start)[of]
        if not size.all():
            felt = np.flatnonzero(size)
            down, of, history, size = down.where(felt), of[felt], history[felt], size[felt]
        if not (size > 1).any():
            return Down(lists.values[lists.start[of]] * self.histories + history, down.start, down.end)
        which, values = spread(lists, of)
        return Down(values * self.histories + history[which], down.start[which], down.end[which])

    def _unsupplied(self, level: int) -> Down:
        consumers = self.wiring.consumers[level]
        lost = [self.along(gates, consumers) for gates in self._gates if len(gates.row)]
        return clipped(self.standby.supplied(self, level, together(lost or [none()])), self.horizon)

    def _lost(self, level: int) -> Down:
        """When gates of a level are down."""
        members = self.wiring.members[level]
        special = self.standby.gates(level)
        felt = self.wiring.felt[level]
        lost = together([self.along(self._elements[of], members.of_element) for of in felt] or [none()])
        found = []
        if len(special):
            mine = np.isin(members.gate[lost.row // self.histories], special)
            found.append(self.standby.lost(self, members, special, lost.where(mine)))
            lost = lost.where(~mine)
        found.append(self.weighed(members, lost))
        gates, cuts, size = self.wiring.cuts[level]
        if len(gates):
            whole = together([self.along(down, cuts) for down in self._elements])
            cut = overlap(whole, size[whole.row // self.histories] - 1)
            number, history = split(cut.row, self.histories)
            found.append(Down(gates[number] * self.histories + history, cut.start, cut.end))
            return merged(together(found))
        return together(found)

    def weighed(self, members: Members, lost: Down) -> Down:
        """When gates are down because of members that are, those of one member not overlapping."""
        entry, history = split(lost.row, self.histories)
        gate = members.gate[entry]
        by_gate = Down(gate * self.histories + history, lost.start, lost.end)
        spare = self.wiring.spare[gate]
        counted: Bools = spare != WEIGHED
        if counted.all():
            return overlap(by_gate, spare)
        rest = ~counted
        heavy = too_light(by_gate.where(rest), members.weight[entry[rest]], self.wiring.slack[gate[rest]])
        return together([overlap(by_gate.where(counted), spare[counted]), heavy])


def rolled_up(down: Down, scope: Ints, parent: Ints, histories: int) -> Down:
    """When scopes are not wholly fed; rows are scope times histories plus history.

    Args:
        down: when classes are not fed.
        scope: (classes,), innermost scope of each.
        parent: (scopes,), -1 for none.
        histories: in the block.
    """
    depth = np.zeros(len(parent), dtype=np.int64)
    for index, above in enumerate(parent.tolist()):
        depth[index] = 0 if above < 0 else depth[above] + 1
    number, history = split(down.row, histories)
    waiting = Down(scope[number] * histories + history, down.start, down.end)
    found: list[Down] = []
    below = none()
    for level in range(int(depth.max(initial=0)), -1, -1):
        here = depth[waiting.row // histories] == level
        mine = merged(together([waiting.where(here), below]))
        found.append(mine)
        above = parent[mine.row // histories]
        up = mine.where(above >= 0)
        below = Down(above[above >= 0] * histories + up.row % histories, up.start, up.end)
    return together(found)
