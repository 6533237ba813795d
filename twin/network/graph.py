"""The network layer as arrays: switches, the endpoints that were asked for, wires between them and links of sites.

Only what matters for one question is in it.  Switches are nodes one by one.  Endpoints pass nothing
on, so those that neither send nor receive are left out, and those of one group that are wired to the
same switches and play the same part are one node with their wires added up: they are exchangeable, so
the largest flow is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.topology import instances
from twin.topology.attributes import NETWORK_KINDS, SINK_KINDS
from twin.topology.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from twin.topology.model import Dependency, Topology, Where

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Chosen = Mapping[str, Ints]

SENDS, RECEIVES = 1, 2
"""Parts that an endpoint plays."""

LINKS = "links"
"""What stands for a group at the ends of the links between sites."""

_NEAR, _FAR = 0.25, 0.5
"""Hops of the way between a switch and the end of a link, and of the link: from switch to switch together one."""


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and wires.  A wire joins two nodes and carries its rate each way, or one way only.

    Attributes:
        group: (nodes,) group of each node, into `paths`.
        paths: paths of groups; `LINKS` for the ends of links.
        part: (nodes,) SENDS or RECEIVES for endpoints, 0 for switches and ends of links.
        node_gbps: (nodes,) most that passes through; infinity where nothing is stated.
        ends: (wires, 2) node numbers, the one further from the core first.
        gbps: (wires,) rate each way; infinity where nothing limits it.
        count: (wires,) wires that it stands for.
        hops: (wires,) 1, or the parts of it that lie on the way over a link.
        length_km: (wires,) length of the way; 0 for wires within a site.
        one_way: (wires,) whether it carries from its first end to its second only.
        sources, targets: nodes that send and receive, and how many nodes of the topology they stand for.
    """

    group: Ints
    paths: tuple[str, ...]
    part: Ints
    node_gbps: Floats
    ends: Ints
    gbps: Floats
    count: Ints
    hops: Floats
    length_km: Floats
    one_way: Bools
    sources: Ints
    targets: Ints

    def __len__(self) -> int:
        """How many nodes there are."""
        return len(self.group)


def uplink(topology: Topology, path: str) -> Dependency | None:
    """What a group depends on on the network layer; None where on nothing."""
    found = (one for one in topology.groups[path].dependencies if one.layer == "network")
    return next(found, None)


def switches(topology: Topology) -> list[str]:
    """Paths of the groups that others are connected to, and of network equipment that is itself connected."""
    feeding = {
        supplier.group
        for path in topology.groups
        if (dependency := uplink(topology, path)) is not None
        for supplier in dependency.suppliers
    }
    return [
        path
        for path, group in topology.groups.items()
        if path in feeding or (group.kind in NETWORK_KINDS and uplink(topology, path) is not None)
    ]


def endpoints(topology: Topology) -> list[str]:
    """Paths of the groups that are connected and pass nothing on; loads of a site that has no network count too.

    What takes the place of a refreshed group is left out: the two are never connected at the same time.
    """
    inner, later = set(switches(topology)), _later(topology)
    connected = {path.partition("/")[0] for path in inner}
    return [
        path
        for path, group in topology.groups.items()
        if path not in inner
        and path not in later
        and (
            uplink(topology, path) is not None or (group.kind in SINK_KINDS and path.partition("/")[0] not in connected)
        )
    ]


def _later(topology: Topology) -> set[str]:
    """Paths of later generations: wired by the very lines of the first, or to a fabric that joins only the first."""
    tiers = {tier.group: one for one in topology.fabrics for tier in one.tiers}
    seen: dict[tuple[str | None, Where], str] = {}
    later = set()
    for path in topology.groups:
        dependency = uplink(topology, path)
        if dependency is None or path in tiers:
            continue
        fabric = tiers.get(dependency.suppliers[0].group)
        place = topology.groups[path].parent, dependency.where
        first = path in fabric.endpoints if fabric else seen.setdefault(place, path) == path
        if not first:
            later.add(path)
    return later


