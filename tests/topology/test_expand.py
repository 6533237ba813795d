"""The tables of a topology against a walk over every instance and every wire."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from topology.build import HERE, Builder, campus, power, value
from topology.test_instances import topologies, walk

import twin
from twin.api import Params, Power, Term
from twin.errors import RefusedError
from twin.tables import check
from twin.topology import expand, instances
from twin.topology.model import ModelEntry, Override, Supplier, Topology, Where
from twin.topology.wiring import wire

TOPOLOGIES = Path(__file__).parents[2] / "topologies"


@given(topologies())
def test_nodes_follow_the_recursion(topology: Topology) -> None:
    nodes = check("nodes", expand.nodes(topology), "expand")
    want = [(name, path) for path, every in walk(topology).items() for name, _ in every]
    assert list(zip(nodes["id"], nodes["group"], strict=True)) == want
    assert nodes["node"].to_list() == list(range(len(want)))
    number = {name: node for node, (name, _) in enumerate(want)}
    for name, parent in zip(nodes["id"], nodes["parent"], strict=True):
        assert parent == number.get(name.rpartition("/")[0])


def test_nodes_carry_their_attributes() -> None:
    rows = pl.DataFrame({"load": [10.0, 20.0, None]})
    build = Builder().add("s", None, "site", energised=[9])
    build.add("s/leaf", 2, "leaf", attributes={"capacity": value(51200.0)})
    build.add("s/ups", None, "ups", attributes={"capacity": value(2500.0)})
    rack = {"load": value(132.0), "accelerators": value(72)}
    build.add("s/rack", 3, "rack", attributes=rack, rows=rows, energised=[0, 9, 13])
    nodes = check("nodes", expand.nodes(build.done([Override("s/rack", (1,), "load", value(7.0))])), "expand")
    assert nodes["capacity_kw"].to_list() == [None, None, None, 2500.0, None, None, None]
    assert nodes["load_kw"].to_list()[4:] == [10.0, 7.0, 132.0]
    assert nodes["accelerators"].to_list() == [0, 0, 0, 0, 72, 72, 72]
    assert nodes["energised"].to_list()[4:] == [date(2028, 1, 1), date(2028, 1, 1), date(2028, 5, 1)]
    assert nodes["kind"].to_list()[2:5] == ["leaf", "ups", "rack"]


def test_groups_has_one_row_a_group() -> None:
    groups = check("groups", expand.groups(campus()), "expand")
    assert groups.row(by_predicate=pl.col("group") == "s/hall/row", named=True) == {
        "group": "s/hall/row",
        "kind": "row",
        "parent": "s/hall",
        "part": None,
        "count": 2,
        "total": 12,
    }


def test_edges_are_the_wires_one_by_one() -> None:
    topology = campus()
    edges = check("edges", expand.edges(topology), "expand")
    first = instances.offsets(topology)
    want = []
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            wiring = wire(topology, path, dependency)
            for consumer in range(group.total):
                rank, local = wiring.gate_members(wiring.gate_of([consumer]))
                want += [
                    (dependency.layer, first[wiring.pools[r].group] + n, first[path] + consumer)
                    for r, n in zip(rank[0].tolist(), local[0].tolist(), strict=True)
                ]
    assert edges.rows() == want
    assert expand.edge_count(topology) == len(want)


def test_edges_stay_inside_the_own_scope() -> None:
    topology = campus()
    nodes = expand.nodes(topology)
    edges = expand.edges(topology)
    ids = dict(zip(nodes["node"], nodes["id"], strict=True))
    wires = {(ids[supplier], ids[consumer]) for _, supplier, consumer in edges.rows()}
    assert ("s[1]/hall[2]/row[1]/a", "s[1]/hall[2]/row[1]/rack[3]") in wires
    assert ("s[2]/hall[3]/cdu[1]", "s[2]/hall[3]/row[1]/rack[1]") in wires
    assert all(consumer.startswith(supplier.rpartition("/")[0]) for supplier, consumer in wires)


def test_mixed_scopes_give_the_same_edges_by_gate_and_in_one_sweep() -> None:
    dependency = power(Supplier("s/ups", "s", pick=1), Supplier("s/row/bus", "s/row", pick=1))
    build = Builder().add("s", None, "site").add("s/ups", 3, "ups").add("s/row", 4, "row")
    build.add("s/row/bus", 2, "busway").add("s/row/rack", 5, "rack", depends=[dependency])
    edges = expand.edges(build.done())
    per_ups = edges.filter(pl.col("supplier") < 4).group_by("supplier").len()["len"]
    assert sorted(per_ups) == [6, 7, 7]


def test_too_many_edges_are_refused_with_both_numbers() -> None:
    dependency = power(Supplier("s/ups", "s"))
    build = Builder().add("s", None, "site").add("s/ups", 20_001, "ups")
    topology = build.add("s/rack", 10_000, "rack", depends=[dependency]).done()
    with pytest.raises(RefusedError, match="200,010,000 edges, and 200,000,000 is the limit"):
        expand.edges(topology)


def test_no_dependencies_no_edges() -> None:
    assert check("edges", expand.edges(Builder().add("s", None, "site").done()), "expand").height == 0


class Lease(Params):
    """Parameters of a made-up deal."""

    rent: Power = 1500.0
    fee: Power = 0.0
    term: Term | None = None
    size: Power | None = 2500.0
    steps: tuple[int, ...] = (1, 2)


def test_assumptions_name_every_value_and_where_it_came_from() -> None:
    rows = pl.DataFrame({"load": [10.0, None, 30.0]})
    build = Builder().add("s", None, "site")
    ups = value(2500.0, "2.5 MW", "catalogue", "https://maker.example")
    build.add("s/rack", 3, "rack", attributes={"load": value(132.0, "132 kW"), "capacity": ups}, rows=rows)
    entry = ModelEntry(
        "deals",
        "rent",
        "lease",
        Lease.model_validate({"rent": "2 MW", "fee": "3 kW"}),
        {"rent": "2 MW", "fee": "3 kW"},
        (),
        Where("x.yaml", 30),
        frozenset({"fee"}),
    )
    settings = {"calendar.start": value("2027-04-01", "2027-04-01"), "discount": value(0.1, "10 %/year")}
    override = Override("s/rack", (0, 1), "load", value(9.0, "9 kW", "overlay"))
    table = check(
        "assumptions",
        expand.assumptions(
            build.done([override], entries=[entry], settings=settings, overlays=["deals.rent.fee=3 kW"])
        ),
        "expand",
    )
    assert table.select("owner", "attribute", "value", "origin", "source", "note").rows() == [
        ("calendar", "start", "2027-04-01", "file", None, None),
        ("discount", "rate", "10 %/year", "file", None, None),
        ("s", "count", "1", "file", None, None),
        ("s/rack", "count", "3 in each s", "file", None, None),
        ("s/rack", "load", "132 kW", "file", None, None),
        ("s/rack", "capacity", "2.5 MW", "catalogue", "https://maker.example", None),
        ("s/rack", "derate", "100 %", "default", None, "neither the file nor a catalogue gives derate"),
        ("s/rack", "mtbf", "never fails", "default", None, "neither the file nor a catalogue gives mtbf"),
        ("s/rack", "load", "2 values by instance, 10.0 to 30.0", "file", None, "side table"),
        ("s/rack", "load", "9 kW", "overlay", None, "on 2 of 3 instances"),
        ("deals.rent", "rent", "2 MW", "file", None, None),
        ("deals.rent", "fee", "3 kW", "overlay", None, None),
        ("deals.rent", "size", "2.5 MW", "default", "model lease", None),
        ("deals.rent", "steps", "[1, 2]", "default", "model lease", None),
    ]
    assert table["place"].to_list()[4] == str(HERE)


def test_of_a_lone_site_its_number_is_all_that_is_assumed() -> None:
    table = check("assumptions", expand.assumptions(Builder().add("s", None, "site").done()), "x")
    assert table.select("owner", "attribute", "value").rows() == [("s", "count", "1")]


def test_node_numbers_are_those_of_the_arrays() -> None:
    topology = campus()
    nodes = expand.nodes(topology)
    for path, first in instances.offsets(topology).items():
        mine = nodes.filter(pl.col("group") == path)
        assert mine["node"].to_list() == list(range(first, first + topology.groups[path].total))
        some = np.array([0, topology.groups[path].total - 1])
        assert instances.ids(topology, path, some) == mine["id"].gather(some).to_list()


def test_a_group_of_parameters_is_listed_one_by_one() -> None:
    rows = twin.load(TOPOLOGIES / "chip-lease.yaml").assumptions.filter(owner="deals.chips")
    listed = {name: (value, origin) for name, value, origin in rows.select("attribute", "value", "origin").rows()}
    assert listed["support.default_probability"] == ("5 %/year", "file")
    assert listed["tranches[1].rate"] == ("5.5 %/year", "file")
    assert listed["tranches[1].supported"] == ("true", "file")
    assert listed["tranches[3].supported"] == ("false", "default")
    assert not {"support", "tranches"} & listed.keys()


def test_a_value_that_is_no_group_stands_as_the_language_writes_it() -> None:
    rows = twin.load(TOPOLOGIES / "gigawatt.yaml").assumptions
    values = {(owner, name): value for owner, name, value in rows.select("owner", "attribute", "value").rows()}
    assert values["energy.retail", "limit"].startswith("{2028-01-01: 250 MW, 2028-07-01: 450 MW")
    assert values["analyses.resilience", "durations"] == "[1 h, 4 h, 24 h]"
    assert values["energy.retail", "holidays"] == "none"
    assert values["energy.solar", "array.losses"] == "14.08 %"
    assert ("energy.solar", "array.tilt") not in values, "a default of none is no assumption"
    assert not [text for text in values.values() if "': " in text or "None" in text]


def test_an_overlay_inside_a_group_is_told_from_the_file() -> None:
    path = TOPOLOGIES / "river-bend.yaml"
    rows = twin.load(path, overlays=["deals.google-backstop.relet.downtime=6 months"]).assumptions
    said = rows.filter(owner="deals.google-backstop").select("attribute", "value", "origin").rows()
    assert ("relet.rent_share", "80 %", "file") in said
    assert ("relet.downtime", "6 months", "overlay") in said
