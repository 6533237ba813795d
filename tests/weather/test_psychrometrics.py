"""Moist air against PsychroLib, point by point, and against printed values of ASHRAE."""

from __future__ import annotations

import numpy as np
import psychrolib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from published import Source

from twin_energy.weather import psychrometrics as air

psychrolib.SetUnitSystem(psychrolib.SI)

ASHRAE = Source(
    "Cooling and weather",
    "ASHRAE, moist air",
    "Handbook Fundamentals 2017, chapter 1, table 3 and example 1, whose figures are read off a chart; recalled.",
)
DRY = st.floats(-40.0, 55.0)
DEPRESSION = st.floats(0.0, 40.0)
PRESSURE = st.floats(60_000.0, 105_000.0)


@pytest.mark.parametrize(
    ("temperature_c", "pascal", "tolerance"),
    [(-60.0, 1.08, 0.01), (-20.0, 103.24, 3e-4), (-5.0, 401.74, 3e-4), (5.0, 872.6, 3e-4), (25.0, 3169.7, 3e-4)],
)
def test_saturation_pressure_as_printed(published, temperature_c, pascal, tolerance):
    case, ours = f"saturation pressure at {temperature_c:.0f} °C", float(air.saturation_pressure(temperature_c))
    published(case, pascal, ours, unit="Pa", rel=tolerance, source=ASHRAE)


def test_the_example_of_40_c_dry_and_20_c_wet(published):
    """At 101.325 kPa; dew point 7 °C."""
    for case, value, unit, allowed, ours in (
        ("humidity ratio at a dew point of 7 °C", 6.5, "g/kg", 0.3, 1000 * air.saturation_ratio(7.0, 101_325.0)),
        ("wet bulb at 40 °C and that dew point", 20, "°C", 0.3, air.wet_bulb(40.0, 7.0, 101_325.0)),
        ("relative humidity", 14, "%", 0.5, 100 * air.relative_humidity(40.0, 6.5e-3, 101_325.0)),
        ("enthalpy", 56.7, "kJ/kg", 0.4, air.enthalpy(40.0, 6.5e-3)),
        ("volume", 0.896, "m³/kg", 2e-3, 1 / air.density(40.0, 6.5e-3, 101_325.0)),
    ):
        digits = 3 if value < 1 else 1
        published(case, value, float(ours), unit=unit, digits=digits, abs=allowed, source=ASHRAE)


@settings(max_examples=300)
@given(DRY, DEPRESSION, PRESSURE)
def test_a_point_agrees_with_psychrolib(dry_c, depression, pressure):
    dew_c = max(dry_c - depression, -60.0)
    ratio = float(air.saturation_ratio(dew_c, pressure))
    # PsychroLib never goes below a ratio of 1e-7
    assert ratio == pytest.approx(psychrolib.GetHumRatioFromTDewPoint(dew_c, pressure), rel=1e-6, abs=1e-7)
    assert float(air.enthalpy(dry_c, ratio)) == pytest.approx(
        psychrolib.GetMoistAirEnthalpy(dry_c, ratio) / 1e3, abs=1e-6
    )
    relative = psychrolib.GetRelHumFromHumRatio(dry_c, max(ratio, 1e-7), pressure)
    assert float(air.relative_humidity(dry_c, ratio, pressure)) == pytest.approx(relative, rel=1e-6, abs=1e-4)
    volume = psychrolib.GetMoistAirVolume(dry_c, ratio, pressure)
    assert 1 / float(air.density(dry_c, ratio, pressure)) == pytest.approx(volume, rel=1e-4)
    wet = float(air.wet_bulb(dry_c, dew_c, pressure))
    # over ice and over water there are two answers close to 0 °C
    tolerance = 2e-3 if abs(wet) > 1.5 else 0.4
    assert wet == pytest.approx(psychrolib.GetTWetBulbFromTDewPoint(dry_c, dew_c, pressure), abs=tolerance)


@given(DRY, DEPRESSION, PRESSURE)
def test_wet_bulb_lies_between_dew_point_and_dry_bulb(dry_c, depression, pressure):
    dew_c = dry_c - depression
    wet = float(air.wet_bulb(dry_c, dew_c, pressure))
    assert dew_c - 1e-6 <= wet <= dry_c + 1e-6


@given(st.floats(-60.0, 50.0), PRESSURE)
def test_dew_point_is_the_inverse_of_the_saturation_ratio(dew_c, pressure):
    assert float(air.dew_point(air.saturation_ratio(dew_c, pressure), pressure)) == pytest.approx(dew_c, abs=1e-4)


@given(st.floats(-30.0, 40.0), st.floats(0.0, 60.0), PRESSURE)
def test_saturated_air_is_found_by_its_enthalpy(start_c, rise, pressure):
    wanted = float(air.enthalpy(start_c, air.saturation_ratio(start_c, pressure))) + rise
    found = air.saturated_at(wanted, pressure, start_c)
    assert float(air.enthalpy(found, air.saturation_ratio(found, pressure))) == pytest.approx(wanted, abs=1e-6)


def test_arrays_give_what_their_elements_give():
    dry, dew = np.array([[-10.0, 0.4, 35.0]]), np.array([[-12.0], [-30.0]])
    got = air.wet_bulb(dry, dew, 95_000.0)
    assert got.shape == (2, 3)
    for row in range(2):
        for column in range(3):
            assert got[row, column] == float(air.wet_bulb(dry[0, column], dew[row, 0], 95_000.0))
