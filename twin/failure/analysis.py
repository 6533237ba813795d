"""The analysis `failure`: what breaks the system, registered by the same hook as anybody's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from twin.api import Analysis, AnalysisInputs, MoneyPerHour, Params, hookimpl
from twin.failure import premise, ride
from twin.failure.availability import availability
from twin.failure.bdd import DEFAULT_NODES
from twin.failure.beyond import beyond
from twin.failure.contingency import Maintenance, contingency
from twin.failure.cut_sets import cut_sets
from twin.failure.importance import Asked, importance
from twin.failure.minimal import MAX_ORDER
from twin.failure.net import confined, net
from twin.failure.outage import capacity_outage, complete, reliability
from twin.failure.pairs import pairs
from twin.failure.ride import felt_elements, riding
from twin.failure.solved import Shared, Solved, by_boxes
from twin.structure.flow import plan
from twin.structure.snapshot import months_of_change, snapshot
from twin.tables import table

if TYPE_CHECKING:
    from twin.failure.net import Net
    from twin.structure.model import Structure


class FailureParams(Params):
    """Parameters of `analyses: {failure: …}`."""

    nodes: int = Field(
        default=DEFAULT_NODES,
        ge=1_000,
        le=50_000_000,
        description="decision nodes that one month may use before the engine refuses; 5 million take up to 1.3 GB",
    )
    order: int = Field(
        default=2,
        ge=1,
        le=MAX_ORDER,
        description="most elements lost at once: in `contingency` (never more than two), `cut_sets` and the "
        "Fussell-Vesely measure of `importance`; three and four are for small systems",
    )
    accelerator_hour_price: MoneyPerHour | None = Field(
        default=None, description="what an accelerator-hour is worth; without it what is lost has no dollars"
    )


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Availability in every month of change; contingency, cut sets and importance at full build.

    Returns:
        Tables `availability`, `capacity_outage`, `reliability`, `contingency`, `cut_sets` and `importance`, and
        rows of `checks`.

    Raises:
        RefusedError: the system is too entangled for an exact answer within the node budget, or its sets of
            failures would not fit into memory.
    """
    params, survival = inputs.params, inputs.tables["grid_survival"]
    full = riding(inputs.twin.structure, survival) if survival.height else inputs.twin.structure
    months = solve(riding(inputs.twin.lifted, survival), full, params.nodes)
    thresholds = _thresholds(full, months[-1])
    found = pairs(thresholds, params.order)
    price = params.accelerator_hour_price
    alone = _felt(thresholds)
    losses, single = contingency(alone, found, price, _maintenance(thresholds))
    return {
        "availability": availability(months),
        "capacity_outage": capacity_outage(months),
        "reliability": reliability(months),
        "contingency": losses,
        "cut_sets": cut_sets(alone, found, params.order),
        "importance": importance(thresholds, found, Asked(params.order, price, params.nodes)),
        "checks": pl.concat(
            [
                premise.checks([month.snapshot for month in months]),
                complete(months),
                single,
                ride.checks(months[-1].snapshot.structure),
                _left_out(months[-1]),
            ]
        ),
    }


def _left_out(last: Solved) -> pl.DataFrame:
    """A row that names what the file states and the exact form does not carry; none where it carries all."""
    found = beyond(last.snapshot)
    if not found:
        return table("checks").empty()
    said = "; ".join(f"{name} of {', '.join(paths)}" for name, paths in found.items())
    return table("checks").frame(
        {
            "check": ["exact_leaves_out"],
            "scope": [last.snapshot.structure.topology.name],
            "ok": [True],
            "got": [", ".join(found)],
            "wanted": ["'twin simulate' lives through it in time"],
            "message": [f"exact but for what these do in time, for which there is 'twin simulate': {said}"],
        }
    )


def _felt(thresholds: Net) -> Net:
    """The same with outages of a grid that are lived through taken off the failures of that element."""
    month = thresholds.snapshot
    if not month.structure.rides:
        return thresholds
    structure = replace(month.structure, elements=felt_elements(month.structure))
    return replace(thresholds, snapshot=replace(month, structure=structure))


def _thresholds(full: Structure, last: Solved) -> Net:
    """The last month, of representatives of what is alike where these can stand for all instances."""
    month = last.snapshot
    if month.structure.lifted and not confined(month.structure):
        return net(snapshot(full, month.month))
    return net(month)


def _maintenance(thresholds: Net) -> Maintenance | None:
    """When elements are out for maintenance; None where nothing ever is."""
    behaviour = thresholds.snapshot.structure.elements.behaviour
    if not (behaviour.maintenance_per_year > 0.0).any():
        return None
    return Maintenance(behaviour.maintenance_per_year, behaviour.maintenance_h)


def solve(lifted: Structure, structure: Structure, nodes: int) -> list[Solved]:
    """Every month of change solved; what is the same in several months is worked out once.

    Raises:
        RefusedError: the system is too entangled for an exact answer within the node budget.
    """
    prepared, shared = plan(lifted), Shared()

    def one(month: int) -> Solved:
        return by_boxes(snapshot(lifted, month, prepared), lambda: snapshot(structure, month), nodes, shared)

    return [one(month) for month in months_of_change(lifted)]


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The failure engine."""
    return [
        Analysis(
            name="failure",
            doc="Availability of every scope and load, exactly, and what every one or two failures take down.",
            params=FailureParams,
            run=run,
            requires=("grid_survival",),
            produces=(
                "availability",
                "capacity_outage",
                "reliability",
                "contingency",
                "cut_sets",
                "importance",
                "checks",
            ),
        )
    ]
