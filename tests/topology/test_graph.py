"""The graph of groups, and the graph over arrays against networkx's own dictionaries."""

from __future__ import annotations

import copy
import pickle
from datetime import date

import networkx as nx
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from topology.build import HERE, Builder, campus, power, value

from twin.errors import TwinError
from twin.topology import expand
from twin.topology.graph import ExpandedGraph, ReadOnlyGraphError, expanded, group_graph
from twin.topology.model import Dependency, Link, Override, Supplier, Topology


def naive(topology: Topology) -> nx.DiGraph:
    """The same graph built node by node and edge by edge from the tables."""
    graph = nx.DiGraph(name=topology.name)
    for row in expand.nodes(topology).iter_rows(named=True):
        own = {name: each.value for name, each in topology.groups[row["group"]].attributes.items()}
        kept = {name: row[name] for name in ("id", "group", "kind", "parent", "energised")}
        graph.add_node(row["node"], **kept, **own)
    for layer, supplier, consumer in expand.edges(topology).iter_rows():
        before = graph.get_edge_data(supplier, consumer)
        graph.add_edge(supplier, consumer, layer=f"{before['layer']}+{layer}" if before else layer)
    return graph


def both_layers() -> Topology:
    """A rear door that takes power and water from one skid, and racks behind it."""
    skid = Supplier("s/skid", "s")
    build = Builder().add("s", None, "site").add("s/skid", 2, "cdu")
    door = [power(skid, pick=1), power(skid, layer="cooling"), power(skid, layer="network")]
    build.add("s/door", 3, "rear-door", depends=door)
    return build.add("s/rack", 4, "rack", depends=[power(Supplier("s/door", "s"), pick=2)]).done()


@st.composite
def layered(draw: st.DrawFn) -> Topology:
    """Groups in one hall, each fed by some of those before it."""
    build = Builder().add("s", 1, "site").add("s/hall", draw(st.integers(1, 2)), "hall")
    sizes: dict[str, int] = {}
    for number in range(draw(st.integers(1, 5))):
        names = draw(st.lists(st.sampled_from(sorted(sizes)), unique=True, max_size=2)) if sizes else []
        depends: list[Dependency] = []
        if names:
            pick = draw(st.none() | st.integers(1, sum(sizes[name] for name in names)))
            depends = [power(*(Supplier(name, "s/hall") for name in names), pick=pick)]
            if draw(st.booleans()):
                depends.append(power(Supplier(names[0], "s/hall"), layer="cooling"))
        name = f"s/hall/g{number}"
        sizes[name] = draw(st.integers(1, 4))
        build.add(name, sizes[name], "ups", depends=depends)
    return build.done()


def same(one: nx.DiGraph, other: nx.DiGraph) -> None:
    """Same nodes, edges and attributes."""
    assert dict(one.nodes(data=True)) == dict(other.nodes(data=True))
    assert {(u, v): dict(data) for u, v, data in one.edges(data=True)} == {
        (u, v): dict(data) for u, v, data in other.edges(data=True)
    }


@pytest.fixture(params=["campus", "both_layers"])
def pair(request: pytest.FixtureRequest) -> tuple[ExpandedGraph, nx.DiGraph]:
    topology = campus() if request.param == "campus" else both_layers()
    return expanded(topology), naive(topology)


@given(layered())
@settings(deadline=None)
def test_equals_the_graph_built_by_hand(topology: Topology) -> None:
    lazy, plain = expanded(topology), naive(topology)
    same(lazy, plain)
    assert lazy.pred == plain.pred
    assert lazy.succ == plain.succ
    assert dict(lazy.degree) == dict(plain.degree)
    assert nx.pagerank(lazy) == pytest.approx(nx.pagerank(plain))
    for node in plain:
        assert nx.descendants(lazy, node) == nx.descendants(plain, node)
        assert nx.ancestors(lazy, node) == nx.ancestors(plain, node)


