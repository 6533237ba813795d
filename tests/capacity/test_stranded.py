"""Where capacity goes when a site has grown: by hand, and the sum."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from capacity.limits import UNLIMITED
from hypothesis import given, settings
from structure.build import Plant
from structure.plants import nested_plants

from twin.api import AnalysisInputs
from twin.capacity.analysis import CapacityParams, run
from twin.errors import RefusedError
from twin.structure.compile import compile_structure

if TYPE_CHECKING:
    from twin.topology.model import Topology


def stranded(topology: Topology) -> list[dict[str, Any]]:
    lifted = compile_structure(topology, lifted=True)
    found = run(AnalysisInputs(UNLIMITED, SimpleNamespace(lifted=lifted), 0, CapacityParams()))
    return found["stranded"].rows(named=True)


def halls(ups_kw: float = 100.0, feed_kw: float = 1000.0) -> Topology:
    """Three halls of three UPS in N+1, 20 racks of 5 kW each, on one feed."""
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=feed_kw).add("s/hall", 3)
    plant.add("s/hall/ups", 3, "ups", plant.on("power", "s/hall/ups", "s/grid"), capacity=ups_kw)
    depends = plant.on("power", "s/hall/rack", "s/hall/ups", redundancy="N+1")
    return plant.add("s/hall/rack", 20, "rack", depends, load=5.0).done()


def test_load_growth_reserve_and_what_nothing_can_use():
    rows = {(row["scope"], row["group"]): row for row in stranded(halls())}
    assert [scope for scope, _ in rows] == ["s", "s", "s/hall[1]", "s/hall[2]", "s/hall[3]"]
    parts = ("count", "derated_kw", "load_kw", "growth_kw", "reserve_kw", "stranded_kw")
    assert [rows["s", "s/grid"][part] for part in parts] == pytest.approx([1, 1000.0, 300.0, 300.0, 0.0, 400.0])
    assert [rows["s", "s/hall/ups"][part] for part in parts] == pytest.approx([9, 900.0, 300.0, 300.0, 300.0, 0.0])
    for hall in ("s/hall[1]", "s/hall[2]", "s/hall[3]"):
        assert [rows[hall, "s/hall/ups"][part] for part in parts] == pytest.approx([3, 300.0, 100.0, 100.0, 100.0, 0.0])


def test_what_another_group_stops_is_stranded():
    rows = {(row["scope"], row["group"]): row for row in stranded(halls(feed_kw=450.0))}
    assert rows["s", "s/hall/ups"]["stranded_kw"] == pytest.approx(225.0)
    assert rows["s", "s/grid"]["stranded_kw"] == pytest.approx(0.0, abs=1e-9)


def test_a_site_that_nothing_limits_is_looked_at_as_it_is():
    plant = Plant().add("s").add("s/grid", 1, "utility")
    plant.add("s/ups", 1, "ups", capacity=10.0).add(
        "s/rack", 2, "rack", plant.on("power", "s/rack", "s/grid"), load=1.0
    )
    (row,) = stranded(plant.done())
    assert (row["group"], row["growth_kw"], row["stranded_kw"]) == ("s/ups", 0.0, 10.0)


PARTS = ("load_kw", "growth_kw", "reserve_kw", "spare_kw", "standby_kw", "stranded_kw")


def shared(ups: dict[str, float], *, load_kw: float = 5.0, racks: int = 16, feeds: int = 1, **promise: Any) -> Plant:
    """Racks on UPS, each so large, all of them wired to each rack, behind feeds that nobody promises anything of."""
    plant = Plant().add("s").add("s/grid", feeds, "utility", capacity=1000.0)
    for name, kw in ups.items():
        count = int(name[-1])
        plant.add(f"s/{name}", count, "ups", plant.on("power", f"s/{name}", "s/grid"), capacity=kw)
    names = [f"s/{name}" for name in ups]
    return plant.add("s/rack", racks, "rack", plant.on("power", "s/rack", *names, **promise), load=load_kw)


def parts(plant: Plant) -> dict[str, list[float]]:
    """The parts of each group of the site."""
    rows = [row for row in stranded(plant.done()) if row["scope"] == "s"]
    return {row["group"].removeprefix("s/"): [row[part] for part in PARTS] for row in rows}


def near(*values: float) -> Any:
    return pytest.approx(values, abs=1e-6)


def test_2n_holds_one_side_back_and_strands_nothing():
    # 2 x 100 kW; one carries all, so 100 kW are usable, 80 kW drawn: 40 kW each now, 50 kW each then, 100 kW alone
    found = parts(shared({"ups-2": 100.0}, redundancy="2N"))
    assert found["ups-2"] == near(80, 20, 100, 0, 0, 0)
    assert found["grid"] == near(80, 20, 0, 0, 0, 900)


def test_n_plus_1_holds_one_unit_back():
    # 5 x 100 kW, four of which carry 400 kW: 80 kW each with all in service, so 20 kW are held back in each
    found = parts(shared({"ups-5": 100.0}, racks=60, redundancy="N+1"))
    assert found["ups-5"] == near(300, 100, 100, 0, 0, 0)


def test_a_second_unit_beyond_n_plus_1_is_stranded_where_the_feed_is_full():
    # 300 kW is all that the feed gives: 5 UPS carry 60 kW each, and 75 kW each when one has failed
    plant = shared({"ups-5": 100.0}, racks=50, redundancy="N+1")
    plant.override("s/grid", "capacity", 300.0, 0)
    assert parts(plant)["ups-5"] == near(250, 50, 75, 0, 0, 125)


def test_a_catcher_is_reserve_where_it_is_promised_and_standby_where_it_is_not():
    # two of 100 kW carry 160 kW of racks, 80 kW each; a catcher of 100 kW takes over from either
    def caught(**promise: Any) -> dict[str, list[float]]:
        plant = Plant().add("s").add("s/grid", None, "utility", capacity=1000.0)
        for name in ("main-a", "main-b", "catcher"):
            plant.add(f"s/{name}", None, "ups", plant.on("power", f"s/{name}", "s/grid"), capacity=100.0)
        for side in "ab":
            wired = plant.on("power", f"s/rack-{side}", f"s/main-{side}", "s/catcher", share="primary", **promise)
            plant.add(f"s/rack-{side}", 16, "rack", wired, load=5.0)
        return parts(plant)

    promised, silent = caught(need=1), caught()
    assert promised["main-a"] == near(80, 20, 0, 0, 0, 0)
    assert promised["catcher"] == near(0, 0, 100, 0, 0, 0)
    assert silent["catcher"][2:] == near(0, 0, 100, 0)


def test_a_second_feed_that_nobody_promised_is_spare_and_not_stranded():
    # two feeds of 1000 kW behind 2N of 100 kW each: 50 kW each, and 100 kW when the other is out
    found = parts(shared({"ups-2": 100.0}, feeds=2, redundancy="2N"))
    assert found["grid"] == near(80, 20, 0, 100, 0, 1800)


def test_what_cannot_take_over_is_no_spare():
    # four of 100 kW carry 400 kW and nobody promised anything: three of them do not, so what is held is nothing
    found = parts(shared({"ups-4": 100.0}, racks=64))
    assert found["ups-4"] == near(320, 80, 0, 0, 0, 0)
    plant = shared({"ups-4": 100.0}, racks=64)
    plant.override("s/grid", "capacity", 360.0, 0)
    assert parts(plant)["ups-4"] == near(320, 40, 0, 0, 0, 40), "90 kW each of four would be 120 kW each of three"


@pytest.mark.parametrize(("units", "standby_kw"), [(3, 300.0), (6, 400.0), (2, 200.0)])
def test_gensets_stand_by_for_what_the_feed_gives_up_to_what_they_are_good_for(units, standby_kw):
    plant = Plant().add("s").add("s/grid", None, "utility", capacity=500.0).add("s/genset", units, capacity=100.0)
    wired = plant.on("power", "s/ups", "s/grid", "s/genset", share="primary")
    plant.add("s/ups", 4, "ups", wired, capacity=100.0)
    plant.add("s/rack", 60, "rack", plant.on("power", "s/rack", "s/ups"), load=5.0)
    found = parts(plant)
    assert found["genset"] == near(0, 0, 0, 0, standby_kw, 100 * units - standby_kw)
    assert found["grid"] == near(300, 100, 0, 0, 0, 100)


@settings(max_examples=25, deadline=None)
@given(nested_plants())
def test_the_six_parts_are_all_there_is(topology):
    try:
        rows = stranded(topology)
    except RefusedError:
        return
    for row in rows:
        parts = ("load_kw", "growth_kw", "reserve_kw", "spare_kw", "standby_kw", "stranded_kw")
        assert sum(row[part] for part in parts) == pytest.approx(row["derated_kw"])
        assert min(row["reserve_kw"], row["spare_kw"], row["standby_kw"]) >= 0
