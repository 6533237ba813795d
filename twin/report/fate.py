"""What fails with one element: who else goes down and which loads lose supply, at full build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.report.layout import fact, power
from twin.structure.live import live
from twin.structure.snapshot import months_of_change, snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.text import Text

    from twin.structure.model import Bools, Snapshot, Structure

MOST_INSTANCES = 200_000
"""Instances of a file up to which the question is asked of every one of them."""


def fate(structure: Structure, path: str, local: int, width: int) -> list[Text]:
    """What fails with one element alone, everything else working; nothing for what feeds nobody.

    Args:
        structure: the compiled system of all instances.
        path: path of its group.
        local: its number within the group, from 0 in node order.
        width: columns of the screen.
    """
    elements = structure.elements
    if path not in structure.groups:
        return []
    mine = np.flatnonzero((elements.group == structure.groups.index(path)) & (elements.local == local))
    if not len(mine):
        return []
    month = snapshot(structure, months_of_change(structure)[-1])
    if not month.element_on[mine[0]]:
        return fact("FAILS WITH IT", "nothing: it is not in service at full build", width)
    failed = np.zeros((2, len(elements)), dtype=bool)
    failed[1, mine[0]] = True
    alive, fed = live(month, failed)
    alive[0, mine[0]] = False
    said = [*_elements(structure, alive), *_loads(month, fed)]
    return fact("FAILS WITH IT", ", ".join(said) if said else "nothing: what is left carries all", width)


def _elements(structure: Structure, alive: Bools) -> Iterator[str]:
    gone = alive[0] & ~alive[1]
    groups = np.bincount(structure.elements.group[gone], minlength=len(structure.groups))
    for group in np.flatnonzero(groups).tolist():
        yield f"{int(groups[group]):,} of {structure.groups[group]}"


def _loads(month: Snapshot, fed: Bools) -> Iterator[str]:
    classes = month.structure.classes
    gone = fed[0] & ~fed[1]
    loads = np.bincount(classes.group[gone], weights=classes.count[gone], minlength=len(month.structure.groups))
    kw = float((classes.count * classes.power_kw)[gone].sum())
    for group in np.flatnonzero(loads).tolist():
        yield f"{int(loads[group]):,} of {month.structure.groups[group]} without supply"
    if gone.any():
        yield f"{power(kw)} of IT"
