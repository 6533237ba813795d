"""`fabrics:` as groups, wires, loads of the racks that hold the switches, and what is refused."""

from __future__ import annotations

import pytest
from topology.fakes import load, refused

from twin.topology import expand

CAMPUS = """twin: 1
name: campus
calendar: {start: 2027-01-01, months: 12}
components:
  q3400: {kind: switch, ports: 144, port_bandwidth: 800 Gbps, load: 7 kW, mass: 60 kg, space: 4 U}
  optic: {kind: optic, load: 16 W}
  gpu: {kind: rack, load: 132 kW, accelerators: 72, scaleout_bandwidth: 400 Gbps}
sites:
  s:
    contains:
      grid: {kind: utility}
      hall[2]:
        contains:
          net-rack[4]: {kind: rack, power: grid}
          row[4]:
            contains:
              rack[16]: {use: gpu, power: grid}
fabrics:
  backend:
    kind: clos
    endpoints: s/hall/row/rack
    switch: q3400
    optic: optic
    held_by: s/hall/net-rack
    tiers:
      leaf: {in: row, rails: 4}
      spine: {in: hall, oversubscription: 2}
      core: {in: site}
"""


def test_a_fabric_is_groups_of_switches_wired_like_any_others(tmp_path):
    topology = load(tmp_path, CAMPUS)
    found = {
        path: (group.count, group.total, group.kind) for path, group in topology.groups.items() if "backend" in path
    }
    assert found == {
        "s/hall/row/backend-leaf": (8, 64, "leaf"),
        "s/hall/backend-spine": (24, 48, "spine"),
        "s/backend-core": (16, 16, "core"),
    }
    wired = {
        path: (one.lanes, one.lane_gbps, one.need, one.suppliers[0].group)
        for path, group in topology.groups.items()
        for one in group.dependencies
        if one.layer == "network"
    }
    assert wired == {
        "s/hall/row/rack": (72, 400.0, None, "s/hall/row/backend-leaf"),
        "s/hall/row/backend-leaf": (72, 800.0, 1, "s/hall/backend-spine"),
        "s/hall/backend-spine": (48, 800.0, 1, "s/backend-core"),
    }
    edges = expand.edges(topology).filter(layer="network")
    assert edges.height == 128 * 8 + 64 * 24 + 48 * 16
    (fabric,) = topology.fabrics
    assert [(one.name, one.ports_down, one.ports_up, one.down_gbps / (one.up_gbps or 1)) for one in fabric.tiers] == [
        ("leaf", 72, 72, 1.0),
        ("spine", 96, 48, 2.0),
        ("core", 144, 0, 115_200.0),
    ]


def test_racks_that_hold_switches_draw_what_these_draw(tmp_path):
    topology = load(tmp_path, CAMPUS)
    rack = topology.groups["s/hall/net-rack"]
    one = 7 + 144 * 0.016
    assert rack.attributes["load"].value == pytest.approx(128 * one / 8)
    assert rack.attributes["load"].origin == "derived"
    assert "fabric backend" in rack.attributes["load"].note
    assert sum(held.count for held in rack.holds if held.part == "q3400") == 16.0
    assert sum(held.count for held in rack.holds if held.part == "optic") == 16 * 144
    assert topology.groups["s/hall/row/backend-leaf"].attributes["load"].value == 0.0
    assert topology.groups["s/hall/row/rack"].attributes["load"].value == 132.0


def test_a_load_that_the_rack_states_is_added_to(tmp_path):
    text = CAMPUS.replace(
        "net-rack[4]: {kind: rack, power: grid}", "net-rack[4]: {kind: rack, load: 10 kW, power: grid}"
    )
    load_kw = load(tmp_path, text).groups["s/hall/net-rack"].attributes["load"]
    assert load_kw.value == pytest.approx(10 + 128 * (7 + 144 * 0.016) / 8)
    assert load_kw.note.startswith("10 kW + ")


