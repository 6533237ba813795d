"""Where there is an exact answer, estimates are held against it.

Each estimate is given as many standard deviations as keep the chance that any of them is beyond its interval,
with all of them right, below one minus the family-wise level (Bonferroni): at 99.99 %, one run in ten thousand
has a false alarm, however many scopes and measures there are.  The interval is that of
`twin.failure.montecarlo.estimate`, which is wider than the normal one where few failures were seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from twin.failure.montecarlo.estimate import half_width, normal, student
from twin.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.structure.model import Floats

FAMILY = 0.9999
"""Chance that nothing is beyond its interval in a run in which everything is right."""

_COLUMNS = {"fed": "availability_fraction", "served": "served_fraction", "outages": "outages_per_year"}
"""Measure of `simulation` -> column of `availability`, of the event `fed`."""

AT_LEAST = "at_least_"
"""How measures of `simulation` begin that ask for the chance of a level in service."""

_WATTS = 1000.0
_ROUNDING = 1e-9
"""Relative difference that is none: estimates are sums of many numbers."""


class _Pair(NamedTuple):
    """An estimate and its exact value."""

    scope: str
    method: str
    measure: str
    value: float
    exact: float
    allowed: float


def agreement(
    availability: pl.DataFrame,
    simulation: pl.DataFrame,
    methods: Iterable[str] = ("steady", "biased", "sequential"),
    family: float = FAMILY,
    capacity_outage: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Hold estimates against the exact answer.

    Args:
        availability: table `availability`.
        simulation: table `simulation`.
        methods: those that answer the same question as the exact engine; others are left out.
        family: chance that all are within their intervals when all are right.
        capacity_outage: table `capacity_outage`, for the chances that at least so much is in service.

    Returns:
        Rows of `checks`: one a method and measure, of the estimate that is farthest off for its interval; none
        where there is nothing to compare.
    """
    fed = availability.filter(pl.col("event") == "fed")
    exact = pl.concat(
        [
            *(
                fed.select("month", "scope", pl.lit(measure).alias("measure"), pl.col(column).alias("exact"))
                for measure, column in _COLUMNS.items()
            ),
            *([] if capacity_outage is None else [_levels(capacity_outage, simulation)]),
        ]
    )
    estimates = simulation.filter(pl.col("method").is_in(list(methods)) & pl.col("value").is_not_null())
    both = estimates.join(exact, on=["month", "scope", "measure"], how="inner", maintain_order="left")
    pairs = list(_pairs(both, 1.0 - (1.0 - family) / max(both.height, 1)))
    worst: dict[tuple[str, str], _Pair] = {}
    for pair in pairs:
        key = (pair.method, pair.measure)
        if key not in worst or _beyond(pair) > _beyond(worst[key]):
            worst[key] = pair
    rows = [_row(pair, family, len(pairs)) for pair in worst.values()]
    declared = table("checks")
    return declared.frame({name: [row[name] for row in rows] for name in declared.names})


def _levels(capacity_outage: pl.DataFrame, simulation: pl.DataFrame) -> pl.DataFrame:
    """Exact chances that at least so much of a site's IT load is in service, where that is counted in whole watts."""
    asked = simulation.select("measure").unique().filter(pl.col("measure").str.starts_with(AT_LEAST))
    asked = asked.with_columns(
        level=pl.col("measure").str.strip_prefix(AT_LEAST).str.strip_suffix("_%").cast(pl.Float64) / 100.0
    )
    watts = pl.col("step_kw") * _WATTS
    exact = capacity_outage.filter((pl.col("measure") == "it_kw") & ((watts - watts.round()).abs() < _ROUNDING * watts))
    enough = exact.drop("measure").join(asked, how="cross")
    enough = enough.with_columns(
        exact=pl.when(pl.col("in_service_fraction") >= pl.col("level") - _ROUNDING)
        .then("probability_fraction")
        .otherwise(0.0)
    )
    return (
        enough.group_by("month", "site", "measure", maintain_order=True)
        .agg(pl.col("exact").sum())
        .select("month", pl.col("site").alias("scope"), "measure", pl.min_horizontal("exact", 1.0).alias("exact"))
    )


def _pairs(both: pl.DataFrame, confidence: float) -> Iterable[_Pair]:
    for row in both.iter_rows(named=True):
        z = student(confidence, row["samples"] - 1) if row["method"] == "sequential" else normal(confidence)
        error, step = (_array(row[name]) for name in ("standard_error", "resolution"))
        yield _Pair(
            row["scope"],
            row["method"],
            row["measure"],
            row["value"],
            row["exact"],
            float(half_width(error, step, z)),
        )


def _array(value: float) -> Floats:
    import numpy as np  # noqa: PLC0415 - one number

    return np.array(value, dtype=float)


def _beyond(pair: _Pair) -> float:
    """How far off an estimate is, in halves of its interval."""
    off = abs(pair.value - pair.exact)
    allowed = pair.allowed + _ROUNDING * max(abs(pair.exact), 1e-3)
    return off / allowed


def _row(pair: _Pair, family: float, compared: int) -> dict[str, object]:
    ok = _beyond(pair) <= 1.0
    message = (
        f"the largest of {compared} differences for its interval; all are within theirs in {family:.2%} of right runs"
    )
    if not ok:
        message = "the exact engine and the simulation disagree beyond chance, so one of them is wrong: report it"
    return {
        "check": f"simulation_{pair.method}_{pair.measure}",
        "scope": pair.scope,
        "ok": ok,
        "got": f"{pair.value:.9g}",
        "wanted": f"{pair.exact:.9g} exact, within {pair.allowed:.3g}",
        "message": message,
    }
