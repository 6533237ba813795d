"""Region by region: closed form, decision diagram within the budget, or bounds where none fits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from twin.failure.exact import bounds
from twin.failure.exact.blocks import Block, block, chance
from twin.failure.exact.chances import between, upward
from twin.failure.exact.diagram import Diagram, ExhaustedError
from twin.failure.exact.graph import Graph, graph
from twin.failure.exact.modules import Region, regions
from twin.failure.exact.ops import ATLEAST, OR, Op
from twin.failure.exact.orders import orders

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oxidd.bdd import BDDFunction

    from twin.failure.exact.diagram import Flat
    from twin.failure.exact.frames import Tree

DEFAULT_NODES = 2_000_000
"""Decision nodes one region may have before the engine gives bounds; `oxidd` takes up to 270 bytes each."""

_FIRST = (1 << 15, 1 << 18)
"""Budgets with which every order is tried before any is given the whole."""
_LAST = 2
"""Orders that are given the whole."""


class Span(NamedTuple):
    """Between what and what a probability lies; both the same where it is exact."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether it is known."""
        return self.low == self.high

    def complement(self) -> Span:
        """Of the opposite event."""
        return Span(1.0 - self.high, 1.0 - self.low)


@dataclass(frozen=True, slots=True)
class Diagrams:
    """A region solved by decision diagram: kept, for cut sets and importance."""

    diagram: Diagram
    functions: dict[int, BDDFunction]
    flat: Flat


@dataclass(slots=True)
class Solution:
    """A graph with the probability of its modules and outputs.

    Attributes:
        graph: the graph.
        ops: its gates, those gathered into modules among them.
        roots: the literals asked for.
        base: value of every gate when no event is true.
        chance: of every event, and of every solved gate *against its value in `base`*.
        parts: each region with what solved it: a block, diagrams, or None where there are bounds only.
    """

    graph: Graph
    ops: dict[int, Op]
    roots: list[int]
    base: dict[int, bool]
    chance: dict[int, Span]
    parts: list[tuple[Region, Block | Diagrams | None]] = field(default_factory=list)

    def root(self, index: int) -> Span:
        """The probability of a literal asked for."""
        literal = self.roots[index]
        if abs(literal) == self.graph.true:
            return Span(1.0, 1.0) if literal > 0 else Span(0.0, 0.0)
        span = self.chance[abs(literal)]
        return span.complement() if (literal < 0) != self.base.get(abs(literal), False) else span


def solve(tree: Tree, wanted: Sequence[int], nodes: int = DEFAULT_NODES) -> Solution:
    """Solve some gates of a tree.

    Args:
        tree: the tree.
        wanted: numbers of the gates.
        nodes: decision nodes that one region may use.

    Returns:
        Their probability and how it was found.
    """
    made, roots = graph(tree, wanted)
    ops, found = regions(made, roots)
    events = {number: Span(p, p) for number, p in enumerate(tree.probability) if number}
    solution = Solution(made, ops, roots, _base(ops), events)
    for region in found:
        solution.parts.append((region, _solve(solution, region, nodes)))
    return solution


def literal_chance(values: Mapping[int, float], literal: int) -> float:
    """The probability of a literal, from that of its variable."""
    return values[literal] if literal > 0 else 1.0 - values[-literal]


def _base(ops: Mapping[int, Op]) -> dict[int, bool]:
    """The value of every gate when all events are false."""
    base: dict[int, bool] = {}
    for gate, (kind, k, args) in ops.items():
        true = sum((one < 0) != base.get(abs(one), False) for one in args)
        base[gate] = true > 0 if kind == OR else true >= k if kind == ATLEAST else bool(true % 2)
    return base


def _solve(solution: Solution, region: Region, nodes: int) -> Block | Diagrams | None:
    """Solve one region and keep the probability of its outputs."""
    known = solution.chance
    low = {one: known[one].low for one in region.variables}
    high = {one: known[one].high for one in region.variables}
    if len(region.gates) == 1:
        gate = region.gates[0]
        single = block(solution.ops[gate], solution.base, inverted=solution.base[gate])
        known[gate] = _block_span(single, low, high)
        return single
    solved = _diagrams(solution, region, nodes)
    if solved is None:
        for gate, (least, most) in bounds.region(solution.ops, region, solution.base, low, high, nodes).items():
            known[gate] = Span(least, most)
        return None
    exact = low == high
    ups = (upward(solved.flat, low),) * 2 if exact else between(solved.flat, low, high)
    for gate, node in solved.flat.outputs.items():
        known[gate] = Span(ups[0][node], ups[1][node])
    return solved


def _block_span(single: Block, low: Mapping[int, float], high: Mapping[int, float]) -> Span:
    least = [literal_chance(low if one > 0 else high, one) for one in single.literals]
    most = [literal_chance(high if one > 0 else low, one) for one in single.literals]
    if single.kind != "xor" or least == most:
        return Span(chance(single, least), chance(single, most))
    # The probability of an odd number is linear in each: the ends are at corners, which one pass keeps.
    span = (0.0, 0.0)
    for a, b in zip(least, most, strict=True):
        ends = [p * (1.0 - q) + q * (1.0 - p) for p in span for q in (a, b)]
        span = (min(ends), max(ends))
    return Span(*span)


def _diagrams(solution: Solution, region: Region, nodes: int) -> Diagrams | None:
    """The diagrams of a region in the first order that fits the smallest budget; None where none fits."""
    tries = list(orders(solution.ops, region))
    budgets = [*(one for one in _FIRST if one < nodes), nodes]
    for budget in budgets:
        for order in tries if budget != budgets[-1] else tries[:_LAST]:
            try:
                diagram = Diagram(order, solution.base, budget)
                functions = diagram.build(solution.ops, region)
            except ExhaustedError:
                continue
            return Diagrams(diagram, functions, diagram.flat(functions))
    return None
