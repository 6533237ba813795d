"""Hours of the clock as masks: month of the year x kind of day x slot of the day."""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache, reduce
from typing import TYPE_CHECKING

import numpy as np

from twin_energy.tariffs.words import DAY_MINUTES, DAYS, MONTHS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from twin_energy.tariffs.charges import Schedule
    from twin_energy.tariffs.params import Tariff

    Mask = NDArray[np.bool_]

QUARTERS = 96
"""The finest slots of a day that periods may name."""


def charge_mask(tariff: Tariff, names: tuple[str, ...] | str, months: Sequence[int], slots: int) -> Mask:
    """The hours of the periods `names` (all hours where there is none) in `months` (all where there is none).

    Args:
        tariff: what defines the periods.
        names: names of periods, or one name.
        months: months of the year, 1 to 12.
        slots: slots of a day, at most 96.

    Returns:
        Boolean, shape (12, 8, `slots`); kinds of day are Monday to Sunday and holiday.

    Raises:
        ValueError: an unknown name, or an hour of a period that falls inside a slot.
    """
    wanted = (names,) if isinstance(names, str) else names
    masks = [period_mask(tariff, name, slots) for name in wanted]
    found = reduce(np.logical_or, masks) if masks else np.ones((len(MONTHS), len(DAYS), slots), bool)
    return found & in_months(tuple(months))[:, None, None] if months else found


def period_mask(tariff: Tariff, name: str, slots: int, above: tuple[str, ...] = ()) -> Mask:
    """The hours of one period; see `charge_mask`."""
    if name in above:
        raise ValueError(f"period '{name}' is taken out of itself: {' -> '.join((*above, name))}")
    if name not in tariff.periods:
        return _scheduled(tariff, name, slots)
    period = tariff.periods[name]
    found = _stated(period.months, period.days, period.hours, slots, name)
    for other in period.other_than:
        found = found & ~period_mask(tariff, other, slots, (*above, name))
    return found


@lru_cache(maxsize=4096)
def _stated(
    months: tuple[int, ...], days: tuple[int, ...], spans: tuple[tuple[int, int], ...], slots: int, name: str
) -> Mask:
    """Read-only, because many tariffs have the same periods and share it."""
    hours = np.zeros(slots, bool)
    length = DAY_MINUTES // slots
    for start, end in spans or ((0, DAY_MINUTES),):
        if start % length or end % length:
            cut = start if start % length else end
            raise ValueError(f"period '{name}' changes at {cut // 60}:{cut % 60:02}, inside a step of {length} minutes")
        hours[start // length : end // length] = True
    found = in_months(months)[:, None, None] & _rows(days, len(DAYS), first=0)[:, None] & hours
    found.setflags(write=False)
    return found


def _scheduled(tariff: Tariff, name: str, slots: int) -> Mask:
    """Period `schedule.number` of a table."""
    table, _, number = name.rpartition(".")
    if table not in tariff.schedules or not number.isdigit():
        known = [*tariff.periods, *(f"{one}.{n}" for one in tariff.schedules for n in numbers(tariff.schedules[one]))]
        raise ValueError(f"no period '{name}'{_hint(name, known)}")
    given = tariff.schedules[table]
    weekday, weekend = np.array(given.weekday), np.array(given.weekend)
    holiday = np.array(given.holiday) if given.holiday else weekend
    if int(number) not in numbers(given):
        raise ValueError(f"schedule '{table}' has no period {number}; it has {_listed(numbers(given))}")
    days = np.stack([weekday] * 5 + [weekend] * 2 + [holiday], axis=1) == int(number)
    return np.asarray(np.repeat(days, slots // 24, axis=2))


def numbers(schedule: Schedule) -> list[int]:
    """The numbers of periods that a table holds."""
    return sorted({n for part in (schedule.weekday, schedule.weekend, schedule.holiday) for row in part for n in row})


@lru_cache(maxsize=4096)
def in_months(months: tuple[int, ...]) -> Mask:
    """Which months of the year are named; all where none is.  Read-only, shape (12,)."""
    found = _rows(months, len(MONTHS), first=1)
    found.setflags(write=False)
    return found


def _rows(picked: Iterable[int], size: int, first: int) -> Mask:
    """Which of `size` things are picked; none picked means all."""
    chosen = np.array([number - first for number in picked], int)
    rows = np.full(size, chosen.size == 0)
    rows[chosen] = True
    return rows


def _hint(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; it has {_listed(known)}" if known else "; name its hours under 'periods'"


def _listed(items: Iterable[object]) -> str:
    return ", ".join(str(item) for item in items)
