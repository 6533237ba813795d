from __future__ import annotations

from pathlib import Path

import pytest

from twin.errors import RefusedError, UsageError
from twin.scenario import measure
from twin.scenario.rerun import base
from twin.scenario.solve import solve, written

FILE = Path(__file__).parents[2] / "topologies" / "river-bend.yaml"


@pytest.fixture(scope="module")
def river():
    return base(FILE)


def test_the_value_found_gives_what_is_wanted(river):
    row = solve(river, "deals.lease.rent", measure.target("irr(hut8)=15 %")).row(0, named=True)
    again = base(FILE, overlays=(f"deals.lease.rent={row['value']}",))
    metrics = {each["party"]: each for each in again.results["party_metrics"].iter_rows(named=True)}
    assert metrics["hut8"]["irr_per_year"] == pytest.approx(0.15, abs=1e-7)
    assert (row["was"], row["wanted"]) == ("$127.28/kW-month", 0.15)
    assert row["before"] == pytest.approx(0.128, abs=1e-3)


def test_a_linear_measure_is_solved_as_by_hand(river):
    # what the guarantor is paid is its fee, and nothing else
    row = solve(river, "deals.google-backstop.fee", measure.target("received(google)=$1.47B")).row(0, named=True)
    assert written(row["value"]).number == pytest.approx(400.0, rel=1e-9)


def test_a_range_is_taken_where_the_file_states_nothing(river):
    aim = measure.target("paid(fluidstack)=$26B")
    with pytest.raises(UsageError, match="say where to look with --between"):
        solve(river, "deals.lease.free_rent", aim)
    with pytest.raises(UsageError, match="not two values of one unit"):
        solve(river, "deals.lease.rent", aim, ("$100/kW-month", "$1500/kW-year"))
    row = solve(river, "deals.lease.rent", aim, ("$100/kW-month", "$150/kW-month")).row(0, named=True)
    assert row["reached"] == pytest.approx(26e9, rel=1e-7)


def test_what_cannot_be_reached_says_what_can(river):
    with pytest.raises(RefusedError, match=r"dscr\(notes\) does not come to 9 between .*: it lies between"):
        solve(river, "deals.lease.opex", measure.target("dscr(notes)=9"))
    with pytest.raises(RefusedError, match="does not come to"):
        solve(river, "deals.lease.rent", measure.target("moic(hut8)=1.1"), ("$10/kW-month", "$20/kW-month"))


def test_a_subject_without_the_measure_says_why(river):
    with pytest.raises(UsageError, match="did you mean 'hut8'"):
        solve(river, "deals.lease.rent", measure.target("irr(hut9)=12 %"))
    with pytest.raises(RefusedError, match="only pays"):
        measure.of(river.results, measure.target("irr(fluidstack)=12 %"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("irr=12 %", "not a target"),
        ("ir(hut8)=12 %", "there is no measure 'ir'; did you mean 'irr'"),
        ("irr(hut8)=12 kW", "not a value of this measure"),
        ("npv(hut8)=5", "not a value of this measure"),
    ],
)
def test_bad_targets_say_what_would_be_right(text, says):
    with pytest.raises(UsageError, match=says):
        measure.target(text)


def test_money_alone_is_worked_out_again_where_nothing_else_can_change(river):
    kept = river._kept(river.twin, ("deals.lease.rent=$1/kW-month",))
    assert {"schedule", "energy_cost"} <= set(kept)
    assert set(river._kept(river.twin, ("energy.grid-power.energy=$1/kWh",))) == {"schedule", "goodput", "goodput_loss"}
    assert river._kept(river.twin, ("deals.lease.rent=$1/kW-month", "river-bend/hall.energised=2028-01-01")) == {}


def test_a_quantity_is_taken_apart_at_its_number():
    assert written("$3.25B").at(1.5) == "$1.5B"
    assert written("3 %/year").at(0.1) == "0.1 %/year"
    assert written("72 x 400 Gbps") is None
