"""Plugins are found, blocked, loaded one by one; what is wrong with one is a row with its reason."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from twin import loading
from twin.api import (
    API_VERSION,
    Analysis,
    Catalogue,
    CoolingModel,
    EnergyModel,
    FinancingModel,
    Params,
    Part,
    Reader,
    hookimpl,
)
from twin.errors import PluginError
from twin.loading import blocked_names, load_installed, load_module, load_twinfile
from twin.tables import TABLES, Table


class Terms(Params):
    price: float = 1.0


def run(_inputs):
    return {}


def plugin(name="demo", **hooks):
    """A module whose hooks return what is given, or do what is given if it can be called."""
    module = ModuleType(name)
    for hook, value in hooks.items():
        setattr(module, hook, hookimpl(_hook(value)))
    return module


def _hook(value):
    return lambda: value() if callable(value) else value


class Shipped:
    """A distribution as importlib.metadata gives it."""

    def __init__(self, name, version):
        self.metadata = {"Name": name, "Version": version}


class Entry:
    """An entry point as importlib.metadata gives it."""

    def __init__(self, name, what, distribution="acme", version="1.2"):
        self.name = name
        self.what = what
        self.dist = Shipped(distribution, version)

    def load(self):
        if isinstance(self.what, BaseException):
            raise self.what
        return self.what


@pytest.fixture
def installed(monkeypatch):
    """Install entry points: `installed(entry, ...)`."""

    def install(*entries):
        def entry_points(*, group):
            assert group == "twin"
            return entries

        monkeypatch.setattr(loading.importlib.metadata, "entry_points", entry_points)

    return install


def tariff(name="flat", **changes):
    return EnergyModel(
        name, changes.pop("doc", "A tariff."), changes.pop("params", Terms), changes.pop("run", run), **changes
    )


def test_installed_plugins_come_sorted_with_what_they_provide(installed):
    good = plugin(twin_energy=[tariff()], twin_cooling=[CoolingModel("dry", "Dry.", Terms, run)])
    installed(Entry("b", plugin(twin_energy=[tariff("other")]), "zeta"), Entry("a", good))
    first, second = load_installed()
    assert str(first.info) == "a (acme 1.2)"
    assert first.info.hooks == ("twin_cooling", "twin_energy")
    assert first.info.provides == ("cooling/dry", "energy/flat")
    assert first.info.state == "active"
    assert first.info.reason == ""
    assert second.info.distribution == "zeta"


@pytest.mark.parametrize(
    "error", [ImportError("no module named 'gone'"), SyntaxError("bad"), SystemExit(3), ZeroDivisionError()]
)
def test_one_that_does_not_import_is_a_row_and_the_others_load(installed, error):
    installed(Entry("bad", error), Entry("good", plugin(twin_energy=[tariff()])))
    bad, good = load_installed()
    assert bad.info.state == "broken"
    assert type(error).__name__ in bad.info.reason
    assert "test_loading.py" in bad.info.reason
    assert (bad.offers, bad.parts) == ((), ())
    assert good.info.state == "active"


def test_keyboard_interrupt_is_not_swallowed(installed):
    installed(Entry("bad", KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        load_installed()


@pytest.mark.parametrize("blocked", ["one", "acme"])
def test_blocked_code_is_not_imported(installed, blocked):
    installed(Entry("one", AssertionError("imported")))
    [loaded] = load_installed({blocked})
    assert loaded.info.state == "blocked"
    assert "TWIN_DISABLE_PLUGINS" in loaded.info.reason


def test_all_but_our_own_can_be_left_out(installed):
    ours = Entry("ours", plugin(twin_energy=[tariff()]), "twin")
    installed(Entry("one", AssertionError("imported")), ours)
    assert [loaded.info.state for loaded in load_installed({"*"})] == ["blocked", "active"]


def test_blocked_names_from_the_environment(monkeypatch):
    monkeypatch.setenv("TWIN_DISABLE_PLUGINS", " one, two ,,")
    assert blocked_names() == {"one", "two"}
    monkeypatch.delenv("TWIN_DISABLE_PLUGINS")
    assert blocked_names() == frozenset()


def test_one_module_behind_two_entry_points_counts_once(installed):
    same = plugin(twin_energy=[tariff()])
    installed(Entry("a", same), Entry("b", same))
    first, second = load_installed()
    assert first.info.state == "active"
    assert second.info.reason == "is the same module as plugin a (acme 1.2); remove one of the two entry points"


def test_an_entry_point_without_a_distribution(installed):
    entry = Entry("a", plugin(twin_energy=[tariff()]))
    entry.dist = None
    installed(entry)
    assert str(load_installed()[0].info) == "a (unknown)"


def limit(**changes):
    given = {"name": "limit", "doc": "A limit.", "params": Terms, "run": run, "requires": (), "produces": ("checks",)}
    return Analysis(**(given | changes))


READER = {"name": "tsv", "doc": "Text.", "suffixes": (".tsv",), "read": run}
BROKEN = {
    "no hook": ({}, "implements no hook of twin"),
    "hook misspelt": ({"twin_enery": []}, "did you mean 'twin_energy'?"),
    "hook raises": ({"twin_energy": lambda: 1 / 0}, "ZeroDivisionError"),
    "hook returns nothing": ({"twin_energy": None}, "twin_energy returned nothing"),
    "hook returns no list": ({"twin_energy": 3}, "twin_energy returned int"),
    "hook returns a string": ({"twin_energy": "grid"}, "twin_energy returned str"),
    "wrong descriptor": ({"twin_cooling": [tariff()]}, "twin_cooling returned EnergyModel; CoolingModel descriptors"),
    "not a descriptor": ({"twin_cooling": [object()]}, "twin_cooling returned object"),
    "name with capitals": ({"twin_energy": [tariff("Flat")]}, "the name is not lower-case words"),
    "name with an underscore": ({"twin_energy": [tariff("flat_rate")]}, "the name is not lower-case words"),
    "name is no text": ({"twin_energy": [tariff(None)]}, "the name is not lower-case words"),
    "no doc": ({"twin_energy": [tariff(doc=" ")]}, "doc is one line"),
    "doc of two lines": ({"twin_energy": [tariff(doc="a\nb")]}, "doc is one line"),
    "newer door": ({"twin_energy": [tariff(api=API_VERSION + 1)]}, f"wants version {API_VERSION + 1} of the door"),
    "door is no number": ({"twin_energy": [tariff(api="1")]}, "api is '1'"),
    "door is zero": ({"twin_energy": [tariff(api=0)]}, "api is 0"),
    "two of a name": ({"twin_energy": [tariff(), tariff()]}, "two descriptors called 'flat'"),
    "params is an object": ({"twin_energy": [tariff(params=Terms())]}, "not a subclass of twin.api.Params"),
    "params is no Params": ({"twin_energy": [tariff(params=dict)]}, "not a subclass of twin.api.Params"),
    "run is no function": ({"twin_energy": [tariff(run=None)]}, "run cannot be called"),
    "horizon is no function": (
        {"twin_financing": [FinancingModel("lease", "A lease.", Terms, run, horizon=3)]},
        "horizon cannot be called",
    ),
    "produces no table": ({"twin_analyses": [limit(produces=("mine",))]}, "no table 'mine'; declare it in `tables`"),
    "misspells a table": (
        {"twin_analyses": [limit(produces=("scedule",))]},
        "no table 'scedule'; did you mean 'schedule'?",
    ),
    "names a table oddly": (
        {"twin_analyses": [limit(tables=(Table("../mine", "Mine.", ()),))]},
        "'../mine' is not the name of a table",
    ),
    "declares a table of twin": (
        {"twin_analyses": [limit(tables=(TABLES["schedule"],))]},
        "the table 'schedule' is twin's own",
    ),
    "reader without suffix": (
        {"twin_readers": [Reader(**READER | {"suffixes": ()})]},
        "suffixes are file name endings",
    ),
    "suffix without dot": (
        {"twin_readers": [Reader(**READER | {"suffixes": ("tsv",)})]},
        "suffixes are file name endings",
    ),
    "reader cannot read": ({"twin_readers": [Reader(**READER | {"read": None})]}, "read cannot be called"),
    "catalogue without its file": (
        {"twin_hardware": [Catalogue("c", "Parts.", csv=loading.Path("no/such.csv"))]},
        "cannot be read",
    ),
    "default of another kind": (
        {"twin_hardware": [Catalogue("c", "Parts.", (Part("a.b", "ups"),), defaults={"genset": "a.b"})]},
        "default for kind 'genset'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_with_a_plugin_is_said(installed, case):
    hooks, reason = BROKEN[case]
    installed(
        Entry("bad", plugin(**hooks)), Entry("good", plugin(twin_cooling=[CoolingModel("dry", "Dry.", Terms, run)]))
    )
    bad, good = load_installed()
    assert bad.info.state == "broken"
    assert reason in bad.info.reason
    assert "\n" not in bad.info.reason
    assert good.info.state == "active"


def test_a_broken_plugin_still_says_what_it_would_provide(installed):
    installed(Entry("bad", plugin(twin_energy=[tariff(), tariff("Wrong")])))
    assert "energy/flat" in load_installed()[0].info.provides


def test_a_hook_with_arguments_is_refused(installed):
    module = ModuleType("demo")

    @hookimpl
    def twin_energy(config):
        return [config]

    module.twin_energy = twin_energy
    installed(Entry("bad", module))
    assert "config" in load_installed()[0].info.reason


def test_an_optional_hook_of_a_newer_twin_is_left_alone(installed):
    module = plugin(twin_energy=[tariff()])
    module.twin_future = hookimpl(optionalhook=True)(lambda: [object()])
    installed(Entry("new", module))
    assert load_installed()[0].info.hooks == ("twin_energy",)


def test_hooks_may_be_generators(installed):
    module = ModuleType("demo")

    @hookimpl
    def twin_energy():
        yield tariff("one")
        yield tariff("two")

    module.twin_energy = twin_energy
    installed(Entry("a", module))
    assert [offer.name for _, offer in load_installed()[0].offers] == ["one", "two"]


def test_the_same_hook_twice_is_refused(installed):
    module = ModuleType("demo")
    module.one = hookimpl(specname="twin_energy")(lambda: [tariff("one")])
    module.two = hookimpl(specname="twin_energy")(lambda: [tariff("two")])
    installed(Entry("bad", module))
    assert "more than once" in load_installed()[0].info.reason


def test_a_module_given_in_code_must_be_right():
    loaded = load_module(plugin("mine", twin_energy=[tariff()]))
    assert str(loaded.info) == "mine (given in code)"
    with pytest.raises(PluginError, match=r"plugin mine \(given in code\) is broken: twin_energy returned int"):
        load_module(plugin("mine", twin_energy=3))


def test_an_object_with_hooks_is_a_plugin():
    class Mine:
        @hookimpl
        def twin_energy(self):
            return [tariff()]

    assert load_module(Mine()).info.provides == ("energy/flat",)


TWINFILE = """
from __future__ import annotations
import polars as pl
from twin.api import EnergyModel, MoneyPerEnergy, Params, hookimpl

