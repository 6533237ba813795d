"""What fits under a connection against the hours of the energy analysis, and what must hold whatever the limit is."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from energy.build import entry, site, twin
from hypothesis import given, settings
from hypothesis import strategies as st
from topology.build import Builder

from twin import load
from twin.api import AnalysisInputs, Calendar
from twin.energy.connection import analysis
from twin.energy.connection.limits import stepped
from twin.errors import RefusedError
from twin_energy.pue import ConstantPue
from twin_energy.tariff import GridTariff

PLANT = """
twin: 1
name: edge
calendar: {{start: {start}, months: 1}}
sites:
  edge:
    region: us-tx
    contains:
      grid: {{kind: utility, capacity: 20 MW}}
      tx: {{kind: transformer, capacity: 8 MW, no_load_loss: 15 kW, load_loss: 60 kW, power: grid}}
      ups[3]: {{kind: ups, capacity: 2 MW, efficiency_25: 93 %, efficiency_50: 96 %, efficiency_75: 96.5 %,
                efficiency_100: 96 %, power: tx}}
{cooler}
      rack[8]: {{kind: rack, load: {rack_kw!r} kW, liquid_fraction: 60 %, power: {{from: ups, need: 2}}{cooled}}}
parties: {{me: {{role: owner}}}}
weather:
  - {{model: region, name: dallas, region: us-tx}}
{cooling}
energy:
  - {{model: tariff, name: retail, payer: me, limit: 1100 kW, energy: [{{what: energy, price: $0.05/kWh}}]}}
{supply}
"""
CRAC = "      crac[3]: {kind: crac, capacity: 2 MW, cop: 3, power: {from: ups, need: 1}}"
COOLED = ", cooling: {from: crac, need: 1}"
TURBINE = (
    "  - {model: gas-turbine, name: turbine, payer: me, capacity: 600 kW, machines: 2, fuel: $4/MMBtu, minimum: 0 %, "
    "forced: 6 %, derating: 0.7 %, maintenance: 48 h, maintenance_from: 07-10}"
)
CASES = {
    "equipment": {"cooler": CRAC, "cooled": COOLED, "cooling": "", "supply": ""},
    "pue": {"cooler": "", "cooled": "", "cooling": "cooling: [{model: constant-pue, pue: 1.25}]", "supply": ""},
    "weather": {"cooler": "", "cooled": "", "cooling": "cooling: [{model: warm-water, name: warm}]", "supply": ""},
    "turbine": {"cooler": "", "cooled": "", "cooling": "cooling: [{model: warm-water, name: warm}]", "supply": TURBINE},
}


def plant(tmp_path, case, rack_kw=100.0, start="2027-07-01"):
    path = tmp_path / "edge.yaml"
    path.write_text(PLANT.format(rack_kw=rack_kw, start=start, **CASES[case]))
    return load(path)


@pytest.mark.parametrize("case", CASES)
def test_what_fits_runs_hour_by_hour_and_one_percent_more_is_refused(tmp_path, case):
    (row,) = plant(tmp_path, case).run("connection").connection.to_dicts()
    racks = row["usable_it_kw"] / 8
    hours = plant(tmp_path, case, racks * (1 - 1e-7)).run("energy").site_hours
    import_kw = hours["import_kw"].to_numpy()
    assert import_kw.max() <= 1100.0 * (1 + 1e-6)
    # nothing is left in the tightest hour but what outages save: hours carry the expected load
    tight = hours.filter(pl.col("time") == row["time"])
    most = 1100.0 + row["supply_kw"]
    assert most * (1 - 5e-4) < tight["load_kw"].item() <= most * (1 + 1e-6)
    with pytest.raises(RefusedError, match="edge"):
        plant(tmp_path, case, racks * 1.01).run("energy")


def test_supply_counts_with_its_outages_and_heat(tmp_path):
    (alone,) = plant(tmp_path, "weather").run("connection").connection.to_dicts()
    (helped,) = plant(tmp_path, "turbine").run("connection").connection.to_dicts()
    assert alone["source"] == "retail"
    assert helped["source"] == "retail + turbine"
    # one of two in maintenance, 6 % forced outages and some heat; July in Texas is no warmer than 45 °C
    assert 300 * 0.94 * (1 - 0.007 * 30) < helped["supply_kw"] <= 300 * 0.94
    assert helped["usable_it_kw"] > alone["usable_it_kw"] + 180


@pytest.mark.parametrize(
    "line",
    [
        "  - {model: solar, name: sun, payer: me, capacity: 2 MW}",
        "  - {model: storage, name: cells, payer: me, power: 1 MW, energy: 4 MWh}",
        "  - {model: backup-diesel, name: sets, payer: me, capacity: 2 MW}",
        "  - {model: gas-turbine, name: tank, payer: me, capacity: 2 MW, fuel: $4/MMBtu, fuel_store: 40 MWh}",
        "  - {model: ppa-as-produced, name: far, payer: me, capacity: 2 MW, price: $0.03/kWh, profile: solar}",
    ],
)
def test_what_is_not_firm_is_not_counted_on(tmp_path, line, monkeypatch):
    (alone,) = plant(tmp_path, "weather").run("connection").connection.to_dicts()
    monkeypatch.setitem(CASES, "other", {**CASES["weather"], "supply": line})
    assert plant(tmp_path, "other").run("connection").connection.to_dicts() == [alone]


def connection(limit, *others, pue=None, racks=4, at=(0,), months=6):
    tariff = GridTariff.model_validate({"payer": "me", "energy": "$0.05/kWh", "limit": limit})
    cooling = [entry("cooling", "c", "constant-pue", ConstantPue.model_validate(pue))] if pue else []
    made = twin(
        site(Builder(), "s", racks=racks, at=at), entry("energy", "t", "grid-tariff", tariff), *cooling, *others,
        months=months,
    )  # fmt: skip
    return analysis.run(AnalysisInputs({}, made, 0, analysis.ConnectionParams()))["connection"]


@settings(max_examples=12, deadline=None)
@given(low=st.floats(1.0, 2000.0), more=st.floats(0.0, 2000.0), pue=st.sampled_from([None, "peak"]))
def test_a_higher_limit_never_lets_less_fit(low, more, pue):
    terms = {"pue": 1.2, "peak_pue": 1.3} if pue else None
    least, most = (connection(f"{kw!r} kW", pue=terms, months=1)["usable_it_kw"].item() for kw in (low, low + more))
    assert least <= most * (1 + 1e-7) + 1e-9
    if pue:
        assert least == pytest.approx(low / 1.3, rel=1e-6)


def test_a_limit_from_a_date_on_and_none_before():
    found = connection({"2027-03-01": "200 kW", "2027-05-01": "1 MW"}, at=(0, 1, 2, 3))
    assert found["limit_kw"].to_list() == [0, 0, 200, 200, 1000, 1000]
    assert found["it_kw"].to_list() == [100, 200, 300, 400, 400, 400]
    usable = found["usable_it_kw"].to_numpy()
    assert (usable[:2] == 0).all()
    assert np.diff(usable[1:])[[1, 3]] == pytest.approx([0, 0], abs=1e-4)
    drawn = found["load_kw"].to_numpy()
    assert found["headroom_kw"].to_numpy() == pytest.approx(found["limit_kw"].to_numpy() - drawn)


def test_a_site_without_a_limit_beside_one_with_it():
    make = site(site(Builder(), "s"), "free")
    terms = {"payer": "me", "energy": "$0.05/kWh"}
    entries = [
        entry("energy", name, "grid-tariff", GridTariff.model_validate(terms | {"sites": [name]} | more))
        for name, more in (("s", {"limit": "300 kW"}), ("free", {}))
    ]
    made = twin(make, *entries, months=2)
    found = analysis.run(AnalysisInputs({}, made, 0, analysis.ConnectionParams()))["connection"]
    assert found["site"].to_list() == ["s", "s"]
    assert found["usable_it_kw"].to_list() == connection("300 kW", months=2)["usable_it_kw"].to_list()


def test_no_limit_gives_no_rows_and_asks_no_model():
    assert not connection(None, months=1, pue={"pue": 1.2}).height


def test_steps_of_a_limit():
    calendar = Calendar(date(2027, 3, 1), 4)
    assert stepped(((date.min, 5.0),), calendar).tolist() == [5, 5, 5, 5]
    assert stepped(((date(2026, 1, 1), 1.0), (date(2027, 4, 20), 2.0)), calendar).tolist() == [1, 2, 2, 2]
    assert stepped(((date(2030, 1, 1), 1.0),), calendar).tolist() == [0, 0, 0, 0]
