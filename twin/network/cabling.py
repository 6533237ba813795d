"""Which ports the wires of a network take at both ends, and how many cables and optical modules these are.

A wire carries its lanes in ports; a port carries as many lanes as its rate holds (breakout), and a lane
that is faster than a port takes several.  Lanes of different dependencies share no port.  Figures are
*cycles*: one entry where all instances of a group are alike, else one for each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.network.graph import uplink
from twin.topology import instances
from twin.topology.wiring import width, wire

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.topology.model import Dependency, Fabric, Topology

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

_EPSILON = 1e-9


def figure(topology: Topology, path: str, name: str) -> Floats:
    """A numeric attribute of the instances of a group, NaN where nobody states it: a cycle."""
    if name in instances.varying(topology, path):
        return instances.attribute(topology, path, name)
    stated = topology.attribute(path, name)
    return np.array([np.nan if stated is None else float(stated)])


def feeds(dependency: Dependency | None, path: str) -> bool:
    """Whether a group is among the suppliers of a dependency."""
    return dependency is not None and any(one.group == path for one in dependency.suppliers)


def in_scope(topology: Topology, dependency: Dependency) -> int:
    """How many suppliers each consumer could be wired to."""
    return sum(topology.per(one.group, one.scope) for one in dependency.suppliers)


def ports_up(topology: Topology, path: str, dependency: Dependency) -> Ints:
    """Ports that each consumer of a dependency takes for its own end of it: a cycle."""
    lanes = np.array([float(dependency.lanes or width(topology, dependency))])
    return _ports(lanes, dependency, figure(topology, path, "port_bandwidth"))


def ports_down(topology: Topology, consumer: str, dependency: Dependency, path: str) -> Ints:
    """Ports that the consumers of a dependency take of each of its suppliers in one group: a cycle."""
    each = dependency.lanes / width(topology, dependency) if dependency.lanes else 1.0
    wires = wires_down(topology, consumer, dependency, path)
    return _ports(wires * each, dependency, figure(topology, path, "port_bandwidth"))


def wires_down(topology: Topology, consumer: str, dependency: Dependency, path: str) -> Floats:
    """Wires from the consumers of a dependency to each of its suppliers in one group: a cycle."""
    total, wired = topology.groups[path].total, width(topology, dependency)
    whole = all(one.offsets is None for one in dependency.suppliers)
    # The planes of a fabric reach all switches equally often.
    if whole and (dependency.planes or wired == in_scope(topology, dependency)):
        here = sum(topology.per(one.group, one.scope) for one in dependency.suppliers if one.group == path)
        share = here / in_scope(topology, dependency)
        return np.array([topology.groups[consumer].total * wired * share / total])
    wiring = wire(topology, consumer, dependency)
    count = wiring.consumers()
    gates = np.flatnonzero(count)
    rank, supplier = wiring.gate_members(gates)
    mine = np.isin(rank, [index for index, pool in enumerate(wiring.pools) if pool.group == path])
    each = np.repeat(count[gates], wiring.k).reshape(rank.shape)
    return np.bincount(supplier[mine], weights=each[mine], minlength=total).astype(np.float64)


def cables(topology: Topology, fabric: Fabric) -> tuple[int, int]:
    """Cables of a fabric, and the optical modules at their ends.

    A module is in every port that is used.  Between two switches there is a cable for each port at the end
    with the more of them; to an endpoint one for each port of the switch, with a module at its far end.
    """
    tiers = {tier.group for tier in fabric.tiers}
    found, modules = 0, 0
    for path in (*fabric.endpoints, *tiers):
        dependency = uplink(topology, path)
        if dependency is None:
            continue
        above = {one.group for one in dependency.suppliers}
        high = sum(_sum(ports_down(topology, path, dependency, one), topology.groups[one].total) for one in above)
        low = _sum(ports_up(topology, path, dependency), topology.groups[path].total) if path in tiers else high
        found += max(low, high)
        modules += low + high
    return found, modules


def _sum(cycle: Ints, total: int) -> int:
    return int(cycle.sum()) * (total // len(cycle))


def _ports(lanes: Floats, dependency: Dependency, port_gbps: Floats) -> Ints:
    """Ports that some lanes take; one a lane where a rate is not known."""
    taken = np.ones(1)
    if dependency.lane_gbps:
        ratio = np.where(port_gbps > 0, port_gbps, np.nan) / dependency.lane_gbps
        held = np.where(ratio < 1 - _EPSILON, 1 / np.ceil(1 / ratio - _EPSILON), np.floor(ratio + _EPSILON))
        taken = 1 / np.where(np.isnan(held), 1.0, held)
    return np.ceil(lanes * taken - _EPSILON).astype(np.int64)
