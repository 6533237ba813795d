"""Quantity strings: what reads as what, and what is refused with the right unit named."""

from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin import units
from twin.errors import UnitError

READ = [
    ("2.5 MW", "power", 2500.0),
    ("1200 W", "power", 1.2),
    ("1e3 kW", "power", 1000.0),
    (".5 MW", "power", 500.0),
    ("250,000 h", "duration", 250_000.0),
    ("250000 h", "duration", 250_000.0),
    ("1 year", "duration", 8760.0),
    ("15 years", "term", 180.0),
    ("18 months", "term", 18.0),
    ("96 %", "fraction", 0.96),
    ("96%", "fraction", 0.96),
    (0.96, "fraction", 0.96),
    ("3 %/year", "rate", 0.03),
    ("0.035/year", "rate", 0.035),
    ("12.8 Tbps", "bandwidth", 12_800.0),
    ("900 GB/s", "bandwidth", 7200.0),
    ("8 TB/s", "memory_bandwidth", 8.0),
    ("2500 TFLOPS", "compute", 2500.0),
    ("2.5 PFLOP/s", "compute", 2500.0),
    ("5e26", "work", 5e26),
    ("5e26 FLOP", "work", 5e26),
    ("2100 km", "length", 2100.0),
    ("48 U", "space", 48.0),
    ("380 g/kWh", "carbon", 0.38),
    ("$3.25B", "money", 3.25e9),
    ("$3.25bn", "money", 3.25e9),
    ("USD 5M", "money", 5e6),
    ("3.25e9 USD", "money", 3.25e9),
    ("-$5", "money", -5.0),
    ("$0.045/kWh", "money_per_energy", 0.045),
    ("$45/MWh", "money_per_energy", 0.045),
    ("$127.28/kW-month", "money_per_power_month", 127.28),
    ("$127.28/kW/month", "money_per_power_month", 127.28),
    ("$200/kW-year", "money_per_power_month", 200 / 12),
    ("$200M/GW-year", "money_per_power_month", 200 / 12),
    ("$11.77/W", "money_per_power", 11_770.0),
    ("$49M/year", "money_per_time", 49e6 / 12),
    ("$2.10/h", "money_per_hour", 2.10),
    ("27 °C", "temperature", 27.0),
    ("-9 C", "temperature", -9.0),
    ("80.6 °F", "temperature", 27.0),
    ("300.15 K", "temperature", 27.0),
    ("5 K", "temperature_difference", 5.0),
    ("650 Pa", "pressure", 650.0),
    ("143.65 kPa", "pressure", 143_650.0),
]


@pytest.mark.parametrize(("text", "dimension", "value"), READ)
def test_a_quantity_reads_in_its_canonical_unit(text: object, dimension: str, value: float) -> None:
    assert units.parse(text, dimension) == pytest.approx(value, rel=1e-14)


REFUSED = [
    (5, "power", "a number without a unit"),
    (27, "temperature", "a number without a unit"),
    ("27 kW", "temperature", "'kW' is not a scale of temperature"),
    ("5 °C", "temperature_difference", "is not a unit"),
    ("5", "power", "a number without a unit"),
    ("5 MV", "power", "'MV' is not a unit"),
    ("5 h", "power", "'h' is not a unit of power"),
    ("3 %", "rate", "'%' does not say in what time"),
    ("3 km", "rate", "'km' is not a unit of rate"),
    ("$5/kWh", "money_per_power_month", "not a unit of money per power month"),
    ("$10/kW-month", "money_per_energy", "not a unit of money per energy"),
    ("5 kVA", "power", "'kVA' is apparent power"),
    ("132 mW", "power", "in milliwatts"),
    ("$50/mWh", "money_per_energy", "in milliwatts"),
    ("", "power", "not a quantity"),
    ("much", "power", "not a quantity"),
    ("1.2.3 MW", "power", "not a unit"),
    ("NaN MW", "power", "not a quantity"),
    ("1e999 MW", "power", "not a finite number"),
    (math.nan, "fraction", "not a finite number"),
    (math.inf, "work", "not a finite number"),
    (True, "power", "not a quantity"),
    (None, "power", "not a quantity"),
    ("5 MW**1e9", "power", "not a unit"),
    ("5 9**9**9", "power", "not a unit"),
    ("5 __import__('os')", "power", "not a unit"),
]


