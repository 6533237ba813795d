"""Energy: what is drawn in the hours of every price, and how much of it falls into every block.

    quantity of a block = overlap of (0, energy) with (low, high)

with limits in kWh, times the billing demand for `kWh/kW`, times the days of the month for `/day`.
Where energy of several periods fills the same blocks, `share` gives each period the same share of every
block, and `order` fills them hour by hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin_energy.tariffs.clock import cells, clock
from twin_energy.tariffs.demand import pieces
from twin_energy.tariffs.readings import clock_key
from twin_energy.tariffs.stack import COUNTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin_energy.tariffs.accounts import Spread
    from twin_energy.tariffs.demand import Billed
    from twin_energy.tariffs.params import Tariff
    from twin_energy.tariffs.readings import Load, Readings
    from twin_energy.tariffs.stack import Rows

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]


def in_hours(readings: Readings, values: Floats, masks: Bools, account: Ints, mask: Ints) -> Floats:
    """Sum over the cells of each row's mask, shape (rows, months).

    Args:
        readings: what says the row of each account.
        values: `readings.sums` or `readings.exports`.
        masks: shape (masks, 12, cells).
        account: the account of each row.
        mask: the mask of each row.
    """
    found = np.zeros((len(account), len(readings.months)))
    if not len(account):
        return found
    by_month = masks[:, readings.month_of_year]
    for chunk in pieces(np.arange(len(account)), values[0].size):
        cells_of = values[readings.row[account[chunk]]]
        found[chunk] = np.einsum("rmc,rmc->rm", cells_of, by_month[mask[chunk]])
    return found


def limits(rows: Rows, spread: Spread, billed: Billed, days: Floats) -> tuple[Floats, Floats]:
    """Where the block of each row begins and ends in every month, kWh, both of shape (rows, months)."""
    basis = rows.basis[spread.row]
    kw = np.ones((len(basis), len(days)))
    used = basis >= 0
    kw[used] = billed.kw[billed.rows.first[spread.account[used]] + basis[used]]
    found = []
    for side in ("low", "high"):
        value, per_kw, daily = (part[spread.row] for part in rows.limits(side))
        scale = np.where(per_kw[..., None], kw[:, None, :], 1.0) * np.where(daily[..., None], days, 1.0)
        with np.errstate(invalid="ignore"):  # no end x no demand: still no end
            ends = np.where(np.isinf(value)[..., None], np.inf, value[..., None] * scale)
        found.append(ends.max(axis=1) if side == "low" else ends.min(axis=1))
    return found[0], found[1]


def overlap(energy: Floats, low: Floats, high: Floats) -> Floats:
    """How much of (0, energy) lies between `low` and `high`."""
    return np.asarray(np.maximum(np.minimum(energy, high) - low, 0.0))


def quantities(
    rows: Rows,
    spread: Spread,
    readings: Readings,
    masks: Bools,
    ends: tuple[Floats, Floats],
    ordered: Ordered | None = None,
) -> Floats:
    """KWh of each row and month that its price is for.

    Raises:
        KeyError: never for tariffs that `bill` was given; `ordered` is there whenever a row counts in order.
    """
    mask = rows.mask[spread.row]
    counts = rows.counts[spread.row]
    own = in_hours(readings, readings.sums, masks, spread.account, mask)
    low, high = ends
    found = overlap(own, low, high)
    shared = counts == COUNTS.index("share")
    if shared.any():
        total = readings.energy[spread.account[shared]]
        part = np.divide(own[shared], total, out=np.zeros_like(total), where=total > 0)
        found[shared] = part * overlap(total, low[shared], high[shared])
    by_hour = np.flatnonzero(counts == COUNTS.index("order"))
    if ordered is not None and len(by_hour):
        found[by_hour] = ordered.quantities(spread.account[by_hour], masks[mask[by_hour]], low[by_hour], high[by_hour])
    return found


class Ordered:
    """Blocks filled hour by hour: the load of every step, and the cell that it falls into."""

    def __init__(self, load: Load, sites: Ints, tariffs: Sequence[Tariff], of: Ints) -> None:
        """Keep what the steps are needed for; see `read_meter` for the arguments."""
        self.load, self.sites, self.of = load, sites, of
        self.clocks = [clock_key(tariff) for tariff in tariffs]

    def quantities(self, account: Ints, masks: Bools, low: Floats, high: Floats) -> Floats:
        """KWh of each row and month: what the hours of its mask add to its block.

        Args:
            account: the account of each row.
            masks: shape (rows, 12, cells).
            low: where the block begins, kWh of the month, shape (rows, months).
            high: where it ends.
        """
        load, starts = self.load, self.load.starts
        month = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(load.time)))
        year = (load.time.dt.month().cast(int).to_numpy() - 1).astype(np.int64)
        found = np.zeros_like(low)
        for key in dict.fromkeys(self.clocks[of] for of in self.of[account]):
            cell = cells(clock(load.time, key[0]), key[1], load.slots)
            mine = np.flatnonzero([self.clocks[of] == key for of in self.of[account]])
            for chunk in pieces(mine, len(load.time)):
                energy = load.import_kw[self.sites[account[chunk]]] * load.step_h
                after = np.cumsum(energy, axis=1)
                base = (after[:, starts] - energy[:, starts])[:, month]
                after -= base
                before = after - energy
                bounds = low[chunk][:, month], high[chunk][:, month]
                part = np.clip(after, *bounds) - np.clip(before, *bounds)
                part *= masks[chunk][:, year, cell]
                found[chunk] = np.add.reduceat(part, starts, axis=1)
        return found
