"""What dispatch was told, once more: for analyses that vary it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from twin.energy import outside
from twin.energy.dispatch import Market, Resources
from twin.energy.supply import Site, limits, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from twin.energy.read import Hours


def market_of(twin: Any, hours: Hours, own: Sequence[str]) -> tuple[pl.DataFrame, Resources, Market]:
    """Load, resources and market of some sites that have a supply.

    Args:
        twin: the loaded topology.
        hours: of its run.
        own: ids of the sites.
    """
    steps, load = hours.steps, hours.kw["load_kw"]
    weather = outside.years(twin, hours.sites, "weather")
    site = Site(twin, steps, hours.sites, weather, load, steps.by_month(load), steps.peaks(load))
    given = told(site)
    bought, sold = limits(site)
    rows = [hours.sites.index(name) for name in own]
    most = np.where(np.isfinite(bought), bought, np.nan)[rows][:, steps.month]
    frame = given["resources"].filter(given["resources"]["site"].is_in(list(own)))
    market = Market(
        prices=given.get("prices"),
        demand_prices=given.get("demand_prices"),
        demand_hours=given.get("demand_hours"),
        limits=steps.frame(own, {"import_kw": most, "export_kw": sold[rows][:, steps.month]}),
        grid=outside.grid(twin, steps, hours.sites),
    )
    resources = Resources(rows=frame, hours=given.get("resource_hours"), segments=given.get("resource_segments"))
    return steps.frame(own, {"load_kw": load[rows]}).select("time", "site", "load_kw"), resources, market
