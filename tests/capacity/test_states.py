"""The states that must be survived: which there are."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from twin.capacity.states import _compositions


@given(st.lists(st.integers(0, 3), max_size=5), st.integers(0, 6))
def test_compositions_are_all_sums_in_order(limits, total):
    wanted = [terms for terms in product(*(range(most + 1) for most in limits)) if sum(terms) == total]
    assert list(_compositions(limits, total)) == wanted


def test_thousands_of_different_suppliers_do_not_exhaust_the_stack():
    assert next(_compositions([1] * 3000, 2)) == (0,) * 2998 + (1, 1)
