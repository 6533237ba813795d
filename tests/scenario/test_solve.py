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


def test_a_guarantor_comes_out_even_at_the_fee_found(river):
    row = solve(river, "deals.google-backstop.fee", measure.target("guarantor-net(google)=$0")).row(0, named=True)
    value = river.results["guarantee_value"].row(0, named=True)
    # the fee is proportional to its rate, and the expected loss does not depend on it
    assert written(row["value"]).number == pytest.approx(200 * value["expected_loss_pv_usd"] / value["fee_pv_usd"])
    assert row["before"] == pytest.approx(value["net_pv_usd"])


def test_a_party_and_its_guarantee_are_the_same_subject_where_it_has_one(river):
    for subject in ("google", "google-backstop"):
        got = measure.of(river.results, measure.target(f"expected-loss({subject})=$0"))
        assert got == pytest.approx(river.results["guarantee_value"]["expected_loss_pv_usd"][0])
    with pytest.raises(UsageError, match="'hut8' has no expected-loss"):
        measure.of(river.results, measure.target("expected-loss(hut8)=$0"))


def test_a_term_goes_by_months_to_the_nearest(river):
    row = solve(river, "deals.lease.term", measure.target("npv(hut8)=$300M")).row(0, named=True)
    months = written(row["value"])
    assert months.after == " months"
    assert months.number == int(months.number)
    misses = []
    for beside in (months.number - 1, months.number, months.number + 1):
        results = river.with_overlays((f"deals.lease.term={months.at(beside)}",))
        misses.append(abs(measure.of(results, measure.target("npv(hut8)=$0")) - 300e6))
    assert misses[1] == min(misses)
    assert row["reached"] == pytest.approx(300e6 + misses[1]) or row["reached"] == pytest.approx(300e6 - misses[1])


def test_a_count_goes_by_ones(river):
    row = solve(river, "deals.campus.months", measure.target("npv(contractor)=$3.65B"), ("12", "20")).row(0, named=True)
    assert written(row["value"]).number == int(written(row["value"]).number)


def test_a_tranche_is_named():
    chips = base(FILE.parent / "chip-lease.yaml")
    with pytest.raises(UsageError, match=r"dscr\(chips/A1\) or dscr\(chips/A2\)"):
        measure.of(chips.results, measure.target("dscr(chips)=1.3"))
    got = measure.of(chips.results, measure.target("dscr(chips/A2)=1.3"))
    assert got == chips.results["debt_metrics"].filter(tranche="A2")["least_dscr_ratio"][0]


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
