"""What is renamed in the door goes on working for a minor version, and says whose plugin has to change."""

from __future__ import annotations

import importlib
import json
import sys
import warnings

import pytest

import twin
from twin import api, loading
from twin import registry as twin_registry
from twin.api import FinancingModel, Part, TwinDeprecationWarning, deprecation, hookimpl
from twin.api.deprecation import Deprecated
from twin.cli.main import run
from twin.conformance.kit import conform
from twin.hookspecs import RETURNS, Specs, hookspec
from twin.loading import load_module
from twin.registry import registry
from twin.testing import financing_inputs

OLD = """
from twin.api import Catalogue, Piece, hookimpl

PIECE = Piece("old.rack", kind="rack", source="a sheet", confidence="vendor", attributes={"load": "5 kW"})


@hookimpl
def twin_hardware():
    return [Catalogue("old", "Racks.", parts=(PIECE,))]
"""
SAYS = "acme_old uses twin.api.Piece, which is deprecated since twin 0.1 and gone in 0.3; use Part"


@pytest.fixture
def renamed(monkeypatch):
    """The door as if `Part` had been `Piece` and some fields had had other names."""
    for old, use in (("Piece", "Part"), ("FinancingInputs.ledger", "cashflow"), ("Part.origin", "source")):
        monkeypatch.setitem(deprecation.NAMES, old, Deprecated(use, "0.1", "0.3"))
    monkeypatch.setitem(deprecation.NAMES, "LIMIT", Deprecated("", "0.1", "0.3", 42))


@pytest.fixture
def installed(tmp_path, monkeypatch, renamed):  # noqa: ARG001 - the plugin uses an old name
    """A distribution `acme-old` whose plugin uses an old name, as pip would have left it."""
    (tmp_path / "acme_old.py").write_text(OLD)
    about = tmp_path / "acme_old-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-old\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[twin]\nacme-old = acme_old\n")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    caches = (twin_registry._installed, twin_registry._default)
    for cache in caches:
        cache.cache_clear()
    yield tmp_path
    sys.modules.pop("acme_old", None)
    for cache in caches:
        cache.cache_clear()


@pytest.mark.filterwarnings("ignore::twin.api.TwinDeprecationWarning")
def test_an_old_name_from_the_import_to_the_list_of_plugins(installed, capsys):
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        assert run(["plugins", "--format", "json"]) == 0
    [row] = [row for row in json.loads(capsys.readouterr().out) if row["plugin"] == "acme-old"]
    assert (row["state"], row["reason"]) == ("active", SAYS)
    assert row["provides"] == "hardware/old"
    [warning] = [each for each in given if each.category is TwinDeprecationWarning]
    assert str(warning.message) == SAYS
    assert warning.filename == str(installed / "acme_old.py")
    assert warning.lineno == 2


@pytest.mark.usefixtures("installed")
def test_where_warnings_are_errors_it_is_one_of_the_plugin():
    [loaded] = [each for each in loading.load_installed() if each.info.name == "acme-old"]
    assert loaded.info.state == loading.BROKEN
    assert SAYS in loaded.info.reason


@pytest.mark.filterwarnings("ignore::twin.api.TwinDeprecationWarning")
@pytest.mark.usefixtures("installed")
def test_the_check_of_a_plugin_fails_for_an_old_name():
    [loaded] = [each for each in loading.load_installed() if each.info.name == "acme-old"]
    found = {row["check"]: row for row in conform(loaded, registry()).iter_rows(named=True)}
    row = found["uses nothing that is to go away"]
    assert (row["ok"], row["got"]) == (False, SAYS)


@pytest.mark.usefixtures("renamed")
def test_an_old_name_is_what_took_its_place():
    with pytest.warns(TwinDeprecationWarning, match=f"^{__name__} uses twin.api.Piece"):
        assert api.Piece is Part
    with pytest.warns(TwinDeprecationWarning, match="nothing takes its place"):
        assert api.LIMIT == 42
    with pytest.raises(AttributeError, match=r"module 'twin\.api' has no attribute 'Price'"):
        _ = api.Price


@pytest.mark.usefixtures("renamed")
def test_an_old_field_is_read_and_given():
    inputs = financing_inputs({})
    with pytest.warns(TwinDeprecationWarning, match=f"{__name__} uses FinancingInputs.ledger.* use cashflow"):
        assert inputs.ledger is inputs.cashflow
    with pytest.warns(TwinDeprecationWarning, match=r"Part\.origin"):
        part = Part("a.b", "rack", origin="a sheet")
    assert part == Part("a.b", "rack", source="a sheet")
    with pytest.raises(AttributeError, match="'FinancingInputs' object has no attribute 'leger'"):
        _ = inputs.leger
    with pytest.raises(TypeError, match="unexpected keyword argument 'sauce'"):
        Part("a.b", "rack", sauce="a sheet")


def test_a_descriptor_of_a_later_door_says_so_before_its_fields_do():
    with pytest.raises(api.PluginError, match="with 'currency' wants version 2 of the door and this twin has 1"):
        FinancingModel("fee", "A fee.", api.Params, dict, currency="EUR", api=2)


@pytest.mark.filterwarnings("ignore::twin.api.TwinDeprecationWarning")
def test_a_hook_that_is_to_go_away(monkeypatch):
    class Older(Specs):
        @hookspec(warn_on_impl=deprecation.of_hook("twin_racks", Deprecated("twin_hardware", "0.1", "0.3")))
        def twin_racks(self):
            raise NotImplementedError

    class Plugin:
        @hookimpl
        def twin_racks(self):
            return [api.Catalogue("old", "Racks.")]

    monkeypatch.setattr(loading, "Specs", Older)
    monkeypatch.setattr(loading, "RETURNS", {**RETURNS, "twin_racks": (api.Catalogue,)})
    with pytest.warns(TwinDeprecationWarning):
        info = load_module(Plugin()).info
    assert info.state == loading.ACTIVE
    assert info.outdated == (
        "a plugin uses the hook twin_racks, which is deprecated since twin 0.1 and gone in 0.3; use twin_hardware",
    )


@pytest.mark.parametrize(
    ("asked", "right"),
    [("FinancingModl", "did you mean 'FinancingModel'?"), ("Xylophone", "a later twin may have it")],
)
def test_a_name_that_the_door_has_not(asked, right, tmp_path, monkeypatch):
    (tmp_path / "acme_new.py").write_text(f"from twin.api import {asked}\n")
    monkeypatch.syspath_prepend(tmp_path)
    loaded = loading._load(loading.PluginInfo("n", "d", "1"), lambda: importlib.import_module("acme_new"), {})
    assert loaded.info.state == loading.BROKEN
    assert loaded.info.reason.endswith(right)


def test_the_promise_is_kept():
    assert list(deprecation.wrong(deprecation.NAMES, twin.__version__)) == []


@pytest.mark.parametrize(
    ("old", "entry", "what"),
    [
        ("A", Deprecated("Part", "0.4", "0.4.5"), "without a minor version of warning"),
        ("A", Deprecated("Part", "0.2", "0.3"), "remove it"),
        ("A", Deprecated("Pert", "0.2", "0.4"), "which is not there"),
        ("Part.a", Deprecated("sauce", "0.2", "0.4"), "which is not there"),
    ],
)
def test_a_broken_promise_is_found(old, entry, what):
    [found] = deprecation.wrong({old: entry}, "0.3.1")
    assert what in found
    assert (
        list(
            deprecation.wrong(
                {"A": Deprecated("Part", "0.3", "0.4"), "Part.a": Deprecated("source", "0.3", "1.0")}, "0.3.1"
            )
        )
        == []
    )
