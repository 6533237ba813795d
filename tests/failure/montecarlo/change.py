"""Changes what a test needs about a structure built by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from twin.structure.model import Snapshot


def behave(snapshot: Snapshot, **given: dict[int, Any]) -> Snapshot:
    """Behaviour of some elements: `behave(s, runtime_h={0: 0.1})`; Greek letters as (element, place)."""
    elements = snapshot.structure.elements
    changed = {}
    for name, values in given.items():
        column = getattr(elements.behaviour, name).copy()
        for element, value in values.items():
            column[element] = value
        changed[name] = column
    return with_elements(snapshot, behaviour=replace(elements.behaviour, **changed))


def with_elements(snapshot: Snapshot, **changed: Any) -> Snapshot:
    """Other columns of elements."""
    structure = snapshot.structure
    return replace(snapshot, structure=replace(structure, elements=replace(structure.elements, **changed)))


def in_order(snapshot: Snapshot, gate: int) -> Snapshot:
    """`share: primary` for one gate: its members stand one behind the other."""
    gates = snapshot.structure.gates
    primary, rank = gates.primary.copy(), gates.rank.copy()
    primary[gate] = True
    begin, end = gates.members.start[gate : gate + 2]
    rank[begin:end] = np.arange(end - begin)
    changed = replace(gates, primary=primary, rank=rank)
    return replace(snapshot, structure=replace(snapshot.structure, gates=changed))


def repaired(mtbf_h: float, mttr_h: float) -> dict[str, float]:
    """Unavailability and failures a year, as `System.add` takes them."""
    return {"q": mttr_h / (mtbf_h + mttr_h), "per_year": 8760.0 / (mtbf_h + mttr_h)}
