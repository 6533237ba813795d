"""The model `backstop`: a guarantor stands behind the rent of a lease, for a fee."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.api import Entry, FinancingInputs, FinancingModel
from twin_financing import credit, terms
from twin_financing.backstop_cover import Guarantee, guarantee
from twin_financing.backstop_params import NAME, BackstopParams

if TYPE_CHECKING:
    from twin_financing.terms import Floats

__all__ = ["MODEL", "NAME", "BackstopParams", "Guarantee", "guarantee", "run"]

_PARTIES = ("deal", "guarantor", "beneficiary", "obligor")
_MONTHLY = (
    "guaranteed_usd",
    "default_probability_fraction",
    "expected_loss_usd",
    "joint_default_probability_fraction",
    "exposure_usd",
    "beneficiary_loss_usd",
)
GUARANTEE = {
    "month": pl.Date(),
    **dict.fromkeys(_PARTIES, pl.String()),
    **dict.fromkeys(_MONTHLY[:3], pl.Float64()),
}
"""What every guarantee says by month."""

_WHOLE = {**GUARANTEE, **dict.fromkeys(_MONTHLY[3:], pl.Float64())}
_VALUES = (
    "peak_usd",
    "fee_pv_usd",
    "warrants_usd",
    "expected_loss_pv_usd",
    "net_pv_usd",
    "return_per_year",
    "call_probability_fraction",
    "unguaranteed_loss_pv_usd",
    "beneficiary_loss_pv_usd",
)
GUARANTEE_VALUE = {**dict.fromkeys(_PARTIES, pl.String()), **dict.fromkeys(_VALUES, pl.Float64())}
TERMS = {
    **dict.fromkeys((*_PARTIES, "covers", "loss"), pl.String()),
    "default_from": pl.Date(),
    **dict.fromkeys(
        (
            "default_per_year",
            "guarantor_default_per_year",
            "honoured_fraction",
            "called_fraction",
            "relet_fraction",
        ),
        pl.Float64(),
    ),
    "downtime_months": pl.Int64(),
}
_COVER = {"month": pl.Date(), "deal": pl.String(), "since": pl.Date(), "due_usd": pl.Float64()}


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The fees, the exposure and the worth of all guarantees.

    An expected loss is a valuation and not a payment: it is in `guarantee` and not in `cashflow`.

    Returns:
        `cashflow` (guarantee_fee); `guarantee`, for the months in which something is guaranteed;
        `guarantee_value` and `guarantee_terms`, one row a guarantee; `guarantee_cover`, what is owed by commencement.
    """
    ledger = terms.Ledger(inputs.calendar)
    monthly, values, contracts, covers = [], [], [], []
    for entry in inputs.entries:
        _refuse_second(entry, inputs)
        made = guarantee(entry, inputs)
        fee = _fee(entry.params, made)
        if fee.any():
            terms.two_parties(NAME, entry.name, entry.params.payer, entry.params.guarantor)
            placed = terms.place(made.first, fee, inputs.calendar.months)
            ledger.add(entry.name, entry.params.payer, entry.params.guarantor, "guarantee_fee", placed)
        monthly.append(_monthly(entry, made, inputs))
        values.append(_value(entry, made, fee, inputs))
        contracts.append(_terms(entry, made, inputs))
        covers.append(_covered(entry.name, made, inputs))
    return {
        "cashflow": ledger.frame(),
        "guarantee": terms.together(monthly, _WHOLE),
        "guarantee_value": terms.together(values, GUARANTEE_VALUE),
        "guarantee_terms": terms.together(contracts, TERMS),
        "guarantee_cover": terms.together(covers, _COVER),
    }


def _refuse_second(entry: Entry[BackstopParams], inputs: FinancingInputs) -> None:
    """Refuse two guarantees of one rent: who pays first, and what is left for the other, is in neither."""
    for other in (*inputs.entries, *inputs.others.values()):
        if other.name != entry.name and isinstance(other.params, BackstopParams):
            if other.params.lease != entry.params.lease:
                continue
            raise terms.refuse(
                NAME,
                entry.name,
                f"'{other.name}' guarantees the rent of '{entry.params.lease}' too; each is paid for all of it",
                "make them one guarantee",
            )


def _fee(params: BackstopParams, made: Guarantee) -> Floats:
    if params.fee is not None:
        return made.kw * params.fee * (made.guaranteed > 0)
    return made.guaranteed * (params.fee_rate or 0.0) / 12


