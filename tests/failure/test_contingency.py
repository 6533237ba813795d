"""Table `contingency` and its check against one state at a time."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import oracle
import polars as pl
import pytest
from failure.build import System
from failure.random_systems import systems
from hypothesis import given, settings

from twin import tables
from twin.errors import RefusedError
from twin.failure import contingency as module
from twin.failure.blast import of_singles
from twin.failure.contingency import Maintenance
from twin.failure.net import net
from twin.failure.pairs import pairs

if TYPE_CHECKING:
    from twin.structure.model import Snapshot


def campus(tolerance: int = -1) -> System:
    """Two alike halls: a switchboard each, two UPS of which one is enough, ten racks on a busway."""
    system = System()
    grid = system.gate(system.add("site/grid", 2, q=1e-3, per_year=1.0), 1)
    for _ in range(2):
        hall = system.hall()
        board = system.gate(system.add("site/board", gates=[grid], q=1e-4, per_year=0.1))
        ups = system.gate(system.add("site/ups", 2, gates=[board], q=1e-3, per_year=0.5), 1, tolerance=tolerance)
        busway = system.gate(system.add("site/busway", gates=[ups], q=1e-5, per_year=0.02))
        system.load("site/rack", 10, gates=[busway], q=1e-3, per_year=0.7, kw=120.0, scope=hall)
    return system


def contingency(snapshot: Snapshot, order: int = 2, **options: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows, and the checks."""
    system = net(snapshot)
    return module.contingency(system, pairs(system, order), **options)


