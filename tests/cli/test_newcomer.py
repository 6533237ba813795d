"""What a newcomer does wrong at the door, and what is said of it."""

from __future__ import annotations

import pytest

from twin.errors import EXIT_BAD_INPUT
from twin.scenario.measure import target


@pytest.fixture
def starter(call, tmp_path):
    assert call("init", tmp_path).status == 0
    return tmp_path / "quickstart.yaml"


def said(call, *args):
    done = call(*args)
    assert (done.status, done.out) == (EXIT_BAD_INPUT, "")
    return done.err


@pytest.mark.parametrize("command", [["validate"], ["evaluate"], ["import", "open-psa"], ["diff"]])
def test_a_file_that_is_not_there_names_the_nearest(call, starter, command):
    args = [*command, starter.with_name("quikstart.yaml"), *([starter] if command == ["diff"] else [])]
    assert "did you mean 'quickstart.yaml'?" in said(call, *args)
    assert "'twin init' writes a topology to start from" in said(call, *command, "nowhere/x.yaml", *args[2:])


def test_a_folder_is_no_topology(call, starter, tmp_path):
    assert "is a folder; name a file" in said(call, "evaluate", tmp_path)
    assert call("evaluate", starter, "-o", tmp_path / "out").status == 0
    assert "holds results, which 'twin query' and 'twin diff' read" in said(call, "evaluate", tmp_path / "out")
    text = said(call, "query", tmp_path, "select 1")
    assert "is not a results folder: it has no provenance.json; 'twin evaluate FILE -o FOLDER' makes one" in text


def test_a_table_or_part_that_is_not_there_names_the_nearest(call, starter):
    text = said(call, "query", starter, "select * from cashflw")
    assert "did you mean 'cashflow'?" in text
    assert "'twin tables' lists them" in text
    assert "'twin parts' lists them" in said(call, "parts", "foo")


@pytest.mark.parametrize("kind", ["tariff", "gpu-price"])
def test_a_change_in_price_needs_its_percent(call, starter, kind):
    assert "is a change without its '%'; write it as" in said(call, "cost", starter, "--shock", f"{kind}=+20")


def test_no_histories_are_no_histories(call, starter):
    rows = call("simulate", starter, "--histories", "0", "--samples", "100", "--format", "csv").out
    assert "steady" in rows
    assert "sequential" not in rows
    assert "--years: below 1 (got 0)" in said(call, "simulate", starter, "--years", "0")


def solve(call, starter, path, target):
    return call("solve", starter, "--vary", path, "--target", target)


def test_a_setting_that_nothing_depends_on_is_said_so(call, starter):
    done = solve(call, starter, "rack-room/rack.mass", "npv(owner)=$9M")
    assert done.status == EXIT_BAD_INPUT
    assert "is $7.95911M whatever 'rack-room/rack.mass' is between" in done.err
    assert "vary something that it depends on" in done.err


def test_a_setting_that_is_misspelt_names_the_nearest(call, starter):
    done = solve(call, starter, "deals.lese.rent", "npv(owner)=$9M")
    assert "did you mean 'deals.lease.rent'? or say where to look with --between LOW HIGH" in done.err


def test_a_rest_of_dollars_is_none():
    aim = target("npv(owner)=$1")
    assert (aim.show(0.0003), aim.show(-0.0003), aim.show(0.01)) == ("$0", "$0", "$0.01")


def test_a_seed_is_not_negative(call, starter):
    assert "-1 is not in the range x>=0" in said(call, "simulate", starter, "--seed", "-1")
