"""Offers side by side on one screen: cost of an hour, funding, break-even, cash by year, and why they differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.report import summary
from twin.report.layout import Col, block, fact, money, month, total

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_YEARS_SHOWN = 6
_REASONS_SHOWN = 6


def lines(results: Results, width: int = 100) -> list[Text]:
    """The screen as styled lines, each at most `width` wide."""
    sections = (summary.headline, offers, cash, bridges)
    return [line for section in sections for line in section(results, width)]


def offers(results: Results, width: int) -> list[Text]:
    """One row an offer."""
    frame = results["offers"]
    against = frame["against"][0]
    rows = [
        [
            row["offer"],
            f"${row['usd_per_delivered_accelerator_h']:,.3f}",
            f"${row['usd_per_accelerator_h']:,.3f}",
            money(row["npv_usd"]),
            money(row["net_cost_usd"]),
            money(row["peak_funding_usd"]),
            "-" if row["break_even_fraction"] is None else f"{row['break_even_fraction'] * 100:.1f} %",
            month(row["break_even"]),
        ]
        for row in frame.iter_rows(named=True)
    ]
    columns = [
        Col("offer", right=False),
        Col("$/h delivered"),
        Col("nameplate", keep=5),
        Col("NPV"),
        Col("net paid", keep=6),
        Col("paid ahead", keep=8),
        Col("from use of"),
        Col("from", keep=8),
    ]
    said = block("OFFERS", columns, rows, width)
    return said + fact("  cheaper", f"from use of, and from: than {against}", width, style="dim")


def cash(results: Results, width: int) -> list[Text]:
    """Net cash of the user by year, the first years and the rest."""
    frame = results["offer_cash"].with_columns(net=pl.col("received_usd") - pl.col("paid_usd"))
    years = sorted(frame["year"].unique())
    shown, rest = years[:_YEARS_SHOWN], years[_YEARS_SHOWN:]
    rows = []
    for (offer,), part in frame.group_by("offer", maintain_order=True):
        net = dict(part.select("year", "net").rows())
        cells = [money(net[year]) for year in shown]
        rows.append([str(offer), *cells, *([money(sum(net[year] for year in rest))] if rest else [])])
    later = [Col(f"{rest[0]} to {rest[-1]}")] if rest else []
    columns = [Col("offer", right=False), *(Col(str(year), keep=8 - place) for place, year in enumerate(shown)), *later]
    return block("CASH by year", columns, rows, width)


def bridges(results: Results, width: int) -> list[Text]:
    """Why each offer costs more or less an hour than the one that all are measured against."""
    said: list[Text] = []
    for (start, to), part in results["offer_bridge"].group_by("from_offer", "to_offer", maintain_order=True):
        change = total(part["change_usd_per_h"])
        named = part.height if part.height == _REASONS_SHOWN + 1 else _REASONS_SHOWN  # the only other has a name
        reasons = [
            f"{row['reason'].replace('_', ' ')} {_signed(row['change_usd_per_h'])}"
            for row in part.head(named).iter_rows(named=True)
        ]
        rest = total(part["change_usd_per_h"].slice(named))
        reasons += [f"other {_signed(rest)}"] if part.height > named else []
        said += fact(f"FROM {start} TO {to}", f"{_signed(change)} an hour: {', '.join(reasons)}", width)
    return said


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'}${abs(value):,.3f}"
