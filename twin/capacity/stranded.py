"""Where capacity goes when a site has grown to its usable IT load: load, growth, reserve, spare, standby, stranded.

Every site is grown on its own, the others staying at their present load.  Where nothing limits a site it
is looked at as it is.

What the declared redundancy does not ask for is not all stranded.  *Spare* is what more a supplier carries in any
single failure that nobody promised to survive, and that the site survives all the same with nothing overloaded: the
second feed of two.  *Standby* is what one that carries nothing, for others come before it in `share: primary`, carries
when all of these are out, up to what it is good for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin import tables
from twin.capacity.engine import over_alike
from twin.capacity.growth import TIE, it_demand
from twin.capacity.standby import NOTHING_KW, after_others, without_those_before
from twin.capacity.states import batches
from twin.structure.flow import CELLS, loads
from twin.structure.kept import roll_ups
from twin.structure.model import FAILING, NETWORK, RESOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from twin.capacity.engine import MonthResult
    from twin.structure.flow import Plan
    from twin.structure.model import Bools, Floats, Ints, Structure
    from twin.structure.symmetry import Scopes
    from twin.structure.twins import Twins

_PARTS = 8
"""Figures summed: nodes, derated capacity, load, growth, reserve, spare, standby, stranded."""


@dataclass(frozen=True, slots=True)
class Grown:
    """One month with every site at its usable IT load, one after the other.

    Attributes:
        normal_kw: (elements,), load with everything in service.
        worst_kw: (elements,), largest load, in any state that must be survived, of any element that is a twin or alike.
        single_kw: (elements,), the same also in single failures that are survived though nobody promised it.
        stands_kw: (elements,), the same also where those before it are out, for one that stands by.
    """

    normal_kw: Floats
    worst_kw: Floats
    single_kw: Floats
    stands_kw: Floats


def grown(
    structure: Structure, prepared: Plan, sets: Twins, result: MonthResult, factors: Mapping[int, float]
) -> Grown:
    """Grow every site to its usable IT load.

    Args:
        structure: the compiled system.
        prepared: its plan.
        sets: its exact twins.
        result: the month.
        factors: for the sites of role FAILING (indices into `Structure.scopes`), usable IT load over the
            present one; 1 where nothing is said.
    """
    declared = result.declared
    site = np.array([scope.site for scope in structure.scopes], dtype=np.int64)
    it = it_demand(structure, declared.rule.class_on) > 0
    size = len(structure.elements)
    none = np.empty((len(structure.classes), 0))
    of = site[innermost(structure)] if size else np.empty(0, dtype=np.int64)
    normal, worst, single, behind = result.load_kw.copy(), *(np.zeros(size) for _ in range(3))
    states = [*result.failures, *without_those_before(declared)]
    step = max(1, CELLS // (6 * max(size, len(structure.gates.members.values), len(structure.classes), 1)))
    for index in np.unique(of).tolist():
        if structure.scopes[index].role != FAILING:
            continue
        mine = of == index
        scale = np.where(it & (site[structure.classes.scope] == index), factors.get(index, 1.0), 1.0)
        for batch in batches(declared, states, step, every=True):
            total = loads(declared.rule, batch.alive, none, batch.fed * scale, prepared).total[:, mine]
            if batch.numbers[0] == 0:
                normal[mine] = total[0]
            must = batch.promised.any(axis=1) | (batch.numbers == 0)
            lost = np.array([len(states[number]) for number in batch.numbers.tolist()])
            known = batch.numbers < len(result.failures)
            most_kw = np.maximum(structure.elements.derated_kw[mine], normal[mine]) * (1.0 + TIE)
            survived = known & (lost == 1) & (total <= most_kw).all(axis=1)
            for figure, chosen in ((worst, must & known), (single, survived), (behind, ~known)):
                figure[mine] = np.maximum(figure[mine], total[chosen].max(axis=0, initial=0.0))
    # A site that is alike has grown alike.
    worst, single, behind = (over_alike(structure, sets, figure) for figure in (worst, single, behind))
    return _held(structure, normal[structure.elements.like], worst, single, behind)


def _held(structure: Structure, normal: Floats, worst: Floats, single: Floats, behind: Floats) -> Grown:
    """What stands by apart from what is spare: `single` and `behind` are loads in failures nobody promised."""
    waits = np.zeros(len(normal), dtype=bool)
    waits[after_others(structure)] = True
    waits &= normal <= NOTHING_KW
    beyond = np.maximum(single, np.minimum(behind, structure.elements.derated_kw))
    spare = np.where(waits, worst, np.maximum(worst, single))
    stands = np.where(waits, np.maximum(worst, beyond), spare)
    return Grown(normal_kw=normal, worst_kw=worst, single_kw=spare, stands_kw=stands)


def table(
    structure: Structure, scopes: Scopes, prepared: Plan, months: Sequence[tuple[MonthResult, Grown]]
) -> pl.DataFrame:
    """Table `stranded`.

    Args:
        structure: the compiled system.
        scopes: `twin.structure.symmetry.scopes` of it.
        prepared: its plan.
        months: each month of change, as it is and grown.
    """
    declared = tables.table("stranded")
    columns: dict[str, list[object]] = {column: [] for column in declared.names}
    count = np.array([scope.count for scope in structure.scopes], dtype=float)
    kinds = [structure.topology.groups[path].kind for path in structure.groups]
    role = np.zeros(len(structure.groups), dtype=np.int64)
    role[structure.elements.group] = prepared.role
    for result, at in months:
        sums = _sums(structure, shown(structure, prepared, result), result, at) / count[:, None, None]
        scope, group = np.nonzero(sums[scopes.like, :, 0])
        figures = sums[scopes.like[scope], group]
        # what is nothing beside the capacity is rounding
        figures[:, 2:][np.abs(figures[:, 2:]) <= TIE * figures[:, 1:2]] = 0.0
        parts: list[list[object]] = [
            [structure.topology.calendar.date(result.month)] * len(scope),
            [scopes.id[number] for number in scope.tolist()],
            [structure.groups[number] for number in group.tolist()],
            [kinds[number] for number in group.tolist()],
            [RESOURCES[resource] for resource in role[group].tolist()],
            [round(number) for number in figures[:, 0].tolist()],
            *figures[:, 1:].T.tolist(),
        ]
        for column, values in zip(declared.names, parts, strict=True):
            columns[column] += values
    return declared.frame(columns)


def shown(structure: Structure, prepared: Plan, result: MonthResult) -> Bools:
    """(elements,): suppliers of power and movers of heat in service."""
    feeds = np.zeros(len(structure.elements), dtype=bool)
    feeds[structure.gates.members.values] = True
    rated = np.isfinite(structure.elements.capacity_kw)
    chosen: Bools = (feeds | rated) & (prepared.role != NETWORK) & result.alive
    return chosen


def innermost(structure: Structure) -> Ints:
    """(elements,): the innermost roll-up scope around each, an index into `Structure.scopes`."""
    topology, elements = structure.topology, structure.elements
    number = {(scope.group, scope.local): index for index, scope in enumerate(structure.scopes)}
    holders = set(roll_ups(topology))
    found = np.zeros(len(elements), dtype=np.int64)
    for group in np.unique(elements.group).tolist():
        path = structure.groups[group]
        mine = np.flatnonzero(elements.group == group)
        holder = next(above.path for above in reversed(topology.ancestors(path)) if above.path in holders)
        local, where = np.unique(elements.local[mine] // topology.per(path, holder), return_inverse=True)
        found[mine] = np.array([number[holder, each] for each in local.tolist()], dtype=np.int64)[where]
    return found


def _sums(structure: Structure, chosen: Bools, result: MonthResult, at: Grown) -> Floats:
    """(scopes, groups, parts): sums over the rated elements that each scope holds, over all that it stands for."""
    elements = structure.elements
    rated = np.flatnonzero(chosen & np.isfinite(elements.derated_kw))
    derated = elements.derated_kw[rated]
    steps = (result.load_kw, at.normal_kw, at.worst_kw, at.single_kw, at.stands_kw)
    levels = np.stack([*(step[rated] for step in steps), derated], axis=1)
    parts = np.column_stack([np.ones(len(rated)), derated, levels[:, 0], np.diff(levels, axis=1)])
    sums = np.zeros((len(structure.scopes), len(structure.groups), _PARTS))
    where = innermost(structure)[rated]
    np.add.at(sums, (where, elements.group[rated]), parts * elements.count[rated][:, None])
    for index in range(len(structure.scopes) - 1, -1, -1):
        if structure.scopes[index].parent >= 0:
            sums[structure.scopes[index].parent] += sums[index]
    return sums
