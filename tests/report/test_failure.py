"""The screen of `twin failure`."""

from __future__ import annotations

from pathlib import Path

import pytest

import twin
from twin.report.failure import lines
from twin.report.plant import at_once

ROOT = Path(__file__).parents[2]
ROOM = """
twin: 1
name: room
calendar: {start: 2027-01-01, months: 12}
sites:
  room:
    contains:
      grid[2]: {kind: utility, capacity: 500 kW, mtbf: 4000 h, mttr: 2 h}
      hall[2]:
        contains:
          ups[2]: {kind: ups, capacity: 400 kW, power: {from: grid, need: 1}, mtbf: 250000 h, mttr: 8 h}
          rack[2]: {kind: rack, load: 100 kW, accelerators: 8, mtbf: 1000 h, mttr: 4 h, power: {from: ups, need: 1}}
"""


def screen(path: Path, *names: str, width: int = 110) -> list[str]:
    results = twin.load(path).run(*names)
    return [line.plain for line in lines(results, width)]


def test_river_bend_answers_on_one_screen() -> None:
    said = screen(ROOT / "topologies/river-bend.yaml", "failure", "workload")
    assert len(said) <= 45
    text = "\n".join(said)
    for head in ("SUPPLY", "LOADS", "IN SERVICE", "WHAT BREAKS IT", "MATTERS", "GOODPUT pretrain", "CHECKS"):
        assert head in text
    assert "worth" in text
    assert "hall[1] and 4 alike" in text
    assert "cdu[1] and cdu[2]" in text


@pytest.mark.parametrize("width", [60, 100, 200])
def test_no_line_is_too_long(tmp_path: Path, width: int) -> None:
    (tmp_path / "room.yaml").write_text(ROOM)
    for path in (tmp_path / "room.yaml", ROOT / "topologies/river-bend.yaml"):
        assert [line for line in screen(path, "failure", width=width) if len(line) > width] == []


def test_figures_are_those_of_the_tables(tmp_path: Path) -> None:
    (tmp_path / "room.yaml").write_text(ROOM)
    results = twin.load(tmp_path / "room.yaml").failure()
    said = [line.plain for line in lines(results, 110)]
    assert said[0].startswith("room  400 kW IT · 4 racks")
    (site,) = (line for line in said if line.lstrip().startswith("room ") and "MWh/y" in line)
    row = results.reliability.filter(kind="site").row(0, named=True)
    assert f"{row['lole_h_per_year']:.3g}" in site
    assert f"{row['lolf_per_year']:.3g}" in site
    assert any("state 'analyses: {failure: {accelerator_hour_price" in line for line in said)
    (first,) = (line for line in said if "hall[1]/rack[1]" in line and "100 kW" in line)
    assert f"{results.contingency['expected_kwh_lost_per_year'][0] / 1000:.3g} MWh" in first


@pytest.mark.parametrize(
    ("event", "failed", "said"),
    [
        ("failure", 1, ""),
        ("failure+failure", 2, ""),
        ("common cause", 3, " and 2 more at once"),
        ("common cause+failure", 4, " and 2 more at once"),
        ("common cause+common cause", 5, ", of 5 at once in all,"),
    ],
)
def test_a_common_cause_says_how_many_it_takes(event, failed, said):
    assert at_once({"event": event, "elements_failed": failed}) == said
