from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from deals import START, flows
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twin.api import Calendar
from twin.cost import measures

YEAR = Calendar(START, 12)
DECLARED = {"lab": "tenant", "quiet": "sponsor"}
amounts = hnp.arrays(np.float64, 24, elements=st.floats(-1e9, 1e9))
cents = st.integers(0, 10**13).map(lambda n: n / 100)
NAMES = ("lab", "owner", "bank", "market")


def test_positions_keep_declared_parties_and_add_the_others():
    got = measures.positions(
        flows((0, "lab", "owner", "x", "fee", 5.0), (3, "owner", "lab", "x", "fee", 2.0)), YEAR, DECLARED
    )
    assert got.parties == ("lab", "quiet", "owner")
    assert got.net[0, [0, 3]].tolist() == [-5.0, 2.0]
    assert got.net[1].tolist() == [0.0] * 12


@given(st.lists(st.tuples(st.integers(0, 11), st.permutations(NAMES), cents), max_size=40))
def test_parties_sum_to_zero_in_every_month(rows):
    ledger = flows(*((month, two[0], two[1], "x", "fee", amount) for month, two, amount in rows))
    found = measures.positions(ledger, YEAR, DECLARED)
    assert np.abs(found.net.sum(axis=0)).max() < 0.005
    metrics = measures.party_metrics(found, YEAR, DECLARED, 0.08)
    assert abs(metrics["net_usd"].sum()) < 0.01
    assert abs(metrics["npv_usd"].sum()) < 0.01


@given(amounts, amounts, st.floats(-3, 3), st.floats(-0.5, 1.0))
def test_npv_is_linear_in_flows(one, two, times, rate):
    together = measures.npv(one + times * two, rate)
    apart = measures.npv(one, rate) + times * measures.npv(two, rate)
    assert together == pytest.approx(apart, rel=1e-9, abs=1e-3)


def test_npv_discounts_a_year_by_the_annual_rate():
    net = np.zeros(13)
    net[[0, 12]] = -100.0, 110.0
    assert measures.npv(net, 0.10) == pytest.approx(0.0, abs=1e-9)


@given(st.floats(-0.9, 5.0), st.integers(1, 300), st.integers(0, 40), st.floats(1.0, 1e10))
def test_irr_finds_the_rate_that_was_put_in(rate, periods, wait, paid):
    monthly = (1 + rate) ** (1 / 12) - 1
    back = paid / np.sum((1 + monthly) ** -np.arange(1, periods + 1.0))
    if back < 0.01:
        return
    net = np.concatenate((np.zeros(wait), [-paid], np.full(periods, back)))
    got, note = measures.irr(net)
    assert note is None
    assert got == pytest.approx(rate, rel=1e-6, abs=1e-6)
    assert measures.npv(net, got) == pytest.approx(0.0, abs=1e-6 * np.abs(net).sum() * max(1.0, (1 + got) ** -30))


@pytest.mark.parametrize(
    ("net", "says"),
    [
        ([0.0, 0.0], "no cash flows"),
        ([0.001, -0.001], "no cash flows"),
        ([-5.0, -1.0], "only pays"),
        ([0.0, 1.0], "only receives"),
        ([100.0, -60.0, -60.0], "is paid first and pays later: 336.5 % a year is what that costs it, and no return"),
        ([-100.0, 230.0, -132.0], "changes sign 2 times, so several rates may solve it"),
    ],
)
def test_no_rate_of_return_is_given_where_there_is_none_or_several(net, says):
    rate, note = measures.irr(np.array(net))
    assert rate is None
    assert says in note


def test_a_rate_beyond_numbers_is_not_given():
    assert measures.irr(np.array([-0.01, 1e30]))[0] is None


@pytest.mark.parametrize(
    ("net", "month"),
    [
        ([-10, 4, 4, 4], 3),
        ([-10, 20, -15, 10], 3),
        ([-10, 5, 5], None),
        ([5, 5], None),
        ([-1, -1], None),
        ([-10, 10, 0, 5], 3),
    ],
)
def test_payback_is_for_good(net, month):
    assert measures.payback(np.array(net, dtype=float)) == month


def test_party_metrics_by_hand():
    ledger = flows((0, "lab", "vendor", "x", "capex", 100.0), *((m, "cloud", "lab", "x", "fee", 60.0) for m in (2, 4)))
    found = measures.positions(ledger, YEAR, DECLARED)
    rows = {row["party"]: row for row in measures.party_metrics(found, YEAR, DECLARED, 0.1).iter_rows(named=True)}
    lab = rows["lab"]
    assert (lab["role"], lab["inflow_usd"], lab["outflow_usd"], lab["net_usd"]) == ("tenant", 120.0, 100.0, 20.0)
    assert lab["npv_usd"] == pytest.approx(-100 + 60 * 1.1 ** (-2 / 12) + 60 * 1.1 ** (-4 / 12))
    assert lab["moic_ratio"] == 1.2
    assert lab["payback"] == date(2027, 5, 1)
    assert pytest.approx(sum(60 * (1 + lab["irr_per_year"]) ** (-m / 12) for m in (2, 4))) == 100
    assert rows["vendor"]["role"] == "external"
    assert rows["vendor"]["irr_note"].startswith("only receives")
    assert (rows["quiet"]["net_usd"], rows["quiet"]["moic_ratio"], rows["quiet"]["irr_note"]) == (
        0.0,
        None,
        "no cash flows",
    )
