"""Leases and the guarantees that stand behind them."""

from __future__ import annotations

import numpy as np
import pytest
from financing import entry, inputs, monthly, run
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.api import RefusedError
from twin_financing import lease as leases

# River Bend, Louisiana, as announced (finanzen.at, 6ix.com; both totals rounded by the
# publisher): 245 MW for 15 years at a 3 % escalator is $7.0B, with three five-year renewals $17.7B.
KW, ESCALATOR = 245_000.0, 0.03
BASE_VALUE, FULL_VALUE = 7.0e9, 17.7e9
HALLS = (("dc", 5, 48e3), ("dc", 7, 48e3), ("dc", 9, 48e3), ("dc", 10, 48e3), ("dc", 11, 48e3))

PARTIES = {"landlord": "hut8", "tenant": "fluidstack", "site": "dc"}
PLAIN = {**PARTIES, "rent": "$100/kW-month", "term": "2 years"}
BACKSTOP = {
    "guarantor": "google",
    "obligor": "fluidstack",
    "beneficiary": "hut8",
    "lease": "lease",
    "default_probability": "5 %/year",
}


def dollar_years(years: int) -> float:
    """Contract value of one dollar of monthly rent on one kW: 12 · ((1 + e)^n - 1) / e."""
    return 12 * ((1 + ESCALATOR) ** years - 1) / ESCALATOR


def river_bend_rent() -> float:
    """The rent that misses both published totals by the same share, in opposite directions."""
    return 2 / (KW * (dollar_years(15) / BASE_VALUE + dollar_years(30) / FULL_VALUE))


def river_bend(rent: float, exercised: int) -> leases.LeaseParams:
    return entry(
        "lease",
        **PARTIES,
        capacity="245 MW",
        rent=f"${rent!r}/kW-month",
        escalator="3 %/year",
        term="15 years",
        renewals=["5 years"] * 3,
        renewals_exercised=exercised,
    )


def test_river_bend_rent_is_solved_from_both_published_totals():
    rent = river_bend_rent()
    assert rent == pytest.approx(127.28, abs=0.01)
    low = KW * rent * dollar_years(15) / BASE_VALUE - 1
    high = KW * rent * dollar_years(30) / FULL_VALUE - 1
    assert low == pytest.approx(-high, abs=1e-12)
    assert abs(high) < 0.015


@pytest.mark.parametrize(("exercised", "published"), [(0, BASE_VALUE), (3, FULL_VALUE)])
def test_one_rent_gives_both_published_totals(exercised, published):
    given_ = inputs(river_bend(river_bend_rent(), exercised), months=400, phases=HALLS)
    total = run(given_, "lease")["cashflow"].filter(category="base_rent")["amount_usd"].sum()
    assert total == pytest.approx(published, rel=0.015)


def test_the_horizon_is_the_last_phase_with_its_renewals():
    asked = [leases.horizon(inputs(river_bend(127.0, exercised), months=0, phases=HALLS)) for exercised in (0, 1, 3)]
    assert asked == [11 + 180, 11 + 240, 11 + 360]


