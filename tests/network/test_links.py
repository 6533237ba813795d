"""Links between sites: what passes where, against networkx over every wire, and by hand."""

from __future__ import annotations

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twin
from twin.network.analysis import flow
from twin.network.chosen import chosen
from twin.network.flow import MS_PER_KM
from twin.network.graph import endpoints, switches, uplink
from twin.topology.wiring import wire


@pytest.fixture
def loaded(tmp_path):
    def load(text):
        path = tmp_path / "x.yaml"
        path.write_text(text)
        return twin.load(path).topology

    return load


HALL = "{kind: hall, contains: {leaf: {kind: leaf}, 'rack[2]': {kind: rack, load: 1 kW, power: grid, network: LEAF}}}"
ISLANDS = f"""twin: 1
sites:
  s: {{contains: {{grid: {{kind: utility}}, a: {HALL}, b: {HALL}}}}}
  t: {{contains: {{grid: {{kind: utility}}, a: {HALL}}}}}
""".replace("LEAF", "{to: leaf, lanes: 1 x 100 Gbps}")
LINK = "links: [{between: [s, t], capacity: 1 Gbps, length: 100 km}]\n"


def test_a_link_is_no_switch_of_the_site(loaded):
    assert flow(loaded(ISLANDS), "s/a", "s/b")["max_flow_gbps"] == 0.0
    row = flow(loaded(ISLANDS + LINK), "s/a", "s/b")
    # there and back: rack, leaf, link, leaf of t, link, leaf, rack
    assert (row["max_flow_gbps"], row["hops"], row["cut"]) == (1.0, 4, "link s--t x 1")
    assert row["latency_ms"] == pytest.approx(2 * 100 * MS_PER_KM, abs=1e-6)


CHAIN = """twin: 1
sites:
  a: {contains: {grid: {kind: utility}, leaf: {kind: leaf}, RACK}}
  b: {contains: {grid: {kind: utility}, MIDDLE}}
  c: {contains: {grid: {kind: utility}, leaf: {kind: leaf}, RACK}}
links:
  - {between: [a, b], capacity: 30 Gbps, length: 100 km}
  - {between: [b, c], capacity: 20 Gbps, length: 100 km}
""".replace("RACK", "'rack[2]': {kind: rack, load: 1 kW, power: grid, network: {to: leaf, lanes: 1 x 100 Gbps}}")
ALONE = "'rack[2]': {kind: rack, load: 1 kW, power: grid}"
SWITCHED = (
    "leaf: {kind: leaf}, 'rack[2]': {kind: rack, load: 1 kW, power: grid, network: {to: leaf, lanes: 1 x 100 Gbps}}"
)


@pytest.mark.parametrize(
    "middle", [ALONE, SWITCHED, "ups: {kind: ups, capacity: 1 MW, power: grid}"], ids=["racks", "a switch", "nothing"]
)
def test_a_site_passes_on_from_link_to_link(loaded, middle):
    row = flow(loaded(CHAIN.replace("MIDDLE", middle)), "a", "c")
    assert (row["max_flow_gbps"], row["hops"]) == (20.0, 4)
    assert row["latency_ms"] == pytest.approx(200 * MS_PER_KM, abs=1e-6)


def test_racks_without_a_network_do_not_pass_on(loaded):
    topology = loaded(CHAIN.replace("MIDDLE", ALONE))
    assert flow(topology, "a", "b")["max_flow_gbps"] == 30.0
    assert flow(topology, "b/rack[1]", "c")["hops"] == 2
    # there is no wire between them but the two ways there and back
    row = flow(topology, "b/rack[1]", "b/rack[2]")
    assert (row["max_flow_gbps"], row["hops"]) == (50.0, 2)


def sides(graph, topology, path, local):
    """Where an instance sends from and where it receives; a switch is two nodes with an arc between."""
    if path not in switches(topology):
        return ("sends", path, local), ("receives", path, local)
    limit = topology.attribute(path, "capacity")
    graph.add_edge(("in", path, local), ("out", path, local), **({} if limit is None else {"capacity": limit}))
    return ("out", path, local), ("in", path, local)


