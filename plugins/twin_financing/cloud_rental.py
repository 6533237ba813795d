"""The model `cloud-rental`: accelerators rented by the hour, on demand, reserved, or under a commitment to spend.

    on demand      hours used · price · (1 - discount)
    reserved       every hour of the term · price · (1 - discount of the plan), used or not; a share of it ahead
    burst          hours of further accelerators · price, on demand
    commitment     at the end of each year of it: max(committed - spent in that year, 0)

The discounts of the plans are those of `cloud_discounts.csv`, with their source.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from twin.api import (
    Date,
    Entry,
    FinancingInputs,
    FinancingModel,
    Fraction,
    Money,
    MoneyPerHour,
    Params,
    PartyRef,
    SiteRef,
)
from twin_financing import terms
from twin_financing.terms import PositiveTerm

if TYPE_CHECKING:
    import polars as pl

    from twin_financing.terms import Floats

NAME = "cloud-rental"
YEAR = 12
RESERVED_MONTHS = {"reserved-1y": YEAR, "reserved-3y": 3 * YEAR}


class BurstParams(Params):
    """What is rented on demand beyond the rest."""

    accelerators: int = Field(gt=0, description="further accelerators")
    utilisation: Fraction = Field(description="share of the hours in which they are rented")
    price: MoneyPerHour | None = Field(None, description="price of an accelerator-hour; the list price if not given")


class CloudRentalParams(Params):
    """Hours rented: max(commitment, utilisation) · accelerators · hours of the month · price · (1 - discount)."""

    user: PartyRef = Field(description="party that rents")
    provider: PartyRef = Field("cloud", description="party that is paid")
    accelerators: int | None = Field(None, gt=0, description="accelerators rented; give either this or share")
    share: Fraction | None = Field(
        None,
        description="accelerators rented as a share of those energised in the file; give either this or accelerators",
    )
    site: SiteRef | None = Field(None, description="site whose accelerators share refers to; all sites where not given")
    price: MoneyPerHour = Field(description="list price of an accelerator-hour, on demand")
    plan: Literal["on-demand", "reserved-1y", "reserved-3y"] = Field(
        "on-demand",
        description="on-demand: hours used are paid; reserved: all hours of one or three years, again and again",
    )
    cloud: Literal["aws", "gcp", "azure"] | None = Field(
        None, description="whose published discount a reserved plan has; give this or discount"
    )
    discount: Fraction = Field(0.0, description="discount on the list price, as for a reservation")
    upfront: Fraction = Field(
        0.0, description="share of a reservation that is paid in its first month; the rest month by month"
    )
    commitment: Fraction = Field(0.0, description="share of the hours that is paid whether used or not")
    utilisation: Fraction = Field(1.0, description="share of the hours that is used")
    burst: BurstParams | None = Field(None, description="what is rented on demand beyond that")
    support: Fraction = Field(0.0, description="support and transfer of data, as a share of what is rented")
    committed_spend: Money | None = Field(
        None, gt=0, description="spending promised for each year; what is missing at its end is paid as a shortfall"
    )
    start: Date | None = Field(None, description="first month; the start of the calendar where not given")
    term: PositiveTerm | None = Field(
        None, description="how long it is rented; to the end of the calendar where not given"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.accelerators is None) == (self.share is None):
            raise terms.wrong("give one of accelerators and share")
        if self.site is not None and self.share is None:
            raise terms.wrong("site goes with share only")
        for fault in (_reserved(self), _committed(self)):
            if fault:
                raise terms.wrong(fault)
        return self

    @property
    def reserved_months(self) -> int:
        """Months of one reservation; 0 on demand."""
        return RESERVED_MONTHS.get(self.plan, 0)

    @property
    def rebate(self) -> float:
        """The discount that holds: that of the plan, or the one stated."""
        return self.discount if self.cloud is None else discounts()[self.cloud, self.plan]


def _reserved(rental: CloudRentalParams) -> str:
    months = rental.reserved_months
    if not months:
        if rental.cloud is not None or rental.upfront:
            return "cloud and upfront go with a reserved plan: let plan be reserved-1y or reserved-3y"
        return ""
    if rental.cloud is not None and rental.discount:
        return "both cloud and discount are given; give one of them"
    if rental.term is None or rental.term % months:
        got = "not given" if rental.term is None else f"{rental.term:.0f} months"
        return f"the term of a plan {rental.plan} is {got}; let it be a multiple of {months} months"
    if rental.commitment:
        return "a reserved plan pays for all hours; leave commitment out"
    return ""


def _committed(rental: CloudRentalParams) -> str:
    if rental.committed_spend is not None and (rental.term is None or rental.term % YEAR):
        return "committed_spend is for each year: give a term of whole years"
    return ""


@cache
def discounts() -> dict[tuple[str, str], float]:
    """Discount on the list price by (cloud, plan), as shipped."""
    with Path(__file__).with_name("cloud_discounts.csv").open(encoding="utf-8", newline="") as file:
        return {(row["cloud"], row["plan"]): float(row["discount"]) for row in csv.DictReader(file)}


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all rentals: `cashflow` (cloud_rental, cloud_upfront, cloud_shortfall)."""
    ledger = terms.Ledger(inputs.calendar)
    for entry in inputs.entries:
        params = entry.params
        terms.two_parties(NAME, entry.name, params.user, params.provider)
        for category, amounts in _amounts(entry, inputs).items():
            ledger.add(entry.name, params.user, params.provider, category, amounts)
    return {"cashflow": ledger.frame()}


