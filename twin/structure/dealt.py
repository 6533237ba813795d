"""Thresholds of gates whose members also serve other sets of consumers, by trying every loss.

For a gate and a set of its members that are lost, everything else being up, all gates that lose a
member share anew (`twin.structure.sharing`), and the loss is survived when no live member of the
gate in question carries more than its derated capacity, and nothing upstream of it either
(`twin.structure.upstream`).  Interchangeable members are lost by number.
All trials of all gates run as one block of array work.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice, product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.asks import onto_members
from twin.structure.lump import number, number_lists, row_of
from twin.structure.model import TOLERANCE
from twin.structure.sharing import shares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.structure.model import Bools, Csr, Floats, Ints, Structure
    from twin.structure.thresholds import Asked, Thresholds
    from twin.structure.upstream import Upstream

MAX_TRIALS = 5_000
"""Most ways to lose members that are tried for one gate; beyond it the gate is left undecided."""

_BATCH = 200_000
"""Members of trials worked on at once."""


@dataclass(slots=True)
class _Trials:
    """The ways of one gate: `live` is (ways, members), in the order of the gate's energised members."""

    gate: int
    entries: Ints
    live: Bools
    fine: Bools


def derive(
    structure: Structure, asked: Asked, rule: Thresholds, chosen: Ints, upstream: Upstream, tight: Bools
) -> list[int]:
    """Set the rule of the chosen gates.

    Members of equal capacity are counted: the fewest that carry the load whichever they are.  For
    unequal ones a weighting is looked for that tells exactly the sufficient sets from the others.

    Args:
        structure: the structure.
        asked: loads of the month.
        rule: changed in place for the chosen gates that are decided.
        chosen: numbers of gates, each with a live member.
        upstream: what feeds the members.
        tight: (gates,), where that may be too little.

    Returns:
        Numbers of the gates that remain undecided.
    """
    members = structure.gates.members
    plain = _kinds(structure, asked)
    close = [members.row(gate) for gate in chosen.tolist() if tight[gate]]
    fed = number([plain, upstream.kinds(np.concatenate(close))], len(plain)) if close else plain
    undecided: list[int] = []
    batch: list[_Trials] = []
    size = 0
    solver = _Solver(structure, asked, upstream, tight)
    for gate in chosen.tolist():
        trials = _trials(structure, asked, fed if tight[gate] else plain, gate)
        if trials is None:
            undecided.append(gate)
            continue
        batch.append(trials)
        size += trials.live.size
        if size > _BATCH:
            undecided += _settle(structure, asked, rule, solver, batch)
            batch, size = [], 0
    return undecided + _settle(structure, asked, rule, solver, batch)


def _settle(structure: Structure, asked: Asked, rule: Thresholds, solver: _Solver, batch: list[_Trials]) -> list[int]:
    if not batch:
        return []
    solver.judge(batch)
    return [trials.gate for trials in batch if not _set_rule(structure, asked, rule, trials, solver)]


def _kinds(structure: Structure, asked: Asked) -> Ints:
    """Elements of one number may be exchanged as suppliers: same group, rating and gates fed."""
    elements, members = structure.elements, structure.gates.members
    gate = row_of(members)
    used = asked.used[gate]
    key = gate * (int(structure.gates.rank.max(initial=0)) + 1) + structure.gates.rank
    feeds = number_lists(len(elements), members.values[used], key[used])
    columns: list[Ints | Floats] = [elements.group, feeds, elements.derated_kw, asked.limit]
    return number(columns, len(elements))