class _Builder:
    """Columns collected group by group."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.paths: list[str] = []
        self.groups: list[Ints] = []
        self.parts: list[Ints] = []
        self.limits: list[Floats] = []
        self.wires: list[tuple[Ints, Ints, Floats, Ints, Floats, Floats, Bools]] = []
        self.first: dict[str, int] = {}
        self.size = 0

    def nodes(self, path: str, count: int, part: int = 0, limits: Floats | None = None) -> int:
        """Add nodes of one group; the number of the first."""
        self.paths.append(path)
        self.groups.append(np.full(count, len(self.paths) - 1))
        self.parts.append(np.full(count, part))
        self.limits.append(np.full(count, np.inf) if limits is None else limits)
        self.size += count
        return self.size - count

    def wire(self, low: Ints, high: Ints, gbps: Floats, count: Ints | None = None) -> None:
        """Add wires within a site."""
        ones = np.ones(len(low))
        number = np.ones(len(low), dtype=np.int64) if count is None else count
        self.wires.append((low, high, gbps, number, ones, np.zeros(len(low)), np.zeros(len(low), dtype=bool)))

    def arc(self, tail: Ints, head: Ints, hops: float, gbps: float = np.inf, length_km: float = 0.0) -> None:
        """Add wires that carry one way, part of the way over a link between sites."""
        tail, head = (np.ravel(end).astype(np.int64) for end in np.broadcast_arrays(tail, head))
        size = len(tail)
        rates, parts, lengths = (np.full(size, one) for one in (gbps, hops, length_km))
        self.wires.append((tail, head, rates, np.ones(size, dtype=np.int64), parts, lengths, np.ones(size, dtype=bool)))

    def done(self, sources: list[Ints], targets: list[Ints]) -> Graph:
        """The graph."""
        columns = [np.concatenate(column) for column in zip(*self.wires, strict=True)] if self.wires else []
        low, high, gbps, count, hops, length, one_way = columns or [np.empty(0)] * 7
        return Graph(
            group=_joined(self.groups),
            paths=tuple(self.paths),
            part=_joined(self.parts),
            node_gbps=np.concatenate(self.limits) if self.limits else np.empty(0),
            ends=np.stack([low, high], axis=1).astype(np.int64),
            gbps=gbps,
            count=count.astype(np.int64),
            hops=hops,
            length_km=length,
            one_way=one_way.astype(bool),
            sources=_joined(sources),
            targets=_joined(targets),
        )


def build(topology: Topology, senders: Chosen, receivers: Chosen) -> Graph:
    """The graph that one question needs.

    Args:
        topology: the topology.
        senders: by path of a group of endpoints or switches, instance numbers within it.
        receivers: the same.

    Returns:
        The graph, with `sources` and `targets` as its nodes.
    """
    builder = _Builder(topology)
    inner = switches(topology)
    for path in inner:
        limits = instances.attribute(topology, path, "capacity")
        limits = np.where(np.isnan(limits), np.inf, limits)
        builder.first[path] = builder.nodes(path, topology.groups[path].total, limits=limits)
    for path in inner:
        dependency = uplink(topology, path)
        if dependency is not None:
            _wire_switches(builder, path, dependency)
    found: list[list[Ints]] = []
    for part, chosen in ((SENDS, senders), (RECEIVES, receivers)):
        found.append([_chosen(builder, path, locals_, part) for path, locals_ in chosen.items() if len(locals_)])
    _links(builder, inner)
    return builder.done(*found)


def rate_gbps(topology: Topology, path: str, dependency: Dependency, wired: int) -> float:
    """The rate of one wire each way: the lanes spread evenly, else the slower port, else no limit."""
    if dependency.lanes:
        return dependency.lanes * dependency.lane_gbps / wired
    ends = (path, *(supplier.group for supplier in dependency.suppliers))
    ports = [topology.attribute(end, "port_bandwidth") for end in ends]
    return min((float(port) for port in ports if port), default=np.inf)


def _wire_switches(builder: _Builder, path: str, dependency: Dependency) -> None:
    wiring = wire(builder.topology, path, dependency)
    high = wiring.suppliers([builder.first[pool.group] for pool in wiring.pools]).astype(np.int64)
    low = np.repeat(builder.first[path] + np.arange(wiring.total), wiring.k)
    rate = rate_gbps(builder.topology, path, dependency, wiring.k)
    builder.wire(low, high.ravel(), np.full(high.size, rate))


def _chosen(builder: _Builder, path: str, locals_: Ints, part: int) -> Ints:
    """Nodes that stand for the chosen instances of a group."""
    if path in builder.first:
        return builder.first[path] + locals_
    dependency = uplink(builder.topology, path)
    if dependency is None:
        first = builder.nodes(path, 1, part)
        return np.array([first])
    wiring = wire(builder.topology, path, dependency)
    gates, count = np.unique(wiring.gate_of(locals_), return_counts=True)
    rank, supplier = wiring.gate_members(gates)
    starts = np.array([builder.first[pool.group] for pool in wiring.pools], dtype=np.int64)
    first = builder.nodes(path, len(gates), part)
    made = first + np.arange(len(gates))
    rate = rate_gbps(builder.topology, path, dependency, wiring.k)
    each = np.repeat(count, wiring.k)
    carried = (each * rate).astype(np.float64)
    builder.wire(np.repeat(made, wiring.k), (starts[rank] + supplier).ravel(), carried, each)
    return made


def _links(builder: _Builder, inner: list[str]) -> None:
    """The links between sites; every switch of a site that nothing is above of stands at each of its links.

    Each end of a link is two nodes, one for what goes out and one for what comes in, so that nothing passes
    from one switch of a site to another by the end of a link.  In a site without switches what comes in over
    one link may go on over another, as through a switch, and no endpoint has a part in that.
    """
    topology = builder.topology
    tops = [path for path in inner if uplink(topology, path) is None]
    alone = {path for path in builder.paths if path not in builder.first and uplink(topology, path) is None}
    groups, parts = _joined(builder.groups), _joined(builder.parts)
    ends: dict[str, list[tuple[int, int]]] = {}
    for link in topology.links:
        out, into = (builder.nodes(LINKS, 2) + np.arange(2) for _ in range(2))
        for end, site in enumerate(link.between):
            ends.setdefault(site, []).append((int(out[end]), int(into[end])))
            top = [builder.first[path] + np.arange(topology.groups[path].total) for path in tops if _in(path, site)]
            here = [number for number, path in enumerate(builder.paths) if path in alone and _in(path, site)]
            top.append(np.flatnonzero(np.isin(groups, here)))
            nodes = _joined(top)
            builder.arc(nodes[parts[nodes] != RECEIVES], out[[end]], _NEAR)
            builder.arc(into[[end]], nodes[parts[nodes] != SENDS], _NEAR)
        builder.arc(out, into[::-1], _FAR, link.capacity_gbps, link.length_km)
    for site, pairs in ends.items():
        if len(pairs) > 1 and not any(_in(path, site) for path in inner):
            outward, inward = np.array(pairs).T
            through = np.array([builder.nodes(LINKS, 1)])
            builder.arc(inward, through, _NEAR)
            builder.arc(through, outward, _NEAR)


def _in(path: str, site: str) -> bool:
    return path.startswith(f"{site}/")


def _joined(columns: list[Ints]) -> Ints:
    return np.concatenate(columns).astype(np.int64) if columns else np.empty(0, dtype=np.int64)
