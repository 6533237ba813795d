from __future__ import annotations

import json

import fake_results
import pytest

from twin.errors import EXIT_BAD_INPUT


def test_a_question_to_a_topology_runs_what_it_needs_and_no_more(call, twin, file):
    done = call(
        "query", file, "select sum(amount_usd) as s from cashflow where category = 'base_rent'", "--format", "csv"
    )
    assert (done.status, done.out, done.err) == (0, "s\n250000.0\n", "")
    assert twin.ran == [(("cost",), 0)]


def test_a_question_on_the_topology_itself_runs_nothing(call, twin, file):
    done = call("query", file, "select \"group\" from groups where kind = 'ups'", "--format", "json")
    assert json.loads(done.out) == [{"group": "river-bend/hall/ups"}]
    assert twin.ran == [((), 0)]


def test_a_table_that_several_analyses_write_needs_them_all(call, twin, file):
    call("query", file, "select count(*) from checks")
    assert twin.ran == [(("capacity", "failure", "energy"), 0)]


def test_saved_results_are_asked_without_running(call, twin, tmp_path):
    fake_results.small().save(tmp_path / "out")
    done = call(
        "query",
        tmp_path / "out",
        "select scope from site_capacity where kind = 'hall' order by scope limit 1",
        "--format",
        "csv",
    )
    assert (done.status, done.out) == (0, "scope\nriver-bend/hall[1]\n")
    assert twin.ran == []


def test_saved_results_take_no_overlay(call, tmp_path):
    fake_results.small().save(tmp_path / "out")
    done = call("query", tmp_path / "out", "select 1", "--set", "a=b")
    assert done.status == EXIT_BAD_INPUT
    assert "topology file" in done.err


def test_a_folder_that_is_no_results_is_bad_input(call, tmp_path):
    assert "not a results folder" in call("query", tmp_path, "select 1").err


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select * from cashflw", "did you mean 'cashflow'?"),
        ("select amount from cashflow", "did you mean 'amount_usd'?"),
        ("delete from cashflow", "is not a query"),
    ],
)
def test_a_wrong_question_is_bad_input_and_runs_little(call, file, sql, words):
    done = call("query", file, sql)
    assert (done.status, done.out) == (EXIT_BAD_INPUT, "")
    assert words in done.err
    assert "Traceback" not in done.err


def test_an_answer_goes_to_a_file(call, file, tmp_path):
    done = call("query", file, "select party, net_usd from party_metrics order by party", "-o", tmp_path / "a.csv")
    assert (done.status, done.out) == (0, "")
    assert (tmp_path / "a.csv").read_text().splitlines()[0] == "party,net_usd"


def test_show_tables_lists_all_that_could_be_made(call, file):
    assert "site_capacity" in call("query", file, "show tables").out
