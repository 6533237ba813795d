"""Solar against pvlib's own chain and against geometry; wind against its formula."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from plugins.supplies.supplied import bill, call, flat_weather, given, hours
from pvlib.clearsky import haurwitz
from pvlib.location import Location
from pvlib.modelchain import ModelChain
from pvlib.pvsystem import Array as PvlibArray
from pvlib.pvsystem import FixedMount, PVSystem, SingleAxisTrackerMount
from pydantic import ValidationError

from twin.errors import RefusedError
from twin_energy.supplies.solar import Array, Solar, typical_output
from twin_energy.supplies.wind import Turbine, Wind, power_curve

WEATHER = ("dry_bulb_c", "wind_m_per_s", "ghi_w_per_m2", "dni_w_per_m2", "dhi_w_per_m2")


@pytest.fixture(scope="module")
def sunny():
    """Clear sky at 32 degrees north, by pvlib, at the middle of each hour."""
    times = pd.date_range("2001-01-01 00:30", periods=8760, freq="h", tz="Etc/GMT+6")
    sun = Location(32.0, -97.0, altitude=200.0).get_solarposition(times)
    ghi = haurwitz(sun["apparent_zenith"])["ghi"].to_numpy()
    return flat_weather(ghi_w_per_m2=ghi, dni_w_per_m2=0.8 * ghi, dhi_w_per_m2=0.3 * ghi)


def chain(weather, mount):
    """Output over rating by pvlib's ModelChain as PVWatts."""
    times = pd.date_range("2001-01-01 00:30", periods=8760, freq="h", tz="Etc/GMT+6")
    array = PvlibArray(
        mount=mount,
        albedo=0.2,
        module_parameters={"pdc0": 1.3, "gamma_pdc": -0.0047},
        temperature_model_parameters={"a": -3.56, "b": -0.075, "deltaT": 3},
    )
    system = PVSystem([array], inverter_parameters={"pdc0": 1 / 0.96, "eta_inv_nom": 0.96}, losses_parameters={})
    made = ModelChain.with_pvwatts(system, Location(32.0, -97.0, altitude=200.0), losses_model="pvwatts")
    names = dict(zip(WEATHER, ("temp_air", "wind_speed", "ghi", "dni", "dhi"), strict=True))
    with warnings.catch_warnings():
        # pvlib calls what pandas 3.1 calls by another name
        warnings.simplefilter("ignore", DeprecationWarning)
        made.run_model(pd.DataFrame({new: weather[old].to_numpy() for old, new in names.items()}, times))
    return np.clip(np.nan_to_num(made.results.ac.to_numpy()), 0, 1)


@pytest.mark.parametrize(
    ("mounting", "mount"),
    [
        ("tracking", SingleAxisTrackerMount(axis_tilt=0, axis_azimuth=180, gcr=0.4, backtrack=True)),
        ("fixed", FixedMount(32, 180)),
    ],
)
def test_solar_is_what_pvlibs_own_chain_gives(sunny, mounting, mount):
    mine = typical_output(sunny, Array(mounting=mounting))
    peer = chain(sunny, mount)
    # the losses of PVWatts multiply to 14.0757 %, which it rounds to 14.08 %
    assert np.abs(mine - peer).max() < 2e-4
    assert mine.sum() == pytest.approx(peer.sum(), rel=2e-4)
    assert mine.max() > 0.8


def test_the_sun_is_highest_at_noon_of_the_site(sunny):
    day = typical_output(sunny, Array(mounting="fixed")).reshape(365, 24)
    assert 0.15 < day.mean() < 0.35
    assert day[:, :5].max() == 0
    assert day[:, 22:].max() == 0
    # 97 degrees west is 28 minutes behind the meridian of UTC-6: noon is in the hour from 12:00
    assert set(np.argmax(day.mean(axis=0, keepdims=True), axis=1)) <= {12}


def test_tracking_gives_more_than_a_fixed_array(sunny):
    tracking, fixed = (typical_output(sunny, Array(mounting=name)).sum() for name in ("tracking", "fixed"))
    assert tracking > 1.05 * fixed


def test_no_sun_no_power():
    assert typical_output(flat_weather(), Array()).max() == 0


def test_a_plant_ages_and_starts(sunny):
    terms = Solar(capacity="10 MW", degradation="1 %", start="2027-02-01", payer="owner")
    inputs = given(terms, frame=hours(months=15), weather=sunny)
    available = call("solar", inputs, "resources")["resource_hours"]
    by_month = available.group_by(pl.col("time").dt.date().dt.month_start()).agg(pl.col("available_kw").sum())
    sums = dict(by_month.rows())
    months = sorted(sums)
    assert sums[months[0]] == 0
    assert sums[months[14]] == pytest.approx(sums[months[2]] * 0.99)


def test_upkeep_is_billed(sunny):
    terms = Solar(capacity="10 MW", om="$2/MWh", fixed="$18/kW-year", payer="owner")
    lines = bill("solar", given(terms, weather=sunny, power_kw=np.full(744, 100.0)))
    assert lines == {
        ("fixed_om", "operation and maintenance", "owner", "vendor"): pytest.approx((10_000, 15_000)),
        ("variable_om", "operation and maintenance", "owner", "vendor"): pytest.approx((74_400, 148.8)),
    }


def test_a_site_without_irradiance_is_refused():
    weather = flat_weather().drop("dni_w_per_m2")
    with pytest.raises(RefusedError, match="needs 'dni_w_per_m2' of the weather at 'campus'"):
        call("solar", given(Solar(capacity="1 MW", payer="owner"), weather=weather), "resources")


def test_the_power_curve():
    turbine = Turbine()
    speed = np.array([0.0, 2.9, 3.0, 7.5, 12.0, 24.9, 25.0, 40.0])
    middle = (7.5**3 - 27) / (12**3 - 27)
    assert power_curve(speed, turbine) == pytest.approx([0, 0, 0, middle, 1, 1, 0, 0])


def test_a_curve_of_points():
    points = [{"speed": 4, "output": 0}, {"speed": 10, "output": 0.9}, {"speed": 14, "output": 1.0}]
    turbine = Turbine(curve=points)
    assert power_curve(np.array([3.0, 7.0, 12.0, 15.0]), turbine) == pytest.approx([0, 0.45, 0.95, 0])


def test_wind_rises_with_height_and_falls_with_thin_air():
    terms = Wind(capacity="10 MW", turbine={"hub": "100 m", "losses": "10 %"}, payer="owner")
    weather = flat_weather(wind_m_per_s=5.0, dry_bulb_c=15.0, pressure_pa=80_000.0)
    available = call("wind", given(terms, weather=weather), "resources")["resource_hours"]["available_kw"]
    density = 80_000 / (287.05 * 288.15)
    speed = 5.0 * 10 ** (1 / 7) * (density / 1.225) ** (1 / 3)
    assert available.unique().to_list() == pytest.approx([9000 * (speed**3 - 27) / (12**3 - 27)])


@pytest.mark.parametrize(
    "turbine", [{"cut_in": 13.0}, {"curve": [{"speed": 5, "output": 0.1}, {"speed": 5, "output": 0.2}]}]
)
def test_a_curve_that_does_not_rise_is_refused(turbine):
    with pytest.raises(ValidationError, match="must rise"):
        Turbine(**turbine)
