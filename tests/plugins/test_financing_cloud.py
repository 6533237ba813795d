"""Cloud rental beyond hours and price: reservations, upfront payment, burst, committed spend."""

from __future__ import annotations

import numpy as np
import pytest
from financing import entry, inputs, monthly, run
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.api import RefusedError
from twin_financing import cloud_rental

PLAIN = {"user": "lab", "accelerators": 100, "price": "$2/h"}
HOURS_2027, HOURS_2028 = 8760, 8784


def rent(months=60, **terms):
    return run(inputs(entry("cloud-rental", **{**PLAIN, **terms}), months=months), "cloud-rental")["cashflow"]


@pytest.mark.parametrize(("cloud", "one", "three"), [("aws", 0.41, 0.64), ("gcp", 0.37, 0.56), ("azure", 0.25, 0.49)])
def test_discounts_are_those_of_the_source(cloud, one, three):
    """Epoch AI, training-cost-trends: what it takes as discounts for a commitment of one and three years."""
    for plan, discount in (("reserved-1y", one), ("reserved-3y", three)):
        total = rent(plan=plan, cloud=cloud, term="3 years", utilisation="10 %")["amount_usd"].sum()
        assert total == pytest.approx(100 * (2 * HOURS_2027 + HOURS_2028) * 2 * (1 - discount))


def test_a_reservation_is_paid_whether_used_or_not_and_again_each_year():
    out = rent(plan="reserved-1y", discount="40 %", upfront="50 %", term="2 years", utilisation="0 %")
    ahead = monthly(out, 60, category="cloud_upfront")
    assert np.flatnonzero(ahead).tolist() == [0, 12]
    assert ahead[[0, 12]] == pytest.approx([0.5 * 1.2 * 100 * HOURS_2027, 0.5 * 1.2 * 100 * HOURS_2028])
    assert monthly(out, 60, category="cloud_rental")[[0, 24]] == pytest.approx([0.5 * 1.2 * 100 * 744, 0])


def test_burst_is_on_demand_on_top():
    base, more = rent(), rent(burst={"accelerators": 50, "utilisation": "20 %", "price": "$3/h"}, support="10 %")
    assert monthly(more, 60)[0] == pytest.approx((monthly(base, 60)[0] + 744 * 50 * 0.2 * 3) * 1.1)
    own = monthly(rent(burst={"accelerators": 50, "utilisation": "100 %"}), 60)[0]
    assert own == pytest.approx(1.5 * monthly(base, 60)[0])


@given(st.floats(0, 1), st.floats(1, 4e6))
def test_each_year_costs_the_commitment_at_least(used, committed):
    out = rent(utilisation=used, committed_spend=f"${committed!r}", term="2 years")
    total, short = monthly(out, 60), monthly(out, 60, category="cloud_shortfall")
    for year, hours in ((0, HOURS_2027), (1, HOURS_2028)):
        spent = 100 * hours * 2 * used
        assert total[12 * year : 12 * year + 12].sum() == pytest.approx(max(spent, committed))
        assert short[12 * year + 11] == pytest.approx(max(committed - spent, 0), abs=1e-6)


def test_the_break_even_use_of_a_reservation_is_its_price_over_that_on_demand():
    """u* = reserved / on demand: at that utilisation both plans cost the same."""
    reserved = rent(plan="reserved-3y", cloud="aws", term="3 years")["amount_usd"].sum()
    assert rent(utilisation="36 %", term="3 years")["amount_usd"].sum() == pytest.approx(reserved)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"cloud": "aws"}, "go with a reserved plan"),
        ({"upfront": "50 %"}, "go with a reserved plan"),
        ({"plan": "reserved-1y", "cloud": "aws", "discount": "10 %", "term": "1 year"}, "both cloud and discount"),
        ({"plan": "reserved-3y", "cloud": "aws", "term": "2 years"}, "is 24 months; let it be a multiple of 36 months"),
        ({"plan": "reserved-1y", "cloud": "aws"}, "the term of a plan reserved-1y is not given"),
        ({"plan": "reserved-1y", "term": "1 year", "commitment": "50 %"}, "leave commitment out"),
        ({"committed_spend": "$1M"}, "give a term of whole years"),
    ],
)
def test_plans_that_cannot_be_are_errors(wrong, says):
    with pytest.raises(ValidationError, match=says):
        entry("cloud-rental", **{**PLAIN, **wrong})


def test_what_was_paid_before_the_calendar_is_not_known():
    deal = {"plan": "reserved-1y", "term": "1 year", "upfront": "50 %", "start": "2026-06-01"}
    with pytest.raises(RefusedError, match="it starts in 2026-06, before the calendar"):
        rent(**deal)
    assert cloud_rental.horizon(inputs(entry("cloud-rental", **PLAIN, term="1 year"), months=0)) == 12
