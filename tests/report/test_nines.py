"""What an availability leaves out is said beside it, and such a figure has no more nines than it deserves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import twin
from twin.report import failure, summary
from twin.report.layout import percent
from twin.report.nines import caveat, never_fail
from twin.report.page.page import page

if TYPE_CHECKING:
    from pathlib import Path

    from twin.results.results import Results

ROOM = """
twin: 1
name: room
calendar: {start: 2027-01-01, months: 12}
sites:
  room:
    contains:
      grid[2]: {kind: utility, capacity: 500 kW, mtbf: 400000 h, mttr: 2 h}
      bar[2]: {kind: busway, capacity: 500 kW, BAR power: {from: grid, need: 1}}
      rack[2]: {kind: rack, load: 100 kW, accelerators: 8, mtbf: 10000000 h, mttr: 1 h, power: {from: bar, need: 1}}
"""
SAID = "ithout failure data, so taken never to fail: bar"


def run(tmp_path: Path, bar: str) -> Results:
    path = tmp_path / "room.yaml"
    path.write_text(ROOM.replace("BAR ", bar))
    return twin.load(path).evaluate()


def texts(results: Results) -> list[str]:
    """The screens as one line each, and the page."""
    screens = (summary.lines(results, 110), failure.lines(results, 110))
    return [*(" ".join(line.plain for line in each) for each in screens), page(results)]


def test_it_is_said_under_every_availability(tmp_path):
    results = run(tmp_path, "")
    assert never_fail(results) == ["room/bar"]
    for text in texts(results):
        assert SAID in text
        assert ">99.9999 %" in text or "&gt;99.9999 %" in text
        assert "99.99999" not in text.split("Assumptions</h2>")[0]
    evaluate = [line.plain for line in summary.lines(results, 110)]
    at = next(number for number, line in enumerate(evaluate) if line.startswith("AVAILABILITY"))
    ends = next(number for number, line in enumerate(evaluate) if number > at and line[:1] != " ")
    assert SAID in evaluate[ends - 1]


def test_nothing_is_said_where_everything_may_fail(tmp_path):
    results = run(tmp_path, "mtbf: 1000000 h, mttr: 2 h, ")
    assert caveat(results) == ""
    for text in texts(results):
        assert "taken never to fail" not in text
    assert ">99.9999 %" not in texts(results)[0]


@pytest.mark.parametrize(
    ("fraction", "known", "text"),
    [
        (1 - 1e-9, False, ">99.9999 %"),
        (1 - 1e-9, True, "99.99999990 %"),
        (1 - 2e-6, False, "99.99980 %"),
        (0.99, False, "99 %"),
        (1.0, False, "100 %"),
    ],
)
def test_six_nines_at_the_most(fraction, known, text):
    assert percent(fraction, known=known) == text