def single_failures(snapshot: Snapshot) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of single failures, and the checks."""
    frame, checks = contingency(snapshot, 1)
    assert frame["second_element"].null_count() == len(frame)
    return frame, checks


def test_rows() -> None:
    frame = tables.check("contingency", single_failures(campus().build())[0], "test")
    columns = ("element", "count", "elements_lost", "racks_lost", "lost_it_kw", "accelerators_lost")
    assert frame.select(columns).rows() == [
        ("site/rack[1]", 20, 0, 1, 120.0, 72),
        ("site/board[1]", 2, 3, 10, 1200.0, 720),
        ("site/busway[1]", 2, 0, 10, 1200.0, 720),
        ("site/grid[1]", 2, 0, 0, 0.0, 0),
        ("site/ups[1]", 4, 0, 0, 0.0, 0),
    ]
    board = frame.row(1, named=True)
    assert board["group"] == "site/board"
    assert board["kind"] == "ups"
    assert board["outages_per_year"] == 0.1
    assert board["mean_outage_h"] == pytest.approx(1e-4 / 0.1 * 8760)
    assert board["expected_kwh_lost_per_year"] == pytest.approx(2 * 0.1 * 8.76 * 1200)


def test_parts_that_differ_have_rows_of_their_own() -> None:
    system = campus()
    system.loads[-1].count = 11
    frame = single_failures(system.build())[0]
    boards = frame.filter(pl.col("group") == "site/board").select("element", "count", "racks_lost")
    assert boards.rows() == [("site/board[2]", 1, 11), ("site/board[1]", 1, 10)]


def test_what_never_fails_loses_nothing_a_year() -> None:
    system = System()
    system.load("site/rack", 4, gates=[system.gate(system.add("site/ups", q=0.0, per_year=0.0))])
    row = single_failures(system.build())[0].row(0, named=True)
    assert row["element"] == "site/ups[1]"
    assert row["racks_lost"] == 4
    assert row["mean_outage_h"] is None
    assert row["expected_kwh_lost_per_year"] == 0.0


@settings(max_examples=100, deadline=None)
@given(systems())
def test_equals_one_state_at_a_time(system: System) -> None:
    """Every energised element by the recursive oracle; each is a group of its own here."""
    built = system.build()
    frame, _ = single_failures(built)
    rows = {row["group"]: row for row in frame.iter_rows(named=True)}
    base = oracle.Oracle(built, set())
    for element, part in enumerate(system.elements):
        if not part.on:
            assert part.group not in rows
            continue
        state = oracle.Oracle(built, {element})
        lost = [load for c, load in enumerate(system.loads) if base.fed(c) and not state.fed(c)]
        others = [e for e in range(len(system.elements)) if e != element and base.live(e) and not state.live(e)]
        row = rows[part.group]
        assert row["racks_lost"] == sum(load.count for load in lost)
        assert row["lost_it_kw"] == sum(load.count * load.kw for load in lost)
        assert row["accelerators_lost"] == sum(load.count * 72 for load in lost)
        assert row["elements_lost"] == len(others)
    assert len(rows) == sum(part.on for part in (*system.elements, *system.loads))


def test_a_shared_board_breaks_declared_redundancy() -> None:
    """Two UPS that may each fail, behind one board: the check names the board and not the busway."""
    checks = tables.check("checks", single_failures(campus(1).build())[1], "test")
    assert checks["ok"].to_list() == [False, False]
    row = checks.row(0, named=True)
    assert row["check"] == "single_failure"
    assert row["got"] == "site/board[1] takes down 10 racks, 1.2 MW"
    assert "busway" not in "".join(checks["got"])


def test_kept_redundancy_passes() -> None:
    system = System()
    ups = system.gate(system.add("site/ups", 3), 2, tolerance=1)
    system.load("site/rack", gates=[ups, system.gate(system.add("site/busway"))])
    checks = single_failures(system.build())[1]
    assert checks["ok"].to_list() == [True]
    assert checks["scope"].to_list() == ["site/consumer-0: power from supplier"]


def test_only_gates_on_the_way_to_lost_load_are_blamed() -> None:
    """A part takes a rack down by one way and a redundant gate by another that hurts nobody."""
    system = System()
    part = system.add("site/part")
    spare = system.gate(part, tolerance=1)
    idle = system.add("site/fan", gates=[spare])
    either = system.gate([*idle, *system.add("site/other")], 1)
    system.load("site/rack", gates=[system.gate(part), either])
    checks = single_failures(system.build())[1]
    assert checks["ok"].to_list() == [True]


def test_no_declarations_no_checks() -> None:
    assert single_failures(campus().build())[1].is_empty()


def twos(frame: pl.DataFrame, event: str = "failure+failure") -> pl.DataFrame:
    return frame.filter(pl.col("event") == event)


def test_pairs() -> None:
    """Both grids take down all; two UPS of one hall that hall; a grid and a board no more than the board alone."""
    frame = tables.check("contingency", contingency(campus().build())[0], "test")
    columns = ("element", "second_element", "count", "elements_lost", "racks_lost", "lost_it_kw", "added_it_kw")
    assert twos(frame).select(columns).rows() == [
        ("site/grid[1]", "site/grid[2]", 1, 8, 20, 2400.0, 2400.0),
        ("site/ups[1]", "site/ups[2]", 2, 1, 10, 1200.0, 1200.0),
    ]


def test_a_pair_is_down_at_once_as_often_as_one_fails_while_the_other_is_down() -> None:
    grids = twos(contingency(campus().build())[0]).row(0, named=True)
    assert grids["outages_per_year"] == pytest.approx(2 * 1.0 * 1e-3)
    assert grids["mean_outage_h"] == pytest.approx(8.76 / 2)
    assert grids["expected_kwh_lost_per_year"] == pytest.approx(1e-6 * 8760 * 2400)


def test_dollars_follow_the_accelerators() -> None:
    without = contingency(campus().build())[0]
    assert without["lost_usd_per_h"].null_count() == without["expected_usd_lost_per_year"].null_count() == len(without)
    frame = tables.check("contingency", contingency(campus().build(), price=2.0)[0], "test")
    grids = twos(frame).row(0, named=True)
    assert grids["lost_usd_per_h"] == 20 * 72 * 2.0
    assert grids["expected_usd_lost_per_year"] == pytest.approx(1e-6 * 8760 * 20 * 72 * 2.0)
    assert frame["expected_usd_lost_per_year"].is_sorted(descending=True)


def test_what_one_takes_down_alone_is_not_counted_again() -> None:
    """Two boards of a rack each, and a fan behind either that a third rack needs."""
    system = System()
    one, two = (system.gate(system.add(f"site/board-{n}", q=0.01)) for n in range(2))
    fan = system.gate([*system.add("site/fan-0", gates=[one]), *system.add("site/fan-1", gates=[two])], 1)
    system.load("site/rack-0", gates=[one], kw=10.0)
    system.load("site/rack-1", gates=[two], kw=20.0)
    system.load("site/rack-2", gates=[fan], kw=40.0)
    row = twos(contingency(system.build())[0]).filter(pl.col("second_group") == "site/board-1").row(0, named=True)
    assert (row["lost_it_kw"], row["added_it_kw"], row["racks_lost"], row["elements_lost"]) == (70.0, 40.0, 3, 2)
    assert row["expected_kwh_lost_per_year"] == pytest.approx(1e-4 * 8760 * 40)


def test_failure_in_maintenance() -> None:
    """Each UPS is out twice a year for 12 h: then the other fails, and it takes 8.76 h to repair."""
    system = campus()
    ups = np.array([part.group == "site/ups" for part in system.elements])
    plan = Maintenance(per_year=np.where(ups, 2.0, 0.0), hours=np.where(ups, 12.0, 0.0))
    frame = tables.check("contingency", contingency(system.build(), maintenance=plan)[0], "test")
    alone = twos(frame, "maintenance").row(0, named=True)
    assert (alone["count"], alone["racks_lost"], alone["outages_per_year"], alone["mean_outage_h"]) == (4, 0, 2.0, 12.0)
    (row,) = twos(frame, "maintenance+failure").iter_rows(named=True)
    assert (row["element"], row["second_element"], row["count"], row["racks_lost"]) == (
        "site/ups[1]",
        "site/ups[2]",
        4,
        10,
    )
    assert row["outages_per_year"] == pytest.approx(24 / 8760 * 0.5 + 2.0 * 1e-3), "during it, or there when it begins"
    share = row["outages_per_year"] * row["mean_outage_h"] / 8760
    assert share == pytest.approx(24 / 8760 * 1e-3, rel=1e-9), "independent, so both are out with the product"


@pytest.mark.parametrize("order", [1, 2])
def test_what_cannot_be_held_is_refused(order: int) -> None:
    system = net(campus().build())
    with pytest.raises(RefusedError, match=r"more than 10 parts in all.*`order: 1`"):
        pairs(system, order, limit=10)


def test_single_failures_need_not_be_held_at_once() -> None:
    system = net(campus().build())
    whole, parts = of_singles(system), of_singles(system, limit=6)
    assert len(parts[1]) > len(whole[1]) == 1
    assert (parts[0].lost == whole[0].lost).all()
    assert (parts[0].elements == whole[0].elements).all()
    with pytest.raises(RefusedError, match="a single failure takes down more than 3 parts"):
        of_singles(system, limit=3)


@settings(max_examples=150, deadline=None)
@given(systems())
def test_pairs_equal_one_state_at_a_time(system: System) -> None:
    """Every pair of elements by the recursive oracle; each element is a group of its own here."""
    built = system.build()
    frame = twos(contingency(built)[0])
    rows = {(row["group"], row["second_group"]): row for row in frame.iter_rows(named=True)}
    assert len(rows) == len(frame)
    on = [e for e, part in enumerate(system.elements) if part.on]
    base = oracle.Oracle(built, set())
    lost = {pair: _lost(system, base, oracle.Oracle(built, set(pair))) for n in (1, 2) for pair in combinations(on, n)}
    for pair in combinations(on, 2):
        loads, elements = lost[pair]
        added = loads - lost[pair[:1]][0] - lost[pair[1:]][0]
        row = rows.pop(tuple(system.elements[e].group for e in pair), None)
        assert (row is not None) == bool(added)
        if row is not None:
            one, two = (system.elements[e] for e in pair)
            assert row["racks_lost"] == sum(system.loads[c].count for c in loads)
            assert row["accelerators_lost"] == sum(system.loads[c].count * 72 for c in loads)
            assert row["lost_it_kw"] == pytest.approx(sum(system.loads[c].count * system.loads[c].kw for c in loads))
            assert row["added_it_kw"] == pytest.approx(sum(system.loads[c].count * system.loads[c].kw for c in added))
            assert row["elements_lost"] == len(elements - set(pair))
            both = one.unavailability * two.unavailability
            hours = row["outages_per_year"] * (row["mean_outage_h"] or 0.0)
            if row["outages_per_year"] > 0:
                assert hours == pytest.approx(both * 8760, rel=1e-12)
    assert not rows


def _lost(system: System, base: oracle.Oracle, state: oracle.Oracle) -> tuple[set[int], set[int]]:
    loads = {c for c in range(len(system.loads)) if base.fed(c) and not state.fed(c)}
    return loads, {e for e in range(len(system.elements)) if base.live(e) and not state.live(e)}
