"""Table `load_shape`: how the IT load of a site goes with the hour of the week.

Any workload model whose parameters have `profile` (168 weights from Monday 00:00) takes part.  A profile is taken
over its own mean, so that `utilisation` stays the mean; what idles draws in every hour:

    load(hour) = idle + (1 - idle) x sum of share x utilisation x profile(hour) / mean of the profile
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin.tables import table
from twin.workload.utilisation import KEYS, shares

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from twin.topology.model import ModelEntry

WEEK_HOURS = 168


def load_shape(months: pl.DataFrame, workloads: Iterable[ModelEntry], idle: pl.DataFrame) -> pl.DataFrame:
    """The table, with rows for the months and sites in which a workload with a profile draws something.

    Args:
        months: `month, site, accelerators`.
        workloads: entries of `workloads:`.
        idle: `month, site, idle_fraction`.

    Raises:
        InputError: as `twin.workload.utilisation`.
    """
    empty = table("load_shape").empty()
    entries = [entry for entry in workloads if hasattr(entry.params, "accelerators")]
    if not any(_weights(entry.params) is not None for entry in entries):
        return empty
    found, names = shares(months, entries)
    rows = found.join(idle, on=KEYS, how="left", maintain_order="left").with_columns(
        pl.col("idle_fraction").fill_null(0.0)
    )
    part = rows.select(names).to_numpy() * np.array([getattr(entry.params, "utilisation", 1.0) for entry in entries])
    part /= np.maximum(rows.select(pl.sum_horizontal(names)).to_numpy(), 1.0)
    week = np.array([_over_mean(entry.params) for entry in entries])
    floor = rows["idle_fraction"].to_numpy()[:, None]
    load = floor + (1 - floor) * (part @ week)
    mean = floor + (1 - floor) * part.sum(axis=1, keepdims=True)
    shaped = np.array([_weights(entry.params) is not None for entry in entries])
    used = ((part[:, shaped] > 0).any(axis=1)) & (rows["accelerators"].to_numpy() > 0)
    kept = rows.filter(pl.Series(used)).select(KEYS)
    ratio = load[used] / mean[used]
    return pl.DataFrame(
        {
            "month": kept["month"].gather(np.repeat(np.arange(kept.height), WEEK_HOURS)),
            "site": kept["site"].gather(np.repeat(np.arange(kept.height), WEEK_HOURS)),
            "hour_of_week": np.tile(np.arange(WEEK_HOURS), kept.height),
            "load_ratio": ratio.ravel(),
        },
        schema=empty.schema,
    )


def _weights(params: Any) -> tuple[float, ...] | None:
    found: tuple[float, ...] | None = getattr(params, "profile", None)
    return found


def _over_mean(params: Any) -> NDArray[np.float64]:
    weights = _weights(params)
    if weights is None:
        return np.ones(WEEK_HOURS)
    week = np.array(weights)
    found: NDArray[np.float64] = week / week.mean()
    return found
