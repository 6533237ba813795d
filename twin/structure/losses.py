"""What an element draws to give its output: the one place that knows how losses go with the load.

A supplier of power that gives `P` kW, rated `S` kW, draws

    P / efficiency + no-load loss + load loss * (P / S)^2

or, where an efficiency is stated at 25, 50, 75 and 100 % of the rating, what those say: at each of them
`P / efficiency`, linear between them, the last line going on above the rating.  Below 25 % the line
from 25 to 50 % goes on to no load, where no less than nothing is lost.  A mover of heat draws `P / cop`
for `P` kW of heat.  Everything draws its own constant load besides.  All that is drawn and not passed on is heat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.model import CURVE_POINTS, NETWORK, POWER

if TYPE_CHECKING:
    from twin.structure.model import Bools, Elements, Floats, Ints


@dataclass(frozen=True, slots=True)
class Losses:
    """Coefficients of the draw of every element at an output of `a`.

        draw = base + gain a + square a^2 + sum over k of bend[k] max(0, a - knee[k])
        heat = draw + kept a

    Attributes:
        base: (elements,), kW drawn at no load, with the own constant load.
        gain: (elements,), kW drawn for each kW given, at no load.
        square: (elements,), per kW.
        knee, bend: (elements, 3), output from which, and slope that, is added; zeros where there is no curve.
        kept: (elements,), heat given off for each unit of output beside the draw: -1 for power, which is
            passed on, 1 for heat that is moved, 0 on the network.
        curved: (elements,), whether an efficiency curve is stated.
    """

    base: Floats
    gain: Floats
    square: Floats
    knee: Floats
    bend: Floats
    kept: Floats
    curved: Bools

    def draw(self, elements: Ints, output: Floats) -> Floats:
        """What elements draw while in service.

        Args:
            elements: (n,), their numbers.
            output: (n, states), what each gives.

        Returns:
            (n, states), kW.
        """
        drawn: Floats = self.base[elements][:, None] + self.gain[elements][:, None] * output
        square = self.square[elements]
        if square.any():
            drawn += square[:, None] * output**2
        bent = np.flatnonzero(self.curved[elements])
        if len(bent):
            over = output[bent][:, :, None] - self.knee[elements[bent]][:, None, :]
            drawn[bent] += (self.bend[elements[bent]][:, None, :] * over.clip(min=0.0)).sum(axis=2)
        return drawn

    def slope(self, elements: Ints, output: Floats) -> Floats:
        """(n, states), kW drawn for one kW more of output, at the arguments of `draw`."""
        rise = np.broadcast_to(self.gain[elements][:, None], output.shape).copy()
        square = self.square[elements]
        if square.any():
            rise += 2.0 * square[:, None] * output
        bent = np.flatnonzero(self.curved[elements])
        if len(bent):
            over = output[bent][:, :, None] >= self.knee[elements[bent]][:, None, :]
            rise[bent] += (self.bend[elements[bent]][:, None, :] * over).sum(axis=2)
        return rise

    def steepest(self, output: Floats) -> Floats:
        """(elements,), the largest slope at any output up to the given one, which is (elements,)."""
        bends = np.cumsum(self.bend, axis=1).max(axis=1, initial=0.0)
        curve: Floats = np.maximum(bends, 0.0)
        squared: Floats = 2.0 * self.square * np.where(self.square > 0, output, 0.0)
        return self.gain + curve + squared

    @property
    def bent(self) -> Bools:
        """(elements,), whether the draw is other than a constant and a multiple of the output."""
        bent: Bools = self.curved | (self.square > 0)
        return bent

    def balance(self, output: Floats, on: Bools) -> tuple[Floats, Floats]:
        """(elements,) each: what every element draws and the heat that it gives off; both 0 where not in service."""
        drawn = self.draw(np.arange(len(output)), output[:, None])[:, 0]
        return np.where(on, drawn, 0.0), np.where(on, drawn + self.kept * output, 0.0)


def losses(elements: Elements, role: Ints) -> Losses:
    """The coefficients.

    Args:
        elements: of the structure.
        role: (elements,), the resource that each supplies.
    """
    power = role == POWER
    curved = power & np.isfinite(elements.curve).all(axis=1) & np.isfinite(elements.capacity_kw)
    plain = power & ~curved
    rating = np.where(np.isfinite(elements.capacity_kw), elements.capacity_kw, 1.0)
    gain = np.where(role == NETWORK, 0.0, np.divide(1.0, np.where(power, elements.efficiency, elements.cop)))
    start, first, bend = _lines(np.where(curved[:, None], elements.curve, 1.0), np.where(curved, rating, 1.0))
    return Losses(
        base=elements.power_kw + np.where(plain, elements.no_load_kw, 0.0) + np.where(curved, start, 0.0),
        gain=np.where(curved, first, gain),
        square=np.where(plain, elements.load_loss_kw, 0.0) / rating**2,
        knee=rating[:, None] * np.array(CURVE_POINTS[:-1]),
        bend=np.where(curved[:, None], bend, 0.0),
        kept=np.select([power, role == NETWORK], [-1.0, 0.0], 1.0),
        curved=curved,
    )


def _lines(curve: Floats, rating: Floats) -> tuple[Floats, Floats, Floats]:
    """Draw at no load, slope from there, and how the slope changes at each knee."""
    output = rating[:, None] * np.array(CURVE_POINTS)
    drawn = output / curve
    slope = np.diff(drawn, axis=1) / np.diff(output, axis=1)
    start = np.maximum(drawn[:, 0] - slope[:, 0] * output[:, 0], 0.0)
    first = (drawn[:, 0] - start) / output[:, 0]
    return start, first, np.diff(np.column_stack([first, slope]), axis=1)