def _trials(structure: Structure, asked: Asked, kind: Ints, gate: int) -> _Trials | None:
    """All ways to keep at least one member, one for each number kept of each kind; None where too many."""
    members = structure.gates.members
    entries = np.arange(members.start[gate], members.start[gate + 1])
    entries = entries[asked.element_on[members.values[entries]]]
    _, of = np.unique(kind[members.values[entries]], return_inverse=True)
    counts = np.bincount(of).tolist()
    if prod(count + 1 for count in counts) > MAX_TRIALS:
        return None
    kept = np.array(list(product(*(range(count + 1) for count in counts))), dtype=np.int64)[1:]
    place = np.zeros(len(entries), dtype=np.int64)
    for sort in range(len(counts)):
        mine = np.flatnonzero(of == sort)
        place[mine] = np.arange(len(mine))
    live = place[None, :] < kept[:, of]
    return _Trials(gate, entries, live, np.ones(len(live), dtype=bool))


class _Solver:
    """Judges trials: which leave no live member of their gate overloaded."""

    def __init__(self, structure: Structure, asked: Asked, upstream: Upstream, tight: Bools) -> None:
        self.structure = structure
        self.upstream, self.tight = upstream, tight
        self.asked = asked
        self.members = structure.gates.members
        self.onto = onto_members(structure)
        entries = self.members.values
        gate = row_of(self.members)
        self.share = self._shares(self.members.start, np.arange(len(entries)), asked.element_on[entries], asked.load)
        loaded = np.flatnonzero(asked.load[gate] > 0)
        order = loaded[np.argsort(entries[loaded], kind="stable")]
        self.gates_of = gate[order]
        self.start_of = np.searchsorted(entries[order], np.arange(len(structure.elements) + 1))

    def judge(self, batch: list[_Trials]) -> None:
        """Set `fine` of every trial."""
        trial, element, live = _stacked(batch, self.members)
        key = trial * len(self.structure.elements) + element
        order = np.argsort(key)
        trial, element, live, key = trial[order], element[order], live[order], key[order]
        load = self.asked.carried[element] + self._extra(trial, element, live, key)
        over = live & (load > self.asked.limit[element] * (1.0 + TOLERANCE))
        bad = np.bincount(trial[over], minlength=sum(len(t.live) for t in batch)) > 0
        begin = 0
        for trials in batch:
            trials.fine = ~bad[begin : begin + len(trials.live)]
            begin += len(trials.live)
            if self.tight[trials.gate]:
                ways = np.flatnonzero(trials.fine & ~trials.live.all(axis=1))
                elements = self.members.values[trials.entries]
                trials.fine[ways] = self.upstream.survived(elements, trials.live[ways])

    def _extra(self, trial: Ints, element: Ints, live: Bools, key: Ints) -> Floats:
        """What each member of each trial carries more than with everything up."""
        lost = np.flatnonzero(~live)
        hit, repeats = _ranges(self.start_of, element[lost])
        pairs = np.unique(np.repeat(trial[lost], repeats) * len(self.members) + self.gates_of[hit])
        trial_of, gate_of = np.divmod(pairs, len(self.members))
        entries, size = _ranges(self.members.start, gate_of)
        elements = self.members.values[entries]
        wanted = np.repeat(trial_of, size) * len(self.structure.elements) + elements
        place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        mine = key[place] == wanted
        alive = self.asked.element_on[elements] & (~mine | live[place])
        start = np.concatenate([[0], np.cumsum(size)])
        asked = self.asked.load[gate_of]
        share = self._shares(start, entries, alive, asked, gate_of) if len(gate_of) else np.zeros(0)
        more = (share - self.share[entries]) * np.repeat(asked, size) * self.onto[entries]
        extra: Floats = np.bincount(place[mine], weights=more[mine], minlength=len(key)).astype(float)
        return extra

    def _shares(self, start: Ints, entries: Ints, alive: Bools, load: Floats, gate: Ints | None = None) -> Floats:
        gates = self.structure.gates
        primary = gates.primary if gate is None else gates.primary[gate]
        derated = self.structure.elements.derated_kw[self.members.values[entries]]
        return shares(start, derated, gates.rank[entries], primary, alive[:, None], load[:, None])[:, 0]


