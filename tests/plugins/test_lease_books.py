"""Lease accounting against published cases, and against the same by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from financing import entry, inputs, monthly, run
from hypothesis import given, settings
from hypothesis import strategies as st
from published import Source

from twin.api import RefusedError
from twin_financing.lease_books import Event, books, present_value, straight_line

IFRS_16 = Source(
    "Financing",
    "IFRS 16, Illustrative Example 17",
    "As quoted at https://bookreadfree.com/26922/710816: 5,000 m2 at 50,000 a year in arrears for ten years, 6 %; in "
    "year 6 half is given up and the rest costs 30,000 a year at 5 %. The standard rounds to whole units of currency.",
)
ASC_842 = Source(
    "Financing",
    "ASC 842, a month of an operating lease",
    "Nakisa lease administration 2022R2-SP (docs.nakisa.com), appendix on operating leases.",
)
PURNELL = Source(
    "Financing",
    "Lease accounting in BusinessMath",
    "J. Purnell, BusinessMath, week 4 (jpurnell.github.io at 0e86557).",
)


def test_ifrs_16_example_17_a_decrease_in_scope(published):
    """The lease before and after half of it is given up."""
    made = books([Event(0, np.full(10, 50_000.0), 0.06), Event(5, np.full(5, 30_000.0), 0.05, kept=0.5)], advance=False)
    before = made.liability[4], made.right_of_use[4]
    whole = {"abs": 0.5, "source": IFRS_16}
    published("liability before the change", 210_618, before[0], **whole)
    published("right of use before the change", 184_002, before[1], **whole)
    published("gain", 13_308, made.gain[5], **whole)
    published("liability after it", 129_884, before[0] + made.addition[5], **whole)
    adjusted = before[1] + made.right_of_use_addition[5]
    published("right of use, adjustment", 24_575, adjusted - 92_001, **whole | {"abs": 1.0})
    assert made.liability[-1] == pytest.approx(0, abs=1e-6)
    assert made.right_of_use[-1] == 0
    kept = books([Event(0, np.full(10, 50_000.0), 0.06), Event(5, np.full(5, 30_000.0), 0.05, kept=1.0)], advance=False)
    assert kept.gain.sum() == 0


def test_a_month_of_an_operating_lease(published):
    """One month, to the rounding of its source.

    Liability 381,143.08, payment 17,810.43 at its end, 2.25 % a year: interest 714.64, then 364,047.30; with a
    straight-line cost of 15,635.57 the right of use falls by 14,920.90.
    """
    months = 23  # the payments that make the liability, the last of them smaller
    rate, payment, opening = 0.0225 / 12, 17_810.43, 381_143.08
    level = np.full(months - 1, payment)
    last = (opening - present_value(level, rate, advance=False)) * (1 + rate) ** months
    paid = np.append(level, last)
    extra = 15_635.57 * months - float(paid.sum())
    made = books([Event(0, paid, rate)], extra, operating=True, advance=False)
    month = {"digits": 2, "abs": 0.05, "source": ASC_842}
    published("interest", 714.64, made.interest[0], **month)
    published("liability at its end", 364_047.30, made.liability[0], **month)
    published("fall of the right of use", 14_920.90, made.amortisation[0], **month)
    assert made.cost == pytest.approx(np.full(months, 15_635.57))


def test_quarters_in_arrears(published):
    """Present values to the cent.

    Interest of the first quarter and the balances are the post's, but for its first closing balance, which
    it prints without the payment.
    """
    paid = np.full(4, 25_000.0)
    for rate, value in ((0.04, 97_549.14), (0.06, 96_359.62), (0.10, 94_049.36)):
        ours = present_value(paid, rate / 4, advance=False)
        published(f"present value at {rate:.0%}", value, ours, abs=0.005, source=PURNELL)
    made = books([Event(0, paid, 0.015)], 15_000.0, advance=False)
    whole = {"abs": 0.6, "source": PURNELL}
    published("interest by quarter", [1445, 1092, 733, 369], made.interest, **whole)
    published("liability by quarter, but for the first", [48_897, 24_631, 0], made.liability[1:], **whole)
    published("amortisation by quarter", [27_840] * 4, made.amortisation, **whole)


def test_escalating_rent(published):
    """The same source: 30,000 a quarter, 3 % a year, five years at 6.8 %, with direct costs and rent paid ahead."""
    paid = 30_000 * 1.03 ** (np.arange(20) // 4)
    made = books([Event(0, paid, 0.017)], 15_000 + 30_000, advance=False)
    assert paid.sum() == pytest.approx(637_096.3, abs=0.05)
    cent = {"abs": 0.005, "source": PURNELL}
    published("liability of a rent with escalator", 534_140.43, made.addition[0], **cent)
    published("its right of use, with direct costs", 579_140.43, made.right_of_use_addition[0], **cent)


@st.composite
def leases(draw):
    """Events of a lease: payments by period, and up to two changes."""
    term = draw(st.integers(4, 40))
    cuts = sorted(draw(st.sets(st.integers(1, term - 1), max_size=2)))
    events = []
    for at in (0, *cuts):
        payments = draw(st.lists(st.floats(0, 1e6), min_size=term - at, max_size=term - at))
        kept = draw(st.sampled_from([1.0, 0.5, 0.9])) if at else 1.0
        events.append(Event(at, np.array(payments), draw(st.floats(0, 0.02)), kept))
    return events


@settings(deadline=None)
@given(leases(), st.floats(0, 1e5), st.booleans(), st.booleans())
def test_every_lease_ends_at_nothing_and_its_cost_is_what_was_paid(events, extra, operating, advance):
    made = books(events, extra, operating=operating, advance=advance)
    scale = 1 + float(np.abs(made.addition).sum()) + extra
    assert abs(made.liability[-1]) < 1e-9 * scale
    assert abs(made.right_of_use[-1]) < 1e-9 * scale
    opening = np.append(0.0, made.liability[:-1])
    assert opening + made.addition + made.interest - made.payment == pytest.approx(made.liability, abs=1e-9 * scale)
    held = np.append(0.0, made.right_of_use[:-1]) + made.right_of_use_addition - made.amortisation
    assert held == pytest.approx(made.right_of_use, abs=1e-9 * scale)
    assert made.cost.sum() - made.gain.sum() == pytest.approx(made.payment.sum() + extra, abs=1e-8 * scale)


@settings(deadline=None)
@given(leases(), st.floats(-1e5, 1e5))
def test_a_landlord_earns_what_it_is_paid(events, received):
    income, deferred = straight_line(events, received)
    ends = [event.at for event in events[1:]] + [len(income)]
    paid = sum(float(e.payments[: n - e.at].sum()) for e, n in zip(events, ends, strict=True))
    scale = 1 + abs(received) + sum(float(event.payments.sum()) for event in events)
    assert income.sum() == pytest.approx(paid + received, abs=1e-9 * scale)
    assert abs(deferred[-1]) < 1e-9 * scale


# --- the model ----------------------------------------------------------------------------------

LEASE = {
    "landlord": "hut8",
    "tenant": "fluidstack",
    "site": "dc",
    "capacity": "1 MW",
    "rent": "$100/kW-month",
    "term": "3 years",
}


def account(months=60, phases=(("dc", 0, 1000.0),), accounting=None, **terms):
    deal = entry("lease", **{**LEASE, **terms}, accounting={"rate": "6 %/year", **(accounting or {})})
    return run(inputs(deal, months=months, phases=phases), "lease")


def column(out, name, months=60, **where):
    return monthly(out["lease_accounting"], months, f"{name}_usd", **where)


def test_a_level_lease_is_an_annuity_due():
    out = account()
    by_hand = 100e3 * (1 - 1.005**-36) / 0.005 * 1.005
    for standard in ("asc842", "ifrs16"):
        assert column(out, "liability_addition", party="fluidstack", standard=standard)[0] == pytest.approx(by_hand)
    assert column(out, "straight_line", party="fluidstack", standard="asc842")[:36] == pytest.approx(100e3)
    assert column(out, "amortisation", party="fluidstack", standard="ifrs16")[:36] == pytest.approx(by_hand / 36)
    assert column(out, "straight_line", party="hut8", standard="asc842")[:36] == pytest.approx(100e3)
    assert not out["lease_tests"]["met"].any()


def test_straight_line_of_a_lease_with_free_rent_and_escalator_phase_by_phase():
    out = account(phases=(("dc", 0, 500.0), ("dc", 6, 500.0)), free_rent="6 months", escalator="10 %/year")
    each = 50e3 * (6 + 12 * 1.1 + 12 * 1.21) / 36
    straight = column(out, "straight_line", party="fluidstack", standard="asc842")
    assert straight[[0, 5, 6, 35, 36, 41, 42]] == pytest.approx([each, each, 2 * each, 2 * each, each, each, 0])
    landlord = column(out, "deferred_rent", party="hut8", standard="ifrs16")
    assert landlord[[5, 41]] == pytest.approx([6 * each, 0], abs=1e-6)


@pytest.mark.parametrize(
    ("terms", "accounting", "test"),
    [
        ({}, {"transfers_ownership": True}, "transfer"),
        ({}, {"purchase_option_certain": True}, "purchase_option"),
        ({}, {"economic_life": "4 years"}, "term"),
        ({}, {"fair_value": "$3.6M"}, "present_value"),
        ({"kind": "build-to-suit"}, {}, "specialised"),
    ],
)
def test_one_test_that_is_met_makes_it_a_finance_lease(terms, accounting, test):
    out = account(accounting=accounting, **terms)
    assert out["lease_tests"].filter(pl.col("met"))["test"].to_list() == [test]
    asc = out["lease_accounting"].filter(standard="asc842", party="fluidstack")
    assert asc["classification"].unique().to_list() == ["finance lessee"]
    ifrs = out["lease_accounting"].filter(standard="ifrs16", party="fluidstack")
    shared = ["month", "liability_usd", "right_of_use_usd", "interest_usd"]
    assert asc.select(shared).equals(ifrs.select(shared))


def test_a_short_life_or_a_low_value_that_is_not_met():
    out = account(accounting={"economic_life": "5 years", "fair_value": "$4M"})
    assert not out["lease_tests"]["met"].any()
    assert out["lease_tests"].filter(test="term")["got"].item() == "60.0%"


def test_an_index_is_measured_again_under_ifrs_and_variable_under_asc():
    out = account(index={"path": ["10 %/year"]})
    rent = column(out, "cash", party="fluidstack", standard="asc842")
    assert rent[[0, 12, 24]] == pytest.approx([100e3, 110e3, 121e3])
    asc = column(out, "variable", party="fluidstack", standard="asc842")
    assert asc[[0, 12, 24]] == pytest.approx([0, 10e3, 21e3])
    assert column(out, "variable", party="fluidstack", standard="ifrs16").sum() == 0
    again = column(out, "liability_addition", party="fluidstack", standard="ifrs16")
    due = 1.005 * (1 - 1.005 ** -np.array([24, 12])) / 0.005
    assert again[[12, 24]] == pytest.approx([10e3 * due[0], 11e3 * due[1]])


def test_a_reassessment_lengthens_the_term_at_the_rate_of_its_day():
    step = {"at": "2029-01-01", "renewals_certain": 1, "rate": "12 %/year"}
    out = account(
        renewals=["1 year"], renewals_exercised=1, accounting={"renewals_certain": 0, "reassessments": [step]}
    )
    old, new = (sum(100e3 / (1 + rate) ** k for k in range(n)) for rate, n in ((0.005, 12), (0.01, 24)))
    again = column(out, "liability_addition", party="fluidstack", standard="asc842")
    assert again[24] == pytest.approx(new - old)
    assert column(out, "liability", party="fluidstack", standard="asc842")[47] == pytest.approx(0, abs=1e-6)
    late = {**step, "at": "2030-02-01"}
    with pytest.raises(RefusedError, match="a reassessment comes 37 months after commencement"):
        account(renewals=["1 year"], renewals_exercised=1, accounting={"renewals_certain": 0, "reassessments": [late]})


def test_what_is_ended_or_cut_leaves_a_gain_and_nothing_else():
    out = account(termination="2028-07-01", escalator="3 %/year")
    where = {"party": "fluidstack", "standard": "ifrs16"}
    owed, held = column(out, "liability", **where), column(out, "right_of_use", **where)
    assert owed[17] > held[17] > 0
    assert column(out, "gain", **where)[18] == pytest.approx(owed[17] - held[17])
    assert owed[18] == held[18] == 0
    cut = account(modification={"at": "2028-07-01", "capacity_kept": "40 %", "rate": "6 %/year"}, escalator="3 %/year")
    assert column(cut, "gain", **where)[18] == pytest.approx(0.6 * (owed[17] - held[17]))
    assert column(cut, "liability", **where)[18] == pytest.approx(
        0.4 * column(account(escalator="3 %/year"), "liability", **where)[18]
    )


def test_books_hold_for_the_whole_lease():
    """Prepayment, allowance and direct costs are in the right of use; the cost over the lease is all that was paid."""
    money = {"tenant_prepayment": "$400/kW", "tenant_allowance": "$100/kW", "escalator": "4 %/year"}
    out = account(accounting={"initial_direct_costs": "$60000"}, **money)
    for standard, cost in (("asc842", ("straight_line",)), ("ifrs16", ("interest", "amortisation"))):
        where = {"party": "fluidstack", "standard": standard}
        total = sum(column(out, name, **where).sum() for name in cost)
        assert total == pytest.approx(column(out, "cash", **where).sum() + 400e3 - 100e3 + 60e3)
    assert monthly(out["cashflow"], 60, category="initial_direct_costs", payee="vendor")[0] == pytest.approx(60e3)
    landlord = column(out, "straight_line", party="hut8", standard="asc842").sum()
    assert landlord == pytest.approx(column(out, "cash", party="hut8", standard="asc842").sum() + 300e3)
