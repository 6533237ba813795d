"""Suppliers that are over their limit by load that does not grow with the racks: nothing is usable behind them."""

from __future__ import annotations

import pytest
from capacity.test_brute_force import frames
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant
from structure.naive import Naive
from structure.naive_usable import cases, unclaimed, usable


def cooled(board, *, count=None, cooling=None, **asked):
    """Racks on their own feed, cooled by a unit whose 50 kW come from boards of their own."""
    plant = Plant().add("s").add("s/grid", None, "utility", capacity=2000.0)
    plant.add("s/board", count, "switchboard", plant.on("power", "s/board", "s/grid"), capacity=board)
    plant.add("s/cdu", 2, "cdu", plant.on("power", "s/cdu", "s/board", **asked), capacity=1000.0, load=25.0)
    depends = plant.on("cooling", "s/rack", "s/cdu", **(cooling or {}))
    return plant.add("s/rack", 5, "rack", plant.on("power", "s/rack", "s/grid"), depends, load=100.0).done()


def site(topology):
    return frames(topology)["site_capacity"].rows(named=True)[0]


def test_a_board_that_only_pumps_overload_leaves_nothing_usable():
    row = site(cooled(49.0))
    assert (row["usable_kw"], row["binding_node"], row["binding_state"]) == (0.0, "s/board", "all in service")
    assert row["runner_up_usable_kw"] == pytest.approx(1950.0)
    assert site(cooled(51.0))["usable_kw"] == pytest.approx(1950.0)


def test_neither_do_boards_that_it_takes_both_of():
    row = site(cooled(40.0, count=2, redundancy="2N"))
    assert row["usable_kw"] == 0.0
    assert row["binding_state"] == "s/board[1] failed"
    assert site(cooled(51.0, count=2, redundancy="2N"))["usable_kw"] == pytest.approx(1950.0)
    # nobody promises that one of two is enough
    assert site(cooled(40.0, count=2, redundancy="N"))["usable_kw"] == pytest.approx(1950.0)


def test_what_nothing_usable_depends_on_does_not_bind():
    plant = Plant().add("s").add("s/grid", None, "utility", capacity=2000.0)
    plant.add("s/board", None, "switchboard", plant.on("power", "s/board", "s/grid"), capacity=40.0)
    plant.add("s/yard", None, "pump", plant.on("power", "s/yard", "s/board"), load=50.0)
    topology = plant.add("s/rack", 5, "rack", plant.on("power", "s/rack", "s/grid"), load=100.0).done()
    assert site(topology)["usable_kw"] == pytest.approx(1950.0)
    (rating,) = frames(topology)["checks"].filter(check="rating").rows(named=True)
    assert not rating["ok"]


def test_the_worst_load_is_what_flows_promised_or_not():
    """With one board lost its PDU is lost too; the other carries twice, and nobody promised that it does."""
    plant = Plant().add("s").add("s/board", 2, "switchboard", capacity=1000.0)
    for name in ("ups", "pdu"):
        plant.add(f"s/{name}", 2, name, plant.on("power", f"s/{name}", ("s/board", 1)), capacity=100.0)
    plant.add("s/promised", None, "rack", plant.on("power", "s/promised", "s/ups", redundancy="2N"), load=90.0)
    topology = plant.add("s/silent", None, "rack", plant.on("power", "s/silent", "s/pdu"), load=120.0).done()
    found = frames(topology)
    rows = {row["group"]: row for row in found["capacity"].rows(named=True)}
    assert rows["s/pdu"]["worst_utilisation_fraction"] == pytest.approx(1.2)
    assert rows["s/pdu"]["worst_case"].startswith("s/board[1]")
    assert rows["s/ups"]["worst_utilisation_fraction"] == pytest.approx(0.9)
    (row,) = found["site_capacity"].rows(named=True)
    assert row["usable_kw"] > row["demand_kw"]
    assert row["binding_node"] == "s/ups[2]"


@given(
    st.sampled_from([20.0, 40.0, 49.0, 51.0]),
    st.integers(1, 3),
    st.sampled_from([{}, {"redundancy": "N"}, {"redundancy": "N+1"}, {"redundancy": "2N"}, {"need": 1}]),
    st.sampled_from([{}, {"redundancy": "N+1"}]),
)
@settings(deadline=None)
def test_against_brute_force(board, count, asked, cooling):
    topology = cooled(board, count=count, cooling=cooling, **asked)
    plant = Naive(topology, 0)
    factor = usable(plant, cases(plant), bool)
    row = site(topology)
    if any(plant.is_load(node) and node[0].endswith("rack") for node in unclaimed(plant)):
        factor = 0.0
    assert row["usable_kw"] == pytest.approx(factor * row["demand_kw"])


@pytest.mark.parametrize("load", [7.0, 11.9])
def test_what_carries_nothing_until_another_fails_is_no_limit_at_any_load(load):
    """Beside a genset of no known rating the grid carries nothing; when that has failed it carries what grows."""
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=40.0).add("s/genset", 1, "genset")
    plant.add("s/ups", 1, "ups", plant.on("power", "s/ups", "s/grid", "s/genset", need=1), capacity=90.0)
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/ups"), load=load)
    (row,) = frames(plant.done())["site_capacity"].rows(named=True)
    assert row["usable_kw"] == pytest.approx(40.0)
    assert (row["binding_node"], row["binding_state"]) == ("s/grid[1]", "s/genset[1] failed")
