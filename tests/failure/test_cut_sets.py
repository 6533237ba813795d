"""Table `cut_sets` against trying every set of elements on its own."""

from __future__ import annotations

from itertools import combinations
from math import prod
from typing import TYPE_CHECKING

import oracle
import pytest
from failure.build import System
from failure.random_systems import systems
from hypothesis import given, settings

from twin import tables
from twin.errors import RefusedError
from twin.failure import minimal
from twin.failure.cut_sets import cut_sets
from twin.failure.net import net
from twin.failure.pairs import pairs

if TYPE_CHECKING:
    import polars as pl

    from twin.structure.model import Snapshot


def found(snapshot: Snapshot, order: int = 2) -> pl.DataFrame:
    system = net(snapshot)
    return tables.check("cut_sets", cut_sets(system, pairs(system), order), "test")


def test_a_board_or_two_of_three_ups() -> None:
    system = System()
    board = system.gate(system.add("site/board", q=1e-4, per_year=0.1))
    ups = system.gate(system.add("site/ups", 3, gates=[board], q=1e-3, per_year=0.5), 2)
    system.load("site/rack", 10, gates=[ups], scope=system.hall())
    frame = found(system.build())
    assert frame.select("scope", "count", "order", "elements", "groups", "cut_sets").rows() == [
        (scope, count, order, elements, groups, sets)
        for scope, count in (("site", 1), ("site/hall[1]", 1), ("site/rack[1]", 10))
        for order, elements, groups, sets in (
            (1, "site/board[1]", "site/board", 1),
            (2, "site/ups[1] + site/ups[2]", "site/ups + site/ups", 3),
        )
    ]
    assert frame["probability_fraction"].to_list() == pytest.approx([1e-4, 1e-6] * 3)
    assert frame["occurrences_per_year"].to_list() == pytest.approx([0.1, 2 * 1e-3 * 0.5] * 3)


def test_what_leaves_one_load_unfed_is_enough_for_the_scope() -> None:
    """A pair that one rack survives less of is no minimal cut set of the hall."""
    system = System()
    one, two = system.add("site/a"), system.add("site/b")
    system.load("site/rack-0", gates=[system.gate(one)])
    system.load("site/rack-1", gates=[system.gate([*one, *two], 1)])
    rows = found(system.build()).select("scope", "groups").rows()
    assert rows == [("site", "site/a"), ("site/rack-0[1]", "site/a"), ("site/rack-1[1]", "site/a + site/b")]


def test_alike_halls_share_rows() -> None:
    system = System()
    for _ in range(3):
        ups = system.gate(system.add("site/ups", 2), 1)
        system.load("site/rack", 4, gates=[ups], scope=system.hall())
    frame = found(system.build())
    assert frame.select("scope", "count", "cut_sets").rows() == [
        ("site", 1, 3),
        ("site/hall[1]", 3, 1),
        ("site/rack[1]", 12, 1),
    ]


def test_three_of_many_are_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System()
    parts = [e for n in range(6) for e in system.add(f"site/part-{n}")]
    system.load("site/rack", gates=[system.gate(parts, 4)])
    built = system.build()
    assert found(built, 3)["cut_sets"].sum() == 2 * 20
    monkeypatch.setattr(minimal, "MAX_STATES", 19)
    with pytest.raises(RefusedError, match=r"cut sets of 3 among 6 parts are 20 to try.*order: 2"):
        found(built, 3)


@settings(max_examples=100, deadline=None)
@given(systems())
def test_equals_trying_every_set(system: System) -> None:
    """Up to four elements; every element and load is a group of its own, halls may be alike."""
    built = system.build()
    base = oracle.Oracle(built, set())
    fed = [c for c in range(len(system.loads)) if base.fed(c)]
    on = [e for e, part in enumerate(system.elements) if part.on]
    unfed: dict[tuple[int, ...], set[int]] = {(): set()}
    for size in range(1, 5):
        for lost in combinations(on, size):
            state = oracle.Oracle(built, set(lost))
            unfed[lost] = {c for c in fed if not state.fed(c)}
    targets = {"site": set(fed)}
    targets |= {f"site/hall[{h}]": {c for c in fed if system.loads[c].scope == h} for h in range(1, system.halls + 1)}
    targets |= {f"{system.loads[c].group}[1]": {c} for c in fed}
    wanted = {}
    for name, classes in targets.items():
        least = [
            lost
            for lost, dark in unfed.items()
            if dark & classes and not any(unfed[less] & classes for less in combinations(lost, len(lost) - 1))
        ]
        wanted[name] = {_key(system, lost) for lost in least}
    got: dict[str, set[object]] = {}
    frame = found(built, 4)
    for row in frame.iter_rows(named=True):
        key = (row["groups"], _near(row["probability_fraction"]), _near(row["occurrences_per_year"]))
        got.setdefault(row["scope"], set()).add(key)
        assert row["cut_sets"] == 1
    wanted = {name: sets for name, sets in wanted.items() if sets}
    if wanted.get("site/hall[1]") == wanted.get("site/hall[2]") is not None:
        del wanted["site/hall[2]"]
    assert got == wanted


def _key(system: System, lost: tuple[int, ...]) -> tuple[str, str, str]:
    parts = [system.elements[e] for e in lost]
    chance = prod(part.unavailability for part in parts)
    often = sum(part.per_year * prod(other.unavailability for other in parts if other is not part) for part in parts)
    return " + ".join(part.group for part in parts), _near(chance), _near(often)


def _near(number: float) -> str:
    return f"{number:.9e}"
