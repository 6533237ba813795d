"""How far the IT load of scopes can grow where loads are not linear: losses by a curve, standbys that join.

The usable load of a scope is the largest up to which every state that must be survived is carried at
every load below it as well.  A *row* is one state, one column and one mode of `twin.capacity.growth`.
As long as the same suppliers take part, every load rises with the factor on the draw of the scope, so a
row has a first factor at which something is full or a standby joins, and it lies between the largest
factor known to be fine and the least known not to be.  Tangents at the one or the other say where to try
next, halving where they do not help, until the two are next to each other.  Where a standby has joined
and nothing is full the row walks on from there.  All rows are tried at once, and one that is fine at a
factor at which another row of the scope is full is done.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.bracket import STEP, Rows, Seen
from twin.capacity.growth import NOISE, TIE, Limit
from twin.capacity.states import batches
from twin.errors import RefusedError
from twin.structure.flow import CELLS, loads
from twin.structure.lump import row_of
from twin.structure.model import NETWORK, TOLERANCE

if TYPE_CHECKING:
    from twin.capacity.growth import Growth
    from twin.structure.model import Bools, Floats, Ints, Structure

FAR = 1e6
"""Factor that stands for any growth: what is fine there is not limited."""

_ROUNDS = 2_000
"""Most trials of one row; far more than any plant takes."""


def solve(
    question: Growth, failures: list[tuple[int, ...]], factor: Floats, state: Ints, chosen: list[int]
) -> dict[int, tuple[Limit | None, Limit | None]]:
    """What binds some FAILING scopes that grow, and the next in another group.

    Args:
        question: the month.
        failures: the elements that fail in each state.
        factor: (groups, columns), where the tangents at the present load say that something is full.
        state: (groups, columns), and in which state.
        chosen: the scopes.
    """
    if not chosen:
        return {}
    kept = np.flatnonzero(np.isin(question.like, chosen))
    question, factor, state = question.only(kept), factor[:, kept], state[:, kept]
    likes = np.unique(question.like)
    # A scope is first tried in the states that look worst, so that the others are soon seen to be fine.
    hopeful = np.unique(np.append(state[np.isfinite(factor)], 0)).tolist()
    estimate = np.full(len(likes), np.inf)
    np.minimum.at(estimate, np.searchsorted(likes, question.like), factor.min(axis=0, initial=np.inf))
    first = _Search(question, likes, estimate)
    first.run(failures, hopeful)
    second = _Search(question, likes, np.full(len(likes), np.inf), first)
    second.run(failures, hopeful)
    return {like: _in_order(first.limit(n), second.limit(n)) for n, like in enumerate(likes.tolist())}


def _in_order(first: Limit | None, second: Limit | None) -> tuple[Limit | None, Limit | None]:
    """The lesser one binds, whichever search came upon it."""
    return (
        (second, first)
        if first is not None and second is not None and second.factor < first.factor
        else (first, second)
    )


class _Search:
    """The least factor of every scope; after another search, of what is in another group than what binds there."""

    def __init__(self, question: Growth, likes: Ints, estimate: Floats, after: _Search | None = None) -> None:
        self.question, self.after = question, after
        self.set_of = np.searchsorted(likes, question.like)
        self.standbys = standbys(question)
        self.estimate = estimate
        self.least = np.full(len(likes), np.inf)
        """For each scope the least factor at which something is known to be full."""
        self.found: list[list[Limit]] = [[] for _ in likes]
        self.group = question.structure.elements.group
        self.start = np.zeros(len(likes)) if after is None else after.least
        """For each scope a factor at which nothing is full below it."""
        self.skip = np.full(len(likes), -1, dtype=np.int64)
        for number in range(len(likes) if after is not None else 0):
            bound = None if after is None else after.limit(number)
            self.skip[number] = -2 if bound is None else self.group[bound.element]

    def limit(self, number: int) -> Limit | None:
        """The least of one scope; of equal ones that of the first state, and the first element."""
        found = self.found[number]
        if not found:
            return None
        least = min(limit.factor for limit in found)
        ties = [limit for limit in found if limit.factor <= least * (1.0 + TIE)]
        return min(ties, key=lambda limit: (limit.state, limit.element, limit.scope))

    def run(self, failures: list[tuple[int, ...]], hopeful: list[int]) -> None:
        """Go through all states, hopeful ones first."""
        rest = sorted(set(range(len(failures))) - set(hopeful))
        structure = self.question.structure
        cells = 6 * max(len(structure.elements), len(structure.gates.members.values), len(structure.classes), 1)
        for numbers in (hopeful, rest):
            part = [failures[number] for number in numbers]
            for batch in batches(self.question.declared, part, max(1, CELLS // (3 * cells))):
                states = np.array(numbers, dtype=np.int64)[batch.numbers]
                self._batch(states, batch.alive, batch.fed, batch.promised, max(1, CELLS // cells))

    def _batch(self, states: Ints, alive: Bools, fed: Bools, promised: Bools, size: int) -> None:
        columns = np.flatnonzero(self.skip[self.set_of] != -2)  # noqa: PLR2004 - of scopes that nothing limits
        shape = (len(states), len(columns), len(self.question.modes))
        where, column, mode = (axis.ravel() for axis in np.indices(shape))
        for begin in range(0, len(where), size):
            part = slice(begin, begin + size)
            rows = self._rows(states, where[part], columns[column[part]], mode[part])
            at = np.arange(len(rows.state))
            for tried in count():
                if not len(at):
                    break
                if tried == _ROUNDS:
                    self._refuse(rows, at)
                rows.learn(at, self._try(rows, at, alive, fed, promised), settled=len(self.standbys) > 0)
                at = self._settle(rows, at)

    def _rows(self, states: Ints, where: Ints, column: Ints, mode: Ints) -> Rows:
        bound = self.set_of[column]
        trial = self.start[bound].copy()
        if not len(self.standbys) and self.after is None:
            trial = np.minimum(np.minimum(self.estimate, self.least)[bound] * (1.0 + STEP), FAR)
        return Rows.begin(states[where], column, mode, where, trial, len(self.standbys))

    def _try(self, rows: Rows, at: Ints, alive: Bools, fed: Bools, promised: Bools) -> Seen:
        """What flows in some rows at their trial factors."""
        question, structure = self.question, self.question.structure
        where, column, trial = rows.where[at], rows.column[at], rows.trial[at]
        ratio = np.stack([mode.ratio for mode in question.modes])[rows.mode[at]]
        inside = question.inside.T[column]
        draw = ratio * np.where(inside > 0, trial[:, None], 1.0) * fed[where]
        marks = np.stack([ratio * inside * fed[where], ratio * promised[where]], axis=2)
        none = np.empty((len(structure.classes), 0))
        flow = loads(question.declared.rule, alive[where], none, draw, question.prepared, marks)
        limit = np.stack([mode.limit_kw for mode in question.modes])[rows.mode[at]]
        limit = np.where(self.group == self.skip[self.set_of[column]][:, None], np.inf, limit)
        counts = question.counts(rows.state[at], flow.marked[:, :, 1])
        rises = flow.marked[:, :, 0]
        counts &= rises > NOISE * question.demand_kw[column][:, None]
        # A standby joins when what is there falls short by more than the tolerance; until then nothing is full.
        slack = 2.0 * TOLERANCE if len(self.standbys) else 0.0
        over = np.any(counts & (flow.total > limit * (1.0 + slack)), axis=1)
        exact = _reach(trial, limit - flow.total, rises, counts)
        ends = _reach(trial, limit * (1.0 + slack) - flow.total, rises, counts).min(axis=1, initial=np.inf)
        last = flow.last[:, self.standbys]
        beyond, more, _ = joins(structure, self.standbys, alive[where], last)
        rest = beyond - flow.asked[:, self.standbys]
        asked = flow.asked_marked[:, self.standbys, 0]
        joined = _reach(trial, rest, asked, more & (asked > NOISE * question.demand_kw[column][:, None]))
        least = exact.min(axis=1, initial=np.inf)
        element = np.argmax(exact <= (least + TIE * np.abs(least))[:, None], axis=1) if exact.shape[1] else at * 0
        return Seen(over, least, ends, joined.min(axis=1, initial=np.inf), element, last)

    def _refuse(self, rows: Rows, at: Ints) -> None:
        scope = self.question.structure.scopes[int(self.question.columns[rows.column[at[0]]])]
        raise RefusedError(
            "capacity",
            f"how far '{scope.id}' can grow is not found: suppliers that stand by join again and again",
            "use 'share: equal' where suppliers stand by for one another in several stages",
        )

    def _settle(self, rows: Rows, at: Ints) -> Ints:
        """End the rows that are found, walk those on at which a standby joins; says which rows go on."""
        full = at[rows.over[at] & rows.same[at]]
        np.minimum.at(self.least, self.set_of[rows.column[full]], rows.high[full])
        closed = rows.closed(at)
        for row in at[closed & rows.over[at]].tolist():
            number, column = self.set_of[rows.column[row]], int(self.question.columns[rows.column[row]])
            factor = max(float(rows.exact[row] if rows.same[row] else rows.high[row]), 0.0)
            self.least[number] = min(self.least[number], float(rows.high[row]))
            self.found[number].append(Limit(int(rows.element[row]), int(rows.state[row]), factor, column))
        rows.walk(at[closed & ~rows.over[at]])
        going = at[~closed | ~rows.over[at]]
        most: Floats = np.minimum(self.least[self.set_of[rows.column[going]]], FAR)
        below = rows.low[going] < most
        on: Ints = going[below]
        rows.aim(on, most[below])
        return on


def _reach(trial: Floats, rest: Floats, rises: Floats, counts: Bools) -> Floats:
    """Factor at which the tangent has used up the rest; infinity for what does not count."""
    reach: Floats = trial[:, None] + np.divide(rest, rises, out=np.full(rest.shape, np.inf), where=counts)
    return reach


def standbys(question: Growth) -> Ints:
    """Gates with members in service that may stand by."""
    structure = question.structure
    gates = structure.gates
    found = []
    for gate in np.flatnonzero(gates.primary & (gates.resource != NETWORK)).tolist():
        row = slice(gates.members.start[gate], gates.members.start[gate + 1])
        ranks = gates.rank[row][question.declared.alive[gates.members.values[row]]]
        if len(np.unique(ranks)) > 1:
            found.append(gate)
    return np.array(found, dtype=np.int64)


def joins(structure: Structure, gates: Ints, alive: Bools, last: Ints) -> tuple[Floats, Bools, Bools]:
    """What is said of standbys by who takes part.

    Args:
        structure: the compiled system.
        gates: `standbys`.
        alive: (rows, elements), live elements.
        last: (rows, gates), the last rank that takes part.

    Returns:
        (rows, gates) each: what is asked beyond which another rank joins, whether there is one, and whether
        fewer ranks would do if less were asked.
    """
    if not len(gates):
        return np.zeros(last.shape), np.zeros(last.shape, dtype=bool), np.zeros(last.shape, dtype=bool)
    of = row_of(structure.gates.members)
    entries = np.flatnonzero(np.isin(of, gates))
    gate = np.searchsorted(gates, of[entries])
    start = np.searchsorted(gate, np.arange(len(gates)))
    members, rank = structure.gates.members.values[entries], structure.gates.rank[entries]
    live = alive[:, members]
    able = np.add.reduceat(
        np.where(live & (rank <= last[:, gate]), structure.elements.derated_kw[members], 0.0), start, 1
    )
    before = np.logical_or.reduceat(live & (rank < last[:, gate]), start, axis=1)
    return able / (1.0 - TOLERANCE), last < np.maximum.reduceat(rank, start), before