def test_counts_and_neighbours(pair: tuple[ExpandedGraph, nx.DiGraph]) -> None:
    lazy, plain = pair
    assert (len(lazy), lazy.number_of_edges(), lazy.size()) == (len(plain), plain.number_of_edges(), plain.size())
    assert dict(lazy.in_degree) == dict(plain.in_degree)
    assert dict(lazy.out_degree) == dict(plain.out_degree)
    assert list(lazy) == list(plain)
    for node in plain:
        assert sorted(lazy.successors(node)) == sorted(plain.successors(node))
        assert sorted(lazy.predecessors(node)) == sorted(plain.predecessors(node))
        assert lazy.nodes[node] == plain.nodes[node]


def test_has_edge_and_edge_data(pair: tuple[ExpandedGraph, nx.DiGraph]) -> None:
    lazy, plain = pair
    for one in plain:
        for other in plain:
            assert lazy.has_edge(one, other) == plain.has_edge(one, other)
            assert lazy.get_edge_data(one, other) == plain.get_edge_data(one, other)
    assert not lazy.has_edge("a", 1)
    assert not lazy.has_edge(0, "a")
    assert not lazy.has_edge(0, len(plain))
    assert not lazy.has_edge(-1, 0)


def test_layers_of_two_wires_are_joined() -> None:
    lazy = expanded(both_layers())
    assert lazy[1][3] == {"layer": "power+cooling+network"}
    assert lazy[2][3] == {"layer": "cooling+network"}
    assert lazy.edges[3, 6]["layer"] == "power"


ALGORITHMS = {
    "topological_generations": lambda g: [sorted(level) for level in nx.topological_generations(g)],
    "dag": nx.is_directed_acyclic_graph,
    "longest": nx.dag_longest_path_length,
    "weak": lambda g: sorted(sorted(part) for part in nx.weakly_connected_components(g)),
    "strong": lambda g: sorted(sorted(part) for part in nx.strongly_connected_components(g)),
    "attracting": lambda g: sorted(sorted(part) for part in nx.attracting_components(g)),
    "condensation": lambda g: nx.condensation(g).number_of_edges(),
    "lengths": lambda g: dict(nx.all_pairs_shortest_path_length(g)),
    "dijkstra": lambda g: nx.single_source_dijkstra_path_length(g, 0),
    "closure": lambda g: sorted(nx.transitive_closure_dag(g).edges),
    "reduction": lambda g: sorted(nx.transitive_reduction(g).edges),
    "betweenness": nx.betweenness_centrality,
    "closeness": nx.closeness_centrality,
    "dominators": lambda g: nx.immediate_dominators(g, 2),
    "bfs": lambda g: {node: depth for depth, level in enumerate(nx.bfs_layers(g, 2)) for node in level},
    "antichain": lambda g: len(list(nx.antichains(nx.DiGraph(g.subgraph(list(g)[:8]))))),
    "articulation": lambda g: sorted(nx.articulation_points(g.to_undirected())),
    "articulation_of_view": lambda g: sorted(nx.articulation_points(g.to_undirected(as_view=True))),
    "bridges": lambda g: sorted(map(sorted, nx.bridges(nx.Graph(g)))),
    "cores": lambda g: nx.core_number(g.to_undirected()),
    "array": lambda g: nx.to_scipy_sparse_array(g).toarray().tolist(),
    "relabelled": lambda g: sorted(nx.relabel_nodes(g, {0: "zero"}).edges, key=str),
    "complement": lambda g: nx.complement(g).number_of_edges(),
    "compose": lambda g: sorted(nx.compose(g, nx.DiGraph([(0, 1)])).edges),
    "empty": lambda g: nx.create_empty_copy(g).number_of_nodes(),
    "node_link": lambda g: sorted((e["source"], e["target"]) for e in nx.node_link_data(g)["edges"]),
    "isomorphic": lambda g: nx.is_isomorphic(g, nx.DiGraph(g)),
    "flow": lambda g: nx.node_connectivity(g.to_undirected()),
    "moral": lambda g: sorted(map(sorted, nx.moral_graph(g).edges)),
    "hash": nx.weisfeiler_lehman_graph_hash,
    "kind": lambda g: nx.attribute_assortativity_coefficient(g, "kind"),
}


@pytest.mark.filterwarnings("ignore:The hashes produced for")
@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_gives_the_same(name: str) -> None:
    topology = campus(sites=2, halls=1, rows=1, racks=3)
    got, want = ALGORITHMS[name](expanded(topology)), ALGORITHMS[name](naive(topology))
    assert got == pytest.approx(want, nan_ok=True) if isinstance(want, float) else got == want


