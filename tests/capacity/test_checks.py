"""What each check of capacity finds, and the remedy that it names."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from capacity.limits import UNLIMITED
from hypothesis import assume, given, settings
from structure.build import Plant, block, value
from structure.nested import nested

from twin import tables
from twin.api import AnalysisInputs
from twin.capacity import checks, supply
from twin.capacity.analysis import CapacityParams, run
from twin.capacity.engine import evaluate
from twin.errors import RefusedError
from twin.structure.compile import compile_structure
from twin.structure.flow import plan
from twin.structure.snapshot import months_of_change, snapshot
from twin.structure.twins import twins
from twin.topology.model import Held, Topology

if TYPE_CHECKING:
    from twin.structure.model import Structure


def rows(topology: Topology, check: str = "") -> list[dict[str, Any]]:
    structures = SimpleNamespace(
        structure=compile_structure(topology), lifted=compile_structure(topology, lifted=True), topology=topology
    )
    frames = run(AnalysisInputs(UNLIMITED, structures, 0, CapacityParams()))
    found = tables.check("checks", frames["checks"], "capacity").rows(named=True)
    return [row for row in found if check in ("", row["check"])]


def held(part: str, kind: str, count: float, **figures: float) -> Held:
    return Held(part, kind, count, {name: value(number) for name, number in figures.items()})


def oversubscribed(load: float, **rack: float) -> Topology:
    plant = Plant().add("s").add("s/board", None, "switchboard", capacity=100.0, oversubscription=1.25)
    return plant.add("s/rack", 10, "rack", plant.on("power", "s/rack", "s/board"), load=load, **rack).done()


def test_capped_loads_may_be_provisioned_beyond_the_rating():
    topology = oversubscribed(12.0, power_cap=0.8)
    (rating,) = rows(topology, "rating")
    assert rating["ok"]
    assert rating["got"] == "96 % of s/board"
    (row,) = rows(topology, "oversubscription")
    assert row["ok"]
    assert (row["scope"], row["got"]) == ("s/board", "96 % when capped")


def test_oversubscription_has_its_limit():
    (rating,) = rows(oversubscribed(13.0, power_cap=0.7), "rating")
    assert not rating["ok"]
    assert (rating["got"], rating["wanted"]) == ("130 kW", "at most 125 kW")
    assert "lower the load by 5 kW" in rating["message"]


def test_a_cap_that_does_not_go_low_enough():
    topology = oversubscribed(12.0, power_cap=0.9)
    (rating,) = rows(topology, "rating")
    assert not rating["ok"]
    assert (rating["got"], rating["wanted"]) == ("108 kW", "at most 100 kW")
    assert "even with its loads capped" in rating["message"]
    (row,) = rows(topology, "oversubscription")
    assert (row["ok"], row["got"]) == (False, "108 % when capped")


def test_oversubscription_without_a_cap_has_no_effect():
    (row,) = rows(oversubscribed(9.0), "oversubscription")
    assert not row["ok"]
    assert row["got"] == "no power_cap below"
    assert "'oversubscription' of 's/board' has no effect" in row["message"]
    assert "state 'power_cap' of the racks or leave it out" in row["message"]
    (rating,) = rows(oversubscribed(12.0), "rating")
    assert rating["wanted"] == "at most 100 kW"
    assert rows(block(2, 10), "oversubscription") == []


def test_an_overload_in_alike_halls_counts_them_all():
    plant = Plant().add("s").add("s/hall", 6, "hall").add("s/hall/ups", 2, "ups", capacity=100.0)
    plant.add("s/hall/rack", 25, "rack", plant.on("power", "s/hall/rack", "s/hall/ups"), load=10.0)
    (row,) = rows(plant.done(), "rating")
    assert (row["scope"], row["got"]) == ("s/hall[1]/ups[1]", "125 kW")
    assert "and 11 more of its group are over" in row["message"]
    assert "add 6 ups or lower the load by 300 kW" in row["message"]


def feeds(rating: float, *, pick: int = 1, **depends: Any) -> Topology:
    plant = Plant().add("s").add("s/tap", 6, "tap", capacity=rating)
    wired = plant.on("power", "s/rack", "s/tap", pick=pick, **depends)
    return plant.add("s/rack", 6, "rack", wired, load=132.0).done()


def test_a_feed_smaller_than_one_rack():
    (row,) = rows(feeds(100.0), "power feed")
    assert not row["ok"]
    assert (row["scope"], row["got"], row["wanted"]) == ("s/rack", "100 kW", "at least 132 kW")
    assert "no single supplier of 's/rack' carries one rack: 132 kW against 100 kW of 's/tap[1]'" in row["message"]
    assert "raise the rating of each 's/tap', wire each rack to more of them or lower its load" in row["message"]


@pytest.mark.parametrize(
    ("topology", "message"),
    [
        (feeds(132.0), ""),
        (feeds(70.0, pick=2), ""),
        (feeds(22.0, pick=6), ""),
        (feeds(60.0, pick=2), "the 2 suppliers 's/tap' together do not carry one rack of 's/rack'"),
        (feeds(100.0, pick=2, redundancy="2N"), "no single supplier of 's/rack' carries one rack"),
        (feeds(60.0, pick=3, redundancy="N+1"), "with 1 of the suppliers 's/tap' lost the other 2 do not carry one"),
        (feeds(60.0, pick=3, need=2), "with 1 of the suppliers"),
    ],
)
def test_what_is_left_of_the_suppliers_must_carry_one_rack(topology, message):
    found = rows(topology, "power feed")
    assert bool(found) == bool(message)
    assert not found or message in found[0]["message"]


def cooled(liquid: float | None, *coolers: str) -> Topology:
    plant = Plant().add("s").add("s/chiller", 2, "chiller").add("s/crah", 2, "crah")
    plant.add("s/cdu", 2, "cdu", plant.on("cooling", "s/cdu", "s/chiller"))
    depends = [plant.on("cooling", "s/rack", f"s/{cooler}") for cooler in coolers]
    figures = {} if liquid is None else {"liquid_fraction": liquid}
    return plant.add("s/rack", 2, "rack", *depends, load=10.0, **figures).done()


@pytest.mark.parametrize(
    ("liquid", "coolers", "ok", "message"),
    [
        (0.85, ("crah",), False, "85 % of the heat of 's/rack' goes to liquid and it has air coolers alone"),
        (0.0, ("cdu",), False, "all heat of 's/rack' goes to air and it has liquid coolers alone"),
        (0.85, ("cdu",), True, "15 % of the heat of 's/rack' goes to air; its liquid coolers are taken to carry that"),
        (0.85, (), False, "nobody takes the heat of 's/rack', in a site that has cooling equipment"),
        (0.85, ("cdu", "crah"), None, ""),
        (1.0, ("cdu",), None, ""),
        (0.0, ("crah",), None, ""),
        (None, ("crah",), None, ""),
        (None, ("cdu",), None, ""),
    ],
)
def test_heat_needs_a_cooler_of_its_medium(liquid, coolers, ok, message):
    found = rows(cooled(liquid, *coolers), "heat")
    assert [row["ok"] for row in found] == ([] if ok is None else [ok])
    assert not found or message in found[0]["message"]


def test_a_cooling_loop_without_heat_rejection():
    plant = Plant().add("s").add("s/cdu", 2, "cdu")
    topology = plant.add("s/rack", 2, "rack", plant.on("cooling", "s/rack", "s/cdu"), load=10.0).done()
    (row,) = rows(topology, "heat")
    assert (row["ok"], row["scope"], row["wanted"]) == (False, "s/cdu", "heat rejection")
    assert "add a dry-cooler, chiller or cooling-tower" in row["message"]


def test_a_site_without_cooling_equipment_says_nothing_of_heat():
    assert rows(block(2, 10), "heat") == []


def packed(*holds: Held, **figures: float) -> Topology:
    plant = Plant().add("s").add("s/hall", 2, "hall", rack_positions=3, mass_limit=4000.0)
    topology = plant.add("s/hall/rack", 4, "rack", load=10.0, **figures).done()
    rack = replace(topology.groups["s/hall/rack"], holds=holds)
    return replace(topology, groups={**topology.groups, rack.path: rack})


def test_what_does_not_fit_names_the_node_and_the_remedy():
    server = held("dgx", "server", 6, space=8.0, mass=130.0)
    found = {row["check"]: row for row in rows(packed(server, space=42.0, mass=300.0, power_limit=9.0))}
    assert not any(found[f"fit {name}"]["ok"] for name in ("space", "rack positions", "mass", "power"))
    assert (found["fit space"]["got"], found["fit space"]["wanted"]) == ("48 U", "at most 42 U")
    assert found["fit space"]["scope"] == "s/hall[1]/rack[1]"
    assert "'s/hall[1]/rack[1]' and 7 more like it would take 48 U" in found["fit space"]["message"]
    assert "hold less in each or use a taller rack" in found["fit space"]["message"]
    assert "'s/hall[1]' and 1 more like it would take 4 racks" in found["fit rack positions"]["message"]
    assert found["fit mass"]["got"] == "4320 kg"
    assert found["fit power"]["got"] == "10 kW"


def test_a_fit_that_holds_names_what_is_fullest():
    plant = Plant().add("s").add("s/hall", 2, "hall", rack_positions=5).add("s/hall/rack", 4, "rack", load=1.0)
    (row,) = rows(plant.done(), "fit")
    assert row["ok"]
    assert row["got"] == "rack positions of s/hall[1] 80 % full"


def test_a_limit_that_cannot_be_judged_fails_where_the_file_states_it():
    found = rows(packed(held("dgx", "server", 2)), "fit mass")
    assert [row["ok"] for row in found] == [False]
    assert "'mass_limit' of 's/hall' is not judged: nobody gives the mass of 's/hall/rack'" in found[0]["message"]
    topology = packed(held("dgx", "server", 2), space=42.0)
    rack = topology.groups["s/hall/rack"]
    published = {**rack.attributes, "space": replace(rack.attributes["space"], origin="catalogue")}
    topology = replace(topology, groups={**topology.groups, rack.path: replace(rack, attributes=published)})
    (space,) = rows(topology, "fit space")
    assert space["ok"]


def test_equipment_of_unknown_weight_is_named():
    plant = Plant().add("s").add("s/hall", None, "hall", mass_limit=4000.0)
    plant.add("s/hall/ups", 2, "ups").add("s/hall/rack", 2, "rack", load=1.0, mass=1000.0)
    found = {row["check"]: row for row in rows(plant.done())}
    assert found["fit"]["ok"]
    assert "the weight in 's/hall' is counted without 's/hall/ups'" in found["fit mass"]["message"]


def test_nothing_is_claimed_where_a_need_is_not_met():
    plant = Plant().add("s").add("s/ups", 3, "ups", capacity=100.0, energised=(0, 4, 4))
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/ups", need=2), load=9.0)
    (row,) = rows(plant.done(), "usable capacity")
    assert not row["ok"]
    assert row["got"] == "not claimed in 2027-04"
    assert "'s/rack' is in service and fewer of its suppliers than it needs" in row["message"]


def test_only_the_site_that_lacks_suppliers_claims_nothing():
    plant = Plant().add("s", 2, "site").add("s/ups", 2, "ups", capacity=100.0)
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/ups", need=2), load=9.0)
    plant.override("s/ups", "energised", 5, 3)
    assert [(row["scope"], row["ok"]) for row in rows(plant.done(), "usable capacity")] == [
        ("s[1]", True),
        ("s[2]", False),
    ]


@settings(max_examples=30)
@given(nested())
def test_representatives_give_the_rows_of_all_instances(topology):
    try:
        full = _static_rows(compile_structure(topology))
    except RefusedError:
        # thousands of instances that share suppliers are too many to decide; a few of them are not
        assume(condition=False)
    assert _static_rows(compile_structure(topology, lifted=True)) == full


def _static_rows(structure: Structure) -> list[checks.Check]:
    prepared, sets = plan(structure), twins(structure)
    months = [
        (snapshot(structure, month, prepared), evaluate(structure, month, prepared, sets))
        for month in months_of_change(structure)
    ]
    snapshots = [month for month, _ in months]
    return [
        *checks._ratings(structure, sets, months),
        *checks._oversubscription(structure, months),
        *supply.supply(structure, snapshots),
        *supply.feeds(structure),
        *supply.redundancy(structure, snapshots),
    ]


def phased(energised_a: list[int], energised_b: list[int], racks: int, word: str = "2N") -> Topology:
    plant = Plant().add("s").add("s/grid", None, "utility")
    for side, energised in (("a", energised_a), ("b", energised_b)):
        feed = plant.on("power", f"s/{side}", "s/grid")
        plant.add(f"s/{side}", len(energised), "ups", feed, energised=energised, capacity=1000.0)
    return plant.add(
        "s/rack", racks, "rack", plant.on("power", "s/rack", "s/a", "s/b", redundancy=word), load=100.0
    ).done()


@pytest.mark.parametrize(
    ("energised", "racks", "ok", "got", "wanted"),
    [
        (([0, 6], [0, 6]), 10, True, "1 may fail", "1 may fail"),
        (([0, 6], [0, 6]), 11, False, "0 may fail", "1 may fail"),
        (([0, 0, 6], [0, 0, 6]), 20, True, "2 may fail", "2 may fail"),
        # losing side A leaves one of B
        (([0, 0, 0], [0, 6, 6]), 20, False, "2 may fail", "3 may fail"),
        (([0, 0, 0], [0, 6, 6]), 10, True, "3 may fail", "3 may fail"),
        # no other side yet
        (([0], [6]), 1, False, "1 of 2 in service", "1 may fail"),
    ],
)
def test_a_side_is_what_is_in_service_of_it(energised, racks, ok, got, wanted):
    topology = phased(*energised, racks)
    (row,) = rows(topology, "power redundancy 2N")
    assert (row["ok"], row["got"], row["wanted"]) == (ok, got, wanted)
    (usable,) = rows(topology, "usable capacity")
    assert usable["ok"] or not ok


def test_n_plus_1_is_not_kept_by_the_only_one_in_service():
    (row,) = rows(phased([0], [6], 1, "N+1"), "power redundancy N+1")
    assert (row["ok"], row["got"], row["wanted"]) == (False, "1 of 2 in service", "1 may fail")
