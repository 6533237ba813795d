"""The training model: days by hand, and what it refuses."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.errors import RefusedError
from twin.testing import run_model, workload_inputs
from twin.workload.ettr import shares
from twin.workload.training import MODEL, Training

HANDLED = {"checkpoint_interval": "1 h", "checkpoint_write": "1 min", "restart": "5 min"}
OFTEN = {"software": {"rate": "50/day", "per": "job"}}


def terms(**given):
    return Training(**{"flops": "1e24", "mfu": "40 %"} | given)


def row(compute=None, **given):
    frames = {} if compute is None else {"compute": compute}
    [got] = run_model(MODEL, workload_inputs({"pretrain": terms(**given)}, **frames))["goodput"].rows(named=True)
    return got


def racks(*rows):
    names = (
        "site",
        "group",
        "part",
        "racks",
        "accelerators",
        "served_fraction",
        "bf16_tflops",
        "fp8_tflops",
        "fp4_tflops",
    )
    types = (pl.String, pl.String, pl.String, pl.Int64, pl.Int64, *[pl.Float64] * 4)
    return pl.DataFrame(rows, schema=dict(zip(names, types, strict=True)), orient="row")


def test_days_by_hand():
    got = row(accelerators="50 %")
    assert got["accelerators"] == 80
    assert got["peak_tflops"] == 80 * 1000.0
    assert got["nameplate_days"] == pytest.approx(1e24 / (80 * 1e15 * 0.4) / 86400)
    assert got["available_fraction"] == pytest.approx(0.999)
    assert got["delivered_days"] == pytest.approx(got["nameplate_days"] / 0.999)
    assert (got["workload"], got["model"]) == ("pretrain", "training")


def test_precision_and_counts():
    assert row(precision="fp8")["peak_tflops"] == 160 * 2000.0
    assert row(accelerators=100)["accelerators"] == 100
    assert row(accelerators=1)["accelerators"] == 160  # one is all of them, not a single one


def test_unlike_racks_take_part_in_proportion():
    compute = racks(
        ("a", "a/old", None, 1, 100, 0.5, 300.0, None, None),
        ("b[1]", "b/new", None, 1, 100, 1.0, 900.0, None, None),
        ("b[1]", "b/store", None, 4, 0, 1.0, None, None, None),
    )
    got = row(compute, accelerators="50 %")
    assert got["peak_tflops"] == pytest.approx(0.5 * 100 * 300 + 0.5 * 100 * 900)
    assert got["available_fraction"] == pytest.approx((0.5 * 300 + 900) / 1200)
    assert row(compute, sites=["b"])["accelerators"] == 100
    assert row(compute, sites=["b[1]"])["available_fraction"] == 1.0


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ({"accelerators": 161}, "asks for 161 accelerators and there are 160 in the file"),
        ({"precision": "fp4"}, "runs at fp4 and 'campus/rack' has no figure for it"),
        ({"sites": ["elsewhere"]}, "there are 0 in elsewhere"),
        ({"accelerators": "0.1 %"}, "asks for 0 accelerators"),
        ({**HANDLED, "accelerators": 150, "spares": 11}, "150 accelerators and 11 spares, and there are 160"),
        ({**HANDLED, "accelerators": 80, "min_accelerators": 81}, "80 accelerators and needs at least 81"),
        ({**HANDLED, "restart": "20 days", "interruptions": OFTEN}, "it never gets on"),
    ],
)
def test_refusals(given, what):
    with pytest.raises(RefusedError, match=what) as caught:
        row(**given)
    assert "'pretrain'" in str(caught.value)


def test_a_run_that_never_runs_is_refused():
    with pytest.raises(RefusedError, match="never has an accelerator in service"):
        row(racks(("a", "a/r", None, 1, 8, 0.0, 1.0, None, None)))


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ({"accelerators": 0}, "not above zero"),
        ({"accelerators": 12.5}, "neither a share"),
        ({"accelerators": "-5"}, "below 0"),
        ({"mfu": 0}, "not above zero"),
        ({"mfu": "140 %"}, "above 100"),
        ({"precision": "fp16"}, "precision"),
        ({"flops": "5e26 FLOPS"}, "not a unit of work"),
        ({"restart": "5 min"}, "'restart' says nothing without 'checkpoint_interval'"),
        ({"spares": 8}, "'spares' says nothing without 'checkpoint_interval'"),
        ({"checkpoint_interval": "optimum"}, "'checkpoint_interval' needs 'checkpoint_write'"),
        (HANDLED | {"checkpoint_interval": "optimal"}, "'young', 'daly-first', 'daly' or 'optimum'"),
        (HANDLED | {"checkpoint_interval": "0 h"}, "not above zero"),
        (HANDLED | {"checkpoint_interval": 30}, "a number without a unit"),
        (HANDLED | {"checkpoint_interval": "young", "checkpoint_write": "0 h"}, "would be written all the time"),
        (HANDLED | {"spares": 2.5}, "neither a share"),
        (HANDLED | {"interruptions": {"software": "3/year"}}, "does not say what the rate is of"),
        (HANDLED | {"interruptions": {"software": {"rate": "-50 %/year", "per": "job"}}}, "below 0"),
        (HANDLED | {"interruptions": {"software": {"rate": "3/year", "per": "node"}}}, "per"),
        (HANDLED | {"interruptions": {"supply": {"rate": "3/year", "per": "job"}}}, "a cause of its own"),
    ],
)
def test_wrong_parameters(bad, what):
    with pytest.raises(ValidationError, match=what):
        terms(**bad)


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.floats(0.01, 1))
def test_less_service_or_a_smaller_share_never_finishes_sooner(served, share, mfu):
    compute = racks(("a", "a/r", None, 10, 800, served, 1000.0, None, None))
    got = row(compute, accelerators=max(share, 0.01), mfu=mfu)
    assert got["delivered_days"] >= got["nameplate_days"]
    whole = row(compute, accelerators=1.0, mfu=mfu)
    assert got["nameplate_days"] >= whole["nameplate_days"] * (1 - 1e-9)


def both(**given):
    made = run_model(MODEL, workload_inputs({"pretrain": terms(**HANDLED | given)}))
    return made["goodput"].row(0, named=True), made["goodput_loss"]


def test_interruptions_by_hand():
    """160 accelerators in 20 racks of 1e-4 failures an hour, supply of all of them as often as one of these."""
    rate = 20 * 1e-4 + 1e-4 + 160 * 2 / 8760
    software = {"software": {"rate": "2/year", "per": "accelerator"}}
    got, lost = both(interruptions=software, detection="3 min", accelerator_hour_price="$3/h")
    assert got["mttf_h"] == pytest.approx(1 / rate)
    assert got["interruptions_per_day"] == pytest.approx(24 * rate)
    assert got["ettr_fraction"] == pytest.approx(shares(1.0, 1 / 60, 8 / 60, 1 / rate).training)
    assert got["checkpoint_interval_h"] == 1.0
    by_cause = dict(lost.select("cause", "lost_accelerator_h_per_year").iter_rows())
    assert by_cause["rack"] / by_cause["supply"] == pytest.approx(20)
    assert by_cause["software"] / by_cause["supply"] == pytest.approx(160 * 2 / 8760 / 1e-4)
    assert lost["lost_usd_per_year"].sum() == pytest.approx(3 * got["wasted_accelerator_h_per_year"])


def test_a_rate_is_of_what_it_says():
    per_job, per_rack, per_one = (
        both(accelerators="50 %", interruptions={"software": {"rate": "80/year", "per": per}})[1]
        .filter(pl.col("cause") == "software")["events_per_year"]
        .item()
        for per in ("job", "rack", "accelerator")
    )
    assert (per_job, per_rack, per_one) == pytest.approx((80, 80 * 10, 80 * 80))


def test_without_interruptions_only_checkpoints_cost_and_no_policy_writes_any():
    still = workload_inputs({"pretrain": terms(**HANDLED)}).interruptions.clear()
    inputs = workload_inputs(
        {"fixed": terms(**HANDLED), "best": terms(**HANDLED | {"checkpoint_interval": "optimum"})}, interruptions=still
    )
    fixed, best = run_model(MODEL, inputs)["goodput"].rows(named=True)
    assert fixed["ettr_fraction"] == pytest.approx(60 / 61)
    assert (best["ettr_fraction"], best["checkpoint_interval_h"], best["mttf_h"]) == (1.0, None, None)


@given(st.integers(0, 60), st.integers(1, 20), st.floats(0, 1))
def test_more_spares_never_make_it_later(spares, more, least):
    few, many = (
        both(accelerators=80, spares=max(number, 2), min_accelerators=least)[0] for number in (spares, spares + more)
    )
    assert many["delivered_days"] <= few["delivered_days"] * (1 + 1e-12)
    assert many["wasted_accelerator_h_per_year"] >= 0
