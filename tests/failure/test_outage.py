"""Tables `capacity_outage` and `reliability` against arithmetic on a plant that can be worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from failure.build import NO_RIDE
from structure.build import Plant

from twin import tables
from twin.api import AnalysisInputs
from twin.failure.analysis import FailureParams, run
from twin.failure.outage import power_units
from twin.structure.compile import compile_structure

Q, W = 0.1, 8760 / 1000
"""A clock of 900 h and 100 h: down a tenth of the time, 8.76 times a calendar year."""


def frames() -> dict[str, pl.DataFrame]:
    """Two halls of one UPS and three racks; UPS and racks fail."""
    clock: dict[str, Any] = {"mtbf": 900.0, "mttr": 100.0}
    plant = Plant().add("s").add("s/hall", 2, "hall").add("s/hall/ups", 1, "ups", capacity=100.0, **clock)
    fed = plant.on("power", "s/hall/rack", "s/hall/ups")
    topology = plant.add("s/hall/rack", 3, "rack", fed, load=10.0, accelerators=8, **clock).done()
    structures = SimpleNamespace(structure=compile_structure(topology), lifted=compile_structure(topology, lifted=True))
    found = run(AnalysisInputs(NO_RIDE, structures, 0, FailureParams()))
    return {name: tables.check(name, frame, "failure") for name, frame in found.items()}


def hall() -> np.ndarray:
    """Racks lost in a hall: none, one, two, three."""
    fed = np.array([0.9**3, 3 * 0.9**2 * 0.1, 3 * 0.9 * 0.01, 0.001])
    return 0.9 * fed + 0.1 * np.array([0.0, 0.0, 0.0, 1.0])


def test_distribution_of_a_site_of_two_halls() -> None:
    frame = frames()["capacity_outage"]
    both = np.convolve(hall(), hall())
    for measure, column, each in (
        ("racks", "racks_lost", 1),
        ("accelerators", "accelerators_lost", 8),
        ("it_kw", "lost_it_kw", 10.0),
    ):
        rows = frame.filter(pl.col("measure") == measure)
        assert rows[column].to_list() == pytest.approx([each * k for k in range(7)])
        assert rows["probability_fraction"].to_list() == pytest.approx(both.tolist(), rel=1e-12)
        assert rows["at_least_lost_fraction"].to_list() == pytest.approx(np.cumsum(both[::-1])[::-1].tolist())
        assert rows["in_service_fraction"].to_list() == pytest.approx([1 - k / 6 for k in range(7)])
        others = {"racks_lost", "accelerators_lost", "lost_it_kw"} - {column}
        assert all(rows[name].null_count() == rows.height for name in others)
        assert rows["step_kw"].to_list() == ([10.0] * 7 if measure == "it_kw" else [None] * 7)


def test_how_often_a_loss_is_reached() -> None:
    """All racks up, and any of six racks or two UPS fails: rate of a working part 1/900 h."""
    rows = frames()["capacity_outage"].filter(pl.col("measure") == "racks").sort("racks_lost")
    up = 0.9**8
    assert rows["times_per_year"].to_list()[:2] == pytest.approx([0.0, up * 8 * 8760 / 900], rel=1e-11)
    assert rows["mean_duration_h"].to_list()[1] == pytest.approx((1 - up) * 8760 / (up * 8 * 8760 / 900), rel=1e-11)
    assert rows["mean_duration_h"].to_list()[0] is None


def test_indices() -> None:
    frame = frames()["reliability"]
    rows = {row["scope"]: row for row in frame.iter_rows(named=True)}
    assert list(rows) == ["s", "s/hall[1]", "s/hall[2]"]
    for scope, racks, down in (("s", 6, 1 - 0.81), ("s/hall[2]", 3, 0.1)):
        row = rows[scope]
        assert (row["racks"], row["it_kw"]) == (racks, pytest.approx(10.0 * racks))
        assert row["lole_h_per_year"] == pytest.approx(down * 8760, rel=1e-12)
        assert row["eens_kwh_per_year"] == pytest.approx(10.0 * racks * 0.1 * 8760, rel=1e-12)
        assert row["eens_own_kwh_per_year"] == pytest.approx(10.0 * racks * (1 - 0.81) * 8760, rel=1e-12)
        assert row["saifi_per_year"] == pytest.approx(W, rel=1e-12)
        assert row["saidi_h_per_year"] == pytest.approx(Q * 8760, rel=1e-12)
        assert row["caidi_h"] == pytest.approx(100.0, rel=1e-12)
    assert rows["s"]["lolf_per_year"] == pytest.approx(2 * W * 0.9, rel=1e-12)
    both = np.convolve(hall(), hall())
    assert rows["s"]["p_all_fraction"] == pytest.approx(both[0], rel=1e-12)
    assert rows["s"]["p_99_fraction"] == pytest.approx(both[0], rel=1e-12)
    assert rows["s"]["p_50_fraction"] == pytest.approx(both[:4].sum(), rel=1e-12)
    assert rows["s/hall[1]"]["p_50_fraction"] == pytest.approx(hall()[:2].sum(), rel=1e-12)


def test_nothing_was_left_out() -> None:
    (row,) = frames()["checks"].filter(pl.col("check") == "capacity_outage").iter_rows(named=True)
    assert row["ok"]


def test_units_of_power() -> None:
    unit, units = power_units(np.array([132.0, 32.0, 0.0]), np.array([1600, 800, 5]))
    assert (unit, units.tolist()) == (pytest.approx(4.0), [33, 8, 0])
    loads = np.array([132.25, 36.037, 1.003])
    count = np.array([1_400, 600, 70])
    unit, units = power_units(loads, count)
    assert (units * count).sum() <= 1 << 16
    assert abs((units * unit - loads) * count).sum() / (loads @ count) < 2e-3
