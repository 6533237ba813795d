"""The first-party catalogue: every figure reads as its attribute, says its source, and the facts are as carried."""

from __future__ import annotations

import pytest

import twin_hardware
from twin import units
from twin.api import Catalogue
from twin.loading import load_module
from twin.testing import load_text
from twin.topology.attributes import ATTRIBUTES, KINDS, NETWORK_KINDS, SOURCE_KINDS

LOADED = load_module(twin_hardware, "twin", "0")
PARTS = {part.name: part for part in LOADED.parts}
[CATALOGUE] = [offer for _, offer in LOADED.offers if isinstance(offer, Catalogue)]
WITHOUT_SOURCE = {"recalled", "unsourced", "nominal"}
CONFIDENCE = {"read", "mixed", "derived", "estimate", "rough", "recalled", "unverified", "nominal", "unsourced"}


def figures():
    """Part, attribute and figure of everything in the catalogue."""
    for part in PARTS.values():
        for name, figure in part.figures.items():
            for each in (figure, *part.alternatives.get(name, ())):
                yield part, name, each


def read(part: str, attribute: str, text: str | None = None) -> float:
    """A figure in canonical units."""
    found = PARTS[part]
    gbps = attribute == "capacity" and found.kind in NETWORK_KINDS
    dimension = "bandwidth" if gbps else ATTRIBUTES[attribute].dimension
    return units.parse(text or found.figures[attribute].text, dimension)


def test_every_kind_and_attribute_is_of_the_language():
    assert {part.kind for part in PARTS.values()} <= set(KINDS)
    assert {name for _, name, _ in figures()} <= set(ATTRIBUTES)


def test_every_figure_reads_as_its_attribute_and_within_its_bounds():
    for part, name, figure in figures():
        attribute = ATTRIBUTES[name]
        if attribute.dimension == "text":
            assert figure.text
            continue
        value = read(part.name, name, figure.text)
        assert attribute.least is None or value >= attribute.least, (part.name, name)
        assert attribute.most is None or value <= attribute.most, (part.name, name)
        assert value > 0 or not attribute.positive, (part.name, name)
        assert value == round(value) or not attribute.whole, (part.name, name)


def test_every_figure_says_how_sure_it_is_and_where_it_was_read():
    for part, name, figure in figures():
        assert figure.confidence in CONFIDENCE, (part.name, name)
        assert figure.source or figure.confidence in WITHOUT_SOURCE, (part.name, name)
        assert not (figure.source and figure.confidence == "recalled"), (part.name, name)
        assert "/work" not in figure.source + figure.note


def test_every_part_says_what_it_is():
    for part in PARTS.values():
        assert part.doc, part.name
        assert part.figures, part.name


def test_equipment_with_accelerators_has_what_goodput_needs():
    for part in PARTS.values():
        if part.kind in {"rack", "server"}:
            assert {"load", "accelerators", "bf16", "hbm", "tdp"} <= set(part.figures), part.name


