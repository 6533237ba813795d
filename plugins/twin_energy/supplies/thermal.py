"""Plants that burn fuel: gas turbines, reciprocating engines, fuel cells, backup diesels.

Fuel of a running plant by its load is a line from point to point of `load x heat rate(load)`; the first line goes on
down to no load, where it leaves the fuel of running idle:

    fuel = idle fuel x share running + sum over segments of (incremental heat rate x output in the segment)

Heat rates are of the higher heating value.  Without points at part load the heat rate is the same at every load.
Available power is the rating less maintenance, one machine after another from a day of the year on, times one less the
share of forced outages; a turbine loses power with heat above 15 °C.

Defaults of efficiency, least load and operation and maintenance are those of NREL's REopt for the largest class that
it has (REopt.jl, data/chp/chp_defaults.json: combustion turbine 14-20 MW, engine 3-4.5 MW, fuel cell 1.4-9.3 MW;
generator: 32.2 %, $2.25 a gallon of 40.7 kWh).  The start of a gas turbine is $67/MW (2011) of Lew et al.,
NREL/TP-5500-55588 (2013), table 7.  Emission factors: 40 CFR 98, table C-1, CO2 alone.  Hours of a backup diesel
outside emergencies: 40 CFR 60.4211(f), 100 hours a calendar year; a permit may say less.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import (
    Carbon,
    Duration,
    Energy,
    FileRef,
    Fraction,
    MoneyPerEnergy,
    MoneyPerPower,
    MoneyPerPowerMonth,
    Params,
    PartyRef,
    Power,
    Ratio,
    RefusedError,
)
from twin_energy.supplies.places import ENGINE, Line, Place, SupplyParams, bill_of, gathered, places, unit_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.api import EnergyInputs

    Floats = NDArray[np.float64]

KWH_PER_MMBTU = 293.07107
GAS_CARBON = 53.06 / KWH_PER_MMBTU
DIESEL_CARBON = 73.96 / KWH_PER_MMBTU
DIESEL_USD_PER_KWH = 2.25 / 40.7
ISO_C = 15.0
DAY_H = 24.0


class PartLoad(Params):
    """Heat rate at a share of the rating."""

    load: Fraction
    heat_rate: Ratio


class Thermal(SupplyParams):
    """Parameters of every plant that burns fuel.

    Attributes:
        capacity: rating of all machines.
        machines: how many equal machines share it.
        heat_rate: fuel over output at full load, as `9,500 Btu/kWh`.
        part_load: heat rate at part load, rising loads below 1.
        minimum: least output of a running machine over its rating.
        start_cost: cost of starting, by rating started.
        fuel: price of fuel in the first year, as `$4/MMBtu`; it rises by `growth`.
        fuel_file: CSV or parquet beside the topology file with `usd_per_kwh` of fuel, by `time` or a typical year, in
            place of `fuel`; it does not rise by `growth`.
        fuel_carbon: emission of fuel, as `53.06 kg/MMBtu`.
        om: operation and maintenance of a kWh.
        fixed: operation and maintenance of the rating.
        forced: share of time in forced outage, taken off the available power.
        maintenance: how long each machine is out every year.
        maintenance_from: day of the year on which the first machine goes out, as `10-01`; the others follow.
        derating: share of the rating lost per kelvin above 15 °C; needs weather.
        mtbf: mean running time between failures of a machine, for the resilience of the site.
        mttr: mean time to repair one.
        start_failure: probability that a machine does not start.
        fuel_store: fuel energy kept on site; without it fuel comes by pipe.
        payee: who is paid for fuel.
        maintainer: who is paid for operation and maintenance.
    """

    capacity: Power
    machines: Annotated[int, Field(ge=1, le=10_000)] = 1
    heat_rate: Ratio
    part_load: tuple[PartLoad, ...] = ()
    minimum: Fraction = 0.0
    start_cost: MoneyPerPower = 0.0
    fuel: MoneyPerEnergy | None = None
    fuel_file: FileRef = ""
    fuel_carbon: Carbon = GAS_CARBON
    om: MoneyPerEnergy = 0.0
    fixed: MoneyPerPowerMonth = 0.0
    forced: Fraction = 0.0
    maintenance: Duration = 0.0
    maintenance_from: Annotated[str, Field(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")] = "10-01"
    derating: Fraction = 0.0
    mtbf: Duration | None = None
    mttr: Duration | None = None
    start_failure: Fraction = 0.0
    fuel_store: Energy | None = None
    maintainer: PartyRef = "vendor"

    @model_validator(mode="after")
    def _can_be_run(self) -> Self:
        if (self.fuel is None) == (not self.fuel_file):
            raise ValueError("give the price of fuel as 'fuel' or as 'fuel_file'")
        if self.heat_rate < 1:
            raise ValueError(f"a heat rate of {self.heat_rate:g} kWh/kWh is more energy out than in")
        loads = [point.load for point in self.part_load]
        if loads != sorted(set(loads)) or any(not 0 < load < 1 for load in loads):
            raise ValueError("the loads of 'part_load' must rise and lie between 0 and 100 %")
        idle, slopes = fuel_curve(self)
        if idle < -1e-9:  # noqa: PLR2004 - a rounding
            raise ValueError("the heat rate rises with load, as of no machine; check 'part_load' and 'heat_rate'")
        heat = [slope for _, slope in slopes]
        if any(later < earlier - 1e-9 for earlier, later in pairwise(heat)):
            shown = ", ".join(f"{slope:.3g}" for slope in heat)
            raise ValueError(f"one more kWh takes less fuel at high load than at low load ({shown}); check 'part_load'")
        if self.maintenance * self.machines > 365 * DAY_H:
            raise ValueError("maintenance of all machines takes more than a year")
        return self


class GasTurbine(Thermal):
    """Parameters of `gas-turbine`; see `Thermal`."""

    heat_rate: Ratio = 1 / 0.3155
    minimum: Fraction = 0.5
    start_cost: MoneyPerPower = 0.067
    om: MoneyPerEnergy = 0.0095


class Engine(Thermal):
    """Parameters of `reciprocating-engine`; see `Thermal`."""

    heat_rate: Ratio = 1 / 0.4054
    minimum: Fraction = 0.25
    om: MoneyPerEnergy = 0.0135


class FuelCell(Thermal):
    """Parameters of `fuel-cell`; see `Thermal`."""

    heat_rate: Ratio = 1 / 0.413
    minimum: Fraction = 0.3
    om: MoneyPerEnergy = 0.04


class Diesel(Thermal):
    """Parameters of `backup-diesel`; see `Thermal`.

    Attributes:
        permit: running at the rating that is allowed in a calendar year outside emergencies.
    """

    heat_rate: Ratio = 1 / 0.322
    fuel: MoneyPerEnergy | None = DIESEL_USD_PER_KWH
    fuel_carbon: Carbon = DIESEL_CARBON
    permit: Duration = 100.0

    @model_validator(mode="before")
    @classmethod
    def _file_in_place_of_price(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("fuel_file") and "fuel" not in given:
            return {**given, "fuel": None}
        return given


def fuel_curve(terms: Thermal) -> tuple[float, tuple[tuple[float, float], ...]]:
    """Fuel of running idle over the rating, and (share reached, incremental heat rate) by segment."""
    points = [(point.load, point.load * point.heat_rate) for point in terms.part_load] + [(1.0, terms.heat_rate)]
    if len(points) == 1:
        return 0.0, ((1.0, terms.heat_rate),)
    slopes = tuple(
        (load, (fuel - fuel_before) / (load - load_before))
        for (load_before, fuel_before), (load, fuel) in pairwise(points)
    )
    load, fuel = points[0]
    return fuel - slopes[0][1] * load, slopes


def fuel_kw(terms: Thermal, power_kw: Floats, online: Floats) -> Floats:
    """Fuel by step of an output and the share of the machines that run."""
    idle, segments = fuel_curve(terms)
    fuel = idle * terms.capacity * online
    below = 0.0
    for reach, heat in segments:
        width = (reach - below) * terms.capacity * online
        fuel = fuel + heat * np.clip(power_kw - below * terms.capacity * online, 0.0, width)
        below = reach
    return fuel


def fuel_price(place: Place) -> Floats:
    """Price of fuel by step.

    Raises:
        RefusedError: the file lacks an hour, or a price is negative.
    """
    terms = place.terms
    if not terms.fuel_file:
        grown: Floats = terms.fuel * place.growth
        return grown
    price = place.series(terms.fuel_file, "usd_per_kwh")
    if (price < 0).any():
        when = place.time[int(np.argmax(price < 0))]
        raise RefusedError(
            ENGINE, f"the price of fuel in '{terms.fuel_file}' is negative at {when}", "give it from 0 up"
        )
    return price


def available_kw(place: Place) -> Floats:
    """Power by step after outages, heat and the days before start and after end."""
    terms = place.terms
    share = place.alive * (1.0 - terms.forced) * (1.0 - maintained(place) / terms.machines)
    if terms.derating:
        heat = place.weather("dry_bulb_c")["dry_bulb_c"] - ISO_C
        share = share * np.clip(1.0 - terms.derating * np.maximum(heat, 0.0), 0.0, 1.0)
    power: Floats = share * terms.capacity
    return power


def maintained(place: Place) -> Floats:
    """Machines in maintenance, by step: one after another from a day of the year on."""
    terms = place.terms
    month, day = (int(part) for part in terms.maintenance_from.split("-"))
    first = (np.datetime64(f"2001-{month:02d}-01") - np.datetime64("2001-01-01")).astype(int) + day - 1
    after = (place.hour_of_year - first * DAY_H) % (365 * DAY_H)
    out: Floats = (after < terms.maintenance * terms.machines).astype(np.float64)
    return out


def resources(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """A plant at each place: its curve, what is available, what fuel costs."""
    rows, hours, segments = [], [], []
    for place in places(inputs):
        terms = place.terms
        idle, slopes = fuel_curve(terms)
        rows.append(
            unit_row(
                place,
                "generator",
                terms.capacity,
                minimum_fraction=terms.minimum,
                online_fuel_kw=idle * terms.capacity,
                start_usd=terms.start_cost * terms.capacity,
                machines=terms.machines,
                fuel_kwh_per_kwh=terms.heat_rate,
                fuel_kg_co2e_per_kwh=terms.fuel_carbon,
                limit_kwh_per_year=terms.permit * terms.capacity if isinstance(terms, Diesel) else None,
                fuel_store_kwh=terms.fuel_store,
                mtbf_h=terms.mtbf,
                mttr_h=terms.mttr,
                start_failure_fraction=terms.start_failure,
            )
        )
        price = fuel_price(place)
        om = terms.om * place.growth
        hours.append(place.hours(available_kw=available_kw(place), usd_per_kwh=om, fuel_usd_per_kwh=price))
        named = {"site": place.site, "entry": place.entry, "unit": place.entry}
        segments += [named | {"to_fraction": reach, "fuel_kwh_per_kwh": heat} for reach, heat in slopes]
    made = gathered(rows, hours)
    return made | {"resource_segments": pl.DataFrame(segments)} if segments else made


def run(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Fuel, starts, operation and maintenance."""
    return bill_of(inputs, _lines)


