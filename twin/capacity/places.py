"""Table `site_capacity`: how far every site and hall can grow, with what binds it by name.

The engine answers for representatives (`twin.structure.symmetry`), and here every scope of the topology
gets the answer of the one that it is alike, with the names that are its own.  Positions and weight of
containers (`twin.capacity.fit`) limit a scope beside what the engine finds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import floor
from typing import TYPE_CHECKING

import numpy as np

from twin import tables
from twin.capacity import fit
from twin.capacity.connection import RESOURCE, factor_of
from twin.capacity.states import ALL_IN_SERVICE, name
from twin.structure import symmetry
from twin.structure.model import RESOURCES, TOLERANCE
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from twin.capacity.connection import Tight
    from twin.capacity.engine import MonthResult, ScopeResult
    from twin.capacity.growth import Limit
    from twin.structure.flow import Plan
    from twin.structure.model import Ints, Structure
    from twin.structure.symmetry import Scopes
    from twin.structure.twins import Twins


@dataclass(frozen=True, slots=True)
class Bound:
    """What stops the growth of a scope.

    Attributes:
        factor: at which multiple of the present IT load.
        resource: what there is no more of.
        node: id of what is full; of twins the first.
        state: in which failure state.
        group: path of the group that would have to be enlarged; empty for the grid connection.
        short: whether too few are in service for what is needed or promised, which no lower load mends.
    """

    factor: float
    resource: str
    node: str
    state: str
    group: str
    short: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A scope of the topology in one month: what binds it, and what would next, in another group."""

    scope: int
    binding: Bound | None
    runner_up: Bound | None


def places(
    structure: Structure,
    scopes: Scopes,
    prepared: Plan,
    sets: Twins,
    result: MonthResult,
    chosen: Sequence[int],
    connected: Mapping[str, Tight] | None = None,
) -> list[Place]:
    """How far some scopes of the topology can grow.

    Args:
        structure: the compiled system.
        scopes: `twin.structure.symmetry.scopes` of it.
        prepared: its plan.
        sets: its exact twins.
        result: the month.
        chosen: indices into `scopes`.
        connected: site -> what its grid connection lets it use; sites without a limit are not in it.
    """
    filled = _filled(structure, scopes, result.month)
    numbers = np.array(chosen, dtype=np.int64)
    carried: dict[int, list[Bound]] = {}
    short: dict[int, list[Bound]] = {}
    for like in np.unique(scopes.like[numbers]).tolist():
        alike = numbers[scopes.like[numbers] == like]
        limits = [limit for limit in (result.scopes[like].binding, result.scopes[like].runner_up) if limit is not None]
        of_all = [_bounds(structure, prepared, sets, result, limit, scopes.local[alike]) for limit in limits]
        carried |= {index: [bounds[at] for bounds in of_all] for at, index in enumerate(alike.tolist())}
        if result.scopes[like].lacking >= 0:
            bounds_of = _short(structure, prepared, result, like, scopes.local[alike])
            short |= {index: [bound] for index, bound in zip(alike.tolist(), bounds_of, strict=True)}
    found = []
    for index in chosen:
        mine = result.scopes[scopes.like[index]]
        bounds = short.get(index, []) + carried[index]
        if mine.demand_kw:
            bounds = bounds + filled.get(index, []) + _connected(scopes, result, index, connected or {})
        bounds.sort(key=lambda bound: bound.factor)
        others = [bound for bound in bounds if (bound.group, bound.resource) != (bounds[0].group, bounds[0].resource)]
        found.append(Place(index, bounds[0] if bounds else None, others[0] if others else None))
    return found


def table(
    structure: Structure, scopes: Scopes, months: Sequence[MonthResult], found: Sequence[Sequence[Place]]
) -> pl.DataFrame:
    """Table `site_capacity`.

    Args:
        structure: the compiled system.
        scopes: `twin.structure.symmetry.scopes` of it.
        months: each month of change.
        found: for each of them the places of all scopes.
    """
    declared = tables.table("site_capacity")
    rows = [
        _row(structure, scopes, result, place) for result, each in zip(months, found, strict=True) for place in each
    ]
    return declared.frame({column: [row[column] for row in rows] for column in declared.names})


def _row(structure: Structure, scopes: Scopes, result: MonthResult, place: Place) -> dict[str, object]:
    mine = result.scopes[scopes.like[place.scope]]
    first, second = place.binding, place.runner_up
    factor = 0.0 if not mine.demand_kw else None if first is None else first.factor
    usable = None if factor is None else factor * mine.demand_kw
    racks, accelerators = of_the_mix(mine, factor)
    return {
        "month": structure.topology.calendar.date(result.month),
        "scope": scopes.id[place.scope],
        "kind": scopes.kind[place.scope],
        "racks": mine.racks,
        "accelerators": mine.accelerators,
        "nameplate_kw": mine.nameplate_kw,
        "demand_kw": mine.demand_kw,
        "usable_kw": usable,
        "headroom_kw": None if usable is None else usable - mine.demand_kw,
        "usable_racks": racks,
        "usable_accelerators": accelerators,
        "binding_resource": None if first is None else first.resource,
        "binding_node": None if first is None else first.node,
        "binding_state": None if first is None else first.state,
        "runner_up_resource": None if second is None else second.resource,
        "runner_up_node": None if second is None else second.node,
        "runner_up_usable_kw": None if second is None else second.factor * mine.demand_kw,
    }


