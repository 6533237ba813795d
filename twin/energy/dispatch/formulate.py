"""The linear program of a system; docs/explanation/dispatch.md writes it out.

Power is in MW and money in USD inside the program, so that its figures lie within a few orders of magnitude of
one and HiGHS' absolute tolerances mean the same for 100 kW and for 1 GW.
"""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np

from twin.energy.dispatch.program import Blocks, Program

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.energy.dispatch.system import Demand, Generator, Shift, Storage, System

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

KW = 1000.0
"""kW in the program's unit of power."""

BALANCE = ("balance", 0, 0)
IMPORT = ("import", 0, 0)
EXPORT = ("export", 0, 0)
UNSERVED = ("unserved", 0, 0)
MATCHED = ("matched", 0, 0)
SCORE = ("score", 0, 0)


def formulate(system: System) -> Program:
    """The program of a system.

    Blocks of columns by name: import, export, unserved, power(unit, segment), online(unit), started(unit),
    charge(unit), discharge(unit), state(unit), down(unit), up(unit), demand(number), matched.  `balance` holds one
    row a step, whose dual is the marginal price.
    """
    blocks = Blocks()
    load = system.load_kw / KW
    balance = blocks.rows(BALANCE, system.steps, load, load)
    hour_mw = system.step_h * KW
    worth = _worth(system)
    bought = blocks.columns(IMPORT, (system.import_cost() - worth) * hour_mw, 0.0, system.import_limit_kw / KW)
    blocks.put(balance, bought, 1.0)
    sold = blocks.columns(EXPORT, (worth - system.export_usd_per_kwh) * hour_mw, 0.0, system.export_limit_kw / KW)
    blocks.put(balance, sold, -1.0)
    price = system.unserved_usd_per_kwh
    cost = np.full(system.steps, 0.0 if price is None else price * hour_mw)
    unserved = blocks.columns(UNSERVED, cost, 0.0, 0.0 if price is None else inf)
    blocks.put(balance, unserved, 1.0)
    for number, generator in enumerate(system.generators):
        _generator(blocks, system, number, generator)
    _connection(blocks, system, bought)
    for number, storage in enumerate(system.storages):
        _storage(blocks, system, number, storage)
    for number, shift in enumerate(system.shifts):
        _shift(blocks, system, number, shift)
    for number, charge in enumerate(system.demand):
        _demand(blocks, bought, number, charge)
    if system.scored:
        _carbon_free(blocks, system, bought, sold)
    return blocks.program()


def _worth(system: System) -> Floats:
    """USD of the carbon-free share of a kWh of net import, where the score has a price and all of it counts."""
    if not system.cfe_usd_per_kwh or system.shifts:
        return np.zeros(system.steps)
    return system.cfe_usd_per_kwh * system.import_cfe_fraction


def _generator(blocks: Blocks, system: System, number: int, generator: Generator) -> None:
    """Output by segment, and where it matters the share of the machines that run."""
    balance = blocks.place(BALANCE)
    fuel = system.fuel_cost(generator)
    rated = generator.capacity_kw / KW
    available, running = generator.available_kw / KW, generator.running()
    powers = []
    below = 0.0
    for part, (reach, heat) in enumerate(generator.segments):
        width = (reach - below) * rated
        price = (generator.usd_per_kwh + heat * fuel) * system.step_h * KW
        if generator.must_take:
            blocks.offset += float(price @ np.clip(available - below * rated * running, 0.0, width * running))
            price = np.zeros(system.steps)
        most = width * running if len(generator.segments) > 1 else np.minimum(available, width)
        power = blocks.columns(("power", number, part), price, 0.0, most)
        blocks.put(balance, power, 1.0)
        powers.append((power, width))
        below = reach
    if len(powers) > 1 and (available < rated).any():
        # every machine loses its share of what is not there: no segment of it is shut off by itself
        rows = blocks.rows(("available", number, 0), system.steps, -inf, available)
        for power, _ in powers:
            blocks.put(rows, power, 1.0)
    if np.isfinite(generator.limit_kwh):
        row = blocks.rows(("limit", number, 0), 1, -inf, generator.limit_kwh / KW)
        for power, _ in powers:
            blocks.put(row, power, system.step_h)
    if generator.committed:
        _commitment(blocks, system, number, generator, powers)


def _connection(blocks: Blocks, system: System, bought: Ints) -> None:
    """What is bought and what comes by the grid under contract, at most what the connection carries."""
    by_grid = [number for number, generator in enumerate(system.generators) if generator.by_grid]
    bound = np.flatnonzero(np.isfinite(system.import_limit_kw))
    if not by_grid or not len(bound):
        return
    rows = blocks.rows(("connection", 0, 0), len(bound), -inf, system.import_limit_kw[bound] / KW)
    blocks.put(rows, bought[bound], 1.0)
    for number in by_grid:
        for part in range(len(system.generators[number].segments)):
            blocks.put(rows, blocks.find(("power", number, part))[bound], 1.0)


def _commitment(
    blocks: Blocks, system: System, number: int, generator: Generator, powers: list[tuple[Ints, float]]
) -> None:
    """Share of the machines that run, between 0 and 1: their least and most output, their fuel, their starts."""
    fuel = system.fuel_cost(generator)
    size = system.steps
    cost = generator.online_fuel_kw * fuel * system.step_h
    online = blocks.columns(("online", number, 0), cost, 0.0, generator.most_online())
    for part, (power, width) in enumerate(powers):
        rows = blocks.rows(("most", number, part), size, -inf, 0.0)
        blocks.put(rows, power, 1.0)
        blocks.put(rows, online, -width)
    if generator.minimum_fraction > 0:
        rows = blocks.rows(("least", number, 0), size, 0.0, inf)
        for power, _ in powers:
            blocks.put(rows, power, 1.0)
        blocks.put(rows, online, -generator.minimum_fraction * generator.capacity_kw / KW)
    if generator.start_usd > 0 and size > 1:
        # the span begins with whatever runs in its first step: what ran before is not known
        started = blocks.columns(("started", number, 0), np.full(size - 1, generator.start_usd), 0.0, 1.0)
        rows = blocks.rows(("start", number, 0), size - 1, 0.0, inf)
        blocks.put(rows, started, 1.0)
        blocks.put(rows, online[1:], -1.0)
        blocks.put(rows, online[:-1], 1.0)


