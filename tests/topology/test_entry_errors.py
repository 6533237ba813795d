"""What is said of the parameters of first-party models: all there are, bounds with their unit, rates of a year."""

from __future__ import annotations

from pathlib import Path

import pytest

import twin
from twin.registry import registry

TOPOLOGIES = Path(__file__).parents[2] / "topologies"
CHIPS = TOPOLOGIES / "chip-lease.yaml"


def refused(tmp_path, old, new):
    text = CHIPS.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path = tmp_path / "x.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(twin.InputError) as caught:
        twin.load(path)
    (finding,) = caught.value.findings
    return finding


@pytest.mark.parametrize(("topology", "deal", "model"), [("river-bend", "notes", "term-debt")])
def test_every_parameter_of_a_model_is_listed(topology, deal, model):
    with pytest.raises(twin.InputError) as caught:
        twin.load(TOPOLOGIES / f"{topology}.yaml", overlays=[f"deals.{deal}.zzz=1"])
    (finding,) = caught.value.findings
    names = registry().models("deals")[model].model.params.model_fields
    assert len(names) > 24
    assert finding.expected == f"one of: {', '.join(sorted(names))}"


@pytest.mark.parametrize(
    ("value", "message", "expected"),
    [
        ("5 %", "'%' does not say in what time", "write it as '3 %/year' (canonical unit /year)"),
        ("0.05", "a number without a unit", "write it as '3 %/year' (canonical unit /year)"),
        ("105 %/year", "above 100 %/year", ""),
        ("-5 %/year", "below 0 %/year", ""),
    ],
)
def test_a_probability_of_default_is_of_a_year(tmp_path, value, message, expected):
    finding = refused(tmp_path, "default_probability: 5 %/year", f"default_probability: {value}")
    assert finding.path == "deals[1].support.default_probability"
    assert (finding.message, finding.expected) == (message, expected)


def test_a_count_beyond_its_bound_says_what_it_counts(tmp_path):
    finding = refused(tmp_path, "deliveries: 12", "deliveries: 0")
    assert finding.message == "below 1"
    assert finding.expected.startswith("months over which")
