"""Checks on covenants and sizes of loans, what the engine refuses of new tables, and circles among deals."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from deals import deal, debts, pay, registry, structure
from deals import schedule as scheduled

import twin
from twin import tables
from twin.cost.covenants import covenants, paid_from_cash, sized
from twin.cost.cover import Deals
from twin.cost.debt_metrics import debt_metrics
from twin.cost.run import run_deals
from twin.errors import InputError, PluginError


def loan(locked=None, default=None, tranche=None):
    rows = [
        (date(2027, month, 1), "notes", "spv", "bank", 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, None, None)
        for month in (1, 2, 3)
    ]
    return debts(rows).with_columns(
        locked_up=pl.Series(locked or [None] * 3, dtype=pl.Boolean),
        in_default=pl.Series(default or [None] * 3, dtype=pl.Boolean),
        tranche=pl.lit(tranche, pl.String),
    )


def test_covenants_are_checked_where_there_are_any():
    assert covenants(loan()) == []
    (row,) = covenants(loan(locked=[False, True, True]))
    assert row[:4] == ("debt_not_locked_up", "notes", False, "2 months, the first 2027-02")
    both = covenants(loan(locked=[False] * 3, default=[False, False, True], tranche="A"))
    assert [(name, scope, ok) for name, scope, ok, *_ in both] == [
        ("debt_not_locked_up", "notes/A", True),
        ("debt_not_in_default", "notes/A", False),
    ]


@pytest.mark.parametrize(("unlimited", "ok"), [(90.0, True), (100.0, True), (140.0, False)])
def test_a_size_above_the_cost_is_flagged(unlimited, ok):
    row = dict.fromkeys(tables.table("debt_sizing").names, 0.0)
    row |= {"deal": "notes", "tranche": None, "binding": "cost", "message": "a DSCR of 1.2", "cost_usd": 100.0}
    frame = tables.table("debt_sizing").frame({name: [value] for name, value in row.items()})
    (found,) = sized(frame.with_columns(unlimited_usd=pl.lit(unlimited)))
    assert found[:3] == ("debt_within_cost", "notes", ok)
    assert sized(frame.with_columns(cost_usd=pl.lit(None, pl.Float64))) == []


def _bad(table, **row):
    def written(inputs):
        columns = tables.table(table).columns
        fill = {"f64": 0.0, "str": "lab", "i64": 1, "date": date(2027, 1, 1), "bool": False}
        whole = {column.name: fill[column.dtype] for column in columns} | {"deal": "x"} | row
        return {**pay(inputs), table: tables.table(table).frame({name: [value] for name, value in whole.items()})}

    return written


@pytest.mark.parametrize(
    ("table", "row", "says"),
    [
        ("waterfall", {"available_usd": 5.0, "paid_usd": 2.0}, "pays out something other than its cash"),
        ("waterfall", {"party": "nobody"}, "party 'nobody' is not one of those it was given"),
        ("depreciation", {"depreciation_usd": -1.0}, "depreciation_usd -1.00 in 2027-01-01"),
        ("debt_sizing", {"debt_usd": -2.0}, "has debt_usd -2.00; an amount is never negative"),
        ("deal_figures", {"deal": "y"}, "deal 'y' is not one of those it was given"),
    ],
)
def test_bad_rows_are_refused_by_name(table, row, says):
    built = structure(deal("x", "bad"))
    known = registry(bad=_bad(table, **row))
    bills = tables.table("energy_cost").empty()
    with pytest.raises(PluginError, match=says):
        run_deals(built, known, built.topology.calendar, scheduled(12, dc=80), bills)


def test_the_rate_of_a_lender_leaves_its_reserve_account_out():
    rows = [
        (date(2027, 1, 1), "notes", "spv", "bank", 0.0, 100.0, 0.0, 0.0, 0.0, 100.0, 0.0, None, None),
        (date(2027, 2, 1), "notes", "spv", "bank", 100.0, 0.0, 1.0, 0.0, 100.0, 0.0, 0.0, None, None),
    ]
    flows = [
        (date(2027, 1, 1), "bank", "spv", "notes", "debt_draw", 100.0),
        (date(2027, 1, 1), "spv", "bank", "notes", "reserve_funding", 50.0),
        (date(2027, 2, 1), "bank", "spv", "notes", "reserve_release", 50.0),
        (date(2027, 2, 1), "spv", "bank", "notes", "interest", 1.0),
        (date(2027, 2, 1), "spv", "bank", "notes", "principal", 100.0),
    ]
    ledger = pl.DataFrame(flows, schema=tables.table("cashflow").schema(), orient="row")
    calendar = twin.api.Calendar(date(2027, 1, 1), 2)
    for frame in (debts(rows), debts(rows).with_columns(tranche=pl.lit("A"))):
        row = debt_metrics(frame, Deals(ledger, tables.table("guarantee").empty(), {}, calendar)).row(0, named=True)
        assert row["lender_irr_per_year"] == pytest.approx(1.01**12 - 1)


CIRCLE = """
parties: {spv: {role: owner}, hold: {role: owner}}
deals:
  - model: equity-waterfall
    name: low
    company: spv
    deals: [high]
    investors: [{party: hold, share: 1}]
    sponsor: hold
  - model: equity-waterfall
    name: high
    company: hold
    deals: [low]
    investors: [{party: spv, share: 1}]
    sponsor: spv
