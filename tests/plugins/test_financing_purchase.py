"""Purchases, operating costs and cloud rental."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from financing import START, entry, inputs, monthly, run
from pydantic import ValidationError

from twin import tables
from twin.api import Calendar, RefusedError
from twin_financing import cloud_rental, operating_cost, purchase

RACKS = {"buyer": "lab", "scope": "accelerators"}
FLEET = (("dc", 0, 2, 3e6), ("dc", 6, 1, 4e6), ("annex", 3, 1, 1e6))
SITES = (("dc", 0, 200.0), ("dc", 6, 100.0), ("annex", 3, 100.0))


def bought(span=60, racks=FLEET, **params):
    given = inputs(entry("purchase", **params), months=span, racks=racks, phases=SITES)
    return run(given, "purchase")


def paid(span=60, racks=FLEET, **params):
    return monthly(bought(span, racks, **params)["cashflow"], span, category="capex")


def test_racks_are_paid_as_they_energise():
    flows = paid(**RACKS)
    assert flows[[0, 3, 6]].tolist() == [6e6, 1e6, 4e6]
    assert flows.sum() == 11e6


def retired(month, **params):
    """Cash flows and occupancy of two racks of $3M that retire in a month."""
    given = inputs(entry("purchase", **params), months=60, racks=(("dc", 0, 2, 3e6),), phases=(("dc", 0, 200.0),))
    gone = pl.lit(given.calendar.date(month), pl.Date)
    return run(replace(given, parts=given.parts.with_columns(gone.alias("retired"))), "purchase")


def test_what_the_topology_retires_is_neither_replaced_nor_used():
    made = retired(24, **RACKS, life="1 year", refresh=True)
    assert np.flatnonzero(monthly(made["cashflow"], 60, category="capex")).tolist() == [0, 12]
    assert made["occupancy"].height == 24


@pytest.mark.parametrize(("terminal", "value"), [("none", 0.0), ("book", 6e6 * (1 - 0.5 * 0.8))])
def test_what_is_left_of_its_value_comes_in_when_it_retires(terminal, value):
    made = retired(24, **RACKS, life="4 years", salvage="20 %", terminal=terminal)
    proceeds = monthly(made["cashflow"], 60, category="salvage")
    assert proceeds[24] == pytest.approx(value)
    assert proceeds.sum() == pytest.approx(value)


def test_at_the_end_of_its_life_it_is_worth_its_salvage():
    made = retired(36, **RACKS, life="3 years", salvage="10 %")
    assert monthly(made["cashflow"], 60, category="salvage")[36] == pytest.approx(0.6e6)


def test_an_operating_cost_follows_what_is_in_service():
    given = inputs(entry("operating-cost", payer="lab", payee="operator", per_power="$10/kW-month"), months=12)
    falls = given.schedule.with_columns(
        it_kw=pl.when(pl.col("month") < pl.lit(given.calendar.date(6))).then(1000.0).otherwise(400.0)
    )
    paid_ = monthly(run(replace(given, schedule=falls), "operating-cost")["cashflow"], 12, category="operating_cost")
    assert paid_.tolist() == [10_000.0] * 6 + [4_000.0] * 6


def test_of_one_site_only():
    assert paid(**RACKS, site="annex").sum() == 1e6
    occupied = bought(**RACKS, site="annex")["occupancy"]
    assert set(occupied["site"]) == {"annex"}
    assert monthly(occupied, 60, "it_kw", user="lab")[[2, 3, 59]].tolist() == [0, 100, 100]


def test_the_buyer_has_the_use_of_its_racks():
    occupied = bought(**RACKS)["occupancy"]
    assert monthly(occupied, 60, "it_kw", site="dc")[[0, 5, 6]].tolist() == [200, 200, 300]


def test_a_deposit_is_paid_ahead():
    flows = paid(racks=(("dc", 6, 1, 4e6),), **RACKS, lead="5 months", deposit="25 %")
    assert flows[[1, 6]].tolist() == [1e6, 3e6]
    with pytest.raises(RefusedError, match=r"deal 'purchase': a payment falls in 2026-08, before the calendar starts"):
        paid(**RACKS, lead="5 months", deposit="25 %")


def test_a_stated_amount_is_spread_evenly():
    flows = paid(buyer="hut8", seller="contractor", amount="$18M", months=18, start="2027-03-01")
    assert flows[2:20] == pytest.approx(1e6)
    assert flows.sum() == pytest.approx(18e6)


@pytest.mark.parametrize(("more", "kw"), [({}, 400), ({"site": "dc"}, 300), ({"capacity": "2 MW"}, 2000)])
def test_a_price_by_power(more, kw):
    assert paid(buyer="hut8", price="$10/W", **more).sum() == pytest.approx(kw * 10e3)


def test_racks_are_replaced_while_enough_of_the_calendar_is_left():
    racks = (("dc", 0, 1, 1e6), ("dc", 6, 1, 1e6))
    flows = paid(60, racks, **RACKS, life="2 years", refresh=True)
    # In month 54 only six months are left; nobody buys racks for that.
    assert np.flatnonzero(flows).tolist() == [0, 6, 24, 30, 48]
    flows = paid(60, racks, **RACKS, life="2 years", refresh=True, least_use="6 months")
    assert np.flatnonzero(flows).tolist() == [0, 6, 24, 30, 48, 54]


def test_replacement_pays_its_deposit_ahead_too():
    flows = paid(60, (("dc", 6, 1, 1e6),), **RACKS, life="2 years", refresh=True, lead="6 months", deposit="50 %")
    assert {int(t): flows[t] for t in np.flatnonzero(flows)} == {0: 5e5, 6: 5e5, 24: 5e5, 30: 5e5}


@pytest.mark.parametrize(
    ("terms", "got"),
    [
        ({}, {}),
        ({"salvage": "10 %"}, {}),
        ({"salvage": "10 %", "refresh": True}, {36: 1e5}),
        ({"terminal": "book"}, {47: 0.0}),
        ({"salvage": "10 %", "terminal": "book", "refresh": True}, {36: 1e5, 47: 1e6 * (1 - 0.9 * 12 / 36)}),
    ],
)
def test_salvage_and_value_at_the_end(terms, got):
    out = bought(48, (("dc", 0, 1, 1e6),), **RACKS, life="3 years", **terms)["cashflow"]
    back = monthly(out, 48, category="salvage", payer="market", payee="lab")
    if terms == {"salvage": "10 %"}:
        got = {47: 1e5}
    assert {int(t): pytest.approx(back[t]) for t in np.flatnonzero(back)} == {t: v for t, v in got.items() if v}


def test_what_is_half_worn_is_worth_half():
    out = bought(18, (("dc", 0, 1, 1e6),), **RACKS, life="3 years", terminal="book")["cashflow"]
    assert monthly(out, 18, category="salvage")[17] == pytest.approx(5e5)


def test_unknown_prices_and_empty_sites_are_refused_by_name():
    with pytest.raises(RefusedError, match=r"deal 'gpus': the price of racks is not known for 'dc/rack'"):
        run(inputs(entry("purchase", "gpus", **RACKS), racks=(("dc", 0, 1, None),)), "purchase")
    with pytest.raises(RefusedError, match="no racks to buy at site 'annex'"):
        paid(racks=(("dc", 0, 1, 1e6),), **RACKS, site="annex")
    with pytest.raises(RefusedError, match="no IT load that `price` could refer to"):
        paid(buyer="hut8", price="$10/W", site="nowhere")


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({}, "give one of scope, amount and price"),
        ({"scope": "accelerators", "amount": "$1"}, "give one of scope, amount and price"),
        ({"amount": "$1", "site": "dc"}, "site has no meaning"),
        ({"amount": "$1", "deposit": "10 %"}, "deposit has no meaning"),
        ({"scope": "accelerators", "months": 3}, "months has no meaning"),
        ({"scope": "accelerators", "refresh": True}, "refresh needs a life"),
        ({"scope": "accelerators", "salvage": "10 %"}, "salvage needs a life"),
        ({"scope": "racks"}, "'accelerators'"),
        ({"amount": "-$1"}, "below"),
    ],
)
def test_bad_purchases_are_errors(params, says):
    with pytest.raises(ValidationError, match=says):
        entry("purchase", buyer="lab", **params)


def test_purchase_horizon_covers_stated_payments():
    deal = entry("purchase", buyer="hut8", amount="$1M", months=18, start="2027-03-01")
    assert purchase.horizon(inputs(deal, months=0)) == 20
    assert purchase.horizon(inputs(entry("purchase", **RACKS), months=0)) == 0


# --- operating cost -----------------------------------------------------------------------------


def test_operating_cost_outright_with_growth_and_term():
    deal = entry(
        "operating-cost", payer="lab", amount="$12M/year", growth="10 %/year", start="2027-07-01", term="18 months"
    )
    flows = monthly(run(inputs(deal), "operating-cost")["cashflow"], 240, payer="lab", payee="operator")
    assert flows[[5, 6, 17, 18, 23, 24]] == pytest.approx([0, 1e6, 1e6, 1.1e6, 1.1e6, 0])
    assert operating_cost.horizon(inputs(deal, months=0)) == 24


def test_operating_cost_by_power_follows_what_is_in_service():
    deal = entry("operating-cost", payer="lab", per_power="$120/kW-year", site="dc")
    flows = monthly(run(inputs(deal, months=12, phases=SITES), "operating-cost")["cashflow"], 12)
    assert flows[[0, 5, 6]] == pytest.approx([2e3, 2e3, 3e3])


def test_a_contract_for_compute_gives_its_payer_the_racks_while_it_runs():
    deal = entry("operating-cost", payer="lab", amount="$1/month", use_of="dc", start="2027-03-01", term="4 months")
    made = run(
        inputs(deal, months=12, racks=[("dc", 0, 3, None), ("dc", 3, 2, None), ("other", 0, 9, None)]), "operating-cost"
    )
    used = made["occupancy"]
    assert set(used["user"]) == {"lab"}
    assert set(used["site"]) == {"dc"}
    assert used["it_kw"].to_list() == [300.0, 500.0, 500.0, 500.0]
    assert [month.month for month in used["month"]] == [3, 4, 5, 6]


@pytest.mark.parametrize(
    "params", [{}, {"amount": "$1/year", "per_power": "$1/kW-year"}, {"amount": "$1/year", "site": "dc"}]
)
def test_bad_operating_costs_are_errors(params):
    with pytest.raises(ValidationError):
        entry("operating-cost", payer="lab", **params)


# --- cloud rental -------------------------------------------------------------------------------


def test_rented_hours_follow_the_calendar():
    deal = entry("cloud-rental", user="lab", accelerators=100, price="$2/h", discount="25 %", term="2 months")
    flows = monthly(run(inputs(deal), "cloud-rental")["cashflow"], 240, payer="lab", payee="cloud")
    assert flows[:3] == pytest.approx([744 * 150, 672 * 150, 0])
    assert cloud_rental.horizon(inputs(deal, months=0)) == 2


@pytest.mark.parametrize(("commitment", "utilisation", "hours"), [(0.6, 0.4, 0.6), (0.6, 0.8, 0.8), (0.0, 0.3, 0.3)])
def test_a_commitment_is_paid_used_or_not(commitment, utilisation, hours):
    deal = entry(
        "cloud-rental", user="lab", accelerators=1, price="$1/h", commitment=commitment, utilisation=utilisation
    )
    assert monthly(run(inputs(deal), "cloud-rental")["cashflow"], 240)[0] == pytest.approx(744 * hours)


def test_a_share_of_the_accelerators_of_the_file():
    calendar = Calendar(START, 2)
    rows = [
        (month, site, 1.0, 1, 1, 1.0, 1.0, 1.0, hours, 0.0)
        for site, given_hours in (("dc", (10.0, 20.0)), ("annex", (100.0, 200.0)))
        for month, hours in zip(calendar.dates(), given_hours, strict=True)
    ]
    schedule = pl.DataFrame(rows, schema=tables.table("schedule").schema(), orient="row")
    deal = entry("cloud-rental", user="lab", share="50 %", price="$1/h", site="dc")
    given = replace(inputs(deal, months=2), schedule=schedule)
    assert monthly(run(given, "cloud-rental")["cashflow"], 2) == pytest.approx([5, 10])


@pytest.mark.parametrize(
    "params", [{}, {"accelerators": 1, "share": 0.5}, {"accelerators": 1, "site": "dc"}, {"accelerators": 0}]
)
def test_bad_rentals_are_errors(params):
    with pytest.raises(ValidationError):
        entry("cloud-rental", user="lab", price="$1/h", **params)
