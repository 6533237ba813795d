"""Sampled states against the exact answer: with chances given, and with power to see a wrong one."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import pytest
from failure.build import System
from failure.montecarlo.change import behave
from scipy.stats import binom

from twin.failure.fed import solve
from twin.failure.montecarlo import steady as module
from twin.failure.montecarlo.estimate import Stop, normal
from twin.failure.montecarlo.steady import BLOCK, FED, LEVELS, SERVED, Proposal, Sampler, simulate
from twin.failure.montecarlo.tilt import tilt
from twin.failure.parts import Parts, parts
from twin.structure.live import live

if TYPE_CHECKING:
    from twin.structure.model import Snapshot


def campus(q: float = 0.01) -> System:
    """Two halls with N+1 supplies behind two feeds of which one is enough."""
    system = System()
    feed = system.gate(system.add("site/feed", 2, q=q), 1)
    for hall in (system.hall(), system.hall()):
        ups = system.gate(system.add("site/ups", 4, q=q, gates=[feed]), 3)
        system.load("site/rack", 8, gates=[ups], q=0.004, scope=hall)
        system.load("site/big", 2, gates=[ups], q=0.01, kw=250.0, scope=hall)
    system.load("site/desk", 3, gates=[feed])
    return system


def by_parts(snapshot: Snapshot, of: Parts) -> tuple[np.ndarray, np.ndarray]:
    """Exact losses by brute force over all states of the parts: (scopes,) not fed, and share not served."""
    structure = snapshot.structure
    sets: dict[int, list[int]] = {}
    for part in range(len(of)):
        sets.setdefault(int(of.exclusive[part]) if of.exclusive[part] >= 0 else -1 - part, []).append(part)
    options = [
        [(None, 1.0 - sum(of.unavailability[p] for p in each)), *((p, of.unavailability[p]) for p in each)]
        for each in sets.values()
    ]
    states = [s for s in product(*options) if all(chance > 0 for _, chance in s)]
    failed = np.zeros((len(states), len(structure.elements)), dtype=bool)
    chance = np.ones(len(states))
    for row, state in enumerate(states):
        for part, each in state:
            chance[row] *= each
            if part is not None:
                failed[row, of.members.row(part)] = True
    fed = live(snapshot, failed)[1]
    classes = structure.classes
    kw = classes.power_kw * classes.count
    down, lost = [], []
    for index in range(len(structure.scopes)):
        inside = np.isin(classes.scope, [i for i, s in enumerate(structure.scopes) if index in (i, s.parent)])
        down.append((chance * ~fed[:, inside].all(axis=1)).sum())
        served = (fed * (1 - classes.unavailability) * kw)[:, inside].sum(axis=1) / kw[inside].sum()
        lost.append(1 - (chance * served).sum())
    return np.array(down), np.array(lost)


@pytest.mark.parametrize("sparse", [True, False])
def test_agrees_with_the_exact_answer_and_not_with_a_wrong_one(sparse: bool, monkeypatch) -> None:
    monkeypatch.setattr(module, "SPARSE_BELOW", 2.0 if sparse else 0.0)
    snapshot = campus().build()
    sampler = Sampler(snapshot, parts(snapshot.structure), samples=1 << 20)
    assert sampler.sparse is sparse
    found = simulate(sampler, Stop(1 << 20), seed=3)
    exact = solve(snapshot)
    off = np.abs(found.loss.mean[FED] - exact.scope_unavailability)
    width = found.loss.half_width(0.9999)
    assert (off <= width[FED]).all()
    down, lost = by_parts(snapshot, parts(snapshot.structure))
    assert down == pytest.approx(exact.scope_unavailability, rel=1e-12)
    assert (np.abs(found.loss.mean[SERVED] - lost) <= width[SERVED]).all()
    assert (np.abs(found.loss.mean[FED] - 1.25 * down) > width[FED]).all(), "a quarter more would be seen"
    assert (width[FED] < 0.2 * down).all()


def test_single_failures_that_lose_load_are_looked_up_right() -> None:
    """A chain: every failure takes something down, so that the table alone decides most samples."""
    system = System()
    first = system.gate(system.add("site/grid", q=0.004))
    hall = system.hall()
    second = system.gate(system.add("site/board", 2, q=0.01, gates=[first]))
    system.load("site/rack", 5, gates=[second], scope=hall)
    system.load("site/desk", 5, gates=[first])
    snapshot = system.build()
    found = simulate(Sampler(snapshot, parts(snapshot.structure), samples=1 << 19), Stop(1 << 19), seed=1)
    down, lost = by_parts(snapshot, parts(snapshot.structure))
    z = np.abs(found.loss.mean[:2] - [down, lost]) / found.loss.error[:2]
    assert (z < 4).all()
    assert (found.loss.error[:2] < 0.02 * np.array([down, lost])).all()


def test_covers_as_often_as_it_says() -> None:
    """Intervals of 90 % from 400 runs of 2,000 samples hold the truth in 90 % of them, within chance."""
    snapshot = campus(0.1).build()
    sampler = Sampler(snapshot, parts(snapshot.structure), samples=2000)
    down, lost = by_parts(snapshot, parts(snapshot.structure))
    inside = np.zeros((2, 3))
    for seed in range(400):
        found = simulate(sampler, Stop(2000), seed)
        inside += np.abs(found.loss.mean[:2] - [down, lost]) <= found.loss.half_width(0.9)[:2]
    low, high = binom.ppf([1e-4, 1 - 1e-4], 400, 0.9)
    assert (inside >= low).all()
    assert (inside <= high + 12).all(), "wider by a term of 1/n, and no more"


def test_common_causes_and_planned_outages() -> None:
    snapshot = behave(
        campus(0.02).build(),
        greek={(2, 0): 0.3, (3, 0): 0.3, (4, 0): 0.3, (5, 0): 0.3},
    )
    structure = snapshot.structure
    groups = {**structure.topology.groups, "site/ups": replace(structure.topology.groups["site/ups"], count=4)}
    snapshot = replace(snapshot, structure=replace(structure, topology=replace(structure.topology, groups=groups)))
    snapshot = behave(
        snapshot,
        greek={(e, 0): 0.3 for e in range(2, 10)},
        maintenance_per_year=dict.fromkeys(range(2), 12.0),
        maintenance_h=dict.fromkeys(range(2), 20.0),
    )
    of = parts(snapshot.structure)
    assert len(of) == 10 + 2 + 2, "own, common to the four of a hall, planned"
    found = simulate(Sampler(snapshot, of, samples=1 << 19), Stop(1 << 19), seed=5)
    down, lost = by_parts(snapshot, of)
    assert (np.abs(found.loss.mean[:2] - [down, lost]) <= found.loss.half_width(0.9999)[:2]).all()
    assert (found.loss.half_width(0.9999)[FED] < 0.1 * down).all()
    without, _ = by_parts(snapshot, replace(of, exclusive=np.full(len(of), -1)))
    assert abs(without[0] - down[0]) > 0.01 * down[0], "that they take turns matters here"


def test_the_share_in_service_is_drawn_and_not_taken_as_its_mean() -> None:
    system = System()
    gate = system.gate(system.add("site/ups", 2, q=0.05), 1)
    system.load("site/rack", 20, gates=[gate], q=0.03)
    snapshot = system.build()
    levels = (0.9, 0.95, 1.0)
    found = simulate(Sampler(snapshot, parts(snapshot.structure), levels, samples=1 << 18), Stop(1 << 18), seed=2)
    fed = 1 - 0.05**2
    wanted = [1 - fed * binom.cdf(most, 20, 0.03) for most in (2, 1, 0)]
    got = found.loss.mean[LEVELS:, 0]
    assert (np.abs(got - wanted) <= 4 * found.loss.error[LEVELS:, 0]).all()
    assert (found.loss.error[LEVELS:, 0] < 0.02 * np.array(wanted)).all()


def test_the_numbers_depend_on_the_seed_alone() -> None:
    snapshot = campus().build()
    sampler = Sampler(snapshot, parts(snapshot.structure), (0.9,), samples=6 * BLOCK + 77)
    stop = Stop(6 * BLOCK + 77)
    alone = simulate(sampler, stop, seed=11)
    backwards = lambda work, blocks: [work(b) for b in reversed(list(blocks))][::-1]  # noqa: E731 - a map of a test
    shared = [simulate(sampler, stop, seed=11, map_=backwards)]
    with ThreadPoolExecutor(3) as threads, ProcessPoolExecutor(2) as processes:
        shared += [simulate(sampler, stop, seed=11, map_=pool.map) for pool in (threads, processes)]
    for other in shared:
        assert (alone.loss.mean == other.loss.mean).all()
        assert (alone.loss.error == other.loss.error).all()
    assert (simulate(sampler, stop, seed=12).loss.mean != alone.loss.mean).any()


@pytest.mark.parametrize(("relative", "wanted"), [(False, 4e-4), (True, 0.1)])
def test_stops_when_it_is_sure_enough(relative: bool, wanted: float) -> None:
    snapshot = campus().build()
    sampler = Sampler(snapshot, parts(snapshot.structure), samples=1 << 22)
    found = simulate(sampler, Stop(1 << 22, wanted, relative, 0.95), seed=1)
    assert found.stopped_by == "half_width"
    assert found.loss.samples < 1 << 22
    allowed = wanted * (found.loss.mean[:2, 0] if relative else 1.0)
    assert (found.loss.half_width(0.95)[:2, 0] <= allowed).all()
    half = simulate(sampler, Stop(found.loss.samples // 2), seed=1)
    assert (half.loss.half_width(0.95)[:2, 0] > wanted * (half.loss.mean[:2, 0] if relative else 1.0)).any()
    assert half.stopped_by == "samples"


def rare() -> Snapshot:
    """Two pairs of supplies and a triple; either pair, or the triple, down takes down the site: about 1e-9."""
    system = System()
    pairs = [system.gate(system.add(f"site/pair-{i}", 2, q=2e-5), 1) for i in range(2)]
    triple = system.gate(system.add("site/triple", 3, q=5e-4), 1)
    system.load("site/rack", 4, gates=[*pairs, triple])
    return system.build()


def test_rare_losses_are_found_without_bias() -> None:
    snapshot = rare()
    exact = float(solve(snapshot).scope_unavailability[0])
    assert exact == pytest.approx(2 * 4e-10 + 1.25e-10, rel=1e-3)
    sampler = Sampler(snapshot, parts(snapshot.structure), samples=40_000)
    found = [simulate(sampler, Stop(40_000), seed, proposal=tilt(sampler, 0, seed)) for seed in range(20)]
    mean = np.array([each.loss.mean[FED, 0] for each in found])
    error = np.array([each.loss.error[FED, 0] for each in found])
    z = (mean - exact) / error
    assert np.abs(z).max() < 3.5
    assert (z**2).sum() < 45.3, "chi-squared of 20 degrees: above once in a thousand"
    assert abs(mean.mean() - exact) < 3.3 * np.sqrt((error**2).sum()) / 20
    assert (error < 0.05 * exact).all(), "a wrong value of a fifth more would be four errors off in each of them"
    assert all(each.loss.effective[FED, 0] > 1e10 for each in found), "as good as ten billion plain samples"
    plain = simulate(sampler, Stop(40_000), 1)
    assert plain.loss.mean[FED, 0] == 0.0
    assert plain.loss.half_width(0.99)[FED, 0] > exact, "none seen is not none"


def test_a_bad_proposal_is_unbiased_and_says_how_bad_it_is() -> None:
    snapshot = campus(0.05).build()
    sampler = Sampler(snapshot, parts(snapshot.structure), samples=1 << 17)
    down, lost = by_parts(snapshot, parts(snapshot.structure))
    true = sampler.slots.chance
    bad = Proposal((true, np.full(len(true), 0.6)), (0.1, 0.9))
    found = simulate(sampler, Stop(1 << 17), 3, proposal=bad)
    assert (np.abs(found.loss.mean[:2] - [down, lost]) <= 4 * found.loss.error[:2]).all()
    assert (found.loss.effective[FED] < 0.5 * (1 << 17)).all()
    assert simulate(sampler, Stop(1 << 15), 3).loss.effective[FED] == pytest.approx(1 << 15)


def test_what_is_always_down_and_what_is_dark() -> None:
    system = System()
    gate = system.gate(system.add("site/ups", 2, q=0.1), 3.0)
    good = system.gate([0], 1)
    system.load("site/rack", gates=[gate], kw=50.0, scope=system.hall())
    system.load("site/other", gates=[good], scope=(hall := system.hall()), q=0.02)
    system.load("site/dark", gates=[good], on=False, scope=system.hall())
    snapshot = system.build()
    found = simulate(Sampler(snapshot, parts(snapshot.structure), samples=1 << 15), Stop(1 << 15), 1)
    assert found.loss.mean[FED, :2].tolist() == [1.0, 1.0]
    assert found.loss.error[FED, :2].tolist() == [0.0, 0.0]
    assert found.loss.mean[SERVED, 1] == pytest.approx(1.0)
    assert found.loss.mean[SERVED, hall] == pytest.approx(1 - 0.9 * 0.98, abs=4 * found.loss.error[SERVED, hall])
    assert np.isnan(found.loss.mean[:, 3]).all()


def test_an_interval_without_a_failure_is_not_empty() -> None:
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/ups", q=1e-12))])
    snapshot = system.build()
    found = simulate(Sampler(snapshot, parts(snapshot.structure)), Stop(10_000), 1)
    width = found.loss.half_width(0.95)[FED, 0]
    assert width == pytest.approx(normal(0.95) ** 2 / 10_000, rel=1e-12)
    assert (1 - width) ** 10_000 < 0.05, "a chance that large would have shown in nineteen of twenty runs"
