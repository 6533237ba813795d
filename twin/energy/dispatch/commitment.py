"""Whole machines from the relaxed optimum: round the share that runs, and solve for the output again.

The relaxed program lets any share of a plant's machines run.  Its objective is a lower bound of what whole
machines can reach.  Rounded up, to the nearest and down to whole machines, and held there, the program gives up to
three dispatches that can be run; the cheapest is kept, and its distance from the bound says how good it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.energy.dispatch.system import ENGINE
from twin.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.energy.dispatch.solver import DispatchModel, Solution
    from twin.energy.dispatch.system import Floats

ROUNDING: tuple[Callable[[Floats], Floats], ...] = (
    lambda count: np.ceil(count - 1e-6),
    np.round,
    lambda count: np.floor(count + 1e-6),
)


def whole_machines(model: DispatchModel, relaxed: Solution) -> Solution:
    """The cheapest dispatch that rounding gives; `relaxed` itself where it runs whole machines already.

    Args:
        model: the model that gave `relaxed` last.  It is left as it was, so that a `resolve` goes on from there.
        relaxed: its optimum.

    Raises:
        RefusedError: no rounding serves the load.
    """
    if not relaxed.flows.part_online(relaxed.system):
        return relaxed
    found: list[Solution] = []
    for rounding in ROUNDING:
        for number, generator in enumerate(relaxed.system.generators):
            if generator.committed:
                whole = rounding(relaxed.flows.online[number] * generator.machines) / generator.machines
                model.pin(("online", number, 0), np.clip(whole, 0.0, generator.most_online()))
        try:
            found.append(model.solve())
        except RefusedError:
            continue
    model.unpin()
    if not found:
        raise RefusedError(
            ENGINE,
            f"no whole number of machines at {relaxed.system.site} serves the load, although shares of them would",
            "let commitment be relaxed, allow export, or give unserved energy a price",
        )
    return min(found, key=lambda solution: solution.objective_usd)