class Terms(Params):
    price: MoneyPerEnergy

def run(inputs) -> dict[str, pl.DataFrame]:
    return {}

@hookimpl
def twin_energy():
    return [EnergyModel("local", "A tariff of this folder.", Terms, run)]
"""


def test_twinfile_is_a_plugin(tmp_path):
    path = tmp_path / "twinfile.py"
    path.write_text(TWINFILE, encoding="utf-8")
    [module] = load_twinfile(path)
    loaded = load_module(module)
    assert loaded.info.distribution == "twinfile.py"
    assert loaded.info.provides == ("energy/local",)
    [(_, model)] = loaded.offers
    assert model.params(price="$0.05/kWh").price == 0.05
    assert sys.modules[module.__name__] is module


def test_no_twinfile_is_no_plugin(tmp_path):
    assert load_twinfile(tmp_path / "twinfile.py") == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [("1 / 0\n", "ZeroDivisionError"), ("def (:\n", "SyntaxError"), ("raise SystemExit", "SystemExit")],
)
def test_a_twinfile_that_does_not_run_names_the_file(tmp_path, text, what):
    path = tmp_path / "twinfile.py"
    path.write_text("\n\n" + text, encoding="utf-8")
    before = set(sys.modules)
    with pytest.raises(PluginError, match=what) as caught:
        load_twinfile(path)
    assert str(path) in str(caught.value)
    assert set(sys.modules) == before
