"""Table `contingency` and its check against one state at a time."""

from __future__ import annotations

import oracle
import polars as pl
import pytest
from failure.build import System
from failure.random_systems import systems
from hypothesis import given, settings

from twin import tables
from twin.failure import contingency as module
from twin.failure.contingency import single_failures


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
    snapshot = system.build()
    frame, _ = single_failures(snapshot)
    rows = {row["group"]: row for row in frame.iter_rows(named=True)}
    base = oracle.Oracle(snapshot, set())
    for element, part in enumerate(system.elements):
        if not part.on:
            assert part.group not in rows
            continue
        state = oracle.Oracle(snapshot, {element})
        lost = [load for c, load in enumerate(system.loads) if base.fed(c) and not state.fed(c)]
        others = [e for e in range(len(system.elements)) if e != element and base.live(e) and not state.live(e)]
        row = rows[part.group]
        assert row["racks_lost"] == sum(load.count for load in lost)
        assert row["lost_it_kw"] == sum(load.count * load.kw for load in lost)
        assert row["accelerators_lost"] == sum(load.count * 72 for load in lost)
        assert row["elements_lost"] == len(others)
    assert len(rows) == sum(part.on for part in (*system.elements, *system.loads))


def test_batches_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = single_failures(campus(1).build())
    monkeypatch.setattr(module, "_CELLS", 1)
    parts = single_failures(campus(1).build())
    assert all(a.equals(b) for a, b in zip(whole, parts, strict=True))


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
