"""What the kit finds: each fault in a plugin that is otherwise right."""

from __future__ import annotations

import importlib.util
import sys
from typing import TYPE_CHECKING

import polars as pl
import pytest

from twin.conformance.kit import _said, conform, find
from twin.conformance.larger import larger, rows
from twin.conformance.steps import steps
from twin.errors import UsageError
from twin.loading import load_installed, load_module
from twin.registry import registry
from twin.scaffold.new import new
from twin.testing import energy_inputs

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


@pytest.fixture
def check(tmp_path, monkeypatch):
    """Checks a new plugin of a kind with some of its text replaced: check -> what it got, of those that fail."""

    def run(kind: str, *changes: tuple[str, str], **given) -> dict[str, str]:
        new("acme", kind, tmp_path)
        source = tmp_path / "acme" / "src" / "acme" / "__init__.py"
        text = source.read_text()
        for old, new_ in changes:
            assert old in text
            text = text.replace(old, new_)
        source.write_text(text)
        module = imported(source, monkeypatch)
        loaded = load_module(module)
        found = conform(loaded, registry([module]), **given)
        return {row["check"]: row["got"] for row in found.filter(~pl.col("ok")).iter_rows(named=True)}

    return run


def imported(source: Path, monkeypatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("acme", source)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "acme", module)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("kind", ["energy", "financing", "analysis"])
def test_a_new_plugin_has_no_fault(check, kind):
    assert check(kind) == {}


def test_a_parameter_that_says_nothing(check):
    assert check("energy", (' = Field(description="price of a kWh")', "")) == {"parameters are documented": "price"}


def test_a_column_without_a_unit(check):
    found = check("analysis", ("left_kw", "left"))
    assert found == {"units in the names of 'acme_limits'": "left"}


def test_figures_without_a_source(check):
    found = check("hardware", ('source="where the figures were read: a data sheet, a page"', 'source=""'))
    assert found == {"figures have a source and a confidence": "acme.rack-64"}


def test_another_answer_each_time(check):
    found = check(
        "energy", ('pl.col("energy_kwh") * pl.col("price")', 'pl.col("energy_kwh") * __import__("random").random()')
    )
    assert found == {"deterministic": "energy_cost"}


def test_inputs_that_are_changed(check):
    found = check(
        "energy",
        (
            "    terms = ",
            '    inputs.load.replace_column(4, (inputs.load["energy_kwh"] * 2).alias("energy_kwh"))\n    terms = ',
        ),
    )
    assert found["inputs are left as they were"] == "load"


def test_what_a_worker_could_not_find(check):
    found = check("energy", ("Acme, run, ", "Acme, lambda inputs: run(inputs), "))
    assert "pickles" in found


def test_a_loop_over_rows(check):
    found = check(
        "energy",
        (
            "    rows = inputs.load",
            "    for row in inputs.load.iter_rows():\n        assert row\n    rows = inputs.load",
        ),
    )
    assert set(found) == {"works on columns"}
    assert float(found["works on columns"].split()[0]) > 0.5


def test_without_an_example(check, tmp_path):
    new("other", "energy", tmp_path)
    (tmp_path / "other" / "src" / "other" / "example.yaml").unlink()
    assert check("energy", example=tmp_path / "gone.yaml") == {"has an example": "no gone.yaml"}


PLAIN = """
twin: 1
name: plain
calendar: {start: 2027-01-01, months: 12}
sites: {hall: {contains: {grid: {kind: utility, capacity: 1 MW}}}}
"""


def test_an_example_that_does_not_use_it(check, tmp_path):
    path = tmp_path / "plain.yaml"
    path.write_text(PLAIN)
    assert check("energy", example=path) == {"the example uses it": "no entry"}


def test_an_example_that_is_wrong(check, tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("twin: 1\nname: wrong\nsite: {}\n")
    assert set(check("energy", example=path)) == {"the example runs"}


def test_find_names_the_nearest():
    plugins = load_installed()
    assert find(plugins, "twin-energy").info.name == "twin-energy"
    with pytest.raises(UsageError, match="did you mean 'twin-energy'"):
        find(plugins, "twin-enery")
    with pytest.raises(UsageError, match="ships several plugins"):
        find(plugins, "twin")


def test_larger_inputs_have_more_sites():
    inputs = energy_inputs({"grid": object()})
    more = larger(inputs, 3)
    assert rows(more) == 3 * rows(inputs)
    assert more.load["site"].unique().sort().to_list() == ["campus", "campus#2", "campus#3"]


def test_steps_count_lines_of_the_folder_alone(tmp_path):
    path = tmp_path / "work.py"
    path.write_text("def work(n):\n    total = 0\n    for i in range(n):\n        total += i\n    return total\n")
    space: dict[str, object] = {}
    exec(compile(path.read_text(), str(path), "exec"), space)  # noqa: S102 - three lines above
    few, many = (steps(lambda n=n: space["work"](n), tmp_path) for n in (10, 1010))
    assert many - few == 2000
    assert steps(lambda: space["work"](10), tmp_path / "elsewhere") == 0


@pytest.mark.parametrize(
    ("name", "suffix", "said"),
    [
        ("left_kw", "kw", True),
        ("kw", "kw", True),
        ("fixed_usd_each", "usd", True),
        ("versus_usd_per_pflops", "usd", True),
        ("tflops_per_w", "tflops", True),
        ("leftkw", "kw", False),
        ("usd_paid", "usd", False),
        ("good_dies", "number", False),
    ],
)
def test_where_a_name_says_its_unit(name, suffix, said):
    assert _said(name, suffix) is said


def test_a_figure_from_memory_needs_no_source_and_every_other_does(check):
    source = 'source="where the figures were read: a data sheet, a page"'
    assert check("hardware", (source, 'source=""')) == {"figures have a source and a confidence": "acme.rack-64"}


def test_a_figure_that_is_recalled_says_so(check):
    source = 'source="where the figures were read: a data sheet, a page"'
    assert check("hardware", (source, 'source=""'), ('confidence="vendor"', 'confidence="recalled"')) == {}
