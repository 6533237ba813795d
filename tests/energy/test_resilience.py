"""Outages from every hour: against a loop over single outages, against all states of the machines, REopt's case."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise, product
from math import comb, exp

import numpy as np
import polars as pl
import pytest
from energy.build import run_tables, site, timetable, twin
from hypothesis import given, settings
from hypothesis import strategies as st
from published import Source
from scipy.optimize import linprog
from topology.build import Builder, value

from twin import tables
from twin.api import AnalysisInputs
from twin.energy.resilience import analysis
from twin.energy.resilience.fleet import Fleet, Machines, Store
from twin.energy.resilience.outage import survive, without_failures

NO_STORE = Store(0.0, np.zeros(1), 0.0, 0.0, 1.0)


def machines(count=2, each=50.0, store=np.inf, fails=0.0, repairs=0.0, start=0.0, name="gas"):
    return Machines(name, count, each, store, fails, repairs, start)


def fleet(*own, steps, store=NO_STORE, free=0.0):
    held = np.broadcast_to(store.state_kwh, steps)
    return Fleet(tuple(own), replace(store, state_kwh=held), np.broadcast_to(np.asarray(free, dtype=float), steps))


def slowly(need, own, start, most, step_h):
    """One outage, hour by hour: how many steps are lived through."""
    piped = sum(one.count * one.each_kw for one in own.machines if one.store_kwh == np.inf)
    tanked = [one for one in own.machines if one.store_kwh < np.inf]
    rating, fuel = sum(one.count * one.each_kw for one in tanked), sum(one.store_kwh for one in tanked)
    held = min(own.store.state_kwh[start], own.store.energy_kwh)
    for step in range(most):
        at = (start + step) % len(need)
        rest = need[at] - own.free_kw[at] - piped
        if rest < 0:
            held = min(own.store.energy_kwh, held + min(-rest, own.store.charge_kw) * own.store.efficiency * step_h)
            continue
        burnt = min(rest, rating, fuel / step_h)
        given_kw = min(rest - burnt, own.store.discharge_kw, held / step_h)
        if rest - burnt - given_kw > 1e-6:
            return step
        fuel, held = fuel - burnt * step_h, held - given_kw * step_h
    return most


@settings(max_examples=60, deadline=None)
@given(
    need=st.lists(st.floats(1, 200), min_size=6, max_size=12).map(np.array),
    sun=st.floats(0, 150),
    piped=st.integers(0, 2),
    tank=st.floats(0, 500),
    energy=st.floats(0, 400),
    power=st.floats(0, 200),
    state=st.floats(0, 1),
    step_h=st.sampled_from([1.0, 0.25]),
)
def test_fuel_and_storage_last_as_long_as_in_a_loop_over_outages(need, sun, piped, tank, energy, power, state, step_h):
    free = sun * (np.arange(len(need)) % 2)
    store = Store(energy, np.full(len(need), energy * state), power, power, 0.8)
    own = fleet(machines(piped, 40.0), machines(2, 30.0, store=tank), steps=len(need), store=store, free=free)
    lived, part = without_failures(need, own, 20, step_h)
    assert ((part >= 0) & (part < 1)).all()
    assert lived.tolist() == [slowly(need, own, start, 20, step_h) for start in range(len(need))]


def longest(need, tanks, step_h):
    """Steps served at the best by linear programs: all of them whole, and the largest part of the next one."""
    for steps in range(1, len(need) + 1):
        # burnt[tank, step], and the share of the last step for which the load is carried
        count, size = len(tanks), len(tanks) * steps
        cost = np.zeros(size + 1)
        cost[-1] = -1.0
        balance = np.zeros((steps, size + 1))
        store = np.zeros((count, size + 1))
        power = np.zeros((count, size + 1))
        for tank, (kw, _) in enumerate(tanks):
            for step in range(steps):
                balance[step, tank * steps + step] = 1.0
                store[tank, tank * steps + step] = 1.0
            power[tank, tank * steps + steps - 1], power[tank, -1] = 1.0, -kw * step_h
        balance[-1, -1] = -need[steps - 1] * step_h
        wanted = [*(need[: steps - 1] * step_h), 0.0]
        bounds = [(0, kw * step_h) for kw, _ in tanks for _ in range(steps)] + [(0, 1)]
        limits = [kwh for _, kwh in tanks] + [0.0] * count
        found = linprog(cost, np.vstack([store, power]), limits, balance, wanted, bounds)
        assert found.status == 0
        if found.x[-1] < 1 - 1e-7:
            return steps - 1 + found.x[-1]
    return float(len(need))


@settings(max_examples=60, deadline=None)
@given(
    need=st.lists(st.floats(1, 200), min_size=5, max_size=5).map(np.array),
    tanks=st.lists(st.tuples(st.floats(10, 120), st.floats(0, 400)), min_size=1, max_size=3),
    step_h=st.sampled_from([1.0, 0.25]),
)
def test_every_store_of_fuel_is_its_own_and_they_last_as_long_as_they_can(need, tanks, step_h):
    own = fleet(*(machines(1, kw, store=kwh, name=str(kw)) for kw, kwh in tanks), steps=5)
    lived = survive(need, own, 5, step_h).survived_h[0] / step_h
    assert lived == pytest.approx(longest(need, tanks, step_h), abs=1e-5)


def test_a_diesel_does_not_burn_the_gas_of_a_turbine():
    """1 MW on two sets of 500 kW, one with electricity for 100 h, one for 2 h: two hours, not fifty."""
    own = fleet(machines(1, 500.0, store=50_000.0), machines(1, 500.0, store=1_000.0, name="diesel"), steps=24)
    found = survive(np.full(24, 1000.0), own, 8, 1.0)
    assert found.survived_h.tolist() == [2.0] * 24
    assert found.chance[:, 0].tolist() == [1.0, 1.0] + [0.0] * 6


@pytest.mark.parametrize("hours", [2.01, 2.5, 2.99])
def test_fuel_for_a_part_of_an_hour_serves_that_part(hours):
    need = np.full(24, 1000.0)
    own = fleet(machines(1, 1000.0, store=1000.0 * hours, start=0.1), steps=24)
    found = survive(need, own, 4, 1.0)
    assert found.survived_h == pytest.approx(np.full(24, hours))
    assert found.chance[:, 0] == pytest.approx([0.9, 0.9, 0.0, 0.0])
    assert found.share[:, 0] == pytest.approx([0.9, 0.9, 0.9 * (hours - 2), 0.0])
    # of a store of energy likewise: 100 kW of its 60 kWh are there for 0.6 h, if the one machine starts
    store = Store(60.0, np.full(24, 60.0), 200.0, 0.0, 1.0)
    own = fleet(machines(1, 900.0, start=0.1), steps=24, store=store)
    found = survive(need, own, 3, 1.0)
    assert found.survived_h == pytest.approx(np.full(24, 0.6))
    assert found.share[:, 0] == pytest.approx([0.9 * 0.6, 0.0, 0.0])


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(1, 4),
    fails=st.floats(0, 0.3),
    repairs=st.floats(0, 0.5),
    start=st.floats(0, 0.4),
    need=st.lists(st.sampled_from([0.0, 40.0, 90.0, 140.0]), min_size=3, max_size=3).map(np.array),
)
def test_the_chain_gives_what_all_paths_of_the_machines_sum_to(count, fails, repairs, start, need):
    own = fleet(machines(count, 50.0, fails=fails, repairs=repairs, start=start), steps=3)
    found = survive(need, own, 3, 1.0).chance
    rate = fails + repairs
    down = fails / rate * (1 - exp(-rate)) if rate else 0.0
    up = repairs / rate * (1 - exp(-rate)) if rate else 0.0

    def weight(path, first):
        chance = start if path[0] == 0 else 1 - start
        for now, after in pairwise(path):
            chance *= {(1, 0): down, (1, 1): 1 - down, (0, 1): up, (0, 0): 1 - up}[now, after]
        return chance * first

    for length in (1, 2, 3):
        for at in range(3):
            total = 0.0
            for paths in product(product((0, 1), repeat=length), repeat=count):
                works = [sum(path[step] for path in paths) * 50.0 for step in range(length)]
                if all(works[step] >= need[(at + step) % 3] for step in range(length)):
                    chance = 1.0
                    for path in paths:
                        chance = weight(path, chance)
                    total += chance
            assert found[length - 1, at] == pytest.approx(total, abs=1e-7)


def test_k_of_n_at_the_first_hour():
    """Ten machines of which seven carry the load, each starting with 95 %."""
    own = fleet(machines(10, 10.0, start=0.05), steps=24)
    found = survive(np.full(24, 70.0), own, 4, 1.0).chance
    want = sum(comb(10, failed) * 0.05**failed * 0.95 ** (10 - failed) for failed in range(4))
    assert found == pytest.approx(np.full((4, 24), want), abs=1e-9)


def test_a_store_bridges_a_machine_that_fails_to_start():
    """Without repair, one of two machines that does not start leaves 50 kW to a store of 100 kWh: two hours."""
    store = Store(100.0, np.full(24, 100.0), 60.0, 60.0, 1.0)
    own = fleet(machines(2, 50.0, start=0.1), steps=24, store=store)
    found = survive(np.full(24, 100.0), own, 4, 1.0).chance[:, 0]
    both, one = 0.9**2, 2 * 0.9 * 0.1
    assert found == pytest.approx([both + one, both + one, both, both])


def test_many_machines_stay_within_the_cut():
    own = fleet(machines(130, 3000.0, fails=1 / 50_000, repairs=1 / 18, start=0.005), steps=24)
    tight = survive(np.full(24, 385_000.0), own, 72, 1.0).chance
    assert (np.diff(tight[:, 0]) <= 1e-12).all()
    # 129 machines are wanted: at most one of 130 may be down at the start
    first = 0.995**130 + 130 * 0.005 * 0.995**129
    assert tight[0, 0] == pytest.approx(first, abs=1e-8)


# --- in a run


def made(model, params):
    frames = run_tables(model, {"schedule": timetable(model, use=1.0, served=1.0)})
    found = analysis.run(AnalysisInputs(frames, model, 0, params))
    assert set(found) == set(analysis.ANALYSIS.produces)
    return {name: tables.check(name, frame, "resilience") for name, frame in found.items()} | {
        "hours": frames["site_hours"]
    }


REOPT = Source(
    "Energy",
    "NREL REopt.jl, outages",
    'NREL/REopt.jl @029db01, test/runtests.jl, "Minimize Unserved Load": outages of 1 and 5 h with equal chance, 10 kW '
    "critical, no generation, $1/kWh, present worth factor 16.18109.",
)


def test_expected_outage_cost_of_reopt(published):
    """REopt's case "Minimize Unserved Load".

    A flat load of which 10 kW are critical, no generation, outages of 1 and 5 h with equal chance, $1/kWh:
    60 kWh unserved over both, $485.4327 at a present worth factor of 16.18109, $161.8109 for the hour.  An outage
    starts at hour 8758 and goes round the end of the year; here it does from every hour.
    """
    model = twin(site(Builder(), "a", efficiency=1.0), months=12)
    load = 400.0 * 1.25
    params = analysis.ResilienceParams(
        durations=("1 h", "5 h"), probabilities=("50 %", "50 %"), critical=10.0 / load, lost_load="$1/kWh"
    )
    found = made(model, params)
    assert found["hours"]["load_kw"].unique().to_list() == pytest.approx([load])
    by_length = found["outage_survival"].sort("duration_h")
    assert by_length["unserved_kwh"].to_list() == pytest.approx([10.0, 50.0])
    unserved = by_length["unserved_kwh"].sum()
    published("unserved over both outages", 60, unserved, unit="kWh", digits=3, rel=1e-6, source=REOPT)
    assert by_length["survival_fraction"].to_list() == [0.0, 0.0]
    factor = 16.18109
    row = found["ride_through"].row(0, named=True)
    ours = row["expected_cost_usd"] * factor
    published("expected cost of an outage", 485.4327, ours, unit="$", abs=5e-4, source=REOPT)
    hour = by_length["unserved_kwh"][0] * factor
    published("cost of the outage of an hour", 161.8109, hour, unit="$", abs=5e-4, source=REOPT)


def genset(make, runtime=8.0, count=5):
    figures = {"capacity": 150.0, "runtime": runtime, "mtbf": 1000.0, "mttr": 10.0, "start_failure": 0.02}
    make.add("a/genset", count, "genset", attributes={name: value(figure) for name, figure in figures.items()})
    return make


def test_generating_sets_of_the_file_live_on_their_fuel():
    model = twin(genset(site(Builder(), "a", efficiency=1.0)), months=12)
    found = made(model, analysis.ResilienceParams(durations=("1 h", "8 h", "24 h")))
    by = {row["duration_h"]: row for row in found["outage_survival"].rows(named=True)}
    # five sets of 150 kW and 8 h of fuel at full load, 500 kW drawn: 12 hours
    assert by[8.0]["energy_fraction"] == 1.0
    assert by[24.0]["energy_fraction"] == 0.0
    assert found["outage_starts"]["survived_h"].unique().to_list() == [12.0]
    starts = (1 - 10 / 1010) * 0.98
    four = sum(comb(5, bad) * (1 - starts) ** bad * starts ** (5 - bad) for bad in range(2))
    assert by[1.0]["survival_fraction"] == pytest.approx(four, abs=1e-6)
    assert by[8.0]["survival_fraction"] < by[1.0]["survival_fraction"]
    assert found["checks"].height == 0


@pytest.mark.parametrize(("lasts_h", "unserved_kwh"), [(3.5, 0.0), (2.99, 5.0), (1.98, 510.0)])
def test_what_is_not_served_counts_the_part_of_an_hour_for_which_fuel_lasts(lasts_h, unserved_kwh):
    """Five sets of 150 kW, 500 kW drawn: their fuel at full load, 750 kW, lasts for 1.5 times as long."""
    make = site(Builder(), "a", efficiency=1.0)
    figures = {"capacity": 150.0, "runtime": lasts_h / 1.5}
    make.add("a/genset", 5, "genset", attributes={name: value(figure) for name, figure in figures.items()})
    found = made(twin(make, months=12), analysis.ResilienceParams(durations=("3 h",)))
    assert found["hours"]["load_kw"].unique().to_list() == pytest.approx([500.0])
    assert found["outage_survival"]["unserved_kwh"].to_list() == pytest.approx([unserved_kwh])
    assert found["outage_survival"]["survival_fraction"].to_list() == [1.0 if lasts_h >= 3 else 0.0]
    assert found["ride_through"]["least_h"].to_list() == pytest.approx([min(lasts_h, 3.0)])


def test_fuel_that_nobody_states_is_said():
    model = twin(genset(site(Builder(), "a"), runtime=0.0), months=12)
    [row] = made(model, analysis.ResilienceParams())["checks"].rows(named=True)
    assert (row["check"], row["scope"]) == ("fuel_on_site", "a")
    assert "a/genset" in row["got"]


@pytest.mark.parametrize(
    ("given_params", "what"),
    [
        ({"durations": ("0 h",)}, "does not last"),
        ({"durations": ("30 days",)}, "two weeks"),
        ({"durations": ("1 h",), "probabilities": ("50 %", "50 %")}, "2 probabilities for 1 durations"),
        ({"durations": ("1 h", "2 h"), "probabilities": ("50 %", "40 %")}, "sum to 0.9"),
    ],
)
def test_parameters_that_cannot_be_are_refused(given_params, what):
    with pytest.raises(ValueError, match=what):
        analysis.ResilienceParams(**given_params)


def test_the_year_is_the_last_twelve_months():
    model = twin(site(Builder(), "a"), months=18, start=date(2026, 1, 1))
    starts = made(model, analysis.ResilienceParams(durations=("1 h",)))["outage_starts"]
    assert starts["time"].min().date() == date(2026, 7, 1)
    assert starts.height == 8760
    assert starts.filter(pl.col("survived_h") > 0).height == 0
