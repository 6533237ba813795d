"""From files: clocks, crews and stores are read, what the exact form leaves out is named, a run is repeatable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

import twin
from twin import tables
from twin.errors import RefusedError
from twin.failure.beyond import beyond
from twin.failure.montecarlo.clock import clock
from twin.structure.snapshot import snapshot

if TYPE_CHECKING:
    from twin.results.results import Results

PLAIN = """
twin: 1
name: small
calendar: {start: 2027-01-01, months: 12}
sites:
  site:
    contains:
      grid[2]: {kind: utility, capacity: 5 MW, mtbf: 2000 h, mttr: 5 h}
      hall[2]:
        contains:
          ups[3]: {kind: ups, capacity: 600 kW, mtbf: 20000 h, mttr: 20 h, power: {from: grid, need: 1}}
          rack[10]: {kind: rack, load: 100 kW, mtbf: 8000 h, mttr: 8 h, power: {from: ups, need: 2}}
"""

RICH = """
twin: 1
name: rich
calendar: {start: 2027-01-01, months: 12}
sites:
  site:
    repair_crews: 3
    contains:
      grid: {kind: utility, capacity: 5 MW, mtbf: 2000 h, mttr: 5 h, repair_cv: 1.5}
      genset[3]:
        kind: genset
        capacity: 1.2 MW
        mtbf: 3000 h
        mttr: 24 h
        start_failure: 1 %
        start_time: 12 s
        beta: 5 %
      hall[2]:
        repair_crews: 1
        contains:
          ups[3]:
            kind: ups
            capacity: 600 kW
            mtbf: 20000 h
            mttr: 20 h
            failure_shape: 2
            runtime: 5 min
            spares: 1
            spare_lead_time: 30 days
            maintenance_interval: 1 year
            maintenance_duration: 8 h
            power: {from: [grid, genset], share: primary}
          rack[10]: {kind: rack, load: 100 kW, power: {from: ups, need: 2}}
