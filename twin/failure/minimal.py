"""Minimal cut sets of loads and scopes up to some order.

Sets of one and two come from propagation (`twin.failure.losses`, `twin.failure.pairs`).  Sets of three and
four come from trying every way to lose so many elements, exact twins by number, which is for small systems.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, islice
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure.losses import among
from twin.failure.net import gather
from twin.failure.pairs import twin_sets
from twin.structure.live import Order
from twin.structure.lump import row_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.failure.net import Net
    from twin.failure.pairs import Pairs
    from twin.structure.model import Bools, Ints

MAX_ORDER = 4
MAX_STATES = 1_000_000
"""Ways to lose elements that are tried at most."""


@dataclass(frozen=True, slots=True)
class CutSets:
    """Minimal cut sets of one order, of many targets.

    Attributes:
        target: (n,), the class or scope that is not all fed when all of a set are down, ascending.
        members: (n, order), the elements of each, ascending; of exact twins the first ones.
    """

    target: Ints
    members: Ints


def of_classes(net: Net, found: Pairs, order: int) -> list[CutSets]:
    """Minimal cut sets of every class of loads, by order from 1.

    Args:
        net: the thresholds.
        found: its pairs.
        order: the largest order.

    Raises:
        RefusedError: more than `MAX_STATES` ways to lose three or four elements.
    """
    columns, first = found.lost.columns, found.lost.first
    one, two = found.singles.unfed, found.unfed
    alone = first[one.values]
    pair = np.stack(np.divmod(two.values, len(columns)), axis=1)
    sets = [
        CutSets(row_of(one)[alone], columns[one.values[alone]][:, None]),
        CutSets(row_of(two), columns[pair].reshape(-1, 2)),
    ]
    return [*sets[:order], *(_tried(net, size) for size in range(3, order + 1))]


def of_scopes(net: Net, classes: list[CutSets]) -> list[CutSets]:
    """Minimal cut sets of every scope in which things fail: what leaves any load in it unfed, and no part of it does.

    Args:
        net: the thresholds.
        classes: those of every class, by order.
    """
    width = len(net.alive) + 1
    known: list[Ints] = []
    found = []
    for sets in classes:
        target, row = _rolled_up(net, sets.target)
        keep = np.ones(len(target), dtype=bool)
        for smaller, keys in enumerate(known, start=1):
            for part in combinations(range(sets.members.shape[1]), smaller):
                keep &= ~among(keys, _keys(target, sets.members[row][:, part], width))
        keys, chosen = np.unique(_keys(target[keep], sets.members[row[keep]], width), return_index=True)
        found.append(CutSets(target[keep][chosen], sets.members[row[keep][chosen]]))
        known.append(keys)
    return found


def _keys(target: Ints, members: Ints, width: int) -> Ints:
    keys = target.copy()
    for column in members.T:
        keys = keys * width + column
    return keys


def _rolled_up(net: Net, of_class: Ints) -> tuple[Ints, Ints]:
    """Every scope around the class of each set in which things fail: the scope, and position of the set."""
    structure = net.snapshot.structure
    parent = np.array([scope.parent for scope in structure.scopes], dtype=np.int64)
    scope, row = structure.classes.scope[of_class], np.arange(len(of_class))
    scopes, rows = [], []
    while len(scope):
        fails = net.scope_place[scope] >= 0
        scopes.append(scope[fails])
        rows.append(row[fails])
        up = parent[scope] >= 0
        scope, row = parent[scope[up]], row[up]
    return np.concatenate([*scopes, row[:0]]), np.concatenate([*rows, row[:0]])


def _tried(net: Net, order: int) -> CutSets:
    """Minimal cut sets of one order of every class, by trying all ways to lose so many elements."""
    elements, before = _to_try(net, order)
    states = comb(len(elements), order)
    if states > MAX_STATES:
        raise RefusedError(
            "failure",
            f"cut sets of {order} among {len(elements):,} parts are {states:,} to try, the limit is {MAX_STATES:,}",
            f"set `order: {order - 1}` in `analyses: {{failure: …}}`",
        )
    plan = Order(net.snapshot)
    target, members = [np.empty(0, dtype=np.int64)], [np.empty((0, order), dtype=np.int64)]
    for part in _ways(len(elements), before, order, plan.batch):
        unfed = _unfed(net, plan, elements[part])
        some = np.flatnonzero(unfed.any(axis=0))
        least, lost = unfed[:, some], elements[part[some]]
        for left in range(order):
            least = least & ~_unfed(net, plan, np.delete(lost, left, axis=1))
        row, state = np.nonzero(least)
        target.append(row)
        members.append(lost[state])
    every, sets = np.concatenate(target), np.sort(np.concatenate(members), axis=1)
    by_target = np.lexsort((*sets.T[::-1], every))
    return CutSets(every[by_target], sets[by_target])


def _to_try(net: Net, order: int) -> tuple[Ints, Ints]:
    """Elements that some load depends on, `order` of each set of exact twins; and where the twin before each is."""
    needed = np.zeros(len(net.alive), dtype=bool)
    asked = np.zeros(len(net.level), dtype=bool)
    new = np.unique(net.class_needs.values)
    while len(new):
        asked[new] = True
        members = np.unique(gather(net.members, new)[1])
        needed[members] = True
        further = np.unique(gather(net.element_needs, members)[1])
        new = further[~asked[further]]
    elements = np.flatnonzero(needed)
    of = twin_sets(net)[elements]
    elements = elements[np.argsort(of, kind="stable")]
    of = np.sort(of)
    rank = np.arange(len(of)) - np.searchsorted(of, of)
    elements, rank = elements[rank < order], rank[rank < order]
    return elements, np.where(rank > 0, np.arange(len(rank)) - 1, -1)


def _ways(size: int, before: Ints, order: int, batch: int) -> Iterator[Ints]:
    """Combinations of positions, of exact twins the first ones only, some at a time: (n, order)."""
    every = combinations(range(size), order)
    while len(some := np.array(list(islice(every, batch)), dtype=np.int64)):
        previous = before[some]
        there = previous < 0
        there[:, 1:] |= previous[:, 1:] == some[:, :-1]
        yield some[there.all(axis=1)]


def _unfed(net: Net, plan: Order, lost: Ints) -> Bools:
    """(classes, states): what is unfed that else is fed, for (states, k) elements lost."""
    failed = np.zeros((len(net.alive), len(lost)), dtype=bool)
    failed[lost.T, np.arange(len(lost))] = True
    unfed: Bools = net.fed[:, None] & ~plan.fed(plan.run(failed)[1])
    return unfed
