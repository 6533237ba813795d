"""Where the wall time of a checkpointed run goes: against simulation, limits and order."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.workload.checkpoint import optimum
from twin.workload.ettr import approximate, shares, wall_time

times = st.floats(1e-3, 5.0)


def simulate(interval, write, restart, mttf, segments, rng):
    """(4, segments): wall time, time restarting, time thrown away and interruptions of each segment of a run.

    A run is simulated segment by segment: until interval and write are through without an interruption,
    each interruption throws away what there was, and restarts until a restart is through.
    """
    wall, restarting, redone, often = np.zeros((4, segments))
    todo = np.arange(segments)
    while todo.size:
        left = rng.exponential(mttf, todo.size)
        hit = left < interval + write
        wall[todo] += np.where(hit, left, interval + write)
        redone[todo] += np.where(hit, left, 0.0)
        todo = todo[hit]
        down = todo
        while down.size:
            often[down] += 1
            left = rng.exponential(mttf, down.size)
            spent = np.minimum(left, restart)
            wall[down] += spent
            restarting[down] += spent
            down = down[left < restart]
    return wall, restarting, redone, often


@pytest.mark.parametrize(
    ("interval", "write", "restart", "mttf"),
    [(0.13, 10 / 3600, 7 / 60, 3.093), (0.5, 0.1, 0.4, 1.0), (2.0, 0.05, 0.0, 1.0), (0.2, 0.02, 1.5, 1.0)],
)
def test_the_exact_shares_are_those_of_a_simulated_run(interval, write, restart, mttf):
    number = 200_000
    wall, *parts = simulate(interval, write, restart, mttf, number, np.random.default_rng(7))
    run = shares(interval, write, restart, mttf)
    want = (run.restarting, run.redone, 1.0 / mttf)
    for part, share in zip(parts, want, strict=True):
        ratio = part.mean() / wall.mean()
        # the error of a ratio of means, to first order
        error = np.std(part - ratio * wall) / wall.mean() / math.sqrt(number)
        assert abs(ratio - share) <= 4 * error + 1e-15
    error = np.std(wall) / math.sqrt(number)
    assert abs(wall.mean() - wall_time(interval, write, restart, mttf)) <= 4 * error
    assert interval / wall.mean() == pytest.approx(run.training, rel=5 * error / wall.mean())


@given(times, times, st.floats(0.0, 5.0), st.floats(0.05, 1e6))
def test_the_shares_are_a_whole(interval, write, restart, mttf):
    run = shares(interval, write, restart, mttf)
    parts = (run.training, run.writing, run.restarting, run.redone)
    assert all(part >= 0.0 for part in parts)
    assert math.fsum(parts) == pytest.approx(1.0, abs=1e-12)


@given(times, times, st.floats(0.0, 5.0), st.floats(0.05, 1e3), st.floats(1.0, 10.0), st.floats(0.0, 5.0))
def test_ettr_falls_with_rate_restart_and_write(interval, write, restart, mttf, factor, more):
    best = shares(interval, write, restart, mttf).training
    assert shares(interval, write, restart, mttf / factor).training <= best * (1 + 1e-12)
    assert shares(interval, write, restart + more, mttf).training <= best * (1 + 1e-12)
    assert shares(interval, write + more, restart, mttf).training <= best * (1 + 1e-12)


@given(st.floats(1e-4, 1e-2), st.floats(0.0, 2e-2))
def test_the_published_approximation_is_near_where_it_should_be(write, restart):
    """To the second order in what is small against the mean time to an interruption, which is 1 here."""
    interval = optimum(write, 1.0)
    exact, near = shares(interval, write, restart, 1.0).training, approximate(interval, write, restart, 1.0)
    small = restart + interval + write / interval
    assert abs(exact - near) <= small**2


def test_the_approximation_fails_where_restart_is_long():
    assert approximate(0.5, 0.01, 2.0, 1.0) == 0.0
    assert shares(0.5, 0.01, 2.0, 1.0).training > 0.05
    assert approximate(0.0, 0.01, 0.1, 1.0) == 0.0


def test_without_interruptions_only_checkpoints_cost():
    run = shares(0.9, 0.1, 5.0, math.inf)
    assert (run.training, run.writing, run.restarting, run.redone) == (0.9, 0.1, 0.0, 0.0)
    assert shares(math.inf, 0.1, 5.0, math.inf).training == approximate(math.inf, 0.1, 5.0, math.inf) == 1.0


def test_a_run_that_never_gets_through():
    assert wall_time(1.0, 0.1, 1.0, 1e-3) == math.inf
    assert shares(1.0, 0.1, 1.0, 1e-3).training == 0.0
