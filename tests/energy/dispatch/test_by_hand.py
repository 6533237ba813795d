"""Small dispatches worked out by hand, marginal prices against finite differences, refusals."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from energy.dispatch.systems import generator, monthly, shift, storage, system, times

from twin.energy.dispatch import Demand, DispatchModel
from twin.energy.dispatch.commitment import whole_machines
from twin.energy.dispatch.flows import carbon_free_fraction, cost, fuel_kw
from twin.energy.dispatch.rules import by_rule
from twin.errors import RefusedError


def solve(made):
    return DispatchModel(made).solve()


def two_prices(steps=24):
    """Cheap in the first half, dear in the second."""
    return np.where(np.arange(steps) < steps // 2, 0.02, 0.10)


def test_the_cheaper_source_serves_the_load():
    solved = solve(system(generators=(generator(24, usd=0.03, kw=60.0),)))
    assert solved.flows.power_kw[0] == pytest.approx(np.full(24, 60.0))
    assert solved.flows.import_kw == pytest.approx(np.full(24, 40.0))
    assert solved.objective_usd == pytest.approx(24 * (60 * 0.03 + 40 * 0.05))
    assert solved.marginal_usd_per_kwh == pytest.approx(np.full(24, 0.05))


def test_a_store_moves_energy_from_cheap_to_dear_and_loses_on_the_way():
    made = system(import_usd_per_kwh=two_prices(), storages=(storage(24, kw=50.0, kwh=90.0),))
    solved = solve(made)
    # 100 kWh taken, 90 kWh held, 81 kWh given
    assert solved.flows.charge_kw[0].sum() == pytest.approx(100)
    assert solved.flows.discharge_kw[0].sum() == pytest.approx(81)
    assert solved.objective_usd == pytest.approx(1200 * 0.12 + 100 * 0.02 - 81 * 0.10)
    assert solved.flows.both_ways() == 0


def test_a_store_that_is_not_cyclic_begins_with_what_it_is_given():
    made = system(storages=(storage(24, cyclic=False, start_fraction=0.5),))
    assert solve(made).objective_usd == pytest.approx((2400 - 50 * 0.9) * 0.05)


def test_quarter_hours_weigh_a_quarter():
    made = system(96, time=times(96, minutes=15), step_h=0.25)
    assert solve(made).objective_usd == pytest.approx(2400 * 0.05)
    assert solve(made).marginal_usd_per_kwh == pytest.approx(np.full(96, 0.05))


def test_a_demand_charge_levels_the_import():
    load = np.full(24, 100.0)
    load[12] = 145.0
    battery = storage(24, kw=50.0, kwh=100.0, charge_efficiency=1.0, discharge_efficiency=1.0)
    made = system(load_kw=load, storages=(battery,))
    billed = replace(made, demand=monthly(made.time, 10.0))
    # without a charge a store has nothing to do; with it the import is the mean load
    assert solve(made).objective_usd == pytest.approx(load.sum() * 0.05)
    solved = solve(billed)
    assert solved.flows.import_kw.max() == pytest.approx(load.mean(), rel=1e-6)
    assert solved.objective_usd == pytest.approx(load.sum() * 0.05 + 10 * load.mean())


def test_demand_up_to_the_floor_is_billed_in_any_case():
    floor = Demand(entry="grid", charge="d", period="m", usd_per_kw=10.0, floor_kw=130.0, steps=np.arange(24))
    assert solve(system(demand=(floor,))).objective_usd == pytest.approx(120 + 1300)


def test_what_must_be_taken_is_paid_for_and_used_first():
    taken = generator(24, "ppa", usd=0.08, kw=150.0, must_take=True)
    solved = solve(system(generators=(taken,)))
    assert solved.objective_usd == pytest.approx(24 * 150 * 0.08)
    assert solved.flows.power_kw[0] == pytest.approx(np.full(24, 100.0))


def test_a_contract_shares_the_connection():
    contract = generator(24, "ppa", usd=0.02, kw=80.0, by_grid=True)
    made = system(import_limit_kw=np.full(24, 70.0), generators=(contract,), unserved_usd_per_kwh=1.0)
    flows = solve(made).flows
    assert flows.power_kw[0] + flows.import_kw == pytest.approx(np.full(24, 70.0))
    assert flows.unserved_kw == pytest.approx(np.full(24, 30.0))
    assert by_rule(made).unserved_kw == pytest.approx(np.full(24, 30.0))


def test_energy_is_limited_over_the_span():
    diesel = generator(24, "diesel", usd=0.30, kw=100.0, limit_kwh=250.0)
    short = system(import_limit_kw=np.full(24, 90.0), generators=(diesel,))
    assert solve(short).flows.power_kw[0].sum() == pytest.approx(240)
    with pytest.raises(RefusedError, match="cannot serve its load") as refusal:
        solve(replace(short, generators=(replace(diesel, limit_kwh=200.0),)))
    assert "40 kWh at the least" in str(refusal.value)


def test_interruption_is_bought_in_the_dearest_hours():
    price = np.linspace(0.05, 0.28, 24)
    agreement = generator(24, "interruptible", usd=0.15, kw=30.0, limit_kwh=60.0)
    solved = solve(system(import_usd_per_kwh=price, generators=(agreement,)))
    assert solved.flows.power_kw[0] == pytest.approx(np.r_[np.zeros(22), 30.0, 30.0])


def test_load_is_moved_within_its_day_only():
    price = np.concatenate([np.full(24, 0.10), np.full(24, 0.02)])
    price[5] = 0.01
    solved = solve(system(48, import_usd_per_kwh=price, shifts=(shift(48, kw=20.0),)))
    # one cheap hour on the first day takes 20 kWh; nothing moves on to the second day
    assert solved.flows.up_kw[0][5] == pytest.approx(20.0)
    assert solved.flows.down_kw[0].sum() == pytest.approx(20.0)
    assert solved.objective_usd == pytest.approx(100 * price.sum() - 20 * (0.10 - 0.01) + 20 * 0.001)


def plant(**more):
    given = {
        "kw": 100.0,
        "usd_per_kwh": np.full(6, 0.003),
        "fuel_usd_per_kwh": np.full(6, 0.015),
        "segments": ((0.7, 1.7), (1.0, 2.0)),
        "minimum_fraction": 0.4,
        "online_fuel_kw": 50.0,
        "start_usd": 1.0,
    }
    return generator(6, "turbine", **(given | more))


def by_enumeration(made):
    """Least cost over every on/off pattern of the first plant, each hour's output found by a fine search."""
    turbine, best = made.generators[0], np.inf
    outputs = np.array([0.0, 40.0, 70.0, 100.0])
    for pattern in product([0, 1], repeat=made.steps):
        usd = 0.0
        for step, on in enumerate(pattern):
            load, price = made.load_kw[step], made.import_usd_per_kwh[step]
            # cost is piecewise linear in output: an optimum lies at a kink or where the import ends
            tried = np.append(outputs, load)[1:] if on else np.zeros(1)
            tried = tried[(tried >= 40.0) & (tried <= min(load, 100.0))] if on else tried
            if not len(tried):
                usd = np.inf
                break
            fuel = 50.0 * on + 1.7 * np.minimum(tried, 70) + 2.0 * np.maximum(tried - 70, 0)
            usd += float((0.003 * tried + 0.015 * fuel + price * (load - tried)).min())
        starts = sum(later > earlier for earlier, later in pairwise(pattern))
        best = min(best, usd + starts * turbine.start_usd)
    return best


