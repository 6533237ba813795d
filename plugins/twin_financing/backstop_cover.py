"""What a guarantee of rent covers, month by month, and what a default in each month would cost whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.api import PRO_RATA, Entry, FinancingInputs, claims, owing, unpaid
from twin_financing import credit, terms
from twin_financing import lease as leases
from twin_financing.backstop_params import NAME, BackstopParams
from twin_financing.obligor import may_default_from, refuse_contradiction

if TYPE_CHECKING:
    from twin_financing.terms import Floats, Ints


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A guarantee by month, whatever the calendar covers; every array has one entry a month but where it says so.

    Attributes:
        first: month index of the first of them.
        kw: leased capacity that the fee counts.
        since: months from `first` to each commencement.
        due: payments by commencement and month, shape (commencements, months).
        exposure: what the obligor still owes, at the start of the month.
        guaranteed: what the guarantor answers for of it.
        default_from: month index from which the obligor may default.
        default: probability that it defaults in the month.
        alone: probability that the guarantor does not pay, given that the obligor has defaulted.
        lost: what a default leaves unpaid, after the site is let again, shape (months of default, months of payment).
        claim: what the guarantor is asked for of it, of the same shape.
        pays: share of the defaults in which it is called.
    """

    first: int
    kw: Floats
    since: Ints
    due: Floats
    exposure: Floats
    guaranteed: Floats
    default_from: int
    default: Floats
    alone: float
    lost: Floats
    claim: Floats
    pays: float

    @property
    def paid(self) -> Floats:
        """Probability that the obligor defaults in the month and the guarantor pays."""
        return self.default * self.pays * (1 - self.alone)

    @property
    def expected_loss(self) -> Floats:
        """Of the guarantor, by month of default."""
        return np.asarray(self.paid * self.claim.sum(axis=1))

    @property
    def beneficiary_loss(self) -> Floats:
        """What the beneficiary still expects to lose, by month of default."""
        return np.asarray(self.default * self.lost.sum(axis=1) - self.expected_loss)


def guarantee(entry: Entry[BackstopParams], inputs: FinancingInputs) -> Guarantee:
    """What is guaranteed and what may be lost, from the lease and the parameters.

    Raises:
        RefusedError: the lease is not that of the parties named, it has expired before anything commences, or its
            schedule does not fit the lease.
    """
    params = entry.params
    lease = _lease(entry, inputs)
    contract = leases.roll(params.lease, lease, inputs.phases, inputs.calendar)
    since, due = _cover(contract, lease, with_pass_through=params.covers_pass_through)
    owed = owing(since, due)
    exposure = owed.sum(axis=1)
    started = int(contract.start.max()) - contract.first if params.effective == "all-phases" else 0
    months = np.arange(len(exposure))
    guaranteed = np.where(months >= started, exposure, 0.0)
    for month, most in _limits(entry, inputs, contract.first, exposure):
        guaranteed = np.where(months >= month, np.minimum(guaranteed, most), guaranteed)
    if not guaranteed.any() and params.expires is not None:
        raise terms.refuse(
            NAME,
            entry.name,
            f"it expires in {params.expires:%Y-%m}, before anything that it guarantees has commenced",
            f"let it expire after {inputs.calendar.date(contract.first + started):%Y-%m}",
        )
    again, downtime = params.let_again
    lost = unpaid(owed, again, downtime)
    claim = claims(lost, guaranteed, exposure if params.loss == PRO_RATA else None)
    refuse_contradiction(NAME, entry.name, params.obligor, params.default_probability, inputs)
    both = credit.joint_default(params.default_probability, params.guarantor_default_probability, params.correlation)
    default_from = may_default_from(params.obligor, inputs)
    return Guarantee(
        contract.first,
        (contract.let_kw * contract.base).sum(axis=0) * (months >= started),
        since,
        due,
        exposure,
        guaranteed,
        default_from,
        credit.default_probability(len(exposure), default_from - contract.first, params.default_probability),
        both / params.default_probability if params.default_probability else 0.0,
        lost,
        claim,
        params.insolvency_share,
    )


def _cover(contract: leases.Roll, lease: leases.LeaseParams, *, with_pass_through: bool) -> tuple[Ints, Floats]:
    """Months of commencement, from the first, and the base-term payments that fall due of the phases of each.

    Args:
        contract: the rent roll.
        lease: its terms; rent that depends on use, or was paid ahead, is not owed.
        with_pass_through: whether the tenant's pass-through counts.
    """
    due = contract.rent_usd * lease.take_or_pay - leases.prepayment_credit(lease, contract)
    due += contract.tenant_through_usd if with_pass_through else 0.0
    due = np.where(contract.base, np.maximum(due, 0.0), 0.0)
    since, which = np.unique(contract.start - contract.first, return_inverse=True)
    together = np.zeros((len(since), due.shape[1]))
    np.add.at(together, which, due)
    return since, together


def _limits(
    entry: Entry[BackstopParams], inputs: FinancingInputs, first: int, exposure: Floats
) -> list[tuple[int, float]]:
    """The most that is guaranteed from a month on, counted from the first of the contract."""
    params, calendar = entry.params, inputs.calendar
    limits = [] if params.cap is None else [(0, params.cap)]
    limits += [(calendar.index(step.at) - first, step.amount) for step in params.schedule]
    last = int(np.flatnonzero(exposure)[-1]) if exposure.any() else 0
    late = [step.at for step in params.schedule if calendar.index(step.at) - first > last]
    if late:
        raise terms.refuse(
            NAME,
            entry.name,
            f"its schedule has a step in {late[0]:%Y-%m}, and the base term of '{params.lease}' ends in "
            f"{calendar.date(first + last):%Y-%m}",
            "let every step be within the base term",
        )
    if params.schedule and params.cap is None and limits[0][0] > 0:
        at = params.schedule[0].at
        raise terms.refuse(
            NAME,
            entry.name,
            f"its schedule begins in {at:%Y-%m} and says nothing of the months from {calendar.date(first):%Y-%m}, in "
            f"which '{params.lease}' has commenced",
            f"let the first step be at {calendar.date(first):%Y-%m}, or give `cap` for the months before",
        )
    if params.expires is not None:
        limits.append((calendar.index(params.expires) - first, 0.0))
    return limits


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
