from __future__ import annotations

import io
import json

import fake_results
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from twin.cli.run import evaluate
from twin.errors import EXIT_BAD_INPUT, EXIT_CHECK_FAILED
from twin.results.results import Results

CAPACITY = ("site_capacity", "capacity", "stranded", "upgrades", "fit", "demand")
MAIN = {"capacity": "site_capacity", "failure": "availability", "energy": "site_hours", "cost": "party_metrics"}


def test_evaluate_prints_the_summary_and_nothing_on_stderr(call, file, monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = call("evaluate", file)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("small  river-bend")
    assert "CAPACITY" in done.out
    assert "\x1b" not in done.out


def test_options_reach_the_loader_and_the_engines(call, twin, file):
    call("evaluate", file, "--scenario", "late", "--set", "a.b=1 MW", "--set", "c=d=e", "--trust", "--seed", "7")
    assert twin.loaded_with == {"path": file, "scenario": "late", "overlays": ("a.b=1 MW", "c=d=e"), "trust": True}
    assert {seed for _, seed in twin.ran} == {7}


def test_evaluate_saves_all_tables_in_a_folder_and_still_prints(call, file, tmp_path):
    done = call("evaluate", file, "-o", tmp_path / "out")
    assert done.status == 0
    assert "CAPACITY" in done.out
    assert "saved" in done.err
    assert set(Results.load(tmp_path / "out").tables) == set(fake_results.small_tables())


def test_evaluate_gives_all_tables_as_json(call, file):
    found = json.loads(call("evaluate", file, "--format", "json").out)
    assert set(found) == set(fake_results.small_tables()) - {"site_hours"}
    assert found["cashflow"][0]["amount_usd"] == 250_000
    assert found["cashflow"][0]["month"] == "2027-04-01"


def test_evaluate_as_csv_needs_a_table(call, file):
    done = call("evaluate", file, "--format", "csv")
    assert (done.status, done.out) == (EXIT_BAD_INPUT, "")
    assert "--table" in done.err
    done = call("evaluate", file, "--format", "csv", "--table", "debt")
    assert_frame_equal(
        pl.read_csv(io.StringIO(done.out))["deal"].to_frame(), fake_results.small_tables()["debt"].select("deal")
    )


def test_capacity_prints_its_screen_and_what_it_had_no_room_for(call, twin, file, monkeypatch):
    done = call("capacity", file)
    assert done.status == 0
    assert done.err == (
        "too narrow for DEMAND: wanted in the end, first; NEXT TO BUY: accelerators, $/kW. "
        "COLUMNS=117 shows more, --table NAME all of a table\n"
    )
    assert call("--quiet", "capacity", file).err == ""
    monkeypatch.setenv("COLUMNS", "117")
    wide = call("capacity", file)
    assert (wide.err, "wanted in the end" in wide.out) == ("", True)
    twin.ran = twin.ran[:1]
    assert twin.ran == [(("capacity", "upgrades"), 0)]
    assert done.out.startswith("small  river-bend")
    assert "NEXT TO BUY" in done.out
    assert "\x1b" not in done.out
    assert max(map(len, done.out.splitlines())) <= 100


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_folder_holds_every_table_in_the_format_asked_for(call, file, tmp_path, form):
    done = call("capacity", file, "-o", tmp_path / "all", "--format", form)
    assert done.status == 0
    names = {path.stem for path in (tmp_path / "all").glob(f"*.{form}")} - {"provenance"}
    assert {"capacity", "site_capacity", "checks"} <= names
    assert f"saved {len(names)} tables" in done.err
    # one table is one file, whatever it is called
    call("capacity", file, "-o", tmp_path / "one", "--format", form, "--table", "checks")
    assert (tmp_path / "one").is_file()


def test_a_folder_with_other_things_in_it_is_left_alone(call, file, tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    done = call("capacity", file, "-o", tmp_path, "--format", "csv")
    assert done.status == 2
    assert "not an empty folder" in done.err
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".csv"] == []


def test_capacity_saves_all_tables_in_a_folder_and_still_prints(call, file, tmp_path):
    done = call("capacity", file, "-o", tmp_path / "out")
    assert done.status == 0
    assert "NEXT TO BUY" in done.out
    assert "saved" in done.err
    assert {"site_capacity", "upgrades", "stranded"} <= set(Results.load(tmp_path / "out").tables)


def test_capacity_gives_each_of_its_tables(call, file):
    for name in CAPACITY:
        done = call("capacity", file, "--table", name, "--format", "csv")
        assert done.status == 0
        assert pl.read_csv(io.StringIO(done.out)).columns == fake_results.small_tables()[name].columns


def test_capacity_as_a_table_gives_the_frames(call, file):
    assert call("capacity", file, "--format", "table").out.startswith("site_capacity\n")


def test_failure_runs_the_work_where_there_is_some(call, twin, file):
    done = call("failure", file)
    assert (done.status, twin.ran) == (0, [(("failure",), 0)])
    assert "WHAT BREAKS IT" in done.out
    asked, run = [], twin.run
    twin.topology.section = lambda _: ("pretrain",)
    twin.run = lambda *names, seed: asked.append(names) or run("failure", seed=seed)
    assert call("failure", file).status == 0
    assert asked == [("failure", "workload")]
    assert call("failure", file, "--format", "table").out.startswith("availability\n")


def test_energy_prints_its_screen(call, twin, file):
    done = call("energy", file)
    assert (done.status, done.err) == (0, "")
    assert twin.ran == [(("energy", "carbon", "resilience"), 0)]
    assert "ENERGY by stage" in done.out
    assert "BILL by line" in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize("name", ["cost"])
def test_a_command_runs_its_analysis_and_gives_its_tables(call, twin, file, name):
    done = call(name, file)
    assert done.status == 0
    assert twin.ran == [((name,), 0)]
    assert {"energy": "energy_cost", "cost": "CASH by party"}[name] in done.out
    assert "\x1b" not in done.out


@pytest.mark.parametrize("name", MAIN)
def test_csv_gives_the_main_table_of_a_command(call, file, name):
    done = call(name, file, "--format", "csv")
    assert done.status == 0
    assert done.err.startswith(f"this is {MAIN[name]}; with --table NAME: ")
    assert pl.read_csv(io.StringIO(done.out)).columns == fake_results.small_tables()[MAIN[name]].columns


def test_other_tables_are_named_on_stderr(call, file):
    assert "cashflow (3 rows)" in call("cost", file).err


def test_parquet_on_stdout_and_in_a_file(call, file, tmp_path):
    want = fake_results.small_tables()["cashflow"]
    done = call("cost", file, "--table", "cashflow", "--format", "parquet")
    assert_frame_equal(pl.read_parquet(io.BytesIO(done.bytes)), want)
    call("cost", file, "--table", "cashflow", "-o", tmp_path / "x.parquet")
    assert_frame_equal(pl.read_parquet(tmp_path / "x.parquet"), want)


def test_the_ending_of_the_file_says_the_format(call, file, tmp_path):
    done = call("capacity", file, "-o", tmp_path / "deep" / "c.csv")
    assert (done.status, done.out) == (0, "")
    assert pl.read_csv(tmp_path / "deep" / "c.csv").height == 6
    call("capacity", file, "-o", tmp_path / "c.json")
    assert set(json.loads((tmp_path / "c.json").read_text())) == {*CAPACITY, "checks"}
    call("capacity", file, "--format", "table", "-o", tmp_path / "c.txt")
    assert (tmp_path / "c.txt").read_text().startswith("site_capacity\n")


def test_a_format_against_the_ending_is_bad_usage(call, file, tmp_path):
    done = call("capacity", file, "--format", "json", "-o", tmp_path / "c.csv")
    assert done.status == EXIT_BAD_INPUT
    assert not (tmp_path / "c.csv").exists()


def test_one_table_needs_a_format_in_a_file(call, file, tmp_path):
    done = call("capacity", file, "--table", "capacity", "-o", tmp_path / "c.dat")
    assert done.status == EXIT_BAD_INPUT
    assert ".parquet" in done.err


def test_an_unknown_table_names_the_nearest(call, file):
    done = call("capacity", file, "--table", "site_capacty")
    assert done.status == EXIT_BAD_INPUT
    assert "did you mean 'site_capacity'?" in done.err


def test_rows_are_limited_in_tables_only(call, file):
    done = call("capacity", file, "--table", "site_capacity", "--rows", "2")
    assert len(done.out.splitlines()) == 4
    assert "4 more rows" in done.err
    assert len(call("capacity", file, "--format", "csv", "--rows", "2").out.splitlines()) == 7


@pytest.mark.parametrize("name", ["evaluate", "capacity", "failure"])
def test_a_failed_check_ends_with_its_status_after_the_results(call, twin, file, name):
    twin.frames["checks"] = fake_results.failed_check()
    done = call(name, file)
    assert done.status == EXIT_CHECK_FAILED
    assert done.out
    assert done.err.splitlines()[-1] == (
        "check failed: headroom: river-bend/hall[1]: got 1.06 MW, wanted at most 1 MW; "
        "the hall is over-committed; take out a rack"
    )
    assert done.err.count("check failed") == 1


def test_results_over_something_else_are_refused(call, file, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("mine")
    done = call("evaluate", file, "-o", tmp_path / "out")
    assert done.status == EXIT_BAD_INPUT
    assert "not a results folder" in done.err


def test_the_examples_of_evaluate_name_real_tables():
    assert any(".unit_cost" in line for line, _ in evaluate.examples)


@pytest.mark.parametrize("more", [(), ("--format", "csv"), ("--format", "parquet")])
@pytest.mark.parametrize("command", ["evaluate", "capacity", "cost"])
def test_a_place_that_is_taken_is_refused_before_the_run(call, file, twin, command, more):
    place = file.parent / "taken"
    place.write_text("mine")
    done = call(command, file, "-o", place, *more)
    assert done.status == EXIT_BAD_INPUT
    assert "is there and is not" in done.err
    assert (done.out, twin.ran, twin.loaded_with) == ("", [], {})
    assert place.read_text() == "mine"
