"""Small deals with a guarantor behind them: who loses what in a default, and that more of a guarantee never hurts."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios_by_hand import Plain

import twin
from twin.api import AnalysisInputs
from twin.cost.scenarios.analysis import NEEDS, RiskParams, prepare
from twin.cost.scenarios.draws import NEVER, Draws, draw
from twin.cost.scenarios.engine import live, simulate
from twin.cost.scenarios.statistics import agreement
from twin.errors import RefusedError
from twin.scenario.rerun import Base, base
from twin.scenario.shock import shocks
from twin.scenario.shocks import shock

SITE = """
twin: 1
name: small
calendar: {start: 2027-01-01}
discount: 8 %/year
sites:
  dc:
    contains:
      feed[2]: {kind: utility, capacity: 60 MW}
      hall[2]:
        energised: [2028-01-01, 2028-07-01]
        contains:
          rack[10]: {kind: rack, load: 1 MW, accelerators: 64, power: {from: feed, need: 1}}
parties:
  own: {role: landlord}
  lab: {role: tenant}
  parent: {role: guarantor}
  bank: {role: lender}
  fund: {role: owner}
  mezz: {role: lender}
deals:
"""
LEASED = (
    SITE
    + """
  - model: lease
    landlord: own
    tenant: lab
    site: dc
    rent: $130/kW-month
    escalator: 3 %/year
    term: 8 years
    opex: $20/kW-year
    pass_through: $100/kW-year
  - {model: purchase, name: campus, buyer: own, seller: contractor, amount: $160M, months: 12}
  - model: term-debt
    name: notes
    borrower: own
    lender: bank
    principal: $120M
    funds: campus
    rate: 7 %/year
    repayment_start: 2028-08-01
    maturity: 2035-12-01
    amortisation: sculpted
    secured_by: [lease]
  - model: backstop
    name: promise
    guarantor: parent
    obligor: lab
    beneficiary: own
    lease: lease
    default_probability: 8 %/year
    relet: {rent_share: 50 %, downtime: 18 months}
"""
)
CHIPS = (
    SITE
    + """
  - model: chip-lease
    name: chips
    vehicle: own
    lessee: lab
    sponsor: fund
    amount: $100M
    deliveries: 4
    term: 5 years
    residual: 20 %
    rent_cover: 1.05
    tranches:
      - {name: A, lender: bank, share: 75 %, rate: 5 %/year, supported: true}
      - {name: B, lender: mezz, share: 18 %, rate: 8 %/year, repaid_by: residual}
    support: {guarantor: parent, default_probability: 10 %/year, volatility: 30 %/year, sale_discount: 20 %}
