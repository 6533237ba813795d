"""A limit that is stated from dates on, as a figure of every month."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from twin.api import Calendar
    from twin.energy.steps import Floats


def stepped(by_date: Iterable[tuple[date, float]], calendar: Calendar) -> Floats:
    """(months,): each figure holds from the month of its date on; before the first there is nothing, 0.

    Args:
        by_date: dates, rising, and what holds from each on.
        calendar: the months.
    """
    made = np.zeros(calendar.months)
    for day, kw in by_date:
        made[max(calendar.index(day), 0) :] = kw
    return made


def limited(params: object, name: str = "limit") -> bool:
    """Whether the parameters of a tariff state a limit of its connection."""
    return bool(getattr(params, name, None))
