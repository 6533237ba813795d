"""Every figure of the capacity tables against brute force over all failure states, on random nested plants."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from capacity.limits import UNLIMITED
from hypothesis import event, given, settings
from structure.naive import Flow, Naive, failures, survivors
from structure.naive_usable import Case, Growth, binders, cases, rated, unclaimed, usable, worst_at
from structure.nested import nested
from structure.plants import nested_plants, plants

from twin.api import AnalysisInputs
from twin.capacity.analysis import CapacityParams, run
from twin.errors import RefusedError
from twin.structure.compile import compile_structure
from twin.topology import instances
from twin.topology.attributes import AIR_KINDS, COOLING_KINDS, ROLLUP_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

    import polars as pl
    from structure.naive import Node

    from twin.topology.model import Topology

CLOSE = 1e-6

MOST = 24
"""Suppliers of a plant that are tried state by state."""


def frames(topology: Topology, *, lifted: bool = True) -> dict[str, pl.DataFrame] | None:
    """What the analysis gives; None where a need that nobody declared cannot be derived."""
    full = compile_structure(topology)
    reduced = compile_structure(topology, lifted=True) if lifted else full
    try:
        return run(
            AnalysisInputs(
                UNLIMITED, SimpleNamespace(topology=topology, structure=full, lifted=reduced), 0, CapacityParams()
            )
        )
    except RefusedError as error:
        event(f"refused: {error}"[:60])
        return None


def node_id(topology: Topology, node: Node) -> str:
    return instances.ids(topology, node[0], [node[1]])[0]


def close(value: float | None) -> Any:
    return None if value is None else pytest.approx(value, rel=CLOSE, abs=CLOSE)


def finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


class Truth:
    """One month of a plant, worked out by trying everything."""

    def __init__(self, topology: Topology, month: int) -> None:
        self.topology, self.plant = topology, Naive(topology, month)
        self.cases: list[Case] = cases(self.plant)
        self.base = Flow(self.plant, self.plant.connected(set()))
        self.unclaimed = unclaimed(self.plant)
        self.ids = {node: node_id(topology, node) for node in self.plant.nodes}
        self.nodes = {text: node for node, text in self.ids.items()}

    def inside(self, scope: str) -> Callable[[Node], bool]:
        """Whether a node is in a scope; all are in `""`."""
        return lambda node: self.ids[node].startswith(scope + "/" if scope else "")

    def racks(self, scope: str) -> list[Node]:
        plant = self.plant
        return [n for n in plant.nodes if plant.is_load(n) and plant.on[n] and self.inside(scope)(n)]

    def supplier(self, node: Node) -> dict[str, Any]:
        """The row of one supplier, as far as it is its own."""
        plant, load = self.plant, self.base.of(node)
        rating, derated = plant.figure(node, "capacity", math.inf), plant.derated(node)
        worst = max(case.now[node] for case in self.cases)
        drawn = self.base.draw(node)
        limited = math.isfinite(rating)
        return {
            "rating_kw": finite(rating),
            "derated_kw": finite(derated),
            "oversubscription_ratio": plant.figure(node, "oversubscription", 1.0),
            "load_kw": load,
            "input_kw": drawn,
            "loss_kw": drawn if plant.kind(node) in COOLING_KINDS else drawn - load,
            "worst_load_kw": worst,
            "headroom_kw": derated - worst if limited else None,
            "utilisation_fraction": load / derated if limited else None,
            "worst_utilisation_fraction": worst / derated if limited else None,
        }


def changes(topology: Topology) -> list[int]:
    """The first month, and those in which something begins or ends."""
    plant = Naive(topology, 0)
    states = [[Naive(topology, month).on[node] for node in plant.nodes] for month in range(4)]
    return [month for month in range(4) if month == 0 or states[month] != states[month - 1]]


def month_number(topology: Topology, first: date) -> int:
    start = topology.calendar.start
    return (first.year - start.year) * 12 + first.month - start.month


def in_table(truth: Truth) -> list[Node]:
    """Suppliers in service: what somebody is wired to, or what has a rating."""
    plant = truth.plant
    return [n for n in rated(plant) if n in truth.base.live and (plant.feeds.get(n) or plant.derated(n) < math.inf)]


def agree_on_suppliers(truth: Truth, rows: list[dict[str, Any]]) -> None:
    """Each row stands for as many nodes as it says, all with its figures, and together for all there are."""
    shown = in_table(truth)
    site = [truth.supplier(node) | {"group": node[0], "node": truth.ids[node]} for node in shown]
    for row in rows:
        want = {name: close(value) if isinstance(value, float) else value for name, value in row.items()}
        names = [name for name in site[0] if name != "node"]
        alike = [each for each in site if all(each[name] == want[name] for name in names)]
        beside = [each for each in site if each["group"] == row["group"]]
        assert any(each["node"] == row["node"] for each in alike), (row, beside)
        assert len(alike) >= row["count"], (row, site)
    assert sum(row["count"] for row in rows) == len(shown)
    listed = {group: sum(row["count"] for row in rows if row["group"] == group) for group in {n[0] for n in shown}}
    assert listed == {group: sum(n[0] == group for n in shown) for group in listed}


def resource(plant: Naive, node: Node) -> str:
    kind = plant.kind(node)
    return "power" if kind not in COOLING_KINDS else "air_cooling" if kind in AIR_KINDS else "liquid_cooling"


def agree_on_scope(truth: Truth, row: dict[str, Any]) -> None:
    plant, inside = truth.plant, truth.inside(row["scope"])
    racks = truth.racks(row["scope"])
    demand = sum(plant.figure(n, "load", 0.0) * plant.figure(n, "provisioned", 1.0) for n in racks)
    assert row["racks"] == len(racks)
    assert row["accelerators"] == 4 * len(racks)
    assert row["nameplate_kw"] == close(sum(plant.figure(n, "load", 0.0) for n in racks))
    assert row["demand_kw"] == close(demand)
    if not racks:
        assert row["usable_kw"] == 0
        return
    factor = usable(plant, truth.cases, inside)
    lacking = [n for n in racks if n in truth.unclaimed]
    if lacking:
        left = demand - sum(plant.figure(n, "load", 0.0) * plant.figure(n, "provisioned", 1.0) for n in lacking)
        assert row["usable_kw"] == close(min(factor, 1.0) * left)
        assert " in service" in row["binding_state"]
        return
    if math.isinf(factor):
        assert [row[name] for name in ("usable_kw", "binding_node", "usable_racks")] == [None] * 3
        return
    assert row["usable_kw"] == close(factor * demand)
    assert row["headroom_kw"] == close(factor * demand - demand)
    assert len(racks) * factor * (1 - CLOSE) - 1 <= row["usable_racks"] <= len(racks) * factor * (1 + CLOSE)
    assert row["usable_accelerators"] == 4 * row["usable_racks"]
    found = binders(plant, truth.cases, inside, factor)
    node = truth.nodes[row["binding_node"]]
    assert node in found, (row, found)
    assert row["binding_resource"] == resource(plant, node)
    assert " more failed" in row["binding_state"] or any(
        failed_in(truth, row["binding_state"]) in found[other] for other in found if other[0] == node[0]
    ), (row, found)
    second = usable(plant, truth.cases, inside, skip=node[0])
    assert row["runner_up_usable_kw"] == close(finite(second * demand))
    if row["runner_up_node"] is not None:
        assert truth.nodes[row["runner_up_node"]][0] != node[0]
        assert row["runner_up_resource"] == resource(plant, truth.nodes[row["runner_up_node"]])


def failed_in(truth: Truth, state: str) -> frozenset[Node]:
    """What a state names."""
    if state == "all in service":
        return frozenset()
    return frozenset(truth.nodes[text] for text in state.removesuffix(" failed").split(", "))


def unpromised(plant: Naive, found: Iterable[set[Node]]) -> list[Case]:
    """States as cases, whether or not anybody was promised to survive them."""
    rule = survivors(plant.connected(set()))
    return [Case(frozenset(failed), plant.alive(failed, rule), set(), {}) for failed in found]


def behind(plant: Naive) -> tuple[set[Node], list[set[Node]]]:
    """Who comes after others in a `share: primary` of power, and the states in which all before them are out."""
    later, found = set(), []
    base = plant.connected(set())
    for gate in (gate for gate in plant.consumers if gate.primary and gate.resource == "power"):
        ranks = sorted({rank for rank, _ in gate.members})
        later |= {member for rank, member in gate.members if rank > ranks[0]}
        found += [{node for r, node in gate.members if r < rank and node in base} for rank in ranks[1:]]
    return later, [lost for lost in found if lost]


def also_held(
    truth: Truth, inside: Callable[[Node], bool], factor: float, normal: dict[Node, float], worst: dict[Node, float]
) -> tuple[dict[Node, float], dict[Node, float]]:
    """What each carries at most in single failures that the site survives unasked, and also as standby."""
    plant = truth.plant
    singles = [lost for lost in failures(plant, plant.connected(set())) if len(lost) == 1]
    flows = [Growth(plant, case, inside, capped=False).flow(factor * (1 - 1e-8)) for case in unpromised(plant, singles)]
    mine = [node for node in rated(plant) if inside(node)]
    survived = [
        flow
        for flow in flows
        if all(flow.of(node) <= max(plant.derated(node), normal[node]) * (1 + 1e-9) for node in mine)
    ]
    later, states = behind(plant)
    without = [
        Growth(plant, case, inside, capped=False).flow(factor * (1 - 1e-8)) for case in unpromised(plant, states)
    ]
    single, stands = dict(worst), dict(worst)
    for node in mine:
        most = max([worst[node], *(flow.of(node) for flow in survived)])
        if node in later and normal[node] <= 1e-6:
            alone = max((min(flow.of(node), plant.derated(node)) for flow in without), default=0.0)
            stands[node] = max(most, alone)
        else:
            single[node] = stands[node] = most
    return single, stands


def agree_on_stranded(truth: Truth, site: str, rows: list[dict[str, Any]], where: list[dict[str, Any]]) -> None:
    """What is left in the worst state when a whole site has grown to what it can carry."""
    inside = truth.inside(site)
    factor = usable(truth.plant, truth.cases, inside) if truth.racks(site) else math.inf
    if math.isinf(factor):
        return
    if any(node in truth.unclaimed for node in truth.racks(site)):
        factor = 1.0
    worst = worst_at(truth.plant, truth.cases, inside, factor)
    normal = worst_at(truth.plant, truth.cases[:1], inside, factor)
    single, stands = also_held(truth, inside, factor, normal, worst)
    for row in (row for row in where if f"{row['scope']}/".startswith(f"{site}/")):
        nodes = [n for n in worst if n[0] == row["group"] and n in truth.base.live and truth.inside(row["scope"])(n)]
        derated = sum(truth.plant.derated(node) for node in nodes)
        if math.isfinite(derated):
            want = {
                "count": len(nodes),
                "derated_kw": derated,
                "load_kw": sum(truth.base.of(node) for node in nodes),
                "growth_kw": sum(normal[node] - truth.base.of(node) for node in nodes),
                "reserve_kw": sum(worst[node] - normal[node] for node in nodes),
                "spare_kw": sum(single[node] - worst[node] for node in nodes),
                "standby_kw": sum(stands[node] - single[node] for node in nodes),
                "stranded_kw": derated - sum(stands[node] for node in nodes),
            }
            assert {name: row[name] for name in want} == pytest.approx(want, abs=CLOSE * (20 + derated)), row
    for row in rows:
        if row["derated_kw"] is not None and inside(truth.nodes[row["node"]]):
            left = row["derated_kw"] - stands[truth.nodes[row["node"]]]
            assert row["stranded_kw"] == pytest.approx(left, abs=CLOSE * (20 + row["derated_kw"])), row


def balance(truth: Truth, rows: list[dict[str, Any]]) -> None:
    """What the sources give is what all loads draw and what the rest turns into heat."""
    plant = truth.plant
    first = {row["node"]: truth.nodes[row["node"]] for row in rows}
    fed = {name for name, node in first.items() if any(g.resource == "power" for g in plant.inputs.get(node, []))}
    given = sum(row["count"] * row["load_kw"] for row in rows if row["node"] not in fed and row["resource"] == "power")
    lost = sum(row["count"] * row["loss_kw"] for row in rows if row["node"] in fed)
    racks = [node for node in truth.racks("") if node in truth.base.live]
    drawn = sum(plant.figure(n, "load", 0.0) * plant.figure(n, "provisioned", 1.0) for n in racks)
    # a pump that is wired to nobody has no row and runs all the same
    idle = sum(truth.base.draw(n) for n in set(rated(plant)) & truth.base.live - set(in_table(truth)))
    assert given == close(drawn + lost + idle)


def agree(topology: Topology, *, lifted: bool) -> None:
    found = frames(topology, lifted=lifted)
    if found is None:
        return
    months = [month_number(topology, day) for day in found["site_capacity"]["month"].unique(maintain_order=True)]
    assert months == changes(topology)
    kinds = {path: group for path, group in topology.groups.items() if group.kind in ROLLUP_KINDS}
    scopes = {text for path, group in kinds.items() for text in instances.ids(topology, path, range(group.total))}
    for month in months:
        truth, day = Truth(topology, month), topology.calendar.date(month)
        rows = found["capacity"].filter(month=day).rows(named=True)
        agree_on_suppliers(truth, rows)
        balance(truth, rows)
        sites = found["site_capacity"].filter(month=day).rows(named=True)
        assert sorted(row["scope"] for row in sites) == sorted(scopes)
        for row in sites:
            agree_on_scope(truth, row)
        where = found["stranded"].filter(month=day).rows(named=True)
        for site in (row["scope"] for row in sites if row["kind"] == "site"):
            agree_on_stranded(truth, site, rows, where)


@settings(max_examples=30, deadline=None)
@given(nested_plants())
def test_every_figure_is_that_of_trying_all_states(topology):
    agree(topology, lifted=True)


@settings(max_examples=30, deadline=None)
@given(plants())
def test_every_figure_of_plants_with_air_and_liquid(topology):
    agree(topology, lifted=True)


def few(topology: Topology) -> bool:
    """Whether there are suppliers few enough to try all states."""
    return sum(g.total for g in topology.groups.values() if not g.container and g.kind != "rack") <= MOST


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(nested_plants() | nested(most=2).filter(few))
def test_every_figure_is_that_of_trying_all_states_of_many_plants(topology):
    agree(topology, lifted=True)
    agree(topology, lifted=False)
