"""`grid-tariff`: a price for energy, one for the month's peak demand, and a fixed charge.

All three rise by `growth` once a year: in months 13 to 24 of the calendar they are `1 + growth` times
those of the first year, and so on.  The fixed charge begins in the first month in which the site
draws anything, because a site that is not yet energised has no meter.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.api import (
    Calendar,
    EnergyInputs,
    MoneyPerEnergy,
    MoneyPerPowerMonth,
    MoneyPerTime,
    Params,
    PartyRef,
    Rate,
    SiteRef,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = {
    "entry": pl.String,
    "energy_usd_per_kwh": pl.Float64,
    "demand_usd_per_kw": pl.Float64,
    "fixed_usd": pl.Float64,
    "growth_per_year": pl.Float64,
    "payer": pl.String,
    "payee": pl.String,
}
"""Columns of the prices that `bill` takes, one row an entry."""

LINES = {
    "energy_charge": pl.col("energy_usd_per_kwh") * pl.col("energy_kwh"),
    "demand_charge": pl.col("demand_usd_per_kw") * pl.col("peak_kw"),
    "fixed_charge": pl.col("fixed_usd") * (pl.col("energy_kwh").cum_max().over("site", order_by="month") > 0),
}
"""Line of the bill -> its amount in the prices of the first year."""


class GridTariff(Params):
    """Parameters of `grid-tariff`.

    Attributes:
        sites: sites it is for; all of them where none is named.
        energy: price of energy.
        demand: price of the month's peak demand.
        fixed: charge for being connected.
        growth: yearly rise of all three, from the start of the calendar.
        payer: who pays the bill.
        payee: who is paid.
    """

    sites: tuple[SiteRef, ...] = ()
    energy: MoneyPerEnergy
    demand: MoneyPerPowerMonth = 0.0
    fixed: MoneyPerTime = 0.0
    growth: Rate = 0.0
    payer: PartyRef
    payee: PartyRef = "utility"


def grid_tariff(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The bill of every site that an entry serves, by line; see the module for the formulas."""
    prices = [
        (entry.name, terms.energy, terms.demand, terms.fixed, terms.growth, terms.payer, terms.payee)
        for entry in inputs.entries
        for terms in (entry.params,)
    ]
    return {"energy_cost": bill(inputs.load, inputs.calendar, prices)}


def bill(load: pl.DataFrame, calendar: Calendar, prices: Iterable[tuple[object, ...]]) -> pl.DataFrame:
    """Table `energy_cost` from a load and the prices of its entries.

    Args:
        load: `month, site, entry, energy_kwh, peak_kw`, as in `EnergyInputs.load`.
        calendar: the growth of prices counts from its start.
        prices: one tuple an entry, columns of `SCHEMA`.

    Returns:
        One row a month, site and line; a line whose amount is zero in every month is left out.
    """
    frame = load.join(pl.DataFrame(list(prices), schema=SCHEMA, orient="row"), on="entry", maintain_order="left")
    growth = (1.0 + pl.col("growth_per_year")).pow(calendar.number() // 12)
    lines = [
        frame.select(
            "month",
            "site",
            pl.col("entry").alias("supply"),
            pl.lit(line).alias("line"),
            "payer",
            "payee",
            (amount * growth).alias("amount_usd"),
        ).filter(pl.col("amount_usd").max().over("site", "supply") > 0)
        for line, amount in LINES.items()
    ]
    return pl.concat(lines).sort("site", "month", "supply", maintain_order=True)
