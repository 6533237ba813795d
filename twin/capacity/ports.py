"""Network ports: how many there are, and how many the lanes take that are wired.

The lanes of a consumer are spread evenly over the switches that it is wired to.  A port carries as many
lanes as its rate holds, with a breakout cable where that is more than one.  Where a dependency does not
say how many lanes it has, the ports of those at both ends are not judged.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.census import figure, spread, together
from twin.structure.model import TOLERANCE
from twin.topology.attributes import NETWORK_KINDS
from twin.topology.wiring import wire

if TYPE_CHECKING:
    from twin.capacity.census import Census
    from twin.capacity.contents import Pair
    from twin.structure.model import Floats, Ints
    from twin.topology.model import Dependency, Group, Topology
    from twin.topology.wiring import Wiring

ATTACHED = ("nic",)
"""Network kinds whose ports are those of the rack that holds them; the ports of all others are a switch's own."""


class Cabling:
    """The network dependencies of a topology, wired once for all months."""

    def __init__(self, topology: Topology) -> None:
        """Wire what has lanes and reaches somebody whose ports are known."""
        self.topology = topology
        self.wires: list[tuple[str, Dependency, Wiring]] = []
        self.known = {path: _there(topology, group) for path, group in topology.groups.items() if not group.container}
        self.known = {path: there for path, there in self.known.items() if not np.isnan(there).all()}
        for path, group in topology.groups.items():
            for dependency in group.dependencies:
                if dependency.layer == "network":
                    self._add(path, dependency)

    def _add(self, path: str, dependency: Dependency) -> None:
        ends = [path, *(supplier.group for supplier in dependency.suppliers)]
        if not any(end in self.known for end in ends):
            return
        if dependency.lanes:
            self.wires.append((path, dependency, wire(self.topology, path, dependency)))
            return
        for end in ends:
            self.known.pop(end, None)

    def ports(self, census: Census) -> dict[str, Pair]:
        """Ports there are and ports used in one month, by path: two cycles; only groups that lanes are wired to."""
        used: dict[str, Floats] = {}
        for path, dependency, wiring in self.wires:
            if path in self.known:
                own = dependency.lanes * _taken(self.topology, path, dependency)
                used[path] = used[path] + own if path in used else own
            self._at_suppliers(census, path, dependency, wiring, used)
        return {path: (self.known[path], np.ceil(lanes * (1.0 - TOLERANCE))) for path, lanes in used.items()}

    def _at_suppliers(
        self, census: Census, path: str, dependency: Dependency, wiring: Wiring, used: dict[str, Floats]
    ) -> None:
        consumers, once = _consumers(census, path, dependency, wiring)
        gates = np.flatnonzero(consumers)
        rank, member = wiring.gate_members(gates)
        lanes = np.broadcast_to((consumers[gates] * (dependency.lanes / wiring.k))[:, None], member.shape)
        for index, pool in enumerate(wiring.pools):
            if pool.group not in self.known:
                continue
            mine = rank == index
            size = pool.per if once else self.topology.groups[pool.group].total
            wired: Floats = np.bincount(member[mine], weights=lanes[mine], minlength=size).astype(np.float64)
            each, taken = together(_short(wired), _taken(self.topology, pool.group, dependency))
            before, now = together(used.get(pool.group, np.zeros(1)), each * taken)
            used[pool.group] = before + now


def _consumers(census: Census, path: str, dependency: Dependency, wiring: Wiring) -> tuple[Ints, bool]:
    """How many consumers in service each gate has, and whether that of one scope instance stands for all.

    Where all is wired inside one container and its instances are alike, the gates of the first are enough;
    an instance that is not in service itself has no switch in service either.
    """
    scope = dependency.suppliers[0].scope
    there = census.on(path, scope)
    if all(pool.scopes == 1 for pool in wiring.pools) and wiring.per_scope % len(there) == 0:
        here = np.flatnonzero(spread(there, wiring.per_scope))
        return np.bincount(wiring.gate_of(here), minlength=wiring.n_combos).astype(np.int64), True
    here = np.flatnonzero(spread(census.on(path), wiring.total))
    return np.bincount(wiring.gate_of(here), minlength=wiring.n_gates).astype(np.int64), False


def _there(topology: Topology, group: Group) -> Floats:
    """Ports of one instance: its own, or of a rack those of the servers and network cards that it holds."""
    if not group.holds or "ports" in group.attributes:
        return figure(topology, group.path, "ports")
    total = 0.0
    for part in group.holds:
        if part.kind in NETWORK_KINDS and part.kind not in ATTACHED:
            continue
        ports = part.attributes.get("ports")
        if ports is not None:
            total += part.count * float(ports.value)
        elif "accelerators" in part.attributes:
            return np.array([np.nan])
    return np.array([total or np.nan])


def _taken(topology: Topology, path: str, dependency: Dependency) -> Floats:
    """Ports of one instance that each lane takes: a cycle; one port a lane where a rate is not known."""
    rates = figure(topology, path, "port_bandwidth")
    lane = dependency.lane_gbps
    return np.array([_ports_a_lane(rate, lane) for rate in rates.tolist()])


def _ports_a_lane(port_gbps: float, lane_gbps: float) -> float:
    if not lane_gbps or np.isnan(port_gbps) or not port_gbps:
        return 1.0
    if port_gbps < lane_gbps:
        return float(ceil(lane_gbps / port_gbps * (1.0 - TOLERANCE)))
    return 1.0 / floor(port_gbps / lane_gbps * (1.0 + TOLERANCE))


def _short(values: Floats) -> Floats:
    """A cycle of one where all instances are alike."""
    return values[:1] if len(values) and bool((values == values[0]).all()) else values
