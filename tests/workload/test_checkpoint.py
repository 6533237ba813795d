"""Checkpoint intervals: published examples, the optimum against a numerical one, and its limits."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from twin.workload.checkpoint import POLICIES, daly, daly_first, optimum, young
from twin.workload.ettr import wall_time

# Young, CACM 17 (1974) 530: sqrt(2 d M); Daly, FGCS 22 (2006) 303, first order: sqrt(2 d M) - d.  M of 7.9 h and
# 1.8 h are those of Kokolis et al. (HPCA 2025) at 1,024 and 16,384 GPUs, 3.093 h that of Llama 3 (419 interruptions in
# 54 days).
# Values by decimal arithmetic to 16 digits; tolerance 1e-9.
EXAMPLES = [
    (0.01, 7.9, 0.39749213828703583, 0.3874921382870358),
    (0.01, 1.8, 0.18973665961010278, 0.17973665961010277),
    (1 / 60, 1.8, 0.2449489742783178, 0.22828230761165114),
    (10 / 3600, 3.093, 0.13108521401490458, 0.12830743623712682),
]

times = st.floats(1e-4, 10.0)


@pytest.mark.parametrize(("write", "mttf", "by_young", "by_daly"), EXAMPLES)
def test_published_examples(write, mttf, by_young, by_daly):
    assert young(write, mttf) == pytest.approx(by_young, rel=1e-9)
    assert daly_first(write, mttf) == pytest.approx(by_daly, rel=1e-9)


@pytest.mark.parametrize(("write", "mttf", "_young", "_daly"), EXAMPLES)
def test_the_closed_form_is_the_numerical_minimum(write, mttf, _young, _daly):
    found = minimize_scalar(
        lambda t: math.log(wall_time(t, write, 0.2, mttf) / t), bounds=(1e-6, 5 * mttf), options={"xatol": 1e-10}
    )
    assert optimum(write, mttf) == pytest.approx(found.x, rel=1e-5)


@given(times, times)
def test_the_derivative_is_zero_at_the_optimum(write, mttf):
    y, d = optimum(write, mttf) / mttf, write / mttf
    assert 0.0 < y <= 1.0
    # log of (1 - y) exp(y + d) = 1; at y = 1 within rounding the left side is a logarithm of nothing
    if y < 1.0 - 1e-9:
        # and near it the last place of y moves the logarithm by as much over 1 - y
        assert math.log1p(-y) + y + d == pytest.approx(0.0, abs=1e-9 * (1.0 + d) + 4 * sys.float_info.epsilon / (1 - y))


@given(times, times, st.floats(0.01, 20.0), st.floats(0.0, 1.0))
def test_no_interval_beats_the_optimum(write, mttf, factor, restart):
    best = optimum(write, mttf)
    cost = wall_time(best, write, restart, mttf) / best
    assert cost <= wall_time(best * factor, write, restart, mttf) / (best * factor) * (1 + 1e-12)
    for policy in POLICIES.values():
        other = policy(write, mttf)
        assert cost <= wall_time(other, write, restart, mttf) / other * (1 + 1e-12)


@pytest.mark.parametrize("ratio", [1e-8, 1e-6, 1e-4, 1e-3])
def test_the_higher_order_of_daly_is_the_series_of_the_optimum(ratio):
    """With s = sqrt(2 d): s - s^2/3 + s^3/36 in both, so that they differ in the fourth order only."""
    s = math.sqrt(2 * ratio)
    assert daly(ratio, 1.0) == pytest.approx(s - s**2 / 3 + s**3 / 36, rel=1e-12)
    assert abs(daly(ratio, 1.0) - optimum(ratio, 1.0)) < s**4 / 100 + 1e-15


def test_the_series_and_the_lambert_function_meet():
    at = 5e-5
    below, above = (optimum(at * (1 + step), 1.0) for step in (-1e-9, 1e-9))
    assert above - below == pytest.approx(2e-9 * at / optimum(at, 1.0), rel=0.05)


def test_far_from_the_rule_of_thumb():
    assert daly_first(0.6, 1.0) == 1.0
    assert daly(2.5, 1.0) == 1.0
    assert optimum(1e3, 1.0) == 1.0
    assert all(policy(0.1, math.inf) == math.inf for policy in POLICIES.values())
