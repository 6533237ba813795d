"""Scenarios on one screen: what parties may lose, how likely loans are not paid and what is then lost, guarantees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.report import summary
from twin.report.layout import Col, block, count, fact, money, note, percent
from twin.report.lenders import rows_of

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_PARTIES_SHOWN = 9
_SHOWN = 6
"""Loans, and guarantees: with the parties they leave the screen at 45 lines."""
_CREDIT = "expected loss = P(a payment missed) x EAD (owed when one first is) x LGD (share of it lost), present values"


def lines(results: Results, width: int = 100) -> list[Text]:
    """The screen as styled lines, each at most `width` wide."""
    sections = (summary.headline, defaults, parties, loans, guarantees, summary.checks)
    return [line for section in sections for line in section(results, width)]


def defaults(results: Results, width: int) -> list[Text]:
    """Who may default and how likely it is, and how likely all is late."""
    rows = rows_of(results, "risk_events").filter(pl.col("event").is_in(["default", "delay"]))
    said = [f"{row['subject']} {percent(row['probability_fraction'])}" for row in rows.iter_rows(named=True)]
    late = any(row == "delay" for row in rows["event"])
    return fact("DEFAULT" + (" or delay" if late else ""), ", ".join(said) or "nobody may", width)


def parties(results: Results, width: int) -> list[Text]:
    """What each party gains or loses on average, and in the worst scenarios."""
    frame = rows_of(results, "risk").sort("expected_loss_usd", descending=True)
    if frame.is_empty():
        return []
    rows = [
        [
            row["party"],
            row["role"],
            money(row["npv_usd"]),
            money(row["mean_npv_usd"]),
            percent(row["worse_fraction"]),
            money(row["expected_loss_usd"]),
            money(row["var_95_usd"]),
            money(row["cvar_99_usd"]),
        ]
        for row in frame.head(_PARTIES_SHOWN).iter_rows(named=True)
    ]
    columns = [
        Col("party", right=False),
        Col("role", right=False, keep=1),
        Col("NPV"),
        Col("on average"),
        Col("worse off", keep=3),
        Col("expected loss"),
        Col("VaR 95 %", keep=4),
        Col("CVaR 99 %"),
    ]
    scenarios, seed = frame["scenarios"][0], frame["seed"][0]
    said = block("NPV by party", columns, rows, width) + _rest(frame, _PARTIES_SHOWN, "party", "parties", width)
    return said + note(f"{count(scenarios, 'scenario')}, seed {seed}; losses are of present value below NPV", width)


def loans(results: Results, width: int) -> list[Text]:
    """How likely a payment is missed, what is then owed and lost, and what that comes to."""
    frame = rows_of(results, "loan_risk").sort("expected_loss_usd", descending=True, maintain_order=True)
    if frame.is_empty():
        return []

    rows = [
        [
            row["deal"] if row["tranche"] is None else f"{row['deal']}/{row['tranche']}",
            row["lender"],
            percent(row["missed_fraction"]),
            _money(row["exposure_usd"]),
            "-" if row["lgd_fraction"] is None else percent(row["lgd_fraction"]),
            _money(row["lgd_usd"]),
            money(row["expected_loss_usd"]),
            percent(row["not_repaid_fraction"]),
        ]
        for row in frame.head(_SHOWN).iter_rows(named=True)
    ]
    columns = [
        Col("loan", right=False),
        Col("lender", right=False, keep=1),
        Col("P(missed)"),
        Col("EAD", keep=4),
        Col("LGD"),
        Col("in dollars", keep=3),
        Col("expected loss"),
        Col("not repaid", keep=2),
    ]
    said = block("LOANS", columns, rows, width) + _rest(frame, _SHOWN, "loan", "loans", width)
    return said + note(_CREDIT, width)


def guarantees(results: Results, width: int) -> list[Text]:
    """How likely each guarantor is called, what it is then asked for, and whether it pays."""
    events = rows_of(results, "risk_events")
    called = events.filter(event="backstop_called").sort("mean_usd", descending=True, maintain_order=True)
    broken = dict(events.filter(event="backstop_not_honoured").select("subject", "probability_fraction").rows())
    if called.is_empty():
        return []
    rows = [
        [
            row["subject"],
            percent(row["probability_fraction"]),
            "-" if row["exact_fraction"] is None else percent(row["exact_fraction"]),
            _money(row["when_it_happens_usd"]),
            money(row["mean_usd"]),
            percent(broken.get(row["subject"], 0.0)),
        ]
        for row in called.head(_SHOWN).iter_rows(named=True)
    ]
    columns = [
        Col("guarantee", right=False),
        Col("P(called)"),
        Col("exactly", keep=2),
        Col("then asked"),
        Col("on average"),
        Col("not honoured", keep=3),
    ]
    said = block("GUARANTEES", columns, rows, width) + _rest(called, _SHOWN, "guarantee", "guarantees", width)
    return said + note("asked for, undiscounted: on average = P(called) x then asked", width)


def _money(value: float | None) -> str:
    return "-" if value is None else money(value)


def _rest(frame: pl.DataFrame, shown: int, one: str, many: str, width: int) -> list[Text]:
    more = frame.height - shown
    return note(f"and {count(more, one, many)} that lose less, with --table", width) if more > 0 else []
