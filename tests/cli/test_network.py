"""`twin network` on a real file."""

from __future__ import annotations

import json

import pytest

from twin.cli.main import run

FILE = """twin: 1
calendar: {start: 2027-01-01, months: 12}
sites:
  s:
    contains:
      grid: {kind: utility}
      leaf[2]: {kind: leaf, ports: PORTS, port_bandwidth: 100 Gbps, load: 1 kW, power: grid}
      rack[4]: {kind: rack, load: 1 kW, power: grid, network: {to: leaf, lanes: 2 x 100 Gbps}}
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(FILE.replace("PORTS", "8"))
    return path


def test_shows_fabrics_tiers_and_flows(file, capsys):
    assert run(["network", str(file)]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("fabrics", "fabric_tiers", "s/rack", "explicit"))
    # a table without rows has no heading either
    assert "network_flows" not in out


def test_pairs_asked_for_on_the_command_line(file, capsys):
    pair = ["--from", "s/rack[1]", "--to", "s/rack[2..3]", "--from", "s/rack[1..3]", "--to", "s/rack[4]"]
    assert run(["network", str(file), *pair, "--format", "json"]) == 0
    flows = json.loads(capsys.readouterr().out)["network_flows"]
    assert [(row["source"], row["max_flow_gbps"]) for row in flows] == [("s/rack[1]", 200.0), ("s/rack[1..3]", 200.0)]


def test_they_stand_beside_those_of_the_file(file, capsys):
    file.write_text(file.read_text() + 'analyses: {network: {flows: [{from: "s/rack[4]", to: "s/rack[1]"}]}}\n')
    assert run(["network", str(file), "--from", "s/rack[1]", "--to", "s/rack[2]", "--table", "network_flows"]) == 0
    out = capsys.readouterr().out
    assert "s/rack[4]" in out
    assert "s/rack[2]" in out


def test_half_a_pair_is_refused(file, capsys):
    assert run(["network", str(file), "--from", "s/rack"]) == 2
    assert "1 --from and 0 --to" in capsys.readouterr().err


def test_too_few_ports_set_the_exit_status(file, capsys):
    file.write_text(FILE.replace("PORTS", "3"))
    assert run(["network", str(file)]) == 1
    assert "check failed: ports: s/leaf" in capsys.readouterr().err


def test_csv_gives_the_flow_that_is_asked_for(file, capsys):
    assert run(["network", str(file), "--from", "s/rack[1]", "--to", "s/rack[2]", "--format", "csv"]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.startswith("source,target")
    assert row.startswith("s/rack[1],s/rack[2],1,1,200.0")


def test_without_a_network_there_is_nothing_to_show(file, capsys):
    file.write_text(FILE.replace("PORTS", "8").replace(", network: {to: leaf, lanes: 2 x 100 Gbps}", ""))
    assert run(["network", str(file)]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "fabrics, fabric_tiers, network_flows have no rows" in shown.err


BARE = """twin: 1
calendar: {start: 2027-01-01, months: 12}
sites:
  a: {contains: {grid: {kind: utility}, 'chip[4]': {kind: accelerator, load: 1 kW, accelerators: 1, power: grid}}}
  b: {contains: {grid: {kind: utility}, 'chip[4]': {kind: accelerator, load: 1 kW, accelerators: 1, power: grid}}}
  c: {contains: {grid: {kind: utility}}}
links:
  - {between: [a, b], capacity: 400 Gbps, length: 10 km, name: dark-fibre}
  - {between: [b, c], capacity: 400 Gbps, length: 10 km}
"""


def test_links_of_bare_chips_flow_by_name_and_those_to_nobody_are_noted(file, capsys):
    file.write_text(BARE)
    assert run(["network", str(file), "--from", "a/chip", "--to", "b/chip", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(row["source"], row["max_flow_gbps"], row["cut"]) for row in found["network_flows"]] == [
        ("a", 400.0, "link dark-fibre x 1"),
        ("a/chip", 400.0, "link dark-fibre x 1"),
    ]
    (noted,) = found["checks"]
    assert (noted["check"], noted["scope"], noted["got"]) == ("link", "b - c", "nothing on the network in 'c'")
