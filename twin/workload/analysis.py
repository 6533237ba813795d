"""The analysis `workload`: the schedule of what is delivered, and what each workload gets out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin import tables
from twin.api import Analysis, AnalysisInputs, Entry, Params, WorkloadInputs, WorkloadModel, hookimpl
from twin.errors import PluginError, RefusedError
from twin.workload import training
from twin.workload.idle import idle_share
from twin.workload.schedule import energised, schedule, served
from twin.workload.utilisation import utilisation

if TYPE_CHECKING:
    from twin.api import Calendar
    from twin.structure.model import Structure

PRECISIONS = ("bf16", "fp8", "fp4")


class WorkloadParams(Params):
    """The analysis has no parameters: the entries of `workloads:` say everything."""


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `schedule` and `goodput`.

    Raises:
        InputError: the workloads ask for more accelerators than there are.
        RefusedError: a workload model will not answer, or availability is not known.
        PluginError: a model returned something other than its table.
    """
    twin = inputs.twin
    months = energised(twin.structure, twin.calendar)
    shares = served(inputs.tables["availability"], months)
    use = utilisation(months, twin.topology.section("workloads"), idle_share(twin.structure, twin.calendar))
    made = schedule(months, shares, use)
    return {"schedule": made, "goodput": _goodput(twin, made)}


def compute(structure: Structure, calendar: Calendar, made: pl.DataFrame) -> pl.DataFrame:
    """Racks by site and group at the end of the calendar, as `WorkloadInputs.compute` describes.

    Where all accelerators retire before, that is the last month in which there are some.  The share in
    service is that of the site in the same month.

    Raises:
        RefusedError: instances of one group differ in their FLOP/s.
    """
    _refuse_mixed(structure)
    classes = structure.classes
    held = made.filter(pl.col("accelerators") > 0)["month"].to_list()
    month = max(held, default=calendar.date(calendar.months - 1))
    index = calendar.index(month)
    on = (classes.energised <= index) & (index < classes.retired)
    sites = [structure.scopes[scope.site].id for scope in structure.scopes]
    frame = pl.DataFrame(
        {
            "site": [sites[scope] for scope in classes.scope[on]],
            "group": [structure.groups[group] for group in classes.group[on]],
            "racks": classes.count[on],
            "accelerators": (classes.count * classes.accelerators)[on],
        },
        schema={"site": pl.String, "group": pl.String, "racks": pl.Int64, "accelerators": pl.Int64},
    )
    known = structure.topology.groups
    parts = pl.DataFrame(
        [
            (path, known[path].part, *(structure.topology.attribute(path, name) for name in PRECISIONS))
            for path in known
        ],
        schema={"group": pl.String, "part": pl.String} | {f"{name}_tflops": pl.Float64 for name in PRECISIONS},
        orient="row",
    )
    last = made.filter(pl.col("month") == month).select("site", "served_fraction")
    return (
        frame.group_by("site", "group", maintain_order=True)
        .agg(pl.col("racks").sum(), pl.col("accelerators").sum())
        .join(parts, on="group", maintain_order="left")
        .join(last, on="site", maintain_order="left")
        .select(
            "site", "group", "part", "racks", "accelerators", "served_fraction", *(f"{p}_tflops" for p in PRECISIONS)
        )
    )


def _refuse_mixed(structure: Structure) -> None:
    topology = structure.topology
    mixed = {(override.group, override.attribute) for override in topology.overrides}
    mixed |= {
        (path, name) for path, group in topology.groups.items() if group.rows is not None for name in group.rows.columns
    }
    for path, name in sorted(mixed):
        if name in PRECISIONS:
            raise RefusedError(
                "workload",
                f"instances of '{path}' differ in '{name}', and goodput goes by group",
                "give each kind of rack a group of its own",
            )


def _goodput(twin: Any, made: pl.DataFrame) -> pl.DataFrame:
    """Table `goodput`: every workload model once."""
    entries = twin.topology.section("workloads")
    frames = [tables.table("goodput").empty()]
    if not entries:
        return frames[0]
    racks = compute(twin.structure, twin.calendar, made)
    for model in dict.fromkeys(entry.model for entry in entries):
        used = tuple(Entry(entry.name, entry.params) for entry in entries if entry.model == model)
        provided = twin.registry.models("workloads")[model]
        returned = provided.call(WorkloadInputs(used, twin.calendar, made, racks), required=("goodput",))
        frames.append(returned["goodput"])
        wanted, got = sorted(entry.name for entry in used), sorted(returned["goodput"]["workload"])
        if got != wanted:
            raise PluginError(f"{provided.who} returned goodput for {got}; one row for each of {wanted} is wanted")
    return pl.concat(frames)


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The engine, registered as anybody's analysis is."""
    return [
        Analysis(
            name="workload",
            doc="The schedule of delivered accelerator-hours, and what each workload gets out of it.",
            params=WorkloadParams,
            run=run,
            requires=("availability",),
            produces=("schedule", "goodput"),
        )
    ]


@hookimpl
def twin_workloads() -> list[WorkloadModel]:
    """The workload models of the core."""
    return [training.MODEL]
