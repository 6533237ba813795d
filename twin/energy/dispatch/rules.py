"""Dispatch by fixed rules, for who must, and for what optimising is worth.

The order: what must be taken and what costs nothing; stores by the rule chosen; then the rest by what a kWh costs,
the grid among them; then export of what is left over.

A store follows one of two rules.  `price`: charge in the hours of a day that are among its cheapest quarter and
from what is left over, discharge in those among its dearest quarter.  `peak`: hold the import of every month at
its mean level, discharging above it and charging below.  Neither looks ahead beyond its day or month.

What a store can do in a step depends on what it holds, step after step.  A step moves the level by so much and
keeps it between empty and full; such moves compose to moves of the same kind, so all levels follow from a scan in
log2(T) array operations and no loop over hours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from twin.energy.dispatch.flows import Flows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.energy.dispatch.system import Floats, Generator, Storage, System

StorageRule = Literal["price", "peak"]
CHEAP = 0.25
DEAR = 0.75
IMPORT = -1


def by_rule(system: System, rule: StorageRule = "price") -> Flows:
    """A dispatch by the rules above; load it cannot serve is `unserved_kw`.

    Shifts are not used, nor is a carbon-free score aimed at.
    """
    size = system.steps
    first = [n for n, g in enumerate(system.generators) if g.must_take or _free(system, g)]
    power = [np.zeros(size) for _ in system.generators]
    rest = system.load_kw.copy()
    line = system.import_limit_kw.copy()
    for number in first:
        generator = system.generators[number]
        power[number] = np.minimum(generator.available_kw, line) if generator.by_grid else generator.available_kw.copy()
        line = _less(line, power[number], generator)
        rest = rest - power[number]
    charges, discharges, states = [], [], []
    for storage in system.storages:
        charge, discharge, state = _store(system, storage, rest, line, rule)
        rest = rest + charge - discharge
        charges.append(charge)
        discharges.append(discharge)
        states.append(state)
    surplus, need = np.maximum(-rest, 0.0), np.maximum(rest, 0.0)
    bought, online = _by_cost(system, need, line, power, first)
    served = bought + sum((power[n] for n in range(len(power)) if n not in first), np.zeros(size))
    sold = np.minimum(surplus, system.export_limit_kw)
    _curtail(power, first, surplus - sold)
    return Flows(
        import_kw=bought,
        export_kw=sold,
        unserved_kw=np.maximum(need - served, 0.0),
        power_kw=tuple(power),
        online=online,
        charge_kw=tuple(charges),
        discharge_kw=tuple(discharges),
        state_kwh=tuple(states),
        down_kw=tuple(np.zeros(size) for _ in system.shifts),
        up_kw=tuple(np.zeros(size) for _ in system.shifts),
    )


def _free(system: System, generator: Generator) -> bool:
    """Whether no kWh of it costs anything."""
    fuel = system.fuel_cost(generator) * (generator.segments[-1][1] + generator.online_fuel_kw)
    return not generator.committed and float((generator.usd_per_kwh + fuel).max()) <= 0


def _less(line: Floats, power: Floats, generator: Generator) -> Floats:
    """What is left of the connection after a generator's power."""
    return np.maximum(line - power, 0.0) if generator.by_grid else line


def _store(
    system: System, storage: Storage, rest: Floats, line: Floats, rule: StorageRule
) -> tuple[Floats, Floats, Floats]:
    """What one store takes, gives and holds, by step."""
    room = np.maximum(line - np.maximum(rest, 0.0), 0.0)
    if rule == "price":
        cheap, dear = _cheap_and_dear(system)
        give = np.where(dear, np.maximum(rest, 0.0), 0.0)
        take = np.maximum(-rest, 0.0) + np.where(cheap, room, 0.0)
    else:
        level = _mean_by_month(system, np.maximum(rest, 0.0))
        give = np.maximum(rest - level, 0.0)
        take = np.maximum(np.minimum(level - rest, np.maximum(-rest, 0.0) + room), 0.0)
    give = np.minimum(give, storage.discharge_kw)
    take = np.where(give > 0, 0.0, np.minimum(take, storage.charge_kw))
    step = system.step_h
    wish = take * storage.charge_efficiency * step - give * step / storage.discharge_efficiency
    start = None if storage.cyclic else storage.start_fraction * storage.energy_kwh
    state, before = levels(wish, storage.energy_kwh, start)
    moved = state - before
    charge = np.maximum(moved, 0.0) / (storage.charge_efficiency * step)
    discharge = np.maximum(-moved, 0.0) * storage.discharge_efficiency / step
    return charge, discharge, state


