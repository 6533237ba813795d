"""The search between two bounds, on functions of which the answer is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from twin.capacity.bracket import Rows, Seen

if TYPE_CHECKING:
    from collections.abc import Callable

LIMITS = [
    ("straight", lambda x: 3.0 * x - 6.0, lambda _: 3.0, 2.0),
    ("convex", lambda x: x**2 + x - 6.0, lambda x: 2.0 * x + 1.0, 2.0),
    ("concave", lambda x: np.sqrt(x) - 3.0, lambda x: 0.5 / np.sqrt(max(x, 1e-9)), 9.0),
    ("kinked", lambda x: 0.1 * x - 1.0 if x < 5 else x - 5.5, lambda x: 0.1 if x < 5 else 1.0, 5.5),
    ("over from the first", lambda x: 1.0 + x, lambda _: 1.0, 0.0),
    ("far away", lambda x: 1e-4 * x - 70.0, lambda _: 1e-4, 7e5),
]


def search(excess: Callable[[float], float], slope: Callable[[float], float], first: float) -> tuple[float, int]:
    """Where the excess of one row becomes positive, and after how many trials."""
    zero, one = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    rows = Rows.begin(zero, zero, zero, zero, np.array([first]), 0)
    for trials in range(1, 200):
        at = float(rows.trial[0])
        ends = np.array([at - excess(at) / slope(at)])
        over = np.array([excess(at) > 0.0])
        seen = Seen(over, ends, ends, np.array([np.inf]), zero, np.empty((1, 0), dtype=np.int64))
        rows.learn(one, seen, settled=False)
        if rows.closed(one)[0]:
            return max(float(rows.exact[0]), 0.0), trials
        rows.aim(one, np.array([1e6]))
    raise AssertionError(rows)


@pytest.mark.parametrize("first", [0.0, 1.0, 1e6])
@pytest.mark.parametrize(("excess", "slope", "answer"), [limit[1:] for limit in LIMITS], ids=[n for n, *_ in LIMITS])
def test_the_place_is_found_from_either_side_in_few_trials(excess, slope, answer, first):
    found, trials = search(excess, slope, first)
    assert found == pytest.approx(answer, rel=1e-9, abs=1e-9)
    assert trials < 60


def test_a_row_walks_on_from_where_a_standby_joins():
    zero = np.zeros(1, dtype=np.int64)
    rows = Rows.begin(zero, zero, zero, zero, np.zeros(1), 1)

    def see(over: bool, rank: int) -> None:
        pattern = np.array([[rank]])
        rows.learn(zero, Seen(np.array([over]), np.ones(1), np.ones(1), np.full(1, 5.0), zero, pattern), settled=True)

    see(over=False, rank=0)
    assert (rows.low[0], rows.pattern.tolist()) == (0.0, [[0]])
    rows.trial[0] = 3.0
    see(over=False, rank=1)
    assert (rows.high[0], bool(rows.over[0]), bool(rows.same[0])) == (3.0, False, False)
    rows.walk(zero)
    assert (rows.low[0], rows.high[0], rows.pattern.tolist()) == (3.0, np.inf, [[1]])
