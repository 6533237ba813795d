"""How far loads that are not linear can grow: cases by hand.  Random plants are in `test_brute_force`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from structure.build import Plant

from twin.capacity.engine import MonthResult, evaluate
from twin.structure.compile import compile_structure
from twin.structure.flow import plan
from twin.structure.twins import twins

if TYPE_CHECKING:
    from twin.structure.model import Structure
    from twin.topology.model import Topology


def month_of(topology: Topology, month: int = 0) -> tuple[Structure, MonthResult]:
    structure = compile_structure(topology)
    return structure, evaluate(structure, month, plan(structure), twins(structure))


def test_a_standby_that_joins_raises_what_is_usable():
    """The first feed is full at 100 kW, and then both share."""
    plant = Plant().add("s").add("s/a", 1, "ups", capacity=100.0).add("s/b", 1, "ups", capacity=60.0)
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/a", "s/b", share="primary"), load=10.0)
    _, result = month_of(plant.done())
    assert result.scopes[0].binding.factor * result.scopes[0].demand_kw == pytest.approx(160.0)


def test_what_is_over_on_the_way_is_not_usable_though_more_would_fit():
    """What feeds the first UPS is full at 80 kW, though at 130 kW, both taking part, it carries less than that."""
    plant = Plant().add("s").add("s/tx", 1, "transformer", capacity=80.0)
    plant.add("s/a", 1, "ups", plant.on("power", "s/a", "s/tx"), capacity=100.0)
    plant.add("s/b", 1, "ups", capacity=100.0)
    plant.add("s/rack", 13, "rack", plant.on("power", "s/rack", "s/a", "s/b", share="primary"), load=10.0)
    _, result = month_of(plant.done())
    assert result.load_kw.max() == pytest.approx(65.0)
    assert result.scopes[0].binding.factor * result.scopes[0].demand_kw == pytest.approx(80.0)


def test_squared_losses_bind_where_the_formula_says():
    """A transformer of 100 kW loses 1 kW and 4 kW at full load; its feed of 90 kW is full at 86.01 kW."""
    plant = Plant().add("s").add("s/grid", 1, "utility", capacity=90.0)
    losses = {"capacity": 100.0, "no_load_loss": 1.0, "load_loss": 4.0}
    plant.add("s/tx", 1, "transformer", plant.on("power", "s/tx", "s/grid"), **losses)
    plant.add("s/rack", 2, "rack", plant.on("power", "s/rack", "s/tx"), load=10.0)
    _, result = month_of(plant.done())
    usable = result.scopes[0].binding.factor * result.scopes[0].demand_kw
    assert usable + 1.0 + 4.0 * (usable / 100.0) ** 2 == pytest.approx(90.0, rel=1e-12)
    assert result.scopes[0].runner_up.factor * result.scopes[0].demand_kw == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("ratio", "cap", "usable"), [(1.0, 0.5, 100.0), (1.2, 1.0, 100.0), (1.2, 0.5, 120.0), (1.2, 0.9, 1000.0 / 9)]
)
def test_oversubscription_needs_a_cap_that_holds(ratio, cap, usable):
    plant = Plant().add("s").add("s/ups", 1, "ups", capacity=100.0, oversubscription=ratio)
    plant.add("s/rack", 4, "rack", plant.on("power", "s/rack", "s/ups"), load=20.0, power_cap=cap)
    _, result = month_of(plant.done())
    assert result.scopes[0].binding.factor * result.scopes[0].demand_kw == pytest.approx(usable)
    assert result.load_kw.tolist() == [80.0]
    assert result.capped_kw.tolist() == pytest.approx([80.0 * cap if ratio > 1 else 80.0])
