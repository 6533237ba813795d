"""Plants that burn fuel against sums done by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given as sampled
from hypothesis import strategies as st
from plugins.supplies.supplied import bill, call, flat_weather, given, hours
from pydantic import ValidationError

from twin.energy.dispatch import Generator
from twin.energy.dispatch import flows as core
from twin_energy.supplies.plants import Diesel, Engine, FuelCell, GasTurbine, Thermal, fuel_curve
from twin_energy.supplies.thermal import fuel_kw

HOURS = 744
CURVE = [{"load": "50 %", "heat_rate": "12000 Btu/kWh"}, {"load": "75 %", "heat_rate": "10500 Btu/kWh"}]
BTU = 1 / 3412.1416


def turbine(**more):
    given = {"capacity": "30 MW", "heat_rate": "10000 Btu/kWh", "fuel": "$4/MMBtu", "payer": "owner"}
    return GasTurbine(**given | more)


def test_the_curve_goes_through_its_points():
    idle, segments = fuel_curve(turbine(part_load=CURVE))
    # fuel at 50, 75 and 100 % of the rating: 6000, 7875 and 10000 Btu
    assert idle == pytest.approx((6000 - 7500 * 0.5) * BTU, rel=1e-6)
    assert [reach for reach, _ in segments] == [0.75, 1.0]
    assert [heat for _, heat in segments] == pytest.approx([7500 * BTU, 8500 * BTU], rel=1e-6)
    for load, rate in ((0.5, 12000), (0.75, 10500), (1.0, 10000)):
        terms = turbine(part_load=CURVE)
        fuel = fuel_kw(terms, np.array([load * terms.capacity]), np.ones(1))[0]
        assert fuel == pytest.approx(load * terms.capacity * rate * BTU, rel=1e-6)


@sampled(st.floats(0, 1), st.floats(0, 1))
def test_the_bill_and_the_dispatch_burn_the_same(online, share):
    terms = turbine(part_load=CURVE)
    idle, segments = fuel_curve(terms)
    plant = Generator(
        entry="it",
        unit="it",
        capacity_kw=terms.capacity,
        available_kw=np.ones(1),
        usd_per_kwh=np.zeros(1),
        fuel_usd_per_kwh=np.zeros(1),
        segments=segments,
        online_fuel_kw=idle * terms.capacity,
    )
    power = np.array([share * online * terms.capacity])
    mine = fuel_kw(terms, power, np.array([online]))
    assert mine == pytest.approx(core.fuel_kw(plant, power, np.array([online])))


def test_the_bill_by_line():
    terms = turbine(om="$5/MWh", fixed="$2/kW-month", start_cost="$70/MW", machines=3)
    online = np.zeros(HOURS)
    online[10:20], online[100:110] = 1.0, 2 / 3
    lines = bill("gas-turbine", given(terms, power_kw=online * 30_000, online_fraction=online))
    kwh = 30_000 * (10 + 10 * 2 / 3)
    fuel = kwh * 10_000 * BTU
    assert lines == {
        ("fuel", "fuel, higher heating value", "owner", "market"): pytest.approx((fuel, kwh * 0.01 * 4), rel=1e-6),
        ("start", "starts, by rating", "owner", "vendor"): pytest.approx((50_000, 3500)),
        ("variable_om", "operation and maintenance", "owner", "vendor"): pytest.approx((kwh, kwh * 0.005)),
        ("fixed_om", "operation and maintenance", "owner", "vendor"): pytest.approx((30_000, 60_000)),
    }


def test_what_dispatch_is_told():
    terms = turbine(machines=3, part_load=CURVE, minimum="40 %", mtbf="2000 h", mttr="40 h", fuel_store="5 GWh")
    made = call("gas-turbine", given(terms), "resources")
    row = made["resources"].row(0, named=True)
    assert row["kind"] == "generator"
    assert row["minimum_fraction"] == pytest.approx(0.4)
    assert row["machines"] == 3
    assert row["start_usd"] == pytest.approx(67 * 30)
    assert row["online_fuel_kw"] == pytest.approx(2250 * BTU * 30_000, rel=1e-6)
    assert row["fuel_kg_co2e_per_kwh"] == pytest.approx(0.18105, rel=1e-4)
    assert (row["mtbf_h"], row["mttr_h"], row["fuel_store_kwh"]) == (2000, 40, 5_000_000)
    assert made["resource_hours"]["fuel_usd_per_kwh"].unique().to_list() == pytest.approx([4 / 293.07107])
    assert made["resource_segments"]["to_fraction"].to_list() == [0.75, 1.0]


def test_machines_go_into_maintenance_one_after_another():
    terms = turbine(machines=3, maintenance="2 days", maintenance_from="01-10", forced="5 %")
    available = call("gas-turbine", given(terms), "resources")["resource_hours"]["available_kw"].to_numpy()
    assert available[: 9 * 24] == pytest.approx(np.full(9 * 24, 28_500.0))
    assert available[9 * 24 : 15 * 24] == pytest.approx(np.full(6 * 24, 19_000.0))
    assert available[15 * 24] == pytest.approx(28_500.0)


def test_maintenance_goes_on_over_the_new_year():
    terms = turbine(maintenance="4 days", maintenance_from="12-30")
    available = call("gas-turbine", given(terms), "resources")["resource_hours"]["available_kw"].to_numpy()
    assert available[:48].max() == 0
    assert available[48] == 30_000


def test_heat_takes_power_off_a_turbine():
    terms = turbine(derating="0.7 %")
    inputs = given(terms, weather=flat_weather(dry_bulb_c=35.0))
    available = call("gas-turbine", inputs, "resources")["resource_hours"]["available_kw"]
    assert available.unique().to_list() == pytest.approx([30_000 * (1 - 0.14)])


def test_fuel_may_have_a_series(tmp_path):
    usd = np.full(8760, 0.02)
    usd[:2] = (0.01, 0.05)
    path = tmp_path / "gas.csv"
    pl.DataFrame({"usd_per_kwh": usd}).write_csv(path)
    terms = Engine(capacity="10 MW", heat_rate=2.0, fuel_file="gas.csv", om="$0/kWh", payer="owner")
    power = np.zeros(HOURS)
    power[:3] = 1000
    lines = bill(
        "reciprocating-engine", given(terms, power_kw=power, online_fraction=power > 0, files={"gas.csv": path})
    )
    assert lines["fuel", "fuel, higher heating value", "owner", "market"] == pytest.approx((6000, 2000 * 0.08))


def test_a_permit_limits_a_diesel():
    made = call("backup-diesel", given(Diesel(capacity="20 MW", machines=8, payer="owner")), "resources")
    assert made["resources"]["limit_kwh_per_year"].to_list() == [2_000_000.0]
    short = call("backup-diesel", given(Diesel(capacity="20 MW", permit="12 h", payer="owner")), "resources")
    assert short["resources"]["limit_kwh_per_year"].to_list() == [240_000.0]


def test_a_diesel_may_have_a_series_in_place_of_its_price():
    assert Diesel(capacity="1 MW", fuel_file="oil.csv", payer="owner").fuel is None


def test_nothing_before_the_start_and_no_fixed_cost():
    terms = turbine(start="2027-01-21", fixed="$1/kW-month")
    inputs = given(terms, frame=hours(months=2))
    available = call("gas-turbine", inputs, "resources")["resource_hours"]
    assert available.filter(pl.col("available_kw") > 0)["time"].dt.date().min() == date(2027, 1, 21)
    frame = call("gas-turbine", inputs)["energy_cost"]
    fixed = dict(frame.filter(pl.col("line") == "fixed_om").select("month", "amount_usd").rows())
    assert fixed[date(2027, 1, 1)] == pytest.approx(30_000 * 11 / 31)
    assert fixed[date(2027, 2, 1)] == pytest.approx(30_000)


def test_a_calendar_year_begins_with_whatever_runs():
    frame = hours("2027-12-01", months=2)
    online = np.zeros(frame.height)
    online[HOURS:] = 1.0
    online[HOURS + 5] = 0.0
    inputs = given(turbine(start_cost="$100/MW"), frame=frame, power_kw=online * 1000, online_fraction=online)
    assert bill("gas-turbine", inputs)["start", "starts, by rating", "owner", "vendor"] == pytest.approx((30_000, 3000))


@pytest.mark.parametrize(("kind", "efficiency"), [(GasTurbine, 0.3155), (Engine, 0.4054), (FuelCell, 0.413)])
def test_defaults_are_those_of_reopt(kind, efficiency):
    # NREL REopt.jl, data/chp/chp_defaults.json, largest class of each
    assert 1 / kind(capacity="1 MW", fuel="$4/MMBtu", payer="o").heat_rate == pytest.approx(efficiency)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({}, "give the price of fuel"),
        ({"fuel": "$4/MMBtu", "fuel_file": "x.csv"}, "give the price of fuel"),
        ({"fuel": "$4/MMBtu", "heat_rate": 0.9}, "more energy out than in"),
        ({"fuel": "$4/MMBtu", "part_load": [CURVE[1], CURVE[0]]}, "must rise"),
        ({"fuel": "$4/MMBtu", "part_load": [{"load": "50 %", "heat_rate": 2.0}]}, "the heat rate rises with load"),
        (
            {"fuel": "$4/MMBtu", "part_load": [{"load": "50 %", "heat_rate": 4.0}, {"load": "90 %", "heat_rate": 3.5}]},
            "takes less fuel at high load",
        ),
        ({"fuel": "$4/MMBtu", "maintenance": "200 days", "machines": 2}, "more than a year"),
        ({"fuel": "$4/MMBtu", "maintenance_from": "13-01"}, "pattern"),
    ],
)
def test_terms_that_cannot_hold_are_refused(terms, words):
    with pytest.raises(ValidationError, match=words):
        Thermal(**{"capacity": "30 MW", "heat_rate": 3.0, "payer": "owner"} | terms)