def levels(wish: Floats, full: float, start: float | None) -> tuple[Floats, Floats]:
    """What a store holds after and before every step, when each step wishes to move it by `wish`.

    Args:
        wish: wished change of what it holds, by step.
        full: the most it holds; the least is nothing.
        start: what it holds at first; None for what makes the end equal to the beginning.
    """
    # after the steps so far a level x has become min(high, max(low, x + move))
    move, low, high = wish.copy(), np.zeros_like(wish), np.full_like(wish, full)
    reach = 1
    while reach < len(wish):
        earlier = slice(None, -reach)
        later_move, later_low, later_high = move[reach:].copy(), low[reach:].copy(), high[reach:].copy()
        low_then = np.clip(low[earlier] + later_move, later_low, later_high)
        high_then = np.clip(high[earlier] + later_move, later_low, later_high)
        move[reach:] = move[earlier] + later_move
        low[reach:], high[reach:] = low_then, high_then
        reach *= 2
    if start is None:
        # the level that the whole span leaves as it is: full-going, empty-going, or any
        start = float(high[-1] if move[-1] > 0 else low[-1])
    after = np.clip(start + move, low, high)
    return after, np.concatenate([[start], after[:-1]])


def _cheap_and_dear(system: System) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Steps among the cheapest and the dearest quarter of their day; none where the day has one price."""
    price = system.import_cost()
    _, day = np.unique(system.days(), return_inverse=True)
    order = np.lexsort((np.arange(system.steps), price, day))
    first = np.searchsorted(day[order], np.arange(day[-1] + 1))
    count = np.bincount(day)
    low = price[order[first + np.floor(CHEAP * (count - 1)).astype(np.int64)]][day]
    high = price[order[first + np.ceil(DEAR * (count - 1)).astype(np.int64)]][day]
    return (price <= low) & (low < high), (price >= high) & (low < high)


def _mean_by_month(system: System, values: Floats) -> Floats:
    month = system.time.astype("datetime64[M]").astype(np.int64)
    _, number = np.unique(month, return_inverse=True)
    means: Floats = np.bincount(number, weights=values) / np.bincount(number)
    return means[number]


def _by_cost(
    system: System, need: Floats, line: Floats, power: list[Floats], first: list[int]
) -> tuple[Floats, tuple[Floats, ...]]:
    """Cover what is needed from the cheapest source first; fills `power`, returns the import and what runs.

    A plant's price is that of full load.  One that cannot run below a minimum gives whole machines at least at
    their minimum, or leaves the step to the next source.
    """
    sources = [n for n in range(len(power)) if n not in first] + [IMPORT]
    price = np.stack([_price(system, number) for number in sources])
    rank = np.argsort(price, axis=0, kind="stable")
    bought = np.zeros(system.steps)
    left = need.copy()
    for place in range(len(sources)):
        for index, number in enumerate(sources):
            here = rank[place] == index
            if number == IMPORT:
                given = np.where(here, np.minimum(left, line), 0.0)
                bought += given
                line = line - given
            else:
                generator = system.generators[number]
                most = np.minimum(generator.available_kw, line) if generator.by_grid else generator.available_kw
                given = _runnable(generator, np.where(here, np.minimum(left, most), 0.0))
                given = _within_limit(system, generator, given, power[number])
                power[number] = power[number] + given
                line = _less(line, given, generator)
            left = np.maximum(left - given, 0.0)
    bought += np.minimum(left, line)
    online = tuple(_online(g, p) for g, p in zip(system.generators, power, strict=True))
    return bought, online


def _price(system: System, number: int) -> Floats:
    if number == IMPORT:
        return system.import_cost()
    generator = system.generators[number]
    below, fuel = 0.0, generator.online_fuel_kw / generator.capacity_kw if generator.capacity_kw else 0.0
    for reach, heat in generator.segments:
        fuel += heat * (reach - below)
        below = reach
    return generator.usd_per_kwh + fuel * system.fuel_cost(generator)


def _online(generator: Generator, power: Floats) -> Floats:
    """Share of the machines that run: the fewest that give the power."""
    if not generator.committed:
        return generator.running()
    each = generator.capacity_kw / generator.machines
    return np.ceil(power / each - 1e-9) / generator.machines


def _runnable(generator: Generator, power: Floats) -> Floats:
    """Power that whole machines can give: where the last one would be below its minimum, it stays off."""
    if generator.minimum_fraction <= 0:
        return power
    each = generator.capacity_kw / generator.machines
    count = np.ceil(power / each - 1e-9)
    return np.where(power >= count * each * generator.minimum_fraction - 1e-9, power, np.maximum(count - 1, 0) * each)


def _within_limit(system: System, generator: Generator, power: Floats, before: Floats) -> Floats:
    """Power until the energy that is allowed is used up, in the order of time."""
    if not np.isfinite(generator.limit_kwh):
        return power
    left = generator.limit_kwh - float(before.sum()) * system.step_h
    used = np.cumsum(power) * system.step_h
    return _runnable(generator, np.clip(power - np.maximum(used - left, 0.0) / system.step_h, 0.0, None))


def _curtail(power: list[Floats], first: list[int], spare: Floats) -> None:
    """Take what has no use off the free sources, the last one first."""
    for number in reversed(first):
        cut = np.minimum(power[number], spare)
        power[number] = power[number] - cut
        spare = spare - cut
