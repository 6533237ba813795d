"""The model `backstop`: a guarantor stands behind the rent of a lease, for a fee."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl
from pydantic import Field, model_validator

from twin.api import (
    DealRef,
    Entry,
    FinancingInputs,
    FinancingModel,
    Fraction,
    Money,
    MoneyPerPowerMonth,
    Params,
    PartyRef,
    Rate,
)
from twin_financing import lease as leases
from twin_financing import terms

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin_financing.terms import Floats

NAME = "backstop"

GUARANTEE = {
    "month": pl.Date(),
    "deal": pl.String(),
    "guarantor": pl.String(),
    "beneficiary": pl.String(),
    "obligor": pl.String(),
    "guaranteed_usd": pl.Float64(),
    "default_probability_fraction": pl.Float64(),
    "expected_loss_usd": pl.Float64(),
}


class BackstopParams(Params):
    """A guarantee of the remaining base-term rent of every phase that has commenced."""

    guarantor: PartyRef = Field(description="party that pays if the obligor does not")
    obligor: PartyRef = Field(description="party whose rent is guaranteed: the tenant of the lease")
    beneficiary: PartyRef = Field(description="party that is protected: the landlord of the lease")
    lease: DealRef = Field(description="entry of `deals:` with the model `lease` whose rent is guaranteed")
    covers_pass_through: bool = Field(
        default=False, description="whether the pass-through of a triple net lease is guaranteed beside the rent"
    )
    cap: Money | None = Field(
        None, description="most that is guaranteed at any time; the whole remainder where not given"
    )
    fee: MoneyPerPowerMonth | None = Field(
        None, description="fee on the leased capacity that has commenced; give either this or fee_rate"
    )
    fee_rate: Rate | None = Field(
        None, ge=0, description="fee a year as a share of the guaranteed amount; give either this or fee"
    )
    fee_payer: PartyRef | None = Field(None, description="party that pays the fee; the obligor where not given")
    default_probability: Rate = Field(
        ge=0,
        le=1,
        description="assumption: probability a year that the obligor defaults, having not before; "
        "counted from the first commencement",
    )
    recovery: Fraction = Field(
        0.0, description="assumption: share of the exposure that is recovered by letting the site again"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.fee is not None and self.fee_rate is not None:
            raise terms.wrong("both fee and fee_rate are given; give one of them")
        if self.guarantor == self.obligor:
            raise terms.wrong("the guarantor is the obligor; a promise to oneself guarantees nothing")
        return self

    @property
    def payer(self) -> str:
        """Who pays the fee."""
        return self.obligor if self.fee_payer is None else self.fee_payer


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The fees and the exposure of all guarantees.

    An expected loss is a valuation and not a payment: it is in `guarantee` and not in `cashflow`.

    Returns:
        `cashflow` (guarantee_fee) and `guarantee`, for the months in which something is guaranteed.
    """
    ledger = terms.Ledger(inputs.calendar)
    frames = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {"cashflow": ledger.frame(), "guarantee": terms.together(frames, GUARANTEE)}


def _one(entry: Entry[BackstopParams], inputs: FinancingInputs, ledger: terms.Ledger) -> pl.DataFrame:
    params, months = entry.params, inputs.calendar.months
    lease = _lease(entry, inputs)
    contract = leases.roll(params.lease, lease, inputs.phases, inputs.calendar)
    guaranteed = exposure(contract, with_pass_through=params.covers_pass_through)
    if params.cap is not None:
        guaranteed = np.minimum(guaranteed, params.cap)
    default = default_probability(guaranteed, params.default_probability)
    if params.fee is not None:
        fee = (contract.kw[:, None] * contract.base).sum(axis=0) * params.fee
    else:
        fee = guaranteed * (params.fee_rate or 0.0) / 12
    if fee.any():
        terms.two_parties(NAME, entry.name, params.payer, params.guarantor)
        ledger.add(
            entry.name, params.payer, params.guarantor, "guarantee_fee", terms.place(contract.first, fee, months)
        )
    columns = {
        "guaranteed_usd": guaranteed,
        "default_probability_fraction": default,
        "expected_loss_usd": default * (1 - params.recovery) * guaranteed,
    }
    frame = pl.DataFrame({name: terms.place(contract.first, values, months) for name, values in columns.items()})
    return (
        frame.with_columns(
            pl.Series("month", inputs.calendar.dates(), dtype=pl.Date),
            deal=pl.lit(entry.name, pl.String),
            guarantor=pl.lit(params.guarantor, pl.String),
            beneficiary=pl.lit(params.beneficiary, pl.String),
            obligor=pl.lit(params.obligor, pl.String),
        )
        .filter(pl.col("guaranteed_usd") > 0)
        .select(list(GUARANTEE))
    )


def exposure(contract: leases.Roll, *, with_pass_through: bool) -> Floats:
    """Base-term payments still to come at the start of each month, of the phases that have commenced."""
    owed = contract.rent_usd + (contract.tenant_through_usd if with_pass_through else 0.0)
    owed = np.where(contract.base, owed, 0.0)
    ahead = np.cumsum(owed[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.where(contract.base, ahead, 0.0).sum(axis=0))


def default_probability(guaranteed: Floats, per_year: float) -> Floats:
    """Probability that the obligor survives to a month and defaults in it: S_t-1 · h, h = 1 - (1 - p)^(1/12).

    Survival counts from the first month in which something is guaranteed.
    """
    in_force = guaranteed > 0
    past: NDArray[np.int64] = np.cumsum(in_force) - in_force
    survive = (1.0 - per_year) ** (1 / 12)
    return np.where(in_force, survive**past * (1 - survive), 0.0)


def _lease(entry: Entry[BackstopParams], inputs: FinancingInputs) -> leases.LeaseParams:
    params = entry.params
    other = inputs.others.get(params.lease)
    if other is None or not isinstance(other.params, leases.LeaseParams):
        raise terms.refuse(
            NAME,
            entry.name,
            f"'{params.lease}' is not an entry with the model '{leases.NAME}', so its base term is not known",
            f"let `lease` name an entry with `model: {leases.NAME}`",
        )
    for ours, theirs, role in (
        (params.obligor, other.params.tenant, "tenant"),
        (params.beneficiary, other.params.landlord, "landlord"),
    ):
        if ours != theirs:
            word = "obligor" if role == "tenant" else "beneficiary"
            raise terms.refuse(
                NAME,
                entry.name,
                f"the {word} '{ours}' is not the {role} '{theirs}' of '{params.lease}'",
                f"write `{word}: {theirs}`",
            )
    if params.covers_pass_through and other.params.basis == "gross":
        raise terms.refuse(
            NAME,
            entry.name,
            f"'{params.lease}' is gross: the tenant owes no pass-through that could be guaranteed",
            "leave covers_pass_through out",
        )
    return other.params


MODEL = FinancingModel(
    name=NAME,
    doc="A guarantee of a lease's remaining base-term rent, with fee, cap and expected loss.",
    params=BackstopParams,
    run=run,
)