def _stacked(batch: list[_Trials], members: Csr) -> tuple[Ints, Ints, Bools]:
    """Trial number, element and whether live, for every member of every trial."""
    trial, element, live, begin = [], [], [], 0
    for trials in batch:
        ways, width = trials.live.shape
        trial.append(np.repeat(np.arange(begin, begin + ways), width))
        element.append(np.tile(members.values[trials.entries], ways))
        live.append(trials.live.ravel())
        begin += ways
    return np.concatenate(trial), np.concatenate(element), np.concatenate(live)


def _ranges(start: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Positions of all entries of some rows, and how many each row has."""
    size = start[rows + 1] - start[rows]
    ends = np.cumsum(size)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total) + np.repeat(start[rows] - (ends - size), size), size


def _set_rule(structure: Structure, asked: Asked, rule: Thresholds, trials: _Trials, solver: _Solver) -> bool:
    """Write down the rule that a gate's trials show; False where none says it exactly."""
    elements = structure.gates.members.values[trials.entries]
    kept, wired = trials.live.sum(axis=1), len(elements)
    gate = trials.gate
    survived = [bool(trials.fine[kept == number].all()) for number in range(1, wired + 1)]
    fewest = wired
    while fewest > 1 and all(survived[fewest - 2 :]):
        fewest -= 1
    whole = survived[-1]
    rule.shortfall[gate] = not whole
    rule.spare[gate] = wired - fewest if whole else 0
    limit = asked.limit[elements]
    if not whole or (limit == limit[0]).all():
        rule.threshold[gate] = fewest
        return True
    for weight in _weightings(limit, asked, solver, trials, rule.weight[trials.entries]):
        sums = np.array([weight[row].sum() for row in trials.live])
        least = float(sums[trials.fine].min())
        if trials.fine.all() or float(sums[~trials.fine].max()) < least * (1.0 - TOLERANCE) ** 2:
            rule.weight[trials.entries] = weight
            rule.threshold[gate] = least
            return True
    rule.spare[gate] = -1
    return False


def _weightings(limit: Floats, asked: Asked, solver: _Solver, trials: _Trials, counted: Floats) -> Iterator[Floats]:
    """Weightings to try: one each, by rating, by what is left beside the present load, by what the supply delivers."""
    yield counted
    elements = solver.members.values[trials.entries]
    load = float(asked.load[trials.gate])
    rated = np.where(np.isinf(limit), load, limit)
    yield rated
    left = np.maximum(rated - asked.carried[elements], 0.0)
    if left.sum() > 0:
        yield left
    if solver.tight[trials.gate]:
        fed = np.minimum(counted, solver.upstream.reach(elements, asked.carried[elements]))
        if fed.sum() > 0:
            yield fed


def lose(kind: Ints, losses: int) -> Bools | None:
    """(ways, members): who is left when that many are lost, one for each number lost of each kind; None if too many.

    Args:
        kind: (members,), numbered from 0.
        losses: at least 1, at most all members.
    """
    counts = np.bincount(kind).tolist()
    ways = list(islice(_lost(counts, losses), MAX_TRIALS + 1))
    if len(ways) > MAX_TRIALS:
        return None
    place = np.zeros(len(kind), dtype=np.int64)
    for sort in range(len(counts)):
        mine = np.flatnonzero(kind == sort)
        place[mine] = np.arange(len(mine))
    left: Bools = place[None, :] >= np.array(ways, dtype=np.int64)[:, kind]
    return left


def _lost(counts: list[int], losses: int) -> Iterator[tuple[int, ...]]:
    """All ways to lose that many, as the number lost of each kind."""
    after = [sum(counts[at + 1 :]) for at in range(len(counts))]
    pending: list[tuple[tuple[int, ...], int]] = [((), losses)]
    while pending:
        done, left = pending.pop()
        if len(done) == len(counts):
            yield done
            continue
        least, most = max(left - after[len(done)], 0), min(counts[len(done)], left)
        pending += [((*done, here), left - here) for here in range(least, most + 1)]
