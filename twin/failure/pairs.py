"""What the loss of two elements takes down that neither takes down alone: minimal cut sets of two.

Suppliers first, every element and every threshold is given the pairs of losses that take it down, and of
which neither alone does.  A threshold loses to a pair what it loses to one and to the other, less what both
take alone, and more for each member that the two take down only together.  So weighted members, one failure
that takes several members, and cut sets are all exact.

Of a set of exact twins (`twin.structure.twins`) two are lost: every pair of elements is alike to one of
the first of two sets, or to the first two of one set.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.losses import (
    MAX_ENTRIES,
    ExplodedError,
    Growing,
    among,
    keyed,
    singles,
    too_large,
    united,
    weighed,
)
from twin.failure.net import csr, gather
from twin.structure.lump import number, row_of
from twin.structure.model import Csr
from twin.structure.twins import twins

if TYPE_CHECKING:
    from twin.failure.losses import Singles
    from twin.failure.net import Net
    from twin.structure.model import Bools, Floats, Ints


_PARTS = 4
"""Candidates of one part of the thresholds fill at most one such part of what may be held."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The elements that are lost: two of each set of twins at most.

    Attributes:
        columns: the elements, ascending.
        first: (columns,), whether it is the first of its set.
        partner: (columns,), for the first of a set the position of the second; -1 where there is none.
        size: (columns,), how many there are in the set.
        ways: (columns,), how many elements are alike to one of the set, in all places alike.
    """

    columns: Ints
    first: Bools
    partner: Ints
    size: Ints
    ways: Ints


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs that take something down together, as `i * width + j` with positions `i < j` in `lost.columns`.

    Attributes:
        lost: the elements that are lost.
        singles: what each of them takes down alone.
        down: by element, the pairs.
        unfed: by class of loads, the pairs.
        order: 1 where there are none because none were asked for.
    """

    lost: Lost
    singles: Singles
    down: Csr
    unfed: Csr
    order: int = 2


def to_lose(net: Net, alone: bool = False) -> Lost:
    """The elements to lose.

    Args:
        net: the thresholds.
        alone: whether one of each set of twins is enough.
    """
    alive = np.flatnonzero(net.alive)
    of = twin_sets(net)[alive]
    order = np.lexsort((alive, of))
    _, start, count = np.unique(of[order], return_index=True, return_counts=True)
    firsts, two = alive[order[start]], count > 1
    seconds = alive[order[start[two] + 1]] if not alone else alive[:0]
    columns = np.sort(np.concatenate([firsts, seconds]))
    first = np.ones(len(columns), dtype=bool)
    first[np.searchsorted(columns, seconds)] = False
    partner = np.full(len(columns), -1, dtype=np.int64)
    size = np.ones(len(columns), dtype=np.int64)
    size[np.searchsorted(columns, firsts)] = count
    if not alone:
        partner[np.searchsorted(columns, firsts[two])] = np.searchsorted(columns, seconds)
        size[np.searchsorted(columns, seconds)] = count[two]
    return Lost(columns, first, partner, size, size * net.places.total[net.element_place[columns]])


def twin_sets(net: Net) -> Ints:
    """(elements,): the set of exact twins in one place that each belongs to."""
    return number([twins(net.snapshot.structure).of, net.element_place], len(net.alive))


def pairs(net: Net, order: int = 2, limit: int = MAX_ENTRIES) -> Pairs:
    """Every pair that takes down an element or a load that neither takes down alone.

    Args:
        net: the thresholds.
        order: 1 for what single losses take down only, without pairs.
        limit: entries that all sets together may have.

    Raises:
        RefusedError: they have more.
    """
    try:
        if order == 1:
            lost = to_lose(net)
            none = [
                Csr(np.zeros(size + 1, dtype=np.int64), lost.columns[:0]) for size in (len(net.alive), len(net.fed))
            ]
            return Pairs(lost, singles(net, lost.columns, limit), none[0], none[1], order=1)
        lost = to_lose(net)
        alone = singles(net, lost.columns, limit)
        down, unfed = _OfElements(net, alone, lost, limit).run()
        return Pairs(lost, alone, down, unfed)
    except ExplodedError:
        raise too_large("the sets of failures that take something down hold", limit) from None


