"""The model `operating-cost`: a cost that somebody pays every month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import (
    Date,
    Entry,
    FinancingInputs,
    FinancingModel,
    MoneyPerPowerMonth,
    MoneyPerTime,
    Params,
    PartyRef,
    SiteRef,
)
from twin_financing import terms
from twin_financing.terms import PositiveTerm, Rise

if TYPE_CHECKING:
    from twin_financing.terms import Floats

NAME = "operating-cost"


class OperatingCostParams(Params):
    """A monthly cost, stated outright or by kW of IT load in service."""

    payer: PartyRef = Field(description="party that pays")
    payee: PartyRef = Field("operator", description="party that is paid")
    amount: MoneyPerTime | None = Field(None, description="cost at first; give either this or per_power")
    per_power: MoneyPerPowerMonth | None = Field(
        None, description="cost at first by IT load in service; give either this or amount"
    )
    site: SiteRef | None = Field(None, description="site whose IT load counts for per_power; all sites where not given")
    start: Date | None = Field(None, description="first month; the start of the calendar where not given")
    term: PositiveTerm | None = Field(
        None, description="how long it is paid; to the end of the calendar where not given"
    )
    use_of: SiteRef | None = Field(
        None, description="site whose racks the payer has the use of meanwhile, as under a contract for compute"
    )
    growth: Rise = Field(0.0, gt=-1, description="rise on each anniversary of the start")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.amount is None) == (self.per_power is None):
            raise terms.wrong("give one of amount and per_power")
        if self.site is not None and self.per_power is None:
            raise terms.wrong("site goes with per_power only")
        return self


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all entries: `cashflow` (operating_cost), and `occupancy` of those that give the use of racks."""
    ledger = terms.Ledger(inputs.calendar)
    used: list[pl.DataFrame] = []
    for entry in inputs.entries:
        terms.two_parties(NAME, entry.name, entry.params.payer, entry.params.payee)
        amounts = _amounts(entry, inputs)
        ledger.add(entry.name, entry.params.payer, entry.params.payee, "operating_cost", amounts)
        if entry.params.use_of is not None:
            paid = inputs.calendar.dates()
            months = [month for month, amount in zip(paid, amounts, strict=True) if amount > 0]
            rows = terms.racks_in_use(inputs, entry.params.use_of, entry.name, entry.params.payer)
            used += [frame.filter(pl.col("month").is_in(months)) for frame in rows]
    return {"cashflow": ledger.frame(), "occupancy": terms.together(used, terms.OCCUPANCY)}


def _amounts(entry: Entry[OperatingCostParams], inputs: FinancingInputs) -> Floats:
    params = entry.params
    age = np.arange(inputs.calendar.months) - _start(entry, inputs)
    live = (age >= 0) & (age < (params.term or np.inf))
    growth = terms.grown(params.growth, age) * live
    if params.amount is not None:
        return growth * params.amount
    it_kw = terms.at_site(inputs.schedule, params.site).group_by("month").agg(pl.col("it_kw").sum())
    month = terms.month_indices(inputs.calendar, it_kw["month"])
    in_service = np.zeros(inputs.calendar.months)
    in_service[month] = it_kw["it_kw"].to_numpy()
    return growth * in_service * (params.per_power or 0.0)


def _start(entry: Entry[OperatingCostParams], inputs: FinancingInputs) -> int:
    return 0 if entry.params.start is None else inputs.calendar.index(entry.params.start)


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last entry with a term ends."""
    return max((_start(entry, inputs) + int(entry.params.term or 0) for entry in inputs.entries), default=0)


MODEL = FinancingModel(
    name=NAME,
    doc="A cost paid every month, outright or by kW of IT load in service, with growth.",
    params=OperatingCostParams,
    run=run,
    horizon=horizon,
)
