"""`grid-tariff`: a price for energy, one for the month's peak demand, and a fixed charge.

All three rise by `growth` once a year: in months 13 to 24 of the calendar they are `1 + growth` times
those of the first year, and so on.  The fixed charge begins in the first month in which the site
draws anything, because a site that is not yet energised has no meter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.api import (
    EnergyInputs,
    EnergyPrice,
    MoneyPerPowerMonth,
    MoneyPerTime,
    Params,
    PartyRef,
    PowerByDate,
    Rate,
    SiteRef,
)
from twin_energy.tariffs.model import bill_simple, prices_of, simple

if TYPE_CHECKING:
    import polars as pl

    from twin_energy.tariffs.params import Tariff


class GridTariff(Params):
    """Parameters of `grid-tariff`.

    Attributes:
        sites: sites it is for; all of them where none is named.
        energy: price of energy.
        demand: price of the month's peak demand.
        fixed: charge for being connected.
        growth: yearly rise of all three, from the start of the calendar.
        limit: what the connection carries, by date.
        payer: who pays the bill.
        payee: who is paid.
    """

    sites: tuple[SiteRef, ...] = ()
    energy: EnergyPrice
    demand: MoneyPerPowerMonth = 0.0
    fixed: MoneyPerTime = 0.0
    growth: Rate = 0.0
    limit: PowerByDate | None = None
    payer: PartyRef
    payee: PartyRef = "utility"


def grid_tariff(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The bill of every site that an entry serves, by line."""
    return bill_simple(inputs, _terms(inputs))


def grid_prices(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """What dispatch sees of it."""
    return prices_of(inputs, _terms(inputs))


def _terms(inputs: EnergyInputs) -> dict[str, Tariff]:
    return {
        entry.name: simple(
            energy=given.energy,
            demand=given.demand,
            fixed=given.fixed,
            growth=given.growth,
            payer=given.payer,
            payee=given.payee,
        )
        for entry in inputs.entries
        for given in (entry.params,)
    }
