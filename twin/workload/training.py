"""The workload model `training`: how long a run of so many FLOP takes.

    peak           = sum over its accelerators of their peak dense FLOP/s at the stated precision
    nameplate days = flops / (peak x mfu) / 86400
    delivered days = nameplate days / share of its peak that is in service on average

The share in service is an average: the run is taken to go on with what is left of its accelerators.
What restarts and checkpoints cost is part of `mfu` only as far as the figure given includes it.
"""

from __future__ import annotations

from typing import Annotated, Literal

import polars as pl
from pydantic import AfterValidator

from twin.api import Fraction, Params, Ratio, RefusedError, SiteRef, Work, WorkloadInputs, WorkloadModel, at_sites

SECONDS_PER_DAY = 86_400.0
FLOP_PER_TFLOP = 1e12


def _share_or_count(value: float) -> float:
    if value <= 0.0:
        raise ValueError("not above zero; write a share as '98 %' or a count as 16384")
    if value > 1.0 and value != round(value):
        raise ValueError("neither a share up to 100 % nor a whole number of accelerators")
    return value


class Training(Params):
    """Parameters of `training`.

    Attributes:
        sites: sites it runs on; all of them where none is named.
        accelerators: share of their accelerators up to `100 %`, or a count above 1.
        flops: work of the whole run.
        mfu: model FLOP/s utilisation: useful FLOP/s over peak while it runs.
        precision: of the peak FLOP/s.
        utilisation: how busy its accelerators are: the share of what they draw above idle at full use.
    """

    sites: tuple[SiteRef, ...] = ()
    accelerators: Annotated[Ratio, AfterValidator(_share_or_count)] = 1.0
    flops: Work
    mfu: Annotated[Fraction, AfterValidator(_share_or_count)]
    precision: Literal["bf16", "fp8", "fp4"] = "bf16"
    utilisation: Fraction = 1.0


def training(inputs: WorkloadInputs) -> dict[str, pl.DataFrame]:
    """Table `goodput`, one row an entry.

    Raises:
        RefusedError: an entry asks for more accelerators than there are, runs where some have no
            figure for the precision, or where none is ever in service.
    """
    return {"goodput": pl.DataFrame([_row(entry.name, entry.params, inputs.compute) for entry in inputs.entries])}


def _row(name: str, given: Training, compute: pl.DataFrame) -> dict[str, object]:
    compute = compute.filter(at_sites(given.sites), pl.col("accelerators") > 0)
    total = int(compute["accelerators"].sum())
    count = round(given.accelerators * total) if given.accelerators <= 1.0 else round(given.accelerators)
    _refuse(name, given, compute, total, count)
    peaks = compute["accelerators"] * compute[f"{given.precision}_tflops"] * (count / total)
    peak = float(peaks.sum())
    available = float((peaks * compute["served_fraction"]).sum()) / peak
    if available <= 0.0:
        raise RefusedError("workload", f"'{name}' never has an accelerator in service", "see 'twin failure'")
    days = given.flops / (peak * FLOP_PER_TFLOP * given.mfu) / SECONDS_PER_DAY
    return {
        "workload": name,
        "model": "training",
        "accelerators": count,
        "peak_tflops": peak,
        "mfu_fraction": given.mfu,
        "available_fraction": available,
        "nameplate_days": days,
        "delivered_days": days / available,
    }


def _refuse(name: str, given: Training, compute: pl.DataFrame, total: int, count: int) -> None:
    where = f"in {', '.join(given.sites)}" if given.sites else "in the file"
    if not 0 < count <= total:
        raise RefusedError(
            "workload",
            f"'{name}' asks for {count:,} accelerators and there are {total:,} {where}",
            "give racks their number of 'accelerators', or ask for fewer",
        )
    column = f"{given.precision}_tflops"
    unknown = compute.filter(pl.col(column).is_null() | (pl.col(column) <= 0))
    if unknown.height:
        raise RefusedError(
            "workload",
            f"'{name}' runs at {given.precision} and '{unknown['group'][0]}' has no figure for it",
            f"state '{given.precision}' for that group, or use a part that has it",
        )


MODEL = WorkloadModel("training", "How long a training run of so many FLOP takes.", Training, training)
