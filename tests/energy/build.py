"""Small sites and what the energy analysis makes of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import polars as pl
from topology.build import HERE, power, value

import twin_energy
from twin import tables
from twin.api import AnalysisInputs, Calendar
from twin.energy import analysis
from twin.loading import load_module
from twin.registry import build
from twin.structure.compile import compile_structure
from twin.structure.installed import energised
from twin.topology.model import ModelEntry, Supplier
from twin.workload.schedule import schedule

MONTHS = 6
SERVED = 0.9
USE = 0.5


def draws(kw):
    return {"load": value(kw)}


def site(make, name, *, efficiency=0.96, loss_kw=0.0, racks=4, at=(0,), count=None):
    """A site with a feed, two UPS, a chiller and racks of 100 kW."""
    make.add(name, count, "site").add(f"{name}/grid", None, "utility")
    make.add(
        f"{name}/ups",
        2,
        "ups",
        depends=[power(Supplier(f"{name}/grid", name))],
        attributes={"efficiency": value(efficiency), "capacity": value(1e6)} | draws(loss_kw),
    )
    make.add(
        f"{name}/chiller",
        None,
        "chiller",
        depends=[power(Supplier(f"{name}/ups", name))],
        attributes={"cop": value(4.0), "capacity": value(1e6)},
    )
    make.add(
        f"{name}/rack",
        racks,
        "rack",
        depends=[power(Supplier(f"{name}/ups", name)), power(Supplier(f"{name}/chiller", name), layer="cooling")],
        attributes={"accelerators": value(8)} | draws(100.0),
        energised=at if len(at) in (1, racks) else at * racks,
    )
    return make


def entry(section, name, model, params):
    return ModelEntry(section, name, model, params, {}, (), HERE)


def twin(make, *entries, plugins=(), months=MONTHS, start=date(2027, 1, 1)):
    topology = replace(make.done(entries=entries), calendar=Calendar(start, months), path=Path("x.yaml"))
    known = build([load_module(twin_energy, "twin", "0"), *(load_module(p, "acme", "1.0") for p in plugins)])
    structure = compile_structure(topology)
    return SimpleNamespace(topology=topology, calendar=topology.calendar, structure=structure, registry=known)


def timetable(model, served=SERVED, use=USE):
    months = energised(model.structure, model.calendar)
    keys = months.select("month", "site")
    return schedule(
        months, keys.with_columns(served_fraction=pl.lit(served)), keys.with_columns(utilisation_fraction=pl.lit(use))
    )


def run_tables(model, given, params=None):
    """Tables of the energy analysis, each held against its declaration."""
    own = params or analysis.EnergyParams()
    frames = analysis.run(AnalysisInputs(given, model, 0, own))
    assert set(frames) == set(analysis.twin_analyses()[0].produces)
    return {name: tables.check(name, frame, "energy") for name, frame in frames.items()}


def stage(frame, name):
    return frame.filter(pl.col("stage") == name)
