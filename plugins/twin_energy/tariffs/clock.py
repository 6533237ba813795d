"""From standard time to the clock of a tariff: which cell of the day each step falls into.

The load comes in local standard time, in which no hour is lost or doubled.  The clock of a tariff
moves with daylight saving; each step keeps its energy and only its place in the day moves.  The month
of the bill stays that of standard time: the sum over steps is that of the load.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_energy.tariffs.words import DAY_MINUTES, DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_MINUTES_US = 60_000_000


def clock(time: pl.Series, timezone: str) -> pl.Series:
    """Clock time of every step.

    Args:
        time: naive, local standard time.
        timezone: IANA name; empty for a clock that stays on standard time.

    Returns:
        Naive clock time.  Standard time is the least offset from UTC that the zone has in the given steps and the
        year around their first.
    """
    if not timezone or time.is_empty():
        return time
    first = time[0]
    year = pl.select(pl.datetime_range(first, pl.lit(first).dt.offset_by("1y"), "1d", time_unit="us")).to_series()
    offsets = [_local(stamps, timezone) - stamps for stamps in (year, time)]
    # the least of a series of durations is one, which polars does not say in its types
    standard = min(offset.min() for offset in offsets)  # type: ignore[type-var]
    return _local(time - standard, timezone)


def _local(utc: pl.Series, timezone: str) -> pl.Series:
    return utc.dt.replace_time_zone("UTC").dt.convert_time_zone(timezone).dt.replace_time_zone(None)


def cells(stamps: pl.Series, holidays: Sequence[str], slots: int) -> Ints:
    """The cell (kind of day x slot) of every step.

    Args:
        stamps: clock time.
        holidays: `2027-07-05` or `12-25`.
        slots: slots of a day.

    Returns:
        Day x `slots` + slot; kinds of day are Monday to Sunday and holiday.
    """
    weekday = stamps.dt.weekday().cast(pl.Int64).to_numpy() - 1
    if holidays:
        text = stamps.dt.date().cast(pl.String)
        free = text.is_in(list(holidays)) | text.str.slice(5).is_in(list(holidays))
        weekday = np.where(free.to_numpy(), len(DAYS) - 1, weekday)
    minute = (stamps.dt.hour().cast(pl.Int64) * 60 + stamps.dt.minute().cast(pl.Int64)).to_numpy()
    return np.asarray(weekday * slots + minute // (DAY_MINUTES // slots), np.int64)
