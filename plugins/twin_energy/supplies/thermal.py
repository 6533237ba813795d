"""Plants that burn fuel: gas turbines, reciprocating engines, fuel cells, backup diesels.

Fuel of a running plant by its load is a line from point to point of `load x heat rate(load)`; the first line goes on
down to no load, where it leaves the fuel of running idle:

    fuel = idle fuel x share running + sum over segments of (incremental heat rate x output in the segment)

Heat rates are of the higher heating value.  Without points at part load the heat rate is the same at every load.
Available power is the rating less maintenance, one machine after another from a day of the year on, times one less the
share of forced outages; a turbine loses power with heat above 15 °C.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.api import RefusedError
from twin_energy.supplies.places import ENGINE, Line, Place, bill_of, gathered, places, unit_row
from twin_energy.supplies.plants import DAY_H, Diesel, Thermal, fuel_curve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.api import EnergyInputs

    Floats = NDArray[np.float64]

ISO_C = 15.0


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
