"""Load that gives way: interruptible agreements and load moved within its day.

`interruptible`: up to `power` of the load may be let off, in a calendar year at most as much energy as `hours` of it
at full power; the number of calls is not modelled.  What a kWh not served costs the site (`worth`) counts for the
dispatch and is no payment.  The utility pays `credit` for the power on offer and `energy_credit` for what is let off.

`flexible-load`: up to `down` may be taken away in a step if it is caught up on the same day, by at most `up` in a
step; `worth` is what moving a kWh costs the site, the utility pays `credit` for the power on offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.api import Duration, MoneyPerEnergy, MoneyPerPowerMonth, PartyRef, Power
from twin_energy.supplies.places import Line, Place, SupplyParams, bill_of, gathered, places, unit_row

if TYPE_CHECKING:
    import polars as pl

    from twin.api import EnergyInputs


class Interruptible(SupplyParams):
    """Parameters of `interruptible`.

    Attributes:
        power: load that may be let off.
        hours: how long at full power in a calendar year.
        worth: what a kWh that is not served costs the site.
        credit: what is paid for the power on offer.
        energy_credit: what is paid for a kWh let off.
        payer: who gets the credits.
        payee: who pays them.
    """

    power: Power
    hours: Duration
    worth: MoneyPerEnergy = 0.0
    credit: MoneyPerPowerMonth = 0.0
    energy_credit: MoneyPerEnergy = 0.0
    payee: PartyRef = "utility"


class FlexibleLoad(SupplyParams):
    """Parameters of `flexible-load`.

    Attributes:
        down: the most that is taken away in a step.
        up: the most that is caught up in a step; as much as `down` where not given.
        worth: what moving a kWh costs the site.
        credit: what is paid for the power on offer.
        payer: who gets the credit.
        payee: who pays it.
    """

    down: Power
    up: Power | None = None
    worth: MoneyPerEnergy = 0.0
    credit: MoneyPerPowerMonth = 0.0
    payee: PartyRef = "utility"


def interruptible(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Resources of `interruptible`; never more than the load of the step."""
    rows, hours = [], []
    for place in places(inputs):
        terms = place.terms
        rows.append(
            unit_row(place, "interruptible", terms.power, limit_kwh_per_year=terms.power * terms.hours, on_outage=True)
        )
        available = np.minimum(terms.power * place.alive, place.rows["load_kw"].to_numpy())
        price = (terms.worth - terms.energy_credit) * place.growth
        hours.append(place.hours(available_kw=available, usd_per_kwh=price))
    return gathered(rows, hours)


def flexible(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """Resources of `flexible-load`; never more than the load of the step is taken away."""
    rows, hours = [], []
    for place in places(inputs):
        terms = place.terms
        most_up = terms.down if terms.up is None else terms.up
        rows.append(unit_row(place, "shift", terms.down, charge_kw=most_up, on_outage=False))
        down = np.minimum(terms.down * place.alive, place.rows["load_kw"].to_numpy())
        worth = terms.worth * place.growth
        hours.append(place.hours(available_kw=down, charge_kw=most_up * place.alive, usd_per_kwh=worth))
    return gathered(rows, hours)


def run_interruptible(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The credits."""
    return bill_of(inputs, _interruptible_lines)


def run_flexible(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The credit."""
    return bill_of(inputs, lambda place: [_offered(place, place.terms.down)])


def _interruptible_lines(place: Place) -> list[Line]:
    kwh = place.given()["power_kw"].to_numpy() * place.step_h
    paid = -place.terms.energy_credit * place.by_month(kwh * place.growth)
    return [
        _offered(place, place.terms.power),
        Line("interruptible_credit", "energy let off", "kWh", place.by_month(kwh), paid),
    ]


def _offered(place: Place, power_kw: float) -> Line:
    share = place.by_month(place.alive) / place.by_month(np.ones(place.steps))
    grown = place.by_month(place.growth) / place.by_month(np.ones(place.steps))
    kw = power_kw * share
    return Line("interruptible_credit", "power on offer", "kW", kw, -place.terms.credit * kw * grown)
