"""Snapshots: who is in service, what flows, and thresholds against trying every loss."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant, block, value
from structure.naive import SLACK, Flow, Gate, Naive, Node
from structure.plants import lean_plants, plants

from twin.errors import RefusedError
from twin.structure.compile import compile_structure
from twin.structure.snapshot import months_of_change, snapshot


def carries(oracle: Naive, base: set[Node], now: Flow, gate: Gate, live: set[Node]) -> bool:
    """Whether, when a gate's other members have failed and all else is in service, its live ones carry the load.

    No live member is overloaded while all consumers draw as now, and nothing upstream of one is over its
    rating and carries more than now.
    """
    lost = {member for _, member in gate.members} - live
    state = Flow(oracle, base - lost)
    state.known_gate = {other: now.gate(other) for other in oracle.consumers}
    if any(state.of(member) > oracle.derated(member) * (1 + SLACK) for member in live):
        return False
    state = Flow(oracle, base - lost)
    return not any(
        state.of(node) > max(oracle.derated(node), now.of(node)) * (1 + SLACK)
        for node in above(oracle, base, live) - lost
        if gate.resource != "network"
    )


def above(oracle: Naive, base: set[Node], nodes: set[Node]) -> set[Node]:
    """All that some elements are fed by."""
    gates = [gate for node in nodes for gate in oracle.inputs.get(node, []) if gate.resource != "network"]
    found = {member for gate in gates for _, member in gate.members if member in base}
    return found | above(oracle, base, found) if found else found


def left(oracle: Naive, base: set[Node], now: Flow, lost: set[Node]) -> set[Node]:
    """Who is left when what is overloaded by a loss trips, one supplier after the other."""
    state = Flow(oracle, base - lost)
    state.known_gate = {gate: now.gate(gate) for gate in oracle.consumers}
    for node in sorted(base - lost):
        if not oracle.is_load(node) and state.of(node) > max(oracle.derated(node), now.of(node)) * (1 + SLACK):
            return left(oracle, base, now, lost | {node})
    return base - lost


def pool_of(oracle: Naive, base: set[Node], now: Flow, gate: Gate) -> set[Node]:
    """The suppliers that a gate shares with others, and those that these share, and so on."""
    found = {member for _, member in gate.members if member in base}
    while True:
        more = {
            member
            for other in oracle.consumers
            if now.gate(other) > 0 and any(member in found for _, member in other.members)
            for _, member in other.members
            if member in base
        }
        if more <= found:
            return found
        found |= more


def ways(members: list[Node]) -> list[set[Node]]:
    return [set(kept) for size in range(1, len(members) + 1) for kept in combinations(members, size)]


NAMES = ["power", "liquid", "air", "network"]


def side_by_side(topology, month):
    """The compiled structure beside the oracle, with what says which of its nodes and gates are the same."""
    structure, oracle = compile_structure(topology), Naive(topology, month)
    base = oracle.connected(set())
    elements = structure.elements
    nodes = [(structure.groups[g], int(n)) for g, n in zip(elements.group, elements.local, strict=True)]
    by_key = {(gate.resource, frozenset(gate.members), gate.primary): gate for gate in oracle.consumers}
    return structure, oracle, base, Flow(oracle, base), nodes, by_key


CURVE = {"efficiency_25": 0.7, "efficiency_50": 0.85, "efficiency_75": 0.9, "efficiency_100": 0.8}


def bent(topology):
    """The same plant with losses that do not go with the load: squared in transformers, by a curve in UPS."""
    groups = {}
    for path, group in topology.groups.items():
        figures = {"ups": CURVE, "transformer": {"no_load_loss": 2.0, "load_loss": 20.0}}.get(group.kind, {})
        more = {name: value(number) for name, number in figures.items()} if "capacity" in group.attributes else {}
        groups[path] = replace(group, attributes={**group.attributes, **more})
    return replace(topology, groups=groups)


@settings(max_examples=250, deadline=None)
@given(plants(declare=False) | lean_plants() | lean_plants().map(bent), st.sampled_from([0, 1]))
def test_thresholds_are_those_of_trying_every_loss(topology, month):
    structure, oracle, base, now, nodes, by_key = side_by_side(topology, month)
    refused = ""
    try:
        month_now = snapshot(structure, month)
    except RefusedError as error:
        refused = str(error)
    if refused:
        ratings = [{oracle.derated(m) for _, m in gate.members if m in base} for gate in oracle.consumers]
        assert "shares them with suppliers further down" in refused or max(map(len, ratings)) > 1
        return
    gates = structure.gates
    for number in range(len(gates)):
        members = [nodes[e] for e in gates.members.row(number)]
        span = slice(gates.members.start[number], gates.members.start[number + 1])
        primary = bool(gates.primary[number])
        rank = gates.rank[span].tolist() if primary else [0] * len(members)
        gate = by_key[NAMES[gates.resource[number]], frozenset(zip(rank, members, strict=True)), primary]
        weight = dict(zip(members, month_now.weight[span].tolist(), strict=True))
        threshold = float(month_now.threshold[number])
        alive = [member for member in members if member in base]
        if not any(oracle.on[consumer] for consumer in oracle.consumers[gate]):
            assert threshold == 0
            continue
        if not alive:
            assert month_now.shortfall[number]
            assert sum(weight.values()) < threshold
            continue
        fine = {frozenset(kept): carries(oracle, base, now, gate, kept) for kept in ways(alive)}
        ups = {kept: sum(weight[m] for m in kept) >= threshold * (1 - SLACK) for kept in fine}
        assert month_now.shortfall[number] == (not fine[frozenset(alive)])
        if not fine[frozenset(alive)]:
            assert [kept for kept, up in ups.items() if up] == [frozenset(alive)]
            continue
        if len({oracle.derated(m) for m in alive}) == 1:
            fine = {kept: all(good for other, good in fine.items() if len(other) >= len(kept)) for kept in fine}
        assert ups == fine
        fewest = 1 + max((len(kept) for kept, good in fine.items() if not good), default=0)
        spare = len(alive) - fewest
        assert month_now.spare[number] == spare


@settings(max_examples=150, deadline=None)
@given(plants(declare=False) | lean_plants(), st.sampled_from([0, 1]))
def test_cuts_are_what_overload_takes_in_every_state(topology, month):
    structure, oracle, base, now, nodes, by_key = side_by_side(topology, month)
    try:
        month_now = snapshot(structure, month)
    except RefusedError:
        return
    gates = structure.gates
    for number in range(len(gates)):
        span = slice(gates.members.start[number], gates.members.start[number + 1])
        members = [nodes[e] for e in gates.members.row(number)]
        primary = bool(gates.primary[number])
        rank = gates.rank[span].tolist() if primary else [0] * len(members)
        gate = by_key[NAMES[gates.resource[number]], frozenset(zip(rank, members, strict=True)), primary]
        pool = pool_of(oracle, base, now, gate)
        if pool <= set(members) or len(pool) > 7 or not now.gate(gate):
            assert len(pool) > 7 or number not in month_now.cuts
            continue
        weight = dict(zip(members, month_now.weight[span].tolist(), strict=True))
        need = float(month_now.threshold[number]) * (1 - SLACK)
        cuts = [{nodes[e] for e in cut} for cut in month_now.cuts.get(number, ())]
        down: dict[frozenset[Node], bool] = {}
        for lost in [frozenset(), *(frozenset(gone) for gone in ways(sorted(pool)))]:
            up = left(oracle, base, now, set(lost))
            down[lost] = sum(weight[m] for m in members if m in up) < need or any(down[lost - {n}] for n in lost)
            short = sum(weight[m] for m in members if m in base - lost) < need
            assert (short or any(cut <= lost for cut in cuts)) == down[lost]


@settings(max_examples=60, deadline=None)
@given(plants() | lean_plants().map(bent), st.sampled_from([0, 1]))
def test_flows_of_a_month_balance(topology, month):
    structure, oracle = compile_structure(topology), Naive(topology, month)
    try:
        now = snapshot(structure, month)
    except RefusedError:
        return
    flow = Flow(oracle, oracle.connected(set()))
    elements = structure.elements
    nodes = [(structure.groups[g], int(n)) for g, n in zip(elements.group, elements.local, strict=True)]
    assert now.load_kw == pytest.approx([flow.of(node) for node in nodes], abs=1e-9)
    live = [node in flow.live for node in nodes]
    assert now.input_kw == pytest.approx([flow.draw(n) if up else 0.0 for n, up in zip(nodes, live, strict=True)])
    assert now.heat_kw == pytest.approx(
        [flow.heat(n) if up else 0.0 for n, up in zip(nodes, live, strict=True)], abs=1e-9
    )
    assert now.source_kw == pytest.approx(sum(flow.of(n) for n in nodes if n[0] in ("s/grid", "s/genset")))


@pytest.mark.parametrize(
    ("ups", "options", "threshold", "spare"),
    [
        (4, {}, 3, 1),
        (4, {"need": 2}, 2, 1),
        (4, {"redundancy": "N+1"}, 3, 1),
        (6, {}, 3, 3),
        (3, {}, 3, 0),
        (2, {}, 2, 0),
    ],
)
def test_a_pool_needs_as_many_as_carry_the_load(ups, options, threshold, spare):
    structure = compile_structure(block(ups, 300, **options))
    now = snapshot(structure, 0)
    gate = int(structure.classes.gates.values[0])
    assert now.threshold[gate] == threshold
    assert now.spare[gate] == spare
    assert now.shortfall[gate] == (ups == 2)


def test_unequal_members_are_weighed():
    plant = Plant().add("s").add("s/a", None, "ups", capacity=700.0).add("s/b", 2, "ups", capacity=400.0)
    plant.add("s/rack", 7, "rack", plant.on("power", "s/rack", "s/a", "s/b"), load=100.0)
    now = snapshot(compile_structure(plant.done()), 0)
    assert now.weight.tolist() == [700.0, 400.0, 400.0]
    assert now.threshold.tolist() == [700.0]
    assert now.spare.tolist() == [1]


def test_a_feed_shared_with_others_is_weighed_by_what_it_has_left():
    """Chillers take from the grid alone, UPS from grid or gensets: the grid must carry both, gensets one."""
    plant = Plant().add("s").add("s/grid", None, "utility", capacity=1000.0)
    plant.add("s/genset", 4, "genset", capacity=250.0)
    both = plant.on("power", "s/rack", "s/grid", "s/genset", share="primary")
    plant.add("s/rack", 1, "rack", both, load=700.0)
    plant.add("s/load", 1, "load", plant.on("power", "s/load", "s/grid"), load=300.0)
    structure = compile_structure(plant.done())
    now = snapshot(structure, 0)
    both = int(structure.classes.gates.values[0])
    span = slice(structure.gates.members.start[both], structure.gates.members.start[both + 1])
    weight, need = now.weight[span], now.threshold[both]
    assert weight[0] >= need * (1 - SLACK)
    assert weight[1:4].sum() >= need * (1 - SLACK)
    assert weight[1:3].sum() < need * (1 - SLACK)


def test_differing_members_dealt_to_several_ask_for_need():
    plant = Plant().add("s").add("s/a", 4, "ups")
    for local, capacity in enumerate((60.0, 150.0, 100.0, 240.0)):
        plant.override("s/a", "capacity", capacity, local)
    plant.add("s/rack", 5, "rack", plant.on("power", "s/rack", "s/a", pick=3), load=70.0)
    with pytest.raises(RefusedError, match="state 'need:' for the power dependency of 's/rack'"):
        snapshot(compile_structure(plant.done()), 0)


def test_network_without_lanes_needs_all_and_with_lanes_those_that_carry_them():
    for lanes, threshold in ((0, 4.0), (8, 2.0)):
        plant = Plant().add("s").add("s/leaf", 4, "leaf", capacity=1600.0)
        depends = plant.on("network", "s/rack", "s/leaf", lanes=lanes, lane_gbps=400.0 if lanes else 0.0)
        plant.add("s/rack", 1, "rack", depends, load=1.0)
        assert snapshot(compile_structure(plant.done()), 0).threshold.tolist() == [threshold]


def test_months_of_change_are_those_within_the_calendar():
    plant = Plant().add("s").add("s/hall", 4, "hall", energised=(-3, 2, 7, 40))
    plant.add("s/hall/ups", 2, "ups", energised=(0, 5)).add("s/hall/rack", 1, "rack", load=1.0)
    structure = compile_structure(plant.done(months=12))
    assert months_of_change(structure) == [0, 2, 5, 7]
    assert months_of_change(compile_structure(plant.done(months=0))) == [0, 2, 5, 7, 40]


def test_what_is_retired_neither_counts_nor_draws():
    plant = Plant().add("s").add("s/ups", 4, "ups", capacity=100.0, retired=(3, 3, 30, 30))
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/ups"), load=90.0, retired=(4, 30))
    structure = compile_structure(plant.done(months=12))
    assert months_of_change(structure) == [0, 3, 4]
    assert [snapshot(structure, month).load_kw.tolist() for month in (2, 3, 4)] == [
        [45.0] * 4,
        [0.0, 0.0, 90.0, 90.0],
        [0.0, 0.0, 45.0, 45.0],
    ]
    assert (snapshot(structure, 3).weight > 0).tolist() == [False, False, True, True]


def test_what_is_not_energised_neither_counts_nor_draws():
    plant = Plant().add("s").add("s/ups", 4, "ups", capacity=100.0, energised=(0, 0, 3, 3))
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/ups", need=3), load=90.0, energised=(0, 3))
    structure = compile_structure(plant.done())
    early, late = snapshot(structure, 0), snapshot(structure, 3)
    assert early.load_kw.tolist() == [45.0, 45.0, 0.0, 0.0]
    assert early.weight.tolist() == [1.0, 1.0, 0.0, 0.0]
    assert early.threshold.tolist() == [3.0]
    assert early.shortfall.tolist() == [True]
    assert not late.shortfall.any()
    assert late.load_kw.tolist() == [45.0] * 4
    assert late.threshold.tolist() == [3.0]
    assert (early.spare.tolist(), late.spare.tolist()) == ([1], [2])


def test_a_load_energised_before_its_supplier_is_a_shortfall():
    plant = Plant().add("s").add("s/ups", 2, "ups", capacity=100.0, energised=(5,))
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/ups"), load=90.0)
    now = snapshot(compile_structure(plant.done()), 0)
    assert now.shortfall.tolist() == [True]
    assert np.all(now.load_kw == 0)
    assert now.weight.sum() < now.threshold[0]


@pytest.mark.parametrize(("rating", "spare"), [(490.0, 0), (500.0, 1)])
def test_a_chain_of_thousands_is_followed_to_its_end(rating, spare):
    """What is lost on one side is carried by the other only where the first of 3,000 breakers carries it."""
    plant = Plant().add("s")
    for side in "ab":
        plant.add(f"s/{side}0", None, "utility", capacity=rating)
        for number in range(1, 3_000):
            feed = plant.on("power", f"s/{side}{number}", f"s/{side}{number - 1}")
            plant.add(f"s/{side}{number}", None, "breaker", feed, capacity=500.0)
        plant.add(f"s/ups-{side}", None, "ups", plant.on("power", f"s/ups-{side}", f"s/{side}2999"), capacity=900.0)
    depends = plant.on("power", "s/rack", "s/ups-a", "s/ups-b")
    structure = compile_structure(plant.add("s/rack", 5, "rack", depends, load=99.0).done())
    (gate,) = set(structure.classes.gates.values.tolist())
    assert snapshot(structure, 0).spare[gate] == spare