"""
)
QUIET = RiskParams(lock_up=0.0)
"""No cash is kept: what a lock-up keeps for the lender where cover is thin, a guarantor that pays lets out."""


class Small(Base):
    """A file with its results that a failing example does not print as a whole."""

    def __repr__(self):
        return self.path.name


def made(folder, text):
    path = folder / "small.yaml"
    path.write_text(text)
    return Small(**vars(base(path)))


@pytest.fixture(scope="module")
def leased(tmp_path_factory):
    return made(tmp_path_factory.mktemp("leased"), LEASED)


@pytest.fixture(scope="module")
def chips(tmp_path_factory):
    return made(tmp_path_factory.mktemp("chips"), CHIPS)


def ready(found, *overlays, params=QUIET):
    results = found.with_overlays(overlays) if overlays else found.results
    return prepare(AnalysisInputs({name: results[name] for name in NEEDS}, found.twin, 0, params)), results


def promise(**terms):
    return tuple(f"deals.promise.{name}={value}" for name, value in terms.items())


def lender(deal, drivers, terms, drawn):
    """Loss of the lender by scenario as a present value, months missed, and what is overdue at the end."""
    got = live(deal, drivers, terms, drawn)
    return -got.change[deal.parties.index("bank")], got.missed[0], got.overdue[0]


THROUGH = {"covers_pass_through": "true"}
MORE = {
    "cap": ("cap", lambda share: f"${share * 2e8!r}"),
    "expiry": ("expires", lambda share: f"{date(2028 + int(share * 7), 2 + int(share * 70) % 10, 1)}"),
    "schedule": (
        "schedule",
        lambda share: f"[{{at: 2028-01-01, amount: ${share * 2e8!r}}}, {{at: 2031-01-01, amount: ${share * 1e8!r}}}]",
    ),
}
"""What grows with a number between 0 and 1 and is more of a guarantee."""


WORLDS = st.builds(
    lambda relet, downtime, rate, shape, loss, reserve: (
        f"deals.notes.reserve_months={reserve}",
        f"deals.notes.rate={rate!r}/year",
        f"deals.notes.amortisation={shape}",
        *promise(relet=f"{{rent_share: {relet!r}, downtime: {downtime} months}}", loss=loss),
    ),
    relet=st.floats(0.0, 1.0),
    downtime=st.integers(0, 36),
    rate=st.floats(0.02, 0.079),
    shape=st.sampled_from(["sculpted", "level"]),
    loss=st.sampled_from(["first", "pro-rata"]),
    reserve=st.sampled_from([0, 6]),
)
"""Letting again, the loan, and the convention; interest on what is overdue is not above the discount rate."""


def ascending(kind, one, two):
    """Terms of guarantees of which each is more than the one before."""
    less, more = sorted((one, two))
    if kind == "trigger":
        shares = [{"cap": "$90M", "trigger": "insolvency", "insolvency_share": repr(each)} for each in (less, more)]
        return [*shares, {"cap": "$90M"}]
    if kind == "effective":
        return [{"effective": "all-phases"}, {"effective": "each-phase"}]
    if kind == "guarantor":
        return [{"guarantor_default_probability": f"{each!r}/year"} for each in (more, less)]
    name, value = MORE[kind]
    return [{name: value(each)} for each in (less, more)]


@settings(deadline=None, max_examples=30)
@given(
    kind=st.sampled_from([*MORE, "trigger", "effective", "guarantor"]),
    one=st.floats(0.0, 1.0),
    two=st.one_of(st.just(0.0), st.floats(0.0, 1.0)),
    world=WORLDS,
)
def test_more_backstop_never_raises_the_lenders_loss(leased, kind, one, two, world):
    """In every scenario, with the same draws: the present value lost, months missed, and what is overdue at the end."""
    losses = []
    for terms_ in ascending(kind, one, two):
        (deal, drivers, terms), _ = ready(leased, *world, *promise(**terms_))
        losses.append(lender(deal, drivers, terms, draw(replace(drivers, triggers=True), deal.months, 3, [0])))
    for weaker, stronger in pairwise(losses):
        for before, after in zip(weaker, stronger, strict=True):
            assert (after <= before + 1e-2).all()


@pytest.mark.parametrize("kind", [*MORE, "trigger", "effective", "guarantor"])
def test_a_weaker_guarantee_costs_the_lender_something(leased, kind):
    losses = []
    for terms_ in ascending(kind, 0.05, 0.4):
        (deal, drivers, terms), _ = ready(leased, *promise(**terms_))
        losses.append(
            lender(deal, drivers, terms, draw(replace(drivers, triggers=True), deal.months, 3, [0]))[0].mean()
        )
    assert all(less > more for less, more in pairwise(losses)), losses


def test_a_guarantee_of_nothing_is_no_guarantee(leased):
    """Nothing guaranteed leaves the default, its probability and what letting again brings."""
    some = [ready(leased, *promise(cap=cap)) for cap in ("$0", "$1", "$60M")]
    loss = [lender(*each, draw(each[1], each[0].months, 3, [0]))[0] for each, _ in some]
    assert loss[0].mean() == pytest.approx(loss[1].mean(), rel=1e-6)
    assert loss[0].mean() > loss[2].mean() > 0


def test_the_reserve_pays_first_and_what_it_paid_is_not_released(leased):
    """Nobody guarantees and the site stays empty: six months more are paid than without a reserve, and no more."""
    nothing = promise(cap="$0", relet="{rent_share: 0 %, downtime: 0 months}")
    when, got = 40, {}
    for months in (0, 6):
        (deal, drivers, terms), _ = ready(leased, *nothing, f"deals.notes.reserve_months={months}")
        drawn = Draws(np.array([[when], [NEVER]]), np.zeros(1, dtype=np.int64))
        got[months] = live(deal, drivers, replace(terms, factors=np.ones(deal.months)), drawn)
        service, bank = deal.loans[0].service, deal.parties.index("bank")
        assert got[months].missed[0, 0] == deal.months - when - months
    # the bank holds the reserve: what it has of it as service it does not give back
    assert got[0].overdue[0, 0] > got[6].overdue[0, 0] + service[when : when + 6].sum()
    assert got[6].change[bank, 0] - got[0].change[bank, 0] == pytest.approx(service[when : when + 6].sum())
    assert got[6].change.sum() == pytest.approx(0.0, abs=1e-4)


def asked_by_hand(when, cap):
    """Undiscounted claims by month after a default in month `when`, phase by phase from the roll of two halls."""
    claims, left = [], cap
    for month in range(when, 114):
        short = 0.0
        for start in (12, 18):
            age = month - start
            if start <= when and 0 <= age < 96:
                due = 1e4 * 130 * 1.03 ** (age // 12)
                short += due - (0.5 * due if month >= when + 18 else 0.0)
        pays = min(short, left)
        left -= pays
        claims.append(pays)
    return claims


@pytest.mark.parametrize("cap", [2e7, 1e9])
@pytest.mark.parametrize("when", [12, 15, 20, 70])
def test_a_capped_guarantee_pays_until_it_is_used_up(leased, cap, when):
    (deal, drivers, terms), results = ready(leased, *promise(cap=f"${cap!r}"))
    drawn = Draws(np.array([[when], [NEVER]]), np.zeros(1, dtype=np.int64))
    got = live(deal, drivers, terms, drawn)
    wanted = asked_by_hand(when, cap)
    assert got.claimed[0, 0] == pytest.approx(sum(wanted))
    parent = deal.parties.index("parent")
    assert -got.change[parent, 0] == pytest.approx(sum(paid * terms.factors[when + k] for k, paid in enumerate(wanted)))
    row = results["guarantee"].filter(month=leased.twin.calendar.date(when)).row(0, named=True)
    assert row["expected_loss_usd"] == pytest.approx(row["default_probability_fraction"] * sum(wanted))


def test_the_table_the_shock_and_the_scenarios_are_one_rule(leased):
    """Expected loss of the table = sum over months of default of its probability x the claim that a shock brings."""
    for terms_ in ({}, {"cap": "$30M"}, {"cap": "$30M", "loss": "pro-rata"}, {"effective": "all-phases"}):
        overlays = promise(**terms_)
        file = replace(leased, overlays=overlays, twin=leased.twin, results=leased.with_overlays(overlays))
        table = file.results["guarantee"]
        said = 0.0
        for row in table.iter_rows(named=True):
            if row["month"].month in {1, 6}:  # a few months of default are enough, taken by themselves
                found = shocks(file, [shock(f"default={row['month']:%Y-%m}")])["shock_effects"]
                claim = found.filter(measure="claimed")["after"][0]
                assert row["expected_loss_usd"] == pytest.approx(row["default_probability_fraction"] * claim)
                said += row["expected_loss_usd"]
        assert said > 0
        assert (file.results["guarantee"]["guaranteed_usd"] >= 0).all()


@pytest.mark.parametrize(
    "terms", [{}, {"cap": "$30M"}, {"trigger": "insolvency", "insolvency_share": "40 %"}, {"effective": "all-phases"}]
)
def test_scenarios_are_held_against_the_table_that_is_shown(tmp_path, terms):
    path = tmp_path / "small.yaml"
    path.write_text(LEASED)
    results = twin.load(path, overlays=list(promise(**terms))).run("risk")
    row = results["checks"].filter(check="risk_agrees_with_closed_form").row(0, named=True)
    assert row["ok"], row
    assert f"${results['guarantee']['expected_loss_usd'].sum():,.0f} within" in row["wanted"]
    called = results["risk_events"].filter(event="backstop_called").row(0, named=True)
    assert called["exact_fraction"] == pytest.approx(results["guarantee_value"]["call_probability_fraction"][0])
    assert called["probability_fraction"] == pytest.approx(called["exact_fraction"], abs=5 * 0.005)


def test_a_table_that_disagrees_fails_the_check(leased):
    """A closed form that overlooks the downtime of single phases is 8 % off, and is seen."""
    (deal, drivers, terms), _ = ready(leased)
    outcomes = simulate(deal, drivers, terms, 20_000, 0)
    assert agreement(deal, drivers, outcomes, as_the_file_says=True)["ok"].all()
    off = replace(deal, guarantees=tuple(replace(one, said=one.said * 25.65 / 27.96) for one in deal.guarantees))
    assert not agreement(off, drivers, outcomes, as_the_file_says=True)["ok"].any()


@settings(deadline=None, max_examples=25)
@given(
    when=st.integers(0, 130),
    other=st.integers(0, 200),
    seed=st.integers(0, 2**31),
    cap=st.floats(0, 2e8),
    called=st.floats(0, 1),
    which=st.sampled_from(["leased", "chips"]),
)
def test_the_parties_sum_to_zero_in_every_month(leased, chips, when, other, seed, cap, called, which):
    """The months are weighted at random, so a sum of zero is one of zero in each of them."""
    rng = np.random.default_rng(seed)
    if which == "chips":
        (deal, drivers, terms), _ = ready(chips)
    else:
        more = promise(cap=f"${cap!r}", trigger="insolvency", insolvency_share=repr(called), **THROUGH)
        (deal, drivers, terms), _ = ready(leased, *more, "deals.notes.reserve_months=6")
    terms = replace(terms, factors=rng.standard_normal(deal.months))
    sale = rng.standard_normal((drivers.sales, 1)) if drivers.sales else None
    drawn = Draws(np.array([[when], [other]]), np.zeros(1, dtype=np.int64), trigger=rng.random((2, 1)), sale=sale)
    got = live(deal, drivers, terms, drawn)
    assert got.change.sum() == pytest.approx(0.0, abs=1e-4)
    calm = live(deal, drivers, terms, Draws(np.full((2, 1), NEVER), np.zeros(1, dtype=np.int64)))
    assert np.abs(calm.change).max() < 1e-4  # a deal with no default is its contract
    assert not calm.claimed.any()


@pytest.mark.parametrize("text", ["delay=5 months", "availability=95 %", "default=2030-05"])
def test_the_parties_sum_to_zero_under_every_shock(leased, chips, text):
    for found in (leased, chips):
        try:
            rows = shocks(found, [shock(text)])["shock"]
        except RefusedError:
            assert found is chips  # nothing in its deals is of the site
            continue
        assert rows["npv_change_usd"].sum() == pytest.approx(0.0, abs=0.05)
        assert rows["net_change_usd"].sum() == pytest.approx(0.0, abs=0.05)


# --- chips that are sold -------------------------------------------------------------------------


def test_chips_are_sold_and_the_tranches_paid_in_turn(chips):
    """By hand: four deliveries of $25M, a default in the twentieth month."""
    when = 20
    owed, value = {"A": 0.0, "B": 18e6}, 0.0
    for start in range(4):
        age, i = when - start, 0.05 / 12
        owed["A"] += 25e6 * 0.75 * ((1 + i) ** 60 - (1 + i) ** (age - 1)) / ((1 + i) ** 60 - 1)
        value += 25e6 * 0.2 ** (age / 60) * 0.8
    rows = shocks(chips, [shock(f"default={chips.twin.calendar.date(when):%Y-%m}")])
    found = {(row["subject"], row["measure"]): row["after"] for row in rows["shock_effects"].iter_rows(named=True)}
    assert found["chips", "claimed"] == pytest.approx(owed["A"] - value)
    assert found["chips A", "overdue"] == pytest.approx(0.0, abs=1e-6)
    assert found["chips B", "overdue"] == pytest.approx(18e6)
    net = {row["party"]: row["net_change_usd"] for row in rows["shock"].iter_rows(named=True)}
    debt = chips.results["debt"]
    later = debt.filter(pl.col("month") >= chips.twin.calendar.date(when))
    service = {
        name: later.filter(tranche=name).select(pl.col("interest_usd") + pl.col("principal_usd")).sum().item()
        for name in ("A", "B")
    }
    assert net["bank"] == pytest.approx(owed["A"] - service["A"])
    assert net["mezz"] == pytest.approx(-service["B"])
    assert net["lab"] > 0
    assert "market" in net


def test_support_is_called_as_often_and_for_as_much_as_its_table_says(tmp_path):
    path = tmp_path / "chips.yaml"
    path.write_text(CHIPS)
    results = twin.load(path).run("risk")
    assert results["checks"].filter(check="risk_agrees_with_closed_form")["ok"].to_list() == [True]
    called = results["risk_events"].filter(event="backstop_called").row(0, named=True)
    five = 5 * called["standard_error_fraction"]
    assert called["probability_fraction"] == pytest.approx(called["exact_fraction"], abs=five)
    expected = results["guarantee"]["expected_loss_usd"].sum()
    assert called["mean_usd"] == pytest.approx(expected, abs=5 * called["standard_error_usd"])


@pytest.mark.parametrize("which", ["leased", "chips"])
def test_scenarios_are_what_plain_python_says(leased, chips, which):
    if which == "chips":
        (deal, drivers, terms), _ = ready(chips, params=RiskParams(guarantor_default="3 %/year"))
    else:
        more = promise(cap="$40M", trigger="insolvency", insolvency_share="50 %", **THROUGH)
        more += ("deals.notes.reserve_months=6",)
        params = RiskParams(delay={"4 months": 0.5}, guarantor_default="3 %/year")
        (deal, drivers, terms), _ = ready(leased, *more, params=params)
    drawn = draw(drivers, deal.months, 7, [0])
    got, want = live(deal, drivers, terms, drawn), Plain(deal, drivers, terms).all(drawn, 80)
    for name in ("change", "claimed", "paid", "missed", "overdue", "short"):
        expected = np.array([getattr(life, name) for life in want]).T.reshape(getattr(got, name)[..., :80].shape)
        np.testing.assert_allclose(getattr(got, name)[..., :80], expected, rtol=1e-9, atol=1e-2, err_msg=name)
    assert got.claimed.any()


# --- what nothing can be said of -----------------------------------------------------------------


def test_an_assumption_that_nothing_takes_up_is_refused(chips, leased):
    with pytest.raises(RefusedError, match="`recovery` is given, and in this file nobody who may default pays rent"):
        ready(chips, params=RiskParams(recovery=0.2))
    bare = {name: leased.results[name] for name in NEEDS}
    bare |= {name: bare[name].clear() for name in NEEDS if name not in {"cashflow", "debt"}}
    inputs = AnalysisInputs(bare, leased.twin, 0, RiskParams(guarantor_default="1 %/year", tenant_default="5 %/year"))
    with pytest.raises(RefusedError, match="`guarantor_default` is given, and in this file nobody guarantees"):
        prepare(inputs)
    bare["cashflow"] = bare["cashflow"].filter(pl.col("category") != "base_rent")
    with pytest.raises(RefusedError, match="`tenant_default` is given, and in this file nobody leases"):
        prepare(AnalysisInputs(bare, leased.twin, 0, RiskParams(tenant_default="5 %/year")))


def test_a_default_without_a_guarantee_is_that_of_the_tenants_of_leases(leased):
    bare = {name: leased.results[name] for name in NEEDS}
    bare |= {name: bare[name].clear() for name in NEEDS if name not in {"cashflow", "debt"}}
    params = RiskParams(tenant_default="8 %/year", recovery=0.5, downtime="18 months", lock_up=0.0)
    alone = prepare(AnalysisInputs(bare, leased.twin, 0, params))
    (with_nothing, _) = ready(leased, *promise(cap="$0"))
    drawn = draw(alone[1], alone[0].months, 3, [0])
    default = np.concatenate([drawn.default, np.full_like(drawn.default, NEVER)])
    loss = lender(*alone, drawn)[0]
    same = lender(*with_nothing, replace(drawn, default=default))[0]
    assert loss == pytest.approx(same)
