"""Many alike suppliers of one gate as one thing: how many of them have failed.

Fifty gensets behind a switchboard fail independently, and nobody but one gate asks which of them have: it asks
how many.  A diagram over fifty variables has as many nodes as there are counts of counts; one over the count
has one for each number that makes a difference.  So a *bundle* stands in the diagram as alternatives that
exclude each other, each a range of counts between which the gate cannot tell, with the binomial probability
of the range and its derivative (`twin.failure.spread`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import betainc

from twin.failure.bdd import Measure

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from twin.failure.parts import Parts
    from twin.structure.model import Csr, Floats, Ints, Snapshot

LEAST = 4
"""Fewest members of a bundle: below, a variable for each is as small."""

_MOST_SUMS = 2_000
"""Most different losses of all other members of the gate that are told apart; else every count is."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """Alike members of one gate.

    Attributes:
        elements: the members.
        weight: what each counts for in the gate.
        counts: the least count of each range, ascending.
        measures: of each range: that so many have failed, and how often that begins less how often it ends.
        slopes: of each range, the derivative of its probability in the unavailability of all members together.
    """

    elements: tuple[int, ...]
    weight: float
    counts: tuple[int, ...]
    measures: tuple[Measure, ...]
    slopes: tuple[float, ...]


def bundles(
    snapshot: Snapshot,
    gates: list[int],
    parts: Parts,
    shared: Csr,
    apart: AbstractSet[int],
    rule: tuple[Floats, Floats],
) -> list[Bundle]:
    """The bundles among the members of some gates.

    Args:
        snapshot: the structure in one month.
        gates: all gates that matter.
        parts: what can be wrong.
        shared: for each element what it shares with others (`Parts.shared`).
        apart: elements that somebody asks for by name.
        rule: weights and needs of the gates (`twin.structure.live.terms`).
    """
    weight, need = rule
    members = snapshot.structure.gates.members
    happens = parts.happens()
    asked: Counter[int] = Counter(element for gate in gates for c in snapshot.cuts.get(gate, ()) for element in c * 2)
    rows = {gate: range(int(members.start[gate]), int(members.start[gate + 1])) for gate in gates}
    for row in rows.values():
        asked.update(int(members.values[entry]) for entry in row if weight[entry] > 0.0)
    found = []
    for gate, row in rows.items():
        alike: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        for entry in row:
            element = int(members.values[entry])
            private = asked[element] == 1 and happens[element] and not len(shared.row(element))
            if weight[entry] > 0.0 and private and element not in apart:
                alike[_kind(snapshot, parts, element, float(weight[entry]))].append(element)
        counted = weight[row.start : row.stop]
        for kind, elements in alike.items():
            if len(elements) >= LEAST:
                found.append(_bundle(elements, float(kind[0]), counted, float(need[gate]), parts))  # type: ignore[arg-type]
    return found


def _kind(snapshot: Snapshot, parts: Parts, element: int, weight: float) -> tuple[object, ...]:
    supply = snapshot.structure.elements.gates.row(element).tobytes()
    return weight, float(parts.unavailability[element]), float(parts.per_year[element]), supply


def _bundle(elements: list[int], weight: float, all_weights: Floats, need: float, parts: Parts) -> Bundle:
    count = len(elements)
    slack = float(all_weights.sum()) - need
    counts = _told_apart(count, weight, _others(all_weights, weight, count), slack)
    q, w = float(parts.unavailability[elements[0]]), float(parts.per_year[elements[0]])
    least = np.array([*counts, count + 1])
    reached, slope = _at_least(least, count, q), _slope(least, count, q)
    measures = tuple(
        Measure(p, f) for p, f in zip((-np.diff(reached)).tolist(), (-np.diff(w * slope)).tolist(), strict=True)
    )
    return Bundle(tuple(elements), weight, tuple(counts), measures, tuple((-np.diff(slope)).tolist()))


def _at_least(least: Ints, count: int, q: float) -> Floats:
    """Probability that at least so many of `count` have failed: an incomplete beta function, exact however small."""
    found: Floats = np.where(least > count, 0.0, betainc(least, np.maximum(count - least + 1, 1), q))
    return np.where(least <= 0, 1.0, found)


def _slope(least: Ints, count: int, q: float) -> Floats:
    """Its derivative: `count` times the probability that one less of all others have failed."""
    exactly = _at_least(least - 1, count - 1, q) - _at_least(least, count - 1, q)
    slope: Floats = np.where(least > count, 0.0, count * exactly)
    return slope


def _others(all_weights: Floats, weight: float, count: int) -> list[float]:
    """The weights of the members that are not in the bundle."""
    left = sorted(float(each) for each in all_weights if each > 0.0)
    for _ in range(count):
        left.remove(weight)
    return left


def _told_apart(count: int, weight: float, others: list[float], slack: float) -> list[int]:
    """The counts at which the gate may change its mind, whatever else is lost."""
    sums = {0.0}
    for each in others:
        sums |= {each + other for other in sums}
        if len(sums) > _MOST_SUMS:
            return list(range(1, count + 1))
    first = {int(np.floor((slack - lost) / weight)) + 1 for lost in sums}
    return sorted(each for each in {max(1, c) for c in first} if each <= count)
