"""Exact answers for whole scopes, box by box: what is independent is multiplied, what is alike is raised to a power.

A box (`twin.failure.boxes`) takes gates and elements from the boxes around it.  Given which of those are
down, what happens inside depends on nothing outside, and the boxes that are alike in it behave alike.  So
the answer of a box is worked out for each state of what it takes that can occur:

1. What its loads and the boxes in it take are functions of what fails in the box itself.  Those that share
   no part are independent; those that do are told apart by a decision diagram, state by state.
2. In one state, loads that are fed fail on their own account, and each inner box has its own answer for it.
3. The answer is the mixture over the states, joined over what is independent.

The same recursion gives the probability that nothing is unfed and the distribution of what is out of
service: it is written for any `Algebra`.  Going down the tree again gives how likely each box meets each
state of what it takes, and with that the answer of each box by itself.  Nothing is sampled or cut off
but states less likely than `RARE`, which are counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from twin.errors import RefusedError
from twin.failure.bdd import DEFAULT_NODES, UP, Measure
from twin.failure.boxes import FILE, boxes
from twin.failure.parts import parts
from twin.failure.system import System
from twin.failure.tree import ELEMENT, GATE, contents, handed_on, tree
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from oxidd.bdd import BDDFunction

    from twin.failure.directions import Directions
    from twin.failure.system import Causes
    from twin.failure.tree import Item, Tree
    from twin.structure.model import Floats, Ints, Snapshot

RARE = 1e-24
"""Probability, or hours a year over hours in a year, below which a state is left out and counted."""

MAX_STATES = 20_000
"""Most states of what one box gives to loads and boxes inside it."""

State = tuple[bool, ...]
"""For each item that a box takes from outside, whether it is down."""

V = TypeVar("V")


class Algebra(Protocol[V]):
    """What an answer is made of."""

    def load(self, index: int, *, fed: bool) -> V:
        """The loads of a class while they are fed, or while they are not."""

    def joined(self, values: Sequence[V]) -> V:
        """Independent ones together."""

    def mixed(self, ways: Sequence[tuple[Measure, V]]) -> V:
        """One of several ways, each with its measure."""

    def repeated(self, value: V, times: int) -> V:
        """So many independent ones that are alike."""


@dataclass(slots=True)
class _Component:
    """Consumers that share parts, and the states in which they can be.

    Attributes:
        consumers: which of the consumers of the box.
        states: measure of each, and for each consumer what of its items is down.
        missing: probability of the states left out.
    """

    consumers: list[int]
    states: list[tuple[Measure, list[State]]]
    missing: float = 0.0


@dataclass(slots=True)
class Memory:
    """What months, and boxes that are the same, need not work out again.

    Attributes:
        names: a number for each content of a box; see `twin.failure.tree.contents`.
        components: for the content of a box and the state of what it takes, its components.
    """

    names: dict[object, int] = field(default_factory=dict)
    components: dict[tuple[int, State], list[_Component]] = field(default_factory=dict)


class Lifted:
    """One month of a structure, ready to be asked.

    Attributes:
        boxes: its boxes.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        nodes: int = DEFAULT_NODES,
        memory: Memory | None = None,
        *,
        told_apart: bool = False,
    ) -> None:
        """Take a snapshot, of representatives or of all instances.

        Args:
            snapshot: the structure in one month.
            nodes: decision nodes that may be used.
            memory: shared by the months of one structure.
            told_apart: whether boxes of the same content are worked out one by one, as `turn` needs.

        Raises:
            RefusedError: more than `nodes` decision nodes, or common causes that cannot be (`twin.failure.parts`).
        """
        self.snapshot = snapshot
        found = parts(snapshot.structure)
        self.boxes = boxes(snapshot, found)
        inside = np.array(self.boxes.of_class, dtype=np.int64) >= 0
        loads = np.flatnonzero(inside & snapshot.class_on)
        self._system = System(snapshot, nodes, loads, lambda gates: handed_on(gates, snapshot, self.boxes))
        self._memory = memory or Memory()
        self._tree = tree(self._system, snapshot, self.boxes)
        self._same = (
            list(range(len(self.boxes)))
            if told_apart
            else contents(self._tree, snapshot, self.boxes, found, self._memory.names)
        )
        self._reach: list[dict[State, Measure]] | None = None

    def turn(self, towards: Callable[[int], Directions]) -> None:
        """Let all measures be derivatives in other directions from now on; see `System.turn`."""
        self._system.turn(towards)
        self._memory.components.clear()
        self._reach = None

    def value(self, algebra: Algebra[V], box: int = FILE, state: State = (), known: dict[object, V] | None = None) -> V:
        """The answer of one instance of a box, given the state of what it takes from outside.

        Args:
            algebra: what the answer is made of.
            box: the box; the whole file where not given.
            state: whether each item that it takes is down.
            known: answers found before with the same algebra and memory.

        Raises:
            RefusedError: more than `MAX_STATES` states in one box, or more decision nodes than are allowed.
        """
        known = {} if known is None else known
        key = (self._same[box], state)
        if key not in known:
            known[key] = algebra.joined([self._mixed(algebra, box, part, known) for part in self._of(box, state)])
        return known[key]

    def alone(self, algebra: Algebra[V], box: int, known: dict[object, V]) -> V:
        """The answer of one instance of a box, whatever the state of what it takes from outside."""
        ways = self.reach()[box]
        return algebra.mixed([(measure, self.value(algebra, box, state, known)) for state, measure in ways.items()])

    def times(self) -> Ints:
        """(boxes,): how many instances each stands for in the whole file."""
        found = np.array(self.boxes.count, dtype=np.int64)
        for box in range(1, len(found)):
            found[box] *= found[self.boxes.parent[box]]
        return found

    @property
    def missing(self) -> float:
        """The most probability that states which were left out can come to, over the whole file."""
        worst = dict.fromkeys(self._same, 0.0)
        for (content, _), components in self._memory.components.items():
            if content in worst:
                worst[content] = max(worst[content], sum(component.missing for component in components))
        return float(self.times() @ np.array([worst[content] for content in self._same]))

    def classes(self) -> Floats:
        """(classes, 2): unavailability and failures a year of "a load of the class is not fed".

        NaN where the class is not energised or stands for others.

        Raises:
            RefusedError: as `value`.
        """
        found = np.full((len(self.snapshot.structure.classes), 2), np.nan)
        known: dict[tuple[int, State], dict[int, Measure]] = {}
        for box, ways in enumerate(self.reach()):
            loads = [(number, each.classes) for number, each in enumerate(self._tree.consumers[box]) if each.classes]
            for number, classes in loads:
                total = UP
                for state, measure in ways.items():
                    key = (self._same[box], state)
                    if key not in known:
                        known[key] = _unfed(self._of(box, state))
                    total = _sum(total, _both(measure, known[key][number]))
                found[list(classes)] = total
        return found

    def reach(self) -> list[dict[State, Measure]]:
        """For each box, how likely and how often it meets each state of what it takes from outside."""
        if self._reach is None:
            self._reach = [{} for _ in range(len(self.boxes))]
            self._reach[FILE][()] = Measure(1.0, 0.0)
            for box in range(len(self.boxes)):
                for state, measure in self._reach[box].items():
                    for component in self._of(box, state):
                        self._meet(box, component, measure)
        return self._reach

    def _meet(self, box: int, component: _Component, measure: Measure) -> None:
        """Add what the boxes in a box meet when it is as it is with some measure."""
        consumers = self._tree.consumers[box]
        for chance, states in component.states:
            both = _both(measure, chance)
            for number, state in zip(component.consumers, states, strict=True):
                inner = consumers[number].box
                if inner >= 0 and self._reach is not None:
                    self._reach[inner][state] = _sum(self._reach[inner].get(state, UP), both)

    def _mixed(self, algebra: Algebra[V], box: int, component: _Component, known: dict[object, V]) -> V:
        consumers = self._tree.consumers[box]
        ways = []
        for measure, states in component.states:
            values = []
            for number, state in zip(component.consumers, states, strict=True):
                consumer = consumers[number]
                values += [algebra.load(index, fed=not any(state)) for index in consumer.classes]
                if consumer.box >= 0:
                    values.append(self._repeated(algebra, consumer.box, state, known))
            ways.append((measure, algebra.joined(values)))
        return ways[0][1] if len(ways) == 1 else algebra.mixed(ways)

    def _repeated(self, algebra: Algebra[V], box: int, state: State, known: dict[object, V]) -> V:
        key = (self._same[box], state, self.boxes.count[box])
        if key not in known:
            known[key] = algebra.repeated(self.value(algebra, box, state, known), self.boxes.count[box])
        return known[key]

    def _of(self, box: int, state: State) -> list[_Component]:
        key = (self._same[box], state)
        if key not in self._memory.components:
            found = _Box(self._system, self._tree, box, state).components()
            self._memory.components[key] = found
        return self._memory.components[key]


