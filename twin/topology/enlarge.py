"""A topology with more of something: units added to a group, or a figure of it raised.

For questions of the kind "what if": everything else stays as the file has it, names of the new units
included, so that the answer is that of the file with the larger number written in.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from twin import units
from twin.topology.attributes import ATTRIBUTES, dimension_of

if TYPE_CHECKING:
    from twin.topology.model import Group, Topology, Value


def can_add(topology: Topology, path: str) -> bool:
    """Whether units can be added to a group without saying anything else about them.

    They cannot where its instances differ, by dates, rows of a table or overlays, for nobody says what
    the new one would be; nor where a consumer names the instances that it takes from.

    Args:
        topology: read and resolved.
        path: of a group that contains no others.
    """
    group = topology.groups[path]
    same = len(group.energised) <= 1 and len(group.retired) <= 1 and group.rows is None
    return (
        same
        and not group.container
        and all(override.group != path for override in topology.overrides)
        and all(
            supplier.offsets is None
            for other in topology.groups.values()
            for dependency in other.dependencies
            for supplier in dependency.suppliers
            if supplier.group == path
        )
    )


def sides(topology: Topology, path: str) -> tuple[str, ...]:
    """A group and those that differ from it by nothing but who feeds them, as the B side from the A side.

    They stand beside it, have its size and figures, and some consumer names them all in one dependency.

    Args:
        topology: read and resolved.
        path: of the group.

    Returns:
        Their paths in file order, that of the group among them.
    """
    group = topology.groups[path]
    named = [
        {supplier.group for supplier in dependency.suppliers if supplier.pick is None}
        for other in topology.groups.values()
        for dependency in other.dependencies
    ]
    beside = {other for names in named if path in names for other in names}
    return tuple(
        other
        for other in topology.groups
        if other == path or (other in beside and _same(topology.groups[other], group))
    )


def _same(one: Group, other: Group) -> bool:
    """Whether two groups stand in one place and have one kind, count, dates and figures."""
    figures = [{name: value.value for name, value in group.attributes.items()} for group in (one, other)]
    return figures[0] == figures[1] and all(
        getattr(one, name) == getattr(other, name) for name in ("parent", "kind", "count", "energised", "retired")
    )


def with_units(topology: Topology, path: str, added: int) -> Topology:
    """The topology with more instances of a group in each instance of what contains it.

    Args:
        topology: read and resolved.
        path: of a group for which `can_add` holds.
        added: instances added in each; at least 1.
    """
    group = topology.groups[path]
    holders = group.total // group.count
    count = group.count + added
    return _with_group(topology, replace(group, count=count, total=holders * count, indexed=True))


def with_figure(topology: Topology, path: str, attribute: str, ratio: float) -> Topology:
    """The topology with a numeric attribute of a group multiplied, in rows and overlays of it as well.

    Args:
        topology: read and resolved.
        path: of the group.
        attribute: name of a numeric attribute that it has.
        ratio: by how much; whole numbers stay whole, rounded.
    """
    group = topology.groups[path]
    whole = ATTRIBUTES[attribute].whole
    rows = group.rows
    if rows is not None and attribute in rows.columns:
        raised = pl.col(attribute) * ratio
        rows = rows.with_columns(raised.round().cast(pl.Int64) if whole else raised)
    stated = dict(group.attributes)
    if attribute in stated:
        stated[attribute] = _times(stated[attribute], attribute, group.kind, ratio)
    changed = _with_group(topology, replace(group, attributes=stated, rows=rows))
    overrides = tuple(
        replace(each, value=_times(each.value, attribute, group.kind, ratio))
        if each.group == path and each.attribute == attribute
        else each
        for each in topology.overrides
    )
    return replace(changed, overrides=overrides)


def _times(value: Value, attribute: str, kind: str, ratio: float) -> Value:
    declared = ATTRIBUTES[attribute]
    number = float(value.value) * ratio
    if declared.whole:
        return replace(value, value=round(number), text=f"{round(number):,}")
    return replace(value, value=number, text=units.show(number, dimension_of(declared, kind)))


def _with_group(topology: Topology, group: Group) -> Topology:
    return replace(topology, groups={**topology.groups, group.path: group})
