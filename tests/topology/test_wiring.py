"""Wiring: arithmetic against a dealer that walks over every consumer, and the promises of evenness."""

from __future__ import annotations

from collections import Counter
from math import comb, lcm

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.build import Builder, campus, power

from twin.errors import RefusedError
from twin.topology.dealing import MOST
from twin.topology.model import Dependency, Supplier, Topology
from twin.topology.wiring import Wiring, deal, width, wire


def room(consumers: int, pools: list[int], picks: list[int | None], pick: int | None = None, sites: int = 1) -> Wiring:
    """Consumers and pools of suppliers side by side in a site."""
    build = Builder().add("s", sites, "site")
    suppliers = []
    for index, (size, own) in enumerate(zip(pools, picks, strict=True)):
        build.add(f"s/p{index}", size, "pdu")
        suppliers.append(Supplier(f"s/p{index}", "s", pick=own))
    dependency = power(*suppliers, pick=pick)
    topology = build.add("s/rack", consumers, "rack", depends=[dependency]).done()
    assert width(topology, dependency) == wire(topology, "s/rack", dependency).k
    return wire(topology, "s/rack", dependency)


def wired(wiring: Wiring) -> list[tuple[tuple[str, int], ...]]:
    """The suppliers of every consumer, through the gates."""
    rank, local = wiring.gate_members(wiring.gate_of(np.arange(wiring.total)))
    return [
        tuple((wiring.pools[r].group, n) for r, n in zip(ranks, locals_, strict=True))
        for ranks, locals_ in zip(rank.tolist(), local.tolist(), strict=True)
    ]


def test_pick_one_of_four_goes_round() -> None:
    wiring = room(6, [4], [None], pick=1)
    assert [consumer[0][1] for consumer in wired(wiring)] == [0, 1, 2, 3, 0, 1]
    assert wiring.n_gates == 4
    assert wiring.consumers().tolist() == [2, 2, 1, 1]


def test_absent_pick_wires_to_all_in_the_own_scope_instance() -> None:
    wiring = room(2, [3, 1], [None, None], sites=2)
    assert wired(wiring)[0] == (("s/p0", 0), ("s/p0", 1), ("s/p0", 2), ("s/p1", 0))
    assert wired(wiring)[3] == (("s/p0", 3), ("s/p0", 4), ("s/p0", 5), ("s/p1", 1))
    assert (wiring.scopes, wiring.n_gates) == (2, 2)


def test_a_and_b_advance_together_then_through_the_product() -> None:
    wiring = room(9, [3, 3], [1, 1])
    pairs = [(a[1], b[1]) for a, b in wired(wiring)]
    assert pairs[:4] == [(0, 0), (1, 1), (2, 2), (0, 1)]
    assert len(set(pairs)) == 9


@given(members=st.integers(1, 9), data=st.data())
def test_deal_gives_every_combination_once_and_stays_even(members: int, data: st.DataObject) -> None:
    pick = data.draw(st.integers(1, members))
    dealt = deal(members, pick, 10**6)
    assert len({tuple(row) for row in dealt.tolist()}) == len(dealt) == comb(members, pick)
    assert (np.diff(dealt, axis=1) > 0).all()
    counts = np.zeros(members, dtype=int)
    for row in dealt:
        counts[row] += 1
        assert np.ptp(counts) <= (1 if min(pick, members - pick) < 3 or members <= 4 else 2)
    assert np.ptp(counts) == 0
    most = data.draw(st.integers(1, len(dealt)))
    assert (deal(members, pick, most) == dealt[:most]).all()


@pytest.mark.parametrize(
    ("members", "pick", "most"),
    [(n, 2, 1) for n in (5, 6, 7, 16, 23, 40)]
    + [(n, n - 2, 1) for n in (5, 6, 17)]
    + [(n, n - 1, 1) for n in (5, 6, 17)]
    + [(7, 3, 2), (9, 3, 2), (12, 4, 2), (13, 5, 2), (14, 8, 2), (16, 3, 2), (24, 3, 2)],
)
def test_the_first_consumers_load_the_suppliers_evenly_whatever_their_number(members, pick, most) -> None:
    dealt = deal(members, pick, 10**6)
    taken = np.zeros((len(dealt), members), dtype=int)
    np.put_along_axis(taken, dealt, 1, axis=1)
    loads = taken.cumsum(axis=0)
    assert np.ptp(loads, axis=1).max() == most
    assert np.ptp(loads[-1]) == 0
    assert len({tuple(row) for row in dealt.tolist()}) == comb(members, pick)


