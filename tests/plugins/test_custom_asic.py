"""A chip of one's own: costs by hand, yields against integration, and what a file makes of it."""

from __future__ import annotations

import math
from datetime import date
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import twin
from twin import testing
from twin.api import AnalysisInputs, Entry, RefusedError
from twin.errors import InputError
from twin.registry import registry
from twin_hardware import chip, custom_asic
from twin_hardware.custom_asic import CustomAsic
from twin_hardware.economics import cost, dies_per_wafer, yield_fraction

GIVEN = {
    "nre": "$400M",
    "mask_set": "$30M",
    "mask_sets": 2,
    "wafer_price": "$18000",
    "die_area": "800 mm2",
    "defect_density": "0.1/cm2",
    "yield_model": "poisson",
    "hbm_stacks": 8,
    "hbm_stack_price": "$500",
    "hbm_stack": "36 GB",
    "hbm_stack_bandwidth": "1.2 TB/s",
    "package_cost": "$1200",
    "package_yield": "95 %",
    "test_cost": "$50",
    "bom": "$9000",
    "overhead": "300 W",
    "volume": 100000,
    "tape_out": "2026-09-01",
    "tdp": "1000 W",
    "bf16": "2000 TFLOPS",
}


def asic(**changed) -> CustomAsic:
    return CustomAsic.model_validate({name: value for name, value in {**GIVEN, **changed}.items() if value is not None})


def costed(**changed):
    return custom_asic.costs([Entry("own", asic(**changed))]).row(0, named=True)


def figures(**changed) -> dict[str, str]:
    made = testing.run_model(custom_asic.MODEL, testing.hardware_inputs({"own": asic(**changed)}))["figures"]
    assert made["component"].unique().to_list() == ["own"]
    return dict(made.select("attribute", "value").iter_rows())


# --- costs


def test_dies_per_wafer_by_hand():
    """70,685.8 mm2 / 800 mm2 = 88.36; the rim takes 942.48 / 40 = 23.56; 64.8 is 64 whole dies."""
    assert dies_per_wafer(np.array([300.0]), np.array([800.0])).tolist() == [64]
    assert dies_per_wafer(np.array([300.0]), np.array([100.0])).tolist() == [640]
    assert dies_per_wafer(np.array([300.0]), np.array([90_000.0])).tolist() == [0]


def test_costs_by_hand():
    got = costed()
    share = math.exp(-0.8)
    die = 18000 / (64 * share)
    package = (die + 8 * 500 + 1200 + 50) / 0.95
    assert got["yield_fraction"] == pytest.approx(share)
    assert got["die_usd"] == pytest.approx(die)
    assert got["package_usd"] == pytest.approx(package)
    assert got["fixed_usd_each"] == pytest.approx(460e6 / 100_000)
    assert got["unit_usd"] == pytest.approx(package + 4600 + 9000)


def test_two_dies_a_package_cost_two_dies():
    one, two = costed(), costed(dies_per_package=2)
    assert two["package_usd"] - one["package_usd"] == pytest.approx(one["die_usd"] / 0.95)


MODELS = ("poisson", "murphy", "negative-binomial")
one_model = st.sampled_from(MODELS)


def share(model: str, defects: float, alpha: float) -> float:
    return float(yield_fraction(np.array([model]), np.array([defects]), np.array([alpha]))[0])


@given(one_model, st.floats(0.0, 8.0), st.floats(0.5, 20.0))
def test_a_yield_is_a_share_and_nothing_kills_without_defects(model, defects, alpha):
    assert 0.0 < share(model, defects, alpha) <= 1.0
    assert share(model, 0.0, alpha) == pytest.approx(1.0)


@given(st.floats(0.01, 100.0), st.floats(0.5, 20.0))
def test_poisson_is_the_most_pessimistic(defects, alpha):
    lowest = share("poisson", defects, alpha) * (1 - 1e-9)
    assert lowest <= min(share("murphy", defects, alpha), share("negative-binomial", defects, alpha))


@given(st.floats(0.01, 100.0), st.floats(0.5, 2.0))
def test_up_to_alpha_2_negative_binomial_is_above_murphy(defects, alpha):
    assert share("negative-binomial", defects, alpha) >= share("murphy", defects, alpha) * (1 - 1e-9)


