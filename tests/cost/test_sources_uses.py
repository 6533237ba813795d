"""Sources and uses of a build: by hand, in what cannot be told, and against how the loans of a file are sized."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from deals import START, debts, flows

import twin
from twin import tables
from twin.api import Calendar
from twin.cost.sources_uses import sources_uses

ROOT = Path(__file__).parents[2]
CALENDAR = Calendar(START, 60)
REFERS = {"loan": ("site", "lease"), "site": (), "lease": ()}


def loan(*rows, deal="loan", owed=0.0):
    """Table `debt` from (month index, draw, interest, capitalised, principal)."""
    made = []
    for month, draw, interest, capitalised, principal in rows:
        left = owed + draw + capitalised - principal
        made.append(
            (
                CALENDAR.date(month),
                deal,
                "owner",
                "bank",
                owed,
                draw,
                interest,
                capitalised,
                principal,
                left,
                0.0,
                None,
                None,
            )
        )
        owed = left
    return debts(made)


BUILT = loan((0, 600.0, 0.0, 0.0, 0.0), (1, 200.0, 6.0, 2.0, 0.0), (2, 0.0, 8.0, 0.0, 0.0), (3, 0.0, 8.0, 0.0, 802.0))
LEDGER = (
    (0, "bank", "owner", "loan", "debt_draw", 600.0),
    (0, "owner", "bank", "loan", "upfront_fee", 9.0),
    (0, "owner", "builder", "site", "capex", 700.0),
    (1, "bank", "owner", "loan", "debt_draw", 200.0),
    (1, "owner", "bank", "loan", "interest", 4.0),
    (1, "owner", "builder", "site", "capex", 300.0),
    (2, "owner", "bank", "loan", "interest", 8.0),
    (2, "owner", "builder", "site", "capex", 50.0),
    (2, "lab", "owner", "lease", "base_rent", 70.0),
    (3, "owner", "bank", "loan", "interest", 8.0),
    (3, "owner", "bank", "loan", "principal", 802.0),
    (3, "lab", "owner", "lease", "base_rent", 70.0),
)


def told(made, ledger, refers=REFERS):
    frame, rows = sources_uses(flows(*ledger), made, refers)
    tables.check("sources_uses", frame, "test")
    sides = [
        {row["item"]: row["amount_usd"] for row in frame.filter(side=side).iter_rows(named=True)}
        for side in ("source", "use")
    ]
    return *sides, rows


def test_a_build_by_hand():
    sources, uses, [row] = told(BUILT, LEDGER)
    # months: 600-709 = -109; 200-304 = -104; 70-58 = +12: at most 213 is found, and 12 are in hand at the end
    assert sources == pytest.approx({"debt_draw": 800, "capitalised_interest": 2, "base_rent": 70, "own_cash": 213})
    assert uses == pytest.approx({"interest": 14, "capex": 1050, "upfront_fee": 9, "cash_left": 12})
    assert row[:5] == (
        "sources_equal_uses",
        "owner: loan",
        True,
        "sources of $1,085.00, uses of $1,085.00",
        "equal to the cent",
    )
    assert row[5].startswith("2027-01 to 2027-03;")


def test_shares_are_of_each_side():
    frame, _ = sources_uses(flows(*LEDGER), BUILT, REFERS)
    assert frame.group_by("side").agg(pl.col("share_fraction").sum())["share_fraction"].to_list() == pytest.approx(
        [1, 1]
    )
    assert frame.filter(item="capex")["share_fraction"].item() == pytest.approx(1050 / 1085)


@pytest.mark.parametrize("wrong", [0, 1])
def test_a_ledger_that_is_a_cent_from_the_loan_is_found(wrong):
    spoilt = list(LEDGER)
    at = [at for at, flow in enumerate(spoilt) if flow[4] in {"debt_draw", "interest"}][wrong]
    spoilt[at] = (*spoilt[at][:5], spoilt[at][5] - 0.01)
    *_, [row] = told(BUILT, spoilt)
    assert row[2] is False


def test_principal_while_it_is_drawn_is_not_told():
    made = loan((0, 600.0, 0.0, 0.0, 0.0), (1, 200.0, 6.0, 0.0, 10.0), (2, 0.0, 8.0, 0.0, 790.0))
    sources, uses, [row] = told(made, LEDGER)
    assert (sources, uses) == ({}, {})
    assert row[2:4] == (True, "not told")
    assert "principal is repaid from 2027-02 on while loans are still drawn" in row[5]


def test_a_loan_that_buys_nothing_is_not_told():
    *_, [row] = told(BUILT, [flow for flow in LEDGER if flow[4] != "capex"])
    assert "nothing is bought while it is drawn" in row[5]
    *_, [row] = told(BUILT, LEDGER, {"loan": ("lease",), "site": (), "lease": ()})
    assert "nothing is bought while it is drawn" in row[5], "what no loan funds is no part of its build"


def test_a_loan_that_pays_off_another_is_left_out_and_said():
    again = loan((3, 802.0, 0.0, 0.0, 0.0), (4, 0.0, 8.0, 0.0, 802.0), deal="again")
    refers = REFERS | {"again": ("loan",)}
    ledger = [
        *LEDGER,
        (3, "bank", "owner", "again", "debt_draw", 802.0),
        (20, "owner", "builder", "site", "capex", 5e6),
    ]
    sources, _, [row] = told(pl.concat([BUILT, again]), ledger, refers)
    assert sources["debt_draw"] == 800
    assert row[1] == "owner: loan + again"
    assert "left out: again: drawn after it" in row[5]
    assert "$5M bought after it" in row[5]


def test_owners_who_pay_in_after_the_last_draw_are_of_the_build():
    more = [
        (3, "sponsor", "owner", "loan", "equity_contribution", 20.0),
        (3, "owner", "bank", "loan", "reserve_funding", 20.0),
        (5, "sponsor", "owner", "loan", "equity_contribution", 1.0),
    ]
    made = loan(
        *((0, 800.0, 0.0, 0.0, 0.0), *((month, 0.0, 0.0, 0.0, 0.0) for month in range(1, 9)), (9, 0, 0, 0, 800.0))
    )
    ledger = [flow for flow in LEDGER if flow[4] in {"capex", "base_rent"}]
    sources, uses, _ = told(made, [*ledger, (0, "bank", "owner", "loan", "debt_draw", 800.0), *more])
    assert sources["equity_contribution"] == uses["reserve_funding"] == 20.0


def test_builds_that_share_no_deal_are_apart():
    def named(text):
        return {"loan": "loan-2", "site": "site-2", "lease": "lease-2"}.get(text, text)

    second = [(month + 2, payer, payee, named(deal), *rest) for month, payer, payee, deal, *rest in LEDGER]
    rows = ((2, 600.0, 0.0, 0.0, 0.0), (3, 200.0, 6.0, 2.0, 0.0), (4, 0.0, 8.0, 0.0, 0.0), (5, 0.0, 8.0, 0.0, 802.0))
    refers = REFERS | {"loan-2": ("site-2", "lease-2"), "site-2": (), "lease-2": ()}
    frame, _ = sources_uses(flows(*LEDGER, *second), pl.concat([BUILT, loan(*rows, deal="loan-2")]), refers)
    assert frame.filter(item="own_cash")["amount_usd"].to_list() == pytest.approx([213, 213])
    _, checks = sources_uses(
        flows(*LEDGER, *second), pl.concat([BUILT, loan(*rows, deal="loan-2")]), refers | {"fund": ("loan", "loan-2")}
    )
    assert [row[3] for row in checks] == ["not told"], "one deal over both makes one build of them"


def test_without_a_loan_there_is_nothing_to_tell():
    frame, rows = sources_uses(flows(*LEDGER), debts([]), REFERS)
    assert frame.is_empty()
    assert rows == []


def test_river_bend_by_hand():
    results = twin.load(ROOT / "topologies" / "river-bend.yaml").cost()
    frame = results["sources_uses"]
    got = {row["item"]: row["amount_usd"] for row in frame.iter_rows(named=True)}
    drawn = 3.25e9 / 18
    interest = drawn * 0.06192 / 12 * sum(range(18))
    rent = 245_000 * 127.28 * (0.2 * 2 + 0.4 * 2 + 0.6)  # halls in service by fifths from June, August and October on
    opex = 245_000 * 22 / 12 * 1.8
    assert got["debt_draw"] == pytest.approx(3.25e9)
    assert got["capex"] == pytest.approx(3.8235e9)
    assert got["interest"] == pytest.approx(interest)
    assert got["base_rent"] == pytest.approx(rent)
    assert got["operating_cost"] == pytest.approx(opex)
    assert got["own_cash"] == pytest.approx(3.8235e9 + interest + opex - 3.25e9 - rent)


PROJECT = """
twin: 1
name: project
calendar: {start: 2027-01-01}
sites:
  dc:
    contains:
      feed[2]: {kind: utility, capacity: 60 MW}
      hall: {kind: load, load: 50 MW, power: {from: feed, need: 1}, energised: 2029-01-01}
