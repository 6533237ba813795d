"""Hardware models in a file: what a wrong model does, and that each runs once."""

from __future__ import annotations

from types import SimpleNamespace

import polars as pl
import pytest

from twin.api import HardwareInputs, HardwareModel, Params, Power, hookimpl
from twin.errors import InputError, PluginError
from twin.testing import load_text

FILE = """\
twin: 1
components:
  one: {model: host, each: 2 kW}
  two: {model: host, each: 3 kW, kind: rack, accelerators: 4}
  idle: {model: host, each: 1 kW}
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 1 MW}
      server[2]: {use: one, power: grid}
      rack: {use: two, power: grid}
"""


class Host(Params):
    each: Power


def plugin(run, **given):
    return SimpleNamespace(
        twin_hardware=_hook(lambda: [HardwareModel("host", "A host.", Host, run, kind="server", **given)]),
        __name__="hosts",
    )


def _hook(function):
    return hookimpl(function, specname="twin_hardware")


def figures(rows):
    return {"figures": pl.DataFrame(rows, schema=["component", "attribute", "value", "note"], orient="row")}


def loads(inputs: HardwareInputs):
    return figures([(entry.name, "load", f"{entry.params.each} kW", "stated") for entry in inputs.entries])


def load(tmp_path, run=loads, text=FILE):
    return load_text(text, tmp_path, plugins=[plugin(run)])


def test_a_model_runs_once_for_all_components_used_or_not(tmp_path):
    calls = []

    def run(inputs):
        calls.append([entry.name for entry in inputs.entries])
        return loads(inputs)

    groups = load(tmp_path, run).topology.groups
    assert calls == [["one", "two", "idle"]]
    assert (groups["s/server"].kind, groups["s/rack"].kind) == ("server", "rack")
    value = groups["s/rack"].attributes["load"]
    assert (value.value, value.origin, value.confidence, value.source) == (3.0, "model", "derived", "model host")
    assert value.where.line == 4
    assert groups["s/rack"].attributes["accelerators"].origin == "component"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("three", "load", "1 kW", "")], "returned figures of 'three', which it was not given"),
        ([("one", "load", None, "")], "column 'value' has 1 nulls"),
    ],
)
def test_what_a_model_returns_is_held_against_its_table(tmp_path, rows, message):
    frame = figures(rows)["figures"].cast(pl.String)
    with pytest.raises(PluginError, match=message) as caught:
        load(tmp_path, lambda _: {"figures": frame})
    assert "model 'host' of plugin" in str(caught.value)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("one", "laod", "1 kW", "")], "has an attribute 'laod' that there is not"),
        ([("one", "load", "1 bar", "")], "has a wrong 'load'"),
    ],
)
def test_a_wrong_figure_is_a_finding(tmp_path, rows, message):
    with pytest.raises(InputError) as caught:
        load(tmp_path, lambda _: figures(rows))
    assert message in caught.value.findings[0].message


def test_an_unknown_model_and_a_wrong_parameter_are_found_together(tmp_path):
    text = FILE.replace("{model: host, each: 2 kW}", "{model: hots, each: 2 kW}").replace("each: 1 kW", "each: 1")
    with pytest.raises(InputError) as caught:
        load(tmp_path, text=text)
    found = {finding.line: finding for finding in caught.value.findings}
    assert "there is no model 'hots' for 'components'" in found[3].message
    assert "a number without a unit" in found[5].message


def test_launch_is_a_day_only_where_it_is_an_iso_date(tmp_path):
    run = lambda _: figures([("one", "launch", "2030-05-15", ""), ("two", "launch", "2030-H2", "")])  # noqa: E731 - two words
    with pytest.raises(InputError) as caught:
        load(tmp_path, run, FILE.replace("twin: 1", "twin: 1\ncalendar: {start: 2027-01-01, months: 12}"))
    [finding] = caught.value.findings
    assert "'s/server' is in service before there is any 'one'" in finding.message
    assert "energised: 2030-06-01" in finding.expected
