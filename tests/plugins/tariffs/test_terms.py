"""How terms are written, and what is refused with what would be right."""

from __future__ import annotations

import pytest
from plugins.tariffs.build import tariff
from pydantic import ValidationError

from twin_energy.tariffs.words import Limit, read_days, read_hours, read_limit, read_months


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("6-9", (6, 7, 8, 9)),
        ("nov-feb", (1, 2, 11, 12)),
        ("10-5", (1, 2, 3, 4, 5, 10, 11, 12)),
        (7, (7,)),
        (["jun", 8, "9-10"], (6, 8, 9, 10)),
    ],
)
def test_months(text, want):
    assert read_months(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("weekday", (0, 1, 2, 3, 4)),
        (["weekend", "holiday"], (5, 6, 7)),
        ("mon-thu", (0, 1, 2, 3)),
        ("fri-mon", (0, 4, 5, 6)),
        ("Saturday", (5,)),
        ("all", tuple(range(8))),
    ],
)
def test_days(text, want):
    assert read_days(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("14-19", ((840, 1140),)),
        ("22-6", ((1320, 1440), (0, 360))),
        (["6:30-10", "17-21"], ((390, 600), (1020, 1260))),
        ("0-24", ((0, 1440),)),
        ("20-0", ((1200, 1440),)),
    ],
)
def test_hours(text, want):
    assert read_hours(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("3000 kWh", Limit(3000.0)),
        ("4 MWh", Limit(4000.0)),
        ("200 kWh/kW", Limit(200.0, per_kw=True)),
        ("200 h", Limit(200.0, per_kw=True)),
        ("30 kWh/day", Limit(30.0, daily=True)),
        ("6 kWh/kW/day", Limit(6.0, per_kw=True, daily=True)),
    ],
)
def test_limits(text, want):
    assert read_limit(text) == want