class _Box:
    """One box in one state of what it takes from outside."""

    def __init__(self, system: System, found: Tree, box: int, state: State) -> None:
        given = dict(zip(found.takes[box], state, strict=True))
        of_gates, of_elements = (
            {number: down for (kind, number), down in given.items() if kind == wanted} for wanted in (GATE, ELEMENT)
        )
        self._system = system.under(of_gates, of_elements)
        self._system.build(found.gates[box])
        self._consumers = found.consumers[box]

    def components(self) -> list[_Component]:
        """Consumers in sets that share no part, with the states of each set."""
        causes = [[self._causes(item) for item in consumer.items] for consumer in self._consumers]
        sets = _joint([self._system.parts_of(frozenset().union(*each)) for each in causes])
        return [self._component(chosen, [causes[number] for number in chosen]) for chosen in sets]

    def _causes(self, item: Item) -> Causes:
        kind, number = item
        return self._system.of_gate(number) if kind == GATE else self._system.of_element(number)

    def _component(self, consumers: list[int], causes: list[list[Causes]]) -> _Component:
        signals = {signal: number for number, signal in enumerate(dict.fromkeys(c for each in causes for c in each))}
        functions = [self._system.function(signal) for signal in signals]
        found = _Component(consumers, [])
        for function, down in self._states(functions):
            measure = self._system.diagram.measure(function)
            if max(measure.unavailability, abs(measure.per_year) / HOURS_PER_YEAR) < RARE:
                found.missing += measure.unavailability
                continue
            found.states.append((measure, [tuple(down[signals[c]] for c in each) for each in causes]))
        return found

    def _states(self, functions: list[BDDFunction]) -> Iterator[tuple[BDDFunction, State]]:
        """Every state that can occur: the function that says it does, and which functions are down in it."""
        diagram = self._system.diagram
        pending: list[tuple[BDDFunction, State]] = [(diagram.always, ())]
        found = 0
        while pending:
            so_far, down = pending.pop()
            if len(down) == len(functions):
                found += 1
                if found > MAX_STATES:
                    raise self._refused()
                yield so_far, down
                continue
            function = functions[len(down)]
            for there, split in (
                (True, diagram.all_of([so_far, function])),
                (False, diagram.but_not(so_far, function)),
            ):
                if split != diagram.never:
                    pending.append((split, (*down, there)))

    def _refused(self) -> RefusedError:
        return RefusedError(
            "failure",
            f"what is shared inside one container leaves its loads in more than {MAX_STATES:,} different states",
            "a smaller `pick:`, or rows and zones with suppliers of their own, make containers independent; "
            "availability of single loads is still exact",
        )


