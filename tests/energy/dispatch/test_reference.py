"""The reference microgrid: its published optimum, and the same program in scipy."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from energy.dispatch.systems import microgrid
from published import Source
from scipy.optimize import linprog

from twin.energy.dispatch import DispatchModel
from twin.energy.dispatch.dispatch import Method, by_rule
from twin.energy.dispatch.flows import cost
from twin.energy.dispatch.formulate import formulate

PYPSA = Source(
    "Energy",
    "Reference microgrid",
    "PyPSA 1.4.0 with linopy 0.10.1 and HiGHS on the same inputs, cross-checked with highspy, scipy and cvxpy: grid "
    "30 MW, gas 20 MW at $39/MWh, solar, 40 MW and 160 MWh of storage, a year of hours. Dispatches of equal cost "
    "differ a little in energy, shown here to a thousand, and prices are not unique where the optimum is degenerate.",
)
OPTIMUM_USD = 6_774_008.3965304
GRID_MWH, GAS_MWH, SOLAR_MWH = 100_784.7364, 84_109.7292, 135_420.7869
CURTAILED_MWH, DISCHARGE_MWH, CHARGE_MWH = 235.175169, 24_091.7919, 27_855.0030
MEAN_MARGINAL_USD_PER_MWH = 41.10960746
# $9/kW-month on the month's largest import; tests/benchmarks/test_dispatch.py solves it in PyPSA and linopy and holds
# all three to one another
OPTIMUM_WITH_DEMAND_USD = 8_231_678.2987


@pytest.fixture(scope="module")
def solved():
    return DispatchModel(microgrid()).solve()


def test_the_published_optimum(published, solved):
    published("cost of the year", OPTIMUM_USD, solved.objective_usd, unit="$", digits=2, rel=1e-9, source=PYPSA)
    assert sum(cost(solved.system, solved.flows).values()) == pytest.approx(OPTIMUM_USD, rel=1e-9)


def test_the_published_energies(published, solved):
    flows, system = solved.flows, solved.system
    mwh = {"unit": "MWh", "digits": -3, "source": PYPSA}  # the last digits are the solver's choice
    published("from the grid", GRID_MWH, flows.import_kw.sum() / 1e3, rel=1e-3, **mwh)
    gas, solar = (power.sum() / 1e3 for power in flows.power_kw)
    published("of gas", GAS_MWH, gas, rel=1e-3, **mwh)
    published("of the sun", SOLAR_MWH, solar, rel=1e-3, **mwh)
    assert system.generators[1].available_kw.sum() / 1e3 - solar == pytest.approx(CURTAILED_MWH, abs=100)
    published("out of storage", DISCHARGE_MWH, flows.discharge_kw[0].sum() / 1e3, rel=5e-3, **mwh)
    published("into storage", CHARGE_MWH, flows.charge_kw[0].sum() / 1e3, rel=5e-3, **mwh)
    assert flows.unserved_kw.max() == 0
    assert np.abs(flows.balance_kw(system)).max() < 1e-3


def test_the_published_marginal_price(published, solved):
    case, ours = "mean marginal price of a MWh", solved.marginal_usd_per_kwh.mean() * 1e3
    published(case, MEAN_MARGINAL_USD_PER_MWH, ours, unit="$", digits=2, rel=1e-3, source=PYPSA)


def test_with_a_demand_charge(published):
    case, ours = "with $9/kW-month on the largest import", DispatchModel(microgrid(9.0)).solve().objective_usd
    published(case, OPTIMUM_WITH_DEMAND_USD, ours, unit="$", digits=0, rel=1e-6, source=PYPSA)


def test_a_fortnight_in_scipy():
    short = _first(microgrid(9.0), 336)
    program = formulate(short)
    equal = program.row_lower == program.row_upper
    matrix = program.matrix.tocsr()
    peer = linprog(
        program.cost,
        A_eq=matrix[equal],
        b_eq=program.row_lower[equal],
        A_ub=-matrix[~equal],
        b_ub=-program.row_lower[~equal],
        bounds=np.stack([program.lower, program.upper], axis=1),
    )
    assert peer.status == 0
    assert DispatchModel(short).solve().objective_usd == pytest.approx(peer.fun + program.offset, rel=1e-9)


def test_warm_equals_cold():
    system = microgrid(9.0)
    model = DispatchModel(system)
    first = model.solve()
    dear = system.import_usd_per_kwh * 1.07
    warm = model.resolve(import_usd_per_kwh=dear)
    cold = DispatchModel(replace(system, import_usd_per_kwh=dear)).solve()
    assert (first.warm, warm.warm, cold.warm) == (False, True, False)
    assert warm.iterations < cold.iterations / 4
    assert warm.objective_usd == pytest.approx(cold.objective_usd, rel=1e-9)
    again = model.resolve(import_usd_per_kwh=system.import_usd_per_kwh)
    assert again.objective_usd == pytest.approx(first.objective_usd, rel=1e-9)


@pytest.mark.parametrize("rule", ["price", "peak"])
def test_a_rule_is_no_better_than_the_optimum_and_can_be_run(solved, rule: Method):
    system = solved.system
    flows = by_rule(system, rule)
    assert np.abs(flows.balance_kw(system)).max() < 1e-6
    assert flows.import_kw.max() <= 30_000 + 1e-6
    usd = sum(cost(system, flows).values())
    assert usd > OPTIMUM_USD
    assert usd < 1.6 * OPTIMUM_USD


def test_the_fixture_is_the_published_one():
    system = microgrid()
    assert system.load_kw[0] == pytest.approx(33_211.93)
    assert system.import_usd_per_kwh[:3] == pytest.approx([0.0456, 0.04405, 0.04123])
    assert pl.Series(system.load_kw).len() == 8760


def _first(system, steps):
    cut = {name: getattr(system, name)[:steps] for name in SERIES}
    plants = tuple(replace(g, **{n: getattr(g, n)[:steps] for n in OF_PLANT}) for g in system.generators)
    stores = tuple(replace(s, **{n: getattr(s, n)[:steps] for n in OF_STORE}) for s in system.storages)
    demand = tuple(replace(d, steps=d.steps[d.steps < steps]) for d in system.demand if d.steps[0] < steps)
    return replace(system, **cut, generators=plants, storages=stores, demand=demand)


SERIES = ("time", "load_kw", "import_usd_per_kwh", "import_limit_kw", "export_usd_per_kwh", "export_limit_kw")
OF_PLANT = ("available_kw", "usd_per_kwh", "fuel_usd_per_kwh")
OF_STORE = ("discharge_kw", "charge_kw", "usd_per_kwh")
