"""The top of the report: what it is of, whether every check holds, and the figures asked for first."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from twin.report import nines
from twin.report import plant as facts
from twin.report.layout import count, hours, money, month, percent, power

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.results.results import Results

_FAILED_SHOWN = 5
_FAILED_LISTED = 400
_ROUNDING = 1e-9


class Card(NamedTuple):
    """A figure with what it is of, and whether it is one that fails."""

    value: str
    what: str
    bad: bool = False


def about(results: Results, doc: str = "") -> str:
    """What the page is of, of which months, and when and with what it was made."""
    origin = results.provenance
    changed = [f"scenario {origin.scenario}"] if origin.scenario else []
    changed += [f"with {overlay}" for overlay in origin.overlays]
    if "schedule" in results and results["schedule"].height:
        months = results["schedule"]["month"]
        changed.append(f"{month(months.min())} to {month(months.max())}")
    made = f"made {origin.created:%Y-%m-%d} with twin {origin.versions.get('twin', 'unknown')}"
    first = doc or "What it carries, what breaks it, what it draws, who pays whom"
    return f"<p>{escape(first)}</p><p>{escape(' · '.join([*changed, made]))}</p>"


def verdict(results: Results) -> str:
    """A banner that names the checks that fail; empty where every one holds."""
    if "checks" not in results:
        return ""
    failed = results["checks"].filter(~pl.col("ok"))
    if failed.is_empty():
        return ""
    items = "".join(f"<li>{_check(row)}</li>" for row in failed.head(_FAILED_SHOWN).iter_rows(named=True))
    more = failed.height - _FAILED_SHOWN
    rest = f"and {more} more: " if more > 0 else ""
    said = f"{failed.height} of {count(results['checks'].height, 'check')} {'fails' if failed.height == 1 else 'fail'}"
    return (
        f'<section class="failed" aria-label="Checks that fail"><p class="bad">{said}</p><ul>{items}</ul>'
        f'<p>{rest}<a href="#checks">what each of them says</a></p></section>'
    )


def failing(failed: pl.DataFrame) -> str:
    """Every row of `checks` that does not hold, with what to do about it."""
    items = "".join(
        f"<li>{_check(row)}. {escape(row['message'] or '')}</li>"
        for row in failed.head(_FAILED_LISTED).iter_rows(named=True)
    )
    more = failed.height - _FAILED_LISTED
    return f"<ul class=checks>{items}</ul>" + (
        f'<p class="says">and {more:,} more, in table checks</p>' if more > 0 else ""
    )


def _check(row: dict[str, Any]) -> str:
    name = escape(row["check"].replace("_", " "))
    return f"<b>{name}</b>, {escape(row['scope'])}: {escape(row['got'])}, wanted {escape(row['wanted'])}"


def cards(results: Results) -> str:
    """The figures asked for first."""
    told = "".join(
        f"<li{' class=over' if card.bad else ''}><b>{escape(card.value)}</b><span>{escape(card.what)}</span></li>"
        for card in _headline(results)
    )
    return f'<ul class="cards">{told}</ul>'


def _headline(results: Results) -> Iterator[Card]:
    yield from _size(results)
    yield from _service(results)
    pue = facts.pue(results)
    if pue is not None:
        yield Card(f"{pue:.3f}", "PUE over all months")
    yield from _worth(results)


def _size(results: Results) -> Iterator[Card]:
    sites = facts.sites(results)
    if sites is None or sites.is_empty():
        return
    demand = float(sites["demand_kw"].sum())
    short = sites.filter(pl.col("demand_kw") > pl.col("usable_kw") * (1.0 + _ROUNDING))
    if short.height:
        usable = ", ".join(f"{power(kw)} at {scope}" for scope, kw in short.select("scope", "usable_kw").rows())
        yield Card(power(demand), f"IT power at full build; more than can be carried: {usable}", bad=True)
    else:
        yield Card(power(demand), "IT power at full build")
    yield Card(f"{int(sites['accelerators'].sum()):,}", f"accelerators in {int(sites['racks'].sum()):,} racks")


def _service(results: Results) -> Iterator[Card]:
    if "availability" not in results:
        return
    frame = facts.at_full_build(results["availability"])
    fed = frame.filter((pl.col("event") == "fed") & ~pl.col("scope").str.contains("/", literal=True))
    left_out = nines.caveat(results)
    for row in fed.head(2).iter_rows(named=True):
        what = f"of the IT load in service at {row['scope']}"
        served = percent(row["served_fraction"], known=not left_out)
        yield Card(served, f"{what}; {left_out}" if left_out else what)
        yield Card(f"{hours(row['downtime_h_per_year'])} h", "a year with some load of it not fed")


def _worth(results: Results) -> Iterator[Card]:
    if "unit_cost" in results:
        for row in results["unit_cost"].filter(pl.col("category") == "total").head(2).iter_rows(named=True):
            yield Card(
                f"${row['usd_per_delivered_accelerator_h']:.3f}", f"an accelerator-hour delivered, for {row['party']}"
            )
    if "debt" in results and results["debt"]["dscr_ratio"].drop_nulls().len():
        least = float(results["debt"]["dscr_ratio"].drop_nulls().to_numpy().min())
        yield Card(f"{least:.2f}", "lowest debt service cover over twelve months", bad=least < 1)
    if "guarantee" in results and results["guarantee"].height:
        most = results["guarantee"]["guaranteed_usd"].max()
        yield Card(money(float(most if isinstance(most, int | float) else 0.0)), "guaranteed at most")
