"""What the meter gives a bill: sums and maxima of the load by month and cell of the day.

All windows of all tariffs are unions of cells (kind of day x slot of the day), so each load is read
once and every energy or demand charge is then a sum or a maximum over cells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.api import RefusedError
from twin_energy.tariffs.clock import cells, clock
from twin_energy.tariffs.words import DAY_MINUTES, DAYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from twin_energy.tariffs.params import Tariff

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

ENGINE = "tariff"
_CHUNK = 20_000_000
"""Numbers that a step of the work may hold at once."""


@dataclass(frozen=True, slots=True)
class Load:
    """The load of several sites on one calendar.

    Attributes:
        sites: name of each row.
        time: start of each step, naive, local standard time; whole months, no gaps.
        import_kw: shape (sites, steps).
        export_kw: shape (sites, steps); None where nothing is ever fed in.
        step_h: length of a step.
    """

    sites: tuple[str, ...]
    time: pl.Series
    import_kw: Floats
    export_kw: Floats | None
    step_h: float

    @property
    def months(self) -> list[date]:
        """The first day of every month, in order."""
        return list(self.time.dt.date().dt.month_start().unique(maintain_order=True))

    @property
    def starts(self) -> Ints:
        """The first step of every month."""
        number = self.time.dt.year().cast(pl.Int64) * 12 + self.time.dt.month().cast(pl.Int64)
        return np.flatnonzero(np.diff(number.to_numpy(), prepend=-1)).astype(np.int64)

    @property
    def slots(self) -> int:
        """Steps of a day."""
        return round(24.0 / self.step_h)


@dataclass(frozen=True, slots=True)
class Readings:
    """Sums and maxima.

    Attributes:
        row: the row of each account, shape (accounts,).
        months: first day of every month.
        sums: kWh drawn, shape (rows, months, cells).
        exports: kWh fed in, of the same shape; None where nothing is.
        peaks: largest mean draw in kW by interval in minutes (0: that of the load), each of the same shape.
        slots: slots of a day; 0 where a month is one cell because only months are known.
    """

    row: Ints
    months: Sequence[date]
    sums: Floats
    exports: Floats | None
    peaks: dict[int, Floats] = field(default_factory=dict)
    slots: int = 0

    @property
    def month_of_year(self) -> Ints:
        """0 for January, shape (months,)."""
        return np.array([month.month - 1 for month in self.months], np.int64)

    @property
    def days(self) -> Floats:
        """Days of every month."""
        first = pl.Series(list(self.months), dtype=pl.Date)
        return first.dt.month_end().dt.day().cast(pl.Float64).to_numpy()

    @property
    def energy(self) -> Floats:
        """KWh of each account and month."""
        return np.asarray(self.sums.sum(axis=2)[self.row])


def read_load(hours: pl.DataFrame, step_h: float) -> tuple[Load, list[str]]:
    """Arrays of a frame of hours.

    Args:
        hours: `time, site, entry, import_kw` and optionally `export_kw`, any order of rows.
        step_h: length of a step, 1.0 or 0.25.

    Returns:
        The load, one row a site, and the entry of each.

    Raises:
        RefusedError: hours that are missing, doubled or beyond whole months; a power that is null, NaN or negative.
            The message names the site and the hour.
    """
    frame = hours.sort("site", "entry", "time")
    keys = frame.select("site", "entry").unique(maintain_order=True)
    if keys.is_empty():
        empty = np.zeros((0, 0))
        return Load((), pl.Series("time", [], pl.Datetime("us")), empty, None, step_h), []
    first, last = frame["time"].min(), frame["time"].max()
    span = pl.select(
        pl.datetime_range(
            pl.lit(first).dt.month_start().dt.truncate("1d"),
            pl.lit(last).dt.month_end().dt.truncate("1d") + pl.duration(days=1),
            f"{round(step_h * 60)}m",
            closed="left",
            time_unit="us",
        )
    ).to_series()
    if frame.height != keys.height * len(span) or not _on_time(frame["time"], span, keys.height):
        _refuse_gap(frame, keys, span)
    powers = [name for name in ("import_kw", "export_kw") if name in frame.columns]
    for name in powers:
        _refuse_power(frame, name)
    shape = (keys.height, len(span))
    export = frame["export_kw"].to_numpy().reshape(shape) if "export_kw" in powers else None
    if export is not None and not export.any():
        export = None
    load = Load(tuple(keys["site"]), span, frame["import_kw"].to_numpy().reshape(shape), export, step_h)
    return load, keys["entry"].to_list()


def _on_time(time: pl.Series, span: pl.Series, count: int) -> bool:
    found = time.cast(pl.Datetime("us")).to_physical().to_numpy().reshape(count, len(span))
    return bool((found == span.to_physical().to_numpy()).all())


def _refuse_gap(frame: pl.DataFrame, keys: pl.DataFrame, span: pl.Series) -> None:
    wanted = keys.join(pl.DataFrame({"time": span}), how="cross")
    missing = wanted.join(frame, on=["site", "entry", "time"], how="anti")
    if missing.height:
        site, _, time = missing.row(0)
        raise RefusedError(ENGINE, f"the load of '{site}' has no step {time}", "give every step of every month")
    strange = frame.join(wanted, on=["site", "entry", "time"], how="anti")
    if strange.height:
        row = strange.row(0, named=True)
        raise RefusedError(
            ENGINE, f"the load of '{row['site']}' has {row['time']}, between two steps", "give one value a step"
        )
    twice = frame.filter(pl.struct("site", "entry", "time").is_duplicated()).row(0, named=True)
    raise RefusedError(ENGINE, f"the load of '{twice['site']}' has {twice['time']} twice", "give one value a step")


def _refuse_power(frame: pl.DataFrame, name: str) -> None:
    power = pl.col(name)
    bad = frame.filter(power.is_null() | power.is_nan() | power.is_infinite() | (power < 0))
    if bad.height:
        row = bad.row(0, named=True)
        raise RefusedError(
            ENGINE,
            f"the {name} of '{row['site']}' is {row[name]} at {row['time']}",
            "give a power of zero or more for every step; what is fed in is export_kw",
        )


def clock_key(tariff: Tariff) -> tuple[str, tuple[str, ...]]:
    """What two tariffs must share to have the same cells."""
    return tariff.timezone, tariff.holidays


def read_months(load: pl.DataFrame) -> tuple[Readings, list[tuple[str, str]]]:
    """Readings where only months are known: each month is one cell.

    Args:
        load: `month, site, entry, energy_kwh, peak_kw`, every month of every site.

    Returns:
        The readings and `(site, entry)` of each account.
    """
    frame = load.sort("site", "entry", "month")
    keys = frame.select("site", "entry").unique(maintain_order=True)
    months = frame["month"].unique().sort().to_list()
    shape = (keys.height, len(months), 1)
    sums, peaks = (frame[name].cast(pl.Float64).to_numpy().reshape(shape) for name in ("energy_kwh", "peak_kw"))
    return Readings(np.arange(keys.height), months, sums, None, {0: peaks}), keys.rows()


def read_meter(load: Load, sites: Ints, tariffs: Sequence[Tariff], of: Ints) -> Readings:
    """Sums and maxima for every account.

    Args:
        load: the load of the sites.
        sites: row of `load` of each account.
        tariffs: the tariffs.
        of: index into `tariffs` of each account.

    Returns:
        Readings with one row for each site and clock in use.

    Raises:
        RefusedError: an interval of demand that is not a whole number of steps, or does not divide a day.
    """
    keys = [clock_key(tariff) for tariff in tariffs]
    clocks = list(dict.fromkeys(keys))
    which = np.array([clocks.index(key) for key in keys], np.int64)[of]
    pairs, row = np.unique(np.stack([which, sites], axis=1), axis=0, return_inverse=True)
    size = len(DAYS) * load.slots
    count, months = len(pairs), len(load.starts)
    sums = np.zeros((count, months, size))
    exports = None if load.export_kw is None else np.zeros_like(sums)
    intervals = sorted({_interval(tariff, load.step_h) for tariff in tariffs})
    peaks = {minutes: np.zeros_like(sums) for minutes in intervals}
    month = np.repeat(np.arange(months), np.diff(load.starts, append=len(load.time)))
    for number, (timezone, holidays) in enumerate(clocks):
        place = month * size + cells(clock(load.time, timezone), holidays, load.slots)
        rows = np.flatnonzero(pairs[:, 0] == number)
        for chunk in _chunks(rows, len(load.time)):
            drawn = load.import_kw[pairs[chunk, 1]]
            sums[chunk] = _reduce(np.add, drawn, place, months, size) * load.step_h
            if exports is not None and load.export_kw is not None:
                exports[chunk] = _reduce(np.add, load.export_kw[pairs[chunk, 1]], place, months, size) * load.step_h
            for minutes, kept in peaks.items():
                steps = max(1, round(minutes / 60 / load.step_h))
                mean = drawn.reshape(len(chunk), -1, steps).mean(axis=2) if steps > 1 else drawn
                kept[chunk] = _reduce(np.maximum, mean, place[::steps], months, size)
    return Readings(row.reshape(-1), load.months, sums, exports, peaks, load.slots)


def interval_of(tariff: Tariff, step_h: float) -> int:
    """Minutes over which demand is averaged; 0 where the step of the load decides."""
    return _interval(tariff, step_h)


def _interval(tariff: Tariff, step_h: float) -> int:
    if tariff.interval is None or tariff.interval <= step_h:
        return 0
    steps = tariff.interval / step_h
    if abs(steps - round(steps)) > 1e-9 or DAY_MINUTES % round(tariff.interval * 60):  # noqa: PLR2004 - of a step
        raise RefusedError(
            ENGINE,
            f"an interval of demand of {tariff.interval:g} h is not a whole number of steps of {step_h:g} h",
            "give an interval such as 15 min, 30 min or 1 h",
        )
    return round(tariff.interval * 60)


def _chunks(rows: Ints, steps: int) -> list[Ints]:
    size = max(1, _CHUNK // max(1, steps))
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def _reduce(how: np.ufunc, values: Floats, place: Ints, months: int, size: int) -> Floats:
    """Sum or maximum of the columns that share a place; zero where there is none."""
    order = np.argsort(place, kind="stable")
    ordered = place[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=-1))
    out = np.zeros((len(values), months * size))
    out[:, ordered[starts]] = how.reduceat(values[:, order], starts, axis=1)
    return out.reshape(len(values), months, size)
