"""The workload analysis over a compiled structure: its tables, the frames models are given, what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from types import ModuleType, SimpleNamespace

import polars as pl
import pytest
from topology.build import HERE, Builder, power, value

from twin import tables
from twin.api import AnalysisInputs, Calendar, Params, WorkloadModel, hookimpl
from twin.errors import PluginError, RefusedError
from twin.loading import load_module
from twin.registry import build
from twin.structure.compile import compile_structure
from twin.topology.model import ModelEntry, Override, Supplier
from twin.workload import analysis
from twin.workload.training import Training

START = date(2027, 1, 1)


def twin(*entries, plugins=(), overrides=(), rows=None):
    """One site: 3 racks of 8 accelerators now, 3 more in March, none of the last ever in the calendar."""
    make = Builder().add("s", None, "site").add("s/grid", None, "utility")
    feed = [power(Supplier("s/grid", "s"))]
    figures = {"load": value(40.0), "accelerators": value(8), "bf16": value(1000.0)}
    make.add(
        "s/rack",
        7,
        "rack",
        depends=feed,
        attributes=figures,
        energised=(0, 0, 0, 2, 2, 2, 40),
        part="acme.r",
        rows=rows,
    )
    topology = make.done(entries=entries, overrides=overrides)
    topology = replace(topology, calendar=Calendar(START, 12))
    known = build([load_module(analysis, "twin", "0"), *(load_module(p, "acme", "1.0") for p in plugins)])
    return SimpleNamespace(
        topology=topology, calendar=topology.calendar, structure=compile_structure(topology), registry=known
    )


def run(model):
    columns = {"month": [START, date(2027, 3, 1)], "scope": "s", "kind": "site", "event": "in_service", "count": 1}
    numbers = {
        "availability_fraction": 0.5,
        "outages_per_year": 1.0,
        "downtime_h_per_year": 1.0,
        "mean_outage_h": 1.0,
        "served_fraction": [0.9, 0.8],
    }
    columns |= numbers
    frame = pl.DataFrame({name: each if isinstance(each, list) else [each] * 2 for name, each in columns.items()})
    availability = tables.check("availability", frame, "test")
    load = analysis.run_load(AnalysisInputs({}, model, 0, analysis.LoadParams()))
    given = {"availability": availability, "load_use": load["load_use"]}
    frames = load | analysis.run(AnalysisInputs(given, model, 0, analysis.WorkloadParams()))
    return {name: tables.check(name, each, "workload") for name, each in frames.items()}


def training(name="pretrain", **given):
    params = Training(**{"flops": "1e24", "mfu": 0.4} | given)
    return ModelEntry("workloads", name, "training", params, {}, (), HERE)


def test_without_workloads_the_schedule_is_full_and_goodput_empty():
    frames = run(twin())
    made = frames["schedule"]
    assert made["racks"].to_list() == [3, 3] + [6] * 10
    assert made["utilisation_fraction"].unique().to_list() == [1.0]
    assert made["served_fraction"].to_list() == [0.9, 0.9] + [0.8] * 10
    assert made["accelerator_h"][0] == 24 * 744.0
    assert made["delivered_accelerator_h"][2] == pytest.approx(48 * 744 * 0.8)
    assert frames["goodput"].height == 0


def test_goodput_is_that_of_the_last_month():
    frames = run(twin(training(accelerators="50 %"), training("rest", accelerators=12, utilisation=0.5)))
    goodput = frames["goodput"]
    assert goodput["accelerators"].to_list() == [24, 12]
    assert goodput["available_fraction"].to_list() == pytest.approx([0.8, 0.8])
    assert frames["schedule"]["utilisation_fraction"].to_list()[-1] == pytest.approx(0.5 + 12 / 48 * 0.5)


@pytest.mark.parametrize(("retired", "racks", "served"), [(8, 6, 0.8), (2, 3, 0.9)])
def test_compute_is_what_there_was_before_all_of_it_retired(retired, racks, served):
    model = twin()
    rack = replace(model.topology.groups["s/rack"], retired=(retired,))
    topology = replace(model.topology, groups={**model.topology.groups, "s/rack": rack})
    gone = SimpleNamespace(**vars(model) | {"topology": topology, "structure": compile_structure(topology)})
    frame = analysis.compute(gone.structure, gone.calendar, run(gone)["schedule"])
    assert frame.select("racks", "served_fraction").rows() == [(racks, served)]


def test_compute_leaves_out_what_the_calendar_does_not_reach():
    model = twin()
    frame = analysis.compute(model.structure, model.calendar, run(model)["schedule"])
    assert frame.rows(named=True) == [
        {
            "site": "s",
            "group": "s/rack",
            "part": "acme.r",
            "racks": 6,
            "accelerators": 48,
            "served_fraction": 0.8,
            "bf16_tflops": 1000.0,
            "fp8_tflops": None,
            "fp4_tflops": None,
        }
    ]


def test_instances_that_differ_in_flops_are_refused():
    override = Override("s/rack", (1,), "bf16", value(500.0))
    with pytest.raises(RefusedError, match=r"instances of 's/rack' differ in 'bf16'"):
        run(twin(training(), overrides=[override]))
    assert run(twin(overrides=[override]))["goodput"].height == 0


class Any(Params):
    pass


def theirs(function):
    module = ModuleType("theirs")
    module.twin_workloads = hookimpl(lambda: [WorkloadModel("theirs", "Theirs.", Any, function)])
    return module


def goodput(*names):
    shape = tables.table("goodput")
    row = {"model": "theirs", "accelerators": 1} | dict.fromkeys(shape.names[3:], 1.0)
    return {
        "goodput": shape.frame({name: [row.get(name)] * len(names) for name in shape.names} | {"workload": list(names)})
    }


def test_another_plugin_s_model_is_called_once_and_joins():
    calls = []

    def function(inputs):
        calls.append(inputs)
        return goodput(*(entry.name for entry in inputs.entries))

    entries = [ModelEntry("workloads", name, "theirs", Any(), {}, (), HERE) for name in ("one", "two")]
    frames = run(twin(training(), *entries, plugins=[theirs(function)]))
    assert frames["goodput"]["workload"].to_list() == ["pretrain", "one", "two"]
    [inputs] = calls
    assert inputs.schedule.equals(frames["schedule"])
    assert inputs.calendar.months == 12


def test_goodput_for_another_workload_is_refused():
    entry = ModelEntry("workloads", "one", "theirs", Any(), {}, (), HERE)
    with pytest.raises(PluginError, match=r"model 'theirs' of plugin theirs \(acme 1.0\) returned goodput for \['x'\]"):
        run(twin(entry, plugins=[theirs(lambda _inputs: goodput("x"))]))


def old_goodput(_inputs):
    """What a model written before interruptions were counted returns."""
    made = goodput("one")["goodput"]
    return {"goodput": made.select(made.columns[: made.columns.index("delivered_days") + 1])}


def test_a_model_that_knows_nothing_of_interruptions_still_works():
    entry = ModelEntry("workloads", "one", "theirs", Any(), {}, (), HERE)
    frames = run(twin(training(), entry, plugins=[theirs(old_goodput)]))
    last = frames["goodput"].row(1, named=True)
    assert last["delivered_days"] == 1.0
    assert last["ettr_fraction"] is None
    assert frames["goodput_loss"].is_empty()


def test_losses_of_another_workload_are_refused():
    loss = tables.table("goodput_loss").frame(
        {name: ["x"] if dtype == pl.String else [1.0] for name, dtype in tables.table("goodput_loss").schema().items()}
    )
    entry = ModelEntry("workloads", "one", "theirs", Any(), {}, (), HERE)
    with pytest.raises(PluginError, match=r"returned losses of \['x'\]; those of \['one'\] are wanted"):
        run(twin(entry, plugins=[theirs(lambda _inputs: {**goodput("one"), "goodput_loss": loss})]))


def test_models_are_told_what_interrupts():
    seen = []

    def function(inputs):
        seen.append(inputs.interruptions)
        return goodput("one")

    entry = ModelEntry("workloads", "one", "theirs", Any(), {}, (), HERE)
    figures = {"load": value(40.0), "accelerators": value(8), "mtbf": value(500.0), "mttr": value(5.0)}
    model = twin(entry, plugins=[theirs(function)])
    rack = replace(model.topology.groups["s/rack"], attributes=figures)
    model.topology = replace(model.topology, groups={**model.topology.groups, "s/rack": rack})
    model.structure = compile_structure(model.topology)
    run(model)
    own = {"site": "s", "group": "s/rack", "cause": "rack", "racks": 6}
    [row] = seen[0].filter(pl.col("cause") == "rack").rows(named=True)
    assert row == own | {"failures_per_h": pytest.approx(6 / 500), "any_per_h": pytest.approx(6 / 500)}
