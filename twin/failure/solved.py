"""One month solved: how often and how long every load and every scope is down, by the road that answers.

Two roads lead to the same numbers.  The recursion over boxes, over representatives of what is alike, costs
what the groups cost.  One decision diagram over all instances is for structures in which the recursion
would have to tell too many states apart.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure.algebras import Lost, Unfed
from twin.failure.bdd import DEFAULT_NODES, Measure
from twin.failure.fed import Exact, solve
from twin.failure.lifted import Lifted, Memory
from twin.structure.symmetry import scopes

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.failure.spread import Spread
    from twin.structure.model import Floats, Ints, Snapshot

    Answers = dict[bytes, tuple[Lost, dict[object, Spread]]]
    """By what one load counts for: the question, and what is known of it."""


@dataclass
class Shared:
    """What the months of one structure share."""

    memory: Memory = field(default_factory=Memory)
    unfed: dict[object, Measure] = field(default_factory=dict)
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True)
class Solved:
    """One month solved.

    Attributes:
        snapshot: the structure in that month.
        exact: unavailability and frequency of "not fed", by class of loads and by scope of the structure;
            NaN for what stands for others, is not energised or has nothing energised in it.
        loads: (classes,), how many loads each class stands for; 0 where `exact` has NaN.
        scope_ids, scope_kinds: of all scopes of the topology.
        scope_of: (scopes of the topology,), the scope of the structure that each is or is alike.
        lifted: the recursion, where it answered.
        refused: why it did not; empty where it did.
        answers: of the recursion so far, shared by months.
    """

    snapshot: Snapshot
    exact: Exact
    loads: Ints
    scope_ids: list[str]
    scope_kinds: list[str]
    scope_of: Ints
    lifted: Lifted | None = None
    refused: str = ""
    answers: Answers = field(default_factory=dict)

    @cached_property
    def own(self) -> tuple[Floats, Floats]:
        """Unavailability and frequency of "not in service" of each class: not fed, or itself not working.

        A load's own failure is independent of everything upstream, as nothing depends on a load.
        """
        own = self.snapshot.structure.classes
        fed, often = self.exact.class_unavailability, self.exact.class_per_year
        down = fed + own.unavailability * (1.0 - fed)
        return down, often * (1.0 - own.unavailability) + own.failures_per_year * (1.0 - fed)

    def box(self, scope: int) -> int:
        """The box of a scope of the structure, where the recursion answered.

        Raises:
            KeyError: nothing fails in the scope, or the recursion did not answer.
        """
        return self._boxes[scope]

    def lost(self, units: Ints, scope: int) -> Spread:
        """How much is out of service in a scope of the structure, where the recursion answered.

        Args:
            units: (classes,), what one load counts for.
            scope: the scope.

        Raises:
            KeyError: as `box`.
        """
        if self.lifted is None:
            raise KeyError(scope)
        key = units.tobytes()
        if key not in self.answers:
            self.answers[key] = (Lost(self.snapshot.structure.classes, units), {})
        asked, known = self.answers[key]
        return self.lifted.alone(asked, self.box(scope), known)

    @cached_property
    def _boxes(self) -> dict[int, int]:
        return {} if self.lifted is None else scope_boxes(self.lifted)

    def summed(self, amount: Floats) -> Floats:
        """(scopes of the structure,): the sum of an amount of each load, over all loads in one such scope."""
        structure = self.snapshot.structure
        if self.lifted is None:
            return _up(structure.classes.scope, np.where(self.loads > 0, self.loads * amount, 0.0), self.snapshot)
        return _by_box(self.lifted, np.where(self.loads > 0, structure.classes.count * amount, 0.0))


def directly(snapshot: Snapshot, nodes: int = DEFAULT_NODES) -> Solved:
    """Solve a month of a structure of all instances over diagrams alone.

    Raises:
        RefusedError: the system is too entangled for an exact answer within `nodes`.
    """
    exact, structure = solve(snapshot, nodes), snapshot.structure
    return Solved(
        snapshot=snapshot,
        exact=exact,
        loads=np.where(snapshot.class_on, structure.classes.count, 0),
        scope_ids=[scope.id for scope in structure.scopes],
        scope_kinds=[scope.kind for scope in structure.scopes],
        scope_of=np.arange(len(structure.scopes)),
    )


def by_boxes(
    snapshot: Snapshot, all_instances: Callable[[], Snapshot], nodes: int = DEFAULT_NODES, shared: Shared | None = None
) -> Solved:
    """Solve a month of a structure of representatives.

    Args:
        snapshot: the structure in that month.
        all_instances: gives the same month of the structure of all instances, where the recursion refuses.
        nodes: decision nodes that may be used.
        shared: the same for all months of one structure.

    Raises:
        RefusedError: neither road leads to an answer within `nodes`.
    """
    structure = snapshot.structure
    shared = shared or Shared()
    lifted = Lifted(snapshot, nodes, shared.memory)
    try:
        place = scope_boxes(lifted)
        found = {index: lifted.alone(Unfed(), box, shared.unfed) for index, box in place.items()}
        classes = lifted.classes()
    except RefusedError as error:
        other = directly(all_instances(), nodes)
        return Solved(**{**vars(other), "refused": error.reason})
    exact = Exact(*classes.T, *np.full((2, len(structure.scopes)), np.nan))
    used = _used(lifted)
    for index in place:
        if used[place[index]]:
            exact.scope_unavailability[index], exact.scope_per_year[index] = found[index]
    every = scopes(structure)
    inside = np.array(lifted.boxes.of_class, dtype=np.int64)
    times = np.append(lifted.times(), 0)[inside]
    return Solved(
        snapshot=snapshot,
        exact=exact,
        loads=np.where(snapshot.class_on, structure.classes.count * times, 0),
        scope_ids=every.id,
        scope_kinds=every.kind,
        scope_of=every.like,
        lifted=lifted,
        answers=shared.answers,
    )


def scope_boxes(lifted: Lifted) -> dict[int, int]:
    """The box of each scope in which things fail."""
    place = {key: box for box, key in enumerate(zip(lifted.boxes.path, lifted.boxes.local, strict=True))}
    scopes_ = lifted.snapshot.structure.scopes
    return {
        index: place[scope.group, scope.local]
        for index, scope in enumerate(scopes_)
        if (scope.group, scope.local) in place
    }


def _used(lifted: Lifted) -> list[bool]:
    """For each box, whether a load is energised in it."""
    found = [False] * len(lifted.boxes)
    for index in np.flatnonzero(lifted.snapshot.class_on).tolist():
        box = lifted.boxes.of_class[index]
        while box >= 0 and not found[box]:
            found[box] = True
            box = lifted.boxes.parent[box]
    return found


def _by_box(lifted: Lifted, amount: Floats) -> Floats:
    boxes = lifted.boxes
    sums = np.zeros(len(boxes) + 1)
    np.add.at(sums, np.array(boxes.of_class, dtype=np.int64), amount)
    for box in range(len(boxes) - 1, 0, -1):
        sums[boxes.parent[box]] += boxes.count[box] * sums[box]
    found = np.full(len(lifted.snapshot.structure.scopes), np.nan)
    for index, box in scope_boxes(lifted).items():
        found[index] = sums[box]
    return found


def _up(scope: Ints, amount: Floats, snapshot: Snapshot) -> Floats:
    structure = snapshot.structure
    sums = np.zeros(len(structure.scopes))
    np.add.at(sums, scope, amount)
    for index in range(len(sums) - 1, -1, -1):
        if structure.scopes[index].parent >= 0:
            sums[structure.scopes[index].parent] += sums[index]
    return sums