def test_with_alpha_3_murphy_is_above_from_16_defects_on():
    assert share("murphy", 16.0, 3.0) < share("negative-binomial", 16.0, 3.0)
    assert share("murphy", 16.5, 3.0) > share("negative-binomial", 16.5, 3.0)


@given(st.floats(0.01, 4.0), st.floats(1.0, 10.0))
def test_yields_are_the_integrals_they_stand_for(defects, alpha):
    """exp(-m) over densities: one value, a symmetric triangle from 0 to 2 m, a gamma distribution of mean m."""
    assert share("poisson", defects, alpha) == pytest.approx(math.exp(-defects))
    edges = np.linspace(0.0, 2.0, 20_001)
    x = (edges[1:] + edges[:-1]) / 2
    triangle = np.sum(np.minimum(x, 2.0 - x) * np.exp(-defects * x)) * (edges[1] - edges[0])
    assert share("murphy", defects, alpha) == pytest.approx(triangle, rel=1e-6)
    edges = np.linspace(0.0, 40.0, 200_001)
    x = (edges[1:] + edges[:-1]) / 2
    log = alpha * math.log(alpha) + (alpha - 1) * np.log(x) - alpha * x - math.lgamma(alpha)
    gamma = np.sum(np.exp(log - defects * x)) * (edges[1] - edges[0])
    assert share("negative-binomial", defects, alpha) == pytest.approx(gamma, rel=1e-4)


@given(one_model, st.integers(1, 10**7), st.integers(1, 10**7))
def test_more_volume_is_never_dearer(model, one, other):
    less, more = sorted((one, other))
    dear = costed(yield_model=model, volume=less)["unit_usd"]
    assert costed(yield_model=model, volume=more)["unit_usd"] <= dear * (1 + 1e-12)


@given(one_model, st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_defects_are_never_cheaper(model, one, other):
    few, many = sorted((one, other))
    cheap = costed(yield_model=model, defect_density=f"{few:.6f}/cm2")["unit_usd"]
    assert costed(yield_model=model, defect_density=f"{many:.6f}/cm2")["unit_usd"] >= cheap * (1 - 1e-12)


@given(st.floats(20.0, 850.0), st.floats(20.0, 850.0))
def test_a_larger_die_is_never_cheaper(one, other):
    small, large = sorted((one, other))
    cheap = costed(die_area=f"{small:.3f} mm2")["die_usd"]
    assert costed(die_area=f"{large:.3f} mm2")["die_usd"] >= cheap * (1 - 1e-12)


def test_chips_are_costed_side_by_side():
    both = custom_asic.costs([Entry("a", asic()), Entry("b", asic(volume=10))])
    assert both["component"].to_list() == ["a", "b"]
    assert both["unit_usd"].to_list() == pytest.approx([costed()["unit_usd"], costed(volume=10)["unit_usd"]])
    assert isinstance(cost(both.select(custom_asic.costs([Entry("a", asic())]).columns[:18])), pl.DataFrame)


# --- attributes


def test_the_attributes_of_one():
    got = figures()
    assert got["accelerators"] == "1"
    assert got["load"] == "1.3 kW"
    assert (got["tdp"], got["bf16"]) == ("1 kW", "2000 TFLOPS")
    assert (got["hbm"], got["hbm_bandwidth"]) == ("288 GB", "9.6 TB/s")
    assert got["launch"] == "2027-09-01"
    assert float(got["price"].removeprefix("$")) == pytest.approx(costed()["unit_usd"])
    assert "fp8" not in got


def test_a_rack_of_64():
    got = figures(accelerators=64, fp8="4 PFLOPS")
    assert got["load"] == "83.2 kW"
    assert float(got["price"].removeprefix("$")) == pytest.approx(64 * costed()["unit_usd"])
    assert got["fp8"] == "4000 TFLOPS"


def test_flops_by_watt_give_the_other_of_two():
    assert figures(bf16=None, perf_per_watt="2 TFLOPS/W")["bf16"] == "2000 TFLOPS"
    assert figures(tdp=None, perf_per_watt="2 TFLOPS/W")["tdp"] == "1 kW"


@pytest.mark.parametrize(
    ("tape_out", "lead", "first"),
    [
        ("2026-09-01", "12 months", date(2027, 9, 1)),
        ("2026-09-15", "12 months", date(2027, 10, 1)),
        ("2026-12-31", "1 year", date(2028, 1, 1)),
        ("2026-09-01", "10 weeks", date(2026, 12, 1)),
    ],
)
def test_the_first_month_with_a_chip(tape_out, lead, first):
    assert asic(tape_out=tape_out, lead_time=lead).available == first


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tdp": None, "bf16": "2000 TFLOPS"}, "nobody gives the power"),
        ({"perf_per_watt": "2 TFLOPS/W"}, "perf_per_watt says nothing new"),
        ({"tdp": None, "bf16": None, "perf_per_watt": "2 TFLOPS/W"}, "or too little"),
        ({"bf16": None}, "nobody says what it computes"),
        ({"hbm_stack_price": None}, "hbm_stacks without a price"),
        ({"die_area": "90000 mm2"}, "not one die fits on the wafer"),
        ({"die_area": "800 W"}, "not a unit of area"),
        ({"volume": 0}, "greater than or equal to 1"),
        ({"package_yield": "0 %"}, "greater than 0"),
        ({"bf16": None, "perf_per_watt": "0 TFLOPS/W"}, "perf_per_watt is zero"),
    ],
)
def test_what_does_not_go_together_is_refused(changed, message):
    with pytest.raises(ValidationError, match=message):
        asic(**changed)


