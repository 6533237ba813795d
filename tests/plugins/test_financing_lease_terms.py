"""What a lease may say beyond rent and term: options, dates, credits, energy, money at the start and the end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from financing import entry, inputs, ledger, monthly, run
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.api import RefusedError
from twin_financing import lease as leases

PLAIN = {
    "landlord": "hut8",
    "tenant": "fluidstack",
    "site": "dc",
    "capacity": "1 MW",
    "rent": "$100/kW-month",
    "term": "3 years",
}
"""A rent of $100,000 a month."""


def let(months=60, phases=(("dc", 0, 1000.0),), bills=None, state=None, **terms):
    """The ledger of a lease; `state` replaces columns of the schedule."""
    given_ = inputs(entry("lease", **{**PLAIN, **terms}), months=months, phases=phases, cashflow=bills)
    if state:
        given_ = replace(given_, schedule=given_.schedule.with_columns(**state))
    return run(given_, "lease")


def through(text):
    return {"pass_through": text}


def paid(out, category, months=60, **where):
    return monthly(out["cashflow"], months, category=category, **where)


def test_rent_follows_an_index_within_its_collar():
    rent = paid(let(index={"path": ["1 %/year", "9 %/year"], "floor": "2 %/year", "cap": "4 %/year"}), "base_rent")
    assert rent[[0, 11, 12, 24, 35]] == pytest.approx([100e3, 100e3, 102e3, 102e3 * 1.04, 102e3 * 1.04])
    free = paid(let(index={"path": ["1 %/year", "9 %/year"]}), "base_rent")
    assert free[[12, 24]] == pytest.approx([101e3, 101e3 * 1.09])


@pytest.mark.parametrize(
    ("terms", "first", "second"),
    [
        ({}, 100e3 * 1.1**3, 100e3 * 1.1**4),
        ({"renewal_basis": "fixed", "renewal_rent": ["$80/kW-month"]}, 80e3, 88e3),
        (
            {
                "renewal_basis": "market",
                "market_rent": "$200/kW-month",
                "market_growth": "5 %/year",
                "market_share": "95 %",
            },
            0.95 * 200e3 * 1.05**3,
            0.95 * 200e3 * 1.05**3 * 1.1,
        ),
    ],
)
def test_a_renewal_goes_on_is_reset_or_pays_the_market(terms, first, second):
    out = let(escalator="10 %/year", renewals=["2 years"], renewals_exercised=1, months=80, **terms)
    assert paid(out, "base_rent", 80)[[36, 47, 48, 59, 60]] == pytest.approx([first, first, second, second, 0])


@pytest.mark.parametrize(
    ("basis", "tenant", "landlord"),
    [("gross", [0, 0], [10e3, 12.1e3]), ("nnn", [10e3, 12.1e3], [0, 0]), ("modified-gross", [0, 2.1e3], [10e3, 10e3])],
)
def test_the_expense_stop_of_a_modified_gross_lease_is_its_first_year(basis, tenant, landlord):
    out = let(basis=basis, **through("$10/kW-month"), opex_growth="10 %/year")
    assert paid(out, "pass_through", payer="fluidstack")[[0, 24]] == pytest.approx(tenant)
    assert paid(out, "pass_through", payer="hut8")[[0, 24]] == pytest.approx(landlord)


def test_contract_dates_hold_rent_back_and_late_delivery_is_credited():
    dates = ["2027-03-01", "2027-04-01"]
    out = let(
        phases=(("dc", 0, 500.0), ("dc", 8, 500.0)),
        commencement="contract",
        contract_dates=dates,
        delay_credit=0.5,
        delay_cap="2 months",
    )
    rent = paid(out, "base_rent")
    assert rent[[1, 2, 7, 8, 37, 38, 43, 44]] == pytest.approx([0, 50e3, 50e3, 100e3, 100e3, 50e3, 50e3, 0])
    assert paid(out, "delay_credit", payer="hut8", payee="fluidstack")[8] == pytest.approx(2 * 50e3)
    out = let(phases=(("dc", 8, 500.0),), commencement="contract", contract_dates=dates[:1], delay_credit=0.5)
    assert paid(out, "delay_credit")[8] == pytest.approx(6 * 0.5 * 100e3)


def test_a_tenant_walks_away_from_what_comes_after_the_long_stop():
    terms = {"commencement": "contract", "contract_dates": ["2027-01-01"], "long_stop": "6 months"}
    out = let(phases=(("dc", 0, 500.0), ("dc", 7, 500.0)), **terms)
    assert paid(out, "base_rent").max() == pytest.approx(50e3)
    with pytest.raises(RefusedError, match="later than the long stop of 6 months"):
        let(phases=(("dc", 7, 500.0),), **terms)
    with pytest.raises(RefusedError, match="2 contract_dates for 1 phases"):
        let(commencement="contract", contract_dates=["2027-01-01", "2027-02-01"])


def test_ending_early_costs_a_fee_and_ends_rent_and_use():
    out = let(termination="2028-01-01", termination_share="10 %", **through("$1/kW-month"))
    rent = paid(out, "base_rent")
    assert rent[[11, 12]] == pytest.approx([100e3, 0])
    assert paid(out, "termination_fee")[12] == pytest.approx(0.1 * 24 * 100e3)
    assert monthly(out["occupancy"], 60, "it_kw")[[11, 12]] == pytest.approx([1000, 0])
    assert paid(let(termination="2028-01-01", termination_fee="$7"), "termination_fee").sum() == 7
    with pytest.raises(RefusedError, match=r"ended in 2028-01, before it may be; let termination be 2029-01 or later"):
        let(termination="2028-01-01", termination_after="24 months")
    with pytest.raises(RefusedError, match="when it has run out by itself"):
        let(termination="2031-01-01")


def test_deposit_allowance_and_prepayment():
    out = let(deposit="3 months", tenant_allowance="$50/kW", tenant_prepayment="$400/kW", prepayment_credit="50 %")
    assert paid(out, "security_deposit", payer="fluidstack")[0] == pytest.approx(300e3)
    assert paid(out, "deposit_return", payer="hut8")[35] == pytest.approx(300e3)
    assert paid(out, "tenant_allowance", payer="hut8")[0] == pytest.approx(50e3)
    assert paid(out, "tenant_prepayment", payer="fluidstack")[0] == pytest.approx(400e3)
    assert paid(out, "base_rent")[:10] == pytest.approx([50e3] * 8 + [100e3] * 2)


SLA = [{"below": "99.9 %", "credit": "5 %"}, {"below": "99 %", "credit": "20 %"}]


@pytest.mark.parametrize(("served", "share"), [(1.0, 0), (0.999, 0), (0.9989, 0.05), (0.98, 0.2)])
def test_service_below_a_tier_is_credited(served, share):
    out = let(sla=SLA, state={"served_fraction": pl.lit(served)})
    assert paid(out, "sla_credit", payer="hut8", payee="fluidstack")[0] == pytest.approx(100e3 * share)


def test_credits_are_capped():
    assert paid(let(sla=SLA, sla_cap="10 %", state={"served_fraction": pl.lit(0.5)}), "sla_credit")[0] == 10e3


def test_take_or_pay_bills_what_is_used_above_the_minimum():
    for used, share in ((0.2, 0.6), (0.8, 0.8), (1.0, 1.0)):
        out = let(take_or_pay="60 %", state={"utilisation_fraction": pl.lit(used)})
        assert paid(out, "base_rent")[0] == pytest.approx(100e3 * share)


def test_bills_of_the_landlord_are_passed_on_with_a_margin():
    bills = ledger([1000.0] * 60, deal="grid", payer="hut8", payee="utility")
    out = let(power="bills", power_margin="3 %", bills=bills)
    assert paid(out, "power_pass_through")[[0, 35, 36]] == pytest.approx([1030, 1030, 0])
    half = let(power="bills", power_supplies=["grid"], capacity="500 kW", bills=bills)
    assert paid(half, "power_pass_through")[0] == pytest.approx(500)
    with pytest.raises(RefusedError, match="'hut8' pays no energy bill at all"):
        let(power="bills")
    with pytest.raises(RefusedError, match="pays no energy bill under 'solar'"):
        let(power="bills", power_supplies=["solar"], bills=bills)


def test_metered_energy_follows_use_and_service():
    state = {"utilisation_fraction": pl.lit(0.8), "served_fraction": pl.lit(0.9), "hours_h": pl.lit(100.0)}
    out = let(power="metered", power_rate="$0.05/kWh", power_pue=1.2, kind="colocation", state=state)
    assert paid(out, "power_pass_through")[0] == pytest.approx(1000 * 0.8 * 0.9 * 100 * 1.2 * 0.05)


def test_a_modification_changes_capacity_and_rent_from_its_month():
    change = {"at": "2028-07-01", "capacity_kept": "50 %", "rent": "$120/kW-month"}
    out = let(escalator="10 %/year", modification=change, **through("$1/kW-month"))
    rent = paid(out, "base_rent")
    assert rent[[17, 18, 23, 24]] == pytest.approx([110e3, 60e3, 60e3, 66e3])
    assert paid(out, "pass_through")[[17, 18]] == pytest.approx([1000, 500])
    assert monthly(out["occupancy"], 60, "it_kw")[[17, 18]] == pytest.approx([1000, 500])
    with pytest.raises(RefusedError, match="changed in 2027-01, before its last phase has commenced"):
        let(modification={"at": "2027-01-01"})


def test_the_horizon_ends_with_the_lease():
    for terms, months in (({}, 36), ({"termination": "2028-01-01"}, 13)):
        assert leases.horizon(inputs(entry("lease", **PLAIN, **terms), months=0)) == months


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"index": {"path": ["2 %/year"]}, "escalator": "1 %/year"}, "both escalator and index"),
        ({"index": {"path": ["2 %/year"], "floor": "4 %/year", "cap": "1 %/year"}}, "floor of the index is above"),
        ({"renewals": ["1 year"], "renewal_basis": "fixed"}, "renewal_rent has 0 entries for 1 renewals"),
        ({"renewal_rent": ["$1/kW-month"]}, "renewal_rent goes with"),
        ({"renewal_basis": "market"}, "market_rent and `renewal_basis: market` go together"),
        ({"termination_fee": "$1"}, "termination_fee needs a termination"),
        ({"commencement": "contract"}, "contract_dates and `commencement: contract` go together"),
        ({"delay_credit": 1}, "delay_credit needs `commencement: contract`"),
        (
            {"commencement": "contract", "contract_dates": ["2028-01-01", "2027-01-01"]},
            "contract_dates are not in order",
        ),
        ({"expense_stop": "$1/kW-month"}, "expense_stop goes with"),
        ({"kind": "powered-shell", "power": "bills"}, "buys its own energy"),
        ({"kind": "colocation"}, "passes its energy on"),
        ({"power": "metered"}, "power_rate and `power: metered` go together"),
        ({"sla": SLA[::-1]}, "sla is not in order"),
        ({"tenant_prepayment": "$1/kW", "take_or_pay": "40 %"}, "prepayment_credit is above take_or_pay"),
        ({"modification": {"at": "2028-01-01"}, "accounting": {"rate": "5 %/year"}}, "needs its `rate`"),
        ({"accounting": {"rate": "5 %/year", "renewals_certain": 1}}, "counts on 1 renewals, but there are 0"),
        (
            {"renewals": ["1 year"], "accounting": {"rate": "5 %/year", "renewals_certain": 1}},
            "renewals_exercised is 0, but accounting ends up certain of 1",
        ),
    ],
)
def test_terms_that_do_not_go_together_are_errors(wrong, says):
    with pytest.raises(ValidationError, match=says):
        entry("lease", **{**PLAIN, **wrong})


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 35),
    st.floats(0, 0.1),
    st.floats(0, 1),
    st.lists(st.tuples(st.integers(0, 20), st.floats(1, 1e4)), min_size=1, max_size=4),
)
def test_what_the_tenant_pays_is_what_the_contract_says(free, escalator, share, phases):
    """By hand, month by month: rent of every phase less what is credited, and all of a prepayment comes back."""
    prepaid = 10.0
    out = let(
        phases=[("dc", month, kw) for month, kw in phases],
        free_rent=f"{free} months",
        escalator=f"{escalator!r}/year",
        tenant_prepayment=f"${prepaid}/kW",
        prepayment_credit=max(share, 0.01),
    )
    whole = sum(kw for _, kw in phases)
    by_hand = np.zeros(60)
    for month, kw in phases:
        left = prepaid * 1000 * kw / whole
        for age in range(36):
            rent = 100 * 1000 * kw / whole * (1 + escalator) ** (age // 12) * (age >= free)
            credit = min(left, rent * max(share, 0.01))
            left -= credit
            by_hand[month + age] += rent - credit
    assert paid(out, "base_rent") == pytest.approx(by_hand, rel=1e-9, abs=1e-6)
