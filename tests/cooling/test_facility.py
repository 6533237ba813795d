"""The plants, all hours at once, against one hour at a time in plain arithmetic; and what must hold of any of them."""

from __future__ import annotations

import numpy as np
import pytest
from cooling.naive import Hour
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from twin_energy.cooling.air_side import mode
from twin_energy.cooling.draw import Air
from twin_energy.cooling.facility import Load, facility
from twin_energy.cooling.machines import compressor_kw
from twin_energy.cooling.params import AirCooled, AirEconomiser, Liquid, WarmWater, WaterCooled, WaterEconomiser
from twin_energy.cooling.water_loop import air_cooled_cop, water_cooled_cop
from twin_energy.weather import psychrometrics as moist

PLANTS = [
    AirCooled(),
    AirCooled(free_cooling=True, spare=0.25, other=0.01, loss_heat=0.04),
    WaterCooled(),
    WaterCooled(liquid=Liquid(adiabatic=False), chillers=7, drift=0.005),
    WaterEconomiser(),
    WaterEconomiser(supply_water="30 °C", cycles=3),
    AirEconomiser(),
    AirEconomiser(adiabatic=False, liquid=Liquid(supply_water="45 °C")),
    WarmWater(),
    WarmWater(liquid=Liquid(supply_water="25 °C", trim=False)),
]
plants = st.sampled_from(PLANTS)
weathers = st.tuples(st.floats(-25.0, 45.0), st.floats(0.0, 35.0), st.floats(75_000.0, 103_000.0)).map(
    lambda w: (w[0], w[0] - w[1], float(moist.wet_bulb(w[0], w[0] - w[1], w[2])), w[2])
)
loads = st.tuples(st.floats(0.0, 1.0), st.floats(1.0, 1e6), st.floats(0.0, 1.0)).map(
    lambda one: (one[0] * one[1], one[1], one[2])
)


def drawn(params, load, weather):
    it, largest, liquid = (np.atleast_1d(np.asarray(value, dtype=float)) for value in load)
    dry, dew, wet, pressure = (np.atleast_1d(np.asarray(value, dtype=float)) for value in weather)
    shape = np.broadcast(it, dry).shape
    full = (np.broadcast_to(value, shape).copy() for value in (it, largest, liquid))
    outside = (np.broadcast_to(value, shape).copy() for value in (dry, dew, wet, pressure))
    return facility(params, Load(*full), Air.of(*outside))


def total(table):
    return sum(table.values()) if table else 0.0


@settings(max_examples=400, deadline=None)
@given(plants, loads, weathers)
def test_one_hour_agrees_with_plain_arithmetic(params, load, weather):
    assume(abs(weather[2]) > 1e-6)
    draw, left = drawn(params, load, weather)
    naive = Hour(params, *load, weather)
    scale = load[1]
    for stage in {*draw.power_kw, *naive.power}:
        got = draw.power_kw.get(stage, np.zeros(1))[0]
        assert got == pytest.approx(naive.power[stage], rel=1e-6, abs=1e-7 * scale), stage
    for stage in {*draw.water_l_per_h, *naive.water}:
        got = draw.water_l_per_h.get(stage, np.zeros(1))[0]
        assert got == pytest.approx(naive.water[stage], rel=1e-5, abs=1e-5 * scale), stage
    assert left[0] == pytest.approx(naive.left, rel=1e-6, abs=1e-7 * scale)
    assert draw.rejected_kw[0] == pytest.approx(naive.out, rel=1e-6, abs=1e-7 * scale)


@settings(max_examples=200, deadline=None)
@given(plants, st.lists(st.tuples(loads, weathers), min_size=1, max_size=6))
def test_heat_in_is_heat_out_and_nothing_is_negative(params, rows):
    load, weather = zip(*[row[0] for row in rows], strict=True), zip(*[row[1] for row in rows], strict=True)
    it, largest, liquid = (np.array(value) for value in load)
    draw, _ = drawn(params, (it, largest, liquid), [np.array(value) for value in weather])
    inside = {stage: power for stage, power in draw.power_kw.items() if stage != "other"}
    taken = it * (1 + params.loss_heat) + total(inside)
    np.testing.assert_allclose(draw.rejected_kw, taken, rtol=1e-9, atol=1e-9 * largest.max())
    assert all((power >= 0).all() for power in (*draw.power_kw.values(), *draw.water_l_per_h.values()))


@settings(deadline=None)
@given(plants, loads, st.lists(weathers, min_size=2, max_size=5))
def test_hours_do_not_know_each_other(params, load, weather):
    together, _ = drawn(params, load, [np.array(value) for value in zip(*weather, strict=True)])
    for hour, one in enumerate(weather):
        alone, _ = drawn(params, load, one)
        for stage, power in alone.power_kw.items():
            assert together.power_kw[stage][hour] == pytest.approx(power[0], rel=1e-12, abs=1e-12)