@pytest.mark.parametrize(("text", "dimension", "said"), REFUSED)
def test_what_is_not_a_quantity_says_what_would_be(text: object, dimension: str, said: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse(text, dimension)
    assert said in caught.value.message
    assert units.dimension(dimension).example in caught.value.expected


@pytest.mark.parametrize(
    ("text", "dimension", "meant"),
    [
        ("5 kw", "power", "kW"),
        ("$140/kw-month", "money_per_power_month", "$/kW-month"),
        ("3 gbps", "bandwidth", "Gbps"),
    ],
)
def test_a_unit_in_wrong_capitals_is_named_right(text: str, dimension: str, meant: str) -> None:
    with pytest.raises(UnitError) as caught:
        units.parse(text, dimension)
    assert f"did you mean '{meant}'?" in caught.value.expected


@pytest.mark.parametrize("name", units.DIMENSIONS)
def test_the_example_of_each_dimension_reads(name: str) -> None:
    assert math.isfinite(units.parse(units.dimension(name).example, name))


@given(st.floats(1e-3, 1e9), st.sampled_from(["power", "energy", "duration", "bandwidth", "length", "mass"]))
def test_what_is_shown_reads_back(value: float, name: str) -> None:
    assert units.parse(units.show(value, name, digits=12), name) == pytest.approx(value, rel=1e-9)


@given(st.floats(1, 1e13))
def test_money_shown_reads_back(value: float) -> None:
    assert units.parse(units.show_money(value, digits=12), "money") == pytest.approx(value, rel=1e-9)


@given(st.text(max_size=30), st.sampled_from(sorted(units.DIMENSIONS)))
def test_no_text_raises_anything_else(text: str, name: str) -> None:
    with suppress(UnitError):
        assert math.isfinite(units.parse(text, name))


def test_lanes_read_as_number_and_rate() -> None:
    assert units.parse_lanes("72 x 400 Gbps") == (72, 400.0)
    assert units.parse_lanes("800 Gbps") == (1, 800.0)
    with pytest.raises(UnitError):
        units.parse_lanes("72 lanes")


@pytest.mark.parametrize("text", [10**350, 10**41, "1e41", "1" * 60])
def test_numbers_beyond_any_real_quantity_are_refused(text: object) -> None:
    with pytest.raises(UnitError, match=r"not a finite number|larger than any real quantity"):
        units.parse(text, "number")


def test_lanes_of_thousands_of_digits_are_refused() -> None:
    with pytest.raises(UnitError, match="too many lanes"):
        units.parse_lanes("9" * 5000 + " x 400 Gbps")


@pytest.mark.parametrize(
    ("value", "text"), [(999.6e6, "$1B"), (999.4e6, "$999M"), (-1.5e6, "-$1.5M"), (0.0, "$0"), (15_500.0, "$15.5k")]
)
def test_money_steps_up_when_rounding_does(value: float, text: str) -> None:
    assert units.show_money(value, 3) == text


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("814 mm2", "area", 814.0),
        ("814 mm²", "area", 814.0),
        ("8.14 cm2", "area", 814.0),
        ("0.1/cm2", "defect_density", 0.1),
        ("0.001 /mm2", "defect_density", 0.1),
        ("2 TFLOPS/W", "compute_per_power", 2.0),
        ("2 PFLOPS/kW", "compute_per_power", 2.0),
    ],
)
def test_quantities_of_chips(text, name, value):
    assert units.parse(text, name) == pytest.approx(value)


@pytest.mark.parametrize(("value", "text"), [(3e-4, "300 mm"), (0.25, "250 m"), (2100.0, "2100 km")])
def test_lengths_are_shown_in_the_unit_that_fits(value, text):
    assert units.show(value, "length") == text


def test_british_thermal_units():
    # 1 Btu (International Table) = 1055.05585262 J
    assert units.parse("$4/MMBtu", "money_per_energy") == pytest.approx(4 / 293.07107, rel=1e-7)
    assert units.parse("9500 Btu/kWh", "ratio") == pytest.approx(9500 / 3412.14163, rel=1e-7)
    assert units.parse("53.06 kg/MMBtu", "carbon") == pytest.approx(53.06 / 293.07107, rel=1e-7)
