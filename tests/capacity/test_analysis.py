"""The capacity analysis as a caller sees it: gold cases, tables, checks."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from capacity.limits import UNLIMITED
from structure.build import Plant, block

from twin import tables
from twin.api import AnalysisInputs
from twin.capacity.analysis import CapacityParams, run, twin_analyses
from twin.structure.compile import compile_structure

if TYPE_CHECKING:
    import polars as pl

    from twin.topology.model import Topology


def capacity(topology: Topology) -> dict[str, pl.DataFrame]:
    inputs = AnalysisInputs(
        UNLIMITED, SimpleNamespace(lifted=compile_structure(topology, lifted=True)), 0, CapacityParams()
    )
    found = run(inputs)
    return {name: tables.check(name, frame, "capacity") for name, frame in found.items()}


def usable(topology: Topology) -> float:
    return capacity(topology)["site_capacity"].row(0, named=True)["usable_kw"]


def catcher(blocks: int) -> Topology:
    plant = Plant().add("s").add("s/ups", blocks, "ups", capacity=1000.0).add("s/catcher", 1, "ups", capacity=1000.0)
    options: dict[str, Any] = {"share": "primary", "redundancy": "N+1"}
    depends = plant.on("power", "s/rack", ("s/ups", 1), ("s/catcher", 1), **options)
    return plant.add("s/rack", blocks * 12, "rack", depends, load=10.0).done()


def sides() -> Topology:
    plant = Plant().add("s").add("s/a", 3, "ups", capacity=1000.0).add("s/b", 3, "ups", capacity=1000.0)
    depends = plant.on("power", "s/rack", "s/a", "s/b", redundancy="2N")
    return plant.add("s/rack", 60, "rack", depends, load=10.0).done()


@pytest.mark.parametrize(
    ("topology", "installed", "fraction"),
    [
        (block(4, 100, redundancy="N"), 4, 1),
        (block(4, 100), 4, 1),
        (block(4, 100, redundancy="N+1"), 4, 3 / 4),
        (block(5, 100, redundancy="N+2"), 5, 3 / 5),
        (block(5, 100, need=4), 5, 4 / 5),
        (catcher(3), 4, 3 / 4),
        (catcher(5), 6, 5 / 6),
        (block(2, 100, redundancy="2N"), 2, 1 / 2),
        (sides(), 6, 1 / 2),
        (block(8, 100, redundancy="2(N+1)"), 8, 1 / 2),
        (block(3, 120, pick=2, redundancy="3N/2"), 3, 2 / 3),
        (block(4, 120, pick=2, redundancy="4N/3"), 4, 3 / 4),
    ],
)
def test_usable_fraction_of_what_is_installed(topology, installed, fraction):
    assert usable(topology) == pytest.approx(installed * 1000.0 * fraction)


def dps() -> Topology:
    """NVIDIA's sample: utility 750 kW, switchboard 1,600 kW, four floor PDUs of 450 kW, rack k on PDU k mod 4."""
    plant = Plant().add("s").add("s/utility", None, "utility", capacity=750.0)
    plant.add("s/board", None, "switchboard", plant.on("power", "s/board", "s/utility"), capacity=1600.0)
    plant.add("s/pdu", 4, "pdu", plant.on("power", "s/pdu", "s/board"), capacity=450.0)
    rack = plant.on("power", "s/rack", "s/pdu", pick=1)
    return plant.add("s/rack", 8, "rack", rack, load=132.0).done()


def test_the_dps_sample_is_bound_by_its_utility():
    found = capacity(dps())
    site = found["site_capacity"].row(0, named=True)
    assert site["usable_kw"] == pytest.approx(750.0)
    assert (site["binding_resource"], site["binding_node"]) == ("power", "s/utility")
    assert site["binding_state"] == "all in service"
    assert (site["runner_up_node"], site["runner_up_usable_kw"]) == ("s/board", pytest.approx(1600.0))
    assert site["demand_kw"] == pytest.approx(1056.0)
    assert site["headroom_kw"] == pytest.approx(-306.0)
    rating = found["checks"].filter(check="rating").row(0, named=True)
    assert not rating["ok"]
    assert rating["scope"] == "s/utility"
    assert "add 1 utility or lower the load by 306 kW" in rating["message"]


def test_a_full_dual_corded_rack_is_not_half_empty():
    """NetBox adds both feeds up and shows 50 %; A and B carry one load, and B alone can carry all of it."""
    found = capacity(block(2, 1, capacity=10.0, load=10.0, redundancy="2N"))
    site = found["site_capacity"].row(0, named=True)
    assert site["usable_kw"] == pytest.approx(10.0)
    assert site["headroom_kw"] == pytest.approx(0.0)
    assert site["binding_state"] == "s/hall[1]/ups[1] failed"
    ups = found["capacity"].filter(kind="ups").row(0, named=True)
    assert ups["count"] == 2
    assert ups["utilisation_fraction"] == pytest.approx(0.5)
    assert ups["worst_utilisation_fraction"] == pytest.approx(1.0)
    assert ups["headroom_kw"] == pytest.approx(0.0)
    assert ups["worst_case"] == "s/hall[1]/ups[1] failed"
    assert found["checks"]["ok"].all()


def test_suppliers_without_a_rating_have_nulls_and_bind_nothing():
    plant = Plant().add("s").add("s/grid", 1, "utility")
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/grid"), load=1.0)
    found = capacity(plant.done())
    grid = found["capacity"].row(0, named=True)
    assert (grid["load_kw"], grid["rating_kw"], grid["headroom_kw"]) == (2.0, None, None)
    site = found["site_capacity"].row(0, named=True)
    assert (site["usable_kw"], site["headroom_kw"], site["binding_node"]) == (None, None, None)


