from __future__ import annotations

from datetime import date

import fake_results
import pytest

from twin.report.simulation import lines
from twin.results.results import Results

MONTH = date(2027, 4, 1)


def _estimate(method: str, measure: str, unit: str, value: float | None, **other: object) -> dict[str, object]:
    known = None if value is None else 0.001
    return {
        "month": MONTH,
        "scope": "small",
        "kind": "site",
        "method": method,
        "measure": measure,
        "unit": unit,
        "value": value,
        "half_width": known,
        "standard_error": known,
        "resolution": known,
        "confidence_fraction": 0.99,
        "samples": 1000,
        "effective_samples": 1000,
        "simulated_h": None,
        "seed": 7,
        "stopped_by": "samples",
        **other,
    }


def _results(*estimates: dict[str, object], more: dict[str, list[dict[str, object]]] | None = None) -> Results:
    rows = {"simulation": list(estimates), "outage_durations": [], "uncertainty": [], "checks": [], **(more or {})}
    frames = {name: fake_results.table(name, *given) for name, given in rows.items()}
    return Results(frames, fake_results.provenance())


def _text(results: Results, width: int = 100) -> str:
    return "\n".join(line.plain.rstrip() for line in lines(results, width))


def _whole() -> Results:
    durations = [
        {"month": MONTH, "scope": "small", "kind": "site", "at_most_h": limit, "outages": seen}
        | {"outages_per_year": seen / 10, "share_fraction": seen / 4}
        for limit, seen in ((1 / 60, 1), (4.0, 3), (None, 4))
    ]
    bounds = dict.fromkeys(("stated", "median", "low", "high", "least", "most"), 0.999)
    uncertain = {"month": MONTH, "scope": "small", "kind": "site", "measure": "fed", "unit": "fraction", **bounds}
    uncertain |= {"coverage_fraction": 0.95, "confidence_fraction": 0.95, "draws": 93, "seed": 7}
    exact = {"month": MONTH, "scope": "small", "kind": "site", "event": "fed", "count": 1}
    exact |= {"availability_fraction": 0.9991, "outages_per_year": 0.5, "downtime_h_per_year": 7.9}
    exact |= {"mean_outage_h": 2.0, "served_fraction": 0.998}
    named = {"check": "simulation_beyond_exact", "scope": "small", "ok": True, "got": "runtime", "wanted": "x"}
    named |= {"message": "the exact availability leaves out runtime of small/ups"}
    return _results(
        _estimate("steady", "fed", "fraction", 0.999),
        _estimate("biased", "fed", "fraction", 0.999, effective_samples=5_000_000),
        _estimate("steady", "at_least_90_%", "fraction", 0.9995),
        _estimate("sequential", "unserved", "kWh/year", 1234.5, simulated_h=87_600.0),
        _estimate("sequential", "outages", "1/year", 0.5, simulated_h=87_600.0),
        _estimate("sequential", "mean_outage", "h", None, simulated_h=87_600.0),
        more={"outage_durations": durations, "uncertainty": [uncertain], "availability": [exact], "checks": [named]},
    )


SCREEN = """\
small  in service in 2027-04 · seed 7 · 10 years lived through
SMALL                  by              estimate  ± at 0.99     exact  samples  as good as
  all supplied         states           99.90 %      0.1 %  99.910 %    1,000       1,000
  all supplied         states, biased   99.90 %      0.1 %  99.910 %    1,000   5,000,000
  at least 90 % of it  states          99.950 %      0.1 %         -    1,000       1,000
  energy lost a year   histories       1.23 MWh  0.001 kWh         -    1,000       1,000
  outages a year       histories            0.5      0.001       0.5    1,000       1,000
OUTAGES  seen  a year  ≤ 1 min  ≤ 4 h
  small     4     0.4      25%    75%
RATES UNCERTAIN (93 draws)  as stated   median     from       to
  small: all supplied         99.90 %  99.90 %  99.90 %  99.90 %
  the exact availability leaves out runtime of small/ups
CHECKS  1 check holds"""


def test_the_whole_screen() -> None:
    assert _text(_whole()) == SCREEN


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_line_is_too_long(width: int) -> None:
    assert all(line.cell_len <= width for line in lines(_whole(), width))


def test_nothing_in_service() -> None:
    assert "no load is in service" in _text(_results())
