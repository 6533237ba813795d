"""The network analysis: tables `fabrics`, `fabric_tiers` and `network_flows`, and its rows of `checks`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from twin import tables
from twin.api import Analysis, Params, hookimpl
from twin.errors import UsageError
from twin.network import tiers
from twin.network.chosen import both, chosen
from twin.network.graph import LINKS, build
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import polars as pl

    from twin.api import AnalysisInputs
    from twin.network.flow import Flow
    from twin.network.graph import Graph
    from twin.network.tiers import Network
    from twin.topology.model import FabricTier, Topology

    Row = Mapping[str, object]


class FlowPair(Params):
    """Between whom the largest flow is asked for."""

    source: str = Field(alias="from", description="selector of the senders, as `river-bend/hall[1]` or `lake/**/rack`")
    target: str = Field(alias="to", description="selector of the receivers")


class NetworkParams(Params):
    """Which flows are asked for, beside those between the sites that a link joins."""

    flows: tuple[FlowPair, ...] = Field(default=(), description="pairs of selectors: `{from: …, to: …}`")


def run(inputs: AnalysisInputs) -> dict[str, pl.DataFrame]:
    """Fabrics, tiers and flows at full build.

    Args:
        inputs: of which `twin.topology` is read.

    Returns:
        Tables `fabrics`, `fabric_tiers`, `network_flows` and `checks`.

    Raises:
        UsageError: a selector that names nothing on the network, or both ends the same.
        RefusedError: capacities that cannot be counted in 32 bits, or a flow that nothing limits.
    """
    topology: Topology = inputs.twin.topology
    found = tiers.networks(topology)
    pairs = [*_sites(topology), *((pair.source, pair.target) for pair in inputs.params.flows)]
    return {
        "fabrics": _table("fabrics", (tiers.figures(topology, one) for one in found)),
        "fabric_tiers": _table("fabric_tiers", (tier for one in found for tier in _tiers(topology, one))),
        "network_flows": _table("network_flows", (flow(topology, *pair) for pair in pairs)),
        "checks": _table("checks", [*(row for one in found for row in _checks(topology, one)), *_dark(topology)]),
    }


@hookimpl
def twin_analyses() -> list[Analysis]:
    """The network analysis."""
    return [
        Analysis(
            name="network",
            doc="Fabrics, bisection, ports and oversubscription by tier, and the most that flows between places.",
            params=NetworkParams,
            run=run,
            produces=("fabrics", "fabric_tiers", "network_flows", "checks"),
        )
    ]


def flow(topology: Topology, source: str, target: str) -> Row:
    """The row of table `network_flows` for one pair of selectors.

    Args:
        topology: the topology.
        source: selector of who sends.
        target: selector of who receives.

    Raises:
        UsageError, RefusedError: as for `run`.
    """
    from twin.network.flow import max_flow, ways  # noqa: PLC0415 - slow to import, and few files have links

    senders, receivers = chosen(topology, source), chosen(topology, target)
    same = both(senders, receivers)
    if same:
        raise UsageError(f"'{source}' and '{target}' both name instances of '{same}'; name two that do not overlap")
    graph = build(topology, senders, receivers)
    most, way = max_flow(graph), ways(graph)
    return {
        "source": source,
        "target": target,
        "sources": sum(map(len, senders.values())),
        "targets": sum(map(len, receivers.values())),
        "max_flow_gbps": most.gbps,
        "cut_links": int(graph.count[most.wires].sum()),
        "cut": _cut(graph, most),
        "hops": None if way is None else way[0],
        "latency_ms": None if way is None else way[1],
    }


def _sites(topology: Topology) -> list[tuple[str, str]]:
    """Each pair of sites that a link joins, where both have somebody to send and receive."""
    pairs = dict.fromkeys(link.between for link in topology.links)
    return [pair for pair in pairs if all(_has_ends(topology, site) for site in pair)]


def _dark(topology: Topology) -> Iterable[Row]:
    """A row for each pair of sites that a link joins and of which one has nobody to send or receive."""
    for pair in dict.fromkeys(link.between for link in topology.links):
        dark = [site for site in pair if not _has_ends(topology, site)]
        if dark:
            who = " and ".join(f"'{site}'" for site in dark)
            yield {
                "check": "link",
                "scope": " - ".join(pair),
                "ok": True,
                "got": f"nothing on the network in {who}",
                "wanted": "somebody at both ends",
                "message": f"no flow is worked out over the link: give racks in {who} a 'network:', or put some there",
            }


def _has_ends(topology: Topology, site: str) -> bool:
    try:
        return bool(chosen(topology, site))
    except UsageError:
        return False


def _cut(graph: Graph, most: Flow) -> str:
    """The minimum cut by pairs of groups, the widest first."""
    pairs: dict[str, int] = {}
    for wire in most.wires.tolist():
        low, high = (graph.paths[graph.group[end]] for end in graph.ends[wire].tolist())
        link = low == high and low.startswith(f"{LINKS}/")
        name = f"link {low.removeprefix(f'{LINKS}/')}" if link else f"{_short(low)} - {_short(high)}"
        pairs[name] = pairs.get(name, 0) + int(graph.count[wire])
    for node in most.limits.tolist():
        name = f"capacity of {_short(graph.paths[graph.group[node]])}"
        pairs[name] = pairs.get(name, 0) + 1
    return ", ".join(f"{name} x {count:,}" for name, count in sorted(pairs.items(), key=lambda pair: -pair[1]))


def _short(path: str) -> str:
    """The last two parts of a path."""
    return "/".join(path.split("/")[-2:])


def _tiers(topology: Topology, network: Network) -> Iterable[Row]:
    for tier in network.fabric.tiers:
        ports = network.known_ports[tier.group]
        yield {
            "fabric": network.fabric.name,
            "tier": tier.name,
            "group": tier.group,
            "switches": topology.groups[tier.group].total,
            "ports": ports,
            "ports_down": tier.ports_down,
            "ports_up": tier.ports_up,
            "ports_free": None if ports is None else ports - tier.ports_down - tier.ports_up,
            "down_gbps": tier.down_gbps,
            "up_gbps": tier.up_gbps,
            "oversubscription_ratio": tier.down_gbps / tier.up_gbps if tier.up_gbps else None,
            "power_kw": tier.load_kw,
        }


def _checks(topology: Topology, network: Network) -> Iterable[Row]:
    """A row for each tier whose switches have a known number of ports."""
    for tier in network.fabric.tiers:
        ports = network.known_ports[tier.group]
        if ports is not None:
            yield _ports(topology, network, tier, ports)


def _ports(topology: Topology, network: Network, tier: FabricTier, ports: int) -> Row:
    fullest = network.fullest.get(tier.group)
    where = "" if fullest is None else f" on '{instances.ids(topology, tier.group, [fullest])[0]}'"
    used = tier.ports_down + tier.ports_up
    fine = f"every {tier.name} has the ports that its wires take"
    wrong = f"{used - ports} ports too few{where}; add switches to '{tier.group}', or take one with more ports"
    return {
        "check": "ports",
        "scope": tier.group,
        "ok": used <= ports,
        "got": f"{used} ports used ({network.fabric.name})",
        "wanted": f"at most {ports}",
        "message": fine if used <= ports else wrong,
    }


def _table(table: str, rows: Iterable[Row]) -> pl.DataFrame:
    listed = list(rows)
    declared = tables.table(table)
    return declared.frame({column: [row[column] for row in listed] for column in declared.names})
