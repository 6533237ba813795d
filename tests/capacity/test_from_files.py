"""The whole road: what a planner writes, and what it can carry."""

from __future__ import annotations

import textwrap
from types import SimpleNamespace

import pytest
from capacity.limits import UNLIMITED
from topology.fakes import load

from twin import tables
from twin.api import AnalysisInputs
from twin.capacity.analysis import CapacityParams, run
from twin.structure.compile import compile_structure

HALL = """
twin: 1
name: plan
calendar: {start: 2027-04-01, months: 24}
sites:
  campus:
    contains:
      grid[2]: {kind: utility, capacity: 4 MW, mtbf: 8000 h, mttr: 4 h}
      genset[5]: {kind: genset, capacity: 1 MW}
      hall[2]:
        energised: [2027-06-01, 2027-09-01]
        contains:
          ups[5]:
            kind: ups
            capacity: 500 kW
            derate: 80 %
            efficiency: 100 %
            power: {from: [grid, genset], share: primary, redundancy: N+1}
          cdu[3]: {kind: cdu, capacity: 800 kW, load: 10 kW, power: ups}
          row[4]:
            contains:
              rack[4]:
                kind: rack
                load: 90 kW
                accelerators: 72
                power: {from: ups, redundancy: N+1}
                cooling: {from: cdu, redundancy: N+1}
"""

DEALT = """
twin: 1
name: plan
calendar: {start: 2027-04-01, months: 24}
sites:
  campus:
    contains:
      ups[4]: {kind: ups, capacity: 1 MW, efficiency: 100 %, power: grid}
      grid: {kind: utility}
      rack[48]: {kind: rack, load: 40 kW, power: {from: ups, pick: 2, redundancy: 4N/3}}
"""


def capacity(folder, text, *overlays):
    topology = load(folder, textwrap.dedent(text), overlays=overlays)
    found = run(
        AnalysisInputs(UNLIMITED, SimpleNamespace(lifted=compile_structure(topology, lifted=True)), 0, CapacityParams())
    )
    return {name: tables.check(name, frame, "capacity") for name, frame in found.items()}


def test_a_hall_is_bound_by_the_worst_loss_of_a_ups(tmp_path):
    rows = capacity(tmp_path, HALL)["site_capacity"].rows(named=True)
    assert [str(row["month"]) for row in rows[::3]] == ["2027-04-01", "2027-06-01", "2027-09-01"]
    full = {row["scope"]: row for row in rows[-3:]}
    # Five UPS of 400 kW derated, one lost: 1,600 kW, of which 30 kW are the pumps.
    assert full["campus/hall[1]"]["usable_kw"] == pytest.approx(1570.0)
    assert full["campus/hall[1]"]["binding_node"] == "campus/hall[1]/ups[1]"
    assert full["campus/hall[1]"]["binding_state"] == "campus/hall[1]/ups[1] failed"
    # Three CDU of 800 kW, one lost.
    assert full["campus/hall[1]"]["runner_up_resource"] == "liquid_cooling"
    assert full["campus/hall[1]"]["runner_up_usable_kw"] == pytest.approx(1600.0)
    assert full["campus"]["demand_kw"] == pytest.approx(2880.0)
    assert full["campus"]["accelerators"] == 2304


def test_an_overlay_on_one_hall_moves_only_its_capacity(tmp_path):
    found = capacity(tmp_path, HALL, "campus/hall[2]/ups.capacity=400 kW")["site_capacity"]
    full = {row["scope"]: row["usable_kw"] for row in found.rows(named=True)[-3:]}
    assert full["campus/hall[1]"] == pytest.approx(1570.0)
    assert full["campus/hall[2]"] == pytest.approx(4 * 320 - 30)


def test_dealt_racks_carry_three_quarters(tmp_path):
    found = capacity(tmp_path, DEALT)
    site = found["site_capacity"].row(0, named=True)
    assert site["usable_kw"] == pytest.approx(3000.0)
    assert site["binding_state"] == "campus/ups[1] failed"
    assertion = found["checks"].filter(check="power redundancy 4N/3").row(0, named=True)
    assert assertion["ok"]


def test_dealt_racks_that_are_too_many_do_not_keep_their_promise(tmp_path):
    found = capacity(tmp_path, DEALT, "campus/rack.load=80 kW")
    assertion = found["checks"].filter(check="power redundancy 4N/3").row(0, named=True)
    assert not assertion["ok"]
    assert "add" in assertion["message"] or "share the load" in assertion["message"]
    assert not found["checks"].filter(check="usable capacity")["ok"].item()