def _storage(blocks: Blocks, system: System, number: int, storage: Storage) -> None:
    """What it holds follows from what it takes and gives."""
    size, step = system.steps, system.step_h
    balance = blocks.place(BALANCE)
    charge = blocks.columns(("charge", number, 0), np.zeros(size), 0.0, storage.charge_kw / KW)
    cost = storage.usd_per_kwh * step * KW
    discharge = blocks.columns(("discharge", number, 0), cost, 0.0, storage.discharge_kw / KW)
    blocks.put(balance, charge, -1.0)
    blocks.put(balance, discharge, 1.0)
    state = blocks.columns(("state", number, 0), np.zeros(size), 0.0, storage.energy_kwh / KW)
    begin = np.zeros(size)
    if not storage.cyclic:
        begin[0] = storage.start_fraction * storage.energy_kwh / KW
    rows = blocks.rows(("storage", number, 0), size, begin, begin)
    blocks.put(rows, state, 1.0)
    if storage.cyclic:
        blocks.put(rows, np.roll(state, 1), -1.0)
    else:
        blocks.put(rows[1:], state[:-1], -1.0)
    blocks.put(rows, charge, -storage.charge_efficiency * step)
    blocks.put(rows, discharge, step / storage.discharge_efficiency)


def _shift(blocks: Blocks, system: System, number: int, shift: Shift) -> None:
    """What is taken away in a day is added on the same day."""
    balance = blocks.place(BALANCE)
    cost = shift.usd_per_kwh * system.step_h * KW
    down = blocks.columns(("down", number, 0), cost, 0.0, shift.down_kw / KW)
    up = blocks.columns(("up", number, 0), np.zeros(system.steps), 0.0, shift.up_kw / KW)
    blocks.put(balance, down, 1.0)
    blocks.put(balance, up, -1.0)
    _, day = np.unique(system.days(), return_inverse=True)
    rows = blocks.rows(("day", number, 0), int(day[-1]) + 1, 0.0, 0.0)
    blocks.put(rows[day], down, 1.0)
    blocks.put(rows[day], up, -1.0)


def _demand(blocks: Blocks, bought: Ints, number: int, charge: Demand) -> None:
    """Billed demand is at least the floor and every import of the period."""
    cost = np.array([charge.usd_per_kw * KW])
    billed = blocks.columns(("demand", number, 0), cost, charge.floor_kw / KW, inf)
    rows = blocks.rows(("peak", number, 0), len(charge.steps), 0.0, inf)
    blocks.put(rows, billed, 1.0)
    blocks.put(rows, bought[charge.steps], -1.0)


def _carbon_free(blocks: Blocks, system: System, bought: Ints, sold: Ints) -> None:
    """Load matched in its own hour by carbon-free supply, and the score that must be reached.

    What is exported counts against the grid's share, as it does where the score has a price: buying and selling at
    once adds nothing.  A store's balance stands on the side of the supply; what is matched is not negative, so a store
    takes in carbon-free energy only, and what it gives is carbon-free.
    """
    size = system.steps
    price = np.full(size, -(system.cfe_usd_per_kwh or 0.0) * system.step_h * KW)
    matched = blocks.columns(MATCHED, price, 0.0, system.load_kw / KW)
    rows = blocks.rows(("matching", 0, 0), size, -inf, 0.0)
    blocks.put(rows, matched, 1.0)
    for number, generator in enumerate(system.generators):
        if generator.carbon_free:
            for part in range(len(generator.segments)):
                blocks.put(rows, blocks.find(("power", number, part)), -1.0)
    for number in range(len(system.storages)):
        blocks.put(rows, blocks.find(("charge", number, 0)), 1.0)
        blocks.put(rows, blocks.find(("discharge", number, 0)), -1.0)
    grid = [(bought, system.import_cfe_fraction), (sold, -system.import_cfe_fraction)]
    if system.shifts:
        grid = [(_counted(blocks, system, matched, bought, sold), system.import_cfe_fraction)]
    if system.cfe_fraction is None:
        return
    wanted = system.cfe_fraction * float(system.load_kw.sum()) / KW
    score = blocks.rows(SCORE, 1, wanted, wanted if system.cfe_exact else inf)
    blocks.put(score, matched, 1.0)
    for columns, share in grid:
        blocks.put(score, columns, share)


def _counted(blocks: Blocks, system: System, matched: Ints, bought: Ints, sold: Ints) -> Ints:
    """The part of the net import that counts: at most the load that is not matched.

    Without load that is moved the net import is never more than that.
    """
    size = system.steps
    worth = (system.cfe_usd_per_kwh or 0.0) * system.import_cfe_fraction
    counted = blocks.columns(("counted", 0, 0), -worth * system.step_h * KW, -inf, inf)
    rows = blocks.rows(("counting", 0, 0), size, -inf, 0.0)
    for columns, sign in ((counted, 1.0), (bought, -1.0), (sold, 1.0)):
        blocks.put(rows, columns, sign)
    rows = blocks.rows(("counting", 0, 1), size, -inf, system.load_kw / KW)
    blocks.put(rows, counted, 1.0)
    blocks.put(rows, matched, 1.0)
    return counted
