"""One screen of money: what the lab pays an hour, what the landlord earns, who lends and who guarantees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin import tables
from twin.report import finance, summary
from twin.report.guarantees import convention
from twin.report.layout import fact, largest, money, month, percent, total

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_EARNS = ("landlord", "sponsor", "owner", "operator", "investor")


def lines(results: Results, width: int = 100) -> list[Text]:
    """The screen as styled lines, each at most `width` wide."""
    sections = (summary.headline, finance.cash, finance.unit_cost, levelised, earners, lenders, guarantors)
    return [line for section in (*sections, summary.checks) for line in section(results, width)]


def _rows(results: Results, name: str) -> pl.DataFrame:
    """A table; without rows where these results do not have it."""
    return results[name] if name in results else tables.table(name).empty()


def levelised(results: Results, width: int) -> list[Text]:
    """The same cost by kW and month, by EFLOP and by training run."""
    said: list[Text] = []
    for (party,), part in _rows(results, "levelised").group_by("party", maintain_order=True):
        others = part.filter(pl.col("unit") != "$/accelerator-hour")
        texts = []
        for row in others.iter_rows(named=True):
            unit = row["unit"].removeprefix("$/")
            of = f" of {row['workload']}" if row["workload"] else ""
            article = "an" if unit[0] in "AEIO" else "a"
            texts.append(f"{money(row['nameplate'])} {article} {unit}{of} ({money(row['delivered'])} delivered)")
        if texts:
            said += fact(f"THAT IS for {party}", ", ".join(texts), width)
    return said


def earners(results: Results, width: int) -> list[Text]:
    """What those earn who build and let: return, yield on cost, multiple, payback."""
    frame = _rows(results, "party_metrics").filter(pl.col("role").is_in(list(_EARNS)) & (pl.col("inflow_usd") > 0))
    said: list[Text] = []
    for row in frame.iter_rows(named=True):
        rate = row["irr_per_year"]
        parts = [f"IRR {rate * 100:.1f} %" if rate is not None else f"no IRR: {row['irr_note']}"]
        parts.append(f"NPV {money(row['npv_usd'])}")
        if row["yield_on_cost_per_year"] is not None:
            parts.append(f"yield on cost {row['yield_on_cost_per_year'] * 100:.2f} %")
        if row["moic_ratio"] is not None:
            parts.append(f"{row['moic_ratio']:.2f}x what it pays")
        if row["payback"] is not None:
            parts.append(f"paid back in {month(row['payback'])}")
        said += fact(f"{row['role'].upper()} {row['party']}", "earns " + ", ".join(parts), width)
    return said


def lenders(results: Results, width: int) -> list[Text]:
    """Whether each loan is covered, in the ratios that lenders read."""
    said: list[Text] = []
    for row in _rows(results, "debt_metrics").iter_rows(named=True):
        parts = [f"{money(row['drawn_usd'])} drawn"]
        if row["least_dscr_ratio"] is not None:
            covered = "covered" if row["least_dscr_ratio"] >= 1 else "NOT covered"
            parts.append(f"{covered}: DSCR {row['least_dscr_ratio']:.2f} at least ({month(row['least_dscr'])})")
        if row["llcr_ratio"] is not None:
            parts.append(f"LLCR {row['llcr_ratio']:.2f}, PLCR {row['plcr_ratio']:.2f}")
        if row["debt_yield_per_year"] is not None:
            parts.append(f"debt yield {row['debt_yield_per_year'] * 100:.1f} %")
        if row["average_life_months"] is not None:
            parts.append(f"average life {row['average_life_months'] / 12:.1f} years")
        if row["lender_irr_per_year"] is not None:
            parts.append(f"yields {row['lender_irr_per_year'] * 100:.2f} %")
        parts.append(f"repaid in {month(row['repaid'])}" if row["repaid"] else "NOT repaid in the calendar")
        said += fact(f"LENDER {row['lender']}", f"({row['deal']}) " + " · ".join(parts), width)
    return said


def guarantors(results: Results, width: int) -> list[Text]:
    """What each guarantor risks and receives."""
    said: list[Text] = []
    for (deal, guarantor), part in _rows(results, "guarantee").group_by("deal", "guarantor", maintain_order=True):
        fees = results["cashflow"].filter((pl.col("deal") == deal) & (pl.col("payee") == guarantor))
        called = min(total(part["default_probability_fraction"]), 1.0)
        text = (
            f"({deal}) risks up to {money(largest(part['guaranteed_usd']))}{convention(results, deal)} for "
            f"{part['obligor'][0]}, "
            f"called with {percent(called)} on the file's assumption, expected loss "
            f"{money(total(part['expected_loss_usd']))}; receives {money(total(fees['amount_usd']))}"
        )
        said += fact(f"GUARANTOR {guarantor}", text, width)
    return said
