"""The model `vendor-finance`: equipment that its seller lends the price of, and what that is worth to the buyer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from twin.api import Date, Entry, FinancingInputs, FinancingModel, Fraction, Money, Params, PartyRef, Rate
from twin_financing import debt_rows, loan, terms
from twin_financing.term_debt_frames import DEBT
from twin_financing.terms import PositiveTerm, WholeTerm

if TYPE_CHECKING:
    import polars as pl

    from twin_financing.terms import Floats

NAME = "vendor-finance"


class VendorFinanceParams(Params):
    """A purchase on credit from the seller, repaid monthly."""

    buyer: PartyRef = Field(description="party that buys and owes")
    vendor: PartyRef = Field("vendor", description="party that sells and lends")
    price: Money = Field(gt=0, description="price of what is bought")
    date: Date | None = Field(None, description="month of purchase; the start of the calendar where not given")
    down_payment: Fraction = Field(0.0, lt=1, description="share of the price that is paid at once")
    rate: Rate = Field(ge=0, description="interest a year that the vendor asks for; a twelfth is due each month")
    market_rate: Rate = Field(ge=0, description="interest a year that another lender would ask for")
    term: PositiveTerm = Field(description="months from the purchase to the last payment")
    holiday: WholeTerm = Field(0.0, description="months from the purchase in which nothing is paid; interest is added")
    shape: Literal["level", "bullet"] = Field("level", description="equal payments, or all principal at the end")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.holiday >= self.term:
            raise terms.wrong("the holiday is as long as the term; nothing would be left to pay in")
        return self


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all purchases on credit: `cashflow` (capex, debt_draw, interest, principal), `debt`, `deal_figures`.

    The subsidy is what is financed less the present value of its payments at the market's rate.
    """
    ledger = terms.Ledger(inputs.calendar)
    made = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {
        "cashflow": ledger.frame(),
        "debt": terms.together([debt for debt, _ in made], dict(DEBT)),
        "deal_figures": terms.together([figures for _, figures in made], dict(debt_rows.FIGURES)),
    }


def _one(
    entry: Entry[VendorFinanceParams], inputs: FinancingInputs, ledger: terms.Ledger
) -> tuple[pl.DataFrame, pl.DataFrame]:
    params, calendar = entry.params, inputs.calendar
    terms.two_parties(NAME, entry.name, params.buyer, params.vendor)
    start = _start(entry, inputs)
    if start < 0:
        raise terms.refuse(NAME, entry.name, "it is bought before the calendar starts", "start the calendar earlier")
    made = schedule(params)

    def placed(values: Floats) -> Floats:
        return terms.place(start, values, calendar.months)

    balance = {name: placed(getattr(made, name)) for name in ("draw", "interest", "capitalised", "principal")}
    ledger.add(entry.name, params.buyer, params.vendor, "capex", placed(np.array([params.price])))
    debt_rows.serve(ledger, (entry.name, params.buyer, params.vendor), balance)
    frame = debt_rows.debt(calendar, (entry.name, params.buyer, params.vendor, None), balance, {})
    worth = float(made.service[1:] @ loan.discount(params.market_rate / 12, len(made.service) - 1))
    financed = float(made.draw.sum())
    figures = debt_rows.figures(
        entry.name,
        ("financed", financed, "$", "price less the down payment"),
        ("payments_at_market_rate", worth, "$", f"present value of all payments at {params.market_rate:.4g} a year"),
        ("subsidy", financed - worth, "$", "financed less that present value; negative where the market is cheaper"),
        ("subsidy_share", (financed - worth) / params.price, "fraction", "of the price: a discount by another name"),
    )
    return frame, figures


def schedule(params: VendorFinanceParams) -> loan.Loan:
    """The loan by month from the purchase."""
    rate, holiday = params.rate / 12, int(params.holiday)
    draws = np.zeros(1 + holiday)
    draws[0] = params.price * (1 - params.down_payment)
    balance = float(loan.build_up(draws, rate, capitalise=True)[-1])
    count = int(params.term) - holiday
    repaid = loan.level(balance, rate, count) if params.shape == "level" else loan.bullet(balance, count)
    return loan.assemble(draws, repaid, rate, capitalise=True)


def _start(entry: Entry[VendorFinanceParams], inputs: FinancingInputs) -> int:
    return 0 if entry.params.date is None else inputs.calendar.index(entry.params.date)


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last payment."""
    return max((_start(entry, inputs) + int(entry.params.term) + 1 for entry in inputs.entries), default=0)


MODEL = FinancingModel(
    name=NAME,
    doc="A purchase on the seller's credit: down payment, holiday, level or bullet; the subsidy against the market.",
    params=VendorFinanceParams,
    run=run,
    horizon=horizon,
)
