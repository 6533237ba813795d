"""What dispatch sees of a tariff: a price of energy for every step, and prices of the largest draw in sets of steps.

Exact for flat, time-of-use and market prices, for demand charges in each month with blocks that grow dearer,
for floors, contract minima and given earlier peaks, and for coincident peaks by maximum or mean.

Approximated, because the bill is not convex there or couples months:

- blocks of energy: the price of the block in which the month's energy ends at the given load;
- blocks of demand that grow cheaper: the price of the block of the given load's billing demand;
- a ratchet: a peak that would raise later bills, or is below what an earlier one made, costs its own month alone;
- demand over an interval longer than a step: the largest step in place of the largest mean;
- minimum bills: not seen, energy below one looks as if it cost its price.

The bill itself is always made by `bill`, from what dispatch came to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_energy.tariffs import contract
from twin_energy.tariffs.accounts import spread
from twin_energy.tariffs.clock import cells, clock
from twin_energy.tariffs.coincident import find_peaks
from twin_energy.tariffs.demand import pieces
from twin_energy.tariffs.demand_prices import block_prices, month_prices, row_surcharge
from twin_energy.tariffs.energy import in_hours, limits
from twin_energy.tariffs.engine import charged, rates, work
from twin_energy.tariffs.extras import surcharge
from twin_energy.tariffs.market import buyers, price_series
from twin_energy.tariffs.readings import clock_key
from twin_energy.tariffs.series import windows_of
from twin_energy.tariffs.stack import COUNTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin_energy.tariffs.case import Case
    from twin_energy.tariffs.coincident import Peak
    from twin_energy.tariffs.engine import Worked
    from twin_energy.tariffs.readings import Load
    from twin_energy.tariffs.stack import Rows

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CHARGES = {
    "site": pl.String(),
    "entry": pl.String(),
    "charge": pl.String(),
    "period": pl.String(),
    "usd_per_kw": pl.Float64(),
    "floor_kw": pl.Float64(),
}
HOURS = {"site": pl.String(), "entry": pl.String(), "charge": pl.String(), "period": pl.String()}
PRICES = {
    "time": pl.Datetime("us"),
    "site": pl.String(),
    "entry": pl.String(),
    "usd_per_kwh": pl.Float64(),
    "export_usd_per_kwh": pl.Float64(),
}
MEAN = "mean"


def no_prices() -> dict[str, pl.DataFrame]:
    """The tables of `dispatch_prices` without rows."""
    return {
        "prices": pl.DataFrame(schema=PRICES),
        "demand_prices": pl.DataFrame(schema=CHARGES),
        "demand_hours": pl.DataFrame(schema=HOURS | {"time": pl.Datetime("us")}),
    }


def dispatch_prices(case: Case) -> dict[str, pl.DataFrame]:
    """Prices for dispatch at the load of `case`.

    Args:
        case: accounts with hours.

    Returns:
        `prices`: `time, site, entry, usd_per_kwh, export_usd_per_kwh`, one row a step and account.
        `demand_prices`: `site, entry, charge, period, usd_per_kw, floor_kw`: the largest draw in the steps of (charge,
        period), at least `floor_kw`, costs `usd_per_kw`.
        `demand_hours`: `site, entry, charge, period, time`: these steps.
    """
    load = case.load
    if load is None:
        return no_prices()
    done = work(case)
    place = Places(case, load)
    peaks = find_peaks(case.tariffs, load, lambda name: windows_of(case.tables(name), name))
    buy = _energy(case, done, place) + _series(case, load, export=False) + _mean_peaks(case, load, peaks)
    sell = place.steps(_cells_of(case, done, done.stack.export, np.ones)) + _series(case, load, export=True)
    prices = pl.DataFrame(
        {
            "time": np.tile(load.time.to_numpy(), len(case.of)),
            "site": np.repeat(np.array(case.names, object), len(load.time)),
            "entry": np.repeat(np.array(case.entries, object), len(load.time)),
            "usd_per_kwh": buy.reshape(-1),
            "export_usd_per_kwh": sell.reshape(-1),
        },
        schema=PRICES,
    )
    demand, hours = _demand(case, done, place, peaks)
    return {"prices": prices, "demand_prices": demand, "demand_hours": hours}


class Places:
    """Where each step of the load falls: its month, its month of the year and its cell by clock."""

    def __init__(self, case: Case, load: Load) -> None:
        """Work out the cells of every clock in use."""
        self.month = np.repeat(np.arange(len(load.starts)), np.diff(load.starts, append=len(load.time)))
        self.year = case.readings.month_of_year[self.month]
        keys = [clock_key(tariff) for tariff in case.tariffs]
        known = {key: cells(clock(load.time, key[0]), key[1], load.slots) for key in dict.fromkeys(keys)}
        self.cell = [known[keys[of]] for of in case.of]

    def steps(self, by_cell: Floats) -> Floats:
        """Values by account, month and cell as values by account and step."""
        return np.stack([values[self.month, cell] for values, cell in zip(by_cell, self.cell, strict=True)])


def _cells_of(case: Case, done: Worked, rows: Rows, weight: object) -> Floats:
    """Price of every cell: the sum of the rows whose hours it is in, shape (accounts, months, cells).

    `weight` gives each row's share by month, from the shape of them, or is an array of that shape.
    """
    of_accounts = spread(rows.tariff, case.of)
    account, row = of_accounts.account, of_accounts.row
    shape = (len(row), len(case.readings.months))
    found = np.zeros((len(case.of), *case.readings.sums.shape[1:]))
    if not len(row):
        return found
    share = weight(shape) if callable(weight) else np.asarray(weight)
    price = rates(case, rows, row, account) * charged(case, done.stack, rows, row) * share
    masks = done.stack.masks[:, case.readings.month_of_year]
    for chunk in pieces(np.arange(len(row)), found[0].size):
        np.add.at(found, account[chunk], price[chunk][:, :, None] * masks[rows.mask[row[chunk]]])
    return found


def _energy(case: Case, done: Worked, place: Places) -> Floats:
    """Marginal price of energy by account and step, with riders by percent."""
    rows = done.stack.energy
    of_accounts = spread(rows.tariff, case.of)
    account, row = of_accounts.account, of_accounts.row
    low, high = limits(rows, of_accounts, done.billed, case.readings.days)
    own = in_hours(case.readings, case.readings.sums, done.stack.masks, account, rows.mask[row])
    whole = rows.counts[row] != COUNTS.index("period")
    filled = np.where(whole[:, None], case.readings.energy[account], own)
    here = ((low < filled) & (filled <= high)) | ((filled == 0) & (low == 0) & (high > 0))
    extra = row_surcharge(case, rows.words(row)[0], account)
    return place.steps(_cells_of(case, done, rows, here * (1.0 + extra)))


def _series(case: Case, load: Load, *, export: bool) -> Floats:
    found = np.zeros((len(case.of), len(load.time)))
    month = np.repeat(np.arange(len(load.starts)), np.diff(load.starts, append=len(load.time)))
    more = surcharge(case.tariffs, case.readings.month_of_year, "energy_charge")
    for account in buyers(case):
        series = price_series(case, load, int(account))[int(export)]
        if series is not None:
            of = case.of[account]
            scale = case.growth[of] * (1.0 if export else 1.0 + more[of])
            found[account] = series * scale[month]
    return found


def _peak_price(case: Case, peaks: list[Peak], peak: Peak) -> float:
    """What a kW at a peak costs, with riders by percent; for `next-year` its part of the mean over the year."""
    tariff = case.tariffs[peak.tariff]
    charge = tariff.coincident[peak.charge]
    more = surcharge(case.tariffs, case.readings.month_of_year, "coincident_charge")[peak.tariff, peak.month]
    price = charge.price * case.growth[peak.tariff, peak.month] * (1.0 + float(more))
    if charge.billed == "month":
        return float(price)
    year = case.readings.months[peak.month].year
    same = [
        other
        for other in peaks
        if (other.tariff, other.charge) == (peak.tariff, peak.charge) and case.readings.months[other.month].year == year
    ]
    return float(price * (1.0 + tariff.growth) / len(same))


def _mean_peaks(case: Case, load: Load, peaks: list[Peak]) -> Floats:
    """Peaks taken by their mean are a price of energy in their steps."""
    found = np.zeros((len(case.of), len(load.time)))
    for peak in peaks:
        if case.tariffs[peak.tariff].coincident[peak.charge].take == MEAN:
            price = _peak_price(case, peaks, peak) / (len(peak.steps) * load.step_h)
            found[np.ix_(np.flatnonzero(case.of == peak.tariff), peak.steps)] += price
    return found


def _demand(case: Case, done: Worked, place: Places, peaks: list[Peak]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Tables `demand_prices` and `demand_hours`."""
    least = contract.minima(case.tariffs, case.readings.months[0], len(case.readings.months))
    rows = block_prices(case, done, least)
    frames, hours = [pl.DataFrame(schema=CHARGES)], [pl.DataFrame(schema=HOURS | {"time": pl.Datetime("us")})]
    times = case.load.time if case.load is not None else pl.Series([], dtype=pl.Datetime("us"))
    for row in rows:
        prices = month_prices(row, case)
        steps = np.flatnonzero(done.stack.masks[row.mask][place.year, place.cell[row.account]])
        steps = steps[row.usd_per_kw[place.month[steps]] > 0]
        frames.append(prices)
        names = pl.Series([f"{month:%Y-%m}" for month in case.readings.months]).gather(place.month[steps])
        hours.append(_hours(case, row.account, row.charge, names, times.gather(steps)))
    for peak in peaks:
        charge = case.tariffs[peak.tariff].coincident[peak.charge]
        if charge.take == MEAN:
            continue
        price = _peak_price(case, peaks, peak)
        called = f"coincident {peak.charge + 1}: {charge.what}"
        for account in np.flatnonzero(case.of == peak.tariff).tolist():
            key = {"site": case.names[account], "entry": case.entries[account], "charge": called, "period": peak.name}
            frames.append(pl.DataFrame([key | {"usd_per_kw": price, "floor_kw": 0.0}], schema=CHARGES))
            period = pl.repeat(peak.name, len(peak.steps), dtype=pl.String, eager=True)
            hours.append(_hours(case, account, called, period, times.gather(peak.steps)))
    return pl.concat(frames), pl.concat(hours)


def _hours(case: Case, account: int, charge: str, period: pl.Series, time: pl.Series) -> pl.DataFrame:
    return pl.DataFrame({"period": period, "time": time.cast(pl.Datetime("us"))}).select(
        pl.lit(case.names[account]).alias("site"),
        pl.lit(case.entries[account]).alias("entry"),
        pl.lit(charge).alias("charge"),
        "period",
        "time",
    )
