"""The workload model `training`: how long a run of so many FLOP takes, and what interruptions cost it.

    peak           = sum over its accelerators of their peak dense FLOP/s at the stated precision
    nameplate days = flops / (peak x mfu) / 86400
    delivered days = nameplate days / (capacity x ETTR)

`capacity` is the expected share of the peak that it has the use of: racks down are a loss there, and
spares a gain.  ETTR is the share of the time that it runs in which it makes progress that is kept;
restarts, work done again and checkpoints are a loss there, and nowhere else.  Without
`checkpoint_interval` ETTR is not known, and the days are those of the capacity alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from twin.api import RefusedError, WorkloadInputs, WorkloadModel, at_sites
from twin.tables import table
from twin.workload import checkpoint, ettr, losses
from twin.workload.interruptions import of_job
from twin.workload.params import NONE, Training
from twin.workload.pool import Service, in_service

if TYPE_CHECKING:
    from collections.abc import Mapping

    Row = dict[str, object]

SECONDS_PER_DAY = 86_400.0
HOURS_PER_DAY = 24.0
FLOP_PER_TFLOP = 1e12


def training(inputs: WorkloadInputs) -> dict[str, pl.DataFrame]:
    """Tables `goodput`, one row an entry, and `goodput_loss`.

    Raises:
        RefusedError: an entry asks for more accelerators than there are, runs where some have no
            figure for the precision, where none or too few are ever in service, or is interrupted so often
            that it does not get from one checkpoint to the next.
    """
    rows: list[Row] = []
    lost = [table("goodput_loss").empty()]
    for entry in inputs.entries:
        row, found = _run(entry.name, entry.params, inputs)
        rows.append(row)
        lost.append(losses.frame(entry.name, found, entry.params.accelerator_hour_price))
    shape = table("goodput")
    made = {name: [row.get(name) for row in rows] for name in shape.names}
    return {"goodput": shape.frame(made), "goodput_loss": pl.concat(lost)}


@dataclass(frozen=True, slots=True)
class _Job:
    """An entry and what it runs on.

    Attributes:
        racks: rows of `compute` at its sites that have accelerators, with `rack_tflops`.
        total, count, spares, least: accelerators there are, that it runs on, held back for it, that it needs at least.
        peak: FLOP/s of those that it runs on, in TFLOP/s.
    """

    name: str
    given: Training
    racks: pl.DataFrame
    total: int
    count: int
    spares: int
    least: int

    @property
    def share(self) -> float:
        """Share of the accelerators that it runs on."""
        return self.count / self.total

    @property
    def peak(self) -> float:
        return float((self.racks["racks"] * self.racks["rack_tflops"]).sum()) * self.share


def _run(name: str, given: Training, inputs: WorkloadInputs) -> tuple[Row, list[losses.Loss]]:
    job = _job(name, given, inputs.compute.filter(at_sites(given.sites), pl.col("accelerators") > 0))
    available, service = _capacity(job)
    often = _often(job, inputs.interruptions.filter(at_sites(given.sites)))
    rate = math.fsum(often.values())
    days = given.flops / (job.peak * FLOP_PER_TFLOP * given.mfu) / SECONDS_PER_DAY
    row: Row = {
        "workload": name,
        "model": "training",
        "accelerators": job.count,
        "peak_tflops": job.peak,
        "mfu_fraction": given.mfu,
        "available_fraction": available,
        "nameplate_days": days,
        "delivered_days": days / service.capacity,
        "spare_accelerators": job.spares,
        "capacity_fraction": service.capacity,
        "running_fraction": service.running,
        "interruptions_per_day": rate * service.running * HOURS_PER_DAY,
        "mttf_h": 1.0 / rate if rate > 0.0 else None,
    }
    if given.checkpoint_interval == NONE:
        return row, []
    handled, found = _handled(job, service, often)
    return row | handled | {"delivered_days": days / (service.capacity * handled["ettr_fraction"])}, found


def _job(name: str, given: Training, compute: pl.DataFrame) -> _Job:
    """The entry on its racks.

    Raises:
        RefusedError: as `training` says.
    """
    total = int(compute["accelerators"].sum())
    count = _number(given.accelerators, total)
    spares, least = (_number(asked, count) for asked in (given.spares, given.min_accelerators))
    where = f"in {', '.join(given.sites)}" if given.sites else "in the file"
    asked = f"'{name}' asks for {count:,} accelerators"
    if not 0 < count <= total:
        remedy = "give racks their number of 'accelerators', or ask for fewer"
        raise RefusedError("workload", f"{asked} and there are {total:,} {where}", remedy)
    if count + spares > total:
        remedy = "ask for fewer accelerators, or fewer spares"
        raise RefusedError("workload", f"{asked} and {spares:,} spares, and there are {total:,} {where}", remedy)
    if least > count:
        raise RefusedError("workload", f"{asked} and needs at least {least:,}", "lower 'min_accelerators'")
    column = f"{given.precision}_tflops"
    unknown = compute.filter(pl.col(column).is_null() | (pl.col(column) <= 0))
    if unknown.height:
        reason = f"'{name}' runs at {given.precision} and '{unknown['group'][0]}' has no figure for it"
        remedy = f"state '{given.precision}' for that group, or use a part that has it"
        raise RefusedError("workload", reason, remedy)
    racks = compute.with_columns((pl.col("accelerators") * pl.col(column) / pl.col("racks")).alias("rack_tflops"))
    return _Job(name, given, racks, total, count, spares, least)


def _number(asked: float, of: int) -> int:
    """Accelerators from a share up to 1 or a count above it."""
    return round(asked * of) if asked <= 1.0 else round(asked)


def _capacity(job: _Job) -> tuple[float, Service]:
    """Share of its peak in service on average without spares, and what it has the use of with them.

    Raises:
        RefusedError: it never has enough.
    """
    racks = job.racks
    served = float((racks["racks"] * racks["rack_tflops"] * racks["served_fraction"]).sum()) * job.share
    if served <= 0.0:
        raise RefusedError("workload", f"'{job.name}' never has an accelerator in service", "see 'twin failure'")
    use = (job.count + job.spares) / job.total
    each = racks.select(pl.col("racks") * use, size="rack_tflops", availability="served_fraction")
    service = in_service(each, job.peak, job.peak * job.least / job.count)
    if service.capacity <= 0.0:
        reason = f"'{job.name}' practically never has the {job.least:,} accelerators in service that it needs at least"
        raise RefusedError("workload", reason, "give it 'spares', or lower 'min_accelerators'")
    return served / job.peak, service


def _often(job: _Job, rows: pl.DataFrame) -> dict[str, float]:
    """Interruptions an hour while it runs, by cause."""
    often = of_job(rows, job.share)
    racks = float(job.racks["racks"].sum()) * job.share
    for cause, stated in job.given.interruptions.items():
        often[cause] = often.get(cause, 0.0) + stated.per_h(job.count, racks)
    return {cause: rate for cause, rate in often.items() if rate > 0.0}


def _handled(job: _Job, service: Service, often: Mapping[str, float]) -> tuple[dict[str, Any], list[losses.Loss]]:
    """The columns that follow from how the run handles interruptions, and what these cost it.

    Raises:
        RefusedError: it practically never gets from one checkpoint to the next.
    """
    given, rate = job.given, math.fsum(often.values())
    mttf = 1.0 / rate if rate > 0.0 else math.inf
    write, restart = given.checkpoint_write or 0.0, given.detection + (given.restart or 0.0)
    asked = given.checkpoint_interval
    interval = checkpoint.POLICIES[asked](write, mttf) if isinstance(asked, str) else asked
    run = ettr.shares(interval, write, restart, mttf)
    if run.training <= 0.0:
        raise RefusedError(
            "workload",
            f"'{job.name}' is interrupted every {mttf:.3g} h on average, takes {restart:.3g} h to restart and "
            f"{interval + write:.3g} h from one checkpoint to the next: it never gets on",
            "restart faster, write checkpoints more often, or run on fewer accelerators",
        )
    found = losses.losses(job.count, job.spares, service, run, often, interval)
    return {
        "checkpoint_interval_h": None if math.isinf(interval) else interval,
        "ettr_fraction": run.training,
        "ettr_kokolis_fraction": ettr.approximate(interval, write, restart, mttf),
        "goodput_fraction": service.capacity * run.training,
        "wasted_accelerator_h_per_year": losses.total_h(found),
    }, found


MODEL = WorkloadModel("training", "How long a training run of so many FLOP takes.", Training, training)
