from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import fake_results
import polars as pl
import pytest

import twin
from twin.report import plant
from twin.report.capacity import lines
from twin.results.results import Results

RIVER_BEND = Path(__file__).parents[2] / "topologies" / "river-bend.yaml"
SCREEN = """\
small  river-bend · 2.11 MW IT · 16 racks · 1,152 accelerators · PUE 1.2 · 1 month from 2027-04
PHASES     racks  accelerators    drawn  usable  used  stops at  then at  by
  2027-01      8           576  1.06 MW  2.4 MW  44 %  grid[1]         -  -
  2027-04     16         1,152  2.11 MW  2.4 MW  88 %  grid[1]         -  -
HALLS      energised  racks   demand  usable  used  what stops growth      when
  hall[1]  2027-01        8  1.06 MW  1.5 MW  70 %  power: hall[1]/ups[1]  hall[1]/ups[2] fails
  hall[2]  2027-04        8  1.06 MW  1.5 MW  70 %  power: hall[1]/ups[1]  hall[1]/ups[2] fails
WHERE IT GOES   derated  carries now  can grow by  held in reserve  stranded
  hall/ups (6)   4.5 MW      2.16 MW       294 kW           1.5 MW    546 kW  12 %
TIGHTEST                     good for  carries  at worst  used  when
  hall[1]/ups[1] (any of 6)    750 kW   360 kW    540 kW  72 %  hall[1]/ups[2] fails
FIT                   by                takes  there is  used
  hall[1] (any of 2)  rack positions  8 racks  10 racks  80 %
DEMAND                                 there is       months short    worst      short by
  training                              2.11 MW  1 of 2, 1 unknown  2027-01  944 kW, 47 %
  chips at river-bend/hall[1]  576 accelerators          2 unknown        -             -
  flops                            2.88 EFLOP/s          1 unknown        -             -
NEXT TO BUY                                  releases  racks    usable  price  then stops at
  1. add 1 grid, 3 instead of 2               +600 kW      4      3 MW  $1.2M  hall[1]/ups[1]
  2. add 1 ups to each hall, 4 instead of 3       all      -  no limit      -  nothing
CHECKS  1 check holds"""


def _text(results: Results, width: int = 100) -> str:
    return "\n".join(line.plain.rstrip() for line in lines(results, width))


def _only(name: str, *rows: dict) -> str:
    return _text(Results({name: fake_results.table(name, *rows)}, fake_results.provenance()))


def test_the_whole_screen() -> None:
    assert _text(fake_results.small()) == SCREEN


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120])
def test_it_fits_the_screen(width: int) -> None:
    made = _text(fake_results.small(checks=fake_results.failed_check()), width).splitlines()
    assert max(map(len, made)) <= width
    assert len(made) <= 45


@pytest.mark.parametrize("gone", fake_results.small_tables())
def test_any_table_may_be_missing_or_empty(gone: str) -> None:
    assert _text(fake_results.small(**{gone: None})).startswith("small")
    assert _text(fake_results.small(**{gone: fake_results.table(gone)})).startswith("small")


def test_a_run_without_results_says_so() -> None:
    assert _text(Results({}, fake_results.provenance())) == "small  no results"


def test_river_bend_fits_one_screen() -> None:
    made = _text(twin.load(RIVER_BEND).run("capacity", "upgrades")).splitlines()
    assert max(map(len, made)) <= 100
    assert len(made) <= 45
    for title in ("PHASES", "HALLS", "WHERE IT GOES", "TIGHTEST", "NEXT TO BUY", "CHECKS"):
        assert any(line.startswith(title) for line in made), title


def test_nameplate_shows_where_less_is_provisioned() -> None:
    row = {"scope": "s", "kind": "site", "racks": 1, "nameplate_kw": 140.0, "demand_kw": 120.0, "usable_kw": 100.0}
    text = _only("site_capacity", row | {"headroom_kw": -20.0})
    assert "nameplate" in text
    assert "140 kW" in text
    assert "120 % OVER" in text


def test_many_months_are_cut_to_the_last_of_each_site() -> None:
    rows = [
        {"month": date(2027, month, 1), "scope": site, "kind": "site", "racks": month, "demand_kw": 100.0 * month}
        for site in ("a", "b")
        for month in range(1, 13)
    ]
    text = _only("site_capacity", *rows)
    assert [line.split()[:2] for line in text.splitlines()[2:6]] == [
        ["a", "2027-11"],
        ["a", "2027-12"],
        ["b", "2027-11"],
        ["b", "2027-12"],
    ]
    assert "and 20 more in the table site_capacity" in text