def add_wires(graph, topology):
    """An arc each way a wire."""
    for path in (*switches(topology), *endpoints(topology)):
        dependency = uplink(topology, path)
        if dependency is None:
            continue
        wiring = wire(topology, path, dependency)
        rate = dependency.lanes * dependency.lane_gbps / wiring.k
        for local, row in enumerate(wiring.suppliers([0] * len(wiring.pools)).tolist()):
            for other in row:
                low = sides(graph, topology, path, local)
                high = sides(graph, topology, wiring.pools[0].group, other)
                graph.add_edge(low[0], high[1], capacity=rate)
                graph.add_edge(high[0], low[1], capacity=rate)


def add_links(graph, topology):
    """An arc each way a link, from what is at the top of one site to what is at the top of the other."""
    tops = [path for path in switches(topology) if uplink(topology, path) is None]
    nodes = [(path, local) for path in tops for local in range(topology.groups[path].total)]
    for number, link in enumerate(topology.links):
        for one, other in (link.between, link.between[::-1]):
            over, out_of = ("over", number, one), ("out of", number, one)
            graph.add_edge(over, out_of, capacity=link.capacity_gbps)
            graph.add_edges_from((("out", *node), over) for node in nodes if node[0].startswith(f"{one}/"))
            graph.add_edges_from((out_of, ("in", *node)) for node in nodes if node[0].startswith(f"{other}/"))


def by_networkx(topology, source, target):
    graph = nx.DiGraph()
    graph.add_nodes_from("st")
    add_wires(graph, topology)
    add_links(graph, topology)
    for pattern, end in ((source, 0), (target, 1)):
        for path, locals_ in chosen(topology, pattern).items():
            for local in locals_.tolist():
                node = sides(graph, topology, path, local)[end]
                graph.add_edge(*(("s", node) if end == 0 else (node, "t")))
    return nx.maximum_flow_value(graph, "s", "t")


few = st.integers(1, 3)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_flows_over_links_are_those_over_every_wire(tmp_path_factory, data):
    def limit():
        return data.draw(st.sampled_from(["", ", capacity: 300 Gbps"]))

    def lanes():
        return f"{data.draw(st.sampled_from(['', 'pick: 1, ']))}lanes: {data.draw(few)} x 100 Gbps"

    spines, leaves, racks = data.draw(st.tuples(few, few, few))
    spine = data.draw(st.booleans())
    to = f", network: {{to: spine, {lanes()}}}" if spine else ""
    rates = data.draw(st.lists(st.sampled_from([50, 350, 900]), min_size=2, max_size=2))
    text = f"""twin: 1
sites:
  s:
    contains:
      grid: {{kind: utility}}
      {f"spine[{spines}]: {{kind: spine{limit()}}}" if spine else ""}
      hall[2]:
        contains:
          leaf[{leaves}]: {{kind: leaf{limit()}{to}}}
          rack[{racks}]: {{kind: rack, load: 1 kW, power: grid, network: {{to: leaf, {lanes()}}}}}
  t:
    contains:
      grid: {{kind: utility}}
      core[2]: {{kind: core{limit()}}}
      rack[2]: {{kind: rack, load: 1 kW, power: grid, network: {{to: core, {lanes()}}}}}
links:
  - {{between: [s, t], capacity: {rates[0]} Gbps, length: 100 km}}
  - {{between: [t, s], capacity: {rates[1]} Gbps, length: 100 km}}
"""
    path = tmp_path_factory.mktemp("links") / "x.yaml"
    path.write_text(text)
    topology = twin.load(path).topology
    for pair in (("s/hall[1]", "s/hall[2]"), ("s/hall[1]", "t"), ("t/rack[1]", "t/rack[2]"), ("t", "s/hall[2]")):
        assert flow(topology, *pair)["max_flow_gbps"] == pytest.approx(by_networkx(topology, *pair))
