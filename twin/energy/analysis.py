"""The analysis `energy`: what each site draws hour by hour, where that comes from, and what it costs.

    IT load      the schedule's, with the workloads' profiles          `twin.energy.load`
    overhead     cooling models; losses of the power chain             `twin.energy.overhead`
    supply       dispatch of what the site has beside the grid         `twin.energy.supply`
    bills        tariffs on what is imported, supplies on what they gave

Each model is called once, for all entries that use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import polars as pl
from pydantic import AfterValidator, model_validator

from twin import tables
from twin.api import Analysis, AnalysisInputs, Duration, Fraction, MoneyPerEnergy, MoneyPerMass, Params, hookimpl
from twin.energy import asked, outside
from twin.energy.carbon import analysis as carbon
from twin.energy.connection import analysis as connection
from twin.energy.hold import hold_bill, with_buyer
from twin.energy.load import ItLoad, it_load
from twin.energy.models import by_model
from twin.energy.overhead import Overhead
from twin.energy.resilience import analysis as resilience
from twin.energy.resilience import ridden
from twin.energy.steps import Steps
from twin.energy.supply import Site, dispatch, told

if TYPE_CHECKING:
    from typing import Self

    from twin.energy.steps import Floats

KEYS = ("month", "site")
STEPS_PER_HOUR = (1, 2, 4)


def _part_of_an_hour(value: float) -> float:
    if not any(abs(value * parts - 1.0) < 1e-9 for parts in STEPS_PER_HOUR):  # noqa: PLR2004 - a rounding
        raise ValueError("not a step that an hour is made of; 1 h, 30 min or 15 min")
    return value


class EnergyParams(Params):
    """Parameters of the analysis `energy`.

    Attributes:
        step: length of a step: an hour, 30 or 15 minutes.
        dispatch: the optimum, or a rule for storage: `price` charges when energy is cheap, `peak` shaves peaks.
        commitment: `relaxed` lets any share of a plant's machines run, `whole` rounds to whole machines.
        unserved: price of load that is not served; all must be where not given.
        cfe: hourly carbon-free score that every site must reach in every year; needs an entry of `carbon:`.
        carbon_price: price on emissions inside the dispatch; needs an entry of `carbon:` and a supply.
    """

    step: Annotated[Duration, AfterValidator(_part_of_an_hour)] = 1.0
    dispatch: Literal["optimum", "price", "peak"] = "optimum"
    commitment: Literal["relaxed", "whole"] = "relaxed"
    unserved: MoneyPerEnergy | None = None
    cfe: Fraction | None = None
    carbon_price: MoneyPerMass = 0.0

    @model_validator(mode="after")
    def _aimed(self) -> Self:
        if self.cfe is not None and self.dispatch != "optimum":
            raise ValueError(
                f"a carbon-free score with the rule '{self.dispatch}', which aims at none; use the optimum"
            )
        return self


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Tables `energy`, `energy_cost`, `site_hours`, `dispatch`, `dispatch_summary`, `supply_units` and `checks`.

    Raises:
        InputError: two entries of `cooling:`, `weather:` or tariffs of `energy:` serve the same site.
        RefusedError: load beyond what the connection and the supplies give; the site and the hour are named.
        PluginError: a model returned something other than its table.
    """
    twin, params = inputs.twin, inputs.params
    steps = Steps(twin.calendar, params.step)
    shapes = inputs.tables.get("load_shape")
    load = it_load(steps, inputs.tables["schedule"], tables.table("load_shape").empty() if shapes is None else shapes)
    weather = outside.years(twin, load.sites, "weather")
    over = Overhead(twin, load, weather).run()
    energy = _energy(load, over)
    site = _site(twin, load, over, energy)
    how = ways(site, params)
    dispatch(site, told(site), **how)
    asked.hold_undispatched(site, how["grid"], params.cfe, params.carbon_price)
    site.checks += _untariffed(site)
    checks = [tables.table("checks").empty(), *over.checks, *site.checks]
    return {
        "energy": energy,
        "energy_cost": _bills(site),
        "site_hours": _hours(load, over, site),
        "dispatch": site.units.rename({"entry": "supply"}).select(tables.table("dispatch").names),
        "dispatch_summary": site.summary,
        "supply_units": site.known,
        "checks": pl.concat(checks),
    }


def ways(site: Site, params: EnergyParams) -> dict[str, Any]:
    """How to dispatch, as `twin.energy.supply.dispatch` takes it.

    Raises:
        RefusedError: a score or a price of carbon is asked for and the emission of a site's grid is not known.
    """
    grid = outside.grid(site.twin, site.steps, site.sites)
    asked.hold_known(site, grid, params.cfe, params.carbon_price)
    return {
        "method": params.dispatch,
        "commitment": params.commitment,
        "unserved_usd_per_kwh": params.unserved,
        "cfe_fraction": params.cfe,
        "carbon_usd_per_kg": params.carbon_price,
        "grid": grid,
    }