def of_the_mix(mine: ScopeResult, factor: float | None) -> tuple[int | None, int | None]:
    """Racks and accelerators of the present mix at a multiple of its load; None where nothing limits it.

    Racks are whole, and accelerators in racks are those of the whole racks; others are counted one by one.
    Rounding in the factor loses none.
    """
    if factor is None:
        return None, None
    racks = floor(mine.racks * factor * (1.0 + TOLERANCE))
    inside = mine.racked * racks // mine.racks if mine.racks else 0
    return racks, inside + floor((mine.accelerators - mine.racked) * factor * (1.0 + TOLERANCE))


def _bounds(
    structure: Structure, prepared: Plan, sets: Twins, result: MonthResult, limit: Limit, locals_: Ints
) -> list[Bound]:
    """One limit as it is of each of the scopes that are alike, given by their numbers in their group."""
    ids: dict[int, list[str]] = {}

    def call(element: int, at: int) -> str:
        if element not in ids:
            ids[element] = symmetry.renamed(structure, element, limit.scope, locals_)
        return ids[element][at]

    full, failed = int(sets.first[sets.of[limit.element]]), result.failures[limit.state]
    return [
        Bound(
            factor=limit.factor,
            resource=RESOURCES[prepared.role[limit.element]],
            node=call(full, at),
            state=name(structure, failed, partial(call, at=at)),
            group=structure.groups[structure.elements.group[limit.element]],
        )
        for at in range(len(locals_))
    ]


def _short(structure: Structure, prepared: Plan, result: MonthResult, like: int, locals_: Ints) -> list[Bound]:
    """What too few suppliers in service leave of the load of scopes that are alike: no more than the rest of it.

    The mix cannot grow with a part of it that nobody feeds, so what is claimed is the load of the others as
    they are, or less where something is full below that.
    """
    mine = result.scopes[like]
    members = structure.gates.members.row(mine.lacking)
    down = members[~result.alive[members]]
    element = int(down[0] if len(down) else members[0])
    there = int(result.declared.size[mine.lacking])
    full = 1.0 if mine.binding is None else min(mine.binding.factor, 1.0)
    names = symmetry.renamed(structure, element, like, locals_)
    return [
        Bound(
            factor=full * max(1.0 - mine.unclaimed_kw / mine.demand_kw, 0.0),
            resource=RESOURCES[prepared.role[element]],
            node=node,
            state=f"{there or 'none'} of {len(members)} in service",
            group=structure.groups[structure.elements.group[element]],
            short=True,
        )
        for node in names
    ]


def _connected(scopes: Scopes, result: MonthResult, index: int, connected: Mapping[str, Tight]) -> list[Bound]:
    """The grid connection of the site of a scope, where it is limited."""
    site = index
    while scopes.parent[site] >= 0:
        site = int(scopes.parent[site])
    tight = connected.get(scopes.id[site])
    if tight is None:
        return []
    whole, mine = (result.scopes[scopes.like[at]].demand_kw for at in (site, index))
    factor = factor_of(whole, mine, tight)
    return [Bound(factor, RESOURCE, tight.source, f"{ALL_IN_SERVICE}, tightest in {tight.month:%Y-%m}", "")]


def _filled(structure: Structure, scopes: Scopes, month: int) -> dict[int, list[Bound]]:
    """For each scope the containers in it, or itself, that are full first, one for each group and resource."""
    topology = structure.topology
    limits = fit.limits(topology, month)
    if not limits:
        return {}
    first = {path: index for index, path in reversed(list(enumerate(scopes.group)))}
    least: dict[tuple[int, str, str], tuple[float, int]] = {}
    for path, local, resource, factor in limits:
        for holder in topology.ancestors(path):
            if holder.path in first:
                scope = first[holder.path] + local // topology.per(path, holder.path)
                key = (scope, path, resource)
                if factor < least.get(key, (float("inf"), 0))[0]:
                    least[key] = (factor, local)
    found: dict[int, list[Bound]] = {}
    for (scope, path, resource), (factor, local) in least.items():
        node = instances.ids(topology, path, [local])[0]
        found.setdefault(scope, []).append(Bound(factor, resource, node, ALL_IN_SERVICE, path))
    return found