def test_topological_sort_and_shortest_path(pair: tuple[ExpandedGraph, nx.DiGraph]) -> None:
    lazy, plain = pair
    place = {node: number for number, node in enumerate(nx.topological_sort(lazy))}
    assert sorted(place) == list(plain)
    assert all(place[supplier] < place[consumer] for supplier, consumer in plain.edges)
    last = max(plain)
    source = min(nx.ancestors(plain, last))
    path = nx.shortest_path(lazy, source, last)
    assert nx.is_path(plain, path)
    assert len(path) == len(nx.shortest_path(plain, source, last))


def test_subgraph_reverse_and_copies(pair: tuple[ExpandedGraph, nx.DiGraph]) -> None:
    lazy, plain = pair
    some = list(plain)[::2]
    same(lazy.subgraph(some), plain.subgraph(some))
    same(lazy.edge_subgraph(list(plain.edges)[:5]), plain.edge_subgraph(list(plain.edges)[:5]))
    same(nx.reverse_view(lazy), plain.reverse())
    same(lazy.reverse(copy=False), plain.reverse())
    for made in (
        lazy.copy(),
        lazy.reverse().reverse(),
        nx.DiGraph(lazy),
        lazy.to_directed(),
        lazy.subgraph(plain).copy(),
    ):
        assert type(made) is nx.DiGraph
        same(made, plain)
        made.add_edge("new", 0)
        made.nodes[0]["kind"] = "changed"
        made.edges[next(iter(plain.edges))]["layer"] = "changed"
    same(lazy, plain)
    undirected = lazy.to_undirected()
    assert type(undirected) is nx.Graph
    assert nx.utils.graphs_equal(undirected, plain.to_undirected())
    same(lazy.copy(as_view=True), plain)


def test_pickle_and_deep_copy(pair: tuple[ExpandedGraph, nx.DiGraph]) -> None:
    lazy, plain = pair
    for made in (pickle.loads(pickle.dumps(lazy)), copy.deepcopy(lazy), copy.copy(lazy)):  # noqa: S301 - our own bytes
        assert type(made) is ExpandedGraph
        same(made, plain)
        assert made.name == plain.name
        assert pickle.loads(pickle.dumps(dict(made.adj[1]))) == plain.adj[1]  # noqa: S301 - as above
        assert pickle.loads(pickle.dumps(made._adj[1])) == plain.adj[1]  # noqa: S301 - as above
    same(pickle.loads(pickle.dumps(lazy.subgraph([0, 1, 2]).copy())), plain.subgraph([0, 1, 2]))  # noqa: S301 - as above


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("add_node", (1,)),
        ("add_nodes_from", ([1],)),
        ("remove_node", (1,)),
        ("remove_nodes_from", ([1],)),
        ("add_edge", (0, 1)),
        ("add_edges_from", ([(0, 1)],)),
        ("add_weighted_edges_from", ([(0, 1, 2.0)],)),
        ("remove_edge", (0, 1)),
        ("remove_edges_from", ([(0, 1)],)),
        ("update", ([(0, 1)],)),
        ("clear", ()),
        ("clear_edges", ()),
    ],
)
def test_whatever_would_change_it_is_refused(method: str, arguments: tuple[object, ...]) -> None:
    lazy = expanded(campus())
    with pytest.raises(nx.NetworkXError, match="read-only view"):
        getattr(lazy, method)(*arguments)
    with pytest.raises(TwinError, match="read-only view"):
        getattr(lazy, method)(*arguments)
    assert nx.is_frozen(lazy)


def test_attributes_cannot_be_changed() -> None:
    lazy = expanded(both_layers())
    with pytest.raises(ReadOnlyGraphError):
        lazy.nodes[0]["kind"] = "x"
    with pytest.raises(ReadOnlyGraphError):
        lazy.edges[1, 3]["layer"] = "x"
    with pytest.raises(ReadOnlyGraphError):
        lazy[1][3].update(layer="x")
    with pytest.raises(ReadOnlyGraphError):
        nx.set_node_attributes(lazy, 1, "weight")