def _energy(load: ItLoad, over: Overhead) -> pl.DataFrame:
    """Table `energy`: months in order, sites in file order, IT first."""
    it = load.steps.months_frame(load.sites, {"energy_kwh": load.kwh, "peak_kw": load.peak_kw})
    it = it.select(*KEYS, pl.lit("it").alias("stage"), "energy_kwh", "peak_kw")
    order = pl.DataFrame({"site": load.sites}, schema={"site": pl.String}).with_row_index("place")
    return (
        pl.concat([it, *over.energy])
        .join(order, on="site", maintain_order="left")
        .sort("month", "place", pl.col("stage") != "it", maintain_order=True)
        .drop("place")
    )


def _site(twin: Any, load: ItLoad, over: Overhead, energy: pl.DataFrame) -> Site:
    steps = load.steps
    drawn = load.kw + over.chain_kw + over.other_kw
    meter = energy.group_by(*KEYS, maintain_order=True).agg(pl.col("energy_kwh").sum(), pl.col("peak_kw").sum())
    kwh, peak = (steps.pivot(meter, load.sites, name) for name in ("energy_kwh", "peak_kw"))
    if over.hourly:
        # peaks of stages need not fall into the same hour: what counts is the peak of their sum, all in service
        down = load.kw * (1 / np.maximum(load.served, 1e-9) - 1)[:, steps.month]
        peak[over.hourly] = steps.peaks((drawn + down)[over.hourly])
    return Site(twin, steps, load.sites, over.weather, drawn, kwh, peak)


def _bills(site: Site) -> pl.DataFrame:
    """Table `energy_cost`: every energy model once; tariffs over what is imported, supplies over what they gave."""
    frames = [tables.table("energy_cost").empty()]
    known = site.twin.registry.models("energy")
    for entries, served in ((site.tariffs, site.served()), (site.supplies, site.supplied())):
        for provided, used in by_model(entries, known):
            inputs = site.inputs(used, served, dispatched=True)
            returned = provided.call(inputs, required=("energy_cost",))["energy_cost"]
            frames.append(hold_bill(returned, inputs.load, site.twin.topology.known_parties, provided.who))
    payers = {entry.name: getattr(entry.params, "payer", None) for entry in site.entries}
    named = {name: payer for name, payer in payers.items() if isinstance(payer, str) and payer}
    return with_buyer(pl.concat(frames), named, site.twin.topology.parties)


def _hours(load: ItLoad, over: Overhead, site: Site) -> pl.DataFrame:
    """Table `site_hours`."""
    steps, sites, it = load.steps, load.sites, load.kw
    drawn = site.load_kw
    pue: Floats = np.divide(drawn, it, out=np.full_like(it, np.nan), where=it > 0)
    frame = steps.frame(
        sites,
        {
            "it_kw": it,
            "power_chain_kw": over.chain_kw,
            "overhead_kw": over.other_kw,
            "load_kw": drawn,
            "import_kw": site.import_kw,
            "export_kw": site.export_kw,
            "unserved_kw": site.unserved_kw,
            "marginal_usd_per_kwh": site.marginal_usd_per_kwh,
            "pue_ratio": pue,
            "water_l": over.water_l,
            "dry_bulb_c": outside.spread(steps, sites, over.weather, "dry_bulb_c"),
            "wet_bulb_c": outside.spread(steps, sites, over.weather, "wet_bulb_c"),
        },
    )
    return frame.select(tables.table("site_hours").names)


def _untariffed(site: Site) -> list[pl.DataFrame]:
    """A row of `checks` for each site with units to dispatch that no tariff serves."""
    blind = set(site.known["site"]) - set(site.served()["site"])
    return [
        pl.DataFrame(
            {
                "check": ["dispatch_prices"],
                "scope": [site.sites[number]],
                "ok": [not site.import_kw[number].any()],
                "got": [f"no tariff, and {site.steps.step_h * site.import_kw[number].sum():,.0f} kWh from the grid"],
                "wanted": ["an entry of energy: that bills what the site imports"],
                "message": ["dispatch takes energy from the grid as free, and nobody bills it"],
            }
        )
        for number in site.dispatched_sites
        if site.sites[number] in blind
    ]


def grid_survival(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Table `grid_survival`, dispatched as the parameters of the analysis `energy` say; see `ridden.run`."""
    entries = inputs.twin.topology.section("analyses")
    params: EnergyParams = next((entry.params for entry in entries if entry.name == "energy"), EnergyParams())
    return ridden.run(inputs, lambda site: ways(site, params), params.step)


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The engines, registered as anybody's analysis is."""
    return [
        Analysis(
            name="energy",
            doc="What the sites draw by hour and stage, where it comes from, and what that costs.",
            params=EnergyParams,
            run=run,
            requires=("schedule", "load_shape"),
            produces=("energy", "energy_cost", "site_hours", "dispatch", "dispatch_summary", "supply_units", "checks"),
        ),
        carbon.ANALYSIS,
        connection.ANALYSIS,
        resilience.ANALYSIS,
        ridden.analysis(grid_survival),
    ]
