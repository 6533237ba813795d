from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structure.build import Plant, block
from structure.plants import lean_plants, plants

import twin
from twin.capacity import enlarge
from twin.capacity.standing import Standing, standing
from twin.capacity.upgrades import Step, steps, told
from twin.errors import RefusedError
from twin.topology.enlarge import with_units

if TYPE_CHECKING:
    from pathlib import Path

    from twin.topology.model import Topology

FIRST = 3
ROOM = """
twin: 1
name: room
calendar: {{start: 2027-01-01, months: 12}}
sites:
  room:
    contains:
      grid: {{kind: utility, capacity: 2 MW}}
      ups-a[{a}]: {{kind: ups, capacity: 300 kW, efficiency: 100 %, price: $90000, power: grid}}
      ups-b[{b}]: {{kind: ups, capacity: 300 kW, efficiency: 100 %, price: $90000, power: grid}}
      hall[2]:
        contains:
          cdu[{cdu}]: {{kind: cdu, capacity: 150 kW, cooling: {{from: tower}}}}
          rack[2]:
            kind: rack
            load: 132 kW
            accelerators: 72
            liquid_fraction: 100 %
            power: {{from: [ups-a, ups-b], redundancy: 2N}}
            cooling: {{from: cdu, redundancy: N+1}}
      tower: {{kind: cooling-tower}}
"""


def _steps(topology: Topology, number: int = FIRST, site: str = "s") -> list[Step]:
    return list(islice(steps(topology, site, 1), number))


def _room(folder: Path, a: int = 2, b: int = 2, cdu: int = 3) -> twin.Twin:
    path = folder / "room.yaml"
    path.write_text(ROOM.format(a=a, b=b, cdu=cdu))
    return twin.load(path)


def test_the_fewest_units_for_which_something_else_binds() -> None:
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=500.0)
    plant.add("s/ups", 2, "ups", plant.on("power", "s/ups", "s/grid"), capacity=100.0)
    plant.add("s/pdu", 4, "pdu", plant.on("power", "s/pdu", "s/ups"), capacity=85.0)
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/pdu"), load=40.0, accelerators=8)
    first, second, third = _steps(plant.done())
    (ups,) = first.changes
    assert (ups.groups, ups.units, ups.added_kw) == (("s/ups",), 2, 200.0)
    assert told(first.changes) == "add 2 ups, 4 instead of 2"
    assert (first.before.usable_kw, first.after.usable_kw) == (200.0, pytest.approx(340.0))
    assert first.after.node == "s/pdu[1]"
    assert (second.changes[0].groups, second.changes[0].units) == (("s/pdu",), 1)
    assert second.after.usable_kw == pytest.approx(400.0)
    assert (third.changes[0].groups, third.changes[0].units) == (("s/ups",), 1)
    assert third.after.usable_kw == pytest.approx(425.0)


def test_sides_that_are_full_at_once_are_enlarged_together(tmp_path: Path) -> None:
    frame = _room(tmp_path, a=3, b=3, cdu=5).run("upgrades").upgrades
    row = frame.row(0, named=True)
    assert row["change"] == "add 1 ups-a and 1 ups-b, 4 instead of 3"
    assert row["units"] == 2
    assert row["added_kw"] == 600.0
    assert row["price_usd"] == 180_000
    assert row["usd_per_kw"] == pytest.approx(180_000 / row["released_kw"])


def test_what_is_bought_by_hand_gives_the_same(tmp_path: Path) -> None:
    frame = _room(tmp_path).run("upgrades").upgrades
    counts = {"ups-a": 2, "ups-b": 2, "cdu": 3}
    assert frame.height == 5
    for row in frame.head(4).iter_rows(named=True):
        for added, name in re.findall(r"(\d+) (ups-a|ups-b|cdu)", row["change"]):
            counts[name] += int(added)
        by_hand = _room(tmp_path, *counts.values()).capacity().site_capacity
        site = by_hand.row(by_predicate=pl.col("scope") == "room", named=True)
        assert site["usable_kw"] == pytest.approx(row["usable_kw"], rel=1e-12)
        assert site["binding_node"] == row["then_binds"]


def test_units_are_counted_over_the_whole_site(tmp_path: Path) -> None:
    frame = _room(tmp_path, a=3, b=3).run("upgrades").upgrades
    row = frame.row(0, named=True)
    assert row["group"] == "room/hall/cdu"
    assert row["change"] == "add 1 cdu to each hall, 4 instead of 3"
    assert row["units"] == 2
    assert row["added_kw"] == 300.0
    assert row["price_usd"] is None
    assert row["usd_per_kw"] is None


def test_racks_and_accelerators_are_of_the_present_mix(tmp_path: Path) -> None:
    row = _room(tmp_path, a=3, b=3).run("upgrades").upgrades.row(0, named=True)
    before, after = row["usable_kw"] - row["released_kw"], row["usable_kw"]
    assert row["released_racks"] == int(after / 132 + 1e-9) - int(before / 132 + 1e-9)
    # whole racks with all that is in them
    assert row["released_accelerators"] == 72 * row["released_racks"] > 0


def test_alike_purchases_in_several_places_are_told_once() -> None:
    plant = Plant().add("s").add("s/grid", 1, "utility")
    for hall in ("east", "west"):
        plant.add(f"s/{hall}", 2, "hall")
        plant.add(f"s/{hall}/ups", 2, "ups", plant.on("power", f"s/{hall}/ups", "s/grid"), capacity=50.0)
        plant.add(f"s/{hall}/rack", 2, "rack", plant.on("power", f"s/{hall}/rack", f"s/{hall}/ups"), load=40.0)
    (first,) = _steps(plant.done(), 1)
    assert told(first.changes) == "add 1 ups to each east and to each west, 3 instead of 2"
    assert sum(change.units or 0 for change in first.changes) == 4
    assert first.after.usable_kw == pytest.approx(600.0)


