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


@settings(max_examples=25, deadline=None)
@given(nested_plants())
def test_the_four_parts_are_all_there_is(topology):
    try:
        rows = stranded(topology)
    except RefusedError:
        return
    for row in rows:
        parts = row["load_kw"] + row["growth_kw"] + row["reserve_kw"] + row["stranded_kw"]
        assert parts == pytest.approx(row["derated_kw"])
