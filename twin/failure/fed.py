"""Exact availability and outage frequency of every load and every scope of a structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.bdd import DEFAULT_NODES
from twin.failure.system import System

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.structure.model import Floats, Snapshot


@dataclass(frozen=True, slots=True)
class Exact:
    """The event `fed` of every load class and every scope in one month.

    Attributes:
        class_unavailability, class_per_year: (classes,), long-run probability that a load of the class is
            not fed, and how many times a year that begins; NaN where the class is not energised.
        scope_unavailability, scope_per_year: (scopes,), the same for "some energised load in the scope is
            not fed"; NaN where nothing is energised in it.
    """

    class_unavailability: Floats
    class_per_year: Floats
    scope_unavailability: Floats
    scope_per_year: Floats


def solve(snapshot: Snapshot, nodes: int = DEFAULT_NODES) -> Exact:
    """Solve one month of a structure exactly.

    Args:
        snapshot: the structure in that month.
        nodes: decision nodes that may be used.

    Returns:
        Unavailability and frequency by class and by scope.

    Raises:
        RefusedError: it would take more than `nodes` nodes, or one function of more than
            `MAX_VARIABLES` parts.
    """
    structure = snapshot.structure
    system = System(snapshot, nodes, apart=lambda _: frozenset())
    system.build(system.gates)
    classes = np.full((len(structure.classes), 2), np.nan)
    scopes = np.full((len(structure.scopes), 2), np.nan)
    causes: list[set[int] | None] = [None] * len(structure.scopes)
    for index in np.flatnonzero(snapshot.class_on).tolist():
        of_class = system.of_class(index)
        classes[index] = system.measure(of_class)
        scope = int(structure.classes.scope[index])
        _add(causes, scope, of_class)
    for scope in range(len(structure.scopes) - 1, -1, -1):
        own = causes[scope]
        if own is not None:
            scopes[scope] = system.measure(frozenset(own))
            parent = structure.scopes[scope].parent
            _add(causes, parent, own)
    return Exact(classes[:, 0], classes[:, 1], scopes[:, 0], scopes[:, 1])


def _add(causes: list[set[int] | None], scope: int, more: Iterable[int]) -> None:
    """Add causes to a scope, in place: a site of a thousand halls must not copy what it has a thousand times."""
    if scope < 0:
        return
    have = causes[scope]
    if have is None:
        causes[scope] = set(more)
    else:
        have.update(more)
