"""Guarantees of residual values in scenarios: as in the ledger where nothing is drawn, by hand where something is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios_by_hand import Plain
from scipy.stats import norm

from twin.api import AnalysisInputs
from twin.cost.scenarios.analysis import NEEDS, RiskParams, prepare
from twin.cost.scenarios.draws import NEVER, Draws, draw
from twin.cost.scenarios.engine import live, simulate
from twin.cost.scenarios.statistics import agreement
from twin.errors import RefusedError
from twin.scenario.rerun import base
from twin.scenario.shock import shocks
from twin.scenario.shocks import shock

FILE = """
twin: 1
name: small
calendar: {start: 2027-01-01, months: 73}
discount: 8 %/year
sites:
  dc:
    contains:
      feed: {kind: utility, capacity: 20 MW}
      rack[10]: {kind: rack, load: 1 MW, accelerators: 64, price: $2M, power: {from: feed, need: 1}}
parties:
  own: {role: landlord}
  lab: {role: tenant}
  maker: {role: guarantor}
  bank: {role: lender}
deals:
  - {model: lease, name: lease, landlord: own, tenant: lab, site: dc, rent: $130/kW-month, term: 6 years}
  - {model: purchase, name: hall, buyer: own, amount: $40M, months: 1}
  - {model: term-debt, name: notes, borrower: own, lender: bank, principal: $30M, rate: 7 %/year, tenor: 5 years,
     amortisation: level, secured_by: [lease, worth]}
  - {model: residual-value-guarantee, name: worth, guarantor: maker, beneficiary: own, strike: $50M, market_value: $40M,
     cap: $25M, exercise: 2031-01-01, volatility: 30 %/year, probability: 40 %, fee_rate: 1 %/year}
