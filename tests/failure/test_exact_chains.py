"""Chains and wide gates of thousands: the work grows as the tree does.

Counted are calls of functions, which no other load of the machine changes; doubling the tree may not much more
than double them.
"""

from __future__ import annotations

import sys
from math import prod

import pytest
from failure.chains import CHANCE, TREES, Frames, chain

from twin.failure.exact import FaultTree


def calls(frames: Frames) -> int:
    """Calls of functions until the top event is known."""
    count = 0

    def seen(_frame: object, event: str, _arg: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(seen)
    try:
        FaultTree(*frames).top_event("g0")
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("name", TREES)
def test_twice_the_tree_is_twice_the_work(name: str) -> None:
    calls(TREES[name](50))  # what is imported when first used
    one, two = (calls(TREES[name](size)) for size in (400, 800))
    assert two <= 2.2 * one


def test_chains_have_their_closed_form() -> None:
    """Closed forms: any of 3,001 events, and an odd number of them; two chains over the same are one."""
    size = 3000
    none = (1.0 - CHANCE) ** (size + 1)
    closed = {"or": 1.0 - none, "two chains": 1.0 - none, "xor": (1.0 - (1.0 - 2.0 * CHANCE) ** (size + 1)) / 2.0}
    for name, wanted in closed.items():
        found = FaultTree(*TREES[name](size)).top_event("g0").row(0, named=True)
        assert found["method"] == "exact"
        assert found["probability"] == pytest.approx(wanted, rel=1e-10)
    every = FaultTree(*chain(60, ("and",))).top_event("g0")["probability"].item()
    assert every == pytest.approx(prod([CHANCE] * 61), rel=1e-12)


def test_a_chain_is_deeper_than_the_stack() -> None:
    size = sys.getrecursionlimit() * 3
    found = FaultTree(*chain(size, ("or", "and"))).top_event("g0")["probability"].item()
    p = 0.0
    for number in reversed(range(size)):
        below = CHANCE if number == size - 1 else p
        p = CHANCE * below if number % 2 else CHANCE + below - CHANCE * below
    assert found == pytest.approx(p, rel=1e-12)
