"""Brute force over everything that can be wrong: own failures, common causes, planned outages, loads themselves.

Shares no code with the package but the compiled structure: what a common cause is follows from the textbook.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from math import comb, fsum, prod
from typing import TYPE_CHECKING

import numpy as np
from oracle import Oracle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.structure.model import Snapshot


MOST_STATES = 10_000


class TooManyError(Exception):
    """More states than are worth trying."""


@dataclass(frozen=True)
class Thing:
    """Something of which one of several ways is there, or none: (probability, times a year, elements taken down)."""

    ways: tuple[tuple[float, float, frozenset[int]], ...]


def things(snapshot: Snapshot) -> list[Thing]:
    """All independent things of a structure of all instances."""
    structure = snapshot.structure
    groups: dict[tuple[int, int], list[int]] = {}
    for element in range(len(structure.elements)):
        group = int(structure.elements.group[element])
        count = structure.topology.groups[structure.groups[group]].count
        groups.setdefault((group, int(structure.elements.local[element]) // count), []).append(element)
    found: list[Thing] = []
    for members in groups.values():
        found += _failures(snapshot, members)
        found += _planned(snapshot, members)
    return found


def _failures(snapshot: Snapshot, members: list[int]) -> Iterator[Thing]:
    elements, n = snapshot.structure.elements, len(members)
    shares = _shares(elements.behaviour.greek[members[0]], elements.behaviour.alpha[members[0]], n)
    for k in range(1, n + 1):
        for chosen in combinations(members, k):
            u, w = float(elements.unavailability[chosen[0]]), float(elements.failures_per_year[chosen[0]])
            start = float(elements.behaviour.start_failure[chosen[0]]) * shares[k]
            if shares[k] < 1:
                rate, repair = w / (1 - u), u / w if w else 0.0
                u, w = (shares[k] * rate * repair / (1 + shares[k] * rate * repair), shares[k] * rate)
                w *= 1 - u
            yield Thing(((u + start - u * start, w * (1 - start), frozenset(chosen)),))


def _shares(greek: np.ndarray, alpha: np.ndarray, n: int) -> dict[int, float]:
    if n == 1 or (np.isnan(greek).all() and np.isnan(alpha).all()):
        return {k: float(k == 1) for k in range(1, n + 1)}
    if np.isnan(alpha).all():
        letters = [*[1.0, *(1.0 if np.isnan(x) else float(x) for x in greek), *([1.0] * n)][:n], 0.0]
        whole = [np.prod(letters[:k]) * (1 - letters[k]) for k in range(1, n + 1)]
    else:
        stated = [0.0 if np.isnan(x) else float(x) for x in alpha][: n - 1]
        factors = [1 - sum(stated), *stated, *[0.0] * n][:n]
        total = sum(k * a for k, a in enumerate(factors, 1))
        whole = [k * a / total for k, a in enumerate(factors, 1)]
    return {k: float(share) / comb(n - 1, k - 1) for k, share in enumerate(whole, 1)}


def _planned(snapshot: Snapshot, members: list[int]) -> Iterator[Thing]:
    behaviour = snapshot.structure.elements.behaviour
    ways = [
        (float(behaviour.maintenance_per_year[e] * behaviour.maintenance_h[e]) / 8760, e)
        for e in members
        if behaviour.maintenance_per_year[e] > 0
    ]
    if ways:
        yield Thing(tuple((p, float(behaviour.maintenance_per_year[e]), frozenset({e})) for p, e in ways))


def distribution(snapshot: Snapshot, amount: list[int], *, own: bool = True) -> dict[int, tuple[float, float]]:
    """How much is lost: for each amount its probability, and how often a year the loss reaches it.

    Args:
        snapshot: a structure of all instances in one month.
        amount: what one load of each class counts for.
        own: whether loads fail themselves.
    """
    classes = snapshot.structure.classes
    every = [*things(snapshot), *(_loads(snapshot) if own else [])]
    every = [thing for thing in every if any(p > 0 or w > 0 for p, w, _ in thing.ways)]
    if prod(len(thing.ways) + 1 for thing in every) > MOST_STATES:
        raise TooManyError
    lost: dict[tuple[int, ...], int] = {}
    fed: dict[frozenset[int], list[bool]] = {}
    for choice in product(*(range(len(thing.ways) + 1) for thing in every)):
        down = frozenset().union(*(thing.ways[c - 1][2] for thing, c in zip(every, choice, strict=True) if c))
        elements = frozenset(e for e in down if e >= 0)
        if elements not in fed:
            state = Oracle(snapshot, set(elements))
            fed[elements] = [state.fed(c) for c in range(len(classes))]
        failed = [sum(-1 - e in down for e in _names(snapshot, c)) for c in range(len(classes))]
        lost[choice] = sum(
            amount[c] * (failed[c] if fed[elements][c] else int(classes.count[c]))
            for c in range(len(classes))
            if snapshot.class_on[c]
        )
    chance = {choice: _chance(every, choice) for choice in lost}
    return {
        x: (
            fsum(chance[choice] for choice, loss in lost.items() if loss == x),
            fsum(_rates(every, choice, lost, x, chance[choice]) for choice in lost),
        )
        for x in sorted(set(lost.values()))
    }


def _chance(every: list[Thing], choice: tuple[int, ...]) -> float:
    return float(
        np.prod([t.ways[c - 1][0] if c else 1 - sum(w[0] for w in t.ways) for t, c in zip(every, choice, strict=True)])
    )


def _rates(
    every: list[Thing], choice: tuple[int, ...], lost: dict[tuple[int, ...], int], least: int, chance: float
) -> float:
    """How often a year one leaves this state for one that loses at least so much, by one thing that begins."""
    if lost[choice] >= least:
        return 0.0
    total = 0.0
    for place, thing in enumerate(every):
        if choice[place] == 0:
            none = 1 - sum(way[0] for way in thing.ways)
            for number, (_, per_year, _) in enumerate(thing.ways, 1):
                if lost[(*choice[:place], number, *choice[place + 1 :])] >= least:
                    total += chance * per_year / none
    return total


def _loads(snapshot: Snapshot) -> Iterator[Thing]:
    classes = snapshot.structure.classes
    for index in range(len(classes)):
        for name in _names(snapshot, index):
            u, w = float(classes.unavailability[index]), float(classes.failures_per_year[index])
            if snapshot.class_on[index]:
                yield Thing(((u, w, frozenset({-1 - name})),))


def _names(snapshot: Snapshot, index: int) -> range:
    """A number for each load of a class."""
    counts = snapshot.structure.classes.count
    begin = int(counts[:index].sum())
    return range(begin, begin + int(counts[index]))
