"""What cannot be written as asked is refused before anything is run."""

from __future__ import annotations

import os

import pytest

from twin.cli.common import Output
from twin.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED


@pytest.fixture
def refused(call, twin, file):
    """Call a command that must not run; gives what it says."""

    def call_it(command, *args):
        done = call(command, file, *args)
        assert (done.status, done.out, twin.ran) == (EXIT_BAD_INPUT, "", [])
        return done.err

    return call_it


def test_all_tables_do_not_go_into_one_file(refused, tmp_path):
    for args in (["-o", tmp_path / "f.csv", "--format", "csv"], ["-o", tmp_path / "f.parquet"], ["--format", "csv"]):
        said = refused("evaluate", *args)
        assert "holds one table: name it with --table, or give all with -o FOLDER --format" in said


@pytest.mark.parametrize("command", ["evaluate", "capacity", "failure", "energy", "cost"])
def test_an_ending_that_is_no_format(refused, tmp_path, command):
    said = refused(command, "-o", tmp_path / "out.xlsx")
    assert "'.xlsx' is not a format; end it in .csv, .json or .parquet, or give --format" in said
    assert "leave the ending out for a folder" in said
    assert "folder" not in refused(command, "-o", tmp_path / "out.xlsx", "--table", "debt").replace(str(tmp_path), "")


def test_one_table_needs_a_format(refused, tmp_path):
    assert "it does not say a format" in refused("cost", "-o", tmp_path / "out", "--table", "debt")


@pytest.mark.parametrize("command", ["evaluate", "capacity"])
def test_a_table_that_there_will_not_be(refused, command):
    said = refused(command, "--table", "cashflo" if command == "evaluate" else "cashflow")
    assert ("did you mean 'cashflow'?" in said) == (command == "evaluate")
    assert "these results have no table" in said


@pytest.mark.parametrize("inside", ["f.csv", "deeper/f.csv", "folder"])
def test_a_place_below_a_file_cannot_be_written(refused, tmp_path, inside):
    (tmp_path / "plain").write_text("")
    said = refused("capacity", "-o", tmp_path / "plain" / inside)
    assert f"cannot write '{tmp_path / 'plain' / inside}': Not a directory" in said


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(refused, tmp_path):
    tmp_path.chmod(0o500)
    assert "Permission denied" in refused("capacity", "-o", tmp_path / "f.csv")


def test_neither_a_folder_nor_a_device_is_replaced(refused, tmp_path):
    (tmp_path / "there.csv").mkdir()
    assert "is a folder; name a file in it" in refused("capacity", "-o", tmp_path / "there.csv", "--format", "csv")
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    assert "leave -o out and redirect with >" in refused("capacity", "-o", pipe)
    assert pipe.is_fifo()


def test_a_query_and_a_list_refuse_as_well(call, twin, file, tmp_path):
    for command in (["query", file, "select * from debt"], ["parts"], ["plugins"]):
        done = call(*command, "-o", tmp_path / "out.txt")
        assert (done.status, done.out) == (EXIT_BAD_INPUT, "")
        assert "'.txt' is not a format; end it in .csv, .json or .parquet, or give --format\n" in done.err
    assert twin.ran == []
    assert call("parts", "rack", "-o", tmp_path / "out.txt", "--format", "csv").status == 0


def test_a_report_is_html(call, file, twin, tmp_path):
    done = call("report", file, "-o", tmp_path / "page.pdf")
    assert (done.status, twin.ran) == (EXIT_BAD_INPUT, [])
    assert "a report is a page of HTML; end it in .html" in done.err


def test_a_version_is_no_ending(tmp_path):
    assert Output(None, tmp_path / "v1.2", None, 0).folder
    assert Output("csv", tmp_path / "v1.2", None, 0).folder
    assert not Output(None, tmp_path / "v1.xlsx", None, 0).folder
    (tmp_path / "v1.base").mkdir()
    assert Output(None, tmp_path / "v1.base", None, 0).folder
    assert not Output(None, tmp_path / "out", None, 0, several=False).folder


def test_a_query_ends_on_checks_that_fail_and_answers_all_the_same(call, tmp_path):
    call("init", tmp_path)
    over = ["--set", "components.feed.capacity=300 kW"]
    asked = "select ok from checks where not ok limit 1"
    done = call("query", tmp_path / "quickstart.yaml", asked, *over, "--format", "csv")
    assert (done.status, done.out) == (EXIT_CHECK_FAILED, "ok\nfalse\n")
    assert done.err.startswith("check failed: ")
    rows = call("query", tmp_path / "quickstart.yaml", "select count(*) as n from groups", *over, "--format", "csv")
    assert (rows.status, rows.err) == (0, ""), "nothing is run for the groups"
    assert call("evaluate", tmp_path / "quickstart.yaml", *over, "-o", tmp_path / "out").status == EXIT_CHECK_FAILED
    assert call("query", tmp_path / "out", asked).status == 0, "saved results are read as they are"
