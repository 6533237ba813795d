"""The smaller shipped topologies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

import twin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _pytest.mark import ParameterSet

FOLDER = Path(__file__).parents[2] / "topologies"
STARTER = Path(twin.__file__).parent / "cli" / "starter.yaml"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_topology_evaluates_and_all_its_checks_hold(path: Path) -> None:
    results = twin.load(path).evaluate()
    assert results.checks["ok"].all(), results.checks.filter(~results.checks["ok"])


LONG = {"gigawatt/carbon-free-curve"}
"""What solves a dispatch again and again."""


def every_scenario() -> Iterator[ParameterSet]:
    for path in sorted(FOLDER.glob("*.yaml")):
        for name in yaml.safe_load(path.read_text(encoding="utf-8")).get("scenarios", {}):
            called = f"{path.stem}/{name}"
            yield pytest.param(path, name, id=called, marks=[pytest.mark.slow] if called in LONG else [])


@pytest.mark.parametrize(("path", "scenario"), list(every_scenario()))
def test_every_scenario_evaluates(path: Path, scenario: str) -> None:
    assert twin.load(path, scenario=scenario).evaluate().provenance.scenario == scenario


def test_quickstart_is_what_init_writes_and_fits_on_one_screen() -> None:
    text = (FOLDER / "quickstart.yaml").read_text(encoding="utf-8")
    assert text == STARTER.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 60


def test_the_utility_is_the_bottleneck_of_the_dps_sample() -> None:
    """750 kW of utility, below four floor PDUs of 450 kW and a switchboard of 1,600 kW.

    Source: NVIDIA DPS SDK documentation, sample topology.
    """
    site = twin.load(FOLDER / "dps-sample.yaml").capacity().site_capacity.row(0, named=True)
    assert site["binding_node"] == "dps-sample/utility"
    assert site["usable_kw"] == pytest.approx(750.0)
    assert site["runner_up_node"] == "dps-sample/switchboard"
    assert site["runner_up_usable_kw"] == pytest.approx(1600.0)


def test_without_a_power_policy_the_sample_is_over_committed() -> None:
    results = twin.load(FOLDER / "dps-sample.yaml", scenario="uncapped").capacity()
    assert results.site_capacity["headroom_kw"].item() == pytest.approx(750.0 - 8 * 140)
    assert not results.checks["ok"].all()
