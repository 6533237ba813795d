"""The fault tree of two frames and what can be asked of it."""

from __future__ import annotations

from math import inf, prod
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from twin.errors import UsageError
from twin.failure.exact import bounds
from twin.failure.exact.cutsets import CutSets
from twin.failure.exact.frames import read
from twin.failure.exact.importance import importance as importance_of
from twin.failure.exact.solve import DEFAULT_NODES, Solution, solve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.failure.exact.importance import Importance

EXACT = "exact"
DEFAULT_ORDER = 4
DEFAULT_LIMIT = 100_000

_TOPS = {
    "gate": pl.String,
    "probability": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "method": pl.String,
}
_SETS: dict[str, pl.DataType | type[pl.DataType]] = {
    "order": pl.Int64,
    "probability": pl.Float64,
    "events": pl.List(pl.String),
}
_COUNTS = {"order": pl.Int64, "count": pl.UInt64, "listed": pl.Boolean}
_IMPORTANCE = {
    "event": pl.String,
    "probability": pl.Float64,
    "birnbaum": pl.Float64,
    "criticality": pl.Float64,
    "fussell_vesely": pl.Float64,
    "diagnostic": pl.Float64,
    "raw": pl.Float64,
    "rrw": pl.Float64,
}


class CutSetFrames(NamedTuple):
    """Minimal cut sets.

    Attributes:
        sets: one row per minimal cut set, most probable first: `order` (number of events), `probability` that all
            of its events happen, `events`.
        counts: one row per order up to the one asked for: `order`, `count` of minimal cut sets, and whether they
            are `listed` in `sets`; orders are left out whole, from the highest, where there are too many.
    """

    sets: pl.DataFrame
    counts: pl.DataFrame


