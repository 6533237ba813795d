"""What hangs together, by our own labels and by scipy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array, csgraph

from twin.structure.lump import joined


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_it_is_what_scipy_calls_a_component(case):
    size, pairs = case
    one, other = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    label = joined(size, one, other)
    count, scipys = csgraph.connected_components(
        coo_array((np.ones(len(one)), (one, other)), shape=(size, size)), directed=False
    )
    assert len(set(zip(label.tolist(), scipys.tolist(), strict=True))) == count == len(set(label.tolist()))
    assert (label <= np.arange(size)).all()


def test_a_long_chain_in_no_order():
    chain = np.random.default_rng(3).permutation(20_000)
    assert not joined(len(chain), chain[:-1], chain[1:]).any()
