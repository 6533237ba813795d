"""The plugin author's kit: its frames agree with each other and with the tables, and it catches a bad model."""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import count
from types import ModuleType

import polars as pl
import pytest

from twin import api
from twin.api import (
    Analysis,
    AnalysisInputs,
    CoolingModel,
    EnergyModel,
    FinancingModel,
    Params,
    WorkloadModel,
    hookimpl,
)
from twin.errors import InputError, PluginError, UsageError
from twin.tables import check, table
from twin.testing import (
    cooling_inputs,
    energy_inputs,
    financing_inputs,
    inputs_of,
    load_text,
    run_model,
    schedule,
    tiny_topology,
    workload_inputs,
)
from twin.testing.inputs import BUILDERS


class Terms(Params):
    price: float = 1.0


@pytest.mark.parametrize("months", [1, 6, 24, 40])
def test_schedule_is_its_table_and_agrees_with_the_phases(months):
    frame = check("schedule", schedule(months), "testing")
    assert frame.height == months
    inputs = financing_inputs({"deal": Terms()}, months=months)
    assert inputs.phases["it_kw"].sum() == frame["it_kw"].max()
    assert inputs.phases["share_fraction"].sum() == pytest.approx(1.0)
    assert inputs.parts["accelerators"].sum() == frame["accelerators"].max()
    assert inputs.calendar.months == months
    assert frame["hours_h"][0] == 744.0


@pytest.mark.parametrize(
    ("build", "kind"),
    [
        (financing_inputs, api.FinancingInputs),
        (cooling_inputs, api.CoolingInputs),
        (energy_inputs, api.EnergyInputs),
        (workload_inputs, api.WorkloadInputs),
    ],
)
def test_builders_give_every_frame_with_the_columns_that_the_door_promises(build, kind):
    inputs = build({"one": Terms(price=2.0)})
    assert isinstance(inputs, kind)
    assert [(entry.name, entry.params.price) for entry in inputs.entries] == [("one", 2.0)]
    for field in fields(kind):
        value = getattr(inputs, field.name)
        if isinstance(value, pl.DataFrame):
            assert value.columns == promised(kind, field.name), field.name
            if field.name not in {"cashflow", "debt", "depreciation", "dispatch", "weather"}:
                assert value.height


def promised(kind, name):
    """Columns that the docstring of `kind` lists for a frame, or those of the table that it names."""
    text = re.search(rf"^ +{name}: (.*?)(?=^ +\w+: |\Z)", kind.__doc__, re.DOTALL | re.MULTILINE)[1]
    listed = [re.sub(r"\s+", " ", quoted).split(", ") for quoted in re.findall(r"`([^`]+)`", text)]
    return next((names for names in listed if len(names) > 1), None) or list(table(listed[0][0]).names)


def test_workload_inputs_built_without_interruptions_have_none():
    full = workload_inputs({"one": Terms()})
    bare = api.WorkloadInputs(full.entries, full.calendar, full.schedule, full.compute)
    assert bare.interruptions.is_empty()
    assert bare.interruptions.schema == full.interruptions.schema


def test_inputs_of_a_model_of_any_kind():
    for kind, build in BUILDERS.items():
        model = kind("mine", "Mine.", Terms, dict)
        inputs = inputs_of(model, {"one": {"price": 2.0}})
        assert type(inputs) is type(build({"one": Terms(price=2.0)}))
        assert [(entry.name, entry.params) for entry in inputs.entries] == [("one", Terms(price=2.0))]
    with pytest.raises(UsageError, match="'a' is an analysis"):
        inputs_of(Analysis("a", "A.", Terms, dict), {})


def test_a_frame_may_be_replaced_and_a_wrong_name_is_told():
    mine = pl.DataFrame({"x": [1]})
    assert financing_inputs({"a": Terms()}, debt=mine).debt is mine
    assert energy_inputs({"a": Terms()}, load=mine).load is mine
    with pytest.raises(UsageError, match=r"no input 'dept'; one of: discount_per_year, parties"):
        financing_inputs({"a": Terms()}, dept=mine)


def good(kind):
    name = {CoolingModel: "energy", EnergyModel: "energy_cost", FinancingModel: "cashflow", WorkloadModel: "goodput"}[
        kind
    ]
    return kind("mine", "Mine.", Terms, lambda _inputs: {name: table(name).empty()}), name


@pytest.mark.parametrize("kind", [CoolingModel, EnergyModel, FinancingModel, WorkloadModel])
def test_run_model_wants_the_tables_of_its_kind(kind):
    model, name = good(kind)
    assert list(run_model(model, None)) == [name]
    other = kind("mine", "Mine.", Terms, lambda _inputs: {"capacity": table("capacity").empty()})
    with pytest.raises(
        PluginError, match=rf"model 'mine'.*table '{name}' is missing; table 'capacity' is not asked for"
    ):
        run_model(other, None)


def test_a_deal_may_return_debt_beside_its_cash():
    frames = {name: table(name).empty() for name in ("debt", "cashflow")}
    assert set(run_model(FinancingModel("loan", "A loan.", Terms, lambda _inputs: frames), None)) == {
        "cashflow",
        "debt",
    }


def test_an_analysis_returns_what_it_says():
    def run(inputs):
        return {"checks": inputs.tables["checks"]}

    inputs = AnalysisInputs({"checks": table("checks").empty()}, None, 0, Terms())
    assert list(run_model(Analysis("a", "A.", Terms, run, produces=("checks",)), inputs)) == ["checks"]
    with pytest.raises(PluginError, match="table 'checks' is not asked for"):
        run_model(Analysis("a", "A.", Terms, run), inputs)


def test_a_model_that_changes_its_mind_is_caught():
    numbers = count()

    def run(_inputs):
        rows = {name: ["x"] for name in table("checks").names} | {"ok": [True], "got": [str(next(numbers))]}
        return {"checks": table("checks").frame(rows)}

    model = Analysis("a", "A.", Terms, run, produces=("checks",))
    with pytest.raises(PluginError, match="another table 'checks' when it was called again"):
        run_model(model, None)


# --- whole topologies


DEAL = "deals: [{model: service, name: care, payer: tenant, payee: landlord, fee: $10/kW-month}]"


class Service(Params):
    payer: api.PartyRef
    payee: api.PartyRef
    fee: api.MoneyPerPowerMonth


def service(inputs):
    [entry] = inputs.entries
    terms = entry.params
    flows = inputs.schedule.select(
        "month",
        payer=pl.lit(terms.payer),
        payee=pl.lit(terms.payee),
        deal=pl.lit(entry.name),
        category=pl.lit("service_fee"),
        amount_usd=pl.col("it_kw") * terms.fee,
    )
    return {"cashflow": flows}


def plugin():
    module = ModuleType("mine")
    module.twin_financing = hookimpl(lambda: [FinancingModel("service", "A fee.", Service, service)])
    return module


def test_the_tiny_topology_loads_with_a_plugin(tmp_path):
    twin = load_text(tiny_topology(DEAL), tmp_path, plugins=[plugin()])
    assert twin.topology.groups["campus/rack"].total == 4
    [entry] = twin.topology.section("deals")
    assert entry.params.fee == 10.0
    assert twin.calendar.months == 24


def test_a_wrong_parameter_is_a_finding_with_its_line(tmp_path):
    with pytest.raises(InputError) as caught:
        load_text(tiny_topology(DEAL.replace("$10/kW-month", "10 kW")), tmp_path, plugins=[plugin()])
    [finding] = caught.value.findings
    assert finding.line == len(tiny_topology(DEAL).splitlines())
    assert "fee" in finding.path
