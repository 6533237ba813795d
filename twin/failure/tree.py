"""Who takes what in each box, and which boxes have the same in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.boxes import FILE
from twin.structure.live import terms

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.failure.boxes import Boxes
    from twin.failure.exact import System
    from twin.failure.parts import Parts
    from twin.structure.model import Snapshot

GATE, ELEMENT = range(2)

Item = tuple[int, int]
"""A gate or an element that somebody takes: `GATE` or `ELEMENT`, and its number."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """Loads that take the same, or boxes that are alike: what they take, in order, and what they are."""

    items: tuple[Item, ...]
    classes: tuple[int, ...] = ()
    box: int = -1


@dataclass(slots=True)
class Tree:
    """Who takes what, and where.

    Attributes:
        takes: for each box, the items that it takes from outside, in order.
        gates: for each box, the gates that are at home in it, each after all that it depends on.
        elements: for each box, the elements that belong to it and that a load depends on.
        consumers: for each box, its loads and inner boxes.
    """

    takes: list[list[Item]] = field(default_factory=list)
    gates: list[list[int]] = field(default_factory=list)
    elements: list[list[int]] = field(default_factory=list)
    consumers: list[list[Consumer]] = field(default_factory=list)


def tree(system: System, snapshot: Snapshot, found: Boxes) -> Tree:
    """Who takes what from where."""
    home = _homes(system, snapshot, found)
    made = Tree(gates=[[] for _ in range(len(found))], consumers=[[] for _ in range(len(found))])
    takes: list[dict[Item, None]] = [{} for _ in range(len(found))]
    for gate in system.gates:
        made.gates[home[gate]].append(gate)
    made.elements = [[] for _ in range(len(found))]
    for element in system.reached:
        made.elements[found.of_element[element]].append(element)
    for box, item, of in _taken(system, snapshot, found, home):
        at = box
        while at > of:
            takes[at][item] = None
            at = found.parent[at]
    made.takes = [list(items) for items in takes]
    for (box, gates), classes in _together(snapshot, found).items():
        items = tuple((GATE, gate) for gate in np.frombuffer(gates, dtype=np.int64).tolist())
        made.consumers[box].append(Consumer(items, tuple(classes)))
    for box in range(1, len(found)):
        made.consumers[found.parent[box]].append(Consumer(tuple(made.takes[box]), box=box))
    return made


def _taken(system: System, snapshot: Snapshot, found: Boxes, home: dict[int, int]) -> Iterator[tuple[int, Item, int]]:
    """Who takes: the box, the item, and the box where that is at home, which is the same one or further out."""
    structure = snapshot.structure
    for gate in system.gates:
        for element in _members(snapshot, gate):
            yield home[gate], (ELEMENT, element), found.of_element[element]
    for element in system.reached:
        for gate in structure.elements.gates.row(element).tolist():
            yield found.of_element[element], (GATE, gate), home[gate]
    for box, gates in _together(snapshot, found):
        for gate in np.frombuffer(gates, dtype=np.int64).tolist():
            yield box, (GATE, gate), home[gate]


def _together(snapshot: Snapshot, found: Boxes) -> dict[tuple[int, bytes], list[int]]:
    """The energised classes of loads in which something fails, by box and gates."""
    together: dict[tuple[int, bytes], list[int]] = {}
    for index in np.flatnonzero(snapshot.class_on).tolist():
        box = found.of_class[index]
        if box >= 0:
            together.setdefault((box, snapshot.structure.classes.gates.row(index).tobytes()), []).append(index)
    return together


def _homes(system: System, snapshot: Snapshot, found: Boxes) -> dict[int, int]:
    """The box of each gate: the innermost of those of its members."""
    return {
        gate: max((found.of_element[element] for element in _members(snapshot, gate)), default=FILE)
        for gate in system.gates
    }


def _members(snapshot: Snapshot, gate: int) -> list[int]:
    """The elements that decide about a gate: energised members, and those of its cut sets."""
    members = snapshot.structure.gates.members
    row = slice(members.start[gate], members.start[gate + 1])
    counted = members.values[row][snapshot.weight[row] > 0.0].tolist()
    return list(dict.fromkeys([*counted, *(element for cut in snapshot.cuts.get(gate, ()) for element in cut)]))


def handed_on(gates: list[int], snapshot: Snapshot, found: Boxes) -> set[int]:
    """Elements that a gate in an inner box takes one by one: members that belong to a box further out."""
    apart: set[int] = set()
    for gate in gates:
        members = _members(snapshot, gate)
        home = max((found.of_element[element] for element in members), default=FILE)
        apart.update(element for element in members if found.of_element[element] != home)
    return apart


def contents(found: Tree, snapshot: Snapshot, inside: Boxes, parts: Parts, names: dict[object, int]) -> list[int]:
    """A number for each box, the same for boxes with the same in them, whatever they take from outside.

    Args:
        found: the tree of the snapshot.
        snapshot: the structure in one month.
        inside: its boxes.
        parts: its parts.
        names: numbers given before; new ones are added, so that months share them.
    """
    describe = _Contents(found, snapshot, parts)
    number = [-1] * len(inside)
    for box in range(len(inside) - 1, -1, -1):
        number[box] = names.setdefault(describe.box(box, number, inside.count), len(names))
    return number


class _Contents:
    """Describes boxes: what is in them by its place in the box, and what they take by its place in the list."""

    def __init__(self, found: Tree, snapshot: Snapshot, parts: Parts) -> None:
        self._tree, self._snapshot, self._parts = found, snapshot, parts
        self._weight, self._need = terms(snapshot)
        structure = snapshot.structure
        self._shared = parts.shared(len(structure.elements))
        classes = structure.classes
        figures = (
            classes.count,
            classes.is_rack,
            classes.power_kw,
            classes.accelerators,
            classes.unavailability,
            classes.failures_per_year,
        )
        self._loads = list(zip(*(figure.tolist() for figure in figures), strict=True))

    def box(self, box: int, number: list[int], count: list[int]) -> object:
        """All that the answers of a box depend on."""
        place: dict[Item, int] = {item: -1 - at for at, item in enumerate(self._tree.takes[box])}
        place |= {(GATE, gate): at for at, gate in enumerate(self._tree.gates[box])}
        place |= {(ELEMENT, element): at for at, element in enumerate(self._tree.elements[box])}
        seen: dict[int, int] = {}
        consumers = tuple(
            (
                tuple((item[0], place[item]) for item in consumer.items),
                tuple(self._loads[index] for index in consumer.classes),
                (number[consumer.box], count[consumer.box]) if consumer.box >= 0 else None,
            )
            for consumer in self._tree.consumers[box]
        )
        gates = tuple(self._gate(gate, place) for gate in self._tree.gates[box])
        elements = tuple(self._element(element, place, seen) for element in self._tree.elements[box])
        return tuple(kind for kind, _ in self._tree.takes[box]), gates, elements, consumers

    def _gate(self, gate: int, place: dict[Item, int]) -> object:
        members = self._snapshot.structure.gates.members
        row = range(int(members.start[gate]), int(members.start[gate + 1]))
        counted = tuple(
            (place[ELEMENT, int(members.values[entry])], float(self._weight[entry]))
            for entry in row
            if self._weight[entry] > 0.0
        )
        cuts = tuple(tuple(place[ELEMENT, element] for element in cut) for cut in self._snapshot.cuts.get(gate, ()))
        return counted, float(self._need[gate]), cuts

    def _element(self, element: int, place: dict[Item, int], seen: dict[int, int]) -> object:
        parts = self._parts
        shared = tuple(
            (
                seen.setdefault(part, len(seen)),
                float(parts.unavailability[part]),
                float(parts.per_year[part]),
                seen.setdefault(-1 - int(parts.exclusive[part]), len(seen)) if parts.exclusive[part] >= 0 else -1,
            )
            for part in self._shared.row(element).tolist()
        )
        gates = tuple(place[GATE, gate] for gate in self._snapshot.structure.elements.gates.row(element).tolist())
        return float(parts.unavailability[element]), float(parts.per_year[element]), shared, gates
