"""Counting work: nothing where nobody listens, every piece where somebody does."""

from __future__ import annotations

from pathlib import Path

import pytest

import twin
from twin.progress import counted, listening
from twin.scenario.measure import target
from twin.scenario.rerun import base
from twin.scenario.shock import shocks
from twin.scenario.shocks import shock
from twin.scenario.solve import solve

TOPOLOGIES = Path(__file__).parents[1] / "topologies"


def heard(pieces, total):
    told = []
    with listening(lambda *words: told.append(words)):
        kept = list(counted(pieces, total, "racks"))
    return kept, told


def test_pieces_pass_as_they_are():
    assert list(counted(iter("abc"), 3, "racks")) == ["a", "b", "c"]
    kept, told = heard(iter("abc"), 3)
    assert kept == ["a", "b", "c"]
    assert told == [("racks", done, 3) for done in range(4)]


def test_nobody_listens_any_more_when_it_is_over():
    told = []
    with pytest.raises(ZeroDivisionError), listening(lambda *words: told.append(words)):
        raise ZeroDivisionError
    list(counted(range(3), 3, "racks"))
    assert told == []


def test_work_that_stops_early_says_that_it_is_over():
    told = []
    with listening(lambda *words: told.append(words)):
        for piece in counted(range(10), 10, "racks"):
            if piece == 2:
                break
    assert told == [("racks", 0, 10), ("racks", 1, 10), ("racks", 2, 10), ("racks", 10, 10)]


def test_a_search_and_shocks_and_dispatch_count():
    told: dict[str, list[tuple[int, int]]] = {}
    path = TOPOLOGIES / "river-bend.yaml"
    start = base(path)
    with listening(lambda what, done, total: told.setdefault(what, []).append((done, total))):
        found = solve(start, "deals.lease.rent", target("irr(hut8)=15 %"))
        shocks(start, [shock("default=2032-06"), shock("tariff=+20 %")])
        twin.load(TOPOLOGIES / "gigawatt.yaml").run("energy")
    done = [each for each, _ in told["evaluations (as a rule)"]]
    assert done == list(range(found["evaluations"][0]))
    assert all(each < total for each, total in told["evaluations (as a rule)"])
    assert told["shocks"] == [(0, 2), (1, 2), (2, 2)]
    summary = twin.load(TOPOLOGIES / "gigawatt.yaml").run("energy")["dispatch_summary"]
    assert told["years of sites"] == [(done, summary.height) for done in range(summary.height + 1)]


def test_long_engines_count_to_the_end():
    told: dict[str, list[tuple[int, int]]] = {}
    loaded = twin.load(TOPOLOGIES / "river-bend.yaml")
    with listening(lambda what, done, total: told.setdefault(what, []).append((done, total))):
        loaded.run("offers", "risk")
    assert told["offers"] == [(done, 6) for done in range(7)]
    done, total = told["chunks of scenarios"][-1]
    assert done == total >= 1
