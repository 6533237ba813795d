"""Answers by name: every hall has its own, whichever hall they were worked out for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from capacity.limits import UNLIMITED
from structure.build import Plant

from twin.api import AnalysisInputs
from twin.capacity.analysis import CapacityParams, run
from twin.structure.compile import compile_structure

if TYPE_CHECKING:
    from twin.topology.model import Topology


def rows(topology: Topology) -> dict[str, dict[str, Any]]:
    lifted = compile_structure(topology, lifted=True)
    found = run(AnalysisInputs(UNLIMITED, SimpleNamespace(lifted=lifted), 0, CapacityParams()))
    return {row["scope"]: row for row in found["site_capacity"].rows(named=True)}


def halls(count: int, *, positions: float | None = None) -> Topology:
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=1000.0)
    plant.add("s/hall", count, "hall", **({} if positions is None else {"rack_positions": positions}))
    plant.add("s/hall/ups", 3, "ups", plant.on("power", "s/hall/ups", "s/grid"), capacity=100.0)
    depends = plant.on("power", "s/hall/rack", "s/hall/ups", redundancy="N+1")
    return plant.add("s/hall/rack", 20, "rack", depends, load=5.0, accelerators=8).done()


def test_each_of_many_alike_halls_is_named_by_its_own():
    found = rows(halls(7))
    assert list(found) == ["s", *(f"s/hall[{number}]" for number in range(1, 8))]
    for number in range(1, 8):
        hall = found[f"s/hall[{number}]"]
        assert hall["binding_node"] == f"s/hall[{number}]/ups[1]"
        assert hall["binding_state"] == f"s/hall[{number}]/ups[1] failed"
        assert hall["runner_up_node"] == "s/grid[1]"
        assert (hall["usable_kw"], hall["usable_racks"], hall["usable_accelerators"]) == (200.0, 40, 320)
        assert hall["runner_up_usable_kw"] == pytest.approx(400.0)


def test_positions_bind_where_they_are_fewer_than_power_would_feed():
    found = rows(halls(3, positions=26.0))
    assert found["s"]["usable_racks"] == 78
    hall = found["s/hall[2]"]
    assert (hall["usable_kw"], hall["usable_racks"]) == (130.0, 26)
    assert (hall["binding_resource"], hall["binding_node"]) == ("space", "s/hall[2]")
    assert hall["binding_state"] == "all in service"
    assert (hall["runner_up_resource"], hall["runner_up_node"]) == ("power", "s/hall[2]/ups[1]")
    assert hall["runner_up_usable_kw"] == 200.0


def test_positions_that_are_more_are_the_runner_up():
    hall = rows(halls(3, positions=50.0))["s/hall[3]"]
    assert (hall["binding_resource"], hall["usable_kw"]) == ("power", 200.0)
    assert (hall["runner_up_resource"], hall["runner_up_usable_kw"]) == ("space", 250.0)