def test_networkx_errors_stay_those_of_networkx() -> None:
    lazy = expanded(campus())
    with pytest.raises(nx.NetworkXError):
        lazy.successors(10**9)
    with pytest.raises(KeyError):
        lazy[-1]
    with pytest.raises(KeyError):
        lazy.nodes["rack"]
    with pytest.raises(KeyError):
        lazy[0]["rack"]
    assert "rack" not in lazy
    assert 1.5 not in lazy
    assert repr(lazy._adj) == f"<neighbours of {len(lazy):,} nodes>"
    assert repr(lazy._node) == f"<attributes of {len(lazy):,} nodes>"
    assert str(lazy) == f"ExpandedGraph named 'built' with {len(lazy)} nodes and {lazy.size()} edges"
    assert str(lazy[4]) == repr(dict(lazy[4]))


def test_nodes_show_rows_and_overlays() -> None:
    rows = pl.DataFrame({"load": [10.0, None, 30.0], "maker": ["a", "b", None], "accelerators": [8, 16, None]})
    build = Builder().add("s", None, "site").add("s/rack", 3, "rack", attributes={"load": value(5.0)}, rows=rows)
    overrides = [Override("s/rack", (2,), "load", value(7.0)), Override("s/rack", (0,), "energised", value(13))]
    lazy = expanded(build.done(overrides))
    assert nx.get_node_attributes(lazy, "load") == {1: 10.0, 2: 5.0, 3: 7.0}
    assert nx.get_node_attributes(lazy, "maker") == {1: "a", 2: "b"}
    assert lazy.nodes[2] == lazy.nodes[2] | {"accelerators": 16, "parent": 0, "id": "s/rack[2]"}
    assert isinstance(lazy.nodes[2]["accelerators"], int)
    assert lazy.nodes[1]["energised"] == date(2028, 5, 1)
    assert lazy.nodes[3]["parent"] == 0


def test_group_graph_has_groups_with_counts_and_attributes() -> None:
    graph = group_graph(campus())
    assert list(graph) == list(campus().groups)
    rack = graph.nodes["s/hall/row/rack"]
    assert (rack["kind"], rack["parent"], rack["count"], rack["total"]) == ("rack", "s/hall/row", 5, 60)
    assert (rack["load"], rack["accelerators"]) == (132.0, 72)
    assert graph.nodes["s"]["parent"] is None


def test_group_graph_edges_say_who_feeds_whom_and_how() -> None:
    graph = group_graph(campus())
    cooling = graph.edges["s/hall/cdu", "s/hall/row/rack", "cooling"]
    assert {name: cooling[name] for name in ("layer", "pick", "need", "share", "redundancy", "wired", "rank")} == {
        "layer": "cooling",
        "pick": 2,
        "need": 1,
        "share": "equal",
        "redundancy": None,
        "wired": 2,
        "rank": 0,
    }
    assert graph.edges["s/hall/row/b", "s/hall/row/rack", "power"]["rank"] == 1
    assert graph.edges["s/hall/ups", "s/hall/row/b", "power"]["offsets"] == (2, 3)
    assert nx.ancestors(graph, "s/hall/row/a") == {"s/grid", "s/hall/ups"}


def test_group_graph_keeps_two_parts_of_one_group_and_links_apart() -> None:
    parts = power(Supplier("a/p", "a", (0,), pick=1), Supplier("a/p", "a", (1,), pick=1))
    build = Builder().add("a", None, "site").add("a/p", 2, "pdu").add("a/rack", 2, "rack", depends=[parts])
    graph = group_graph(build.add("b", None, "site").done(links=[Link("long", ("a", "b"), 12800.0, 2100.0, HERE)]))
    assert [(key, data["offsets"]) for key, data in graph["a/p"]["a/rack"].items()] == [
        ("power", (0,)),
        ("power 2", (1,)),
    ]
    assert [data["pick"] for data in graph["a/p"]["a/rack"].values()] == [1, 1]
    assert graph.edges["a", "b", "link long"] == {
        "layer": "link",
        "name": "long",
        "capacity_gbps": 12800.0,
        "length_km": 2100.0,
    }
