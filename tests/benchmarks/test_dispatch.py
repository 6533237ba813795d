"""How quickly a year is dispatched, against the same model in PyPSA and in linopy.

`pytest tests/benchmarks/test_dispatch.py -s` prints the figures.  All three hand the same linear program to the same
HiGHS: what differs is how it is built and handed over (PyPSA, as it comes, by a file), and that a change of prices is
solved from the last optimum here.
Building, solving and reading the dispatch back count for each.
"""

from __future__ import annotations

import logging
import warnings
from statistics import median
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import pytest
from energy.dispatch.systems import microgrid

from twin.energy.dispatch import DispatchModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from twin.energy.dispatch import System

pytestmark = [
    pytest.mark.benchmark,
    pytest.mark.slow,
    # third parties' warnings about one another are no matter of ours
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

RUNS = 3
COLD = 4.0
WARM = 15.0
"""What PyPSA takes as it comes over what is taken here, at least."""
COLD_DIRECT = 2.0
WARM_DIRECT = 10.0
"""The same of PyPSA's road without a file, which its users must ask for."""
QUIET = {"output_flag": False, "threads": 1}
DEMAND_USD_PER_KW = 9.0


def in_pypsa(system: System, way: str | None = None) -> float:
    """The microgrid as a PyPSA network, in MW; the demand charge as a constraint of its own.

    `way` is how PyPSA hands the program over: as it comes, by a file, or `direct`.
    """
    pypsa = pytest.importorskip("pypsa")
    pandas = pytest.importorskip("pandas")
    network = pypsa.Network()
    hours = pandas.RangeIndex(system.steps)
    network.set_snapshots(hours)
    network.add("Bus", "site")
    network.add("Load", "load", bus="site", p_set=pandas.Series(system.load_kw / 1e3, hours))
    gas, solar = system.generators
    battery = system.storages[0]
    price = pandas.Series(system.import_usd_per_kwh * 1e3, hours)
    network.add("Generator", "grid", bus="site", p_nom=system.import_limit_kw[0] / 1e3, marginal_cost=price)
    network.add("Generator", "gas", bus="site", p_nom=gas.capacity_kw / 1e3, marginal_cost=gas.usd_per_kwh[0] * 1e3)
    share = pandas.Series(solar.available_kw / solar.capacity_kw, hours)
    network.add("Generator", "solar", bus="site", p_nom=solar.capacity_kw / 1e3, p_max_pu=share)
    network.add("Generator", "unserved", bus="site", p_nom=1e4, marginal_cost=system.unserved_usd_per_kwh * 1e3)
    network.add(
        "StorageUnit",
        "battery",
        bus="site",
        p_nom=battery.discharge_kw[0] / 1e3,
        max_hours=battery.energy_kwh / battery.discharge_kw[0],
        efficiency_store=battery.charge_efficiency,
        efficiency_dispatch=battery.discharge_efficiency,
        cyclic_state_of_charge=True,
        marginal_cost=battery.usd_per_kwh[0] * 1e3,
    )
    month = system.time.astype("datetime64[M]").astype(np.int64)

    def demand_charge(network: object, _: object) -> None:
        bought = network.model.variables["Generator-p"].sel(name="grid")
        _charge(network.model, bought, month - month[0], "snapshot")

    extra = demand_charge if system.demand else None
    network.optimize(
        solver_name="highs", io_api=way, extra_functionality=extra, solver_options=QUIET, log_to_console=False
    )
    return float(network.model.objective.value)


def _charge(model, bought, month, dimension):
    """Billed demand of every month, its rows and its cost, in a linopy model."""
    pandas = pytest.importorskip("pandas")
    xarray = pytest.importorskip("xarray")
    names = pandas.RangeIndex(int(month[-1]) + 1, name="billed_month")
    billed = model.add_variables(lower=0, coords=[names], name="billed")
    which = xarray.DataArray(month, dims=dimension, coords={dimension: bought.coords[dimension]})
    model.add_constraints(billed.sel(billed_month=which) - bought >= 0, name="peak")
    model.objective = model.objective + (billed * (DEMAND_USD_PER_KW * 1e3)).sum()


def in_linopy(system: System) -> float:
    """The same program written in linopy, in MW."""
    linopy = pytest.importorskip("linopy")
    pandas = pytest.importorskip("pandas")
    hours = pandas.RangeIndex(system.steps, name="hour")
    model = linopy.Model()
    gas, solar = system.generators
    battery = system.storages[0]

    def series(values):
        return pandas.Series(values / 1e3, hours).to_xarray()

    def column(name, upper):
        return model.add_variables(lower=0, upper=upper, coords=[hours], name=name)

    bought = column("grid", series(system.import_limit_kw))
    burnt = column("gas", series(gas.available_kw))
    sun = column("solar", series(solar.available_kw))
    charge = column("charge", series(battery.charge_kw))
    discharge = column("discharge", series(battery.discharge_kw))
    state = column("state", battery.energy_kwh / 1e3)
    unserved = column("unserved", np.inf)
    supply = bought + burnt + sun - charge + discharge + unserved
    model.add_constraints(supply == series(system.load_kw), name="balance")
    kept = state - state.roll(hour=1) - battery.charge_efficiency * charge + discharge / battery.discharge_efficiency
    model.add_constraints(kept == 0, name="storage")
    price = series(system.import_usd_per_kwh * 1e6)
    model.add_objective(
        (price * bought).sum()
        + (gas.usd_per_kwh[0] * 1e3 * burnt).sum()
        + (battery.usd_per_kwh[0] * 1e3 * discharge).sum()
        + (system.unserved_usd_per_kwh * 1e3 * unserved).sum()
    )
    if system.demand:
        month = system.time.astype("datetime64[M]").astype(np.int64)
        _charge(model, bought, month - month[0], "hour")
    model.solve("highs", io_api="direct", **QUIET)
    return float(model.objective.value)


def cold(system: System) -> float:
    return DispatchModel(system).solve().objective_usd


def timed(calls: Sequence[Callable[[], float]]) -> tuple[list[float], list[float]]:
    """Median seconds of the processor of each call, and what it returned last.

    They take turns, so that a machine that is busy for a while is busy for all; all of them run on one thread, so that
    the processor's time is what each would take alone.
    """
    spent: list[list[float]] = [[] for _ in calls]
    answers = [0.0 for _ in calls]
    for _ in range(RUNS):
        for number, call in enumerate(calls):
            begin = process_time()
            answers[number] = call()
            spent[number].append(process_time() - begin)
    return [median(each) for each in spent], answers


@pytest.mark.parametrize("demand", [0.0, DEMAND_USD_PER_KW], ids=["energy", "energy and demand"])
def test_a_year_against_pypsa_and_linopy(demand):
    system = microgrid(demand)
    model = DispatchModel(system)
    model.solve()
    changes = iter((1.03, 1.07, 0.97, 1.0))

    def again() -> float:
        return model.resolve(import_usd_per_kwh=system.import_usd_per_kwh * next(changes)).objective_usd

    roads = (lambda: in_pypsa(system), lambda: in_pypsa(system, "direct"), lambda: in_linopy(system))
    logging.disable(logging.WARNING)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (pypsa_s, direct_s, linopy_s, cold_s, warm_s), found = timed((*roads, lambda: cold(system), again))
    logging.disable(logging.NOTSET)
    pypsa_usd, direct_usd, linopy_usd, cold_usd, _ = found
    assert pypsa_usd == pytest.approx(cold_usd, rel=1e-6)
    assert direct_usd == pytest.approx(cold_usd, rel=1e-6)
    assert linopy_usd == pytest.approx(cold_usd, rel=1e-6)
    assert again() == pytest.approx(cold_usd, rel=1e-6)
    of = "with" if demand else "without"
    print(  # noqa: T201 - the figures
        f"\na year's dispatch {of} demand charges, ${cold_usd:,.4f}; cold {cold_s:.3f} s, prices changed {warm_s:.3f} s"
    )
    for name, spent in (("PyPSA", pypsa_s), ("PyPSA without a file", direct_s), ("linopy", linopy_s)):
        print(f"{name}: {spent:.2f} s, {spent / cold_s:.1f} x cold, {spent / warm_s:.0f} x prices changed")  # noqa: T201 - as above
    assert pypsa_s >= COLD * cold_s
    assert pypsa_s >= WARM * warm_s
    assert direct_s >= COLD_DIRECT * cold_s
    assert direct_s >= WARM_DIRECT * warm_s
