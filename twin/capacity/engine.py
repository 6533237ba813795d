"""Loads in every state that must be survived, and the largest IT load that all of them carry.

Within a state loads are linear (see `twin.structure.flow`).  Where the IT load of a scope is scaled by
a factor and all else stays as it is, an element carries

    load(factor) = load now + (factor - 1) * what comes of the scope's IT load

and is full at factor = 1 + (derated capacity - load now) / what comes of the scope.  The least of
these over all elements and states is what the scope can grow by; that element and state bind.  In a
failure state only elements that carry promised load count (see `twin.capacity.states`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.states import Batch, Declared, batches, declare, states
from twin.errors import RefusedError
from twin.structure.flow import CELLS, loads
from twin.structure.model import NETWORK
from twin.topology.attributes import SINK_KINDS

if TYPE_CHECKING:
    from twin.structure.flow import Plan
    from twin.structure.model import Bools, Floats, Ints, Structure
    from twin.structure.twins import Twins

MAX_WORK = 40_000_000_000
"""Most figures (states times elements times scopes) that one month may take; about ten minutes."""

_NOISE = 1e-12
"""Part of a load below which what comes of a scope is rounding."""

_TIE = 1e-9
"""Relative difference below which two states or elements count as equal, and the first is named."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What stops the growth of a scope: an element, in a state, at a factor on the scope's IT load."""

    element: int
    state: int
    factor: float


@dataclass(frozen=True, slots=True)
class ScopeResult:
    """One roll-up scope in one month; loads in kW."""

    scope: int
    racks: int
    accelerators: int
    demand_kw: float
    binding: Limit | None
    runner_up: Limit | None


@dataclass(frozen=True, slots=True)
class MonthResult:
    """One month.

    Attributes:
        month: month index.
        alive: (elements,), live with everything in service.
        failures: the elements that fail in each state.
        load_kw: (elements,), with everything in service.
        worst_kw, worst_state: (elements,), the largest load and the state that gives it.
        scopes: one result a roll-up scope, in the order of `Structure.scopes`.
    """

    month: int
    alive: Bools
    failures: list[tuple[int, ...]]
    load_kw: Floats
    worst_kw: Floats
    worst_state: Ints
    scopes: list[ScopeResult]


def evaluate(structure: Structure, month: int, prepared: Plan, sets: Twins) -> MonthResult:
    """All states of one month.

    Args:
        structure: the compiled system.
        month: month index.
        prepared: `twin.structure.flow.plan` of the structure.
        sets: its exact twins.

    Raises:
        RefusedError: more states, elements and scopes than can be worked through.
    """
    declared = declare(structure, month)
    failures = states(declared, sets)
    demand = _demand(structure, month)
    per_scope = _by_scope(structure, demand)
    growing = np.flatnonzero(per_scope > 0)
    _refuse_too_much(structure, len(failures), len(growing))
    held = _held(structure)
    work = _Work(
        structure, declared, prepared, (held[:, growing] & (demand > 0)[:, None]).astype(float), per_scope[growing]
    )
    work.run(failures)
    limits = dict(zip(growing.tolist(), work.limits(), strict=True))
    return MonthResult(
        month,
        declared.alive,
        failures,
        work.load,
        work.worst,
        work.worst_state,
        [_scope_result(structure, month, n, held[:, n], per_scope[n], limits.get(n)) for n in range(held.shape[1])],
    )


