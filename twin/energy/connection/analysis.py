"""The analysis `connection`: what each site may draw by month, and how much IT load fits under it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.api import Analysis, AnalysisInputs, Params
from twin.energy import outside
from twin.energy.connection.design import Design, fitted
from twin.energy.connection.firm import firm
from twin.energy.connection.limits import limited
from twin.energy.steps import Steps
from twin.energy.supply import Site, limits, offered
from twin.structure.installed import energised

if TYPE_CHECKING:
    from twin.energy.connection.design import Fitted
    from twin.energy.steps import Floats


class ConnectionParams(Params):
    """The analysis has no parameters: `limit` of the tariffs and the entries of supplies say everything."""


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Table `connection`; without rows where no tariff states a limit.

    Raises:
        InputError: two entries of `cooling:`, `weather:` or tariffs of `energy:` serve the same site.
        RefusedError: a cooling or supply model will not answer.
        PluginError: a model returned something other than its table.
    """
    twin = inputs.twin
    if not any(limited(entry.params) for entry in twin.topology.section("energy")):
        return {"connection": tables.table("connection").empty()}
    steps = Steps(twin.calendar)
    schedule = energised(twin.structure, twin.calendar)
    sites = tuple(schedule["site"].unique(maintain_order=True))
    full = steps.pivot(schedule, sites, "it_kw")
    design = Design(twin, steps, sites, full, outside.years(twin, sites, "weather"))
    drawn, peak = design.draw(np.ones_like(full))
    site = Site(twin, steps, sites, design.weather, drawn, steps.by_month(drawn), peak)
    bought, _ = limits(site)
    own, by_entry = firm(offered(site), steps, sites)
    most = bought[:, steps.month] + own
    return {"connection": _rows(site, bought, own, by_entry, full, fitted(design, most, drawn))}


def _rows(
    site: Site,
    bought: Floats,
    own: Floats,
    by_entry: dict[str, dict[str, Floats]],
    full: Floats,
    found: Fitted,
) -> pl.DataFrame:
    steps, sites = site.steps, site.sites
    number, month = np.nonzero(np.isfinite(bought))
    order = np.lexsort((number, month))
    number, month = number[order], month[order]
    step = found.step[number, month]
    supply, load = own[number, step], found.drawn_kw[number, step]
    tariff = dict(site.served().iter_rows())
    names = [
        _named(tariff[sites[n]], by_entry.get(sites[n], {}), m) for n, m in zip(number, month.tolist(), strict=True)
    ]
    columns: dict[str, Any] = {
        "month": np.array(steps.calendar.dates(), dtype="datetime64[D]")[month],
        "site": [sites[n] for n in number],
        "source": names,
        "limit_kw": bought[number, month],
        "supply_kw": supply,
        "time": steps.time[step],
        "it_kw": full[number, month],
        "load_kw": load,
        "headroom_kw": bought[number, month] + supply - load,
        "usable_it_kw": pl.Series((found.level * full)[number, month], nan_to_null=True),
    }
    return pl.DataFrame(columns, schema=tables.table("connection").schema())


def _named(tariff: str, supplies: dict[str, Floats], month: int) -> str:
    """The tariff of the connection and the supplies that are counted on in the month."""
    return " + ".join([tariff, *(name for name, most in supplies.items() if most[month] > 0)])


ANALYSIS = Analysis(
    name="connection",
    doc="What the grid connection and firm supply of each site let it draw by month, and the IT power that fits.",
    params=ConnectionParams,
    run=run,
    requires=(),
    produces=("connection",),
)
"""The engine, registered as anybody's analysis is."""
