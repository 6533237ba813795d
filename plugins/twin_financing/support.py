"""Debt priced with a guarantor behind the rent that pays it: blended spread, and the debt sized again at it.

    rate = rate without support - s_tenant + s*,  s* = w · s_guarantor + (1 - w) · s_tenant
    w    = mean over the months of repayment, by balance discounted at the rate, of
           min(1, G / balance)  first loss,  G / exposure  pro rata

A guarantor that pays all of a shortfall up to G stands behind G dollars of what is owed to the lenders.  One that pays
a share of every shortfall stands behind that share of each of their dollars.  Interest is paid on what is owed, so the
one rate that is worth as much as a rate of its own in each month has the mean over what is owed: a guarantee that burns
down faster than the loan is repaid counts for what is left of it.  Where the debt is sized by its rate, both are solved
together: more debt lowers w, which raises the rate, which lowers the debt, so there is one answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import PRO_RATA, DealRef, Params, Rate
from twin_financing import backstop, credit, terms
from twin_financing.roots import root

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.api import Entry, FinancingInputs
    from twin_financing.terms import Floats

_FIGURES = (
    "guaranteed_usd",
    "debt_usd",
    "weight_fraction",
    "rate_per_year",
    "unsupported_rate_per_year",
    "unsupported_debt_usd",
    "breakeven_fee_usd_per_year",
)
DEBT_PRICING: dict[str, pl.DataType] = {
    "deal": pl.String(),
    "guarantee": pl.String(),
    **dict.fromkeys(_FIGURES, pl.Float64()),
    "least_weight_fraction": pl.Float64(),
    "least_weight_month": pl.Date(),
    "message": pl.String(),
}
_NOTHING = 1e-9
"""Share of the debt below which a balance is what rounding leaves."""


class SupportParams(Params):
    """A guarantee that lenders price in."""

    guarantee: DealRef = Field(description="entry of `deals:` with the model `backstop`")
    tenant_spread: Rate = Field(ge=0, description="spread over the riskless rate on the tenant's credit, within rate")
    guarantor_spread: Rate = Field(ge=0, description="spread on the guarantor's credit")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.guarantor_spread > self.tenant_spread:
            raise terms.wrong("guarantor_spread is above tenant_spread: such a guarantor supports nothing")
        return self


@dataclass(frozen=True, slots=True)
class _Behind:
    """What stands behind a loan in each month of its repayment."""

    guaranteed: Floats
    exposure: Floats
    pro_rata: bool

    def weights(self, owed: Floats) -> Floats:
        """Share of what is owed to lenders at the start of each month that is as good as the guarantor."""
        of = self.exposure if self.pro_rata else owed
        some = owed > _NOTHING * owed.max(initial=0.0)
        return np.where(some, np.minimum(np.divide(self.guaranteed, of, out=np.ones(len(of)), where=of > 0), 1.0), 1.0)

    def weight(self, owed: Floats, rate: float) -> float:
        """Their mean by what is owed, discounted at the rate a year."""
        worth = owed * (1 + rate / credit.YEAR) ** -np.arange(len(owed))
        return float(self.weights(owed) @ worth / worth.sum()) if worth.sum() > 0 else 1.0


def supported_rate(
    model: str,
    entry: Entry[Any],
    support: SupportParams,
    inputs: FinancingInputs,
    months: tuple[int, int],
    owed: Callable[[float], Floats],
) -> tuple[float, pl.DataFrame]:
    """The rate at which rate and debt fit each other, and its row of table `debt_pricing`.

    Args:
        model: name of the model of the loan, for messages.
        entry: the loan; its parameters have a `rate`, that without support.
        support: the guarantee and the spreads.
        inputs: as the loan's model is given.
        months: month index of the first repayment, and of maturity.
        owed: rate a year -> balance at the start of each of those months, as scheduled.

    Raises:
        RefusedError: what is named is no guarantee, or it guarantees nothing at maturity any more.
    """
    rate = float(entry.params.rate)
    behind = _behind(model, entry, support, inputs, months)
    spreads = support.tenant_spread, support.guarantor_spread

    def priced(at: float) -> float:
        return rate - spreads[0] + credit.blended_spread(*spreads, behind.weight(owed(at), at))

    best = rate - spreads[0] + spreads[1]
    at = best
    if priced(best) > best:
        at = root(lambda one: priced(one) - one, best, rate, xtol=1e-15, rtol=1e-14)
    balance, alone = owed(at), owed(rate)
    weights = behind.weights(balance)
    least = int(np.argmin(weights))
    debt = float(balance[0])
    weight = behind.weight(balance, at)
    figures = (float(behind.guaranteed[0]), debt, weight, at, rate, float(alone[0]), (rate - at) * debt)
    when = inputs.calendar.date(months[0] + least)
    said = _said(behind, balance, weight, least, f"{when:%Y-%m}")
    row = (entry.name, support.guarantee, *figures, float(weights[least]), when, said)
    return at, pl.DataFrame([row], schema=DEBT_PRICING, orient="row")


def _said(behind: _Behind, balance: Floats, weight: float, least: int, when: str) -> str:
    whole = f"{weight:.1%} of what is owed over the life of the loan is as good as the guarantor"
    of = behind.exposure if behind.pro_rata else balance
    what = "of all rent to come, pro rata" if behind.pro_rata else "owed, first loss"
    said = f"{whole}; least in {when}: ${behind.guaranteed[least] / 1e6:,.2f}M of ${of[least] / 1e6:,.2f}M {what}"
    return f"{said}; the guarantee burns down faster than the loan" if least and not behind.pro_rata else said


def _behind(
    model: str, entry: Entry[Any], support: SupportParams, inputs: FinancingInputs, months: tuple[int, int]
) -> _Behind:
    """The guarantee in the months of repayment."""
    other = inputs.others.get(support.guarantee)
    if other is None or not isinstance(other.params, backstop.BackstopParams):
        raise terms.refuse(
            model,
            entry.name,
            f"'{support.guarantee}' is not an entry with the model '{backstop.NAME}', so it supports nothing",
            f"let `support.guarantee` name an entry with `model: {backstop.NAME}`",
        )
    made = backstop.guarantee(other, inputs)
    first, last = (month - made.first for month in months)
    left = made.guaranteed[last:]
    if first < 0 or not left.any():
        when = inputs.calendar.date(months[1] if first >= 0 else months[0])
        raise terms.refuse(
            model,
            entry.name,
            f"'{other.name}' guarantees nothing in {when:%Y-%m}, when the loan is still owed: a guarantee cannot be "
            "counted before it holds or after it has expired",
            "let the loan mature while the guarantee holds, or leave support out",
        )
    inside = slice(first, last + 1)
    return _Behind(made.guaranteed[inside], made.exposure[inside], other.params.loss == PRO_RATA)