def _joint(sets: list[frozenset[int]]) -> list[list[int]]:
    """Numbers of sets, those together that have something in common directly or through others."""
    leader = list(range(len(sets)))

    def find(one: int) -> int:
        while leader[one] != one:
            leader[one] = leader[leader[one]]
            one = leader[one]
        return one

    owner: dict[int, int] = {}
    for number, members in enumerate(sets):
        for member in members:
            leader[find(owner.setdefault(member, number))] = find(number)
    groups: dict[int, list[int]] = {}
    for number in range(len(sets)):
        groups.setdefault(find(number), []).append(number)
    return list(groups.values())


def _both(one: Measure, other: Measure) -> Measure:
    """Both of two independent events."""
    return Measure(
        one.unavailability * other.unavailability,
        one.per_year * other.unavailability + one.unavailability * other.per_year,
    )


def _sum(one: Measure, other: Measure) -> Measure:
    """Either of two events that exclude each other."""
    return Measure(one.unavailability + other.unavailability, one.per_year + other.per_year)


def _unfed(components: list[_Component]) -> dict[int, Measure]:
    """For each consumer of a box, how likely and how often something that it takes is down."""
    found: dict[int, Measure] = {}
    for component in components:
        for place, number in enumerate(component.consumers):
            down = [measure for measure, states in component.states if any(states[place])]
            found[number] = reduce(_sum, down, UP)
    return found