def test_switches_with_power_of_their_own_draw_it_themselves(tmp_path):
    text = CAMPUS.replace("held_by: s/hall/net-rack", "power: grid").replace(
        "net-rack[4]: {kind: rack, power: grid}", "x: {kind: load}"
    )
    groups = load(tmp_path, text).groups
    leaf = groups["s/hall/row/backend-leaf"]
    assert leaf.attributes["load"].value == pytest.approx(7 + 144 * 0.016)
    assert [one.layer for one in leaf.dependencies] == ["power", "network"]


def test_need_of_a_tier_is_what_those_below_need(tmp_path):
    text = CAMPUS.replace("rails: 4}", "rails: 4, need: 7}").replace(
        "oversubscription: 2}", "oversubscription: 2, need: 3}"
    )
    groups = load(tmp_path, text).groups
    needs = [groups[path].dependencies[-1].need for path in ("s/hall/row/rack", "s/hall/row/backend-leaf")]
    assert needs == [7, 3]


def test_a_later_generation_takes_the_places_of_the_first(tmp_path):
    text = CAMPUS.replace("{use: gpu, power: grid}", "{use: gpu, power: grid, refresh: {date: 2027-06-01}}")
    groups = load(tmp_path, text).groups
    assert groups["s/hall/row/backend-leaf"].count == 8
    for name in ("rack", "rack-2"):
        (wire,) = (one for one in groups[f"s/hall/row/{name}"].dependencies if one.layer == "network")
        assert (wire.lanes, wire.suppliers[0].group) == (72, "s/hall/row/backend-leaf")


PLANES = """twin: 1
sites:
  s:
    contains:
      grid: {kind: utility}
      hall[4]:
        contains:
          row[2]:
            contains:
              rack[4]: {kind: rack, load: 1 kW, power: grid}
components:
  small: {kind: switch, ports: 8, port_bandwidth: 100 Gbps, load: 1 kW}
fabrics:
  net:
    kind: clos
    endpoints: kind=rack
    lanes: 4 x 100 Gbps
    switch: small
    power: grid
    tiers: {leaf: {in: row}, spine: {in: hall}, core: {in: site}}
"""


def test_planes_reach_every_switch_equally_often(tmp_path):
    topology = load(tmp_path, PLANES)
    groups = topology.groups
    assert [groups[f"s/{path}"].count for path in ("hall/row/net-leaf", "hall/net-spine", "net-core")] == [4, 8, 16]
    (up,) = (one for one in groups["s/hall/net-spine"].dependencies if one.layer == "network")
    assert (up.lanes, up.pick, up.planes) == (4, 4, 4)
    edges, nodes = expand.edges(topology).filter(layer="network"), expand.nodes(topology)
    cores = nodes.filter(group="s/net-core")["node"].to_list()
    each = edges.filter(edges["supplier"].is_in(cores))["supplier"].value_counts()["count"].to_list()
    assert each == [8] * 16


POD = """twin: 1
sites:
  s:
    contains:
      grid: {kind: utility}
      tray[64]: {kind: server, load: 1 kW, accelerators: 4, scaleup_bandwidth: 400 GB/s, power: grid}
fabrics:
  ici: {kind: torus, endpoints: s/tray, shape: 16 x 16}
"""


def test_a_torus_has_its_link_rate_from_the_chip(tmp_path):
    (fabric,) = load(tmp_path, POD).fabrics
    assert (fabric.shape, fabric.link_gbps, fabric.tiers) == ((16, 16), 400.0, ())
    (stated,) = load(tmp_path, POD.replace("16 x 16", "16 x 16, link: 200 Gbps")).fabrics
    assert stated.link_gbps == 200.0


