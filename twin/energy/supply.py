"""Where the energy of each site comes from: what dispatch is told, and what it finds.

A site with a supply is dispatched; any other site imports what it draws.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.api import EnergyInputs
from twin.energy.connection.limits import stepped
from twin.energy.hold import hold_entries, place
from twin.energy.models import by_model, files, served_by
from twin.energy.service import serve, supplied
from twin.errors import RefusedError
from twin.tables import energy as exchanged

if TYPE_CHECKING:
    from collections.abc import Collection

    from twin.api import Entry
    from twin.energy.dispatch import Dispatched
    from twin.energy.steps import Floats, Ints, Steps
    from twin.registry import Provided
    from twin.topology.model import ModelEntry

KEYS = ("month", "site")
_ROUNDING = 1e-9


@dataclass
class Site:
    """What all calls of energy models share.

    Attributes:
        twin: the loaded topology.
        steps: of the calendar.
        sites: ids.
        weather: typical years by site.
        load_kw: (sites, steps), what each site draws.
        load_kwh, peak_kw: (sites, months).
        import_kw, export_kw, unserved_kw: (sites, steps), once dispatched.
        marginal_usd_per_kwh: (sites, steps), what one more kWh of load costs; NaN where nothing is dispatched.
        known: table `supply_units`.
        units: what units did, as `twin.energy.dispatch` gives it.
        summary: table `dispatch_summary`.
        checks: rows of table `checks`.
    """

    twin: Any
    steps: Steps
    sites: tuple[str, ...]
    weather: pl.DataFrame
    load_kw: Floats
    load_kwh: Floats
    peak_kw: Floats
    import_kw: Floats = field(init=False)
    export_kw: Floats = field(init=False)
    unserved_kw: Floats = field(init=False)
    marginal_usd_per_kwh: Floats = field(init=False)
    known: pl.DataFrame = field(init=False)
    units: pl.DataFrame = field(init=False)
    summary: pl.DataFrame = field(init=False)
    checks: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Until dispatch says otherwise the grid gives all."""
        self.import_kw = self.load_kw
        self.export_kw, self.unserved_kw = np.zeros_like(self.load_kw), np.zeros_like(self.load_kw)
        self.marginal_usd_per_kwh = np.full_like(self.load_kw, np.nan)
        self.known = tables.table("supply_units").empty()
        self.units = tables.table("dispatch").empty().rename({"supply": "entry"})
        self.summary = tables.table("dispatch_summary").empty()

    # --- who serves whom

    @property
    def entries(self) -> tuple[ModelEntry, ...]:
        """The entries of `energy:`."""
        found: tuple[ModelEntry, ...] = self.twin.topology.section("energy")
        return found

    def _is_supply(self, entry: ModelEntry) -> bool:
        return self.twin.registry.models("energy")[entry.model].model.resources is not None

    @property
    def tariffs(self) -> tuple[ModelEntry, ...]:
        """The entries that bill what is imported."""
        return tuple(entry for entry in self.entries if not self._is_supply(entry))

    @property
    def supplies(self) -> tuple[ModelEntry, ...]:
        """The entries that have units."""
        return tuple(entry for entry in self.entries if self._is_supply(entry))

    def served(self) -> pl.DataFrame:
        """`site, entry` of tariffs: at most one a site."""
        return serve(self.tariffs, pl.DataFrame({"site": self.sites}, schema={"site": pl.String}))

    def supplied(self) -> pl.DataFrame:
        """`site, entry` of supplies: any number a site."""
        return supplied(self.supplies, self.sites)

    # --- calling models

    def inputs(self, used: tuple[Entry[Any], ...], served: pl.DataFrame, *, dispatched: bool) -> EnergyInputs:
        """What a model is given: before dispatch, or after it."""
        bought = self.import_kw if dispatched else self.load_kw
        sold = self.export_kw if dispatched else np.zeros_like(self.load_kw)
        hours = self.steps.frame(self.sites, {"import_kw": bought, "export_kw": sold, "load_kw": self.load_kw})
        hours = served_by(served, used, hours)
        kwh, peak = self.load_kwh, self.peak_kw
        if dispatched:
            own = self.dispatched_sites
            kwh, peak = kwh.copy(), peak.copy()
            kwh[own], peak[own] = self.steps.by_month(bought[own]), self.steps.peaks(bought[own])
        length = np.broadcast_to(self.steps.hours, kwh.shape)
        months = self.steps.months_frame(self.sites, {"hours_h": length, "energy_kwh": kwh, "peak_kw": peak})
        load = served_by(served, used, months).select(*KEYS, "entry", "hours_h", "energy_kwh", "peak_kw")
        names = [entry.name for entry in used]
        return EnergyInputs(
            entries=used,
            calendar=self.steps.calendar,
            load=load,
            hours=hours.select("time", *KEYS, "entry", "import_kw", "export_kw", "load_kw"),
            dispatch=self.units.filter(pl.col("entry").is_in(names)),
            weather=self._weather_of(load),
            files=files(self.twin, self.entries),
            step_h=self.steps.step_h,
        )

    def _weather_of(self, load: pl.DataFrame) -> pl.DataFrame:
        own = load["site"].unique().to_list()
        return self.weather.filter(pl.col("site").is_in(own))

    @property
    def dispatched_sites(self) -> list[int]:
        """Numbers of the sites that have a supply."""
        found: list[int] = self.at(self.supplied()["site"]).tolist()
        return found

    def at(self, names: pl.Series) -> Ints:
        """Numbers of the sites that are named, ascending."""
        return np.flatnonzero(pl.Series(self.sites, dtype=pl.String).is_in(names.implode()).to_numpy())

    def ask(
        self, provided: Provided, door: str, inputs: EnergyInputs, names: dict[str, bool]
    ) -> dict[str, pl.DataFrame]:
        """What `prices` or `resources` of a model gives, held against the sites and entries that it was given.

        Args:
            provided: the model.
            door: prices or resources.
            inputs: what it is given.
            names: tables -> whether it must return them.
        """
        required = [name for name, must in names.items() if must]
        optional = [name for name, must in names.items() if not must]
        made = provided.call(inputs, required=required, optional=optional, door=door)
        for name, frame in made.items():
            hold_entries(frame, inputs.load, f"{door} of {provided.who} returned '{name}'")
        return made


