"""Ticks of axes of months: by hand, and as a drawn axis has them at every width."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise

import altair as alt
import polars as pl
import pytest

from twin.report.page.charts import Figure, axis
from twin.report.page.dates import ticks


@pytest.mark.parametrize(
    ("first", "last", "most", "said"),
    [
        (date(2029, 1, 1), date(2029, 6, 1), 6, "2029-01 2029-02 2029-03 2029-04 2029-05 2029-06"),
        (date(2029, 2, 1), date(2029, 12, 1), 6, "2029-03 2029-05 2029-07 2029-09 2029-11"),
        (date(2026, 5, 1), date(2028, 3, 1), 6, "2026-07 2027-01 2027-07 2028-01"),
        (date(2026, 5, 1), date(2041, 5, 1), 6, "2028-01 2031-01 2034-01 2037-01 2040-01"),
        (date(2026, 5, 1), date(2041, 5, 1), 15, " ".join(f"{year}-01" for year in range(2027, 2042))),
        (date(2029, 5, 9), date(2029, 7, 1), 6, "2029-06 2029-07"),
        (date(2029, 5, 1), date(2029, 5, 1), 6, "2029-05"),
    ],
)
def test_ticks_are_even_and_no_more_than_there_is_room_for(first, last, most, said):
    found, _ = ticks(first, last, most)
    assert [f"{each:%Y-%m}" for each in found] == said.split()


def labels(first: date, last: date, mark: str = "bar") -> dict[str, list[tuple[float, list[str]]]]:
    """Where the labels of the months stand and what they say, by the class of the chart."""
    at = pl.date_range(first, last, "1mo", eager=True)
    frame = pl.DataFrame({"month": at, "mw": [1.0] * len(at)})
    bare = alt.Chart(frame)
    chart = (bare.mark_bar() if mark == "bar" else bare.mark_line()).encode(
        x=alt.X(**axis("month", "", "T")), y=alt.Y(**axis("mw", "MW"))
    )
    text = Figure(chart, "Title", "Says.", frame).html(broad=True)
    label = re.compile(r'<text text-anchor="middle" transform="translate\(([\d.]+),1[\d.]*\)"[^>]*>(.*?)</text>')
    word = re.compile(r"[A-Z][a-z]{2}|\d{4}")
    found = {}
    for name, svg in re.findall(r'<div class="chart (\w+)">(.*?</svg>)', text, re.DOTALL):
        found[name] = [(float(x), word.findall(re.sub("<[^>]*>", " ", said))) for x, said in label.findall(svg)]
    return found


@pytest.mark.parametrize(
    ("first", "last"), [(date(2026, 5, 1), date(2041, 4, 1)), (date(2029, 2, 1), date(2030, 7, 1))]
)
def test_labels_of_months_have_room_at_every_width(first, last):
    drawn = labels(first, last)
    assert set(drawn) == {"phone", "half", "whole"}
    for shown in drawn.values():
        assert len(shown) >= 3
        apart = [after[0] - before[0] for before, after in pairwise(shown)]
        assert min(apart) > 30, "a year of four digits is 25 pixels wide"
        assert max(apart) < 1.12 * min(apart), "none is left out between two others; months differ by three days"
    assert len(drawn["phone"]) < len(drawn["whole"])


def test_months_have_their_year_where_it_begins_and_at_the_first():
    said = [words for _, words in labels(date(2029, 2, 1), date(2030, 7, 1))["phone"]]
    assert said == [["Apr", "2029"], ["Jul"], ["Oct"], ["Jan", "2030"], ["Apr"], ["Jul"]]