def test_room_for_racks_is_made_where_positions_bind() -> None:
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=1000.0).add("s/hall", 1, rack_positions=4)
    plant.add("s/hall/rack", 4, "rack", plant.on("power", "s/hall/rack", "s/grid"), load=40.0)
    topology = plant.done()
    (first,) = _steps(topology, 1)
    assert (first.before.resource, first.before.group) == ("space", "s/hall")
    assert first.changes[0].units is None
    assert first.changes[0].added_kw is None
    assert told(first.changes).startswith("make room for more racks in hall, ")
    assert first.after.usable_kw == pytest.approx(320.0)


def test_what_cannot_be_added_is_rated_higher() -> None:
    plant = Plant().add("s")
    plant.add("s/grid", 2, "utility", capacity=100.0, energised=(0, 1))
    plant.add("s/ups", 3, "ups", plant.on("power", "s/ups", "s/grid"), capacity=90.0)
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/ups"), load=40.0)
    (change,) = _steps(plant.done(), 1)[0].changes
    assert told([change]) == "enlarge each grid by 35 %, to 135 kW"
    assert change.units is None
    assert change.added_kw == pytest.approx(70.0)


def test_where_one_is_enough_more_of_them_do_not_help() -> None:
    """`need: 1` promises that one carries all: a third would carry no more, a larger rating does."""
    topology = block(2, 8, capacity=100.0, need=1)
    (change,) = _steps(topology, 1)[0].changes
    assert told([change]) == "enlarge each ups by 100 %, to 200 kW"
    assert change.after.usable_kw == pytest.approx(200.0)


def test_where_nothing_has_a_rating_there_is_nothing_to_buy() -> None:
    plant = Plant().add("s").add("s/grid", 1, "utility")
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/grid"), load=40.0)
    assert _steps(plant.done()) == []


def test_the_last_purchase_may_leave_nothing_that_binds(monkeypatch: pytest.MonkeyPatch) -> None:
    full = standing(block(2, 8, capacity=100.0), "s", 1)
    free = Standing(full.topology, full.structure, "s", 1, full.demand_kw, None, 8, 0)
    monkeypatch.setattr(enlarge, "standing", lambda *_: free)
    (step,) = steps(full.topology, "s", 1)
    assert step.after.usable_kw is None


def test_what_the_engine_refuses_ends_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Standing:
        raise RefusedError("capacity", "too many states", "split the file")

    monkeypatch.setattr(enlarge, "standing", refuse)
    assert _steps(block(2, 8, capacity=100.0)) == []


JOINT = """
twin: 1
name: room
sites:
  room:
    contains:
      grid: {kind: utility, capacity: 20 MW}
      ups[4]: {kind: ups, capacity: 1 MW, efficiency: 96 %, power: grid}
      catcher: {kind: ups, capacity: 1 MW, efficiency: 96 %, power: grid}
      sts[4]:
        kind: sts
        capacity: 1 MW
        efficiency: 100 %
        power: {from: {ups: 1, catcher: 1}, need: 1, share: primary}
      rack[28]: {kind: rack, load: 132 kW, accelerators: 72, power: {from: sts, pick: 1}}
"""


def test_a_step_has_nothing_that_can_be_left_out_and_names_each_group_once(tmp_path: Path) -> None:
    path = tmp_path / "room.yaml"
    path.write_text(JOINT)
    topology = twin.load(path).topology
    found = list(islice(steps(topology, "room", 0), FIRST))
    assert any(len(step.changes) > 1 for step in found)
    for step in found:
        moves = [change.move for change in step.changes]
        assert len({(move.paths, move.attribute) for move in moves}) == len(moves)
        assert "catcher" not in told(step.changes)
        for left_out in moves if len(moves) > 1 else []:
            changed = step.before.topology
            for move in moves:
                changed = changed if move is left_out else move.apply(changed)
            assert step.after.above(standing(changed, "room", 0))


def test_no_more_positions_are_bought_than_the_next_limit_lets_be_used() -> None:
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=480.0).add("s/hall", 1, rack_positions=10)
    plant.add("s/hall/rack", 10, "rack", plant.on("power", "s/hall/rack", "s/grid"), load=40.0)
    (first,) = _steps(plant.done(), 1)
    assert told(first.changes) == "make room for more racks in hall, 12 instead of 10"
    assert (first.after.usable_kw, first.after.group) == (pytest.approx(480.0), "s/grid")


@given(st.one_of(plants(), lean_plants()))
def test_no_purchase_lowers_what_is_usable_and_one_less_would_not_do(topology: Topology) -> None:
    for step in _steps(topology):
        assert step.after.above(step.before)
        last, before = step.changes[-1], step.before
        assert last.after is step.after
        if len(step.changes) > 1 or last.units is None or step.after.group in last.groups:
            continue
        (path, *others) = last.groups
        was = before.topology.groups[path].count
        grown = step.after.topology.groups[path].count - was
        assert 1 <= grown <= was
        if grown > 1 and not others:
            less = standing(with_units(before.topology, path, grown - 1), "s", 1)
            # One less: what bound before still binds, be it the group itself or one that its units stand by for.
            assert less.group in {path, before.group} or not less.above(before)


@given(lean_plants())
def test_each_step_is_what_the_changed_topology_gives(topology: Topology) -> None:
    for step in _steps(topology):
        again = standing(step.after.topology, "s", 1)
        assert again.usable_kw == step.after.usable_kw
        assert again.node == step.after.node
