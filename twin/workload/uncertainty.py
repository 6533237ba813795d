"""The analysis `workload-uncertainty`: goodput under each draw of uncertain failure rates, as rows of `uncertainty`.

Each draw of `simulation` has its own availability and its own failure rates of the racks.  A workload's supply and
share in service follow from the first, what its racks and their parts do from the second; everything else of the
workload stays as the file has it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin import wilks
from twin.api import Analysis, AnalysisInputs, Params, hookimpl
from twin.tables import table
from twin.workload.analysis import compute, goodput, last_month
from twin.workload.interruptions import SUPPLY, interruptions
from twin.workload.schedule import served

if TYPE_CHECKING:
    from collections.abc import Mapping

MEASURES: Mapping[str, tuple[str, str]] = {
    "goodput": ("goodput_fraction", "fraction"),
    "ettr": ("ettr_fraction", "fraction"),
    "interruptions": ("interruptions_per_day", "1/day"),
    "delivered_days": ("delivered_days", "days"),
}
"""Measure -> column of `goodput`, and its unit."""


class UncertaintyParams(Params):
    """The analysis has no parameters: `draws` of `simulation` says how often."""


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Rows of `uncertainty` for every workload; none where `simulation` drew no rates.

    Raises:
        RefusedError: a workload model will not answer under some draw.
    """
    every, rates = inputs.tables["availability_draws"], inputs.tables["rate_draws"]
    if every.is_empty() or inputs.tables["goodput"].is_empty():
        return {"uncertainty": table("uncertainty").empty()}
    twin, schedule = inputs.twin, inputs.tables["schedule"]
    draws = (frame.partition_by("draw", maintain_order=True) for frame in (every, rates))
    drawn = [_drawn(twin, schedule, rows.drop("draw"), by) for rows, by in zip(*draws, strict=True)]
    month = last_month(twin.calendar, schedule)
    return {"uncertainty": _rows(inputs, month, inputs.tables["goodput"], pl.concat(drawn))}


def _drawn(twin: Any, schedule: pl.DataFrame, available: pl.DataFrame, rates: pl.DataFrame) -> pl.DataFrame:
    """Table `goodput` under one draw."""
    month = last_month(twin.calendar, schedule)
    # the draws are of full build: no month before it is asked for
    late = schedule.filter(pl.col("month") >= month).drop("served_fraction")
    known = available.with_columns(month=pl.lit(month, pl.Date))
    made = late.join(served(known, late), on=("month", "site"), maintain_order="left").with_columns(
        delivered_accelerator_h=pl.col("accelerator_h") * pl.col("served_fraction")
    )
    racks = compute(twin.structure, twin.calendar, made)
    often = interruptions(twin.structure, known, month, racks)
    times = pl.when(pl.col("cause") == SUPPLY).then(1.0).otherwise(pl.col("rate_ratio").fill_null(1.0))
    often = (
        often.join(rates.select("group", "rate_ratio"), on="group", how="left", maintain_order="left")
        .with_columns(pl.col("failures_per_h", "any_per_h") * times)
        .drop("rate_ratio")
    )
    return goodput(twin, made.select(table("schedule").names), racks, often)["goodput"]


def _rows(inputs: AnalysisInputs, month: object, stated: pl.DataFrame, drawn: pl.DataFrame) -> pl.DataFrame:
    rows = []
    for workload, draws in drawn.group_by("workload", maintain_order=True):
        own = stated.filter(pl.col("workload") == workload[0]).row(0, named=True)
        for measure, (column, unit) in MEASURES.items():
            values = draws[column].drop_nulls()
            if own[column] is None or len(values) < draws.height:
                continue
            rows.append(
                {
                    "month": month,
                    "scope": workload[0],
                    "kind": "workload",
                    "measure": measure,
                    "unit": unit,
                    "stated": own[column],
                    **wilks.spread(values.to_numpy())._asdict(),
                    "coverage_fraction": 0.95,
                    "confidence_fraction": 0.95,
                    "draws": draws.height,
                    "seed": inputs.seed,
                }
            )
    declared = table("uncertainty")
    return declared.frame({name: [row[name] for row in rows] for name in declared.names})


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The analysis, registered as anybody's is."""
    return [
        Analysis(
            name="workload-uncertainty",
            doc="What uncertain failure rates do to the goodput of each workload.",
            params=UncertaintyParams,
            run=run,
            requires=("availability_draws", "rate_draws", "schedule", "goodput"),
            produces=("uncertainty",),
        )
    ]
