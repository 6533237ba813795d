"""Whether the terms of a tariff hold together; what does not is a ValueError that names the charge."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_energy.tariffs.periods import QUARTERS, charge_mask, period_mask
from twin_energy.tariffs.words import DAYS, MONTHS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twin_energy.tariffs.charges import DemandCharge, EnergyCharge, Ratchet, Schedule
    from twin_energy.tariffs.params import Contract, Tariff

YEAR = 12
DAY = 24


def check_tariff(tariff: Tariff) -> None:
    """Hold everything that one part of a tariff says against the others.

    Raises:
        ValueError: the first thing that is wrong, with what would be right.
    """
    _timezone(tariff.timezone)
    for name, schedule in tariff.schedules.items():
        _schedule(name, schedule)
    for name in tariff.periods:
        period_mask(tariff, name, QUARTERS)
    for name, ratchet in tariff.ratchets.items():
        _ratchet(name, ratchet, tariff)
    for number, charge in enumerate(tariff.energy, 1):
        _energy(f"energy charge {charge.what or number}", charge, tariff)
    for number, demand in enumerate(tariff.demand, 1):
        _demand(f"demand charge {demand.what or number}", demand, tariff)
    _riders(tariff)
    _coincident(tariff)
    _covers_every_hour(tariff)
    if tariff.contract is not None:
        _contract(tariff.contract, tariff)


def _timezone(name: str) -> None:
    if not name:
        return
    try:
        pl.Series([0]).cast(pl.Datetime("us")).dt.replace_time_zone("UTC").dt.convert_time_zone(name)
    except pl.exceptions.PolarsError as error:
        from zoneinfo import available_timezones  # noqa: PLC0415 - reads a folder; only for the hint

        near = get_close_matches(name, available_timezones(), n=1)
        hint = f"did you mean '{near[0]}'?" if near else "write it as 'America/Chicago'"
        raise ValueError(f"timezone '{name}' is not a name of the IANA database; {hint}") from error


def _schedule(name: str, schedule: Schedule) -> None:
    for part in ("weekday", "weekend", "holiday"):
        rows = getattr(schedule, part)
        if part == "holiday" and not rows:
            continue
        if len(rows) != YEAR or any(len(row) != DAY for row in rows):
            raise ValueError(f"schedule '{name}': {part} is not a table of 12 months of 24 hours")


def _twelve(who: str, **given: Sequence[float]) -> None:
    for key, values in given.items():
        if values and len(values) != YEAR:
            raise ValueError(f"{who}: {key} has {len(values)} values; give twelve, January first")


def _named(who: str, name: str, known: Mapping[str, object]) -> None:
    if name and name not in known:
        near = get_close_matches(name, known, n=1)
        raise ValueError(f"{who}: no ratchet '{name}'" + (f"; did you mean '{near[0]}'?" if near else ""))


def _ratchet(name: str, ratchet: Ratchet, tariff: Tariff) -> None:
    who = f"ratchet '{name}'"
    _twelve(who, by_month=ratchet.by_month, own_by_month=ratchet.own_by_month)
    charge_mask(tariff, ratchet.period, (), QUARTERS)
    if ratchet.steady and ratchet.previous:
        raise ValueError(f"{who}: a steady ratchet looks at its own year; leave 'previous' out")


def _one_price(who: str, **given: object) -> None:
    stated = [key for key, value in given.items() if value not in (None, ())]
    if len(stated) != 1:
        got = " and ".join(stated) or "none"
        raise ValueError(f"{who}: give one of {', '.join(given)} (got {got})")


def _energy(who: str, charge: EnergyCharge, tariff: Tariff) -> None:
    _one_price(who, price=charge.price, monthly=charge.monthly, blocks=charge.blocks)
    _twelve(who, monthly=charge.monthly)
    _named(who, charge.ratchet, tariff.ratchets)
    charge_mask(tariff, charge.period, charge.months, QUARTERS)
    _ends(who, [block.up_to for block in charge.blocks])
    for number, block in enumerate(charge.blocks, 1):
        _one_price(f"{who}, block {number}", price=block.price, blocks=block.blocks)
        _ends(f"{who}, block {number}", [step.up_to for step in block.blocks])


def _demand(who: str, charge: DemandCharge, tariff: Tariff) -> None:
    _one_price(who, price=charge.price, monthly=charge.monthly, blocks=charge.blocks)
    _twelve(who, monthly=charge.monthly)
    _named(who, charge.ratchet, tariff.ratchets)
    charge_mask(tariff, charge.period, charge.months, QUARTERS)
    _ends(who, [block.up_to for block in charge.blocks])


def _ends(who: str, limits: Sequence[object]) -> None:
    """Every block but the last ends somewhere, and later than the one before it where that can be told."""
    if not limits:
        return
    if limits[-1] is not None or None in limits[:-1]:
        raise ValueError(f"{who}: every block but the last has 'up_to', so that each kWh or kW has one price")
    kinds = {limit[1:] if isinstance(limit, tuple) else () for limit in limits[:-1]}
    if len(kinds) > 1:
        raise ValueError(f"{who}: blocks side by side end in one unit; put blocks of another unit inside a block")
    # None is refused above, which a type checker does not see
    sizes = [float(limit[0]) if isinstance(limit, tuple) else float(limit) for limit in limits[:-1]]  # type: ignore[arg-type]
    for before, after in pairwise(sizes):
        if after <= before:
            raise ValueError(f"{who}: a block ends at {after:g}, not after the one before it ({before:g})")


def _riders(tariff: Tariff) -> None:
    for rider in tariff.riders:
        who = f"rider '{rider.what}'"
        _one_price(who, energy=rider.energy, demand=rider.demand, fixed=rider.fixed, percent=rider.percent)
        _named(who, rider.ratchet, tariff.ratchets)
        if rider.on and rider.percent is None:
            raise ValueError(f"{who}: 'on' is for a rider by percent")


def _coincident(tariff: Tariff) -> None:
    for charge in tariff.coincident:
        who = f"coincident charge '{charge.what}'"
        if bool(charge.windows) == bool(charge.windows_file):
            raise ValueError(f"{who}: give the hours of the peaks, as 'windows' or as 'windows_file'")
        for window in charge.windows:
            if window.start >= window.end:
                raise ValueError(f"{who}: a window ends at {window.end}, not after its start {window.start}")
        if (charge.billed == "next-year") != (charge.previous is not None):
            raise ValueError(f"{who}: 'previous' is the demand at the peaks before the calendar, for 'next-year' alone")


def _covers_every_hour(tariff: Tariff) -> None:
    """Energy that no charge prices would be free without anybody having said so."""
    if tariff.market is not None or not tariff.energy:
        return
    covered = np.zeros((len(MONTHS), len(DAYS), QUARTERS), bool)
    for charge in tariff.energy:
        covered |= charge_mask(tariff, charge.period, charge.months, QUARTERS)
    if not tariff.holidays:
        covered[:, -1] = True
    if not covered.all():
        month, day, slot = (int(place) for place in np.argwhere(~covered)[0])
        raise ValueError(
            f"no energy charge covers {MONTHS[month]}, {DAYS[day]}, {slot // 4}:{slot % 4 * 15:02}; "
            f"say its price, $0/kWh if it is free"
        )


def _contract(contract: Contract, tariff: Tariff) -> None:
    starts = [step.start for step in contract.steps]
    if starts != sorted(set(starts)):
        raise ValueError("contract: the steps are not one after the other; each begins later than the one before it")
    if not any(held_by_contract(charge) for charge in tariff.demand):
        raise ValueError("contract: no demand charge is billed on its minimum; set 'contract: true' for one")
    if contract.exit_months and contract.exit is None:
        raise ValueError("contract: exit_months without the month of 'exit'")
    if contract.exit and contract.until and contract.exit > contract.until:
        raise ValueError(f"contract: it is over on {contract.until}, before the exit on {contract.exit}")


def held_by_contract(charge: DemandCharge) -> bool:
    """Whether the contract's minimum holds for a charge."""
    return charge.contract if charge.contract is not None else not charge.period
