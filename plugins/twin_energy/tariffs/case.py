"""Who is billed by what: accounts, each a site with its tariff, over one load."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from twin.api import RefusedError, month_index
from twin_energy.tariffs.lines import Names
from twin_energy.tariffs.readings import ENGINE, Readings, read_load, read_meter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from twin_energy.tariffs.params import Tariff
    from twin_energy.tariffs.readings import Load

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Tables = Callable[[str], pl.DataFrame]

YEAR = 12


def no_tables(name: str) -> pl.DataFrame:
    """Stands in for files where there are none."""
    raise RefusedError(ENGINE, f"'{name}' is not known here", "give the tables that the tariff names")


@dataclass(frozen=True, slots=True)
class Case:
    """Who is billed by what.

    Attributes:
        tariffs: the tariffs.
        of: the tariff of each account.
        readings: what the meter says.
        start: month from which growth of prices counts.
        load: the hours; None where only months are known.
        sites: the row of `load` of each account.
        names: site of each account.
        entries: entry of each account.
        tables: name of a file -> its rows.
    """

    tariffs: Sequence[Tariff]
    of: Ints
    readings: Readings
    start: date
    names: Sequence[str]
    entries: Sequence[str]
    load: Load | None = None
    sites: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    tables: Tables = no_tables

    @property
    def index(self) -> int:
        """Month of the calendar that the first month is."""
        return month_index(self.readings.months[0], self.start)

    @property
    def growth(self) -> Floats:
        """What prices of the first year are multiplied by, shape (tariffs, months)."""
        rate = np.array([tariff.growth for tariff in self.tariffs])
        years = (np.arange(len(self.readings.months)) + self.index) // YEAR
        return np.asarray((1.0 + rate[:, None]) ** years)

    @property
    def labels(self) -> Names:
        """What the arrays leave out."""
        return Names(self.names, self.entries, [self.tariffs[of] for of in self.of], self.readings.months)


def case_of(
    hours: pl.DataFrame,
    tariffs: Mapping[str, Tariff],
    step_h: float,
    *,
    start: date | None = None,
    tables: Tables = no_tables,
) -> Case | None:
    """The accounts of a frame of hours; None where it has no rows.  See `bill` for the arguments."""
    load, entries = read_load(hours, step_h)
    if not entries:
        return None
    given = list(tariffs.values())
    place = {name: number for number, name in enumerate(tariffs)}
    return account_case(
        load,
        np.arange(len(entries)),
        given,
        np.array([place[name] for name in entries], np.int64),
        entries=entries,
        start=start,
        tables=tables,
    )


def account_case(
    load: Load,
    sites: Ints,
    tariffs: Sequence[Tariff],
    of: Ints,
    *,
    entries: Sequence[str] = (),
    start: date | None = None,
    tables: Tables = no_tables,
) -> Case:
    """Accounts as arrays: row of the load and tariff of each, for who bills one load by many tariffs."""
    readings = read_meter(load, sites, tariffs, of)
    names = [load.sites[site] for site in sites]
    called = list(entries) or [f"tariff[{number + 1}]" for number in of]
    return Case(tariffs, of, readings, start or load.months[0], names, called, load, sites, tables)
