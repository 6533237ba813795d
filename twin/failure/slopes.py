"""Derivatives of outage probabilities in the unavailability of each kind of element.

Scopes are asked by the recursion over boxes (`twin.failure.lifted`), and by one diagram over all instances where
that would have to tell too many states apart; loads by a diagram of their own suppliers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure.algebras import Unfed
from twin.failure.directions import Directions, plain
from twin.failure.lifted import Lifted
from twin.failure.pairs import twin_sets
from twin.failure.solved import scope_boxes
from twin.failure.system import System

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.failure.bdd import Measure
    from twin.failure.net import Net
    from twin.structure.model import Floats, Ints

    Ask = Callable[[Callable[[int], Directions]], list[Measure]]
    """Gives the measures of what is asked about, with derivatives in the directions of each element."""

_CELLS = 20_000_000
"""Decision nodes times directions held at once."""


@dataclass(frozen=True, slots=True)
class Kinds:
    """Elements that can be exchanged for each other, in all places alike.

    Attributes:
        of: (elements,), the kind of each; -1 where it has none.
        lead: (kinds,), the first element of each.
        size: (kinds,), how many there are in one place.
    """

    of: Ints
    lead: Ints
    size: Ints


@dataclass(frozen=True, slots=True)
class Slopes:
    """Derivatives, each summed over all elements of a kind.

    Attributes:
        unavailability: (scopes,), of "all loads in the scope are fed".
        unfed: (scopes, kinds), its derivative.
        lost: (2, scopes, kinds), that of the mean IT load in kW and of the mean accelerators out of service.
    """

    unavailability: Floats
    unfed: Floats
    lost: Floats


def kinds_of(net: Net) -> Kinds:
    """The kinds of elements of a net: exact twins in one place."""
    of = twin_sets(net)
    alive = np.flatnonzero(net.alive)
    sets, first, size = np.unique(of[alive], return_index=True, return_counts=True)
    numbered = np.full(int(of.max(initial=-1)) + 1, -1)
    numbered[sets] = np.arange(len(sets))
    return Kinds(np.where(net.alive, numbered[of], -1), alive[first], size)


def slopes(net: Net, kinds: Kinds, which: Ints, nodes: int) -> Slopes:
    """Derivatives for some scopes, as many kinds at a time as fit into memory.

    Args:
        net: the thresholds.
        kinds: the kinds of its elements.
        which: the scopes.
        nodes: decision nodes that may be used.

    Raises:
        RefusedError: the system is too entangled for an exact answer within `nodes`.
    """
    fed = np.flatnonzero(net.fed)
    of_scopes, of_classes = _asking_scopes(net, which, nodes), _asking_classes(net, fed, nodes)
    share = _shares(net, fed, which)
    down = np.zeros(len(which))
    unfed, lost = np.zeros((len(which), len(kinds.lead))), np.zeros((2, len(which), len(kinds.lead)))
    step = max(1, _CELLS // max(1, len(net.alive) + len(net.level)))
    for begin in range(0, len(kinds.lead), step):
        part = slice(begin, min(begin + step, len(kinds.lead)))
        towards = _towards(kinds, part)
        measures = of_scopes(towards)
        down[:] = [measure.unavailability for measure in measures]
        unfed[:, part] = _gradients(measures, part)
        lost[:, :, part] = share @ _gradients(of_classes(towards), part)
    return Slopes(down, unfed, lost)


def _asking_scopes(net: Net, which: Ints, nodes: int) -> Ask:
    """What answers for some scopes.

    Raises:
        RefusedError: neither road leads to an answer.
    """
    try:
        lifted = Lifted(net.snapshot, nodes, told_apart=True)
        boxes = scope_boxes(lifted)
        if not set(which.tolist()) <= boxes.keys():
            return _asking_diagrams(net, which, nodes)
        for scope in which.tolist():
            lifted.alone(Unfed(), boxes[scope], {})
    except RefusedError:
        if net.snapshot.structure.lifted:
            raise
        return _asking_diagrams(net, which, nodes)

    def ask(towards: Callable[[int], Directions]) -> list[Measure]:
        lifted.turn(towards)
        known: dict[object, Measure] = {}
        return [lifted.alone(Unfed(), boxes[scope], known) for scope in which.tolist()]

    return ask


def _asking_diagrams(net: Net, which: Ints, nodes: int) -> Ask:
    """What answers for some scopes of a structure of all instances."""
    system = System(net.snapshot, nodes)
    system.build(system.gates)
    causes = _causes(system, net, which)
    return lambda towards: _turned(system, towards, causes)


def _asking_classes(net: Net, fed: Ints, nodes: int) -> Ask:
    system = System(net.snapshot, nodes, fed)
    system.build(system.gates)
    causes = [system.of_class(index) for index in fed.tolist()]
    return lambda towards: _turned(system, towards, causes)


def _turned(system: System, towards: Callable[[int], Directions], causes: list[frozenset[int]]) -> list[Measure]:
    system.turn(towards)
    return [system.measure(each) for each in causes]


def _towards(kinds: Kinds, part: slice) -> Callable[[int], Directions]:
    """Directions of an element: one for each of some kinds, 1 in that of its own."""
    units = np.vstack([np.eye(part.stop - part.start), np.zeros((1, part.stop - part.start))])
    made = [Directions(unit) for unit in units]
    row = np.where((kinds.of >= part.start) & (kinds.of < part.stop), kinds.of - part.start, -1).tolist()
    return lambda element: made[row[element]]


def _gradients(measures: list[Measure], part: slice) -> Floats:
    """(measures, kinds) of derivatives."""
    found = np.zeros((len(measures), part.stop - part.start))
    for row, measure in zip(found, measures, strict=True):
        row[:] = plain(measure.per_year)
    return found


def _causes(system: System, net: Net, which: Ints) -> list[frozenset[int]]:
    """What leaves something unfed in each of some scopes of a structure of all instances."""
    structure = net.snapshot.structure
    wanted = {scope: set[int]() for scope in which.tolist()}
    for index in np.flatnonzero(net.snapshot.class_on).tolist():
        causes = system.of_class(index)
        scope = int(structure.classes.scope[index])
        while scope >= 0:
            if scope in wanted:
                wanted[scope].update(causes)
            scope = structure.scopes[scope].parent
    return [frozenset(wanted[scope]) for scope in which.tolist()]


def _shares(net: Net, fed: Ints, which: Ints) -> Floats:
    """(2, scopes, classes): kW and accelerators of all classes alike in each scope, as far as they work themselves."""
    structure = net.snapshot.structure
    classes = structure.classes
    found = np.zeros((2, len(which), len(fed)))
    position = {scope: row for row, scope in enumerate(which.tolist())}
    for column, index in enumerate(fed.tolist()):
        scope = int(classes.scope[index])
        while scope >= 0:
            if (row := position.get(scope)) is not None:
                place = net.class_place[index : index + 1], net.scope_place[scope : scope + 1]
                loads = float(classes.count[index] * net.places.ways(*place)[0] * (1.0 - classes.unavailability[index]))
                found[:, row, column] = loads * classes.power_kw[index], loads * classes.accelerators[index]
            scope = structure.scopes[scope].parent
    return found