class FaultTree:
    """A fault tree, checked; each top is solved once, whatever is asked of it."""

    def __init__(self, gates: pl.DataFrame, events: pl.DataFrame, nodes: int = DEFAULT_NODES) -> None:
        """Read the two frames.

        Args:
            gates: one row per input of a gate: `gate`, `kind`, `input`, and where needed `k`, `k_max`, `negated`.
                Kinds: and, or, atleast (`k`), not, xor (an odd number), nand, nor, imply, iff, cardinality
                (`k` to `k_max`), null (the input itself).
            events: one row per event: `event`, `probability`, and where needed `house` (a constant of the tree).
            nodes: decision nodes that one independent part of the tree may use.

        Raises:
            InputError: everything that is wrong with the frames.
        """
        self._tree = read(gates, events)
        self._nodes = nodes
        self._solved: dict[tuple[int, ...], Solution] = {}

    @property
    def tops(self) -> list[str]:
        """The gates that no other gate has as its input."""
        return [self._tree.names[number] for number in self._tree.roots]

    @property
    def gates(self) -> list[str]:
        """All gates, each after the gates it has as inputs."""
        return [self._tree.names[number] for number in self._tree.gates]

    def top_event(self, top: str | Sequence[str] | None = None) -> pl.DataFrame:
        """The probability of one gate or of several, solved together.

        Args:
            top: a gate, or gates (`tree.gates`: all); the one top gate where none is named.

        Returns:
            One row per gate: `gate`, `probability` (null where only bounds are known), `lower` and `upper` (equal
            to it where it is known), `method`.

        Raises:
            UsageError: no such gate, or several top gates and no choice.
        """
        chosen = self._tree.chosen(top)
        solution = self._solution(tuple(chosen))
        rows = []
        for index, number in enumerate(chosen):
            low, high = span = solution.root(index)
            known, method = (low, EXACT) if span.exact else (None, bounds.METHOD)
            rows.append((self._tree.names[number], known, low, high, method))
        return pl.DataFrame(rows, schema=_TOPS, orient="row")

    def cut_sets(
        self, top: str | None = None, order: int | None = DEFAULT_ORDER, limit: int = DEFAULT_LIMIT
    ) -> CutSetFrames:
        """The minimal cut sets of a gate.

        Args:
            top: the gate; the one top gate where none is named.
            order: most events in a set; None for all.
            limit: most sets to list.

        Raises:
            UsageError: no such gate, or several top gates and no choice, or an order below 1.
            RefusedError: the tree is too entangled for the budget of nodes.
        """
        if order is not None and order < 1:
            raise UsageError(f"the highest order of cut sets is {order}; give 1 or more")
        (chosen,) = self._tree.chosen(top)
        most = len(self._tree.probability) - 1 if order is None else order
        found = CutSets(self._solution((chosen,)), min(most, len(self._tree.probability) - 1), self._nodes)
        room, rows, counts = limit, [], []
        for size, count in enumerate(found.counts):
            room -= count
            counts.append((size, count, room >= 0))
            if room >= 0:
                rows += [(size, self._product(one), self._named(one)) for one in found.of_order(size)]
        sets = pl.DataFrame(rows, schema=_SETS, orient="row").sort(
            "probability", "order", descending=[True, False], maintain_order=True
        )
        return CutSetFrames(sets, pl.DataFrame(counts, schema=_COUNTS, orient="row").filter(pl.col("count") > 0))

    def importance(self, top: str | None = None) -> pl.DataFrame:
        """How much each event matters to a gate, most critical first.

        Args:
            top: the gate; the one top gate where none is named.

        Returns:
            One row per event below the gate, with P the probability of the gate and p that of the event:
            `event`, `probability`, `birnbaum` = P(top | event) - P(top | no event), `criticality` = birnbaum x p / P,
            `fussell_vesely` = P(a minimal cut set with the event is true | top), `diagnostic` = P(event | top),
            `raw` = P(top | event) / P, `rrw` = P / P(top | no event), which may be infinite.  Null where P is 0;
            `fussell_vesely` is null too where the tree is not coherent or its cut sets are too much work.

        Raises:
            UsageError: no such gate, or several top gates and no choice.
            RefusedError: only bounds of the probability are known.
        """
        (chosen,) = self._tree.chosen(top)
        solution = self._solution((chosen,))
        found = importance_of(solution)
        total = solution.root(0).low
        rows = []
        for number in self._events_below(chosen):
            own = found.get(number)
            rows.append((self._tree.names[number], *self._ratios(self._tree.probability[number], total, own)))
        made = pl.DataFrame(rows, schema=_IMPORTANCE, orient="row")
        return made.sort("criticality", "birnbaum", descending=True, nulls_last=True, maintain_order=True)

    def _ratios(self, p: float, top: float, own: Importance | None) -> tuple[float | None, ...]:
        """The columns of one event; without `own` the top does not depend on it."""
        slope, with_it, without, cut = own or (0.0, top, top, 0.0)
        if top == 0.0:
            return p, slope, None, None, None, None, None
        fussell_vesely = None if cut is None else cut / top
        reduction = top / without if without > 0.0 else inf
        return p, slope, slope * p / top, fussell_vesely, p * with_it / top, with_it / top, reduction

    def _solution(self, chosen: tuple[int, ...]) -> Solution:
        if chosen not in self._solved:
            self._solved[chosen] = solve(self._tree, chosen, self._nodes)
        return self._solved[chosen]

    def _events_below(self, gate: int) -> list[int]:
        seen: set[int] = set()
        pending = [gate]
        while pending:
            here = pending.pop()
            if here not in seen:
                seen.add(here)
                pending += [abs(one) for one in self._tree.gates[here].inputs] if here in self._tree.gates else []
        return sorted(one for one in seen if one not in self._tree.gates and one not in self._tree.house)

    def _product(self, events: Sequence[int]) -> float:
        return prod(self._tree.probability[one] for one in sorted(events))

    def _named(self, events: Sequence[int]) -> list[str]:
        return [self._tree.names[one] for one in sorted(events)]


def top_event(
    gates: pl.DataFrame, events: pl.DataFrame, top: str | Sequence[str] | None = None, nodes: int = DEFAULT_NODES
) -> pl.DataFrame:
    """The exact probability of one gate or of several; see `FaultTree` for the frames and `FaultTree.top_event`."""
    return FaultTree(gates, events, nodes).top_event(top)


def cut_sets(
    gates: pl.DataFrame,
    events: pl.DataFrame,
    top: str | None = None,
    order: int | None = DEFAULT_ORDER,
    limit: int = DEFAULT_LIMIT,
    nodes: int = DEFAULT_NODES,
) -> CutSetFrames:
    """The minimal cut sets of a gate; see `FaultTree` for the frames and `FaultTree.cut_sets`."""
    return FaultTree(gates, events, nodes).cut_sets(top, order, limit)


def importance(
    gates: pl.DataFrame, events: pl.DataFrame, top: str | None = None, nodes: int = DEFAULT_NODES
) -> pl.DataFrame:
    """How much each event matters to a gate; see `FaultTree` for the frames and `FaultTree.importance`."""
    return FaultTree(gates, events, nodes).importance(top)