def test_beyond_what_is_chosen_one_by_one_the_loads_differ_by_the_pick_at_most() -> None:
    dealt = deal(60, 3, MOST + 1)
    taken = np.zeros((len(dealt), 60), dtype=int)
    np.put_along_axis(taken, dealt, 1, axis=1)
    assert np.ptp(taken.cumsum(axis=0), axis=1).max() <= 3
    assert len({tuple(row) for row in dealt.tolist()}) == MOST + 1


def test_sixteen_ups_carry_three_of_twenty_four_racks_on_two_cords_each() -> None:
    wiring = room(24, [16], [None], pick=2)
    assert set(Counter(supplier for consumer in wired(wiring) for supplier in consumer).values()) == {3}


def test_what_four_suppliers_at_most_were_dealt_stays() -> None:
    assert deal(4, 2, 6).tolist() == [[0, 1], [2, 3], [1, 2], [0, 3], [0, 2], [1, 3]]
    assert deal(3, 2, 3).tolist() == [[0, 1], [0, 2], [1, 2]]


def test_deal_does_not_make_combinations_that_nobody_wants() -> None:
    assert deal(10**6, 2, 3).tolist() == [[0, 1], [2, 3], [4, 5]]
    assert deal(200, 100, 5).shape == (5, 100)


@given(size=st.integers(1, 6), rounds=st.integers(1, 3), rest=st.integers(0, 40), data=st.data())
def test_a_pool_is_dealt_evenly(size: int, rounds: int, rest: int, data: st.DataObject) -> None:
    pick = data.draw(st.integers(1, size))
    every = comb(size, pick)
    whole = wired(room(rounds * every, [size], [None], pick=pick))
    assert set(Counter(whole).values()) == {rounds}
    assert len(set(Counter(supplier for consumer in whole for supplier in consumer).values())) == 1
    some = wired(room(rounds * every + rest, [size], [None], pick=pick))
    assert some[: len(whole)] == whole
    counts = [sum(("s/p0", n) in consumer for consumer in some) for n in range(size)]
    assert max(counts) - min(counts) <= pick


@given(
    pools=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=3), rounds=st.integers(1, 2)
)
def test_a_pick_of_each_group_runs_through_the_product(pools: list[tuple[int, int]], rounds: int) -> None:
    sizes = [max(pair) for pair in pools]
    picks = [min(pair) for pair in pools]
    counts = [comb(size, pick) for size, pick in zip(sizes, picks, strict=True)]
    every = int(np.prod(counts))
    dealt = wired(room(rounds * every, sizes, list(picks)))
    assert set(Counter(dealt).values()) == {rounds}
    assert len(set(dealt)) == every
    for index in range(len(pools)):
        own = [tuple(supplier for supplier in consumer if supplier[0] == f"s/p{index}") for consumer in dealt]
        together = lcm(*counts)
        first = own[:together]
        assert {len(set(own[start : start + counts[index]])) for start in range(0, together, counts[index])} == {
            counts[index]
        }
        assert first[: counts[index]] == [
            tuple((f"s/p{index}", n) for n in row) for row in deal(sizes[index], picks[index], counts[index]).tolist()
        ]


def mixed() -> tuple[Topology, Dependency]:
    """Racks in rows on a busway of the row and one of three UPS of the hall."""
    dependency = power(Supplier("s/hall/ups", "s/hall", pick=1), Supplier("s/hall/row/bus", "s/hall/row", pick=1))
    build = Builder().add("s", None, "site").add("s/hall", 2, "hall").add("s/hall/ups", 3, "ups")
    build.add("s/hall/row", 4, "row").add("s/hall/row/bus", 2, "busway")
    return build.add("s/hall/row/rack", 5, "rack", depends=[dependency]).done(), dependency


