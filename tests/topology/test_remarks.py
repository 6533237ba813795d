"""What is right in form and perhaps not meant gets a remark with its line; what is meant gets none."""

from __future__ import annotations

from pathlib import Path

import pytest
from topology.fakes import findings

from twin.evaluate import load
from twin.topology.remarks import remarks

HALL = """\
twin: 1
parties: {lab: {role: tenant}}
sites:
  hall:
    tenant: lab
    contains:
      grid: {kind: utility, capacity: 5 MW}
      genset[2]: {kind: genset, capacity: 2 MW}
      chiller[2]: {kind: chiller, capacity: 3 MW, cop: 4, power: {from: [grid, genset]}}
      cdu[3]: {kind: cdu, capacity: 2 MW, power: {from: grid}, cooling: {from: chiller}}
      wall[3]: {kind: fan-wall, capacity: 2 MW, power: {from: grid}, cooling: {from: chiller}}
      rack[5]: {kind: rack, load: 90 kW, liquid_fraction: 85 %, power: grid, cooling: [{from: cdu}, {from: wall}]}
"""
TOPOLOGIES = sorted((Path(__file__).parents[2] / "topologies").glob("*.yaml"))

RULES = {
    "idle": ("[grid, genset]", "grid", 8, "hall/genset", "genset that feeds nobody"),
    "chip": (
        "{kind: rack, load: 90 kW,",
        "{kind: accelerator, load: 1 kW,",
        12,
        "hall/rack",
        "one accelerator, and 5 stand",
    ),
    "air": ("[{from: cdu}, {from: wall}]", "{from: cdu}", 12, "hall/rack", "15 % of its heat goes to air"),
    "no cop": ("cop: 4, ", "", 9, "hall/chiller", "draws no electricity"),
    "role": ("role: tenant", "role: renter", 2, "parties.lab.role", "none of the usual roles"),
}


def said(folder, text):
    (folder / "x.yaml").write_text(text)
    return remarks(load(folder / "x.yaml").topology)


def test_what_is_meant_gets_none(tmp_path):
    assert said(tmp_path, HALL) == ()


@pytest.mark.parametrize(("old", "new", "line", "path", "message"), RULES.values(), ids=RULES)
def test_each_rule_names_its_line(tmp_path, old, new, line, path, message):
    assert old in HALL
    found = {(one.line, one.path): one for one in said(tmp_path, HALL.replace(old, new))}
    assert message in found[line, path].message
    assert found[line, path].expected


def test_a_model_of_cooling_says_what_a_chiller_draws(tmp_path):
    modelled = HALL.replace("cop: 4, ", "") + "cooling: [{model: constant-pue, pue: 1.2}]\n"
    assert said(tmp_path, modelled) == ()


def test_a_plant_that_nobody_is_wired_to_is_no_remark(tmp_path):
    bare = "twin: 1\nsites:\n  a:\n    contains:\n      genset[9]: {kind: genset, capacity: 1 MW}\n"
    assert said(tmp_path, bare) == ()


@pytest.mark.parametrize("path", TOPOLOGIES, ids=lambda path: path.stem)
def test_the_topologies_that_ship_get_none(path):
    assert remarks(load(path).topology) == ()


@pytest.mark.parametrize("key", ["tenant", "operator"])
def test_who_has_a_place_is_a_party(tmp_path, key):
    (one,) = findings(tmp_path, HALL.replace("tenant: lab\n", f"{key}: labb\n"))
    assert (one.line, one.path, one.message) == (5, f"sites.hall.{key}", "there is no party 'labb'")
    assert "did you mean 'lab'" in one.expected


def test_without_parties_any_name_has_a_place(tmp_path):
    assert (
        said(tmp_path, HALL.replace("parties: {lab: {role: tenant}}\n", "").replace("tenant: lab", "tenant: x")) == ()
    )
