"""The analysis `workload`: the schedule of what is delivered, and what each workload gets out of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin import tables
from twin.api import Analysis, AnalysisInputs, Entry, Params, WorkloadInputs, WorkloadModel, hookimpl
from twin.errors import PluginError, RefusedError
from twin.structure.installed import energised
from twin.workload import training
from twin.workload.idle import idle_share
from twin.workload.interruptions import interruptions
from twin.workload.profile import load_shape
from twin.workload.schedule import schedule, served
from twin.workload.utilisation import KEYS, utilisation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from twin.api import Calendar
    from twin.registry import Provided
    from twin.structure.model import Structure

PRECISIONS = ("bf16", "fp8", "fp4")


class WorkloadParams(Params):
    """The analysis has no parameters: the entries of `workloads:` say everything."""


class LoadParams(Params):
    """The analysis has no parameters: the entries of `workloads:` say everything."""


def run_load(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `load_use` and `load_shape`: what is drawn while nothing is out of service.

    Raises:
        InputError: the workloads ask for more accelerators than there are.
    """
    twin = inputs.twin
    months = energised(twin.structure, twin.calendar)
    workloads, idle = twin.topology.section("workloads"), idle_share(twin.structure, twin.calendar)
    use = utilisation(months, workloads, idle)
    return {
        "load_use": months.select(*KEYS, "it_kw").join(use, on=KEYS, maintain_order="left"),
        "load_shape": load_shape(months, workloads, idle),
    }


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `schedule`, `goodput` and `goodput_loss`.

    Raises:
        RefusedError: a workload model will not answer, or availability is not known.
        PluginError: a model returned something other than its table.
    """
    twin = inputs.twin
    months = energised(twin.structure, twin.calendar)
    shares = served(inputs.tables["availability"], months)
    made = schedule(months, shares, inputs.tables["load_use"].select(*KEYS, "utilisation_fraction"))
    known = {"schedule": made}
    if not twin.topology.section("workloads"):
        return {**known, **{name: tables.table(name).empty() for name in ("goodput", "goodput_loss")}}
    racks = compute(twin.structure, twin.calendar, made)
    often = interruptions(twin.structure, inputs.tables["availability"], last_month(twin.calendar, made), racks)
    return {**known, **goodput(twin, made, racks, often)}


def compute(structure: Structure, calendar: Calendar, made: pl.DataFrame) -> pl.DataFrame:
    """Racks by site and group at the end of the calendar, as `WorkloadInputs.compute` describes.

    Where all accelerators retire before, that is `last_month`.  The share in service is that of the site
    in the same month.

    Raises:
        RefusedError: instances of one group differ in their FLOP/s.
    """
    _refuse_mixed(structure)
    classes = structure.classes
    month = last_month(calendar, made)
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


def last_month(calendar: Calendar, made: pl.DataFrame) -> date:
    """The last month in which there are accelerators; that of the calendar where there are never any."""
    held = made.filter(pl.col("accelerators") > 0)["month"].to_list()
    return max(held, default=calendar.date(calendar.months - 1))


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


def goodput(twin: Any, made: pl.DataFrame, racks: pl.DataFrame, often: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tables `goodput` and `goodput_loss`: every workload model once.

    Args:
        twin: the loaded topology.
        made: table `schedule`.
        racks: what `compute` returns.
        often: what `interruptions` returns.

    Raises:
        RefusedError: a model will not answer.
        PluginError: a model returned something other than its table.
    """
    entries = twin.topology.section("workloads")
    frames = {name: [tables.table(name).empty()] for name in ("goodput", "goodput_loss")}
    for model in dict.fromkeys(entry.model for entry in entries):
        used = tuple(Entry(entry.name, entry.params) for entry in entries if entry.model == model)
        provided = twin.registry.models("workloads")[model]
        inputs = WorkloadInputs(used, twin.calendar, made, racks, often)
        returned = provided.call(inputs, required=("goodput",), optional=("goodput_loss",))
        _refuse_strange(provided, used, returned)
        for name, frame in returned.items():
            frames[name].append(frame)
    return {name: pl.concat(parts) for name, parts in frames.items()}


def _refuse_strange(provided: Provided, used: Iterable[Entry[Any]], returned: Mapping[str, pl.DataFrame]) -> None:
    """Refuse rows of workloads that the model was not asked for."""
    wanted, got = sorted(entry.name for entry in used), sorted(returned["goodput"]["workload"])
    if got != wanted:
        raise PluginError(f"{provided.who} returned goodput for {got}; one row for each of {wanted} is wanted")
    lost = set(returned["goodput_loss"]["workload"]) if "goodput_loss" in returned else set()
    if not lost <= set(wanted):
        raise PluginError(
            f"{provided.who} returned losses of {sorted(lost - set(wanted))}; those of {wanted} are wanted"
        )


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The engine, registered as anybody's analysis is."""
    return [
        Analysis(
            name="load",
            doc="What the workloads draw of the IT power in service, by month and by hour of the week.",
            params=LoadParams,
            run=run_load,
            produces=("load_use", "load_shape"),
        ),
        Analysis(
            name="workload",
            doc="The schedule of delivered accelerator-hours, and what each workload gets out of it.",
            params=WorkloadParams,
            run=run,
            requires=("availability", "load_use"),
            produces=("schedule", "goodput", "goodput_loss"),
        ),
    ]


@hookimpl
def twin_workloads() -> list[WorkloadModel]:
    """The workload models of the core."""
    return [training.MODEL]
