"""Demand: peaks of every basis, billing demand, and the lines that are billed on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin_energy.tariffs.accounts import Spread, spread
from twin_energy.tariffs.ratchet import billing_demand, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin_energy.tariffs.params import Tariff
    from twin_energy.tariffs.readings import Readings
    from twin_energy.tariffs.stack import Stack

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

_CHUNK = 4_000_000
"""Cells that a step of the work may hold at once."""


@dataclass(frozen=True, slots=True)
class Billed:
    """Billing demand of every basis of every account.

    Attributes:
        rows: which account each row is of; `rows.first[a] + n` is basis n of account a.
        peaks: measured, kW, shape (rows, months).
        kw: billed, kW, shape (rows, months).
        reason: what decided it, index into `REASONS`.
    """

    rows: Spread
    peaks: Floats
    kw: Floats
    reason: Ints


def bill_demand(
    stack: Stack, tariffs: Sequence[Tariff], of: Ints, readings: Readings, active: Bools, contract_kw: Floats
) -> Billed:
    """Peaks and billing demand.

    Args:
        stack: the terms.
        tariffs: the tariffs.
        of: the tariff of each account.
        readings: what the meter says.
        active: whether each account is connected, shape (accounts, months).
        contract_kw: least billing demand of each tariff, shape (tariffs, months).
    """
    flat = [(number, basis) for number, bases in enumerate(stack.bases) for basis in bases]
    rows = spread([number for number, _ in flat], of)
    ratchets = lay_out([tariffs[number].ratchets.get(basis.ratchet) for number, basis in flat]).rows(rows.row)
    mask = np.array([basis.mask for _, basis in flat], np.int64)[rows.row]
    interval = np.array([basis.interval for _, basis in flat], np.int64)[rows.row]
    held = np.array([basis.contract for _, basis in flat], bool)[rows.row]
    peaks = measured(readings, stack.masks, rows.account, mask, interval)
    floor = contract_kw[of[rows.account]] * held[:, None]
    kw, reason = billing_demand(peaks, ratchets, readings.month_of_year, floor, active[rows.account])
    return Billed(rows, peaks, kw, reason)


def measured(readings: Readings, masks: Bools, account: Ints, mask: Ints, interval: Ints) -> Floats:
    """The largest draw of each row in each month, over the cells of its mask, kW."""
    found = np.zeros((len(account), len(readings.months)))
    if not len(account):
        return found
    by_month = masks[:, readings.month_of_year]
    for minutes in np.unique(interval):
        rows = np.flatnonzero(interval == minutes)
        for chunk in pieces(rows, readings.sums[0].size):
            cells = readings.peaks[int(minutes)][readings.row[account[chunk]]]
            found[chunk] = np.where(by_month[mask[chunk]], cells, 0.0).max(axis=2)
    return found


def pieces(rows: Ints, size: int) -> list[Ints]:
    """`rows` in parts that hold a bounded number of cells at once."""
    step = max(1, _CHUNK // max(1, size))
    return [rows[start : start + step] for start in range(0, len(rows), step)]
