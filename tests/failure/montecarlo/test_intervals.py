"""Down times that overlap, against counting tick by tick."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.failure.montecarlo import intervals
from twin.failure.montecarlo.intervals import Down, merged, overlap, too_light

ROWS, MEMBERS, LAST = 5, 4, 40


@st.composite
def downs(draw: st.DrawFn) -> tuple[Down, np.ndarray]:
    """Down times of members of rows, those of one member apart from each other, and the member of each."""
    rows = []
    for row in range(ROWS):
        for member in range(draw(st.integers(0, MEMBERS))):
            cuts = sorted(draw(st.sets(st.integers(0, LAST), max_size=6)))
            rows += [(row, a, b, member) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    table = np.array(draw(st.permutations(rows)), dtype=np.int64).reshape(-1, 4)
    return Down(table[:, 0], table[:, 1], table[:, 2]), table[:, 3]


def ticks_of(down: Down) -> set[tuple[int, int]]:
    found = set()
    for row, start, end in zip(*(column.tolist() for column in down), strict=True):
        assert start < end
        cells = {(row, tick) for tick in range(start, end)}
        assert not cells & found, "found twice"
        found |= cells
    return found


def naive(down: Down, weight: np.ndarray, most: np.ndarray) -> set[tuple[int, int]]:
    lost = np.zeros((ROWS, LAST + 1))
    for row, start, end, each in zip(*down, weight, strict=True):
        lost[row, start:end] += each
    limit = np.full(ROWS, np.inf)
    limit[down.row] = most
    return {(row, tick) for row in range(ROWS) for tick in range(LAST + 1) if lost[row, tick] > limit[row]}


@settings(max_examples=300, deadline=None)
@given(downs(), st.lists(st.integers(0, 3), min_size=ROWS, max_size=ROWS))
def test_more_than_may_be_lost(made: tuple[Down, np.ndarray], spare: list[int]) -> None:
    down, _ = made
    each = np.array(spare)[down.row]
    assert ticks_of(overlap(down, each)) == naive(down, np.ones(len(each)), each)


@settings(max_examples=200, deadline=None)
@given(downs())
def test_merged(made: tuple[Down, np.ndarray]) -> None:
    down, _ = made
    found = merged(down)
    assert ticks_of(found) == naive(down, np.ones(len(down.row)), np.zeros(len(down.row)))
    for row in range(ROWS):
        here = found.where(found.row == row)
        order = np.argsort(here.start)
        assert (here.start[order][1:] >= here.end[order][:-1]).all()


@settings(max_examples=300, deadline=None)
@given(downs(), st.lists(st.sampled_from([0.4, 1.0, 1.7, 2.5, 4.0]), min_size=ROWS, max_size=ROWS))
def test_too_light(made: tuple[Down, np.ndarray], slack: list[float]) -> None:
    down, member = made
    weight, most = np.array([1.0, 0.5, 2.0, 0.3])[member], np.array(slack)[down.row] + 1e-9
    assert ticks_of(too_light(down, weight, most)) == naive(down, weight, most)


def test_touching_ones_are_one_outage() -> None:
    down = Down(np.array([0, 0, 0]), np.array([5, 8, 20]), np.array([8, 12, 21]))
    found = overlap(down, np.zeros(3, dtype=np.int64))
    assert sorted(zip(found.start.tolist(), found.end.tolist(), strict=True)) == [(5, 12), (20, 21)]


def test_more_rows_than_one_integer_holds(monkeypatch) -> None:
    rng = np.random.default_rng(1)
    row = rng.integers(0, 50, 400)
    start = rng.integers(0, 1000, 400)
    down = Down(row, start, start + rng.integers(1, 50, 400))
    spare = np.zeros(400, dtype=np.int64)
    whole = overlap(down, spare)
    monkeypatch.setattr(intervals, "_ROOM", 13)
    parts = overlap(down, spare)
    assert all((a == b).all() for a, b in zip(whole, parts, strict=True))
