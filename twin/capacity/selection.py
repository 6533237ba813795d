"""What a selector names in a compiled structure, where representatives may stand for others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.structure.kept import representatives, roll_ups
from twin.structure.lump import row_of
from twin.topology import instances
from twin.topology.select import select

if TYPE_CHECKING:
    from twin.structure.model import Bools, Csr, Ints, Structure


class Selection:
    """Looks up elements, gates and containers of one structure by selector."""

    def __init__(self, structure: Structure) -> None:
        """Look into a structure of all instances, or a lifted one."""
        self.structure = structure
        self.kept = representatives(structure.topology) if structure.lifted else None
        self.number = {path: index for index, path in enumerate(structure.groups)}

    def stand_ins(self, path: str, locals_: Ints) -> Ints:
        """The instances in which things fail that stand for some instances of a group; themselves where all are kept.

        Args:
            path: of the group.
            locals_: instance numbers within it.
        """
        if self.kept is None:
            return locals_
        topology = self.structure.topology
        chain = topology.ancestors(path)
        containers = [group for group in chain if group.path in self.kept]
        at = np.zeros(len(locals_), dtype=np.int64)
        for group in containers:
            index = locals_ // topology.per(path, group.path) % group.count
            alike = self.kept[group.path].alike
            at = alike[at, index if alike.shape[1] > 1 else 0]
        here = self.kept[containers[-1].path].local[at]
        return here if containers[-1].path == path else here * chain[-1].count + locals_ % chain[-1].count

    def elements(self, selector: str) -> tuple[Ints, list[str]]:
        """The elements that a selector names, each once, and the ids of the instances that are meant.

        An instance that is not in the structure is looked up in the one that stands for it, and the id is of
        the first instance named for which each element stands.
        """
        numbers: list[Ints] = []
        names: list[str] = []
        for path, locals_ in select(self.structure.topology, selector).items():
            mine = np.flatnonzero(self.structure.elements.group == self.number[path])
            if not len(mine):
                continue
            here, first = np.unique(self.stand_ins(path, locals_), return_index=True)
            numbers.append(mine[np.searchsorted(self.structure.elements.local[mine], here)])
            names += instances.ids(self.structure.topology, path, locals_[first])
        return np.concatenate([np.empty(0, dtype=np.int64), *numbers]), names

    def gates(self, selector: str) -> dict[str, Ints]:
        """The gates that the consumers which a selector names ask, by group.

        Loads are lumped: of racks, those of all racks of the group in the same site, hall or room are meant.
        """
        structure = self.structure
        found = {}
        for path, locals_ in select(structure.topology, selector).items():
            elements = np.flatnonzero(structure.elements.group == self.number[path])
            at = np.isin(structure.elements.local[elements], self.stand_ins(path, locals_))
            classes = np.flatnonzero(structure.classes.group == self.number[path])
            if len(classes):
                classes = classes[self._in_scopes(path, locals_)[structure.classes.scope[classes]]]
            gates = [_rows(structure.elements.gates, elements[at]), _rows(structure.classes.gates, classes)]
            if any(len(part) for part in gates):
                found[path] = np.unique(np.concatenate(gates))
        return found

    def inside(self, path: str, locals_: Ints) -> Bools:
        """(elements,): which stand in some instances of a container, or in those that stand for them."""
        structure, topology = self.structure, self.structure.topology
        holders = self.stand_ins(path, locals_)
        found = np.zeros(len(structure.elements), dtype=bool)
        for inner, number in self.number.items():
            if inner.startswith(f"{path}/"):
                mine = np.flatnonzero(structure.elements.group == number)
                around = instances.ancestor_locals(topology, inner, path, structure.elements.local[mine])
                found[mine] = np.isin(around, holders)
        return found

    def _in_scopes(self, path: str, locals_: Ints) -> Bools:
        """(scopes,): the innermost roll-up scopes of some instances."""
        topology = self.structure.topology
        rolled = set(roll_ups(topology))
        holder = next(group.path for group in reversed(topology.ancestors(path)) if group.path in rolled)
        around = self.stand_ins(holder, np.unique(instances.ancestor_locals(topology, path, holder, locals_)))
        wanted = set(around.tolist())
        return np.array([scope.group == holder and scope.local in wanted for scope in self.structure.scopes])


def downstream(structure: Structure, element: int) -> Ints:
    """The classes of loads that an element feeds, directly or through others, on any layer."""
    reached = np.zeros(len(structure.elements), dtype=bool)
    reached[element] = True
    members, inputs = structure.gates.members, structure.elements.gates
    gate, consumer = row_of(members), row_of(inputs)
    while True:
        gates = np.zeros(len(structure.gates), dtype=bool)
        gates[gate[reached[members.values]]] = True
        further = reached.copy()
        further[consumer[gates[inputs.values]]] = True
        if np.array_equal(further, reached):
            break
        reached = further
    loads = structure.classes.gates
    return np.unique(row_of(loads)[gates[loads.values]])


def upstream(structure: Structure, classes: Bools) -> Bools:
    """(elements,): which feed any of some classes of loads, directly or through others, on any layer."""
    members, inputs, loads = structure.gates.members, structure.elements.gates, structure.classes.gates
    gates = np.zeros(len(structure.gates), dtype=bool)
    gates[loads.values[classes[row_of(loads)]]] = True
    gate, consumer = row_of(members), row_of(inputs)
    while True:
        reached = np.zeros(len(structure.elements), dtype=bool)
        reached[members.values[gates[gate]]] = True
        further = gates.copy()
        further[inputs.values[reached[consumer]]] = True
        if np.array_equal(further, gates):
            return reached
        gates = further


def _rows(lists: Csr, rows: Ints) -> Ints:
    chosen = np.zeros(len(lists), dtype=bool)
    chosen[rows] = True
    return lists.values[chosen[row_of(lists)]]
