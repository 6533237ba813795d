"""Estimates as rows of the tables `simulation` and `outage_durations`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twin.failure.montecarlo.effects import rolled_up, shares
from twin.failure.montecarlo.estimate import half_width, normal, student
from twin.failure.montecarlo.sequential import DOWN, LIMITS_H, LOST, OUTAGES
from twin.failure.montecarlo.steady import FED, LEVELS, SERVED
from twin.failure.montecarlo.unseen import lasting_h
from twin.tables import table
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import polars as pl

    from twin.failure.montecarlo.sequential import Block, Histories
    from twin.failure.montecarlo.steady import Steady
    from twin.structure.model import Floats, Snapshot

    Row = dict[str, Any]

_MOST = 1 << 62
"""Effective samples beyond what a whole number of a table holds are as many as it holds."""


def level_name(level: float) -> str:
    """The measure "at least so much in service": `at_least_90_%`."""
    return f"at_least_{100.0 * level:.10g}_%"


def steady(
    snapshot: Snapshot,
    found: Steady,
    levels: Sequence[float],
    *,
    confidence: float,
    seed: int,
    method: str = "steady",
    scopes: Sequence[int] | None = None,
) -> pl.DataFrame:
    """Rows of `simulation` from sampled states.

    Args:
        snapshot: the structure in the month that was sampled.
        found: the estimates.
        levels: shares of a site's load that were asked about.
        confidence: of the half-widths.
        seed: seed of the draws.
        method: as the table calls it.
        scopes: those to give; all where not given.
    """
    loss, width = found.loss, found.loss.half_width(confidence)
    energy, whole = _energy_kwh(snapshot), shares(snapshot).whole
    wanted = range(len(snapshot.structure.scopes)) if scopes is None else scopes
    rows: list[Row] = []
    for scope in wanted:
        if np.isnan(loss.mean[FED, scope]):
            continue
        site = snapshot.structure.scopes[scope].parent < 0
        weighs = bool(whole[scope] > 0.0)
        shown = [(FED, "fed", "fraction", 0.0), (SERVED, "served", "fraction", 0.0)]
        shown += [(SERVED, "unserved", "kWh/year", float(energy[scope]))]
        shown += [(LEVELS + i, level_name(each), "fraction", 0.0) for i, each in enumerate(levels) if site]
        for row, measure, unit, times in shown:
            if row != FED and not weighs:
                continue  # nothing in it draws power, so that it has no share to lose
            scale = times or 1.0
            mean = float(loss.mean[row, scope])
            rows.append(
                {
                    **_scope(snapshot, scope),
                    "method": method,
                    "measure": measure,
                    "unit": unit,
                    "value": mean * times if unit == "kWh/year" else 1.0 - mean,
                    "half_width": float(width[row, scope]) * scale,
                    "standard_error": float(loss.error[row, scope]) * scale,
                    "resolution": float(loss.resolution[row, scope]) * scale,
                    "confidence_fraction": confidence,
                    "samples": loss.samples,
                    "effective_samples": _whole(float(loss.effective[row, scope])),
                    "simulated_h": None,
                    "seed": seed,
                    "stopped_by": found.stopped_by,
                }
            )
    return _frame("simulation", rows)


def sequential(histories: Histories, block: Block, confidence: float) -> pl.DataFrame:
    """Rows of `simulation` from histories.

    Args:
        histories: what was lived through.
        block: the sums of all of them.
        confidence: of the half-widths.
    """
    snapshot, n = histories.snapshot, block.histories
    z = student(confidence, n - 1)
    lasting = np.minimum(lasting_h(snapshot, histories.clock), histories.horizon_h)
    rows: list[Row] = []
    for scope in range(len(snapshot.structure.scopes)):
        if not histories.shares.there[scope]:
            continue
        for measure, unit, (value, error, step) in _measures(histories, block, scope, float(lasting[scope])):
            there = not np.isnan(value)
            width = float(half_width(np.array(error), np.array(step), z)) if there else None
            if width is not None and measure == "mean_outage":
                width = min(width, max(value, float(lasting[scope])))  # no mean is beyond what one can last
            rows.append(
                {
                    **_scope(snapshot, scope),
                    "method": "sequential",
                    "measure": measure,
                    "unit": unit,
                    "value": value if there else None,
                    "half_width": width,
                    "standard_error": error if there else None,
                    "resolution": step if there else None,
                    "confidence_fraction": confidence,
                    "samples": n,
                    "effective_samples": n,
                    "simulated_h": n * histories.horizon_h,
                    "seed": histories.seed,
                    "stopped_by": "samples",
                }
            )
    return _frame("simulation", rows)


def durations(histories: Histories, block: Block) -> pl.DataFrame:
    """Table `outage_durations`; an outage that lasts beyond the end of a history counts as long as it was seen."""
    snapshot = histories.snapshot
    years = block.histories * histories.horizon_h / HOURS_PER_YEAR
    rows: list[Row] = []
    for scope in np.flatnonzero(histories.shares.there).tolist():
        every = int(block.lasting[-1, scope])
        for row, limit in enumerate((*LIMITS_H, None)):
            seen = int(block.lasting[row, scope])
            rows.append(
                {
                    **_scope(snapshot, scope),
                    "at_most_h": limit,
                    "outages": seen,
                    "outages_per_year": seen / years,
                    "share_fraction": seen / every if every else None,
                }
            )
    return _frame("outage_durations", rows)


def _measures(
    histories: Histories, block: Block, scope: int, lasting_h: float
) -> Iterator[tuple[str, str, tuple[float, float, float]]]:
    """Value, standard error and resolution of every measure of a scope.

    `lasting_h` is how long an outage of it may last that no history has shown.
    """
    n, years = block.histories, histories.horizon_h / HOURS_PER_YEAR
    mean = block.first[:, scope] / n
    spread = (block.second[:, :, scope] - n * np.outer(mean, mean)) / (n - 1)
    error = np.sqrt(np.maximum(np.diag(spread), 0.0) / n)
    seen = block.most[:, scope]
    unseen = np.zeros(3)
    unseen[[DOWN, LOST]], unseen[OUTAGES] = lasting_h / histories.horizon_h, 1.0
    step = np.maximum(seen, unseen) / n
    always = _always(histories)[:, scope]
    open_ = 1.0 - always[0]
    yield "fed", "fraction", (1.0 - max(mean[DOWN], always[0]), error[DOWN] * open_, step[DOWN] * open_)
    yield "served", "fraction", (1.0 - mean[LOST] - always[1], error[LOST], step[LOST])
    energy = float(_energy_kwh(histories.snapshot)[scope])
    yield "unserved", "kWh/year", ((mean[LOST] + always[1]) * energy, error[LOST] * energy, step[LOST] * energy)
    yield "outages", "1/year", (mean[OUTAGES] / years * open_, error[OUTAGES] / years, step[OUTAGES] / years)
    if mean[OUTAGES] == 0.0:
        yield "mean_outage", "h", (np.nan, np.nan, np.nan)
        return
    # a ratio of two means: its variance to first order (the delta method)
    ratio = mean[DOWN] / mean[OUTAGES]
    of_ratio = spread[DOWN, DOWN] - 2.0 * ratio * spread[DOWN, OUTAGES] + ratio**2 * spread[OUTAGES, OUTAGES]
    scale = histories.horizon_h / mean[OUTAGES]
    yield (
        "mean_outage",
        "h",
        (
            ratio * histories.horizon_h,
            float(np.sqrt(max(of_ratio, 0.0) / n)) * scale,
            step[DOWN] * scale,
        ),
    )


def _always(histories: Histories) -> Floats:
    """(2, scopes): whether it is never wholly fed, and the share of its load that is always lost."""
    shares, never = histories.shares, histories.wiring.never_fed
    scope = histories.snapshot.structure.classes.scope
    some = rolled_up(scope, never.astype(float), shares.parent) > 0.0
    lost = rolled_up(scope, np.where(never, shares.working, 0.0), shares.parent)
    share = shares.own + np.divide(lost, shares.whole, out=np.zeros(len(lost)), where=shares.whole > 0.0)
    return np.stack([some.astype(float), share])


def _energy_kwh(snapshot: Snapshot) -> Floats:
    """(scopes,): IT energy of a year at full use."""
    structure = snapshot.structure
    classes = structure.classes
    kw = np.where(snapshot.class_on, classes.power_kw * classes.count, 0.0)
    parent = np.array([scope.parent for scope in structure.scopes], dtype=np.int64)
    return rolled_up(classes.scope, kw, parent) * HOURS_PER_YEAR


def _scope(snapshot: Snapshot, scope: int) -> Row:
    named = snapshot.structure.scopes[scope]
    month = snapshot.structure.topology.calendar.date(snapshot.month)
    return {"month": month, "scope": named.id, "kind": named.kind}


def _whole(number: float) -> int:
    return int(min(max(number, 0.0), _MOST))


def _frame(name: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    declared = table(name)
    return declared.frame({column: [row[column] for row in rows] for column in declared.names})


__all__ = ["durations", "level_name", "normal", "sequential", "steady"]
