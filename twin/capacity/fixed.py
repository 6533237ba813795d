"""What is full whatever a scope grows by: suppliers over their limit by load that does not come of it.

A board that feeds pumps alone carries nothing that grows with the racks which those pumps cool.  If it is
over its limit all the same, what depends on it is not carried, and the scope can grow to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from twin.capacity.growth import NOISE, Limit
from twin.structure.flow import CELLS, loads
from twin.structure.lump import row_of
from twin.structure.model import NETWORK, TOLERANCE

if TYPE_CHECKING:
    from twin.capacity.growth import Growth, Mode
    from twin.capacity.states import Batch
    from twin.structure.flow import Loads
    from twin.structure.model import Bools, Csr, Ints

    Limits = dict[int, tuple[Limit | None, Limit | None]]


class Fixed:
    """Limits at factor 0, over the states of one month."""

    def __init__(self, question: Growth) -> None:
        """Begin without a state."""
        self.question = question
        self.found: dict[tuple[int, int], Limit] = {}
        """For each FAILING scope and group of elements the first state, and in it the first element."""
        self._watched: Ints | None = None
        self._columns = self._classes = np.zeros((0, 0), dtype=bool)

    def add(self, batch: Batch, mode: Mode, flow: Loads) -> None:
        """Look at some states; the one in which nothing failed comes first.

        Args:
            batch: the states.
            mode: the draw, and what it must stay within.
            flow: what flows in it.
        """
        if self._watched is None:
            self._watch(batch, mode, flow)
        watched = self._watched if self._watched is not None else np.empty(0, dtype=np.int64)
        over = flow.total[:, watched] > mode.limit_kw[watched] * (1.0 + TOLERANCE)
        over &= batch.alive[:, watched]
        for row, at in zip(*(axis.tolist() for axis in np.nonzero(over)), strict=True):
            state = int(batch.numbers[row])
            hit = self._columns[at]
            if state:
                hit = hit & ((batch.promised[row] & self._classes[at]) @ self.question.inside > 0)
            element = int(watched[at])
            new = [column for column in np.flatnonzero(hit).tolist() if self._is_new(element, state, column)]
            for column in self._idle_in(batch, row, mode, element, new) if state else new:
                self._note(element, state, column)

    def among(self, limits: Limits) -> Limits:
        """Limits of scopes with these among them: the first, and the next in another group."""
        group = self.question.structure.elements.group
        merged = dict(limits)
        for scope in {scope for scope, _ in self.found}:
            mine = [limit for (of, _), limit in self.found.items() if of == scope]
            mine += [limit for limit in limits.get(scope, ()) if limit is not None]
            mine.sort(key=lambda limit: (limit.factor, limit.state, limit.element))
            others = [limit for limit in mine if group[limit.element] != group[mine[0].element]]
            merged[scope] = mine[0], others[0] if others else None
        return merged

    def _key(self, element: int, column: int) -> tuple[int, int]:
        return int(self.question.like[column]), int(self.question.structure.elements.group[element])

    def _is_new(self, element: int, state: int, column: int) -> bool:
        old = self.found.get(self._key(element, column))
        return old is None or (state, element) < (old.state, old.element)

    def _note(self, element: int, state: int, column: int) -> None:
        self.found[self._key(element, column)] = Limit(element, state, 0.0, int(self.question.columns[column]))

    def _idle_in(self, batch: Batch, row: int, mode: Mode, element: int, columns: list[int]) -> list[int]:
        """Those of some columns to which an element gives nothing in a state, as it does with everything in service.

        One that stands by, or shares with a supplier of no known limit, carries nothing until that one fails.
        """
        if not columns:
            return []
        question, one = self.question, slice(row, row + 1)
        scale = question.inside[:, columns] * mode.ratio[:, None]
        flow = loads(question.declared.rule, batch.alive[one], scale, batch.fed[one] * mode.ratio, question.prepared)
        rises = flow.columns[0, element] > NOISE * question.demand_kw[columns]
        return [column for column, more in zip(columns, rises.tolist(), strict=True) if not more]

    def _watch(self, batch: Batch, mode: Mode, flow: Loads) -> None:
        """Which elements some column depends on that gives them nothing to carry, with everything in service."""
        question, structure = self.question, self.question.structure
        gates = structure.gates
        of, member = row_of(gates.members), gates.members.values
        takes = batch.alive[0][member] & (~gates.primary[of] | (gates.rank <= flow.last[0][of]))
        takes &= (gates.resource != NETWORK)[of]
        shape = (len(gates), len(structure.elements))
        members = sparse.csr_array((np.ones(int(takes.sum())), (of[takes], member[takes])), shape=shape)
        drawing = sparse.csr_array(question.inside * batch.fed[0][:, None])
        above = _closure(
            drawing.T @ _asks(structure.classes.gates, shape[0]) @ members, structure.elements.gates, members
        )
        idle = self._idle(batch, mode, above)
        self._watched = np.flatnonzero(np.diff(idle.indptr))
        self._columns = idle[self._watched].toarray() > 0
        self._classes = self._below(members)

    def _idle(self, batch: Batch, mode: Mode, above: sparse.csr_array) -> sparse.csr_array:
        """(elements, columns): 1 where a column depends on an element with a known limit and gives it nothing."""
        question = self.question
        columns, size = above.shape
        limited = np.isfinite(mode.limit_kw)[:, None]
        parts = [sparse.csr_array((size, 0))]
        wide = max(1, CELLS // (4 * max(size, len(question.structure.gates), 1)))
        for begin in range(0, columns, wide):
            part = slice(begin, min(begin + wide, columns))
            depends = (above[part].toarray() > 0).T & limited
            if depends.any():
                scale = question.inside[:, part] * mode.ratio[:, None]
                draws = batch.fed[:1] * mode.ratio
                base = loads(question.declared.rule, batch.alive[:1], scale, draws, question.prepared)
                depends &= ~(base.columns[0] > NOISE * question.demand_kw[part])
            parts.append(sparse.csr_array(depends.astype(float)))
        return sparse.csr_array(sparse.hstack(parts))

    def _below(self, members: sparse.csr_array) -> Bools:
        """(watched, classes): which classes depend on each."""
        structure = self.question.structure
        watched = self._watched if self._watched is not None else np.empty(0, dtype=np.int64)
        asks = _asks(structure.classes.gates, len(structure.gates))
        if not len(watched):
            return np.zeros((len(watched), len(structure.classes)), dtype=bool)
        above = _closure(asks @ members, structure.elements.gates, members)
        found: Bools = above[:, watched].toarray().T > 0
        return found


def _asks(inputs: Csr, gates: int) -> sparse.csr_array:
    """(consumers, gates): who asks which gate."""
    entries = (np.ones(len(inputs.values)), inputs.values, inputs.start)
    return sparse.csr_array(entries, shape=(len(inputs), gates))


def _closure(near: sparse.csr_array, inputs: Csr, members: sparse.csr_array) -> sparse.csr_array:
    """(rows, elements): everything upstream, from what is next to each row."""
    further = _asks(inputs, members.shape[0]) @ members
    found = new = _ones(near)
    while new.nnz:
        reached = _ones(new @ further)
        new = _ones(reached - reached.multiply(found))
        found = _ones(found + new)
    return found


def _ones(table: sparse.csr_array) -> sparse.csr_array:
    """1 where there is something."""
    rows, columns = table.nonzero()
    found: sparse.csr_array = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=table.shape)
    return found
