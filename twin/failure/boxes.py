"""The containers of a structure as a tree of boxes: what fails in each, and how many are alike.

A box is a container in which things fail; in a structure of representatives it stands for all that are
alike inside the box around it.  Every element belongs to a box such that whatever depends on it lies in
that box or in one inside: usually the container it stands in, and one further out where somebody beside
that container takes from it or shares a common cause with it.  Given what a box takes from the boxes
around it, what happens in it is then independent of all that happens beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.kept import representatives
from twin.structure.lump import row_of
from twin.structure.model import FAILING
from twin.topology.instances import offsets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.failure.parts import Parts
    from twin.structure.model import Ints, Snapshot, Structure

FILE = 0
"""The box around all sites."""


@dataclass(frozen=True, slots=True)
class Boxes:
    """Boxes, outer ones first; the first is the file itself.

    Attributes:
        path: path of the container group of each; empty for the file.
        local: number of the instance within the group.
        parent: the box around it; -1 for the file.
        count: how many alike there are in one instance of the box around it.
        of_element: (elements,), where each belongs; -1 where nothing fails.
        of_class: (classes,), the container of each class of loads; -1 where nothing fails.
    """

    path: list[str]
    local: list[int]
    parent: list[int]
    count: list[int]
    of_element: list[int]
    of_class: list[int]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.path)

    def meet(self, one: int, other: int) -> int:
        """The innermost box that holds both."""
        while one != other:
            if one > other:
                one = self.parent[one]
            else:
                other = self.parent[other]
        return one


def boxes(snapshot: Snapshot, parts: Parts) -> Boxes:
    """The boxes of a structure, and where its elements and loads belong in one month."""
    structure = snapshot.structure
    found = _containers(structure)
    place = {(path, local): number for number, (path, local) in enumerate(zip(found.path, found.local, strict=True))}
    found.of_element[:] = _inside(structure, structure.elements.group, structure.elements.node, place)
    found.of_class[:] = _inside(structure, structure.classes.group, structure.classes.node, place)
    _move_out(snapshot, parts, found)
    return found


def _containers(structure: Structure) -> Boxes:
    """All boxes; children come after their parents, because groups do."""
    topology = structure.topology
    kept = representatives(topology, lifted=structure.lifted)
    found = Boxes([""], [0], [-1], [1], [], [])
    number: dict[str, dict[int, int]] = {}
    for path, here in kept.items():
        parent = topology.groups[path].parent
        beside = here.parent == here.parent[here.like]
        alike = np.bincount(here.like[beside], weights=here.count[beside], minlength=len(here))
        number[path] = {}
        for position in np.flatnonzero(here.role == FAILING).tolist():
            number[path][position] = len(found)
            found.path.append(path)
            found.local.append(int(here.local[position]))
            found.parent.append(FILE if parent is None else number[parent][int(here.parent[position])])
            found.count.append(round(alike[position]))
    return found


def _inside(structure: Structure, group: Ints, node: Ints, place: dict[tuple[str, int], int]) -> list[int]:
    """The box of the container that instances stand in; -1 where that is not one in which things fail."""
    topology = structure.topology
    first = offsets(topology)
    begin = np.array([first[path] for path in structure.groups], dtype=np.int64)
    size = np.array([topology.groups[path].count for path in structure.groups], dtype=np.int64)
    around = [topology.groups[path].parent or "" for path in structure.groups]
    holder = (node - begin[group]) // size[group]
    return [place.get((around[g], h), -1) for g, h in zip(group.tolist(), holder.tolist(), strict=True)]


def _move_out(snapshot: Snapshot, parts: Parts, found: Boxes) -> None:
    """Move elements out to where everybody who depends on them is inside, in place."""
    consumers = _consumers(snapshot)
    size = len(snapshot.structure.elements)
    together = _inseparable(parts, size)
    of = found.of_element
    while True:
        before = list(of)
        # Suppliers come before consumers in the order of elements, so consumers are settled first.
        for element in range(size - 1, -1, -1):
            for box in _boxes_of(consumers[element], found):
                if of[element] >= 0 and box >= 0:
                    of[element] = found.meet(of[element], box)
        for row in together:
            inside = [of[element] for element in row if of[element] >= 0]
            for element in row:
                for box in inside:
                    of[element] = found.meet(of[element], box) if of[element] >= 0 else -1
        if of == before:
            return


def _inseparable(parts: Parts, size: int) -> list[list[int]]:
    """Elements that share a common cause or take turns in planned outages."""
    causes = [row for row in (parts.members.row(part).tolist() for part in range(size, len(parts))) if len(row) > 1]
    turns: dict[int, list[int]] = {}
    for part in np.flatnonzero(parts.exclusive >= 0).tolist():
        turns.setdefault(int(parts.exclusive[part]), []).extend(parts.members.row(part).tolist())
    return [*causes, *turns.values()]


def _boxes_of(consumers: Iterable[tuple[bool, int]], found: Boxes) -> Iterable[int]:
    return (found.of_class[number] if load else found.of_element[number] for load, number in consumers)


def _consumers(snapshot: Snapshot) -> list[list[tuple[bool, int]]]:
    """For each element, who takes from it or goes down with it: (whether a class of loads, its number)."""
    structure = snapshot.structure
    members = structure.gates.members
    of_gate: list[list[tuple[bool, int]]] = [[] for _ in range(len(structure.gates))]
    for load, lists in ((False, structure.elements.gates), (True, structure.classes.gates)):
        for consumer, gate in zip(row_of(lists).tolist(), lists.values.tolist(), strict=True):
            of_gate[gate].append((load, consumer))
    found: list[list[tuple[bool, int]]] = [[] for _ in range(len(structure.elements))]
    for gate, element in zip(row_of(members).tolist(), members.values.tolist(), strict=True):
        found[element] += of_gate[gate]
    for gate, cuts in snapshot.cuts.items():
        for element in {element for cut in cuts for element in cut}:
            found[element] += of_gate[gate]
    return found
