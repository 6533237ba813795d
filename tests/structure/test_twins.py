"""Exact twins can be exchanged, and nothing that differs is a twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from structure.build import Plant
from structure.plants import plants

from twin.structure.compile import compile_structure
from twin.structure.twins import twins


def test_twins_are_alike_in_everything():
    plant = Plant().add("s").add("s/ups", 6, "ups", capacity=5.0, energised=(0, 0, 0, 0, 0, 2))
    plant.override("s/ups", "capacity", 9.0, 0)
    plant.add("s/hall", 2).add("s/hall/pdu", 3, "pdu", plant.on("power", "s/hall/pdu", "s/ups"))
    plant.add("s/hall/rack", 2, "rack", plant.on("power", "s/hall/rack", "s/hall/pdu"), load=1.0)
    found = twins(compile_structure(plant.done()))
    assert found.of.tolist() == [0, 1, 1, 1, 1, 2, 3, 3, 3, 4, 4, 4]
    assert found.first.tolist() == [0, 1, 5, 6, 9]
    assert found.count.tolist() == [1, 4, 1, 3, 3]


@settings(max_examples=60, deadline=None)
@given(plants())
def test_twins_have_the_same_figures_inputs_and_consumers(topology):
    structure = compile_structure(topology)
    found = twins(structure)
    elements, members = structure.elements, structure.gates.members
    rank = structure.gates.rank

    def everything(e: int) -> tuple[object, ...]:
        feeds = [
            (g, int(rank[members.start[g] + np.flatnonzero(members.row(g) == e)[0]]))
            for g in range(len(members))
            if e in members.row(g)
        ]
        figures = (elements.group[e], elements.derated_kw[e], elements.energised[e])
        return (*figures, tuple(sorted(elements.gates.row(e).tolist())), tuple(feeds))

    for left in range(len(elements)):
        for right in range(len(elements)):
            assert (found.of[left] == found.of[right]) == (everything(left) == everything(right))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("capacity", 7.0),
        ("derate", 0.5),
        ("oversubscription", 1.5),
        ("efficiency", 0.9),
        ("no_load_loss", 0.1),
        ("load_loss", 0.1),
        ("efficiency_25", 0.8),
        ("efficiency_100", 0.8),
        ("load", 1.0),
        ("cop", 3.0),
        ("mtbf", 1e6),
        ("failure_rate", 1.0),
        ("energised", 1),
        ("retired", 9),
    ],
)
def test_any_figure_tells_twins_apart(name, number):
    curve = {f"efficiency_{at}": 0.9 for at in (25, 50, 75, 100)}
    plant = Plant().add("s").add("s/ups", 3, "ups", capacity=5.0, mttr=4.0, **curve)
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/ups"), load=1.0)
    plant.override("s/ups", name, number, 1)
    assert twins(compile_structure(plant.done())).of.tolist() == [0, 1, 0]
