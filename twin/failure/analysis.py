"""The analysis `failure`: what breaks the system, registered by the same hook as anybody's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import Field

from twin.api import Analysis, AnalysisInputs, Params, hookimpl
from twin.failure import premise
from twin.failure.availability import availability
from twin.failure.bdd import DEFAULT_NODES
from twin.failure.contingency import single_failures
from twin.failure.outage import capacity_outage, complete, reliability
from twin.failure.solved import Shared, Solved, by_boxes
from twin.structure.flow import plan
from twin.structure.snapshot import months_of_change, snapshot

if TYPE_CHECKING:
    from twin.structure.model import Structure


class FailureParams(Params):
    """Parameters of `analyses: {failure: …}`."""

    nodes: int = Field(
        default=DEFAULT_NODES,
        ge=1_000,
        le=50_000_000,
        description="decision nodes that one month may use before the engine refuses; 5 million take up to 1.3 GB",
    )


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Availability in every month of change, and every single failure at full build.

    Returns:
        Tables `availability`, `capacity_outage`, `reliability` and `contingency`, and rows of `checks`.

    Raises:
        RefusedError: the system is too entangled for an exact answer within the node budget.
    """
    months = solve(inputs.twin.lifted, inputs.twin.structure, inputs.params.nodes)
    last = snapshot(inputs.twin.structure, months[-1].snapshot.month)
    contingency, single = single_failures(last)
    return {
        "availability": availability(months),
        "capacity_outage": capacity_outage(months),
        "reliability": reliability(months),
        "contingency": contingency,
        "checks": pl.concat([premise.checks([month.snapshot for month in months]), complete(months), single]),
    }


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
            doc="Availability of every scope and load, exactly, and what every single failure takes down.",
            params=FailureParams,
            run=run,
            requires=(),
            produces=("availability", "capacity_outage", "reliability", "contingency", "checks"),
        )
    ]
