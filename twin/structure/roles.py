"""What a group is to others: a load feeds nobody, and a supplier feeds one layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.structure.gates import resource_of
from twin.structure.model import AIR, LIQUID
from twin.structure.refusals import finding, refuse
from twin.topology.attributes import SINK_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import Finding
    from twin.topology.model import Topology


def refuse_roles(topology: Topology) -> None:
    """Refuse a topology in which a load feeds others, or a supplier two layers.

    Raises:
        RefusedError: there is one; a finding for each.
    """
    found = [*_loads_that_feed(topology), *_feed_two_layers(topology)]
    if found:
        refuse(found)


def _loads_that_feed(topology: Topology) -> Iterator[Finding]:
    feeding = {
        supplier.group for group in topology.groups.values() for d in group.dependencies for supplier in d.suppliers
    }
    for path in feeding:
        group = topology.groups[path]
        if group.kind in SINK_KINDS:
            yield finding(
                group.where,
                path,
                f"'{path}' is a {group.kind} and feeds others",
                "give what feeds others a kind of its own, as switch or pdu",
            )


def _feed_two_layers(topology: Topology) -> Iterator[Finding]:
    """Liquid and air are one layer, cooling, here."""
    feeds: dict[str, int] = {}
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            resource = resource_of(topology, dependency)
            role = LIQUID if resource == AIR else resource
            for supplier in dependency.suppliers:
                if feeds.setdefault(supplier.group, role) != role:
                    yield finding(
                        dependency.where,
                        path,
                        f"'{supplier.group}' feeds two different layers",
                        "make two groups of it, one for each layer",
                    )
