"""The map of halls: one tile each, filled by how much of its usable power is used, with what stops more."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report.layout import percent, power
from twin.report.needs import in_one, short
from twin.report.page.grids import listed
from twin.report.plant import at_full_build

if TYPE_CHECKING:
    from twin.results.results import Results

_MOST = 60
_FULL = 0.95
_GROUPS = 8
_ROUNDING = 1e-6
_MEANING = (
    "Reserve is held back for failures: those that must be survived, and single ones that are survived unasked, as of "
    "a second feed. Standby carries nothing until those before it are out. Of no use: bought, and idle in every one of "
    "these cases while something else stops more racks."
)


def halls(results: Results) -> str:
    """The tiles, and where the capacity goes; empty where there is no capacity."""
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
    stops = (
        f"{row['binding_resource']} is the limit".replace("_", " ") if row["binding_resource"] else "nothing limits it"
    )
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
    """Where the capacity of each group goes, as table `stranded` has it, both kinds of reserve together."""
    if "stranded" not in results or results["stranded"].is_empty():
        return ""
    frame = at_full_build(results["stranded"])
    frame = frame.filter(~pl.col("scope").str.contains("/", literal=True) & (pl.col("derated_kw") > 0))
    frame = _apart(frame).sort("idle_kw", "standby_kw", descending=True, maintain_order=True)
    if frame.is_empty():
        return ""
    names = ("derated_kw", "load_kw", "growth_kw", "held_kw", "standby_kw", "idle_kw")
    prefix = in_one(frame["group"].to_list())
    rows = [
        (
            short(row["group"], prefix),
            row["resource"].replace("_", " "),
            *("-" if row[name] <= _ROUNDING * row["derated_kw"] else power(row[name]) for name in names),
        )
        for row in frame.head(_GROUPS).iter_rows(named=True)
    ]
    head = ("group", "carries", "derated", "in use", "for growth", "reserve", "standby", "of no use")
    title = "Where the capacity goes"
    more = frame.height - _GROUPS
    rest = f" And {more:,} more, in table stranded." if more > 0 else ""
    return (
        f"<h3>{title}</h3>"
        + listed(head, rows, title=title, right=frozenset(range(2, len(head))))
        + f'<p class="says">{_MEANING}{rest}</p>'
    )


def _apart(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of `stranded` with `held_kw` and `idle_kw`, which a site that is overfull has taken already."""
    free = (pl.col("derated_kw") - pl.col("load_kw")).clip(0.0)
    held = frame.with_columns(held_kw=pl.min_horizontal(pl.col("reserve_kw") + pl.col("spare_kw"), free))
    left = free - pl.col("held_kw") - pl.col("standby_kw")
    return held.with_columns(idle_kw=pl.min_horizontal("stranded_kw", left).clip(0.0))