def test_each_phase_starts_by_itself_and_escalates_on_its_own_anniversary():
    deal = entry("lease", **PARTIES, rent="$10/kW-month", escalator="50 %/year", term="2 years", capacity="100 kW")
    rent = monthly(run(inputs(deal, phases=(("dc", 3, 30.0), ("dc", 6, 10.0))), "lease")["cashflow"], 240)
    by_hand = np.zeros(240)
    for start, kw in ((3, 75.0), (6, 25.0)):
        for age in range(24):
            by_hand[start + age] += kw * 10 * 1.5 ** (age // 12)
    assert rent == pytest.approx(by_hand)


def test_capacity_is_the_it_load_of_the_site_where_not_given():
    occupied = run(inputs(entry("lease", **PLAIN), phases=(("dc", 0, 400.0), ("dc", 2, 600.0))), "lease")["occupancy"]
    assert monthly(occupied, 30, "it_kw", user="fluidstack", site="dc")[:3] == pytest.approx([400, 400, 1000])


def test_phases_before_the_calendar_have_aged():
    deal = entry("lease", **PARTIES, rent="$1/kW-month", escalator="50 %/year", term="3 years", capacity="1 kW")
    rent = monthly(run(inputs(deal, phases=(("dc", -14, 5.0),)), "lease")["cashflow"], 240)
    assert rent[:23] == pytest.approx([1.5] * 10 + [2.25] * 12 + [0.0])


def test_free_rent_delays_rent_but_neither_escalation_nor_the_end():
    deal = entry("lease", **PLAIN, capacity="1 kW", escalator="10 %/year", free_rent="13 months")
    rent = monthly(run(inputs(deal), "lease")["cashflow"], 240)
    assert np.flatnonzero(rent).tolist() == list(range(13, 24))
    assert rent[13] == pytest.approx(110.0)


@pytest.mark.parametrize(("basis", "payer"), [("nnn", "fluidstack"), ("gross", "hut8")])
def test_basis_says_who_pays_operation(basis, payer):
    costs = {"pass_through": "$120/kW-year", "opex": "$12/kW-year", "opex_growth": "10 %/year"}
    deal = entry("lease", **PLAIN, **costs, basis=basis)
    flows = run(inputs(deal), "lease")["cashflow"]
    through = monthly(flows, 240, category="pass_through", payer=payer, payee="operator")
    assert through[[0, 12, 24]] == pytest.approx([10e3, 11e3, 0])
    own = monthly(flows, 240, category="operating_cost", payer="hut8", payee="operator")
    assert own[[0, 12, 24]] == pytest.approx([1e3, 1.1e3, 0])
    assert through.sum() + own.sum() + monthly(flows, 240, category="base_rent").sum() == flows["amount_usd"].sum()


def test_a_site_name_with_several_instances_is_leased_as_one():
    phases = (("dc[1]", 0, 300.0), ("dc[2]", 1, 100.0))
    out = run(inputs(entry("lease", **PLAIN, capacity="800 kW"), phases=phases), "lease")
    assert monthly(out["occupancy"], 240, "it_kw", site="dc[2]")[:3] == pytest.approx([0, 200, 200])
    assert monthly(out["cashflow"], 240)[:3] == pytest.approx([60e3, 80e3, 80e3])


def test_a_lease_of_nothing_is_refused_by_name():
    with pytest.raises(RefusedError, match=r"deal 'shell': site 'dc' has no IT load"):
        run(inputs(entry("lease", "shell", **PLAIN), phases=(("other", 0, 5.0),)), "lease")


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"renewals_exercised": 1}, "renewals_exercised is 1, but there are 0 renewals"),
        ({"free_rent": "2 years"}, "free_rent is not shorter than the term"),
        ({"term": "0 months"}, "not longer than zero"),
        ({"term": "-3 years"}, "below"),
        ({"term": "100 days"}, "not a whole number of months"),
        ({"term": "300 years"}, "not a whole number of months up to 100 years"),
        ({"rent": 100}, "a number without a unit"),
        ({"capacity": "0 kW"}, "greater than 0"),
        ({"escalator": "-100 %/year"}, "greater than -1"),
        ({"escalator": "300 %/year"}, "rises by 300% a year is a slip of the pen; write it as '3 %/year'"),
        ({"opex_growth": "51 %/year"}, "rises by 51% a year"),
        ({"basis": "net"}, "'gross', 'modified-gross' or 'nnn'"),
        ({"rnt": "$1/kW-month"}, "Extra inputs"),
    ],
)
def test_bad_terms_are_errors(wrong, says):
    with pytest.raises(ValidationError, match=says):
        entry("lease", **{**PLAIN, **wrong})


def test_a_lease_with_oneself_is_refused():
    with pytest.raises(RefusedError, match="'hut8' would pay itself"):
        run(inputs(entry("lease", **{**PLAIN, "tenant": "hut8"})), "lease")


# --- backstop -----------------------------------------------------------------------------------


def backed(lease_params: dict | None = None, phases=(("dc", 2, 1000.0),), months=240, **terms):
    lease = entry("lease", **{**PLAIN, **(lease_params or {})})
    return run(
        inputs(entry("backstop", **{**BACKSTOP, **terms}), phases=phases, months=months, others=[lease]), "backstop"
    )


def test_it_guarantees_the_rent_still_to_come_from_commencement_on():
    out = backed()["guarantee"]
    left = monthly(out, 240, "guaranteed_usd", guarantor="google", obligor="fluidstack", beneficiary="hut8")
    assert left[:2].tolist() == [0, 0]
    assert left[2:26] == pytest.approx(100e3 * np.arange(24, 0, -1))
    assert out.height == 24


