from __future__ import annotations

from datetime import date

import fake_results
import pytest

from twin.report.summary import lines, summary
from twin.results.results import Results

WIDE = """\
small  river-bend · 2.11 MW IT · 16 racks · 1,152 accelerators · PUE 1.2 · 1 month from 2027-04
ENERGY  1.2 GWh in the 1 month · peak 2.53 MW · $0.045/kWh all in
CAPACITY      energised           racks   demand  usable  used  what stops growth
  river-bend  2027-01 to 2027-04     16  2.11 MW  2.4 MW  88 %  power: grid[1]
  hall[1]     2027-01                 8  1.06 MW  1.5 MW  70 %  power: hall[1]/ups[1]
  hall[2]     2027-04                 8  1.06 MW  1.5 MW  70 %  power: hall[1]/ups[1]
AVAILABILITY        all supplied  down h/yr  outages/yr  mean h  IT load served
  site: river-bend      99.950 %       4.38       0.547       8        99.910 %
  hall, each of 2       99.970 %       2.63       0.328       8        99.910 %
  rack, each of 16      99.975 %       2.19       0.274       8        99.910 %
SINGLE FAILURES that lose load  racks lost  IT lost  each/yr  mean h  lost a year
  grid[1]                               16  2.11 MW      0.5       4     4.22 MWh
  hall[1]/cdu[1] (any of 4)              4   528 kW     0.02      12      507 kWh
  racks by themselves: 2 failures a year each, 16.9 MWh lost a year in all
CASH by party  role         in    out     net     NPV     IRR  payback
  tenant       tenant       $0  $304k  -$304k  -$300k       -        -
  landlord     landlord  $250k   $90k   $160k   $156k  14.2 %  2035-06
  bank         lender     $90k     $0    $90k    $91k       -        -
  utility      external   $54k     $0    $54k    $53k       -        -
  sum                    $394k  $394k      $0      $0
  base rent $250k from 2027-04 to 2027-04, tenant to landlord (lease)
DEBT notes  $20M drawn from bank by landlord · DSCR at least 1.27 (2027-05), on average 1.29 ·
            $19.9M still owed in 2027-05
ACCELERATOR-HOUR for tenant  $3.000 at nameplate, $3.003 delivered, of which base rent $2.462,
                             energy charge $0.540
CHECKS  1 check holds
ASSUMPTIONS  2 values, 1 without a source, 1 unverified"""


def test_the_screen_of_a_whole_run():
    assert summary(fake_results.small()) == WIDE


def test_a_narrow_screen_drops_columns_and_wraps_words():
    made = summary(fake_results.small(), 60).splitlines()
    assert made[:2] == [
        "small  river-bend · 2.11 MW IT · 16 racks · 1,152",
        "       accelerators · PUE 1.2 · 1 month from 2027-04",
    ]
    # the dates give way before what is used and what stops growth
    assert "CAPACITY       demand  usable  used  what stops growth" in made
    assert "  river-bend  2.11 MW  2.4 MW  88 %  power: grid[1]" in made


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_it_fits_the_screen(width):
    made = summary(fake_results.small(checks=fake_results.failed_check()), width).splitlines()
    assert max(map(len, made)) <= width
    assert len(made) <= 45


def test_it_speaks_ascii_where_it_must():
    made = summary(fake_results.small(), ascii_only=True)
    assert made.isascii()
    assert len(made.splitlines()) == len(WIDE.splitlines())


@pytest.mark.parametrize("gone", fake_results.small_tables())
def test_any_table_may_be_missing(gone):
    assert summary(fake_results.small(**{gone: None})).startswith("small")


@pytest.mark.parametrize("empty", fake_results.small_tables())
def test_any_table_may_be_empty(empty):
    assert summary(fake_results.small(**{empty: fake_results.table(empty)})).startswith("small")


def test_a_run_without_results_says_so():
    assert summary(Results({}, fake_results.provenance())) == "small  no results"


def test_what_was_changed_stands_in_the_first_line():
    origin = fake_results.provenance(scenario="late", overlays=("discount=8 %/year",))
    made = summary(Results({}, origin))
    assert made == "small  scenario late · with discount=8 %/year"


def test_failed_checks_are_listed_and_stand_out():
    made = lines(fake_results.small(checks=fake_results.failed_check()))
    (line,) = [each for each in made if each.plain.startswith("CHECKS")]
    assert line.plain == "CHECKS  1 of 2 FAILED"
    assert any("red" in str(span.style) for span in line.spans)
    assert any("headroom, river-bend/hall[1]: got 1.06 MW, wanted at most 1 MW." in each.plain for each in made)


