"""The model `preferred-equity`: money that is served before the owners, at a fixed dividend, until it is redeemed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from twin.api import Date, Entry, FinancingInputs, FinancingModel, Fraction, Money, Params, PartyRef, Rate, Ratio
from twin_financing import debt_rows, terms
from twin_financing.terms import PositiveTerm

if TYPE_CHECKING:
    import polars as pl

    from twin_financing.terms import Floats

NAME = "preferred-equity"
_YEAR = 12


class PreferredEquityParams(Params):
    """Preferred equity with a dividend in cash, in kind, or part of each, and a floor on what it returns."""

    issuer: PartyRef = Field(description="party that is paid in and pays dividends")
    investor: PartyRef = Field(description="party that pays in")
    amount: Money = Field(gt=0, description="amount paid in")
    date: Date | None = Field(None, description="month of the first payment in; the calendar's start if not given")
    draw_months: int = Field(1, ge=1, le=600, description="months over which it is paid in, in equal parts")
    dividend: Rate = Field(ge=0, description="dividend a year, nominal: a twelfth of it each month on what is owed")
    pays: Literal["cash", "pik"] = Field("cash", description="cash, or in kind: added to what is owed")
    cash_share: Fraction | None = Field(
        None, description="share of the dividend that is paid in cash and not in kind; in place of pays"
    )
    term: PositiveTerm = Field(description="months from the first payment in to redemption")
    least_multiple: Ratio = Field(
        0.0, description="what is paid in times this is the least that dividends and redemption come to"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.draw_months >= self.term:
            raise terms.wrong("it is paid in for as long as the term; let the term be longer than draw_months")
        if self.cash_share is not None and "pays" in self.model_fields_set:
            raise terms.wrong("give one of pays and cash_share")
        return self

    @property
    def in_cash(self) -> float:
        """Share of the dividend that is paid in cash."""
        if self.cash_share is not None:
            return self.cash_share
        return 1.0 if self.pays == "cash" else 0.0


@dataclass(frozen=True, slots=True)
class Served:
    """By month from the first payment in: paid in, dividend in cash and in kind, redeemed, owed at the end."""

    paid_in: Floats
    cash: Floats
    kind: Floats
    redeemed: Floats
    closing: Floats


def serve(params: PreferredEquityParams) -> Served:
    """What is owed and paid; the redemption tops up to the least multiple."""
    months, rate = int(params.term) + 1, params.dividend / _YEAR
    paid_in = np.zeros(months)
    paid_in[: params.draw_months] = params.amount / params.draw_months
    cash, kind, closing, redeemed = (np.zeros(months) for _ in range(4))
    owed = 0.0
    for month in range(months):
        cash[month] = owed * rate * params.in_cash
        kind[month] = owed * rate * (1 - params.in_cash)
        owed += paid_in[month] + kind[month]
        closing[month] = owed
    redeemed[-1] = max(owed, params.least_multiple * params.amount - float(cash.sum()))
    closing[-1] = 0.0
    return Served(paid_in, cash, kind, redeemed, closing)


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows: `cashflow` (preferred_contribution, preferred_dividend, redemption) and `deal_figures`.

    Raises:
        RefusedError: paid in before the calendar starts, by name.
    """
    ledger = terms.Ledger(inputs.calendar)
    made = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {"cashflow": ledger.frame(), "deal_figures": terms.together(made, dict(debt_rows.FIGURES))}


def _one(entry: Entry[PreferredEquityParams], inputs: FinancingInputs, ledger: terms.Ledger) -> pl.DataFrame:
    params = entry.params
    terms.two_parties(NAME, entry.name, params.investor, params.issuer)
    start = _start(entry, inputs)
    if start < 0:
        raise terms.refuse(NAME, entry.name, "it is paid in before the calendar starts", "start the calendar earlier")
    made = serve(params)
    for payer, payee, category, values in (
        (params.investor, params.issuer, "preferred_contribution", made.paid_in),
        (params.issuer, params.investor, "preferred_dividend", made.cash),
        (params.issuer, params.investor, "redemption", made.redeemed),
    ):
        ledger.add(entry.name, payer, payee, category, terms.place(start, values, inputs.calendar.months))
    back = float(made.cash.sum() + made.redeemed.sum())
    owed = float(made.kind.sum()) + params.amount
    return debt_rows.figures(
        entry.name,
        ("redemption", float(made.redeemed[-1]), "$", "amount, dividends in kind, and what the least multiple adds"),
        ("multiple_top_up", float(made.redeemed[-1]) - owed, "$", "part of the redemption due to the least multiple"),
        ("moic", back / params.amount, "ratio", "dividends and redemption over what is paid in"),
    )


def _start(entry: Entry[PreferredEquityParams], inputs: FinancingInputs) -> int:
    return 0 if entry.params.date is None else inputs.calendar.index(entry.params.date)


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last redemption."""
    return max((_start(entry, inputs) + int(entry.params.term) + 1 for entry in inputs.entries), default=0)


MODEL = FinancingModel(
    name=NAME,
    doc="Preferred equity: dividend in cash or in kind, redemption, a floor on the multiple.",
    params=PreferredEquityParams,
    run=run,
    horizon=horizon,
)
