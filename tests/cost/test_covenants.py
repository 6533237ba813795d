"""Checks on covenants and sizes of loans, what the engine refuses of new tables, and circles among deals."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from deals import deal, debts, pay, registry, structure
from deals import schedule as scheduled

import twin
from twin import tables
from twin.cost.covenants import covenants, sized
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