def _halls(number: int, *, same: bool) -> Results:
    rows = [
        {
            "month": date(2027, 1, 1),
            "scope": f"s/hall[{index}]",
            "kind": "hall",
            "racks": 8,
            "demand_kw": 800.0,
            "usable_kw": 1000.0 if same else 1000.0 + index,
            "headroom_kw": 200.0,
            "binding_resource": "liquid_cooling",
            "binding_node": f"s/hall[{index}]/cdu[1]",
        }
        for index in range(1, number + 1)
    ]
    frame = fake_results.table("site_capacity", *rows)
    return Results({"site_capacity": frame}, fake_results.provenance())


def test_alike_halls_share_a_line():
    made = summary(_halls(40, same=True)).splitlines()
    assert len(made) == 3
    assert made[2].startswith("  hall[1..40]  2027-01")
    assert "liquid cooling: hall[1]/cdu[1]" in made[2]


def test_many_different_halls_do_not_fill_the_screen():
    made = summary(_halls(40, same=False)).splitlines()
    assert len(made) == 11
    assert made[-1] == "  and 32 more in the table site_capacity"


def test_an_overcommitted_scope_is_marked():
    frame = _halls(1, same=True).site_capacity.with_columns(usable_kw=700.0, headroom_kw=-100.0)
    assert "114 % OVER" in summary(Results({"site_capacity": frame}, fake_results.provenance()))


def test_a_plant_without_single_points_of_failure_says_so():
    frame = fake_results.table("contingency", {"event": "failure", "element": "s/ups[1]", "count": 4})
    assert "SINGLE FAILURES  none of power or cooling loses load" in summary(fake_results.small(contingency=frame))


def test_a_loan_that_is_repaid_says_when():
    rows = [
        {"month": date(2027, 1, 1), "deal": "n", "borrower": "b", "lender": "l", "draw_usd": 1e6, "closing_usd": 1e6},
        {"month": date(2027, 2, 1), "deal": "n", "borrower": "b", "lender": "l", "closing_usd": 5e5},
        {"month": date(2027, 3, 1), "deal": "n", "borrower": "b", "lender": "l", "closing_usd": 0.001},
        {"month": date(2027, 4, 1), "deal": "n", "borrower": "b", "lender": "l"},
    ]
    text = summary(Results({"debt": fake_results.table("debt", *rows)}, fake_results.provenance()))
    assert "DEBT n  $1M drawn from l by b · no full year of debt service to cover · repaid in 2027-03" in text


def test_guarantees_and_workloads_have_their_line():
    guarantee = fake_results.table(
        "guarantee",
        {"deal": "backstop", "guarantor": "google", "obligor": "lab", "guaranteed_usd": 7e9, "expected_loss_usd": 1e6},
        {"deal": "backstop", "guarantor": "google", "obligor": "lab", "guaranteed_usd": 6e9, "expected_loss_usd": 2e6},
    )
    goodput = fake_results.table(
        "goodput",
        {"workload": "pretrain", "accelerators": 1024, "mfu_fraction": 0.4, "nameplate_days": 90, "delivered_days": 91},
    )
    text = summary(Results({"guarantee": guarantee, "goodput": goodput}, fake_results.provenance()))
    assert "GUARANTEE backstop  google for lab: up to $7B, expected loss $3M" in text
    assert "WORKLOAD pretrain  1,024 accelerators · MFU 40 % · 90 days at nameplate, 91 delivered" in text


def test_many_parties_are_cut_to_the_largest_and_still_sum_to_zero():
    rows = [{"party": f"p{i}", "inflow_usd": 100.0 * i, "outflow_usd": 0.0, "net_usd": 100.0 * i} for i in range(1, 11)]
    rows.append({"party": "payer", "outflow_usd": 5500.0, "net_usd": -5500.0})
    text = summary(Results({"party_metrics": fake_results.table("party_metrics", *rows)}, fake_results.provenance()))
    assert "p10 " in text
    assert "p1 " not in text
    (line,) = [each for each in text.splitlines() if "sum, with 3 others" in each]
    assert line.split()[4:7] == ["$5,500", "$5,500", "$0"]


def test_energy_that_nobody_prices_has_no_price():
    text = summary(fake_results.small(energy_cost=fake_results.table("energy_cost")))
    assert "GWh" in text
    assert "/kWh" not in text
