"""Estimates beside exact answers: right ones pass, wrong ones do not, and false alarms are as rare as said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from failure.build import System
from failure.montecarlo.change import repaired
from failure.random_systems import systems
from hypothesis import given, settings

from twin import tables
from twin.failure.availability import availability
from twin.failure.montecarlo import frames
from twin.failure.montecarlo.agreement import agreement
from twin.failure.montecarlo.estimate import Stop
from twin.failure.montecarlo.sequential import Histories, live_through
from twin.failure.montecarlo.steady import Sampler, simulate
from twin.failure.parts import parts
from twin.failure.solved import directly

if TYPE_CHECKING:
    from twin.structure.model import Snapshot


def halls() -> Snapshot:
    system = System()
    feed = system.gate(system.add("site/feed", 2, **repaired(2000.0, 40.0)), 1)
    for _ in range(3):
        ups = system.gate(system.add("site/ups", 4, gates=[feed], **repaired(3000.0, 30.0)), 3)
        system.load("site/rack", 6, gates=[ups], scope=system.hall(), q=0.001)
    return system.build()


def estimates(
    snapshot: Snapshot, seed: int = 1, samples: int = 1 << 20, histories: int = 2000, years: float = 4.0
) -> pl.DataFrame:
    sampler = Sampler(snapshot, parts(snapshot.structure), (0.9,), samples=samples)
    states = frames.steady(snapshot, simulate(sampler, Stop(samples), seed), (0.9,), confidence=0.99, seed=seed)
    lived = Histories(snapshot, years, seed)
    rows = frames.sequential(lived, live_through(lived, histories), 0.99)
    return pl.concat([tables.check("simulation", part, "test") for part in (states, rows)])


def test_all_that_can_be_compared_is() -> None:
    snapshot = halls()
    exact = availability([directly(snapshot)])
    checks = tables.check("checks", agreement(exact, estimates(snapshot)), "test")
    assert checks["ok"].all()
    assert sorted(checks["check"]) == [
        "simulation_sequential_fed",
        "simulation_sequential_outages",
        "simulation_sequential_served",
        "simulation_steady_fed",
        "simulation_steady_served",
    ]
    assert "the largest of 20 differences" in checks["message"][0]
    assert agreement(exact, estimates(snapshot), ["steady"]).height == 2
    assert agreement(exact.clear(), estimates(snapshot)).is_empty()


@pytest.mark.parametrize(
    ("column", "wrong", "checks"),
    [
        ("availability_fraction", lambda down: 1.0 - 1.15 * (1.0 - down), 2),
        ("served_fraction", lambda served: 1.0 - 1.15 * (1.0 - served), 2),
        ("outages_per_year", lambda often: 1.15 * often, 1),
    ],
)
def test_a_wrong_exact_answer_fails(column: str, wrong, checks: int) -> None:
    """All are off by 15 % of the loss: each of the estimates of it sees that."""
    snapshot = halls()
    exact = availability([directly(snapshot)]).with_columns(wrong(pl.col(column)).alias(column))
    found = agreement(exact, estimates(snapshot))
    failed = found.filter(~pl.col("ok"))
    assert failed.height == checks
    assert failed["message"].str.contains("disagree beyond chance").all()


def test_one_wrong_hall_is_named() -> None:
    snapshot = halls()
    one = pl.col("scope") == "site/hall[2]"
    exact = availability([directly(snapshot)]).with_columns(
        pl.when(one)
        .then(pl.col("availability_fraction") - 0.01)
        .otherwise(pl.col("availability_fraction"))
        .alias("availability_fraction")
    )
    failed = agreement(exact, estimates(snapshot)).filter(~pl.col("ok"))
    assert failed["scope"].to_list() == ["site/hall[2]"] * 2


def test_false_alarms_are_no_more_than_said() -> None:
    """At a family-wise level of 80 %, at most one run in five fails: 250 runs of 8 comparisons that depend."""
    snapshot = halls()
    exact = availability([directly(snapshot)])
    of = parts(snapshot.structure)
    sampler = Sampler(snapshot, of, samples=40_000)
    alarms = 0
    for seed in range(250):
        found = frames.steady(snapshot, simulate(sampler, Stop(40_000), seed), (), confidence=0.99, seed=seed)
        alarms += not agreement(exact, found, family=0.8)["ok"].all()
    assert 3 <= alarms <= 250 * 0.2 + 3.1 * np.sqrt(250 * 0.16)


def test_nothing_seen_is_no_disagreement() -> None:
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/ups", 2, **repaired(1e6, 10.0)), 1)])
    snapshot = system.build()
    exact = availability([directly(snapshot)])
    assert agreement(exact, estimates(snapshot, samples=2000, histories=20))["ok"].all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(systems())
def test_random_systems_agree(system: System) -> None:
    """Several levels, overload, dark parts, parts that are always down: the same 60 systems in every run."""
    snapshot = system.build()
    exact = availability([directly(snapshot)])
    found = estimates(snapshot, samples=1 << 15, histories=100, years=0.1)
    if any(part.unavailability == 0.0 and part.per_year > 0.0 for part in system.elements):
        # failures that take no time are counted by the exact engine, and leave no down time to be seen
        found = found.filter(pl.col("measure") != "outages")
    checks = agreement(exact, found)
    assert checks["ok"].all(), checks.filter(~pl.col("ok")).to_dicts()
