"""The model `residual-value-guarantee`: a guarantor makes up what equipment is worth less than a strike at its end.

The value at exercise is lognormal about its expectation, so the expected payment is that of a put (after
Black, "The pricing of commodity contracts", 1976), and a cap is a put sold at a lower strike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator
from scipy.special import ndtr

from twin.api import (
    Date,
    DealRef,
    Entry,
    FinancingInputs,
    FinancingModel,
    Fraction,
    Money,
    Params,
    PartyRef,
    Rate,
    shortfall,
)
from twin_financing import debt_rows, terms
from twin_financing.backstop import GUARANTEE
from twin_financing.lease_params import LeaseParams
from twin_financing.lease_roll import last_month

if TYPE_CHECKING:
    from datetime import date

    from twin_financing.terms import Floats

NAME = "residual-value-guarantee"
_YEAR = 12
_TERMS: dict[str, pl.DataType] = {
    **dict.fromkeys(("deal", "guarantor", "beneficiary"), pl.String()),
    "exercise": pl.Date(),
    **dict.fromkeys(("strike_usd", "most_usd", "value_usd", "log_deviation_ratio", "ends_fraction"), pl.Float64()),
    "called": pl.Boolean(),
}
_CERTAIN = 1e-9
"""Standard deviation below which a value is taken for certain."""


class ResidualValueParams(Params):
    """A guarantee of what something is worth at the end of its use, up to a cap."""

    guarantor: PartyRef = Field(description="party that pays what is missing")
    beneficiary: PartyRef = Field(description="party that is paid: who owns it, or who lends on it")
    obligor: PartyRef | None = Field(
        None, description="party that leaves it, such as a tenant; the beneficiary if not given"
    )
    strike: Money | None = Field(None, gt=0, description="value that is guaranteed; give either this or covers")
    covers: DealRef | None = Field(
        None, description="loan whose balance at exercise is guaranteed; give either this or strike"
    )
    cap: Money | None = Field(None, gt=0, description="most that is paid; the whole strike where not given")
    start: Date | None = Field(
        None, description="month from which the fee is due; the start of the calendar if not given"
    )
    exercise: Date = Field(description="month in which the use ends and the value is found")
    expires: Date | None = Field(
        None, description="last month in which it may be called; that of exercise where not given"
    )
    market_value: Money = Field(description="what is expected to be paid for it at exercise")
    volatility: Rate = Field(0.0, ge=0, description="assumption: standard deviation a year of the logarithm of value")
    probability: Fraction = Field(
        1.0, description="assumption: chance that the use ends at exercise, by default or non-renewal"
    )
    called: bool = Field(
        default=False, description="whether in the base case the use ends at exercise, so that what is missing is paid"
    )
    fee_rate: Rate = Field(0.0, ge=0, description="fee a year, as a share of the most that may be paid")
    fee_payer: PartyRef | None = Field(None, description="party that pays the fee; the beneficiary where not given")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.strike is None) == (self.covers is None):
            raise terms.wrong("give one of strike and covers")
        if self.guarantor == self.beneficiary:
            raise terms.wrong("the guarantor is the beneficiary; a promise to oneself guarantees nothing")
        if self.expires is not None and self.exercise > self.expires:
            raise terms.wrong("it is exercised after it expires; let exercise be earlier or expires later")
        if self.start is not None and self.start > self.exercise:
            raise terms.wrong("it starts after it is exercised; let start be earlier")
        return self


def expected_shortfall(strike: float | Floats, mean: float | Floats, deviation: float | Floats) -> Floats:
    """Expected max(strike - value, 0) of a lognormal value: K·N(-d2) - F·N(-d1), undiscounted.

    Args:
        strike: K.
        mean: F, the expected value.
        deviation: standard deviation of its logarithm; where it is next to 0 the value is certain.
    """
    certain = np.maximum(np.asarray(strike, dtype=np.float64) - mean, 0.0)
    open_ = (np.asarray(deviation) > _CERTAIN) & (np.asarray(strike) > 0) & (np.asarray(mean) > 0)
    k, f, s = (np.where(open_, each, 1.0) for each in (strike, mean, deviation))
    far = np.log(f / k) / s + s / 2
    return np.where(open_, np.maximum(k * ndtr(s - far) - f * ndtr(-far), certain), certain)


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The fees, what is paid in the base case, and the exposure.

    Returns:
        `cashflow` (guarantee_fee, residual_value_payment), `guarantee` from its start to exercise, `residual_value`,
        `deal_figures`.  The expected payment is a valuation and not in the ledger.

    Raises:
        RefusedError: exercise outside the calendar or after the last lease, or a loan that it cannot cover, by name.
    """
    ledger = terms.Ledger(inputs.calendar)
    made = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {
        "cashflow": ledger.frame(),
        "guarantee": terms.together([frame for frame, _, _ in made], GUARANTEE),
        "residual_value": terms.together([contract for _, contract, _ in made], _TERMS),
        "deal_figures": terms.together([figures for _, _, figures in made], dict(debt_rows.FIGURES)),
    }


