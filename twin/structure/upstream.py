"""Whether what feeds the members of a gate can carry the load that shifts to it when some of them are lost.

A loss is survived upstream when, with the lost members out and everything else in service, no live
element that carries part of the gate's load is over its derated capacity because of the shift: over
it, and carrying more than with everything in service.  What is over already is short of capacity on
its own account and says nothing about the gate.

The loads after a loss are those of `twin.structure.flow`.  A bound spares nearly every gate that: no
element upstream carries more than its load times the growth of the live members' loads, where no losses
on the way grow faster than the load, nor more than its load and all that was lost, at the steepest
losses on the way within the rating.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.structure.flow import CELLS
from twin.structure.lump import joined, number, number_lists, row_of
from twin.structure.model import NETWORK, TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.structure.flow import Plan
    from twin.structure.model import Bools, Floats, Ints, Structure
    from twin.structure.thresholds import Asked

    WhatIf = Callable[[Bools], Floats]
    """(states, elements) lost to (states, elements) carried, everything else in service."""


class Upstream:
    """What feeds the members of the gates of one month."""

    def __init__(self, structure: Structure, asked: Asked, work: Plan, what_if: WhatIf) -> None:
        """Keep what the month is made of."""
        self._structure, self._asked, self._work, self._what_if = structure, asked, work, what_if
        members, inputs = structure.gates.members, structure.elements.gates
        passes = structure.gates.resource != NETWORK
        gate, row = row_of(members), row_of(inputs)
        kept = asked.element_on[members.values] & passes[gate]
        self._gate, self._member = gate[kept], members.values[kept]
        kept = asked.element_on[row] & passes[inputs.values]
        self._consumer, self._input = row[kept], inputs.values[kept]
        self._above: dict[int, frozenset[int]] = {}
        self._signatures: dict[int, int] = {}
        self._known: dict[tuple[object, ...], int] = {}
        lists = (inputs.values, structure.classes.gates.values)
        self._consumers = np.bincount(np.concatenate(lists), minlength=len(structure.gates))
        self._feeds = np.bincount(members.values, minlength=len(structure.elements))

    def tight(self, chosen: Bools, grows: Floats, lost: Floats) -> Bools:
        """(gates,): of the chosen ones, those whose losses may overload something upstream.

        Args:
            chosen: (gates,), which are asked about.
            grows: (gates,), the most by which the load of a live member is multiplied; infinity where unknown.
            lost: (gates,), the most that is shifted to live members; infinity where unknown.
        """
        found: Bools = chosen & (self._structure.gates.resource != NETWORK)
        if not found.any():
            return found
        base, limit = self._asked.carried, self._asked.limit * (1.0 + TOLERANCE)
        extra = np.where(found, lost, 0.0) * self._amplified()
        times = np.divide(limit, base, out=np.full(len(base), np.inf), where=base > 0)
        steep = self._least(np.where(self._work.losses.bent, 0.0, np.inf), within=True) == 0.0
        grows = np.where(steep, np.inf, grows)
        standby = self._least(np.where(self._stands_by(), 0.0, np.inf), within=True) == 0.0
        near = (np.isinf(grows) | (grows > self._least(times))) & (extra > self._least(limit - base))
        found &= ~self._same_feeds() & (standby | near)
        for gate in np.flatnonzero(found & ~standby).tolist():
            above = np.array(sorted(self._over_gate(gate)), dtype=np.int64)
            fits = (np.isfinite(grows[gate]) & (grows[gate] <= times[above])) | (
                base[above] + extra[gate] <= limit[above]
            )
            found[gate] = not fits.all()
        return found

    def survived(self, elements: Ints, live: Bools) -> Bools:
        """(ways,): whether nothing upstream is overloaded because of the loss.

        Args:
            elements: energised members of the gate.
            live: (ways, members), which of them are left.
        """
        each = [self._over(int(element)) for element in elements]
        above = np.array(sorted(frozenset[int]().union(*each)), dtype=np.int64)
        if not len(above):
            return np.ones(len(live), dtype=bool)
        over = np.array([[int(e) in mine for e in above.tolist()] for mine in each], dtype=float)
        most = np.maximum(self._asked.limit, self._asked.carried)[above] * (1.0 + TOLERANCE)
        fine = np.empty(len(live), dtype=bool)
        size = max(1, CELLS // (8 * max(len(self._asked.carried), len(self._structure.gates.members.values))))
        for begin in range(0, len(live), size):
            part = live[begin : begin + size]
            lost = np.zeros((len(part), len(self._asked.carried)), dtype=bool)
            lost[:, elements] = ~part
            carried = self._what_if(lost)[:, above]
            bad = (carried > most) & (part.astype(float) @ over > 0) & ~lost[:, above]
            fine[begin : begin + size] = ~bad.any(axis=1)
        return fine

    def kinds(self, elements: Ints) -> Ints:
        """(elements,): members of one number are fed alike: by the same gates, or each by its own of the same make."""
        known: dict[int, int] = {}
        found = np.zeros(len(self._asked.carried), dtype=np.int64)
        for element in np.unique(elements).tolist():
            found[element] = known.setdefault(self._signature(element), len(known))
        return found

    def reach(self, elements: Ints, live: Floats) -> Floats:
        """(members,): what each can deliver when it alone is live, by what is upstream of it.

        Args:
            elements: energised members of the gate.
            live: (members,), what each carries with everything in service.
        """
        found = np.full(len(elements), np.inf)
        base, limit = self._asked.carried, self._asked.limit
        for index, element in enumerate(elements.tolist()):
            above = np.array(sorted(self._over(element)), dtype=np.int64)
            lost = np.zeros((1, len(base)), dtype=bool)
            lost[0, elements] = True
            lost[0, element] = False
            rise = self._what_if(lost)[0, above] - base[above]
            more = rise > TOLERANCE * np.maximum(base[above], 1.0)
            left = np.maximum(limit[above] - base[above], 0.0)[more] / rise[more]
            if len(left):
                found[index] = live[index] + float(left.min()) * (float(live.sum()) - live[index])
        return found

    def _least(self, own: Floats, *, within: bool = False) -> Floats:
        """(gates,): the least of a figure over all that is upstream of the members (`within`: and the members)."""
        size = len(self._structure.gates)
        above = np.full(len(own), np.inf)
        while True:
            gate = np.full(size, np.inf)
            np.minimum.at(gate, self._gate, np.minimum(own, above)[self._member])
            further = np.full(len(own), np.inf)
            np.minimum.at(further, self._consumer, gate[self._input])
            if np.array_equal(further, above):
                break
            above = further
        if within:
            return gate
        found = np.full(size, np.inf)
        np.minimum.at(found, self._gate, above[self._member])
        return found

    def _amplified(self) -> Floats:
        """(gates,): the most that one element upstream carries more for each unit more that members carry."""
        work = self._work
        each = np.zeros(len(self._asked.carried))
        # What carries more than that is over its rating, and then the gate is tried in full.
        draws = work.losses.steepest(self._asked.limit * (1.0 + TOLERANCE))
        heats = np.maximum(draws + work.losses.kept, 0.0)
        while True:
            gate = np.ones(len(self._structure.gates))
            np.maximum.at(gate, self._gate, each[self._member])
            further = np.maximum(draws * (work.by_power.T @ gate) + heats * (work.by_heat.T @ gate), 0.0)
            if np.array_equal(further, each):
                return gate
            each = further

    def _stands_by(self) -> Bools:
        """(elements,): which have a gate with members that stand by, so that no bound says who carries what."""
        gates = self._structure.gates
        low = np.full(len(gates), np.iinfo(np.int64).max)
        high = np.full(len(gates), -1)
        gate = row_of(gates.members)
        np.minimum.at(low, gate, gates.rank)
        np.maximum.at(high, gate, gates.rank)
        found = np.zeros(len(self._asked.carried), dtype=bool)
        found[self._consumer[(gates.primary & (high > low))[self._input]]] = True
        return found

    def _same_feeds(self) -> Bools:
        """(gates,): the members, and all they share load with, are fed by the same gates and draw alike.

        Whatever is lost of them, what they draw together stays what it is, or falls.
        """
        elements, gates = self._structure.elements, self._structure.gates
        size = len(elements)
        feeds = number_lists(size, row_of(elements.gates), elements.gates.values)
        losses = self._work.losses
        # Losses that do not go with the load differ by how the load is spread: those draw like nobody else.
        alone = np.where(losses.bent, np.arange(size), -1)
        kind = number([feeds, losses.gain, losses.kept, alone], size)
        label = joined(size + len(gates), self._member, self._gate + size)
        low, high = np.full(len(label), size), np.full(len(label), -1)
        np.minimum.at(low, label[self._member], kind[self._member])
        np.maximum.at(high, label[self._member], kind[self._member])
        same: Bools = (low >= high)[label[size:]]
        return same

    def _over(self, element: int) -> frozenset[int]:
        """All elements upstream of one."""
        if element not in self._above:
            self._above[element] = frozenset(self._walk(self._fed_by(element)))
        return self._above[element]

    def _over_gate(self, gate: int) -> set[int]:
        """All elements upstream of the members of a gate."""
        return self._walk([above for member in self._members(gate) for above in self._fed_by(member)])

    def _walk(self, begin: list[int]) -> set[int]:
        """Some elements and all upstream of them; step by step, for chains may be long."""
        found, waiting = set(begin), list(begin)
        while waiting:
            element = waiting.pop()
            # What has been asked about is known to the end.
            further = self._above.get(element) or self._fed_by(element)
            new = [above for above in further if above not in found]
            found.update(new)
            waiting += [] if element in self._above else new
        return found

    def _fed_by(self, element: int) -> list[int]:
        """The energised members of the gates that feed an element."""
        return [member for gate in self._feeding(element) for member in self._members(gate)]

    def _feeding(self, element: int) -> list[int]:
        resource = self._structure.gates.resource
        return [g for g in self._structure.elements.gates.row(element).tolist() if resource[g] != NETWORK]

    def _members(self, gate: int) -> list[int]:
        return [m for m in self._structure.gates.members.row(gate).tolist() if self._asked.element_on[m]]

    def _signature(self, element: int) -> int:
        """A number for what an element is and what feeds it; a chain of its own counts by its make, not by its name."""
        waiting = [element]
        while waiting:
            here = waiting[-1]
            missing = [one for one in self._own_chain(here) if one not in self._signatures]
            waiting += missing
            if missing:
                continue
            waiting.pop()
            content = (self._make(here), *sorted(self._feed(gate) for gate in self._feeding(here)))
            self._signatures[here] = self._known.setdefault(content, len(self._known))
        return self._signatures[element]

    def _make(self, element: int) -> tuple[float, ...]:
        """What an element is by itself."""
        elements, losses = self._structure.elements, self._work.losses
        figures = (elements.derated_kw, self._asked.limit, losses.base, losses.gain, losses.square)
        return tuple(float(figure[element]) for figure in (*figures, *losses.knee.T, *losses.bend.T))

    def _own_chain(self, element: int) -> list[int]:
        """What feeds an element and nobody else."""
        return [member for gate in self._feeding(element) if self._own(gate) for member in self._members(gate)]

    def _own(self, gate: int) -> bool:
        """Whether a gate has one consumer, and its members feed nobody else."""
        return self._consumers[gate] <= 1 and all(self._feeds[member] <= 1 for member in self._members(gate))

    def _feed(self, gate: int) -> tuple[int | tuple[int, int], ...]:
        gates = self._structure.gates
        if not self._own(gate):
            return (1, gate)
        row = slice(gates.members.start[gate], gates.members.start[gate + 1])
        ranked = zip(gates.rank[row].tolist(), gates.members.values[row].tolist(), strict=True)
        mine = sorted((rank, self._signatures[m]) for rank, m in ranked if self._asked.element_on[m])
        return (0, int(gates.resource[gate]), int(gates.primary[gate]), *mine)
