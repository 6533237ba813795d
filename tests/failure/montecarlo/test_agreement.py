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
from structure.build import Plant

from twin import tables
from twin.failure.availability import availability
from twin.failure.montecarlo import frames
from twin.failure.montecarlo.agreement import agreement
from twin.failure.montecarlo.estimate import Stop
from twin.failure.montecarlo.sequential import Histories, live_through
from twin.failure.montecarlo.steady import Sampler, simulate
from twin.failure.outage import capacity_outage
from twin.failure.parts import parts
from twin.failure.solved import by_boxes, directly
from twin.structure.compile import compile_structure
from twin.structure.snapshot import snapshot as snapshot_of

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


def test_levels_are_held_against_the_distribution() -> None:
    """Two halls of a feed and racks: the chance of 90 % in service, exact, and one that is wrong."""
    clock = {"mtbf": 900.0, "mttr": 100.0}
    plant = Plant().add("s").add("s/hall", 2, "hall").add("s/hall/ups", 1, "ups", capacity=200.0, **clock)
    fed = plant.on("power", "s/hall/rack", "s/hall/ups")
    topology = plant.add("s/hall/rack", 8, "rack", fed, load=10.0, mtbf=990.0, mttr=10.0).done()
    few, every = (snapshot_of(compile_structure(topology, lifted=lifted), 0) for lifted in (True, False))
    solved = by_boxes(few, lambda: every)
    exact, spread = availability([solved]), capacity_outage([solved])
    estimated = estimates(every, samples=1 << 18, histories=200)
    right = agreement(exact, estimated, capacity_outage=spread)
    (row,) = right.filter(pl.col("check") == "simulation_steady_at_least_90_%").iter_rows(named=True)
    assert row["ok"]
    # one of sixteen racks is 94 %: at most one out of service
    q = 0.01
    wanted = 0.81 * ((1 - q) ** 16 + 16 * q * (1 - q) ** 15)
    assert float(row["wanted"].split()[0]) == pytest.approx(wanted, rel=1e-8)
    wrong = spread.with_columns(pl.col("probability_fraction") * 0.98)
    checks = agreement(exact, estimated, capacity_outage=wrong)
    assert not checks.filter(pl.col("check") == "simulation_steady_at_least_90_%")["ok"].item()


def test_rounded_amounts_are_not_held_against() -> None:
    estimated = estimates(halls(), samples=1 << 12, histories=2)
    rows = {"month": estimated["month"][0], "site": "site", "measure": "it_kw", "in_service_fraction": 1.0}
    spread = pl.DataFrame([{**rows, "probability_fraction": 1.0, "step_kw": 1.2345678}])
    checks = agreement(availability([directly(halls())]), estimated, capacity_outage=spread)
    assert not checks["check"].str.contains("at_least").any()
