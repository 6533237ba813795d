"""The page put together: headline, sections, assumptions, provenance.  Self-contained, without a script."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report.layout import discount, money, month
from twin.report.page import build, carbon, contracts, head, loans, offers, plant, supply
from twin.report.page import money as cash
from twin.report.page.diagram import diagram
from twin.report.page.grids import grid, listed
from twin.report.page.halls import halls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import networkx as nx

    from twin.report.page.charts import Figure
    from twin.results.results import Results

_ASSUMPTIONS = 600
_NOT_PRINTED = "The figures from which the charts were drawn are on the screen, below each of them, and not in print."


def page(results: Results, graph: nx.MultiDiGraph[Any] | None = None, doc: str = "") -> str:
    """The report as one page of HTML.

    Args:
        results: of a whole run; a section whose tables are not there is left out.
        graph: of the groups, for the one-line diagram; None leaves it out.
        doc: what the topology says of itself.
    """
    name = results.provenance.topology
    sections = [(title, slug, body) for title, slug, body in _sections(results, graph) if body]
    links = "".join(f'<li><a href="#{slug}">{escape(title)}</a></li>' for title, slug, _ in sections)
    bodies = "".join(
        f'<section aria-labelledby="{slug}"><h2 id="{slug}">{escape(title)}</h2>{body}</section>'
        for title, slug, body in sections
    )
    top = head.verdict(results) + head.cards(results)
    style = files("twin.report.page").joinpath("style.css").read_text(encoding="utf-8") + _running(name)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(name)}: report</title><link rel="icon" href="data:,"><style>{style}</style></head><body>'
        f'<a class="skip" href="#main">Skip to the report</a><header><h1>{escape(name)}</h1>{head.about(results, doc)}'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav></header><main id="main">{top}{bodies}</main>'
        f'<footer><p class="printed">{_NOT_PRINTED}</p>{_made_from(results)}</footer></body></html>\n'
    )


def _running(name: str) -> str:
    """The rule that heads each printed page with a name; whatever the name holds, it stays a string of CSS."""
    text = "".join(each if each.isascii() and each.isalnum() else f"\\{ord(each):x} " for each in name)
    return f'@page {{ @top-left {{ content: "{text}"; }} }}'


def _sections(results: Results, graph: nx.MultiDiGraph[Any] | None) -> Iterator[tuple[str, str, str]]:
    drawn = diagram(graph) if graph is not None else ""
    scrolled = (
        f'<div class="wide" tabindex="0" role="region" aria-label="One-line diagram">{drawn}</div>' if drawn else ""
    )
    yield "Power, from the grid to the racks", "diagram", scrolled
    yield "What it can carry", "capacity", _pair(plant.capacity(results), plant.demand(results)) + halls(results)
    yield "What breaks it", "failure", _pair(plant.outages(results)) + plant.left_out(results) + plant.failures(results)
    yield "What it draws", "energy", _pair(plant.energy(results))
    yield "Hour by hour", "hours", _pair(supply.week(results), supply.duration(results))
    yield (
        "Carbon and water",
        "carbon",
        _pair(carbon.emissions(results), carbon.carbon_free(results), carbon.water(results)) + carbon.methods(results),
    )
    yield (
        "Who pays whom",
        "cost",
        build.sources_uses(results)
        + _pair(cash.cash(results), cash.cover(results), cash.balance(results), loans.guarantees(results))
        + contracts.terms(results)
        + loans.loans(results)
        + contracts.by_year(results)
        + loans.support(results)
        + _parties(results),
    )
    yield "What an accelerator-hour costs", "unit", _pair(cash.unit_cost(results))
    yield (
        "Own, lease or rent",
        "offers",
        _pair(offers.prices(results), offers.paid(results)) + offers.listing(results) + offers.bridge(results),
    )
    yield "Checks", "checks", _checks(results)
    yield "Assumptions", "assumptions", _assumptions(results)


def _pair(*parts: Iterable[Figure]) -> str:
    """Figures two by two; one that is left over has the width of the page."""
    figures = [one for part in parts for one in part]
    alone = len(figures) - 1 if len(figures) % 2 else None
    drawn = "".join(one.html(broad=at == alone) for at, one in enumerate(figures))
    return f'<div class="pair">{drawn}</div>' if figures else ""


def _parties(results: Results) -> str:
    if "party_metrics" not in results or results["party_metrics"].is_empty():
        return ""
    shown = results["party_metrics"].filter((pl.col("inflow_usd") != 0) | (pl.col("outflow_usd") != 0))
    rows = [
        (
            row["party"],
            row["role"],
            *(money(row[name]) for name in ("inflow_usd", "outflow_usd", "net_usd", "npv_usd")),
            "-" if row["irr_per_year"] is None else f"{row['irr_per_year']:.1%}",
            month(row["payback"]),
        )
        for row in shown.iter_rows(named=True)
    ]
    rate = discount(results)
    npv = f"NPV at {rate}" if rate else "NPV"
    head = ("party", "role", "in", "out", "net", npv, "IRR", "payback")
    said = "<h3>Parties</h3>" + listed(head, rows, title="Parties", right=frozenset(range(2, 7)))
    why = shown.filter(pl.col("irr_note").is_not_null()).group_by("irr_note", maintain_order=True).agg("party")
    notes = [f"No IRR of {', '.join(parties)}: {note}." for note, parties in why.iter_rows()]
    if rate:
        notes.append(f"An NPV is negative where less than {rate} a year is earned on what is paid.")
    return said + "".join(f'<p class="says">{escape(note)}</p>' for note in notes)


def _checks(results: Results) -> str:
    if "checks" not in results or results["checks"].is_empty():
        return ""
    frame = results["checks"]
    failed = frame.filter(~pl.col("ok"))
    says = (
        f'<p class="bad">{failed.height} of {frame.height} checks fail.</p>'
        if failed.height
        else f'<p class="good">All {frame.height} checks hold.</p>'
    )
    every = f"<details><summary>All checks</summary>{grid(frame, title='All checks')}</details>"
    return says + (head.failing(failed) if failed.height else "") + every


def _assumptions(results: Results) -> str:
    if "assumptions" not in results:
        return ""
    frame = results["assumptions"].drop("note", "place", strict=False)
    bare = frame.filter(pl.col("source").is_null()).height
    says = f"<p>{frame.height:,} values went into this run; {bare:,} of them say no source.</p>"
    every = grid(frame, _ASSUMPTIONS, title="Assumptions")
    return f"{says}<details><summary>All of them, with source</summary>{every}</details>"


def _made_from(results: Results) -> str:
    origin = results.provenance
    read = " · ".join(f"{name} sha256 {digest[:12]}" for name, digest in origin.files.items())
    tools = " · ".join(f"{name} {version}" for name, version in origin.versions.items())
    made = f"Made {origin.created:%Y-%m-%d %H:%M} UTC from {read}; seed {origin.seed}."
    return f"<p>{escape(made)}</p><p>{escape(tools)}</p>"