SCHEDULE = [[1] * 24 for _ in range(12)]
FLAT = [{"price": "$0.1/kWh"}]


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ({"periods": {"p": {"months": "13"}}}, "'13' is not of months"),
        ({"periods": {"p": {"months": "6-13"}}}, "'6-13' is not of months"),
        ({"periods": {"p": {"days": "workday"}}}, "'workday' is not of days"),
        ({"periods": {"p": {"hours": 14}}}, "'14' is not a span of hours"),
        ({"periods": {"p": {"hours": "14-25"}}}, "'25' is not a time of day"),
        ({"periods": {"p": {"hours": "14-14"}}}, "no time at all"),
        ({"periods": {"p": {"hours": "6:10-9"}}}, "'p' changes at 6:10, inside a step of 15 minutes"),
        ({"periods": {"p": {"other_than": ["q"]}}}, "no period 'q'; did you mean 'p'|no period 'q'; it has p"),
        ({"periods": {"a": {"other_than": ["b"]}, "b": {"other_than": ["a"]}}}, "taken out of itself: a -> b -> a"),
        ({"timezone": "America/Chicgo"}, "did you mean 'America/Chicago'"),
        ({"holidays": ["5 July"]}, "'5 July' is not a day"),
        ({"holidays": ["02-30"]}, "'02-30' is not a day"),
        ({"schedules": {"s": {"weekday": SCHEDULE, "weekend": SCHEDULE[:11]}}}, "weekend is not a table of 12 months"),
        (
            {
                "schedules": {"s": {"weekday": SCHEDULE, "weekend": SCHEDULE}},
                "demand": [{"period": "s.2", "price": "$1/kW-month"}],
            },
            "schedule 's' has no period 2; it has 1",
        ),
        ({"energy": [{}]}, "energy charge 1: give one of price, monthly, blocks"),
        ({"energy": [{"price": "$1/kWh", "monthly": ["$1/kWh"] * 12}]}, "got price and monthly"),
        ({"energy": [{"monthly": ["$1/kWh"] * 11}]}, "monthly has 11 values; give twelve"),
        ({"energy": [{"price": "$1/kWh", "period": "peek"}], "periods": {"peak": {}}}, "did you mean 'peak'"),
        ({"energy": [{"price": "$1/kWh", "ratchet": "r"}]}, "no ratchet 'r'"),
        ({"energy": [{"price": "$1/kW"}]}, "not a unit of money per energy"),
        ({"energy": [{"blocks": [{"up_to": "3000", "price": "$1/kWh"}]}]}, "'3000' is not a limit"),
        ({"energy": [{"blocks": [{"up_to": "3000 kWh", "price": "$1/kWh"}]}]}, "every block but the last"),
        (
            {
                "energy": [
                    {"blocks": [{"up_to": f"{n} kWh", "price": "$1/kWh"} for n in (9, 3)] + [{"price": "$1/kWh"}]}
                ]
            },
            "a block ends at 3, not after the one before it",
        ),
        (
            {
                "energy": [
                    {
                        "blocks": [
                            {"up_to": "200 kWh/kW", "price": "$1/kWh"},
                            {"up_to": "3000 kWh", "price": "$1/kWh"},
                            {"price": "$1/kWh"},
                        ]
                    }
                ]
            },
            "end in one unit; put blocks of another unit inside",
        ),
        ({"energy": [{"blocks": [{"price": "$1/kWh", "blocks": [{"price": "$1/kWh"}]}]}]}, "got price and blocks"),
        (
            {"energy": [{"price": "$1/kWh", "period": "day"}], "periods": {"day": {"hours": "7-22"}}},
            "no energy charge covers jan, mon, 0:00",
        ),
        (
            {
                "energy": [{"price": "$1/kWh", "period": "d"}],
                "periods": {"d": {"days": ["weekday", "weekend"]}},
                "holidays": ["12-25"],
            },
            "no energy charge covers jan, holiday",
        ),
        ({"ratchets": {"r": {"steady": True, "previous": ["1 kW"]}}}, "leave 'previous' out"),
        ({"ratchets": {"r": {"last": 0}}}, "greater than or equal to 1"),
        ({"ratchets": {"r": {"fraction": "120 %"}}}, "above 100 %"),
        ({"contract": {"minimum": "85 %", "steps": []}}, "at least 1"),
        (
            {"contract": {"minimum": "85 %", "steps": [{"start": "2027-01-01", "power": "1 MW"}]}},
            "no demand charge is billed on its minimum",
        ),
        (
            {
                "contract": {"minimum": "85 %", "steps": [{"start": "2027-01-01", "power": "1 MW"}] * 2},
                "demand": [{"price": "$1/kW-month"}],
            },
            "each begins later",
        ),
        (
            {
                "contract": {
                    "minimum": "85 %",
                    "steps": [{"start": "2027-01-01", "power": "1 MW"}],
                    "until": "2030-01-01",
                    "exit": "2031-01-01",
                },
                "demand": [{"price": "$1/kW-month"}],
            },
            "before the exit",
        ),
        ({"riders": [{"what": "x"}]}, "rider 'x': give one of energy, demand, fixed, percent"),
        ({"riders": [{"what": "x", "energy": "$1/kWh", "on": ["energy_charge"]}]}, "'on' is for a rider by percent"),
        ({"coincident": [{"price": "$1/kW"}]}, "give the hours of the peaks"),
        (
            {"coincident": [{"price": "$1/kW", "windows": [{"start": "2027-06-01T05:00", "end": "2027-06-01T05:00"}]}]},
            "not after its start",
        ),
        ({"coincident": [{"price": "$1/kW", "windows_file": "f", "billed": "next-year"}]}, "'previous' is the demand"),
        ({"growth": "3 %"}, "growth"),
        ({"peaks": 1}, "Extra inputs"),
    ],
)
def test_terms_that_do_not_hold_together_are_refused(bad, what):
    with pytest.raises(ValidationError, match=what):
        tariff(**bad)


def test_a_tariff_by_energy_alone_needs_no_more():
    assert tariff(energy=FLAT).payee == "utility"
    assert tariff(energy=FLAT, holidays=["2027-12-25", "07-04"]).holidays == ("2027-12-25", "07-04")
