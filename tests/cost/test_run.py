from __future__ import annotations

import polars as pl
import pytest
from deals import START, deal, flows, pay, registry, schedule, structure

from twin import tables
from twin.api import Calendar, RefusedError
from twin.cost import run
from twin.errors import PluginError

NO_BILLS = tables.table("energy_cost").empty()


def work(*deals, models=None, bills=NO_BILLS, months=2):
    made = structure(*deals, months=months)
    return run.run_deals(made, registry(**(models or {})), Calendar(START, months), schedule(months, dc=80), bills)


def order(*deals):
    return [
        (provided.model.name, [e.name for e in entries]) for provided, entries in run.calls(deals, registry(other=pay))
    ]


def test_one_call_a_model_for_deals_that_wait_for_nothing():
    assert order(deal("a"), deal("b", "other"), deal("c")) == [("fake", ["a", "c"]), ("other", ["b"])]


def test_a_deal_comes_after_those_it_refers_to_wherever_it_stands():
    got = order(
        deal("loan", refers=["lease", "campus"]), deal("lease"), deal("campus", "other", ["lease"]), deal("fee")
    )
    assert got == [("fake", ["lease", "fee"]), ("other", ["campus"]), ("fake", ["loan"])]


def test_energy_bills_are_flows_under_the_supply_and_line():
    names = tables.table("energy_cost").names[:7]
    bills = pl.DataFrame(
        [(START, site, "grid", "energy_charge", "lab", "utility", 5.0) for site in ("dc", "annex")]
        + [(START, "dc", "grid", "fixed_charge", "lab", "utility", 0.0)],
        schema={name: tables.table("energy_cost").schema()[name] for name in names},
        orient="row",
    )
    got = work(bills=bills)["cashflow"]
    assert got.rows() == [(START, "lab", "utility", "grid", "energy_charge", 10.0)]
    with pytest.raises(RefusedError, match="'grid' is both an entry of energy: and of deals:"):
        work(deal("grid"), bills=bills)


def test_a_model_sees_its_own_entries_bills_and_the_deals_it_refers_to():
    seen = {}

    def look(inputs):
        seen[tuple(e.name for e in inputs.entries)] = inputs
        return pay(inputs)

    work(deal("lease"), deal("aside"), deal("loan", "look", ["lease"]), models={"look": look})
    got = seen[("loan",)]
    assert set(got.cashflow["deal"]) == {"lease"}
    assert set(got.others) == {"lease", "aside"}
    assert got.discount_per_year == 0.1
    assert got.schedule.height == 2


def test_only_the_tables_of_deals_may_come_back():
    with pytest.raises(PluginError, match="table 'unit_cost' is not asked for"):
        work(deal("x", "bad"), models={"bad": lambda i: {**pay(i), "unit_cost": tables.table("unit_cost").empty()}})
    with pytest.raises(PluginError, match="table 'cashflow' is missing"):
        work(deal("x", "bad"), models={"bad": lambda _: {}})


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ((0, "lab", "owner", "y", "fee", 1.0), "deal 'y' is not one of those it was given"),
        ((0, "lap", "owner", "x", "fee", 1.0), "payer 'lap' is not one of those it was given; did you mean 'lab'"),
        ((0, "lab", "lab", "x", "fee", 1.0), "lets 'lab' pay itself"),
        ((2, "lab", "owner", "x", "fee", 1.0), "month 2027-03-01 is not the first day of a month of the calendar"),
        (
            (0, "lab", "owner", "x", "fee", -1.0),
            "deal 'x' has amount_usd -1.00 in 2027-01-01; an amount is never negative",
        ),
    ],
)
def test_flows_that_cannot_be_are_the_plugins_fault(row, says):
    with pytest.raises(PluginError, match=f"model 'bad' of plugin fakes.*{says}"):
        work(deal("x", "bad"), models={"bad": lambda _: {"cashflow": flows(row)}})


def test_a_site_that_is_not_there():
    def somewhere(inputs):
        rows = [(START, "x", "nowhere", "lab", 1.0)]
        return {**pay(inputs), "occupancy": pl.DataFrame(rows, schema=tables.table("occupancy").schema(), orient="row")}

    with pytest.raises(PluginError, match="site 'nowhere' is not one of those"):
        work(deal("x", "bad"), models={"bad": somewhere})


def test_a_model_that_fails_is_named():
    with pytest.raises(PluginError, match="model 'bad' of plugin fakes failed: ZeroDivisionError"):
        work(deal("x", "bad"), models={"bad": lambda _: 1 // 0})
    with pytest.raises(PluginError, match="no plugin provides the financing model 'fak'; did you mean 'fake'"):
        work(deal("x", "fak"))


def test_what_is_let_is_not_in_its_owners_use():
    ledger = flows((0, "owner", "vendor", "racks", "capex", 1.0))
    rows = [
        (START, d, s, u, 1.0)
        for d, s, u in (("racks", "dc", "owner"), ("racks", "annex", "owner"), ("lease", "dc", "lab"))
    ]
    occupancy = pl.DataFrame(rows, schema=tables.table("occupancy").schema(), orient="row")
    got = run.settle(occupancy, ledger)
    assert got.select("deal", "site").rows() == [("racks", "annex"), ("lease", "dc")]


def _debts(inputs, *rows):
    columns = ("opening", "draw", "interest", "capitalised", "principal", "closing", "cfads")
    blank = {f"{name}_usd": 0.0 for name in columns} | {"dscr_ratio": None, "llcr_ratio": None}
    who = {"month": START, "deal": "x", "borrower": "lab", "lender": "owner"}
    frame = pl.DataFrame([{**who, **blank, **row} for row in rows], schema=tables.table("debt").schema())
    return {**pay(inputs), "debt": frame}


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{}, {}], "deal 'x' has more than one row for 2027-01-01"),
        ([{"draw_usd": 5.0}], "is not opening \\+ draw \\+ capitalised - principal"),
    ],
)
def test_a_loan_that_cannot_be_is_the_plugins_fault(rows, says):
    with pytest.raises(PluginError, match=says):
        work(deal("x", "bad"), models={"bad": lambda inputs: _debts(inputs, *rows)})
