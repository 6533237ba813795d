"""Exact availability and outage frequency of every load and every scope of a structure.

What takes a load down is a set of *causes*, any one of which is enough.  A gate contributes the
failures that alone take it down (the essential ones, however deep upstream) as causes of their own,
and what needs several failures together as one more, a decision diagram; a cut set of the snapshot
(suppliers whose joint loss overloads the gate's members) is one more again.  Causes that share no
part are independent and are joined by arithmetic; only those that share parts meet in one diagram.
So a hall, a site or a campus costs the sum of its independent pieces, and not their product.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure.bdd import DEFAULT_NODES, DOWN, MAX_VARIABLES, UP, Diagram, Measure, Step
from twin.structure.live import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from oxidd.bdd import BDDFunction

    from twin.failure.directions import Directions
    from twin.structure.model import Floats, Ints, Snapshot

Causes = frozenset[int]
"""Numbers of causes, any one of which is enough."""

_ALWAYS = 0
"""The cause that is always there: what it takes down is never up."""


@dataclass(frozen=True, slots=True)
class Exact:
    """The event `fed` of every load class and every scope in one month.

    Attributes:
        class_unavailability, class_per_year: (classes,), long-run probability that a load of the class is
            not fed, and how many times a year that begins; NaN where the class is not energised.
        scope_unavailability, scope_per_year: (scopes,), the same for "some energised load in the scope is
            not fed"; NaN where nothing is energised in it.
    """

    class_unavailability: Floats
    class_per_year: Floats
    scope_unavailability: Floats
    scope_per_year: Floats


def solve(snapshot: Snapshot, nodes: int = DEFAULT_NODES) -> Exact:
    """Solve one month of a structure exactly.

    Args:
        snapshot: the structure in that month.
        nodes: decision nodes that may be used.

    Returns:
        Unavailability and frequency by class and by scope.

    Raises:
        RefusedError: it would take more than `nodes` nodes, or one function of more than
            `MAX_VARIABLES` parts.
    """
    structure = snapshot.structure
    system = System(snapshot, nodes)
    classes = np.full((len(structure.classes), 2), np.nan)
    scopes = np.full((len(structure.scopes), 2), np.nan)
    causes: list[set[int] | None] = [None] * len(structure.scopes)
    for index in np.flatnonzero(snapshot.class_on).tolist():
        of_class = system.of_class(index)
        classes[index] = system.measure(of_class)
        scope = int(structure.classes.scope[index])
        _add(causes, scope, of_class)
    for scope in range(len(structure.scopes) - 1, -1, -1):
        own = causes[scope]
        if own is not None:
            scopes[scope] = system.measure(frozenset(own))
            parent = structure.scopes[scope].parent
            _add(causes, parent, own)
    return Exact(classes[:, 0], classes[:, 1], scopes[:, 0], scopes[:, 1])


def _add(causes: list[set[int] | None], scope: int, more: Iterable[int]) -> None:
    """Add causes to a scope, in place: a site of a thousand halls must not copy what it has a thousand times."""
    if scope < 0:
        return
    have = causes[scope]
    if have is None:
        causes[scope] = set(more)
    else:
        have.update(more)


class System:
    """The causes of every gate, element and class of one snapshot, and what they come to.

    Attributes:
        variables: the elements that can fail, in the order in which they are asked.
    """

    def __init__(self, snapshot: Snapshot, nodes: int = DEFAULT_NODES, loads: Ints | None = None) -> None:
        """Order the parts and make the causes of all gates that the loads in question depend on.

        Args:
            snapshot: the structure in one month.
            nodes: decision nodes that may be used.
            loads: the classes in question; all that are energised where not given.
        """
        self._snapshot = snapshot
        self._structure = snapshot.structure
        self._weight, self._need = terms(snapshot)
        elements = self._structure.elements
        gates, reached = _walk(snapshot, np.flatnonzero(snapshot.class_on) if loads is None else loads)
        self.variables = order = _order(snapshot, reached)
        self._diagram = Diagram(
            elements.unavailability[order].tolist(), elements.failures_per_year[order].tolist(), nodes
        )
        self._functions: list[BDDFunction] = [self._diagram.always]
        self._parts: list[frozenset[int]] = [frozenset()]
        self._known: dict[BDDFunction, int] = {self._diagram.always: _ALWAYS}
        self._unions: dict[Causes, BDDFunction] = {}
        self._measures: dict[Causes, Measure] = {}
        self._own = {e: self._cause(self._diagram.part(i), frozenset({i})) for i, e in enumerate(order)}
        self._inputs: dict[bytes, Causes] = {}
        self._of_gate: dict[int, Causes] = {}
        self._alike: dict[bytes, Causes] = {}
        for gate in gates:
            self._of_gate[gate] = self._gate(gate).union(*(self._cut(cut) for cut in snapshot.cuts.get(gate, ())))

    def of_class(self, index: int) -> Causes:
        """What leaves the loads of a class unfed."""
        return self._any(self._structure.classes.gates.row(index).tobytes())

    def measure(self, causes: Causes) -> Measure:
        """Unavailability and frequency of "any of the causes is there"."""
        if _ALWAYS in causes:
            return DOWN
        # Sorted, so that alike halls add up in the same order and come to the same number to the last bit.
        return reduce(Measure.either, sorted(self._piece(piece) for piece in self._pieces(causes)), UP)

    def turn(self, directions: Sequence[Directions | float]) -> None:
        """Let `measure` give derivatives in other directions; one for each of `variables` (`Diagram.turn`)."""
        self._diagram.turn(directions)
        self._measures.clear()

    @property
    def size(self) -> int:
        """Decision nodes there are."""
        return self._diagram.size

    def _piece(self, piece: Causes) -> Measure:
        if piece not in self._measures:
            self._measures[piece] = self._diagram.measure(self._union(piece))
        return self._measures[piece]

    def _pieces(self, causes: Causes) -> list[Causes]:
        """Causes in sets such that causes of different sets have no part in common."""
        leader = {cause: cause for cause in causes}

        def find(cause: int) -> int:
            while leader[cause] != cause:
                leader[cause] = leader[leader[cause]]
                cause = leader[cause]
            return cause

        owner: dict[int, int] = {}
        for cause in causes:
            for part in self._parts[cause]:
                other = owner.setdefault(part, cause)
                if other != cause:
                    leader[find(other)] = find(cause)
        pieces: dict[int, list[int]] = {}
        for cause in causes:
            pieces.setdefault(find(cause), []).append(cause)
        return [frozenset(piece) for piece in pieces.values()]

    def _upstream(self, element: int) -> Causes:
        return self._any(self._structure.elements.gates.row(element).tobytes())

    def _any(self, gates: bytes) -> Causes:
        """The causes of a list of gates, one shared set for every consumer of the same list."""
        if gates not in self._inputs:
            rows = np.frombuffer(gates, dtype=np.int64).tolist()
            causes = frozenset[int]().union(*(self._of_gate[gate] for gate in rows))
            self._inputs[gates] = frozenset({_ALWAYS}) if _ALWAYS in causes else causes
        return self._inputs[gates]

    def _gate(self, gate: int) -> Causes:
        members = self._structure.gates.members
        part = slice(members.start[gate], members.start[gate + 1])
        key = b"".join(array.tobytes() for array in (members.values[part], self._weight[part], self._need[gate]))
        if key not in self._alike:
            weights = zip(members.values[part].tolist(), self._weight[part].tolist(), strict=True)
            self._alike[key] = self._gate_causes([(e, w) for e, w in weights if w > 0.0], float(self._need[gate]))
        return self._alike[key]

    def _gate_causes(self, members: list[tuple[int, float]], need: float) -> Causes:
        """The causes of one gate: its essential failures, and a threshold over what is left."""
        if need <= 0.0:
            return frozenset()
        blocks: dict[Causes, list[tuple[int, float]]] = {}
        for element, weight in members:
            blocks.setdefault(self._upstream(element), []).append((element, weight))
        blocks.pop(frozenset({_ALWAYS}), None)
        loss: dict[int, float] = {}
        for shared, block in blocks.items():
            total = sum(weight for _, weight in block)
            for cause in shared:
                loss[cause] = loss.get(cause, 0.0) + total
            for element, weight in block:
                if element in self._own:
                    loss[self._own[element]] = weight
        slack = sum(weight for block in blocks.values() for _, weight in block) - need
        if slack < 0.0:
            return frozenset({_ALWAYS})
        essential = frozenset(cause for cause, lost in loss.items() if lost > slack)
        rest: dict[Causes, list[tuple[int, float]]] = {}
        for shared, block in blocks.items():
            rest.setdefault(shared - essential, []).extend(block)
        return essential | self._together(rest, essential, slack)

    def _cut(self, elements: tuple[int, ...]) -> Causes:
        """The cause "none of these elements is live"."""
        down = [self._upstream(e) | ({self._own[e]} if e in self._own else frozenset()) for e in elements]
        # What never goes down keeps the gate safe from this, what is always down has no say in it.
        if not all(down):
            return frozenset()
        down = [causes for causes in down if _ALWAYS not in causes]
        if len(down) < 2:  # noqa: PLR2004 - one is enough by itself
            return down[0] if down else frozenset({_ALWAYS})
        parts = frozenset[int]().union(*(self._parts[cause] for causes in down for cause in causes))
        self._check_size(parts)
        function = self._diagram.all_of(self._union(causes) for causes in down)
        return frozenset({self._cause(function, parts)})

    def _together(self, blocks: dict[Causes, list[tuple[int, float]]], essential: Causes, slack: float) -> Causes:
        """What takes a gate down although none of its essential failures is there: one cause or none.

        Members that depend on the same upstream causes form a block: one question settles them all,
        and only if the answer is no are their own failures asked one by one.
        """
        steps: list[Step] = []
        parts: set[int] = set()
        # In the order of the variables, so that what is still to be asked lies below what was.
        for shared, block in sorted(blocks.items(), key=self._last):
            own = [(self._own[e], w) for e, w in block if e in self._own]
            items = sorted((cause, weight) for cause, weight in own if cause not in essential)
            if shared:
                steps.append(Step(self._union(shared), sum(weight for _, weight in block), len(items)))
            steps += [Step(self._functions[cause], weight) for cause, weight in items]
            parts.update(*(self._parts[cause] for cause in (*shared, *(cause for cause, _ in items))))
        self._check_size(parts)
        function = self._diagram.threshold(steps, slack)
        return frozenset() if function == self._diagram.never else frozenset({self._cause(function, frozenset(parts))})

    def _last(self, block: tuple[Causes, list[tuple[int, float]]]) -> int:
        """The last part, in variable order, that a block depends on."""
        shared, members = block
        causes = (*shared, *(self._own[element] for element, _ in members if element in self._own))
        return max((max(self._parts[cause]) for cause in causes), default=-1)

    def _cause(self, function: BDDFunction, parts: frozenset[int]) -> int:
        """The number of a cause, the same for the same function."""
        if function not in self._known:
            self._known[function] = len(self._functions)
            self._functions.append(function)
            self._parts.append(parts)
        return self._known[function]

    def _union(self, causes: Causes) -> BDDFunction:
        if causes not in self._unions:
            self._check_size(frozenset[int]().union(*(self._parts[cause] for cause in causes)))
            self._unions[causes] = self._diagram.any_of(self._functions[cause] for cause in causes)
        return self._unions[causes]

    def _check_size(self, parts: Iterable[int]) -> None:
        count = len(frozenset(parts))
        if count > MAX_VARIABLES:
            reason = f"one outage depends on {count:,} parts at once, the limit is {MAX_VARIABLES:,}"
            raise RefusedError("failure", reason, "split the group into halls or blocks with suppliers of their own")


def _walk(snapshot: Snapshot, loads: Ints) -> tuple[list[int], list[int]]:
    """The gates and elements that some loads depend on, each after all that it depends on.

    Depth first, load by load, so that the parts of one hall, and within it of one path of supply, lie
    together: any order of variables that scatters them makes the diagrams many times larger.
    """
    structure = snapshot.structure
    kinds = (structure.gates.members, structure.elements.gates)
    cuts = {gate: sorted({e for cut in cuts for e in cut}, reverse=True) for gate, cuts in snapshot.cuts.items()}
    seen: tuple[dict[int, bool], dict[int, bool]] = ({}, {})
    done: tuple[list[int], list[int]] = ([], [])
    pending: list[tuple[int, int]] = []
    for index in loads.tolist():
        pending += [(0, gate) for gate in reversed(structure.classes.gates.row(index).tolist())]
        while pending:
            kind, number = pending[-1]
            if number in seen[kind]:
                pending.pop()
                if seen[kind][number]:
                    seen[kind][number] = False
                    done[kind].append(number)
            elif kind == 1 and not snapshot.element_on[number]:
                pending.pop()
            else:
                seen[kind][number] = True
                pending += [(1, other) for other in cuts.get(number, ()) if kind == 0]
                pending += [(1 - kind, other) for other in reversed(kinds[kind].row(number).tolist())]
    return done


def _order(snapshot: Snapshot, reached: list[int]) -> list[int]:
    """The elements that can fail, in the order of the variables: each close behind the last of its suppliers.

    What a diagram must remember between a supplier and its consumers then lasts as short as can be: 46
    cooling units on neighbouring pairs of 23 UPS take thousands of nodes so, and millions behind all UPS.
    """
    elements = snapshot.structure.elements
    fails = (elements.unavailability > 0.0) | (elements.failures_per_year > 0.0)
    members, inputs = snapshot.structure.gates.members, elements.gates
    place = {element: number for number, element in enumerate(reached)}
    keys: dict[int, tuple[int, ...]] = {}
    last: dict[int, tuple[int, ...]] = {}
    for element in reached:
        # All that `element` depends on stands before it in `reached`, so the keys of its gates' members are known.
        for gate in inputs.row(element).tolist():
            if gate not in last:
                last[gate] = max((keys[m] for m in members.row(gate).tolist() if m in place), default=())
        keys[element] = (*max((last[gate] for gate in inputs.row(element).tolist()), default=()), place[element])
    return sorted((element for element in reached if fails[element]), key=keys.__getitem__)
