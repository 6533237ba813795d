"""The analysis `failure`: what breaks the system, registered by the same hook as anybody's."""

from __future__ import annotations

import polars as pl
from pydantic import Field

from twin.api import Analysis, AnalysisInputs, Params, hookimpl
from twin.failure import premise
from twin.failure.availability import availability
from twin.failure.bdd import DEFAULT_NODES
from twin.failure.contingency import single_failures
from twin.structure.flow import plan
from twin.structure.snapshot import months_of_change, snapshot


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
        Tables `availability` and `contingency`, and rows of `checks`.

    Raises:
        RefusedError: the system is too entangled for an exact answer within the node budget.
    """
    structure = inputs.twin.structure
    prepared = plan(structure)
    snapshots = [snapshot(structure, month, prepared) for month in months_of_change(structure)]
    contingency, single = single_failures(snapshots[-1])
    return {
        "availability": availability(snapshots, inputs.params.nodes),
        "contingency": contingency,
        "checks": pl.concat([premise.checks(snapshots), single]),
    }


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
            produces=("availability", "contingency", "checks"),
        )
    ]
