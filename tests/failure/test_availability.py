"""Table `availability` against brute force and arithmetic."""

from __future__ import annotations

from datetime import date

import oracle
import polars as pl
import pytest
from failure.build import System
from failure.random_systems import systems
from hypothesis import given, settings

from twin import tables
from twin.failure.availability import availability
from twin.failure.solved import directly


def two_halls() -> System:
    """Two alike halls behind one utility; one rack in each draws twice as much."""
    system = System()
    utility = system.gate(system.add("site/utility", q=0.001, per_year=2.0))
    for _ in range(2):
        hall = system.hall()
        ups = system.gate(system.add("site/ups", 2, gates=[utility], q=0.01, per_year=4.0), 1)
        system.load("site/rack", 10, gates=[ups], q=0.002, per_year=1.0, scope=hall)
        system.load("site/big-rack", 1, gates=[ups], q=0.005, per_year=1.0, kw=200.0, scope=hall)
    return system


def test_rows_and_arithmetic() -> None:
    frame = tables.check("availability", availability([directly(two_halls().build())]), "test")
    assert frame.select("scope", "kind", "event", "count").rows() == [
        ("site", "site", "fed", 1),
        ("site/hall[1]", "hall", "fed", 1),
        ("site/hall[2]", "hall", "fed", 1),
        ("site/rack[1]", "rack", "fed", 20),
        ("site/rack[1]", "rack", "in_service", 20),
        ("site/big-rack[1]", "rack", "fed", 2),
        ("site/big-rack[1]", "rack", "in_service", 2),
    ]
    assert frame["month"].unique().to_list() == [date(2027, 4, 1)]
    fed, served = 0.999 * (1 - 1e-4), [0.998, 0.995]
    by = {(row["scope"], row["event"]): row for row in frame.iter_rows(named=True)}
    hall, rack, own = by["site/hall[1]", "fed"], by["site/rack[1]", "fed"], by["site/rack[1]", "in_service"]
    assert rack["availability_fraction"] == pytest.approx(fed, rel=1e-14)
    assert hall["availability_fraction"] == rack["availability_fraction"]
    assert by["site", "fed"]["availability_fraction"] == pytest.approx(0.999 * (1 - 1e-4) ** 2, rel=1e-14)
    assert own["availability_fraction"] == pytest.approx(fed * served[0], rel=1e-14)
    assert rack["downtime_h_per_year"] == pytest.approx((1 - fed) * 8760, rel=1e-10)
    pair = 2 * 0.01 * 4.0
    assert rack["outages_per_year"] == pytest.approx(2.0 * (1 - 1e-4) + pair * 0.999, rel=1e-12)
    assert own["outages_per_year"] == pytest.approx(rack["outages_per_year"] * 0.998 + 1.0 * fed, rel=1e-12)
    assert rack["mean_outage_h"] == pytest.approx(rack["downtime_h_per_year"] / rack["outages_per_year"], rel=1e-12)
    share = fed * (1000 * served[0] + 200 * served[1]) / 1200
    assert [by[scope, "fed"]["served_fraction"] for scope in ("site", "site/hall[2]")] == pytest.approx([share] * 2)
    assert rack["served_fraction"] == own["served_fraction"] == pytest.approx(fed * served[0], rel=1e-14)


@settings(max_examples=60, deadline=None)
@given(systems())
def test_equals_brute_force(system: System) -> None:
    """In service: the oracle is given each load's own failure as one more element in series."""
    snapshot = system.build()
    rows = {(r["scope"], r["event"]): r for r in availability([directly(snapshot)]).iter_rows(named=True)}
    served = total = 0.0
    for load in (load for load in system.loads if load.on):
        row = rows[f"{load.group}[1]", "in_service"]
        extra = System([*system.elements], [*system.gates], [*system.loads], system.halls, system.cuts)
        own = extra.gate(extra.add("site/own", q=load.unavailability, per_year=load.per_year))
        alone = extra.load("site/alone", gates=[*load.gates, own])
        down, often = oracle.measure(extra.build(), [alone])
        if load.unavailability < 1:
            assert row["outages_per_year"] == pytest.approx(often, rel=1e-12)
        assert row["downtime_h_per_year"] == pytest.approx(down * 8760, rel=1e-12)
        served, total = served + (1 - down) * load.count, total + load.count
        assert rows[f"{load.group}[1]", "fed"]["count"] == load.count
    if total:
        assert rows["site", "fed"]["served_fraction"] == pytest.approx(served / total, rel=1e-12, abs=1e-15)
    else:
        assert not rows


def test_without_power_loads_count() -> None:
    system = System()
    gate = system.gate(system.add("site/ups", q=0.25))
    system.load("site/rack", 3, gates=[gate], kw=0.0)
    system.load("site/store", 1, kw=0.0)
    frame = availability([directly(system.build())])
    assert frame.filter(pl.col("scope") == "site")["served_fraction"].item() == pytest.approx((3 * 0.75 + 1) / 4)


def test_what_never_fails_has_no_mean_outage() -> None:
    system = System()
    system.load("site/rack")
    frame = tables.check("availability", availability([directly(system.build())]), "test")
    assert frame["mean_outage_h"].to_list() == [None, None, None]
    assert frame["availability_fraction"].to_list() == [1.0, 1.0, 1.0]


def test_nothing_energised_has_no_rows() -> None:
    system = System()
    system.load("site/rack", on=False)
    frame = availability([directly(system.build())])
    assert frame.is_empty()
    assert tables.check("availability", frame, "test").columns == list(tables.table("availability").names)
