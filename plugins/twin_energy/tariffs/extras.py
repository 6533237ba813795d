"""Lines that follow from a month or from other lines: fixed charges, exit fees, riders by percent, minimum bills."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin_energy.tariffs.accounts import spread
from twin_energy.tariffs.lines import Lines, priced, totals
from twin_energy.tariffs.periods import in_months

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin_energy.tariffs.params import Tariff

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

YEAR = 12


def fixed_lines(tariffs: Sequence[Tariff], of: Ints, active: Bools, growth: Floats, year: Ints) -> list[Lines]:
    """Fixed charges and riders that are a sum a month.

    Args:
        tariffs: the tariffs.
        of: the tariff of each account.
        active: whether each account is connected, shape (accounts, months).
        growth: of prices, shape (tariffs, months).
        year: month of the year of each month, 0 for January.
    """
    fixed = np.array([tariff.fixed for tariff in tariffs])[of]
    count = len(of)
    words = (["fixed_charge"] * count, ["connection"] * count)
    lines = [priced(np.arange(count), *words, "month", active.astype(np.float64), fixed[:, None] * growth[of], active)]
    riders = [
        (number, rider) for number, tariff in enumerate(tariffs) for rider in tariff.riders if rider.fixed is not None
    ]
    rows = spread([number for number, _ in riders], of)
    if len(rows.row):
        charged = active[rows.account] & _months([rider.months for _, rider in riders])[rows.row][:, year]
        sums = np.array([rider.fixed for _, rider in riders])[rows.row]
        what = [riders[row][1].what for row in rows.row]
        rate = sums[:, None] * growth[of[rows.account]]
        lines.append(
            priced(rows.account, ["rider"] * len(what), what, "month", charged.astype(np.float64), rate, charged)
        )
    return lines


def percent_lines(tariffs: Sequence[Tariff], of: Ints, lines: Sequence[Lines], year: Ints) -> list[Lines]:
    """Riders by percent of the lines before them; none is taken of another.

    Args:
        tariffs: the tariffs.
        of: the tariff of each account.
        lines: what stands on the bill before.
        year: month of the year of each month, 0 for January.
    """
    riders = [
        (number, rider) for number, tariff in enumerate(tariffs) for rider in tariff.riders if rider.percent is not None
    ]
    rows = spread([number for number, _ in riders], of)
    if not len(rows.row):
        return []
    base = np.zeros((len(rows.row), len(year)))
    for on in {rider.on for _, rider in riders}:
        mine = np.flatnonzero([riders[row][1].on == on for row in rows.row])
        base[mine] = totals(lines, len(of), len(year), on)[rows.account[mine]]
    charged = _months([rider.months for _, rider in riders])[rows.row][:, year]
    rate = np.array([rider.percent for _, rider in riders])[rows.row][:, None] * np.ones(len(year))
    what = [riders[row][1].what for row in rows.row]
    return [priced(rows.account, ["rider"] * len(what), what, "USD", base, rate, charged)]


def minimum_lines(
    tariffs: Sequence[Tariff], of: Ints, lines: Sequence[Lines], active: Bools, growth: Floats
) -> list[Lines]:
    """What a bill falls short of the least of a month, then of twelve months from the start.

    The annual minimum is due in the last month of each twelve in which the account is connected, in proportion to the
    months in which it is: who leaves owes it with the last bill.

    Args:
        tariffs: the tariffs.
        of: the tariff of each account.
        lines: what stands on the bill before.
        active: whether each account is connected, shape (accounts, months).
        growth: of prices, shape (tariffs, months).
    """
    count, months = active.shape
    billed = totals(lines, count, months)
    least = np.array([tariff.minimum for tariff in tariffs])[of][:, None] * growth[of] * active
    short = np.where(least > 0, np.maximum(least - billed, 0.0), 0.0)
    billed = billed + short
    begin = np.arange(0, months, YEAR)
    annual = np.array([tariff.minimum_annual for tariff in tariffs])[of][:, None] / YEAR * growth[of] * active
    owed = np.add.reduceat(annual, begin, axis=1)
    missing = np.zeros_like(billed)
    accounts = np.arange(count)
    connected = np.where(active, np.arange(months), -1)
    due = np.maximum(np.maximum.reduceat(connected, begin, axis=1), begin)
    short_of_year = np.where(owed > 0, np.maximum(owed - np.add.reduceat(billed, begin, axis=1), 0.0), 0.0)
    missing[accounts[:, None], due] = short_of_year
    return [
        Lines(
            accounts, ["minimum_bill"] * count, [what] * count, "USD", amount, np.ones_like(amount), amount, amount > 0
        )
        for what, amount in (("shortfall of the month", short), ("shortfall of the year", missing))
    ]


def exit_lines(of: Ints, fees: Floats, months: Floats) -> list[Lines]:
    """Fees for leaving; see `exit_fees` for the arguments, both by tariff."""
    amount, quantity = fees[of], months[of]
    rate = np.divide(amount, quantity, out=np.zeros_like(amount), where=quantity > 0)
    what = ["minimum demand charges of the term left"] * len(of)
    return [priced(np.arange(len(of)), ["exit_fee"] * len(of), what, "month", quantity, rate, quantity > 0)]


def _months(given: Sequence[tuple[int, ...]]) -> Bools:
    return np.array([in_months(months) for months in given])


def surcharge(tariffs: Sequence[Tariff], year: Ints, line: str) -> Floats:
    """What riders by percent add to a line, as a share of it, shape (tariffs, months); see `fixed_lines` for `year`."""
    found = np.zeros((len(tariffs), len(year)))
    for row, tariff in enumerate(tariffs):
        for rider in tariff.riders:
            if rider.percent is not None and (not rider.on or line in rider.on):
                found[row] += rider.percent * in_months(rider.months)[year]
    return found
