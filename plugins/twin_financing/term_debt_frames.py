"""What a `term-debt` leaves in the tables: flows, balance, size, and what its cash goes to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_financing import loan, sizing, terms
from twin_financing.cascade import lock_ups

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twin.api import Entry, FinancingInputs
    from twin_financing.cascade import Cascade
    from twin_financing.sizing import Limit, Uses
    from twin_financing.term_debt_dates import Dates
    from twin_financing.term_debt_params import TermDebtParams
    from twin_financing.terms import Floats

DEBT: Mapping[str, pl.DataType] = {
    "month": pl.Date(),
    "deal": pl.String(),
    "borrower": pl.String(),
    "lender": pl.String(),
    **{
        f"{name}_usd": pl.Float64()
        for name in ("opening", "draw", "interest", "capitalised", "principal", "closing", "cfads")
    },
    "dscr_ratio": pl.Float64(),
    "llcr_ratio": pl.Float64(),
    "tranche": pl.String(),
    "seniority": pl.Int64(),
    **{f"{name}_usd": pl.Float64() for name in ("undrawn", "fee", "swept", "balloon", "reserve", "collateral")},
    "ltv_ratio": pl.Float64(),
    "locked_up": pl.Boolean(),
    "in_default": pl.Boolean(),
}
WATERFALL: Mapping[str, pl.DataType] = {
    "month": pl.Date(),
    "deal": pl.String(),
    "step": pl.Int64(),
    "use": pl.String(),
    "party": pl.String(),
    **{f"{name}_usd": pl.Float64() for name in ("available", "due", "paid", "left", "short")},
}
SCHEMAS: Mapping[str, dict[str, pl.DataType]] = {
    "debt": dict(DEBT),
    "debt_sizing": dict(sizing.SIZING),
    "waterfall": dict(WATERFALL),
}


@dataclass(frozen=True, slots=True)
class Built:
    """A loan until the month before its first repayment; arrays by month from the first draw.

    Attributes:
        size: all that is drawn.
        draw, equity: who pays.
        interest, capitalised: accrued, and the part of it added to the balance.
        upfront, commitment: fees.
        undrawn: at the end of the month.
        reserve: funded in the last month.
        limits, uses: how it was sized.
    """

    size: float
    draw: Floats
    equity: Floats
    interest: Floats
    capitalised: Floats
    upfront: Floats
    commitment: Floats
    undrawn: Floats
    reserve: float
    limits: tuple[Limit, ...]
    uses: Uses

    @property
    def closing(self) -> Floats:
        """Balance at the end of each month."""
        return np.cumsum(self.draw + self.capitalised)

    @property
    def balance(self) -> float:
        """Balance when repayment starts."""
        return float(self.closing[-1])


def pay(entry: Entry[TermDebtParams], ledger: terms.Ledger, when: Dates, built: Built, repaid: Cascade) -> None:
    """The flows of a loan."""
    params, none = entry.params, np.zeros(when.count)
    months = ledger.calendar.months
    funded = np.zeros(when.grace)
    funded[-1] = built.reserve
    bank, firm = params.lender, params.borrower
    account = params.reserve_account or bank
    if params.reserve_months:
        terms.two_parties("term-debt", entry.name, firm, account)
    flows = (
        (bank, firm, "debt_draw", built.draw, none),
        (firm, bank, "upfront_fee", built.upfront, none),
        (firm, bank, "commitment_fee", built.commitment, none),
        (firm, bank, "interest", built.interest - built.capitalised, repaid.interest),
        (firm, bank, "principal", np.zeros(when.grace), repaid.principal + repaid.swept + repaid.balloon),
        (firm, account, "reserve_funding", funded, np.maximum(repaid.topped_up - repaid.released, 0.0)),
        (account, firm, "reserve_release", np.zeros(when.grace), np.maximum(repaid.released - repaid.topped_up, 0.0)),
    )
    for payer, payee, category, before, after in flows:
        ledger.add(entry.name, payer, payee, category, terms.place(when.draw, np.concatenate((before, after)), months))
    if params.sponsor is not None:
        terms.two_parties("term-debt", entry.name, params.sponsor, firm)
        paid_in = terms.place(when.draw, built.equity, months)
        ledger.add(entry.name, params.sponsor, firm, "equity_contribution", paid_in)


def tables(
    entry: Entry[TermDebtParams], inputs: FinancingInputs, when: Dates, built: Built, repaid: Cascade, cfads: Floats
) -> dict[str, pl.DataFrame]:
    """The tables of a loan; `cfads` from the first draw to maturity."""
    out = {
        "debt": _debt(entry, inputs, when, built, repaid, cfads),
        "debt_sizing": sizing.row(entry.name, None, built.size, built.limits, built.uses),
    }
    if entry.params.secured_by:
        out["waterfall"] = _waterfall(entry, inputs, when, repaid)
    return out


def _debt(
    entry: Entry[TermDebtParams], inputs: FinancingInputs, when: Dates, built: Built, repaid: Cascade, cfads: Floats
) -> pl.DataFrame:
    params, none, before = entry.params, np.zeros(when.count), np.zeros(when.grace)
    closing = np.concatenate((built.closing, repaid.closing))
    opening = np.concatenate(([0.0], closing[:-1]))
    service = np.concatenate((built.interest - built.capitalised, repaid.interest + repaid.principal))
    held = before.copy()
    held[-1] = built.reserve
    columns = {
        "opening": opening,
        "draw": np.concatenate((built.draw, none)),
        "interest": np.concatenate((built.interest, repaid.interest)),
        "capitalised": np.concatenate((built.capitalised, none)),
        "principal": np.concatenate((before, repaid.principal + repaid.swept + repaid.balloon)),
        "closing": closing,
        "cfads": cfads,
        "undrawn": np.concatenate((built.undrawn, none)),
        "fee": np.concatenate((built.upfront + built.commitment, none)),
        "swept": np.concatenate((before, repaid.swept)),
        "balloon": np.concatenate((before, repaid.balloon)),
        "reserve": np.concatenate((held, repaid.reserve)),
        "collateral": np.full(len(closing), np.nan if params.value is None else params.value),
    }
    # What is left for maturity is refinanced, as in the DSCR: the cash until then covers the rest.
    balloon = float(repaid.balloon.sum()) * loan.discount(params.rate / 12, len(opening))[::-1]
    ratios = _ratios(params, inputs, when, cfads, opening - balloon, service)
    shown = max(min(inputs.calendar.months - when.draw, len(closing)), 0)
    frame = pl.DataFrame(
        {f"{name}_usd": values[:shown] for name, values in columns.items()}
        | {name: values[:shown] for name, values in ratios.items()}
    )
    return frame.with_columns(
        pl.Series("month", [inputs.calendar.date(when.draw + i) for i in range(shown)], dtype=pl.Date),
        deal=pl.lit(entry.name, pl.String),
        borrower=pl.lit(params.borrower, pl.String),
        lender=pl.lit(params.lender, pl.String),
        tranche=pl.lit(None, pl.String),
        seniority=pl.lit(_seniority(entry, inputs), pl.Int64),
        dscr_ratio=pl.col("dscr_ratio").fill_nan(None),
        llcr_ratio=pl.col("llcr_ratio").fill_nan(None),
        collateral_usd=pl.col("collateral_usd").fill_nan(None),
        ltv_ratio=pl.col("closing_usd") / pl.col("collateral_usd").fill_nan(None),
        locked_up=pl.col("locked_up") if params.lock_up is not None else pl.lit(None, pl.Boolean),
        in_default=pl.col("in_default") if params.default_below is not None else pl.lit(None, pl.Boolean),
    ).select(list(DEBT))


def _ratios(
    params: TermDebtParams, inputs: FinancingInputs, when: Dates, cfads: Floats, opening: Floats, service: Floats
) -> dict[str, Floats | NDArray[np.bool_]]:
    unknown = np.full(len(cfads), np.nan)
    secured = bool(params.secured_by)
    whole = secured and when.maturity < inputs.calendar.months
    return {
        "dscr_ratio": loan.trailing_dscr(cfads, service, when.grace) if secured else unknown,
        "llcr_ratio": loan.llcr(cfads, opening, params.rate / 12, when.grace) if whole else unknown,
        "locked_up": lock_ups(cfads, service, when.grace, params.lock_up or 0.0),
        "in_default": lock_ups(cfads, service, when.grace, params.default_below or 0.0),
    }


def _seniority(entry: Entry[TermDebtParams], inputs: FinancingInputs) -> int:
    ahead = inputs.debt.filter(pl.col("deal").is_in(list(entry.params.behind)))["seniority"].drop_nulls().to_list()
    return 1 + max(ahead, default=0)


def _waterfall(entry: Entry[TermDebtParams], inputs: FinancingInputs, when: Dates, repaid: Cascade) -> pl.DataFrame:
    params = entry.params
    account = params.reserve_account or params.lender
    steps = (
        ("interest", params.lender, repaid.interest, repaid.paid_interest),
        ("principal", params.lender, repaid.principal, repaid.paid_principal),
        ("reserve", account, repaid.reserve_due, repaid.topped_up),
        ("sweep", params.lender, repaid.sweep_due, repaid.swept),
        ("left", params.borrower, repaid.left, repaid.left),
    )
    return cascade_rows(entry.name, inputs, when.repay, repaid.cash, steps)


def cascade_rows(
    deal: str, inputs: FinancingInputs, first: int, cash: Floats, steps: tuple[tuple[str, str, Floats, Floats], ...]
) -> pl.DataFrame:
    """Table `waterfall` of one deal.

    Args:
        deal: its name.
        inputs: of the run.
        first: month index of the first entry of the arrays.
        cash: available by month.
        steps: use, party, dollars due and dollars paid by month, in order.
    """
    shown = max(min(inputs.calendar.months - first, len(cash)), 0)
    month = pl.Series([inputs.calendar.date(first + i) for i in range(shown)], dtype=pl.Date)
    available, frames = cash, []
    for step, (use, party, due, paid) in enumerate(steps, 1):
        # Sums of the same dollars in another order differ by rounding, and no cash is below zero.
        left = np.maximum(available - paid, 0.0)
        columns = {"available": available, "due": due, "paid": paid, "left": left, "short": np.maximum(due - paid, 0.0)}
        frames.append(
            pl.DataFrame({f"{name}_usd": values[:shown] for name, values in columns.items()}).with_columns(
                month=month,
                deal=pl.lit(deal, pl.String),
                step=pl.lit(step, pl.Int64),
                use=pl.lit(use, pl.String),
                party=pl.lit(party, pl.String),
            )
        )
        available = left
    return pl.concat(frames).select(list(WATERFALL)).sort("month", "step", maintain_order=True)