# --- in a file

FILE = """\
twin: 1
name: own
calendar: {{start: 2027-01-01, months: 24}}
components:
  own-chip:
    model: custom-asic
    nre: $400M
    mask_set: $30M
    wafer_price: $18000
    die_area: 800 mm2
    package_cost: $1200
    volume: 100000
    tape_out: 2026-09-01
    tdp: 1 kW
    bf16: 2000 TFLOPS
    {more}
  own-rack: {{kind: rack, holds: {{own-chip: 64}}}}
sites:
  s:
    contains:
      grid: {{kind: utility, capacity: 3 MW}}
      rack[8]: {{use: {use}, power: grid, energised: {energised}}}
scenarios:
  own: {{set: {{s/rack.use: own-rack}}}}
  many: {{set: {{components.own-chip.volume: 1000000}}}}
"""


def load(tmp_path, use="own-rack", energised="2027-09-01", more="scaleup_domain: 64", **given):
    path = tmp_path / "own.yaml"
    path.write_text(FILE.format(use=use, energised=energised, more=more))
    return twin.load(path, **given)


def findings(tmp_path, **given):
    with pytest.raises(InputError) as caught:
        load(tmp_path, **given)
    return caught.value.findings


def test_a_rack_holds_chips_of_our_own(tmp_path):
    rack = load(tmp_path).topology.groups["s/rack"].attributes
    assert rack["accelerators"].value == 64
    assert rack["load"].value == pytest.approx(64.0)
    assert rack["bf16"].value == pytest.approx(2000)
    assert rack["scaleup_domain"].value == 64
    expected = custom_asic.costs(load(tmp_path).topology.section("components"))["unit_usd"][0]
    assert rack["price"].value == pytest.approx(64 * expected)


def test_our_own_chip_against_buying_is_one_line(tmp_path):
    bought = load(tmp_path, use="nvidia.gb200-nvl72").topology.groups["s/rack"].attributes
    own = load(tmp_path, use="nvidia.gb200-nvl72", scenario="own").topology.groups["s/rack"].attributes
    assert bought["price"].value == 3.1e6
    assert own["price"].value < bought["price"].value


def test_what_the_file_states_beside_the_parameters_stands(tmp_path):
    made = load(tmp_path, use="own-chip").topology.groups["s/rack"]
    assert made.kind == "accelerator"
    assert made.attributes["load"].origin == "model"
    assert str(made.attributes["load"].where).endswith("own.yaml:6")
    stated = load(tmp_path, use="own-chip", more="load: 1.1 kW").topology.groups["s/rack"].attributes["load"]
    assert (stated.value, stated.origin) == (1.1, "component")


