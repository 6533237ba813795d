"""Which elements are live and which loads are fed, in many failure states at once.

This module is the one place that says when a gate is up; every engine that asks the question asks it
here, so that no two can disagree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import csr_array

from twin.structure.lump import row_of
from twin.structure.model import TOLERANCE

if TYPE_CHECKING:
    from twin.structure.model import Bools, Csr, Floats, Ints, Snapshot, Structure

_CELLS = 4_000_000
"""Elements times states worked on at once; bounds the memory of one step to about 100 MB."""


def terms(snapshot: Snapshot) -> tuple[Floats, Floats]:
    """What the rule for gates is made of: a gate is up while the weight of its live members >= its need.

    Returns:
        weight: for each entry of `gates.members.values`, what the member counts for; never more than the
            gate's need, which changes nothing about the rule and makes infinite ratings finite.
        need: for each gate, the weight that must be live, the tolerance already taken off.
    """
    gates = snapshot.structure.gates
    need = snapshot.threshold * (1.0 - TOLERANCE)
    return np.minimum(snapshot.weight, snapshot.threshold[row_of(gates.members)]), need


def live(snapshot: Snapshot, failed: Bools, order: Order | None = None) -> tuple[Bools, Bools]:
    """Who is live and who is fed when some elements have failed on their own account.

    What is not energised in the snapshot's month is neither live nor fed.

    Args:
        snapshot: the structure in one month.
        failed: (states, elements), true where the element does not work itself.
        order: `Order(snapshot)`, for a caller that asks often.

    Returns:
        elements_live: (states, elements), works itself and all its gates are up.
        classes_fed: (states, classes), all gates of the class are up.

    Raises:
        ValueError: `failed` does not have one column an element.
    """
    structure = snapshot.structure
    if failed.ndim != 2 or failed.shape[1] != len(structure.elements):  # noqa: PLR2004 - states by elements
        message = f"failed has shape {failed.shape}, wanted (states, {len(structure.elements)})"
        raise ValueError(message)
    states = failed.shape[0]
    elements = np.empty((states, len(structure.elements)), dtype=bool)
    fed = np.empty((states, len(structure.classes)), dtype=bool)
    plan = order or Order(snapshot)
    for begin in range(0, states, plan.batch):
        part = slice(begin, begin + plan.batch)
        alive, up = plan.run(np.ascontiguousarray(failed[part].T))
        elements[part] = alive.T
        fed[part] = (plan.fed(up) & snapshot.class_on[:, None]).T
    return elements, fed


def gates_up(snapshot: Snapshot, elements_live: Bools) -> Bools:
    """Which gates are up.

    Args:
        snapshot: the structure in one month.
        elements_live: (states, elements), as `live` gives it.

    Returns:
        (states, gates), whether the live members of the gate weigh what it needs.
    """
    plan = Order(snapshot)
    up = np.empty((elements_live.shape[0], len(snapshot.structure.gates)), dtype=bool)
    for begin in range(0, len(up), plan.batch):
        part = slice(begin, begin + plan.batch)
        up[part] = plan.up(np.ascontiguousarray(elements_live[part].T)).T
    return up


def levels(snapshot: Snapshot) -> tuple[Ints, Ints]:
    """How many steps of supply lie below each element and each gate; see `levels_of`."""
    return levels_of(snapshot.structure)


def levels_of(structure: Structure) -> tuple[Ints, Ints]:
    """How many steps of supply lie below each element and each gate.

    Returns:
        element: (elements,), 0 where it has no gate, else one more than the highest of its gates.
        gate: (gates,), the highest level of its members; 0 where it has none.
    """
    of_element, of_gate = structure.elements.gates, structure.gates.members
    element = np.zeros(len(structure.elements), dtype=np.int64)
    gate = np.zeros(len(structure.gates), dtype=np.int64)
    while True:
        gate = _highest(of_gate, element)
        raised = np.where(np.diff(of_element.start) > 0, 1 + _highest(of_element, gate), 0)
        if np.array_equal(raised, element):
            return element, gate
        element = raised


class Order:
    """The order of work for one snapshot: elements and gates by level, suppliers first.

    States stand in columns, so that one sparse product evaluates a level for all of them.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Put the elements and gates of one snapshot in order."""
        structure = snapshot.structure
        weight, need = terms(snapshot)
        self.on = snapshot.element_on[:, None]
        self.need = need[:, None]
        self.members = _matrix(structure.gates.members, weight, len(structure.elements))
        self.inputs = _matrix(structure.elements.gates, None, len(structure.gates))
        self.loads = _matrix(structure.classes.gates, None, len(structure.gates))
        self.cuts, self.cut = _cuts(snapshot)
        self.element_level, self.gate_level = element, gate = levels(snapshot)
        each = range(int(max(element.max(initial=-1), gate.max(initial=-1))) + 1)
        chosen = [(np.flatnonzero(element == level), np.flatnonzero(gate == level)) for level in each]
        self.steps = [(e, self.inputs[e], g, self.members[g], self.cut[g]) for e, g in chosen]
        self.batch = max(1, _CELLS // max(1, len(structure.elements), len(structure.gates), len(structure.classes)))

    def run(self, failed: Bools) -> tuple[Bools, Bools]:
        """(elements, states) live and (gates, states) up for (elements, states) failed."""
        alive = (self.on & ~failed).astype(float)
        down = np.empty((len(self.need), failed.shape[1]))
        for elements, inputs, gates, members, cut in self.steps:
            alive[elements] *= inputs @ down == 0.0
            short = members @ alive < self.need[gates]
            down[gates] = short | self._overloaded(cut, alive) if cut.nnz else short
        return alive > 0.0, down == 0.0

    def up(self, alive: Bools) -> Bools:
        """(gates, states) up for (elements, states) live."""
        live = alive.astype(float)
        up: Bools = self.members @ live >= self.need
        return up & ~self._overloaded(self.cut, live) if self.cut.nnz else up

    def _overloaded(self, cut: csr_array, alive: Floats) -> Bools:
        """(gates, states): whether all elements of a cut set are lost, for the gates of some rows of `self.cut`."""
        over: Bools = cut @ (self.cuts @ alive == 0.0).astype(float) > 0.0
        return over

    def fed(self, up: Bools) -> Bools:
        """(classes, states) of which all gates are up."""
        fed: Bools = self.loads @ (~up).astype(float) == 0.0
        return fed


def _cuts(snapshot: Snapshot) -> tuple[csr_array, csr_array]:
    """(cuts, elements): who is in each cut set, and (gates, cuts): whose it is."""
    rows = [(gate, cut) for gate, cuts in sorted(snapshot.cuts.items()) for cut in cuts]
    sizes = np.array([len(cut) for _, cut in rows], dtype=np.int64)
    elements = np.array([element for _, cut in rows for element in cut], dtype=np.int64)
    number = np.arange(len(rows))
    gates = np.array([gate for gate, _ in rows], dtype=np.int64)
    structure = snapshot.structure
    within = csr_array(
        (np.ones(len(elements)), (np.repeat(number, sizes), elements)), shape=(len(rows), len(structure.elements))
    )
    return within, csr_array((np.ones(len(rows)), (gates, number)), shape=(len(structure.gates), len(rows)))


def _matrix(lists: Csr, values: Floats | None, width: int) -> csr_array:
    """Lists of numbers as a sparse matrix with a row a list, ones where no values are given."""
    entries = np.ones(len(lists.values)) if values is None else values
    return csr_array((entries, lists.values, lists.start), shape=(len(lists), width))


def _highest(lists: Csr, level: Ints) -> Ints:
    """The highest level among the entries of each row; 0 for an empty row."""
    highest = np.zeros(len(lists), dtype=np.int64)
    np.maximum.at(highest, row_of(lists), level[lists.values])
    return highest
