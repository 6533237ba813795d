"""Demand at the system's peaks: the peaks are data, hours in which somebody else's peak fell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.api import RefusedError
from twin_energy.tariffs.accounts import spread
from twin_energy.tariffs.clock import clock
from twin_energy.tariffs.lines import Lines, priced
from twin_energy.tariffs.readings import ENGINE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from twin_energy.tariffs.params import CoincidentCharge, PeakWindow, Tariff
    from twin_energy.tariffs.readings import Load

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Windows = Callable[[str], Sequence[PeakWindow]]

YEAR = 12
LEAP_DAY = (2, 29)


@dataclass(frozen=True, slots=True)
class Peak:
    """One peak of one charge: the steps in which it fell, and the month in which it ended."""

    tariff: int
    charge: int
    name: str
    steps: Ints
    month: int


def find_peaks(tariffs: Sequence[Tariff], load: Load, read: Windows) -> list[Peak]:
    """The steps of every peak of every coincident charge.

    Args:
        tariffs: the tariffs.
        load: what says the steps.
        read: gives the windows of a file.

    Raises:
        RefusedError: a whole calendar year without a peak, or a window that no step falls into.
    """
    month = np.repeat(np.arange(len(load.starts)), np.diff(load.starts, append=len(load.time)))
    stamps: dict[str, NDArray[np.datetime64]] = {}
    known: dict[tuple[object, ...], list[tuple[str, Ints]]] = {}
    found = []
    for number, tariff in enumerate(tariffs):
        for place, charge in enumerate(tariff.coincident):
            if tariff.timezone not in stamps:
                stamps[tariff.timezone] = clock(load.time, tariff.timezone).to_numpy()
            windows = charge.windows or tuple(read(charge.windows_file))
            key = (tariff.timezone, windows, charge.every_year)
            if key not in known:
                known[key] = _steps(charge.what, windows, stamps[tariff.timezone], load, every_year=charge.every_year)
            found += [Peak(number, place, name, steps, int(month[steps[-1]])) for name, steps in known[key]]
    return found


def _steps(
    what: str, windows: Sequence[PeakWindow], stamps: NDArray[np.datetime64], load: Load, *, every_year: bool
) -> list[tuple[str, Ints]]:
    peaks: dict[str, list[Ints]] = {}
    years = range(stamps[0].astype(object).year, stamps[-1].astype(object).year + 1)
    step = np.timedelta64(round(load.step_h * 3600), "s")
    first, last = stamps.min(), stamps.max()
    for window in windows:
        for year in years if every_year else (window.start.year,):
            start, end = (
                np.datetime64(_in_year(when, year - window.start.year)) for when in (window.start, window.end)
            )
            if end <= first or start > last:
                continue
            steps = np.flatnonzero((stamps < end) & (stamps + step > start))
            if not len(steps):
                raise RefusedError(
                    ENGINE, f"no step falls into the window of '{what}' at {start}", "give its clock time"
                )
            name = window.peak or f"{window.start:%m-%d %H:%M}"
            peaks.setdefault(name if str(year) in name else f"{year} {name}", []).append(steps)
    _hold_years(what, peaks, stamps)
    return [(name, np.concatenate(parts)) for name, parts in peaks.items()]


def _in_year(when: datetime, later: int) -> datetime:
    if later and (when.month, when.day) == LEAP_DAY:
        when = when.replace(day=28)
    return when.replace(year=when.year + later)


def _hold_years(what: str, peaks: dict[str, list[Ints]], stamps: NDArray[np.datetime64]) -> None:
    """A year without a peak would have no charge, and nobody would have said so."""
    years = stamps.astype("datetime64[Y]").astype(int) + 1970
    charged = {int(years[steps[0]]) for parts in peaks.values() for steps in parts}
    whole = [year for year in np.unique(years) if _whole(stamps[years == year])]
    missing = [int(year) for year in whole if int(year) not in charged]
    if missing:
        raise RefusedError(
            ENGINE, f"'{what}' has no peak in {missing[0]}", "give the peaks of every year, or set every_year"
        )


def _whole(stamps: NDArray[np.datetime64]) -> bool:
    return len(np.unique(stamps.astype("datetime64[M]"))) == YEAR


def coincident_lines(
    tariffs: Sequence[Tariff], of: Ints, load: Load, sites: Ints, peaks: Sequence[Peak], growth: Floats
) -> list[Lines]:
    """Lines of every coincident charge of every account.

    Args:
        tariffs: the tariffs.
        of: the tariff of each account.
        load: the load.
        sites: the row of `load` of each account.
        peaks: of `find_peaks`.
        growth: of prices, shape (tariffs, months).
    """
    rows = spread([peak.tariff for peak in peaks], of)
    if not len(rows.row):
        return []
    charges = [tariffs[peak.tariff].coincident[peak.charge] for peak in peaks]
    kw = _at_peaks(peaks, charges, load, sites[rows.account], rows.row)
    months = growth.shape[1]
    month = np.array([peak.month for peak in peaks])[rows.row]
    price = np.array([charge.price for charge in charges])[rows.row]
    later = np.array([charge.billed == "next-year" for charge in charges])[rows.row]
    now = np.flatnonzero(~later)
    quantity, charged = np.zeros((len(now), months)), np.zeros((len(now), months), bool)
    quantity[np.arange(len(now)), month[now]] = kw[now]
    charged[np.arange(len(now)), month[now]] = True
    what = [f"{charges[row].what}, {peaks[row].name}" for row in rows.row[now]]
    rate = price[now, None] * growth[of[rows.account[now]]]
    lines = [priced(rows.account[now], ["coincident_charge"] * len(now), what, "kW", quantity, rate, charged)]
    if later.any():
        lines.append(_next_year(tariffs, of, peaks, rows.account[later], rows.row[later], kw[later], growth, load))
    return lines


def _at_peaks(peaks: Sequence[Peak], charges: Sequence[CoincidentCharge], load: Load, site: Ints, row: Ints) -> Floats:
    """Demand of each row at its peak, kW."""
    sizes = np.array([len(peak.steps) for peak in peaks])
    begin = np.cumsum(sizes) - sizes
    every = np.concatenate([peak.steps for peak in peaks])
    count = sizes[row]
    starts = np.cumsum(count) - count
    steps = every[np.arange(count.sum()) - np.repeat(starts - begin[row], count)]
    drawn = load.import_kw[np.repeat(site, count), steps]
    largest = np.maximum.reduceat(drawn, starts)
    mean = np.add.reduceat(drawn, starts) / count
    taken = np.array([charge.take == "max" for charge in charges])[row]
    return np.where(taken, largest, mean)


def _next_year(
    tariffs: Sequence[Tariff],
    of: Ints,
    peaks: Sequence[Peak],
    account: Ints,
    row: Ints,
    kw: Floats,
    growth: Floats,
    load: Load,
) -> Lines:
    """A twelfth of the price a month on the mean demand at the peaks of the calendar year before."""
    years = np.array([month.year for month in load.months])
    table = pl.DataFrame(
        {
            "account": account,
            "charge": [peaks[one].charge for one in row],
            "year": years[[peaks[one].month for one in row]] + 1,
            "kw": kw,
        }
    )
    means = table.group_by("account", "charge", "year", maintain_order=True).agg(pl.col("kw").mean())
    keys = means.select("account", "charge").unique(maintain_order=True).with_row_index("place")
    place = means.join(keys, on=["account", "charge"], maintain_order="left")["place"].to_numpy()
    owner, which = keys["account"].to_numpy(), keys["charge"].to_list()
    charges = [tariffs[of[one]].coincident[charge] for one, charge in zip(owner, which, strict=True)]
    quantity = np.zeros((len(owner), len(years)))
    quantity[:, years == years[0]] = np.array([charge.previous or 0.0 for charge in charges])[:, None]
    for year in np.unique(means["year"]):
        mine = (means["year"] == int(year)).to_numpy()
        quantity[np.ix_(place[mine], np.flatnonzero(years == year))] = means["kw"].to_numpy()[mine][:, None]
    rate = np.array([charge.price for charge in charges])[:, None] / YEAR * growth[of[owner]]
    what = [f"{charge.what}, mean at the peaks of the year before" for charge in charges]
    charged = np.ones_like(quantity, bool)
    return priced(owner, ["coincident_charge"] * len(owner), what, "kW", quantity, rate, charged)