@pytest.mark.parametrize(
    ("available", "more", "fuel"),
    [
        # three of four machines: 37.5 kW at 1.6 and as much at 2.0
        (75.0, {}, 37.5 * 1.6 + 37.5 * 2.0),
        (75.0, {"minimum_fraction": 0.4}, 37.5 * 1.6 + 37.5 * 2.0),
        # each of them gives 2 % less: the least output that three can run at is that of three
        (73.5, {"minimum_fraction": 0.4}, 37.5 * 1.6 + 36.0 * 2.0),
        (98.0, {}, 50 * 1.6 + 48 * 2.0),
        (0.0, {}, 0.0),
    ],
)
def test_a_machine_that_is_out_takes_its_share_of_every_segment(available, more, fuel):
    """100 kW of four machines, 1.6 kWh/kWh up to half load and 2.0 above, where the grid is dear."""
    segments = ((0.5, 1.6), (1.0, 2.0))
    turbine = generator(
        2,
        usd=0.0,
        machines=4,
        segments=segments,
        available_kw=np.full(2, available),
        fuel_usd_per_kwh=np.full(2, 0.01),
        **more,
    )
    made = system(2, load_kw=np.full(2, 200.0), import_usd_per_kwh=np.full(2, 1.0), generators=(turbine,))
    solved = solve(made)
    assert solved.flows.power_kw[0] == pytest.approx(np.full(2, available))
    assert fuel_kw(turbine, solved.flows.power_kw[0], solved.flows.online[0]) == pytest.approx(np.full(2, fuel))
    assert solved.objective_usd == pytest.approx(2 * (0.01 * fuel + 200 - available))
    assert sum(cost(made, solved.flows).values()) == pytest.approx(solved.objective_usd)
    ruled = by_rule(made)
    assert ruled.power_kw[0] == pytest.approx(np.full(2, available))
    assert sum(cost(made, ruled).values()) == pytest.approx(solved.objective_usd)
    # and as what must be taken, where that is allowed: paid for in any case
    if not more:
        taken = replace(made, generators=(replace(turbine, must_take=True),))
        assert solve(taken).objective_usd == pytest.approx(2 * (0.01 * fuel + 200 - available))


