"""What a better carbon-free score costs: the dispatch of one year, solved again for one worth of it after the other.

    least of  cost - worth x score in kWh

A linear program's least cost is convex in the score, so that every point of the curve is the optimum for some worth
of a kWh of score.  Only costs change from one point to the next: HiGHS goes on from the last optimum.  In the curve a
store takes carbon-free energy only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.energy.dispatch import DispatchModel
from twin.energy.dispatch.flows import carbon_free_fraction, cost, emissions_kg
from twin.energy.dispatch.frames import systems

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.energy.dispatch import Market, Resources, Solution, System

_LEAST_KWH = 1.0
"""Less carbon-free energy than this is none gained."""


def tradeoff(
    load: pl.DataFrame, step_h: float, resources: Resources, market: Market, worths: Sequence[float]
) -> pl.DataFrame:
    """Table `cfe_tradeoff`, for the last whole year of every site; the cheapest dispatch first.

    Args:
        load: `time, site, load_kw` of sites with a supply.
        step_h: length of a step.
        resources: what the sites have.
        market: what they buy and sell at, with what is known of the grid's carbon.
        worths: USD for a kWh of score.
    """
    rows = [row for system in _last_years(load, step_h, resources, market) for row in _curve(system, worths)]
    return pl.DataFrame(rows, schema=tables.table("cfe_tradeoff").schema(), orient="row")


def _last_years(load: pl.DataFrame, step_h: float, resources: Resources, market: Market) -> Iterator[System]:
    """The system of the longest year of every site, the last of several."""
    last: dict[str, System] = {}
    for system in systems(load, step_h, resources, replace(market, cfe_fraction=None)):
        if system.site not in last or system.steps >= last[system.site].steps - round(24 / step_h):
            last[system.site] = system
    yield from last.values()


def _curve(system: System, worths: Sequence[float]) -> list[dict[str, Any]]:
    most = DispatchModel(replace(system, cfe_fraction=0.0)).highest_score()
    model = DispatchModel(replace(system, cfe_usd_per_kwh=0.0))
    found = [model.solve(), *(model.resolve(cfe_usd_per_kwh=worth) for worth in sorted(worths) if worth > 0)]
    base_usd, base_score = _cost(found[0]), carbon_free_fraction(system, found[0].flows)
    return [_row(each, base_usd, base_score) | {"highest_fraction": most} for each in found]


def _cost(found: Solution) -> float:
    return sum(cost(found.system, found.flows).values())


def _row(found: Solution, base_usd: float, base_score: float) -> dict[str, Any]:
    system = found.system
    score = carbon_free_fraction(system, found.flows)
    gained = (score - base_score) * float(system.load_kw.sum()) * system.step_h
    return {
        "site": system.site,
        "year": int(system.time[0].astype("datetime64[Y]").astype(np.int64)) + 1970,
        "worth_usd_per_kwh": system.cfe_usd_per_kwh or 0.0,
        "cfe_fraction": score,
        "cost_usd": _cost(found),
        "added_usd_per_kwh": (_cost(found) - base_usd) / gained if gained > _LEAST_KWH else None,
        "emission_kg_co2e": emissions_kg(system, found.flows),
        "warm": found.warm,
    }
