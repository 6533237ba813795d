"""What the screen of money says of loans and guarantees, on tables by hand."""

from __future__ import annotations

from datetime import date

import fake_results
import pytest

from twin.report import builds, cost, lenders
from twin.results.results import Results

MONTH = date(2028, 1, 1)


def loan(deal="notes", **more):
    row = {
        "deal": deal, "borrower": "owner", "lender": "bank", "drawn_usd": 8e8, "most_owed_usd": 8e8,
        "repaid": date(2030, 1, 1), "least_dscr_ratio": 1.3, "mean_dscr_ratio": 1.3, "most_dscr_ratio": 1.3,
        "least_dscr": MONTH, "covered_from": MONTH, "llcr_ratio": 1.3, "plcr_ratio": 1.4, "lender_irr_per_year": 0.07,
    }  # fmt: skip
    return row | more


def worth(deal="backstop", **more):
    row = {
        "deal": deal, "guarantor": "rich", "beneficiary": "owner", "obligor": "lab", "peak_usd": 5e9,
        "fee_pv_usd": 3e8, "warrants_usd": 2e8, "expected_loss_pv_usd": 6e8, "net_pv_usd": -1e8,
        "return_per_year": -0.004,
    }  # fmt: skip
    return row | more


def guaranteed(deal="backstop", **more):
    row = {
        "deal": deal, "guarantor": "rich", "beneficiary": "owner", "obligor": "lab", "guaranteed_usd": 5e9,
        "expected_loss_usd": 9e8, "default_probability_fraction": 0.5, "month": MONTH,
    }  # fmt: skip
    return row | more


def screen(section, **named):
    made = Results({name: fake_results.table(name, *rows) for name, rows in named.items()}, fake_results.provenance())
    lines = [line.plain for line in section(made, 100)]
    assert max(map(len, lines), default=0) <= 100
    return " ".join(" ".join(lines).split())


def test_what_a_guarantor_pays_when_called_times_how_likely_is_its_expected_loss():
    here = worth(call_probability_fraction=0.4)
    said = screen(lenders.guarantors, guarantee=[guaranteed()], guarantee_value=[here])
    assert "called with 40 % on the file's assumption, then pays $1.5B (present value);" in said
    assert "expected loss $600M" in said
    said = screen(lenders.guarantors, guarantee=[guaranteed()])
    assert "called with 50 % on the file's assumption, then pays $1.8B (undiscounted);" in said
    never = guaranteed(default_probability_fraction=0.0, expected_loss_usd=0.0)
    assert "then pays" not in screen(lenders.guarantors, guarantee=[never])


SCULPTED = [{"owner": "deals.notes", "attribute": "amortisation", "value": "sculpted"}]


def test_a_constant_cover_is_said_to_be_so_and_no_month_is_the_lowest():
    said = screen(lenders.lenders, debt_metrics=[loan()], assumptions=SCULPTED)
    assert "covered: DSCR 1.30 in every year, constant as it is sculpted to the cash" in said
    assert "2028-01)" not in said
    said = screen(lenders.lenders, debt_metrics=[loan()])
    assert "constant ·" in said
    said = screen(lenders.lenders, debt_metrics=[loan(most_dscr_ratio=1.4, mean_dscr_ratio=1.35)])
    assert "DSCR 1.30 at least (year to 2028-01), 1.35 on average" in said


def test_covered_is_what_the_check_says():
    check = {"check": "debt_service_covered", "scope": "notes", "ok": False}
    assert "NOT covered: DSCR 1.30" in screen(lenders.lenders, debt_metrics=[loan()], checks=[check])


def test_months_without_cash_are_not_covered_by_a_year_with_enough():
    check = {
        "check": "debt_service_paid_from_cash",
        "scope": "notes",
        "ok": False,
        "got": "4 months short from 2027-02 on",
    }
    said = screen(lenders.lenders, debt_metrics=[loan()], checks=[check])
    assert "NOT covered: DSCR 1.30" in said
    assert "· 4 months short from 2027-02 on ·" in said


def test_cover_with_the_guarantor_and_without():
    row = loan(guaranteed_dscr_ratio=1.29, unguaranteed_dscr_ratio=0.94)
    said = screen(lenders.lenders, debt_metrics=[row], guarantee=[guaranteed()])
    assert "if lab defaults in 2028-01: 1.29 with rich's rent, 0.94 on letting again alone" in said


