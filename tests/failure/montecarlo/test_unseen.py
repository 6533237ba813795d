"""Intervals of histories where outages are rare: they hold the exact answer as often as they say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from failure.build import System
from failure.montecarlo.change import behave, repaired

from twin.failure.availability import availability
from twin.failure.fed import solve
from twin.failure.montecarlo import frames
from twin.failure.montecarlo.agreement import agreement
from twin.failure.montecarlo.clock import clock
from twin.failure.montecarlo.estimate import Stop, student
from twin.failure.montecarlo.sequential import DOWN, Histories, live_through
from twin.failure.montecarlo.steady import Sampler, simulate
from twin.failure.montecarlo.unseen import lasting_h, repair_h
from twin.failure.parts import parts
from twin.failure.solved import directly

if TYPE_CHECKING:
    from twin.structure.model import Snapshot

YEARS, COUNT, RUNS = 10.0, 50, 400


def rare() -> Snapshot:
    """Short outages of a feed, 4 in 50 histories of 10 years, and long ones of a transformer, one in two such runs."""
    system = System()
    feed = system.gate(system.add("site/feed", **repaired(1e6, 0.5)))
    transformer = system.gate(system.add("site/tx", gates=[feed], **repaired(8e6, 500.0)))
    system.load("site/rack", gates=[transformer])
    return system.build()


@pytest.mark.parametrize(("confidence", "count"), [(0.9, COUNT), (0.99, COUNT), (0.8, 500), (0.9, 500)])
def test_the_interval_holds_the_exact_answer_as_often_as_it_says(confidence: float, count: int) -> None:
    """With one long outage in two runs, and with five in one."""
    snapshot = rare()
    exact = solve(snapshot).scope_unavailability[0]
    held, old = 0, 0
    for seed in range(RUNS):
        histories = Histories(snapshot, YEARS, seed)
        block = live_through(histories, count)
        row = frames.sequential(histories, block, confidence).filter(pl.col("measure") == "fed").row(0, named=True)
        held += abs(1.0 - row["value"] - exact) <= row["half_width"]
        # a normal interval, by what was seen alone
        old += abs(1.0 - row["value"] - exact) <= student(confidence, count - 1) * row["standard_error"]
    beyond_chance = 3.1 * np.sqrt(confidence * (1.0 - confidence) / RUNS)
    assert held / RUNS >= confidence - beyond_chance
    if count == COUNT:
        assert old / RUNS < 0.75, "most runs see no long outage, and nothing says that there may be one"


def test_a_run_that_saw_short_outages_alone_is_no_disagreement_and_a_wrong_answer_still_is() -> None:
    snapshot = rare()
    exact = availability([directly(snapshot)])
    for seed in range(40):
        histories = Histories(snapshot, YEARS, seed)
        assert agreement(exact, frames.sequential(histories, live_through(histories, COUNT), 0.99))["ok"].all()
    wrong = exact.with_columns(availability_fraction=1.0 - 2.0 * (1.0 - pl.col("availability_fraction")))
    histories = Histories(snapshot, 100.0, 1)
    found = agreement(wrong, frames.sequential(histories, live_through(histories, 20_000), 0.99))
    assert found.filter(~pl.col("ok"))["check"].to_list() == ["simulation_sequential_fed"]


def test_how_long_one_may_last_follows_supply() -> None:
    """Twice the mean of an exponential repair; a hall that hangs on something slow, and one that does not."""
    system = System()
    feed = system.gate(system.add("site/feed", 2, **repaired(1000.0, 10.0)), 1)
    slow = system.gate(system.add("site/tx", gates=[feed], **repaired(1e6, 300.0)))
    quick = system.gate(system.add("site/ups", gates=[feed], **repaired(1e5, 4.0)))
    for gate in (slow, quick):
        system.load("site/rack", gates=[gate], scope=system.hall())
    snapshot = system.build()
    assert lasting_h(snapshot, clock(snapshot.structure)) == pytest.approx([600.0, 600.0, 20.0])
    spread = behave(snapshot, repair_cv={0: 0.0, 1: 0.0, 2: 2.0, 3: 0.0}, start_time_h={3: 1.0})
    assert lasting_h(spread, clock(spread.structure)) == pytest.approx([1500.0, 1500.0, 11.0])


def test_waiting_is_in_it() -> None:
    of = clock(rare().structure)
    crew = replace(of, pool=np.zeros(2, dtype=np.int64), crews=np.array([1]))
    assert repair_h(crew) == pytest.approx([1.0 + 1000.0, 2000.0])
    store = replace(of, store=np.array([0, -1]), spares=np.array([1]), lead_h=np.array([72.0]))
    assert repair_h(store) == pytest.approx([73.0, 1000.0])


@pytest.mark.parametrize("cv", [np.nan, 0.0, 1.5])
def test_the_ratio_is_that_of_the_lengths_lived_through(cv: float) -> None:
    """E[X^2] / E[X] over the outages of a single part."""
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/grid", **repaired(400.0, 4.0)))])
    snapshot = behave(system.build(), repair_cv={0: cv})
    histories = Histories(snapshot, 10.0, 3)
    down, _, _ = histories.outages(0, 400)
    length = (down.end - down.start) / 3.6e6
    limit = lasting_h(snapshot, histories.clock)[0]
    assert (length**2).sum() / length.sum() == pytest.approx(limit, rel=0.05)


def test_states_that_saw_small_losses_alone() -> None:
    """A thousandth of the load is often lost, all of it once in 200,000: most runs of 20,000 states miss that."""
    system = System()
    grid = system.gate(system.add("site/grid", q=5e-6))
    for count, q in ((999, 0.0), (1, 0.2)):
        ups = system.add("site/ups", gates=[grid], q=q)
        system.load("site/rack", count, gates=[system.gate(ups)])
    snapshot = system.build()
    exact = availability([directly(snapshot)])
    sampler = Sampler(snapshot, parts(snapshot.structure), samples=20_000)
    alarms = 0
    for seed in range(100):
        found = frames.steady(snapshot, simulate(sampler, Stop(20_000), seed), (), confidence=0.99, seed=seed)
        alarms += not agreement(exact, found, family=0.8)["ok"].all()
    assert alarms <= 20 + 3.1 * 4


def test_the_widths_do_not_depend_on_who_lives_through_what() -> None:
    histories = Histories(rare(), YEARS, 3)
    histories.size = 7
    blocks = live_through(histories, COUNT, lambda work, numbers: [work(n) for n in list(numbers)[::-1]][::-1])
    one, other = (frames.sequential(histories, found, 0.99) for found in (live_through(histories, COUNT), blocks))
    assert one.equals(other)
    assert one["half_width"].drop_nulls().min() > 0.0
    assert live_through(histories, COUNT).first[DOWN, 0] >= 0.0
