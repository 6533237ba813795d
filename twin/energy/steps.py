"""The steps of a calendar: every hour (or part of one) of every month, in local standard time.

Standard time has no hour that is missing or doubled; leap days are there.  Arrays over steps have the shape
(sites, steps); a frame of them has the sites one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin.api import Calendar

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

YEAR_HOURS = 8760
WEEK_HOURS = 168
_HOURS_PER_DAY = 24
_MICROSECONDS_PER_HOUR = 3_600_000_000
_MONDAY = 3
"""1 January 1970, from which days are counted, was a Thursday: the fourth day of a week from Monday."""

_LEAP_DAY = 59
"""29 February, counted in days from 1 January = 0, in a leap year."""


@dataclass(frozen=True)
class Steps:
    """The steps of a calendar.

    Attributes:
        calendar: the months.
        step_h: length of a step, an hour or a whole part of it.
    """

    calendar: Calendar
    step_h: float = 1.0

    @cached_property
    def starts(self) -> Ints:
        """(months + 1,): number of the first step of each month, and of all steps at the end."""
        days = self._edges.astype(np.int64)
        found: Ints = np.rint((days - days[0]) * (_HOURS_PER_DAY / self.step_h)).astype(np.int64)
        return found

    @cached_property
    def _edges(self) -> NDArray[np.datetime64]:
        dates = [*self.calendar.dates(), self.calendar.date(self.calendar.months)]
        return np.array(dates, dtype="datetime64[D]")

    def __len__(self) -> int:
        """How many steps there are."""
        return int(self.starts[-1])

    @cached_property
    def time(self) -> NDArray[np.datetime64]:
        """(steps,): start of each."""
        first = self._edges[0].astype("datetime64[us]")
        step = round(self.step_h * _MICROSECONDS_PER_HOUR)
        return np.asarray(first + np.arange(len(self)) * np.timedelta64(step, "us"))

    @cached_property
    def month(self) -> Ints:
        """(steps,): number of the month of each."""
        return np.repeat(np.arange(self.calendar.months), np.diff(self.starts))

    @cached_property
    def hours(self) -> Floats:
        """(months,): hours of each month."""
        return np.diff(self.starts) * self.step_h

    @cached_property
    def hour_of_week(self) -> Ints:
        """(steps,): hour of the week from Monday 00:00."""
        day = self.time.astype("datetime64[D]").astype(np.int64)
        found: Ints = (day + _MONDAY) % 7 * _HOURS_PER_DAY + self._hour
        return found

    @cached_property
    def typical(self) -> Ints:
        """(steps,): hour of a typical year of 365 days; 29 February takes 28 February."""
        day = self.time.astype("datetime64[D]")
        year = self.time.astype("datetime64[Y]")
        number = (day - year.astype("datetime64[D]")).astype(np.int64)
        count = year.astype(np.int64) + 1970
        leap = (count % 4 == 0) & ((count % 100 != 0) | (count % 400 == 0))
        number -= (leap & (number >= _LEAP_DAY)).astype(np.int64)
        found: Ints = number * _HOURS_PER_DAY + self._hour
        return found

    @cached_property
    def _hour(self) -> Ints:
        time = self.time.astype(np.int64)
        found: Ints = time // _MICROSECONDS_PER_HOUR % _HOURS_PER_DAY
        return found

    def by_month(self, power: Floats) -> Floats:
        """(sites, months): sum of a power in every month, kWh."""
        found: Floats = np.add.reduceat(power, self.starts[:-1], axis=1) * self.step_h
        return found

    def peaks(self, power: Floats) -> Floats:
        """(sites, months): the largest value of every month."""
        found: Floats = np.maximum.reduceat(power, self.starts[:-1], axis=1)
        return found

    def frame(self, sites: Sequence[str], columns: dict[str, Floats | None]) -> pl.DataFrame:
        """`time, month, site` and columns of shape (sites, steps); None and NaN are null.

        Args:
            sites: ids, in the order of the arrays.
            columns: name -> values.
        """
        made: dict[str, pl.Series] = {
            "time": pl.Series(np.tile(self.time, len(sites)), dtype=pl.Datetime("us")),
            "month": pl.Series(np.tile(self._edges[:-1][self.month], len(sites)), dtype=pl.Date),
            "site": self._repeated(sites),
        }
        rows = len(self) * len(sites)
        for name, values in columns.items():
            if values is None:
                made[name] = pl.Series(name, [None], dtype=pl.Float64).new_from_index(0, rows)
            else:
                made[name] = pl.Series(name, values.ravel(), nan_to_null=True)
        return pl.DataFrame(made)

    def _repeated(self, names: Sequence[str]) -> pl.Series:
        number = pl.Series(np.repeat(np.arange(len(names), dtype=np.uint32), len(self)))
        return pl.Series("site", list(names), dtype=pl.String).gather(number)

    def months_frame(self, sites: Sequence[str], columns: dict[str, Floats]) -> pl.DataFrame:
        """`month, site` and columns of shape (sites, months), sorted by month."""
        made: dict[str, object] = {
            "month": pl.Series(np.repeat(self._edges[:-1], len(sites)), dtype=pl.Date),
            "site": pl.Series(list(sites) * self.calendar.months, dtype=pl.String),
        }
        return pl.DataFrame(made | {name: values.T.ravel() for name, values in columns.items()})

    def when(self, step: int) -> str:
        """A step as messages name it: `2027-06-01 14:00`."""
        return str(self.time[step])[:16].replace("T", " ")

    def pivot(self, frame: pl.DataFrame, sites: Sequence[str], column: str) -> Floats:
        """(sites, months) of a monthly frame `month, site, …`; 0 where it has no row."""
        month = frame.select(self.calendar.number())["month"].to_numpy()
        site = frame["site"].cast(pl.Enum(sites)).to_physical().to_numpy()
        made = np.zeros((len(sites), self.calendar.months))
        made[site, month] = frame[column].to_numpy()
        return made
