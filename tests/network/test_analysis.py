"""The network analysis from a file: rows by hand, and flows against networkx over every single wire."""

from __future__ import annotations

import networkx as nx
import pytest

import twin
from twin.errors import UsageError
from twin.network.analysis import flow
from twin.network.chosen import chosen
from twin.network.flow import MS_PER_KM
from twin.topology import expand, instances
from twin.topology.select import select

CAMPUS = """twin: 1
name: two
calendar: {start: 2027-01-01, months: 12}
components:
  tor: {kind: switch, ports: 64, port_bandwidth: 800 Gbps, load: 1 kW, price: $30000}
  optic: {kind: optic, load: 16 W, price: $800}
  gpu: {kind: rack, load: 50 kW, accelerators: 32, scaleout_bandwidth: 400 Gbps}
sites:
  a:
    contains:
      grid: {kind: utility}
      row[4]:
        contains:
          rack[8]: {use: gpu, power: grid}
  b:
    contains:
      grid: {kind: utility}
      row[2]:
        contains:
          rack[8]: {use: gpu, power: grid}
  pod:
    contains:
      grid: {kind: utility}
      tray[128]: {kind: server, load: 1 kW, accelerators: 4, scaleup_bandwidth: 400 GB/s, power: grid}
links:
  - {between: [a, b], capacity: 12.8 Tbps, length: 2100 km}
fabrics:
  net:
    kind: clos
    endpoints: "**/row/rack"
    switch: tor
    optic: optic
    power: grid
    tiers: {leaf: {in: row, oversubscription: 2}, core: {in: site}}
  ici: {kind: torus, endpoints: pod/tray, shape: 16 x 16}
analyses:
  network: {flows: [{from: "a/row[1]", to: "a/row[2..3]"}]}
"""

EXPLICIT = """twin: 1
name: own
calendar: {start: 2027-01-01, months: 12}
sites:
  s:
    contains:
      grid: {kind: utility}
      spine[2]: {kind: spine, ports: 16, port_bandwidth: 100 Gbps, load: 1 kW, power: grid}
      row[2]:
        contains:
          leaf[2]:
            {kind: leaf, ports: 8, port_bandwidth: 100 Gbps, load: 1 kW, power: grid,
             network: {to: spine, lanes: 4 x 100 Gbps}}
          rack[4]: {kind: rack, load: 1 kW, power: grid, network: {to: leaf, lanes: 2 x 100 Gbps}}
"""


@pytest.fixture
def loaded(tmp_path):
    def load(text):
        path = tmp_path / "x.yaml"
        path.write_text(text)
        return twin.load(path)

    return load


def by_networkx(topology, source, target):
    """The flow over a graph with a node an instance and an arc each way a wire, endpoints passing nothing on."""
    first = instances.offsets(topology)
    inner = {path for path, group in topology.groups.items() if group.kind in {"leaf", "spine", "core", "switch"}}
    groups = expand.nodes(topology)["group"].to_list()
    graph = nx.DiGraph()
    for _, supplier, consumer in (
        expand.edges(topology).filter(layer="network").select("layer", "supplier", "consumer").rows()
    ):
        (one,) = (one for one in topology.groups[groups[consumer]].dependencies if one.layer == "network")
        width = sum(topology.per(found.group, found.scope) for found in one.suppliers)
        rate = one.lanes * one.lane_gbps / width
        graph.add_edge(supplier, ("out", consumer) if groups[consumer] not in inner else consumer, capacity=rate)
        graph.add_edge(consumer, supplier, capacity=rate)
    for link in topology.links:
        for site, end in zip(link.between, (link.name, f"-{link.name}"), strict=True):
            tops = range(
                first[f"{site}/net-core"], first[f"{site}/net-core"] + topology.groups[f"{site}/net-core"].total
            )
            graph.add_edges_from(pair for node in tops for pair in ((node, end), (end, node)))
        graph.add_edge(link.name, f"-{link.name}", capacity=link.capacity_gbps)
        graph.add_edge(f"-{link.name}", link.name, capacity=link.capacity_gbps)
    ends = [
        [first[path] + local for path, locals_ in select(topology, pattern).items() for local in locals_.tolist()]
        for pattern in (source, target)
    ]
    graph.add_edges_from(("s", node) for node in ends[0])
    graph.add_edges_from((("out", node), "t") for node in ends[1])
    return nx.maximum_flow_value(graph, "s", "t")


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("a/row/rack", "b/row/rack"),
        ("a/row[1]/rack", "a/row[2]/rack"),
        ("a/row[1]/rack[1..3]", "a/row[1]/rack[4..8]"),
        ("a/row[1..2]/rack[1..4]", "b/row[2]/rack"),
        ("a/row[1]/rack[1]", "a/row[3]/rack"),
    ],
)
def test_flows_are_those_over_every_wire(loaded, source, target):
    topology = loaded(CAMPUS).topology
    assert flow(topology, source, target)["max_flow_gbps"] == pytest.approx(by_networkx(topology, source, target))


