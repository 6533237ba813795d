"""The model `delayed-draw`: a loan on accelerators, drawn as they are paid for, each draw repaid over its own term.

The draws, their instalments and the value of what they paid for are sums over draws of the same curve,
each begun in its own month: a convolution.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

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
    Ratio,
)
from twin_financing import debt_rows, loan, sizing, terms
from twin_financing.sizing import Limit, Uses
from twin_financing.term_debt_dates import refuse_shared_security
from twin_financing.term_debt_frames import DEBT
from twin_financing.terms import PositiveTerm

if TYPE_CHECKING:
    from twin_financing.terms import Floats

NAME = "delayed-draw"
_ROUNDING = 1e-11


class DelayedDrawParams(Params):
    """A delayed-draw term loan: a share of what is paid for equipment, month by month, within a commitment."""

    borrower: PartyRef = Field(description="party that owes")
    lender: PartyRef = Field(description="party that is owed")
    funds: DealRef = Field(description="purchase whose payments by the borrower are drawn for; the collateral")
    commitment: Money | None = Field(None, gt=0, description="most that may be drawn; no limit where not given")
    advance_rate: Fraction = Field(gt=0, description="share of a payment that is lent")
    available_until: Date | None = Field(None, description="last month in which it may be drawn")
    draw_tenor: PositiveTerm = Field(description="term of every draw, from the month after it, in level payments")
    rate: Rate = Field(ge=0, description="interest a year, nominal: base rate and margin; a twelfth is due each month")
    unused_fee: Rate = Field(0.0, ge=0, description="fee a year on what is committed and not drawn, while available")
    upfront_fee: Fraction = Field(0.0, description="fee at the first draw, as a share of the commitment")
    secured_by: tuple[DealRef, ...] = Field((), description="contracts whose net cash to the borrower pays the loan")
    dscr: Ratio | None = Field(
        None, ge=1, description="the present value of that cash over this ratio limits the loan besides"
    )
    decay: Fraction = Field(
        0.0, lt=1, description="share of its value that the equipment loses a year, of what is left each year"
    )
    max_ltv: Ratio | None = Field(None, gt=0, description="most that may be owed, as a share of the collateral's value")
    cure: Literal["none", "prepay"] = Field(
        "none", description="what happens above max_ltv: a default, or a prepayment that brings it back"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.dscr is not None and not self.secured_by:
            raise terms.wrong("dscr needs secured_by: the contracts that pay the loan")
        if (self.unused_fee or self.upfront_fee) and self.commitment is None:
            raise terms.wrong("fees on the commitment need a commitment")
        if self.cure == "prepay" and self.max_ltv is None:
            raise terms.wrong("cure needs max_ltv")
        return self


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows and balances of all loans.

    Returns:
        `cashflow` (debt_draw, interest, principal, upfront_fee, commitment_fee), `debt`, `debt_sizing`.

    Raises:
        RefusedError: a loan with nothing to draw for, or one that counts the cash of another, by name.
    """
    refuse_shared_security(inputs, NAME)
    ledger = terms.Ledger(inputs.calendar)
    made = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {
        "cashflow": ledger.frame(),
        "debt": terms.together([debt for debt, _ in made], dict(DEBT)),
        "debt_sizing": terms.together([size for _, size in made], dict(sizing.SIZING)),
    }


def _one(
    entry: Entry[DelayedDrawParams], inputs: FinancingInputs, ledger: terms.Ledger
) -> tuple[pl.DataFrame, pl.DataFrame]:
    params, calendar = entry.params, inputs.calendar
    terms.two_parties(NAME, entry.name, params.lender, params.borrower)
    paid = _paid(entry, inputs)
    cash = terms.cash_of(params.borrower, params.secured_by, inputs) if params.secured_by else np.zeros(calendar.months)
    limits, draw = _draws(entry, inputs, paid, cash)
    value = collateral(paid, params.decay)
    most = params.max_ltv if params.cure == "prepay" else None
    principal, swept = repayments(draw, params.rate / 12, int(params.draw_tenor), value, most)
    closing = np.cumsum(draw - principal)
    closing[np.abs(closing) <= _ROUNDING * float(draw.sum())] = 0.0
    interest = params.rate / 12 * np.concatenate(([0.0], closing[:-1]))
    fees = _fees(params, draw, inputs)
    balance = {"draw": draw, "interest": np.maximum(interest, 0.0), "principal": principal, "cfads": cash}
    debt_rows.serve(ledger, (entry.name, params.borrower, params.lender), balance)
    for category, amounts in fees.items():
        ledger.add(entry.name, params.borrower, params.lender, category, amounts)
    balance |= {"swept": swept, "collateral": value, "fee": fees["upfront_fee"] + fees["commitment_fee"]}
    if params.commitment is not None:
        balance["undrawn"] = np.maximum(params.commitment - np.cumsum(draw), 0.0) * _open(params, inputs)
    ltv = np.divide(closing, value, out=np.full(len(value), np.nan), where=value > 0)
    first = int(np.flatnonzero(draw)[0]) + 1
    nothing = np.full(len(value), np.nan)
    over = nothing if params.max_ltv is None else (ltv > params.max_ltv * (1 + 1e-9)).astype(float)
    ratios = {
        "dscr_ratio": loan.trailing_dscr(cash, interest + principal - swept, first) if params.secured_by else nothing,
        "ltv_ratio": ltv,
        "in_default": over,
    }
    frame = debt_rows.debt(calendar, (entry.name, params.borrower, params.lender, None), balance, ratios)
    uses = Uses(float(paid.sum()), 0.0, float(sum(fee.sum() for fee in fees.values())), 0.0)
    return frame, sizing.row(entry.name, None, float(draw.sum()), limits, uses)


