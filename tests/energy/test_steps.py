"""Every hour of a calendar once: leap days, months, weeks, typical years."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.api import Calendar
from twin.energy.steps import Steps

STARTS = st.builds(date, st.integers(1999, 2101), st.integers(1, 12), st.just(1))


@given(start=STARTS, months=st.integers(1, 40), step_h=st.sampled_from([1.0, 0.5, 0.25]))
def test_no_step_is_lost_or_doubled(start, months, step_h):
    steps = Steps(Calendar(start, months), step_h)
    end = steps.calendar.date(months)
    assert len(steps) == (end - start).days * 24 / step_h
    assert steps.time[0] == np.datetime64(start, "us")
    assert steps.time[-1] == np.datetime64(end, "us") - np.timedelta64(round(step_h * 60), "m")
    assert set(np.diff(steps.time).tolist()) <= {timedelta(hours=step_h)}
    assert steps.hours.sum() == (end - start).days * 24
    assert (
        steps.time.astype("datetime64[M]").astype(int) - steps.time[0].astype("datetime64[M]").astype(int)
    ).tolist() == (steps.month.tolist())


@given(start=STARTS, months=st.integers(1, 24))
def test_weekdays_are_those_of_the_calendar(start, months):
    steps = Steps(Calendar(start, months))
    frame = pl.DataFrame({"time": steps.time})
    weekday = frame["time"].dt.weekday().cast(pl.Int64).to_numpy() - 1
    hour = frame["time"].dt.hour().to_numpy()
    assert (steps.hour_of_week == weekday * 24 + hour).all()


@pytest.mark.parametrize("year", [2027, 2028, 2100])
def test_a_typical_year_goes_round_and_a_leap_day_takes_the_day_before(year):
    steps = Steps(Calendar(date(year, 1, 1), 12))
    days = steps.typical.reshape(-1, 24)[:, 0] // 24
    leap = year == 2028
    assert days[58] == 58  # 28 February
    assert days[59] == (58 if leap else 59)
    assert days[-1] == 364
    assert len(days) == 365 + leap
    assert set(days.tolist()) == set(range(365))


def test_a_load_on_standard_time_has_every_hour_of_the_clock_of_a_tariff():
    """What a zone with daylight saving does to the clock moves hours and loses none."""
    steps = Steps(Calendar(date(2027, 1, 1), 12))
    offset = timedelta(hours=-6)
    zone = ZoneInfo("America/Chicago")
    clock = [(moment.replace(tzinfo=ZoneInfo("UTC")) - offset).astimezone(zone) for moment in steps.time.astype(object)]
    assert len({each.astimezone(ZoneInfo("UTC")) for each in clock}) == 8760
    moved = sum(each.utcoffset() != offset for each in clock)
    assert moved == 238 * 24 - 1  # from 14 March 02:00 to 7 November 01:00, standard time


def test_sums_and_peaks_by_month():
    steps = Steps(Calendar(date(2027, 2, 1), 2), 0.25)
    power = np.stack([np.ones(len(steps)), np.arange(len(steps), dtype=float)])
    assert steps.by_month(power)[0].tolist() == [28 * 24, 31 * 24]
    assert steps.peaks(power)[1].tolist() == [28 * 96 - 1, (28 + 31) * 96 - 1]


def test_a_frame_has_sites_one_after_the_other_and_gaps_as_nulls():
    steps = Steps(Calendar(date(2027, 1, 1), 1))
    frame = steps.frame(["b", "a"], {"x": np.full((2, len(steps)), np.nan), "y": None})
    assert frame["site"].unique(maintain_order=True).to_list() == ["b", "a"]
    assert frame.height == 2 * 744
    assert frame.select("x", "y").null_count().row(0) == (1488, 1488)
    assert frame["time"].dtype == pl.Datetime("us")
