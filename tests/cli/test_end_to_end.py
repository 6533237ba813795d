"""The commands on the starter topology, with the real engines."""

from __future__ import annotations

import csv
import io
import json
from importlib.resources import files

import pytest

from twin.errors import EXIT_BAD_INPUT
from twin.results.results import Results


@pytest.fixture
def starter(call, tmp_path):
    assert call("init", tmp_path).status == 0
    return tmp_path / "quickstart.yaml"


def test_the_starter_is_valid(call, starter):
    done = call("validate", starter)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("ok: 9 groups, 24 instances, 4 model entries, 60 months")


@pytest.mark.parametrize("scenario", ["dear-power", "long-repair"])
def test_its_scenarios_run(call, starter, scenario):
    done = call("evaluate", starter, "--scenario", scenario)
    assert (done.status, done.err) == (0, "")
    assert f"scenario {scenario}" in done.out


def test_evaluate_shows_every_part(call, starter):
    done = call("evaluate", starter)
    assert (done.status, done.err) == (0, "")
    lines = done.out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    for title in (
        "ENERGY",
        "CAPACITY",
        "AVAILABILITY",
        "SINGLE FAILURES",
        "CASH",
        "ACCELERATOR-HOUR",
        "CHECKS",
        "ASSUMPTIONS",
    ):
        assert any(line.startswith(title) for line in lines), title


def test_capacity_answers_on_one_screen(call, starter):
    done = call("capacity", starter)
    assert done.status == 0
    lines = done.out.splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 100
    for title in ("PHASES", "WHERE IT GOES", "TIGHTEST", "NEXT TO BUY", "CHECKS"):
        assert any(line.startswith(title) for line in lines), title


def test_what_is_saved_can_be_queried(call, starter, tmp_path):
    assert call("evaluate", starter, "-o", tmp_path / "out", "--seed", 3).status == 0
    results = Results.load(tmp_path / "out")
    assert results.provenance.seed == 3
    assert results.provenance.files
    assert abs(results.party_metrics["net_usd"].sum()) < 0.005
    sql = "select sum(amount_usd) as s from cashflow where category = 'base_rent'"
    saved = call("query", tmp_path / "out", sql, "--format", "csv")
    fresh = call("query", starter, sql, "--format", "csv")
    assert saved.out == fresh.out
    # 1.1 MW at $140/kW-month for five years, 3 % up each year
    want = sum(1100 * 140 * 12 * 1.03**year for year in range(5))
    assert float(next(csv.DictReader(io.StringIO(fresh.out)))["s"]) == pytest.approx(want, rel=1e-9)


def test_a_value_can_be_set(call, starter):
    sql = "select sum(amount_usd) as s from cashflow where category = 'energy_charge'"
    plain = json.loads(call("query", starter, sql, "--format", "json").out)[0]["s"]
    dear = json.loads(
        call("query", starter, sql, "--format", "json", "--set", "energy.grid-tariff.energy=$0.14/kWh").out
    )[0]["s"]
    assert dear == pytest.approx(2 * plain)


@pytest.mark.parametrize("name", ["capacity", "failure", "energy", "cost"])
def test_every_engine_gives_its_tables(call, starter, name):
    done = call(name, starter, "--format", "json")
    assert done.status == 0
    assert all(isinstance(rows, list) for rows in json.loads(done.out).values())


def test_show_says_where_a_number_comes_from(call, starter):
    done = call("show", starter, "rack-room/rack[3]")
    assert done.status == 0
    for words in ("rack, one of 8", "132 kW", "catalogue twin-hardware", "quickstart.yaml:29", "2N asserted"):
        assert words in done.out


def test_a_broken_file_gives_findings_and_nothing_else(call, starter):
    starter.write_text(starter.read_text().replace("1.5 MW", "1.5 MQ").replace("cdu[3]", "cdu[0]"))
    for name in ("validate", "evaluate", "show"):
        done = call(name, starter)
        assert (done.status, done.out) == (EXIT_BAD_INPUT, "")
        assert "quickstart.yaml:10:" in done.err
        assert "errors found; nothing was run" in done.err
        assert "Traceback" not in done.err


def test_simulate_takes_its_options_and_can_be_repeated(call, starter):
    options = ("--samples", "5000", "--histories", "20", "--years", "2", "--biasing", "--seed", "4")
    once, again = (call("simulate", starter, *options) for _ in range(2))
    assert (once.status, once.err) == (0, "")
    assert once.out == again.out
    lines = once.out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 100
    assert "seed 4 · 40 years lived through" in lines[0]
    assert "states, biased" in once.out
    assert any(line.startswith("OUTAGES") for line in lines)


def test_simulate_refuses_what_cannot_be(call, starter):
    for option, value, said in (("half-width", "wide", "not a quantity"), ("histories", "-1", "below 0")):
        wrong = call("simulate", starter, f"--{option}", value)
        assert (wrong.status, wrong.out) == (EXIT_BAD_INPUT, "")
        assert f"--{option}: " in wrong.err
        assert said in wrong.err


def test_simulate_gives_its_table(call, starter):
    done = call("simulate", starter, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert {row["method"] for row in rows} == {"steady", "sequential"}


def test_diff_of_two_files_and_of_what_they_give(call, tmp_path):
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    text = files("twin.cli").joinpath("starter.yaml").read_text()
    one.write_text(text)
    other.write_text(text.replace("rack[8]", "rack[9]"))
    assert call("diff", one, one).err.endswith("no difference\n")
    stated = call("diff", one, other)
    assert stated.status == 0
    assert "instances" in stated.out
    given = call("diff", one, other, "--table", "site_capacity", "--format", "csv")
    assert "site_capacity" in given.out
    assert "demand_kw" in given.out
    assert call("evaluate", one, "-o", tmp_path / "results").status == 0
    again = call("diff", tmp_path / "results", one)
    assert again.err.endswith("no difference\n")