def test_a_parameter_of_a_component_can_be_set(tmp_path):
    few = load(tmp_path).topology.groups["s/rack"].attributes["price"].value
    many = load(tmp_path, scenario="many").topology.groups["s/rack"].attributes["price"].value
    assert few - many == pytest.approx(64 * 430e6 * (1e-5 - 1e-6))
    lone = load(tmp_path, overlays=["components.own-chip.tdp=2 kW"]).topology.groups["s/rack"]
    assert lone.attributes["load"].value == pytest.approx(128.0)


def test_assumptions_list_the_defaults_of_the_model(tmp_path):
    rows = load(tmp_path).assumptions.filter(pl.col("owner") == "components.own-chip")
    shown = dict(rows.select("attribute", "value").iter_rows())
    assert shown["wafer_diameter"] == "300 mm"
    assert shown["lead_time"] == "12 months"
    assert shown["nre"] == "$400M"


@pytest.mark.parametrize("use", ["own-chip", "own-rack"])
def test_equipment_before_the_chip_exists_is_an_error_with_its_line(tmp_path, use):
    [finding] = findings(tmp_path, use=use, energised="2027-08-01")
    assert finding.line == 22
    assert "before there is any 'own-chip' (tape-out 2026-09-01 + 12 months)" in finding.message
    assert "energised: 2027-09-01" in finding.expected


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("wafer_prize: $1", "'custom-asic' has no parameter 'wafer_prize'"),
        ("test_cost: 3", "a number without a unit"),
        ("use: nvidia.gb200-nvl72", "'use' beside 'model'"),
        ("perf_per_watt: 2 TFLOPS/W", "perf_per_watt says nothing new, or too little"),
    ],
)
def test_a_wrong_parameter_is_a_finding_with_its_line(tmp_path, more, message):
    found = findings(tmp_path, use="own-chip", more=more)
    assert message in found[0].message
    assert found[0].line in {6, 16}


def test_a_model_that_there_is_not(tmp_path):
    path = tmp_path / "own.yaml"
    path.write_text(FILE.format(use="own-rack", energised="2027-09-01", more="").replace("custom-asic", "custom-asics"))
    with pytest.raises(InputError) as caught:
        twin.load(path)
    assert "there is no model 'custom-asics' for 'components'" in caught.value.findings[0].message
    assert "did you mean 'custom-asic'" in caught.value.findings[0].expected


# --- the analysis


def compared(versus="nvidia.gb200-nvl72", precision="bf16", **changed):
    entry = SimpleNamespace(name="own", model="custom-asic", params=asic(**changed))
    other = SimpleNamespace(name="x", model="other", params=None)
    topology = SimpleNamespace(section=lambda _: (entry, other))
    params = chip.ChipParams(versus=versus, precision=precision)
    inputs = AnalysisInputs({}, SimpleNamespace(topology=topology, registry=registry()), 0, params)
    return testing.run_model(chip.ANALYSIS, inputs)["custom_asic"].row(0, named=True)


def test_break_even_by_hand():
    """GB200 NVL72: $3.1M over 72 x 2.5 PFLOP/s is $17,222 a PFLOP/s; our 2 PFLOP/s may cost $34,444."""
    got = compared()
    assert got["versus_usd_per_pflops"] == pytest.approx(3.1e6 / 180)
    assert got["usd_per_pflops"] == pytest.approx(got["unit_usd"] / 2)
    assert got["break_even_volume"] == math.ceil(460e6 / (2 * 3.1e6 / 180 - got["package_usd"] - 9000))
    assert got["tflops_per_w"] == pytest.approx(2.0)
    assert compared(volume=got["break_even_volume"])["usd_per_pflops"] == pytest.approx(
        got["versus_usd_per_pflops"], rel=1e-4
    )


def test_nothing_to_compare_is_null():
    assert compared(versus=None)["break_even_volume"] is None
    assert compared(bom="$1M")["break_even_volume"] is None
    assert compared(precision="fp4")["usd_per_pflops"] is None


@pytest.mark.parametrize("versus", ["nvidia.none", "google.tpu-v4", "generic.ups"])
def test_a_part_that_cannot_be_compared_is_refused(versus):
    with pytest.raises(RefusedError):
        compared(versus=versus)


def test_evaluate_has_the_table(tmp_path):
    made = load(tmp_path).run("chip").custom_asic
    assert made["component"].to_list() == ["own-chip"]
    assert made["available"].to_list() == [date(2027, 9, 1)]
