"""What racks hold and containers bear: space, weight, ports, cords, as limits and what is used of them.

Figures are cycles (see `twin.capacity.census`); NaN says that a figure is not known, and then the
resource is not judged.  What is not known never counts as nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.census import figure
from twin.topology.attributes import SINK_KINDS

if TYPE_CHECKING:
    from twin.capacity.census import Census
    from twin.structure.model import Floats
    from twin.topology.model import Group, Topology

RACK = "rack"

PLUGGED = ("optic", "nic", "accelerator")
"""Kinds that sit in what holds them: they take no rack units, and weigh nothing more where nobody says so."""

Pair = tuple["Floats", "Floats"]
"""A limit and what is used of it."""


@dataclass(frozen=True, slots=True)
class Borne:
    """What the instances of a container bear.

    Attributes:
        racks: racks in service inside.
        rack_mass_kg: their weight with what they hold, and that of other loads.
        other_mass_kg: weight of all else inside whose weight is known.
    """

    racks: Floats
    rack_mass_kg: Floats
    other_mass_kg: Floats


def held(group: Group, name: str) -> tuple[float, tuple[str, ...]]:
    """The sum of an attribute over what one rack holds, and the parts that do not give it."""
    total, unknown = 0.0, []
    for part in group.holds:
        value = part.attributes.get(name)
        if value is not None:
            total += part.count * float(value.value)
        elif part.kind not in PLUGGED:
            unknown.append(part.part)
    return total, tuple(unknown)


def gross_mass(topology: Topology, path: str) -> Floats:
    """Weight of one instance with what it holds, in kg: a cycle."""
    group = topology.groups[path]
    own = figure(topology, path, "mass")
    inside, unknown = held(group, "mass")
    return own + (np.nan if unknown else inside)


def of_rack(topology: Topology, path: str) -> dict[str, Pair]:
    """Space, weight and cords of the racks of a group."""
    group = topology.groups[path]
    found: dict[str, Pair] = {}
    if group.holds:
        used, unknown = held(group, "space")
        found["space"] = figure(topology, path, "space"), np.array([np.nan if unknown else used])
    weight, unknown = held(group, "mass")
    bears = np.array([np.nan if unknown else weight]) if group.holds else figure(topology, path, "mass")
    found["mass"] = figure(topology, path, "mass_limit"), bears
    # a cord must bear what the rack can draw, whatever is provisioned of it
    found["power"] = figure(topology, path, "power_limit"), figure(topology, path, "load")
    return found


def borne(census: Census) -> dict[str, Borne]:
    """What each container bears in the month of a census, by path."""
    topology = census.topology

    def rack_mass(path: str) -> Floats | None:
        return gross_mass(topology, path) if topology.groups[path].kind in SINK_KINDS else None

    def other_mass(path: str) -> Floats | None:
        return None if topology.groups[path].kind in SINK_KINDS else np.nan_to_num(gross_mass(topology, path))

    racks = census.inside(lambda path: np.ones(1) if topology.groups[path].kind == RACK else None)
    heavy, other = census.inside(rack_mass), census.inside(other_mass)
    return {path: Borne(racks[path], heavy[path], other[path]) for path in racks}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A limit that nothing can be held against.

    Attributes:
        group: path of the rack or container that has it.
        resource: space or mass.
        attribute: name of the limit.
        stated: whether the file states the limit itself, and no part that it uses.
        of: the parts or groups whose figure is missing.
    """

    group: str
    resource: str
    attribute: str
    stated: bool
    of: tuple[str, ...]


def unknown(topology: Topology) -> list[Unknown]:
    """The limits that cannot be judged, because a figure of what is held or borne is missing."""
    found = []
    for path, group in topology.groups.items():
        for resource, attribute in (("space", "space"), ("mass", "mass_limit")):
            if attribute not in group.attributes or (not group.container and group.kind != RACK):
                continue
            of = _missing(topology, path, resource)
            if of:
                stated = group.attributes[attribute].origin in {"file", "component", "overlay"}
                found.append(Unknown(path, resource, attribute, stated, of))
    return found


def left_out(topology: Topology, path: str) -> tuple[str, ...]:
    """Groups inside a container that bear on it with an unknown weight and are not loads."""
    return tuple(
        inner
        for inner, group in topology.groups.items()
        if inner.startswith(f"{path}/")
        and not group.container
        and group.kind not in SINK_KINDS
        and np.isnan(gross_mass(topology, inner)).any()
    )


def _missing(topology: Topology, path: str, resource: str) -> tuple[str, ...]:
    group = topology.groups[path]
    if not group.container:
        if group.holds:
            return held(group, resource)[1]
        return (path,) if resource == "mass" and np.isnan(figure(topology, path, "mass")).any() else ()
    return tuple(
        inner
        for inner, one in topology.groups.items()
        if inner.startswith(f"{path}/")
        and one.kind in SINK_KINDS
        and not one.container
        and np.isnan(gross_mass(topology, inner)).any()
    )