"""
AT = 48
QUIET = RiskParams(lock_up=0.0)


def made(folder, *overlays):
    path = folder / "small.yaml"
    path.write_text(FILE)
    return base(path, overlays=list(overlays))


def ready(found, params=QUIET):
    given_ = {name: found.results[name] for name in NEEDS}
    return prepare(AnalysisInputs(given_, found.twin, 0, params))


def drawn(deal, ending=None, worth=None, default=NEVER):
    count = 1 if ending is None else len(ending)
    months = np.full((len(deal.defaulting), count), default)
    given_ = {"ending": ending and np.array([ending]), "worth": worth and np.array([worth])}
    return Draws(months, np.zeros(count, dtype=np.int64), **given_)


@pytest.mark.parametrize("called", ["true", "false"])
@pytest.mark.parametrize("more", [(), ("deals.worth.market_value=$10M",), ("deals.worth.market_value=$90M",)])
def test_with_nothing_drawn_the_scenario_is_the_ledger(tmp_path, called, more):
    found = made(tmp_path, f"deals.worth.called={called}", *more)
    deal, drivers, terms = ready(found)
    got = live(deal, drivers, terms, drawn(deal))
    ledger = found.results.cashflow.filter(category="residual_value_payment")["amount_usd"].sum()
    assert got.paid[-1, 0] == pytest.approx(ledger)
    assert np.abs(got.change).max() < 1e-4
    assert not got.missed.any()


def test_nor_do_draws_change_a_certain_one(tmp_path):
    """No volatility, and a use that ends for certain as in the ledger: every scenario drawn is the ledger."""
    found = made(tmp_path, "deals.worth.called=true", "deals.worth.probability=1", "deals.worth.volatility=0 %/year")
    deal, drivers, terms = ready(found)
    got = simulate(deal, drivers, terms, 2000, 3)
    assert np.abs(got.change).max() < 1e-4
    assert got.paid[-1] == pytest.approx(10e6)


@pytest.mark.parametrize("called", ["true", "false"])
def test_value_and_end_of_use_by_hand(tmp_path, called):
    """In the ledger $10M are paid, or nothing; deviation 0.3 x 2 over four years."""
    found = made(tmp_path, f"deals.worth.called={called}")
    deal, drivers, terms = ready(found)
    ends, normal = [0.39, 0.39, 0.39, 0.39, 0.41], [0.0, -2.0, 3.0, -0.4, -2.0]
    got = live(deal, drivers, terms, drawn(deal, ends, normal))
    values = [40e6 * np.exp(0.6 * z - 0.18) for z in normal]
    assert values[0] == pytest.approx(33.411e6, rel=1e-4)
    wanted = [50e6 - values[0], 25e6, 0.0, 50e6 - values[3], 0.0]  # the cap, a value above the strike, no end
    assert got.claimed[-1] == pytest.approx(wanted)
    base_paid = 10e6 if called == "true" else 0.0
    change = (np.array(wanted) - base_paid) * 1.08 ** (-AT / 12)
    assert got.change[deal.parties.index("own")] == pytest.approx(change)
    assert got.change[deal.parties.index("maker")] == pytest.approx(-change)
    gone = live(deal, drivers, terms, drawn(deal, ends, normal, default=AT))
    assert not gone.paid.any()
    assert gone.claimed[-1] == pytest.approx(wanted)


def test_a_loan_is_paid_from_it(tmp_path):
    """The tenant is gone a year before: what the guarantor pays then pays the service that is overdue."""
    found = made(tmp_path)
    params = RiskParams(lock_up=0.0, tenant="lab", tenant_default="5 %/year", recovery=0.0)
    deal, drivers, terms = ready(found, params)
    months = np.full((2, 2), NEVER)
    months[deal.defaulting.index("lab")] = AT - 12
    ending = np.array([[0.1, 0.9]])
    got = live(deal, drivers, terms, Draws(months, np.zeros(2, dtype=np.int64), ending=ending, worth=np.zeros((1, 2))))
    rate = 0.07 / 12
    service = 30e6 * rate / (1 - (1 + rate) ** -60)
    for place, pays in enumerate((50e6 - 40e6 * np.exp(-0.18), 0.0)):
        owed, missed = 0.0, 0
        for month in range(AT - 12, 73):
            owed = max(owed * (1 + rate) + service * (month <= 60) - (pays if month == AT else 0.0), 0.0)
            missed += owed > 0.5
        assert got.overdue[0, place] == pytest.approx(owed)
        assert got.missed[0, place] == missed
    assert got.missed[0, 0] < got.missed[0, 1]


def test_plain_python_says_the_same(tmp_path):
    found = made(tmp_path)
    price = {"deals": ["worth"], "drift": "-5 %/year", "volatility": "30 %/year"}
    for more in ({}, {"gpu_price": price}):
        params = RiskParams(tenant="lab", tenant_default="9 %/year", guarantor_default="4 %/year", **more)
        deal, drivers, terms = ready(found, params)
        assert deal.residuals[0].priced == bool(more)
        some = draw(drivers, deal.months, 7, [0])
        got, want = live(deal, drivers, terms, some), Plain(deal, drivers, terms).all(some, 80)
        for name in ("change", "claimed", "paid", "missed", "overdue", "lost", "exposed"):
            expected = np.array([getattr(life, name) for life in want]).T.reshape(getattr(got, name)[..., :80].shape)
            np.testing.assert_allclose(getattr(got, name)[..., :80], expected, rtol=1e-9, atol=1e-2, err_msg=name)
        assert got.claimed[-1].any()


def test_it_is_called_as_often_and_for_as_much_as_its_table_says(tmp_path):
    found = made(tmp_path)
    results = found.twin.run("risk")
    row = results["checks"].filter(check="risk_agrees_with_closed_form", scope="worth").row(0, named=True)
    assert row["ok"], row
    said = results["guarantee"]["expected_loss_usd"].sum()
    assert f"${said:,.0f} within" in row["wanted"]
    assert results["checks"].filter(check="risk_calls_guarantee").is_empty()
    called = results["risk_events"].filter(event="backstop_called", subject="worth").row(0, named=True)
    # log(40 e^(-0.18) / 50) / 0.6 standard deviations below, and four in ten end
    assert called["exact_fraction"] == pytest.approx(0.4 * norm.cdf((np.log(50 / 40) + 0.18) / 0.6))
    assert called["probability_fraction"] == pytest.approx(called["exact_fraction"], abs=5 * 0.005)
    assert called["mean_usd"] == pytest.approx(said, abs=5 * called["standard_error_usd"])
    maker = results["risk"].filter(party="maker").row(0, named=True)
    assert maker["mean_npv_usd"] - maker["npv_usd"] == pytest.approx(-said * 1.08 ** (-AT / 12), rel=0.05)


def test_a_table_that_disagrees_fails_the_check(tmp_path):
    deal, drivers, terms = ready(made(tmp_path))
    outcomes = simulate(deal, drivers, terms, 20_000, 0)
    assert agreement(deal, drivers, outcomes, as_the_file_says=True)["ok"].all()
    off = replace(deal, residuals=tuple(replace(one, said=one.said * 1.1) for one in deal.residuals))
    assert not agreement(off, drivers, outcomes, as_the_file_says=True)["ok"].any()


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    return ready(made(tmp_path_factory.mktemp("quiet")))


@settings(deadline=None, max_examples=25)
@given(ends=st.floats(0, 1), worth=st.floats(-4, 4), default=st.integers(0, 80), seed=st.integers(0, 2**31))
def test_the_parties_sum_to_zero_in_every_month(quiet, ends, worth, default, seed):
    """The months are weighted at random, so a sum of zero is one of zero in each of them."""
    deal, drivers, terms = quiet
    weighted = replace(terms, factors=np.random.default_rng(seed).standard_normal(deal.months))
    got = live(deal, drivers, weighted, drawn(deal, [ends], [worth], default))
    assert got.change.sum() == pytest.approx(0.0, abs=1e-4)


def test_a_default_that_is_told_leaves_it_as_in_the_ledger(tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(FILE + "analyses: {risk: {tenant: lab, tenant_default: 5 %/year, recovery: 0 %}}\n")
    found = shocks(base(path, overlays=["deals.worth.called=true"]), [shock("default=2030-01")])["shock_effects"]
    claimed = found.filter(subject="worth", measure="claimed").row(0, named=True)
    assert claimed["before"] == claimed["after"] == pytest.approx(10e6)


def test_without_a_guarantee_nothing_may_happen(tmp_path):
    deal, _, _ = ready(made(tmp_path))
    assert [one.deal for one in deal.residuals] == ["worth"]
    bare = made(tmp_path)
    given_ = {name: bare.results[name] for name in NEEDS} | {"residual_value": bare.results["residual_value"].clear()}
    with pytest.raises(RefusedError, match="nobody guarantees"):
        prepare(AnalysisInputs(given_, bare.twin, 0, RiskParams(guarantor_default="1 %/year")))
