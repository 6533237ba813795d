"""Term debt: its dates, sizes and covers, as the model gives them month by month."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from financing import entry, inputs, ledger, monthly, run
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.api import RefusedError
from twin_financing import term_debt

LOAN = {"borrower": "spv", "lender": "bank", "rate": "6 %/year"}
LEVEL = {**LOAN, "principal": "$1.2M", "tenor": "12 months", "amortisation": "level"}
CASH = entry("operating-cost", "cash", payer="spv", amount="$1/year")
SCULPTED = {**LOAN, "principal": "$1M", "tenor": "24 months", "amortisation": "sculpted", "secured_by": ["cash"]}


def lent(cash=(), months=60, **params):
    flows = ledger([*cash, *[0.0] * (months - len(cash))]) if len(cash) else None
    return run(inputs(entry("term-debt", **params), months=months, cashflow=flows, others=[CASH]), "term-debt")


def test_a_level_loan_by_hand():
    out = lent(**LEVEL)
    payment = 1.2e6 * 0.005 / (1 - 1.005**-12)
    flows = out["cashflow"]
    service = monthly(flows, 60, category="interest", payer="spv", payee="bank") + monthly(
        flows, 60, category="principal"
    )
    assert service[1:13] == pytest.approx(payment)
    assert monthly(flows, 60, category="debt_draw", payer="bank", payee="spv")[0] == 1.2e6
    debt = out["debt"]
    assert debt.height == 13
    assert debt["interest_usd"][:2].to_list() == [0.0, pytest.approx(6e3)]
    assert debt["closing_usd"][-1] == 0.0
    assert debt["dscr_ratio"].null_count() == 13


def test_the_lender_earns_its_rate():
    flows = lent(**{**LEVEL, "grace": "capitalised", "repayment_start": "2027-07-01"})["cashflow"]
    net = monthly(flows, 60, payee="bank") - monthly(flows, 60, payer="bank")
    assert abs(net @ 1.005 ** -np.arange(60)) < 1e-6


def test_interest_before_repayment_is_paid_or_added():
    terms = {**LEVEL, "repayment_start": "2027-07-01", "draw_months": 2}
    debt = lent(**terms, grace="capitalised")["debt"]
    assert debt["opening_usd"][6] == pytest.approx(6e5 * (1.005**5 + 1.005**4))
    assert debt["capitalised_usd"][1:6].sum() == pytest.approx(debt["interest_usd"][1:6].sum())
    assert debt["capitalised_usd"][6:].sum() == 0.0
    debt = lent(**terms)["debt"]
    assert debt["opening_usd"][6] == pytest.approx(1.2e6)
    assert debt["capitalised_usd"].sum() == 0.0


def test_draws_follow_what_they_fund():
    spend = ledger([0, 1e6, 0, 3e6], deal="campus", payer="spv", payee="contractor")
    deal = entry(
        "term-debt",
        **{**LOAN, "principal": "$1M", "funds": "campus", "maturity": "2028-01-01", "amortisation": "level"},
    )
    out = run(inputs(deal, months=24, cashflow=spend), "term-debt")
    assert monthly(out["debt"], 24, "draw_usd")[:5] == pytest.approx([0, 25e4, 0, 75e4, 0])
    with pytest.raises(RefusedError, match="'spv' pays nothing under 'campus'"):
        run(inputs(deal, months=24), "term-debt")


def test_a_bullet_is_repaid_at_maturity():
    debt = lent(**{**LEVEL, "amortisation": "bullet"})["debt"]
    assert debt["principal_usd"].to_list() == [0.0] * 12 + [1.2e6]
    assert debt["interest_usd"][1:].to_list() == pytest.approx([6e3] * 12)


def test_maturity_is_the_month_of_the_last_repayment():
    by_date = lent(**{**{k: v for k, v in LEVEL.items() if k != "tenor"}, "maturity": "2028-01-31"})["debt"]
    assert by_date.equals(lent(**LEVEL)["debt"])
    deals = [entry("term-debt", **LEVEL), entry("term-debt", "b", **{**LEVEL, "draw": "2028-01-01"})]
    assert term_debt.horizon(inputs(*deals, months=0)) == 25


def test_sculpted_service_is_cash_over_one_ratio():
    cash = 1e5 * (1 + 0.02 * np.arange(25))
    debt = lent(cash, **SCULPTED)["debt"]
    service = (debt["interest_usd"] + debt["principal_usd"]).to_numpy()[1:]
    assert np.ptp(cash[1:] / service) < 1e-9
    assert debt["dscr_ratio"][12:].to_list() == pytest.approx([cash[1] / service[0]] * 13)
    assert debt["dscr_ratio"][:12].null_count() == 12
    assert debt["llcr_ratio"][1] == pytest.approx(cash[1] / service[0])
    assert debt["closing_usd"][-1] == 0.0


def test_a_ratio_sizes_the_loan():
    cash = 1e5 * (1 + 0.02 * np.arange(25))
    terms = {k: v for k, v in SCULPTED.items() if k != "principal"}
    debt = lent(cash, **terms, dscr=1.25)["debt"]
    assert debt["draw_usd"][0] == pytest.approx(cash[1:] / 1.25 @ 1.005 ** -np.arange(1, 25.0))
    assert debt["dscr_ratio"][-1] == pytest.approx(1.25)
    late = lent(cash, **terms, dscr=1.25, grace="capitalised", repayment_start="2027-07-01")["debt"]
    assert late["dscr_ratio"][-1] == pytest.approx(1.25)
    assert late["draw_usd"][0] == pytest.approx(cash[6:] / 1.25 @ 1.005 ** -np.arange(6, 25.0))
    level = lent(cash, **{**terms, "amortisation": "level"}, dscr=1.25)["debt"]
    assert level["interest_usd"][1] + level["principal_usd"][1] == pytest.approx(cash[1] / 1.25)


def test_energy_bills_come_before_debt_service():
    bills = ledger([2e4] * 60, deal="grid", payer="spv", payee="utility")
    others = ledger([7e4] * 60, deal="grid", payer="tenant", payee="utility")
    flows = pl.concat([ledger([1e5] * 60), bills, others])
    out = run(inputs(entry("term-debt", **SCULPTED), months=60, cashflow=flows, others=[CASH]), "term-debt")
    assert out["debt"]["cfads_usd"].to_list() == pytest.approx([8e4] * 25)


def test_only_the_deals_named_secure_the_loan():
    flows = pl.concat([ledger([1e5] * 60), ledger([9e9] * 60, deal="other")])
    others = [CASH, entry("operating-cost", "other", payer="spv", amount="$1/year")]
    out = run(inputs(entry("term-debt", **SCULPTED), months=60, cashflow=flows, others=others), "term-debt")
    assert out["debt"]["cfads_usd"].to_list() == pytest.approx([1e5] * 25)


@given(
    st.floats(1e3, 1e9),
    st.floats(0, 0.3),
    st.integers(1, 58),
    st.integers(1, 20),
    st.booleans(),
    st.sampled_from(["level", "sculpted", "bullet"]),
    st.integers(0, 2**32 - 1),
)
def test_debt_is_never_below_zero_and_ends_at_zero(principal, rate, tenor, draws, capitalise, shape, seed):
    draws = min(draws, tenor)
    cash = 1e5 * (0.1 + np.random.default_rng(seed).random(60))
    terms = {**LOAN, "principal": f"${principal!r}", "rate": f"{rate!r}/year", "tenor": f"{tenor} months"}
    grace = "capitalised" if capitalise else "interest-only"
    out = lent(cash, **terms, amortisation=shape, draw_months=draws, grace=grace, secured_by=["cash"])
    debt = out["debt"]
    money = debt.select("opening_usd", "draw_usd", "interest_usd", "capitalised_usd", "principal_usd", "closing_usd")
    assert money.min_horizontal().min() >= 0.0
    assert debt["closing_usd"][-1] == 0.0
    left = debt.select(pl.col("opening_usd") + pl.col("draw_usd") + pl.col("capitalised_usd") - pl.col("principal_usd"))
    assert left.to_series().to_numpy() == pytest.approx(debt["closing_usd"].to_numpy(), abs=1e-9 * principal * 60)
    assert out["cashflow"]["amount_usd"].min() >= 0.0


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"draw": "2026-06-01"}, "it is drawn in 2026-06, before the calendar starts"),
        ({"repayment_start": "2027-01-01"}, "repayment starts in 2027-01, but it is drawn until 2027-01"),
        ({"repayment_start": "2029-01-01"}, "it matures in 2028-01, before its first repayment in 2029-01"),
        ({"lender": "spv"}, "'spv' would pay itself"),
    ],
)
def test_impossible_dates_are_refused_by_name(params, says):
    with pytest.raises(RefusedError, match=f"deal 'term-debt': {says}"):
        lent(**{**LEVEL, **params})


def test_no_cash_to_sculpt_to_is_refused_by_month():
    with pytest.raises(RefusedError, match=r"deal 'term-debt': the cash .* is not above zero in 2028-09"):
        lent([1e5] * 20, **SCULPTED)


def test_a_loan_cannot_be_sculpted_past_the_calendar():
    with pytest.raises(RefusedError, match="it matures in 2029-01, after the calendar ends"):
        lent([1e5] * 12, months=12, **SCULPTED)
    debt = lent(months=6, **LEVEL)["debt"]
    assert debt.height == 6
    assert debt["closing_usd"][-1] == pytest.approx(lent(**LEVEL)["debt"]["closing_usd"][5])


def test_a_ratio_that_would_let_the_balance_grow_is_refused():
    terms = {k: v for k, v in SCULPTED.items() if k != "principal"}
    with pytest.raises(RefusedError, match=r"at a cover ratio of 1\.2 .* the balance would grow"):
        lent([1e3] * 12 + [1e6] * 13, **terms, dscr=1.2)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"dscr": 1.3}, "give one of principal and dscr"),
        ({"principal": None}, "give one of principal and dscr"),
        ({"maturity": "2030-01-01"}, "give one of maturity and tenor"),
        ({"amortisation": "sculpted"}, "needs secured_by"),
        (
            {"principal": None, "dscr": 1.3, "secured_by": ["cash"], "amortisation": "bullet"},
            "give a bullet loan a principal",
        ),
        ({"principal": None, "dscr": 0.9, "secured_by": ["cash"]}, "greater than or equal to 1"),
        ({"funds": "campus", "draw": "2027-01-01"}, "leave draw and draw_months out"),
        ({"funds": "campus"}, "give maturity and not tenor"),
        ({"rate": "-1 %/year"}, "greater than or equal to 0"),
        ({"principal": "$0"}, "greater than 0"),
        ({"tenor": "0 months"}, "not longer than zero"),
    ],
)
def test_bad_loans_are_errors(params, says):
    with pytest.raises(ValidationError, match=says):
        entry("term-debt", **{**LEVEL, **params})


@pytest.mark.parametrize("together", [True, False])
def test_two_loans_cannot_count_the_same_cash(together):
    first, second = entry("term-debt", "senior", **SCULPTED), entry("term-debt", "junior", **SCULPTED)
    flows = ledger([1e5] * 60)
    given = inputs(
        first,
        *([second] if together else []),
        months=60,
        cashflow=flows,
        others=[CASH, *([] if together else [second])],
    )
    with pytest.raises(RefusedError, match="deal 'senior': 'junior' of the same borrower is secured by 'cash' too"):
        run(given, "term-debt")


def test_loans_of_different_borrowers_may_name_the_same_deal():
    other = {**SCULPTED, "borrower": "spv2", "secured_by": ["cash"], "amortisation": "level"}
    out = run(
        inputs(
            entry("term-debt", "a", **SCULPTED),
            entry("term-debt", "b", **other),
            months=60,
            cashflow=ledger([1e5] * 60),
            others=[CASH],
        ),
        "term-debt",
    )
    assert out["debt"]["deal"].unique().sort().to_list() == ["a", "b"]