def test_only_the_tightest_of_a_group_is_shown() -> None:
    base = {"group": "s/hall/ups", "derated_kw": 100.0, "worst_case": "all in service", "count": 1}
    rows = [
        base | {"node": f"s/hall[{n}]/ups[1]", "worst_load_kw": 10.0 * n, "worst_utilisation_fraction": 0.1 * n}
        for n in (1, 3, 2)
    ]
    text = _only("capacity", *rows)
    assert "hall[3]/ups[1]" in text
    assert "hall[2]/ups[1]" not in text


def test_stranded_is_told_for_whole_sites() -> None:
    base = {"group": "s/hall/ups", "count": 2, "derated_kw": 100.0, "stranded_kw": 25.0}
    text = _only("stranded", base | {"scope": "s"}, base | {"scope": "s/hall[1]"})
    assert text.count("25 %") == 1


def test_what_carries_too_much_is_over_and_does_not_grow_by_less_than_nothing() -> None:
    row = {"scope": "s", "group": "s/ups", "count": 2, "derated_kw": 100.0, "load_kw": 90.0, "growth_kw": -9.26}
    text = _only("stranded", row)
    assert "over by 9.26 kW" in text
    assert "-9.26" not in text


def test_reserve_is_of_both_kinds_and_standby_has_a_column_where_there_is_some() -> None:
    base = {"scope": "s", "count": 1, "derated_kw": 100.0}
    spare = base | {"group": "s/grid", "reserve_kw": 20.0, "spare_kw": 30.0, "stranded_kw": 50.0}
    assert "stands by" not in (text := _only("stranded", spare))
    assert re.search(r"grid \(1\) +100 kW +0 W +0 W +50 kW +50 kW +50 %", text)
    text = _only("stranded", spare, base | {"group": "s/genset", "standby_kw": 60.0, "stranded_kw": 40.0})
    assert re.search(r"genset \(1\) +100 kW +0 W +0 W +0 W +60 kW +40 kW +40 %", text)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"tightest": "space", "space_u": 48.0, "space_used_u": 46.0}, "46 U      48 U"),
        ({"tightest": "mass", "mass_limit_kg": 12_500.0, "mass_kg": 9_000.5}, "9,000 kg  12,500 kg"),
        ({"tightest": "ports", "ports": 64, "ports_used": 64}, "64 ports  64 ports"),
        ({"tightest": "power", "power_limit_kw": 132.0, "power_kw": 120.5}, "120.5 kW    132 kW"),
    ],
)
def test_fit_names_what_is_fullest(row: dict, said: str) -> None:
    assert said in _only("fit", {"node": "s/rack[1]", "count": 1, "utilisation_fraction": 0.9} | row)


def test_what_nobody_knows_is_not_a_number() -> None:
    row = {"demand": "d", "scope": "s", "metric": "compute", "wanted_tflops": 500.0, "shortfall_fraction": 0.0}
    assert "unknown" in _only("demand", row)


def test_compute_is_told_in_the_unit_that_fits() -> None:
    base = {"scope": "s", "metric": "compute", "wanted_tflops": 1.0}
    rows = [
        base | {"demand": name, "available_tflops": value}
        for name, value in (("a", 12.0), ("b", 2500.0), ("c", 2.016e9))
    ]
    text = _only("demand", *rows)
    for said in ("12 TFLOP/s", "2.5 PFLOP/s", "2,016 EFLOP/s"):
        assert said in text


def test_purchases_of_several_sites_name_the_site() -> None:
    base = {"step": 1, "change": "add 1 ups", "kind": "ups", "resource": "power"}
    text = _only("upgrades", base | {"site": "a"}, base | {"site": "b"})
    assert "a 1. add 1 ups" in text
    assert "price" not in text


def test_failed_checks_come_last() -> None:
    made = _text(fake_results.small(checks=fake_results.failed_check()))
    assert made.index("NEXT TO BUY") < made.index("CHECKS  1 of 2 FAILED")
    assert "the hall is over-committed" in made


@pytest.mark.parametrize("column", ["demand_kw", "availability_fraction"])
def test_full_build_is_when_most_is_in_service_and_not_when_sites_have_retired(column: str) -> None:
    months = [date(2027, 1, 1), date(2028, 1, 1), date(2029, 1, 1), date(2042, 1, 1)]
    there = [("a",), ("a", "b"), ("a", "b"), ("b",)]
    rows = [(month, site, 5.0) for month, sites in zip(months, there, strict=True) for site in sites]
    if column == "demand_kw":
        rows.append((months[-1], "a", 0.0))
    frame = pl.DataFrame(rows, schema=["month", "scope", column], orient="row")
    assert plant.at_full_build(frame).rows() == [(months[2], "a", 5.0), (months[2], "b", 5.0)]
    assert plant.at_full_build(frame.clear()).is_empty()
