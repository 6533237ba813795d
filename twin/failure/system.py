"""The causes of every gate, element and load of a structure, as decision diagrams.

What takes a load down is a set of *causes*, any one of which is enough.  A gate contributes the
failures that alone take it down (the essential ones, however deep upstream) as causes of their own,
and what needs several failures together as one more, a decision diagram; a cut set of the snapshot
(suppliers whose joint loss overloads the gate's members) is one more again.  Causes that share no
part are independent and are joined by arithmetic; only those that share parts meet in one diagram.
So a hall, a site or a campus costs the sum of its independent pieces, and not their product.
"""

from __future__ import annotations

from copy import copy
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure.bdd import DEFAULT_NODES, DOWN, MAX_VARIABLES, UP, Diagram, Measure, Step
from twin.failure.bundles import bundles
from twin.failure.parts import parts
from twin.failure.variables import order, runs, walk
from twin.structure.live import terms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from oxidd.bdd import BDDFunction

    from twin.failure.bundles import Bundle
    from twin.failure.directions import Directions
    from twin.failure.parts import Parts
    from twin.structure.model import Csr, Ints, Snapshot

Causes = frozenset[int]
"""Numbers of causes, any one of which is enough."""

_ALWAYS = 0
"""The cause that is always there: what it takes down is never up."""


