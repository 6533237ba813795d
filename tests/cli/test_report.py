"""`twin report`: the page is written whatever the checks say, and the status is theirs."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.errors import EXIT_CHECK_FAILED

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("rating", "status"), [("1 MW", 0), ("300 kW", EXIT_CHECK_FAILED)])
def test_a_failed_check_is_told_and_ends_as_evaluate_does(call, tmp_path, rating, status):
    path = tmp_path / "hall.yaml"
    path.write_text(
        "twin: 1\nname: hall\ncalendar: {start: 2027-01-01, months: 12}\nsites:\n  s:\n    contains:\n"
        f"      grid: {{kind: utility, capacity: {rating}, mtbf: 4000 h, mttr: 3 h}}\n"
        "      rack[4]: {kind: rack, load: 130 kW, accelerators: 72, power: grid}\n"
    )
    page = tmp_path / "hall.html"
    done = call("report", path, "-o", page)
    assert done.status == status
    assert done.status == call("evaluate", path).status
    assert ("check failed: rating: s/grid" in done.err) == bool(status)
    assert ("checks fail" in page.read_text()) == bool(status)
