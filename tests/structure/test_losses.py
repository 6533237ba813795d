"""What an element draws for what it gives: by hand, and the tangents against steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant

from twin.structure.asks import roles
from twin.structure.compile import compile_structure
from twin.structure.losses import Losses, losses

CURVE = {"efficiency_25": 0.94, "efficiency_50": 0.96, "efficiency_75": 0.965, "efficiency_100": 0.96}


def of(kind: str = "ups", **figures: float) -> Losses:
    """The losses of one supplier."""
    plant = Plant().add("s").add("s/x", 1, kind, **figures)
    layer = "cooling" if kind == "chiller" else "power"
    plant.add("s/rack", 1, "rack", plant.on(layer, "s/rack", "s/x"), load=1.0)
    structure = compile_structure(plant.done())
    return losses(structure.elements, roles(structure))


def drawn(found: Losses, output: float) -> float:
    return float(found.draw(np.array([0]), np.array([[output]]))[0, 0])


def test_constant_squared_and_straight_losses_add_up():
    found = of(capacity=100.0, derate=0.8, efficiency=0.95, no_load_loss=2.0, load_loss=6.0, load=0.5)
    assert drawn(found, 50.0) == pytest.approx(50.0 / 0.95 + 2.0 + 6.0 / 4 + 0.5)
    assert drawn(found, 0.0) == pytest.approx(2.5)


def test_load_loss_without_a_rating_is_none():
    assert drawn(of(load_loss=6.0), 50.0) == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("output", "draw"),
    [
        (25.0, 25.0 / 0.94),
        (75.0, 75.0 / 0.965),
        (100.0, 100.0 / 0.96),
        (60.0, 0.6 * 50.0 / 0.96 + 0.4 * 75.0 / 0.965),
        (120.0, 100.0 / 0.96 + 20.0 / 25.0 * (100.0 / 0.96 - 75.0 / 0.965)),
        (0.0, 25.0 / 0.94 - (50.0 / 0.96 - 25.0 / 0.94)),
    ],
)
def test_a_curve_is_met_at_its_points_and_is_straight_between(output, draw):
    assert drawn(of(capacity=100.0, efficiency=0.5, **CURVE), output) == pytest.approx(draw)


def test_a_curve_never_gains_at_no_load():
    steep = dict.fromkeys(CURVE, 0.9) | {"efficiency_25": 0.99}
    found = of(capacity=100.0, **steep)
    assert drawn(found, 0.0) == 0.0
    assert drawn(found, 12.5) == pytest.approx(12.5 / 0.99)


def test_heat_is_what_is_drawn_and_not_passed_on():
    on = np.array([True])
    power, heat = of(capacity=100.0, efficiency=0.8, load=1.0).balance(np.array([40.0]), on)
    assert (power.tolist(), heat.tolist()) == ([51.0], [11.0])
    power, heat = of("chiller", cop=4.0, load=1.0).balance(np.array([40.0]), on)
    assert (power.tolist(), heat.tolist()) == ([11.0], [51.0])
    power, heat = of(no_load_loss=3.0).balance(np.array([0.0]), ~on)
    assert (power.tolist(), heat.tolist()) == ([0.0], [0.0])


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(
        st.fixed_dictionaries({name: st.floats(0.8, 0.99) for name in CURVE}),
        st.fixed_dictionaries({"efficiency": st.floats(0.8, 1.0), "load_loss": st.floats(0.0, 9.0)}),
    ),
    st.floats(0.0, 150.0),
)
def test_the_slope_is_that_of_a_small_step_and_below_the_steepest(figures, output):
    found, first, step = of(capacity=100.0, **figures), np.array([0]), 1e-6
    slope = float(found.slope(first, np.array([[output]]))[0, 0])
    assert slope == pytest.approx((drawn(found, output + step) - drawn(found, output)) / step, abs=1e-4)
    assert slope <= float(found.steepest(np.array([output]))[0]) + 1e-12
