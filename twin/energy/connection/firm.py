"""What plants behind the meter can be counted on for, in every step.

Firm is a generator that may run all year on fuel that does not run out: its available power in the step, after
maintenance, heat and the share of forced outages that its entry states.  Sun and wind give what the weather gives,
storage and flexible load only shift, a backup with a store of fuel or permit hours is not there to carry the site
day by day, and what comes under contract comes through the connection: none of them is counted on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.energy.hold import place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.energy.steps import Floats, Steps


def firm(
    given: Mapping[str, pl.DataFrame], steps: Steps, sites: tuple[str, ...]
) -> tuple[Floats, dict[str, dict[str, Floats]]]:
    """(sites, steps): firm power; and for each site, by entry, (months,) the most that it gives in the month.

    Args:
        given: frames of `resources` and `resource_hours`, absent where no supply gives them.
        steps: of the calendar.
        sites: ids.
    """
    power = np.zeros((len(sites), len(steps)))
    by_entry: dict[str, dict[str, Floats]] = {}
    for row in _firm_units(given):
        site, entry = str(row["site"]), str(row["entry"])
        kw = _available(given, steps, row)
        power[sites.index(site)] += kw
        most = steps.peaks(kw[None])[0]
        own = by_entry.setdefault(site, {})
        own[entry] = own[entry] + most if entry in own else most
    return power, by_entry


def _firm_units(given: Mapping[str, pl.DataFrame]) -> list[dict[str, object]]:
    units = given.get("resources")
    if units is None or not units.height:
        return []
    optional = {"renewable": pl.Boolean, "limit_kwh_per_year": pl.Float64, "fuel_store_kwh": pl.Float64}
    units = units.with_columns(
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in optional.items() if name not in units.columns
    )
    kept = units.filter(
        (pl.col("kind") == "generator")
        & ~pl.col("renewable").cast(pl.Boolean).fill_null(value=False)
        & pl.col("limit_kwh_per_year").is_null()
        & pl.col("fuel_store_kwh").is_null()
    )
    return kept.select("site", "entry", "unit", "capacity_kw").rows(named=True)


def _available(given: Mapping[str, pl.DataFrame], steps: Steps, row: dict[str, object]) -> Floats:
    """(steps,): available power of a unit; its capacity where nothing is said of the step."""
    capacity = row["capacity_kw"]
    kw = np.full(len(steps), 0.0 if capacity is None else float(capacity))  # type: ignore[arg-type]
    hours = given.get("resource_hours")
    if hours is None or "available_kw" not in hours.columns:
        return kw
    own = hours.filter(*(pl.col(name) == row[name] for name in ("site", "entry", "unit"))).drop_nulls("available_kw")
    if own.height:
        _, step = place(own, steps, [str(row["site"])], "resources gave", whole=False)
        kw[step] = own["available_kw"].to_numpy()
    return kw