def warmer(kind, load, low, rise, pressure):
    """Powers in two hours of which the second is warmer, both at 50 % relative humidity."""
    dry = np.array([low, low + rise])
    dew = moist.dew_point(moist.ratio_at_humidity(dry, 0.5, pressure), pressure)
    wet = moist.wet_bulb(dry, dew, pressure)
    draw, left = drawn(kind, load, (dry, dew, wet, np.full(2, pressure)))
    return draw, left


@settings(deadline=None)
@given(
    st.sampled_from([one for one in PLANTS if not isinstance(one, AirEconomiser)]),
    loads,
    st.floats(2.0, 30.0),
    st.floats(0.0, 12.0),
)
def test_warmer_air_never_lightens_the_compressors(params, load, low, rise):
    draw, _ = warmer(params, load, low, rise, 100_000.0)
    before, after = draw.power_kw["cooling_compressor"]
    assert after >= before * (1 - 1e-9) - 1e-9 * load[1]


@settings(deadline=None)
@given(loads, st.floats(2.0, 30.0), st.floats(0.0, 12.0))
def test_warmer_air_never_lightens_a_plant_without_economiser(load, low, rise):
    for params in (AirCooled(), WaterCooled()):
        draw, _ = warmer(params, load, low, rise, 100_000.0)
        before, after = total(draw.power_kw)
        assert after >= before * (1 - 1e-9)


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(1, 20))
def test_more_heat_never_takes_less_compressor_power(one, other, units):
    less, more = sorted((one, other))
    power = compressor_kw(np.array([less, more]), np.full(2, 1.0), np.full(2, 5.0), units)
    assert power[1] >= power[0] - 1e-12
    assert power[1] <= 0.2 + 1e-12 or more == 1.0


def test_all_chillers_at_full_load_draw_their_rated_power():
    power = compressor_kw(np.array([1000.0]), np.array([1000.0]), np.array([4.0]), 4)
    assert power[0] == pytest.approx(250.0, rel=1e-5)


def test_rated_cop_at_rated_conditions():
    assert air_cooled_cop(3.5, 6.7, np.array([35.0]))[0] == pytest.approx(3.5)
    assert water_cooled_cop(6.0, 6.7, np.array([29.4]), 5.6)[0] == pytest.approx(6.0)


def test_cop_follows_the_curves_of_a_doe2_chiller_where_these_are_valid():
    # chiller data of EnergyPlus, 'DOE-2 Centrifugal/5.50COP' as the Modelica Buildings library carries it: energy input
    # ratio by leaving water (5 to 10 °C) and entering condenser water (24 to 35 °C).  A Carnot fraction models
    # the same machine otherwise: within 11 % over the whole range
    a = (0.933884, -0.058212, 0.00450036, 0.00243, 0.000486, -0.001215)
    for leaving in (5.0, 6.67, 8.0, 10.0):
        for entering in (24.0, 27.0, 29.4, 32.0, 35.0):
            eir = a[0] + a[1] * leaving + a[2] * leaving**2 + a[3] * entering + a[4] * entering**2
            doe2 = 5.5 / (eir + a[5] * leaving * entering)
            ours = water_cooled_cop(5.5, leaving, np.array([entering]), 5.6)[0]
            assert ours == pytest.approx(doe2, rel=0.11)


def test_chiller_cop_stays_within_what_is_seen_at_low_lift():
    # the least lift holds it: no chiller has the COP of 40 that Carnot gives for 5 K
    assert air_cooled_cop(3.5, 18.0, np.array([-20.0]))[0] < 9
    assert water_cooled_cop(6.0, 18.0, np.array([18.0]), 5.0)[0] < 13


LIMITS = AirEconomiser()


def economiser(dry, dew, params=LIMITS):
    dry, dew = np.array([float(dry)]), np.array([float(dew)])
    air = Air.of(dry, dew, moist.wet_bulb(dry, dew, 100_000.0), np.array([100_000.0]))
    return mode(params, air, np.array([params.air_rise]))


def test_the_economiser_is_off_above_its_limits():
    assert economiser(24.0, 21.5).mechanical_fraction[0] == 1.0  # dew point above 21 °C
    assert economiser(24.0, 21.5).open[0] == 0.0
    hot = economiser(46.0, 20.9)  # warmer than what comes back, and too moist to be cooled by evaporation
    assert (hot.open[0], hot.mechanical_fraction[0], hot.evaporated[0]) == (0.0, 1.0, 0.0)