def test_the_tables_of_a_campus_by_hand(loaded):
    results = loaded(CAMPUS).run("network")
    net, ici = results["fabrics"].rows(named=True)
    assert (net["endpoints"], net["accelerators"], net["islands"]) == (48, 1536, 2)
    leaf_a, leaf_b, core_a, core_b = results["fabric_tiers"].rows(named=True)
    # 8 racks of 32 lanes are 256 lanes, two a port: 128 ports; 42 of 64 look down, so 4 leaves of 32 and 16 up
    assert (leaf_a["switches"], leaf_a["ports_down"], leaf_a["ports_up"], leaf_a["ports_free"]) == (16, 32, 16, 16)
    assert (leaf_b["switches"], leaf_a["oversubscription_ratio"], leaf_b["oversubscription_ratio"]) == (8, 2.0, 2.0)
    assert (core_a["switches"], core_a["ports_down"], core_b["switches"], core_b["ports_down"]) == (4, 64, 2, 64)
    assert core_a["oversubscription_ratio"] is None
    cables = 24 * 32 + 6 * 64
    assert (net["switches"], net["cables"], net["optics"]) == (30, cables, 2 * cables)
    assert net["power_kw"] == pytest.approx(30 + (24 * 48 + 6 * 64) * 0.016)
    assert net["price_usd"] == pytest.approx(30 * 30_000 + 2 * cables * 800)
    assert net["injection_gbps"] == 48 * 32 * 400
    # the lesser island, b: half of 8 leaves of 16 uplinks of 800 Gbit/s
    assert net["bisection_gbps"] == 8 * 16 * 800 / 2
    assert net["bisection_fraction"] == pytest.approx(0.5)
    assert (ici["endpoints"], ici["cables"], ici["islands"], ici["bisection_gbps"]) == (512, 1024, 2, 12_800.0)
    between, asked = results["network_flows"].rows(named=True)
    assert (between["source"], between["target"], between["max_flow_gbps"]) == ("a", "b", 12_800.0)
    assert (between["cut"], between["cut_links"], between["hops"]) == ("link a--b x 1", 1, 5)
    assert between["latency_ms"] == pytest.approx(2100 * MS_PER_KM, abs=1e-6)
    assert (asked["sources"], asked["targets"], asked["max_flow_gbps"]) == (8, 16, 4 * 16 * 800)
    assert asked["cut"] == "row/net-leaf - a/net-core x 16"
    assert results["checks"]["ok"].all()


def test_a_network_that_the_file_wires_itself(loaded):
    results = loaded(EXPLICIT).run("network")
    (row,) = results["fabrics"].rows(named=True)
    assert (row["fabric"], row["kind"], row["switches"], row["optics"]) == ("s/row/rack", "explicit", 6, None)
    assert (row["injection_gbps"], row["bisection_gbps"], row["islands"]) == (1600.0, 800.0, 1)
    leaf, spine = results["fabric_tiers"].rows(named=True)
    assert (leaf["ports_down"], leaf["ports_up"], leaf["ports_free"], leaf["oversubscription_ratio"]) == (4, 4, 0, 1.0)
    assert (spine["tier"], spine["ports_down"], spine["ports_free"]) == ("spine", 8, 8)
    assert results["checks"]["ok"].to_list() == [True, True]


def test_no_bisection_where_no_rate_is_known_or_switches_are_dealt(loaded):
    text = EXPLICIT.replace(", port_bandwidth: 100 Gbps", "")
    for new in ("{to: spine}", "{to: spine, pick: 1, lanes: 4 x 100 Gbps}"):
        changed = text.replace("{to: spine, lanes: 4 x 100 Gbps}", new)
        assert changed != text
        (row,) = loaded(changed).run("network")["fabrics"].rows(named=True)
        assert (row["bisection_gbps"], row["bisection_fraction"]) == (None, None)