@pytest.mark.parametrize(
    ("part", "attribute", "value"),
    [
        ("nvidia.h100-sxm", "bf16", 989.4),
        ("nvidia.h100-sxm", "price", 33600),
        ("nvidia.dgx-h100", "load", 10.2),
        ("nvidia.dgx-h100", "accelerators", 8),
        ("nvidia.gb200-nvl72", "load", 132),
        ("nvidia.gb200-nvl72", "accelerators", 72),
        ("nvidia.gb200-nvl72", "liquid_fraction", 0.85),
        ("nvidia.gb200-nvl72", "price", 3.1e6),
        ("nvidia.gb200-nvl72", "fp4", 10000),
        ("nvidia.gb300-nvl72", "load", 140),
        ("nvidia.gb300-nvl72", "hbm", 279),
        ("nvidia.vr200-nvl72", "load", 210),
        ("nvidia.dgx-b300-rack", "load", 56),
        ("amd.mi355x", "fp8", 5033),
        ("google.tpu7x", "hbm", 192 * 1.024**3),
        ("google.tpu-v5e", "scaleout_bandwidth", 25),
        ("aws.trainium3", "hbm", 144 * 1.024**3),
        ("intel.gaudi3", "hbm_bandwidth", 3.7),
        ("nvidia.q3400-ra", "load", 7),
        ("nvidia.sn5600", "capacity", 51200),
        ("nvidia.superpod-gb200-su", "accelerators", 576),
        ("nvidia.h100-sxm", "scaleup_bandwidth", 7200),
        ("generic.ups", "efficiency", 0.955),
        ("genset.3mw", "capacity", 3000),
        ("cdu.1mw3", "capacity", 1300),
        ("hpe.frontier-cdu", "load", 8.47),
        ("generic.busway-80", "derate", 0.8),
        ("generic.tap", "derate", 0.8),
        ("nvidia.dgx-a100", "mass", 123.16),
        ("nvidia.gb200-nvl72", "mass", 1360),
        ("nvidia.gb300-tray", "load", 6.6),
        ("nvidia.gb300-tray", "mass", 32),
        ("nvidia.vr200", "tdp", 1.8),
        ("amd.mi300x-8", "space", 8),
        ("nvidia.h200-sxm", "idle_fraction", 0.105),
        ("google.tpu-v5p-rack", "accelerators", 64),
        ("aws.trn2-16", "accelerators", 16),
        ("intel.gaudi3-8", "price", 125_000),
        ("ups.1mw-curve", "efficiency_25", 0.945),
        ("ups.1mw-curve", "efficiency_100", 0.963),
        ("transformer.2mw5", "no_load_loss", 2.5),
        ("transformer.2mw5", "load_loss", 20),
    ],
)
def test_facts(part, attribute, value):
    assert read(part, attribute) == pytest.approx(value, rel=1e-4)


