"""The bill: many sites, years and tariffs at once, on arrays.

The load is read once into sums and maxima by month and cell of the clock (`readings`); the terms are
flat rows (`stack`); every line is then one array operation over all accounts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin_energy.tariffs import contract, extras
from twin_energy.tariffs.accounts import spread
from twin_energy.tariffs.case import Case, case_of, no_tables
from twin_energy.tariffs.coincident import coincident_lines, find_peaks
from twin_energy.tariffs.demand import Billed, bill_demand
from twin_energy.tariffs.energy import Ordered, in_hours, limits, quantities
from twin_energy.tariffs.lines import Lines, Names, frame, priced
from twin_energy.tariffs.market import market_lines
from twin_energy.tariffs.readings import read_months
from twin_energy.tariffs.series import windows_of
from twin_energy.tariffs.stack import COUNTS, Rows, Stack

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import polars as pl
    from numpy.typing import NDArray

    from twin_energy.tariffs.case import Tables
    from twin_energy.tariffs.params import Tariff

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

YEAR = 12


@dataclass(frozen=True, slots=True)
class Worked:
    """What the lines were made of, for who needs prices beside them."""

    stack: Stack
    billed: Billed
    lines: list[Lines]


def bill(
    hours: pl.DataFrame,
    tariffs: Mapping[str, Tariff],
    step_h: float = 1.0,
    *,
    start: date | None = None,
    tables: Tables = no_tables,
) -> pl.DataFrame:
    """The bill of every site, by month and line.

    Args:
        hours: `time, site, entry, import_kw` and optionally `export_kw`; whole months in local standard time, the same
            for all sites.
        tariffs: name of each entry -> its terms.
        step_h: length of a step.
        start: month from which the growth of prices counts; the first of `hours` where not given.
        tables: name of a file -> its rows, for price series and peak windows.

    Returns:
        Rows of table `energy_cost` with `quantity, unit, rate_usd, what`.

    Raises:
        RefusedError: a load or a series that is not whole; the message names the site and the hour.
    """
    case = case_of(hours, tariffs, step_h, start=start, tables=tables)
    return frame([], Names([], [], [], [])) if case is None else bill_case(case)


def bill_case(case: Case) -> pl.DataFrame:
    """The bill of every account; see `bill`."""
    return frame(work(case).lines, case.labels)


def bill_months(load: pl.DataFrame, tariffs: Mapping[str, Tariff], start: date) -> pl.DataFrame:
    """The bill where only months are known: charges on all hours and on the month's peak.

    Args:
        load: `month, site, entry, energy_kwh, peak_kw`.
        tariffs: name of each entry -> its terms.
        start: month from which the growth of prices counts.

    Returns:
        As `bill`, for the months and sites of `load`.
    """
    if load.is_empty():
        return frame([], Names([], [], [], []))
    readings, keys = read_months(load)
    place = {name: number for number, name in enumerate(tariffs)}
    of = np.array([place[entry] for _, entry in keys], np.int64)
    sites, entries = [site for site, _ in keys], [entry for _, entry in keys]
    case = Case(list(tariffs.values()), of, readings, start, sites, entries)
    return bill_case(case).join(load, on=["month", "site"], how="semi", maintain_order="left")


def work(case: Case) -> Worked:
    """Every line of every account."""
    readings, of = case.readings, case.of
    start, count = readings.months[0], len(readings.months)
    stack = Stack(case.tariffs, readings.slots, case.load.step_h if case.load else 1.0)
    energy = readings.energy
    served = contract.served(case.tariffs, start, count)[of]
    contract.hold_exits(energy, served, case.names, readings.months)
    least = contract.minima(case.tariffs, start, count)
    active = (np.cumsum((energy > 0) | (least[of] > 0), axis=1) > 0) & served
    billed = bill_demand(stack, case.tariffs, of, readings, active, least)
    year = readings.month_of_year
    lines = [_energy(case, stack, billed), *market_lines(case, export=False), _demand(case, stack, billed)]
    if case.load is not None:
        peaks = find_peaks(case.tariffs, case.load, lambda name: windows_of(case.tables(name), name))
        lines += coincident_lines(case.tariffs, of, case.load, case.sites, peaks, case.growth)
    lines += extras.fixed_lines(case.tariffs, of, active, case.growth, year)
    lines += extras.percent_lines(case.tariffs, of, lines, year)
    lines += [*_export(case, stack), *market_lines(case, export=True)]
    lines += extras.minimum_lines(case.tariffs, of, lines, active, case.growth)
    lines += extras.exit_lines(of, *contract.exit_fees(stack, case.tariffs, start, count, case.index))
    return Worked(stack, billed, lines)


def rates(case: Case, rows: Rows, row: Ints, account: Ints) -> Floats:
    """Price of each row in each month, grown, shape (rows, months)."""
    return np.asarray(rows.prices()[row][:, case.readings.month_of_year] * case.growth[case.of[account]])


def charged(case: Case, stack: Stack, rows: Rows, row: Ints) -> Bools:
    """Whether a row's hours exist in a month and are charged in it, shape (rows, months)."""
    if not len(row):
        return np.zeros((0, len(case.readings.months)), bool)
    any_hour = np.asarray(stack.masks.any(axis=2))
    has = any_hour[rows.mask[row]] & rows.in_months()[row]
    return np.asarray(has[:, case.readings.month_of_year])


def _energy(case: Case, stack: Stack, billed: Billed) -> Lines:
    rows = stack.energy
    of_accounts = spread(rows.tariff, case.of)
    ends = limits(rows, of_accounts, billed, case.readings.days)
    ordered = None
    if COUNTS.index("order") in rows.counts and case.load is not None:
        ordered = Ordered(case.load, case.sites, case.tariffs, case.of)
    account, row = of_accounts.account, of_accounts.row
    kwh = quantities(rows, of_accounts, case.readings, stack.masks, ends, ordered)
    words = rows.words(row)
    rate = rates(case, rows, row, account)
    return priced(account, *words, "kWh", kwh, rate, charged(case, stack, rows, row))


def _export(case: Case, stack: Stack) -> list[Lines]:
    rows, readings = stack.export, case.readings
    of_accounts = spread(rows.tariff, case.of)
    account, row = of_accounts.account, of_accounts.row
    if readings.exports is None or not len(row):
        return []
    kwh = in_hours(readings, readings.exports, stack.masks, account, rows.mask[row])
    words = rows.words(row)
    rate = -rates(case, rows, row, account)
    return [priced(account, *words, "kWh", kwh, rate, charged(case, stack, rows, row))]


def _demand(case: Case, stack: Stack, billed: Billed) -> Lines:
    rows = stack.demand
    of_accounts = spread(rows.tariff, case.of)
    account, row = of_accounts.account, of_accounts.row
    place = billed.rows.first[account] + rows.basis[row]
    low, high = (rows.limits(side)[0][row] for side in ("low", "high"))
    kw = np.minimum(billed.kw[place], high.min(axis=1)[:, None]) - low.max(axis=1)[:, None]
    words = rows.words(row)
    rate = rates(case, rows, row, account)
    months = charged(case, stack, rows, row)
    return priced(account, *words, "kW", np.maximum(kw, 0.0), rate, months, billed.reason[place])
