"""What is asked when it is asked how far the IT load of a scope may grow, in one month.

A *column* is a roll-up scope whose load is scaled, everything else staying at its full draw.  In a
structure of representatives (`twin.structure.symmetry`) a scope has the column of the representative in
which things fail, and those of the ones in which they do not: it carries what all of them carry.

Where suppliers are oversubscribed there are two *modes*: the load as provisioned against the derated
capacity times the oversubscription, and the load held down by power management against the derated
capacity itself.  Both must hold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.model import FAILING, NETWORK, OBSERVED
from twin.topology.attributes import SINK_KINDS

if TYPE_CHECKING:
    from twin.capacity.states import Declared
    from twin.structure.flow import Plan
    from twin.structure.model import Bools, Floats, Ints, Structure

NOISE = 1e-12
"""Part of a load below which what comes of a scope is rounding."""

TIE = 1e-9
"""Relative difference below which two states or elements count as equal, and the first is named."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What stops the growth of a scope.

    Attributes:
        element: that is full.
        state: in which failure state.
        factor: at which multiple of the present IT load of the scope.
        scope: the representative whose load was scaled, an index into `Structure.scopes`.
    """

    element: int
    state: int
    factor: float
    scope: int


@dataclass(frozen=True, slots=True)
class Mode:
    """A draw that must be carried, and what it must stay within.

    Attributes:
        ratio: (classes,), draw over the full draw.
        limit_kw: (elements,); infinity where there is none.
    """

    ratio: Floats
    limit_kw: Floats


@dataclass(frozen=True, slots=True)
class Growth:
    """One month.

    Attributes:
        structure, declared, prepared: the system, its declared redundancy in the month, and its plan.
        columns: (columns,), the scope of each, an index into `Structure.scopes`.
        like: (columns,), index of the FAILING scope that it is alike.
        inside: (classes, columns), 1 where the scope holds the class, at whatever depth, and it is IT load.
        demand_kw: (columns,), present IT load of one such scope.
        noise_kw: tangent of promised load that is rounding.
        modes: one, or two where something is oversubscribed; the first is the load as provisioned.
    """

    structure: Structure
    declared: Declared
    prepared: Plan
    columns: Ints
    like: Ints
    inside: Floats
    demand_kw: Floats
    noise_kw: float
    modes: tuple[Mode, ...]

    def only(self, chosen: Ints) -> Growth:
        """The same for some of the columns."""
        return replace(
            self,
            columns=self.columns[chosen],
            like=self.like[chosen],
            inside=self.inside[:, chosen],
            demand_kw=self.demand_kw[chosen],
        )

    def counts(self, states: Ints, marked: Floats) -> Bools:
        """Whether what an element carries must stay within its limit in a state.

        With nothing failed all load counts, in a failure only what was promised to survive it.

        Args:
            states: numbers of states.
            marked: (states, elements), tangent of the promised load.
        """
        counts: Bools = (states == 0)[:, None] | (marked > self.noise_kw)
        return counts


def growth(structure: Structure, declared: Declared, prepared: Plan, demand_kw: Floats) -> Growth:
    """What to ask in one month.

    Args:
        structure: the compiled system.
        declared: its declared redundancy in the month.
        prepared: its plan.
        demand_kw: (classes,), IT load of all loads of each class.
    """
    per_scope = by_scope(structure, demand_kw)
    roles = np.array([scope.role for scope in structure.scopes], dtype=np.int64)
    columns = np.flatnonzero((per_scope > 0) & ((roles == FAILING) | (roles == OBSERVED)))
    count = np.array([scope.count for scope in structure.scopes], dtype=np.int64)
    like = [_like(structure, index) for index in columns.tolist()]
    return Growth(
        structure=structure,
        declared=declared,
        prepared=prepared,
        columns=columns,
        like=np.array(like, dtype=np.int64),
        inside=_inside(structure, columns) * (demand_kw > 0)[:, None],
        demand_kw=(per_scope / count)[columns],
        noise_kw=NOISE * (1.0 + float((per_scope / count)[columns].sum())),
        modes=_modes(structure, prepared),
    )


def it_demand(structure: Structure, on: Bools) -> Floats:
    """(classes,): full draw of all loads of each class that is energised; 0 for loads that are not IT."""
    it = np.array([structure.topology.groups[path].kind in SINK_KINDS for path in structure.groups], dtype=bool)
    classes = structure.classes
    return np.where(it[classes.group] & on, classes.power_kw * classes.count, 0.0)


def by_scope(structure: Structure, amount: Floats) -> Floats:
    """(scopes,): sums over the classes that each roll-up scope holds, at whatever depth, over all it stands for."""
    sums = np.bincount(structure.classes.scope, weights=amount, minlength=len(structure.scopes)).astype(np.float64)
    for index in range(len(structure.scopes) - 1, -1, -1):
        if structure.scopes[index].parent >= 0:
            sums[structure.scopes[index].parent] += sums[index]
    return sums


def _like(structure: Structure, index: int) -> int:
    """The scope itself where the structure is one of all instances."""
    like = structure.scopes[index].like
    return like if like >= 0 else index


def _inside(structure: Structure, columns: Ints) -> Floats:
    """(classes, columns): 1 where the scope of the column holds the class, at whatever depth."""
    held = np.zeros((len(structure.classes), len(columns)))
    column = np.full(len(structure.scopes), -1, dtype=np.int64)
    column[columns] = np.arange(len(columns))
    parent = np.array([scope.parent for scope in structure.scopes], dtype=np.int64)
    rows, here = np.arange(len(structure.classes)), structure.classes.scope
    while len(rows):
        chosen = column[here] >= 0
        held[rows[chosen], column[here[chosen]]] = 1.0
        here = parent[here]
        rows, here = rows[here >= 0], here[here >= 0]
    return held


def _modes(structure: Structure, prepared: Plan) -> tuple[Mode, ...]:
    elements, classes = structure.elements, structure.classes
    network = prepared.role == NETWORK
    derated = np.where(network, np.inf, elements.derated_kw)
    full = np.ones(len(classes))
    if not (elements.oversubscription > 1.0).any():
        return (Mode(full, derated),)
    ratio = np.divide(classes.capped_kw, classes.power_kw, out=full.copy(), where=classes.power_kw > 0)
    if (ratio >= 1.0).all():
        # Nothing holds the load down, so that oversubscription gives nothing.
        return (Mode(full, derated),)
    return (Mode(full, derated * elements.oversubscription), Mode(ratio, derated))
