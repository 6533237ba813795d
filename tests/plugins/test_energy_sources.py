"""Every default of the first-party energy, cooling, weather and carbon models says where it is from."""

from __future__ import annotations

import re
from inspect import signature
from pathlib import Path

import pytest

import twin
from twin.api import Params
from twin.parameters import meaning, trust
from twin.registry import registry

TOPOLOGIES = Path(__file__).parents[2] / "topologies"
SECTIONS = ("energy", "cooling", "weather", "carbon")
NO_FIGURE = (False, True, 0, 1, "", (), {})
"""Defaults that bring no figure in: nothing, all, once, off and on; names of parties are none either."""


def figures(model, path):
    """(where, class, name) of every default that is a figure, those of groups of parameters with them."""
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True)
        if isinstance(default, Params):
            yield from figures(type(default), f"{path}.{name}")
        elif not field.is_required() and default is not None and default not in NO_FIGURE:
            yield f"{path}.{name}", model, name


def all_figures():
    known = registry()
    return [
        found
        for section in SECTIONS
        for name, provided in sorted(known.models(section).items())
        if provided.model.run.__module__.startswith("twin_energy")
        for found in figures(provided.model.params, f"{section}.{name}")
    ]


WORDS = {"payee", "carrier", "maintainer", "period"}
"""Names of parties, and which of EIA's years."""


def test_every_figure_by_default_has_a_source():
    found = [one for one in all_figures() if one[2] not in WORDS]
    assert len(found) > 80
    bare = [f"{path}: {meaning(model, name)}" for path, model, name in found if not _sourced(meaning(model, name))]
    assert bare == []


def _sourced(means):
    return re.search(r"recalled|assumed|\bread\b|Lei & Masanet|\(case 2\)", means) is not None


def test_what_is_recalled_is_unverified():
    levels = {path: trust(model, name) for path, model, name in all_figures()}
    recalled = [path for path, model, name in all_figures() if "recalled" in meaning(model, name)]
    assert {levels[path] for path in recalled} == {"unverified"}
    for path in ("energy.storage.round_trip", "energy.backup-diesel.permit", "energy.wind.turbine.shear"):
        assert levels[path] == "unverified"
    assert levels["energy.gas-turbine.heat_rate"] == "read"
    assert levels["energy.solar.array.dc_ratio"] == "assumed"
    assert levels["energy.solar.array.losses"] == "read"


def test_losses_and_inverter_are_those_of_pvlib():
    from pvlib import inverter, pvsystem  # noqa: PLC0415 - heavy

    from twin_energy.supplies.solar import Array  # noqa: PLC0415 - as above

    assert Array().losses == pytest.approx(pvsystem.pvwatts_losses() / 100, abs=5e-5)
    assert Array().inverter == signature(inverter.pvwatts).parameters["eta_inv_nom"].default


def test_the_table_of_assumptions_says_so():
    rows = twin.load(TOPOLOGIES / "gigawatt.yaml").assumptions.filter(origin="default")
    levels = {(owner, name): level for owner, name, level in rows.select("owner", "attribute", "confidence").rows()}
    assert levels["energy.battery", "round_trip"] == "unverified"
    assert levels["energy.turbines", "start_cost"] == "unverified"
    assert levels["energy.turbines", "heat_rate"] == "read"
    # a group of parameters that the file leaves out is listed one by one
    assert levels["energy.solar", "array.dc_ratio"] == "assumed"
    assert levels["energy.solar", "array.losses"] == "read"
    assert ("energy.solar", "array") not in levels
