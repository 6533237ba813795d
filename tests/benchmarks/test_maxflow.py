"""The largest flow between two sites of a leaf, spine and core fabric, against networkx and NetGraph in the same run.

`pytest tests/benchmarks/test_maxflow.py -s` prints the figures.  Ours begins with the topology as it is read
and builds its graph; the others are given theirs for nothing.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import networkx as nx
import pytest

from twin.network.chosen import chosen
from twin.network.flow import max_flow
from twin.network.graph import build
from twin.registry import registry
from twin.topology import expand
from twin.topology.read import read

if TYPE_CHECKING:
    from pathlib import Path

    from twin.topology.model import Topology

pytestmark = [pytest.mark.benchmark, pytest.mark.slow]

TWO_SITES = """
twin: 1
name: two-sites
calendar: {{start: 2027-01-01, months: 12}}
components:
  tor: {{kind: leaf, ports: 128, port_bandwidth: 400 Gbps, load: 2 kW}}
  chassis: {{kind: core, ports: 2304, port_bandwidth: 400 Gbps, load: 20 kW}}
  node: {{kind: server, load: 10 kW, accelerators: 8, scaleout_bandwidth: 400 Gbps}}
sites:
  east: &site
    contains:
      grid: {{kind: utility, capacity: 10 GW}}
      hall[{halls}]:
        contains:
          pod[8]:
            contains:
              server[64]: {{use: node, power: grid}}
  west: *site
links:
  - {{between: [east, west], capacity: {link} Tbps, length: 1000 km}}
fabrics:
  backend:
    kind: clos
    endpoints: kind=server
    switch: tor
    power: grid
    tiers:
      leaf: {{in: pod, rails: 8, oversubscription: 3}}
      spine: {{in: hall, oversubscription: 4}}
      core: {{in: site, switch: chassis}}
"""


def two_sites(folder: Path, halls: int, link: str) -> Topology:
    path = folder / f"two-sites-{halls}.yaml"
    path.write_text(TWO_SITES.format(halls=halls, link=link))
    return read(path, registry())


def ours(topology: Topology) -> float:
    return max_flow(build(topology, chosen(topology, "east"), chosen(topology, "west"))).gbps


def wires(topology: Topology) -> tuple[list[tuple[int, int, float]], list[int], list[int]]:
    """Every wire as (supplier, consumer, Gbit/s), the link between two more nodes; who sends, and who receives."""
    nodes, edges = expand.nodes(topology), expand.edges(topology).select("layer", "supplier", "consumer")
    groups = nodes["group"].to_list()
    found: list[tuple[int, int, float]] = []
    rates: dict[str, float] = {}
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            if dependency.layer == "network":
                width = sum(topology.per(one.group, one.scope) for one in dependency.suppliers)
                rates[path] = dependency.lanes * dependency.lane_gbps / width
    for layer, supplier, consumer in edges.rows():
        if layer == "network":
            found.append((supplier, consumer, rates[groups[consumer]]))
    (link,) = topology.links
    ends = len(groups), len(groups) + 1
    for node, path in enumerate(groups):
        for end, site in zip(ends, link.between, strict=True):
            if path == f"{site}/backend-core":
                found.append((end, node, 1e9))
    found.append((*ends, link.capacity_gbps))
    senders, receivers = (
        [node for node, path in enumerate(groups) if path == f"{site}/hall/pod/server"] for site in link.between
    )
    return found, senders, receivers


def by_networkx(topology: Topology) -> tuple[float, float]:
    """Flow and seconds; building the graph is not counted."""
    found, senders, receivers = wires(topology)
    graph = nx.DiGraph()
    graph.add_weighted_edges_from(found, weight="capacity")
    graph.add_weighted_edges_from(((head, tail, rate) for tail, head, rate in found), weight="capacity")
    graph.add_edges_from(("s", node) for node in senders)
    graph.add_edges_from((node, "t") for node in receivers)
    start = perf_counter()
    value = nx.maximum_flow_value(graph, "s", "t")
    return float(value), perf_counter() - start


def timed(topology: Topology, times: int) -> tuple[float, float]:
    """Flow, and the median of some runs in seconds."""
    seconds = []
    for _ in range(times):
        start = perf_counter()
        value = ours(topology)
        seconds.append(perf_counter() - start)
    return value, median(seconds)


@pytest.mark.parametrize("link", ["1000", "1000000"], ids=["the link limits", "the spines limit"])
def test_a_hundred_thousand_nodes_against_networkx(tmp_path, link, record_property) -> None:
    topology = two_sites(tmp_path, 88, link)
    nodes = sum(group.total for group in topology.groups.values() if not group.container)
    assert nodes > 100_000
    value, quick = timed(topology, 5)
    other, slow = by_networkx(topology)
    said = f"{nodes:,} nodes, {value:,.0f} Gbps: networkx {slow:.1f} s, {quick * 1e3:.0f} ms"
    print(f"\n{said}: {slow / quick:.0f} times")  # noqa: T201 - the figures
    record_property("times_faster", slow / quick)
    assert value == other
    assert slow / quick >= 25


def test_a_hundred_thousand_nodes_against_netgraph(tmp_path, record_property) -> None:
    ngraph = pytest.importorskip("ngraph", reason="NetGraph is not installed")
    topology = two_sites(tmp_path, 88, "1000")
    value, quick = timed(topology, 5)
    found, senders, receivers = wires(topology)
    network = ngraph.Network()
    names = {node: f"n{node}" for tail, head, _ in found for node in (tail, head)}
    names |= {node: f"east{node}" for node in senders} | {node: f"west{node}" for node in receivers}
    for name in names.values():
        network.add_node(ngraph.Node(name))
    for tail, head, rate in found:
        network.add_link(ngraph.Link(names[tail], names[head], capacity=rate, cost=1.0))
    start = perf_counter()
    flows = ngraph.analyze(network).max_flow("^east", "^west", mode=ngraph.Mode.COMBINE)
    slow = perf_counter() - start
    (other,) = flows.values()
    print(f"\n{len(names):,} nodes: NetGraph {slow:.1f} s, {quick * 1e3:.0f} ms: {slow / quick:.0f} times")  # noqa: T201 - the figures
    record_property("times_faster", slow / quick)
    assert value == pytest.approx(other)
    assert slow / quick >= 50
