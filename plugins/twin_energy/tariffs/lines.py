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
    blocks = [block for block in lines if len(block.account)]
    if not blocks:
        return pl.DataFrame(schema=SCHEMA)
    first = np.cumsum([0, *(len(block.account) for block in blocks)])
    parts = [_figures(block, start) for block, start in zip(blocks, first.tolist(), strict=False)]
    figures = pl.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
    accounts = pl.DataFrame(
        [
            (site, entry, tariff.payer, tariff.payee)
            for site, entry, tariff in zip(names.sites, names.entries, names.tariffs, strict=True)
        ],
        schema={name: SCHEMA[name] for name in ("site", "supply", "payer", "payee")},
        orient="row",
    )
    charges = pl.DataFrame(
        [(line, what, block.unit) for block in blocks for line, what in zip(block.line, block.what, strict=True)],
        schema={name: SCHEMA[name] for name in ("line", "what", "unit")},
        orient="row",
    )
    made = pl.concat(
        [
            figures,
            accounts.select(pl.all().gather(figures["account"])),
            charges.select(pl.all().gather(figures["charge"])),
            pl.DataFrame({"reason": list(REASONS)}).select(pl.all().gather(figures["why"])),
            pl.DataFrame({"month": list(names.months)}, {"month": pl.Date}).select(pl.all().gather(figures["number"])),
        ],
        how="horizontal",
    )
    paid, said = pl.col("amount_usd") < 0, pl.col("reason") != ""
    return made.select(
        "month",
        "site",
        "supply",
        "line",
        pl.when(paid).then("payee").otherwise("payer").alias("payer"),
        pl.when(paid).then("payer").otherwise("payee").alias("payee"),
        pl.col("amount_usd").abs(),
        "quantity",
        "unit",
        pl.col("rate_usd").abs(),
        pl.when(said).then(pl.format("{}, {}", "what", "reason")).otherwise("what").alias("what"),
    ).sort("site", "month", "supply", maintain_order=True)


def _figures(block: Lines, first: int) -> dict[str, Ints | Floats]:
    """What stands in a block where it costs something, charges counted from `first`."""
    row, month = np.nonzero(block.charged & (block.amount != 0))
    # a block with nothing to say takes the empty reason
    silent = np.full(len(row), REASONS.index(""))
    return {
        "account": block.account[row],
        "charge": first + row,
        "number": month,
        "why": silent if block.reason is None else block.reason[row, month],
        "amount_usd": block.amount[row, month],
        "quantity": block.quantity[row, month],
        "rate_usd": block.rate[row, month],
    }