def test_a_phase_counts_once_it_has_commenced():
    left = monthly(backed(phases=(("dc", 0, 500.0), ("dc", 6, 500.0)))["guarantee"], 240, "guaranteed_usd")
    assert left[[0, 5, 6]] == pytest.approx([50e3 * 24, 50e3 * 19, 50e3 * (18 + 24)])


def test_renewals_and_the_end_of_the_calendar_do_not_change_what_is_guaranteed():
    with_renewals = backed({"renewals": ["1 year"], "renewals_exercised": 1}, months=10)["guarantee"]
    assert monthly(with_renewals, 10, "guaranteed_usd")[2] == pytest.approx(2.4e6)


def test_the_pass_through_may_be_covered_too():
    more = backed({"pass_through": "$10/kW-month"}, covers_pass_through=True)["guarantee"]
    assert monthly(more, 240, "guaranteed_usd")[2] == pytest.approx(2.64e6)
    with pytest.raises(RefusedError, match="the tenant owes no pass-through"):
        backed({"basis": "gross"}, covers_pass_through=True)


def test_fee_by_capacity_or_by_amount_and_who_pays_it():
    by_kw = backed(fee="$200/kW-year")["cashflow"]
    assert monthly(by_kw, 240, payer="fluidstack", payee="google")[2:26] == pytest.approx(200 / 12 * 1000)
    by_amount = backed(fee_rate="1.2 %/year", fee_payer="hut8", cap="$1M")["cashflow"]
    assert monthly(by_amount, 240, payer="hut8", payee="google")[[2, 25]] == pytest.approx([1e3, 100])
    assert backed()["cashflow"].is_empty()


def test_expected_loss_by_hand():
    out = backed(default_probability="20 %/year", recovery="60 %")["guarantee"]
    default = out["default_probability_fraction"].to_numpy()
    assert default[:12].sum() == pytest.approx(0.2)
    assert default.sum() == pytest.approx(1 - 0.8**2)
    assert out["expected_loss_usd"].to_numpy() == pytest.approx(default * 0.4 * out["guaranteed_usd"].to_numpy())


def test_a_deal_with_no_default_is_its_contract():
    assert backed(default_probability="0 %/year")["guarantee"]["expected_loss_usd"].sum() == 0.0
    assert backed(default_probability="100 %/year")["guarantee"]["expected_loss_usd"].sum() == pytest.approx(2.4e6)


@given(st.floats(0, 5e6), st.floats(0, 5e6), st.floats(0, 1), st.floats(0, 1))
def test_more_cap_never_lowers_the_exposure_and_probabilities_stay_within_one(one, two, chance, recovery):
    low, high = sorted((one, two))
    less, more = (
        backed(cap=f"${cap!r}", default_probability=f"{chance!r}/year", recovery=recovery)["guarantee"]
        for cap in (low, high)
    )
    assert less["expected_loss_usd"].sum() <= more["expected_loss_usd"].sum() * (1 + 1e-12)
    assert more["default_probability_fraction"].sum() <= 1 + 1e-12


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"obligor": "hut8"}, "the obligor 'hut8' is not the tenant 'fluidstack' of 'lease'"),
        ({"beneficiary": "bank"}, "the beneficiary 'bank' is not the landlord 'hut8'"),
        ({"lease": "shell"}, "'shell' is not an entry with the model 'lease'"),
        ({"fee": "$1/kW-month", "fee_payer": "google"}, "'google' would pay itself"),
    ],
)
def test_a_guarantee_of_something_else_is_refused_by_name(terms, says):
    with pytest.raises(RefusedError, match=f"deal 'backstop': {says}"):
        backed(**terms)


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ({"fee": "$1/kW-month", "fee_rate": "1 %/year"}, "both fee and fee_rate"),
        ({"guarantor": "fluidstack"}, "guarantor is the obligor"),
        ({"default_probability": "120 %/year"}, "less than or equal to 1"),
    ],
)
def test_bad_guarantees_are_errors(terms, says):
    with pytest.raises(ValidationError, match=says):
        entry("backstop", **{**BACKSTOP, **terms})
