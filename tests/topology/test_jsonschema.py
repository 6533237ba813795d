"""The JSON Schema takes what the reader takes, and refuses what an editor can see is wrong."""

from __future__ import annotations

import json
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from twin.registry import registry
from twin.topology.jsonschema import json_schema
from twin.topology.shape import SHAPES

ROOT = Path(__file__).parents[2]
FILES = [*sorted((ROOT / "topologies").glob("*.yaml")), ROOT / "twin" / "cli" / "starter.yaml"]


@cache
def validator() -> Draft202012Validator:
    schema = json.loads(json.dumps(json_schema(registry()), default=str))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def plain(value: Any) -> Any:
    """As JSON has it: dates are text, also as keys."""
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def findings(text: str) -> list[str]:
    return ["/".join(map(str, each.absolute_path)) for each in validator().iter_errors(plain(yaml.safe_load(text)))]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_example_is_right(path):
    assert findings(path.read_text()) == []


SMALL = """
twin: 1
name: small
calendar: {start: 2027-01-01, months: 12}
sites:
  hall:
    contains:
      grid[2]: {kind: utility, capacity: 1 MW}
      rack[6]: {kind: rack, load: 96 kW, power: {from: grid, need: 1}}
parties: {lab: {role: tenant}}
deals:
  - {model: operating-cost, name: care, payer: lab, amount: $1M/year}
"""


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("kind: utility", "kind: utilty", "sites/hall/contains/grid[2]/kind"),
        ("load: 96 kW", "load: 96", "sites/hall/contains/rack[6]/load"),
        ("load: 96 kW", "laod: 96 kW", "sites/hall/contains/rack[6]"),
        ("need: 1", "need: one", "sites/hall/contains/rack[6]/power"),
        ("months: 12", "months: 12 months", "calendar/months"),
        ("start: 2027-01-01", "start: January", "calendar/start"),
        ("twin: 1", "twin: 2", "twin"),
        ("role: tenant", "rating: A", "parties/lab"),
        ("model: operating-cost", "model: operating-costs", "deals/0/model"),
        ("amount: $1M/year", "amuont: $1M/year", "deals/0"),
        ("name: small", "nmae: small", ""),
    ],
)
def test_what_an_editor_can_see_is_found(old, new, place):
    assert findings(SMALL) == []
    assert old in SMALL
    assert place in findings(SMALL.replace(old, new))


def test_every_key_of_the_language_has_its_meaning():
    text = json.dumps(json_schema(registry()), default=str, ensure_ascii=False)
    for shape in SHAPES:
        for key in shape.keys.values():
            if key.name != "model":
                assert json.dumps(key.doc, ensure_ascii=False) in text, (shape.name, key.name)
