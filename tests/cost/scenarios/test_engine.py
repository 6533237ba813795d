"""The engine against scenarios worked out by hand, and what must hold of any scenario."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scenarios_by_hand import Plain

import twin
from twin.api import AnalysisInputs
from twin.cost.scenarios.analysis import NEEDS, PriceParams, RiskParams, prepare
from twin.cost.scenarios.draws import BLOCK, NEVER, Draws, Drivers, Price, draw
from twin.cost.scenarios.engine import live, simulate

FILE = Path(__file__).parents[3] / "topologies" / "river-bend.yaml"
WILD = RiskParams(
    tenant_default="8 %/year",
    guarantor_default="1 %/year",
    correlation="40 %",
    market_correlation="50 %",
    gpu_price=PriceParams(deals=("accelerators",), drift="-10 %/year", volatility="30 %/year", reversion="50 %/year"),
    power_price=PriceParams(volatility="25 %/year"),
    delay={"3 months": 0.3, "9 months": 0.2},
)


@pytest.fixture(scope="module")
def river():
    made = twin.load(FILE)
    return made, made.cost()


def ready(river, params=None):
    made, results = river
    tables = {name: results[name] for name in NEEDS}
    return prepare(AnalysisInputs(tables, made, 0, params or RiskParams()))


@pytest.mark.parametrize("params", [RiskParams(), WILD], ids=["as the file says", "everything at once"])
def test_every_scenario_is_what_plain_python_says(river, params):
    deal, drivers, terms = ready(river, params)
    drawn = draw(drivers, deal.months, 7, [0])
    got = live(deal, drivers, terms, drawn)
    want = Plain(deal, drivers, terms).all(drawn, 60)
    for name in ("change", "claimed", "paid", "least_dscr", "missed", "overdue", "lost", "exposed"):
        expected = np.array([getattr(life, name) for life in want]).T
        np.testing.assert_allclose(getattr(got, name)[:, :60], expected, rtol=1e-9, atol=1e-2, err_msg=name)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 400), st.integers(0, 400), st.integers(0, 9), st.floats(0, 1))
def test_what_one_gains_another_loses(river, tenant, guarantor, late, recovery):
    deal, drivers, terms = ready(river, WILD.model_copy(update={"recovery": recovery}))
    drawn = Draws(np.array([[tenant], [guarantor]]), np.array([late]), np.zeros((deal.months, 1)), None)
    got = live(deal, drivers, terms, drawn)
    assert got.change.sum() == pytest.approx(0.0, abs=1e-2)
    assert (got.overdue >= 0).all()
    assert (got.paid <= got.claimed + 1e-6).all()


def test_a_deal_with_no_default_is_its_contract(river):
    deal, drivers, terms = ready(river)
    drawn = Draws(np.full((2, 3), NEVER), np.zeros(3, dtype=np.int64), None, None)
    got = live(deal, drivers, terms, drawn)
    assert np.abs(got.change).max() == pytest.approx(0.0, abs=1e-3)
    assert got.missed.sum() == 0
    least = river[1]["debt_metrics"]["least_dscr_ratio"][0]
    assert got.least_dscr == pytest.approx(least)


def test_the_same_seed_gives_the_same_numbers_however_it_is_chunked(river):
    deal, drivers, terms = ready(river, WILD)
    one = simulate(deal, drivers, terms, 2500, 5, chunk=BLOCK)
    other = simulate(deal, drivers, terms, 2500, 5, chunk=8 * BLOCK)
    fewer = simulate(deal, drivers, terms, 700, 5)
    for name in ("change", "claimed", "default", "delay", "least_dscr"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
        assert np.array_equal(getattr(one, name)[..., :700], getattr(fewer, name)), name
    assert one.change.shape[1] == 2500
    assert not np.array_equal(one.default, simulate(deal, drivers, terms, 2500, 6).default)


def test_the_rate_of_return_of_the_contract_is_that_of_the_party(river):
    deal, drivers, terms = ready(river)
    drawn = Draws(np.full((2, 2), NEVER), np.zeros(2, dtype=np.int64), None, None)
    got = live(deal, drivers, replace(terms, watched=deal.parties.index("hut8")), drawn)
    metrics = {row["party"]: row for row in river[1]["party_metrics"].iter_rows(named=True)}
    assert np.expm1(12 * got.log_rate) == pytest.approx(metrics["hut8"]["irr_per_year"])


@pytest.mark.parametrize("correlation", [0.0, 0.5])
def test_defaults_are_as_likely_as_said_and_correlated(correlation):
    monthly = 1 - 0.95 ** (1 / 12)
    drivers = Drivers(np.array([monthly, monthly]), np.array([0, 0]), correlation)
    drawn = draw(drivers, 1, 1, range(100))
    year = drawn.default < 12
    count = year.shape[1]
    assert year.mean(axis=1) == pytest.approx([0.05, 0.05], abs=4 * np.sqrt(0.05 * 0.95 / count))
    both = (year[0] & year[1]).mean()
    # bivariate normal with the stated correlation below the 5 % quantile of both: 0.0025 where independent
    want = {0.0: 0.0025, 0.5: 0.012189}[correlation]
    assert both == pytest.approx(want, abs=4 * np.sqrt(want / count))


def test_prices_have_the_mean_that_is_said():
    price = Price(-0.2, 0.4, 0.5)
    drivers = Drivers(np.zeros(0), np.zeros(0, dtype=np.int64), gpu=price)
    shocks = draw(drivers, 61, 2, range(60)).gpu
    stay, size = price.step()
    off = np.zeros(shocks.shape[1])
    for month in range(60):
        off = stay * off + size * shocks[month]
    factor = np.exp(off + price.centre(61)[60])
    assert factor.mean() == pytest.approx(0.8**5, abs=4 * factor.std() / np.sqrt(len(factor)))
    # variance of an Ornstein-Uhlenbeck process after five years: v^2 (1 - exp(-2 k t)) / (2 k)
    assert off.var() == pytest.approx(0.16 * (1 - np.exp(-5.0)) / 1.0, rel=0.05)
