"""Families of sets as zero-suppressed diagrams, and the minimal cut sets of a decision diagram.

Node 0 is the empty family and 1 the family of the empty set alone; a node (variable, with, without) stands
for the sets of `with`, each with the variable added, and those of `without`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.failure.exact.diagram import ExhaustedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from twin.failure.exact.diagram import Flat

NONE, EMPTY = 0, 1


class Families:
    """Families of sets over variables in one order, each family once.

    Attributes:
        nodes: (place of the variable, with, without) by number; the first two are the ends.
    """

    def __init__(self, order: Sequence[int], most: int) -> None:
        """Take the variables in order and the most nodes to make."""
        self.order = list(order)
        self.nodes: list[tuple[int, int, int]] = [(len(order), 0, 0), (len(order), 1, 1)]
        self._most = most
        self._known: dict[tuple[int, int, int], int] = {}
        self._without: dict[tuple[int, int], int] = {}

    def node(self, place: int, with_it: int, without: int) -> int:
        """The family of a node.

        Raises:
            ExhaustedError: there are too many.
        """
        if with_it == NONE:
            return without
        key = (place, with_it, without)
        if key not in self._known:
            if len(self.nodes) >= self._most:
                raise ExhaustedError
            self._known[key] = len(self.nodes)
            self.nodes.append(key)
        return self._known[key]

    def without(self, one: int, other: int) -> int:
        """The sets of one family that contain no set of another (Rauzy, "New algorithms for fault trees", 1993)."""
        pending = [(one, other)]
        while pending:
            key = pending[-1]
            if self._less(*key) is None:
                missing = self._step(*key)
                if missing is not None:
                    pending.append(missing)
                    continue
            pending.pop()
        return self._less(one, other) or NONE

    def _less(self, one: int, other: int) -> int | None:
        """What is known about `without`."""
        if one == NONE or other in (EMPTY, one):
            return NONE
        if other == NONE or one == EMPTY:
            return one
        return self._without.get((one, other))

    def _step(self, one: int, other: int) -> tuple[int, int] | None:
        """Find one family without another from those of their children; the pair that is still missing for it."""
        (place, a, b), (at, c, d) = self.nodes[one], self.nodes[other]
        if place > at:
            found = self._less(one, d)
            if found is None:
                return one, d
            self._without[one, other] = found
            return None
        low = (b, other) if place < at else (b, d)
        high = (a, other) if place < at else (a, c)
        off, on = self._less(*low), self._less(*high)
        if off is None or on is None:
            return low if off is None else high
        if place == at:
            both = self._less(on, d)
            if both is None:
                return on, d
            on = both
        self._without[one, other] = self.node(place, on, off)
        return None

    def minimal(self, flat: Flat, root: int, most: int | None = None) -> int:
        """The minimal solutions of a function, or those of no more than `most` variables.

        With f = v f1 or not v f0 they are v with each of those of f1 that contain none of f0, and those of f0.
        That holds for functions that are not coherent too (see `twin.failure.exact.cutsets`).

        Args:
            flat: the decision diagram of the function, in the same order.
            root: its node there.
            most: most variables in a set.

        Raises:
            ExhaustedError: there are too many nodes.
        """
        place = {one: at for at, one in enumerate(self.order)}
        deepest = self._heights(flat, root)
        lefts: list[set[int]] = [set() for _ in deepest]
        lefts[root].add(deepest[root] if most is None else min(most, deepest[root]))
        for node in range(root, 1, -1):
            high, low = flat.high[node], flat.low[node]
            for left in lefts[node]:
                lefts[low].add(min(left, deepest[low]))
                if left:
                    lefts[high].add(min(left - 1, deepest[high]))
        known: list[dict[int, int]] = [{0: NONE}, {0: EMPTY}]
        for node in range(2, root + 1):
            high, low = flat.high[node], flat.low[node]
            found = {}
            for left in lefts[node]:
                off = known[low][min(left, deepest[low])]
                on = self.without(known[high][min(left - 1, deepest[high])], off) if left else NONE
                found[left] = self.node(place[flat.variable[node]], on, off)
            known.append(found)
        return known[root][max(lefts[root])]

    @staticmethod
    def _heights(flat: Flat, root: int) -> list[int]:
        """Most variables that can be true on a way down from each node."""
        found = [0, 0]
        for node in range(2, root + 1):
            found.append(max(found[flat.low[node]], 1 + found[flat.high[node]]))
        return found

    def counts(self, family: int, weights: Mapping[int, Sequence[int]], most: int) -> list[int]:
        """Sets by order: entry n is how many have n events, when variable v has weights[v][n] sets of n events."""
        known: dict[int, list[int]] = {NONE: [0] * (most + 1), EMPTY: [1] + [0] * most}
        for node in self._below(family):
            place, on, off = self.nodes[node]
            found = known[off].copy()
            for size, many in enumerate(weights[self.order[place]][: most + 1]):
                if many:
                    for n in range(most + 1 - size):
                        found[n + size] += many * known[on][n]
            known[node] = found
        return known[family]

    def sets(self, family: int, least: Mapping[int, int], most: int) -> Iterator[tuple[int, ...]]:
        """Sets of variables whose orders, `least` of each variable, come to no more than `most`."""
        shortest = {NONE: most + 1, EMPTY: 0}
        for node in self._below(family):
            place, on, off = self.nodes[node]
            shortest[node] = min(shortest[on] + least[self.order[place]], shortest[off])
        pending: list[tuple[int, tuple[int, ...], int]] = [(family, (), most)]
        while pending:
            node, chosen, left = pending.pop()
            if shortest[node] > left:
                continue
            if node == EMPTY:
                yield chosen
                continue
            place, on, off = self.nodes[node]
            variable = self.order[place]
            pending.append((off, chosen, left))
            pending.append((on, (*chosen, variable), left - least[variable]))

    def _below(self, family: int) -> list[int]:
        """The inner nodes of a family, children before parents."""
        seen: set[int] = {NONE, EMPTY}
        pending = [family]
        while pending:
            node = pending.pop()
            if node not in seen:
                seen.add(node)
                pending += self.nodes[node][1:]
        # A node is always made after its children.
        return sorted(seen - {NONE, EMPTY})