def test_too_few_ports_fail_a_check_with_the_remedy(loaded):
    (row,) = (
        loaded(EXPLICIT.replace("leaf, ports: 8", "leaf, ports: 6"))
        .run("network")["checks"]
        .filter(ok=False)
        .rows(named=True)
    )
    assert (row["check"], row["scope"], row["got"], row["wanted"]) == (
        "ports",
        "s/row/leaf",
        "8 ports used (s/row/rack)",
        "at most 6",
    )
    assert "2 ports too few; add switches to 's/row/leaf'" in row["message"]


def test_the_own_limit_of_a_switch_binds(loaded):
    topology = loaded(EXPLICIT.replace("spine, ports", "spine, capacity: 150 Gbps, ports")).topology
    row = flow(topology, "s/row[1]", "s/row[2]")
    assert (row["max_flow_gbps"], row["cut"]) == (300.0, "capacity of s/spine x 2")


def test_switches_send_and_receive_too(loaded):
    topology = loaded(EXPLICIT).topology
    assert flow(topology, "s/row[1]/leaf[1]", "s/spine[1]")["max_flow_gbps"] == 400.0
    assert flow(topology, "s/row[1]/leaf[1]", "s/row[1]/rack")["max_flow_gbps"] == 800.0


def test_sites_without_a_network_of_their_own_stand_at_the_link(loaded):
    text = "twin: 1\nsites:\n"
    for site in "ab":
        text += (
            f"  {site}: {{contains: {{grid: {{kind: utility}}, 'rack[4]': {{kind: rack, load: 1 kW, power: grid}}}}}}\n"
        )
    text += "links: [{between: [a, b], capacity: 400 Gbps, length: 1000 km}]\n"
    (row,) = loaded(text).run("network")["network_flows"].rows(named=True)
    assert (row["max_flow_gbps"], row["hops"], row["sources"]) == (400.0, 1, 4)


def test_no_network_gives_empty_tables(loaded):
    results = loaded("twin: 1\nsites: {s: {contains: {grid: {kind: utility}}}}\n").run("network")
    assert [results[name].height for name in ("fabrics", "fabric_tiers", "network_flows", "checks")] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("source", "target", "said"),
    [
        ("a", "a/row[1]", "both name instances of 'a/row/rack'"),
        ("a/grid", "b", "nothing that 'a/grid' selects is on the network; on it are: a/row/rack"),
        ("c", "b", "selects nothing"),
    ],
)
def test_pairs_that_mean_nothing_are_refused(loaded, source, target, said):
    with pytest.raises(UsageError, match=said.replace("[", r"\[")):
        flow(loaded(CAMPUS).topology, source, target)


def test_a_container_stands_for_the_endpoints_in_it(loaded):
    topology = loaded(CAMPUS).topology
    assert {path: found.tolist() for path, found in chosen(topology, "a/row[2]").items()} == {
        "a/row/rack": list(range(8, 16))
    }
    assert list(chosen(topology, "kind=leaf")) == ["a/row/net-leaf", "b/row/net-leaf"]


def test_half_of_the_halls_sends_the_bisection_over_planes(loaded):
    text = """twin: 1
sites: {s: {contains: {grid: {kind: utility}, 'hall[4]': {contains: {'row[2]': {contains: {
  'rack[4]': {kind: rack, load: 1 kW, power: grid}}}}}}}}
components: {small: {kind: switch, ports: 8, port_bandwidth: 100 Gbps, load: 1 kW}}
fabrics:
  net: {kind: clos, endpoints: kind=rack, lanes: 4 x 100 Gbps, switch: small, power: grid,
        tiers: {leaf: {in: row}, spine: {in: hall}, core: {in: site}}}
"""
    made = loaded(text)
    (row,) = made.run("network")["fabrics"].rows(named=True)
    halves = flow(made.topology, "s/hall[1..2]", "s/hall[3..4]")
    assert row["bisection_gbps"] == halves["max_flow_gbps"] == 32 * 400 / 2
    assert row["bisection_fraction"] == 1.0


@pytest.mark.parametrize("text", [CAMPUS, EXPLICIT], ids=["fabric", "explicit"])
def test_a_later_generation_is_not_connected_beside_the_first(loaded, text):
    again = text.replace("{use: gpu, power: grid}", "{use: gpu, power: grid, refresh: {after: 6 months}}")
    again = again.replace("lanes: 2 x 100 Gbps}}", "lanes: 2 x 100 Gbps}, refresh: {after: 6 months}}")
    assert again != text
    before, after = loaded(text).run("network"), loaded(again).run("network")
    for table in ("fabrics", "fabric_tiers", "network_flows", "checks"):
        assert after[table].equals(before[table])
