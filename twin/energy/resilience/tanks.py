"""Stores of fuel and of energy side by side: how long they carry a load, and which of them gives how much of it.

A load is carried longest if what lasts longest at its full power gives first, and what lasts equally long gives
together: then the power that is left is the largest at every time (Evans, Tindemans and Angeli, "Robustly maximal
utilisation of energy-constrained distributed resources", 2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twin.energy.steps import Floats

_LEAST = 1e-12
_SLACK = 1e-9


def burn(wanted: Floats, most: Floats, held: Floats) -> Floats:
    """What each store gives in a step: those that last longest first.

    Args:
        wanted: (starts,), kWh of the step.
        most: (stores, 1), kWh that each gives at most in a step.
        held: (stores, starts), kWh in each.

    Returns:
        (stores, starts), kWh: as much as is wanted or, where that is more, as they can.
    """
    if not len(held):
        return held
    lasts = held / np.maximum(most, _LEAST)

    def given(level: Floats) -> Floats:
        """What they give where each is to last `level` steps after this one."""
        left: Floats = np.clip(lasts - level, 0.0, 1.0) * most
        return left

    # between these levels what is given is linear, and falls with the level
    knots = np.sort(np.concatenate([np.maximum(lasts - 1.0, 0.0), lasts]), axis=0)
    total = np.stack([given(knot).sum(axis=0) for knot in knots])
    above = (total >= wanted).sum(axis=0)
    lower, upper = np.maximum(above - 1, 0), np.minimum(above, len(knots) - 1)
    column = np.arange(held.shape[1])
    drop = total[lower, column] - total[upper, column]
    share = np.divide(total[lower, column] - wanted, drop, out=np.zeros_like(wanted), where=drop > 0)
    level = knots[lower, column] + np.clip(share, 0.0, 1.0) * (knots[upper, column] - knots[lower, column])
    return given(np.where(above > 0, level, 0.0))


def lasts(wanted: Floats, most: Floats, held: Floats) -> Floats:
    """(starts,): share of a step through which stores carry an even load, 1 where they carry it to the end.

    Args:
        wanted: (starts,), kWh of the whole step.
        most: (stores, 1), kWh that each gives at most in a step.
        held: (stores, starts), kWh in each.
    """
    empty = np.clip(held / np.maximum(most, _LEAST), 0.0, 1.0)
    knots = np.sort(np.concatenate([np.zeros((1, len(wanted))), empty, np.ones((1, len(wanted)))]), axis=0)
    # what is left over at each knot: concave in time, nothing at its beginning
    over = np.stack([np.minimum(most * knot, held).sum(axis=0) - wanted * knot for knot in knots])
    enough = over >= -_SLACK * np.maximum(wanted, 1.0) * knots
    last = len(knots) - 1 - np.argmax(enough[::-1], axis=0)
    after = np.minimum(last + 1, len(knots) - 1)
    column = np.arange(len(wanted))
    drop = over[last, column] - over[after, column]
    share = np.divide(np.maximum(over[last, column], 0.0), drop, out=np.zeros_like(wanted), where=drop > 0)
    found: Floats = knots[last, column] + share * (knots[after, column] - knots[last, column])
    return np.where(enough[-1], 1.0, np.minimum(found, 1.0 - _LEAST))
