"""The model `tariff` in a topology: bills from the hours of a run, files beside it, prices that dispatch follows."""

from __future__ import annotations

import sys
from types import ModuleType

import polars as pl
import pytest

import twin_energy
from twin.api import EnergyModel, InputError, Params, RefusedError, hookimpl
from twin.testing import energy_inputs, load_text, run_model, tiny_topology
from twin_energy.tariff import GridTariff
from twin_energy.tariffs.model import prices, run
from twin_energy.tariffs.params import Tariff

MODELS = {model.name: model for model in twin_energy.twin_energy()}
TERMS = """
cooling: [{model: constant-pue, pue: 1.25}]
energy:
  - model: tariff
    payer: tenant
    fixed: $100/month
    periods: {on: {days: weekday, hours: 12-20}, off: {other_than: [on]}}
    energy: [{period: on, price: $0.20/kWh}, {period: off, price: $0.03/kWh}]
    demand: [{price: $5/kW-month}]
"""


def test_the_bill_in_a_topology(tmp_path):
    twin = load_text(tiny_topology(TERMS, months=3), tmp_path)
    result = twin.evaluate()
    cost, hours = result.energy_cost, result.site_hours
    on = hours.filter(pl.col("time").dt.weekday() < 6, pl.col("time").dt.hour().is_between(12, 19))
    found = cost.filter(pl.col("what") == "on")
    assert found["quantity"].sum() == pytest.approx(on["import_kw"].sum())
    assert found["amount_usd"].sum() == pytest.approx(0.2 * on["import_kw"].sum())
    peak = cost.filter(pl.col("line") == "demand_charge")
    wanted = hours.group_by("month").agg(pl.col("import_kw").max()).sort("month")["import_kw"].to_list()
    assert peak["quantity"].to_list() == pytest.approx(wanted)
    assert set(cost["unit"]) == {"kWh", "kW", "month"}
    ledger = result.cashflow.filter(pl.col("deal") == "tariff")
    assert ledger["amount_usd"].sum() == pytest.approx(cost["amount_usd"].sum())


def test_a_flat_tariff_bills_what_grid_tariff_bills(tmp_path):
    simple = "energy: [{{model: {model}, payer: tenant, {terms}, fixed: $7/month, growth: 3 %/year}}]"
    flat = ("tariff", "energy: [{price: $0.05/kWh}]"), ("grid-tariff", "energy: $0.05/kWh")
    bills = []
    for model, terms in flat:
        text = tiny_topology(simple.format(model=model, terms=terms), months=14)
        folder = tmp_path / model
        folder.mkdir()
        bills.append(load_text(text, folder).evaluate().energy_cost.drop("supply"))
    keys = ["month", "line"]
    one, other = (frame.sort(keys) for frame in bills)
    assert one["amount_usd"].to_list() == pytest.approx(other["amount_usd"].to_list(), rel=1e-9)
    assert one.select(*keys, "payer", "payee", "unit", "what").equals(
        other.select(*keys, "payer", "payee", "unit", "what")
    )


def market(folder, **changes):
    frame = pl.DataFrame({"usd_per_kwh": [0.01 * (hour % 24) for hour in range(8760)]}).with_columns(**changes)
    frame.write_csv(folder / "lmp.csv")
    text = "energy: [{model: tariff, payer: tenant, market: {file: lmp.csv}}]"
    return load_text(tiny_topology(text, months=2), folder)


def test_a_price_series_beside_the_file(tmp_path):
    result = market(tmp_path).evaluate()
    hours = result.site_hours
    wanted = (hours["import_kw"] * hours["time"].dt.hour() * 0.01).sum()
    assert result.energy_cost["amount_usd"].sum() == pytest.approx(wanted)


def test_a_bad_series_is_refused_with_the_hour(tmp_path):
    gap = pl.when(pl.int_range(pl.len()) == 30).then(None).otherwise("usd_per_kwh")
    with pytest.raises(RefusedError, match=r"line 32 of 'lmp.csv' has nothing as usd_per_kwh, for 2027-01-02 06:00"):
        market(tmp_path, usd_per_kwh=gap).evaluate()


def test_a_file_that_is_not_there_is_found_when_the_topology_is_read(tmp_path):
    text = "energy: [{model: tariff, payer: tenant, market: {file: lmp.csv}}]"
    with pytest.raises(InputError, match="there is no such file"):
        load_text(tiny_topology(text), tmp_path)


def test_wrong_terms_are_a_finding_at_their_place(tmp_path):
    text = "energy: [{model: tariff, payer: tenant, energy: [{price: $0.1/kWh, period: peak}]}]"
    with pytest.raises(InputError, match="no period 'peak'; name its hours under 'periods'"):
        load_text(tiny_topology(text), tmp_path)


class Engine(Params):
    """Parameters of the engine of these tests."""


def resources(inputs):
    frame = inputs.load.select("site", "entry").unique()
    given = {"unit": "engine", "kind": "generator", "capacity_kw": 1000.0, "usd_per_kwh": 0.10}
    return {"resources": frame.with_columns(**{name: pl.lit(value) for name, value in given.items()})}


def engine_bill(_):
    """Nothing to pay: what it costs is not what these tests are about."""
    return {"energy_cost": run_model(MODELS["tariff"], energy_inputs({"t": Tariff(payer="tenant")}))["energy_cost"]}


@pytest.fixture
def engine():
    module = ModuleType("test_engine_plugin")

    @hookimpl
    def twin_energy():
        return [EnergyModel("engine", "An engine.", Engine, engine_bill, resources=resources)]

    module.twin_energy = twin_energy
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


def test_dispatch_follows_the_clock_of_the_tariff(tmp_path, engine):
    pytest.importorskip("highspy", reason="dispatch needs highspy")
    text = tiny_topology(TERMS.replace("demand: [{price: $5/kW-month}]", "") + "  - {model: engine}\n", months=1)
    result = load_text(text, tmp_path, plugins=[engine]).evaluate()
    hours = result.site_hours.with_columns(
        on=(pl.col("time").dt.weekday() < 6) & pl.col("time").dt.hour().is_between(12, 19)
    )
    assert hours.filter("on")["import_kw"].max() == pytest.approx(0.0, abs=1e-6)
    off = hours.filter(~pl.col("on"))
    assert off["import_kw"].to_list() == pytest.approx(off["load_kw"].to_list())
    assert result.energy_cost.filter(pl.col("what") == "on").height == 0


def test_grid_tariff_has_prices_too():
    given = energy_inputs({"g": GridTariff(energy="$0.05/kWh", demand="$5/kW-month", payer="tenant")}, months=2)
    made = MODELS["grid-tariff"].prices(given)
    assert made["prices"]["usd_per_kwh"].unique().to_list() == [0.05]
    assert made["demand_prices"].select("period", "usd_per_kw").rows() == [("2027-01", 5.0), ("2027-02", 5.0)]
    state = MODELS["us-industrial"].params(state="Louisiana", payer="tenant")
    made = MODELS["us-industrial"].prices(energy_inputs({"g": state}, months=1))
    assert made["prices"]["usd_per_kwh"].unique().to_list() == [0.0588]
    assert made["demand_prices"].height == 0


def test_without_hours_a_rate_schedule_is_refused():
    given = energy_inputs({"t": Tariff(payer="tenant")}, hours=pl.DataFrame())
    for door in (run, prices):
        with pytest.raises(RefusedError, match="no hours to bill"):
            door(given)