@pytest.mark.parametrize("seed", range(12))
def test_whole_machines_against_every_pattern(seed):
    rng = np.random.default_rng(seed)
    made = system(
        6, load_kw=rng.uniform(30, 120, 6), import_usd_per_kwh=rng.uniform(0.01, 0.09, 6), generators=(plant(),)
    )
    model = DispatchModel(made)
    relaxed = model.solve()
    whole = whole_machines(model, relaxed)
    best = by_enumeration(made)
    assert relaxed.objective_usd <= best + 1e-6
    assert best - 1e-6 <= whole.objective_usd <= 1.03 * best
    assert sum(cost(made, whole.flows).values()) == pytest.approx(whole.objective_usd)


@pytest.mark.parametrize("demand", [0.0, 2.0])
def test_the_marginal_price_is_what_one_more_kwh_costs(demand):
    rng = np.random.default_rng(3)
    made = system(
        import_usd_per_kwh=rng.uniform(0.01, 0.1, 24),
        load_kw=rng.uniform(50, 150, 24),
        generators=(generator(24, usd=0.06, kw=40.0),),
        storages=(storage(24),),
    )
    made = replace(made, demand=monthly(made.time, demand) if demand else ())
    model = DispatchModel(made)
    base = model.solve()
    for step in range(0, 24, 5):
        more, less = made.load_kw.copy(), made.load_kw.copy()
        more[step] += 0.01
        less[step] -= 0.01
        up = (model.resolve(load_kw=more).objective_usd - base.objective_usd) / 0.01
        down = (base.objective_usd - model.resolve(load_kw=less).objective_usd) / 0.01
        assert down - 1e-6 <= base.marginal_usd_per_kwh[step] <= up + 1e-6


def sunny():
    solar = np.where((np.arange(24) > 7) & (np.arange(24) < 17), 300.0, 0.0)
    plants = (generator(24, "solar", 0.0, 300.0, available_kw=solar, renewable=True, carbon_free=True),)
    return system(
        generators=plants, storages=(storage(24, kw=100.0, kwh=2000.0),), import_cfe_fraction=np.full(24, 0.2)
    )


def test_a_carbon_free_score_is_reached_at_a_cost_that_rises_with_it():
    made = replace(sunny(), storages=(storage(24, kw=200.0, kwh=2000.0, usd_per_kwh=np.full(24, 0.10)),))
    free = solve(made)
    lowest = carbon_free_fraction(made, free.flows)
    model = DispatchModel(replace(made, cfe_fraction=0.0))
    assert model.solve().objective_usd == pytest.approx(free.objective_usd)
    costs = []
    for wanted in (0.6, 0.75, 0.9):
        solved = model.resolve(cfe_fraction=wanted)
        assert solved.warm
        assert carbon_free_fraction(made, solved.flows) == pytest.approx(wanted, abs=1e-6)
        costs.append(solved.objective_usd)
    assert lowest < 0.6
    assert free.objective_usd < costs[0] < costs[1] < costs[2]
    assert solved.cfe_usd_per_kwh > 0


def test_a_score_out_of_reach_names_the_highest():
    made = replace(sunny(), storages=())
    with pytest.raises(RefusedError, match=r"cannot reach a carbon-free score of 90.0%; the highest is 50.0%"):
        solve(replace(made, cfe_fraction=0.9))