def _amounts(entry: Entry[CloudRentalParams], inputs: FinancingInputs) -> dict[str, Floats]:
    params, calendar = entry.params, inputs.calendar
    age = np.arange(calendar.months) - _start(entry, inputs)
    live = (age >= 0) & (age < (params.term or np.inf))
    paid = 1.0 if params.reserved_months else max(params.commitment, params.utilisation)
    rented = live * _hours(params, inputs) * paid * params.price * (1 - params.rebate)
    ahead = np.zeros(calendar.months)
    if params.upfront:
        number = np.where(live, age // params.reserved_months, -1)
        for each in np.unique(number[live]).tolist():
            own = np.flatnonzero(number == each)
            ahead[own[0]] = params.upfront * float(rented[own].sum())
    monthly = rented * (1 - params.upfront) + live * _burst(params, inputs)
    monthly, ahead = monthly * (1 + params.support), ahead * (1 + params.support)
    return {
        "cloud_rental": monthly,
        "cloud_upfront": ahead,
        "cloud_shortfall": _shortfall(params, monthly + ahead, age),
    }


def _hours(params: CloudRentalParams, inputs: FinancingInputs) -> Floats:
    """Accelerator-hours that could be used in each month."""
    if params.accelerators is not None:
        return params.accelerators * month_hours(inputs)
    rows = terms.at_site(inputs.schedule, params.site)
    hours = np.zeros(inputs.calendar.months)
    index = rows.select(inputs.calendar.number())["month"].to_numpy()
    np.add.at(hours, index, rows["accelerator_h"].to_numpy() * (params.share or 0.0))
    return hours


def _burst(params: CloudRentalParams, inputs: FinancingInputs) -> Floats:
    if params.burst is None:
        return np.zeros(inputs.calendar.months)
    price = params.price if params.burst.price is None else params.burst.price
    return month_hours(inputs) * params.burst.accelerators * params.burst.utilisation * price


def _shortfall(params: CloudRentalParams, spent: Floats, age: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Floats:
    """What is missing of the commitment at the end of each of its years within the calendar."""
    out = np.zeros(len(spent))
    if params.committed_spend is None:
        return out
    ends = np.flatnonzero((age % YEAR == YEAR - 1) & (age >= 0) & (age < (params.term or 0)))
    for end in ends.tolist():
        out[end] = max(params.committed_spend - float(spent[max(end - YEAR + 1, 0) : end + 1].sum()), 0.0)
    return out


def month_hours(inputs: FinancingInputs) -> Floats:
    """Hours of each calendar month."""
    days = [(inputs.calendar.date(t + 1) - inputs.calendar.date(t)).days for t in range(inputs.calendar.months)]
    return 24.0 * np.array(days, dtype=np.float64)


def _start(entry: Entry[CloudRentalParams], inputs: FinancingInputs) -> int:
    start = 0 if entry.params.start is None else inputs.calendar.index(entry.params.start)
    if start < 0 and (entry.params.upfront or entry.params.committed_spend):
        raise terms.refuse(
            NAME,
            entry.name,
            f"it starts in {entry.params.start:%Y-%m}, before the calendar, so what was paid before is unknown",
            "start the calendar earlier, or let the rental start with it",
        )
    return start


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last rental with a term ends."""
    return max((_start(entry, inputs) + int(entry.params.term or 0) for entry in inputs.entries), default=0)


MODEL = FinancingModel(
    name=NAME,
    doc="Accelerators rented by the hour: on demand, reserved for one or three years, committed spend, burst.",
    params=CloudRentalParams,
    run=run,
    horizon=horizon,
)
