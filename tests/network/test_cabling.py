"""Ports, cables and optics: by hand, and against the wires of each instance one by one."""

from __future__ import annotations

from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import twin
from twin.network.cabling import cables, ports_down
from twin.network.graph import uplink
from twin.network.tiers import networks
from twin.topology.wiring import wire


@pytest.fixture
def loaded(tmp_path):
    def load(text):
        path = tmp_path / "x.yaml"
        path.write_text(text)
        return twin.load(path)

    return load


DEALT = """twin: 1
sites:
  s:
    contains:
      grid: {kind: utility}
      leaf[2]: {kind: leaf, ports: 5, port_bandwidth: 100 Gbps}
      rack[3]: {kind: rack, load: 10 kW, power: grid, network: {to: leaf, pick: 1, lanes: 3 x 100 Gbps}}
"""


def test_the_fullest_switch_of_a_group_is_checked(loaded):
    results = loaded(DEALT).run("network")
    (tier,) = results["fabric_tiers"].rows(named=True)
    # racks 1 and 3 are dealt to leaf 1
    assert (tier["ports_down"], tier["ports_free"], tier["down_gbps"]) == (6, -1, 450.0)
    (check,) = results["checks"].rows(named=True)
    assert not check["ok"]
    assert check["message"].startswith("1 ports too few on 's/leaf[1]'; add switches to 's/leaf'")
    (fabric,) = results["fabrics"].rows(named=True)
    assert fabric["cables"] == 9


def test_the_switch_with_the_fewest_ports_of_its_own_is_checked(loaded, tmp_path):
    (tmp_path / "leaves.csv").write_text("ports\n8\n2\n")
    results = loaded(DEALT.replace("leaf[2]: {kind: leaf, ports: 5,", "leaf: {kind: leaf, rows: leaves.csv,")).run(
        "network"
    )
    (tier,) = results["fabric_tiers"].rows(named=True)
    assert (tier["ports"], tier["ports_down"], tier["ports_free"]) == (2, 3, -1)
    assert "on 's/leaf[2]'" in results["checks"]["message"][0]


MIXED = """twin: 1
components:
  sw400: {kind: switch, ports: 32, port_bandwidth: 400 Gbps, load: 1 kW, price: $1000}
  sw800: {kind: switch, ports: 64, port_bandwidth: 800 Gbps, load: 1 kW, price: $1000}
  module: {kind: optic, load: 16 W, price: $500}
sites:
  s: {contains: {grid: {kind: utility}, hall: {contains: {'row[4]': {contains: {
    'rack[8]': {kind: rack, load: 10 kW, accelerators: 8, power: grid}}}}}}}
fabrics:
  f:
    kind: clos
    endpoints: s/hall/row/rack
    lanes: 8 x 200 Gbps
    optic: module
    power: grid
    tiers: {leaf: {in: row, switch: sw400}, spine: {in: hall, switch: sw800}}
"""


def test_a_module_is_in_every_port_where_ports_differ_in_rate(loaded):
    results = loaded(MIXED).run("network")
    (row,) = results["fabrics"].rows(named=True)
    # 8 leaves, 16 ports down and 16 up; 64 ports of one spine, each with two uplinks
    endpoint, up, spine = 8 * 16, 8 * 16, 64
    assert row["optics"] == 2 * endpoint + up + spine == 448
    assert row["cables"] == endpoint + up
    assert row["price_usd"] == 9 * 1000 + 448 * 500
    assert row["power_kw"] == pytest.approx(9 + (448 - endpoint) * 0.016)


def _lanes_to(topology, consumer, supplier):
    """Lanes to each instance of a supplier, one wire after the other."""
    dependency = uplink(topology, consumer)
    wiring = wire(topology, consumer, dependency)
    found = [0.0] * topology.groups[supplier].total
    for local in range(wiring.total):
        ranks, numbers = wiring.gate_members(wiring.gate_of([local]))
        for rank, number in zip(ranks[0].tolist(), numbers[0].tolist(), strict=True):
            if wiring.pools[rank].group == supplier:
                found[number] += dependency.lanes / wiring.k
    return found


def _ports_of(lanes, lane, port):
    return ceil(lanes / floor(port / lane) - 1e-9) if port >= lane else ceil(lanes * ceil(lane / port) - 1e-9)


@given(
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3)),
    st.sampled_from([None, 1, 2]),
    st.tuples(st.integers(1, 8), st.sampled_from([100, 200, 400])),
    st.tuples(st.integers(1, 8), st.sampled_from([100, 200, 400])),
    st.tuples(st.sampled_from([200, 400, 800]), st.sampled_from([200, 400, 800])),
)
@settings(max_examples=40, deadline=None)
def test_ports_and_cables_are_those_of_each_wire(tmp_path_factory, counts, pick, down, up, ports):
    (rows, leaves, racks, spines), (leaf, spine) = counts, ports
    dealt = "" if pick is None or pick > leaves else f"pick: {pick}, "
    text = f"""twin: 1
sites:
  s:
    contains:
      grid: {{kind: utility}}
      spine[{spines}]: {{kind: spine, ports: 64, port_bandwidth: {spine} Gbps}}
      row[{rows}]:
        contains:
          leaf[{leaves}]: {{kind: leaf, port_bandwidth: {leaf} Gbps,
                            network: {{to: spine, pick: 1, lanes: {up[0]} x {up[1]} Gbps}}}}
          rack[{racks}]: {{kind: rack, load: 1 kW, power: grid,
                           network: {{to: leaf, {dealt}lanes: {down[0]} x {down[1]} Gbps}}}}
"""
    path = tmp_path_factory.mktemp("cabling") / "x.yaml"
    path.write_text(text)
    topology = twin.load(path).topology
    at_leaf = [_ports_of(lanes, down[1], leaf) for lanes in _lanes_to(topology, "s/row/rack", "s/row/leaf")]
    at_spine = [_ports_of(lanes, up[1], spine) for lanes in _lanes_to(topology, "s/row/leaf", "s/spine")]
    for consumer, supplier, wanted in (("s/row/rack", "s/row/leaf", at_leaf), ("s/row/leaf", "s/spine", at_spine)):
        found = ports_down(topology, consumer, uplink(topology, consumer), supplier).tolist()
        assert found * (len(wanted) // len(found)) == wanted
    (network,) = networks(topology)
    own = rows * leaves * _ports_of(up[0], up[1], leaf)
    count, modules = cables(topology, network.fabric)
    assert count == sum(at_leaf) + max(own, sum(at_spine))
    assert modules == 2 * sum(at_leaf) + own + sum(at_spine)
    (tier,) = (one for one in network.fabric.tiers if one.group == "s/spine")
    assert tier.ports_down == max(at_spine)
