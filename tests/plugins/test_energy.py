"""The first-party tariffs and PUE model against sums done by hand."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import twin_energy
from twin.api import Calendar, EnergyInputs, Entry, InputError
from twin.testing import cooling_inputs, energy_inputs, load_text, run_model, tiny_topology
from twin_energy.pue import ConstantPue
from twin_energy.tariff import GridTariff
from twin_energy.us_industrial import UsIndustrial, prices

MODELS = {model.name: model for model in (*twin_energy.twin_energy(), *twin_energy.twin_cooling())}


def bill(params, **kwargs):
    return run_model(MODELS["grid-tariff"], energy_inputs({"grid": params}, **kwargs))["energy_cost"]


def amounts(frame, line):
    return frame.filter(pl.col("line") == line)["amount_usd"].to_list()


def test_the_bill_by_line():
    terms = GridTariff(energy="$0.05/kWh", demand="$10/kW-month", fixed="$1000/month", payer="tenant")
    inputs = energy_inputs({"grid": terms}, months=7)
    frame = bill(terms, months=7)
    assert amounts(frame, "energy_charge") == pytest.approx((inputs.load["energy_kwh"] * 0.05).to_list())
    assert amounts(frame, "demand_charge") == pytest.approx([5000.0] * 6 + [10000.0])
    assert amounts(frame, "fixed_charge") == [1000.0] * 7
    assert frame["supply"].unique().to_list() == ["grid"]
    assert frame.select("payer", "payee").unique().rows() == [("tenant", "utility")]
    assert frame["month"].is_sorted()


def test_lines_that_cost_nothing_are_left_out():
    assert bill(GridTariff(energy="$0.05/kWh", payer="tenant"))["line"].unique().to_list() == ["energy_charge"]
    assert bill(GridTariff(energy="$0/kWh", payer="tenant")).height == 0


def test_growth_steps_once_a_year_from_the_start_of_the_calendar():
    terms = GridTariff(energy="$0/kWh", demand="$1/kW-month", growth="10 %/year", payer="tenant", payee="market")
    got = amounts(bill(terms, months=25), "demand_charge")
    assert got[:13] == pytest.approx([500.0] * 6 + [1000.0] * 6 + [1100.0])
    assert got[23:] == pytest.approx([1100.0, 1210.0])


def test_growth_counts_from_a_start_inside_a_year():
    load = pl.DataFrame(
        {
            "month": [date(2028, 3, 1), date(2028, 4, 1)],
            "site": "s",
            "entry": "grid",
            "hours_h": 720.0,
            "energy_kwh": [100.0, 100.0],
            "peak_kw": 1.0,
        }
    )
    terms = GridTariff(energy="$1/kWh", growth="50 %/year", payer="tenant")
    inputs = EnergyInputs((Entry("grid", terms),), Calendar(date(2027, 4, 15), 24), load)
    assert run_model(MODELS["grid-tariff"], inputs)["energy_cost"]["amount_usd"].to_list() == [100.0, 150.0]


def test_the_fixed_charge_begins_with_the_first_draw_of_each_site():
    months = [date(2027, 1, 1), date(2027, 2, 1), date(2027, 3, 1)]
    load = pl.DataFrame(
        {
            "month": [*months, *months],
            "site": ["a"] * 3 + ["b"] * 3,
            "entry": "grid",
            "hours_h": 720.0,
            "energy_kwh": [0.0, 5.0, 0.0, 1.0, 1.0, 1.0],
            "peak_kw": 0.0,
        }
    ).reverse()
    terms = GridTariff(energy="$0/kWh", fixed="$12/year", payer="tenant")
    inputs = EnergyInputs((Entry("grid", terms),), Calendar(months[0], 3), load)
    frame = run_model(MODELS["grid-tariff"], inputs)["energy_cost"]
    charged = frame.filter(pl.col("amount_usd") > 0).select("site", "month").rows()
    assert charged == [("a", months[1]), ("a", months[2]), ("b", months[0]), ("b", months[1]), ("b", months[2])]


def test_two_entries_keep_their_prices_apart():
    terms = {"one": GridTariff(energy="$1/kWh", payer="a"), "two": GridTariff(energy="$2/kWh", payer="b")}
    load = energy_inputs(terms, months=1).load
    load = pl.concat([load, load.with_columns(pl.lit("two").alias("entry"), pl.lit("other").alias("site"))])
    frame = run_model(MODELS["grid-tariff"], energy_inputs(terms, months=1, load=load))["energy_cost"]
    assert frame.select("supply", "payer").rows() == [("one", "a"), ("two", "b")]
    assert frame["amount_usd"][1] == 2 * frame["amount_usd"][0]


@given(price=st.floats(0, 5), demand=st.floats(0, 100), months=st.integers(1, 30))
def test_a_flat_tariff_is_energy_times_rate(price, demand, months):
    terms = GridTariff(energy=f"${price:.6f}/kWh", demand=f"${demand:.6f}/kW-month", payer="tenant")
    inputs = energy_inputs({"grid": terms}, months=months)
    got = run_model(MODELS["grid-tariff"], inputs)["energy_cost"]["amount_usd"].sum()
    wanted = terms.energy * inputs.load["energy_kwh"].sum() + terms.demand * inputs.load["peak_kw"].sum()
    assert got == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ({"energy": 0.05}, "a number without a unit"),
        ({"energy": "0.05 $/MWh h"}, "energy"),
        ({"energy": "$-0.05/kWh"}, "below"),
        ({"demand": "$5/kWh"}, "demand"),
        ({"tariff": 1}, "Extra inputs"),
        ({"payer": 3}, "payer"),
    ],
)
def test_wrong_parameters_are_refused(bad, what):
    with pytest.raises(ValidationError, match=what):
        GridTariff(**{"energy": "$0.05/kWh", "payer": "tenant"} | bad)


def test_the_payer_has_to_be_said():
    with pytest.raises(ValidationError, match="payer"):
        GridTariff(energy="$0.05/kWh")


def test_us_industrial_bills_the_state_s_price():
    terms = UsIndustrial(state="Louisiana", payer="tenant", growth="10 %/year")
    inputs = energy_inputs({"grid": terms}, months=13)
    frame = run_model(MODELS["us-industrial"], inputs)["energy_cost"]
    assert frame["line"].unique().to_list() == ["energy_charge"]
    assert frame["amount_usd"][0] == pytest.approx(inputs.load["energy_kwh"][0] * 0.0588)
    assert frame["amount_usd"][12] == pytest.approx(inputs.load["energy_kwh"][12] * 0.0588 * 1.1)


def test_us_industrial_prices_and_their_source():
    assert prices()["Louisiana", "2023"] == 0.0588
    assert prices()["Connecticut", "2025-04"] == 0.1907
    path = Path(twin_energy.__file__).with_name("us_industrial.csv")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == len(prices())
    assert all("EIA" in row["source"] and row["confidence"] == "read" for row in rows)
    assert UsIndustrial(state="Iowa", period="2025-04", payer="x").period == "2025-04"


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ({"state": "Lousiana"}, "did you mean 'Louisiana'"),
        ({"state": "Atlantis"}, "one of Alabama"),
        ({"state": "Wyoming"}, "no industrial price for 'Wyoming' in 2023"),
        ({"state": "Louisiana", "period": "2025-04"}, "in 2025-04"),
        ({"state": "Louisiana", "period": "2024"}, "period"),
    ],
)
def test_us_industrial_refuses_what_it_does_not_know(bad, what):
    with pytest.raises(ValidationError, match=what):
        UsIndustrial(payer="tenant", **bad)


def test_pue_is_a_ratio():
    inputs = cooling_inputs({"air": ConstantPue(pue=1.25, peak_pue=1.5)})
    frame = run_model(MODELS["constant-pue"], inputs)["energy"]
    assert frame["energy_kwh"].to_list() == pytest.approx((inputs.load["it_kwh"] * 0.25).to_list())
    assert frame["peak_kw"].to_list() == pytest.approx((inputs.load["it_peak_kw"] * 0.5).to_list())
    assert frame["stage"].unique().to_list() == ["overhead"]
    assert frame.select("month", "site").equals(inputs.load.select("month", "site"))


def test_pue_of_one_has_no_overhead_and_the_peak_follows():
    frame = run_model(MODELS["constant-pue"], cooling_inputs({"air": ConstantPue(pue="100 %")}))["energy"]
    assert frame["energy_kwh"].sum() == 0.0
    assert frame["peak_kw"].sum() == 0.0


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ({"pue": 0.99}, "greater than or equal to 1"),
        ({"pue": 1.3, "peak_pue": 1.2}, "below pue"),
        ({}, "pue"),
        ({"pue": "nan"}, "pue"),
    ],
)
def test_impossible_pue_is_refused(bad, what):
    with pytest.raises(ValidationError, match=what):
        ConstantPue(**bad)


@pytest.mark.parametrize(
    ("section", "what"),
    [
        ("energy: [{model: grid-tariff, payer: tenant, energy: $50/kWh}]", r"above \$5/kWh"),
        ("energy: [{model: tariff, payer: tenant, riders: [{what: fuel, energy: $41/kWh}]}]", r"above \$5/kWh"),
        ("energy: [{model: ppa-fixed, payer: tenant, capacity: 1 MW, price: $32/kWh}]", r"above \$5/kWh"),
        ("carbon: [{model: grid-constant, intensity: 400 kg/kWh, carbon_free: 10 %}]", "above 3 kg/kWh"),
    ],
)
def test_a_figure_in_another_unit_is_refused_at_its_place(tmp_path, section, what):
    with pytest.raises(InputError, match=what) as caught:
        load_text(tiny_topology(section), tmp_path)
    assert caught.value.findings[0].line > 1
