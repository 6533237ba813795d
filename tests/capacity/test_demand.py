"""Demand by month: what is there, when it is short and by how much, and from when it is met."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from capacity.limits import UNLIMITED
from hypothesis import given
from hypothesis import strategies as st
from structure.build import HERE, Plant, value

from twin import tables
from twin.api import AnalysisInputs
from twin.capacity import demand
from twin.capacity.analysis import CapacityParams, run
from twin.structure.compile import compile_structure
from twin.topology.model import Demand, Topology

if TYPE_CHECKING:
    import polars as pl


def campus(*demands: Demand, load: float = 10.0, halls: tuple[int, ...] = (0, 4), **rack: Any) -> Topology:
    """Halls of 100 kW of UPS that must survive the loss of one of two, and ten racks each."""
    plant = Plant().add("s").add("s/hall", len(halls), "hall", energised=halls)
    plant.add("s/hall/ups", 2, "ups", capacity=100.0)
    depends = plant.on("power", "s/hall/rack", "s/hall/ups", redundancy="N+1")
    plant.add("s/hall/rack", 10, "rack", depends, load=load, accelerators=8, **{"bf16": 1000.0, **rack})
    return replace(plant.done(), demands=demands)


def want(metric: str, *steps: tuple[int, float], scope: str = "", precision: str = "") -> Demand:
    return Demand("launch", metric, scope, precision, steps, HERE)


def run_all(topology: Topology) -> dict[str, pl.DataFrame]:
    structures = SimpleNamespace(
        structure=compile_structure(topology), lifted=compile_structure(topology, lifted=True), topology=topology
    )
    found = run(AnalysisInputs(UNLIMITED, structures, 0, CapacityParams()))
    return {name: tables.check(name, frame, "capacity") for name, frame in found.items()}


def check(topology: Topology) -> dict[str, Any]:
    return run_all(topology)["checks"].filter(check="demand launch").row(0, named=True)


def test_power_by_month():
    rows = run_all(campus(want("it_power", (0, 80.0), (2, 150.0))))["demand"].rows(named=True)
    assert [row["wanted_kw"] for row in rows[:5]] == [80.0, 80.0, 150.0, 150.0, 150.0]
    assert [row["available_kw"] for row in rows[:5]] == [100.0, 100.0, 100.0, 100.0, 200.0]
    assert [row["shortfall_fraction"] for row in rows[:5]] == [
        0.0,
        0.0,
        pytest.approx(1 / 3),
        pytest.approx(1 / 3),
        0.0,
    ]
    assert {row["scope"] for row in rows} == {"built"}
    assert len(rows) == 12
    assert rows[0]["wanted_accelerators"] is None


def test_a_shortfall_says_when_how_much_and_until_when():
    found = check(campus(want("it_power", (0, 80.0), (2, 150.0))))
    assert not found["ok"]
    assert (found["got"], found["wanted"]) == ("100 kW in 2027-06", "at least 150 kW")
    assert "short from 2027-06; worst in 2027-06, by 50 kW (33.3 %); met from 2027-08 on" in found["message"]


def test_a_demand_that_no_phase_meets():
    found = check(campus(want("it_power", (0, 80.0), (2, 250.0))))
    assert not found["ok"]
    assert "worst in 2027-06, by 150 kW" in found["message"]
    assert "no phase meets it: the most there is is 200 kW from 2027-08; add a phase or capacity" in found["message"]


def test_a_demand_that_is_met_names_the_month_with_least_to_spare():
    found = check(campus(want("accelerators", (0, 70.0), (5, 80.0))))
    assert found["ok"]
    assert (found["got"], found["wanted"]) == ("80 accelerators", "at least 70 accelerators")
    assert found["message"].endswith("in 2027-04")


def test_what_the_plant_cannot_carry_is_not_there():
    """Twelve kW a rack are asked of one hall that keeps 100 kW: eight racks of the ten."""
    rows = run_all(campus(want("accelerators", (0, 80.0)), load=12.0, halls=(0,)))["demand"].rows(named=True)
    assert rows[0]["available_accelerators"] == 64
    assert rows[0]["shortfall_fraction"] == pytest.approx(1 - 64 / 80)
    power = run_all(campus(want("it_power", (0, 120.0)), load=12.0, halls=(0,)))["demand"].rows(named=True)
    assert power[0]["available_kw"] == pytest.approx(100.0)


def test_compute_is_the_peak_of_the_mix_at_the_precision():
    wanted = want("compute", (0, 100_000.0), (6, 170_000.0), precision="bf16")
    found = run_all(campus(wanted))
    rows = found["demand"].rows(named=True)
    assert (rows[0]["available_tflops"], rows[4]["available_tflops"]) == (80_000.0, 160_000.0)
    message = found["checks"].filter(check="demand launch")["message"].item()
    assert "by 20 PFLOP/s bf16 (20 %)" in message
    assert "the most there is is 160 PFLOP/s bf16 from 2027-08" in message


def test_compute_of_unknown_peak_is_not_known():
    topology = campus(want("compute", (0, 100.0), precision="fp4"))
    found = run_all(topology)
    assert found["demand"]["available_tflops"].null_count() == 12
    assert found["demand"]["shortfall_fraction"].null_count() == 12
    row = found["checks"].filter(check="demand launch").row(0, named=True)
    assert (row["ok"], row["got"]) == (False, "not known")
    assert "nobody gives the peak FP4 of an accelerator of 's/hall/rack'; state 'fp4:'" in row["message"]


def test_a_demand_at_one_hall():
    rows = run_all(campus(want("it_power", (0, 50.0), scope="s/hall[2]")))["demand"].rows(named=True)
    assert [row["available_kw"] for row in rows[3:5]] == [0.0, 100.0]
    assert {row["scope"] for row in rows} == {"s/hall[2]"}


def test_retirement_takes_it_away_again():
    topology = campus(want("it_power", (0, 80.0)), halls=(0,))
    racks = replace(topology.groups["s/hall/rack"], retired=(8,))
    found = run_all(replace(topology, groups={**topology.groups, "s/hall/rack": racks}))
    assert found["demand"]["available_kw"].to_list() == [100.0] * 8 + [0.0] * 4
    message = found["checks"].filter(check="demand launch")["message"].item()
    assert "not met in the end: the most there is is 100 kW from 2027-04" in message


def test_before_its_first_date_nothing_is_wanted():
    found = run_all(campus(want("it_power", (20, 1e6))))
    assert found["demand"]["shortfall_fraction"].to_list() == [0.0] * 12
    assert found["checks"].filter(check="demand launch").is_empty()
    assert demand.frame(campus(), found["site_capacity"]).is_empty()


def test_each_load_counts_with_its_own_figure():
    topology = campus(want("compute", (0, 1.0), precision="bf16"), halls=(0,))
    changed = Plant().override("s/hall/rack", "bf16", 500.0, 0).overrides[0]
    rows = run_all(replace(topology, overrides=(replace(changed, value=value(500.0)),)))["demand"].rows(named=True)
    assert rows[0]["available_tflops"] == 9 * 8 * 1000.0 + 8 * 500.0


@given(st.lists(st.tuples(st.integers(-3, 14), st.floats(0, 400)), max_size=4, unique_by=lambda step: step[0]))
def test_the_shortfall_is_what_is_missing_of_what_is_wanted(steps):
    steps = tuple(sorted(steps))
    rows = run_all(campus(want("it_power", *steps)))["demand"].rows(named=True)
    for month, row in enumerate(rows):
        wanted = next((amount for start, amount in reversed(steps) if start <= month), 0.0)
        there = 100.0 if month < 4 else 200.0
        assert row["wanted_kw"] == wanted
        assert row["available_kw"] == pytest.approx(there)
        assert row["shortfall_fraction"] == pytest.approx(max(0.0, 1 - there / wanted) if wanted else 0.0)
