"""Project debt: sizing, draw orders, fees, reserve, balloon, sweep, covenants, seniority."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from financing import entry, inputs, ledger, monthly, run
from hypothesis import given, settings
from hypothesis import strategies as st
from published import Source
from pydantic import ValidationError

from twin.api import RefusedError
from twin_financing import cascade, funding, loan

MONTHS = 120
CASH = entry("operating-cost", "cash", payer="spv", amount="$1/year")
CAMPUS = entry("operating-cost", "campus", payer="spv", amount="$1/year")
BUILD = ledger([2e6] * 12 + [0] * (MONTHS - 12), deal="campus", payer="spv", payee="contractor")
LOAN = {
    "borrower": "spv",
    "lender": "bank",
    "rate": "6 %/year",
    "funds": "campus",
    "repayment_start": "2028-02-01",
    "maturity": "2036-01-01",
    "amortisation": "level",
    "secured_by": ["cash"],
}
SAM = Source(
    "Financing",
    "NREL SAM, Single Owner, with construction financing",
    "PySAM 7.1.1.post1, CustomGenerationProfileSingleOwner: 60 $/MWh, no fuel, installed cost $200M, construction "
    "financing of $6.5M as a lump, debt fee 2.75 %, six months of debt service and of operating cost in reserve, 7 % "
    "over 18 years sized at DSCR 1.3.",
)
# CFADS by year, cf_cash_for_ds, rounded to the cent there:
SAM_IDC_CFADS = np.array(
    [
        17524000.0, 17646740.0, 17769394.9, 17891931.04, 18014313.59, 18136506.55, 18258472.68, 18380173.5,
        18501569.24, 18622618.78, 18743279.66, 18863508.02, 18983258.55, 19102484.47, 19221137.49, 19339167.73,
        19456523.76, 19573152.45,
    ]
)  # fmt: skip
SAM_IDC_DEBT, SAM_IDC_COST, SAM_IDC_EQUITY = 141_928_506.43, 218_893_033.93, 76_964_527.50
SAM_IDC_FEE, SAM_IDC_RESERVE = 3_903_033.93, 6_740_000.0


def rent(amount=1e6, months=MONTHS, first=13):
    return ledger([0.0] * first + [amount] * (months - first))


def lend(*deals, cash=None, build=BUILD, others=(CASH, CAMPUS), **more):
    flows = pl.concat([rent() if cash is None else cash, build])
    return run(inputs(*deals, months=MONTHS, cashflow=flows, others=others, **more), "term-debt")


def one(cash=None, build=BUILD, **params):
    return lend(entry("term-debt", **{**LOAN, **params}), cash=cash, build=build)


def service(debt):
    return debt["interest_usd"] - debt["capitalised_usd"] + debt["principal_usd"]


# --- published -------------------------------------------------------------------------------


def test_sam_construction_financing_fee_and_reserve_close_to_the_cent(published):
    debt = loan.sized(SAM_IDC_CFADS, 0.07, 1.3)
    # CFADS above are rounded to the cent
    published("debt", SAM_IDC_DEBT, debt, unit="$", abs=0.05, source=SAM)

    def reserve(size):
        principal, _ = loan.sculpted(size, 0.07, SAM_IDC_CFADS)
        return 6 / 12 * (principal[0] + 0.07 * size)

    uses = np.array([200e6 + 6.5e6 + 1.75e6])  # cost, construction financing, working reserve of six months
    made = funding.close(uses, funding.Terms(0.07, 0.0275, 0.0, "pro-rata", reserve), lambda used: min(used, debt))
    assert made is not None
    published("cost in all", SAM_IDC_COST, made.cost, unit="$", abs=0.05, source=SAM)
    published("equity", SAM_IDC_EQUITY, made.equity.sum(), unit="$", digits=2, abs=0.05, source=SAM)
    published("debt fee", SAM_IDC_FEE, made.upfront.sum(), unit="$", abs=0.01, source=SAM)
    published("reserve of debt service", SAM_IDC_RESERVE, made.reserve, unit="$", digits=2, abs=0.01, source=SAM)


# --- the circle ------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["equity-first", "pro-rata", "debt-first"])
def test_uses_with_interest_fees_and_reserve_close(order):
    out = one(order=order, ltc=0.7, upfront_fee="2 %", commitment_fee="0.5 %/year", reserve_months=6, sponsor="owner")
    flows, sized = out["cashflow"], out["debt_sizing"].row(0, named=True)
    lent = monthly(flows, MONTHS, category="debt_draw")
    equity = monthly(flows, MONTHS, category="equity_contribution", payer="owner", payee="spv")
    uses = sum(monthly(flows, MONTHS, category=name)[:13] for name in ("interest", "upfront_fee", "commitment_fee"))
    uses += monthly(flows, MONTHS, category="reserve_funding")[:13] + np.array([2e6] * 12 + [0.0])
    assert (lent + equity)[:13] == pytest.approx(uses, abs=1e-4)
    assert sized["debt_usd"] == pytest.approx(0.7 * uses.sum(), rel=1e-10)
    assert sized["binding"] == "ltc"
    assert lent.sum() == pytest.approx(sized["debt_usd"], rel=1e-12)
    first = {"equity-first": equity, "debt-first": lent, "pro-rata": lent}[order]
    assert first[0] > 0
    if order == "pro-rata":
        assert lent[:13] == pytest.approx(0.7 * uses, rel=1e-9)
    else:
        other = lent if order == "equity-first" else equity
        assert first[np.flatnonzero(other)[0] + 1 :] == pytest.approx(0.0, abs=1e-6)
    debt = out["debt"]
    assert debt["undrawn_usd"][0] == pytest.approx(sized["debt_usd"] - lent[0])
    assert debt["undrawn_usd"][12] == pytest.approx(0.0, abs=1e-6)


def test_the_circle_agrees_with_its_closed_form():
    """Pro rata and over two periods, D = s·C and C = cost + u·D + r·s·(cost + u·D) + k·D: linear in the loan D."""
    share, fee, rate, held, cost = 0.8, 0.03, 0.01, 0.1, 5e6
    how = funding.Terms(rate, fee, 0.0, "pro-rata", lambda size: held * size)
    made = funding.close(np.array([cost, 0.0]), how, lambda used: share * used)
    want = share * cost * (1 + rate * share) / (1 - share * (fee + rate * share * fee + held))
    assert made.loan == pytest.approx(want, rel=1e-12)


def test_a_circle_without_end_is_refused():
    with pytest.raises(RefusedError, match="deal 'term-debt': its interest, fees and reserve grow with the loan"):
        one(order="pro-rata", ltc=1.0, upfront_fee="100 %")


@settings(max_examples=60, deadline=None)
@given(
    st.floats(0.05, 0.95),
    st.floats(0, 0.01),
    st.floats(0, 0.05),
    st.floats(0, 0.001),
    st.sampled_from(["equity-first", "pro-rata", "debt-first"]),
    st.lists(st.floats(0, 1e8), min_size=1, max_size=40).filter(lambda cost: sum(cost) > 1e3),
)
def test_every_use_is_paid_once(share, rate, upfront, commitment, order, cost):
    how = funding.Terms(rate, upfront, commitment, order, lambda size: 0.02 * size)
    made = funding.close(np.array(cost), how, lambda used: share * used)
    assert made is not None
    uses = np.array(cost) + made.interest + made.upfront + made.commitment
    uses[-1] += made.reserve
    assert made.draw + made.equity == pytest.approx(uses, rel=1e-9, abs=1e-9 * made.cost)
    assert min(made.draw.min(), made.equity.min()) >= 0
    assert made.draw.sum() == pytest.approx(made.loan, rel=1e-9)
    assert made.loan == pytest.approx(share * made.cost, rel=1e-10)


# --- sizing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "binding", "says"),
    [
        ({"dscr": 1.3, "ltc": 0.9}, "ltc", r"a loan to cost of 0\.9 allows \$21\.60M and binds; a DSCR of 1\.3 would"),
        ({"dscr": 4.0, "ltc": 0.9}, "dscr", r"a DSCR of 4 allows \$1[0-9.]+M and binds; a loan to cost of 0\.9"),
        ({"ltv": 0.5, "value": "$30M", "ltc": 0.9}, "ltv", r"a loan to value of 0\.5 allows \$15\.00M and binds"),
        ({"dscr": 1.01}, "cost", r"all of the cost allows \$24\.00M and binds; a DSCR of 1\.01 would allow"),
    ],
)
def test_the_binding_limit_is_named(more, binding, says):
    row = one(**more)["debt_sizing"].row(0, named=True)
    assert row["binding"] == binding
    assert row["cost_usd"] == 24e6
    assert row["debt_usd"] <= row["cost_usd"]
    assert row["equity_usd"] == pytest.approx(24e6 - row["debt_usd"])
    assert row["unlimited_usd"] >= row["debt_usd"]
    pattern = pl.Series([row["message"]]).str.contains(says)[0]
    assert pattern, row["message"]


def test_a_principal_above_the_cost_is_refused():
    with pytest.raises(RefusedError, match=r"its principal of \$30,000,000 is 125.0% of what 'campus' costs"):
        one(principal="$30M")
    with pytest.raises(RefusedError, match=r"deal 'term-debt': its principal of \$30,000,000 is"):
        one(principal="$30M", order="pro-rata")


@settings(max_examples=30, deadline=None)
@given(
    st.floats(1.0, 5.0),
    st.floats(0.0, 2.0),
    st.sampled_from(["level", "sculpted", "fixed-principal"]),
    st.integers(0, 2**32 - 1),
)
def test_a_higher_cover_never_sizes_a_larger_loan(dscr, more, shape, seed):
    # cash within a fifth of its mean and a short loan: at no cover here would the balance have to grow
    cash = ledger([0.0] * 13 + list(1e5 * (0.9 + 0.2 * np.random.default_rng(seed).random(MONTHS - 13))))
    sizes = [
        one(cash=cash, dscr=ratio, amortisation=shape, maturity="2030-01-01")["debt_sizing"]["debt_usd"][0]
        for ratio in (dscr, dscr + more)
    ]
    assert sizes[1] <= sizes[0] * (1 + 1e-9)


@pytest.mark.parametrize("shape", ["level", "fixed-principal", "sculpted"])
def test_a_loan_sized_by_cover_has_that_cover(shape):
    cash = ledger([0.0] * 13 + [1e5 + 1e3 * (month % 7) for month in range(MONTHS - 13)])
    debt = one(cash=cash, dscr=1.4, amortisation=shape)["debt"].filter(pl.col("principal_usd") > 0)
    cover = debt["cfads_usd"] / service(debt)
    assert cover.min() == pytest.approx(1.4, rel=1e-9)


# --- repayment -------------------------------------------------------------------------------


def test_equal_parts_of_principal():
    debt = one(principal="$9.6M", amortisation="fixed-principal")["debt"].filter(pl.col("principal_usd") > 0)
    assert debt["principal_usd"].to_numpy() == pytest.approx(np.full(96, 1e5))
    assert debt["closing_usd"][-1] == 0.0


@pytest.mark.parametrize("shape", ["level", "fixed-principal", "sculpted"])
def test_a_mini_perm_ends_with_a_balloon(shape):
    short = {"maturity": "2033-01-01", "profile_term": "96 months"}
    whole = one(principal="$20M", amortisation=shape)["debt"]
    mini = one(principal="$20M", amortisation=shape, **short)["debt"]
    last = mini.row(-1, named=True)
    same = whole.filter(pl.col("month") < last["month"])
    assert mini["closing_usd"][:-1].to_numpy() == pytest.approx(same["closing_usd"].to_numpy(), rel=1e-9)
    rest = whole.filter(pl.col("month") == last["month"])["closing_usd"][0]
    assert last["balloon_usd"] == pytest.approx(rest, rel=1e-9)
    assert last["closing_usd"] == 0.0
    assert last["dscr_ratio"] == pytest.approx(mini["dscr_ratio"][-2], rel=0.05)  # the balloon is refinanced


def test_fees():
    flows = one(principal="$12M", upfront_fee="1 %", commitment_fee="1.2 %/year")["cashflow"]
    assert monthly(flows, MONTHS, category="upfront_fee", payer="spv", payee="bank")[0] == pytest.approx(12e4)
    # a twelfth is drawn each month: 11 M$ are undrawn after the first, and a twelfth of 1.2 % of that is due
    assert monthly(flows, MONTHS, category="commitment_fee")[1:4] == pytest.approx([11e3, 10e3, 9e3])


def test_a_reserve_is_funded_before_repayment_and_released():
    out = one(principal="$12M", reserve_months=6, reserve_account="trustee")
    flows, debt = out["cashflow"], out["debt"]
    paid_in = monthly(flows, MONTHS, category="reserve_funding", payer="spv", payee="trustee")
    given_back = monthly(flows, MONTHS, category="reserve_release", payer="trustee", payee="spv")
    payment = service(debt)[-1]
    assert paid_in[12] == pytest.approx(6 * payment)
    assert paid_in.sum() == pytest.approx(given_back.sum())
    assert debt["reserve_usd"].to_numpy()[12:-6] == pytest.approx(6 * payment, rel=1e-9)
    assert debt["reserve_usd"][-1] == pytest.approx(0.0, abs=1e-6)
    assert given_back[-18:].sum() == pytest.approx(given_back.sum())


def test_a_reserve_pays_where_the_cash_does_not_and_is_filled_again():
    cash = [0.0] * 13 + [1e6] * 20 + [0.0] * 3 + [1e6] * (MONTHS - 36)
    out = one(cash=ledger(cash), principal="$12M", reserve_months=6)
    debt, steps = out["debt"], out["waterfall"]
    payment = service(debt)[14]
    held = debt["reserve_usd"].to_numpy()
    assert held[33:36] == pytest.approx([5 * payment, 4 * payment, 3 * payment])
    assert held[36] == pytest.approx(6 * payment)
    assert steps.filter(pl.col("use").is_in(["interest", "principal"]))["short_usd"].max() < 1e-6


def test_a_sweep_takes_the_share_of_what_is_above_lock_up():
    plain = one(principal="$12M")["debt"]
    swept = one(principal="$12M", sweep="50 %", lock_up=1.2)["debt"]
    due = service(plain)[13]
    assert swept["swept_usd"][13] == pytest.approx(0.5 * (1e6 - 1.2 * due))
    assert swept["closing_usd"].to_numpy() == pytest.approx(np.minimum(swept["closing_usd"], plain["closing_usd"]))
    gone = swept.filter(pl.col("closing_usd") == 0.0)["month"][0]
    assert gone < plain["month"][-1]
    assert swept["swept_usd"].sum() + (swept["principal_usd"] - swept["swept_usd"]).sum() == pytest.approx(12e6)


def test_lock_up_and_default_by_month():
    cash = [0.0] * 13 + [2.4e5] * 24 + [1.8e5] * 24 + [1.5e5] * (MONTHS - 61)
    debt = one(cash=ledger(cash), principal="$12M", lock_up=1.2, default_below=1.0)["debt"]
    cover = debt["dscr_ratio"].fill_null(9.0)
    assert (debt["locked_up"] == (cover < 1.2)).all()
    assert (debt["in_default"] == (cover < 1.0)).all()
    assert debt["in_default"].any()
    assert debt.filter(pl.col("locked_up") & ~pl.col("in_default")).height > 0
    assert one(principal="$12M")["debt"]["locked_up"].null_count() == debt.height


@settings(max_examples=100, deadline=None)
@given(
    st.floats(1e3, 1e9),
    st.floats(0, 0.02),
    st.integers(1, 80),
    st.integers(0, 12),
    st.floats(0, 1),
    st.floats(1, 2),
    st.integers(0, 2**32 - 1),
)
def test_the_cascade_pays_out_its_cash_and_the_balance_follows(balance, rate, months, reserve, sweep, lock_up, seed):
    random = np.random.default_rng(seed)
    cash = balance / months * 3 * random.random(months) - 0.1 * balance / months
    principal, balloon = loan.cut(loan.level(balance, rate, months + 5), months)
    got = cascade.run(balance, principal, balloon, cash, cascade.Rules(rate, reserve, sweep, lock_up), funded=0.01)
    paid = got.paid_interest + got.paid_principal + got.topped_up + got.swept + got.left
    assert paid == pytest.approx(got.cash, rel=1e-9, abs=1e-9 * balance)
    fields = [getattr(got, name) for name in cascade.Cascade.__dataclass_fields__]
    assert min(field.min() for field in fields) >= 0
    after = got.opening - got.principal - got.swept - got.balloon
    assert after == pytest.approx(got.closing, abs=1e-9 * balance)
    assert got.closing[-1] == 0.0
    assert np.diff(np.concatenate(([0.01], got.reserve))) == pytest.approx(
        got.topped_up - got.released, abs=1e-9 * balance
    )


# --- seniority -------------------------------------------------------------------------------


def test_a_junior_loan_gets_what_the_senior_leaves():
    first = {k: v for k, v in LOAN.items() if k != "funds"} | {"draw": "2028-01-01"}
    senior = entry("term-debt", "senior", **first, principal="$8M")
    junior = entry("term-debt", "junior", **first, dscr=1.5, behind=["senior"])
    alone = lend(senior, others=(CASH, CAMPUS, junior))
    flows = pl.concat([rent(), alone["cashflow"]])
    made = inputs(junior, months=MONTHS, cashflow=flows, others=(CASH, senior), debt=alone["debt"])
    out = run(made, "term-debt")
    debt, above = out["debt"], alone["debt"]
    assert debt["cfads_usd"][1:].to_numpy() == pytest.approx((above["cfads_usd"] - service(above))[1:].to_numpy())
    assert debt["seniority"].unique().to_list() == [2]
    assert above["seniority"].unique().to_list() == [1]
    left = alone["waterfall"].filter(use="left")["paid_usd"].to_numpy()
    available = out["waterfall"].filter(step=1)["available_usd"].to_numpy()
    assert available == pytest.approx(left)
    assert (debt["cfads_usd"] / service(debt))[1] == pytest.approx(1.5)


def test_a_loan_behind_something_else_is_refused():
    junior = entry("term-debt", **LOAN, principal="$1M", behind=["cash"])
    with pytest.raises(RefusedError, match="it is behind 'cash', which is not a loan of 'spv'"):
        lend(junior)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"principal": "$1M", "ltc": 0.8}, "give one of principal and dscr, or ltc or ltv"),
        ({"ltv": 0.5}, "ltv and value go together"),
        ({"principal": "$1M", "value": "$3M"}, "ltv and value go together"),
        ({"principal": "$1M", "funds": None, "order": "pro-rata"}, "order needs funds"),
        ({"funds": None, "tenor": "9 years", "maturity": None, "ltc": 0.5}, "ltc needs funds"),
        ({"principal": "$1M", "sponsor": "owner"}, "sponsor needs order"),
        ({"principal": "$1M", "order": "pro-rata", "grace": "capitalised"}, "leave grace out"),
        ({"principal": "$1M", "sweep": 0.5, "secured_by": []}, "needs secured_by"),
        ({"principal": "$1M", "behind": ["cash"], "secured_by": []}, "behind needs secured_by"),
        ({"principal": "$1M", "lock_up": 1.1, "default_below": 1.2}, "default_below is above lock_up"),
        ({"principal": "$1M", "amortisation": "bullet", "profile_term": "120 months"}, "all balloon"),
        ({"principal": "$1M", "tenor": "-5 years", "maturity": None}, "below 0"),
        ({"ltc": 1.2}, "above"),
    ],
)
def test_bad_project_loans_are_errors(params, says):
    with pytest.raises(ValidationError, match=says):
        entry("term-debt", **{**LOAN, **params})


def test_a_schedule_shorter_than_the_loan_is_refused():
    with pytest.raises(RefusedError, match="profile_term is 12 months, but it is repaid over 96"):
        one(principal="$1M", profile_term="12 months")