class _Work:
    """Running extremes over the states of one month."""

    def __init__(self, structure: Structure, declared: Declared, prepared: Plan, scale: Floats, demand: Floats) -> None:
        self.structure, self.declared, self.prepared = structure, declared, prepared
        self.scale, self.demand = scale, demand
        self.derated = np.where(prepared.role == NETWORK, np.inf, structure.elements.derated_kw)
        size = len(structure.elements)
        self.load = np.zeros(size)
        self.worst = np.zeros(size)
        self.worst_state = np.zeros(size, dtype=np.int64)
        self.factor = np.full((size, scale.shape[1]), np.inf)
        self.factor_state = np.zeros((size, scale.shape[1]), dtype=np.int64)

    def run(self, failures: list[tuple[int, ...]]) -> None:
        """Go through all states."""
        cells = _cells(self.structure, self.scale.shape[1])
        for batch in batches(self.declared, failures, max(1, CELLS // cells)):
            self._add(batch)

    def _add(self, batch: Batch) -> None:
        flow = loads(self.declared.rule, batch.alive, self.scale, batch.fed, self.prepared, batch.promised)
        numbers = batch.numbers
        total = flow.constant + flow.present
        if numbers[0] == 0:
            self.load = total[0].copy()
        most = total.max(axis=0)
        at = np.argmax(total >= most * (1.0 - _TIE), axis=0)
        worse = most > self.worst * (1.0 + _TIE)
        self.worst = np.where(worse, most, self.worst)
        self.worst_state = np.where(worse, numbers[at], self.worst_state)
        spare = (self.derated - total)[:, :, None]
        growth = flow.columns
        # With nothing failed all load counts, in a failure only what was promised to survive it.
        holds = (numbers == 0)[:, None] | (flow.marked > _NOISE * (1.0 + self.demand.sum()))
        grows = (growth > _NOISE * self.demand) & holds[:, :, None]
        factor = 1.0 + np.divide(spare, growth, out=np.full(growth.shape, np.inf), where=grows)
        np.maximum(factor, 0.0, out=factor)
        least = factor.min(axis=0)
        at = np.argmax(factor <= least * (1.0 + _TIE), axis=0)
        with np.errstate(invalid="ignore"):
            better = least < self.factor * (1.0 - _TIE)
        self.factor = np.where(better, least, self.factor)
        self.factor_state = np.where(better, numbers[at], self.factor_state)

    def limits(self) -> list[tuple[Limit | None, Limit | None]]:
        """What binds each growing scope, and the next in another group."""
        groups = self.structure.elements.group
        found = []
        for column in range(self.scale.shape[1]):
            first = self._least(column, np.ones(len(groups), dtype=bool))
            second = None if first is None else self._least(column, groups != groups[first.element])
            found.append((first, second))
        return found

    def _least(self, column: int, among: Bools) -> Limit | None:
        factor = np.where(among, self.factor[:, column], np.inf)
        least = factor.min(initial=np.inf)
        if not np.isfinite(least):
            return None
        ties = np.flatnonzero(factor <= least * (1.0 + _TIE))
        state = self.factor_state[ties, column]
        element = int(ties[np.argmin(state)])
        return Limit(element, int(state.min()), float(factor[element]))


def _cells(structure: Structure, scopes: int) -> int:
    """Figures of one state: a constant, a present and a marked part beside one for each growing scope."""
    return max(len(structure.elements), len(structure.classes), 1) * (3 + scopes)


def _refuse_too_much(structure: Structure, states: int, scopes: int) -> None:
    if states * _cells(structure, scopes) > MAX_WORK:
        raise RefusedError(
            "capacity",
            f"{states:,} failure states of {len(structure.elements):,} suppliers in {scopes:,} sites and halls are "
            "too many",
            "wire consumers to whole sets of suppliers, which makes those interchangeable, make rows or pods of "
            "containers that need no figures of their own, or split the file",
        )


def _by_scope(structure: Structure, amount: Floats) -> Floats:
    """(scopes,): sums over the classes that each roll-up scope holds, at whatever depth."""
    sums = np.bincount(structure.classes.scope, weights=amount, minlength=len(structure.scopes)).astype(np.float64)
    for index in range(len(structure.scopes) - 1, -1, -1):
        if structure.scopes[index].parent >= 0:
            sums[structure.scopes[index].parent] += sums[index]
    return sums


def _held(structure: Structure) -> Bools:
    """(classes, scopes): whether a roll-up scope holds a class, at whatever depth."""
    held = np.zeros((len(structure.classes), len(structure.scopes)), dtype=bool)
    rows = np.arange(len(structure.classes))
    parent = np.array([scope.parent for scope in structure.scopes], dtype=np.int64)
    here = structure.classes.scope.copy()
    while len(rows):
        held[rows, here] = True
        here = parent[here]
        rows, here = rows[here >= 0], here[here >= 0]
    return held


def _demand(structure: Structure, month: int) -> Floats:
    """(classes,): IT load of each class in the month; 0 for loads that are not IT."""
    it = np.array([structure.topology.groups[path].kind in SINK_KINDS for path in structure.groups], dtype=bool)
    classes = structure.classes
    on = it[classes.group] & (classes.energised <= month)
    return np.where(on, classes.power_kw * classes.count, 0.0)


def _scope_result(
    structure: Structure,
    month: int,
    scope: int,
    inside: Bools,
    demand: float,
    limits: tuple[Limit | None, Limit | None] | None,
) -> ScopeResult:
    classes = structure.classes
    on = inside & (classes.energised <= month)
    binding, runner_up = limits or (None, None)
    return ScopeResult(
        scope=scope,
        racks=int(classes.count[on & classes.is_rack].sum()),
        accelerators=int((classes.count * classes.accelerators)[on].sum()),
        demand_kw=float(demand),
        binding=binding,
        runner_up=runner_up,
    )
