"""The analysis `grid-survival`: how long a site lives without its grid, for the failure engine.

It is asked for by `ride_through: energy` of a grid.  What it takes is known before anything of failure is: the load
while nothing is out of service, the supplies, and the store that the dispatch of that load leaves at every hour.  So
failure can follow it, and the energy analysis, whose bills take what failure leaves of the load, follows failure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.api import Analysis, AnalysisInputs, Params
from twin.energy import outside
from twin.energy.load import it_load
from twin.energy.overhead import Overhead
from twin.energy.read import Hours
from twin.energy.resilience.analysis import ResilienceParams, in_year, last_year
from twin.energy.resilience.fleet import fleet
from twin.energy.resilience.outage import lives
from twin.energy.steps import Steps
from twin.energy.supply import Site, described, dispatch, told
from twin.topology.riding import ATTRIBUTE

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.topology.model import Topology

NAME = "grid-survival"
TABLE = "grid_survival"
ASKED = "energy"
MOST_H = 336.0
"""Longest outage that is looked at: two weeks, as in the analysis `resilience`."""

REPAIRS = 14.0
"""So many mean outages are looked at: an exponential one is longer with a chance of 8e-7."""


class SurvivalParams(Params):
    """The analysis has no parameters: `critical` is that of the analysis `resilience`."""


def asked(topology: Topology) -> dict[str, float]:
    """Path of each site with a grid that is to ride through -> mean outage of that grid, h."""
    found: dict[str, float] = {}
    for path in topology.groups:
        if topology.attribute(path, ATTRIBUTE) != ASKED:
            continue
        root = path.partition("/")[0]
        found[root] = max(found.get(root, 0.0), float(topology.attribute(path, "mttr")))
    return found


def run(inputs: AnalysisInputs, ways: Callable[[Site], dict[str, Any]], step_h: float) -> dict[str, pl.DataFrame]:
    """Table `grid_survival`; without rows where no grid asks for it.

    Args:
        inputs: tables `load_use` and `load_shape`.
        ways: how to dispatch a site, as the analysis `energy` does.
        step_h: length of a step.

    Raises:
        RefusedError: as the analyses `energy` and `resilience`.
    """
    twin = inputs.twin
    wanted = asked(twin.topology)
    made = [tables.table(TABLE).empty()]
    if wanted:
        hours = _hours(twin, inputs, ways, step_h)
        critical = _critical(twin.topology)
        for number, site in enumerate(hours.sites):
            root = site.partition("[")[0]
            if root in wanted:
                made.append(_of_site(twin, hours, number, critical, min(REPAIRS * wanted[root], MOST_H)))
    return {TABLE: pl.concat(made)}


def _hours(twin: Any, inputs: AnalysisInputs, ways: Callable[[Site], dict[str, Any]], step_h: float) -> Hours:
    """What the sites draw and have in every hour while nothing is out of service."""
    steps = Steps(twin.calendar, step_h)
    use = inputs.tables["load_use"].with_columns(served_fraction=pl.lit(1.0))
    load = it_load(steps, use, inputs.tables["load_shape"])
    over = Overhead(twin, load, outside.years(twin, load.sites, "weather")).run()
    drawn = load.kw + over.chain_kw + over.other_kw
    site = Site(twin, steps, load.sites, over.weather, drawn, steps.by_month(drawn), steps.peaks(drawn))
    given = told(site)
    if "resources" in given and given["resources"].height:
        dispatch(site, given, **ways(site))
        site.known = described(given["resources"])
    units = site.units.rename({"entry": "supply"})
    return Hours(steps, load.sites, {"load_kw": drawn}, units, site.known)


def _of_site(twin: Any, hours: Hours, number: int, critical: float, longest_h: float) -> pl.DataFrame:
    year, step_h = last_year(hours), hours.steps.step_h
    need = hours.kw["load_kw"][number][year] * critical
    count = max(1, int(np.ceil(longest_h / step_h - 1e-9)))
    if not need.any():
        time, chance = np.array([count * step_h]), np.ones(1)
    else:
        time, chance = lives(need, in_year(fleet(hours, number, twin.structure), year), count, step_h)
        kept = chance > 0.0
        time, chance = time[kept], chance[kept]
    return tables.table(TABLE).frame(
        {
            "site": [hours.sites[number]] * len(time),
            "lived_h": time,
            "chance_fraction": chance,
            "survival_fraction": np.clip(1.0 - np.cumsum(chance), 0.0, 1.0),
        }
    )


def _critical(topology: Topology) -> float:
    params: Any = next(
        (entry.params for entry in topology.section("analyses") if entry.name == "resilience"), ResilienceParams()
    )
    return float(params.critical)


def analysis(ask: Callable[[AnalysisInputs], dict[str, pl.DataFrame]]) -> Analysis:
    """The analysis, for `twin.energy.analysis` to register.

    Args:
        ask: `run` with the way of the analysis `energy` to dispatch.
    """
    return Analysis(
        name=NAME,
        doc="How long a site whose grid asks for it lives without it, for the failure analysis.",
        params=SurvivalParams,
        run=ask,
        requires=("load_use", "load_shape"),
        produces=(TABLE,),
    )
