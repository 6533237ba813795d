from __future__ import annotations

import json
from importlib.resources import files
from types import SimpleNamespace

import pytest
from structure.build import Plant

from twin import tables
from twin.errors import EXIT_BAD_INPUT
from twin.loading import BROKEN, PluginInfo
from twin.structure.compile import compile_structure


def test_init_writes_the_starter_and_says_what_is_next(call, tmp_path):
    done = call("init", tmp_path / "new")
    assert (done.status, done.out) == (0, "")
    place = tmp_path / "new" / "quickstart.yaml"
    assert place.read_bytes() == files("twin.cli").joinpath("starter.yaml").read_bytes()
    assert f"twin evaluate {place}" in done.err


def test_init_overwrites_nothing(call, tmp_path):
    (tmp_path / "quickstart.yaml").write_text("mine")
    done = call("init", tmp_path)
    assert done.status == EXIT_BAD_INPUT
    assert "is there already" in done.err
    assert (tmp_path / "quickstart.yaml").read_text() == "mine"


def test_init_where_nothing_can_be_written_is_bad_input(call, tmp_path):
    (tmp_path / "file").write_text("")
    assert call("init", tmp_path / "file" / "sub").status == EXIT_BAD_INPUT


def test_the_starter_fits_on_one_screen():
    lines = files("twin.cli").joinpath("starter.yaml").read_text().splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 120


def test_tables_lists_every_table_with_its_meaning(call):
    text = " ".join(call("tables").out.split())
    for table in tables.TABLES.values():
        assert f"{table.name} {table.doc}" in text


@pytest.mark.parametrize("name", tables.TABLES)
def test_tables_shows_the_columns_of_one(call, name):
    text = " ".join(call("tables", name).out.split())
    for column in tables.table(name).columns:
        kind = {"f64": "Float64", "i64": "Int64", "u32": "UInt32", "str": "String", "bool": "Boolean", "date": "Date"}
        kind["time"] = "Datetime"
        assert f"{column.name} {kind[column.dtype]}{'?' if column.nullable else ''} {column.doc}" in text
        assert str(tables.table(name).schema()[column.name]).startswith(kind[column.dtype])


def test_an_unknown_table_names_the_nearest(call):
    done = call("tables", "cashflo")
    assert done.status == EXIT_BAD_INPUT
    assert "did you mean 'cashflow'?" in done.err


def test_plugins_lists_those_installed(call):
    rows = json.loads(call("plugins", "--format", "json").out)
    assert {row["plugin"] for row in rows} >= {"twin-hardware", "capacity", "readers"}
    assert all(row["version"] for row in rows)
    assert {row["state"] for row in rows} <= {"active", "broken", "blocked"}


def test_a_blocked_plugin_says_so(call, monkeypatch):
    monkeypatch.setenv("TWIN_DISABLE_PLUGINS", "twin-hardware")
    rows = {row["plugin"]: row for row in json.loads(call("plugins", "--format", "json").out)}
    assert rows["twin-hardware"]["state"] == "blocked"
    assert rows["twin-hardware"]["provides"] == ""


def test_validate_counts_what_there_is_and_warns_of_broken_plugins(call, twin, file):
    group = SimpleNamespace(total=1, dependencies=(), kind="site", container=True, attributes={}, rows=None)
    twin.topology = SimpleNamespace(
        groups={"a": group, "a/b": SimpleNamespace(**{**vars(group), "total": 1200})},
        entries=(object(),),
        parties={},
        section=lambda _: (),
        attribute=lambda *_: None,
        calendar=SimpleNamespace(months=12),
    )
    twin.lifted = compile_structure(Plant().done())
    twin.registry.broken = (PluginInfo("odd", "odd-package", "1.0", state=BROKEN, reason="no such module"),)
    done = call("validate", file)
    assert (done.status, done.out) == (0, "ok: 2 groups, 1,201 instances, 1 model entry, 12 months\n")
    assert "odd (odd-package 1.0)" in done.err
    assert "no such module" in done.err


def test_parts_lists_those_whose_name_or_kind_fits(call):
    rows = json.loads(call("parts", "rack", "--format", "json").out)
    assert {row["kind"] for row in rows} == {"rack"}
    named = json.loads(call("parts", "nvidia.gb200*", "--format", "json").out)
    assert {"nvidia.gb200", "nvidia.gb200-nvl72"} <= {row["part"] for row in named}
    [whole] = [row for row in named if row["part"] == "nvidia.gb200-nvl72"]
    assert (whole["load"], whole["accelerators"]) == ("132 kW", "72")
    assert "load" in whole["disputed"]


def test_parts_lists_every_figure_of_one_and_what_else_was_published(call):
    rows = json.loads(call("parts", "nvidia.gb200-nvl72", "--format", "json").out)
    loads = [row for row in rows if row["attribute"] == "load"]
    assert [row["value"] for row in loads] == ["132 kW", "150 kW", "120 kW"]
    assert "also published" not in loads[0]["note"]
    assert all(row["note"].startswith("also published") for row in loads[1:])


def test_parts_that_there_are_not_name_the_nearest(call):
    done = call("parts", "nvidia.gb200-nvl71")
    assert done.status == EXIT_BAD_INPUT
    assert "did you mean 'nvidia.gb200-nvl72'?" in done.err


def test_schema_is_written_whole_and_says_how_editors_find_it(call, tmp_path):
    done = call("schema", "-o", tmp_path / "twin.schema.json")
    assert (done.status, done.out) == (0, "")
    assert "yaml-language-server: $schema=twin.schema.json" in done.err
    written = (tmp_path / "twin.schema.json").read_text()
    assert json.loads(written) == json.loads(call("schema").out)


@pytest.mark.parametrize("command", ["validate", "evaluate"])
def test_remarks_do_not_change_the_status(call, tmp_path, command):
    file = tmp_path / "x.yaml"
    file.write_text(
        "twin: 1\nsites: {a: {contains: {grid: {kind: utility, capacity: 1 MW}, spare: {kind: genset, capacity: 1 MW}, "
        "rack: {kind: rack, load: 1 kW, power: {from: grid}}}}}\n"
    )
    done = call(command, file)
    assert done.status == 0
    assert f"REMARKS: 1 thing to look at; nothing is refused for them\n  {file}:2:" in done.err
    assert "genset that feeds nobody" in done.err
    assert "REMARKS" not in call("--quiet", command, file).err


def test_a_name_that_blocks_nothing_is_warned_of(call, monkeypatch):
    monkeypatch.setenv("TWIN_DISABLE_PLUGINS", "twin-energi, twin-hardware")
    said = call("plugins").err
    assert said.count("warning:") == 1
    assert "TWIN_DISABLE_PLUGINS names 'twin-energi', and no plugin is called so" in said
    monkeypatch.setenv("TWIN_DISABLE_PLUGINS", "*")
    assert "warning" not in call("plugins").err


def test_the_shell_completes_the_names_of_tables(call, monkeypatch):
    monkeypatch.setenv("_TWIN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "twin tables cash")
    monkeypatch.setenv("COMP_CWORD", "2")
    assert call().out.split() == ["plain,cashflow"]
