"""The model `cloud-rental`: accelerators rented by the hour from somebody else's site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field, model_validator

from twin.api import Date, Entry, FinancingInputs, FinancingModel, Fraction, MoneyPerHour, Params, PartyRef, SiteRef
from twin_financing import terms
from twin_financing.terms import PositiveTerm

if TYPE_CHECKING:
    import polars as pl

    from twin_financing.terms import Floats

NAME = "cloud-rental"


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
    price: MoneyPerHour = Field(description="list price of an accelerator-hour")
    discount: Fraction = Field(0.0, description="discount on the list price, as for a reservation")
    commitment: Fraction = Field(0.0, description="share of the hours that is paid whether used or not")
    utilisation: Fraction = Field(1.0, description="share of the hours that is used")
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
        return self


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all rentals: `cashflow` (cloud_rental)."""
    ledger = terms.Ledger(inputs.calendar)
    for entry in inputs.entries:
        params = entry.params
        terms.two_parties(NAME, entry.name, params.user, params.provider)
        ledger.add(entry.name, params.user, params.provider, "cloud_rental", _amounts(entry, inputs))
    return {"cashflow": ledger.frame()}


def _amounts(entry: Entry[CloudRentalParams], inputs: FinancingInputs) -> Floats:
    params, calendar = entry.params, inputs.calendar
    age = np.arange(calendar.months) - _start(entry, inputs)
    live = (age >= 0) & (age < (params.term or np.inf))
    if params.accelerators is not None:
        hours = params.accelerators * month_hours(inputs)
    else:
        rows = terms.at_site(inputs.schedule, params.site)
        hours = np.zeros(calendar.months)
        index = rows.select(calendar.number())["month"].to_numpy()
        np.add.at(hours, index, rows["accelerator_h"].to_numpy() * (params.share or 0.0))
    return live * hours * max(params.commitment, params.utilisation) * params.price * (1 - params.discount)


def month_hours(inputs: FinancingInputs) -> Floats:
    """Hours of each calendar month."""
    days = [(inputs.calendar.date(t + 1) - inputs.calendar.date(t)).days for t in range(inputs.calendar.months)]
    return 24.0 * np.array(days, dtype=np.float64)


def _start(entry: Entry[CloudRentalParams], inputs: FinancingInputs) -> int:
    return 0 if entry.params.start is None else inputs.calendar.index(entry.params.start)


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last rental with a term ends."""
    return max((_start(entry, inputs) + int(entry.params.term or 0) for entry in inputs.entries), default=0)


MODEL = FinancingModel(
    name=NAME,
    doc="Accelerators rented by the hour, with discount and commitment.",
    params=CloudRentalParams,
    run=run,
    horizon=horizon,
)
