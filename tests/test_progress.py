"""Counting work: nothing where nobody listens, every piece where somebody does."""

from __future__ import annotations

from pathlib import Path

import pytest

import twin
from twin.progress import counted, listening

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


def test_long_engines_count_to_the_end():
    told: dict[str, list[tuple[int, int]]] = {}
    loaded = twin.load(TOPOLOGIES / "river-bend.yaml")
    with listening(lambda what, done, total: told.setdefault(what, []).append((done, total))):
        loaded.run("offers", "risk")
    assert told["offers"] == [(done, 6) for done in range(7)]
    done, total = told["chunks of scenarios"][-1]
    assert done == total >= 1
