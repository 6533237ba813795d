"""What holds of every dispatch, on random small systems; and the optimum against scipy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from energy.dispatch.systems import generator, random_systems
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from twin.energy.dispatch import DispatchModel
from twin.energy.dispatch.commitment import whole_machines
from twin.energy.dispatch.flows import cost
from twin.energy.dispatch.formulate import formulate
from twin.energy.dispatch.rules import by_rule, levels

FEW = settings(max_examples=60, deadline=None)
TINY = 1e-3


def total(system, flows):
    return sum(cost(system, flows).values())


def by_grid(system, flows):
    """What comes over the connection."""
    contracts = [power for plant, power in zip(system.generators, flows.power_kw, strict=True) if plant.by_grid]
    return sum(contracts, flows.import_kw)


@FEW
@given(random_systems())
def test_the_balance_closes_and_the_cost_is_the_objective(system):
    solved = DispatchModel(system).solve()
    assert np.abs(solved.flows.balance_kw(system)).max() < TINY
    assert total(system, solved.flows) == pytest.approx(solved.objective_usd, rel=1e-7, abs=1e-4)


@FEW
@given(random_systems())
def test_every_limit_is_kept(system):
    flows = DispatchModel(system).solve().flows
    assert (by_grid(system, flows) <= system.import_limit_kw + TINY).all()
    assert (flows.export_kw <= system.export_limit_kw + TINY).all()
    for plant, power, online in zip(system.generators, flows.power_kw, flows.online, strict=True):
        assert (power <= plant.available_kw + TINY).all()
        assert power.sum() * system.step_h <= plant.limit_kwh + TINY
        if plant.committed:
            assert (power >= plant.minimum_fraction * plant.capacity_kw * online - TINY).all()
            assert (power <= plant.capacity_kw * online + TINY).all()
            assert (online <= plant.most_online() + 1e-6).all()
    for number, moved in enumerate(system.shifts):
        for day in np.unique(system.days()):
            here = system.days() == day
            assert flows.down_kw[number][here].sum() == pytest.approx(flows.up_kw[number][here].sum(), abs=TINY)
        assert (flows.down_kw[number] <= moved.down_kw + TINY).all()


@FEW
@given(random_systems())
def test_storage_never_creates_energy(system):
    for flows in (DispatchModel(system).solve().flows, by_rule(system, "price"), by_rule(system, "peak")):
        for number, store in enumerate(system.storages):
            state = flows.state_kwh[number]
            assert state.min() >= -TINY
            assert state.max() <= store.energy_kwh + TINY
            start = state[-1] if store.cyclic else store.start_fraction * store.energy_kwh
            put = flows.charge_kw[number].sum() * store.charge_efficiency * system.step_h
            got = flows.discharge_kw[number].sum() / store.discharge_efficiency * system.step_h
            assert start + put - got == pytest.approx(state[-1], abs=0.01)
            if store.cyclic:
                assert flows.discharge_kw[number].sum() <= flows.charge_kw[number].sum() + TINY


@FEW
@given(random_systems(), st.floats(0, 100), st.floats(0, 0.2))
def test_more_supply_never_raises_the_cost(system, kw, usd):
    before = DispatchModel(system).solve().objective_usd
    wider = replace(system, import_limit_kw=system.import_limit_kw + kw)
    more = replace(system, generators=(*system.generators, generator(system.steps, "more", usd, kw)))
    for changed in (wider, more):
        after = DispatchModel(changed).solve().objective_usd
        assert after <= before + 1e-6 * max(1.0, abs(before))


@FEW
@given(random_systems())
def test_scipy_finds_the_same_optimum(system):
    program = formulate(system)
    matrix = program.matrix.tocsr()
    equal = program.row_lower == program.row_upper
    below = ~equal & np.isfinite(program.row_upper)
    above = ~equal & np.isfinite(program.row_lower)
    sides = [(matrix[below], program.row_upper[below]), (-matrix[above], -program.row_lower[above])]
    rows = [part.toarray() for part, _ in sides]
    peer = linprog(
        program.cost,
        A_eq=matrix[equal],
        b_eq=program.row_lower[equal],
        A_ub=np.concatenate(rows),
        b_ub=np.concatenate([right for _, right in sides]),
        bounds=np.stack([program.lower, program.upper], axis=1),
    )
    assert peer.status == 0
    assert DispatchModel(system).solve().objective_usd == pytest.approx(peer.fun + program.offset, rel=1e-7, abs=1e-6)


@FEW
@given(random_systems())
def test_a_rule_keeps_the_balance_and_its_limits(system):
    for rule in ("price", "peak"):
        flows = by_rule(system, rule)
        assert np.abs(flows.balance_kw(system)).max() < TINY
        assert (by_grid(system, flows) <= system.import_limit_kw + TINY).all()
        assert (flows.export_kw <= system.export_limit_kw + TINY).all()
        for plant, power, online in zip(system.generators, flows.power_kw, flows.online, strict=True):
            assert (power <= plant.available_kw + TINY).all()
            assert power.sum() * system.step_h <= plant.limit_kwh + TINY
            assert (power >= plant.minimum_fraction * plant.capacity_kw * online * plant.committed - TINY).all()


@FEW
@given(random_systems())
def test_no_rule_beats_the_optimum_where_stores_end_as_they_began(system):
    cyclic = replace(system, storages=tuple(replace(store, cyclic=True) for store in system.storages))
    best = DispatchModel(cyclic).solve().objective_usd
    for rule in ("price", "peak"):
        assert total(cyclic, by_rule(cyclic, rule)) >= best - 1e-6 * max(1.0, abs(best))


@FEW
@given(random_systems())
def test_whole_machines_cost_no_less_than_shares_of_them(system):
    model = DispatchModel(system)
    relaxed = model.solve()
    whole = whole_machines(model, relaxed)
    assert whole.flows.part_online(system) == 0
    assert whole.objective_usd >= relaxed.objective_usd - 1e-6 * max(1.0, abs(relaxed.objective_usd))
    assert total(system, whole.flows) == pytest.approx(whole.objective_usd, rel=1e-7, abs=1e-4)
    assert model.resolve().objective_usd == pytest.approx(relaxed.objective_usd, rel=1e-7, abs=1e-4)


@FEW
@given(st.lists(st.floats(-80, 80), min_size=1, max_size=40), st.one_of(st.none(), st.floats(0, 100)))
def test_levels_of_a_store_follow_from_stepping_through_them(wish, start):
    after, before = levels(np.array(wish), 100.0, start)
    level = before[0]
    for step, move in enumerate(wish):
        assert before[step] == pytest.approx(level, abs=1e-9)
        level = min(max(level + move, 0.0), 100.0)
        assert after[step] == pytest.approx(level, abs=1e-9)
    if start is None:
        assert level == pytest.approx(before[0], abs=1e-9)
