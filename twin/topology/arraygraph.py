"""A read-only `networkx.DiGraph` over arrays: any algorithm runs, and no dictionaries are built."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
from scipy import sparse

from twin.topology import instances
from twin.topology.lazy import LAYER_BITS, Adjacency, Nodes, refuse

if TYPE_CHECKING:
    from twin.topology.expand import EdgeArrays
    from twin.topology.model import Topology

    _DiGraph = nx.DiGraph[int]
else:  # networkx's classes take no type parameter when they run
    _DiGraph = nx.DiGraph

_MUTATORS = (
    "add_node",
    "add_nodes_from",
    "remove_node",
    "remove_nodes_from",
    "add_edge",
    "add_edges_from",
    "add_weighted_edges_from",
    "remove_edge",
    "remove_edges_from",
    "update",
    "clear",
    "clear_edges",
)


class ExpandedGraph(_DiGraph):
    """The instances of a topology as a read-only `networkx.DiGraph`, from supplier to consumer.

    Nodes are the node numbers of table `nodes`; see `Nodes` for their attributes.  An edge has the
    attribute `layer`: `power`, `cooling` or `network`, joined by `+` where the same two nodes are
    wired on more than one.  Whatever would change the graph raises `ReadOnlyGraphError`; `copy`,
    `to_undirected` and `reverse` give plain networkx graphs, views stay lazy.
    """

    def __new__(cls, nodes: Any = None, *args: Any, **kwargs: Any) -> Any:
        """The view; without nodes a plain `DiGraph`, which is what networkx wants of `G.__class__()`."""
        return super().__new__(cls) if isinstance(nodes, Nodes) else nx.DiGraph(nodes, *args, **kwargs)

    def __init__(self, nodes: Nodes, successors: Adjacency, predecessors: Adjacency, name: str) -> None:
        """View the nodes and their neighbours in both directions."""
        super().__init__(name=name)
        self._node = nodes
        self._adj = successors
        self._pred = predecessors
        self._parts = (nodes, successors, predecessors, name)
        self.frozen = True
        self.__dict__.update(dict.fromkeys(_MUTATORS, refuse))

    def size(self, weight: str | None = None) -> Any:
        """How many edges; with a `weight`, the sum of that attribute."""
        return len(self._parts[1].arrays[1]) if weight is None else super().size(weight)

    def __reduce__(self) -> tuple[type[ExpandedGraph], tuple[Nodes, Adjacency, Adjacency, str]]:
        """Pickled as its arrays and its topology."""
        return ExpandedGraph, self._parts


def over(topology: Topology, wires: EdgeArrays) -> ExpandedGraph:
    """The graph of a topology over its wires; keeps 10 bytes a wire and 8 a node."""
    count = instances.size(topology)
    # Node numbers stay below 2^31, so the same bytes serve as the signed numbers scipy wants.
    ends = (wires.supplier.view(np.int32), wires.consumer.view(np.int32))
    bits = np.array(LAYER_BITS, dtype=np.uint8)[wires.layer]
    # Adding up wires between the same two nodes, scipy sorts the neighbours of each, as `Row` wants them.
    rows = sparse.coo_array((bits, ends), shape=(count, count)).tocsr()
    return ExpandedGraph(Nodes(topology), _adjacency(rows), _adjacency(rows.tocsc()), topology.name)


def _adjacency(matrix: Any) -> Adjacency:
    start, to = (numbers.astype(np.int32, copy=False) for numbers in (matrix.indptr, matrix.indices))
    return Adjacency(start, to, matrix.data)
