"""Loads and their tangents at the present load, over all states: which element is full at which factor.

Where losses go with the load and no standby joins, loads are linear in a state.  When the IT load of a
scope is scaled by a factor and all else stays as it is, an element carries

    load(factor) = load now + (factor - 1) * what comes of the scope's IT load

and is full at factor = 1 + (limit - load now) / what comes of the scope.  The least of these over all
elements and states is what the scope can grow by; that element and state bind.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.fixed import Fixed
from twin.capacity.growth import NOISE, TIE, Growth, Limit, Mode
from twin.capacity.reached import base, least
from twin.capacity.states import Batch, batches
from twin.capacity.usable import joins, standbys
from twin.structure.flow import CELLS, loads
from twin.structure.model import TOLERANCE

if TYPE_CHECKING:
    from twin.capacity.reached import Base
    from twin.structure.flow import Loads
    from twin.structure.model import Floats, Ints, Structure

FEW = 8
"""Most scopes of which the tangents are worked out in every state; of more only where a state reaches them."""


def cells(structure: Structure, scopes: int) -> int:
    """Figures of one state: the load and a marked part beside one for each growing scope."""
    return max(len(structure.elements), len(structure.gates), len(structure.classes), 1) * (3 + scopes)


class Tangents:
    """Running extremes over the states of one month.

    For each group of elements and each column: the least `factor` at which one of them is full by the
    tangent at the present load, the `element` and the `state`.  For each column, in `joins`, the factor up to
    which the same suppliers take part in every state, by the tangents; minus infinity where that is not so below 1.
    """

    def __init__(self, question: Growth) -> None:
        """Begin without a state."""
        self.question = question
        structure = question.structure
        size, group = len(structure.elements), structure.elements.group
        self.load = np.zeros(size)
        self.capped = np.zeros(size)
        self.worst = np.zeros(size)
        self.worst_state = np.zeros(size, dtype=np.int64)
        # The elements of a group stand together.
        self.runs = np.concatenate([np.flatnonzero(np.diff(group, prepend=-1)), [size]]) if size else np.zeros(1, int)
        shape = (len(self.runs) - 1, len(question.columns))
        self.factor = np.full(shape, np.inf)
        self.element = np.zeros(shape, dtype=np.int64)
        self.state = np.zeros(shape, dtype=np.int64)
        self.fixed = Fixed(question)
        self.standbys = standbys(question)
        self.joins = np.full(len(question.columns), np.inf)

    def run(self, failures: list[tuple[int, ...]]) -> None:
        """Go through all states: as many scopes at a time as memory allows, or of many those that a state reaches."""
        structure = self.question.structure
        columns = len(self.question.columns)
        bent = bool((self.question.prepared.losses.bent & self.question.declared.alive).any())
        if columns > FEW and not bent and not len(self.standbys):
            self._run_reached(failures)
            return
        width = max(1, CELLS // cells(structure, 0) - 3)
        for begin in range(0, max(columns, 1), width):
            part = slice(begin, min(begin + width, columns))
            size = max(1, CELLS // cells(structure, part.stop - part.start))
            for batch in batches(self.question.declared, failures, size):
                for number, mode in enumerate(self.question.modes):
                    self._add(batch, mode, part, first=number == 0)

    def _run_reached(self, failures: list[tuple[int, ...]]) -> None:
        question = self.question
        none, every = np.empty((len(question.structure.classes), 0)), slice(0, len(question.columns))
        known: list[Base] = []
        for batch in batches(question.declared, failures, max(1, CELLS // cells(question.structure, 3))):
            known = known or [base(question, batch, mode) for mode in question.modes]
            for number, mode in enumerate(question.modes):
                promised = (batch.promised * mode.ratio)[:, :, None]
                draws = batch.fed * mode.ratio
                flow = loads(question.declared.rule, batch.alive, none, draws, question.prepared, promised)
                self._extremes(batch.numbers, flow.total, first=number == 0)
                self.fixed.add(batch, mode, flow)
                factor, state = least(question, batch, mode, known[number], flow)
                for run, (begin, end) in enumerate(pairwise(self.runs.tolist())):
                    self._merge(run, every, factor[begin:end], state[begin:end], begin)

    def _add(self, batch: Batch, mode: Mode, part: slice, *, first: bool) -> None:
        question = self.question
        scale = question.inside[:, part] * mode.ratio[:, None]
        promised = (batch.promised * mode.ratio)[:, :, None]
        flow = loads(question.declared.rule, batch.alive, scale, batch.fed * mode.ratio, question.prepared, promised)
        self._extremes(batch.numbers, flow.total, first=first)
        if not part.start:
            self.fixed.add(batch, mode, flow)
        counts = question.counts(batch.numbers, flow.marked[:, :, 0])
        grows = (flow.columns > NOISE * question.demand_kw[part]) & counts[:, :, None]
        spare = (mode.limit_kw - flow.total)[:, :, None]
        factor = 1.0 + np.divide(spare, flow.columns, out=np.full(grows.shape, np.inf), where=grows)
        np.maximum(factor, 0.0, out=factor)
        if len(self.standbys):
            self._join(batch, flow, part)
        lowest = factor.min(axis=0)
        state = batch.numbers[np.argmax(factor <= lowest * (1.0 + TIE), axis=0)]
        for run, (begin, end) in enumerate(pairwise(self.runs.tolist())):
            self._merge(run, part, lowest[begin:end], state[begin:end], begin)

    def _join(self, batch: Batch, flow: Loads, part: slice) -> None:
        """Note where the first standby joins."""
        question = self.question
        able, more, less = joins(question.structure, self.standbys, batch.alive, flow.last[:, self.standbys])
        rises = flow.asked_columns[:, self.standbys]
        grows = rises > NOISE * question.demand_kw[part]
        # A supplier that is full just as the next one joins is not full: look a little earlier.
        rest = (able * (1.0 - 3.0 * TOLERANCE) - flow.asked[:, self.standbys])[:, :, None]
        at = 1.0 + np.divide(rest, rises, out=np.full(rises.shape, np.inf), where=grows & more[:, :, None])
        at[grows & less[:, :, None]] = -np.inf
        self.joins[part] = np.minimum(self.joins[part], at.min(axis=(0, 1)))

    def _extremes(self, numbers: Ints, total: Floats, *, first: bool) -> None:
        if numbers[0] == 0:
            self.capped = total[0].copy()
        if not first:
            return
        if numbers[0] == 0:
            self.load = total[0].copy()
        most = total.max(axis=0)
        at = np.argmax(total >= most * (1.0 - TIE), axis=0)
        worse = most > self.worst * (1.0 + TIE)
        self.worst = np.where(worse, most, self.worst)
        self.worst_state = np.where(worse, numbers[at], self.worst_state)

    def _merge(self, run: int, part: slice, factor: Floats, state: Ints, begin: int) -> None:
        """Take over what is less for one group; of equals the first state, and in it the first element."""
        least = factor.min(axis=0)
        among = np.where(factor <= least * (1.0 + TIE), state, np.iinfo(np.int64).max)
        at = np.argmin(among, axis=0)
        with np.errstate(invalid="ignore"):
            better = least < self.factor[run, part] * (1.0 - TIE)
        each = np.arange(len(at))
        self.factor[run, part] = np.where(better, factor[at, each], self.factor[run, part])
        self.element[run, part] = np.where(better, begin + at, self.element[run, part])
        self.state[run, part] = np.where(better, state[at, each], self.state[run, part])


def limits_of(question: Growth, work: Tangents) -> dict[int, tuple[Limit | None, Limit | None]]:
    """What binds each FAILING scope that grows, and the next in another group, where loads are linear."""
    found: dict[int, tuple[Limit | None, Limit | None]] = {}
    for scope in np.unique(question.like).tolist():
        mine = np.flatnonzero(question.like == scope)
        first = _least(question, work, mine, np.inf)
        second = None if first is None else _least(question, work, mine, first.element)
        found[scope] = (first, second)
    return found


def bent(question: Growth, work: Tangents, limits: dict[int, tuple[Limit | None, Limit | None]]) -> list[int]:
    """The scopes for which the tangents at the present load are not the whole answer."""
    if (question.prepared.losses.bent & question.declared.alive).any():
        return sorted(limits)
    found = []
    for scope, (first, second) in limits.items():
        needed = second.factor if second is not None else first.factor if first is not None else 1.0
        mine = work.joins[question.like == scope]
        # Where nothing else binds, what joins might.
        if (mine <= needed).any() or (second is None and np.isfinite(mine).any()):
            found.append(scope)
    return found


def _least(question: Growth, work: Tangents, columns: Ints, without: float) -> Limit | None:
    """The least factor over some columns, leaving out the group of one element."""
    other = ~((work.runs[:-1] <= without) & (without < work.runs[1:]))
    factor = np.where(other[:, None], work.factor[:, columns], np.inf)
    least = factor.min(initial=np.inf)
    if not np.isfinite(least):
        return None
    runs, at = np.nonzero(factor <= least * (1.0 + TIE))
    each = columns[at]
    order = np.lexsort((each, work.element[runs, each], work.state[runs, each]))[0]
    run, column = int(runs[order]), int(each[order])
    return Limit(
        element=int(work.element[run, column]),
        state=int(work.state[run, column]),
        factor=float(work.factor[run, column]),
        scope=int(question.columns[column]),
    )
