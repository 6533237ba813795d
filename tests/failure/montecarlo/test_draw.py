"""Draws have the distribution that they say, and are the same whoever draws them."""

from __future__ import annotations

import numpy as np
import pytest

from twin.failure.montecarlo.draw import bernoulli, generator, poisson, uniform

CHANCES = np.array([0.0, 1e-5, 3e-5, 0.001, 0.0011, 0.02, 0.3, 0.9, 1.0])
CELLS = 200_000


def test_each_item_happens_as_often_as_it_should_and_once_a_cell() -> None:
    hits = bernoulli(generator(7, 0, 0), CHANCES, CELLS)
    count = np.bincount(hits.item, minlength=len(CHANCES))
    error = np.sqrt(CHANCES * (1 - CHANCES) * CELLS)
    assert (np.abs(count - CHANCES * CELLS) <= 4 * error + 1e-9).all()
    assert count[0] == 0
    assert count[-1] == CELLS
    assert len(np.unique(hits.item * CELLS + hits.cell)) == len(hits.item)
    assert hits.cell.min() >= 0
    assert hits.cell.max() < CELLS


def test_cells_are_independent() -> None:
    """Of two items, both happen as often as the product says; in neighbouring cells too."""
    hits = bernoulli(generator(8, 0, 0), np.array([0.1, 0.1]), CELLS)
    there = np.zeros((2, CELLS), dtype=bool)
    there[hits.item, hits.cell] = True
    both = (there[0] & there[1]).mean(), (there[0, 1:] & there[0, :-1]).mean()
    assert both == pytest.approx((0.01, 0.01), abs=4 * np.sqrt(0.01 * 0.99 / CELLS))


def test_points_of_a_process() -> None:
    rate, cells, length = np.array([0.0, 1e-4, 0.01, 0.013]), 500, 1000.0
    hits, at = poisson(generator(9, 0, 0), rate, cells, length)
    count = np.bincount(hits.item, minlength=4)
    mean = rate * cells * length
    assert (np.abs(count - mean) <= 4 * np.sqrt(mean)).all()
    assert at.min() >= 0
    assert at.max() < length
    row = hits.item * cells + hits.cell
    same = row[1:] == row[:-1]
    assert (at[1:][same] > at[:-1][same]).all(), "points of one process stand in order"
    assert at.mean() == pytest.approx(length / 2, abs=4 * length / np.sqrt(12 * len(at)))


def test_a_block_is_a_seed_and_a_number() -> None:
    one, again, other = (generator(1, block, 0).random(4) for block in (5, 5, 6))
    assert (one == again).all()
    assert (one != other).all()
    assert (generator(1, 5, 1).random(4) != one).all()


def test_a_number_for_an_event_is_always_the_same_and_even() -> None:
    keys = np.arange(100_000)
    found = uniform(3, keys, keys % 7)
    assert (found == uniform(3, keys, keys % 7)).all()
    assert (uniform(3, keys[:5], np.zeros(5, dtype=np.int64)) == uniform(3, keys[:5], keys[:5] * 0)).all()
    counts = np.bincount((found * 20).astype(int), minlength=20)
    assert ((counts - 5000) ** 2 / 5000).sum() < 45.0, "chi-squared of 19 degrees: above 43.8 once in a thousand"
    assert np.corrcoef(found[1:], found[:-1])[0, 1] == pytest.approx(0.0, abs=0.015)
    assert abs(found - uniform(4, keys, keys % 7)).mean() == pytest.approx(1 / 3, abs=0.01)
