"""`storage`: a battery or another store at the site.

    held(t) = held(t-1) + charge efficiency x taken - given / discharge efficiency

Round-trip efficiency 85 % is that of utility-scale batteries in NREL's Annual Technology Baseline of 2023, recalled,
not read; it is dealt evenly to both ways where they are not given. Self-discharge and ageing are not modelled; what
a cycle wears off can be said as `wear`, a cost of each kWh given, which keeps the optimum from cycles that earn
less.
"""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import model_validator

from twin.api import Energy, EnergyPrice, Fraction, MoneyPerPowerMonth, PartyRef, Power
from twin_energy.supplies.places import Line, Place, SupplyParams, bill_of, gathered, places, unit_row

if TYPE_CHECKING:
    import polars as pl

    from twin.api import EnergyInputs


class Storage(SupplyParams):
    """Parameters of `storage`.

    Attributes:
        power: the most it gives, at the site's bus.
        charge_power: the most it takes; the same where not given.
        energy: what it holds.
        usable: share of that which may be used.
        round_trip: energy given over energy taken; 85 % of NREL's Annual Technology Baseline 2023 (recalled).
        charge_efficiency: energy held over energy taken; with the next, in place of `round_trip`.
        discharge_efficiency: energy given over energy let go.
        wear: what a kWh given costs.
        fixed: operation and maintenance of the power.
        cyclic: whether a calendar year ends with what it began with.
        start_state: share held at first, where it is not cyclic; half is assumed.
        on_outage: whether it carries the site while the grid is out.
        payee: who is paid for operation and maintenance, and wear.
    """

    power: Power
    charge_power: Power | None = None
    energy: Energy
    usable: Fraction = 1.0
    round_trip: Fraction = 0.85
    charge_efficiency: Fraction | None = None
    discharge_efficiency: Fraction | None = None
    wear: EnergyPrice = 0.0
    fixed: MoneyPerPowerMonth = 0.0
    cyclic: bool = True
    start_state: Fraction = 0.5
    on_outage: bool = True
    payee: PartyRef = "vendor"

    @model_validator(mode="after")
    def _has_efficiency(self) -> Self:
        both = (self.charge_efficiency, self.discharge_efficiency)
        if (both[0] is None) != (both[1] is None):
            raise ValueError("give both charge_efficiency and discharge_efficiency, or round_trip")
        if both[0] is not None and "round_trip" in self.model_fields_set:
            raise ValueError("give round_trip or the efficiencies of both ways, not all three")
        if not all(efficiency > 0 for efficiency in efficiencies(self)):
            raise ValueError("an efficiency must be above 0")
        return self


def efficiencies(terms: Storage) -> tuple[float, float]:
    """Of charging and of discharging."""
    if terms.charge_efficiency is None or terms.discharge_efficiency is None:
        return sqrt(terms.round_trip), sqrt(terms.round_trip)
    return terms.charge_efficiency, terms.discharge_efficiency


def resources(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """A store at each place."""
    rows, hours = [], []
    for place in places(inputs):
        terms = place.terms
        inward, outward = efficiencies(terms)
        most_in = terms.power if terms.charge_power is None else terms.charge_power
        rows.append(
            unit_row(
                place,
                "storage",
                terms.power,
                charge_kw=most_in,
                energy_kwh=terms.energy * terms.usable,
                charge_efficiency=inward,
                discharge_efficiency=outward,
                start_fraction=terms.start_state,
                cyclic=terms.cyclic,
                on_outage=terms.on_outage,
            )
        )
        alive = place.alive
        hours.append(
            place.hours(
                available_kw=terms.power * alive, charge_kw=most_in * alive, usd_per_kwh=terms.wear * place.growth
            )
        )
    return gathered(rows, hours)


def run(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Operation and maintenance, and wear."""
    return bill_of(inputs, _lines)


def _lines(place: Place) -> list[Line]:
    terms = place.terms
    kwh = place.given()["power_kw"].to_numpy() * place.step_h
    share = place.by_month(place.alive) / place.by_month(np.ones(place.steps))
    grown = place.by_month(place.growth) / place.by_month(np.ones(place.steps))
    kw = terms.power * share
    worn = terms.wear * place.by_month(kwh * place.growth)
    return [
        Line("fixed_om", "operation and maintenance", "kW", kw, terms.fixed * kw * grown),
        Line("variable_om", "wear of storage", "kWh", place.by_month(kwh), worn),
    ]
