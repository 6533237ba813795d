"""What dispatch sees: the prices hold for small changes of load, and a sum of them for the bill where it is convex."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from plugins.tariffs.build import MONDAY_YEAR, hours, load, tariff, total
from plugins.tariffs.test_references import T1

from twin_energy.tariffs.case import case_of
from twin_energy.tariffs.engine import bill
from twin_energy.tariffs.prices import dispatch_prices


def prices(frame, terms, **more):
    return dispatch_prices(case_of(frame, {"grid": tariff(**terms)}, 1.0, **more))


def seen(frame, given):
    """What dispatch would pay for a load: energy by hour, and the largest draw of every charge and period."""
    energy = frame.join(given["prices"], on=["time", "site", "entry"])
    usd = (energy["import_kw"] * energy["usd_per_kwh"]).sum()
    if "export_kw" in frame.columns:
        usd -= (energy["export_kw"] * energy["export_usd_per_kwh"]).sum()
    peaks = (
        given["demand_hours"]
        .join(frame, on=["time", "site", "entry"])
        .group_by("charge", "period")
        .agg(pl.col("import_kw").max())
    )
    demand = given["demand_prices"].join(peaks, on=["charge", "period"], how="left")
    kw = pl.max_horizontal("import_kw", "floor_kw")
    return usd + demand.select((pl.col("usd_per_kw") * kw).sum()).item()


def test_a_year_of_time_of_use_is_what_dispatch_sees():
    frame = hours(load("sam_t1"))
    given = prices(frame, T1)
    assert given["prices"].height == 8760
    assert seen(frame, given) == pytest.approx(total(bill(frame, {"grid": tariff(**T1)})) - 12 * 1250, rel=1e-12)


def test_the_same_prices_hold_for_another_load():
    given = prices(hours(load("sam_t1")), T1)
    other = hours(load("sam_t1")[::-1].copy())
    assert seen(other, given) == pytest.approx(total(bill(other, {"grid": tariff(**T1)})) - 12 * 1250, rel=1e-12)


def test_percent_riders_growth_and_export_are_in_the_prices():
    terms = {
        "energy": [{"price": "$0.1/kWh", "export": "$0.04/kWh"}],
        "demand": [{"price": "$10/kW-month"}],
        "riders": [
            {"what": "tax", "percent": "5 %"},
            {"what": "fuel", "energy": "$-0.01/kWh"},
            {"what": "franchise", "percent": "2 %", "on": ["demand_charge"]},
        ],
        "growth": "3 %/year",
    }
    rng = np.random.default_rng(1)
    drawn = rng.uniform(0, 100, 731 * 24)
    frame = hours(drawn, "2027-01-01", 24, export_kw=np.where(drawn < 20, 7.0, 0.0))
    given = prices(frame, terms)
    assert seen(frame, given) == pytest.approx(total(bill(frame, {"grid": tariff(**terms)})), rel=1e-12)


def test_dearer_blocks_of_demand_and_the_contract_s_floor():
    terms = {
        "contract": {"minimum": "85 %", "steps": [{"start": "2029-01-01", "power": "100 kW"}]},
        "demand": [
            {"blocks": [{"up_to": "50 kW", "price": "$2/kW-month"}, {"price": "$12/kW-month"}]},
        ],
    }
    given = prices(hours(60.0), terms)
    rows = given["demand_prices"].filter(pl.col("period") == "2029-01")
    assert rows["usd_per_kw"].to_list() == [2.0, 10.0]
    assert rows["floor_kw"].to_list() == [85.0, 85.0]
    small, large = (seen(hours(kw), given) for kw in (60.0, 120.0))
    assert large - small == pytest.approx(12 * 12 * (120 - 85))


def test_cheaper_blocks_take_the_price_where_the_load_ends():
    terms = {"demand": [{"blocks": [{"up_to": "50 kW", "price": "$12/kW-month"}, {"price": "$2/kW-month"}]}]}
    rows = prices(hours(60.0), terms)["demand_prices"]
    assert rows["usd_per_kw"].unique().to_list() == [2.0]
    assert prices(hours(40.0), terms)["demand_prices"]["usd_per_kw"].unique().to_list() == [12.0]


def test_blocks_of_energy_take_the_price_where_the_month_ends():
    terms = {"energy": [{"blocks": [{"up_to": "1000 kWh", "price": "$0.1/kWh"}, {"price": "$0.3/kWh"}]}]}
    assert set(prices(hours(1.0), terms)["prices"]["usd_per_kwh"]) == {0.1}
    assert set(prices(hours(2.0), terms)["prices"]["usd_per_kwh"]) == {0.3}
    assert set(prices(hours(0.0), terms)["prices"]["usd_per_kwh"]) == {0.1}


def test_floors_of_a_ratchet_come_from_what_is_known_before():
    terms = {
        "ratchets": {"r": {"fraction": "80 %", "own": "50 %", "floor": "10 kW", "previous": ["100 kW"], "last": 2}},
        "demand": [{"price": "$3/kW-month", "ratchet": "r"}],
    }
    rows = prices(hours(1.0), terms)["demand_prices"]
    assert rows["usd_per_kw"].unique().to_list() == [1.5]
    assert rows["floor_kw"].to_list() == [160.0, 160.0] + [20.0] * 10


def window(day, first, last):
    return {"start": f"{MONDAY_YEAR}-{day}T{first:02}:00", "end": f"{MONDAY_YEAR}-{day}T{last:02}:00"}


@pytest.mark.parametrize("take", ["max", "mean"])
def test_coincident_peaks_by_largest_or_mean_draw(take):
    rng = np.random.default_rng(3)
    windows = [window("06-12", 15, 18), window("07-20", 14, 17)]
    terms = {"coincident": [{"price": "$30/kW", "take": take, "windows": windows}]}
    frame = hours(rng.uniform(0, 100, 8760))
    given = prices(frame, terms)
    assert seen(frame, given) == pytest.approx(total(bill(frame, {"grid": tariff(**terms)})))
    assert given["demand_prices"].height == (2 if take == "max" else 0)


def test_a_price_series_is_the_price():
    rng = np.random.default_rng(4)
    table = pl.DataFrame({"usd_per_kwh": rng.uniform(-0.02, 0.2, 8760), "export_usd_per_kwh": 0.01})
    terms = {"market": {"file": "prices.csv", "factor": 1.05}, "riders": [{"what": "tax", "percent": "10 %"}]}
    frame = hours(rng.uniform(0, 100, 8760), export_kw=3.0)
    given = prices(frame, terms, tables=lambda _: table)
    found = bill(frame, {"grid": tariff(**terms)}, tables=lambda _: table)
    assert seen(frame, given) == pytest.approx(total(found))
