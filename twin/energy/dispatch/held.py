"""What could only give a wrong answer is refused before anything is solved; the step is named."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING

import numpy as np

from twin.energy.dispatch.system import ENGINE, at
from twin.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.energy.dispatch.system import Floats, Generator, Storage, System

SAME_USD_PER_KWH = 1e-12
"""Prices that differ by less are the same."""


def hold(system: System) -> None:
    """Refuse a system that could only give a wrong answer.

    Raises:
        RefusedError: an array of the wrong length, a figure that is not a number or is negative where it cannot be,
            a heat rate that falls with load, or a price of export above that of import.
    """
    if not system.steps:
        raise RefusedError(ENGINE, f"{system.site} has no steps", "give a load for at least one step")
    for what, values, signed in _series(system):
        if len(values) != system.steps:
            reason = f"{what} of {system.site} has {len(values)} values for {system.steps} steps"
            raise RefusedError(ENGINE, reason, "give one value a step")
        bad = np.isnan(values) if signed else ~(values >= 0)
        if bad.any():
            step = int(np.argmax(bad))
            reason = f"{what} of {at(system, step)} is {values[step]:g}"
            raise RefusedError(ENGINE, reason, f"give a number{'' if signed else ' from 0 up'} for every step")
    for generator in system.generators:
        _hold_curve(generator)
    for storage in system.storages:
        _hold_store(storage)
    _hold_meter(system)


def _series(system: System) -> Iterator[tuple[str, Floats, bool]]:
    """Every series with its name and whether it may be negative."""
    yield "the load", system.load_kw, False
    yield "the import price", system.import_usd_per_kwh, True
    yield "the import limit", system.import_limit_kw, False
    yield "the export price", system.export_usd_per_kwh, True
    yield "the export limit", system.export_limit_kw, False
    if system.carbon_usd_per_kg:
        yield "the grid's carbon intensity", system.import_kg_co2e_per_kwh, False
    if system.scored:
        yield "the grid's carbon-free share", system.import_cfe_fraction, False
    for generator in system.generators:
        yield f"the available power of '{generator.entry}'", generator.available_kw, False
        yield f"the price of '{generator.entry}'", generator.usd_per_kwh, True
        yield f"the fuel price of '{generator.entry}'", generator.fuel_usd_per_kwh, True
    for storage in system.storages:
        yield f"the discharging power of '{storage.entry}'", storage.discharge_kw, False
        yield f"the charging power of '{storage.entry}'", storage.charge_kw, False
        yield f"the price of '{storage.entry}'", storage.usd_per_kwh, True
    for shift in system.shifts:
        yield f"the load that '{shift.entry}' takes away", shift.down_kw, False
        yield f"the load that '{shift.entry}' adds", shift.up_kw, False
        yield f"the price of '{shift.entry}'", shift.usd_per_kwh, True


def _hold_curve(generator: Generator) -> None:
    """The fuel curve must be convex, or an LP would run the best segment first."""
    reach = [share for share, _ in generator.segments]
    heat = [rate for _, rate in generator.segments]
    if heat != sorted(heat):
        raise RefusedError(
            ENGINE,
            f"'{generator.entry}' takes less fuel for one more kWh at high load than at low load "
            f"({', '.join(f'{rate:g}' for rate in heat)} kWh/kWh)",
            "give a heat rate curve whose incremental heat rate does not fall with load",
        )
    if generator.must_take and generator.committed:
        raise RefusedError(
            ENGINE,
            f"'{generator.entry}' must be taken and also has a minimum output, running fuel or a cost of starting",
            "let a plant be dispatched, or give what must be taken as power by step",
        )
    if reach != sorted(reach) or not np.isclose(reach[-1], 1.0):
        shares = ", ".join(f"{share:g}" for share in reach)
        raise RefusedError(
            ENGINE,
            f"the segments of '{generator.entry}' reach to {shares} of its rating",
            "let them rise and the last one reach 1",
        )


def _hold_store(storage: Storage) -> None:
    """What a store gives back is at most what it took."""
    shares = {
        "charge efficiency": storage.charge_efficiency,
        "discharge efficiency": storage.discharge_efficiency,
    }
    for what, share in shares.items():
        if not 0 < share <= 1:
            raise RefusedError(ENGINE, f"the {what} of '{storage.entry}' is {share:g}", "give one above 0 and up to 1")
    if not 0 <= storage.start_fraction <= 1:
        reason = f"'{storage.entry}' begins with {storage.start_fraction:g} of what it holds"
        raise RefusedError(ENGINE, reason, "give a share from 0 to 1")
    if not 0 <= storage.energy_kwh < inf:
        reason = f"'{storage.entry}' holds {storage.energy_kwh:g} kWh"
        raise RefusedError(ENGINE, reason, "give a number from 0 up")


def _hold_meter(system: System) -> None:
    """One meter cannot buy and sell at once; where that would pay, an LP would do it."""
    gain = (system.export_usd_per_kwh - system.import_cost() > SAME_USD_PER_KWH) & (system.export_limit_kw > 0)
    gain &= system.import_limit_kw > 0
    if gain.any():
        step = int(np.argmax(gain))
        raise RefusedError(
            ENGINE,
            f"the price of export of {at(system, step)} (${system.export_usd_per_kwh[step]:g}/kWh) is above that of "
            f"import (${system.import_cost()[step]:g}/kWh), so that buying and selling at once would earn without end",
            "give the sale its own meter as a contract, or an export price not above the import price",
        )
