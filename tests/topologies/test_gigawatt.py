"""The gigawatt campus: its balance closes, its connection is kept, nothing in it fails a check."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from twin import load

FILE = Path(__file__).parents[2] / "topologies" / "gigawatt.yaml"


@pytest.fixture(scope="module")
def results():
    return load(FILE).run("energy", "resilience")


def test_a_gigawatt_is_drawn(results):
    peak = results["site_hours"]["load_kw"].max()
    assert 0.95e6 < peak < 1.05e6
    assert 1.05 < results["energy"]["energy_kwh"].sum() / results["site_hours"]["it_kw"].sum() < 1.15


def test_the_balance_closes_in_every_hour(results):
    given = results["dispatch"].group_by("time").agg((pl.col("power_kw") - pl.col("charge_kw")).sum().alias("net_kw"))
    hours = results["site_hours"].join(given, on="time")
    gap = hours["load_kw"] - hours["import_kw"] + hours["export_kw"] - hours["net_kw"] - hours["unserved_kw"]
    assert hours.height == 2 * 8760
    assert gap.abs().max() < 1.0


def test_every_supply_gives_and_is_paid(results):
    assert set(results["energy_cost"]["supply"]) == {"retail", "turbines", "solar", "battery", "wind-ppa"}
    by = results["dispatch"].group_by("supply").agg(pl.col("power_kw").sum())
    assert (by["power_kw"] > 0).all()
    assert (results["dispatch_summary"]["gap_fraction"].abs() < 1e-6).all()


def test_import_keeps_to_the_connection(results):
    assert results["site_hours"]["import_kw"].max() <= 650_000 * (1 + 1e-9)


def test_checks_hold(results):
    assert results["checks"]["ok"].all()