def told(site: Site) -> dict[str, pl.DataFrame]:
    """The frames of `prices` and `resources` of all models, by table; those that nobody gave are absent.

    Raises:
        RefusedError: a site has a supply, and nobody says what energy from its grid costs.
    """
    gathered: dict[str, list[pl.DataFrame]] = defaultdict(list)
    known = site.twin.registry.models("energy")
    served = site.served()
    own = [site.sites[number] for number in site.dispatched_sites]
    served = served.filter(pl.col("site").is_in(own))
    gathered |= {name: [frame] for name, frame in offered(site).items()}
    units = {where for frame in gathered["resources"] for where in frame["site"]}
    for provided, used in by_model(site.tariffs, known):
        inputs = site.inputs(used, served, dispatched=False)
        if not inputs.load.height:
            continue
        made = {}
        if provided.model.prices is not None:
            names = {table.name: table.name == "prices" for table in exchanged.OF_TARIFFS}
            made = site.ask(provided, "prices", inputs, names)
        _hold_priced(made.get("prices"), inputs, units, provided)
        if made:
            _hold_whole(made["prices"], site.steps, inputs, f"prices of {provided.who} returned 'prices'")
        for name, frame in made.items():
            gathered[name].append(frame)
    return {name: pl.concat(frames) for name, frames in gathered.items() if frames}


def offered(site: Site) -> dict[str, pl.DataFrame]:
    """The frames of `resources` of all supplies, by table; those that nobody gave are absent."""
    gathered: dict[str, list[pl.DataFrame]] = defaultdict(list)
    supplies = site.supplied()
    for provided, used in by_model(site.supplies, site.twin.registry.models("energy")):
        inputs = site.inputs(used, supplies, dispatched=False)
        if not inputs.load.height:
            continue
        names = {table.name: table.name == "resources" for table in exchanged.OF_SUPPLIES}
        for name, frame in site.ask(provided, "resources", inputs, names).items():
            gathered[name].append(frame)
    return {name: pl.concat(frames) for name, frames in gathered.items()}


def _hold_priced(prices: pl.DataFrame | None, inputs: EnergyInputs, units: Collection[str], provided: Provided) -> None:
    """Refuse a site with something to dispatch of which a tariff hands over no prices: its grid is not free."""
    keys = ["site", "entry"]
    asked = inputs.load.select(keys).unique(maintain_order=True).filter(pl.col("site").is_in(list(units)))
    bare = asked if prices is None else asked.join(prices.select(keys).unique(), on=keys, how="anti")
    if not bare.height:
        return
    where, entry = bare.row(0)
    what = "it has no `prices`" if prices is None else "its `prices` returned no rows for them"
    raise RefusedError(
        "energy",
        f"site '{where}' has a supply to dispatch, and its tariff '{entry}' does not say what energy from the grid "
        f"costs: {provided.who}: {what}",
        "let the model hand over the table 'prices' (see twin tables prices), or use another tariff",
    )


def _hold_whole(frame: pl.DataFrame, steps: Steps, inputs: EnergyInputs, what: str) -> None:
    for (entry,), part in frame.group_by("entry"):
        own = inputs.load.filter(pl.col("entry") == entry)["site"].unique(maintain_order=True).to_list()
        place(part, steps, own, f"{what} of '{entry}'")