"""


def run(tmp_path: Path, text: str, seed: int = 0, **params: object) -> Results:
    path = tmp_path / "x.yaml"
    said = "".join(f"    {name}: {value}\n" for name, value in params.items())
    path.write_text(text + (f"analyses:\n  simulation:\n{said}" if said else ""))
    return twin.load(path).run("simulation", seed=seed)


def test_the_tables_and_the_checks(tmp_path: Path) -> None:
    results = run(tmp_path, PLAIN)
    for name in ("simulation", "outage_durations", "uncertainty"):
        tables.check(name, results[name], "test")
    simulation = results["simulation"]
    assert simulation["scope"].unique(maintain_order=True).to_list() == ["site", "site/hall[1]", "site/hall[2]"]
    assert set(simulation.filter(pl.col("scope") == "site")["measure"]) == {
        "fed", "served", "unserved", "at_least_90_%", "at_least_99_%", "outages", "mean_outage"
    }  # fmt: skip
    mine = results["checks"].filter(pl.col("check").str.starts_with("simulation_"))
    assert mine["ok"].all()
    assert mine.height == 7, "both methods, outages of histories, and two levels of states"
    site = simulation.filter((pl.col("scope") == "site") & (pl.col("method") == "steady"))
    unserved, served = (site.filter(pl.col("measure") == m)["value"].item() for m in ("unserved", "served"))
    assert unserved == pytest.approx((1 - served) * 2000 * 8760, rel=1e-12)
    assert results["uncertainty"].is_empty()


def test_a_run_can_be_repeated(tmp_path: Path) -> None:
    one, again, other = (run(tmp_path, PLAIN, seed)["simulation"] for seed in (3, 3, 4))
    assert one.equals(again)
    assert not one.drop("seed").equals(other.drop("seed"))
    assert one["seed"].unique().to_list() == [3]


def test_stops_at_the_half_width_asked_for(tmp_path: Path) -> None:
    found = run(tmp_path, PLAIN, samples=100_000_000, half_width="10 %", relative="true", histories=0)["simulation"]
    site = found.filter((pl.col("scope") == "site") & pl.col("measure").is_in(["fed", "served"]))
    assert site["stopped_by"].unique().to_list() == ["half_width"]
    assert (site["half_width"] <= 0.1 * (1 - site["value"])).all()
    assert site["samples"][0] < 100_000_000
    assert found["method"].unique().to_list() == ["steady"]


def test_biased_rows_are_surer(tmp_path: Path) -> None:
    found = run(tmp_path, PLAIN.replace("mtbf: 2000 h", "mtbf: 200000 h"), biasing="true")["simulation"]
    fed = found.filter((pl.col("scope") == "site") & (pl.col("measure") == "fed"))
    rows = {row["method"]: row for row in fed.iter_rows(named=True)}
    assert rows["biased"]["half_width"] < 0.5 * rows["steady"]["half_width"]
    assert rows["biased"]["effective_samples"] > 3 * rows["biased"]["samples"]


def test_clocks_crews_and_stores_are_read(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(RICH)
    structure = twin.load(path).structure
    of = clock(structure)
    group = np.array([structure.groups[g].rpartition("/")[2] for g in structure.elements.group])
    own = {name: np.flatnonzero(group == name) for name in ("grid", "genset", "ups")}
    assert of.mtbf_h[own["grid"]] == pytest.approx([2000.0])
    assert of.mttr_h[own["grid"]] == pytest.approx([5.0])
    assert of.repair_cv[own["grid"]].tolist() == [1.5]
    assert of.mtbf_h[own["genset"]] == pytest.approx([3000.0 / 0.95] * 3), "a twentieth takes all down"
    assert of.start_failure[own["genset"]] == pytest.approx([0.01 * 0.95] * 3)
    assert of.shape[own["ups"]].tolist() == [2.0] * 6
    crews = [int(of.crews[of.pool[part]]) for name in ("grid", "genset", "ups") for part in own[name]]
    assert crews == [3] * 4 + [1] * 6
    assert len(set(of.pool[own["ups"]].tolist())) == 2, "each hall has its own"
    assert len(set(of.store[own["ups"]].tolist())) == 1, "and one store for the group"
    assert of.spares[of.store[own["ups"][0]]] == 1
    assert of.lead_h[of.store[own["ups"][0]]] == pytest.approx(720.0)
    assert (of.store[np.concatenate([own["grid"], own["genset"]])] == -1).all()
    planned = np.flatnonzero(of.planned)
    assert len(planned) == 6
    assert of.mttr_h[planned] == pytest.approx([8.0] * 6)
    common = [part for part in range(len(group), len(of)) if not of.planned[part]]
    assert [of.members.row(part).tolist() for part in common] == [own["genset"].tolist()]
    assert of.start_failure[common] == pytest.approx([0.0005])


def test_what_the_exact_form_leaves_out_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(RICH)
    found = beyond(snapshot(twin.load(path).structure, 0))
    assert found == {
        "failure_shape": ("site/hall/ups",),
        "start_failure": ("site/genset",),
        "start_time": ("site/genset",),
        "runtime": ("site/hall/ups",),
        "spares": ("site/hall/ups",),
        "repair_crews": ("site/grid", "site/genset", "site/hall/ups"),
    }
    results = run(tmp_path, RICH)
    row = results["checks"].filter(pl.col("check") == "simulation_beyond_exact").row(0, named=True)
    assert row["ok"]
    assert "runtime of site/hall/ups" in row["message"]
    assert not results["checks"]["check"].str.starts_with("simulation_sequential").any(), "not held against the exact"


def test_uncertain_rates(tmp_path: Path) -> None:
    text = PLAIN.replace("mtbf: 2000 h", "mtbf: 2000 h, rate_error_factor: 3")
    found = tables.check("uncertainty", run(tmp_path, text, draws=93)["uncertainty"], "test")
    site = found.filter(pl.col("scope") == "site")
    assert site["measure"].to_list()[:5] == ["fed", "served", "outages", "lole", "eens"]
    by = {row["measure"]: row for row in site.iter_rows(named=True)}
    assert by["lole"]["high"] == pytest.approx((1 - by["fed"]["low"]) * 8760.0, rel=1e-9), "the same order of the same"
    site = site.filter(pl.col("measure").is_in(("fed", "served", "outages", "lole", "eens")))
    assert (site["low"] <= site["median"]).all()
    assert (site["median"] <= site["high"]).all()
    assert (site["low"] < site["stated"]).all()
    assert (site["stated"] < site["high"]).all()
    with pytest.raises(RefusedError, match="take at least 93"):
        run(tmp_path, text, draws=92)
    with pytest.raises(RefusedError, match="rate_error_factor"):
        run(tmp_path, PLAIN, draws=93)


def test_every_example_agrees() -> None:
    for name in ("quickstart", "river-bend", "gigawatt"):
        results = twin.load(Path(__file__).parents[3] / "topologies" / f"{name}.yaml").run("simulation")
        mine = results["checks"].filter(pl.col("check").str.starts_with("simulation_"))
        assert mine["ok"].all()
        assert mine.height >= 2
