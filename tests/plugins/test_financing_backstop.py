"""A guarantee beyond its rent: burn-down, expiry, two defaults, re-letting, warrants, and the debt that it cheapens."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from financing import entry, inputs, ledger, monthly, run
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy.stats import multivariate_normal, norm

from twin.api import RefusedError
from twin_financing import credit

LEASE = {"landlord": "hut8", "tenant": "fluidstack", "site": "dc", "rent": "$100/kW-month", "term": "2 years"}
BACKSTOP = {
    "guarantor": "google",
    "obligor": "fluidstack",
    "beneficiary": "hut8",
    "lease": "lease",
    "default_probability": "20 %/year",
}


def backed(lease=None, phases=(("dc", 0, 1000.0),), months=60, **terms):
    other = entry("lease", **{**LEASE, **(lease or {})})
    return run(
        inputs(entry("backstop", **{**BACKSTOP, **terms}), phases=phases, months=months, others=[other]), "backstop"
    )


def guaranteed(out, months=60, column="guaranteed_usd"):
    return monthly(out["guarantee"], months, column)


def test_it_burns_down_step_by_step_and_expires():
    steps = [{"at": "2027-01-01", "amount": "$2M"}, {"at": "2027-07-01", "amount": "$1M"}]
    left = guaranteed(backed(schedule=steps, cap="$1.8M", expires="2028-10-01"))
    assert left[[0, 5, 6, 20, 21]] == pytest.approx([1.8e6, 1.8e6, 1e6, 0.4e6, 0])


def test_it_may_hold_only_once_every_phase_has_commenced():
    out = backed(phases=(("dc", 0, 500.0), ("dc", 6, 500.0)), effective="all-phases", fee="$12/kW-year")
    assert guaranteed(out)[[5, 6]] == pytest.approx([0, 50e3 * (18 + 24)])
    fee = monthly(out["cashflow"], 60)
    assert fee[[5, 6, 24]] == pytest.approx([0, 1000, 500])


def test_what_a_prepayment_or_take_or_pay_leaves_unowed_is_not_guaranteed():
    assert guaranteed(backed({"take_or_pay": "60 %"}))[0] == pytest.approx(0.6 * 2.4e6)
    assert guaranteed(backed({"tenant_prepayment": "$300/kW"}))[0] == pytest.approx(2.4e6 - 0.3e6)
    out = backed({"basis": "modified-gross", "pass_through": "$10/kW-month", "opex_growth": "10 %/year"})
    assert guaranteed(out)[0] == pytest.approx(2.4e6)


def test_two_defaults_by_hand():
    terms = {"guarantor_default_probability": "10 %/year", "correlation": 0.5, "recovery": "40 %"}
    out = backed(**terms)["guarantee"]
    both = 0.2 * 0.1 + 0.5 * np.sqrt(0.2 * 0.8 * 0.1 * 0.9)
    default = out["default_probability_fraction"].to_numpy()
    joint = out["joint_default_probability_fraction"].to_numpy()
    assert joint[:12].sum() == pytest.approx(both)
    expected = (default - joint) * 0.6 * out["guaranteed_usd"].to_numpy()
    assert out["expected_loss_usd"].to_numpy() == pytest.approx(expected)
    assert out["beneficiary_loss_usd"].to_numpy() == pytest.approx(joint * 0.6 * out["exposure_usd"].to_numpy())


def test_the_joint_default_is_that_of_two_correlated_events():
    """Held against a Gaussian copula: the event correlation that it has gives back its joint probability."""
    first, second, rho = 0.2, 0.05, 0.4
    both = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([norm.ppf(first), norm.ppf(second)])
    correlation = (both - first * second) / np.sqrt(first * (1 - first) * second * (1 - second))
    assert credit.joint_default(first, second, correlation) == pytest.approx(both)
    low, high = credit.correlation_range(first, second)
    assert credit.joint_default(first, second, high) == pytest.approx(min(first, second))
    assert credit.joint_default(first, second, low) == pytest.approx(0, abs=1e-12)


def test_insolvency_is_rarer_than_a_missed_payment():
    every, some = (
        backed(**terms)["guarantee"]["expected_loss_usd"].sum()
        for terms in ({}, {"trigger": "insolvency", "insolvency_share": "30 %"})
    )
    assert some == pytest.approx(0.3 * every)


def test_letting_again_brings_the_rent_after_the_downtime():
    out = backed(relet={"rent_share": "75 %", "downtime": "6 months"})["guarantee"]
    lost = out["expected_loss_usd"] / out["default_probability_fraction"] / out["guaranteed_usd"]
    left = np.arange(24, 0, -1)
    assert lost.to_numpy() == pytest.approx(1 - 0.75 * np.maximum(left - 6, 0) / left)


def test_downtime_counts_phase_by_phase_while_they_commence():
    """Two phases eighteen months apart: what a default in the first months leaves is of the first phase alone."""
    out = backed(phases=(("dc", 0, 500.0), ("dc", 18, 500.0)), relet={"rent_share": "100 %", "downtime": "6 months"})
    rows = out["guarantee"]
    lost = (rows["expected_loss_usd"] / rows["default_probability_fraction"]).to_numpy()
    left = [np.maximum(start + 24 - np.arange(42), 0) * (np.arange(42) >= start) for start in (0, 18)]
    assert lost == pytest.approx(50e3 * sum(np.minimum(each, 6) for each in left))


def test_a_capped_guarantee_pays_first_or_pro_rata():
    first, share = (backed(cap="$1.2M", recovery="40 %", loss=loss)["guarantee"] for loss in ("first", "pro-rata"))
    exposure = first["exposure_usd"].to_numpy()
    for out, claim in (
        (first, np.minimum(0.6 * exposure, 1.2e6)),
        (share, 0.6 * exposure * np.minimum(1.2e6 / exposure, 1)),
    ):
        got = out["expected_loss_usd"] / out["default_probability_fraction"]
        assert got.to_numpy() == pytest.approx(claim)
    whole = [
        backed(recovery="40 %", loss=loss)["guarantee"]["expected_loss_usd"].sum() for loss in ("first", "pro-rata")
    ]
    assert whole[0] == pytest.approx(whole[1])  # without a cap there is no difference


def test_the_months_to_a_default_count_from_the_first_lease_of_the_party():
    earlier = entry("lease", "earlier", **{**LEASE, "site": "old"})
    given = inputs(
        entry("backstop", **BACKSTOP),
        phases=(("dc", 7, 1000.0), ("old", 2, 500.0)),
        others=[entry("lease", **LEASE), earlier],
    )
    row = run(given, "backstop")["guarantee"].row(0, named=True)
    hazard = 1 - 0.8 ** (1 / 12)
    assert row["month"] == date(2027, 8, 1)
    assert row["default_probability_fraction"] == pytest.approx(hazard * (1 - hazard) ** 5)


def test_the_value_of_a_guarantee_adds_up():
    warrants = {"count": 1_000_000, "strike": "$0.01", "price": "$20"}
    out = backed(fee="$200/kW-year", warrants=warrants)
    row = out["guarantee_value"].row(0, named=True)
    factors = 1.08 ** (-np.arange(60) / 12)
    assert row["peak_usd"] == pytest.approx(2.4e6)
    not_yet = 0.8 ** ((np.arange(60) + 1) / 12)
    assert row["fee_pv_usd"] == pytest.approx(monthly(out["cashflow"], 60) @ (factors * not_yet))
    assert row["warrants_usd"] == pytest.approx(19.99e6)
    default = guaranteed(out, column="default_probability_fraction")
    paid = sum(default[month] * 100e3 * factors[month:24].sum() for month in range(24))
    assert row["expected_loss_pv_usd"] == row["unguaranteed_loss_pv_usd"] == pytest.approx(paid)
    assert row["net_pv_usd"] == pytest.approx(row["fee_pv_usd"] + 19.99e6 - row["expected_loss_pv_usd"])
    assert row["return_per_year"] == pytest.approx(row["net_pv_usd"] / (guaranteed(out) @ factors / 12))
    assert row["call_probability_fraction"] == pytest.approx(1 - 0.8**2)
    assert row["beneficiary_loss_pv_usd"] == pytest.approx(0, abs=1e-6)
    assert out["cashflow"].filter(category="warrants").is_empty()


def test_a_fee_that_another_pays_goes_on_after_the_default():
    out = backed(fee="$200/kW-year", fee_payer="hut8")
    fee = monthly(out["cashflow"], 60) @ 1.08 ** (-np.arange(60) / 12)
    assert out["guarantee_value"]["fee_pv_usd"].item() == pytest.approx(fee)


def test_black_scholes_and_its_dilution():
    """Hull, Options, Futures and Other Derivatives: S 42, K 40, r 10 % continuous, 20 %, half a year: call 4.76."""
    rate = float(np.exp(0.10)) - 1
    assert credit.call(42, 40, 0.5, rate, 0.2) == pytest.approx(4.76, abs=0.005)
    one = credit.warrant(42, 40, 0.5, rate, 0.2, 0.25)
    assert one == pytest.approx(credit.call(42 + 0.25 * one, 40, 0.5, rate, 0.2) / 1.25)
    assert credit.warrant(42, 40, 0.5, rate, 0.2, 0.0) == pytest.approx(4.76, abs=0.005)
    assert credit.call(42, 40, 0, rate, 0.2) == 2


@settings(deadline=None, max_examples=60)
@given(
    st.floats(0, 5e6),
    st.floats(0, 5e6),
    st.floats(0.01, 0.99),
    st.floats(0.01, 0.99),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_more_backstop_never_raises_what_the_beneficiary_loses(one, two, tenant, guarantor, share, recovery):
    correlation = share * min(credit.correlation_range(tenant, guarantor)[1], 1.0)
    losses = [
        backed(
            cap=f"${cap!r}",
            default_probability=f"{tenant!r}/year",
            guarantor_default_probability=f"{guarantor!r}/year",
            correlation=correlation,
            recovery=recovery,
        )["guarantee_value"].row(0, named=True)
        for cap in sorted((one, two))
    ]
    less, more = (row["beneficiary_loss_pv_usd"] for row in losses)
    assert -1e-6 <= more <= less * (1 + 1e-12) + 1e-6
    assert less <= losses[0]["unguaranteed_loss_pv_usd"] * (1 + 1e-12) + 1e-6


def test_nobody_who_does_not_default_costs_anything():
    row = backed(default_probability="0 %/year", guarantor_default_probability="5 %/year")["guarantee_value"]
    values = row.row(0, named=True)
    assert (
        values["expected_loss_pv_usd"] == values["beneficiary_loss_pv_usd"] == values["call_probability_fraction"] == 0
    )


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (
            {"schedule": [{"at": "2027-01-01", "amount": "$1M"}, {"at": "2028-01-01", "amount": "$2M"}]},
            "schedule rises in 2028-01",
        ),
        ({"schedule": [{"at": "2028-01-01", "amount": "$1M"}], "expires": "2027-12-01"}, "the guarantee expires"),
        ({"correlation": 0.5}, "correlation needs a guarantor_default_probability"),
        ({"guarantor_default_probability": "0.1 %/year", "correlation": 0.5}, "cannot be correlated by more than 0.0"),
        ({"relet": {"rent_share": "80 %", "downtime": "1 year"}, "recovery": "50 %"}, "both relet and recovery"),
        ({"insolvency_share": "50 %"}, "insolvency_share goes with"),
        ({"warrants": {"count": 1, "strike": "$1", "price": "$2", "volatility": "50 %/year"}}, "go together"),
    ],
)
def test_guarantees_that_cannot_be_are_errors(terms, says):
    with pytest.raises(ValidationError, match=says):
        entry("backstop", **{**BACKSTOP, **terms})


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (
            {"schedule": [{"at": "2027-03-01", "amount": "$1M"}]},
            "its schedule begins in 2027-03 and says nothing of the months from 2027-01",
        ),
        (
            {"schedule": [{"at": "2027-01-01", "amount": "$1M"}, {"at": "2045-01-01", "amount": "$0.5M"}]},
            "its schedule has a step in 2045-01, and the base term of 'lease' ends in 2028-12",
        ),
    ],
)
def test_a_schedule_covers_the_lease_and_no_more(terms, says):
    with pytest.raises(RefusedError, match=says):
        backed(**terms)
    backed(cap="$2M", schedule=[{"at": "2027-03-01", "amount": "$1M"}])  # the cap says what holds before


def test_two_guarantees_of_one_rent_or_one_party_with_two_probabilities_are_refused():
    lease = entry("lease", **LEASE)
    again = entry("backstop", "again", **BACKSTOP)
    with pytest.raises(RefusedError, match="'again' guarantees the rent of 'lease' too; each is paid for all of it"):
        run(inputs(entry("backstop", **BACKSTOP), again, phases=(("dc", 0, 1000.0),), others=[lease]), "backstop")
    second = entry("lease", "second", **LEASE)
    other = entry("backstop", "other", **{**BACKSTOP, "lease": "second", "default_probability": "10 %/year"})
    with pytest.raises(RefusedError, match=r"with 0\.2 a year and 'other' with 0\.1, and a default is an event"):
        run(
            inputs(entry("backstop", **BACKSTOP), other, phases=(("dc", 0, 1000.0),), others=[lease, second]),
            "backstop",
        )


def test_a_guarantee_that_is_over_before_it_begins_is_refused():
    with pytest.raises(RefusedError, match="expires in 2027-06, before anything that it guarantees has commenced"):
        backed(phases=(("dc", 5, 1000.0),), expires="2027-06-01")


# --- the debt that it supports ------------------------------------------------------------------

LOAN = {
    "borrower": "hut8",
    "lender": "bank",
    "rate": "9.25 %/year",
    "draw": "2027-01-01",
    "maturity": "2028-11-01",
    "amortisation": "sculpted",
    "secured_by": ["lease"],
}
SUPPORT = {"guarantee": "backstop", "tenant_spread": "5 %/year", "guarantor_spread": "1 %/year"}


def borrow(backstop=None, **terms):
    others = [entry("lease", **LEASE), entry("backstop", **{**BACKSTOP, **(backstop or {})})]
    loan = entry("term-debt", **{**LOAN, "support": SUPPORT, **terms})
    cash = ledger([100e3] * 24, deal="lease", payer="fluidstack", payee="hut8")
    return run(inputs(loan, months=30, cashflow=cash, others=others, phases=(("dc", 0, 1000.0),)), "term-debt")


def test_debt_that_is_guaranteed_in_full_has_the_guarantors_spread():
    out = borrow(principal="$1.5M")
    row = out["debt_pricing"].row(0, named=True)
    assert row["weight_fraction"] == 1
    assert row["rate_per_year"] == pytest.approx(0.0525)
    assert out["debt"]["interest_usd"][1] == pytest.approx(1.5e6 * 0.0525 / 12)
    assert row["breakeven_fee_usd_per_year"] == pytest.approx(0.04 * 1.5e6)


def test_partial_support_blends_the_spread_and_debt_is_sized_at_it():
    out = borrow({"cap": "$500000"}, dscr=1.2)
    row = out["debt_pricing"].row(0, named=True)
    owed = out["debt"]["opening_usd"].to_numpy()[1:]
    still = np.minimum(100e3 * np.arange(23, 1 - 1, -1)[: len(owed)], 500e3)  # what the cap and the rent to come leave
    worth = (1 + row["rate_per_year"] / 12) ** -np.arange(len(owed))
    weight = (np.minimum(still, owed) @ worth) / (owed @ worth)
    assert row["weight_fraction"] == pytest.approx(weight)
    assert row["least_weight_fraction"] == pytest.approx(500e3 / row["debt_usd"])
    assert row["rate_per_year"] == pytest.approx(0.0925 - 0.05 + weight * 0.01 + (1 - weight) * 0.05)
    by_hand = sum(100e3 / 1.2 / (1 + row["rate_per_year"] / 12) ** k for k in range(1, 23))
    assert row["debt_usd"] == pytest.approx(by_hand)
    assert row["debt_usd"] > row["unsupported_debt_usd"]


def test_a_guarantee_that_burns_down_counts_for_what_is_left_of_it():
    steps = [{"at": "2027-01-01", "amount": "$500000"}, {"at": "2027-06-01", "amount": "$200000"}]
    ends = [steps[0], {"at": "2027-03-01", "amount": "$1"}]
    flat, some, none = (
        borrow(terms, dscr=1.2)["debt_pricing"].row(0, named=True)
        for terms in ({"cap": "$500000"}, {"schedule": steps}, {"schedule": ends})
    )
    assert flat["rate_per_year"] < some["rate_per_year"] < none["rate_per_year"] < 0.0925
    assert none["weight_fraction"] < 0.1
    assert none["least_weight_month"] == date(2027, 3, 1)
    assert "burns down faster than the loan" in some["message"]
    assert "burns down" not in flat["message"]


def test_a_guarantee_pro_rata_supports_the_share_of_the_rent_that_it_pays():
    first, share = (
        borrow({"cap": "$500000", "loss": loss}, dscr=1.2)["debt_pricing"].row(0, named=True)
        for loss in ("first", "pro-rata")
    )
    assert share["least_weight_fraction"] == pytest.approx(500e3 / 2.3e6)  # of the rent to come from February on
    assert share["weight_fraction"] < first["weight_fraction"]
    assert share["rate_per_year"] > first["rate_per_year"]
    assert share["debt_usd"] < first["debt_usd"]


@settings(deadline=None, max_examples=30)
@given(st.floats(1e4, 3e6), st.floats(1e4, 3e6))
def test_more_support_never_raises_the_rate_nor_lowers_the_debt(one, two):
    less, more = (
        borrow({"cap": f"${cap!r}"}, dscr=1.3)["debt_pricing"].row(0, named=True) for cap in sorted((one, two))
    )
    assert more["rate_per_year"] <= less["rate_per_year"] + 1e-12
    assert more["debt_usd"] >= less["debt_usd"] * (1 - 1e-9)


def test_a_guarantee_is_not_counted_after_it_has_expired():
    with pytest.raises(RefusedError, match=r"'backstop' guarantees nothing in 2028-11, when the loan is still owed"):
        borrow({"expires": "2028-11-01"}, principal="$1M")
    with pytest.raises(RefusedError, match="'lease' is not an entry with the model 'backstop'"):
        borrow(principal="$1M", support={**SUPPORT, "guarantee": "lease"})
    with pytest.raises(ValidationError, match="guarantor_spread is above tenant_spread"):
        borrow(principal="$1M", support={**SUPPORT, "guarantor_spread": "6 %/year"})
