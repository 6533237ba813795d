"""What the tests of supplies share: a month at one site, flat weather, what dispatch had a unit do."""

from __future__ import annotations

import numpy as np
import polars as pl

import twin_energy
from twin.api import Calendar, EnergyInputs, Entry
from twin.registry import Provided
from twin.tables import energy as exchanged

MODELS = {model.name: model for model in twin_energy.twin_energy()}
DISPATCH = ("power_kw", "charge_kw", "curtailed_kw", "state_kwh", "online_fraction")


def hours(start="2027-01-01", months=1, step="1h", site="campus", entry="it", load_kw=10_000.0):
    """Every step of some months at a site."""
    first = pl.lit(start).str.to_datetime(time_unit="us")
    time = pl.select(
        pl.datetime_range(first, first.dt.offset_by(f"{months}mo"), step, closed="left", time_unit="us")
    ).to_series()
    return pl.DataFrame({"time": time}).select(
        "time",
        pl.col("time").dt.date().dt.month_start().alias("month"),
        pl.lit(site).alias("site"),
        pl.lit(entry).alias("entry"),
        pl.lit(load_kw).alias("import_kw"),
        pl.lit(0.0).alias("export_kw"),
        pl.lit(load_kw).alias("load_kw"),
    )


def given(params, *, entry="it", frame=None, weather=None, files=None, step_h=1.0, **done):
    """Inputs of one entry at the sites of `frame`; `done` is what dispatch had it do, by column."""
    frame = hours(entry=entry) if frame is None else frame
    first, last = frame["month"].min(), frame["month"].max()
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    columns = [pl.Series(name, done.get(name, np.zeros(frame.height))).alias(name) for name in DISPATCH]
    dispatch = frame.select("time", "month", "site", "entry", pl.col("entry").alias("unit"), *columns)
    load = frame.group_by("month", "site", "entry", maintain_order=True).agg(
        hours_h=pl.len() * step_h, energy_kwh=pl.col("import_kw").sum() * step_h, peak_kw=pl.col("import_kw").max()
    )
    return EnergyInputs(
        (Entry(entry, params),),
        Calendar(first, months),
        load,
        hours=frame,
        dispatch=dispatch,
        weather=pl.DataFrame() if weather is None else weather,
        files=files or {},
        step_h=step_h,
    )


def call(name, inputs, door="run"):
    """What a model returns, held against its tables."""
    required = ["energy_cost"] if door == "run" else ["resources"]
    optional = [] if door == "run" else [table.name for table in exchanged.OF_SUPPLIES[1:]]
    return Provided(MODELS[name], "test", "test", "0").call(inputs, required=required, optional=optional, door=door)


def bill(name, inputs):
    """`(line, what, payer, payee) -> (quantity, amount)` summed over months."""
    frame = call(name, inputs)["energy_cost"]
    rows = frame.group_by("line", "what", "payer", "payee").agg(pl.col("quantity").sum(), pl.col("amount_usd").sum())
    return {row[:4]: row[4:] for row in rows.rows()}


def flat_weather(site="campus", **values):
    """A year of the same weather in every hour, at 32 degrees north and 97 west."""
    still = {
        "dry_bulb_c": 25.0,
        "pressure_pa": 101_325.0,
        "wind_m_per_s": 6.0,
        "ghi_w_per_m2": 0.0,
        "dni_w_per_m2": 0.0,
        "dhi_w_per_m2": 0.0,
        "latitude_deg": 32.0,
        "longitude_deg": -97.0,
        "elevation_m": 200.0,
        "utc_offset_h": -6.0,
    }
    columns = {name: np.broadcast_to(value, 8760).astype(float) for name, value in (still | values).items()}
    return pl.DataFrame({"site": ["campus"] * 8760, "hour": np.arange(8760)} | columns).with_columns(
        pl.lit(site).alias("site")
    )
