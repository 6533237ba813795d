"""Who is fed in many states at once, 64 states to a word.

The rule of when a gate is up is that of `twin.structure.live`, whose terms are read here: among members
of one weight it comes to a number that may be lost, which is counted bit by bit; members of several
weights are weighed state by state.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.live import levels, terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.structure.model import Csr, Floats, Ints, Snapshot

    Words = NDArray[np.uint64]

BITS = 64

_WORK = 1 << 19
"""Words of state worked on at once: 4 MB, about what a core keeps near."""

_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True, slots=True)
class _Counted:
    """Gates of one width that are down when more than `spare` of their members are."""

    gates: Ints
    members: Ints
    spare: int


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Gates of one width whose members differ in weight; (gates, members) both."""

    gates: Ints
    members: Ints
    weight: Floats
    need: Floats


@dataclass(frozen=True, slots=True)
class Alike:
    """Rows of a list of lists that are equally long: (rows,) and (rows, length)."""

    rows: Ints
    values: Ints


class Lanes:
    """One snapshot, ready to be asked.

    Attributes:
        states: how many states one call may hold.
        never: (classes,), energised and not fed even with everything working.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Put elements and gates in order."""
        self._snapshot = snapshot
        structure = snapshot.structure
        element, gate = levels(snapshot)
        top = int(max(element.max(initial=0), gate.max(initial=0))) + 1
        inputs = _levelled(structure.elements.gates, element, top)
        gates = rules(snapshot)
        self._steps = [(inputs[level], _at(gates, gate, level)) for level in range(top)]
        self._loads = alike(structure.classes.gates, np.flatnonzero(snapshot.class_on))
        self._rows = len(structure.elements) + len(structure.gates) + len(structure.classes)
        self.states = BITS * max(1, min(64, _WORK // max(1, self._rows)))
        nobody = np.empty(0, dtype=np.int64)
        self.never = (self._unfed(nobody, nobody, 1)[:, 0] & np.uint64(1)).astype(bool)

    def unfed(self, failed: Ints, state: Ints, states: int) -> tuple[Ints, Ints]:
        """Which classes lose supply in which state, those of `never` left out.

        Args:
            failed: (pairs,), elements that do not work themselves.
            state: (pairs,), the state in which each does not.
            states: how many states there are; any number.

        Returns:
            (found,) class and (found,) state, ordered by state only in steps of `self.states`.
        """
        if states <= self.states:
            return self._pairs(self._unfed(failed, state, states), states)
        order = np.argsort(state, kind="stable")
        failed, state = failed[order], state[order]
        bounds = np.arange(0, states + self.states, self.states)
        cut = np.searchsorted(state, bounds)
        parts = []
        for begin, low, high in zip(bounds[:-1].tolist(), cut[:-1].tolist(), cut[1:].tolist(), strict=True):
            if low < high:
                classes, lane = self._pairs(
                    self._unfed(failed[low:high], state[low:high] - begin, self.states), self.states
                )
                parts.append((classes, lane + begin))
        none = np.empty(0, dtype=np.int64)
        return tuple(np.concatenate([none, *(part[i] for part in parts)]) for i in range(2))  # type: ignore[return-value]

    def _unfed(self, failed: Ints, state: Ints, states: int) -> Words:
        """(classes, words) bits of the classes that are not fed."""
        snapshot, words = self._snapshot, -(-states // BITS)
        structure = snapshot.structure
        down = np.zeros((len(structure.elements), words), dtype=np.uint64)
        down[~snapshot.element_on] = _ALL
        bit = np.uint64(1) << (state % BITS).astype(np.uint64)
        np.bitwise_or.at(down.ravel(), failed * words + state // BITS, bit)
        lost = np.zeros((len(structure.gates), words), dtype=np.uint64)
        for elements, gates in self._steps:
            for group in elements:
                down[group.rows] |= _any(lost, group.values)
            for rule in gates:
                _apply(rule, down, lost)
        unfed = np.zeros((len(structure.classes), words), dtype=np.uint64)
        for group in self._loads:
            unfed[group.rows] = _any(lost, group.values)
        return unfed

    def _pairs(self, unfed: Words, states: int) -> tuple[Ints, Ints]:
        unfed[self.never] = 0
        row, word = np.nonzero(unfed)
        bits = np.unpackbits(unfed[row, word].view(np.uint8).reshape(-1, 8), axis=1, bitorder="little")
        which, bit = np.nonzero(bits)
        lane = word[which] * BITS + bit
        real = lane < states
        return row[which][real], lane[real]


Rule = _Counted | _Weighed | tuple["Ints", "Ints"]
"""How some gates go down: by number, by weight, or (gates, (gates, members)) with all of a cut set."""


def rules(snapshot: Snapshot) -> list[Rule]:
    """The rules of all gates, those of one make together; cut sets last."""
    weight, need = terms(snapshot)
    members = snapshot.structure.gates.members
    by: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    chosen: dict[int, Ints] = {}
    for gate in range(len(members)):
        row = slice(int(members.start[gate]), int(members.start[gate + 1]))
        weights = weight[row]
        chosen[gate] = np.flatnonzero(weights > 0.0) + row.start
        by[len(chosen[gate]), spare_of(weights[weights > 0.0], float(need[gate]))].append(gate)
    found: list[Rule] = []
    for (_, spare), gates in by.items():
        at = np.array([chosen[gate] for gate in gates], dtype=np.int64).reshape(len(gates), -1)
        numbers = np.array(gates)
        if spare == WEIGHED:
            found.append(_Weighed(numbers, members.values[at], weight[at], need[numbers]))
        else:
            found.append(_Counted(numbers, members.values[at], spare))
    return [*found, *_cut_rules(snapshot)]


WEIGHED = -2
"""In place of the number that may be lost: it takes the weights to say."""


def spare_of(weights: Floats, need: float) -> int:
    """How many of some members a gate can lose, whichever they are; -1 where it is down with all of them live."""
    size = len(weights)
    if not size or (weights == weights[0]).all():
        each = float(weights[0]) if size else 0.0
        return next((lost for lost in range(size, -1, -1) if (size - lost) * each >= need), -1)
    return WEIGHED


def alike(lists: Csr, rows: Ints) -> list[Alike]:
    """Some rows of a list of lists, in sets of equal length; empty ones left out."""
    length = np.diff(lists.start)[rows]
    found = []
    for each in np.unique(length[length > 0]).tolist():
        chosen = rows[length == each]
        found.append(Alike(chosen, lists.values[lists.start[chosen][:, None] + np.arange(each)]))
    return found


def _cut_rules(snapshot: Snapshot) -> list[Rule]:
    by: defaultdict[int, list[tuple[int, tuple[int, ...]]]] = defaultdict(list)
    for gate, cuts in sorted(snapshot.cuts.items()):
        for cut in cuts:
            by[len(cut)].append((gate, cut))
    return [
        (np.array([gate for gate, _ in rows]), np.array([cut for _, cut in rows], dtype=np.int64).reshape(-1, size))
        for size, rows in by.items()
    ]


def _at(found: list[Rule], level: Ints, wanted: int) -> list[Rule]:
    """Of the rules, what concerns the gates of one level."""
    kept: list[Rule] = []
    for rule in found:
        gates = rule[0] if isinstance(rule, tuple) else rule.gates
        here = level[gates] == wanted
        if not here.any():
            continue
        if isinstance(rule, tuple):
            kept.append((gates[here], rule[1][here]))
        elif isinstance(rule, _Counted):
            kept.append(_Counted(gates[here], rule.members[here], rule.spare))
        else:
            kept.append(_Weighed(gates[here], rule.members[here], rule.weight[here], rule.need[here]))
    return kept


def _levelled(lists: Csr, level: Ints, top: int) -> list[list[Alike]]:
    return [alike(lists, np.flatnonzero(level == each)) for each in range(top)]


def _any(rows: Words, chosen: Ints) -> Words:
    """(n, words): any of (n, k) chosen rows."""
    found = rows[chosen[:, 0]]
    for column in chosen.T[1:]:
        found |= rows[column]
    return found


def _apply(rule: Rule, down: Words, lost: Words) -> None:
    if isinstance(rule, tuple):
        gates, cuts = rule
        np.bitwise_or.at(lost, gates, _all(down, cuts))
    elif isinstance(rule, _Counted):
        lost[rule.gates] = _more_than(down, rule.members, rule.spare)
    else:
        lost[rule.gates] = _too_light(down, rule)


def _all(rows: Words, chosen: Ints) -> Words:
    found = np.full((len(chosen), rows.shape[1]), _ALL)
    for column in chosen.T:
        found &= rows[column]
    return found


def _more_than(down: Words, members: Ints, spare: int) -> Words:
    """(gates, words): more than `spare` of (gates, members) are down; `reached[i]`: more than i of those seen."""
    gates, size = members.shape
    if spare < 0:
        return np.full((gates, down.shape[1]), _ALL)
    if spare >= size:
        return np.zeros((gates, down.shape[1]), dtype=np.uint64)
    if spare == 0:
        return _any(down, members)
    if spare == size - 1:
        return _all(down, members)
    reached = np.zeros((spare + 1, gates, down.shape[1]), dtype=np.uint64)
    for column in members.T:
        here = down[column]
        for number in range(spare, 0, -1):
            reached[number] |= reached[number - 1] & here
        reached[0] |= here
    found: Words = reached[spare]
    return found


def _too_light(down: Words, rule: _Weighed) -> Words:
    live = np.zeros((len(rule.gates), down.shape[1] * BITS))
    for column, weight in zip(rule.members.T, rule.weight.T, strict=True):
        bits = np.unpackbits(down[column].view(np.uint8), axis=1, bitorder="little")
        live += (1 - bits) * weight[:, None]
    short = np.packbits(live < rule.need[:, None], axis=1, bitorder="little")
    return np.ascontiguousarray(short).view(np.uint64)