def limits(site: Site) -> tuple[Floats, Floats]:
    """(sites, months): the most that each may import (inf without a limit) and export (0 without one).

    `limit` and `export_limit` of the tariff that serves the site; each holds from its date on, and before the first
    there is no connection.
    """
    calendar = site.steps.calendar
    bought = np.full((len(site.sites), calendar.months), np.inf)
    sold = np.zeros_like(bought)
    served = site.served()
    for entry in site.tariffs:
        where = site.at(served.filter(pl.col("entry") == entry.name)["site"])
        for target, name in ((bought, "limit"), (sold, "export_limit")):
            by_date = getattr(entry.params, name, None)
            if by_date:
                target[where] = stepped(by_date, calendar)
    return bought, sold


def dispatch(site: Site, given: dict[str, pl.DataFrame], **how: Any) -> Dispatched | None:
    """Dispatch the sites that have a supply, and hold the others against their connection.

    Args:
        site: the load; gets import, export, what the units did and checks.
        given: what `told` returned.
        how: fields of `Market`, `method` and `commitment`.

    Raises:
        RefusedError: load cannot be served; the site and the hour are named.
    """
    bought, sold = limits(site)
    own = site.dispatched_sites
    _refuse_over(site, bought, np.setdiff1d(np.arange(len(site.sites)), own))
    if not own or "resources" not in given or not given["resources"].height:
        return None
    from twin.energy.dispatch import Market, Resources  # noqa: PLC0415 - only sites with a supply need an optimiser
    from twin.energy.dispatch import dispatch as solve  # noqa: PLC0415 - as above

    site.known = described(given["resources"])
    names = [site.sites[number] for number in own]
    rules = {name: how.pop(name) for name in ("method", "commitment") if name in how}
    steps = site.steps
    months = steps.month
    limit = np.where(np.isfinite(bought), bought, np.nan)[own][:, months]
    market = Market(
        prices=given.get("prices"),
        demand_prices=given.get("demand_prices"),
        demand_hours=given.get("demand_hours"),
        limits=steps.frame(names, {"import_kw": limit, "export_kw": sold[own][:, months]}),
        **how,
    )
    resources = Resources(
        rows=given["resources"], hours=given.get("resource_hours"), segments=given.get("resource_segments")
    )
    load = steps.frame(names, {"load_kw": site.load_kw[own]}).select("time", "site", "load_kw")
    found = solve(load, steps.step_h, resources, market, **rules)
    _take(site, found)
    return found


def described(resources: pl.DataFrame) -> pl.DataFrame:
    """Table `supply_units` from the frames of `resources`; what is left out is what their declaration says."""
    contract = pl.col("kind") == "contract"
    return resources.rename({"entry": "supply"}).select(
        "site",
        "supply",
        "unit",
        "kind",
        "capacity_kw",
        "charge_kw",
        "energy_kwh",
        pl.col("charge_efficiency").fill_null(1.0).alias("charge_efficiency_fraction"),
        pl.col("discharge_efficiency").fill_null(1.0).alias("discharge_efficiency_fraction"),
        pl.col("machines").fill_null(1),
        pl.col("carbon_free").fill_null(value=False),
        pl.col("fuel_kwh_per_kwh").fill_null(0.0),
        pl.col("fuel_kg_co2e_per_kwh").fill_null(0.0),
        "fuel_store_kwh",
        "mtbf_h",
        "mttr_h",
        pl.col("start_failure_fraction").fill_null(0.0),
        pl.col("on_outage").fill_null(~contract),
        pl.col("embodied_kg_co2e_per_kwh").fill_null(0.0),
    )


def _take(site: Site, found: Dispatched) -> None:
    steps, rows = site.steps, site.sites
    part = found.sites
    at, step = place(part, steps, rows, "dispatch gave", whole=False)
    for name in ("import_kw", "export_kw", "unserved_kw", "marginal_usd_per_kwh"):
        values = getattr(site, name).copy()
        values[at, step] = part[name].to_numpy()
        setattr(site, name, values)
    site.units = found.units
    site.summary = tables.table("dispatch_summary").frame(found.summary.to_dict())


def _refuse_over(site: Site, bought: Floats, numbers: Ints) -> None:
    """Refuse a load beyond the connection where nothing else supplies it."""
    most = bought[numbers][:, site.steps.month]
    over = site.load_kw[numbers] - most > _ROUNDING * np.maximum(most, 1.0)
    if not over.any():
        return
    row = int(over.any(axis=1).argmax())
    first, number = int(over[row].argmax()), numbers[row]
    raise RefusedError(
        "energy",
        f"site '{site.sites[number]}' draws {site.load_kw[number, first]:,.0f} kW at {site.steps.when(first)} "
        f"and its connection carries {most[row, first]:,.0f} kW; {int(over[row].sum()):,} steps are over it",
        "raise 'limit' of its tariff, energise later, or give it a supply",
    )
