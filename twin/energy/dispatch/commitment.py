"""Whole machines from the relaxed optimum.

The relaxed program lets any share of a plant's machines run.  Its objective is a lower bound of what whole
machines can reach.  Dispatches that can be run come from holding what runs and solving for the rest again:

- the share that runs rounded to whole machines, at several thresholds;
- what each plant would run on its own at the marginal prices of three dispatches: the relaxed optimum, the one
  with no such plant running, and the best so far.  Its costs of starting are weighed against every step's margin,
  exactly for the prices given.

The cheapest is kept, and its distance from the bound says how good it is; it need not be the optimum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.energy.dispatch.rules import levels
from twin.energy.dispatch.system import ENGINE
from twin.errors import RefusedError

if TYPE_CHECKING:
    from twin.energy.dispatch.flows import Bools
    from twin.energy.dispatch.solver import DispatchModel, Solution
    from twin.energy.dispatch.system import Floats, Generator, System

THRESHOLDS = (1e-6, 0.25, 0.5, 0.75, 1 - 1e-6)
ROUNDS = 3
"""How often prices are taken from the best dispatch so far."""


def whole_machines(model: DispatchModel, relaxed: Solution) -> Solution:
    """The cheapest dispatch of whole machines that is found; `relaxed` itself where it runs whole machines already.

    Args:
        model: the model that gave `relaxed` last.  It is left as it was, so that a `resolve` goes on from there.
        relaxed: its optimum.

    Raises:
        RefusedError: nothing that was tried serves the load.
    """
    if not relaxed.flows.part_online(relaxed.system):
        return relaxed
    system = relaxed.system
    without = _held(model, [np.zeros(system.steps)] * len(system.generators))
    tried = [_held(model, _rounded(relaxed, above)) for above in THRESHOLDS]
    tried += [_held(model, _answer(system, at.marginal_usd_per_kwh)) for at in (relaxed, without) if at is not None]
    best = _cheapest([without, *tried], None)
    for _ in range(ROUNDS):
        if best is None:
            break
        better = _cheapest([_held(model, _answer(system, best.marginal_usd_per_kwh))], best)
        if better is best:
            break
        best = better
    model.unpin()
    if best is None:
        raise RefusedError(
            ENGINE,
            f"no whole number of machines tried at {system.site} serves the load, although shares of them would",
            "let commitment be relaxed, allow export, or give unserved energy a price",
        )
    return best


def _rounded(relaxed: Solution, above: float) -> list[Floats]:
    """Share of each generator's machines, a part of a machine counting as one from `above` up."""
    return [
        np.floor(online * generator.machines + (1 - above)) / generator.machines
        for generator, online in zip(relaxed.system.generators, relaxed.flows.online, strict=True)
    ]


def _answer(system: System, price: Floats) -> list[Floats]:
    """What each plant would run on its own at given prices: all of its machines or none."""
    return [
        best_answer(_margin(system, generator, price), generator.start_usd).astype(np.float64)
        if generator.committed
        else np.ones(system.steps)
        for generator in system.generators
    ]


def _held(model: DispatchModel, online: list[Floats]) -> Solution | None:
    """The optimum with these shares running; None where that cannot serve the load."""
    for number, generator in enumerate(model.system.generators):
        if generator.committed:
            model.pin(("online", number, 0), np.minimum(online[number], _most(model.system, generator)))
    return model.attempt()


def _cheapest(tried: list[Solution | None], best: Solution | None) -> Solution | None:
    for solution in tried:
        if solution is not None and (best is None or solution.objective_usd < best.objective_usd - 1e-9):
            best = solution
    return best


def _margin(system: System, generator: Generator, price: Floats) -> Floats:
    """USD that running a step earns at these prices: its least output in any case, more of it where that pays."""
    fuel = system.fuel_cost(generator)
    most = np.minimum(generator.available_kw, _use(system))
    running = generator.most_online()
    rated = generator.capacity_kw * running
    least = np.minimum(generator.minimum_fraction * rated, generator.available_kw)
    earned = -generator.online_fuel_kw * running * fuel
    below = np.zeros(system.steps)
    for share, heat in generator.segments:
        reach = share * rated
        width = np.clip(np.maximum(most, least), below, reach) - below
        forced = np.clip(least - below, 0.0, width)
        each = price - generator.usd_per_kwh - heat * fuel
        earned = earned + each * forced + np.maximum(each, 0.0) * (width - forced)
        below = reach
    return earned * system.step_h


def _use(system: System) -> Floats:
    """Most power that the site can use, store or sell, by step."""
    more = sum((storage.charge_kw for storage in system.storages), np.zeros(system.steps))
    return system.load_kw + system.export_limit_kw + sum((shift.up_kw for shift in system.shifts), more)


def _most(system: System, generator: Generator) -> Floats:
    """Largest share of its machines that can run: their least output together needs a use."""
    least = generator.minimum_fraction * generator.capacity_kw / generator.machines
    if least <= 0:
        return generator.most_online()
    count = np.floor(np.minimum(_use(system), generator.available_kw) / least + 1e-9)
    return np.minimum(generator.most_online(), count / generator.machines)


def best_answer(margin: Floats, start_usd: float) -> Bools:
    """Whether to run in each step, for the largest sum of margins less starts; the first step's start is free.

    With `d` the worth of running less that of standing after a step, `d(t) = margin(t) + clip(d(t-1), -start, 0)`,
    so `clip(d, -start, 0)` moves as the level of a store does.  Backwards, running is right where `d > 0`,
    standing where `d < -start`, and between them whatever the next step does.
    """
    _, before = levels(margin, start_usd, start_usd)
    worth = margin + before - start_usd
    known = (worth > 0) | (worth < -start_usd)
    known[-1] = True
    place = np.where(known, np.arange(len(margin)), len(margin))
    decided = np.minimum.accumulate(place[::-1])[::-1]
    return np.asarray(worth > 0)[decided]
