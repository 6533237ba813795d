"""Bounds for a region whose decision diagram does not fit: pruned diagrams.

Every gate is carried as two diagrams, one below its function and one above.  Where one grows too large,
the nodes that matter least are cut: from the lower one they count as false, from the upper one as true.  So
the truth stays between whatever is cut.  What matters least is what is reached with the least probability
times what the cut changes there.  The bounds are narrow where few failures at once make up most of it.
"""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from twin.failure.exact.blocks import AND, block
from twin.failure.exact.chances import between, upward
from twin.failure.exact.diagram import MAX_VARIABLES, Diagram, ExhaustedError
from twin.failure.exact.ops import ATLEAST, OR, Op
from twin.failure.exact.orders import orders

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from oxidd.bdd import BDDFunction

    from twin.failure.exact.modules import Region

METHOD = "pruned diagrams"
"""What the bounds are called in a result."""

_KEPT = 4_000
_FEWEST = 100
"""Most nodes of a diagram after it was pruned, and fewest; it is pruned where it has twice as many."""
_SHARE = 60
"""Diagrams of that size that the budget leaves for what one operation makes on its way."""


class Pair(NamedTuple):
    """A function between two diagrams."""

    low: BDDFunction
    high: BDDFunction


def region(
    ops: Mapping[int, Op],
    of: Region,
    base: Mapping[int, bool],
    low: Mapping[int, float],
    high: Mapping[int, float],
    nodes: int,
) -> dict[int, tuple[float, float]]:
    """Bounds of the outputs of a region, each against its value when nothing is true.

    Args:
        ops: the gates.
        of: the region.
        base: value of every gate when all events are false.
        low: least probability of each variable.
        high: most probability of each variable.
        nodes: the budget of all diagrams together, unless it is too small for any.
    """
    order = next(iter(orders(dict(ops), of)))
    last = {abs(one): gate for gate in of.gates for one in ops[gate].args}
    if len(order) > MAX_VARIABLES:
        return dict.fromkeys(of.outputs, (0.0, 1.0))
    share = _SHARE + 4 * _widest(of, last)
    kept = max(_FEWEST, min(_KEPT, nodes // share))
    diagram = Diagram(order, base, max(nodes, kept * share + 4 * len(order)))
    pruned = _Pruned(diagram, low, kept)
    made: dict[int, Pair] = {}
    for gate in of.gates:
        made[gate] = pruned.gate(turned(ops[gate], base, inverted=base[gate]), made)
        for one in {abs(one) for one in ops[gate].args}:
            if last[one] == gate and one in made and one not in of.outputs:
                del made[one]
    return {gate: pruned.span(made[gate], low, high) for gate in of.outputs}


def turned(op: Op, base: Mapping[int, bool], *, inverted: bool) -> Op:
    """A gate, over arguments that are all false at the start, turned to be so itself."""
    return Op(*block(op, base, inverted=inverted))


def _widest(of: Region, last: Mapping[int, int]) -> int:
    """Most gates that are held at once while they are made in turn."""
    ends = Counter(last.get(gate) for gate in of.gates)
    held, most = 0, 0
    for gate in of.gates:
        held += 1
        most = max(most, held)
        held -= ends[gate]
    return most


class _Pruned:
    """Gates as pairs of diagrams, pruned to a size."""

    def __init__(self, diagram: Diagram, chance: Mapping[int, float], kept: int) -> None:
        self._diagram = diagram
        self._chance = chance
        self._kept = kept

    def gate(self, op: Op, made: Mapping[int, Pair]) -> Pair:
        """The pair of one gate."""
        args = [self._literal(one, made) for one in op.args]
        args.sort(key=lambda pair: -1 if (var := pair.high.node_var()) is None else var, reverse=True)
        if op.kind == ATLEAST:
            return self._at_least(args, op.k)
        return reduce({OR: self._either, AND: self._both}.get(op.kind, self._differ), args)

    def span(self, pair: Pair, low: Mapping[int, float], high: Mapping[int, float]) -> tuple[float, float]:
        """The bounds of a pair."""
        flat = self._diagram.flat({0: pair.low, 1: pair.high})
        least, most = between(flat, low, high)
        return least[flat.outputs[0]], min(most[flat.outputs[1]], 1.0)

    def _literal(self, one: int, made: Mapping[int, Pair]) -> Pair:
        if abs(one) in made:
            return made[one] if one > 0 else self._not(made[-one])
        try:
            function = self._diagram.variable(abs(one))
            return Pair(*(function if one > 0 else ~function,) * 2)
        except (ExhaustedError, MemoryError):
            return Pair(self._diagram.false, self._diagram.true)

    def _not(self, pair: Pair) -> Pair:
        return Pair(
            self._fitted(lambda one, _: ~one, pair.high, self._diagram.false, end=False),
            self._fitted(lambda one, _: ~one, pair.low, self._diagram.false, end=True),
        )

    def _either(self, one: Pair, other: Pair) -> Pair:
        return self._joined(lambda a, b: a | b, one, other)

    def _both(self, one: Pair, other: Pair) -> Pair:
        return self._joined(lambda a, b: a & b, one, other)

    def _differ(self, one: Pair, other: Pair) -> Pair:
        return self._either(self._both(one, self._not(other)), self._both(self._not(one), other))

    def _joined(self, join: Callable[[BDDFunction, BDDFunction], BDDFunction], one: Pair, other: Pair) -> Pair:
        return Pair(
            self._fitted(join, one.low, other.low, end=False), self._fitted(join, one.high, other.high, end=True)
        )

    def _at_least(self, args: Sequence[Pair], k: int) -> Pair:
        true, false = self._diagram.true, self._diagram.false
        reached = [Pair(true, true), *[Pair(false, false)] * k]
        for one in args:
            for count in range(k, 0, -1):
                reached[count] = self._either(reached[count], self._both(one, reached[count - 1]))
        return reached[k]

    def _fitted(
        self,
        join: Callable[[BDDFunction, BDDFunction], BDDFunction],
        one: BDDFunction,
        other: BDDFunction,
        *,
        end: bool,
    ) -> BDDFunction:
        """A monotone or complementing operation that fits; what is pruned counts as `end`."""
        # An operand of a complement loses the opposite of what the result loses.
        flips = join(self._diagram.true, self._diagram.false) == self._diagram.false and other == self._diagram.false
        size = self._kept
        while True:
            try:
                return self._pruned(self._diagram.within(join, one, other), 2 * self._kept, end=end)
            except ExhaustedError:
                size //= 2
                one = self._pruned(one, size, end=end != flips)
                other = self._pruned(other, size, end=end)

    def _pruned(self, function: BDDFunction, most: int, *, end: bool) -> BDDFunction:
        """The function with no more than half of `most` nodes, where it has more than `most`."""
        if most < 2:  # noqa: PLR2004 - nothing is left to prune
            return self._diagram.true if end else self._diagram.false
        if function.node_count() <= most:
            return function
        flat = self._diagram.flat({0: function})
        found = upward(flat, self._chance)
        reach = [0.0] * len(found)
        reach[flat.outputs[0]] = 1.0
        for node in range(len(found) - 1, 1, -1):
            p = self._chance[flat.variable[node]]
            reach[flat.high[node]] += reach[node] * p
            reach[flat.low[node]] += reach[node] * (1.0 - p)
        lost = [here * (1.0 - p if end else p) for here, p in zip(reach, found, strict=True)]
        ranked = sorted(range(2, len(lost)), key=lost.__getitem__)
        cut = set(ranked[: len(ranked) - most // 2])
        try:
            return self._rebuilt(flat.variable, flat.high, flat.low, cut, end=end)
        except ExhaustedError:
            return self._diagram.true if end else self._diagram.false

    def _rebuilt(
        self, variable: Sequence[int], high: Sequence[int], low: Sequence[int], cut: set[int], *, end: bool
    ) -> BDDFunction:
        diagram = self._diagram
        stays = diagram.true if end else diagram.false
        made = [diagram.false, diagram.true]
        for node in range(2, len(variable)):
            if node in cut:
                made.append(stays)
                continue
            asked = diagram.variable(variable[node])
            made.append(diagram.within(asked.ite, made[high[node]], made[low[node]]))
        return made[-1]
