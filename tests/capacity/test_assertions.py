"""Assertions of the file, on structures of all instances and of representatives."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from structure.build import HERE, Plant, value

from twin.capacity import assertions
from twin.capacity.engine import evaluate
from twin.capacity.selection import Selection
from twin.structure.compile import compile_structure
from twin.structure.flow import plan
from twin.structure.snapshot import months_of_change, snapshot
from twin.structure.twins import twins
from twin.topology.model import Assertion, Topology


def check(topology: Topology, name: str, **params: Any) -> list[assertions.Check]:
    """The rows of one assertion; those of all instances and of representatives agree."""
    topology = replace(topology, assertions=(Assertion(name, params, HERE),))
    found = []
    for lifted in (False, True):
        structure = compile_structure(topology, lifted=lifted)
        prepared, sets = plan(structure), twins(structure)
        months = [
            (snapshot(structure, month, prepared), evaluate(structure, month, prepared, sets))
            for month in months_of_change(structure)
        ]
        found.append(assertions.checks(structure, months))
    full, few = found
    assert [row.ok for row in full] == [row.ok for row in few]
    assert [(row.check, row.scope, row.got) for row in full] == [(row.check, row.scope, row.got) for row in few]
    assert all(row.message.endswith("(x.yaml:7)") for row in full)
    return full


def said(topology: Topology, path: str, **texts: str) -> Topology:
    group = topology.groups[path]
    attributes = {**group.attributes, **{name: replace(value(0.0), value=text) for name, text in texts.items()}}
    return replace(topology, groups={**topology.groups, path: replace(group, attributes=attributes)})


def halls(count: int = 4, racks: int = 10, **overrides: float) -> Topology:
    """Halls of two UPS of 100 kW on one grid, and racks of 10 kW on either."""
    plant = Plant().add("s").add("s/grid", None, "utility", capacity=1000.0).add("s/hall", count, "hall")
    plant.add("s/hall/ups", 2, "ups", plant.on("power", "s/hall/ups", "s/grid"), capacity=100.0)
    depends = plant.on("power", "s/hall/rack", "s/hall/ups", redundancy="N+1")
    plant.add("s/hall/rack", racks, "rack", depends, load=10.0, accelerators=8)
    for local, load in overrides.items():
        plant.override("s/hall/rack", "load", load, int(local[1:]))
    return plant.done()


def test_utilisation_in_the_normal_and_in_the_worst_state():
    (normal,) = check(halls(), "max-utilisation", of="kind=ups", most=0.5, state="normal")
    assert normal.ok
    assert normal.got == "50 % of s/hall[1]/ups[1]"
    (worst,) = check(halls(), "max-utilisation", of="kind=ups", most=0.9, state="worst")
    assert not worst.ok
    assert (worst.got, worst.wanted) == ("100 % of s/hall[1]/ups[2]", "at most 90 %")
    assert "(s/hall[1]/ups[1] failed): enlarge it, add to its group or take 10 kW off it" in worst.message
    assert "in 2027-04" in worst.message


def test_utilisation_of_one_hall_that_another_stands_for():
    (row,) = check(halls(), "max-utilisation", of="s/hall[4]/ups", most=1.0, state="worst")
    assert row.ok
    assert row.got == "100 % of s/hall[4]/ups[2]"
    (row,) = check(halls(), "max-utilisation", of="s/hall[4]/ups[1]", most=1.0, state="worst")
    assert row.got == "100 % of s/hall[4]/ups[1]"
    assert "(one that is alike failed)" in row.message
    (row,) = check(halls(r35=20.0), "max-utilisation", of="s/hall[2..3]/ups", most=1.0, state="normal")
    assert row.got == "50 % of s/hall[2]/ups[1]"
    (row,) = check(halls(r35=20.0), "max-utilisation", of="kind=ups", most=1.0, state="normal")
    assert row.got == "55 % of s/hall[4]/ups[1]"


def test_utilisation_of_what_has_no_rating_is_not_decided():
    (row,) = check(halls(), "max-utilisation", of="kind=rack", most=1.0, state="worst")
    assert (row.ok, row.got) == (False, "not decided")


@pytest.mark.parametrize(
    ("texts", "ok", "got"),
    [
        ({"country": "us"}, True, "US"),
        ({"region": "us-la"}, True, "US"),
        ({"region": "de-fra", "country": "CA"}, True, "CA"),
        ({"region": "de-fra"}, False, "DE"),
        ({}, False, "not known"),
    ],
)
def test_residency(texts, ok, got):
    (row,) = check(said(halls(), "s", **texts), "residency", sites=("s",), countries=("US", "CA"))
    assert (row.scope, row.ok, row.got, row.wanted) == ("s", ok, got, "in US or CA")


def test_residency_of_each_site_of_a_group():
    plant = Plant().add("s", 3, "site")
    topology = said(plant.done(), "s", country="US")
    away = replace(plant.override("s", "country", 0.0, 1).overrides[0], value=replace(value(0.0), value="FR"))
    rows = check(replace(topology, overrides=(away,)), "residency", sites=("s",), countries=("US",))
    assert [(row.scope, row.ok) for row in rows] == [("s[1]", True), ("s[2]", False), ("s[3]", True)]


def tenants(*, shared: bool = False) -> Topology:
    """Two halls of one tenant each; where shared, a PDU in the first feeds the second as well."""
    plant = (
        Plant()
        .add("s")
        .add("s/grid", None, "utility", capacity=1000.0)
        .add("s/a", None, "hall")
        .add("s/b", None, "hall")
    )
    plant.add("s/a/pdu", 2, "pdu", plant.on("power", "s/a/pdu", "s/grid"), capacity=500.0)
    plant.add("s/b/pdu", 1, "pdu", plant.on("power", "s/b/pdu", "s/grid"), capacity=500.0)
    plant.add("s/a/rack", 4, "rack", plant.on("power", "s/a/rack", "s/a/pdu"), load=10.0)
    feeds = "s/a/pdu" if shared else "s/b/pdu"
    plant.add("s/b/rack", 4, "rack", plant.on("power", "s/b/rack", feeds), load=10.0)
    return said(said(plant.done(), "s/a", tenant="acme"), "s/b", tenant="beta")


def test_dedicated_tenancy_holds():
    (row,) = check(tenants(), "dedicated-tenancy", at="s/a", tenant="acme")
    assert row.ok
    assert (row.scope, row.got) == ("s/a", "acme alone")


def test_dedicated_tenancy_names_who_else_is_there():
    (row,) = check(tenants(), "dedicated-tenancy", at="s/b", tenant="acme")
    assert not row.ok
    assert row.got == "beta"
    assert "'s/b/rack[1]' is of beta" in row.message
    rows = check(tenants(), "dedicated-tenancy", at="s", tenant="acme")
    assert "'s/b/rack[1]' is of beta" in rows[0].message
    (nobody,) = check(halls(), "dedicated-tenancy", at="s/hall[3]", tenant="acme")[:1]
    assert nobody.got == "unstated"
    assert "'s/hall[3]/rack[1]' is of nobody who is named: state 'tenant'" in nobody.message


def test_dedicated_tenancy_names_a_supplier_that_others_share():
    (row,) = check(tenants(shared=True), "dedicated-tenancy", at="s/a", tenant="acme")
    assert not row.ok
    assert row.got == "shared with beta"
    assert (
        "'s/a/pdu[1]' and 1 more suppliers in 's/a' feed 's/b/rack' of beta as well: give each its own" in row.message
    )


def test_dedicated_tenancy_of_one_of_many_halls():
    topology = said(halls(), "s/hall", tenant="acme")
    stranger = Plant().override("s/hall", "tenant", 0.0, 2).overrides[0]
    topology = replace(topology, overrides=(replace(stranger, value=replace(value(0.0), value="beta")),))
    assert all(row.ok for row in check(topology, "dedicated-tenancy", at="s/hall[1..2]", tenant="acme"))
    rows = check(topology, "dedicated-tenancy", at="s/hall", tenant="acme")
    assert not any(row.ok for row in rows)
    assert "'s/hall[3]/rack[1]' is of beta" in rows[0].message


def test_operator_share_by_power_and_accelerators():
    topology = said(said(tenants(), "s/a", operator="op1"), "s/b", operator="op2")
    (row,) = check(topology, "operator-share", most=0.6, of="power")
    assert row.ok
    assert (row.got, row.wanted) == ("50 % by op1", "at most 60 % of the IT power")
    (row,) = check(topology, "operator-share", most=0.4, of="power")
    assert not row.ok
    assert "the largest share is in 2027-04: let others operate a part of what op1 does" in row.message
    (row,) = check(topology, "operator-share", most=0.4, of="accelerators")
    assert (row.ok, row.got) == (True, "0 %")


def test_the_worst_month_decides_the_share_of_an_operator():
    topology = said(said(tenants(), "s/a", operator="op1"), "s/b", operator="op2")
    late = replace(topology.groups["s/b"], energised=(3,))
    (row,) = check(replace(topology, groups={**topology.groups, "s/b": late}), "operator-share", most=0.6, of="power")
    assert (row.ok, row.got) == (False, "100 % by op1")
    assert "2027-04" in row.message


def test_an_operator_that_nobody_names_is_one_operator():
    (row,) = check(said(tenants(), "s/a", operator="op1"), "operator-share", most=0.9, of="power")
    assert row.ok
    (row,) = check(tenants(), "operator-share", most=0.9, of="power")
    assert (row.ok, row.got) == (False, "100 % by unstated")
    assert "counts as one operator: state who operates it" in row.message


def test_redundancy_of_selected_consumers():
    (row,) = check(halls(), "redundancy", of="kind=rack", layer="power", least="N+1")
    assert (row.ok, row.scope, row.got, row.wanted) == (True, "s/hall/rack", "1 may fail", "power N+1: 1 may fail")
    (row,) = check(halls(racks=12), "redundancy", of="s/hall[3]/rack", layer="power", least="N+1")
    assert not row.ok
    assert "add 1 ups or lower the load by 20 kW" in row.message
    (row,) = check(halls(), "redundancy", of="kind=ups", layer="power", least="N+1")
    assert (row.ok, row.got) == (False, "1 wired")


def test_redundancy_where_nothing_asks_for_the_layer():
    (row,) = check(halls(), "redundancy", of="kind=rack", layer="cooling", least="N+1")
    assert (row.ok, row.got) == (False, "not decided")


def test_a_selection_finds_who_stands_for_whom():
    topology = halls(r35=20.0)
    few, full = compile_structure(topology, lifted=True), compile_structure(topology)
    for local in range(4):
        stand_in = Selection(few).stand_ins("s/hall", np.array([local])).item()
        assert stand_in == (3 if local == 3 else 0)
        assert Selection(full).stand_ins("s/hall", np.array([local])).item() == local
    numbers, names = Selection(few).elements("s/hall[2]/ups[2]")
    assert names == ["s/hall[2]/ups[2]"]
    assert few.elements.local[numbers].tolist() == [1]


def test_assertions_on_containers_in_containers():
    plant = Plant().add("s").add("s/hall", 3, "hall", energised=(0, 2, 2)).add("s/hall/ups", 2, "ups", capacity=400.0)
    plant.add("s/hall/row", 4, "row")
    plant.add("s/hall/row/pdu", 2, "pdu", plant.on("power", "s/hall/row/pdu", "s/hall/ups"), capacity=100.0)
    depends = plant.on("power", "s/hall/row/rack", "s/hall/row/pdu", redundancy="2N")
    topology = plant.add("s/hall/row/rack", 8, "rack", depends, load=10.0).done()
    (row,) = check(topology, "redundancy", of="s/hall[2]/row[3]/rack", layer="power", least="2N")
    assert (row.ok, row.got) == (True, "1 may fail")
    (row,) = check(topology, "max-utilisation", of="s/hall[3]/row[2]/pdu[2]", most=0.5, state="worst")
    assert (row.ok, row.got) == (False, "80 % of s/hall[3]/row[2]/pdu[2]")
    (row,) = check(topology, "max-utilisation", of="s/**/pdu", most=0.4, state="normal")
    assert row.ok
