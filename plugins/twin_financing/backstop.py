"""The model `backstop`: a guarantor stands behind the rent of a lease, for a fee."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.api import Entry, FinancingInputs, FinancingModel
from twin_financing import credit, terms
from twin_financing import lease as leases
from twin_financing.backstop_params import BackstopParams

if TYPE_CHECKING:
    from twin_financing.terms import Floats

__all__ = ["MODEL", "NAME", "BackstopParams", "Guarantee", "default_probability", "exposure", "guarantee", "run"]

NAME = "backstop"

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


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A guarantee by month, whatever the calendar covers; every array has one entry a month.

    Attributes:
        first: month index of the first of them.
        kw: leased capacity that the fee counts.
        exposure: what the obligor still owes, at the start of the month.
        guaranteed: what the guarantor answers for of it.
        default: probability that the obligor defaults in the month.
        alone: probability that the guarantor does not pay, given that the obligor has defaulted.
        loss: share of the exposure that is lost, after the site is let again.
        pays: share of the defaults in which the guarantor has to pay.
    """

    first: int
    kw: Floats
    exposure: Floats
    guaranteed: Floats
    default: Floats
    alone: float
    loss: Floats
    pays: float

    @property
    def expected_loss(self) -> Floats:
        """Of the guarantor."""
        return self.default * self.pays * (1 - self.alone) * self.loss * self.guaranteed

    @property
    def beneficiary_loss(self) -> Floats:
        """What the beneficiary still expects to lose."""
        return self.default * self.loss * self.exposure - self.expected_loss


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The fees, the exposure and the worth of all guarantees.

    An expected loss is a valuation and not a payment: it is in `guarantee` and not in `cashflow`.

    Returns:
        `cashflow` (guarantee_fee); `guarantee`, for the months in which something is guaranteed;
        `guarantee_value`, one row a guarantee.
    """
    ledger = terms.Ledger(inputs.calendar)
    monthly, values = [], []
    for entry in inputs.entries:
        made = guarantee(entry, inputs)
        fee = _fee(entry.params, made)
        if fee.any():
            terms.two_parties(NAME, entry.name, entry.params.payer, entry.params.guarantor)
            placed = terms.place(made.first, fee, inputs.calendar.months)
            ledger.add(entry.name, entry.params.payer, entry.params.guarantor, "guarantee_fee", placed)
        monthly.append(_monthly(entry, made, inputs))
        values.append(_value(entry, made, fee, inputs))
    return {
        "cashflow": ledger.frame(),
        "guarantee": terms.together(monthly, _WHOLE),
        "guarantee_value": terms.together(values, GUARANTEE_VALUE),
    }


def guarantee(entry: Entry[BackstopParams], inputs: FinancingInputs) -> Guarantee:
    """What is guaranteed and what may be lost, from the lease and the parameters.

    Raises:
        RefusedError: the lease is not that of the parties named, or it has expired before anything commences.
    """
    params = entry.params
    lease = _lease(entry, inputs)
    contract = leases.roll(params.lease, lease, inputs.phases, inputs.calendar)
    owed = exposure(contract, lease, with_pass_through=params.covers_pass_through)
    started = int(contract.start.max()) - contract.first if params.effective == "all-phases" else 0
    months = np.arange(len(owed))
    guaranteed = np.where(months >= started, owed, 0.0)
    for month, most in _limits(params, inputs, contract.first):
        guaranteed = np.where(months >= month, np.minimum(guaranteed, most), guaranteed)
    if not guaranteed.any() and params.expires is not None:
        raise terms.refuse(
            NAME,
            entry.name,
            f"it expires in {params.expires:%Y-%m}, before anything that it guarantees has commenced",
            f"let it expire after {inputs.calendar.date(contract.first + started):%Y-%m}",
        )
    both = credit.joint_default(params.default_probability, params.guarantor_default_probability, params.correlation)
    return Guarantee(
        contract.first,
        (contract.let_kw * contract.base).sum(axis=0) * (months >= started),
        owed,
        guaranteed,
        default_probability(owed, params.default_probability),
        both / params.default_probability if params.default_probability else 0.0,
        _lost(params, owed),
        params.insolvency_share,
    )


def default_probability(owed: Floats, per_year: float) -> Floats:
    """Probability that the obligor survives to a month and defaults in it, counted while something is owed."""
    return credit.default_probability(owed > 0, per_year)


def _limits(params: BackstopParams, inputs: FinancingInputs, first: int) -> list[tuple[int, float]]:
    """The most that is guaranteed from a month on, counted from the first of the contract."""
    limits = [] if params.cap is None else [(0, params.cap)]
    limits += [(inputs.calendar.index(step.at) - first, step.amount) for step in params.schedule]
    if params.expires is not None:
        limits.append((inputs.calendar.index(params.expires) - first, 0.0))
    return limits


def _lost(params: BackstopParams, owed: Floats) -> Floats:
    """Share of what is owed that is not recovered by letting the site again."""
    if params.relet is None:
        return np.full(len(owed), 1 - params.recovery)
    later = np.append(owed, np.zeros(int(params.relet.downtime)))[int(params.relet.downtime) :]
    # While phases commence, what is owed grows; a later month cannot bring more than what is owed now.
    share = np.divide(np.minimum(later, owed), owed, out=np.zeros(len(owed)), where=owed > 0)
    return np.asarray(1 - params.relet.rent_share * share)


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

    def worth(values: Floats) -> float:
        return float(terms.place(made.first, values, months) @ factors)

    warrants = 0.0 if params.warrants is None else params.warrants.value_usd()
    lost, earned, at_stake = worth(made.expected_loss), worth(fee), worth(made.guaranteed) / 12
    net = earned + warrants - lost
    in_force = made.guaranteed > 0
    values = (
        float(terms.place(made.first, made.guaranteed, months).max(initial=0.0)),
        earned,
        warrants,
        lost,
        net,
        net / at_stake if at_stake > 0 else 0.0,
        float(terms.place(made.first, made.default * in_force, months).sum() * made.pays),
        worth(made.default * made.loss * made.exposure),
        worth(made.beneficiary_loss),
    )
    frame = pl.DataFrame([values], schema=dict.fromkeys(_VALUES, pl.Float64()), orient="row")
    return frame.with_columns(_named(params, entry.name)).select(list(GUARANTEE_VALUE))


def exposure(contract: leases.Roll, lease: leases.LeaseParams, *, with_pass_through: bool) -> Floats:
    """Base-term payments still to come at the start of each month, of the phases that have commenced.

    Args:
        contract: the rent roll.
        lease: its terms; rent that depends on use, or was paid ahead, is not owed.
        with_pass_through: whether the tenant's pass-through counts.
    """
    owed = contract.rent_usd * lease.take_or_pay - leases.prepayment_credit(lease, contract)
    owed += contract.tenant_through_usd if with_pass_through else 0.0
    owed = np.where(contract.base, owed, 0.0)
    ahead = np.cumsum(owed[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(np.where(contract.base, ahead, 0.0).sum(axis=0))


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
    doc="A guarantee of a lease's remaining base-term rent: burn-down, cap, fee, warrants, expected loss.",
    params=BackstopParams,
    run=run,
)