def test_mixed_scopes_share_in_the_row_and_deal_through_the_hall() -> None:
    topology, dependency = mixed()
    wiring = wire(topology, "s/hall/row/rack", dependency)
    assert (wiring.scopes, wiring.per_scope, wiring.per_turn) == (8, 5, 20)
    for rack, (ups, bus) in enumerate(wired(wiring)):
        hall, row = rack // 20, rack // 5
        assert ups[1] // 3 == hall
        assert bus[1] // 2 == row
    ups_use = Counter(ups for ups, _ in wired(wiring))
    assert max(ups_use.values()) - min(ups_use.values()) <= 1
    gates = wiring.gate_of(np.arange(wiring.total))
    assert wiring.consumers().tolist() == [int((gates == gate).sum()) for gate in range(wiring.n_gates)]


def test_gates_are_the_consumers_with_the_same_suppliers_in_the_same_scope() -> None:
    topology = campus()
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            wiring = wire(topology, path, dependency)
            gates = wiring.gate_of(np.arange(wiring.total))
            assert gates.min() >= 0
            assert gates.max() < wiring.n_gates
            assert (np.bincount(gates, minlength=wiring.n_gates) == wiring.consumers()).all()
            suppliers = wired(wiring)
            for one in range(wiring.total):
                for other in range(one):
                    if gates[one] == gates[other]:
                        assert suppliers[one] == suppliers[other]
                    elif one // wiring.per_scope == other // wiring.per_scope:
                        assert suppliers[one] != suppliers[other]


def test_offsets_restrict_the_members() -> None:
    wiring = wire(campus(), "s/hall/row/b", campus().groups["s/hall/row/b"].dependencies[0])
    assert [consumer[0][1] for consumer in wired(wiring)] == [2, 3, 6, 7, 10, 11, 14, 15, 18, 19, 22, 23]


def test_gate_of_keeps_the_shape() -> None:
    wiring = room(6, [4], [None], pick=1)
    assert wiring.gate_of([[0, 1], [4, 5]]).tolist() == [[0, 1], [0, 1]]


@pytest.mark.parametrize(("pick", "words"), [(5, "picks 5 of 4"), (0, "picks 0 of 4")])
def test_a_pick_beyond_the_pool_is_refused(pick: int, words: str) -> None:
    with pytest.raises(RefusedError, match=words):
        room(3, [4], [None], pick=pick)


def test_a_supplier_named_twice_is_refused() -> None:
    dependency = power(Supplier("s/p", "s", (0, 1)), Supplier("s/p", "s", (1, 2)))
    topology = Builder().add("s", None, "site").add("s/p", 4, "pdu").add("s/rack", 3, "rack").done()
    with pytest.raises(RefusedError, match=r"power dependency of 's/rack' \(x.yaml:7\) names instances of 's/p' twice"):
        wire(topology, "s/rack", dependency)


def test_the_same_group_from_two_scopes_is_refused() -> None:
    dependency = power(Supplier("s/hall/p", "s/hall", (0,)), Supplier("s/hall/p", "s", (1,)))
    build = Builder().add("s", None, "site").add("s/hall", 2, "hall").add("s/hall/p", 1, "pdu")
    with pytest.raises(RefusedError, match="names instances of 's/hall/p' twice"):
        wire(build.add("s/hall/rack", 3, "rack").done(), "s/hall/rack", dependency)


def test_the_same_group_in_two_parts_is_two_pools() -> None:
    dependency = power(Supplier("s/p", "s", (0, 1), pick=1), Supplier("s/p", "s", (2, 3), pick=1))
    topology = Builder().add("s", None, "site").add("s/p", 4, "pdu").add("s/rack", 2, "rack").done()
    assert wired(wire(topology, "s/rack", dependency)) == [(("s/p", 0), ("s/p", 2)), (("s/p", 1), ("s/p", 3))]


def test_too_many_combinations_are_refused_with_the_limit() -> None:
    with pytest.raises(RefusedError, match="25,000,000"):
        room(5_000_000, [60], [None], pick=20)
