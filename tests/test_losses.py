"""The rule of a default by hand, and what must hold of it whatever is owed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from twin.losses import claims, in_turn, owing, shortfall, unpaid

DUE = np.array([[10.0, 10, 10, 10, 0], [0, 0, 6, 6, 6]])
SINCE = np.array([-3, 2])


def test_only_phases_that_have_commenced_are_owed():
    owed = owing(SINCE, DUE)
    assert owed.tolist() == [
        [10, 10, 10, 10, 0],
        [0, 10, 10, 10, 0],
        [0, 0, 16, 16, 6],
        [0, 0, 0, 16, 6],
        [0, 0, 0, 0, 6],
    ]


def test_the_next_tenant_pays_after_the_downtime():
    lost = unpaid(owing(SINCE, DUE), 0.5, 2)
    assert lost[0].tolist() == [10, 10, 5, 5, 0]
    assert lost[2].tolist() == [0, 0, 16, 16, 3]
    assert unpaid(owing(SINCE, DUE), 0.5, 0)[0].sum() == 20


def test_first_loss_pays_until_it_is_used_up_and_pro_rata_a_share_of_each_month():
    lost = unpaid(owing(SINCE, DUE), 0.5, 2)
    guaranteed = np.full(5, 12.0)
    assert claims(lost, guaranteed)[0].tolist() == [10, 2, 0, 0, 0]
    exposure = owing(SINCE, DUE).sum(axis=1)
    assert claims(lost, guaranteed, exposure)[0] == pytest.approx(np.array([10, 10, 5, 5, 0]) * 12 / 40)


def test_what_is_below_the_strike_is_made_up_to_the_most():
    assert shortfall(np.array([0.0, 30, 45, 50, 80]), 50.0, 12.0).tolist() == [12, 12, 5, 0, 0]
    assert shortfall(45.0, 50.0, 50.0) == 5


@given(
    arrays(np.float64, (3, 8), elements=st.floats(0, 1e6)),
    arrays(np.int64, 3, elements=st.integers(-2, 9)),
    arrays(np.float64, 8, elements=st.floats(0, 1e7)),
    st.floats(0, 1),
    st.integers(0, 10),
    st.floats(0, 1),
)
def test_a_guarantor_never_pays_more_than_is_lost_nor_than_it_guaranteed(due, since, most, again, downtime, less):
    owed = owing(since, due)
    lost, exposure = unpaid(owed, again, downtime), owed.sum(axis=1)
    guaranteed = np.minimum(most, exposure)
    first, share = claims(lost, guaranteed), claims(lost, guaranteed, exposure)
    for asked in (first, share):
        assert (asked >= -1e-6).all()
        assert (asked.sum(axis=1) <= guaranteed + 1e-6).all()
        assert (asked <= lost + 1e-6).all()
    assert (np.cumsum(first, axis=1) >= np.cumsum(share, axis=1) - 1e-5).all()
    assert (claims(lost, guaranteed * less) <= first + 1e-5).all()
    assert first.sum(axis=1) == pytest.approx(np.minimum(lost.sum(axis=1), guaranteed), abs=1e-5)


def test_proceeds_go_to_the_senior_claim_first():
    owed = np.array([[70.0, 70.0, 70.0], [20.0, 20.0, 0.0]])
    assert in_turn(np.array([100.0, 75.0, 30.0]), owed).tolist() == [[70, 70, 30], [20, 5, 0]]
