"""Lumping equal rows, against dictionaries."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.structure.lump import lump, number, number_lists

SMALL = st.integers(-2, 2)
HUGE = st.sampled_from([-(2**40), 0, 1, 2**40, 2**61])


@given(st.lists(st.tuples(SMALL, HUGE, HUGE, st.sampled_from([0.5, float("nan"), float("inf")])), max_size=30))
def test_lump_counts_equal_rows(rows):
    columns = [np.array([row[i] for row in rows]) for i in range(4)]
    kinds: dict[tuple[str, ...], list[int]] = {}
    for index, row in enumerate(rows):
        kinds.setdefault(tuple(map(repr, row)), []).append(index)
    first, count = lump(columns, len(rows))
    assert first.tolist() == [found[0] for found in kinds.values()]
    assert count.tolist() == [len(found) for found in kinds.values()]
    order = {key: place for place, key in enumerate(kinds)}
    assert number(columns, len(rows)).tolist() == [order[tuple(map(repr, row))] for row in rows]


def test_no_columns_are_one_kind():
    first, count = lump([], 7)
    assert first.tolist() == [0]
    assert count.tolist() == [7]


@given(st.lists(st.lists(st.integers(0, 3), max_size=3), max_size=8))
def test_lists_with_the_same_entries_are_of_one_kind(lists):
    row = np.array([i for i, entries in enumerate(lists) for _ in entries], dtype=np.int64)
    values = np.array([entry for entries in lists for entry in entries], dtype=np.int64)
    kinds = number_lists(len(lists), row, values).tolist()
    for i, left in enumerate(lists):
        for j, right in enumerate(lists):
            assert (kinds[i] == kinds[j]) == (sorted(left) == sorted(right))
