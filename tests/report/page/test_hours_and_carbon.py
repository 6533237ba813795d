"""The sections on hours, carbon and water, from tables small enough to work out by hand."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import fake_results

from twin.report.page import carbon, supply
from twin.results.results import Results
from twin.tables import table

if TYPE_CHECKING:
    import polars as pl

START = datetime(2030, 1, 7)  # noqa: DTZ001 - a Monday; local standard time, as the tables have it
HOURS = 14 * 24


def results(**frames: pl.DataFrame) -> Results:
    return Results(frames, fake_results.provenance())


def hours(night_kw: float, day_kw: float, import_kw: float) -> pl.DataFrame:
    """Two weeks of hours: one load from 8 to 20 and another at night, and a steady import."""
    times = [START + timedelta(hours=hour) for hour in range(HOURS)]
    load = [day_kw if 8 <= time.hour < 20 else night_kw for time in times]
    columns = {name: [0.0] * HOURS for name in table("site_hours").names if name.endswith(("_kw", "_l", "_c"))}
    columns |= {"time": times, "month": [date(2030, 1, 1)] * HOURS, "site": ["s"] * HOURS}
    columns |= {"load_kw": load, "import_kw": [import_kw] * HOURS, "pue_ratio": [1.0] * HOURS}
    columns |= {"marginal_usd_per_kwh": [0.0] * HOURS}
    return table("site_hours").frame(columns)


def cells(text: str) -> list[list[str]]:
    """The rows of the last table of a figure."""
    body = text.rpartition("<tbody>")[2]
    return [[cell.split(">", 1)[1] for cell in row.split("</td>")[:-1]] for row in body.split("<tr>")[1:]]


def test_a_week_is_the_mean_of_each_hour_from_monday():
    [week] = supply.week(results(site_hours=hours(1000.0, 3000.0, 500.0)))
    assert "It is 3 MW in the highest hour." in week.says
    rows = cells(week.html())
    assert len(rows) == 168
    assert [rows[hour] for hour in (0, 7, 8, 19, 20)] == [
        ["0", "0.5", "1"],
        ["7", "0.5", "1"],
        ["8", "0.5", "3"],
        ["19", "0.5", "3"],
        ["20", "0.5", "1"],
    ]


def test_load_by_duration_falls_from_the_peak_to_the_least():
    [curve] = supply.duration(results(site_hours=hours(1000.0, 3000.0, 500.0)))
    assert "At most 3 MW, 2 MW on average: a load factor of 67%." in curve.says
    load = [float(row[1]) for row in cells(curve.html())]
    assert load[0] == 3.0
    assert load[-1] == 1.0
    assert sorted(load, reverse=True) == load


def test_a_load_that_does_not_vary_has_no_hours_to_show():
    flat = results(site_hours=hours(1000.0, 1001.0, 1000.0))
    assert list(supply.week(flat)) == list(supply.duration(flat)) == []
    assert list(supply.week(results())) == []


def emitted() -> pl.DataFrame:
    rows = [
        (date(2030, month, 1), "s", method, source, scope, 1.0, kg)
        for month in (1, 2)
        for method, source, scope, kg in (
            ("location", "grid", 2, 2e6),
            ("market", "grid", 2, 1e6),
            ("market", "a<b", 2, 0.0),
            ("embodied", "racks", 3, 5e4),
        )
    ]
    return table("carbon").frame(dict(zip(table("carbon").names, zip(*rows, strict=True), strict=True)))


def test_emissions_by_method_are_sums_over_the_months():
    made = results(carbon=emitted())
    [figure] = carbon.emissions(made)
    assert "Over all months 4 kt CO2e by location and 2 kt CO2e by market; embodied beside them." in figure.says
    text = carbon.methods(made)
    assert cells(text) == [
        ["a&lt;b", "2", "-", "0", "-"],
        ["grid", "2", "4", "2", "-"],
        ["racks", "3", "-", "-", "0.1"],
    ]


def test_carbon_free_energy_is_a_share_of_the_load():
    columns = {name: [0.0, 0.0] for name in table("carbon_free").names}
    columns |= {"month": [date(2030, 1, 1), date(2030, 2, 1)], "site": ["s", "s"]}
    columns |= {"load_kwh": [100.0, 300.0], "matched_kwh": [50.0, 50.0], "grid_kwh": [10.0, 90.0]}
    [figure] = carbon.carbon_free(results(carbon_free=table("carbon_free").frame(columns)))
    assert "50.0% of the load, hour by hour, over all months." in figure.says
    assert "by volume" not in figure.html(), "no supply, so nothing to match by volume"


def test_water_is_told_in_cubic_metres():
    columns = {name: [0.0, 0.0] for name in table("water").names}
    columns |= {"month": [date(2030, 1, 1), date(2030, 2, 1)], "site": ["s", "s"], "site_l": [1.0e6, 3.0e6]}
    [figure] = carbon.water(results(water=table("water").frame(columns)))
    assert "4,000 m3 over all months, and 3,000 m3 in the month that takes the most." in figure.says
    dry = columns | {"site_l": [0.0, 0.0]}
    assert list(carbon.water(results(water=table("water").frame(dry)))) == []
