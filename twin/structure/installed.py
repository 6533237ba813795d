"""What is in service by month and site: racks, accelerators, IT power."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from twin.api import Calendar
    from twin.structure.model import Bools, Floats, Ints, Structure

HOURS_PER_DAY = 24.0
_ROUNDING = 1e-12


def energised(structure: Structure, calendar: Calendar) -> pl.DataFrame:
    """What is in service by month and site: a step function of the months in which loads come and retire.

    Returns:
        `month, site, hours_h, racks, accelerators, it_kw`, sorted by month, sites in file order.
    """
    sites = [index for index, scope in enumerate(structure.scopes) if scope.parent < 0]
    position = {scope: number for number, scope in enumerate(sites)}
    site = np.array([position[scope.site] for scope in structure.scopes], dtype=np.int64)[structure.classes.scope]
    classes = structure.classes
    start, end = np.maximum(classes.energised, 0), classes.retired
    used = start < np.minimum(end, calendar.months)
    gone = used & (end < calendar.months)

    def changes(month: Ints, which: Bools, amount: Floats | Ints) -> Floats:
        """(months, sites): sum of what changes in each month."""
        cells = calendar.months * len(sites)
        found = np.bincount((month * len(sites) + site)[which], weights=amount[which], minlength=cells)
        # of no loads at all numpy counts in whole numbers, whatever the weights
        return found.reshape(calendar.months, len(sites)).astype(np.float64)

    def steps(amount: Floats | Ints) -> Floats:
        """(months, sites), flat: sum of what is in service."""
        come = changes(start, used, amount)
        level = (come - changes(end, gone, amount)).cumsum(axis=0)
        # what all goes again leaves a rounding of what there was
        level[level < _ROUNDING * come.sum(axis=0)] = 0.0
        return level.ravel()

    dates = np.array(calendar.dates(), dtype="datetime64[D]")
    return pl.DataFrame(
        {
            "month": np.repeat(dates, len(sites)),
            "site": [structure.scopes[index].id for index in sites] * calendar.months,
            "hours_h": np.repeat(hours(calendar), len(sites)),
            "racks": np.rint(steps(classes.count * classes.is_rack)).astype(np.int64),
            "accelerators": np.rint(steps(classes.count * classes.accelerators)).astype(np.int64),
            "it_kw": steps(classes.count * classes.power_kw),
        }
    )


def hours(calendar: Calendar) -> Floats:
    """Hours of each month, by the calendar."""
    edges = np.array([*calendar.dates(), calendar.date(calendar.months)], dtype="datetime64[D]")
    return np.diff(edges).astype(np.float64) * HOURS_PER_DAY
