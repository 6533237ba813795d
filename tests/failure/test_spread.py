"""Distributions with their rates against enumeration and closed forms."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.failure import spread
from twin.failure.bdd import Measure
from twin.failure.spread import Spread, binomial, certain, joined, mixed, repeated


def table(found: Spread) -> dict[int, tuple[float, float]]:
    """Amount to probability and rate."""
    return {a: (p, f) for a, p, f in zip(*(part.tolist() for part in found.amounts()), strict=True)}


@given(st.integers(1, 40), st.integers(1, 90), st.sampled_from([1e-9, 1e-3, 0.3, 0.999]), st.floats(0, 1e3))
def test_binomial(count: int, unit: int, q: float, w: float) -> None:
    found = table(binomial(count, unit, Measure(q, w)))
    for k in range(count + 1):
        chance = comb(count, k) * q**k * (1 - q) ** (count - k)
        rate = w * chance * (k / q - (count - k) / (1 - q))
        got = found.get(k * unit, (0.0, 0.0))
        assert got[0] == pytest.approx(chance, rel=1e-11, abs=1e-19)
        assert got[1] == pytest.approx(rate, rel=1e-9, abs=1e-9 * w + 1e-15)
    assert set(found) <= {k * unit for k in range(count + 1)}


def spreads() -> st.SearchStrategy[Spread]:
    each = st.tuples(st.integers(0, 500), st.floats(0.01, 1.0), st.floats(-5, 5))

    def build(rows: list[tuple[int, float, float]]) -> Spread:
        total = sum(p for _, p, _ in rows)
        ways = [(Measure(p / total, f), certain(a)) for a, p, f in rows]
        return mixed(ways)

    return st.lists(each, min_size=1, max_size=5).map(build)


@given(st.lists(spreads(), min_size=1, max_size=3))
def test_joined_is_the_sum_of_independent_amounts(parts: list[Spread]) -> None:
    wanted: dict[int, list[float]] = {0: [1.0, 0.0]}
    for part in parts:
        after: dict[int, list[float]] = {}
        for a, (p, f) in wanted.items():
            for b, (q, g) in table(part).items():
                row = after.setdefault(a + b, [0.0, 0.0])
                row[0] += p * q
                row[1] += p * g + f * q
        wanted = after
    got = table(joined(parts))
    for amount, (chance, rate) in wanted.items():
        assert got.get(amount, (0.0, 0.0)) == pytest.approx((chance, rate), rel=1e-9, abs=1e-12)
    assert sum(p for p, _ in got.values()) == pytest.approx(1.0, rel=1e-12)


@given(spreads(), st.integers(0, 9))
def test_repeated_is_joined_with_itself(part: Spread, times: int) -> None:
    one, other = table(repeated(part, times)), table(joined([part] * times))
    assert one.keys() == other.keys()
    for amount, both in one.items():
        assert both == pytest.approx(other[amount], rel=1e-9, abs=1e-12)


def test_long_convolutions_go_by_transform(monkeypatch: pytest.MonkeyPatch) -> None:
    part = binomial(3_000, 1, Measure(0.4, 2.0))
    wanted = table(joined([part, part]))
    monkeypatch.setattr(spread, "_DIRECT", 0)
    got = table(joined([part, part]))
    for amount, both in wanted.items():
        assert got.get(amount, (0.0, 0.0)) == pytest.approx(both, abs=1e-14)


def test_what_is_dropped_is_counted() -> None:
    part = binomial(100_000, 1, Measure(1e-3, 1.0))
    amount, chance, _ = part.amounts()
    assert len(amount) < 600
    assert part.mean() == pytest.approx(100.0, rel=1e-12)
    assert 0.0 < part.missing < 1e-17
    assert chance.sum() == pytest.approx(1.0, abs=1e-12)


def test_stretches_stay_apart_where_nothing_is_between() -> None:
    ways = [(Measure(0.999, -1.0), binomial(50, 1, Measure(0.01, 0.1))), (Measure(0.001, 1.0), certain(1_000_000))]
    found = mixed(ways)
    assert len(found.stretches) == 2
    assert sum(values.shape[1] for _, values in found.stretches) < 60
    amount, chance, rate = found.amounts()
    assert amount[-1] == 1_000_000
    assert (chance[-1], rate[-1]) == (0.001, 1.0)
    assert np.isclose(rate.sum(), 0.0, atol=1e-12)
