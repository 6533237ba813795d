"""Rows of `checks` about figures that nobody gives: what a load draws, what a supplier is good for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.census import figure
from twin.capacity.verdict import Check
from twin.topology.attributes import COOLING_KINDS, POWER_KINDS, SINK_KINDS, SOURCE_KINDS

if TYPE_CHECKING:
    from twin.topology.model import Topology

_NAMED = 4


def checks(topology: Topology) -> list[Check]:
    """A failed row for each group of IT loads of which nobody says what they draw; one that names what has no rating.

    The figures of a load without `load` are those of one that draws nothing, and cannot be relied on.  A
    supplier without `capacity` may be meant to have no limit, and the row about it holds.
    """
    return [_load(topology, path) for path in _without(topology, SINK_KINDS, "load")] + _ratings(topology)


def _load(topology: Topology, path: str) -> Check:
    group = topology.groups[path]
    missing = int(np.isnan(figure(topology, path, "load")).sum())
    some = "one" if missing == 1 else f"{missing:,} of them"
    of = "it" if missing == 1 or group.total == 1 else "them"
    text = (
        f"nobody says what a {group.kind} of '{path}' draws, so that all figures count 0 W of {of}: "
        "state 'load:' there ('load: 0 W' where it draws nothing)"
    )
    got = "no load" if "load" not in group.attributes and group.rows is None else f"no load of {some}"
    return Check("load", path, ok=False, got=got, wanted="what each draws at full use", message=text)


def _ratings(topology: Topology) -> list[Check]:
    feeding = {
        supplier.group
        for group in topology.groups.values()
        for dependency in group.dependencies
        for supplier in dependency.suppliers
    }
    kinds = SOURCE_KINDS + POWER_KINDS + COOLING_KINDS
    bare = [path for path in _without(topology, kinds, "capacity") if path in feeding]
    if not bare:
        return []
    named = ", ".join(f"'{path}'" for path in bare[:_NAMED])
    more = f" and {len(bare) - _NAMED} more" if len(bare) > _NAMED else ""
    text = f"no limit is taken for {named}{more}: state 'capacity:' of what has one"
    got = f"{len(bare)} {'group' if len(bare) == 1 else 'groups'} without"
    return [Check("capacity known", topology.name, ok=True, got=got, wanted="a capacity of each", message=text)]


def _without(topology: Topology, kinds: tuple[str, ...], name: str) -> list[str]:
    """Groups of some kinds that contain no others and of which some instances lack a figure."""
    return [
        path
        for path, group in topology.groups.items()
        if not group.container and group.kind in kinds and np.isnan(figure(topology, path, name)).any()
    ]
