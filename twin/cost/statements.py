"""Table `statements`: cash, income and balance of every party by month, and whether they reconcile.

    balance of an account = opening + all that was booked to it so far
    retained earnings     = opening + all net income so far
    assets                = liabilities + equity                         held in `checks`, to the cent

What stood in the books before the calendar (a lease that runs, a loan that is owed) opens them against
retained earnings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin import tables
from twin.cost.categories import ACCOUNTS
from twin.cost.journal import CASH, OPERATING, booked, journal
from twin.cost.measures import CENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Calendar, Category
    from twin.cost.assertions import Row

RETAINED = "retained_earnings"
_KEYS = ("month", "party")
_SIGN = {"income": -1.0, "assets": 1.0, "liabilities": -1.0, "equity": -1.0}
"""A debit balance as it is read: income and what is owed are credits."""


def statements(
    done: Mapping[str, pl.DataFrame], categories: Mapping[str, Category], calendar: Calendar, standard: str
) -> pl.DataFrame:
    """Table `statements`; lines that are zero are left out.

    Args:
        done: the tables that the deals wrote.
        categories: those that may be in the ledger.
        calendar: the months.
        standard: of lease accounting, asc842 or ifrs16.
    """
    books = journal(done, categories, standard)
    lines = pl.concat(
        [
            _cash(done, categories, standard),
            _income(books),
            _balance(books, opening(done, calendar, standard), calendar),
        ]
    )
    order = {party: number for number, party in enumerate(lines["party"].unique().sort())}
    return (
        lines.filter(pl.col("amount_usd").abs() >= CENT / 1e3)
        .sort("month", pl.col("party").replace_strict(order, return_dtype=pl.Int64), maintain_order=True)
        .select(tables.table("statements").names)
    )


def _lines(frame: pl.DataFrame, statement: str) -> pl.DataFrame:
    return frame.select(
        "month", "party", pl.lit(statement).alias("statement"), "section", "line", pl.col("amount_usd").cast(pl.Float64)
    )


def _cash(done: Mapping[str, pl.DataFrame], categories: Mapping[str, Category], standard: str) -> pl.DataFrame:
    """Cash by activity: that of the account which a payment is booked to."""
    flows = booked(done["cashflow"], categories)
    activity = {account.name: account.activity for account in ACCOUNTS.values()}
    sides = [
        flows.select(
            "month",
            pl.col(end).alias("party"),
            line=pl.col(account).replace_strict(activity, return_dtype=pl.String),
            amount_usd=pl.col("amount_usd") * sign,
        )
        for end, account, sign in (("payer", "paid", -1.0), ("payee", "received", 1.0))
    ]
    # Of a lease that is not operating, what a payment takes off the liability is financing.
    leases = done["lease_accounting"].filter(
        (pl.col("standard") == standard) & ~pl.col("classification").is_in(list(OPERATING))
    )
    repaid = pl.col("payment_usd") - pl.min_horizontal("payment_usd", "interest_usd")
    sides += [
        leases.select("month", "party", line=pl.lit(line), amount_usd=repaid * sign)
        for line, sign in (("operating", 1.0), ("financing", -1.0))
    ]
    by_line = pl.concat(sides).group_by(*_KEYS, "line", maintain_order=True).agg(pl.col("amount_usd").sum())
    total = by_line.group_by(*_KEYS, maintain_order=True).agg(pl.col("amount_usd").sum())
    total = total.with_columns(line=pl.lit("change_in_cash"))
    section = pl.lit("cash").alias("section")
    return _lines(pl.concat([by_line, total.select(by_line.columns)]).with_columns(section), "cash")


def _income(books: pl.DataFrame) -> pl.DataFrame:
    names = [account.name for account in ACCOUNTS.values() if account.statement == "income"]
    own = books.filter(pl.col("account").is_in(names))
    by_line = own.group_by(*_KEYS, pl.col("account").alias("line"), maintain_order=True).agg(
        amount_usd=-pl.col("debit_usd").sum()
    )
    total = by_line.group_by(*_KEYS, maintain_order=True).agg(pl.col("amount_usd").sum())
    total = total.with_columns(line=pl.lit("net_income")).select(by_line.columns)
    return _lines(pl.concat([by_line, total]).with_columns(section=pl.lit("income")), "income")


def opening(done: Mapping[str, pl.DataFrame], calendar: Calendar, standard: str) -> pl.DataFrame:
    """What stood in the books before the calendar: `party, account, debit_usd`."""
    first = calendar.dates()[:1]
    loans = done["debt"].filter(pl.col("month").is_in(first))
    leases = done["lease_accounting"].filter(pl.col("month").is_in(first) & (pl.col("standard") == standard))
    lines = (
        (loans, "borrower", "debt", -pl.col("opening_usd")),
        (loans, "lender", "loans", pl.col("opening_usd")),
        (leases, "party", "lease_liability", -pl.col("opening_liability_usd")),
        (leases, "party", "right_of_use", pl.col("opening_right_of_use_usd")),
    )
    return pl.concat(
        [
            frame.select(pl.col(party).alias("party"), pl.lit(account).alias("account"), debit.alias("debit_usd"))
            for frame, party, account, debit in lines
        ]
    )


def _balance(books: pl.DataFrame, before: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """Balances at the end of every month; retained earnings are what was there before and all net income since."""
    kind = {account.name: account.statement for account in ACCOUNTS.values()} | {CASH: "assets"}
    section = pl.col("account").replace_strict(kind, return_dtype=pl.String).alias("section")
    line = pl.when(pl.col("section") == "income").then(pl.lit(RETAINED)).otherwise("account").alias("line")
    moved = books.with_columns(section).with_columns(line)
    start = before.with_columns(section, line=pl.col("account"))
    earned = start.select("party", line=pl.lit(RETAINED), section=pl.lit("income"), debit_usd=-pl.col("debit_usd"))
    first = pl.lit(calendar.date(0)).alias("month")
    columns = ["month", "party", "section", "line", "debit_usd"]
    opened = pl.concat([start.select(columns[1:]), earned.select(columns[1:])]).with_columns(first).select(columns)
    section_of = pl.when(pl.col("section") == "income").then(pl.lit("equity")).otherwise("section").alias("section")
    booked_ = pl.concat([opened, moved.select(columns)]).with_columns(section_of)
    by_month = booked_.group_by(columns[:-1], maintain_order=True).agg(pl.col("debit_usd").sum())
    months = pl.DataFrame({"month": calendar.dates()}, schema={"month": pl.Date()})
    grid = by_month.select("party", "section", "line").unique(maintain_order=True).join(months, how="cross")
    keys = columns[:-1]
    sign = pl.col("section").replace_strict(_SIGN, return_dtype=pl.Float64)
    running = (
        grid.join(by_month, on=keys, how="left", maintain_order="left")
        .with_columns(pl.col("debit_usd").fill_null(0.0).cum_sum().over("party", "line"))
        .with_columns(amount_usd=pl.col("debit_usd") * sign)
    )
    return _lines(running, "balance")


def reconciled(made: pl.DataFrame, done: Mapping[str, pl.DataFrame], standard: str) -> list[Row]:
    """Rows of `checks`: every balance sheet balances, and agrees with the ledger and with the tables of the deals."""
    if made.is_empty():
        return []
    wide = made.group_by(*_KEYS, "statement", "section").agg(pl.col("amount_usd").sum())
    sheet = wide.filter(pl.col("statement") == "balance")
    signed = pl.when(pl.col("section") == "assets").then("amount_usd").otherwise(-pl.col("amount_usd"))
    gap = sheet.group_by(_KEYS).agg(signed.sum().alias("gap"))["gap"].abs()
    rows: list[Row] = [
        _row("statements_balance", max(gap.to_list(), default=0.0), "assets are liabilities and equity, month by month")
    ]
    leases = done["lease_accounting"].filter(pl.col("standard") == standard)
    owed = (
        ("debt", done["debt"], "borrower", "closing_usd"),
        ("loans", done["debt"], "lender", "closing_usd"),
        ("lease_liability", leases, "party", "liability_usd"),
        ("right_of_use", leases, "party", "right_of_use_usd"),
    )
    worst = max(_off(made, *source) for source in owed)
    rows.append(
        _row("statements_reconcile", worst, "loans and leases stand in the balance as their own tables have them")
    )
    return rows


def _off(made: pl.DataFrame, account: str, table: pl.DataFrame, party: str, column: str) -> float:
    """The largest difference between an account and the table that it comes from, where the table has a row."""
    want = table.group_by("month", pl.col(party).alias("party")).agg(want=pl.col(column).sum())
    have = made.filter((pl.col("statement") == "balance") & (pl.col("line") == account))
    both = want.join(have, on=list(_KEYS), how="left").with_columns(pl.col("amount_usd").fill_null(0.0))
    return max((both["want"] - both["amount_usd"]).abs().to_list(), default=0.0)


def _row(check: str, gap: float, why: str) -> Row:
    return (check, "all parties", gap < CENT / 2, f"{gap:.4f} $ in the worst month", "less than half a cent", why)