def test_the_economiser_does_it_all_in_mild_air_and_shares_in_between():
    mild = economiser(22.0, 10.0)
    assert (mild.mechanical_fraction[0], mild.outside_fraction[0], mild.evaporated[0]) == (0.0, 1.0, 0.0)
    still = AirEconomiser(adiabatic=False)
    warm = economiser(27.0 + still.air_rise / 4, 10.0, still)
    assert warm.mechanical_fraction[0] == pytest.approx(0.25)
    assert economiser(33.0, 10.0).mechanical_fraction[0] == 0.0  # pads bring it down to 27 °C
    assert economiser(33.0, 10.0).evaporated[0] > 0.0


def test_cold_air_is_mixed_and_dry_air_is_misted():
    cold = economiser(0.0, -5.0)
    back = LIMITS.coldest_supply_air + LIMITS.air_rise
    assert cold.outside_fraction[0] == pytest.approx(LIMITS.air_rise / back)
    mixed = cold.outside_fraction[0] * 0.0 + (1 - cold.outside_fraction[0]) * back
    assert mixed == pytest.approx(LIMITS.coldest_supply_air)
    assert economiser(0.0, -20.0).misted[0] > 0.0
    assert economiser(20.0, 10.0).misted[0] == 0.0


@given(st.floats(-20.0, 45.0), st.floats(0.0, 40.0))
def test_padded_air_keeps_to_the_humidity_limits(dry_c, depression):
    dew_c = dry_c - depression
    now = economiser(dry_c, dew_c)
    if not now.open[0]:
        return
    ratio = float(moist.saturation_ratio(dew_c, 100_000.0)) + now.evaporated[0] - now.misted[0]
    assert ratio <= float(moist.saturation_ratio(21.0, 100_000.0)) + 1e-12


def test_more_liquid_takes_fan_power_away():
    year = (20.0, 10.0, float(moist.wet_bulb(20.0, 10.0, 1e5)), 1e5)
    fans = [drawn(WarmWater(), (1e3, 1e3, share), year)[0].power_kw["cooling_fans"][0] for share in (0.0, 0.5, 0.9)]
    assert fans[0] > fans[1] > fans[2] > 0.0


def test_fans_follow_the_cube_of_the_flow():
    mild = (20.0, 10.0, float(moist.wet_bulb(20.0, 10.0, 1e5)), 1e5)
    params = AirCooled(lighting=0.0)
    full = drawn(params, (1e3, 1e3, 0.0), mild)[0].power_kw["cooling_fans"][0]
    half = drawn(params, (500.0, 1e3, 0.0), mild)[0].power_kw["cooling_fans"][0]
    little = drawn(params, (100.0, 1e3, 0.0), mild)[0].power_kw["cooling_fans"][0]
    assert half == pytest.approx(full / 8)
    assert little == pytest.approx(full * 0.4**3)


def test_warm_water_takes_no_compressor_and_no_water_in_the_cool():
    cool = (15.0, 5.0, float(moist.wet_bulb(15.0, 5.0, 1e5)), 1e5)
    draw, left = drawn(WarmWater(lighting=0.0), (1e3, 1e3, 1.0), cool)
    assert total(draw.water_l_per_h)[0] == draw.power_kw["cooling_compressor"][0] == left[0] == 0.0


def test_dry_coolers_without_trim_say_what_is_left():
    hot = (44.0, 28.0, float(moist.wet_bulb(44.0, 28.0, 1e5)), 1e5)
    params = WarmWater(liquid=Liquid(supply_water="30 °C", trim=False))
    draw, left = drawn(params, (1e3, 1e3, 1.0), hot)
    assert left[0] > 0.0
    trimmed, none = drawn(WarmWater(liquid=Liquid(supply_water="30 °C")), (1e3, 1e3, 1.0), hot)
    assert none[0] == 0.0
    assert trimmed.power_kw["cooling_compressor"][0] > draw.power_kw["cooling_compressor"][0]


@pytest.mark.parametrize(
    ("kind", "given_", "message"),
    [
        (AirEconomiser, {"supply_air": "15 °C"}, "coldest_supply_air is above supply_air"),
        (AirEconomiser, {"supply_water": "28 °C"}, "supply_water is not below supply_air"),
        (AirEconomiser, {"dew_point": "-11 °C"}, "lowest humidity of the air is not below the highest"),
        (WaterCooled, {"cycles": 1.0}, "greater than 1"),
        (AirCooled, {"supply_water": "18 K"}, "greater than or equal to 4"),
        (AirCooled, {"supply_water": 18}, "a number without a unit"),
        (WaterCooled, {"tower_approach": "4 °C"}, "not a unit"),
        (AirCooled, {"colour": "blue"}, "Extra inputs"),
    ],
)
def test_parameters_that_cannot_be_meant(kind, given_, message):
    with pytest.raises(ValidationError, match=message):
        kind(**given_)
