"""The training model: days by hand, and what it refuses."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from twin.errors import RefusedError
from twin.testing import run_model, workload_inputs
from twin.workload.training import MODEL, Training


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
