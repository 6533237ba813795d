"""What was agreed, and what it comes to by year: terms of leases, loans and guarantees; debt service and balance."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report.layout import money
from twin.report.page.grids import listed
from twin.report.page.money import LOAN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twin.results.results import Results

_DEALS_SHOWN = 6
_LOANS_IN_VIEW = 3
_CENT = 0.01
_YES_NO = {"true": "yes", "false": "no"}

_ALWAYS = frozenset(
    {
        *("rent", "term", "escalator", "take_or_pay", "commencement"),
        *("rate", "amortisation", "grace", "reserve_months", "sweep", "upfront_fee", "covenants"),
        *("covers", "trigger", "fee", "recovery", "effective"),
    }
)
"""Terms that are shown where the file leaves them to the model too."""


def terms(results: Results) -> str:
    """The terms of each lease, loan and guarantee, as the file or the model has them: terms down, deals across."""
    if "assumptions" not in results:
        return ""
    stated = (
        results["assumptions"]
        .filter(pl.col("owner").str.starts_with("deals."))
        .with_columns(deal=pl.col("owner").str.strip_prefix("deals."))
    )
    return "".join(_side_by_side(title, stated, deals) for title, deals in _sorts(results, stated) if deals)


def _sorts(results: Results, stated: pl.DataFrame) -> Iterator[tuple[str, list[str]]]:
    """Deals by what they are, each once; those of offers that are not taken are left out, as nobody pays under them."""
    paid = set(results["cashflow"]["deal"]) if "cashflow" in results else set(stated["deal"])
    seen: set[str] = set()
    for title, deals in _found(results, stated):
        kept = [deal for deal in deals if deal in paid and deal not in seen]
        seen |= set(kept)
        yield title, kept


def _found(results: Results, stated: pl.DataFrame) -> Iterator[tuple[str, list[str]]]:
    for title, party in (("Terms of leases", "tenant"), ("Terms of leases of accelerators", "lessee")):
        yield title, stated.filter(pl.col("attribute") == party)["deal"].unique(maintain_order=True).to_list()
    for title, table in (("Terms of loans", "debt"), ("Terms of guarantees", "guarantee")):
        yield title, results[table]["deal"].unique(maintain_order=True).to_list() if table in results else []


def _side_by_side(title: str, stated: pl.DataFrame, deals: list[str]) -> str:
    shown = deals[:_DEALS_SHOWN]
    rows = stated.filter(pl.col("deal").is_in(shown))
    rows = rows.filter(~pl.col("value").fill_null("").is_in(["", "none"]))
    given = set(rows.filter(pl.col("origin") != "default")["attribute"]) | _ALWAYS
    cells = {
        (row["attribute"], row["deal"]): _tidy(row["value"]) + (" *" if row["origin"] == "default" else "")
        for row in rows.iter_rows(named=True)
    }
    names = [name for name in rows["attribute"].unique(maintain_order=True) if name in given]
    if not names:
        return ""
    lines = [(_term(name), *(cells.get((name, deal), "-") for deal in shown)) for name in names]
    notes = ["* by default"] if any(text.endswith(" *") for line in lines for text in line[1:]) else []
    if len(deals) > len(shown):
        notes.append(f"and {len(deals) - len(shown)} more, in table assumptions")
    rest = f'<p class="says">{"; ".join(notes)}</p>' if notes else ""
    return f"<h3>{title}</h3>" + listed(("term", *shown), lines, title=title) + rest


def _term(path: str) -> str:
    """The path of a parameter in words: `accounting, economic life` for `accounting.economic_life`."""
    return path.replace("_", " ").replace(".", ", ")


def _tidy(value: str) -> str:
    """A value as people write it, without the brackets of a list."""
    if value[:1] == "[" and value[-1:] == "]" and "{" not in value:
        value = value[1:-1]
    return _YES_NO.get(value.lower(), value)


def by_year(results: Results) -> str:
    """Cash for debt service, debt service, cover and balance of each loan, a row a year."""
    if "debt" not in results or results["debt"].is_empty():
        return ""
    said: list[str] = []
    for (name,), loan in results["debt"].with_columns(LOAN).group_by("deal", maintain_order=True):
        title = f"Debt service by year: {name}"
        text = _years(loan.sort("month"), title)
        in_view = len(said) < _LOANS_IN_VIEW
        said.append(
            f"<h3>{escape(title)}</h3>{text}"
            if in_view
            else f"<details><summary>{escape(title)}</summary>{text}</details>"
        )
    told = "Debt service: interest and principal paid in cash, without sweeps and balloons. DSCR: of twelve months to "
    told += "the end of the year."
    return "".join(said) + f'<p class="says">{told}</p>'


def _years(loan: pl.DataFrame, title: str) -> str:
    optional = [pl.col(name).fill_null(0.0) for name in ("swept_usd", "balloon_usd") if name in loan.columns]
    beyond = sum(optional, pl.lit(0.0))
    years = (
        loan.with_columns(
            year=pl.col("month").dt.year(),
            paid_usd=pl.col("interest_usd") - pl.col("capitalised_usd"),
            beyond_usd=beyond,
        )
        .group_by("year", maintain_order=True)
        .agg(
            pl.col("draw_usd", "cfads_usd", "paid_usd", "principal_usd", "beyond_usd").sum(),
            pl.col("dscr_ratio").drop_nulls().last(),
            pl.col("closing_usd").last(),
        )
        .filter(pl.sum_horizontal(pl.col("draw_usd", "paid_usd", "principal_usd", "closing_usd").abs()) > 0)
    )
    head = ["year", "drawn", "CFADS", "interest", "principal", "debt service", "DSCR", "balance at its end"]
    rows = [list(_year(row)) for row in years.iter_rows(named=True)]
    if years["beyond_usd"].sum() > 0:
        head.insert(5, "sweep, balloon")
    else:
        rows = [[*row[:5], *row[6:]] for row in rows]
    return listed(head, rows, title=title, right=frozenset(range(1, len(head))))


def _year(row: dict[str, Any]) -> Iterable[str]:
    scheduled = row["principal_usd"] - row["beyond_usd"]
    sums = (row["draw_usd"], row["cfads_usd"], row["paid_usd"], scheduled, row["beyond_usd"])
    yield str(row["year"])
    yield from (money(each) if abs(each) > _CENT else "-" for each in sums)
    yield money(row["paid_usd"] + scheduled)
    yield "-" if row["dscr_ratio"] is None else f"{row['dscr_ratio']:.2f}"
    yield money(row["closing_usd"])