@pytest.mark.parametrize(
    ("funded", "says"),
    [
        (0.0, "balloon $600M (75 %) due in 2030-01, UNFUNDED: the cash after it covers it 1.66 times"),
        (2e8, "balloon $600M (75 %) due in 2030-01, $400M of it UNFUNDED: the cash after it covers it 1.66 times"),
        (6e8, "balloon $600M (75 %) due in 2030-01, refinanced"),
    ],
)
def test_a_loan_with_a_balloon_is_not_repaid(funded, says):
    row = loan(balloon_usd=6e8, balloon_funded_usd=funded, balloon_cover_ratio=1.66)
    said = screen(lenders.lenders, debt_metrics=[row])
    assert says in said
    assert "repaid" not in said
    three = screen(lenders.lenders, debt_metrics=[row, loan("b"), loan("c")])
    assert says in three


def test_a_lender_without_a_yield_reads_why():
    row = loan(lender_irr_per_year=None, lender_irr_note="its monthly net changes sign 2 times")
    assert "no yield: its monthly net changes sign 2 times" in screen(lenders.lenders, debt_metrics=[row])


def test_tranches_are_named():
    rows = [loan("chips", tranche=name) for name in ("A1", "A2", "B")]
    said = screen(lenders.lenders, debt_metrics=rows)
    assert all(f"chips/{name}" in said for name in ("A1", "A2", "B"))


def test_a_guarantor_reads_what_is_left_in_present_values():
    said = screen(lenders.guarantors, guarantee=[guaranteed()], guarantee_value=[worth()])
    assert (
        "present values: expected fees $300M + warrants $200M - expected loss $600M = net -$100M, -0.40 % a year"
        in said
    )
    assert "up to $5B, undiscounted" in said


def test_a_guarantee_without_a_valuation_says_that_it_is_undiscounted():
    fee = {"month": MONTH, "deal": "backstop", "payer": "lab", "payee": "rich", "amount_usd": 1e8}
    said = screen(lenders.guarantors, guarantee=[guaranteed()], cashflow=[fee])
    assert "receives $100M and expects to pay $900M, both undiscounted" in said


def test_many_guarantees_are_summed():
    names = ("a", "b", "c")
    said = screen(
        lenders.guarantors,
        guarantee=[guaranteed(name) for name in names],
        guarantee_value=[worth(name) for name in names],
    )
    assert "sum $900M $600M $1.8B -$300M" in said
    said = screen(
        lenders.guarantors,
        guarantee=[guaranteed(name) for name in names],
        guarantee_value=[worth(name) for name in names[:2]],
    )
    assert "sum" not in said
    assert "* undiscounted too" in said


def test_what_a_landlord_puts_in():
    party = {"party": "owner", "role": "landlord", "inflow_usd": 1.0, "irr_per_year": 0.1, "npv_usd": 1e8}
    sized = {"deal": "notes", "debt_usd": 8e8, "cost_usd": 1e9, "construction_interest_usd": 5e7, "equity_usd": 2e8}
    debt = {"month": MONTH, "deal": "notes", "borrower": "owner", "lender": "bank", "draw_usd": 8e8}
    said = screen(cost.earners, party_metrics=[party], debt_sizing=[sized], debt=[debt])
    assert "puts in $200M of equity and pays $50M of interest before repayment starts; earns IRR 10.0 %" in said
    paid = {"month": MONTH, "deal": "notes", "payer": "fund", "payee": "owner", "category": "equity_contribution"}
    said = screen(
        cost.earners, party_metrics=[party], debt_sizing=[sized], debt=[debt], cashflow=[paid | {"amount_usd": 2e8}]
    )
    assert "gets $200M of equity from its owners and pays $50M" in said


def test_a_build_is_a_line_from_what_and_for_what_and_many_are_none():
    def rows(party):
        whole = {"party": party, "build": "notes", "deal": "notes", "start": MONTH, "end": MONTH}
        return [
            whole | {"side": "source", "item": "debt_draw", "amount_usd": 80e6},
            whole | {"side": "source", "item": "own_cash", "deal": None, "amount_usd": 20e6},
            whole | {"side": "use", "item": "capex", "amount_usd": 100e6},
        ]

    said = screen(builds.sources_uses, sources_uses=rows("spv"))
    assert said.startswith("BUILD of spv (notes) ")
    assert said.endswith("$100M: from debt $80M, own cash $20M; for capex $100M")
    assert screen(builds.sources_uses, sources_uses=[*rows("a"), *rows("b"), *rows("c")]) == ""
