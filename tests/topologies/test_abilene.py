"""Abilene against what Epoch AI publishes of it: phases, IT power, facility power, operations a second."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from published import Source

import twin

FILE = Path(__file__).parents[2] / "topologies" / "abilene.yaml"

EPOCH = Source(
    "Real campuses",
    "Stargate Abilene",
    'Epoch AI, "AI Data Centers", data_center_timelines.csv, copy of August 2026, CC BY 4.0, https://epoch.ai/data: '
    "four phases. Buildings and accelerators are inputs; the rest follows from them.",
)
# Month, buildings operational, IT power (MW), power (MW), H100 equivalents, 8-bit op/s.
TIMELINE = (
    (date(2025, 9, 1), 1, 105, 147, 127337.03890853966, 252e18),
    (date(2025, 12, 1), 2, 211, 295, 254674.07781707932, 504e18),
    (date(2026, 5, 1), 4, 421, 590, 509348.15563415864, 1008e18),
    (date(2026, 11, 1), 8, 843, 1180, 1018696.3112683173, 2016e18),
)
MONTHS = [row[0] for row in TIMELINE]
FP8_PER_ACCELERATOR = 5e15
H100_FP8 = 1979e12


@pytest.fixture(scope="module")
def results() -> twin.Results:
    return twin.load(FILE).evaluate()


@pytest.fixture(scope="module")
def site(results: twin.Results) -> pl.DataFrame:
    return results.site_capacity.filter(pl.col("kind") == "site").sort("month")


def test_it_power_by_month_is_the_published_one(published, site: pl.DataFrame) -> None:
    assert site["month"].to_list() == MONTHS
    power = [row[2] for row in TIMELINE]
    published("IT power by phase", power, site["demand_kw"] / 1000, unit="MW", abs=0.5, source=EPOCH)


def test_buildings_come_into_service_as_published(results: twin.Results) -> None:
    buildings = results.site_capacity.filter((pl.col("kind") == "building") & (pl.col("racks") > 0))
    found = buildings.group_by("month").len().sort("month")
    assert list(found.iter_rows()) == [(row[0], row[1]) for row in TIMELINE]


def test_the_compute_is_the_published_one(site: pl.DataFrame) -> None:
    assert [n * FP8_PER_ACCELERATOR for n in site["accelerators"]] == [row[5] for row in TIMELINE]


def test_h100_equivalents_a_megawatt_cross_check(published, site: pl.DataFrame) -> None:
    """Two published columns that the file is not made from, against each other: 1,209 H100 equivalents a MW."""
    ours = site["accelerators"] * FP8_PER_ACCELERATOR / H100_FP8
    assert ours.to_list() == pytest.approx([row[4] for row in TIMELINE], rel=1e-6)
    per_mw = ours / (site["demand_kw"] / 1000)
    case, theirs = "H100 equivalents a MW by phase", [row[4] / row[2] for row in TIMELINE]
    published(case, theirs, per_mw.to_list(), digits=0, rel=0.005, source=EPOCH)


def test_facility_power_is_the_published_one_within_a_hundredth(published, results: twin.Results) -> None:
    peak = results.energy.group_by("month").agg(pl.col("peak_kw").sum())
    found = dict(peak.iter_rows())
    ours = [found[month] / 1000 for month in MONTHS]
    published("facility power by phase", [row[3] for row in TIMELINE], ours, unit="MW", rel=0.01, source=EPOCH)


def test_every_phase_is_fed(site: pl.DataFrame) -> None:
    assert site["headroom_kw"].min() >= 0
    assert site["binding_node"].null_count() == 0


def test_every_check_holds(results: twin.Results) -> None:
    assert results.checks["ok"].all(), results.checks.filter(~pl.col("ok"))


def test_what_is_not_published_says_why(results: twin.Results) -> None:
    silent = results.assumptions.filter(
        pl.col("origin").is_in(["file", "component"])
        & pl.col("owner").str.starts_with("abilene")
        & pl.col("source").is_null()
        & pl.col("note").is_null()
    )
    assert silent.is_empty(), silent
