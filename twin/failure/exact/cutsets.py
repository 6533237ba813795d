"""Minimal cut sets of a solved tree: counted by order without listing them, and listed by order on demand.

Of a tree that is not coherent they are those of the least coherent function above it: the minimal sets of
events that, together with the right other events *not* happening, bring the top about (Rauzy, "Mathematical
foundation of minimal cutsets", IEEE Transactions on Reliability 50(4), 2001).  SCRAM lists the same.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

from twin.errors import RefusedError
from twin.failure.exact.blocks import AND, Block
from twin.failure.exact.diagram import ExhaustedError, children
from twin.failure.exact.ops import ATLEAST
from twin.failure.exact.zbdd import EMPTY, NONE, Families

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from oxidd.bdd import BDDFunction

    from twin.failure.exact.diagram import Diagram
    from twin.failure.exact.solve import Diagrams, Solution

Cut = tuple[int, ...]

_EVENT = [0, 1]
"""An event has one cut set, of order 1."""

_WHOLE = 100_000
"""Nodes within which all cut sets are tried for first: that is quicker than only those up to an order."""


class CutSets:
    """The minimal cut sets of the first literal of a solution, of up to `most` events.

    Attributes:
        counts: entry n is how many have n events.
    """

    def __init__(self, solution: Solution, most: int, nodes: int) -> None:
        """Find them, region by region.

        Raises:
            RefusedError: a region has bounds only, or the sets take too many nodes.
        """
        self._most = most
        self._families: dict[int, tuple[Families, int]] = {}
        self._counts: dict[int, list[int]] = {}
        self._exact: dict[tuple[int, int], list[Cut]] = {}
        literal = solution.roots[0]
        self._root = abs(literal)
        for region, solved in solution.parts:
            (gate,) = region.outputs
            try:
                family = _of_region(solved, gate, most, nodes)
            except ExhaustedError:
                raise _refused(f"its minimal cut sets up to order {most} take more than {nodes:,} nodes") from None
            self._families[gate] = family
            weights = {one: self._sizes(one) for one in region.variables}
            self._counts[gate] = _trimmed(family[0].counts(family[1], weights, most))
        if self._root == solution.graph.true:
            self._fixed: bool | None = literal > 0
        elif (literal < 0) != solution.base.get(self._root, False):
            self._fixed = True
        else:
            self._fixed = None
        self.counts = self._sizes(self._root) if self._fixed is None else [int(self._fixed)]

    def of_order(self, order: int) -> list[Cut]:
        """Those of exactly this many events, as numbers of events."""
        if self._fixed is not None:
            return [()] if self._fixed and order == 0 else []
        return self._of(self._root, order)

    def _of(self, variable: int, order: int) -> list[Cut]:
        if variable not in self._families:
            return [(variable,)] if order == 1 else []
        key = (variable, order)
        if key not in self._exact:
            families, root = self._families[variable]
            least = {one: self._least(one) for one in families.order}
            widest = {one: len(self._sizes(one)) - 1 for one in families.order}
            found: list[Cut] = []
            for members in families.sets(root, least, order):
                if sum(widest[one] for one in members) >= order:
                    found += self._spread(members, order, [least[one] for one in members])
            self._exact[key] = found
        return self._exact[key]

    def _sizes(self, variable: int) -> list[int]:
        """How many cut sets of each order a module or event has."""
        return self._counts.get(variable, _EVENT)

    def _least(self, variable: int) -> int:
        """The order of the smallest cut set of a module or event."""
        return next((order for order, count in enumerate(self._sizes(variable)) if count), self._most + 1)

    def _spread(self, members: Sequence[int], order: int, least: Sequence[int]) -> Iterator[Cut]:
        """Sets of `order` events that make up one set of modules and events."""
        if not members:
            if order == 0:
                yield ()
            return
        if len(members) == order and not any(one in self._families for one in members):
            yield tuple(members)
            return
        own, *rest = members
        for size, count in enumerate(self._sizes(own)[: order - sum(least[1:]) + 1]):
            others = list(self._spread(rest, order - size, least[1:])) if count else []
            if others:
                yield from ((*one, *other) for one in self._of(own, size) for other in others)


def hull(diagram: Diagram, function: BDDFunction) -> BDDFunction:
    """The least coherent function above a function: true where it is for some smaller set of events.

    Raises:
        ExhaustedError: the budget of nodes is spent.
    """
    known = {diagram.true: diagram.true, diagram.false: diagram.false}
    pending = [function]
    while pending:
        here = pending[-1]
        if here in known:
            pending.pop()
            continue
        high, low = children(here)
        either = diagram.within(operator.or_, high, low)
        if missing := [one for one in (low, either) if one not in known]:
            pending += missing
            continue
        asked = diagram.variable(diagram.order[here.node_var() or 0])
        known[here] = diagram.within(asked.ite, known[either], known[low])
        pending.pop()
    return known[function]


def _trimmed(counts: list[int]) -> list[int]:
    """Without the highest orders that have none."""
    most = max((order for order, count in enumerate(counts) if count), default=0)
    return counts[: most + 1]


def _of_region(solved: Block | Diagrams | None, gate: int, most: int, nodes: int) -> tuple[Families, int]:
    if solved is None:
        raise _refused(f"a part of the tree needs more than {nodes:,} decision nodes")
    if isinstance(solved, Block):
        return _of_block(solved, nodes)
    flat, order = solved.flat, solved.diagram.order
    root = flat.outputs[gate]
    try:
        families = Families(order, min(nodes, _WHOLE))
        return families, families.minimal(flat, root)
    except ExhaustedError:
        families = Families(order, nodes)
        return families, families.minimal(flat, root, most)


def _of_block(of: Block, nodes: int) -> tuple[Families, int]:
    """The cut sets of one gate: a complement is no hindrance, as its event need not happen."""
    order = [one for one in of.literals if one > 0]
    need = 1 if of.kind not in (AND, ATLEAST) else of.k - (len(of.literals) - len(order))
    families = Families(order, nodes)
    row = [EMPTY, *[NONE] * need]
    for place in range(len(order) - 1, -1, -1):
        row = [EMPTY, *(families.node(place, row[j - 1], row[j]) for j in range(1, need + 1))]
    return families, row[need]


def _refused(why: str) -> RefusedError:
    remedy = "ask for a lower order of cut sets, or give it more `nodes`"
    return RefusedError("failure", f"the fault tree is too entangled: {why}", remedy)
