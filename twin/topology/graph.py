"""The two networkx graphs of a topology: of its groups, and of its instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx

from twin.topology import expand
from twin.topology.arraygraph import ExpandedGraph, over
from twin.topology.lazy import ReadOnlyGraphError
from twin.topology.wiring import width

if TYPE_CHECKING:
    from twin.topology.model import Dependency, Group, Supplier, Topology

__all__ = ["ExpandedGraph", "ReadOnlyGraphError", "expanded", "group_graph"]

LINK = "link"
"""`layer` of the edges between linked sites."""


def group_graph(topology: Topology) -> nx.MultiDiGraph[str]:
    """The groups of a topology, from supplier to consumer.

    Nodes are group paths, with `name, kind, parent` (path, None for a site), `part, count, total,
    container, energised` (month indices as stated), `doc, source, note` and the attributes of the
    group in canonical units.

    Edges go from supplier to consumer and are keyed by layer, with `layer, rank` (position in
    `from`), `pick, need, share, redundancy, wired` (suppliers of each consumer on this dependency),
    `offsets, lanes, lane_gbps`.  A link between two sites is one edge in the order of `between`,
    keyed `link NAME`, with `layer="link", name, capacity_gbps, length_km`.

    Returns:
        A new graph; changing it does not change the topology.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=topology.name)
    for path, group in topology.groups.items():
        graph.add_node(path, **_node(group))
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            wired = width(topology, dependency)
            for rank, supplier in enumerate(dependency.suppliers):
                key = _free_key(graph, supplier.group, path, dependency.layer)
                graph.add_edge(supplier.group, path, key, **_edge(dependency, supplier), rank=rank, wired=wired)
    for link in topology.links:
        attributes: dict[str, Any] = {"capacity_gbps": link.capacity_gbps, "length_km": link.length_km}
        graph.add_edge(*link.between, f"{LINK} {link.name}", layer=LINK, name=link.name, **attributes)
    return graph


def expanded(topology: Topology) -> ExpandedGraph:
    """The instances of a topology as a read-only `networkx.DiGraph`; see `ExpandedGraph`.

    Raises:
        RefusedError: more edges than `twin.topology.expand.MAX_EDGES`.
    """
    return over(topology, expand.edge_arrays(topology))


def _node(group: Group) -> dict[str, Any]:
    own = {name: value.value for name, value in group.attributes.items()}
    return own | {
        "name": group.name,
        "kind": group.kind,
        "parent": group.parent,
        "part": group.part,
        "count": group.count,
        "total": group.total,
        "container": group.container,
        "energised": group.energised or (0,),
        "doc": group.doc,
        "source": group.source,
        "note": group.note,
    }


def _edge(dependency: Dependency, supplier: Supplier) -> dict[str, Any]:
    return {
        "layer": dependency.layer,
        "pick": dependency.pick if supplier.pick is None else supplier.pick,
        "need": dependency.need,
        "share": dependency.share,
        "redundancy": dependency.redundancy,
        "offsets": supplier.offsets,
        "lanes": dependency.lanes,
        "lane_gbps": dependency.lane_gbps,
    }


def _free_key(graph: nx.MultiDiGraph[str], supplier: str, consumer: str, layer: str) -> str:
    """The layer, numbered where the same two groups are wired on it more than once."""
    key, number = layer, 1
    while graph.has_edge(supplier, consumer, key):
        number += 1
        key = f"{layer} {number}"
    return key
