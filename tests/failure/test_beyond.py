"""What the exact answer leaves out is named, on its screen too, and how much of a loss its rows explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import twin
from twin.report.failure import lines

if TYPE_CHECKING:
    from pathlib import Path

    from twin.results.results import Results

FILE = """
twin: 1
name: s
calendar: {{start: 2027-01-01, months: 12}}
sites:
  s:
    contains:
      grid: {{kind: utility, capacity: 1 MW, mtbf: 1e12 h, mttr: 1 h}}
      ups[2]: {{kind: ups, capacity: 1 MW, mtbf: 5000 h, mttr: 50 h, power: grid{ups}}}
      rack[4]: {{kind: rack, load: 100 kW, power: {{from: ups, need: 1}}}}
"""


def run(tmp_path: Path, ups: str) -> Results:
    path = tmp_path / "s.yaml"
    path.write_text(FILE.format(ups=ups))
    return twin.load(path).failure()


def screen(results: Results) -> str:
    return " ".join(" ".join(line.plain for line in lines(results, 200)).split())


def test_what_is_left_out_is_named(tmp_path):
    results = run(tmp_path, ", runtime: 24 h")
    [row] = results["checks"].filter(check="exact_leaves_out").rows(named=True)
    assert (row["ok"], row["got"]) == (True, "runtime")
    assert "runtime of s/ups" in row["message"]
    assert "exact but for what is said below" in screen(results)
    assert row["message"] in screen(results)


def test_where_nothing_is_left_out_everything_is_exact(tmp_path):
    results = run(tmp_path, "")
    assert results["checks"].filter(check="exact_leaves_out").is_empty()
    assert "everything exact" in screen(results)
    assert "explain" not in screen(results), "the pair of UPS is all of the loss"


def test_a_common_cause_is_an_event_of_its_own_and_explains_what_it_loses(tmp_path):
    """Two UPS of q = 50 / 5050: a tenth of the failures takes both, which lose 400 kW for 50 h."""
    results = run(tmp_path, ", beta: 10 %")
    assert "explain" not in screen(results)
    assert "ups[1] and 1 more at once" in screen(results)
    rate = 0.1 * 8760 / 5000
    [row] = results["contingency"].filter(event="common cause").rows(named=True)
    assert (row["elements_failed"], row["count"], row["racks_lost"], row["lost_it_kw"]) == (2, 1, 4, 400.0)
    assert row["outages_per_year"] == pytest.approx(rate / (1 + 0.1 * 50 / 5000), rel=1e-12)
    assert row["mean_outage_h"] == pytest.approx(50.0, rel=1e-12)
    [single] = results["contingency"].filter(event="failure", kind="ups").rows(named=True)
    assert single["outages_per_year"] == pytest.approx(0.9 * 8760 / (5000 + 0.9 * 50), rel=1e-12), "the others"
    whole = results["reliability"].filter(kind="site")["eens_kwh_per_year"][0]
    rows = results["contingency"].filter(pl.col("kind") == "ups")["expected_kwh_lost_per_year"].sum()
    assert rows == pytest.approx(whole, rel=0.02), "but for both at once"


def test_what_no_row_has_is_said(tmp_path):
    said = screen(run(tmp_path, ", start_failure: 5 %"))
    share = int(said.split("failures of one and two and common causes explain ")[1].split("%")[0])
    assert share < 20, "starts that fail are not in the rows"


def test_maintenance_and_failure_make_up_what_the_exact_engine_says(tmp_path):
    """Two UPS of q = 50 / 5050 in turns of 20 h every 1000 h: by hand 2 x 0.02 q x 8760 h x 400 kW = 1,388 kWh."""
    results = run(tmp_path, ", maintenance_interval: 1000 h, maintenance_duration: 20 h")
    rows = results["contingency"].filter(pl.col("event") == "maintenance+failure")
    by_hand = 2 * 0.02 * (50 / 5050) * 8760 * 400
    assert rows["expected_kwh_lost_per_year"].sum() == pytest.approx(by_hand, rel=1e-6)
    whole = results["reliability"].filter(kind="site")["eens_kwh_per_year"][0]
    pairs = results["contingency"].filter(pl.col("kind") == "ups")["expected_kwh_lost_per_year"].sum()
    assert pairs == pytest.approx(whole, rel=0.05), "but for three events at once"
