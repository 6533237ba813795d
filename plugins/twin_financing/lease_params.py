"""What a lease says: parameters of the model `lease`, and which of them go together."""

from __future__ import annotations

from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from twin.api import (
    Date,
    Fraction,
    Money,
    MoneyPerEnergy,
    MoneyPerPower,
    MoneyPerPowerMonth,
    Params,
    PartyRef,
    Power,
    Rate,
    Ratio,
    SiteRef,
)
from twin_financing import terms
from twin_financing.lease_accounting_params import AccountingParams
from twin_financing.terms import PositiveTerm, Rise, WholeTerm

Basis = Literal["gross", "modified-gross", "nnn"]


class IndexParams(Params):
    """Rent that follows an index, once a year, within a collar."""

    path: tuple[Rise, ...] = Field(
        min_length=1, description="assumption: rise of the index by year of the lease, in order; the last one goes on"
    )
    floor: Rate | None = Field(None, gt=-1, description="least rise of the rent in a year; none where not given")
    cap: Rate | None = Field(None, gt=-1, description="most that the rent rises in a year; no limit where not given")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.floor is not None and self.cap is not None and self.floor > self.cap:
            raise terms.wrong("the floor of the index is above its cap; exchange them")
        return self


class SlaTier(Params):
    """One line of a credit schedule."""

    below: Fraction = Field(description="share of the IT load in service below which this credit is due")
    credit: Fraction = Field(description="share of the month's base rent that is credited")


class ModificationParams(Params):
    """A change of the contract on its way: fewer kW, another rent."""

    at: Date = Field(description="first month of the changed contract")
    capacity_kept: Fraction = Field(1.0, gt=0, description="share of the contract capacity that the tenant keeps")
    rent: MoneyPerPowerMonth | None = Field(
        None, description="base rent from then on, escalating on the same anniversaries; unchanged where not given"
    )
    rate: Rate | None = Field(None, ge=0, description="discount rate of that day, which lease accounting asks for")


