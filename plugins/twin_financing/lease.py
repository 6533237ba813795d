"""The model `lease`: rent by kW and month, phase by phase, gross or triple net, with renewals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from twin.api import (
    Calendar,
    Entry,
    FinancingInputs,
    FinancingModel,
    MoneyPerPowerMonth,
    Params,
    PartyRef,
    Power,
    Rate,
    SiteRef,
)
from twin_financing import terms
from twin_financing.terms import PositiveTerm, WholeTerm

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from twin_financing.terms import Floats

NAME = "lease"


class LeaseParams(Params):
    """Rent of IT power at a site: rent_t = kW · p0 · (1 + e)^floor((t - c) / 12), c each phase's commencement."""

    landlord: PartyRef = Field(description="party that owns the site and is paid the rent")
    tenant: PartyRef = Field(description="party that has the use of the site and pays the rent")
    site: SiteRef = Field(description="site that is leased")
    capacity: Power | None = Field(
        None, gt=0, description="contract capacity in IT power; the IT load of the whole site where not given"
    )
    rent: MoneyPerPowerMonth = Field(description="base rent in the first year of each phase")
    basis: Literal["gross", "nnn"] = Field(
        "nnn", description="who pays operation, taxes and insurance: the tenant (nnn) or the landlord (gross)"
    )
    escalator: Rate = Field(
        0.0, gt=-1, description="rise of the base rent on each anniversary of a phase's commencement"
    )
    term: PositiveTerm = Field(description="base term; every phase runs its own full term from its commencement")
    renewals: tuple[PositiveTerm, ...] = Field((), description="terms of the renewal options, in order")
    renewals_exercised: int = Field(
        0, ge=0, description="how many of the renewal options are exercised; the escalation goes on through them"
    )
    free_rent: WholeTerm = Field(0.0, description="months without base rent from each phase's commencement")
    opex: MoneyPerPowerMonth = Field(
        0.0, description="the landlord's own cost that it cannot recover, on contract capacity"
    )
    pass_through: MoneyPerPowerMonth = Field(
        0.0,
        description="operation, taxes and insurance on contract capacity, paid by the tenant (nnn) or landlord (gross)",
    )
    opex_growth: Rate = Field(
        0.0, gt=-1, description="rise of opex and pass-through on each anniversary of a phase's commencement"
    )
    operator: PartyRef = Field("operator", description="party that opex and pass-through are paid to")

    @model_validator(mode="after")
    def _together(self) -> Self:
        if self.renewals_exercised > len(self.renewals):
            raise terms.wrong(
                f"renewals_exercised is {self.renewals_exercised}, but there are {len(self.renewals)} renewals"
            )
        if self.free_rent >= self.term:
            raise terms.wrong("free_rent is not shorter than the term")
        return self

    @property
    def base_months(self) -> int:
        """Months of the base term."""
        return int(self.term)

    @property
    def total_months(self) -> int:
        """Months of the base term and the renewals exercised."""
        return int(self.term + sum(self.renewals[: self.renewals_exercised]))


@dataclass(frozen=True, slots=True)
class Roll:
    """A lease by phase (rows) and month (columns), whatever the calendar covers.

    Attributes:
        first: month index of the first column.
        sites: id of the site of each phase, one entry a phase.
        kw: contract capacity of each phase, one entry a phase.
        age: whole months since commencement; negative before.
        live: whether the phase is leased, renewals exercised included.
        base: whether the phase is in its base term.
        rent_usd: base rent.
        pass_through_usd: operation, taxes and insurance.
    """

    first: int
    sites: tuple[str, ...]
    kw: Floats
    age: NDArray[np.int64]
    live: NDArray[np.bool_]
    base: NDArray[np.bool_]
    rent_usd: Floats
    pass_through_usd: Floats