"""


def test_waterfalls_that_feed_each_other_are_refused(tmp_path):
    path = tmp_path / "circle.yaml"
    site = "sites: {dc: {contains: {feed: {kind: utility, capacity: 1 MW}}}}"
    path.write_text(f"twin: 1\nname: circle\n{site}\n{CIRCLE}")
    with pytest.raises(InputError, match="deals refer to each other in a circle"):
        twin.load(path)
    path.write_text(f"twin: 1\nname: circle\n{site}\n{CIRCLE.replace('party: spv', 'party: nobody')}")
    with pytest.raises(InputError, match="there is no party 'nobody'"):
        twin.load(path)


def waterfall(*short, use="interest", left=(0.0,) * 3):
    rows = [
        (date(2027, month, 1), "notes", 1, use, "bank", 1.0, 1.0, 1.0, left[month - 1], one)
        for month, one in enumerate(short, 1)
    ]
    return pl.DataFrame(rows, schema=tables.table("waterfall").schema(), orient="row")


def test_debt_service_is_paid_from_the_cash_of_every_month():
    (row,) = paid_from_cash(loan(), waterfall(0.0, 0.001, 0.0))
    assert row[:4] == ("debt_service_paid_from_cash", "notes", True, "0 months short")
    (row,) = paid_from_cash(loan(), waterfall(0.0, 5e5, 1e6))
    assert row[:4] == (
        "debt_service_paid_from_cash",
        "notes",
        False,
        "2 months short from 2027-02 on, $1.5M from the borrower's own pocket",
    )
    # 0.6 left, of which 0.5 and then 0.1 pay what is short
    (row,) = paid_from_cash(loan(), waterfall(0.0, 5e5, 1e6, left=[6e5, 0.0, 0.0]))
    assert row[3] == "1 month short from 2027-03 on, $900k from the borrower's own pocket"
    (row,) = paid_from_cash(loan(), waterfall(5e5, 0.0, left=[0.0, 6e5]))
    assert row[3].startswith("1 month short from 2027-01"), "what a later month leaves does not pay for it"
    assert paid_from_cash(loan(), waterfall(0.0, 5e5, use="reserve")) == []
    assert paid_from_cash(loan(), waterfall().clear()) == []


LATE = """\
twin: 1
calendar: {start: 2027-01-01}
parties: {lab: {role: tenant}, owner: {role: landlord}, bank: {role: lender}}
sites:
  hall:
    energised: 2027-06-01
    contains:
      grid: {kind: utility, capacity: 30 MW}
      rack[100]: {kind: rack, load: 130 kW, accelerators: 72, power: {from: grid}}
deals:
  - {model: lease, name: lease, landlord: owner, tenant: lab, site: hall, rent: $130/kW-month, term: 15 years}
  - {model: term-debt, name: notes, borrower: owner, lender: bank, principal: $100M, rate: 7 %/year, tenor: 14 years,
     amortisation: level, draw: 2027-01-01, repayment_start: 2027-02-01, secured_by: [lease]RESERVE}
"""


@pytest.mark.parametrize(
    ("reserve", "got"),
    [
        # four instalments of $100M at 7 %/12 over 167 months, 935,400.33 each, before there is any rent
        ("", "4 months short from 2027-02 on, $3.742M from the borrower's own pocket"),
        (", reserve_months: 3", "1 month short from 2027-05 on, $935.4k from the borrower's own pocket"),
        (", reserve_months: 4", "0 months short"),
    ],
)
def test_a_loan_that_is_repaid_before_there_is_rent(tmp_path, reserve, got):
    (tmp_path / "x.yaml").write_text(LATE.replace("RESERVE", reserve))
    made = twin.load(tmp_path / "x.yaml").cost().checks
    row = made.filter(check="debt_service_paid_from_cash").row(0, named=True)
    assert (row["scope"], row["got"]) == ("notes", got)
    assert row["ok"] is (got == "0 months short")
    assert made.filter(check="debt_service_covered")["ok"].all()


def test_the_last_instalment_is_paid_out_of_the_last_rent(tmp_path):
    same = LATE.replace("RESERVE", "").replace("energised: 2027-06-01", "energised: 2027-01-01")
    (tmp_path / "x.yaml").write_text(same.replace("tenor: 14 years", "tenor: 15 years"))
    made = twin.load(tmp_path / "x.yaml").cost()
    assert made.debt["month"].max() > made.cashflow.filter(category="base_rent")["month"].max()
    assert made.checks.filter(check="debt_service_paid_from_cash")["got"].to_list() == ["0 months short"]
