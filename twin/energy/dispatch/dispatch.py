"""Dispatch of all sites that have a supply: one program a site and calendar year."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from twin.energy.dispatch.commitment import whole_machines
from twin.energy.dispatch.flows import carbon_free_fraction, cost
from twin.energy.dispatch.frames import Market, Resources, systems, years
from twin.energy.dispatch.results import site_rows, unit_rows
from twin.energy.dispatch.rules import StorageRule, by_rule
from twin.energy.dispatch.solver import DispatchModel, Solution
from twin.energy.dispatch.system import ENGINE, at
from twin.errors import RefusedError
from twin.progress import counted

if TYPE_CHECKING:
    from twin.energy.dispatch.flows import Flows
    from twin.energy.dispatch.system import System

Method = Literal["optimum", "price", "peak"]
Commitment = Literal["relaxed", "whole"]


@dataclass(frozen=True, slots=True)
class Dispatched:
    """What `dispatch` found.

    Attributes:
        units: `time, month, site, entry, unit, power_kw, charge_kw, curtailed_kw, state_kwh, online_fraction`.
        sites: `time, month, site, load_kw, import_kw, export_kw, unserved_kw, marginal_usd_per_kwh`; the marginal
            price is that of the relaxed optimum, whatever the method.
        summary: one row a site and year: `site, year, method, cost_usd, optimum_usd, gap_fraction, cfe_fraction,
            unserved_kwh, both_ways_steps, part_online_steps, end_less_start_kwh`; `optimum_usd` is the relaxed
            optimum, a lower bound.
    """

    units: pl.DataFrame
    sites: pl.DataFrame
    summary: pl.DataFrame


def dispatch(
    load: pl.DataFrame,
    step_h: float,
    resources: Resources,
    market: Market,
    *,
    method: Method = "optimum",
    commitment: Commitment = "relaxed",
) -> Dispatched:
    """Dispatch every site that has a resource; the others import their load and are not in the result.

    Each calendar year is optimised on its own, with perfect foresight; a store that is not cyclic begins a year with
    what the year before left.  A year is solved from the optimum of the last one of the site with as many steps: leap
    years from leap years, and a year that is the same in every figure takes no iteration at all.

    Args:
        load: `time, site, load_kw`; see `systems`.
        step_h: length of a step.
        resources: what the sites have.
        market: what they buy and sell at.
        method: the optimum, or a rule for stores, `price` or `peak`.
        commitment: `relaxed` lets any share of a plant's machines run, `whole` rounds to whole machines.

    Raises:
        RefusedError: load cannot be served and unserved energy has no price, naming the steps; anything that
            `twin.energy.dispatch.held.hold` refuses.
    """
    units, sites, rows = [], [], []
    models: dict[int, DispatchModel] = {}
    left: dict[tuple[str, str], float] = {}
    last = ""
    for given in counted(systems(load, step_h, resources, market), years(load, resources), "years of sites"):
        fresh = given.site != last
        system = given if fresh else _carried(given, left)
        last = system.site
        if fresh:
            models.clear()
        model, optimum = _optimum(models, system)
        flows = _chosen(model, optimum, method, commitment)
        left = _left(system, flows)
        units.append(unit_rows(system, flows))
        sites.append(site_rows(system, flows, optimum.marginal_usd_per_kwh))
        rows.append(_summary(optimum, flows, method))
    if not rows:
        raise RefusedError(ENGINE, "no site has a resource", "call it for sites with a supply only")
    return Dispatched(pl.concat(units), pl.concat(sites), pl.DataFrame(rows))


def _optimum(models: dict[int, DispatchModel], system: System) -> tuple[DispatchModel, Solution]:
    """Solve a year; `models` holds the site's programs by how many steps they have."""
    model = models.get(system.steps)
    if model is not None:
        return model, model.resolve_to(system)
    models[system.steps] = model = DispatchModel(system)
    return model, model.solve()


def _chosen(model: DispatchModel, optimum: Solution, method: Method, commitment: Commitment) -> Flows:
    if method == "optimum":
        return (whole_machines(model, optimum) if commitment == "whole" else optimum).flows
    rule: StorageRule = method
    flows = by_rule(optimum.system, rule)
    short = flows.unserved_kw > 1e-3  # noqa: PLR2004 - a watt
    if optimum.system.unserved_usd_per_kwh is None and short.any():
        step = int(np.argmax(short))
        raise RefusedError(
            ENGINE,
            f"the rule '{method}' leaves load unserved in {int(short.sum())} steps, first {at(optimum.system, step)} "
            f"({flows.unserved_kw[step]:,.0f} kW), which the optimum serves",
            "use the optimum, the other rule, or give unserved energy a price",
        )
    return flows


def _carried(system: System, left: dict[tuple[str, str], float]) -> System:
    """The system with its stores as the year before left them."""
    stores = tuple(
        replace(storage, start_fraction=left.get((storage.entry, storage.unit), storage.start_fraction))
        for storage in system.storages
    )
    return replace(system, storages=stores)


def _left(system: System, flows: Flows) -> dict[tuple[str, str], float]:
    return {
        (storage.entry, storage.unit): float(state[-1]) / storage.energy_kwh if storage.energy_kwh else 0.0
        for storage, state in zip(system.storages, flows.state_kwh, strict=True)
    }


def _summary(optimum: Solution, flows: Flows, method: Method) -> dict[str, object]:
    system = optimum.system
    usd = sum(cost(system, flows).values())
    best = optimum.objective_usd
    start = sum(
        0.0 if storage.cyclic else float(state[-1]) - storage.start_fraction * storage.energy_kwh
        for storage, state in zip(system.storages, flows.state_kwh, strict=True)
    )
    return {
        "site": system.site,
        "year": int(system.time[0].astype("datetime64[Y]").astype(np.int64)) + 1970,
        "method": method,
        "cost_usd": usd,
        "optimum_usd": best,
        "gap_fraction": (usd - best) / abs(best) if best else 0.0,
        "cfe_fraction": carbon_free_fraction(system, flows),
        "unserved_kwh": float(flows.unserved_kw.sum()) * system.step_h,
        "both_ways_steps": flows.both_ways(),
        "part_online_steps": flows.part_online(system),
        "end_less_start_kwh": start,
    }
