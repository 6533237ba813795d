"""The model `lease`: rent by kW and month, phase by phase, with all that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.api import Entry, FinancingInputs, FinancingModel
from twin_financing import lease_accounting, lease_service, terms
from twin_financing.lease_params import LeaseParams
from twin_financing.lease_roll import NAME, Roll, prepayment_credit, roll

if TYPE_CHECKING:
    import polars as pl

    from twin_financing.lease_service import Service
    from twin_financing.terms import Floats, Ints

__all__ = ["MODEL", "NAME", "LeaseParams", "Roll", "horizon", "prepayment_credit", "roll", "run"]

Line = tuple[str, str, str, "Floats"]
"""Payer, payee, category, amount by month of the calendar."""


def run(inputs: FinancingInputs) -> dict[str, pl.DataFrame]:
    """The flows of all leases, what they occupy and how they are accounted for.

    Returns:
        `cashflow`, `occupancy` on contract capacity; `lease_accounting` and `lease_tests` of those that say how.

    Raises:
        RefusedError: a lease that cannot be worked out, by name.
    """
    ledger = terms.Ledger(inputs.calendar)
    occupied: list[pl.DataFrame] = []
    books: list[pl.DataFrame] = []
    tests: list[pl.DataFrame] = []
    for entry in inputs.entries:
        params = entry.params
        terms.two_parties(NAME, entry.name, params.tenant, params.landlord)
        lease = roll(entry.name, params, inputs.phases, inputs.calendar)
        lines = flows(entry, lease, inputs)
        for payer, payee, category, amounts in lines:
            if amounts.any():
                terms.two_parties(NAME, entry.name, payer, payee)
                ledger.add(entry.name, payer, payee, category, amounts)
        occupied += _occupied(entry, lease, inputs)
        if params.accounting is not None:
            rent = next(amounts for *_, category, amounts in lines if category == "base_rent")
            book, test = lease_accounting.tables(entry, inputs, rent)
            books.append(book)
            tests.append(test)
    return {
        "cashflow": ledger.frame(),
        "occupancy": terms.together(occupied, terms.OCCUPANCY),
        "lease_accounting": terms.together(books, lease_accounting.LEASE_ACCOUNTING),
        "lease_tests": terms.together(tests, lease_accounting.LEASE_TESTS),
    }


def flows(entry: Entry[LeaseParams], lease: Roll, inputs: FinancingInputs) -> list[Line]:
    """Every flow of a lease; what is nothing is among them."""
    params, tenant, landlord = entry.params, entry.params.tenant, entry.params.landlord
    months = inputs.calendar.months
    service = lease_service.service(entry, lease, inputs)
    rent = _due(params, lease, service)
    opex = lease.let_kw * params.opex * terms.grown(params.opex_growth, lease.age)
    landlords = lease.pass_through_usd - lease.tenant_through_usd

    def placed(by_phase: Floats) -> Floats:
        return terms.place(lease.first, by_phase.sum(axis=0), months)

    return [
        (tenant, landlord, "base_rent", rent),
        (landlord, tenant, "sla_credit", rent * service.credit),
        (tenant, params.operator, "pass_through", placed(lease.tenant_through_usd)),
        (landlord, params.operator, "pass_through", placed(landlords)),
        (landlord, params.operator, "operating_cost", placed(opex)),
        (tenant, landlord, "power_pass_through", service.power_usd),
        *_once(entry, lease, inputs),
    ]


def _due(params: LeaseParams, lease: Roll, service: Service) -> Floats:
    """Base rent by calendar month: on what is used where that is more than what is to be paid anyhow, less credits."""
    months = len(service.billed)
    gross = terms.place(lease.first, lease.rent_usd.sum(axis=0), months) * service.billed
    credit = terms.place(lease.first, prepayment_credit(params, lease).sum(axis=0), months)
    return gross - np.minimum(credit, gross)


def _once(entry: Entry[LeaseParams], lease: Roll, inputs: FinancingInputs) -> list[Line]:
    """What is paid at commencement and at the end."""
    params, tenant, landlord = entry.params, entry.params.tenant, entry.params.landlord
    months, rent = inputs.calendar.months, lease.first_rent_usd(params)
    last = lease.start + lease.live.sum(axis=1) - 1
    late = lease.late * params.delay_credit
    if params.delay_cap is not None:
        late = np.minimum(late, params.delay_cap)
    direct = 0.0 if params.accounting is None else params.accounting.initial_direct_costs
    at_start = (
        (tenant, landlord, "security_deposit", rent * params.deposit),
        (landlord, tenant, "tenant_allowance", lease.kw * params.tenant_allowance),
        (tenant, landlord, "tenant_prepayment", lease.kw * params.tenant_prepayment),
        (landlord, tenant, "delay_credit", rent * late),
        (tenant, "vendor", "initial_direct_costs", lease.kw / lease.kw.sum() * direct),
    )
    # a type checker does not follow how many items `*who` takes
    lines: list[Line] = [(*who, _at(lease.start, amount, months)) for *who, amount in at_start]  # type: ignore[misc]
    lines.append((landlord, tenant, "deposit_return", _at(last, rent * params.deposit, months)))
    lines.append((tenant, landlord, "termination_fee", _termination_fee(entry, lease, inputs)))
    return lines


def _termination_fee(entry: Entry[LeaseParams], lease: Roll, inputs: FinancingInputs) -> Floats:
    params, calendar = entry.params, inputs.calendar
    if params.termination is None:
        return np.zeros(calendar.months)
    fee = params.termination_fee
    if fee is None:
        whole = roll(entry.name, params.model_copy(update=RUNS_ON), inputs.phases, calendar)
        fee = params.termination_share * float((whole.rent_usd * (whole.base & ~lease.live)).sum())
    return _at(np.array([calendar.index(params.termination)]), np.array([fee]), calendar.months)


RUNS_ON = {"termination": None, "termination_after": 0.0, "termination_fee": None, "termination_share": 0.0}
"""The terms of a lease that nobody ends."""


def _at(month: Ints, amount: Floats, months: int) -> Floats:
    inside = (month >= 0) & (month < months)
    return np.bincount(month[inside], weights=amount[inside], minlength=months).astype(np.float64)[:months]


def _occupied(entry: Entry[LeaseParams], lease: Roll, inputs: FinancingInputs) -> list[pl.DataFrame]:
    """Rows of `occupancy`, site by site."""
    kw, sites = lease.let_kw, np.array(lease.sites)
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
    """Months until the last phase has run its base term and the renewals exercised, or the lease is ended."""
    ends = [0]
    for entry in inputs.entries:
        lease = roll(entry.name, entry.params, inputs.phases, inputs.calendar)
        ended = entry.params.termination is not None
        ends.append(lease.first + int(np.flatnonzero(lease.live.any(axis=0)).max()) + 1 + ended)
    return max(ends)


MODEL = FinancingModel(
    name=NAME,
    doc="Rent by kW and month, each phase from its commencement; gross to triple net, options, credits, energy.",
    params=LeaseParams,
    run=run,
    horizon=horizon,
)