NAMED = (
    "nvidia.a100-sxm", "nvidia.h100-sxm", "nvidia.h200-sxm", "nvidia.b200-sxm", "nvidia.b300-sxm", "nvidia.gb200",
    "nvidia.gb300", "nvidia.vr200", "amd.mi300x", "amd.mi325x", "amd.mi350x", "amd.mi355x",
    "google.tpu-v4", "google.tpu-v5e", "google.tpu-v5p", "google.tpu-v6e", "google.tpu7x", "aws.trainium2",
    "aws.trainium3", "intel.gaudi3",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_an_accelerator_has_what_a_rack_of_them_needs(name):
    figures = PARTS[name].figures
    assert {"accelerators", "load", "tdp", "bf16", "hbm", "hbm_bandwidth"} <= set(figures)
    assert {"scaleup_domain", "scaleup_bandwidth"} <= set(figures)
    assert read(name, "load") == read(name, "tdp")


@pytest.mark.parametrize("name", NAMED)
def test_every_accelerator_comes_in_a_server_or_a_rack(name):
    own = {attribute: read(name, attribute) for attribute in ("bf16", "hbm", "tdp")}
    systems = [
        part.name
        for part in PARTS.values()
        if part.kind in {"server", "rack"} and all(read(part.name, each) == value for each, value in own.items())
    ]
    assert systems
    for system in systems:
        assert read(system, "load") >= read(system, "accelerators") * own["tdp"] * 0.9, system


def test_curves_are_whole_and_losses_by_load_stand_alone():
    shares = (25, 50, 75, 100)
    curved = [part for part in PARTS.values() if "efficiency_25" in part.figures]
    assert {"generic.ups-curve", "ups.1mw-curve", "ups.1mw5-curve", "ups.2mw5-curve"} == {part.name for part in curved}
    for part in curved:
        assert {f"efficiency_{share}" for share in shares} <= set(part.figures)
        assert not {"efficiency", "no_load_loss", "load_loss"} & set(part.figures)
        lost = [share / 100 * (1 / read(part.name, f"efficiency_{share}") - 1) for share in shares]
        assert lost == sorted(lost), "more load never loses less"
    for part in PARTS.values():
        if "load_loss" in part.figures:
            assert {"capacity", "no_load_loss"} <= set(part.figures)
            assert read(part.name, "efficiency") == 1.0


@pytest.mark.parametrize(("part", "least", "most"), [("transformer.2mw5", 0.9925, 0.995), ("pdu.500kw", 0.97, 0.99)])
@pytest.mark.parametrize("share", [0.35, 0.5, 0.75])
def test_losses_by_load_are_within_what_is_published(part, least, most, share):
    carried = share * read(part, "capacity")
    lost = read(part, "no_load_loss") + read(part, "load_loss") * share**2
    assert least <= carried / (carried + lost) <= most


@pytest.mark.parametrize("kind", ["switchboard", "rpp", "pdu", "busway", "breaker", "tap"])
def test_what_sits_behind_a_breaker_carries_80_percent_continuously(kind):
    derate = PARTS[CATALOGUE.defaults[kind]].figures["derate"]
    assert derate.text == "80 %"
    assert "NEC" in derate.source


@pytest.mark.parametrize("kind", ["ups", "transformer", "genset", "utility", "switchgear", "rectifier"])
def test_the_rest_may_use_its_whole_rating(kind):
    assert "derate" not in PARTS[CATALOGUE.defaults[kind]].figures


def test_a_file_says_where_an_assembly_is_rated_100_percent(tmp_path):
    text = """\
twin: 1
sites:
  s:
    contains:
      grid: {kind: utility, capacity: 1 MW}
      board: {kind: switchboard, capacity: 1 MW, power: grid}
      way: {kind: busway, capacity: 1 MW, derate: 100 %, power: board}
      rack: {kind: rack, load: 10 kW, power: way}
"""
    groups = load_text(text, tmp_path).topology.groups
    assert groups["s/board"].attributes["derate"].value == 0.8
    assert groups["s/way"].attributes["derate"].value == 1.0


def test_conflicting_figures_are_kept():
    nvl72 = PARTS["nvidia.gb200-nvl72"].alternatives
    assert [figure.text for figure in nvl72["load"]] == ["150 kW", "120 kW"]
    assert [figure.text for figure in PARTS["nvidia.vr200-nvl72"].alternatives["bf16"]] == ["12500 TFLOPS"]


def test_recalled_figures_are_labelled():
    assert PARTS["nvidia.dgx-b200"].figures["load"].confidence == "recalled"
    assert PARTS["nvidia.dgx-h100-rack"].figures["accelerators"].confidence == "recalled"
    assert PARTS["nvidia.h100-sxm"].figures["bf16"].confidence == "read"
    assert PARTS["google.tpu7x"].figures["scaleup_bandwidth"].confidence == "recalled"


def test_defaults_supply_rates_and_losses_and_never_a_size():
    assert isinstance(CATALOGUE, Catalogue)
    for kind, name in CATALOGUE.defaults.items():
        part = PARTS[name]
        assert part.kind == kind
        assert set(part.figures) <= {"failure_rate", "mttr", "efficiency", "derate", "start_time"}, kind
        assert "mttr" in part.figures or "failure_rate" not in part.figures
        assert "efficiency" in part.figures or kind in {*SOURCE_KINDS, "rpp", "breaker", "tap"}
    assert {"utility", "genset", "transformer", "ups", "switchgear", "switchboard", "busway"} <= set(CATALOGUE.defaults)


@pytest.mark.parametrize(
    ("kind", "rate", "hours"),
    [
        ("utility", 1.956, 1.32),
        ("genset", 0.1235, 18.28),
        ("transformer", 0.00111, 5),
        ("switchgear", 0.00949, 7.29),
        ("switchboard", 0.00949, 7.29),
        ("ups", 2 / 414.8, 26),
    ],
)
def test_default_rates_are_marked_unverified(kind, rate, hours):
    name = CATALOGUE.defaults[kind]
    assert read(name, "failure_rate") == pytest.approx(rate, rel=1e-3)
    assert read(name, "mttr") == pytest.approx(hours)
    for attribute in ("failure_rate", "mttr"):
        assert PARTS[name].figures[attribute].confidence == "unverified"
