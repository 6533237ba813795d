"""The order in which a structure is walked, and that of the variables of its decision diagrams."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.structure.model import Csr, Ints, Snapshot


def walk(snapshot: Snapshot, loads: Ints) -> tuple[list[int], list[int]]:
    """The gates and elements that some of the loads depend on, each after all that it depends on.

    Depth first, load by load, so that the parts of one hall, and within it of one path of supply, lie
    together: any order of variables that scatters them makes the diagrams many times larger.
    """
    structure = snapshot.structure
    kinds = (structure.gates.members, structure.elements.gates)
    cuts = {gate: sorted({e for cut in cuts for e in cut}, reverse=True) for gate, cuts in snapshot.cuts.items()}
    seen: tuple[dict[int, bool], dict[int, bool]] = ({}, {})
    done: tuple[list[int], list[int]] = ([], [])
    pending: list[tuple[int, int]] = []
    for index in loads.tolist():
        pending += [(0, gate) for gate in reversed(structure.classes.gates.row(index).tolist())]
        while pending:
            kind, number = pending[-1]
            if number in seen[kind]:
                pending.pop()
                if seen[kind][number]:
                    seen[kind][number] = False
                    done[kind].append(number)
            elif kind == 1 and not snapshot.element_on[number]:
                pending.pop()
            else:
                seen[kind][number] = True
                pending += [(1, other) for other in cuts.get(number, ()) if kind == 0]
                pending += [(1 - kind, other) for other in reversed(kinds[kind].row(number).tolist())]
    return done


def runs(sets: list[int]) -> Iterator[tuple[int, int]]:
    """Where the variables of each exclusive set begin and end; one alone for each variable without one."""
    begin = 0
    for index in range(1, len(sets) + 1):
        if index == len(sets) or sets[index] < 0 or sets[index] != sets[begin]:
            yield begin, index
            begin = index


def order(snapshot: Snapshot, reached: list[int], shared: Csr) -> list[int]:
    """The elements that can be down, in the order of the variables: each close behind the last of its suppliers.

    What a diagram must remember between a supplier and its consumers then lasts as short as can be: 46
    cooling units on neighbouring pairs of 23 UPS take thousands of nodes so, and millions behind all UPS.
    """
    elements = snapshot.structure.elements
    fails = (elements.unavailability > 0.0) | (elements.failures_per_year > 0.0) | (np.diff(shared.start) > 0)
    fails |= elements.behaviour.start_failure > 0.0
    members, inputs = snapshot.structure.gates.members, elements.gates
    place = {element: number for number, element in enumerate(reached)}
    keys: dict[int, tuple[int, ...]] = {}
    last: dict[int, tuple[int, ...]] = {}
    for element in reached:
        # All that `element` depends on stands before it in `reached`, so the keys of its gates' members are known.
        for gate in inputs.row(element).tolist():
            if gate not in last:
                last[gate] = max((keys[m] for m in members.row(gate).tolist() if m in place), default=())
        keys[element] = (*max((last[gate] for gate in inputs.row(element).tolist()), default=()), place[element])
    return sorted((element for element in reached if fails[element]), key=keys.__getitem__)
