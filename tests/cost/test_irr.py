"""Rates of return in batches: against pyxirr and the roots of the polynomial, and never a number that looks right."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
import pyxirr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from twin.cost import irr, measures

DOLLARS = st.integers(-1000, 1000).map(float)
SHORT = hnp.arrays(np.float64, st.tuples(st.integers(1, 8), st.integers(2, 6)), elements=DOLLARS)


def invested(rows: int, periods: int, seed: int) -> np.ndarray:
    """Rows that pay for a while and are paid after it: one rate each."""
    draw = np.random.default_rng(seed)
    build = draw.integers(1, periods - 1, rows)
    age = np.arange(periods)
    paid = -draw.uniform(1.0, 200.0, (rows, periods))
    return np.where(age < build[:, None], paid, draw.uniform(0.0, 60.0, (rows, periods)))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 60), st.integers(3, 240), st.integers(0, 10**6))
def test_every_row_is_what_pyxirr_says(rows, periods, seed):
    net = invested(rows, periods, seed)
    found = irr.rates(net)
    assert (found.verdict == irr.UNIQUE).all()
    for flows, log_rate in zip(net, found.log_rate, strict=True):
        want = pyxirr.irr(flows)
        # a peer that gives up, or whose answer leaves a present value, is no reference
        if want is None or abs(pyxirr.npv(want, flows)) > 1e-6 * np.abs(flows).sum():
            continue
        assert np.expm1(log_rate) == pytest.approx(want, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(3, 60), st.integers(0, 10**6), st.lists(st.integers(1, 90), min_size=60, max_size=60))
def test_by_dates_it_is_what_pyxirr_says(periods, seed, gaps):
    days = [date(2027, 1, 1) + timedelta(days=int(day)) for day in np.cumsum(gaps[:periods])]
    (flows,) = invested(1, periods, seed)
    got, note = measures.xirr(flows, days)
    want = pyxirr.xirr(days, flows)
    if want is None or abs(pyxirr.xnpv(want, days, flows)) > 1e-6 * np.abs(flows).sum():
        return
    assert note is None
    assert got == pytest.approx(want, rel=1e-8, abs=1e-9)


@settings(deadline=None, max_examples=300)
@given(SHORT)
def test_what_is_said_of_a_row_is_true_of_its_polynomial(net):
    found = irr.rates(net)
    for flows, verdict, log_rate in zip(net, found.verdict, found.log_rate, strict=True):
        roots = np.roots(np.trim_zeros(flows)[::-1]) if flows.any() else np.array([])
        near = roots[(np.abs(roots.imag) < 1e-5 * np.abs(roots)) & (roots.real > 0)]
        sure = roots[(np.abs(roots.imag) < 1e-12 * np.abs(roots)) & (roots.real > 0)]
        if verdict == irr.UNIQUE:
            assert np.exp(-log_rate) == pytest.approx(near.real[np.argmin(np.abs(near.real - np.exp(-log_rate)))])
            assert len(sure) <= 1
        elif verdict in {irr.NONE, irr.PAYS, irr.RECEIVES, irr.NOTHING}:
            assert not len(sure)
        elif verdict == irr.SEVERAL:
            assert len(near) > 1
        assert np.isnan(log_rate) == (verdict != irr.UNIQUE)


def test_one_rate_is_shown_where_signs_change_more_than_once():
    # the first has 10.4 % and -90 %; the second pays once in between and has one rate only
    net = np.array([[-100.0, *[10.0] * 30, -1.0], [-100.0, 30.0, -1.0, 60.0, 60.0, 0.0] + [0.0] * 26])
    found = irr.rates(net)
    assert found.changes.tolist() == [2, 3]
    assert found.verdict.tolist() == [irr.SEVERAL, irr.UNIQUE]
    assert np.expm1(found.log_rate[1]) == pytest.approx(pyxirr.irr(net[1]), abs=1e-9)
    assert found.note(0) == "its monthly net changes sign 2 times, so several rates may solve it: 2 do"


def test_what_rounding_leaves_is_no_flow():
    net = np.array([[-100.0, *[10.0] * 30, -1e-9]])
    found = irr.rates(net)
    assert found.verdict.tolist() == [irr.UNIQUE]
    assert np.expm1(found.log_rate[0]) == pytest.approx(pyxirr.irr(net[0, :-1]), abs=1e-12)


def test_rows_without_a_rate_are_named():
    net = np.array([[0.0, 0.0, 0.0], [-1.0, -2.0, 0.0], [0.0, 1.0, 0.0], [-100.0, 230.0, -132.0], [-1.0, 1.0, -1.0]])
    found = irr.rates(net)
    assert found.verdict.tolist() == [irr.NOTHING, irr.PAYS, irr.RECEIVES, irr.SEVERAL, irr.NONE]
    assert np.isnan(found.log_rate).all()
    assert "no rate solves it" in found.note(4)


@given(st.integers(1, 7))
def test_chunks_change_nothing(chunk):
    net = np.concatenate((invested(20, 30, 3), -invested(3, 30, 4), np.zeros((2, 30))))
    one, other = irr.rates(net), irr.rates(net, chunk=chunk)
    assert (one.verdict == other.verdict).all()
    np.testing.assert_allclose(one.log_rate, other.log_rate, rtol=1e-12)


@pytest.mark.parametrize("rate", [-0.9999, -0.5, -1e-9, 0.0, 1e-12, 1e-6, 0.5, 80.0, 1e6])
def test_from_next_to_nothing_to_absurd(rate):
    net = np.zeros((1, 40))
    net[0, [0, 39]] = -1000.0, 1000.0 * (1 + rate) ** 39
    if abs(net[0, 39]) < 0.005:
        assert irr.rates(net).verdict[0] == irr.PAYS
        return
    got = irr.rates(net)
    assert np.expm1(got.log_rate[0]) == pytest.approx(rate, rel=1e-9, abs=1e-15)
