"""Fabrics and their tiers as rows: those of `fabrics:`, and those that a file wires itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from twin.network import cabling
from twin.network.bisection import Block, clos_gbps, grid_gbps, lesser_half_gbps, links_a_pod
from twin.network.graph import endpoints, rate_gbps, switches, uplink
from twin.topology.model import Fabric, FabricTier
from twin.topology.wiring import width

if TYPE_CHECKING:
    from twin.topology.model import Group, Topology


@dataclass(frozen=True, slots=True)
class _Told:
    """A tier of an explicit network, ports of its fullest switch, and which that is where they differ."""

    tier: FabricTier
    ports: int | None
    fullest: int | None


@dataclass(frozen=True, slots=True)
class Network:
    """A fabric with what its bisection is found from.

    Attributes:
        fabric: as sized, or as far as an explicit one can be told.
        known_ports: by path of a group of switches, ports of one; None where nobody states them.
        fullest: by path of a group of switches of which not all have as many ports left, which has the fewest.
        even: whether everything is wired to all switches of the tier above in scope by equal shares of known rate.
    """

    fabric: Fabric
    known_ports: dict[str, int | None]
    fullest: dict[str, int] = field(default_factory=dict)
    even: bool = True


def networks(topology: Topology) -> list[Network]:
    """The fabrics of the file, then those that it wires itself."""
    stated = [Network(one, {tier.group: tier.ports for tier in one.tiers}) for one in topology.fabrics]
    made = {path for one in topology.fabrics for path in (*one.endpoints, *(tier.group for tier in one.tiers))}
    ends = [path for path in endpoints(topology) if uplink(topology, path) is not None]
    inner = [path for path in switches(topology) if path not in made]
    done: set[str] = set()
    for start in ends:
        if start in made or start in done or topology.groups[start].path in done:
            continue
        joined = _joined(topology, start, [path for path in (*ends, *inner) if path not in made])
        if joined & set(inner):
            stated.append(_explicit(topology, joined & set(ends), [path for path in inner if path in joined]))
        done |= joined
    return stated


def _joined(topology: Topology, start: str, among: list[str]) -> set[str]:
    """All groups that the network layer joins to one, over any number of steps."""
    near: dict[str, set[str]] = {path: set() for path in among}
    for path in among:
        dependency = uplink(topology, path)
        for supplier in dependency.suppliers if dependency is not None else ():
            near[path].add(supplier.group)
            near.setdefault(supplier.group, set()).add(path)
    seen, waiting = {start}, [start]
    while waiting:
        for path in near[waiting.pop()] - seen:
            seen.add(path)
            waiting.append(path)
    return seen


def _explicit(topology: Topology, ends: set[str], inner: list[str]) -> Network:
    groups = topology.groups
    told = [_tier(topology, path, [*ends, *inner]) for path in inner]
    ordered = sorted((one.tier for one in told), key=lambda tier: _height(topology, tier.group, inner))
    named = [path for path in groups if path in ends]
    even = all(_even(topology, path) for path in (*ends, *inner))
    return Network(
        Fabric(named[0], "explicit", tuple(named), groups[named[0]].where, tuple(ordered)),
        {one.tier.group: one.ports for one in told},
        {one.tier.group: one.fullest for one in told if one.fullest is not None},
        even,
    )


def _even(topology: Topology, path: str) -> bool:
    """Whether a group is wired to all of one group of switches in scope, at a known rate; so is one wired to none."""
    dependency = uplink(topology, path)
    if dependency is None:
        return True
    wired = width(topology, dependency)
    alike = wired == cabling.in_scope(topology, dependency) and len(dependency.suppliers) == 1
    return alike and rate_gbps(topology, path, dependency, wired) < float("inf")


def _height(topology: Topology, path: str, inner: list[str]) -> int:
    """How many tiers of switches stand below a group."""
    below = [one for one in inner if cabling.feeds(uplink(topology, one), path)]
    return 1 + max((_height(topology, one, inner) for one in below), default=-1)


def _tier(topology: Topology, path: str, consumers: list[str]) -> _Told:
    """One group of switches as it is wired: bandwidth is the mean over the group, ports those of the fullest."""
    group = topology.groups[path]
    down, ports = 0.0, np.zeros(1, dtype=np.int64)
    for one in consumers:
        dependency = uplink(topology, one)
        if dependency is None or not cabling.feeds(dependency, path):
            continue
        wired = width(topology, dependency)
        wires = cabling.wires_down(topology, one, dependency, path)
        rate = rate_gbps(topology, one, dependency, wired)
        down += float(wires.mean()) * rate if rate < float("inf") else 0.0
        ports = ports + cabling.ports_down(topology, one, dependency, path)
    above = uplink(topology, path)
    up, ports_up = 0.0, np.zeros(1, dtype=np.int64)
    if above is not None:
        wired = width(topology, above)
        rate = rate_gbps(topology, path, above, wired)
        up = wired * rate if rate < float("inf") else 0.0
        ports_up = cabling.ports_up(topology, path, above)
    load = topology.attribute(path, "load") or 0.0
    ports, ports_up, known = np.broadcast_arrays(ports, ports_up, cabling.figure(topology, path, "ports"))
    stated = ~np.isnan(known)
    free = np.where(stated, known, 0.0) - ports - ports_up
    at = int(np.argmin(np.where(stated | ~stated.any(), free, np.inf)))
    has = int(known[at]) if stated[at] else None
    tier = FabricTier(group.kind, path, has or 0, int(ports[at]), int(ports_up[at]), down, up, float(load), 0)
    return _Told(tier, has, at if (free != free[0]).any() else None)


def figures(topology: Topology, network: Network) -> dict[str, object]:
    """The row of table `fabrics`."""
    fabric = network.fabric
    ends = [topology.groups[path] for path in fabric.endpoints]
    accelerators = sum(group.total * _accelerators(topology, group) for group in ends)
    row: dict[str, object] = {"fabric": fabric.name, "kind": fabric.kind, "accelerators": accelerators}
    if fabric.shape:
        return row | _grid(fabric, accelerators)
    total = {tier.group: topology.groups[tier.group].total for tier in fabric.tiers}
    injection = sum(group.total * _lanes_gbps(topology, group.path) for group in ends)
    cables, optics = cabling.cables(topology, fabric)
    roots = _roots(topology, network)
    bisection, most = _bisection(roots) if injection else (None, None)
    return row | {
        "endpoints": sum(group.total for group in ends),
        "switches": sum(total.values()),
        "cables": cables,
        "optics": None if fabric.optic is None else optics,
        "power_kw": sum(total[tier.group] * tier.load_kw for tier in fabric.tiers),
        "price_usd": _price(topology, fabric, total, optics),
        "injection_gbps": injection,
        "islands": _islands(topology, fabric),
        "bisection_gbps": bisection,
        "bisection_fraction": bisection / most if bisection is not None and most else None,
    }


def _grid(fabric: Fabric, chips: int) -> dict[str, object]:
    rings = fabric.kind == "torus"
    pod = 1
    for side in fabric.shape:
        pod *= side
    links = links_a_pod(fabric.shape, rings=rings)
    bisection = grid_gbps(fabric.shape, fabric.link_gbps, rings=rings)
    each = 2 * links * fabric.link_gbps
    return {
        "endpoints": chips,
        "switches": 0,
        "cables": chips // pod * links,
        "optics": None,
        "power_kw": 0.0,
        "price_usd": None,
        "injection_gbps": chips // pod * each,
        "islands": chips // pod,
        "bisection_gbps": bisection,
        "bisection_fraction": bisection / (each / 2) if each else None,
    }


def _accelerators(topology: Topology, group: Group) -> int:
    stated = topology.attribute(group.path, "accelerators")
    return int(group.kind == "accelerator") if stated is None else int(stated)


def _lanes_gbps(topology: Topology, path: str) -> float:
    dependency = uplink(topology, path)
    if dependency is None:
        return 0.0
    wired = width(topology, dependency)
    rate = rate_gbps(topology, path, dependency, wired)
    return rate * wired if rate < float("inf") else 0.0


def _price(topology: Topology, fabric: Fabric, total: dict[str, int], optics: int) -> float | None:
    """Price of switches and optics; None where one is not known."""
    prices = [topology.attribute(tier.group, "price") for tier in fabric.tiers]
    if fabric.optic is not None:
        value = fabric.optic.attributes.get("price")
        prices.append(None if value is None else value.value)
    if any(price is None for price in prices):
        return None
    counts = [*total.values(), optics]
    return float(sum(float(price) * count for price, count in zip(prices, counts, strict=False)))


def _islands(topology: Topology, fabric: Fabric) -> int:
    """Parts of a fabric that no switch joins: instances of the containers of what nothing is above of."""
    tops = {topology.groups[tier.group].parent or "" for tier in fabric.tiers if uplink(topology, tier.group) is None}
    return sum(topology.groups[path].total for path in tops)


def _roots(topology: Topology, network: Network) -> list[Block]:
    """What is below each top tier, a block for each container group; none where it is not wired evenly."""
    if not network.even:
        return []
    tiers = {tier.group: tier for tier in network.fabric.tiers}
    tops = [path for path in tiers if uplink(topology, path) is None]
    blocks = [_block(topology, network.fabric, tiers, path, top=True) for path in tops]
    return [block for block in blocks if block.endpoints]


def _block(topology: Topology, fabric: Fabric, tiers: dict[str, FabricTier], path: str, *, top: bool = False) -> Block:
    """Everything below the switches `path` within one instance of their scope."""
    scope = _scope(topology, [*fabric.endpoints, *tiers], path)
    wired = [one for one in fabric.endpoints if cabling.feeds(uplink(topology, one), path)]
    inside = [(Block(1, _lanes_gbps(topology, one)), topology.per(one, scope)) for one in wired]
    for one in tiers:
        if cabling.feeds(uplink(topology, one), path):
            below = _block(topology, fabric, tiers, one)
            its = _scope(topology, [*fabric.endpoints, *tiers], one)
            if below.endpoints:
                inside.append((below, topology.per(its, scope)))
    size = sum(block.endpoints * count for block, count in inside)
    up = 0.0 if top else topology.per(path, scope) * tiers[path].up_gbps
    return Block(size, up, tuple(inside))


def _scope(topology: Topology, consumers: list[str], path: str) -> str:
    """The container that the consumers of a group share with it: the scope in which they name it."""
    found = (uplink(topology, one) for one in consumers)
    for dependency in found:
        for supplier in dependency.suppliers if dependency is not None else ():
            if supplier.group == path and supplier.scope:
                return supplier.scope
    return topology.groups[path].parent or ""


def _bisection(roots: list[Block]) -> tuple[float | None, float | None]:
    """The least bisection of some islands, and what it were with nothing in the way; None where one is not known."""
    found = [(clos_gbps(root), lesser_half_gbps(root)) for root in roots]
    known = [(gbps, most) for gbps, most in found if gbps is not None]
    return min(known) if known and len(known) == len(found) else (None, None)
