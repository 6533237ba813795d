"""Lines of the bill: from arrays by account and month to rows of `energy_cost`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin_energy.tariffs.ratchet import REASONS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

    from twin_energy.tariffs.params import Tariff

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Bools = NDArray[np.bool_]

SCHEMA = {
    "month": pl.Date(),
    "site": pl.String(),
    "supply": pl.String(),
    "line": pl.String(),
    "payer": pl.String(),
    "payee": pl.String(),
    "amount_usd": pl.Float64(),
    "quantity": pl.Float64(),
    "unit": pl.String(),
    "rate_usd": pl.Float64(),
    "what": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of one unit.

    Attributes:
        account: the account of each row.
        line: line of the bill, one a row.
        what: which charge, one a row.
        unit: of the quantity.
        quantity: shape (rows, months).
        rate: USD a unit, shape (rows, months).
        amount: USD, below zero where the customer is paid, shape (rows, months).
        charged: whether the row belongs to the month's bill, shape (rows, months).
        reason: what decided the quantity, index into `REASONS`; None where there is nothing to say.
    """

    account: Ints
    line: Sequence[str]
    what: Sequence[str]
    unit: str
    quantity: Floats
    rate: Floats
    amount: Floats
    charged: Bools
    reason: Ints | None = None


def priced(
    account: Ints,
    line: Sequence[str],
    what: Sequence[str],
    unit: str,
    quantity: Floats,
    rate: Floats,
    charged: Bools,
    reason: Ints | None = None,
) -> Lines:
    """Lines whose amount is quantity times rate."""
    return Lines(account, line, what, unit, quantity, rate, quantity * rate * charged, charged, reason)


@dataclass(frozen=True, slots=True)
class Names:
    """What the arrays leave out: site, entry and tariff of each account, and the months."""

    sites: Sequence[str]
    entries: Sequence[str]
    tariffs: Sequence[Tariff]
    months: Sequence[date]


def totals(lines: Sequence[Lines], accounts: int, months: int, only: Sequence[str] = ()) -> Floats:
    """USD of each account and month, of the lines called `only` or of all, shape (accounts, months)."""
    found = np.zeros((accounts, months))
    for block in lines:
        rows = np.flatnonzero([not only or line in only for line in block.line])
        np.add.at(found, block.account[rows], block.amount[rows])
    return found


def frame(lines: Sequence[Lines], names: Names) -> pl.DataFrame:
    """Rows of table `energy_cost`, by site, month and entry.

    What costs nothing in a month has no row in it.  Where the customer is paid, payer and payee
    are exchanged, and amount and rate are positive.
    """
    parts = [_rows(block, names) for block in lines if len(block.account)]
    if not parts:
        return pl.DataFrame(schema=SCHEMA)
    return pl.concat(parts).sort("site", "month", "supply", maintain_order=True)


def _rows(block: Lines, names: Names) -> pl.DataFrame:
    shown = block.charged & (block.amount != 0)
    row, month = np.nonzero(shown)
    account = block.account[row]
    amount = block.amount[row, month]
    paid = amount < 0
    payer = pl.Series([tariff.payer for tariff in names.tariffs], dtype=pl.String).gather(account)
    payee = pl.Series([tariff.payee for tariff in names.tariffs], dtype=pl.String).gather(account)
    what = pl.Series(list(block.what), dtype=pl.String).gather(row)
    found = pl.DataFrame(
        {
            "month": pl.Series(list(names.months), dtype=pl.Date).gather(month),
            "site": pl.Series(list(names.sites), dtype=pl.String).gather(account),
            "supply": pl.Series(list(names.entries), dtype=pl.String).gather(account),
            "line": pl.Series(list(block.line), dtype=pl.String).gather(row),
            "payer": payer,
            "payee": payee,
            "amount_usd": np.abs(amount),
            "quantity": block.quantity[row, month],
            "unit": pl.repeat(block.unit, len(row), dtype=pl.String, eager=True),
            "rate_usd": np.abs(block.rate[row, month]),
            "what": what,
            "paid": paid,
        }
    )
    if block.reason is not None:
        reason = pl.Series(list(REASONS), dtype=pl.String).gather(block.reason[row, month])
        found = found.with_columns(
            pl.when(reason != "").then(pl.col("what") + ", " + reason).otherwise(pl.col("what")).alias("what")
        )
    return found.with_columns(
        payer=pl.when("paid").then("payee").otherwise("payer"),
        payee=pl.when("paid").then("payer").otherwise("payee"),
    ).select(*SCHEMA)
