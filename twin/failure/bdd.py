"""Binary decision diagrams of failure functions, over `oxidd`, with probability and frequency.

A function here is true when something is *down*, over variables that are true when a part has
*failed*.  Adding up the probability of being down, and never one minus that of being up, keeps the
relative precision of probabilities as small as 1e-300.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, cast

from oxidd.bdd import BDDManager

from twin.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from oxidd.bdd import BDDFunction

    from twin.failure.directions import Directions

DEFAULT_NODES = 5_000_000
"""Decision nodes one diagram may have before the engine refuses; measured: 270 bytes each at the very worst."""

MAX_VARIABLES = 20_000
"""Variables one function may depend on: `oxidd` recurses once a variable, and its stack ends near 80,000."""

_CACHE = 1 << 18
_SNAP = 1e-12
"""Relative distance at which two remaining losses of a threshold are the same: far below the tolerance of gates."""


class Step(NamedTuple):
    """One question of a threshold: does `function` hold, and so is `weight` lost?

    Attributes:
        function: when this is down.
        weight: what is lost then.
        skip: steps after this one that the answer yes makes pointless, as they are part of the same loss.
    """

    function: BDDFunction
    weight: float
    skip: int = 0


class Measure(NamedTuple):
    """How likely a function is down and how often it goes down.

    Attributes:
        unavailability: long-run probability of being down.
        per_year: expected number of times a year that it goes down.
    """

    unavailability: float
    per_year: float

    def either(self, other: Measure) -> Measure:
        """This or another down, where the two depend on no part in common."""
        return Measure(
            self.unavailability + other.unavailability * (1.0 - self.unavailability),
            self.per_year * (1.0 - other.unavailability) + other.per_year * (1.0 - self.unavailability),
        )


UP = Measure(0.0, 0.0)
DOWN = Measure(1.0, 0.0)


class Diagram:
    """One shared diagram over the failures of independent parts.

    Variables are asked in the order of the parts given.  No more than `nodes` decision nodes are made.
    """

    def __init__(
        self,
        unavailability: Sequence[float],
        per_year: Sequence[float],
        nodes: int = DEFAULT_NODES,
        exclusive: Sequence[int] = (),
    ) -> None:
        """Take the parts in variable order.

        Args:
            unavailability: long-run unavailability of each.
            per_year: failures a year of each.
            nodes: decision nodes that may be made.
            exclusive: for each, the set of which at most one part is there at a time; -1 for none.  A set
                stands together.  Functions may ask for a part of it only as "this one, and none before it":
                `but_not(part(i), any_of(part(j) for j before i))`.
        """
        self.nodes = nodes
        self._exclusive = list(exclusive) or [-1] * len(unavailability)
        self._parts = [Measure(float(p), float(f)) for p, f in zip(unavailability, per_year, strict=True)]
        self._manager = BDDManager(nodes, min(_CACHE, max(1024, nodes)), 1)
        self._manager.add_vars(len(self._parts))
        self.never, self.always = self._manager.false(), self._manager.true()
        self._measured: dict[BDDFunction, Measure] = {self.never: UP, self.always: DOWN}

    def turn(self, directions: Sequence[Directions | float]) -> None:
        """Measure the derivative in other directions, in place of failures a year: what each part's grows by there."""
        # What stands for the failures a year follows the same arithmetic, whatever it is.
        turned = zip(self._parts, directions, strict=True)
        self._parts = [Measure(part.unavailability, cast("float", to)) for part, to in turned]
        self._measured = {self.never: UP, self.always: DOWN}

    @property
    def size(self) -> int:
        """Decision nodes there are."""
        return int(self._manager.num_inner_nodes())

    def part(self, index: int) -> BDDFunction:
        """The function that is down when part `index` has failed.

        Raises:
            RefusedError: the node budget is spent.
        """
        return self._within(lambda: self._manager.var(index))

    def but_not(self, function: BDDFunction, other: BDDFunction) -> BDDFunction:
        """Down when the first function is and the second is not.

        Raises:
            RefusedError: the node budget is spent.
        """
        return self._ite(other, self.never, function)

    def any_of(self, functions: Iterable[BDDFunction]) -> BDDFunction:
        """Down when any of the functions is.

        Raises:
            RefusedError: the node budget is spent.
        """
        # Deepest first, so that every step walks the one new function and not all that came before.
        result = self.never
        for function in sorted(functions, key=self._depth, reverse=True):
            result = self._ite(function, self.always, result)
        return result

    def all_of(self, functions: Iterable[BDDFunction]) -> BDDFunction:
        """Down when all of the functions are.

        Raises:
            RefusedError: the node budget is spent.
        """
        result = self.always
        for function in sorted(functions, key=self._depth, reverse=True):
            result = self._ite(function, result, self.never)
        return result

    def threshold(self, steps: Sequence[Step], slack: float) -> BDDFunction:
        """Down when the weights of the steps that are down sum to more than `slack`.

        A step that is down takes its `skip` followers out of the sum: its weight is theirs already.
        Remaining losses that lead to the same function are found as an interval and shared (Abío et al.,
        "A new look at BDDs for pseudo-Boolean constraints", 2012), so that k of n takes k (n - k + 1) nodes.

        Raises:
            RefusedError: the node budget is spent.
        """
        table = _Losses(steps, slack, self.never, self.always)
        pending = [(0, slack)]
        while pending:
            at, left = pending[-1]
            if table.find(at, left) is not None:
                pending.pop()
                continue
            step = steps[at]
            ways = ((at + 1 + step.skip, left - step.weight), (at + 1, left))
            down, up = (table.find(*way) for way in ways)
            if down is None or up is None:
                pending += [way for way, found in zip(ways, (down, up), strict=True) if found is None]
                continue
            low, high = max(up.low, down.low + step.weight), min(up.high, down.high + step.weight)
            table.add(at, left, _Range(low, high, self._ite(step.function, down.function, up.function)))
            if table.size > self.nodes:
                raise self._refused(f"a gate of {len(steps)} members has more than {self.nodes:,} distinct losses")
            pending.pop()
        found = table.find(0, slack)
        return self.never if found is None else found.function

    def measure(self, function: BDDFunction) -> Measure:
        """Unavailability and failures a year of a function, exactly.

        With P(f) = p P(f1) + (1 - p) P(f0) at a node of a part with unavailability p, the frequency of
        coherent independent repairable parts in steady state is the sum over parts of Birnbaum's importance
        dP/dp times the part's own frequency of failure (Rausand and Høyland, System Reliability Theory,
        2nd ed., section 9.6; Billinton and Allan, Reliability Evaluation of Engineering Systems, ch. 11).
        Differentiating the recursion gives it node by node: W(f) = w (P(f1) - P(f0)) + p W(f1) + (1 - p) W(f0).
        The difference loses digits only where outages through this part are rare among far longer ones of
        others, and those others then make up the sum.  Parts that exclude each other are one node of many
        branches: P(f) = sum of p_i P(f_i) over them and over "none", and each begins from none of them.
        """
        known = self._measured
        pending = [function]
        while pending:
            here = pending[-1]
            if here in known:
                pending.pop()
                continue
            ways, none = self._branches(here)
            if missing := [child for child in (*(way for _, way in ways), none) if child not in known]:
                pending += missing
                continue
            known[here] = self._joined([(self._parts[index], known[way]) for index, way in ways], known[none])
            pending.pop()
        return known[function]

    def _branches(self, function: BDDFunction) -> tuple[list[tuple[int, BDDFunction]], BDDFunction]:
        """The parts that a function asks for first, with what it is when each is there, and when none is."""
        index = self._depth(function)
        group = self._exclusive[index]
        ways: list[tuple[int, BDDFunction]] = []
        while True:
            children = function.cofactors()
            if children is None:  # pragma: no cover - constants are known from the start
                raise AssertionError("an inner node has no children")
            ways.append((index, children[0]))
            function = children[1]
            index = self._depth(function)
            if group < 0 or index < 0 or self._exclusive[index] != group:
                return ways, function

    def _joined(self, ways: list[tuple[Measure, Measure]], none: Measure) -> Measure:
        """One of some parts is there, or none of them."""
        share = 1.0 - sum(part.unavailability for part, _ in ways)
        unavailability, per_year = share * none.unavailability, share * none.per_year
        for part, down in ways:
            unavailability += part.unavailability * down.unavailability
            per_year += part.per_year * (down.unavailability - none.unavailability)
            per_year += part.unavailability * down.per_year
        return Measure(unavailability, per_year)

    def _depth(self, function: BDDFunction) -> int:
        index = function.node_var()
        return -1 if index is None else index

    def _ite(self, test: BDDFunction, then: BDDFunction, other: BDDFunction) -> BDDFunction:
        return self._within(lambda: test.ite(then, other))

    def _within(self, make: Callable[[], BDDFunction]) -> BDDFunction:
        try:
            return make()
        except MemoryError:
            # Nodes that nobody refers to any more still count until they are collected.
            self._manager.gc()
        try:
            return make()
        except MemoryError:
            raise self._refused(f"its decision diagram needs more than {self.nodes:,} nodes") from None

    def _refused(self, why: str) -> RefusedError:
        return RefusedError(
            "failure",
            f"the system is too entangled for an exact answer: {why}",
            "state `need:` or a smaller `pick:` where consumers share suppliers in many combinations, "
            "or raise `nodes` in `analyses: {failure: {nodes: …}}`",
        )


