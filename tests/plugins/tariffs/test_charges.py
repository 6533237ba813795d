"""Charges one by one: contracts, exits, riders, minimum bills, coincident peaks, price series, growth, export."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from plugins.tariffs.build import billed, by_month, hours, total

from twin.api import RefusedError

FLAT = {"energy": [{"price": "$0.1/kWh"}]}
CONTRACT = {
    "minimum": "85 %",
    "steps": [
        {"start": "2027-03-01", "power": "100 MW", "minimum": "0 %"},
        {"start": "2027-06-01", "power": "300 MW"},
    ],
}
DEMAND = [{"price": "$10/kW-month"}]


def kw(frame):
    return frame.filter(pl.col("line") == "demand_charge")["quantity"].to_list()


def test_a_contract_bills_its_minimum_after_the_ramp():
    frame = billed(hours(200_000.0, "2027-01-01"), {"contract": CONTRACT, "demand": DEMAND})
    assert kw(frame) == [200_000.0] * 5 + [255_000.0] * 7
    assert frame["what"].to_list() == ["all hours"] * 5 + ["all hours, contract minimum"] * 7


def test_the_minimum_is_owed_before_anything_is_drawn():
    terms = {"contract": CONTRACT, "demand": DEMAND, "fixed": "$5/month"}
    frame = billed(hours(0.0, "2027-01-01"), terms)
    assert by_month(frame) == [2_550_005.0] * 7
    assert frame["month"].dt.month().unique().to_list() == list(range(6, 13))


def test_the_contract_is_for_charges_on_all_hours_unless_said():
    periods = {"on": {"hours": "12-18"}}
    demand = [{"price": "$10/kW-month", "contract": False}, {"period": "on", "price": "$1/kW-month", "contract": True}]
    frame = billed(hours(1.0, "2027-06-01", 1), {"contract": CONTRACT, "demand": demand, "periods": periods})
    assert kw(frame) == [1.0, 255_000.0]


def test_leaving_costs_the_minimum_of_the_months_left():
    contract = CONTRACT | {"until": "2028-03-01", "exit": "2027-10-01", "exit_months": 36}
    load = np.where(np.arange(8760) < 273 * 24, 200_000.0, 0.0)
    frame = billed(hours(load, "2027-01-01"), {"contract": contract, "demand": DEMAND, "growth": "10 %/year"})
    assert kw(frame) == [200_000.0] * 5 + [255_000.0] * 4
    fee = frame.filter(pl.col("line") == "exit_fee")
    assert fee["quantity"].to_list() == [5.0]
    assert fee["amount_usd"].item() == pytest.approx(255_000 * 10 * (3 + 2 * 1.1))
    assert fee["month"].item().month == 10


def test_power_drawn_after_the_exit_is_refused():
    contract = CONTRACT | {"exit": "2027-10-01"}
    with pytest.raises(RefusedError, match="draws power in 2027-10, after the contract's exit"):
        billed(hours(1.0, "2027-01-01"), {"contract": contract, "demand": DEMAND})


def test_riders_by_energy_demand_month_and_percent():
    terms = FLAT | {
        "fixed": "$100/month",
        "demand": DEMAND,
        "riders": [
            {"what": "fuel", "energy": "$0.02/kWh"},
            {"what": "credit", "energy": "$-0.01/kWh", "months": "6-9"},
            {"what": "transmission", "demand": "$2/kW-month"},
            {"what": "metering", "fixed": "$7/month"},
            {"what": "tax", "percent": "10 %"},
            {"what": "franchise", "percent": "1 %", "on": ["energy_charge", "demand_charge"]},
        ],
    }
    frame = billed(hours(10.0, "2027-01-01"), terms)
    january, july = (frame.filter(pl.col("month").dt.month() == month) for month in (1, 7))
    kwh = 7440.0
    base = 100 + 0.1 * kwh + 100 + 0.02 * kwh + 20 + 7
    assert total(january) == pytest.approx(base * 1.1 + 0.01 * (0.1 * kwh + 100))
    assert total(july) == pytest.approx((base - 0.01 * kwh) * 1.1 + 0.01 * (0.1 * kwh + 100))
    credit = july.filter(pl.col("what") == "credit")
    assert credit.select("payer", "payee", "amount_usd", "rate_usd").row(0) == (
        "utility",
        "tenant",
        pytest.approx(74.4),
        0.01,
    )


def test_minimum_bills_of_a_month_and_of_a_year():
    load = np.where(np.arange(8760) < 31 * 24, 10.0, 1.0)
    frame = billed(hours(load, "2027-01-01"), FLAT | {"minimum": "$100/month", "minimum_annual": "$3000"})
    got = by_month(frame)
    assert got[0] == pytest.approx(744.0)
    assert got[1:11] == pytest.approx([100.0] * 10)
    assert sum(got) == pytest.approx(3000.0)
    assert frame.filter(pl.col("line") == "minimum_bill")["unit"].unique().to_list() == ["USD"]


def test_who_leaves_owes_the_least_of_the_year_with_the_last_bill():
    """Nine of twelve months at 10 kW: three quarters of $9,000, less what was billed, in September."""
    load = np.where(np.arange(8760) < 273 * 24, 10.0, 0.0)
    contract = {"minimum": "0 %", "steps": [{"start": "2027-01-01", "power": "10 kW"}], "exit": "2027-10-01"}
    terms = FLAT | {"minimum_annual": "$9000", "contract": contract, "demand": [{"price": "$1/kW-month"}]}
    frame = billed(hours(load, "2027-01-01"), terms)
    short = frame.filter(pl.col("line") == "minimum_bill")
    assert short["month"].to_list() == [date(2027, 9, 1)]
    assert total(frame.filter(pl.col("line") != "exit_fee")) == pytest.approx(6750.0)


def test_a_minimum_does_not_touch_a_bill_above_it():
    assert total(billed(hours(10.0), FLAT | {"minimum": "$5/month", "minimum_annual": "$60"})) == pytest.approx(8760)


def test_export_is_paid_by_who_is_paid_otherwise():
    load, fed = np.tile([5.0, 0.0], 4380), np.tile([0.0, 3.0], 4380)
    frame = billed(hours(load, export_kw=fed), {"energy": [{"price": "$0.1/kWh", "export": "$0.04/kWh"}]})
    credit = frame.filter(pl.col("line") == "export_credit")
    assert credit["amount_usd"].sum() == pytest.approx(3 * 4380 * 0.04)
    assert credit.select("payer", "payee").unique().rows() == [("utility", "tenant")]
    assert total(frame) == pytest.approx(5 * 4380 * 0.1 - 3 * 4380 * 0.04)


def test_growth_is_a_step_a_year_from_the_start():
    terms = FLAT | {"demand": DEMAND, "fixed": "$5/month", "growth": "10 %/year"}
    got = by_month(billed(hours(1.0, "2027-11-01", 25), terms))
    assert got[12] == pytest.approx(1.1 * got[0])
    assert got[24] == pytest.approx(1.21 * got[0])


def windows(year, *, named=True):
    days = ("06-21", "07-19", "08-10", "09-06")
    return [
        {"start": f"{year}-{day}T16:00", "end": f"{year}-{day}T17:00"} | ({"peak": day[:2]} if named else {})
        for day in days
    ]


def test_four_coincident_peaks_are_billed_in_the_year_after():
    """As ERCOT's 4CP: the mean load at the peaks of June to September sets next year's charge."""
    load = np.full(2 * 8760, 50.0)
    for hour, value in zip((171, 199, 221, 248), (10.0, 20.0, 30.0, 40.0), strict=True):
        load[hour * 24 + 16] = value
    charge = {
        "price": "$60/kW",
        "billed": "next-year",
        "previous": "80 kW",
        "every_year": True,
        "windows": windows(2029),
    }
    frame = billed(hours(load, "2029-01-01", 24), {"coincident": [charge]})
    assert by_month(frame) == pytest.approx([80 * 5.0] * 12 + [25 * 5.0] * 12)


def test_peaks_of_one_name_are_one_peak():
    both = [window | {"peak": "summer"} for window in windows(2029)]
    load = np.arange(8760.0)
    frame = billed(hours(load), {"coincident": [{"price": "$1/kW", "windows": both}]})
    assert total(frame) == 248 * 24 + 16
    assert total(billed(hours(load), {"coincident": [{"price": "$1/kW", "windows": windows(2029)}]})) == sum(
        day * 24 + 16 for day in (171, 199, 221, 248)
    )


def test_peaks_by_the_clock_move_with_daylight_saving():
    load = np.zeros(8760)
    load[171 * 24 + 15] = 9.0
    charge = {"price": "$1/kW", "windows": windows(2029)[:1]}
    assert total(billed(hours(load), {"coincident": [charge], "timezone": "America/Chicago"})) == 9.0
    assert total(billed(hours(load), {"coincident": [charge]})) == 0.0


def test_a_year_without_peaks_is_refused():
    with pytest.raises(RefusedError, match="no peak in 2030"):
        billed(hours(1.0, "2029-01-01", 24), {"coincident": [{"price": "$1/kW", "windows": windows(2029)}]})
    part = billed(hours(1.0, "2029-01-01", 20), {"coincident": [{"price": "$1/kW", "windows": windows(2029)}]})
    assert total(part) == 4.0


def test_peak_windows_from_a_table():
    table = pl.DataFrame(windows(2029)).with_columns(pl.col("start", "end").str.to_datetime("%Y-%m-%dT%H:%M"))
    terms = {"coincident": [{"price": "$1/kW", "windows_file": "peaks.csv"}]}
    assert total(billed(hours(3.0), terms, tables={"peaks.csv": table}.__getitem__)) == 12.0
    for bad, what in (
        (table.drop("end"), "no column 'end'"),
        (table.with_columns(end="start"), "line 2 of 'peaks.csv' is no window"),
    ):
        with pytest.raises(RefusedError, match=what):
            billed(hours(3.0), terms, tables={"peaks.csv": bad}.__getitem__)


def market(table, frame, **more):
    terms = {"market": {"file": "prices.csv"} | more}
    return billed(frame, terms, tables={"prices.csv": table}.__getitem__)


def test_a_price_series_is_summed_hour_by_hour():
    rng = np.random.default_rng(5)
    price, load = rng.uniform(-0.05, 0.3, 8760), rng.uniform(0, 100, 8760)
    frame = hours(load, "2027-01-01")
    table = pl.DataFrame({"time": frame["time"], "usd_per_kwh": price})
    assert total(market(table, frame)) == pytest.approx((price * load).sum())
    assert total(market(table.drop("time"), frame, factor="1.05")) == pytest.approx(1.05 * (price * load).sum())
    row = market(table, frame).row(0, named=True)
    assert row["quantity"] * row["rate_usd"] == pytest.approx(row["amount_usd"])
    assert (row["unit"], row["what"]) == ("kWh", "market energy")


def test_a_month_of_negative_prices_pays_the_customer():
    frame = market(pl.DataFrame({"usd_per_kwh": np.full(8760, -0.01)}), hours(1.0))
    assert frame.select("payer", "payee").unique().rows() == [("utility", "tenant")]
    assert total(frame) == pytest.approx(-87.6)


def test_a_typical_year_repeats_and_29_february_takes_28_february():
    day = np.repeat(np.arange(365.0), 24) / 1000
    got = by_month(market(pl.DataFrame({"usd_per_kwh": day}), hours(1.0, "2028-01-01", 24)))
    assert got[1] == pytest.approx(0.024 * (sum(range(31, 59)) + 58))
    assert got[13] == pytest.approx(0.024 * sum(range(31, 59)))
    assert got[11] == got[23] == pytest.approx(0.024 * sum(range(334, 365)))


def test_an_hourly_series_holds_for_quarters_and_a_typical_year_may_be_in_quarters():
    price = np.arange(8760.0) / 10_000
    frame = hours(4.0, "2027-01-01", 2, step_h=0.25)
    hourly = billed(
        frame, {"market": {"file": "f"}}, step_h=0.25, tables=lambda _: pl.DataFrame({"usd_per_kwh": price})
    )
    assert total(hourly) == pytest.approx(4 * price[: 59 * 24].sum())
    quarters = pl.DataFrame({"usd_per_kwh": np.arange(35040.0) / 10_000})
    fine = billed(frame, {"market": {"file": "f"}}, step_h=0.25, tables=lambda _: quarters)
    assert total(fine) == pytest.approx(np.arange(59 * 96.0).sum() / 10_000)


def series(**changes):
    frame = pl.DataFrame({"time": hours(1.0, months=1)["time"], "usd_per_kwh": 0.05})
    return frame.with_columns(**changes)


THIRD = pl.col("time") == pl.datetime(2029, 1, 3, 5)


@pytest.mark.parametrize(
    ("table", "what"),
    [
        (series().filter(~THIRD), "no row for 2029-01-03 05:00:00"),
        (pl.concat([series(), series().filter(THIRD)]), "2029-01-03 05:00:00 twice"),
        (
            series(usd_per_kwh=pl.when(THIRD).then(float("nan")).otherwise(0.05)),
            "line 55 of 'prices.csv' has nan as usd_per_kwh",
        ),
        (
            series(usd_per_kwh=pl.when(THIRD).then(None).otherwise(0.05)),
            "has nothing as usd_per_kwh, for 2029-01-03 05",
        ),
        (
            series(usd_per_kwh=pl.lit("dear")),
            "line 2 of 'prices.csv' has usd_per_kwh 'dear', which is no number.*of entry",
        ),
        (series(time=pl.lit("first")), "line 2 of 'prices.csv' has time 'first', which is no time"),
        (series(time=pl.col("time").dt.replace_time_zone("UTC")), "'time' of 'prices.csv' has an offset from UTC"),
        (series(usd_per_kwh=pl.lit(42.0)), r"the mean usd_per_kwh of 'prices.csv' is \$42/kWh, above \$5/kWh"),
        (series().rename({"usd_per_kwh": "price"}), "no column 'usd_per_kwh'"),
        (series().drop("time"), "has 744 rows and no column 'time'"),
    ],
)
def test_a_series_that_is_not_whole_is_refused_with_the_hour(table, what):
    with pytest.raises(RefusedError, match=what):
        market(table, hours(1.0, months=1))


def test_tables_that_nobody_gave_are_refused():
    with pytest.raises(RefusedError, match=r"'prices.csv' is not known here"):
        billed(hours(1.0, months=1), {"market": {"file": "prices.csv"}})
