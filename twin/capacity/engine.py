"""Loads in every state that must be survived, and the largest IT load that all of them carry.

`twin.capacity.tangents` goes through all states and says, from the loads as they are now, how far every
scope can grow; where loads are not linear up to there, `twin.capacity.usable` finds the exact place.  In
a failure state only elements that carry promised load count (see `twin.capacity.states`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.growth import TIE, Limit, by_scope, growth, it_demand
from twin.capacity.states import declare, states
from twin.capacity.tangents import Tangents, bent, cells, limits_of
from twin.capacity.usable import solve
from twin.errors import RefusedError

if TYPE_CHECKING:
    from twin.capacity.states import Declared
    from twin.structure.flow import Plan
    from twin.structure.model import Bools, Floats, Ints, Structure
    from twin.structure.twins import Twins

MAX_WORK = 40_000_000_000
"""Most figures (states times elements times scopes) that one month may take; about ten minutes."""


@dataclass(frozen=True, slots=True)
class ScopeResult:
    """One roll-up scope in one month; figures of one such scope, loads in kW.

    `binding` and `runner_up` are None where nothing limits, and for scopes of role OBSERVED and REST: the
    FAILING scope that they are alike says it for them.
    """

    scope: int
    racks: int
    accelerators: int
    demand_kw: float
    nameplate_kw: float
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
        capped_kw: (elements,), the same where power management holds all loads down as far as it can.
        worst_kw, worst_state: (elements,), the largest load of any element that is a twin or alike, and the
            state that gives it.
        scopes: one result a roll-up scope, in the order of `Structure.scopes`.
        declared: the declared redundancy in the month.
    """

    month: int
    alive: Bools
    failures: list[tuple[int, ...]]
    load_kw: Floats
    capped_kw: Floats
    worst_kw: Floats
    worst_state: Ints
    scopes: list[ScopeResult]
    declared: Declared


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
    on = declared.rule.class_on
    demand = it_demand(structure, on)
    question = growth(structure, declared, prepared, demand)
    _refuse_too_much(structure, len(failures), len(question.columns))
    work = Tangents(question)
    work.run(failures)
    limits = limits_of(question, work)
    limits |= solve(question, failures, work.factor, work.state, bent(question, work, limits))
    limits = work.fixed.among(limits)
    worst, worst_state = _worst(structure, sets, work)
    return MonthResult(
        month=month,
        alive=declared.alive,
        failures=failures,
        load_kw=work.load,
        capped_kw=work.capped,
        worst_kw=worst,
        worst_state=worst_state,
        scopes=_scopes(structure, on, demand, limits),
        declared=declared,
    )


def over_alike(structure: Structure, sets: Twins, figure: Floats) -> Floats:
    """(elements,): the largest figure of any element that is a twin of it, or alike.

    Of a set of twins one stands for all as the one that fails, and the others show what that does.
    """
    of = sets.of[structure.elements.like]
    most = np.full(len(sets.first), -np.inf)
    np.maximum.at(most, of, figure)
    return most[of]


def _worst(structure: Structure, sets: Twins, work: Tangents) -> tuple[Floats, Ints]:
    """The worst load over all that are alike, and the first state that gives it."""
    worst = over_alike(structure, sets, work.worst)
    of = sets.of[structure.elements.like]
    heavy = work.worst >= worst * (1.0 - TIE)
    state = np.full(len(sets.first), np.iinfo(np.int64).max)
    np.minimum.at(state, of[heavy], work.worst_state[heavy])
    return worst, state[of]


def _refuse_too_much(structure: Structure, states: int, scopes: int) -> None:
    if states * cells(structure, scopes) > MAX_WORK:
        raise RefusedError(
            "capacity",
            f"{states:,} failure states of {len(structure.elements):,} suppliers in {scopes:,} sites and halls are "
            "too many",
            "wire consumers to whole sets of suppliers, which makes those interchangeable, make rows or pods of "
            "containers that need no figures of their own, or split the file",
        )


def _scopes(
    structure: Structure, on: Bools, demand: Floats, limits: dict[int, tuple[Limit | None, Limit | None]]
) -> list[ScopeResult]:
    classes = structure.classes
    count = np.array([scope.count for scope in structure.scopes], dtype=float)
    racks = by_scope(structure, np.where(on & classes.is_rack, classes.count, 0.0)) / count
    accelerators = by_scope(structure, np.where(on, classes.count * classes.accelerators, 0.0)) / count
    draw = by_scope(structure, demand) / count
    nameplate = by_scope(structure, np.where(demand > 0, classes.nameplate_kw * classes.count, 0.0)) / count
    return [
        ScopeResult(
            scope=index,
            racks=round(racks[index]),
            accelerators=round(accelerators[index]),
            demand_kw=float(draw[index]),
            nameplate_kw=float(nameplate[index]),
            binding=limits.get(index, (None, None))[0],
            runner_up=limits.get(index, (None, None))[1],
        )
        for index in range(len(structure.scopes))
    ]