parties: {spv: {role: landlord}, lab: {role: tenant}, bank: {role: lender}, owner: {role: owner}}
deals:
  - model: lease
    name: lease
    landlord: spv
    tenant: lab
    site: dc
    capacity: 50 MW
    rent: $130/kW-month
    term: 15 years
  - {model: purchase, name: campus, buyer: spv, seller: contractor, amount: $550M, months: 23}
  - model: term-debt
    name: notes
    borrower: spv
    lender: bank
    sponsor: owner
    funds: campus
    order: ORDER
    ltc: 80 %
    rate: 6.5 %/year
    upfront_fee: 1.5 %
    commitment_fee: 0.5 %/year
    reserve_months: 6
    repayment_start: 2029-02-01
    maturity: 2043-12-01
    amortisation: sculpted
    secured_by: [lease]
"""


@pytest.mark.parametrize("order", ["equity-first", "pro-rata", "debt-first"])
def test_a_loan_with_fees_interest_and_a_reserve_comes_to_what_it_was_sized_on(order, tmp_path):
    path = tmp_path / "project.yaml"
    path.write_text(PROJECT.replace("ORDER", order))
    results = twin.load(path).cost()
    size = results["debt_sizing"].row(0, named=True)
    items = {row["item"]: row["amount_usd"] for row in results["sources_uses"].iter_rows(named=True)}
    cent = {"abs": 0.01, "rel": 0}
    assert items["debt_draw"] == pytest.approx(size["debt_usd"], **cent)
    assert items["equity_contribution"] == pytest.approx(size["equity_usd"], **cent)
    assert items["interest"] == pytest.approx(size["construction_interest_usd"], **cent)
    assert items["upfront_fee"] + items["commitment_fee"] == pytest.approx(size["fees_usd"], **cent)
    assert items["reserve_funding"] == pytest.approx(size["reserve_usd"], **cent)
    funded = sum(items[name] for name in ("capex", "interest", "upfront_fee", "commitment_fee", "reserve_funding"))
    assert funded == pytest.approx(size["cost_usd"], **cent)
    assert items["cash_left"] == pytest.approx(items["base_rent"]), "rent of the first month is not needed"
    assert "own_cash" not in items
    assert results["checks"].filter(check="sources_equal_uses")["ok"].to_list() == [True]
