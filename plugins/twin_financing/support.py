"""Debt priced with a guarantor behind the rent that pays it: blended spread, and the debt sized again at it.

    rate = rate without support - s_tenant + s*,  s* = w · s_guarantor + (1 - w) · s_tenant,  w = min(1, G / debt)

G is what is guaranteed in the month of the first repayment.  Where the debt is sized by its rate, both are
solved together: more debt lowers w, which raises the rate, which lowers the debt, so there is one answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import polars as pl
from pydantic import Field, model_validator

from twin.api import DealRef, Params, Rate
from twin_financing import backstop, credit, terms
from twin_financing.roots import root

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.api import Entry, FinancingInputs

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
}


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


def supported_rate(
    model: str,
    entry: Entry[Any],
    support: SupportParams,
    inputs: FinancingInputs,
    months: tuple[int, int],
    sized: Callable[[float], float],
) -> tuple[float, pl.DataFrame]:
    """The rate at which rate and debt fit each other, and its row of table `debt_pricing`.

    Args:
        model: name of the model of the loan, for messages.
        entry: the loan; its parameters have a `rate`, that without support.
        support: the guarantee and the spreads.
        inputs: as the loan's model is given.
        months: month index of the first repayment, and of maturity.
        sized: rate a year -> debt when repayment starts.

    Raises:
        RefusedError: what is named is no guarantee, or it guarantees nothing at maturity any more.
    """
    rate = float(entry.params.rate)
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
    guaranteed = float(made.guaranteed[first])
    spreads = support.tenant_spread, support.guarantor_spread

    def priced(debt: float) -> float:
        return rate - spreads[0] + credit.blended_spread(*spreads, guaranteed, debt)

    best = rate - spreads[0] + spreads[1]
    at = best
    if priced(sized(best)) > best:
        at = root(lambda one: priced(sized(one)) - one, best, rate, xtol=1e-15, rtol=1e-14)
    debt = sized(at)
    weight = 1.0 if debt <= 0 else min(1.0, guaranteed / debt)
    figures = (guaranteed, debt, weight, at, rate, sized(rate), (rate - at) * debt)
    row = (entry.name, other.name, *figures)
    return at, pl.DataFrame([row], schema=DEBT_PRICING, orient="row")
