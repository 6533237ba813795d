"""Decision diagrams of one region, over `oxidd`, under a budget of nodes; and the same as plain lists."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from oxidd.bdd import BDDManager

from twin.failure.exact.ops import ATLEAST, OR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from oxidd.bdd import BDDFunction

    from twin.failure.exact.modules import Region
    from twin.failure.exact.ops import Op

MAX_VARIABLES = 20_000
"""Variables one diagram may have: `oxidd` recurses once a variable, and its stack ends near 80,000."""

_CACHE = 1 << 18
_LEAST = 4096
"""Nodes that `oxidd` needs to begin at all."""
_FULL = 0.8
"""Share of the budget that may still be in use after unused nodes were dropped."""


class ExhaustedError(Exception):
    """The budget of nodes is spent."""


@dataclass(frozen=True, slots=True)
class Flat:
    """A diagram with several outputs as lists; node 0 is false, 1 true, and children stand before parents.

    Attributes:
        variable: the variable asked at each node, by its number in the graph; 0 at the two ends.
        high, low: the node where it goes when the variable is true, when it is false.
        outputs: the node of every output.
    """

    variable: list[int]
    high: list[int]
    low: list[int]
    outputs: dict[int, int]


class Diagram:
    """A manager over the variables of one region, each asked in the given order.

    A variable stands for an event, or for a module *against its value when nothing is true*: a module that is
    true already then enters complemented, so that all variables are false at the start.
    """

    def __init__(self, order: Sequence[int], base: Mapping[int, bool], nodes: int) -> None:
        """Take the order, the value of every module when all events are false, and the budget.

        Raises:
            ExhaustedError: there are too many variables.
        """
        if len(order) > MAX_VARIABLES:
            raise ExhaustedError
        self.order = list(order)
        self._base = base
        self._nodes = max(nodes, _LEAST)
        self._manager = BDDManager(self._nodes, min(_CACHE, max(1024, nodes)), 1)
        self._manager.add_vars(len(order))
        self.true, self.false = self._manager.true(), self._manager.false()
        self.place = {one: at for at, one in enumerate(order)}

    def literal(self, one: int) -> BDDFunction:
        """The function of a literal of a variable."""
        at = self.place[abs(one)]
        inverted = (one < 0) != self._base.get(abs(one), False)
        return self.within(self._manager.not_var if inverted else self._manager.var, at)

    def variable(self, one: int) -> BDDFunction:
        """The function of a variable, as it is asked."""
        return self.within(self._manager.var, self.place[one])

    def build(self, ops: Mapping[int, Op], region: Region) -> dict[int, BDDFunction]:
        """The function of every output against its value when nothing is true.

        Each gate is built in the polarity in which it is used, so that a coherent tree needs no complement.

        Raises:
            ExhaustedError: the budget of nodes is spent.
        """
        outputs = {gate: -gate if self._base.get(gate, False) else gate for gate in region.outputs}
        inner = set(region.gates)
        needed = set(outputs.values())
        for gate in reversed(region.gates):
            for own in (gate, -gate):
                if own in needed:
                    sign = 1 if own > 0 else -1
                    needed.update(one * sign for one in ops[gate].args if abs(one) in inner)
                    if ops[gate].kind not in (OR, ATLEAST):
                        needed.update(abs(one) for one in ops[gate].args if abs(one) in inner)
        made: dict[int, BDDFunction] = {}
        for gate in region.gates:
            for own in (gate, -gate):
                if own in needed:
                    made[own] = self._gate(ops[gate], own > 0, made)
        return {gate: made[own] for gate, own in outputs.items()}

    def _gate(self, op: Op, positive: bool, made: Mapping[int, BDDFunction]) -> BDDFunction:
        if op.kind not in (OR, ATLEAST):
            functions = [made.get(abs(one)) or self.literal(abs(one)) for one in op.args]
            result = self.false if positive else self.true
            for function in self.deepest_first(functions):
                result = self.within(operator.xor, function, result)
            return result
        sign = 1 if positive else -1
        functions = [made.get(one * sign) or self.literal(one * sign) for one in op.args]
        if op.kind == OR:
            return self.fold(functions, any_of=positive)
        return self._at_least(functions, op.k if positive else len(op.args) - op.k + 1)

    def fold(self, functions: Iterable[BDDFunction], *, any_of: bool) -> BDDFunction:
        """The disjunction of functions, or their conjunction."""
        result = self.false if any_of else self.true
        for function in self.deepest_first(functions):
            result = self.within(operator.or_ if any_of else operator.and_, function, result)
        return result

    def _at_least(self, functions: Sequence[BDDFunction], k: int) -> BDDFunction:
        reached = [self.true, *[self.false] * k]
        for function in self.deepest_first(functions):
            for count in range(k, 0, -1):
                reached[count] = self.within(function.ite, reached[count - 1], reached[count])
        return reached[k]

    def deepest_first(self, functions: Iterable[BDDFunction]) -> list[BDDFunction]:
        """In the order in which adding one walks it alone and not all that came before."""
        return sorted(functions, key=lambda one: -1 if (var := one.node_var()) is None else var, reverse=True)

    def within(self, make: Callable[..., BDDFunction], *of: object) -> BDDFunction:
        """What an operation gives, after dropping unused nodes where there was no room.

        Raises:
            ExhaustedError: there is no room even so.
        """
        try:
            return make(*of)
        except MemoryError:
            self._manager.gc()
        # With little freed every step would collect again, and never come to an end.
        if self._manager.num_inner_nodes() > _FULL * self._nodes:
            raise ExhaustedError
        try:
            return make(*of)
        except MemoryError:
            raise ExhaustedError from None

    def flat(self, outputs: Mapping[int, BDDFunction]) -> Flat:
        """The diagrams of some outputs as lists."""
        number = {self.false: 0, self.true: 1}
        variable, high, low = [0, 0], [0, 1], [0, 1]
        for root in outputs.values():
            pending = [root]
            while pending:
                here = pending[-1]
                if here in number:
                    pending.pop()
                    continue
                then, other = children(here)
                one, two = number.get(then), number.get(other)
                if one is None or two is None:
                    if one is None:
                        pending.append(then)
                    if two is None:
                        pending.append(other)
                    continue
                number[here] = len(variable)
                variable.append(self.order[here.node_var() or 0])
                high.append(one)
                low.append(two)
                pending.pop()
        return Flat(variable, high, low, {gate: number[root] for gate, root in outputs.items()})


def children(function: BDDFunction) -> tuple[BDDFunction, BDDFunction]:
    """Where an inner node goes."""
    found = function.cofactors()
    if found is None:  # pragma: no cover - ends are never asked
        raise AssertionError("an end has no children")
    return found
