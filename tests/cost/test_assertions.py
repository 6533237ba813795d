from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from deals import START, debts, schedule

from twin import tables
from twin.api import Calendar
from twin.cost.assertions import checks, let_covers, use_while_paying
from twin.cost.measures import Positions


def debt(closing, *ratios, deal="notes"):
    rows = [
        (date(2027 + i, 1, 1), deal, "spv", "bank", 1.0, 0.0, 0.0, 0.0, 0.0, closing, 0.0, ratio, None)
        for i, ratio in enumerate(ratios)
    ]
    return debts(rows)


def positions(left=0.0):
    flows = np.array([[1.0, 2.0], [0.0, 0.0]])
    return Positions(("a", "b"), flows, flows[::-1] - left)


def got(loans, left=0.0, least=1.0):
    frame = tables.check("checks", checks("dc", positions(left), loans, least), "test")
    return {(row["check"], row["scope"]): row for row in frame.iter_rows(named=True)}


@pytest.mark.parametrize(("left", "ok"), [(0.0, True), (0.001, True), (0.01, False)])
def test_the_parties_sum_to_zero(left, ok):
    assert got(debt(0.0), left)["parties_sum_to_zero", "dc"]["ok"] is ok


def test_a_loan_is_repaid_and_covered():
    rows = got(debt(0.0, None, 1.4, 1.2))
    assert rows["debt_repaid", "notes"]["ok"]
    assert rows["debt_service_covered", "notes"]["ok"]
    assert rows["debt_service_covered", "notes"]["got"] == "1.200 in the year to 2029-01"


def test_a_balance_left_or_a_low_cover_fails():
    rows = got(debt(0.01, None, 0.99, 1.2))
    assert not rows["debt_repaid", "notes"]["ok"]
    assert not rows["debt_service_covered", "notes"]["ok"]
    assert not got(debt(0.0, 1.2), least=1.25)["debt_service_covered", "notes"]["ok"]


def test_nothing_is_said_of_cover_where_nothing_secures_the_loan():
    assert set(got(debt(0.0, None))) == {("parties_sum_to_zero", "dc"), ("debt_repaid", "notes")}


@pytest.mark.parametrize(("cfads", "ok"), [(130.0, True), (90.0, False)])
def test_a_loan_repaid_within_a_year_is_held_to_all_of_its_repayment(cfads, ok):
    # One month of drawing, then two of repayment that take 102 and 101: no twelve months, and so no ratio.
    rows = [
        (date(2027, 1, 1), "notes", "spv", "bank", 0.0, 200.0, 0.0, 0.0, 0.0, 200.0, 0.0, None, None),
        (date(2027, 2, 1), "notes", "spv", "bank", 200.0, 0.0, 2.0, 0.0, 100.0, 100.0, cfads, None, None),
        (date(2027, 3, 1), "notes", "spv", "bank", 100.0, 0.0, 1.0, 0.0, 100.0, 0.0, cfads, None, None),
    ]
    loans = debts(rows)
    row = got(loans)["debt_service_covered", "notes"]
    assert row["ok"] is ok
    assert row["got"] == f"{2 * cfads / 203:.3f} in the 2 months to 2027-03"


@pytest.mark.parametrize(("let", "idle"), [(12, 0), (9, 3)])
def test_energy_that_a_user_pays_without_use_is_found(let, idle):
    months = [date(2027, 1 + i, 1) for i in range(12)]
    use = tables.table("occupancy").frame(
        {
            "month": months[:let],
            "deal": ["rent"] * let,
            "site": ["dc"] * let,
            "user": ["lab"] * let,
            "it_kw": [1.0] * let,
        }
    )
    bills = tables.table("energy_cost").frame(
        {
            "month": months * 2,
            "site": ["dc"] * 24,
            "supply": ["grid"] * 24,
            "line": ["energy_charge"] * 24,
            "payer": ["lab"] * 12 + ["owner"] * 12,  # who never has the use is no tenant
            "payee": ["utility"] * 24,
            "amount_usd": [1.0] * 24,
        }
    )
    [(_, scope, ok, said, *_)] = use_while_paying(use, bills)
    assert (scope, ok) == ("lab at dc", idle == 0)
    assert said.startswith(f"{idle} months")
    nothing = bills.with_columns(amount_usd=pl.lit(0.0))
    assert use_while_paying(use, nothing)[0][2]


@pytest.mark.parametrize(
    ("let_kw", "covers", "stands"),
    [(990.0, False, True), (1000.0, True, True), (1100.0, True, True), (1110.0, True, False)],
)
def test_power_let_covers_the_load_and_is_not_far_above_it(let_kw, covers, stands):
    made = schedule(2, dc=100)
    assert made["it_kw"].max() == 1000.0
    month = Calendar(START, 2).date(1)
    let = pl.DataFrame([(month, "lease", "dc", "lab", let_kw)], schema=tables.table("occupancy").schema(), orient="row")
    rows = {row[0]: row for row in let_covers(let, made)}
    assert rows["let_power_covers_it_load"][2] is covers
    assert rows["let_power_stands_there"][2] is stands
    assert "10 % above the 1 MW" in rows["let_power_stands_there"][4]
