"""What energy costs who buys it: the lines of table `energy_cost` with credits taken off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.report.layout import Col, block, count, fact, money, total

if TYPE_CHECKING:
    from typing import Any

    from rich.text import Text

_LINES_SHOWN = 10
_SMALL = 0.01
"""A line of the bill below this share of the whole is one of the others, where there are several."""


def net() -> pl.Expr:
    """USD of a row of `energy_cost` to who buys the energy: below zero where that party is paid."""
    signed = pl.when(pl.col("payee") == pl.col("buyer")).then(-pl.col("amount_usd")).otherwise(pl.col("amount_usd"))
    return signed.alias("net_usd")


def net_usd(cost: pl.DataFrame) -> float:
    """What all rows come to for who buys the energy."""
    return total(cost.select(net())["net_usd"])


def per_kwh(usd: float) -> str:
    """`$0.0588/kWh`, `-$0.01/kWh`."""
    return f"{'-' if usd < 0 else ''}${abs(usd):.4g}/kWh"


def bill(cost: pl.DataFrame | None, width: int) -> list[Text]:
    """A bill by line, then what is paid, what is credited and what is left of it.

    Args:
        cost: rows of `energy_cost`; None where there are none.
        width: columns of the screen.
    """
    if cost is None:
        return fact("BILL", "no tariff and no supply has a price for the energy", width)
    cost = cost.with_columns(net())
    keys = ["supply", "line", "what", "unit"]
    by = cost.group_by(keys, maintain_order=True).agg(pl.col("net_usd", "quantity").sum())
    by = by.sort(pl.col("net_usd").abs(), descending=True, maintain_order=True)
    shown, rest = told_apart(by, pl.col("net_usd").abs(), total(by["net_usd"].abs()), _SMALL, _LINES_SHOWN)
    shown = shown.sort(pl.col("net_usd") < 0, maintain_order=True)
    rows = [_line(row) for row in shown.iter_rows(named=True)]
    if rest.height:
        others = count(rest.height, "other line", "other lines")
        rows.append([others, "--table energy_cost", "", "", money(total(rest["net_usd"]))])
    rows += [[name, "", "", "", money(usd)] for name, usd in _sums(cost)]
    columns = [
        Col("supply", right=False),
        Col("line", right=False),
        Col("quantity", keep=5),
        Col("mean rate", keep=4),
        Col("in the year"),
    ]
    return block("BILL by line", columns, rows, width)


def _sums(cost: pl.DataFrame) -> list[tuple[str, float]]:
    """What all lines come to; with credits what they are and what is left."""
    who = ", ".join(cost["buyer"].drop_nulls().unique(maintain_order=True).to_list()) or "who buys"
    credit = total(cost.filter(pl.col("net_usd") < 0)["net_usd"])
    paid = total(cost["net_usd"]) - credit
    if not credit:
        return [(f"paid by {who}", paid)]
    return [(f"paid by {who}", paid), (f"credited to {who}", credit), ("net of credits", paid + credit)]


def told_apart(
    frame: pl.DataFrame, size: pl.Expr, whole: float, least: float, most: int | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that are told one by one, and those that are only counted: what is small, if it is more than one row."""
    small = (size < least * whole) if most is None else (size < least * whole) | (pl.int_range(pl.len()) >= most)
    rest = frame.filter(small)
    return (frame.filter(~small), rest) if rest.height > 1 else (frame, rest.clear())


def _line(row: dict[str, Any]) -> list[str]:
    many = row["quantity"]
    known = many is not None and many > 0 and row["unit"]
    rate = row["net_usd"] / many if known else 0.0
    return [
        row["supply"],
        label(row["line"], row["what"]),
        f"{many:,.0f} {row['unit']}" if known else "-",
        f"{'-' if rate < 0 else ''}${abs(rate):.4g}" if known else "-",
        money(row["net_usd"]),
    ]


def label(line: str, what: str | None) -> str:
    """A line of the bill and which charge of it, without a word twice: `demand charge summer`, `ppa delivery`."""
    words = line.replace("_", " ").split()
    if not what or what in words:
        return " ".join(words)
    first, _, more = what.partition(" ")
    bare = first.rstrip(",;:")
    if bare == words[-1]:
        return " ".join(words) + first[len(bare) :] + (f" {more}" if more else "")
    return f"{' '.join(words)} {what}"
