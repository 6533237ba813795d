"""The capacity analysis: tables `capacity` and `site_capacity`, and its rows of `checks`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin import tables
from twin.api import Analysis, Params, hookimpl
from twin.capacity import checks
from twin.capacity.engine import Limit, MonthResult, ScopeResult, evaluate
from twin.capacity.states import name, node_id
from twin.structure.flow import plan
from twin.structure.model import NETWORK, RESOURCES
from twin.structure.snapshot import months_of_change, snapshot
from twin.structure.twins import Twins, twins

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from twin.api import AnalysisInputs
    from twin.structure.flow import Plan
    from twin.structure.model import Structure


class CapacityParams(Params):
    """The capacity analysis takes no parameters."""


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Capacity of every month of change.

    Args:
        inputs: of which `twin.structure` is read.

    Returns:
        Tables `capacity`, `site_capacity` and `checks`.

    Raises:
        RefusedError: what a gate needs cannot be derived, or there are more failure states than can be
            worked through.
    """
    structure: Structure = inputs.twin.structure
    prepared = plan(structure)
    sets = twins(structure)
    months = [
        (snapshot(structure, month, prepared), evaluate(structure, month, prepared, sets))
        for month in months_of_change(structure)
    ]
    results = [result for _, result in months]
    return {
        "capacity": _table("capacity", (_suppliers(structure, prepared, sets, result) for result in results)),
        "site_capacity": _table("site_capacity", (_scopes(structure, prepared, sets, result) for result in results)),
        "checks": checks.frame(checks.checks(structure, sets, months)),
    }


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The capacity analysis."""
    return [
        Analysis(
            name="capacity",
            doc="What every supplier and every site can carry in the failures that must be survived, and what binds.",
            params=CapacityParams,
            run=run,
            produces=("capacity", "site_capacity", "checks"),
        )
    ]


def _table(table: str, blocks: Iterable[list[dict[str, object]]]) -> pl.DataFrame:
    rows = [row for block in blocks for row in block]
    return tables.table(table).frame({column: [row[column] for row in rows] for column in tables.table(table).names})


def _suppliers(structure: Structure, prepared: Plan, sets: Twins, result: MonthResult) -> list[dict[str, object]]:
    """A row for each set of twins that supplies power or moves heat and is in service."""
    elements = structure.elements
    feeds = np.zeros(len(elements), dtype=bool)
    feeds[structure.gates.members.values] = True
    shown = (feeds | np.isfinite(elements.capacity_kw)) & (prepared.role != NETWORK) & result.alive
    worst = np.full(len(sets.first), -np.inf)
    np.maximum.at(worst, sets.of, result.worst_kw)
    # The first element of a set stands for it as the one that fails: its twins carry the worst load.
    at = np.full(len(sets.first), -1, dtype=np.int64)
    heaviest = np.flatnonzero(result.worst_kw >= worst[sets.of])
    at[sets.of[heaviest[::-1]]] = heaviest[::-1]
    rows: list[dict[str, object]] = []
    for index in np.flatnonzero(shown[sets.first]).tolist():
        first = int(sets.first[index])
        path = structure.groups[elements.group[first]]
        load, most = float(result.load_kw[first]), float(worst[index])
        rating, derated = _finite(elements.capacity_kw[first]), _finite(elements.derated_kw[first])
        rows.append(
            {
                "month": structure.topology.calendar.date(result.month),
                "node": node_id(structure, first),
                "group": path,
                "kind": structure.topology.groups[path].kind,
                "resource": RESOURCES[prepared.role[first]],
                "count": int(sets.count[index]),
                "rating_kw": rating,
                "derated_kw": derated,
                "oversubscription_ratio": float(elements.oversubscription[first]),
                "load_kw": load,
                "input_kw": 0.0,
                "loss_kw": 0.0,
                "worst_load_kw": most,
                "headroom_kw": None if derated is None else derated - most,
                "stranded_kw": None,
                "utilisation_fraction": None if derated is None else load / derated,
                "worst_utilisation_fraction": None if derated is None else most / derated,
                "worst_case": name(structure, result.failures[int(result.worst_state[at[index]])]),
            }
        )
    return rows


def _scopes(structure: Structure, prepared: Plan, sets: Twins, result: MonthResult) -> list[dict[str, object]]:
    """A row for each roll-up scope."""
    rows = []
    for found in result.scopes:
        usable = _usable(found)
        row: dict[str, object] = {
            "month": structure.topology.calendar.date(result.month),
            "scope": structure.scopes[found.scope].id,
            "kind": structure.scopes[found.scope].kind,
            "racks": found.racks,
            "accelerators": found.accelerators,
            "nameplate_kw": found.demand_kw,
            "demand_kw": found.demand_kw,
            "usable_kw": usable,
            "headroom_kw": None if usable is None else usable - found.demand_kw,
            "usable_racks": None,
            "usable_accelerators": None,
            "binding_resource": None if found.binding is None else _resource(prepared, found.binding),
            "binding_node": None if found.binding is None else _node(structure, sets, found.binding),
            "binding_state": None if found.binding is None else name(structure, result.failures[found.binding.state]),
            "runner_up_resource": None if found.runner_up is None else _resource(prepared, found.runner_up),
            "runner_up_node": None if found.runner_up is None else _node(structure, sets, found.runner_up),
            "runner_up_usable_kw": None if found.runner_up is None else found.runner_up.factor * found.demand_kw,
        }
        rows.append(row)
    return rows


def _usable(found: ScopeResult) -> float | None:
    """0 where nothing is energised yet, None where nothing has a rating."""
    if not found.demand_kw:
        return 0.0
    return None if found.binding is None else found.binding.factor * found.demand_kw


def _resource(prepared: Plan, limit: Limit) -> str:
    return RESOURCES[prepared.role[limit.element]]


def _node(structure: Structure, sets: Twins, limit: Limit) -> str:
    return node_id(structure, int(sets.first[sets.of[limit.element]]))


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