class LeaseParams(Params):
    """Rent of IT power at a site: rent_t = kW · p0 · (1 + e)^floor((t - c) / 12), c each phase's commencement."""

    landlord: PartyRef = Field(description="party that owns the site and is paid the rent")
    tenant: PartyRef = Field(description="party that has the use of the site and pays the rent")
    site: SiteRef = Field(description="site that is leased")
    kind: Literal["powered-shell", "colocation", "build-to-suit"] | None = Field(
        None,
        description="powered-shell: the tenant buys its own energy; colocation: the landlord does and passes it on "
        "(power); build-to-suit: of use to this tenant alone, which lease accounting asks for; any where not given",
    )
    capacity: Power | None = Field(
        None, gt=0, description="contract capacity in IT power; the IT load of the whole site where not given"
    )
    rent: MoneyPerPowerMonth = Field(description="base rent in the first year of each phase")
    basis: Basis = Field(
        "nnn",
        description="who pays operation, taxes and insurance: the tenant (nnn), the landlord (gross), or the landlord "
        "up to expense_stop and the tenant what exceeds it (modified-gross)",
    )
    expense_stop: MoneyPerPowerMonth | None = Field(
        None, description="modified-gross: the landlord's share of pass_through; its first year where not given"
    )
    take_or_pay: Fraction = Field(
        1.0, description="share of contract capacity that rent is due on, used or not; above it, on what is in use"
    )
    escalator: Rise = Field(
        0.0, gt=-1, description="rise of the base rent on each anniversary of a phase's commencement"
    )
    index: IndexParams | None = Field(None, description="an index that the rent follows in place of the escalator")
    term: PositiveTerm = Field(description="base term; every phase runs its own full term from its commencement")
    commencement: Literal["energised", "contract"] = Field(
        "energised",
        description="when a phase commences: as it is energised, or on its contract date if it is energised by then",
    )
    contract_dates: tuple[Date, ...] = Field(
        (), description="contract date of each phase in order of energisation, or one for all of them"
    )
    delay_credit: Ratio = Field(
        0.0,
        description="months of first rent that the landlord credits at commencement for each month of late delivery",
    )
    delay_cap: WholeTerm | None = Field(
        None, description="most months of rent credited for delay; no limit if not given"
    )
    long_stop: WholeTerm | None = Field(
        None,
        description="months of late delivery beyond which the tenant walks away from the phase; never if not given",
    )
    free_rent: WholeTerm = Field(0.0, description="months without base rent from each phase's commencement")
    renewals: tuple[PositiveTerm, ...] = Field((), description="terms of the renewal options, in order")
    renewals_exercised: int = Field(0, ge=0, description="how many of the renewal options are exercised")
    renewal_basis: Literal["continue", "fixed", "market"] = Field(
        "continue",
        description="rent of a renewal: the escalation goes on (continue), reset to renewal_rent (fixed), or to the "
        "market rent of its first month (market); it escalates from there",
    )
    renewal_rent: tuple[MoneyPerPowerMonth, ...] = Field((), description="fixed: first rent of each renewal")
    market_rent: MoneyPerPowerMonth | None = Field(
        None, description="assumption, for market: fair market rent at the start of the calendar"
    )
    market_growth: Rise = Field(0.0, gt=-1, description="assumption: yearly growth of the fair market rent")
    market_share: Ratio = Field(1.0, description="share of the fair market rent that a renewal pays, as 95 %")
    modification: ModificationParams | None = Field(None, description="a change of the contract on its way")
    termination: Date | None = Field(None, description="month in which the tenant ends the lease; never if not given")
    termination_after: WholeTerm = Field(
        0.0, description="months from the last commencement before which the tenant may not end the lease"
    )
    termination_fee: Money | None = Field(None, description="paid on termination; give this or termination_share")
    termination_share: Fraction = Field(
        0.0, description="share of the base-term rent still to come that is paid on termination"
    )
    deposit: WholeTerm = Field(0.0, description="months of first rent deposited at commencement, returned at the end")
    tenant_allowance: MoneyPerPower = Field(
        0.0, description="landlord's contribution to the tenant's fit-out, paid at commencement"
    )
    tenant_prepayment: MoneyPerPower = Field(
        0.0, description="paid by the tenant at commencement towards the building, credited against rent"
    )
    prepayment_credit: Fraction = Field(
        0.5, gt=0, description="share of each month's rent that is credited until the prepayment is used up"
    )
    opex: MoneyPerPowerMonth = Field(
        0.0, description="the landlord's own cost that it cannot recover, on contract capacity"
    )
    pass_through: MoneyPerPowerMonth = Field(
        0.0, description="operation, taxes and insurance on contract capacity, paid as basis says"
    )
    opex_growth: Rise = Field(
        0.0, gt=-1, description="rise of opex and pass-through on each anniversary of a phase's commencement"
    )
    operator: PartyRef = Field("operator", description="party that opex and pass-through are paid to")
    power: Literal["bills", "metered"] | None = Field(
        None,
        description="energy that the landlord buys: its bills are passed on (bills), or IT energy at power_rate times "
        "power_pue is (metered); none where not given",
    )
    power_supplies: tuple[str, ...] = Field(
        (), description="bills: names of the entries of `energy:` passed on; all that the landlord pays if none"
    )
    power_rate: MoneyPerEnergy | None = Field(None, description="metered: price of a kWh")
    power_pue: Ratio = Field(1.0, ge=1, description="metered: contract PUE on the IT energy")
    power_margin: Fraction = Field(0.0, description="what the landlord adds to the energy passed on, as a share")
    sla: tuple[SlaTier, ...] = Field(
        (), description="credit schedule on the share of the IT load in service, from the highest `below` down"
    )
    sla_cap: Fraction = Field(1.0, description="most of a month's base rent that is credited for service")
    accounting: AccountingParams | None = Field(
        None, description="how the tenant and the landlord account for it: table `lease_accounting`"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        for check in (_terms, _renewals, _dates, _costs, _power, _service, _accounts):
            fault = check(self)
            if fault:
                raise terms.wrong(fault)
        return self

    @property
    def base_months(self) -> int:
        """Months of the base term."""
        return int(self.term)

    @property
    def certain(self) -> int:
        """Renewals that accounting is certain of at commencement."""
        stated = None if self.accounting is None else self.accounting.renewals_certain
        return self.renewals_exercised if stated is None else stated

    @property
    def total_months(self) -> int:
        """Months of the base term and the renewals exercised."""
        return int(self.term + sum(self.renewals[: self.renewals_exercised]))


def _terms(lease: LeaseParams) -> str:
    if lease.free_rent >= lease.term:
        return "free_rent is not shorter than the term"
    if lease.index is not None and lease.escalator != 0:
        return "both escalator and index are given; give one of them"
    if lease.termination is None:
        for name in ("termination_fee", "termination_share", "termination_after"):
            if getattr(lease, name) not in (None, 0.0):
                return f"{name} needs a termination: the month in which the lease ends"
    if lease.termination_fee is not None and lease.termination_share:
        return "both termination_fee and termination_share are given; give one of them"
    return ""


def _renewals(lease: LeaseParams) -> str:
    options = len(lease.renewals)
    if lease.renewals_exercised > options:
        return f"renewals_exercised is {lease.renewals_exercised}, but there are {options} renewals"
    if lease.renewal_basis == "fixed" and len(lease.renewal_rent) != options:
        return f"renewal_rent has {len(lease.renewal_rent)} entries for {options} renewals; give one for each"
    if lease.renewal_basis != "fixed" and lease.renewal_rent:
        return "renewal_rent goes with `renewal_basis: fixed`"
    if (lease.renewal_basis == "market") != (lease.market_rent is not None):
        return "market_rent and `renewal_basis: market` go together"
    return ""


def _dates(lease: LeaseParams) -> str:
    if (lease.commencement == "contract") != bool(lease.contract_dates):
        return "contract_dates and `commencement: contract` go together"
    if list(lease.contract_dates) != sorted(lease.contract_dates):
        return "contract_dates are not in order; write the earliest first"
    if lease.commencement == "energised":
        for name in ("delay_credit", "delay_cap", "long_stop"):
            if getattr(lease, name) not in (None, 0.0):
                return f"{name} needs `commencement: contract`: without a date nothing is late"
    return ""


def _costs(lease: LeaseParams) -> str:
    if lease.expense_stop is not None and lease.basis != "modified-gross":
        return "expense_stop goes with `basis: modified-gross`"
    if lease.tenant_prepayment and lease.prepayment_credit > lease.take_or_pay:
        return "prepayment_credit is above take_or_pay: more would be credited than is due; lower it"
    return ""


def _accounts(lease: LeaseParams) -> str:
    if lease.accounting is None:
        return ""
    if lease.modification is not None and lease.modification.rate is None:
        return "accounting for a modification needs its `rate`, the discount rate of that day"
    most = len(lease.renewals)
    steps = (lease.certain, *(step.renewals_certain for step in lease.accounting.reassessments))
    if max(steps) > most:
        return f"accounting counts on {max(steps)} renewals, but there are {most}"
    if steps[-1] != lease.renewals_exercised and lease.termination is None:
        return (
            f"renewals_exercised is {lease.renewals_exercised}, but accounting ends up certain of {steps[-1]}: "
            "let renewals_certain be the same, or add a reassessment with the month and rate at which that changes"
        )
    return ""


def _power(lease: LeaseParams) -> str:
    if lease.kind == "powered-shell" and lease.power is not None:
        return "the tenant of a powered shell buys its own energy: leave power out, or let it be a colocation"
    if lease.kind == "colocation" and lease.power is None:
        return "a colocation passes its energy on: give `power: bills` or `power: metered`"
    if (lease.power == "metered") != (lease.power_rate is not None):
        return "power_rate and `power: metered` go together"
    if lease.power_supplies and lease.power != "bills":
        return "power_supplies goes with `power: bills`"
    return ""


def _service(lease: LeaseParams) -> str:
    for upper, lower in pairwise(lease.sla):
        if lower.below >= upper.below or lower.credit < upper.credit:
            return "sla is not in order: from the highest `below` down, with credits that do not fall"
    return ""
