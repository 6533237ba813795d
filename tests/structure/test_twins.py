"""Exact twins can be exchanged, and nothing that differs is a twin."""

from __future__ import annotations

import numpy as np
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
