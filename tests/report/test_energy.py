"""The screen of `twin energy`: one screen, at every width, and nothing left out without a word."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

import twin
from twin.report import energy, energy_year

HOUSE = Path(__file__).parents[2]
MOST = 45
"""Lines of one screen."""


@pytest.fixture(scope="module")
def river_bend():
    return twin.load(HOUSE / "topologies" / "river-bend.yaml").run("energy", "carbon", "resilience")


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_every_line_fits(river_bend, width):
    said = [line.plain for line in energy.lines(river_bend, width)]
    assert max(len(line) for line in said) <= width
    assert len(said) <= (MOST if width >= 80 else MOST + 10)
    text = "\n".join(said)
    for title in ("ENERGY by stage", "MONTHS", "BILL by line", "CARBON by method"):
        assert title in text


@pytest.mark.parametrize("name", ["river-bend", "gigawatt"])
def test_the_screens_of_the_page_are_one_screen(name):
    """The page holds what the command prints, to which tests of the docs hold it."""
    page = (HOUSE / "docs" / "explanation" / "energy.md").read_text()
    shown = re.search(rf"```sh\ntwin energy topologies/{name}\.yaml\n```\n\n```text\n(.*?)```", page, re.DOTALL)[1]
    said = shown.splitlines()
    assert len(said) <= MOST
    assert max(len(line) for line in said) <= 100
    for title in ("ENERGY by stage", "MONTHS", "BILL by line", "CARBON by method"):
        assert title in shown


def test_months_are_those_of_the_tables(river_bend):
    said = [line.plain for line in energy.months(river_bend, 100)]
    assert said[0].split() == ["MONTHS", "Dec", *energy_year._MONTHS[:11]]
    year = river_bend.energy.filter(pl.col("month") > pl.col("month").max().dt.offset_by("-12mo"))
    kwh = year.group_by("month").agg(pl.col("energy_kwh").sum()).sort("month")["energy_kwh"]
    row = next(line for line in said if line.startswith("  site GWh"))
    assert row.split()[2:] == [f"{value / 1e6:.0f}" for value in kwh]


def test_what_is_small_is_counted_and_the_option_named():
    frame = pl.DataFrame({"name": list("abcd"), "usd": [90.0, 9.5, 0.3, 0.2]})
    shown, rest = energy._told_apart(frame, pl.col("usd"), 100.0)
    assert shown["name"].to_list() == ["a", "b"]
    assert rest["usd"].sum() == pytest.approx(0.5)
    # one small row alone is told: counting it would take as many lines
    alone = energy._told_apart(frame.head(3), pl.col("usd"), 100.0)
    assert [part.height for part in alone] == [3, 0]
    assert [part.height for part in energy._told_apart(frame, pl.col("usd"), 100.0, 1)] == [1, 3]
