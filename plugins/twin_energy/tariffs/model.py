"""The model `tariff`, and what simpler tariffs share with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.api import EnergyInputs, RefusedError
from twin_energy.beside import read_table
from twin_energy.tariffs.case import case_of
from twin_energy.tariffs.charges import DemandCharge, EnergyCharge
from twin_energy.tariffs.engine import bill, bill_months
from twin_energy.tariffs.params import Tariff
from twin_energy.tariffs.prices import dispatch_prices, no_prices
from twin_energy.tariffs.readings import ENGINE

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from twin_energy.tariffs.case import Tables


def run(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """The bill of every site that an entry serves, line by line."""
    terms = {entry.name: entry.params for entry in inputs.entries}
    start = inputs.calendar.date(0)
    return {"energy_cost": bill(_hours(inputs), terms, inputs.step_h, start=start, tables=_tables(inputs))}


def prices(inputs: EnergyInputs) -> dict[str, pl.DataFrame]:
    """What dispatch sees of the tariffs; see `twin_energy.tariffs.prices` for what is approximated."""
    _hours(inputs)
    return prices_of(inputs, {entry.name: entry.params for entry in inputs.entries})


def prices_of(inputs: EnergyInputs, terms: Mapping[str, Tariff]) -> dict[str, pl.DataFrame]:
    """What dispatch sees of terms by name of the entry; no rows where there are no hours."""
    if "time" not in inputs.hours.columns:
        return no_prices()
    case = case_of(inputs.hours, terms, inputs.step_h, start=inputs.calendar.date(0), tables=_tables(inputs))
    return no_prices() if case is None else dispatch_prices(case)


def bill_simple(inputs: EnergyInputs, terms: Mapping[str, Tariff]) -> dict[str, pl.DataFrame]:
    """The bill by months alone, for terms that need no hours."""
    return {"energy_cost": bill_months(inputs.load, terms, inputs.calendar.date(0))}


def simple(
    *, energy: float, payer: str, payee: str, demand: float = 0.0, fixed: float = 0.0, growth: float = 0.0
) -> Tariff:
    """A tariff of one price of energy, one of the month's peak and a fixed charge, from numbers that are checked.

    Args:
        energy: USD/kWh.
        payer: who pays.
        payee: who is paid.
        demand: USD/kW of the month's peak.
        fixed: USD a month.
        growth: yearly rise of all three.
    """
    return Tariff.model_construct(
        energy=(EnergyCharge.model_construct(price=energy),),
        demand=(DemandCharge.model_construct(price=demand),),
        fixed=fixed,
        growth=growth,
        payer=payer,
        payee=payee,
    )


def _hours(inputs: EnergyInputs) -> pl.DataFrame:
    if "time" not in inputs.hours.columns:
        raise RefusedError(ENGINE, "there are no hours to bill", "give the model the hours of the load")
    return inputs.hours


def _tables(inputs: EnergyInputs) -> Tables:
    def read(name: str) -> pl.DataFrame:
        return read_table(inputs.files[name])

    return read
