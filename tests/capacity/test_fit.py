"""Space, weight, ports and cords: what there is, what is used, and what is never guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structure.build import Plant, value

from twin import tables
from twin.capacity import fit
from twin.capacity.census import Census, figure, spread, words
from twin.capacity.contents import left_out, unknown
from twin.capacity.ports import Cabling
from twin.topology.model import Held, Topology
from twin.topology.wiring import wire


def held(part: str, kind: str, count: float, **figures: float) -> Held:
    return Held(part, kind, count, {name: value(number) for name, number in figures.items()})


def with_group(topology: Topology, path: str, **changes: Any) -> Topology:
    return replace(topology, groups={**topology.groups, path: replace(topology.groups[path], **changes)})


def rows(topology: Topology, *months: int) -> list[dict[str, Any]]:
    frame = tables.check("fit", fit.frame(topology, months or (0,)), "fit")
    return frame.rows(named=True)


def full_rack(*holds: Held, **figures: float) -> Topology:
    plant = Plant().add("s").add("s/rack", 3, "rack", load=40.0, **figures)
    return with_group(plant.done(), "s/rack", holds=holds)


def test_a_rack_and_what_it_holds():
    server = held("dgx", "server", 4, space=8.0, mass=130.0)
    switch = held("switch", "switch", 2, space=1.0, mass=15.0)
    optic = held("optic", "optic", 64)
    (row,) = rows(full_rack(server, switch, optic, space=42.0, mass_limit=1000.0, mass=150.0))
    assert (row["node"], row["kind"], row["count"]) == ("s/rack[1]", "rack", 3)
    assert (row["space_u"], row["space_used_u"]) == (42.0, 34.0)
    assert (row["mass_limit_kg"], row["mass_kg"]) == (1000.0, 550.0)
    assert (row["tightest"], row["utilisation_fraction"]) == ("space", pytest.approx(34 / 42))
    assert row["ports"] is row["power_limit_kw"] is row["rack_positions"] is None


def test_cords_are_held_against_the_nameplate_whatever_is_provisioned():
    (row,) = rows(full_rack(power_limit=34.5, provisioned=0.8))
    assert (row["power_limit_kw"], row["power_kw"]) == (34.5, pytest.approx(40.0))
    assert row["tightest"] == "power"


def test_what_is_unknown_is_not_nothing():
    topology = full_rack(held("dgx", "server", 4, mass=130.0), space=42.0, mass_limit=1000.0)
    (row,) = rows(topology)
    assert row["space_u"] is None
    assert row["mass_kg"] == 520.0
    (missing,) = unknown(topology)
    assert (missing.group, missing.resource, missing.of, missing.stated) == ("s/rack", "space", ("dgx",), True)


def hall(**racks: Any) -> Plant:
    plant = Plant().add("s").add("s/hall", 2, "hall", energised=(0, 3), rack_positions=10, mass_limit=12000.0)
    return plant.add("s/hall/rack", 8, "rack", load=40.0, **{"mass": 1200.0, **racks})


def test_positions_and_weight_of_halls_by_month():
    found = rows(hall().done(), 0, 3)
    assert [(str(row["month"])[:7], row["node"], row["count"]) for row in found] == [
        ("2027-04", "s/hall[1]", 1),
        ("2027-07", "s/hall[1]", 2),
    ]
    assert (found[0]["rack_positions"], found[0]["rack_positions_used"]) == (10, 8)
    assert found[0]["mass_kg"] == 9600.0
    assert found[0]["tightest"] == "rack_positions"


def test_limits_are_factors_on_the_racks():
    topology = hall().add("s/hall/cdu", 2, "cdu", mass=1200.0).done()
    assert fit.limits(topology, 0) == [
        ("s/hall", 0, "space", pytest.approx(10 / 8)),
        ("s/hall", 0, "mass", pytest.approx((12000 - 2400) / 9600)),
    ]
    assert [local for _, local, resource, _ in fit.limits(topology, 3) if resource == "space"] == [0, 1]


def test_limits_name_the_tightest_row_of_each_hall():
    plant = Plant().add("s").add("s/hall", 2, "hall").add("s/hall/row", 3, "row", rack_positions=8)
    plant.add("s/hall/row/rack", 4, "rack", load=1.0, energised=(0, 0, 0, 5))
    plant.override("s/hall/row", "rack_positions", 6, 4)
    assert fit.limits(plant.done(), 0) == [("s/hall/row", 0, "space", 8 / 3), ("s/hall/row", 4, "space", 2.0)]
    assert fit.limits(plant.done(), 5) == [("s/hall/row", 0, "space", 2.0), ("s/hall/row", 4, "space", 1.5)]
    assert fit.limits(Plant().add("s").done(), 0) == []


def test_a_retired_rack_gives_its_place_back():
    topology = with_group(hall().done(), "s/hall/rack", retired=(4,))
    assert rows(topology, 4)[0]["rack_positions_used"] == 0
    assert fit.limits(topology, 4) == []


def test_weight_of_a_hall_needs_that_of_its_racks_and_says_what_else_it_lacks():
    plant = hall(mass=float("nan")).add("s/hall/cdu", 2, "cdu")
    assert rows(plant.done())[0]["mass_kg"] is None
    (missing,) = unknown(plant.done())
    assert (missing.group, missing.resource, missing.of) == ("s/hall", "mass", ("s/hall/rack",))
    assert left_out(hall().add("s/hall/cdu", 2, "cdu").done(), "s/hall") == ("s/hall/cdu",)


def rails(lanes: int = 8, gbps: float = 400.0, **leaf: float) -> Topology:
    plant = Plant().add("s").add("s/leaf", 4, "leaf", **{"ports": 16, "port_bandwidth": 800.0, **leaf})
    depends = plant.on("network", "s/rack", "s/leaf", lanes=lanes, lane_gbps=gbps)
    return plant.add("s/rack", 12, "rack", depends, load=1.0, ports=8, energised=(0,) * 8 + (6,) * 4).done()


def test_ports_of_switches_and_racks():
    found = {row["kind"]: row for row in rows(rails())}
    # Eight racks with two lanes each to a leaf, two lanes a port.
    assert (found["leaf"]["count"], found["leaf"]["ports"], found["leaf"]["ports_used"]) == (4, 16, 8)
    assert (found["rack"]["ports"], found["rack"]["ports_used"]) == (8, 8)
    later = {row["kind"]: row for row in rows(rails(), 6)}
    assert later["leaf"]["ports_used"] == 12


@pytest.mark.parametrize(("rate", "used"), [(400.0, 16), (200.0, 32), (1600.0, 4), (None, 16)])
def test_a_lane_takes_part_of_a_port_or_several(rate, used):
    plain = rails()
    leaf = plain.groups["s/leaf"]
    attributes = {name: one for name, one in leaf.attributes.items() if name != "port_bandwidth"}
    if rate:
        attributes["port_bandwidth"] = value(rate)
    found = {row["kind"]: row for row in rows(with_group(plain, "s/leaf", attributes=attributes))}
    assert found["leaf"]["ports_used"] == used


def test_ports_are_not_judged_without_lanes():
    assert rows(rails(lanes=0)) == []


def test_a_rack_has_the_ports_of_its_servers_and_not_of_its_switches():
    topology = rails()
    attributes = {"load": value(1.0)}
    inside = (held("dgx", "server", 2, ports=4, accelerators=8), held("switch", "switch", 1, ports=64))
    changed = with_group(topology, "s/rack", attributes=attributes, holds=inside)
    assert {row["kind"]: row["ports"] for row in rows(changed)}["rack"] == 8
    silent = with_group(topology, "s/rack", attributes=attributes, holds=(held("dgx", "server", 2, accelerators=8),))
    assert "rack" not in {row["kind"] for row in rows(silent)}


@st.composite
def campuses(draw):
    """Halls, rows and racks with dates and figures that differ here and there."""
    dates = st.integers(-2, 6)
    plant = Plant()

    def dated(count):
        return tuple(draw(st.one_of(st.tuples(dates), st.lists(dates, min_size=count, max_size=count))))

    plant.add("s", draw(st.integers(1, 2)), "site", energised=dated(1)[:1])
    halls, lines, racks = (draw(st.integers(1, 3)) for _ in range(3))
    plant.add("s/hall", halls, "hall", energised=dated(halls))
    plant.add("s/hall/row", lines, "row", energised=dated(lines))
    plant.add("s/hall/row/rack", racks, "rack", energised=dated(racks), mass=10.0)
    for name, most in (("mass", 100), ("energised", 6), ("retired", 8)):
        for path in ("s/hall", "s/hall/row/rack"):
            total = plant.groups[path].total
            for local in draw(st.lists(st.integers(0, total - 1), unique=True, max_size=3)):
                if name != "mass" or path.endswith("rack"):
                    plant.override(path, name, draw(st.integers(0, most)), local)
    return plant.done()


@given(campuses(), st.integers(0, 8))
def test_a_census_counts_as_one_does_by_hand(topology, month):
    census = Census(topology, month)
    rack = topology.groups["s/hall/row/rack"]
    mass = spread(figure(topology, rack.path, "mass"), rack.total)
    own = {path: spread(census.own(path), group.total) for path, group in topology.groups.items()}
    sums = census.inside(lambda path: figure(topology, path, "mass"))
    by_hand = {path: np.zeros(group.total) for path, group in topology.groups.items() if group.container}
    on = np.zeros(rack.total, dtype=bool)
    for local in range(rack.total):
        there = own[rack.path][local]
        for path in ("s/hall/row", "s/hall", "s"):
            above = local // topology.per(rack.path, path)
            by_hand[path][above] += mass[local] * there
            there = there and own[path][above]
        on[local] = there
    for path, expected in by_hand.items():
        assert np.allclose(spread(sums[path], topology.groups[path].total), expected)
    assert census.standing(rack.path)[0] == np.count_nonzero(on)
    if on.any():
        assert census.standing(rack.path)[1] == int(np.argmax(on))
    assert census.total(rack.path, figure(topology, rack.path, "mass")) == pytest.approx(float(mass[on].sum()))
    sets = census.alike(rack.path, [figure(topology, rack.path, "mass")])
    assert sum(count for _, count in sets) == np.count_nonzero(on)
    assert {mass[first] for first, _ in sets} == set(mass[on].tolist())


@given(
    st.lists(st.integers(0, 6), min_size=3, max_size=3),
    st.lists(st.integers(0, 6), min_size=3, max_size=3),
    st.sampled_from(["s/hall/leaf", "s/hall/row/leaf", "s/leaf"]),
    st.sampled_from([None, 1, 2]),
    st.one_of(st.none(), st.integers(0, 17)),
    st.integers(0, 6),
)
def test_ports_used_are_the_lanes_of_all_wires(halls, racks, leaf, pick, moved, month):
    plant = Plant().add("s").add("s/hall", 3, "hall", energised=halls).add("s/hall/row", 2, "row")
    plant.add(leaf, 3, "leaf", ports=64, port_bandwidth=400.0)
    depends = plant.on("network", "s/hall/row/rack", leaf, pick=pick, lanes=4, lane_gbps=200.0)
    plant.add("s/hall/row/rack", 3, "rack", depends, load=1.0, energised=racks)
    if moved is not None:
        plant.override("s/hall/row/rack", "energised", 5, moved)
    topology = plant.done()
    census = Census(topology, month)
    (_, used) = Cabling(topology).ports(census)[leaf]
    wiring = wire(topology, "s/hall/row/rack", depends)
    on = spread(census.on("s/hall/row/rack"), 18)
    by_hand = np.zeros(topology.groups[leaf].total)
    for wired in wiring.suppliers([0])[on]:
        by_hand[wired] += 4 / wiring.k / 2
    switches = spread(census.on(leaf), len(by_hand))
    assert (spread(used, len(by_hand)) == np.ceil(by_hand * (1 - 1e-9)))[switches].all()


def test_words_hold_for_all_inside():
    plant = Plant().add("s").add("s/hall", 2, "hall").add("s/hall/rack", 2, "rack")
    topology = plant.done()
    said = {"tenant": replace(value(0.0), value="acme")}
    topology = with_group(topology, "s", attributes=said)
    assert words(topology, "s/hall/rack", "tenant").tolist() == ["acme"]
    override = replace(plant.override("s/hall", "tenant", 0.0, 1).overrides[0], value=replace(value(0.0), value="beta"))
    topology = replace(topology, overrides=(override,))
    assert words(topology, "s/hall/rack", "tenant").tolist() == ["acme", "acme", "beta", "beta"]