def test_capacity_is_a_step_function_of_months():
    plant = Plant().add("s").add("s/hall", 2, "hall", energised=(1, 4))
    plant.add("s/hall/ups", 2, "ups", capacity=50.0)
    depends = plant.on("power", "s/hall/rack", "s/hall/ups", redundancy="N+1")
    plant.add("s/hall/rack", 4, "rack", depends, load=10.0, accelerators=8)
    rows = capacity(plant.done())["site_capacity"].select("month", "scope", "racks", "accelerators", "usable_kw").rows()
    assert [(str(month)[:7], *rest) for month, *rest in rows] == [
        ("2027-04", "s", 0, 0, 0.0),
        ("2027-04", "s/hall[1]", 0, 0, 0.0),
        ("2027-04", "s/hall[2]", 0, 0, 0.0),
        ("2027-05", "s", 4, 32, 50.0),
        ("2027-05", "s/hall[1]", 4, 32, 50.0),
        ("2027-05", "s/hall[2]", 0, 0, 0.0),
        ("2027-08", "s", 8, 64, 100.0),
        ("2027-08", "s/hall[1]", 4, 32, 50.0),
        ("2027-08", "s/hall[2]", 4, 32, 50.0),
    ]


def row(topology: Topology, check: str) -> dict[str, Any]:
    return capacity(topology)["checks"].filter(check=check).row(0, named=True)


def test_redundancy_that_holds():
    found = row(block(4, 300, redundancy="N+1"), "power redundancy N+1")
    assert found["ok"]
    assert (found["scope"], found["got"], found["wanted"]) == ("s/hall/rack", "1 may fail", "1 may fail")


def test_redundancy_that_does_not_hold_says_what_to_buy():
    found = row(block(4, 350, redundancy="N+1"), "power redundancy N+1")
    assert not found["ok"]
    assert (found["got"], found["wanted"]) == ("0 may fail", "1 may fail")
    assert "add 1 ups or lower the load by 500 kW" in found["message"]
    assert "2027-04" in found["message"]


def test_redundancy_beside_need_is_held_against_what_they_carry():
    found = row(block(4, 350, redundancy="2N", need=1), "power redundancy 2N")
    assert not found["ok"]
    assert "add 2 ups or lower the load by 1.5 MW" in found["message"]


def test_an_overload_names_the_remedy():
    topology = block(2, 250)
    found = row(topology, "rating")
    assert not found["ok"]
    assert (found["got"], found["wanted"]) == ("1.25 MW", "at most 1 MW")
    assert "'s/hall[1]/ups[1]' and 1 more of its group are over" in found["message"]
    assert "add 1 ups or lower the load by 500 kW" in found["message"]
    supply = row(topology, "power supply")
    assert not supply["ok"]
    assert supply["scope"] == "s/hall/rack"
    short = row(topology, "usable capacity")
    assert not short["ok"]
    assert "lower the IT load by 500 kW" in short["message"]


def test_a_rack_energised_before_its_feed_is_a_failed_check():
    plant = Plant().add("s").add("s/ups", 2, "ups", capacity=100.0, energised=(5,))
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/ups"), load=9.0)
    found = row(plant.done(), "power supply")
    assert not found["ok"]
    assert "in 2027-04 before its suppliers 's/ups'" in found["message"]


def test_a_shared_gate_has_an_assertion_for_each_consumer():
    plant = Plant().add("s").add("s/ups", 3, "ups", capacity=100.0)
    for name in ("a", "b"):
        plant.add(f"s/{name}", 5, "rack", plant.on("power", f"s/{name}", "s/ups", redundancy="N+1"), load=10.0)
    found = capacity(plant.done())["checks"].filter(check="power redundancy N+1")
    assert found["scope"].to_list() == ["s/a", "s/b"]
    assert found["ok"].all()


def test_an_empty_site_gives_tables_without_suppliers():
    found = capacity(Plant().add("s").done())
    assert found["capacity"].is_empty()
    assert found["site_capacity"].select("scope", "racks", "usable_kw").rows() == [("s", 0, 0.0)]
    assert found["checks"].is_empty()


def test_the_analysis_is_registered_by_its_hook():
    analysis = twin_analyses()[0]
    assert analysis.name == "capacity"
    assert analysis.requires == ("connection",)
    assert "interconnection" in analysis.produces
    assert analysis.run is run


def test_redundancy_beside_need_that_asks_for_all_does_not_hold():
    """Three of three are needed, whatever they carry: `N+1` beside that is not kept."""
    found = row(block(3, 20, redundancy="N+1", need=3), "power redundancy N+1")
    assert not found["ok"]
    assert (found["got"], found["wanted"]) == ("0 may fail", "1 may fail")
    assert "add 1 ups or lower 'need:' to 2" in found["message"]
    assert row(block(3, 20, redundancy="N+1", need=2), "power redundancy N+1")["ok"]


def test_fewer_in_service_than_needed_fails_the_supply_check():
    plant = Plant().add("s").add("s/ups", 3, "ups", capacity=1000.0, energised=(0, 5, 5))
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/ups", need=2), load=10.0)
    found = row(plant.done(), "power supply")
    assert not found["ok"]
    assert (found["got"], found["wanted"]) == ("1 in service", "at least 2")
    assert "needs 2 of its suppliers 's/ups' and 1 is in service in 2027-04" in found["message"]