class _Range(NamedTuple):
    """A function that holds for every remaining loss in [low, high)."""

    low: float
    high: float
    function: BDDFunction


class _Losses:
    """The functions of a threshold found so far, by step and by the loss that is still bearable."""

    def __init__(self, steps: Sequence[Step], slack: float, never: BDDFunction, always: BDDFunction) -> None:
        self.size = 0
        self._always = _Range(float("-inf"), 0.0, always)
        self._near = _SNAP * (slack + sum(step.weight for step in steps))
        self._rest = [0.0] * (len(steps) + 1)
        for at in range(len(steps) - 1, -1, -1):
            step = steps[at]
            self._rest[at] = max(self._rest[at + 1], step.weight + self._rest[at + 1 + step.skip])
        self._never = [_Range(rest, float("inf"), never) for rest in self._rest]
        self._lows: list[list[float]] = [[] for _ in steps]
        self._ranges: list[list[_Range]] = [[] for _ in steps]

    def find(self, at: int, left: float) -> _Range | None:
        """What is known about the steps from `at` on when `left` may still be lost."""
        if left < 0.0:
            return self._always
        if self._rest[at] <= left:
            return self._never[at]
        place = bisect_right(self._lows[at], left + self._near) - 1
        if place < 0:
            return None
        found = self._ranges[at][place]
        return found if left < found.high + self._near else None

    def add(self, at: int, left: float, found: _Range) -> None:
        """Keep what was found for `left`, which rounding may have put at the very edge of the range."""
        wide = _Range(min(found.low, left), max(found.high, left), found.function)
        place = bisect_right(self._lows[at], wide.low)
        self._lows[at].insert(place, wide.low)
        self._ranges[at].insert(place, wide)
        self.size += 1