def _lines(place: Place) -> list[Line]:
    terms = place.terms
    done = place.given()
    power, ones = done["power_kw"].to_numpy(), np.ones(place.steps)
    online = done["online_fraction"].fill_null(1.0).to_numpy() if "online_fraction" in done.columns else ones
    fuel = fuel_kw(terms, power, online) * place.step_h
    kwh = power * place.step_h
    started = starts(place, online) * terms.capacity
    share = place.by_month(place.alive) / place.by_month(ones)
    grown = place.by_month(place.growth) / place.by_month(ones)
    kw, hand = terms.capacity * share, terms.maintainer
    return [
        Line(
            "fuel", "fuel, higher heating value", "kWh", place.by_month(fuel), place.by_month(fuel * fuel_price(place))
        ),
        Line(
            "start",
            "starts, by rating",
            "kW",
            place.by_month(started),
            terms.start_cost * place.by_month(started),
            payee=hand,
        ),
        Line(
            "variable_om",
            "operation and maintenance",
            "kWh",
            place.by_month(kwh),
            terms.om * place.by_month(kwh * place.growth),
            payee=hand,
        ),
        Line("fixed_om", "operation and maintenance", "kW", kw, terms.fixed * kw * grown, payee=hand),
    ]


def starts(place: Place, online: Floats) -> Floats:
    """Share of the machines that start, by step; dispatch knows nothing of what ran before a calendar year."""
    rise = np.maximum(np.diff(online, prepend=online[:1]), 0.0)
    year = place.time.dt.year().to_numpy()
    rise[1:][year[1:] != year[:-1]] = 0.0
    return rise
