"""Cost against carbon-free score: every point is the optimum that scipy finds, and no better score is cheaper."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from energy.dispatch.systems import generator, monthly, random_systems, storage, system
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from twin.energy.carbon.tradeoff import _curve
from twin.energy.dispatch import DispatchModel
from twin.energy.dispatch.flows import carbon_free_fraction
from twin.energy.dispatch.formulate import formulate

FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def least_cost(made, target):
    """Scipy's optimum of the program with the score as a row that must be reached."""
    program = formulate(replace(made, cfe_fraction=target))
    matrix = program.matrix.tocsr()
    equal = program.row_lower == program.row_upper
    below = ~equal & np.isfinite(program.row_upper)
    above = ~equal & np.isfinite(program.row_lower)
    peer = linprog(
        program.cost,
        A_eq=matrix[equal],
        b_eq=program.row_lower[equal],
        A_ub=np.concatenate([matrix[below].toarray(), -matrix[above].toarray()]),
        b_ub=np.concatenate([program.row_upper[below], -program.row_lower[above]]),
        bounds=np.stack([program.lower, program.upper], axis=1),
    )
    assert peer.status == 0
    return peer.fun + program.offset


def windy(steps=48):
    """A grid a fifth carbon-free, dear gas, wind that comes and goes, a store, a demand charge."""
    rng = np.random.default_rng(7)
    wind = generator(steps, "wind", 0.09, 150.0, available_kw=rng.uniform(0, 150, steps), carbon_free=True)
    gas = generator(steps, "gas", 0.045, 60.0)
    made = system(
        steps,
        generators=(wind, gas),
        storages=(storage(steps, kw=60.0, kwh=200.0),),
        import_usd_per_kwh=0.04 + 0.03 * rng.random(steps),
        import_cfe_fraction=rng.uniform(0.1, 0.4, steps),
    )
    return replace(made, demand=monthly(made.time, 2.0))


def test_every_point_is_the_optimum_of_the_row_and_its_dual_the_slope():
    made = windy()
    curve = _curve(made, (), 7)
    targets = [row["target_fraction"] for row in curve[1:]]
    assert len(targets) == 6
    for row in curve[1:]:
        assert row["cfe_fraction"] == pytest.approx(row["target_fraction"], abs=1e-9)
        assert row["cost_usd"] == pytest.approx(least_cost(made, row["target_fraction"]), rel=1e-9)
    step = 1e-5
    kwh = step * float(made.load_kw.sum())
    for row in curve[1:-1]:
        up = (least_cost(made, row["target_fraction"] + step) - row["cost_usd"]) / kwh
        down = (row["cost_usd"] - least_cost(made, row["target_fraction"] - step)) / kwh
        assert down - 1e-6 <= row["marginal_usd_per_kwh"] <= up + 1e-6


def test_the_last_point_is_the_highest_score_there_is():
    made = windy()
    curve = _curve(made, (), 3)
    assert curve[-1]["cfe_fraction"] == pytest.approx(curve[0]["highest_fraction"], abs=2e-6)


@FEW
@given(random_systems(), st.integers(0, 2**32 - 1))
def test_a_better_score_is_never_cheaper_and_the_next_kwh_never_either(made, seed):
    share = np.random.default_rng(seed).uniform(0, 1, made.steps)
    # what a store begins with counts as carbon-free in the program and not in the score: begin with nothing
    stores = tuple(replace(one, start_fraction=0.0) for one in made.storages)
    made = replace(made, import_cfe_fraction=share, load_kw=made.load_kw + 1.0, storages=stores)
    curve = _curve(made, (), 5)
    # a ten-thousandth of a kW is the solver's tolerance, and a kW of demand or of load unserved costs dollars
    scale = 1e-5 * max(1.0, *(abs(row["cost_usd"]) for row in curve))
    for one, two in pairwise(curve):
        assert two["cost_usd"] >= one["cost_usd"] - scale
        assert two["marginal_usd_per_kwh"] >= one["marginal_usd_per_kwh"] - 1e-6
    for row in curve[1:]:
        assert row["cfe_fraction"] >= row["target_fraction"] - 1e-6
        if row["target_fraction"] <= curve[0]["cfe_fraction"]:
            # the cheapest dispatch reaches it as the score is counted, where the row counts exports against it
            assert row["cost_usd"] == curve[0]["cost_usd"]
            continue
        # near the highest score its next kWh may cost hundreds: the tolerance of the row is then one of the cost
        slack = scale + 1e-3 * abs(row["marginal_usd_per_kwh"])
        assert row["cost_usd"] == pytest.approx(least_cost(made, row["target_fraction"]), abs=slack)


def test_a_price_on_the_score_does_not_carry_past_a_score_that_is_exact():
    """Dear wind: at a price of $1/kWh all of it would run, and the row keeps it to half; its next kWh costs 4 cents."""
    grid = {"import_usd_per_kwh": np.full(24, 0.05), "import_cfe_fraction": np.zeros(24)}
    made = system(24, generators=(generator(24, "wind", 0.09, 100.0, carbon_free=True),), **grid)
    for more in ({}, {"cfe_exact": True}, {"cfe_exact": True, "cfe_usd_per_kwh": 1.0}):
        held = DispatchModel(replace(made, cfe_fraction=0.5, **more)).solve()
        assert carbon_free_fraction(made, held.flows) == pytest.approx(0.5)
        assert held.cfe_usd_per_kwh == pytest.approx(0.04)
    priced = DispatchModel(replace(made, cfe_fraction=0.5, cfe_usd_per_kwh=1.0)).solve()
    assert carbon_free_fraction(made, priced.flows) == pytest.approx(1.0)
