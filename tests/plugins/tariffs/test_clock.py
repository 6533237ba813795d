"""Clock time, daylight saving, leap days, holidays and gaps in the load."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plugins.tariffs.build import billed, by_month, hours, steps, tariff, total

from twin.api import RefusedError
from twin_energy.tariffs.clock import cells, clock
from twin_energy.tariffs.engine import bill

ZONES = ("America/Chicago", "America/Phoenix", "Europe/Dublin", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kolkata")
DAY_NIGHT = {
    "periods": {"day": {"hours": "7-22"}, "night": {"other_than": ["day"]}},
    "energy": [{"period": "day", "price": "$0.1/kWh"}, {"period": "night", "price": "$0.04/kWh"}],
}


@settings(deadline=None, max_examples=30)
@given(
    st.sampled_from(ZONES), st.sampled_from(["2027-01-01", "2028-01-01", "2027-07-01"]), st.sampled_from([1.0, 0.25])
)
def test_no_hour_is_lost_or_doubled(zone, first, step_h):
    frame = hours(100.0, first, step_h=step_h)
    found = billed(frame, DAY_NIGHT | {"timezone": zone}, step_h=step_h)
    assert found["quantity"].sum() == pytest.approx(100 * frame.height * step_h)
    assert total(billed(frame, {"energy": [{"price": "$1/kWh"}], "timezone": zone}, step_h=step_h)) == pytest.approx(
        100 * frame.height * step_h
    )


def test_summer_windows_move_an_hour_against_standard_time():
    time = steps("2027-01-01", 12)
    local = clock(time, "America/Chicago")
    ahead = (local - time).dt.total_hours()
    assert ahead.filter(time.dt.month().is_in([1, 2, 12])).unique().to_list() == [0]
    assert ahead.filter(time.dt.month().is_in([4, 5, 6, 7, 8, 9, 10])).unique().to_list() == [1]
    # 2027: from 14 March 02:00 to 7 November 02:00 by the clock, 01:00 in standard time
    changes = time.filter(ahead.diff().fill_null(0) != 0).to_list()
    assert changes == [datetime(2027, 3, 14, 2), datetime(2027, 11, 7, 1)]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("zone", "month", "want"), [("", 7, 15), ("America/Chicago", 7, 14), ("America/Chicago", 1, 15)]
)
def test_a_peak_at_15_by_the_clock_is_at_14_in_standard_time_in_summer(zone, month, want):
    load = (steps("2027-01-01", 12).dt.hour() == want).to_numpy() * 10.0
    terms = {
        "periods": {"on": {"hours": "15-16"}},
        "demand": [{"period": "on", "price": "$1/kW-month"}],
        "timezone": zone,
    }
    found = billed(hours(load, "2027-01-01"), terms)
    picked = found.filter(pl.col("month").dt.month() == month)
    assert picked["quantity"].to_list() == [10.0]


def test_leap_days_are_billed():
    leap, plain = (billed(hours(1.0, first), DAY_NIGHT) for first in ("2028-01-01", "2027-01-01"))
    assert leap["quantity"].sum() - plain["quantity"].sum() == pytest.approx(24)
    daily = {"energy": [{"blocks": [{"up_to": "10 kWh/day", "price": "$1/kWh"}, {"price": "$0/kWh"}]}]}
    assert by_month(billed(hours(1.0, "2028-01-01"), daily))[1] == pytest.approx(290)


def test_weekdays_are_those_of_the_calendar_and_holidays_are_data():
    terms = {
        "holidays": ["2027-07-05", "12-24"],
        "periods": {"week": {"days": "weekday"}, "free": {"days": ["weekend", "holiday"]}},
        "energy": [{"period": "week", "price": "$1/kWh"}, {"period": "free", "price": "$0/kWh"}],
    }
    got = by_month(billed(hours(1.0, "2027-01-01"), terms))
    assert got[6] == 24 * 21, "July 2027 has 22 weekdays, one of them a holiday"
    assert got[11] == 24 * 22, "24 December 2027 is a Friday"


def test_cells_of_a_day_with_quarters():
    stamps = pl.Series([datetime(2027, 7, 4, 13, 45), datetime(2027, 7, 5, 0, 0)])  # noqa: DTZ001
    assert cells(stamps, (), 96).tolist() == [6 * 96 + 55, 0]
    assert cells(stamps, ("07-05",), 24).tolist() == [6 * 24 + 13, 7 * 24]


def test_quarter_hours_and_the_interval_of_demand():
    load = np.zeros(31 * 96)
    load[40], load[41] = 80.0, 40.0
    frame = hours(load, "2027-01-01", 1, step_h=0.25)
    peak = {"demand": [{"price": "$1/kW-month"}]}
    assert total(billed(frame, peak, step_h=0.25)) == 80.0
    assert total(billed(frame, peak | {"interval": "30 min"}, step_h=0.25)) == 60.0
    assert total(billed(frame, peak | {"interval": "1 h"}, step_h=0.25)) == 30.0
    assert total(billed(hours(7.0, months=1), peak | {"interval": "15 min"})) == 7.0


def test_an_interval_that_is_no_number_of_steps_is_refused():
    with pytest.raises(RefusedError, match="not a whole number of steps"):
        billed(hours(1.0, months=1, step_h=0.25), {"interval": "20 min"}, step_h=0.25)


def test_a_window_inside_a_step_is_refused_on_hourly_load():
    terms = {"periods": {"on": {"hours": "6:30-10"}}, "demand": [{"period": "on", "price": "$1/kW-month"}]}
    assert total(billed(hours(2.0, months=1, step_h=0.25), terms, step_h=0.25)) == 2.0
    with pytest.raises(RefusedError, match="6:30, inside a step of 60 minutes"):
        billed(hours(2.0, months=1), terms)


HOUR = datetime(2029, 1, 3, 5)  # noqa: DTZ001
LAST = datetime(2029, 1, 31, 23)  # noqa: DTZ001


def without(frame, hour):
    return frame.filter(pl.col("time") != hour)


def at(column, value):
    """The frame with another value of a column at HOUR."""
    return lambda frame: frame.with_columns(pl.when(pl.col("time") == HOUR).then(value).otherwise(column).alias(column))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda frame: without(frame, HOUR), "'s' has no step 2029-01-03 05:00"),
        (lambda frame: without(frame, LAST), "no step 2029-01-31 23:00"),
        (lambda frame: pl.concat([frame, frame.filter(pl.col("time") == HOUR)]), "2029-01-03 05:00:00 twice"),
        (at("import_kw", float("nan")), "nan at 2029-01-03 05:00"),
        (at("import_kw", -1.0), "-1.0 at 2029-01-03 05:00"),
        (at("import_kw", None), "None at 2029-01-03 05:00"),
        (at("time", pl.col("time") + pl.duration(minutes=7)), "no step 2029-01-03 05:00"),
    ],
)
def test_a_load_that_is_not_whole_is_refused_with_the_hour(change, what):
    frame = hours(1.0, months=1)
    with pytest.raises(RefusedError, match=what):
        bill(change(frame), {"grid": tariff(energy=[{"price": "$1/kWh"}])})


def test_no_rows_are_no_bill():
    assert bill(hours(1.0).clear(), {}).height == 0