def roll(deal: str, params: LeaseParams, phases: pl.DataFrame, calendar: Calendar) -> Roll:
    """The rent roll of a lease from the phases of its site.

    Args:
        deal: name of the deal, for messages.
        params: its terms.
        phases: as in `FinancingInputs.phases`.
        calendar: gives month indices; its length does not matter.

    Raises:
        RefusedError: the site has no IT load to lease.
    """
    here = terms.at_site(phases, params.site)
    it_kw = here["it_kw"].to_numpy()
    if not it_kw.sum() > 0:
        raise terms.refuse(
            NAME,
            deal,
            f"site '{params.site}' has no IT load, so nothing ever commences",
            "put racks with a `load` in the site, or lease another one",
        )
    # A name of several sites alike is one lease: its capacity is shared among them by IT load.
    kw = it_kw if params.capacity is None else params.capacity * it_kw / it_kw.sum()
    start = np.array([calendar.index(month) for month in here["month"]], dtype=np.int64)
    first = int(start.min())
    age = np.arange(first, int(start.max()) + params.total_months)[None, :] - start[:, None]
    live = (age >= 0) & (age < params.total_months)
    rent = kw[:, None] * params.rent * terms.grown(params.escalator, age) * (live & (age >= params.free_rent))
    through = kw[:, None] * params.pass_through * terms.grown(params.opex_growth, age) * live
    return Roll(first, tuple(here["site"]), kw, age, live, live & (age < params.base_months), rent, through)


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all leases and what they occupy.

    Returns:
        `cashflow` (base_rent, pass_through, operating_cost) and `occupancy`, on contract capacity.
    """
    ledger = terms.Ledger(inputs.calendar)
    occupied = [_one(entry, inputs, ledger) for entry in inputs.entries]
    return {"cashflow": ledger.frame(), "occupancy": terms.together(occupied, terms.OCCUPANCY)}


def _one(entry: Entry[LeaseParams], inputs: FinancingInputs, ledger: terms.Ledger) -> pl.DataFrame:
    params, months = entry.params, inputs.calendar.months
    terms.two_parties(NAME, entry.name, params.tenant, params.landlord)
    lease = roll(entry.name, params, inputs.phases, inputs.calendar)
    opex = (lease.kw[:, None] * params.opex * terms.grown(params.opex_growth, lease.age) * lease.live).sum(axis=0)
    through_payer = params.tenant if params.basis == "nnn" else params.landlord
    for payer, payee, category, amounts in (
        (params.tenant, params.landlord, "base_rent", lease.rent_usd.sum(axis=0)),
        (through_payer, params.operator, "pass_through", lease.pass_through_usd.sum(axis=0)),
        (params.landlord, params.operator, "operating_cost", opex),
    ):
        if amounts.any():
            terms.two_parties(NAME, entry.name, payer, payee)
            ledger.add(entry.name, payer, payee, category, terms.place(lease.first, amounts, months))
    return terms.together(_occupied(entry, lease, inputs), terms.OCCUPANCY)


def _occupied(entry: Entry[LeaseParams], lease: Roll, inputs: FinancingInputs) -> list[pl.DataFrame]:
    """Rows of `occupancy`, site by site."""
    kw, sites = lease.kw[:, None] * lease.live, np.array(lease.sites)
    return [
        terms.occupancy(
            inputs.calendar,
            entry.name,
            site,
            entry.params.tenant,
            terms.place(lease.first, kw[sites == site].sum(axis=0), inputs.calendar.months),
        )
        for site in dict.fromkeys(lease.sites)
    ]


def horizon(inputs: FinancingInputs) -> int:
    """Months until the last phase has run its base term and the renewals exercised."""
    ends = [0]
    for entry in inputs.entries:
        lease = roll(entry.name, entry.params, inputs.phases, inputs.calendar)
        ends.append(lease.first + lease.age.shape[1])
    return max(ends)


MODEL = FinancingModel(
    name=NAME,
    doc="Rent by kW and month, each phase from its energisation; gross or triple net, escalator, renewals.",
    params=LeaseParams,
    run=run,
    horizon=horizon,
)
