"""Table `goodput_loss`: the accelerator-hours of a year that bring no progress, by cause."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from twin.tables import table
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import polars as pl

    from twin.workload.ettr import Shares
    from twin.workload.pool import Service

CHECKPOINTS = "checkpoints"
FEWER = "fewer accelerators"
WAITING = "waiting"
SPARES = "spares"
OWN = (CHECKPOINTS, FEWER, WAITING, SPARES)
"""Causes that are not interruptions."""


_ROUNDING = 1e-13
"""Share of all accelerator-hours below which a loss is the rounding of sums."""


class Loss(NamedTuple):
    """One row of the table for one workload, without the price; hours are accelerator-hours a year."""

    cause: str
    kind: str
    events: float | None
    restart_h: float
    lost_h: float


def losses(
    accelerators: int, spares: int, service: Service, run: Shares, often: Mapping[str, float], interval_h: float
) -> list[Loss]:
    """What a workload loses in a year, by cause: all that is not kept progress of it and its spares.

    An interruption costs the same whatever its cause, as the rates are constant and the restart is the
    same: what interruptions cost together is shared in proportion to how often each cause interrupts.

    Args:
        accelerators: that it runs on.
        spares: accelerators held back for it.
        service: what it has the use of.
        run: where its wall time goes while it has enough to run.
        often: interruptions an hour while it runs, by cause.
        interval_h: training between two checkpoints, hours.
    """
    year = accelerators * HOURS_PER_YEAR
    used = year * service.capacity
    hours = HOURS_PER_YEAR * service.running
    whole = math.fsum(often.values())
    interruptions = [
        Loss(
            cause,
            "interruption",
            rate * hours,
            used * run.restarting * rate / whole,
            used * (run.restarting + run.redone) * rate / whole,
        )
        for cause, rate in often.items()
    ]
    others = [
        Loss(CHECKPOINTS, "checkpoint", hours * run.training / interval_h, 0.0, used * run.writing),
        Loss(FEWER, "capacity", None, 0.0, year * max(0.0, service.running - service.capacity)),
        Loss(WAITING, "capacity", None, 0.0, year * (1.0 - service.running)),
        Loss(SPARES, "capacity", None, 0.0, spares * HOURS_PER_YEAR),
    ]
    least = _ROUNDING * (accelerators + spares) * HOURS_PER_YEAR
    return [loss for loss in (*interruptions, *others) if loss.lost_h > least]


def total_h(found: Iterable[Loss]) -> float:
    """Accelerator-hours a year lost to all causes."""
    return math.fsum(loss.lost_h for loss in found)


def frame(workload: str, found: Sequence[Loss], price: float | None) -> pl.DataFrame:
    """Table `goodput_loss` of one workload.

    Args:
        workload: its name.
        found: what `losses` gives.
        price: of an accelerator-hour in dollars; None where none is known.
    """
    return table("goodput_loss").frame(
        {
            "workload": [workload] * len(found),
            "cause": [loss.cause for loss in found],
            "kind": [loss.kind for loss in found],
            "events_per_year": [loss.events for loss in found],
            "restart_accelerator_h_per_year": [loss.restart_h for loss in found],
            "lost_accelerator_h_per_year": [loss.lost_h for loss in found],
            "lost_usd_per_year": [None if price is None else loss.lost_h * price for loss in found],
        }
    )
