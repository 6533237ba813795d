from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
import pytest
from structure.build import Plant

from twin.structure.compile import compile_structure
from twin.topology import instances
from twin.topology.enlarge import can_add, with_figure, with_units

if TYPE_CHECKING:
    from twin.topology.model import Topology


def _plant() -> Plant:
    plant = Plant().add("s").add("s/grid", None, "utility", capacity=1000.0).add("s/hall", 2)
    plant.add("s/hall/ups", 3, "ups", plant.on("power", "s/hall/ups", "s/grid"), capacity=100.0)
    return plant.add("s/hall/rack", 4, "rack", plant.on("power", "s/hall/rack", "s/hall/ups"), load=10.0)


def _capacities(topology: Topology, path: str) -> list[float]:
    return instances.attribute(topology, path, "capacity").tolist()


def test_units_are_added_in_each_container_and_wired_like_the_others() -> None:
    grown = with_units(_plant().done(), "s/hall/ups", 2)
    assert (grown.groups["s/hall/ups"].count, grown.groups["s/hall/ups"].total) == (5, 10)
    structure = compile_structure(grown)
    assert len(structure.elements) == 11
    assert sorted(len(structure.gates.members.row(gate)) for gate in range(len(structure.gates))) == [1, 5, 5]


def test_one_without_a_number_gets_one() -> None:
    grown = with_units(_plant().done(), "s/grid", 1)
    assert instances.ids(grown, "s/grid", [0, 1]) == ["s/grid[1]", "s/grid[2]"]


def test_what_was_read_stays_as_it_is() -> None:
    topology = _plant().done()
    with_units(topology, "s/hall/ups", 2)
    with_figure(topology, "s/hall/ups", "capacity", 2.0)
    assert topology.groups["s/hall/ups"].count == 3
    assert topology.attribute("s/hall/ups", "capacity") == 100.0


def test_a_figure_is_raised_in_the_group_in_rows_and_in_overlays() -> None:
    plant = _plant().override("s/hall/ups", "capacity", 60.0, 1)
    topology = plant.done()
    ups = topology.groups["s/hall/ups"]
    rows = pl.DataFrame({"capacity": [None, None, None, 200.0, None, None]})
    topology = replace(topology, groups={**topology.groups, ups.path: replace(ups, rows=rows)})
    raised = with_figure(topology, "s/hall/ups", "capacity", 1.5)
    assert _capacities(raised, "s/hall/ups") == [150.0, 90.0, 150.0, 300.0, 150.0, 150.0]
    assert raised.groups["s/hall/ups"].attributes["capacity"].text == "150 kW"


def test_whole_numbers_stay_whole() -> None:
    topology = Plant().add("s").add("s/hall", 1, rack_positions=7).done()
    hall = topology.groups["s/hall"]
    held = {"rack_positions": replace(hall.attributes["rack_positions"], value=7)}
    topology = replace(topology, groups={**topology.groups, "s/hall": replace(hall, attributes=held)})
    assert with_figure(topology, "s/hall", "rack_positions", 1 + 2 / 7).attribute("s/hall", "rack_positions") == 9


def test_units_can_be_added_to_what_is_all_alike() -> None:
    topology = _plant().done()
    assert can_add(topology, "s/grid")
    assert can_add(topology, "s/hall/ups")
    assert not can_add(topology, "s/hall")


@pytest.mark.parametrize("differs", ["energised", "retired", "rows", "overlay", "named"])
def test_units_cannot_be_added_where_nobody_says_what_they_would_be(differs: str) -> None:
    plant = _plant()
    if differs == "overlay":
        plant.override("s/hall/ups", "capacity", 60.0, 1)
    if differs == "named":
        plant.add("s/hall/cdu", 1, "cdu", plant.on("power", "s/hall/cdu", ("s/hall/ups", None, (0,))))
    topology = plant.done()
    changes = {
        "energised": {"energised": (0, 0, 3)},
        "retired": {"retired": (5, 6, 7)},
        "rows": {"rows": pl.DataFrame({"capacity": [1.0] * 6})},
    }
    ups = replace(topology.groups["s/hall/ups"], **changes.get(differs, {}))
    assert not can_add(replace(topology, groups={**topology.groups, ups.path: ups}), ups.path)