class Propagation(ABC):
    """The sets of pairs while they are made; which pairs there are is said by who inherits it."""

    def __init__(self, net: Net, alone: Singles, limit: int = MAX_ENTRIES) -> None:
        """Nothing is known yet but what single losses take down."""
        self.net = net
        self.limit = limit
        self.width = len(alone.columns)
        self.alone = alone
        self.down = Growing(len(net.alive), limit)
        self.short = Growing(len(net.level), limit)
        self.single = Growing(len(net.alive), limit)
        self.single.add(np.arange(len(net.alive)), row_of(self.alone.down), self.alone.down.values)
        self.down_alone, self.short_alone, self.unfed_alone = (
            keyed(lists, self.width) for lists in (self.alone.down, self.alone.short, self.alone.unfed)
        )

    def run(self) -> tuple[Csr, Csr]:
        """All levels: the pairs that take down each element, and each class of loads."""
        net = self.net
        for level in range(int(max(net.element_level.max(initial=-1), net.level.max(initial=-1))) + 1):
            elements = np.flatnonzero(net.element_level == level)
            self.down.add(elements, *self._together(net.element_needs, elements, self.down_alone))
            thresholds = np.flatnonzero(net.level == level)
            for part in self._parts(thresholds):
                self.short.add(part, *self._short(part))
        every = np.arange(len(net.fed))
        of, keys = self._together(net.class_needs, every, self.unfed_alone)
        return self.down.csr(), csr(of, keys, len(every))

    @abstractmethod
    def by_loss(self, of: Ints, x: Ints, loss: Floats, slack: Floats) -> tuple[Ints, Ints]:
        """The pairs of which the losses of one and the other sum to more than the slack.

        Args:
            of: threshold, ascending.
            x: what it loses something to, ascending in each.
            loss: so much.
            slack: of each threshold.

        Returns:
            Threshold and pair.
        """

    def _together(self, needs: Csr, rows: Ints, alone: Ints) -> tuple[Ints, Ints]:
        """The pairs of any threshold that some rows need, but for those of which one alone is enough."""
        at, keys = distinct(*united(needs, rows, self.short))
        i, j = np.divmod(keys, self.width)
        row = rows[at] * self.width
        keep = ~(among(alone, row + i) | among(alone, row + j))
        return at[keep], keys[keep]

    def _parts(self, thresholds: Ints) -> list[Ints]:
        """Thresholds in parts of which the candidates fit into memory."""
        of, _, _ = weighed(self.net, thresholds, self.single, self.width)
        count = np.bincount(of, minlength=len(thresholds)).astype(float)
        work = np.cumsum(count * count)
        share = self.limit / _PARTS
        cuts = np.searchsorted(work, np.arange(share, work[-1], share)) if len(work) else work.astype(np.int64)
        return [part for part in np.split(thresholds, cuts) if len(part)]

    def _short(self, thresholds: Ints) -> tuple[Ints, Ints]:
        """The pairs that take some thresholds down, and of which neither does alone."""
        of, x, loss = weighed(self.net, thresholds, self.single, self.width)
        slack = self.net.slack[thresholds]
        keep = loss <= slack[of]
        of, x, loss = of[keep], x[keep], loss[keep]
        candidates = [self.by_loss(of, x, loss, slack)]
        bonus = self._bonus(thresholds)
        candidates.append(bonus[:2])
        at, keys = distinct(*(np.concatenate(column) for column in zip(*candidates, strict=True)))
        table = csr(of, x, len(thresholds))
        i, j = np.divmod(keys, self.width)
        total = np.zeros(len(at))
        for one in (i, j):
            # Beyond the slack one alone is enough.
            total += _look_up(table, loss, at, one, self.width)
            total[among(self.short_alone, thresholds[at] * self.width + one)] = -np.inf
        total += _look_up(csr(bonus[0], bonus[1], len(thresholds)), bonus[2], at, keys, self.width**2)
        likely = np.flatnonzero(total > slack[at])
        total = total[likely] - self._overlap(thresholds, at[likely], i[likely], j[likely])
        fatal = likely[total > slack[at[likely]]]
        return at[fatal], keys[fatal]

    def _bonus(self, thresholds: Ints) -> tuple[Ints, Ints, Floats]:
        """Weight of the members that each pair takes down only together: position of the threshold, pair, weight."""
        net = self.net
        of, entry = gather(Csr(net.members.start, np.arange(len(net.members.values))), thresholds)
        at, keys = self.down.gather(net.members.values[entry])
        return totalled(of[at], keys, net.weight[entry[at]])

    def _overlap(self, thresholds: Ints, at: Ints, i: Ints, j: Ints) -> Floats:
        """Weight of the members that each of two takes down alone."""
        net = self.net
        of, entry = gather(Csr(net.members.start, np.arange(len(net.members.values))), thresholds)
        row, x = self.single.gather(net.members.values[entry])
        order = np.lexsort((x, of[row]))
        keys, entry = (of[row] * self.width + x)[order], entry[row][order]
        low = np.searchsorted(keys, at * self.width + i)
        size = np.searchsorted(keys, at * self.width + i, side="right") - low
        if int(size.sum()) > self.limit:
            raise ExplodedError
        pair = np.repeat(np.arange(len(at)), size)
        hit = entry[low[pair] + np.arange(len(pair)) - np.repeat(np.cumsum(size) - size, size)]
        both = among(self.down_alone, net.members.values[hit] * self.width + j[pair])
        overlap: Floats = np.bincount(pair[both], net.weight[hit[both]], minlength=len(at)).astype(float)
        return overlap


