"""Table `cut_sets`: what is enough to leave a scope or a rack unfed, and nothing less of it is."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.alike import kinds
from twin.failure.minimal import MAX_ORDER, of_classes, of_scopes
from twin.failure.naming import named
from twin.failure.pairs import twin_sets
from twin.structure.lump import number, number_lists
from twin.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from twin.failure.minimal import CutSets
    from twin.failure.net import Net
    from twin.failure.pairs import Pairs
    from twin.structure.model import Floats, Ints


@dataclass(frozen=True, slots=True)
class Targets:
    """What the cut sets of one kind of target are asked of.

    Attributes:
        place: (targets,), where each stands.
        count: (targets,), how many are alike.
        node: (targets,), number of the first one in the `nodes` table.
        group: (targets,), a number that is the same for targets of one group.
        names: id and kind of some targets.
    """

    place: Ints
    count: Ints
    node: Ints
    group: Ints
    names: Callable[[Ints], list[tuple[str | None, str | None]]]


def scopes(net: Net) -> Targets:
    """The scopes as targets."""
    structure = net.snapshot.structure
    own = [(scope.group, scope.kind) for scope in structure.scopes]
    groups = {group: index for index, group in enumerate(dict.fromkeys(own))}
    place = np.maximum(net.scope_place, 0)
    return Targets(
        place=place,
        count=net.places.total[place],
        node=np.array([scope.node for scope in structure.scopes], dtype=np.int64),
        group=np.array([groups[group] for group in own], dtype=np.int64),
        names=lambda which: [(structure.scopes[one].id, structure.scopes[one].kind) for one in which.tolist()],
    )


def classes(net: Net) -> Targets:
    """The classes of loads as targets."""
    structure = net.snapshot.structure
    own = structure.classes
    return Targets(
        place=net.class_place,
        count=net.class_total,
        node=own.node,
        group=own.group,
        names=lambda which: [(name.id, name.kind) for name in named(structure, own.node[which].tolist())],
    )


def ways(net: Net, targets: Targets, sets: CutSets) -> Ints:
    """(n,): how many sets of one target are alike to each."""
    twins = twin_sets(net)
    size = np.bincount(twins[net.alive], minlength=len(net.alive))
    place = net.element_place[sets.members]
    found = np.ones(len(sets.target), dtype=np.int64)
    for column in range(sets.members.shape[1]):
        given = [targets.place[sets.target], *place.T[:column]]
        found *= net.places.ways(place[:, column], *given)
        kind = twins[sets.members[:, column]]
        before = sum((twins[sets.members[:, other]] == kind).astype(np.int64) for other in range(column))
        found = found * (size[kind] - before) // (before + 1)
    return found


def chances(net: Net, sets: CutSets) -> tuple[Floats, Floats]:
    """(n,) each: probability that all of a set are down, and how often a year that begins."""
    elements = net.snapshot.structure.elements
    q, w = elements.unavailability[sets.members], elements.failures_per_year[sets.members]
    order = sets.members.shape[1]
    often = sum(w[:, i] * np.prod(np.delete(q, i, axis=1), axis=1) for i in range(order))
    return np.prod(q, axis=1), np.asarray(often, dtype=float)


def cut_sets(net: Net, found: Pairs, order: int = 2) -> pl.DataFrame:
    """Minimal cut sets of every scope and class of loads, alike ones as one.

    Args:
        net: the thresholds.
        found: its pairs.
        order: the largest order: 2, or up to 4 for small systems.

    Returns:
        Table `cut_sets`.

    Raises:
        RefusedError: more than `twin.failure.minimal.MAX_STATES` ways to lose three or four elements.
    """
    of_class = of_classes(net, found, order)
    parts = [_rows(net, scopes(net), of_scopes(net, of_class)), _rows(net, classes(net), of_class)]
    columns = {name: [value for part in parts for value in part[name]] for name in table("cut_sets").names}
    return table("cut_sets").frame(columns)


def _rows(net: Net, targets: Targets, by_order: list[CutSets]) -> dict[str, list[object]]:
    """The columns of the table for the targets of one kind: most likely sets first within each target."""
    structure = net.snapshot.structure
    rows = _merged(_joined(net, targets, by_order))
    lead, count = _alike(targets, rows)
    keep = np.flatnonzero(lead[rows.target] == rows.target)
    place = targets.node[rows.target[keep]]
    keep = keep[np.lexsort((*rows.node[keep].T[::-1], -rows.probability[keep], rows.order[keep], place))]
    where = targets.names(rows.target[keep])
    whose = [named(structure, [node for node in nodes if node >= 0]) for nodes in rows.node[keep].tolist()]
    return {
        "scope": [name for name, _ in where],
        "kind": [kind for _, kind in where],
        "count": count[rows.target[keep]].tolist(),
        "order": rows.order[keep].tolist(),
        "elements": [" + ".join(str(name.id) for name in names) for names in whose],
        "groups": [" + ".join(str(name.group) for name in names) for names in whose],
        "cut_sets": rows.ways[keep].tolist(),
        "probability_fraction": rows.probability[keep].tolist(),
        "occurrences_per_year": rows.per_year[keep].tolist(),
    }


@dataclass(frozen=True, slots=True)
class _Sets:
    """Cut sets of many targets.  Every array has one entry a row.

    Attributes:
        target, order, ways: whose they are, of how many elements, how many alike.
        node, group: (rows, `MAX_ORDER`), of the elements; -1 beyond the order.
        probability, per_year: of one.
    """

    target: Ints
    order: Ints
    ways: Ints
    node: Ints
    group: Ints
    probability: Floats
    per_year: Floats

    def take(self, rows: Ints) -> _Sets:
        """Some of the rows."""
        return _Sets(*(getattr(self, field.name)[rows] for field in fields(self)))


def _joined(net: Net, targets: Targets, by_order: list[CutSets]) -> _Sets:
    """Cut sets of all orders."""
    elements = net.snapshot.structure.elements
    parts = []
    for sets in by_order:
        node = np.sort(elements.node[sets.members], axis=1)
        beyond = ((0, 0), (0, MAX_ORDER - node.shape[1]))
        order = np.argsort(elements.node[sets.members], axis=1)
        group = np.take_along_axis(elements.group[sets.members], order, axis=1)
        probability, per_year = chances(net, sets)
        parts.append(
            _Sets(
                target=sets.target,
                order=np.full(len(sets.target), node.shape[1]),
                ways=ways(net, targets, sets),
                node=np.pad(node, beyond, constant_values=-1),
                group=np.pad(group, beyond, constant_values=-1),
                probability=probability,
                per_year=per_year,
            )
        )
    return _Sets(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(_Sets)))


def _merged(rows: _Sets) -> _Sets:
    """Sets of one target of the same groups with the same figures as one, in order of these."""
    sort = np.lexsort((*rows.node.T[::-1], rows.target))
    rows = rows.take(sort)
    keys = [rows.order, *rows.group.T, kinds(rows.probability), kinds(rows.per_year)]
    of = number([rows.target, *keys], len(rows.target))
    first = np.unique(of, return_index=True)[1]
    total = np.bincount(of, rows.ways).astype(np.int64)
    return replace(rows.take(first), ways=total)


def _alike(targets: Targets, rows: _Sets) -> tuple[Ints, Ints]:
    """(targets,) each: the first of those of one group with the same rows, and how many those stand for."""
    size = len(targets.node)
    row = number(
        [rows.order, *rows.group.T, kinds(rows.probability), kinds(rows.per_year), rows.ways], len(rows.target)
    )
    of = number([targets.group, number_lists(size, rows.target, row)], size)
    order = np.argsort(targets.node, kind="stable")
    lead = np.zeros(size, dtype=np.int64)
    lead[of[order[::-1]]] = order[::-1]
    count = np.bincount(of, np.where(np.isin(np.arange(size), rows.target), targets.count, 0)).astype(np.int64)
    return lead[of], count[of]
