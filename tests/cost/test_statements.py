"""The statements of every party: derived from the ledger and the tables of the deals, balanced and reconciled."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from deals import START, flows
from financing import entry, inputs
from financing import run as run_model
from hypothesis import given, settings
from hypothesis import strategies as st

from twin import tables
from twin.api import Calendar
from twin.cost.categories import CATEGORIES
from twin.cost.run import WRITTEN
from twin.cost.statements import reconciled, statements

MONTHS = 24
CALENDAR = Calendar(START, MONTHS)


def written(**given_):
    """What deals wrote: the tables given, the others empty."""
    frames = {name: tables.table(name).empty() for name in WRITTEN}
    return frames | {name: tables.check(name, frame, "test") for name, frame in given_.items()}


def work(done, standard="asc842", calendar=CALENDAR):
    return statements(done, CATEGORIES, calendar, standard)


def amount(made, party, month, statement, line):
    rows = made.filter(party=party, month=CALENDAR.date(month), statement=statement, line=line)
    return rows["amount_usd"].sum()


def holds(made, done, standard="asc842"):
    rows = reconciled(made, done, standard)
    assert [row[0] for row in rows] == ["statements_balance", "statements_reconcile"]
    assert all(ok for _, _, ok, *_ in rows), rows


def test_a_sale_a_purchase_and_a_loan():
    done = written(
        cashflow=flows(
            (0, "bank", "owner", "loan", "debt_draw", 80.0),
            (0, "owner", "vendor", "plant", "capex", 100.0),
            (1, "lab", "owner", "lease", "base_rent", 30.0),
            (1, "owner", "bank", "loan", "interest", 4.0),
            (1, "owner", "bank", "loan", "principal", 10.0),
            (1, "owner", "government", "tax", "income_tax", 5.0),
        )
    )
    made = work(done)
    for line, value in (("operating", 26.0), ("financing", -10.0), ("tax", -5.0), ("change_in_cash", 11.0)):
        assert amount(made, "owner", 1, "cash", line) == value
    assert amount(made, "owner", 0, "cash", "investing") == -100
    for line, value in (("lease_income", 30.0), ("interest_expense", -4.0), ("income_tax", -5.0), ("net_income", 21.0)):
        assert amount(made, "owner", 1, "income", line) == value
    for line, value in (("cash", -9.0), ("fixed_assets", 100.0), ("debt", 70.0), ("retained_earnings", 21.0)):
        assert amount(made, "owner", 5, "balance", line) == value
    assert amount(made, "bank", 5, "balance", "loans") == 70
    assert amount(made, "bank", 5, "balance", "retained_earnings") == 4


def test_depreciation_and_what_is_sold_for_more_than_its_value():
    row = {"deal": "plant", "party": "owner", "basis": "book", "method": "straight-line", "addition_usd": 0.0}
    frame = pl.DataFrame(
        [
            {"month": CALENDAR.date(1), **row, "depreciation_usd": 40.0, "disposal_usd": 0.0, "closing_usd": 60.0},
            {"month": CALENDAR.date(2), **row, "depreciation_usd": 0.0, "disposal_usd": 60.0, "closing_usd": 0.0},
        ]
    )
    tax = frame.with_columns(basis=pl.lit("tax"), depreciation_usd=pl.lit(99.0))
    done = written(
        cashflow=flows(
            (0, "owner", "vendor", "plant", "capex", 100.0), (2, "market", "owner", "plant", "salvage", 75.0)
        ),
        depreciation=pl.concat([frame, tax]),
    )
    made = work(done)
    assert amount(made, "owner", 1, "balance", "fixed_assets") == 60
    assert amount(made, "owner", 2, "balance", "fixed_assets") == 0
    assert amount(made, "owner", 2, "income", "gains") == 15
    assert amount(made, "owner", 3, "balance", "retained_earnings") == -25
    holds(made, done)


def test_interest_added_to_a_loan_and_one_that_was_owed_before():
    columns = {"deal": "loan", "borrower": "owner", "lender": "bank", "draw_usd": 0.0, "cfads_usd": 0.0}
    columns |= {"dscr_ratio": None, "llcr_ratio": None}
    frame = pl.DataFrame(
        [
            {"month": CALENDAR.date(0), **columns, "opening_usd": 100.0, "interest_usd": 5.0, "capitalised_usd": 5.0}
            | {"principal_usd": 0.0, "closing_usd": 105.0},
            {"month": CALENDAR.date(1), **columns, "opening_usd": 105.0, "interest_usd": 5.0, "capitalised_usd": 0.0}
            | {"principal_usd": 105.0, "closing_usd": 0.0},
        ],
        schema_overrides={"dscr_ratio": pl.Float64, "llcr_ratio": pl.Float64},
    )
    ledger = flows((1, "owner", "bank", "loan", "interest", 5.0), (1, "owner", "bank", "loan", "principal", 105.0))
    done = written(cashflow=ledger, debt=frame)
    made = work(done)
    assert amount(made, "owner", 0, "balance", "debt") == 105
    assert amount(made, "owner", 0, "income", "net_income") == -5
    assert amount(made, "owner", 1, "balance", "debt") == 0
    holds(made, done)
    wrong = done | {"debt": done["debt"].with_columns(pl.col("closing_usd") + 1.0)}
    assert [ok for _, _, ok, *_ in reconciled(made, wrong, "asc842")] == [True, False]


LEASE = {"landlord": "owner", "tenant": "lab", "site": "dc", "rent": "$100/kW-month", "term": "18 months"}


@pytest.mark.parametrize("standard", ["asc842", "ifrs16"])
@pytest.mark.parametrize("finance", [False, True])
@pytest.mark.parametrize(
    "terms",
    [
        {"escalator": "10 %/year", "free_rent": "3 months", "deposit": "2 months"},
        {"tenant_allowance": "$70/kW", "tenant_prepayment": "$300/kW"},
        {"index": {"path": ["7 %/year"]}, "termination": "2028-04-01", "termination_fee": "$5000"},
        {"modification": {"at": "2028-01-01", "capacity_kept": "40 %", "rent": "$90/kW-month", "rate": "9 %/year"}},
    ],
)
def test_leases_balance_and_reconcile_whatever_happens_to_them(standard, finance, terms):
    accounting = {"rate": "6 %/year", "initial_direct_costs": "$9000", "transfers_ownership": finance}
    deal = entry("lease", **LEASE, **terms, accounting=accounting)
    given_ = inputs(deal, months=MONTHS, phases=(("dc", 0, 300.0), ("dc", 2, 700.0)))
    done = written(**run_model(given_, "lease"))
    made = work(done, standard)
    holds(made, done, standard)
    assert made.filter(party="owner", line="deferred_rent", month=CALENDAR.date(MONTHS - 1)).is_empty()
    cash = made.filter(line="change_in_cash")["amount_usd"]
    assert cash.sum() == pytest.approx(0, abs=1e-6)
    paid = (
        done["cashflow"].filter(payer="lab")["amount_usd"].sum()
        - done["cashflow"].filter(payee="lab")["amount_usd"].sum()
    )
    cost = made.filter(party="lab", statement="income", line="net_income")["amount_usd"].sum()
    assert cost == pytest.approx(-paid, rel=1e-9)


def test_a_lease_that_ran_before_the_calendar_opens_the_books():
    deal = entry("lease", **{**LEASE, "term": "30 months"}, escalator="5 %/year", accounting={"rate": "6 %/year"})
    done = written(**run_model(inputs(deal, months=MONTHS, phases=(("dc", -6, 300.0),)), "lease"))
    made = work(done)
    assert amount(made, "lab", 0, "balance", "lease_liability") > 0
    holds(made, done)


def test_of_a_finance_lease_the_liability_repaid_is_financing():
    deal = entry("lease", **LEASE, accounting={"rate": "6 %/year", "transfers_ownership": True})
    done = written(**run_model(inputs(deal, months=MONTHS, phases=(("dc", 0, 1000.0),)), "lease"))
    made = work(done)
    interest = (
        done["lease_accounting"].filter(standard="asc842", party="lab", month=date(2027, 1, 1))["interest_usd"].item()
    )
    assert amount(made, "lab", 0, "cash", "operating") == pytest.approx(-interest)
    assert amount(made, "lab", 0, "cash", "financing") == pytest.approx(-(100e3 - interest))


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, MONTHS - 1),
            st.permutations(["lab", "owner", "bank", "vendor"]),
            st.sampled_from([*CATEGORIES, "ratchet_charge"]),
            st.floats(0.01, 1e9),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_every_ledger_balances_and_its_cash_is_that_of_the_ledger(rows):
    done = written(cashflow=flows(*((month, who[0], who[1], "x", what, paid) for month, who, what, paid in rows)))
    made = work(done)
    holds(made, done)
    for party in ("lab", "owner", "bank", "vendor"):
        got = sum(paid for _, who, _, paid in rows if who[1] == party)
        got -= sum(paid for _, who, _, paid in rows if who[0] == party)
        scale = 1 + sum(paid for *_, paid in rows)
        assert amount(made, party, MONTHS - 1, "balance", "cash") == pytest.approx(got, abs=1e-9 * scale + 1e-4)
        sections = made.filter(party=party, statement="balance", month=CALENDAR.date(MONTHS - 1))
        sums = {s: sections.filter(section=s)["amount_usd"].sum() for s in ("assets", "liabilities", "equity")}
        assert sums["assets"] == pytest.approx(sums["liabilities"] + sums["equity"], abs=1e-9 * scale + 1e-3)


def test_nothing_paid_is_no_statement():
    done = written()
    assert work(done).is_empty()
    assert reconciled(work(done), done, "asc842") == []