def test_a_price_on_carbon_turns_the_merit_order():
    gas = generator(24, usd=0.06, kw=100.0, segments=((1.0, 2.0),), fuel_kg_co2e_per_kwh=0.18)
    made = system(generators=(gas,), import_kg_co2e_per_kwh=np.full(24, 0.8))
    assert solve(made).flows.power_kw[0].sum() == 0
    priced = solve(replace(made, carbon_usd_per_kg=0.05))
    assert priced.flows.import_kw.sum() == 0
    assert priced.objective_usd == pytest.approx(2400 * (0.06 + 2.0 * 0.18 * 0.05))
    assert cost(priced.system, priced.flows)["carbon"] == pytest.approx(2400 * 2.0 * 0.18 * 0.05)


def test_unserved_load_is_refused_with_the_hour_and_the_shortfall():
    load = np.full(24, 100.0)
    load[7] = 150.0
    made = system(load_kw=load, import_limit_kw=np.full(24, 120.0))
    with pytest.raises(RefusedError, match=r"in 1 of 24 steps, 30 kWh at the least: 2027-01-01T07:00 \(30 kW\)"):
        solve(made)
    solved = solve(replace(made, unserved_usd_per_kwh=5.0))
    assert solved.flows.unserved_kw[7] == pytest.approx(30.0)
    assert solved.marginal_usd_per_kwh[7] == pytest.approx(5.0)


def test_a_model_goes_on_after_a_refusal():
    made = system(import_limit_kw=np.full(24, 120.0))
    model = DispatchModel(made)
    model.solve()
    with pytest.raises(RefusedError):
        model.resolve(load_kw=np.full(24, 130.0))
    assert model.resolve(load_kw=made.load_kw).objective_usd == pytest.approx(120.0)


def test_too_much_minimum_output_needs_no_refusal_because_the_plant_may_stay_off():
    made = system(6, load_kw=np.full(6, 10.0), generators=(plant(),))
    model = DispatchModel(made)
    assert whole_machines(model, model.solve()).flows.power_kw[0].max() == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"load_kw": np.full(23, 1.0)}, "the load of campus has 23 values for 24 steps"),
        ({"load_kw": np.r_[np.full(23, 1.0), -2.0]}, r"the load of campus at 2027-01-01T23:00 is -2"),
        ({"import_usd_per_kwh": np.r_[np.nan, np.full(23, 1.0)]}, r"import price of campus at 2027-01-01T00:00 is nan"),
        (
            {"export_usd_per_kwh": np.full(24, 0.06), "export_limit_kw": np.full(24, 5.0)},
            "buying and selling at once would earn without end",
        ),
        ({"storages": (storage(24, charge_efficiency=1.2),)}, "the charge efficiency of 'battery' is 1.2"),
        ({"storages": (storage(24, start_fraction=1.2),)}, "begins with 1.2"),
        ({"generators": (generator(24, segments=((0.5, 2.0), (1.0, 1.5))),)}, "takes less fuel for one more kWh"),
        ({"generators": (generator(24, segments=((0.5, 2.0), (0.9, 2.5))),)}, "reach to 0.5, 0.9 of its rating"),
        ({"generators": (generator(24, must_take=True, start_usd=1.0),)}, "must be taken and also has"),
    ],
)
def test_what_could_only_go_wrong_is_refused(change, words):
    with pytest.raises(RefusedError, match=words):
        DispatchModel(system(**change))


def test_nothing_is_printed(capfd):
    solve(system())
    assert capfd.readouterr() == ("", "")


def test_the_rule_for_stores_by_price():
    made = system(import_usd_per_kwh=two_prices(), storages=(storage(24, kw=50.0, kwh=90.0),))
    flows = by_rule(made, "price")
    assert flows.discharge_kw[0].sum() == pytest.approx(81)
    assert sum(cost(made, flows).values()) == pytest.approx(solve(made).objective_usd)


def test_the_rule_for_stores_by_peak_holds_the_mean():
    load = np.where(np.arange(24) % 2, 120.0, 80.0)
    battery = storage(24, kw=50.0, kwh=100.0, charge_efficiency=1.0, discharge_efficiency=1.0)
    flows = by_rule(system(load_kw=load, storages=(battery,)), "peak")
    assert flows.import_kw == pytest.approx(np.full(24, 100.0))


def test_a_rule_takes_the_cheaper_source_first_and_stops_at_the_permit():
    price = np.linspace(0.01, 0.24, 24)
    diesel = generator(24, "diesel", usd=0.20, kw=30.0, limit_kwh=60.0)
    flows = by_rule(system(import_usd_per_kwh=price, generators=(diesel,)))
    dear = price > 0.20
    assert flows.power_kw[0][~dear].max() == 0
    assert flows.power_kw[0].sum() == pytest.approx(60.0)
