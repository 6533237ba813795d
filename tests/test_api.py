"""The door: quantities, dates, months and what a parameter model accepts."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin import api, units
from twin.api import (
    Calendar,
    Date,
    Duration,
    Entry,
    Fraction,
    Money,
    Params,
    PartyRef,
    Power,
    Rate,
    Ratio,
    Term,
    month_index,
)


class Everything(Params):
    power: Power = 0.0
    money: Money = 0.0
    duration: Duration = 0.0
    term: Term = 0.0
    share: Fraction = 0.0
    ratio: Ratio = 0.0
    rate: Rate = 0.0
    when: Date | None = None
    party: PartyRef = "operator"


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("power", "2.5 MW", 2500.0),
        ("money", "$3.25B", 3.25e9),
        ("duration", "2 days", 48.0),
        ("term", "15 years", 180.0),
        ("share", "96 %", 0.96),
        ("share", 0.5, 0.5),
        ("ratio", 1.25, 1.25),
        ("rate", "3 %/year", 0.03),
        ("rate", "-2 %/year", -0.02),
        ("when", "2027-06-01", date(2027, 6, 1)),
        ("when", date(2027, 6, 1), date(2027, 6, 1)),
    ],
)
def test_what_a_file_says_becomes_a_number(field, text, value):
    assert getattr(Everything(**{field: text}), field) == value


@pytest.mark.parametrize(
    ("field", "text", "what"),
    [
        ("power", 5, "a number without a unit; write it as '2.5 MW'"),
        ("power", "5 h", "'h' is not a unit of power"),
        ("power", "-1 kW", "below 0"),
        ("power", True, "not a quantity"),
        ("power", None, "not a quantity"),
        ("share", "101 %", "above 100 %"),
        ("share", float("nan"), "not a finite number"),
        ("share", float("inf"), "not a finite number"),
        ("rate", "-101 %/year", "below"),
        ("when", "1 June", "not an ISO date"),
        ("when", 2027, "not an ISO date"),
        ("when", "2027-02-30", "not an ISO date"),
        ("party", 3, "valid string"),
        ("other", 1, "Extra inputs"),
    ],
)
def test_what_is_wrong_is_said(field, text, what):
    with pytest.raises(ValidationError, match=what):
        Everything(**{field: text})


def test_parameters_do_not_change():
    params = Everything()
    with pytest.raises(ValidationError):
        params.power = 3.0


QUANTITIES = {
    mark.dimension: kind
    for kind in vars(api).values()
    for mark in getattr(kind, "__metadata__", ())
    if isinstance(mark, api.Quantity)
}


@pytest.mark.parametrize("name", sorted(QUANTITIES))
def test_every_quantity_type_shows_its_unit_in_the_schema(name):
    made = type("Made", (Params,), {"__annotations__": {"x": QUANTITIES[name]}})
    schema = made.model_json_schema()["properties"]["x"]
    assert schema["examples"] == [units.dimension(name).example]
    assert made(x=units.dimension(name).example).x == units.parse(units.dimension(name).example, name)


def test_references_can_be_found_by_a_reader():
    [mark] = [m for m in Everything.model_fields["party"].metadata if isinstance(m, api.Reference)]
    assert mark.kind == "party"


def test_every_name_of_the_door_exists():
    assert [name for name in api.__all__ if not hasattr(api, name)] == []
    assert sorted(api.__all__) == sorted(set(api.__all__))


starts = st.dates(date(1990, 1, 1), date(2060, 12, 31))


@given(starts, st.integers(0, 600))
def test_months_of_a_calendar(start, months):
    calendar = Calendar(start, months)
    dates = calendar.dates()
    assert len(dates) == months
    assert all(day.day == 1 for day in dates)
    assert [calendar.index(day) for day in dates] == list(range(months))
    assert all(timedelta(28) <= b - a <= timedelta(31) for a, b in pairwise(dates))
    assert not dates or (dates[0].year, dates[0].month) == (start.year, start.month)


@given(starts, starts)
def test_month_index_counts_months(when, start):
    index = month_index(when, start)
    assert Calendar(start, 1).date(index) == when.replace(day=1)


def test_descriptors_are_plain_values():
    model = api.EnergyModel("flat", "Flat.", Everything, dict)
    assert model.api == api.API_VERSION
    assert model == api.EnergyModel("flat", "Flat.", Everything, dict)
    assert Entry("a", Everything()) == Entry("a", Everything())
    with pytest.raises(AttributeError):
        model.name = "other"


@given(starts, st.lists(starts, min_size=1))
def test_month_numbers_of_a_column_are_those_of_each_date(start, days):
    calendar = Calendar(start, 0)
    got = pl.DataFrame({"when": days}).select(calendar.number("when"))["when"]
    assert got.dtype == pl.Int64
    assert got.to_list() == [calendar.index(day) for day in days]


def test_a_site_named_without_a_number_means_all_of_it():
    sites = pl.DataFrame({"site": ["a", "b[1]", "b[2]", "bb[1]"]})
    for names, wanted in (((), 4), (("a",), 1), (("b",), 2), (("b[2]",), 1), (("a", "bb"), 2), (("c",), 0)):
        assert sites.filter(api.at_sites(names)).height == wanted