def _named(params: BackstopParams, deal: str) -> list[pl.Expr]:
    names = (deal, params.guarantor, params.beneficiary, params.obligor)
    return [pl.lit(name, pl.String).alias(column) for column, name in zip(_PARTIES, names, strict=True)]


def _monthly(entry: Entry[BackstopParams], made: Guarantee, inputs: FinancingInputs) -> pl.DataFrame:
    columns = (
        made.guaranteed,
        made.default,
        made.expected_loss,
        made.default * made.alone,
        made.exposure,
        made.beneficiary_loss,
    )
    months = inputs.calendar.months
    frame = pl.DataFrame(
        {name: terms.place(made.first, values, months) for name, values in zip(_MONTHLY, columns, strict=True)}
    )
    return (
        frame.with_columns(
            pl.Series("month", inputs.calendar.dates(), dtype=pl.Date), *_named(entry.params, entry.name)
        )
        .filter(pl.col("guaranteed_usd") > 0)
        .select(list(_WHOLE))
    )


def _value(entry: Entry[BackstopParams], made: Guarantee, fee: Floats, inputs: FinancingInputs) -> pl.DataFrame:
    """What a guarantee is worth to both sides, at the file's discount rate, from the first month of the calendar."""
    params, months = entry.params, inputs.calendar.months
    factors = (1 + inputs.discount_per_year) ** (-np.arange(months) / 12)
    when_due = (1 + inputs.discount_per_year) ** (-(made.first + np.arange(len(made.default))) / 12)

    def worth(values: Floats) -> float:
        return float(terms.place(made.first, values, months) @ factors)

    def expected(chance: Floats, due: Floats) -> float:
        """Present value of what defaults within the calendar leave due, each payment in its own month."""
        return float(np.sum(terms.place(made.first, chance * (due @ when_due), months)))

    warrants = 0.0 if params.warrants is None else params.warrants.value_usd()
    # an obligor that has defaulted pays no fee either
    risky = params.default_probability if params.payer == params.obligor else 0.0
    kept = credit.survival(len(fee), made.default_from - made.first, risky)
    lost, earned, at_stake = expected(made.paid, made.claim), worth(fee * kept), worth(made.guaranteed) / 12
    unguaranteed = expected(made.default, made.lost)
    net = earned + warrants - lost
    values = (
        float(terms.place(made.first, made.guaranteed, months).max(initial=0.0)),
        earned,
        warrants,
        lost,
        net,
        net / at_stake if at_stake > 0 else 0.0,
        float(terms.place(made.first, made.default * (made.claim.sum(axis=1) > 0), months).sum() * made.pays),
        unguaranteed,
        unguaranteed - lost,
    )
    frame = pl.DataFrame([values], schema=dict.fromkeys(_VALUES, pl.Float64()), orient="row")
    return frame.with_columns(_named(params, entry.name)).select(list(GUARANTEE_VALUE))


def _terms(entry: Entry[BackstopParams], made: Guarantee, inputs: FinancingInputs) -> pl.DataFrame:
    """What scenarios and shocks read of the contract."""
    params = entry.params
    again, downtime = params.let_again
    values = {
        "covers": params.lease,
        "loss": params.loss,
        "default_from": inputs.calendar.date(made.default_from),
        "default_per_year": params.default_probability,
        "guarantor_default_per_year": params.guarantor_default_probability,
        "honoured_fraction": 1.0 - made.alone,
        "called_fraction": params.insolvency_share,
        "relet_fraction": again,
        "downtime_months": downtime,
    }
    frame = pl.DataFrame([values], schema={name: TERMS[name] for name in values}, orient="row")
    return frame.with_columns(_named(params, entry.name)).select(list(TERMS))


def _covered(deal: str, made: Guarantee, inputs: FinancingInputs) -> pl.DataFrame:
    """What is owed by commencement and month of the calendar."""
    calendar = inputs.calendar
    frames = [
        pl.DataFrame(
            {
                "month": pl.Series(calendar.dates(), dtype=pl.Date),
                "deal": pl.repeat(deal, calendar.months, dtype=pl.String, eager=True),
                "since": pl.repeat(calendar.date(made.first + int(since)), calendar.months, dtype=pl.Date, eager=True),
                "due_usd": terms.place(made.first, due, calendar.months),
            },
            schema=_COVER,
        ).filter(pl.col("due_usd") > 0)
        for since, due in zip(made.since, made.due, strict=True)
    ]
    return pl.concat(frames)


MODEL = FinancingModel(
    name=NAME,
    doc="A guarantee of a lease's remaining base-term rent: burn-down, cap, fee, warrants, expected loss.",
    params=BackstopParams,
    run=run,
)
