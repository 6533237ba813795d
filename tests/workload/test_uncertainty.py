"""Goodput under uncertain failure rates: each draw equals a run of the file with the rates of that draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import twin
from twin.failure.montecarlo.uncertainty import factors

if TYPE_CHECKING:
    from pathlib import Path

FILE = """
twin: 1
name: pair
calendar: {{start: 2027-01-01, months: 12}}
components:
  chips: {{kind: rack, load: 100 kW, accelerators: 8, bf16: 1000 TFLOPS}}
sites:
  site:
    contains:
      grid: {{kind: utility, capacity: 9 MW, failure_rate: {grid}/year, mttr: 20 h{grid_factor}}}
      rack[40]: {{use: chips, failure_rate: {rack}/year, mttr: 4 h{rack_factor}, power: grid}}
workloads:
  job:
    model: training
    accelerators: 90 %
    flops: 1e24
    mfu: 40 %
    checkpoint_interval: optimum
    checkpoint_write: 1 min
    detection: 2 min
    restart: 10 min
analyses: {{simulation: {{draws: {draws}, histories: 0, samples: 64}}}}
"""
FACTORS = {"grid_factor": ", rate_error_factor: 2", "rack_factor": ", rate_error_factor: 3"}


def load(tmp_path: Path, **given: object) -> twin.Twin:
    path = tmp_path / "x.yaml"
    path.write_text(FILE.format(**{"grid": 2.0, "rack": 9.0, "draws": 93, **FACTORS, **given}))
    return twin.load(path)


def test_bounds_are_those_of_runs_with_each_rate(tmp_path: Path) -> None:
    made = load(tmp_path)
    found = made.run("simulation", "workload-uncertainty")["uncertainty"].filter(pl.col("kind") == "workload")
    assert found["measure"].to_list() == ["goodput", "ettr", "interruptions", "delivered_days"]
    assert (found["low"] < found["stated"]).all()
    assert (found["stated"] < found["high"]).all()
    drawn = factors(made.structure, 93, 0)
    runs = []
    for grid, rack in zip(drawn["site/grid"], drawn["chips"], strict=True):
        each = load(tmp_path, grid=2.0 * grid, rack=9.0 * rack, draws=0, grid_factor="", rack_factor="")
        runs.append(each.run("workload")["goodput"])
    every = pl.concat(runs)
    for row in found.iter_rows(named=True):
        name = {"goodput": "goodput_fraction", "ettr": "ettr_fraction", "interruptions": "interruptions_per_day"}
        values = every[name.get(row["measure"], row["measure"])].sort()
        assert row["low"] == pytest.approx(values[0], rel=1e-9), "of 93 draws the least and the most are the bounds"
        assert row["high"] == pytest.approx(values[-1], rel=1e-9)


def test_without_draws_there_is_nothing(tmp_path: Path) -> None:
    results = load(tmp_path, draws=0).run("workload-uncertainty")
    assert results["uncertainty"].is_empty()
    assert results["rate_draws"].is_empty()
