"""The tangents of many scopes at once: only what a failure reaches is worked out anew.

Where losses go with the load and no supplier stands by, the load that comes of a scope takes the same
way in a failure state as with everything in service, unless a gate that it passes has lost a member there,
or one of its loads is down.  So the tangents of all columns are worked out once, with everything in
service, and in a state again for those columns only that it reaches: one hall and what is around it, of a
campus of many.  The loads themselves are worked out in every state.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from twin.capacity.growth import NOISE, TIE
from twin.structure.flow import CELLS, loads
from twin.structure.lump import row_of

if TYPE_CHECKING:
    from twin.capacity.growth import Growth, Mode
    from twin.capacity.states import Batch
    from twin.structure.flow import Loads
    from twin.structure.model import Bools, Floats, Ints

_LAST = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Base:
    """What flows with everything in service, in one mode.

    Attributes:
        alive, fed: (elements,), (classes,), what is live and draws.
        element, column: (pairs,), where something comes of a column.
        tangent: (pairs,), how much.
        passes: (gates, columns), which gates the load of a column passes.
    """

    alive: Bools
    fed: Bools
    element: Ints
    column: Ints
    tangent: Floats
    passes: sparse.csr_array


def base(question: Growth, batch: Batch, mode: Mode) -> Base:
    """The tangents with everything in service.

    Args:
        question: what is asked.
        batch: states, the first of which is the one in which nothing failed.
        mode: the draw.
    """
    columns = len(question.columns)
    pairs: list[tuple[Ints, Ints, Floats]] = []
    passes = []
    wide = max(1, CELLS // (4 * max(len(question.structure.elements), len(question.structure.gates), 1)))
    for begin in range(0, columns, wide):
        part = slice(begin, min(begin + wide, columns))
        scale = question.inside[:, part] * mode.ratio[:, None]
        flow = loads(question.declared.rule, batch.alive[:1], scale, batch.fed[:1] * mode.ratio, question.prepared)
        tangents = flow.columns[0]
        element, column = np.nonzero(tangents > NOISE * question.demand_kw[part])
        pairs.append((element, column + begin, tangents[element, column]))
        passes.append(sparse.csr_array(flow.asked_columns[0] > 0, dtype=np.float64))
    element, column, tangent = (np.concatenate(one) for one in zip(*pairs, strict=True))
    return Base(batch.alive[0], batch.fed[0], element, column, tangent, sparse.csr_array(sparse.hstack(passes)))


def least(question: Growth, batch: Batch, mode: Mode, known: Base, flow: Loads) -> tuple[Floats, Ints]:
    """The least factor at which each element is full by each column, and the first state of the batch that gives it.

    Args:
        question: what is asked.
        batch: some states.
        mode: the draw, and what it must stay within.
        known: of the same mode.
        flow: the loads of these states, with the promised ones as the only mark.

    Returns:
        (elements, columns) each; infinity where nothing is full at any factor.
    """
    shape = (len(question.structure.elements), len(question.columns))
    factor, state = np.full(shape, np.inf), np.full(shape, _LAST)
    counts = question.counts(batch.numbers, flow.marked[:, :, 0])
    spare = np.where(counts, mode.limit_kw - flow.total, np.inf)
    affected = _affected(question, batch, known)
    wide = max(1, CELLS // (4 * len(batch.numbers)))
    for begin in range(0, len(known.element), wide):
        part = slice(begin, begin + wide)
        element, column = known.element[part], known.column[part]
        here = np.maximum(1.0 + spare[:, element] / known.tangent[part], 0.0)
        here[affected[:, column]] = np.inf
        factor[element, column], state[element, column] = _first(here, batch.numbers)
    rows, columns = np.nonzero(affected)
    order = np.argsort(columns, kind="stable")
    rows, columns = rows[order], columns[order]
    tall = max(1, CELLS // (8 * max(shape[0], len(question.structure.gates), len(question.structure.classes), 1)))
    for begin in range(0, len(rows), tall):
        chunk = slice(begin, begin + tall)
        _anew(question, batch, mode, (rows[chunk], columns[chunk], spare), (factor, state))
    return factor, state


def _affected(question: Growth, batch: Batch, known: Base) -> Bools:
    """(states, columns): where a gate that the column passes has lost a member, or a load of it is down."""
    members = question.structure.gates.members
    gate = row_of(members)
    of = sparse.csr_array((np.ones(len(gate)), (members.values, gate)), shape=(len(known.alive), len(members)))
    dead = sparse.csr_array(known.alive & ~batch.alive, dtype=np.float64)
    down = sparse.csr_array(known.fed != batch.fed, dtype=np.float64)
    inside = sparse.csr_array(question.inside)
    found: Bools = (dead @ of @ known.passes + down @ inside).toarray() > 0
    return found


def _anew(
    question: Growth, batch: Batch, mode: Mode, at: tuple[Ints, Ints, Floats], found: tuple[Floats, Ints]
) -> None:
    """Work out the tangents of some columns in some states, ordered by column, and take over what is less."""
    rows, columns, spare = at
    factor, state = found
    fed = batch.fed[rows]
    marks = (mode.ratio * question.inside.T[columns] * fed)[:, :, None]
    none = np.empty((len(question.structure.classes), 0))
    flow = loads(question.declared.rule, batch.alive[rows], none, fed * mode.ratio, question.prepared, marks)
    rises = flow.marked[:, :, 0]
    grows = rises > NOISE * question.demand_kw[columns][:, None]
    here = 1.0 + np.divide(spare[rows], rises, out=np.full(rises.shape, np.inf), where=grows)
    np.maximum(here, 0.0, out=here)
    starts = np.flatnonzero(np.diff(columns, prepend=-1))
    for begin, end in zip(starts.tolist(), [*starts[1:].tolist(), len(columns)], strict=True):
        column = columns[begin]
        new, when = _first(here[begin:end], batch.numbers[rows[begin:end]])
        old, before = factor[:, column], state[:, column]
        lowest = np.minimum(new, old)
        ties = [np.where(one <= lowest * (1.0 + TIE), since, _LAST) for one, since in ((new, when), (old, before))]
        factor[:, column], state[:, column] = lowest, np.minimum(*ties)


def _first(factor: Floats, numbers: Ints) -> tuple[Floats, Ints]:
    """The least over the states, the first axis, and of equal ones the first."""
    lowest = factor.min(axis=0)
    return lowest, numbers[np.argmax(factor <= lowest * (1.0 + TIE), axis=0)]
