"""Systems that the tests of dispatch share: the reference microgrid, a small one to change, random ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import strategies as st

from twin.energy.dispatch import Demand, Generator, Shift, Storage, System

MICROGRID = Path(__file__).with_name("microgrid.parquet")
"""Load, available solar and price of a year in MW and USD/MWh: the inputs of the published reference optimum."""


def times(steps, start="2027-01-01", minutes=60):
    return np.datetime64(start, "us") + np.arange(steps) * np.timedelta64(minutes, "m")


def generator(steps, entry="gas", usd=0.04, kw=100.0, **more):
    given = {
        "available_kw": np.full(steps, kw),
        "usd_per_kwh": np.full(steps, usd),
        "fuel_usd_per_kwh": np.zeros(steps),
    }
    return Generator(**{"entry": entry, "unit": entry, "capacity_kw": kw} | given | more)


def storage(steps, kw=50.0, kwh=100.0, **more):
    given = {
        "entry": "battery",
        "unit": "battery",
        "discharge_kw": np.full(steps, kw),
        "charge_kw": np.full(steps, kw),
        "energy_kwh": kwh,
        "charge_efficiency": 0.9,
        "discharge_efficiency": 0.9,
        "usd_per_kwh": np.zeros(steps),
    }
    return Storage(**given | more)


def shift(steps, kw=20.0, **more):
    given = {"down_kw": np.full(steps, kw), "up_kw": np.full(steps, kw), "usd_per_kwh": np.full(steps, 0.001)}
    return Shift(**{"entry": "batch", "unit": "batch"} | given | more)


def system(steps=24, **more):
    """A flat load of 100 kW and a grid at $0.05/kWh without limit, from 2027-01-01."""
    given = {
        "site": "campus",
        "time": times(steps),
        "step_h": 1.0,
        "load_kw": np.full(steps, 100.0),
        "import_usd_per_kwh": np.full(steps, 0.05),
        "import_limit_kw": np.full(steps, np.inf),
        "export_usd_per_kwh": np.zeros(steps),
        "export_limit_kw": np.zeros(steps),
    }
    return System(**given | more)


def monthly(time, usd_per_kw, **more):
    """A demand charge on each month's largest import."""
    month = time.astype("datetime64[M]")
    return tuple(
        Demand(
            entry="grid",
            charge="demand",
            period=str(name),
            usd_per_kw=usd_per_kw,
            floor_kw=0.0,
            steps=np.flatnonzero(month == name),
            **more,
        )
        for name in np.unique(month)
    )


def microgrid(demand_usd_per_kw=0.0):
    """The reference microgrid: grid 30 MW, gas 20 MW at $39/MWh, solar, 40 MW / 160 MWh of storage, a year."""
    frame = pl.read_parquet(MICROGRID)
    steps = frame.height
    time = times(steps)
    gas = generator(steps, "gas", 0.039, 20_000.0)
    solar_kw = frame["pv_available_mw"].to_numpy() * 1e3
    solar = generator(
        steps, "solar", 0.0, float(solar_kw.max()), available_kw=solar_kw, renewable=True, carbon_free=True
    )
    battery = storage(
        steps,
        40_000.0,
        160_000.0,
        charge_efficiency=0.93,
        discharge_efficiency=0.93,
        usd_per_kwh=np.full(steps, 0.0005),
    )
    return system(
        steps,
        load_kw=frame["load_mw"].to_numpy() * 1e3,
        import_usd_per_kwh=frame["grid_price_usd_per_mwh"].to_numpy() / 1e3,
        import_limit_kw=np.full(steps, 30_000.0),
        generators=(gas, solar),
        storages=(battery,),
        demand=monthly(time, demand_usd_per_kw) if demand_usd_per_kw else (),
        unserved_usd_per_kwh=10.0,
    )


@st.composite
def random_systems(draw):
    """Small systems with everything there is; load may go unserved at a price."""
    steps = draw(st.integers(2, 30))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    made = system(
        steps,
        time=times(steps, "2027-01-31T12:00"),
        step_h=draw(st.sampled_from([0.25, 1.0])),
        load_kw=rng.uniform(0, 200, steps),
        import_usd_per_kwh=rng.uniform(-0.01, 0.2, steps),
        import_limit_kw=rng.uniform(0, 150, steps),
        unserved_usd_per_kwh=draw(st.sampled_from([0.5, 10.0])),
    )
    price = made.import_usd_per_kwh
    made = replace(made, export_usd_per_kwh=price - 0.01, export_limit_kw=rng.uniform(0, 50, steps))
    plants = [_plant(draw, rng, steps, number) for number in range(draw(st.integers(0, 3)))]
    stores = [_store(draw, rng, steps, number) for number in range(draw(st.integers(0, 2)))]
    moved = (shift(steps, usd_per_kwh=rng.uniform(0, 0.02, steps)),) if draw(st.booleans()) else ()
    demand = monthly(made.time, 3.0) if draw(st.booleans()) else ()
    return replace(made, generators=tuple(plants), storages=tuple(stores), shifts=moved, demand=demand)


def _plant(draw, rng, steps, number):
    kind = draw(st.sampled_from(["plain", "solar", "taken", "plant", "limited"]))
    available = rng.uniform(0, 100, steps)
    cost = rng.uniform(0, 0.15, steps)
    name = f"{kind}-{number}"
    if kind == "plant":
        machines = draw(st.integers(1, 4))
        # some of the machines, each of them a little below its rating
        there = rng.integers(0, machines + 1, steps) / machines * draw(st.sampled_from([1.0, 0.98]))
        return generator(
            steps,
            name,
            machines=machines,
            available_kw=100.0 * there,
            usd_per_kwh=np.full(steps, 0.004),
            fuel_usd_per_kwh=rng.uniform(0.005, 0.03, steps),
            segments=((0.6, 1.8), (1.0, 2.2)),
            minimum_fraction=draw(st.sampled_from([0.0, 0.4])),
            online_fuel_kw=draw(st.sampled_from([0.0, 60.0])),
            start_usd=draw(st.sampled_from([0.0, 2.0])),
        )
    limit = {"limit_kwh": 150.0} if kind == "limited" else {}
    limit |= {"by_grid": kind == "taken"}
    free = {"renewable": kind == "solar", "carbon_free": kind in ("solar", "taken"), "must_take": kind == "taken"}
    return generator(steps, name, available_kw=available, usd_per_kwh=cost, **limit, **free)


def _store(draw, rng, steps, number):
    return storage(
        steps,
        entry=f"battery-{number}",
        charge_efficiency=draw(st.sampled_from([0.8, 1.0])),
        discharge_efficiency=draw(st.sampled_from([0.8, 1.0])),
        cyclic=draw(st.booleans()),
        start_fraction=draw(st.sampled_from([0.0, 0.5, 1.0])),
        usd_per_kwh=rng.uniform(0, 0.01, steps),
    )
