"""Emissions by method and the hourly score against sums by hand; the regions that ship; sites without data."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from energy.build import entry, run_tables, site, timetable, twin
from energy.test_hours import supplied
from hypothesis import given
from hypothesis import strategies as st
from published import Source
from topology.build import Builder

from twin import tables
from twin.api import AnalysisInputs, Calendar
from twin.energy.analysis import EnergyParams, run
from twin.energy.carbon import analysis as carbon
from twin.energy.carbon.accounts import Accounts, Grid
from twin.energy.dispatch.flows import matched_kw
from twin.energy.read import Hours
from twin.energy.steps import Steps
from twin.errors import RefusedError
from twin.testing import carbon_inputs, run_model
from twin_energy.carbon.models import MODELS, GridConstant, GridFile, GridRegion
from twin_energy.carbon.regions import intensity, mix

FEW = st.lists(st.floats(0, 100), min_size=4, max_size=4).map(np.array)


@given(load=FEW, free=FEW, charge=FEW, discharge=FEW)
def test_what_is_matched_is_neither_more_than_the_load_nor_than_what_was_carbon_free(load, free, charge, discharge):
    discharge = discharge * min(1.0, charge.sum() / discharge.sum()) if discharge.sum() > 0 else discharge
    matched = matched_kw(load, free, charge, discharge)
    assert (matched <= load + 1e-9).all()
    assert (matched >= -1e-9).all()
    assert matched.sum() <= free.sum() + 1e-6


def test_energy_of_the_grid_does_not_become_carbon_free_by_being_stored():
    load, none = np.full(2, 10.0), np.zeros(2)
    assert matched_kw(load, none, np.array([5.0, 0.0]), np.array([0.0, 5.0])).tolist() == [0.0, 0.0]
    sun = np.array([10.0, 0.0])
    assert matched_kw(load, sun, np.array([5.0, 0.0]), np.array([0.0, 4.0])).tolist() == [5.0, 4.0]


def by_hand(kind="contract", carbon_free=True, residual=0.5, fuel=0.0):
    """One month of one site: 100 kW, of which a unit gives 40 kW; the grid emits 0.2 and 0.4 kg by turns."""
    steps = Steps(Calendar(date(2027, 1, 1), 1))
    count = len(steps)
    half = np.where(np.arange(count) % 2 == 0, 0.2, 0.4)[None]
    power = np.full(count, 40.0)
    frame = steps.frame(["a"], {"power_kw": power[None]}).with_columns(
        supply=pl.lit("ppa"), unit=pl.lit("ppa"), charge_kw=pl.lit(0.0), curtailed_kw=pl.lit(0.0),
        state_kwh=pl.lit(None, pl.Float64), fuel_kw=pl.lit(40.0 * fuel if fuel else None, pl.Float64),
    )  # fmt: skip
    row = dict.fromkeys(tables.table("supply_units").names) | {
        "site": "a", "supply": "ppa", "unit": "ppa", "kind": kind, "carbon_free": carbon_free,
        "fuel_kg_co2e_per_kwh": 0.18, "embodied_kg_co2e_per_kwh": 0.0,
    }  # fmt: skip
    units = pl.DataFrame([row], schema=tables.table("supply_units").schema())
    drawn = np.full((1, count), 100.0)
    kw = {
        "it_kw": drawn * 0.8,
        "load_kw": drawn,
        "import_kw": drawn - power,
        "export_kw": drawn * 0,
        "water_l": drawn * 0.01,
    }
    hours = Hours(steps, ("a",), kw, frame, units)
    share = 1 - half
    return Accounts(hours, Grid(half, np.full_like(half, residual), share, np.full_like(half, 2.0))), count


def total(accounts, method, source=None):
    rows = pl.concat(accounts.rows).filter(pl.col("method") == method)
    rows = rows if source is None else rows.filter(pl.col("source") == source)
    return rows["emission_kg_co2e"].sum()


def test_a_carbon_free_contract_by_both_methods():
    accounts, count = by_hand()
    # by location the contract is energy of the grid; by market it is what it claims to be
    assert total(accounts, "location") == pytest.approx(100 * 0.3 * count)
    assert total(accounts, "market") == pytest.approx(60 * 0.5 * count)
    assert total(accounts, "avoided") == pytest.approx(40 * 0.3 * count)
    row = accounts.carbon_free().row(0, named=True)
    assert row["matched_kwh"] == pytest.approx(40 * count)
    assert row["grid_kwh"] == pytest.approx(60 * 0.7 * count)
    assert row["cfe_fraction"] == pytest.approx(0.4 + 0.6 * 0.7)
    assert row["volume_fraction"] == pytest.approx(0.4)


def test_a_contract_that_claims_nothing_is_at_the_residual_mix():
    accounts, count = by_hand(carbon_free=False)
    assert total(accounts, "market", "ppa") == pytest.approx(40 * 0.5 * count)
    assert accounts.carbon_free()["cfe_fraction"][0] == pytest.approx(0.7)


def test_fuel_burnt_on_site_is_in_both_methods_as_scope_1():
    accounts, count = by_hand(kind="generator", carbon_free=False, fuel=2.5)
    for method in ("location", "market"):
        assert total(accounts, method, "ppa") == pytest.approx(40 * 2.5 * 0.18 * count)
    assert total(accounts, "location", "grid") == pytest.approx(60 * 0.3 * count)
    assert pl.concat(accounts.rows).filter(pl.col("source") == "ppa")["scope"].unique().to_list() == [1]
    assert accounts.carbon_free()["cfe_fraction"][0] == pytest.approx(0.6 * 0.7)


def test_water_on_site_and_at_the_source():
    accounts, count = by_hand()
    row = accounts.water().row(0, named=True)
    assert row["site_l"] == pytest.approx(1.0 * count)
    assert row["source_l"] == pytest.approx(200.0 * count)
    assert row["wue_l_per_kwh"] == pytest.approx(1 / 80)
    assert row["wue_source_l_per_kwh"] == pytest.approx(201 / 80)


# --- in a run


def known(*, sites=(), intensity="300 g/kWh", free="40 %"):
    params = GridConstant(sites=sites, intensity=intensity, carbon_free=free)
    return entry("carbon", "grid", "grid-constant", params)


def found(model, params=None, energy=None):
    from energy.build import timetable  # noqa: PLC0415 - a name that others have too

    schedule = timetable(model)
    given_tables = run(AnalysisInputs({"schedule": schedule}, model, 0, energy or EnergyParams()))
    inputs = AnalysisInputs({"schedule": schedule, **given_tables}, model, 0, params or carbon.CarbonParams())
    made = carbon.run(inputs)
    assert set(made) == set(carbon.ANALYSIS.produces)
    return {name: tables.check(name, frame, "carbon") for name, frame in made.items()} | {
        "hours": given_tables["site_hours"]
    }


def test_a_site_without_data_says_so_and_has_no_figure():
    made = found(twin(site(site(Builder(), "a"), "b"), known(sites=("a",))))
    assert set(made["carbon"]["site"]) == {"a"}
    assert set(made["carbon_free"]["site"]) == {"a"}
    [row] = made["checks"].filter(pl.col("check") == "carbon_data").rows(named=True)
    assert row["scope"] == "b"
    drawn = made["hours"].filter(pl.col("site") == "a")["load_kw"].sum()
    location = made["carbon"].filter(pl.col("method") == "location")["emission_kg_co2e"].sum()
    assert location == pytest.approx(0.3 * drawn)


def test_embodied_emissions_are_spread_over_the_life():
    params = carbon.CarbonParams(accelerator="150 kg", accelerator_life="5 years", building="1.2 t/kW")
    made = found(twin(site(Builder(), "a"), known()), params)["carbon"].filter(pl.col("method") == "embodied")
    by = {key[0]: part["emission_kg_co2e"].sum() for key, part in made.group_by("source")}
    assert by["accelerators"] == pytest.approx(32 * 150 / 60 * 6)
    assert by["building"] == pytest.approx(400 * 1200 / 300 * 6)
    assert set(made["scope"]) == {3}


def test_a_score_without_data_is_refused():
    model = supplied()
    with pytest.raises(RefusedError, match="carbon of the grid at site 'a'"):
        found(model, energy=EnergyParams(cfe="80 %"))


def test_a_better_score_never_costs_less_and_the_first_point_is_the_cheapest():
    model = supplied(resources=_sun)
    model.topology = _with(model.topology, known(free="20 %"))
    curve = found(model, carbon.CarbonParams(cfe_points=6))["cfe_tradeoff"]
    most = curve["highest_fraction"][0]
    assert curve["target_fraction"][0] is None
    assert curve["target_fraction"].to_list()[1:] == pytest.approx(np.linspace(0.2, most, 6)[1:], abs=2e-6)
    assert curve["cfe_fraction"].to_list() == pytest.approx(np.linspace(0.2, most, 6), abs=2e-6)
    assert curve["cost_usd"].is_sorted()
    # a kWh of the plant costs 10 cents more than one of the grid, of which a fifth is carbon-free already
    assert curve["marginal_usd_per_kwh"].to_list() == pytest.approx([0.0] + [0.1 / 0.8] * 5, rel=1e-6)
    assert curve["added_usd_per_kwh"].to_list()[1:] == pytest.approx([0.1 / 0.8] * 5, rel=1e-6)
    assert curve["warm"].to_list()[1:] == [True] * 5


def test_scores_by_name_and_one_that_the_cheapest_dispatch_reaches_anyway():
    model = supplied(resources=_sun)
    model.topology = _with(model.topology, known(free="20 %"))
    curve = found(model, carbon.CarbonParams(cfe_targets=("30 %", "10 %")))["cfe_tradeoff"]
    assert curve["target_fraction"].to_list() == [None, 0.1, 0.3]
    assert curve["cfe_fraction"].to_list() == pytest.approx([0.2, 0.2, 0.3])
    assert curve["cost_usd"][1] == curve["cost_usd"][0]


def test_scores_out_of_reach_are_refused_all_at_once_with_the_highest():
    model = supplied(resources=_sun)
    model.topology = _with(model.topology, known(free="20 %"))
    most = found(model, carbon.CarbonParams(cfe_points=2))["cfe_tradeoff"]["highest_fraction"][0]
    assert most < 0.9
    with pytest.raises(RefusedError, match=rf"cannot reach .* score of 90.0%, 99.0%; the highest is {most:.1%}"):
        found(model, carbon.CarbonParams(cfe_targets=("99 %", "90 %", "30 %")))


def test_a_curve_of_one_point_is_none():
    with pytest.raises(ValueError, match="cfe_points is 1; give 2 or more"):
        carbon.CarbonParams(cfe_points=1)


def _sun(inputs):
    """A carbon-free plant that costs more than the grid."""
    from energy.test_hours import units  # noqa: PLC0415 - a name that others have too

    return units(inputs, usd_per_kwh=0.2, carbon_free=True)


def _with(topology, *entries):
    from dataclasses import replace  # noqa: PLC0415 - for this alone

    return replace(topology, entries=(*topology.entries, *entries))


# --- what ships


@pytest.mark.parametrize(("region", "grams", "free"), [("ERCO", 347.2, 0.417), ("PJM", 362.7, 0.396)])
def test_regions_that_ship_have_every_hour(region, grams, free):
    """Means of avg_CI over 2022 by the factors by source; of PJM with 28 hours filled (362.6 without them)."""
    year = intensity(region)
    assert year.height == 8760
    assert year["hour"].to_list() == list(range(8760))
    assert year["kg_co2e_per_kwh"].mean() * 1000 == pytest.approx(grams, abs=0.2)
    assert year["carbon_free_fraction"].mean() == pytest.approx(free, abs=0.001)
    assert year.select(pl.all().is_null().any()).row(0) == (False, False, False)
    assert year["kg_co2e_per_kwh"].min() > 0.1


EIA = Source(
    "Energy",
    "EIA-930, carbon intensity of Texas",
    "Generation by source of ERCO in the hour that ends 2022-01-01 00:00 UTC, with the factors of its data set.",
)


def test_an_hour_of_texas_by_its_sources(published):
    """The hour is 17:00 of 31 December, local standard time."""
    row = mix("ERCO").row(364 * 24 + 17)
    assert row == (16317, 50, 7, 0, 14483, 9642, 5101, 60)
    ours = intensity("ERCO")["kg_co2e_per_kwh"][364 * 24 + 17] * 1000
    published("carbon of a kWh", 334.2055847568988, ours, unit="g", digits=4, rel=1e-6, source=EIA)


def test_the_sun_shines_around_noon_of_standard_time():
    for region, noon in (("ERCO", 12.6), ("PJM", 11.6)):
        day = mix(region)["solar"].to_numpy().reshape(365, 24).mean(axis=0)
        centre = ((np.arange(24) + 0.5) * day).sum() / day.sum()
        assert centre == pytest.approx(noon, abs=0.5)


def test_an_unknown_region_names_the_nearest():
    with pytest.raises(
        ValueError, match=r"no carbon data ship for the region 'ERCOT'; did you mean 'ERCO'\? one of: ERCO, PJM"
    ):
        GridRegion(region="ERCOT")


def test_models_give_a_year_each():
    by_name = {model.name: model for model in MODELS}
    made = run_model(by_name["grid-region"], carbon_inputs({"x": GridRegion(region="PJM", residual="500 g/kWh")}))
    assert made["grid_carbon"].height == 8760
    assert made["grid_carbon"]["residual_kg_co2e_per_kwh"].unique().to_list() == [0.5]


@pytest.mark.parametrize(
    ("rows", "change", "what"),
    [
        (8759, {}, r"'g.csv' has 8,759 rows"),
        (8760, {"kg_co2e_per_kwh": -0.1}, r"line 9 of 'g.csv' .entry 'x'. has -0.1 as kg_co2e_per_kwh"),
        (8760, {"carbon_free_fraction": 1.5}, r"has 1.5 as carbon_free_fraction; from 0 to 1 is wanted"),
        (8760, {"kg_co2e_per_kwh": None}, r"has nothing as kg_co2e_per_kwh"),
        (8760, {"kg_co2e_per_kwh": 400}, r"has 400 as kg_co2e_per_kwh; from 0 to 3 is wanted"),
    ],
)
def test_a_bad_file_is_refused_with_the_hour(tmp_path, rows, change, what):
    frame = pl.DataFrame({"kg_co2e_per_kwh": [0.4] * rows, "carbon_free_fraction": [0.3] * rows})
    for column, value in change.items():
        frame = frame.with_columns(
            pl.when(pl.int_range(pl.len()) == 7).then(pl.lit(value, pl.Float64)).otherwise(pl.col(column)).alias(column)
        )
    frame.write_csv(tmp_path / "g.csv")
    model = {each.name: each for each in MODELS}["grid-file"]
    with pytest.raises(RefusedError, match=what):
        run_model(model, carbon_inputs({"x": GridFile(file="g.csv")}, files={"g.csv": tmp_path / "g.csv"}))


def undispatched(**carbon):
    own = entry("carbon", "grid", "grid-constant", GridConstant(intensity="400 g/kWh", **carbon)) if carbon else None
    return twin(site(Builder(), "a"), *([own] if own else []), months=2)


@pytest.mark.parametrize(
    ("params", "carbon", "what"),
    [
        (
            {"cfe": "90 %"},
            {"carbon_free": "66.7 %"},
            "a cannot reach a carbon-free score of 90.0% in 2027.*gives 66.7%",
        ),
        ({"cfe": "90 %"}, {}, "nothing is known of the carbon of the grid at site 'a'"),
        (
            {"carbon_price": "$50/t"},
            {"carbon_free": "66.7 %"},
            "a price on carbon is asked for, and no site has a supply",
        ),
        ({"cfe": "66.7 %"}, {"carbon_free": "66.7 %"}, None),
    ],
)
def test_what_is_asked_of_carbon_is_held_without_supplies_too(params, carbon, what):
    model = undispatched(**carbon)
    given_tables = {"schedule": timetable(model)}
    if what is None:
        assert run_tables(model, given_tables, EnergyParams(**params))["site_hours"].height
        return
    with pytest.raises(RefusedError, match=what):
        run_tables(model, given_tables, EnergyParams(**params))


def test_the_score_of_the_dispatch_is_that_of_its_year():
    """Two calendar years, with a store, carbon-free supply in one of them and a contract that is not carbon-free."""

    def two(inputs):
        where = inputs.load.select("site", "entry").unique(maintain_order=True)
        kinds = {
            "sun": ("generator", 90.0, True, None), "block": ("contract", 30.0, False, None),
            "store": ("storage", 20.0, False, 200.0),
        }  # fmt: skip
        rows = pl.concat(
            where.with_columns(
                unit=pl.lit(unit), kind=pl.lit(kind), capacity_kw=pl.lit(kw), charge_kw=pl.lit(kw),
                carbon_free=pl.lit(free),
                energy_kwh=pl.lit(kwh, pl.Float64), must_take=pl.lit(kind == "contract"), usd_per_kwh=pl.lit(0.0),
                charge_efficiency=pl.lit(0.9),
            )
            for unit, (kind, kw, free, kwh) in kinds.items()
        )  # fmt: skip
        sun = inputs.hours.select("time", "site", "entry", unit=pl.lit("sun")).with_columns(
            available_kw=pl.when(pl.col("time").dt.year() == 2027)
            .then((pl.col("time").dt.hour() < 8) * 400.0)
            .otherwise(0.0)
        )
        return {"resources": rows, "resource_hours": sun}

    model = supplied(resources=two, months=2, start=date(2027, 12, 1), more=[
        entry("carbon", "grid", "grid-constant", GridConstant(intensity="400 g/kWh", carbon_free="30 %"))
    ])  # fmt: skip
    made = run_tables(model, {"schedule": timetable(model)})
    scored = carbon.run(AnalysisInputs({"schedule": timetable(model)} | made, model, 0, carbon.CarbonParams()))
    by_month = scored["carbon_free"].sort("month")["cfe_fraction"].to_list()
    assert made["dispatch_summary"].sort("year")["cfe_fraction"].to_list() == pytest.approx(by_month, abs=1e-9)
    assert by_month[1] == pytest.approx(0.3)


def test_a_rule_aims_at_no_score():
    with pytest.raises(ValueError, match="aims at none"):
        EnergyParams(cfe="50 %", dispatch="price")
