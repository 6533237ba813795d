from __future__ import annotations

import polars as pl
import pytest
from deals import START, flows, schedule

from twin import tables
from twin.api import Calendar
from twin.cost.unit_cost import unit_cost

TWO = Calendar(START, 2)


def occupied(*rows):
    dated = [(TWO.date(month), deal, site, user, kw) for month, deal, site, user, kw in rows]
    return pl.DataFrame(dated, schema=tables.table("occupancy").schema(), orient="row")


def cost(ledger, occupancy, made=None, rate=0.0, calendar=TWO):
    made = schedule(calendar.months, dc=100) if made is None else made
    got = unit_cost(ledger, occupancy, made, calendar, rate)
    assert tables.check("unit_cost", got, "test").height == got.height
    return {(row["party"], row["category"]): row for row in got.iter_rows(named=True)}


RENT = flows((0, "lab", "owner", "lease", "base_rent", 3000.0), (1, "owner", "lab", "lease", "credit", 1000.0))
WHOLE = [(month, "lease", "dc", "lab", 1000.0) for month in (0, 1)]


def test_cost_over_hours_by_category_and_in_total():
    got = cost(RENT, occupied(*WHOLE))
    assert got["lab", "base_rent"]["cost_pv_usd"] == 3000.0
    assert got["lab", "credit"]["cost_pv_usd"] == -1000.0
    total = got["lab", "total"]
    assert total["pv_accelerator_h"] == pytest.approx(2 * 100 * 100)
    assert total["usd_per_accelerator_h"] == pytest.approx(2000 / 20_000)
    assert total["usd_per_delivered_accelerator_h"] == pytest.approx(2000 / 18_000)
    assert len(got) == 3


def test_what_lenders_and_owners_pay_in_and_are_paid_is_no_cost_of_an_hour():
    financed = pl.concat(
        [
            RENT,
            flows(
                (0, "bank", "lab", "loan", "debt_draw", 9000.0),
                (0, "lab", "bank", "loan", "upfront_fee", 90.0),
                (1, "lab", "bank", "loan", "interest", 80.0),
                (1, "lab", "bank", "loan", "principal", 9000.0),
                (0, "fund", "lab", "shares", "equity_contribution", 500.0),
                (1, "lab", "fund", "shares", "distribution", 700.0),
                (1, "lab", "rich", "backstop", "guarantee_fee", 10.0),
            ),
        ]
    )
    got = cost(financed, occupied(*WHOLE))
    assert got["lab", "total"]["cost_pv_usd"] == 2010.0
    assert {category for _, category in got} == {"base_rent", "credit", "guarantee_fee", "total"}


def test_both_are_present_values():
    calendar = Calendar(START, 13)
    ledger = flows((0, "lab", "owner", "lease", "base_rent", 50.0), (12, "lab", "owner", "lease", "base_rent", 110.0))
    got = cost(ledger, occupied((0, "lease", "dc", "lab", 1000.0), (12, "lease", "dc", "lab", 1000.0)),
               schedule(13, dc=100), 0.1, calendar)["lab", "total"]  # fmt: skip
    assert got["cost_pv_usd"] == pytest.approx(150.0)
    assert got["pv_accelerator_h"] == pytest.approx(10_000 * (1 + 1 / 1.1))


def test_hours_count_only_while_and_as_far_as_the_site_is_occupied():
    half = cost(RENT, occupied((0, "lease", "dc", "lab", 500.0)))["lab", "total"]
    assert half["pv_accelerator_h"] == pytest.approx(5_000)


def test_a_contract_above_the_load_gives_the_whole_site_once():
    more = cost(RENT, occupied(*((m, "lease", "dc", "lab", 4000.0) for m in (0, 1))))["lab", "total"]
    assert more["pv_accelerator_h"] == pytest.approx(20_000)


def test_several_users_share_by_kw():
    got = cost(RENT, occupied((0, "a", "dc", "lab", 900.0), (0, "b", "dc", "owner", 900.0)))
    assert got["lab", "total"]["pv_accelerator_h"] == pytest.approx(5_000)
    assert got["owner", "total"]["pv_accelerator_h"] == pytest.approx(5_000)
    assert got["owner", "total"]["cost_pv_usd"] == -2000.0


def test_two_deals_at_two_sites_add_up():
    made = schedule(2, dc=100, annex=10)
    got = cost(RENT, occupied((0, "a", "dc", "lab", 1000.0), (0, "b", "annex", "lab", 100.0)), made)
    assert got["lab", "total"]["pv_accelerator_h"] == pytest.approx(11_000)


def test_cloud_hours_are_not_made_here():
    ledger = pl.concat([RENT, flows((0, "lab", "cloud", "burst", "cloud_rental", 9e9))])
    assert cost(ledger, occupied(*WHOLE))["lab", "total"]["cost_pv_usd"] == 2000.0


def test_no_hours_no_rows():
    assert cost(RENT, occupied()) == {}
    assert cost(RENT, occupied(*WHOLE), schedule(2, dc=0)) == {}
