"""The promise to plugin authors: a plugin of the first version of the door still loads and gives what it gave."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import polars as pl
import pytest

import twin

FILE = """
twin: 1
name: old
calendar: {start: 2027-01-01, months: 12}
sites:
  hall:
    contains:
      grid: {kind: utility, capacity: 1 MW}
      rack[4]: {use: old.rack, power: grid}
parties: {lab: {role: tenant}, owner: {role: landlord}}
energy: [{model: old-flat, price: $0.05/kWh}]
cooling: [{model: old-share, overhead: 20 %}]
deals: [{model: old-fee, payer: lab, payee: owner, fee: $10/kW-month}]
"""


def test_a_plugin_of_the_first_version(tmp_path):
    source = Path(__file__).parent / "kept" / "first.py"
    spec = importlib.util.spec_from_file_location("kept_first", source)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = tmp_path / "old.yaml"
    path.write_text(FILE)
    results = twin.load(path, plugins=[module]).evaluate()
    energy = results.energy["energy_kwh"].sum()
    it = results.energy.filter(pl.col("stage") == "it")["energy_kwh"].sum()
    assert it == pytest.approx(4 * 50 * 8760 * results.availability["served_fraction"][0], rel=1e-6)
    assert energy == pytest.approx(1.2 * it)
    assert results.energy_cost["amount_usd"].sum() == pytest.approx(0.05 * energy)
    fees = results.cashflow.filter(pl.col("category") == "service_fee")["amount_usd"]
    assert fees.to_list() == pytest.approx([2000.0] * 12)
