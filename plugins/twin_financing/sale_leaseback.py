"""The model `sale-leaseback`: a site or equipment sold and rented back, and what is a gain and what is a loan in it.

The seller's books after IFRS 16 paragraphs 98 to 103 and illustrative example 24.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from twin.api import Date, Entry, FinancingInputs, FinancingModel, Money, Params, PartyRef, Rate
from twin_financing import debt_rows, loan, terms
from twin_financing.roots import root
from twin_financing.terms import PositiveTerm, Rise

if TYPE_CHECKING:
    import polars as pl

    from twin_financing.terms import Floats

NAME = "sale-leaseback"
_YEAR = 12


class SaleLeasebackParams(Params):
    """A sale with a lease back to the seller; rent at the end of each month or year."""

    seller: PartyRef = Field(description="party that sells and rents back")
    buyer: PartyRef = Field(description="party that buys and lets")
    price: Money = Field(gt=0, description="price paid")
    fair_value: Money | None = Field(None, gt=0, description="fair value; the price where not given")
    carrying_amount: Money = Field(description="value in the seller's books")
    date: Date | None = Field(None, description="month of the sale; the start of the calendar where not given")
    rent: Money = Field(description="rent of a month or a year, in the first year")
    frequency: Literal["month", "year"] = Field("month", description="whether rent is paid by month or by year")
    escalator: Rise = Field(0.0, gt=-1, description="rise of the rent on each anniversary; fixed, so in the liability")
    term: PositiveTerm = Field(description="term of the lease back")
    rate: Rate = Field(
        ge=0, description="rate implicit in the lease or the seller's borrowing rate: a twelfth a month, or by year"
    )
    residual: Money = Field(0.0, description="what the buyer can sell it for at the end of the term")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.frequency == "year" and self.term % _YEAR:
            raise terms.wrong("rent by year needs a term of whole years")
        return self

    @property
    def value(self) -> float:
        """Fair value."""
        return self.price if self.fair_value is None else self.fair_value


@dataclass(frozen=True, slots=True)
class Books:
    """The seller's books at the sale, in dollars.

    Attributes:
        liability: present value of the rent, what is a loan in it included or rent paid ahead not counted.
        financing: by how much the price exceeds the fair value: a loan.
        prepaid: by how much it falls short: rent paid ahead.
        right_of_use: the part of the carrying amount that is kept.
        gain: of the part that is sold.
    """

    liability: float
    financing: float
    prepaid: float
    right_of_use: float
    gain: float


def books(price: float, value: float, carrying: float, liability: float) -> Books:
    """IFRS 16.100-102: the share of the fair value that the rent stands for is not sold.

    Args:
        price: paid.
        value: fair value.
        carrying: value in the seller's books.
        liability: present value of the rent.
    """
    financing, prepaid = max(price - value, 0.0), max(value - price, 0.0)
    kept = (liability - financing + prepaid) / value
    return Books(liability, financing, prepaid, carrying * kept, (value - carrying) * (1 - kept))


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all sales: `cashflow` (asset_sale, base_rent, salvage) and `deal_figures`.

    Raises:
        RefusedError: a sale before the calendar, or rent that is worth more than what is sold, by name.
    """
    ledger = terms.Ledger(inputs.calendar)
    made = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {"cashflow": ledger.frame(), "deal_figures": terms.together(made, dict(debt_rows.FIGURES))}


def _one(entry: Entry[SaleLeasebackParams], inputs: FinancingInputs, ledger: terms.Ledger) -> pl.DataFrame:
    params = entry.params
    terms.two_parties(NAME, entry.name, params.buyer, params.seller)
    start = _start(entry, inputs)
    if start < 0:
        raise terms.refuse(NAME, entry.name, "it is sold before the calendar starts", "start the calendar earlier")
    rent = rents(params)
    liability = _present(params, rent)
    made = books(params.price, params.value, params.carrying_amount, liability)
    if liability - made.financing + made.prepaid > params.value * (1 + 1e-9) or liability < made.financing:
        raise terms.refuse(
            NAME,
            entry.name,
            f"the rent is worth ${liability:,.0f} at {params.rate:.4g} a year, for what is worth ${params.value:,.0f} "
            f"and sold for ${params.price:,.0f}: that is a loan and no sale",
            "lower the rent or the term, or write it as a `term-debt`",
        )
    months = inputs.calendar.months
    flows = (
        (params.buyer, params.seller, "asset_sale", np.array([params.price])),
        (params.seller, params.buyer, "base_rent", rent),
        ("market", params.buyer, "salvage", np.concatenate((np.zeros(len(rent) - 1), [params.residual]))),
    )
    for payer, payee, category, values in flows:
        ledger.add(entry.name, payer, payee, category, terms.place(start, values, months))
    earned, why = lessor_irr(params, rent)
    return debt_rows.figures(
        entry.name,
        ("lease_liability", made.liability - made.financing, "$", "present value of the rent that is rent"),
        ("financing", made.financing, "$", "price above fair value: a loan of the buyer (IFRS 16.101)"),
        ("prepaid_rent", made.prepaid, "$", "fair value above price: rent paid ahead (IFRS 16.101)"),
        ("right_of_use", made.right_of_use, "$", "carrying amount of the part that is kept (IFRS 16.100)"),
        ("gain", made.gain, "$", "on the part that is sold (IFRS 16.100); negative for a loss"),
        ("whole_gain", params.value - params.carrying_amount, "$", "fair value less carrying amount (ASC 842-40-25-4)"),
        ("lessor_irr", earned, "1/year", why),
    )


def rents(params: SaleLeasebackParams) -> Floats:
    """Rent by month; the sale is month 0, in which there is none."""
    month = np.arange(int(params.term) + 1)
    age = np.maximum(month - 1, 0)
    due = (month > 0) & ((params.frequency == "month") | (month % _YEAR == 0))
    return np.where(due, params.rent * terms.grown(params.escalator, age), 0.0)


def _present(params: SaleLeasebackParams, rent: Floats) -> float:
    if params.frequency == "year":
        yearly = rent[_YEAR::_YEAR]
        return float(yearly @ loan.discount(params.rate, len(yearly)))
    return float(rent[1:] @ loan.discount(params.rate / _YEAR, len(rent) - 1))


def lessor_irr(params: SaleLeasebackParams, rent: Floats) -> tuple[float | None, str]:
    """The buyer's rate of return, annual effective: price out, rent and residual in; there is one or none."""
    flows = rent.copy()
    flows[-1] += params.residual
    if flows.sum() <= 0:
        return None, "the buyer gets nothing back"

    def value(log_rate: float) -> float:
        return float(flows @ np.exp(-log_rate * np.arange(len(flows)))) - params.price

    low, high = -0.5, 0.5
    while value(high) > 0:
        high *= 2
    while value(low) < 0:
        low *= 2
    found = root(value, low, high, xtol=1e-15)
    return float(np.expm1(_YEAR * found)), "of price, rent and residual, before tax, annual effective"


def _start(entry: Entry[SaleLeasebackParams], inputs: FinancingInputs) -> int:
    return 0 if entry.params.date is None else inputs.calendar.index(entry.params.date)


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last rent."""
    return max((_start(entry, inputs) + int(entry.params.term) + 1 for entry in inputs.entries), default=0)


MODEL = FinancingModel(
    name=NAME,
    doc="What is sold and rented back: gain, right of use and financing after IFRS 16, and the buyer's return.",
    params=SaleLeasebackParams,
    run=run,
    horizon=horizon,
)
