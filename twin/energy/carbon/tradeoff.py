"""What a better carbon-free score costs: the dispatch of one year, solved again for one score after the other.

The linear program of the year is written once; for each score only the bound of its row changes, so that HiGHS goes
on from the last optimum.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.energy.dispatch import DispatchModel
from twin.energy.dispatch.flows import carbon_free_fraction, emissions_kg
from twin.energy.dispatch.frames import systems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.energy.dispatch import Market, Resources, Solution, System

_GAIN = 1e-6
"""Scores nearer than this are the same."""


def tradeoff(load: pl.DataFrame, step_h: float, resources: Resources, market: Market, points: int) -> pl.DataFrame:
    """Table `cfe_tradeoff`: from the cheapest dispatch of the last whole year to the highest score there is.

    Args:
        load: `time, site, load_kw` of sites with a supply.
        step_h: length of a step.
        resources: what the sites have.
        market: what they buy and sell at, with what is known of the grid's carbon.
        points: how many scores above the cheapest.
    """
    rows = [row for system in _last_years(load, step_h, resources, market) for row in _curve(system, points)]
    return pl.DataFrame(rows, schema=tables.table("cfe_tradeoff").schema(), orient="row")


def _last_years(load: pl.DataFrame, step_h: float, resources: Resources, market: Market) -> Iterator[System]:
    """The system of the longest year of every site, the last of several."""
    last: dict[str, System] = {}
    for system in systems(load, step_h, resources, replace(market, cfe_fraction=None)):
        if system.site not in last or system.steps >= last[system.site].steps - round(24 / step_h):
            last[system.site] = system
    yield from last.values()


def _curve(system: System, points: int) -> list[dict[str, Any]]:
    model = DispatchModel(replace(system, cfe_fraction=0.0))
    base = model.solve()
    from_score = carbon_free_fraction(system, base.flows)
    most = DispatchModel(replace(system, cfe_fraction=0.0)).highest_score()
    rows = [_row(base, None, base, from_score)]
    if most - from_score < _GAIN:
        return rows
    for asked in np.linspace(from_score, most, points + 1)[1:]:
        # the last point is the edge of what is possible: a hair inside it
        found = model.resolve(cfe_fraction=float(min(asked, most - _GAIN)))
        rows.append(_row(found, float(asked), base, from_score))
    return rows


def _row(found: Solution, asked: float | None, base: Solution, from_score: float) -> dict[str, Any]:
    system = found.system
    score = carbon_free_fraction(system, found.flows)
    gained = (score - from_score) * float(system.load_kw.sum()) * system.step_h
    more = found.objective_usd - base.objective_usd
    return {
        "site": system.site,
        "year": int(system.time[0].astype("datetime64[Y]").astype(np.int64)) + 1970,
        "asked_fraction": asked,
        "cfe_fraction": score,
        "cost_usd": found.objective_usd,
        "added_usd_per_kwh": more / gained if asked is not None and gained > 0 else None,
        "marginal_usd_per_kwh": found.cfe_usd_per_kwh if asked is not None else 0.0,
        "emission_kg_co2e": emissions_kg(system, found.flows),
        "warm": found.warm,
    }
