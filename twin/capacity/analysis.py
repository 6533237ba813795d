"""The capacity analysis: tables `capacity`, `site_capacity`, `interconnection`, `stranded`, `fit`, `demand`.

It adds rows to `checks`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twin import tables
from twin.api import Analysis, Params, hookimpl
from twin.capacity import checks, connection, demand, fit, places, standby, stranded, upgrades
from twin.capacity.connection import RESOURCE, Connections, spans
from twin.capacity.engine import evaluate
from twin.capacity.states import name, node_id
from twin.structure import symmetry
from twin.structure.flow import plan
from twin.structure.model import POWER, RESOURCES
from twin.structure.snapshot import connected, months_of_change, snapshot
from twin.structure.twins import twins

if TYPE_CHECKING:
    import polars as pl

    from twin.api import AnalysisInputs
    from twin.capacity.engine import MonthResult
    from twin.capacity.stranded import Grown
    from twin.structure.flow import Plan
    from twin.structure.model import Snapshot, Structure
    from twin.structure.symmetry import Scopes
    from twin.structure.twins import Twins


class CapacityParams(Params):
    """The capacity analysis takes no parameters."""


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Capacity of every month of change.

    Args:
        inputs: of which `twin.lifted` and table `connection` are read.

    Returns:
        Tables `capacity`, `site_capacity`, `interconnection`, `stranded`, `fit`, `demand` and `checks`.

    Raises:
        RefusedError: what a gate needs cannot be derived, or there are more failure states than can be
            worked through.
    """
    structure: Structure = inputs.twin.lifted
    prepared, sets, scopes = plan(structure), twins(structure), symmetry.scopes(structure)
    connections = Connections(inputs.tables["connection"], structure.topology.calendar)
    months = _months(structure, prepared, sets, connections.months())
    results = [result for _, result in months]
    every = range(len(scopes))
    tight = [
        connections.tightest(*span) for span in spans([result.month for result in results], structure.topology.calendar)
    ]
    found = [
        places.places(structure, scopes, prepared, sets, result, every, connected)
        for result, connected in zip(results, tight, strict=True)
    ]
    at = [
        stranded.grown(structure, prepared, sets, result, _factors(scopes, result, each))
        for result, each in zip(results, found, strict=True)
    ]
    grown = list(zip(results, at, strict=True))
    site_capacity = places.table(structure, scopes, results, found)
    frames = {
        "site_capacity": site_capacity,
        "fit": fit.frame(structure.topology, [result.month for result in results]),
        "demand": demand.frame(structure.topology, site_capacity),
    }
    alone = _equipment(scopes, results, found)
    rows = [*checks.checks(structure, sets, months, **frames), *standby.checks(structure, grown)]
    return {
        "capacity": _suppliers(structure, prepared, sets, grown),
        "stranded": stranded.table(structure, scopes, prepared, grown),
        "interconnection": connection.table(connections, site_capacity, alone),
        "checks": checks.frame(rows),
        **frames,
    }


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The capacity analysis, and what to buy next."""
    return [
        Analysis(
            name="capacity",
            doc="What every supplier and every site can carry in the failures that must be survived, and what binds.",
            params=CapacityParams,
            run=run,
            requires=("connection",),
            produces=("capacity", "site_capacity", "interconnection", "stranded", "fit", "demand", "checks"),
        ),
        upgrades.analysis(),
    ]


def _equipment(
    scopes: Scopes, results: list[MonthResult], found: list[list[places.Place]]
) -> dict[tuple[int, str], float]:
    """(month index, site) -> usable IT power without the grid connection, of sites that something else limits."""
    usable: dict[tuple[int, str], float] = {}
    for result, each in zip(results, found, strict=True):
        for place in each:
            bounds = [bound for bound in (place.binding, place.runner_up) if bound and bound.resource != RESOURCE]
            if scopes.parent[place.scope] < 0 and bounds:
                demand_kw = result.scopes[scopes.like[place.scope]].demand_kw
                usable[result.month, scopes.id[place.scope]] = bounds[0].factor * demand_kw
    return usable


def _months(structure: Structure, prepared: Plan, sets: Twins, more: list[int]) -> list[tuple[Snapshot, MonthResult]]:
    """Each month of change, of the structure or of a connection.

    One in which the same is in service as in another is not worked out again.
    """
    known: dict[tuple[bytes, bytes], tuple[Snapshot, MonthResult]] = {}
    found = []
    for month in sorted({*months_of_change(structure), *more}):
        bare = connected(structure, month)
        key = (bare.element_on.tobytes(), bare.class_on.tobytes())
        if key not in known:
            known[key] = snapshot(structure, month, prepared), evaluate(structure, month, prepared, sets)
        at, result = known[key]
        found.append((replace(at, month=month), replace(result, month=month)))
    return found


def _factors(scopes: Scopes, result: MonthResult, found: list[places.Place]) -> dict[int, float]:
    """Usable IT load over the present one, for each site that something limits."""
    limited = [place for place in found if scopes.parent[place.scope] < 0 and place.binding is not None]
    return {
        int(scopes.like[place.scope]): place.binding.factor
        for place in limited
        if place.binding is not None and not place.binding.short and result.scopes[scopes.like[place.scope]].demand_kw
    }


def _suppliers(
    structure: Structure, prepared: Plan, sets: Twins, months: list[tuple[MonthResult, Grown]]
) -> pl.DataFrame:
    """Table `capacity`: a row for each month and set of alike twins that supplies power or moves heat and is on."""
    rows = [row for result, grown in months for row in _of_month(structure, prepared, sets, result, grown)]
    declared = tables.table("capacity")
    return declared.frame({column: [row[column] for row in rows] for column in declared.names})


def _of_month(
    structure: Structure, prepared: Plan, sets: Twins, result: MonthResult, grown: Grown
) -> list[dict[str, object]]:
    elements = structure.elements
    shown = stranded.shown(structure, prepared, result)
    of = sets.of[elements.like[shown]]
    count = np.bincount(of, weights=elements.count[shown], minlength=len(sets.first)).astype(np.int64)
    drawn, _ = prepared.losses.balance(result.load_kw, result.alive)
    rows: list[dict[str, object]] = []
    for index in np.flatnonzero(count).tolist():
        first = int(sets.first[index])
        path = structure.groups[elements.group[first]]
        load, most, power_in = float(result.load_kw[first]), float(result.worst_kw[first]), float(drawn[first])
        rating, derated = _finite(elements.capacity_kw[first]), _finite(elements.derated_kw[first])
        rows.append(
            {
                "month": structure.topology.calendar.date(result.month),
                "node": node_id(structure, first),
                "group": path,
                "kind": structure.topology.groups[path].kind,
                "resource": RESOURCES[prepared.role[first]],
                "count": int(count[index]),
                "rating_kw": rating,
                "derated_kw": derated,
                "oversubscription_ratio": float(elements.oversubscription[first]),
                "load_kw": load,
                "input_kw": power_in,
                "loss_kw": power_in - load if prepared.role[first] == POWER else power_in,
                "worst_load_kw": most,
                "headroom_kw": None if derated is None else derated - most,
                "stranded_kw": None if derated is None else derated - float(grown.stands_kw[first]),
                "utilisation_fraction": None if derated is None else load / derated,
                "worst_utilisation_fraction": None if derated is None else most / derated,
                "worst_case": name(structure, result.failures[int(result.worst_state[first])]),
            }
        )
    return rows


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
