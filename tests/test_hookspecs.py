"""Every hook's docstring holds a whole plugin; each is run here as it stands and asked for what it gives."""

from __future__ import annotations

import inspect
import re
from types import ModuleType
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from twin import testing, units
from twin.api import AnalysisInputs
from twin.hookspecs import RETURNS, SECTIONS, Specs
from twin.registry import Registry, registry
from twin.topology.attributes import ATTRIBUTES

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = sorted(name for name, _ in inspect.getmembers(Specs, inspect.isfunction))


def example(hook: str) -> tuple[ModuleType, Registry]:
    """The example of a hook as a module, and the registry with it."""
    doc = inspect.getdoc(getattr(Specs, hook)) or ""
    blocks = re.findall(r"```python\n(.*?)```", doc, re.DOTALL)
    assert len(blocks) == 1, f"{hook} has {len(blocks)} examples"
    module = ModuleType(f"example_of_{hook}")
    exec(compile(blocks[0], f"<{hook}>", "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - the example is ours
    return module, registry([module])


def only(known: Registry, module: ModuleType, section: str) -> Any:
    """The one model that the example provides."""
    [provided] = [p for p in known.models(section).values() if p.plugin.startswith(module.__name__)]
    return provided.model


def test_specs_and_descriptors_name_the_same_hooks():
    assert sorted(RETURNS) == HOOKS
    assert set(SECTIONS) == set(HOOKS) - {"twin_hardware", "twin_readers"}


@pytest.mark.parametrize("hook", HOOKS)
def test_example_is_accepted_and_implements_its_hook_alone(hook):
    module, known = example(hook)
    [info] = [info for info in known.plugins if info.name == module.__name__]
    assert info.state == "active"
    assert info.hooks == (hook,)
    assert len(info.provides) == 1
    assert info.provides[0].startswith(SECTIONS.get(hook, hook.removeprefix("twin_")) + "/")


def test_hardware_example_gives_a_part_of_known_attributes():
    _, known = example("twin_hardware")
    part = known.parts["acme.rack-64"]
    assert part.kind == "rack"
    assert part.figures["load"].text == "96 kW"
    assert part.figures["load"].confidence == "vendor"
    for name, figure in part.figures.items():
        assert units.parse(figure.text, ATTRIBUTES[name].dimension) > 0


def test_energy_example_bills_energy_at_its_price():
    module, known = example("twin_energy")
    inputs = testing.energy_inputs({"grid": module.Flat(price="$0.05/kWh")})
    made = testing.run_model(only(known, module, "energy"), inputs)
    bill = made["energy_cost"]
    assert made["prices"].height == inputs.hours.height
    assert made["prices"]["usd_per_kwh"].unique().to_list() == [0.05]
    assert bill["amount_usd"].sum() == pytest.approx(0.05 * inputs.load["energy_kwh"].sum())
    assert bill["payee"].unique().to_list() == ["utility"]


def test_cooling_example_gives_its_share():
    module, known = example("twin_cooling")
    inputs = testing.cooling_inputs({"dry": module.FreeCooling(overhead=0.1)})
    rows = testing.run_model(only(known, module, "cooling"), inputs)["energy"]
    assert rows["energy_kwh"].to_list() == pytest.approx((inputs.load["it_kwh"] * 0.1).to_list())


def test_financing_example_charges_the_load():
    module, known = example("twin_financing")
    terms = module.Service(payer="tenant", payee="landlord", fee="$10/kW-month")
    inputs = testing.financing_inputs({"care": terms}, months=12)
    flows = testing.run_model(only(known, module, "deals"), inputs)["cashflow"]
    assert flows["amount_usd"].to_list() == [5000.0] * 6 + [10000.0] * 6
    assert set(flows["deal"]) == {"care"}


def test_workload_example_counts_its_accelerators():
    module, known = example("twin_workloads")
    inputs = testing.workload_inputs({"chat": module.Serving(accelerators=0.5)})
    rows = testing.run_model(only(known, module, "workloads"), inputs)["goodput"]
    assert rows["accelerators"].to_list() == [80]
    assert rows["delivered_days"][0] > 365


@pytest.mark.parametrize(("most", "ok"), [("1 MW", True), ("999 kW", False)])
def test_analysis_example_checks_its_limit(most, ok):
    module, known = example("twin_analyses")
    inputs = AnalysisInputs({"schedule": testing.schedule()}, None, 0, module.Limit(most=most))
    checks = testing.run_model(only(known, module, "analyses"), inputs)["checks"]
    assert checks["ok"].to_list() == [ok]
    assert checks["got"].to_list() == ["1000.0 kW"]


def test_reader_example_reads_a_file(tmp_path: Path):
    _, known = example("twin_readers")
    path = tmp_path / "fleet.tsv"
    path.write_text("load\track\n10 kW\ta\n", encoding="utf-8")
    frame = known.readers[".tsv"].read(path)
    assert frame.equals(pl.DataFrame({"load": ["10 kW"], "rack": ["a"]}))
