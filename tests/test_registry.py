"""What plugins provide together: look-ups, defaults, clashes, and why something is missing."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import polars as pl
import pytest

from twin import registry as module
from twin.api import Catalogue, EnergyModel, FinancingModel, Params, Part, Reader, RefusedError, WorkloadModel, hookimpl
from twin.errors import PluginError
from twin.loading import Loaded, PluginInfo, load_module
from twin.registry import Provided, build, registry
from twin.tables import table


class Terms(Params):
    price: float = 1.0


def run(_inputs):
    return {"energy_cost": table("energy_cost").empty()}


def plugin(name, **hooks):
    made = ModuleType(name)
    for hook, value in hooks.items():
        setattr(made, hook, hookimpl(_hook(value)))
    return made


def _hook(value):
    return lambda: value


def loaded(name, distribution="acme", version="1.2", **hooks):
    return load_module(plugin(name, **hooks), distribution, version)


def tariff(name="flat", run=run):
    return EnergyModel(name, "A tariff.", Terms, run)


def catalogue(*parts, name="parts", **kinds):
    return Catalogue(name, "Parts.", tuple(Part(part, kind) for part, kind in parts), defaults=kinds)


def test_models_by_section_with_who_ships_them():
    known = build([loaded("a", twin_energy=[tariff()], twin_workloads=[WorkloadModel("chat", "Chat.", Terms, run)])])
    provided = known.models("energy")["flat"]
    assert (provided.plugin, provided.distribution, provided.version) == ("a (acme 1.2)", "acme", "1.2")
    assert provided.model.params is Terms
    assert set(known.models("workloads")) == {"chat"}
    assert set(known.sections) == {
        "deals",
        "energy",
        "cooling",
        "weather",
        "carbon",
        "workloads",
        "analyses",
        "components",
    }
    assert not known.models("deals")
    with pytest.raises(KeyError):
        known.models("tariffs")


def test_the_same_name_in_two_sections_is_no_clash():
    known = build([loaded("a", twin_energy=[tariff()], twin_financing=[FinancingModel("flat", "Flat.", Terms, run)])])
    assert known.models("energy")["flat"].model is not known.models("deals")["flat"].model


def test_registry_is_frozen():
    known = build([loaded("a", twin_energy=[tariff()])])
    for mapping in (known.parts, known.defaults, known.readers, known.sections, known.models("energy")):
        with pytest.raises(TypeError):
            mapping["x"] = None
    with pytest.raises(AttributeError):
        known.parts = {}


def test_parts_and_defaults_name_their_plugin():
    known = build([loaded("a", twin_hardware=[catalogue(("acme.ups", "ups"), ("acme.set", "genset"), ups="acme.ups")])])
    assert known.parts["acme.set"].plugin == "a (acme 1.2)"
    assert known.defaults["ups"] is known.parts["acme.ups"]
    assert set(known.defaults) == {"ups"}


def clash(**both):
    return [
        loaded("a", "first", "1.0", **both),
        loaded("b", "second", "2.0", **both),
        loaded("c", "third", "3.0", **both),
    ]


@pytest.mark.parametrize(
    ("both", "what"),
    [
        ({"twin_energy": [tariff()]}, "model 'flat' for 'energy:'"),
        ({"twin_hardware": [catalogue(("acme.ups", "ups"))]}, "part 'acme.ups'"),
        ({"twin_hardware": [catalogue(("acme.ups", "ups"), ups="acme.ups")]}, "default part for kind 'ups'"),
        ({"twin_hardware": [catalogue()]}, "catalogue 'parts'"),
        ({"twin_readers": [Reader("tsv", "Text.", (".tsv",), run)]}, "reader for '.tsv'"),
    ],
)
def test_a_clash_names_every_provider(both, what):
    with pytest.raises(PluginError) as caught:
        build(clash(**both))
    text = str(caught.value)
    assert f"{what} is provided by a (first 1.0) and by b (second 2.0) and by c (third 3.0)" in text
    assert "TWIN_DISABLE_PLUGINS" in text


def test_two_catalogues_of_one_plugin_clash_too():
    with pytest.raises(PluginError, match=r"part 'acme\.ups' is provided by a \(acme 1\.2\) and by a"):
        build([loaded("a", twin_hardware=[catalogue(("acme.ups", "ups"), name=n) for n in ("one", "two")])])


def test_all_clashes_are_told_at_once():
    with pytest.raises(PluginError) as caught:
        build(clash(twin_energy=[tariff("one"), tariff("two")]))
    assert "'one'" in str(caught.value)
    assert "'two'" in str(caught.value)


def row(name, state, provides=()):
    return Loaded(PluginInfo(name, "acme", "1.2", (), provides, state, f"why {name}"))


def test_explain_names_what_would_provide_it_or_else_what_might():
    known = build(
        [
            row("sure", "broken", ("energy/flat",)),
            row("dark", "broken"),
            row("off", "blocked"),
            row("parts", "broken", ("hardware/acme",)),
            row("deals", "broken", ("financing/lease",)),
        ]
    )
    assert known.explain("flat") == "plugin sure (acme 1.2) is broken: why sure"
    told = known.explain("acme.ups")
    assert [info.name for info in known.plugins if info.reason in told] == ["dark", "off", "parts"]
    assert "plugin off (acme 1.2) is blocked: why off" in told
    assert [info.name for info in known.broken] == ["sure", "dark", "parts", "deals"]
    assert build([loaded("a", twin_energy=[tariff()])]).explain("flat") == ""


def test_extra_modules_join_and_the_default_is_kept():
    assert registry() is registry()
    known = registry([plugin("mine", twin_energy=[tariff("only-here")])])
    assert known.models("energy")["only-here"].plugin == "mine (given in code)"
    assert "only-here" not in registry().models("energy")


def test_an_extra_module_that_is_installed_counts_once(monkeypatch):
    mine = plugin("mine", twin_energy=[tariff("only-here")])
    monkeypatch.setattr(module, "_installed", lambda _blocked: (load_module(mine, "acme", "1"),))
    assert registry([mine]).models("energy")["only-here"].distribution == "acme"


def test_the_environment_blocks(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "_installed", lambda blocked: seen.append(blocked) or ())
    monkeypatch.setenv("TWIN_DISABLE_PLUGINS", "a,b")
    registry([plugin("mine", twin_energy=[tariff()])])
    assert seen == [{"a", "b"}]


# --- calling a model


def call(returned, required=("energy_cost",), optional=()):
    def answer(_inputs):
        if isinstance(returned, Exception):
            raise returned
        return returned

    return Provided(tariff(run=answer), "a (acme 1.2)", "acme", "1.2").call(None, required, optional)


def test_call_gives_frames_in_the_order_of_the_table():
    empty = table("energy_cost").empty()
    got = call({"energy_cost": empty.select(reversed(empty.columns))})
    assert got["energy_cost"].columns == empty.columns
    assert set(call({"cashflow": table("cashflow").empty()}, (), ("cashflow", "debt"))) == {"cashflow"}


@pytest.mark.parametrize(
    ("returned", "what"),
    [
        ({}, "table 'energy_cost' is missing"),
        (None, "returned NoneType"),
        (pl.DataFrame(), "returned DataFrame"),
        ({"energy_cost": None}, "returned NoneType as table 'energy_cost'"),
        ({"energy_cost": table("energy_cost").empty(), "cash": 1}, "table 'cash' is not asked for"),
        ({"energy_cost": table("energy_cost").empty().drop("payer")}, "column 'payer' is missing"),
        (ZeroDivisionError("division by zero"), "failed: ZeroDivisionError: division by zero"),
    ],
)
def test_call_names_the_model_and_the_plugin(returned, what):
    with pytest.raises(PluginError) as caught:
        call(returned)
    assert what in str(caught.value)
    assert "model 'flat' of plugin a (acme 1.2)" in str(caught.value)


def test_what_a_model_refuses_passes():
    with pytest.raises(RefusedError, match="too much"):
        call(RefusedError("energy", "too much", "ask for less"))


def test_no_path_of_this_machine_in_a_part():
    known = build([loaded("a", twin_hardware=[catalogue(("acme.ups", "ups"))])])
    assert str(Path.cwd()) not in repr(known.parts["acme.ups"])
