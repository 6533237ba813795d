"""Common causes as single contingencies, against one state at a time of every set that they may take."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import comb
from typing import TYPE_CHECKING

import numpy as np
import oracle
import pytest
from failure.build import System
from failure.montecarlo.change import behave, with_elements
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant

from twin import tables
from twin.failure.contingency import contingency
from twin.failure.net import net
from twin.failure.pairs import pairs
from twin.failure.parts import common_causes, parts
from twin.failure.together import of_common_causes
from twin.structure.compile import compile_structure
from twin.structure.model import FAILING
from twin.structure.snapshot import snapshot as snapshot_of

if TYPE_CHECKING:
    import polars as pl

    from twin.structure.model import Snapshot

LETTERS = st.sampled_from([(0.1, np.nan, np.nan), (0.2, 0.5, np.nan), (0.2, 0.5, 0.4)])


def rows_of(snapshot: Snapshot, **options: object) -> pl.DataFrame:
    system = net(snapshot)
    frame = contingency(system, pairs(system, 2), **options)[0]
    return tables.check("contingency", frame, "test")


@st.composite
def grouped(draw: st.DrawFn) -> tuple[System, list[list[int]], dict[int, tuple[float, float, float]]]:
    """Groups of two to four that feed each other, some of unlike consumers, with Greek letters."""
    system = System()
    halls = [0, system.hall()]
    groups: list[list[int]] = []
    letters: dict[int, tuple[float, float, float]] = {}
    for number in range(draw(st.integers(1, 4))):
        before = [e for group in groups for e in group]
        gates = []
        if before and draw(st.booleans()):
            gates = [draw(gate_of(system, before))]
        size = draw(st.integers(2, 4))
        q = draw(st.sampled_from([1e-6, 0.01, 0.2]))
        mine = system.add(f"site/part-{number}", size, gates=gates, q=q, on=True)
        given = tuple(each if place < size - 1 else np.nan for place, each in enumerate(draw(LETTERS)))
        letters.update(dict.fromkeys(mine, given))
        groups.append(mine)
    every = [e for group in groups for e in group]
    for number in range(draw(st.integers(1, 3))):
        gates = [draw(gate_of(system, every)) for _ in range(draw(st.integers(1, 2)))]
        system.load(f"site/load-{number}", draw(st.integers(1, 3)), gates=gates, scope=draw(st.sampled_from(halls)))
    return system, groups, letters


@st.composite
def gate_of(draw: st.DrawFn, system: System, among: list[int]) -> int:
    members = draw(st.lists(st.sampled_from(among), min_size=1, max_size=6, unique=True))
    return system.gate(members, draw(st.integers(1, len(members))))


def lettered(system: System, letters: dict[int, tuple[float, float, float]]) -> Snapshot:
    greek = {(element, place): each for element, row in letters.items() for place, each in enumerate(row)}
    return behave(system.build(), greek=greek)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(grouped())
def test_every_common_cause_equals_its_state(made) -> None:
    """By group and size: as many sets lose as much as the recursive oracle says, each as often and as long."""
    system, groups, letters = made
    built = lettered(system, letters)
    base = oracle.Oracle(built, set())
    wanted: Counter[tuple[object, ...]] = Counter()
    found = parts(built.structure)
    for part in range(len(system.elements), len(found)):
        members = found.members.row(part).tolist()
        state = oracle.Oracle(built, set(members))
        loads = [load for c, load in enumerate(system.loads) if base.fed(c) and not state.fed(c)]
        others = [e for e in range(len(system.elements)) if e not in members and base.live(e) and not state.live(e)]
        gone = sum(load.count for load in loads)
        key = system.elements[members[0]].group, len(members), gone, len(others)
        wanted[(*key, float(f"{found.per_year[part]:.9g}"), float(f"{found.unavailability[part]:.9g}"))] += 1
    rows = rows_of(built).filter(event="common cause")
    seen: Counter[tuple[object, ...]] = Counter()
    for row in rows.iter_rows(named=True):
        share = row["outages_per_year"] * row["mean_outage_h"] / 8760
        key = row["group"], row["elements_failed"], row["racks_lost"], row["elements_lost"]
        seen[(*key, float(f"{row['outages_per_year']:.9g}"), float(f"{share:.9g}"))] += row["count"]
        assert row["lost_it_kw"] == row["added_it_kw"] == row["racks_lost"] * 100.0
        assert row["expected_kwh_lost_per_year"] == pytest.approx(row["count"] * share * 8760 * row["lost_it_kw"])
    assert seen == wanted
    sizes = {(group, size) for group, size, *_ in wanted}
    assert len(rows) >= len(sizes), "one row at least for each size"
    alone = {
        (row["group"], float(f"{row['outages_per_year']:.9g}"))
        for row in rows_of(built).filter(event="failure").iter_rows(named=True)
    }
    for group in groups:
        assert (system.elements[group[0]].group, float(f"{found.per_year[group[0]]:.9g}")) in alone


def test_twins_are_one_set_and_others_are_not() -> None:
    """Four UPS of which two feed a hall each, any two of them by one cause: two sets take a hall, four none."""
    system = System()
    one = system.add("site/ups", 2, q=0.01)
    two = system.add("site/ups", 2, q=0.01)
    for pair in (one, two):
        system.load("site/rack", 5, gates=[system.gate(pair, 1)], scope=system.hall())
    snapshot = behave(system.build(), alpha={(e, 0): 0.1 for e in range(4)})
    found = of_common_causes(net(snapshot), common_causes(snapshot.structure)[0])
    assert found.blasts.count.tolist() == [1, 4, 1], "of each hall both, or one of each"
    frame = rows_of(snapshot).filter(event="common cause")
    assert frame.select("element", "elements_failed", "count", "racks_lost").rows() == [
        ("site/ups[1]", 2, 2, 5),
        ("site/ups[1]", 2, 4, 0),
    ]


@pytest.mark.parametrize(("halls", "need"), [(2, 1), (9, 2)])
def test_alike_halls_are_counted_as_their_instances(halls: int, need: int) -> None:
    """The structure of representatives gives the rows of the structure of all instances."""
    plant = Plant().add("s").add("s/grid", 2, "utility").add("s/hall", halls, "hall")
    clock = {"mtbf": 900.0, "mttr": 100.0}
    fed = plant.on("power", "s/hall/ups", "s/grid", need=1)
    plant.add("s/hall/ups", 3, "ups", fed, capacity=200.0, beta=0.1, gamma=0.5, **clock)
    also = plant.on("power", "s/hall/rack", "s/hall/ups", need=need)
    topology = plant.add("s/hall/rack", 4, "rack", also, load=10.0).done()
    few, every = (snapshot_of(compile_structure(topology, lifted=lifted), 0) for lifted in (True, False))
    columns = ("element", "elements_failed", "count", "elements_lost", "racks_lost", "lost_it_kw")
    one, other = (rows_of(each).filter(event="common cause") for each in (few, every))
    assert one.select(columns).rows() == other.select(columns).rows()
    counted = one.sort("elements_failed").select("elements_failed", "count", "racks_lost").rows()
    assert counted == [(2, 3 * halls, 0 if need == 1 else 4), (3, halls, 4)]
    assert np.count_nonzero(few.structure.elements.role == FAILING) == 2 + 3 < len(every.structure.elements)


def test_many_alike_members_are_a_few_sets() -> None:
    """Of forty, any two or three or all: three states, not ten thousand."""
    system = System()
    sets = system.add("site/genset", 40, q=0.01)
    system.load("site/rack", 2, gates=[system.gate(sets, 38)])
    snapshot = behave(system.build(), greek={(e, p): 0.1 for e in range(40) for p in (0, 1)})
    found = of_common_causes(net(snapshot), common_causes(snapshot.structure)[0])
    assert found.size.tolist() == [2, 40]
    assert found.blasts.count.tolist() == [comb(40, 2), 1]
    assert found.blasts.lost[0].tolist() == [0.0, 2.0]


def test_what_is_not_in_service_is_not_counted() -> None:
    system = System()
    ups = system.add("site/ups", 3, q=0.01)
    system.load("site/rack", 2, gates=[system.gate(ups[:2], 1)])
    snapshot = behave(system.build(), greek={(e, 0): 0.1 for e in range(3)})
    off = replace(snapshot, element_on=np.array([True, True, False]))
    [row] = rows_of(off).filter(event="common cause").rows(named=True)
    assert (row["element"], row["elements_failed"], row["racks_lost"]) == ("site/ups[1]", 2, 2)
    none = replace(snapshot, element_on=np.zeros(3, dtype=bool))
    assert rows_of(none).filter(event="common cause").is_empty()


def test_starts_are_not_in_it() -> None:
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/ups", 2, q=0.01), 1)])
    plain = behave(system.build(), greek={(e, 0): 0.1 for e in range(2)})
    starting = behave(plain, start_failure={0: 0.3, 1: 0.3})
    assert rows_of(starting).equals(rows_of(plain))
    never = with_elements(plain, unavailability=np.zeros(2), failures_per_year=np.zeros(2))
    [row] = rows_of(never).filter(event="common cause").rows(named=True)
    assert (row["outages_per_year"], row["mean_outage_h"], row["racks_lost"]) == (0.0, None, 1)


def test_there_are_none_where_none_is_stated() -> None:
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/ups", 2), 1)])
    assert rows_of(system.build()).filter(event="common cause").is_empty()
