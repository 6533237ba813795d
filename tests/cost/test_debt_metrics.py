from __future__ import annotations

import polars as pl
import pytest
from deals import START, debts, flows, schedule

from twin import tables
from twin.api import Calendar
from twin.cost.covenants import balloons
from twin.cost.cover import Deals
from twin.cost.debt_metrics import debt_metrics
from twin.cost.levelised import levelised
from twin.cost.operating import operating, yields_on_cost

CALENDAR = Calendar(START, 30)
RATE = 0.01


def loan(months=24, balance=2400.0, cfads=300.0):
    """A loan drawn in the first month and repaid in equal principal over the `months` after it."""
    rows, owed = [], 0.0
    for month in range(months + 1):
        draw, principal = (balance, 0.0) if month == 0 else (0.0, balance / months)
        interest = owed * RATE
        closing = owed + draw - principal
        got = cfads if month else 0.0
        rows.append((CALENDAR.date(month), "loan", "owner", "bank", owed, draw, interest, 0.0, principal, closing, got))
        owed = closing
    return debts([(*row, 1.5 if number >= 12 else None, None) for number, row in enumerate(rows)])


def ledger(made):
    rows = [(0, "bank", "owner", "loan", "debt_draw", 2400.0), (0, "owner", "vendor", "site", "capex", 3000.0)]
    for month, row in enumerate(made.iter_rows(named=True)):
        if row["principal_usd"]:
            rows += [(month, "owner", "bank", "loan", "principal", row["principal_usd"])]
            rows += [(month, "owner", "bank", "loan", "interest", row["interest_usd"])]
    rows += [(month, "lab", "owner", "lease", "base_rent", 300.0) for month in range(1, 30)]
    return flows(*rows)


def deals(made, guarantee=None, refers=None, more=()):
    known = tables.table("guarantee").empty() if guarantee is None else guarantee
    return Deals(pl.concat([ledger(made), flows(*more)]), known, refers or {}, CALENDAR)


def test_a_loan_by_hand():
    made = loan()
    got = debt_metrics(made, deals(made))
    assert tables.check("debt_metrics", got, "test").height == 1
    row = got.row(0, named=True)
    assert row["drawn_usd"] == row["most_owed_usd"] == 2400.0
    assert row["average_life_months"] == pytest.approx(sum(range(1, 25)) / 24)
    assert row["lender_irr_per_year"] == pytest.approx(1.01**12 - 1)
    annuity = sum(1.01**-t for t in range(1, 25))
    assert row["llcr_ratio"] == pytest.approx(300 * annuity / 2400)
    assert row["plcr_ratio"] == pytest.approx(300 * sum(1.01**-t for t in range(1, 30)) / 2400)
    assert row["debt_yield_per_year"] == pytest.approx(3600 / 2400)
    assert (row["first_repayment"], row["repaid"]) == (CALENDAR.date(1), CALENDAR.date(24))
    assert row["least_dscr_ratio"] == 1.5


def test_a_loan_that_nothing_secures_or_repays_has_no_cover():
    made = loan(cfads=0.0).head(1)
    row = debt_metrics(made, deals(made)).row(0, named=True)
    assert row["repaid"] is None
    assert row["llcr_ratio"] is None
    assert row["average_life_months"] is None
    assert row["lender_irr_note"].startswith("only pays")


def test_cover_counts_from_the_month_after_the_last_draw():
    """Twelve draws of 100, each repaid in twelve parts from the next month on: a balance that is not yet the loan."""
    rows, owed = [], 0.0
    for month in range(24):
        draw = 100.0 if month < 12 else 0.0
        principal = 100 / 12 * min(month, 12, 24 - month)
        rows.append(
            (CALENDAR.date(month), "loan", "owner", "bank", owed, draw, owed * RATE, 0.0, principal,
             owed + draw - principal, 30.0 if month else 0.0, 1.2 if month >= 12 else None, None)
        )  # fmt: skip
        owed += draw - principal
    made = debts(rows)
    row = debt_metrics(made, deals(made)).row(0, named=True)
    assert row["covered_from"] == CALENDAR.date(12)
    opening = made["opening_usd"][12]
    assert row["llcr_ratio"] == pytest.approx(30 * sum(1.01**-t for t in range(1, 13)) / opening)
    # from the first repayment on it would be all cash over one draw: 5.4 times too large
    assert opening == pytest.approx(1200 - 100 / 12 * sum(range(1, 12)))


def mini_perm():
    made = loan().with_columns(balloon_usd=pl.when(pl.col("closing_usd") < 0.01).then(1000.0).otherwise(0.0))
    # the last month repays its instalment and the balloon: earlier ones owe that much more
    return made.with_columns(pl.col("principal_usd") + pl.col("balloon_usd"), pl.col("opening_usd") + 1000.0)


def test_a_balloon_is_covered_by_the_cash_after_it_and_funded_by_whoever_lends_it():
    made = mini_perm()
    row = debt_metrics(made, deals(made)).row(0, named=True)
    interest = made["interest_usd"].sum() / made["opening_usd"].sum()
    assert row["balloon_usd"] == 1000.0
    assert row["balloon_funded_usd"] == 0.0
    assert row["balloon_cover_ratio"] == pytest.approx(300 * sum((1 + interest) ** -t for t in range(1, 6)) / 1000)
    served = 3400 - 1000 * (1 + interest) ** -24
    assert row["llcr_ratio"] == pytest.approx(300 * sum((1 + interest) ** -t for t in range(1, 25)) / served)
    check = balloons(debt_metrics(made, deals(made)))[0]
    assert check[:3] == ("balloon_refinanceable", "loan", True)
    refinanced = deals(made, more=[(24, "other", "owner", "take-out", "debt_draw", 600.0)])
    assert debt_metrics(made, refinanced)["balloon_funded_usd"][0] == 600.0