BROKEN = {
    "not a kind": (CAMPUS, "kind: clos", "kind: clso", "fabrics.backend.kind"),
    "a misspelt key": (CAMPUS, "optic: optic\n", "optics: optic\n", "has no key 'optics'"),
    "no tiers": (POD, "kind: torus", "kind: clos", "the key 'tiers' is missing"),
    "a shape for a clos": (CAMPUS, "switch: q3400", "switch: q3400\n    shape: 4 x 4", "a clos has no 'shape'"),
    "a switch for a torus": (POD, "shape: 16 x 16", "shape: 16 x 16, switch: x", "a torus has no 'switch'"),
    "endpoints that are not there": (CAMPUS, "s/hall/row/rack\n", "s/hall/row/rak\n", "selects nothing"),
    "some of the endpoints": (CAMPUS, "s/hall/row/rack\n", "'s/hall/row/rack[1..3]'\n", "joins whole groups"),
    "only containers": (CAMPUS, "s/hall/row/rack\n", "s/hall/row\n", "only containers are named"),
    "an unknown switch": (CAMPUS, "switch: q3400", "switch: q3401", "no component and no catalogue part 'q3401'"),
    "a switch without ports": (CAMPUS, "ports: 144, ", "", "nobody gives 'ports' of 'q3400'"),
    "a switch without a load": (CAMPUS, "load: 7 kW, ", "", "nobody gives 'load' of 'q3400'"),
    "a switch that is a rack": (CAMPUS, "q3400: {kind: switch", "q3400: {kind: rack", "'q3400' is no switch"),
    "no switch": (CAMPUS, "    switch: q3400\n", "", "nobody says which switch"),
    "a container elsewhere": (CAMPUS, "{in: row, rails: 4}", "{in: pod}", "'pod' is no container around"),
    "tiers inward": (CAMPUS, "{in: site}", "{in: row}", "does not contain the tier before it"),
    "uplinks of the last tier": (CAMPUS, "{in: site}", "{in: site, oversubscription: 2}", "has no uplinks"),
    "no oversubscription": (CAMPUS, "oversubscription: 2", "oversubscription: 0", "not above zero"),
    "too many lanes": (CAMPUS, "rails: 4", "rails: 80", "has 72 links to spread over them"),
    "need beyond the switches": (CAMPUS, "rails: 4}", "rails: 4, need: 9}", "more than there is"),
    "holders that are not there": (CAMPUS, "held_by: s/hall/net-rack", "held_by: s/net", "selects nothing"),
    "holders that hold nothing": (CAMPUS, "held_by: s/hall/net-rack", "held_by: s/grid", "no rack that it names"),
    "nobody holds or feeds": (CAMPUS, "    held_by: s/hall/net-rack\n", "", "where the leaf switches of 'backend' are"),
    "counted twice": (CAMPUS, "optic: optic\n", "optic: optic\n    power: grid\n", "'held_by' beside 'power'"),
    "lanes that are none": (CAMPUS, "switch: q3400", "switch: q3400\n    lanes: many", "fabrics.backend.lanes"),
    "no lanes": (CAMPUS, ", scaleout_bandwidth: 400 Gbps", "", "nobody gives the lanes"),
    "lanes faster than ports": (
        CAMPUS,
        "switch: q3400",
        "switch: q3400\n    lanes: 8 x 1600 Gbps",
        "faster than a port",
    ),
    "a network beside it": (
        CAMPUS,
        "{use: gpu, power: grid}",
        "{use: gpu, power: grid, network: sw}",
        "has a 'network:'",
    ),
    "a name that is taken": (
        CAMPUS,
        "grid: {kind",
        "backend-core: {kind: core}\n      grid: {kind",
        "there is a group 's/backend-core'",
    ),
    "chips that fill no pod": (POD, "tray[64]", "tray[60]", "do not fill pods of 256"),
    "not a shape": (POD, "16 x 16", "16 by 16", "not a shape"),
    "one chip": (POD, "16 x 16", "1 x 1", "one chip is no fabric"),
    "no chips": (POD, "accelerators: 4, ", "", "how many chips one has"),
    "no rate of a link": (POD, "scaleup_bandwidth: 400 GB/s, ", "", "nobody gives the rate of a link"),
    "a link of no rate": (POD, "16 x 16", "16 x 16, link: 0 Gbps", "not above zero"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_wrong_is_said_with_its_line(tmp_path, name):
    text, old, new, said = BROKEN[name]
    assert text.count(old) == 1
    found = refused(tmp_path, text.replace(old, new))
    assert found is not None
    assert any(said in line for line in found), found
    assert all(":" in line and line.split(":")[1].isdigit() for line in found)
