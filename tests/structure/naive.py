"""The oracle: one plant in one state by recursion over plain tuples, without a line of the package's arrays.

Only the wiring (who is dealt to whom) and what a file states of an instance are taken from the package;
they have their own tests.  `structure.naive_usable` builds on it: how far a scope can grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import ceil, inf, isinf, isnan, nan
from typing import TYPE_CHECKING

from twin.structure.redundancy import tolerated
from twin.topology import instances
from twin.topology.attributes import AIR_KINDS, COOLING_KINDS, NETWORK_KINDS, SINK_KINDS
from twin.topology.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.topology.model import Dependency, Topology

Node = tuple[str, int]
SLACK = 1e-9


@dataclass(frozen=True)
class Gate:
    """What consumers ask of a set of suppliers; equal ones are the same."""

    resource: str
    members: tuple[tuple[int, Node], ...]
    need: int | None
    redundancy: str | None
    primary: bool

    def tolerance(self) -> int:
        if self.need is not None:
            return max(len(self.members) - self.need, 0)
        return -1 if self.redundancy is None else tolerated(self.redundancy, len(self.members))


class Naive:
    """A plant in one month."""

    def __init__(self, topology: Topology, month: int) -> None:
        self.topology = topology
        self.inputs: dict[Node, list[Gate]] = {}
        self.consumers: dict[Gate, list[Node]] = {}
        self.feeds: dict[Node, list[Gate]] = {}
        self.figures: dict[tuple[str, str], list[float]] = {}
        months = instances.energised(topology)
        self.nodes = [(p, i) for p, g in topology.groups.items() if not g.container for i in range(g.total)]
        self.on = {
            node: int(months[node[0]][node[1]]) <= month < retired(topology, node[0], node[1]) for node in self.nodes
        }
        for path, group in topology.groups.items():
            for dependency in group.dependencies:
                self._wire(path, dependency)

    def _wire(self, path: str, dependency: Dependency) -> None:
        wiring = wire(self.topology, path, dependency)
        first = self.topology.groups[dependency.suppliers[0].group].kind
        medium = "air" if first in AIR_KINDS else "liquid"
        resource = medium if dependency.layer == "cooling" else dependency.layer
        for local in range(wiring.total):
            ranks, locals_ = wiring.gate_members(wiring.gate_of([local]))
            members = [
                (rank if dependency.share == "primary" else 0, (wiring.pools[rank].group, number))
                for rank, number in zip(ranks[0].tolist(), locals_[0].tolist(), strict=True)
            ]
            gate = Gate(
                resource, tuple(sorted(members)), dependency.need, dependency.redundancy, dependency.share == "primary"
            )
            consumer = (path, local)
            self.inputs.setdefault(consumer, []).append(gate)
            self.consumers.setdefault(gate, []).append(consumer)
            for _, member in members:
                if gate not in self.feeds.setdefault(member, []):
                    self.feeds[member].append(gate)

    def figure(self, node: Node, name: str, missing: float) -> float:
        key = (node[0], name)
        if key not in self.figures:
            self.figures[key] = instances.attribute(self.topology, *key).tolist()
        found = self.figures[key][node[1]]
        return missing if isnan(found) else found

    def derated(self, node: Node) -> float:
        return self.figure(node, "capacity", inf) * self.figure(node, "derate", 1.0)

    def limit(self, node: Node, *, capped: bool = False) -> float:
        """What it may carry: of the provisioned load more than of the capped one where it is oversubscribed."""
        return self.derated(node) * (1.0 if capped else self.figure(node, "oversubscription", 1.0))

    def power_in(self, node: Node, out: float) -> float:
        """What a supplier of power draws to give `out`, beside its own constant load."""
        size = self.figure(node, "capacity", nan)
        curve = [self.figure(node, f"efficiency_{share}", nan) for share in (25, 50, 75, 100)]
        if isnan(sum(curve)):
            squared = 0.0 if isnan(size) else self.figure(node, "load_loss", 0.0) * (out / size) ** 2
            return out / self.figure(node, "efficiency", 1.0) + self.figure(node, "no_load_loss", 0.0) + squared
        points = [(size * share / 4, size * share / 4 / good) for share, good in zip((1, 2, 3, 4), curve, strict=True)]
        (x1, y1), (x2, y2) = points[:2]
        points.insert(0, (0.0, max(0.0, y1 - x1 * (y2 - y1) / (x2 - x1))))
        last = next((at for at in (1, 2, 3) if out <= points[at][0]), 4)
        (left, low), (right, high) = points[last - 1], points[last]
        return low + (high - low) * (out - left) / (right - left)

    def kind(self, node: Node) -> str:
        return self.topology.groups[node[0]].kind

    def is_load(self, node: Node) -> bool:
        return self.kind(node) in SINK_KINDS

    def elements(self) -> list[Node]:
        return [node for node in self.nodes if not self.is_load(node)]

    def alive(self, failed: set[Node], up: Callable[[Gate, set[Node]], bool]) -> set[Node]:
        """Everything that works and is supplied, loads too, by the rule `up(gate, live members)`."""
        known: dict[Node, bool] = {}

        def check(node: Node) -> bool:
            if node not in known:
                known[node] = (
                    self.on[node]
                    and node not in failed
                    and all(up(gate, {m for _, m in gate.members if check(m)}) for gate in self.inputs.get(node, []))
                )
            return known[node]

        return {node for node in self.nodes if check(node)}

    def connected(self, failed: set[Node]) -> set[Node]:
        """Alive when any member of each power and cooling gate is."""
        return self.alive(failed, lambda gate, live: bool(live) or gate.resource == "network")


class Flow:
    """The loads of one state.

    `scale` multiplies the draw of each load, `taking` fixes who shares, `capped` holds the loads to their caps.
    """

    def __init__(
        self,
        plant: Naive,
        alive: set[Node],
        scale: Callable[[Node], float] = lambda _: 1.0,
        taking: dict[Gate, list[Node]] | None = None,
        *,
        capped: bool = False,
    ) -> None:
        self.plant, self.live, self.scale, self.fixed, self.capped = plant, alive, scale, taking, capped
        self.known: dict[Node, float] = {}
        self.known_gate: dict[Gate, float] = {}
        self.taking: dict[Gate, list[Node]] = {}

    def of(self, node: Node) -> float:
        """What an element carries."""
        if node not in self.known:
            self.known[node] = sum(self.gate(g) * self.share(g, node) for g in self.plant.feeds.get(node, []))
        return self.known[node]

    def gate(self, gate: Gate) -> float:
        """What is asked of a gate."""
        if gate not in self.known_gate:
            self.known_gate[gate] = sum(self.ask(node, gate) for node in self.plant.consumers[gate])
        return self.known_gate[gate]

    def ask(self, node: Node, gate: Gate) -> float:
        if node not in self.live:
            return 0.0
        power = self.draw(node)
        if gate.resource == "power":
            return power
        if gate.resource == "network":
            return 0.0
        media = [g.resource for g in self.plant.inputs[node] if g.resource in ("liquid", "air")]
        liquid = self.plant.figure(node, "liquid_fraction", nan)
        part = 1.0 if len(media) == 1 else liquid if gate.resource == "liquid" else 1.0 - liquid
        return part * self.heat(node)

    def draw(self, node: Node) -> float:
        """What it takes from its power suppliers."""
        own = self.plant.figure(node, "load", 0.0)
        kind = self.plant.kind(node)
        if self.plant.is_load(node):
            cap = self.plant.figure(node, "power_cap", 1.0) if self.capped else 1.0
            return own * self.plant.figure(node, "provisioned", 1.0) * cap * self.scale(node)
        if kind in NETWORK_KINDS:
            return own
        if kind in COOLING_KINDS:
            return own + self.of(node) / self.plant.figure(node, "cop", inf)
        return own + self.plant.power_in(node, self.of(node))

    def heat(self, node: Node) -> float:
        """What it gives to its coolers."""
        if self.plant.is_load(node) or self.plant.kind(node) in NETWORK_KINDS:
            return self.draw(node)
        if self.plant.kind(node) in COOLING_KINDS:
            return self.of(node) + self.draw(node)
        return self.draw(node) - self.of(node)

    def share(self, gate: Gate, node: Node) -> float:
        takers = self.takers(gate)
        if node not in takers:
            return 0.0
        sizes = {member: self.plant.derated(member) for member in takers}
        if any(isinf(size) for size in sizes.values()):
            return isinf(sizes[node]) / sum(isinf(size) for size in sizes.values())
        return sizes[node] / sum(sizes.values())

    def takers(self, gate: Gate) -> list[Node]:
        if self.fixed is not None:
            return self.fixed[gate]
        if gate not in self.taking:
            live = [(rank, member) for rank, member in gate.members if member in self.live]
            taking = [member for _, member in live]
            if gate.primary:
                for rank in sorted({rank for rank, _ in live}):
                    mine = [member for r, member in live if r <= rank]
                    if sum(self.plant.derated(m) for m in mine) >= self.gate(gate) * (1 - SLACK):
                        taking = mine
                        break
            self.taking[gate] = taking
        return self.taking[gate]


def survivors(base: set[Node]) -> Callable[[Gate, set[Node]], bool]:
    """The rule of the declared redundancy."""

    def up(gate: Gate, live: set[Node]) -> bool:
        if gate.resource == "network":
            return True
        here = [member for _, member in gate.members if member in base]
        return bool(live) and (gate.tolerance() < 0 or len(here) - len(live) <= declared(gate, here))

    return up


def promised(plant: Naive, base: set[Node], alive: set[Node]) -> set[Node]:
    """Loads that depend on a gate that leans on its tolerance, and whose own silent gates are whole."""

    def lost(gate: Gate) -> int:
        return sum(member in base and member not in alive for _, member in gate.members)

    def leans(gate: Gate) -> bool:
        here = [member for _, member in gate.members if member in base]
        if gate.resource != "network" and gate.tolerance() >= 0 and 0 < lost(gate) <= declared(gate, here):
            return True
        return gate.resource != "network" and any(exposed(member) for _, member in gate.members if member in alive)

    def exposed(node: Node) -> bool:
        return any(leans(gate) for gate in plant.inputs.get(node, []))

    return {
        node
        for node in alive
        if plant.is_load(node)
        and exposed(node)
        and not any(g.tolerance() < 0 and g.resource != "network" and lost(g) for g in plant.inputs.get(node, []))
    }


def declared(gate: Gate, here: list[Node]) -> int:
    """Losses that a gate with these members in service is declared to survive."""
    size, spare = len(here), gate.tolerance()
    if gate.need is not None:
        spare = size - gate.need
    elif gate.redundancy in {"2N", "2(N+1)"}:
        groups = {path for path, _ in here}
        largest = max((sum(node[0] == path for node in here) for path in groups), default=0)
        spare = max(ceil(size / 2), min(spare, largest))
    return min(max(spare, 0), max(size - 1, 0))


def failures(plant: Naive, base: set[Node]) -> Iterator[set[Node]]:
    """Nothing, every single element, and all ways to lose what a gate tolerates."""
    yield set()
    for node in plant.elements():
        if node in base:
            yield {node}
    for gate, consumers in plant.consumers.items():
        here = [member for _, member in gate.members if member in base]
        losses = declared(gate, here)
        if losses > 1 and gate.resource != "network" and any(plant.on[node] for node in consumers):
            for lost in combinations(here, losses):
                yield set(lost)


def retired(topology: Topology, path: str, local: int) -> float:
    """Month from which an instance is gone: the earliest that it and all around it state."""
    first = inf
    while path:
        group = topology.groups[path]
        if group.retired:
            first = min(first, group.retired[local % group.count if len(group.retired) > 1 else 0])
        for override in topology.overrides:
            if (override.group, override.attribute) == (path, "retired") and local in override.locals:
                first = float(override.value.value)
        path, local = group.parent or "", local // group.count
    return first