def _one(
    entry: Entry[ResidualValueParams], inputs: FinancingInputs, ledger: terms.Ledger
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    params, calendar = entry.params, inputs.calendar
    at = calendar.index(params.exercise)
    start = 0 if params.start is None else calendar.index(params.start)
    if not 0 <= at < calendar.months or start < 0:
        raise terms.refuse(
            NAME,
            entry.name,
            f"it runs to {params.exercise:%Y-%m}, and the calendar from {calendar.start:%Y-%m} has "
            f"{calendar.months} months",
            "let it start and be exercised within the calendar",
        )
    _refuse_after_use(entry, inputs, at)
    strike = _strike(entry, inputs)
    most = strike if params.cap is None else min(params.cap, strike)
    deviation = params.volatility * np.sqrt((at - start) / _YEAR)
    whole, sold = expected_shortfall(np.array([strike, strike - most]), params.market_value, deviation)
    expected = float(max(whole - sold, 0.0))
    live = np.zeros(calendar.months)
    live[start : at + 1] = most
    payer = params.beneficiary if params.fee_payer is None else params.fee_payer
    if params.fee_rate:
        terms.two_parties(NAME, entry.name, payer, params.guarantor)
        ledger.add(entry.name, payer, params.guarantor, "guarantee_fee", live * params.fee_rate / _YEAR)
    paid = np.zeros(calendar.months)
    paid[at] = shortfall(params.market_value, strike, most) * params.called
    ledger.add(entry.name, params.guarantor, params.beneficiary, "residual_value_payment", paid)
    chance = np.zeros(calendar.months)
    chance[at] = params.probability
    frame = pl.DataFrame(
        {
            "month": pl.Series(calendar.dates(), dtype=pl.Date),
            "guaranteed_usd": live,
            "default_probability_fraction": chance,
            "expected_loss_usd": chance * expected,
        }
    ).with_columns(
        deal=pl.lit(entry.name, pl.String),
        guarantor=pl.lit(params.guarantor, pl.String),
        beneficiary=pl.lit(params.beneficiary, pl.String),
        obligor=pl.lit(params.obligor or params.beneficiary, pl.String),
    )
    worth = params.probability * expected * (1 + inputs.discount_per_year) ** (-at / _YEAR)
    figures = debt_rows.figures(
        entry.name,
        ("strike", strike, "$", "value guaranteed" if params.covers is None else f"balance of '{params.covers}'"),
        ("expected_payment", expected, "$", "at exercise, if the use ends then: a put on a lognormal value, capped"),
        ("expected_loss", worth, "$", "present value at the file's discount rate, times the probability"),
    )
    contract = _terms(entry, calendar.date(at), strike, most, float(deviation))
    return frame.filter(pl.col("guaranteed_usd") > 0).select(list(GUARANTEE)), contract, figures


def _terms(
    entry: Entry[ResidualValueParams], exercise: date, strike: float, most: float, deviation: float
) -> pl.DataFrame:
    """What scenarios read of the contract."""
    params = entry.params
    names = (entry.name, params.guarantor, params.beneficiary)
    figures = (strike, most, params.market_value, deviation, params.probability)
    return pl.DataFrame([(*names, exercise, *figures, params.called)], schema=_TERMS, orient="row")


def _refuse_after_use(entry: Entry[ResidualValueParams], inputs: FinancingInputs, at: int) -> None:
    """Refuse an exercise after every lease of the beneficiary has ended, options and all: the use ends with it."""
    params = entry.params
    ends = {
        name: last_month(name, other.params, inputs)
        for name, other in inputs.others.items()
        if isinstance(other.params, LeaseParams)
        and other.params.landlord == params.beneficiary
        and params.obligor in (None, params.beneficiary, other.params.tenant)
    }
    if ends and at > max(ends.values()) + 1:
        last = max(ends, key=lambda name: ends[name])
        raise terms.refuse(
            NAME,
            entry.name,
            f"it is exercised in {params.exercise:%Y-%m}, and the last lease of '{params.beneficiary}', '{last}', ends "
            f"in {inputs.calendar.date(ends[last]):%Y-%m}, its options exercised",
            "let exercise be the month in which the use ends",
        )


def _strike(entry: Entry[ResidualValueParams], inputs: FinancingInputs) -> float:
    params = entry.params
    if params.covers is None:
        return float(params.strike or 0.0)
    month = inputs.calendar.date(inputs.calendar.index(params.exercise))
    owed = inputs.debt.filter((pl.col("deal") == params.covers) & (pl.col("month") == month))["closing_usd"].sum()
    if owed <= 0:
        raise terms.refuse(
            NAME,
            entry.name,
            f"nothing is owed under '{params.covers}' at the end of {month:%Y-%m}",
            "let `covers` name a loan that runs longer, or exercise be earlier",
        )
    return float(owed)


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last exercise."""
    return max((inputs.calendar.index(entry.params.exercise) + 1 for entry in inputs.entries), default=0)


MODEL = FinancingModel(
    name=NAME,
    doc="A guarantee of a residual value: strike or a loan's balance, cap, fee, and the expected payment as a put.",
    params=ResidualValueParams,
    run=run,
    horizon=horizon,
)
