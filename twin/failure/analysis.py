"""The analysis `failure`: what breaks the system, registered by the same hook as anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from twin.api import Analysis, AnalysisInputs, MoneyPerHour, Params, hookimpl
from twin.failure import premise
from twin.failure.availability import availability
from twin.failure.bdd import DEFAULT_NODES
from twin.failure.contingency import contingency
from twin.failure.cut_sets import cut_sets
from twin.failure.importance import Asked, importance
from twin.failure.minimal import MAX_ORDER
from twin.failure.net import confined, net
from twin.failure.pairs import pairs
from twin.structure.flow import plan
from twin.structure.snapshot import months_of_change, snapshot

if TYPE_CHECKING:
    from twin.structure.model import Snapshot


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
        Tables `availability`, `contingency`, `cut_sets` and `importance`, and rows of `checks`.

    Raises:
        RefusedError: the system is too entangled for an exact answer within the node budget, or its sets of
            failures would not fit into memory.
    """
    structure, params = inputs.twin.structure, inputs.params
    prepared = plan(structure)
    snapshots = [snapshot(structure, month, prepared) for month in months_of_change(structure)]
    built = snapshots[-1]
    thresholds = net(_few(inputs, built))
    found = pairs(thresholds, params.order)
    price = params.accelerator_hour_price
    losses, single = contingency(thresholds, found, price)
    return {
        "availability": availability(snapshots, params.nodes),
        "contingency": losses,
        "cut_sets": cut_sets(thresholds, found, params.order),
        "importance": importance(built, thresholds, found, Asked(params.order, price, params.nodes)),
        "checks": pl.concat([premise.checks(snapshots), single]),
    }


def _few(inputs: AnalysisInputs, built: Snapshot) -> Snapshot:
    """The same month of representatives of what is alike, where these can stand for all instances."""
    lifted = inputs.twin.lifted
    return snapshot(lifted, built.month) if confined(lifted) else built


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The failure engine."""
    return [
        Analysis(
            name="failure",
            doc="Availability of every scope and load, exactly, and what every one or two failures take down.",
            params=FailureParams,
            run=run,
            requires=(),
            produces=("availability", "contingency", "cut_sets", "importance", "checks"),
        )
    ]
