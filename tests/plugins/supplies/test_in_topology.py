"""Every supply in one topology: it loads, the balance of its hours closes, and the bill is the cost of its dispatch."""

from __future__ import annotations

import polars as pl
import pytest

import twin
from twin_energy.supplies.models import MODELS

TOPOLOGY = """
twin: 1
name: everything
calendar: {start: 2027-07-01, months: 1}
parties: {owner: {role: owner}}
sites:
  campus:
    contains:
      grid: {kind: utility, capacity: 300 MW}
      rack[100]: {kind: rack, load: 1 MW, accelerators: 72, power: {from: grid}}
weather: [{model: region, region: us-tx}]
energy:
  - {name: tariff, model: grid-tariff, energy: $0.06/kWh, demand: $9/kW-month, payer: owner, limit: 90 MW}
  - {name: call, model: ppa-fixed, capacity: 2 MW, price: $55/MWh, payer: owner}
  - {name: block, model: ppa-baseload, capacity: 3 MW, price: $45/MWh, payer: owner}
  - {name: farm, model: ppa-as-produced, capacity: 20 MW, profile: wind, price: $28/MWh, payer: owner}
  - {name: collar, model: ppa-collar, capacity: 5 MW, profile: solar, floor: $20/MWh, cap: $50/MWh, market: $60/MWh,
     payer: owner}
  - {name: hedge, model: ppa-cfd, capacity: 10 MW, profile: flat, strike: $40/MWh, market: $35/MWh, payer: owner}
  - {name: turbine, model: gas-turbine, capacity: 30 MW, machines: 3, fuel: $3.5/MMBtu, payer: owner,
     part_load: [{load: 50 %, heat_rate: 13500 Btu/kWh}]}
  - {name: engine, model: reciprocating-engine, capacity: 10 MW, machines: 5, fuel: $6/MMBtu, payer: owner}
  - {name: cell, model: fuel-cell, capacity: 5 MW, fuel: $3.5/MMBtu, payer: owner}
  - {name: diesel, model: backup-diesel, capacity: 20 MW, machines: 8, payer: owner}
  - {name: roof, model: solar, capacity: 10 MW, om: $1/MWh, payer: owner}
  - {name: mast, model: wind, capacity: 5 MW, om: $2/MWh, payer: owner}
  - {name: battery, model: storage, power: 20 MW, energy: 80 MWh, wear: $2/MWh, payer: owner}
  - {name: drop, model: interruptible, power: 5 MW, hours: 20 h, worth: $2/kWh, payer: owner}
  - {name: shift, model: flexible-load, down: 3 MW, payer: owner}
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    path = tmp_path_factory.mktemp("supplies") / "everything.yaml"
    path.write_text(TOPOLOGY)
    return twin.load(path).evaluate()


def test_every_model_of_supplies_is_in_it():
    assert {model.name for model in MODELS} == {
        line.split("model: ")[1].split(",")[0]
        for line in TOPOLOGY.splitlines()
        if "model: " in line and "grid-tariff" not in line and "region" not in line
    }


def test_the_balance_of_every_hour_closes(results):
    units = results.dispatch.group_by("time").agg((pl.col("power_kw") - pl.col("charge_kw")).sum().alias("given_kw"))
    site = results.site_hours.join(units, on="time")
    assert site.height == 744
    short = site.select(pl.col("import_kw") - pl.col("export_kw") + pl.col("given_kw") - pl.col("load_kw")).to_series()
    assert short.abs().max() < 0.01


def test_the_bill_is_the_cost_of_the_dispatch(results):
    billed = results.energy_cost.with_columns(
        signed=pl.when(pl.col("payer") == "owner").then(1).otherwise(-1) * pl.col("amount_usd")
    )
    # the settlement of a contract for differences follows from no dispatch
    dispatched = billed.filter(pl.col("line") != "cfd_settlement")["signed"].sum()
    assert dispatched == pytest.approx(results.dispatch_summary["cost_usd"].sum(), rel=1e-6)
    hedge = billed.filter(pl.col("line") == "cfd_settlement")["signed"].to_list()
    assert hedge == pytest.approx([10_000 * 744 * 0.005])


def test_lines_name_quantity_and_rate(results):
    for row in results.energy_cost.iter_rows(named=True):
        assert row["amount_usd"] == pytest.approx(abs(row["quantity"] * row["rate_usd"]))
