"""A common cause beside a failure, and two common causes, against one state at a time of every pair of events."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

import oracle
import pytest
from failure.build import System
from failure.montecarlo.change import behave
from failure.test_together import grouped, lettered, rows_of
from hypothesis import given, settings
from structure.build import Plant

from twin.errors import RefusedError
from twin.failure.coincident import coincident
from twin.failure.contingency import contingency
from twin.failure.net import net
from twin.failure.pairs import pairs
from twin.failure.parts import alone, common_causes, parts
from twin.structure.compile import compile_structure
from twin.structure.snapshot import snapshot as snapshot_of

if TYPE_CHECKING:
    import polars as pl

    from twin.structure.model import Snapshot

EVENTS = ("common cause+failure", "common cause+common cause")


def by_state(system: System, built: Snapshot) -> Counter[tuple[object, ...]]:
    """Every pair of a common cause and another event that leaves a load unfed that neither does, by the oracle."""
    found = parts(built.structure)
    count = len(system.elements)
    base = oracle.Oracle(built, set())

    def gone(members: set[int]) -> tuple[set[int], set[int]]:
        state = oracle.Oracle(built, members)
        loads = {c for c in range(len(system.loads)) if base.fed(c) and not state.fed(c)}
        return loads, {e for e in range(count) if base.live(e) and not state.live(e)}

    wanted: Counter[tuple[object, ...]] = Counter()
    events = [set(found.members.row(part).tolist()) for part in range(len(found))]
    by_itself = [gone(members)[0] for members in events]
    for i, j in combinations(range(len(found)), 2):
        if j < count:
            continue
        both = events[i] | events[j]
        loads, elements = gone(both)
        added = loads - by_itself[i] - by_itself[j]
        if not added:
            continue
        (qi, qj), (wi, wj) = found.unavailability[[i, j]], found.per_year[[i, j]]
        names = [system.elements[min(events[part])].group for part in (i, j)]
        kind = EVENTS[0] if i < count else EVENTS[1]
        figures = (f"{wi * qj + wj * qi:.9g}", f"{qi * qj:.9g}")
        lost = [sum(system.loads[c].count for c in some) for some in (loads, added)]
        wanted[(kind, *sorted(names), len(both), *lost, len(elements - both), *map(float, figures))] += 1
    return wanted


def by_rows(built: Snapshot) -> Counter[tuple[object, ...]]:
    """The same of the table."""
    seen: Counter[tuple[object, ...]] = Counter()
    for row in rows_of(built).iter_rows(named=True):
        if row["event"] not in EVENTS:
            continue
        share = row["outages_per_year"] * row["mean_outage_h"] / 8760
        lost = (row["racks_lost"], row["added_it_kw"] / 100.0)
        figures = float(f"{row['outages_per_year']:.9g}"), float(f"{share:.9g}")
        names = sorted((row["group"], row["second_group"]))
        key = (row["event"], *names, row["elements_failed"], *lost, row["elements_lost"], *figures)
        assert row["expected_kwh_lost_per_year"] == pytest.approx(row["count"] * share * 8760 * row["added_it_kw"])
        seen[key] += row["count"]
    return seen


@settings(max_examples=200, deadline=None, derandomize=True)
@given(grouped())
def test_every_pair_of_events_equals_its_state(made) -> None:
    """By groups, elements out, loads lost and added, rates: as many pairs as the recursive oracle says."""
    system, _, letters = made
    built = lettered(system, letters)
    assert by_rows(built) == by_state(system, built)


def test_a_bus_whose_causes_take_two_of_six_by_hand() -> None:
    """Four of six alike must be there to carry the load; beta takes any two.

    Two with one more: 15 sets, 4 others each.  Two sets that share one take three, 15 x 8 / 2; that share none four,
    15 x 6 / 2.
    """
    system = System()
    units = system.add("site/unit", 6, q=0.01, per_year=2.0)
    system.load("site/rack", 5, gates=[system.gate(units, 4)])
    built = behave(system.build(), alpha={(e, 0): 0.1 for e in units})
    frame = rows_of(built)
    columns = ("event", "elements_failed", "count", "racks_lost", "elements_lost")
    found = [frame.filter(event=event).select(columns).sort("elements_failed").rows() for event in EVENTS]
    assert found == [
        [(EVENTS[0], 3, 60, 5, 0)],
        [(EVENTS[1], 3, 60, 5, 0), (EVENTS[1], 4, 45, 5, 0)],
    ]
    assert by_rows(built) == by_state(system, built)


def test_what_one_event_takes_whole_is_no_pair() -> None:
    """All of a group at once leave nothing for another of it to do: a utility beside it does not matter either."""
    system = System()
    ups = system.add("site/ups", 3, q=0.01)
    other = system.add("site/grid", 2, q=0.01)
    system.load("site/rack", 5, gates=[system.gate(ups, 1), system.gate(other, 1)])
    built = behave(system.build(), greek={(e, 0): 0.1 for e in ups})
    greek = rows_of(built).filter(event=EVENTS[0])
    assert greek.is_empty()
    assert rows_of(built).filter(event=EVENTS[1]).is_empty()


def test_a_common_cause_of_one_path_and_a_failure_on_the_other() -> None:
    """Two paths: three modules that go together in one, a feed in the other."""
    system = System()
    modules = system.add("site/module", 3, q=0.02, per_year=1.0)
    feed = system.add("site/feed", q=0.01, per_year=0.5)
    bus = system.gate(modules, 2)
    path = system.add("site/bus", gates=[bus], q=0.001, per_year=0.1)
    system.load("site/rack", 8, gates=[system.gate([*path, *feed], 1)], kw=10.0)
    built = behave(system.build(), greek={(e, 0): 0.1 for e in modules})
    [row] = rows_of(built).filter(event=EVENTS[0]).rows(named=True)
    assert (row["element"], row["second_element"]) == ("site/module[1]", "site/feed[1]")
    assert (row["elements_failed"], row["elements_lost"], row["racks_lost"], row["added_it_kw"]) == (4, 1, 8, 80.0)
    # beta is a tenth of the rate at which a module that is up fails, and each repair takes as long
    rate, repair = 0.1 * 1.0 / (1 - 0.02), 0.02 / 1.0
    share = rate * repair / (1 + rate * repair)
    often = rate * (1 - share)
    assert row["outages_per_year"] == pytest.approx(often * 0.01 + 0.5 * share)
    assert row["outages_per_year"] * row["mean_outage_h"] / 8760 == pytest.approx(share * 0.01)


@pytest.mark.parametrize(("halls", "size", "need"), [(2, 3, 1), (5, 4, 2)])
def test_alike_halls_are_counted_as_their_instances(halls: int, size: int, need: int) -> None:
    """The structure of representatives gives the rows of the structure of all instances."""
    plant = Plant().add("s").add("s/grid", 2, "utility", mtbf=900.0, mttr=50.0, beta=0.2)
    plant.add("s/hall", halls, "hall")
    clock = {"mtbf": 900.0, "mttr": 100.0}
    fed = plant.on("power", "s/hall/ups", "s/grid", need=1)
    plant.add("s/hall/ups", size, "ups", fed, capacity=200.0, beta=0.1, gamma=0.5, **clock)
    also = plant.on("power", "s/hall/rack", "s/hall/ups", need=need)
    topology = plant.add("s/hall/rack", 4, "rack", also, load=10.0).done()
    few, every = (snapshot_of(compile_structure(topology, lifted=lifted), 0) for lifted in (True, False))
    columns = ("event", "element", "second_element", "elements_failed", "count", "racks_lost", "outages_per_year")
    one, other = (_pairs(each).select(columns) for each in (few, every))
    assert one.height
    assert one.rows() == other.rows()


def _pairs(snapshot: Snapshot) -> pl.DataFrame:
    frame = rows_of(snapshot)
    return frame.filter(frame["event"].is_in(EVENTS))


def test_many_alike_members_are_a_few_events() -> None:
    """Forty of which any two or three go together: no list of ten thousand sets."""
    system = System()
    sets = system.add("site/genset", 40, q=0.01)
    system.load("site/rack", 2, gates=[system.gate(sets, 37)])
    snapshot = behave(system.build(), greek={(e, p): 0.1 for e in range(40) for p in (0, 1)})
    causes, share = common_causes(snapshot.structure)
    found = coincident(net(snapshot), causes, alone(snapshot.structure, share))
    taken = dict(zip(found.failed.tolist(), found.blasts.count.tolist(), strict=True))
    # all 40 do it by themselves; two and two that share none take the four that are one too many
    assert taken == {4: 780 * 703 // 2}


def test_without_a_common_cause_or_with_order_one_there_are_none() -> None:
    system = System()
    ups = system.add("site/ups", 4, q=0.01)
    system.load("site/rack", gates=[system.gate(ups, 2)])
    assert _pairs(system.build()).is_empty()
    built = behave(system.build(), alpha={(e, 0): 0.1 for e in ups})
    assert _pairs(built).height
    single = contingency(net(built), pairs(net(built), 1))[0]
    assert not set(EVENTS) & set(single["event"])


def test_what_cannot_be_held_is_refused() -> None:
    system = System()
    ups = system.add("site/ups", 4, q=0.01)
    system.load("site/rack", gates=[system.gate(ups, 2)])
    built = behave(system.build(), alpha={(e, 0): 0.1 for e in ups})
    causes, share = common_causes(built.structure)
    with pytest.raises(RefusedError, match=r"beside a common cause hold more than 5 parts.*`order: 1`"):
        coincident(net(built), causes, alone(built.structure, share), limit=5)