def test_a_balloon_with_no_cash_after_it_fails_unless_somebody_pays_it():
    made = mini_perm()
    bare = Deals(
        ledger(made).filter(pl.col("month") <= CALENDAR.date(24)), tables.table("guarantee").empty(), {}, CALENDAR
    )
    check = balloons(debt_metrics(made, bare))[0]
    assert check[2] is False
    paid = Deals(
        pl.concat([bare.cashflow, flows((24, "other", "owner", "take-out", "debt_draw", 1000.0))]),
        bare.guarantee, {}, CALENDAR,
    )  # fmt: skip
    assert balloons(debt_metrics(made, paid)) == []


def guarantee(expected, beneficiary):
    row = {
        "month": CALENDAR.date(1), "deal": "backstop", "guarantor": "rich", "beneficiary": "owner", "obligor": "lab",
        "guaranteed_usd": 5000.0, "default_probability_fraction": 0.01, "exposure_usd": 8000.0,
        "expected_loss_usd": expected, "beneficiary_loss_usd": beneficiary, "joint_default_probability_fraction": 0.0,
    }  # fmt: skip
    return pl.DataFrame([row], schema=tables.table("guarantee").schema())


def test_cover_after_a_default_by_hand():
    made = loan()
    refers = {"loan": ("lease", "site"), "backstop": ("lease",)}
    # of 8,000 owed, 12 is lost with 1 %: 15 %, of which the guarantor pays two thirds
    row = debt_metrics(made, deals(made, guarantee(8.0, 4.0), refers)).row(0, named=True)
    assert row["unguaranteed_dscr_ratio"] == pytest.approx(1.5 * (1 - 0.15))
    assert row["guaranteed_dscr_ratio"] == pytest.approx(1.5 * (1 - 0.05))
    passed = [(month, "lab", "operator", "lease", "pass_through", 30.0) for month in range(1, 25)]
    through = debt_metrics(made, deals(made, guarantee(8.0, 4.0), refers, passed)).row(0, named=True)
    assert through["unguaranteed_dscr_ratio"] == pytest.approx(1.5 * (1 - 0.15 * 330 / 300))


@pytest.mark.parametrize("refers", [{}, {"loan": ("lease",), "backstop": ("other",)}])
def test_a_guarantee_of_another_lease_says_nothing_of_a_loan(refers):
    made = loan()
    row = debt_metrics(made, deals(made, guarantee(8.0, 4.0), refers)).row(0, named=True)
    assert row["guaranteed_dscr_ratio"] is None


def test_operating_cash_leaves_out_capital_and_debt():
    made = loan()
    net = operating(ledger(made), "owner", CALENDAR)
    assert net.tolist() == [0.0] + [300.0] * 29
    found = yields_on_cost(ledger(made), schedule(30, dc=10), CALENDAR)
    assert found == {"owner": pytest.approx(11 * 300 / 3000)}


def test_levelised_units_by_hand():
    costs = tables.table("unit_cost").frame(
        {
            "party": ["lab"],
            "category": ["total"],
            "cost_pv_usd": [6000.0],
            "pv_accelerator_h": [1000.0],
            "pv_delivered_accelerator_h": [900.0],
            "usd_per_accelerator_h": [6.0],
            "usd_per_delivered_accelerator_h": [6000 / 900],
        }
    )
    occupied = pl.DataFrame(
        [(CALENDAR.date(m), "lease", "dc", "lab", 100.0) for m in range(30)],
        schema=tables.table("occupancy").schema(),
        orient="row",
    )
    run = dict.fromkeys(tables.table("goodput").names) | {
        "workload": "pretrain", "model": "training", "accelerators": 10, "peak_tflops": 10_000.0, "mfu_fraction": 0.5,
        "available_fraction": 0.9, "nameplate_days": 10.0, "delivered_days": 12.0, "spare_accelerators": 2,
    }  # fmt: skip
    goodput = pl.DataFrame([run], schema=tables.table("goodput").schema())
    got = levelised(costs, occupied, schedule(30, dc=10), goodput, CALENDAR, 0.0)
    assert tables.check("levelised", got, "test").height == 4
    by_unit = {row["unit"]: (row["nameplate"], row["delivered"]) for row in got.iter_rows(named=True)}
    assert by_unit["$/kW-month"] == pytest.approx((6000 / 3000, 6000 / 2700))
    assert by_unit["$/accelerator-hour"] == pytest.approx((6.0, 6000 / 900))
    # an accelerator does 1,000 TFLOP/s x 0.5 x 3,600 s = 1.8 EFLOP an hour
    assert by_unit["$/EFLOP"] == pytest.approx((6 / 1.8, 6 / 1.8 * 1.2))
    assert by_unit["$/training run"] == pytest.approx((6 * 10 * 240, 6 * 12 * 288))
