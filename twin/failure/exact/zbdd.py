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
        if one == NONE or other == EMPTY or one == other:
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

    def minimal(self, flat: Flat, root: int, most: int) -> int:
        """The minimal solutions, of no more than `most` variables, of a coherent function.

        Args:
            flat: its decision diagram, in the same order.
            root: its node there.
            most: most variables in a set.
        """
        place = {one: at for at, one in enumerate(self.order)}
        reached: list[set[int]] = [set() for _ in flat.variable]
        reached[root].add(most)
        for node in range(root, 1, -1):
            reached[flat.low[node]] |= reached[node]
            reached[flat.high[node]] |= {left - 1 for left in reached[node] if left}
        known: list[dict[int, int]] = [dict.fromkeys(reached[0], NONE), dict.fromkeys(reached[1], EMPTY)]
        for node in range(2, root + 1):
            at, high, low = place[flat.variable[node]], known[flat.high[node]], known[flat.low[node]]
            known.append({})
            for left in reached[node]:
                on = self.without(high[left - 1], low[left]) if left else NONE
                known[node][left] = self.node(at, on, low[left])
        return known[root][most]

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