class System:
    """The causes of every gate, element and class of one snapshot, and what they come to.

    Attributes:
        gates: the gates that the loads in question depend on, each after all that it depends on.
        reached: the elements that they depend on, in the same order.
        variables: the parts (`twin.failure.parts`) in the order of the diagram's variables; a number below
            zero where a variable is a range of counts of a bundle.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        nodes: int = DEFAULT_NODES,
        loads: Ints | None = None,
        apart: Callable[[list[int]], AbstractSet[int]] | None = None,
    ) -> None:
        """Put the parts in order, and say what is known of them.

        Args:
            snapshot: the structure in one month.
            nodes: decision nodes that may be used.
            loads: the classes in question; all that are energised where not given.
            apart: for the gates that matter, the elements that will be asked for by name.  All others may go
                into bundles; where it is not given, none does.
        """
        self._snapshot = snapshot
        self._structure = snapshot.structure
        self._weight, self._need = terms(snapshot)
        self.gates, self.reached = walk(snapshot, np.flatnonzero(snapshot.class_on) if loads is None else loads)
        reached, found = self.reached, parts(self._structure)
        size = len(self._structure.elements)
        shared = found.shared(size)
        self._bundles: list[Bundle] = []
        if apart is not None:
            rule = (self._weight, self._need)
            self._bundles = bundles(snapshot, self.gates, found, shared, apart(self.gates), rule)
        self._bundle_of = {
            element: number for number, bundle in enumerate(self._bundles) for element in bundle.elements
        }
        self._ranges = [(number, at) for number, each in enumerate(self._bundles) for at in range(len(each.counts))]
        self.variables = placed = self._variables(order(snapshot, reached, shared), found, shared)
        self._diagram = self._new_diagram(found, nodes)
        self._functions: list[BDDFunction] = [self._diagram.always]
        self._parts: list[frozenset[int]] = [frozenset()]
        self._known: dict[BDDFunction, int] = {self._diagram.always: _ALWAYS}
        self._unions: dict[Causes, BDDFunction] = {}
        self._measures: dict[Causes, Measure] = {}
        of_part = self._of_parts(placed)
        self._own = {number: cause for number, cause in of_part.items() if 0 <= number < size}
        self._of_range = {self._ranges[-1 - number]: cause for number, cause in of_part.items() if number < 0}
        self._beyond = {
            element: frozenset(of_part[part] for part in row)
            for element in reached
            if (row := shared.row(element).tolist())
        }
        self._given: Mapping[int, bool] = {}
        self._inputs: dict[bytes, Causes] = {}
        self._of_gate: dict[int, Causes] = {}
        self._alike: dict[bytes, Causes] = {}

    def build(self, gates: Iterable[int]) -> None:
        """Make the causes of gates, each after all that it depends on."""
        for gate in gates:
            cuts = self._snapshot.cuts.get(gate, ())
            self._of_gate[gate] = self._gate(gate).union(*(self._cut(cut) for cut in cuts))

    def under(self, gates: Mapping[int, bool], elements: Mapping[int, bool]) -> System:
        """The same system where it is given of some gates and elements whether they are down.

        It shares the diagram; its own gates have yet to be built.
        """
        other = copy(self)
        other._given = elements  # noqa: SLF001 - a copy of oneself
        other._inputs, other._alike = {}, {}  # noqa: SLF001 - as above
        other._of_gate = {gate: _always(down=down) for gate, down in gates.items()}  # noqa: SLF001 - as above
        return other

    def of_gate(self, gate: int) -> Causes:
        """What takes a gate down."""
        return self._of_gate[gate]

    def of_element(self, element: int) -> Causes:
        """What takes an element down, its own failure included."""
        if element in self._given:
            return _always(down=self._given[element])
        upstream = self._upstream(element)
        return upstream if _ALWAYS in upstream or element not in self._own else upstream | {self._own[element]}

    def function(self, causes: Causes) -> BDDFunction:
        """The function "any of the causes is there"."""
        return self._union(causes)

    def parts_of(self, causes: Causes) -> frozenset[int]:
        """The variables that causes depend on."""
        return frozenset[int]().union(*(self._parts[cause] for cause in causes))

    def turn(self, towards: Callable[[int], Directions]) -> None:
        """Let measures give derivatives in other directions, in place of the one of failures a year.

        Args:
            towards: for an element, by what the unavailability of its own failure grows in each direction.
        """
        directions: list[Directions | float] = []
        for number in self.variables:
            if number < 0:
                bundle, at = self._ranges[-1 - number]
                each = self._bundles[bundle]
                every = sum((towards(element) for element in each.elements[1:]), towards(each.elements[0]))
                directions.append(every * (each.slopes[at] / len(each.elements)))
            else:
                directions.append(towards(number) if number < len(self._structure.elements) else 0.0)
        self._diagram.turn(directions)
        self._measures.clear()

    @property
    def diagram(self) -> Diagram:
        """The diagram that all functions are in."""
        return self._diagram

    def of_class(self, index: int) -> Causes:
        """What leaves the loads of a class unfed."""
        return self._any(self._structure.classes.gates.row(index).tobytes())

    def measure(self, causes: Causes) -> Measure:
        """Unavailability and frequency of "any of the causes is there"."""
        if _ALWAYS in causes:
            return DOWN
        # Sorted, so that alike halls add up in the same order and come to the same number to the last bit.
        return reduce(Measure.either, sorted(self._piece(piece) for piece in _pieces(causes, self._parts)), UP)

    def _piece(self, piece: Causes) -> Measure:
        if piece not in self._measures:
            self._measures[piece] = self._diagram.measure(self._union(piece))
        return self._measures[piece]

    def _new_diagram(self, found: Parts, nodes: int) -> Diagram:
        """The diagram over the variables; the ranges of a bundle are a set of which at most one is there."""
        after = int(found.exclusive.max(initial=-1)) + 1
        measures, self._sets = [], []
        for number in self.variables:
            if number >= 0:
                measures.append((float(found.unavailability[number]), float(found.per_year[number])))
                self._sets.append(int(found.exclusive[number]))
            else:
                bundle, at = self._ranges[-1 - number]
                measures.append(self._bundles[bundle].measures[at])
                self._sets.append(after + bundle)
        return Diagram([m[0] for m in measures], [m[1] for m in measures], nodes, self._sets)

    def _variables(self, order: list[int], found: Parts, shared: Csr) -> list[int]:
        """The parts that happen, in the order of the variables: what an element shares just before its own."""
        ranges: dict[int, list[int]] = {}
        for number, (bundle, _) in enumerate(self._ranges):
            ranges.setdefault(bundle, []).append(-1 - number)
        members: dict[int, list[int]] = {}
        happens = found.happens()
        for part in np.flatnonzero(happens & (found.exclusive >= 0)).tolist():
            members.setdefault(int(found.exclusive[part]), []).append(part)
        placed: dict[int, None] = {}
        for element in order:
            for part in shared.row(element).tolist():
                group = int(found.exclusive[part])
                placed.update(dict.fromkeys(members[group] if group >= 0 else [part]))
            if element in self._bundle_of:
                placed.update(dict.fromkeys(ranges.get(self._bundle_of[element], [])))
            elif happens[element]:
                placed[element] = None
        return list(placed)

    def _of_parts(self, order: list[int]) -> dict[int, int]:
        """The cause that each part is.  One of an exclusive set is there when it is the first of the set that is."""
        of_part: dict[int, int] = {}
        for begin, stop in runs(self._sets):
            function, before = self._diagram.never, self._diagram.never
            for index in range(begin, stop):
                function = self._diagram.but_not(self._diagram.part(index), before)
                before = self._diagram.any_of([before, self._diagram.part(index)]) if stop - begin > 1 else before
                of_part[order[index]] = self._cause(function, frozenset(range(begin, stop)))
        return of_part

    def _upstream(self, element: int) -> Causes:
        """What takes an element down beside its own failure: its supply, common causes, planned outages."""
        if element in self._given:
            return _always(down=self._given[element])
        supply = self._any(self._structure.elements.gates.row(element).tobytes())
        return supply if _ALWAYS in supply else supply | self._beyond.get(element, frozenset())

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
            for items in self._items(block):
                loss.update(items)
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
        down = [self.of_element(e) for e in elements]
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
            asked = [[item for item in items if item[0] not in essential] for items in self._items(block)]
            own = [
                Step(self._functions[cause], weight, len(items) - 1 - place)
                for items in sorted(asked)
                for place, (cause, weight) in enumerate(items)
            ]
            if shared:
                steps.append(Step(self._union(shared), sum(weight for _, weight in block), len(own)))
            steps += own
            parts.update(
                *(self._parts[cause] for cause in (*shared, *(cause for items in asked for cause, _ in items)))
            )
        self._check_size(parts)
        function = self._diagram.threshold(steps, slack)
        return frozenset() if function == self._diagram.never else frozenset({self._cause(function, frozenset(parts))})

    def _items(self, block: list[tuple[int, float]]) -> list[list[tuple[int, float]]]:
        """Causes of loss in a block, with the weight lost: one for a member, or the ranges of a bundle."""
        found = [[(self._own[e], w)] for e, w in block if self._fails(e)]
        for number in dict.fromkeys(self._bundle_of[e] for e, _ in block if e in self._bundle_of):
            bundle = self._bundles[number]
            found.append([(self._of_range[number, at], bundle.weight * n) for at, n in enumerate(bundle.counts)])
        return [items for items in found if items]

    def _last(self, block: tuple[Causes, list[tuple[int, float]]]) -> int:
        """The last part, in variable order, that a block depends on."""
        shared, members = block
        causes = (*shared, *(cause for items in self._items(members) for cause, _ in items))
        return max((max(self._parts[cause]) for cause in causes), default=-1)

    def _fails(self, element: int) -> bool:
        """Whether an element has an own failure that is still in question."""
        return element in self._own and element not in self._given

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


def _always(*, down: bool) -> Causes:
    return frozenset({_ALWAYS}) if down else frozenset()


def _pieces(causes: Causes, parts: Sequence[AbstractSet[int]]) -> list[Causes]:
    """Causes in sets such that causes of different sets have no part in common."""
    leader = {cause: cause for cause in causes}

    def find(cause: int) -> int:
        while leader[cause] != cause:
            leader[cause] = leader[leader[cause]]
            cause = leader[cause]
        return cause

    owner: dict[int, int] = {}
    for cause in causes:
        for part in parts[cause]:
            other = owner.setdefault(part, cause)
            if other != cause:
                leader[find(other)] = find(cause)
    pieces: dict[int, list[int]] = {}
    for cause in causes:
        pieces.setdefault(find(cause), []).append(cause)
    return [frozenset(piece) for piece in pieces.values()]