def _open(params: DelayedDrawParams, inputs: FinancingInputs) -> Floats:
    """1 in the months in which it may be drawn."""
    calendar = inputs.calendar
    last = calendar.months if params.available_until is None else calendar.index(params.available_until)
    return (np.arange(calendar.months) <= last).astype(np.float64)


def _paid(entry: Entry[DelayedDrawParams], inputs: FinancingInputs) -> Floats:
    """What may be drawn for, by month."""
    params = entry.params
    rows = inputs.cashflow.filter((pl.col("deal") == params.funds) & (pl.col("payer") == params.borrower))
    rows = rows.filter(pl.col("category") == "capex")
    paid = terms.by_month(rows, inputs.calendar, np.ones(rows.height)) * _open(params, inputs)
    if not paid.any():
        until = "" if params.available_until is None else f" until {params.available_until:%Y-%m}"
        raise terms.refuse(
            NAME,
            entry.name,
            f"'{params.borrower}' buys nothing under '{params.funds}' within the calendar{until}: nothing to draw for",
            "let `funds` name a purchase by the borrower, or available_until be later",
        )
    return paid


def _draws(
    entry: Entry[DelayedDrawParams], inputs: FinancingInputs, paid: Floats, cash: Floats
) -> tuple[tuple[Limit, ...], Floats]:
    """The limits of the loan, and its draws: first come, first served, up to the least of them."""
    params, rate = entry.params, entry.params.rate / 12
    share = params.advance_rate
    limits = [Limit("advance_rate", f"an advance rate of {share:.4g}", float(share * paid.sum()))]
    if params.commitment is not None:
        limits.append(Limit("commitment", "the commitment", params.commitment))
    if params.dscr is not None:
        first = int(np.flatnonzero(paid)[0])
        later = cash[first + 1 :] @ loan.discount(rate, len(cash) - first - 1)
        last = int(np.flatnonzero(paid)[-1]) + int(params.draw_tenor)
        if last >= inputs.calendar.months:
            raise terms.refuse(
                NAME,
                entry.name,
                f"its last draw is repaid in {inputs.calendar.date(last):%Y-%m}, after the calendar ends, and the cash "
                "until then is needed to size it",
                f"let `calendar.months` be {last + 1} or more",
            )
        # Draws are worth less in the first month the later they come; the limit is in dollars drawn.
        worth = paid[first:] @ np.concatenate(([1.0], loan.discount(rate, len(paid) - first - 1))) / paid.sum()
        limits.append(Limit("dscr", f"a DSCR of {params.dscr:g}", max(float(later), 0.0) / params.dscr / worth))
    most = min(limit.usd for limit in limits)
    if most <= 0:
        raise terms.refuse(
            NAME,
            entry.name,
            "the contracts in `secured_by` leave no cash to repay it from",
            "name the deals that pay the borrower, or leave dscr out",
        )
    if min(limits, key=lambda limit: limit.usd).name == "dscr":
        return tuple(limits), share * paid * most / (share * paid.sum())
    return tuple(limits), np.diff(np.minimum(np.cumsum(share * paid), most), prepend=0.0)


def repayments(draw: Floats, rate: float, tenor: int, value: Floats, max_ltv: float | None) -> tuple[Floats, Floats]:
    """Principal by month, prepayments counted, and the prepayments alone.

    A prepayment brings the balance to `max_ltv` of the collateral and lowers all later instalments in
    proportion.

    Args:
        draw: by month.
        rate: interest a month.
        tenor: months over which every draw is repaid in level payments, from the month after it.
        value: of the collateral by month.
        max_ltv: None where nothing is prepaid.
    """
    months, curve = len(draw), loan.level(1.0, rate, tenor)
    if max_ltv is None:
        principal = np.convolve(draw, np.concatenate(([0.0], curve)))[:months]
        return principal, np.zeros(months)
    due, swept, owed = np.zeros(months + tenor + 1), np.zeros(months), 0.0
    for month in range(months):
        due[month + 1 : month + 1 + tenor] += draw[month] * curve
        owed += draw[month] - due[month]
        swept[month] = min(max(owed - max_ltv * value[month], 0.0), max(owed, 0.0))
        if swept[month] > 0:
            due[month + 1 :] *= 1 - swept[month] / owed
            owed -= swept[month]
    return due[:months] + swept, swept


def collateral(paid: Floats, decay: float) -> Floats:
    """Value of what was paid for, by month: cost · (1 - decay)^(months / 12), in sum over the payments."""
    curve = np.power(1.0 - decay, np.arange(len(paid)) / 12)
    return np.asarray(np.convolve(paid, curve)[: len(paid)])


def _fees(params: DelayedDrawParams, draw: Floats, inputs: FinancingInputs) -> dict[str, Floats]:
    first = int(np.flatnonzero(draw)[0])
    upfront = np.zeros(len(draw))
    upfront[first] = params.upfront_fee * (params.commitment or 0.0)
    unused = np.maximum((params.commitment or 0.0) - np.concatenate(([0.0], np.cumsum(draw)[:-1])), 0.0)
    live = (np.arange(len(draw)) > first) * _open(params, inputs)
    return {"upfront_fee": upfront, "commitment_fee": unused * params.unused_fee / 12 * live}


def horizon(inputs: FinancingInputs) -> int:
    """Months until a draw in the last month of availability is repaid."""
    calendar = inputs.calendar
    dated = [entry.params for entry in inputs.entries if entry.params.available_until is not None]
    return max((calendar.index(each.available_until) + int(each.draw_tenor) + 1 for each in dated), default=0)


MODEL = FinancingModel(
    name=NAME,
    doc="A loan drawn as accelerators are paid for: commitment, advance rate, term by draw, collateral decay, LTV.",
    params=DelayedDrawParams,
    run=run,
    horizon=horizon,
)
