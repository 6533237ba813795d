"""Demand charges as prices of the largest draw of each month, block by block, with the floors that hold anyway.

Blocks that grow dearer are a sum of prices: block b adds the step in price on what exceeds its beginning,
and `step x max(kW, beginning)` differs from that by a constant.  Where a block is cheaper than the one
before it that is not convex, and the price of the block that the given load ends in stands for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_energy.tariffs.accounts import spread
from twin_energy.tariffs.engine import charged, rates
from twin_energy.tariffs.extras import surcharge
from twin_energy.tariffs.ratchet import billing_demand, lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from twin_energy.tariffs.case import Case
    from twin_energy.tariffs.engine import Worked

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BlockPrice:
    """One block of one demand charge of one account.

    Attributes:
        account: index of the account.
        charge: name, unique for the account.
        mask: the hours in which the draw is measured, index into `Stack.masks`.
        usd_per_kw: by month; zero where there is nothing to pay.
        floor_kw: by month.
    """

    account: int
    charge: str
    mask: int
    usd_per_kw: Floats
    floor_kw: Floats


def row_surcharge(case: Case, lines: Sequence[str], account: Ints) -> Floats:
    """What riders by percent add to each row, as a share of it, shape (rows, months)."""
    found = np.zeros((len(account), len(case.readings.months)))
    named = np.array(lines, object)
    for line in set(lines):
        mine = named == line
        found[mine] = surcharge(case.tariffs, case.readings.month_of_year, line)[case.of[account[mine]]]
    return found


def month_prices(row: BlockPrice, case: Case) -> pl.DataFrame:
    """Rows of `demand_prices`, one a month with a price."""
    months = np.flatnonzero(row.usd_per_kw > 0).tolist()
    return pl.DataFrame(
        {
            "period": [f"{case.readings.months[month]:%Y-%m}" for month in months],
            "usd_per_kw": row.usd_per_kw[months],
            "floor_kw": row.floor_kw[months],
        },
        schema={"period": pl.String(), "usd_per_kw": pl.Float64(), "floor_kw": pl.Float64()},
    ).select(
        pl.lit(case.names[row.account]).alias("site"),
        pl.lit(case.entries[row.account]).alias("entry"),
        pl.lit(row.charge).alias("charge"),
        "period",
        "usd_per_kw",
        "floor_kw",
    )


def block_prices(case: Case, done: Worked, contract_kw: Floats) -> list[BlockPrice]:
    """Every block of every demand charge with a price above zero in some month.

    Args:
        case: the accounts.
        done: what their bill was made of.
        contract_kw: least billing demand of each tariff, shape (tariffs, months).
    """
    rows, billed = done.stack.demand, done.billed
    of_accounts = spread(rows.tariff, case.of)
    account, row = of_accounts.account, of_accounts.row
    if not len(row):
        return []
    basis = billed.rows.first[account] + rows.basis[row]
    own, floor = _floors(case, done, contract_kw)
    line, what = rows.words(row)
    more = row_surcharge(case, line, account)
    price = rates(case, rows, row, account) * charged(case, done.stack, rows, row) * (1.0 + more)
    low, high = rows.limits("low")[0][row].max(axis=1), rows.limits("high")[0][row].min(axis=1)
    step = _steps(price, low, high, billed.kw[basis])
    usd, least = step * own[basis], np.maximum(floor[basis], low[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        least = np.where(own[basis] > 0, least / own[basis], 0.0)
    flat = [one for bases in done.stack.bases for one in bases]
    mask = np.array([one.mask for one in flat], np.int64)[billed.rows.row[basis]]
    number = row - np.searchsorted(rows.tariff, case.of[account], "left") + 1
    return [
        BlockPrice(
            int(account[place]), f"demand {number[place]}: {what[place]}", int(mask[place]), usd[place], least[place]
        )
        for place in np.flatnonzero((usd > 0).any(axis=1))
    ]


def _steps(price: Floats, low: Floats, high: Floats, kw: Floats) -> Floats:
    """What each block adds to the price of the one before it; for a charge that grows cheaper, its price here."""
    first = low == 0
    before = np.vstack([np.zeros((1, price.shape[1])), price[:-1]])
    step = np.where(first[:, None], price, price - before)
    charge = np.cumsum(first) - 1
    falls = np.zeros((charge[-1] + 1, price.shape[1]), bool)
    np.logical_or.at(falls, charge, (step < 0) & ~first[:, None])
    here = (low[:, None] < kw) & (kw <= high[:, None]) | ((kw == 0) & first[:, None])
    return np.where(falls[charge], price * here, np.maximum(step, 0.0))


def _floors(case: Case, done: Worked, contract_kw: Floats) -> tuple[Floats, Floats]:
    """Share of the own peak that is billed, and the billing demand of no draw at all, by basis and month."""
    flat = [(number, one) for number, bases in enumerate(done.stack.bases) for one in bases]
    rows = done.billed.rows
    ratchets = lay_out([case.tariffs[number].ratchets.get(one.ratchet) for number, one in flat]).rows(rows.row)
    held = np.array([one.contract for _, one in flat], bool)[rows.row]
    year = case.readings.month_of_year
    floor = contract_kw[case.of[rows.account]] * held[:, None]
    nothing = np.zeros_like(done.billed.peaks)
    connected = np.ones(nothing.shape, bool)
    return ratchets.own[:, year], billing_demand(nothing, ratchets, year, floor, connected)[0]