class _OfElements(Propagation):
    """Pairs of elements; of exact twins the first two."""

    def __init__(self, net: Net, alone: Singles, lost: Lost, limit: int) -> None:
        super().__init__(net, alone, limit)
        self.lost = lost

    def by_loss(self, of: Ints, x: Ints, loss: Floats, slack: Floats) -> tuple[Ints, Ints]:
        """As `Propagation` says: of any two elements."""
        lost = self.lost
        first = np.flatnonzero(lost.first[x])
        two = first[(lost.partner[x[first]] >= 0) & (2.0 * loss[first] > slack[of[first]])]
        twin = (of[two], x[two] * self.width + lost.partner[x[two]])
        order = first[np.lexsort((-loss[first], of[first]))]
        of, x, loss = of[order], x[order], loss[order]
        end = np.searchsorted(of, of, side="right")
        # The larger of two that sum to more than the slack is more than half of it.
        big = np.flatnonzero(2.0 * loss > slack[of])
        size = end[big] - big - 1
        if int(size.sum()) > self.limit:
            raise ExplodedError
        one = np.repeat(big, size)
        other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(size) - size, size)
        keep = loss[one] + loss[other] > slack[of[one]]
        one, other = one[keep], other[keep]
        low, high = np.minimum(x[one], x[other]), np.maximum(x[one], x[other])
        return np.concatenate([twin[0], of[one]]), np.concatenate([twin[1], low * self.width + high])


def distinct(at: Ints, keys: Ints) -> tuple[Ints, Ints]:
    """Rows and values in order, each once."""
    order = np.lexsort((keys, at))
    at, keys = at[order], keys[order]
    new = np.ones(len(at), dtype=bool)
    new[1:] = (at[1:] != at[:-1]) | (keys[1:] != keys[:-1])
    return at[new], keys[new]


def totalled(at: Ints, keys: Ints, weight: Floats) -> tuple[Ints, Ints, Floats]:
    """Rows and values in order, each once, with the sum of their weights."""
    order = np.lexsort((keys, at))
    at, keys = at[order], keys[order]
    new = np.ones(len(at), dtype=bool)
    new[1:] = (at[1:] != at[:-1]) | (keys[1:] != keys[:-1])
    total = np.bincount(np.cumsum(new) - 1, weight[order], minlength=int(new.sum())).astype(float)
    return at[new], keys[new], total


def _look_up(lists: Csr, numbers: Floats, rows: Ints, values: Ints, width: int) -> Floats:
    """The number of each value in its row; 0 where it is not there."""
    keys = keyed(lists, width)
    if not len(keys):
        return np.zeros(len(rows))
    wanted = rows * width + values
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, numbers[at], 0.0)
