"""The map of halls: one tile each, filled by how much of its usable power is used, with what stops more."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report.layout import percent, power
from twin.report.plant import at_full_build

if TYPE_CHECKING:
    from twin.results.results import Results

_MOST = 60
_FULL = 0.95


def halls(results: Results) -> str:
    """The tiles, and what is stranded at each site; empty where there is no capacity."""
    if "site_capacity" not in results:
        return ""
    frame = at_full_build(results["site_capacity"]).filter(pl.col("usable_kw").is_not_null())
    inside = frame.filter(pl.col("scope").str.contains("/", literal=True))
    shown = inside if inside.height else frame
    tiles = "".join(_tile(row) for row in shown.head(_MOST).iter_rows(named=True))
    more = shown.height - _MOST
    rest = f'<p class="says">and {more:,} more, in table site_capacity</p>' if more > 0 else ""
    return f'<ul class="halls">{tiles}</ul>{rest}{_stranded(results)}'


def _tile(row: dict[str, Any]) -> str:
    used = row["demand_kw"] / row["usable_kw"] if row["usable_kw"] else 0.0
    state = "over" if used > 1.0 + 1e-9 else "full" if used >= _FULL else "room"
    words = {"over": "over what it can carry", "full": "full", "room": "has room"}[state]
    share = percent(used) if used <= 1.0 else f"{used:.0%}"
    stops = f"stopped by {row['binding_resource']}".replace("_", " ") if row["binding_resource"] else "nothing stops it"
    filled = min(used, 1.0)
    label = escape(f"{row['scope']}: {words}")
    return (
        f'<li class="{state}"><b>{escape(str(row["scope"]))}</b>'
        f'<span class="bar" role="meter" aria-valuemin="0" aria-valuemax="1" aria-valuenow="{filled:.4f}" '
        f'aria-label="{label}"><i style="width:{filled:.2%}"></i></span>'
        f"<span>{escape(share)} of {escape(power(row['usable_kw']))} · {words}</span>"
        f"<span>{escape(stops)}</span></li>"
    )


def _stranded(results: Results) -> str:
    if "stranded" not in results or results["stranded"].is_empty():
        return ""
    frame = at_full_build(results["stranded"]).filter(pl.col("stranded_kw") > 0)
    frame = frame.filter(~pl.col("scope").str.contains("/", literal=True)).sort("stranded_kw", descending=True).head(6)
    if frame.is_empty():
        return ""
    said = (
        f"{power(row['stranded_kw'])} of {row['group']} ({row['resource'].replace('_', ' ')})"
        for row in frame.iter_rows(named=True)
    )
    items = "".join(f"<li>{escape(one)}</li>" for one in said)
    return (
        f"<h3>Stranded</h3><p>Bought, and of no use to more racks while something else stops them.</p><ul>{items}</ul>"
    )
