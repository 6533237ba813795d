"""The screen of `twin capacity`: phases, halls, where the capacity goes, what is tight, what to buy next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report import needs, plant, summary
from twin.report.layout import Col, block, money, month, power
from twin.report.needs import PERCENT, in_one, more, rows_of, short

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_MONTHS_SHOWN = 8
_GROUPS_SHOWN = 8
_TIGHTEST_SHOWN = 5
_ROUNDING = 1e-9


def lines(results: Results, width: int = 100) -> list[Text]:
    """The screen as styled lines, each at most `width` wide; only sections whose tables are there are shown.

    Args:
        results: of a run of the analyses `capacity` and `upgrades`.
        width: columns of the screen; 60 and more read well.
    """
    sections = (
        summary.headline,
        phases,
        connection,
        halls,
        stranded,
        tightest,
        needs.fit,
        needs.demand,
        upgrades,
        summary.checks,
    )
    return [line for section in sections for line in section(results, width)]


def phases(results: Results, width: int) -> list[Text]:
    """A line a site and month of change: what is in service, what is usable, what stops growth and what would next."""
    frame = rows_of(results, "site_capacity")
    if frame is None:
        return []
    frame = frame.filter(pl.col("kind") == "site")
    frame = frame.filter((pl.col("racks") > 0) | (pl.col("demand_kw") > 0)).sort("scope", "month", maintain_order=True)
    several = frame["scope"].n_unique() > 1
    prefix = in_one(frame["scope"].to_list())
    shown = frame if frame.height <= _MONTHS_SHOWN else frame.group_by("scope", maintain_order=True).tail(2)
    # nameplate says something only where less than it is provisioned
    nameplate = shown.filter(pl.col("nameplate_kw") > pl.col("demand_kw") * (1 + _ROUNDING)).height > 0
    columns = [
        Col("", right=False),
        Col("racks", keep=6),
        Col("accelerators", keep=3),
        *([Col("nameplate", keep=5)] if nameplate else []),
        Col("drawn"),
        Col("usable"),
        Col("used", keep=7),
        Col("stops at", right=False, keep=8),
        Col("then at", keep=4),
        Col("by", right=False, keep=1),
    ]
    rows = [
        [
            f"{row['scope']} {month(row['month'])}" if several else month(row["month"]),
            f"{row['racks']:,}",
            f"{row['accelerators']:,}",
            *([power(row["nameplate_kw"])] if nameplate else []),
            power(row["demand_kw"]),
            _kw(row["usable_kw"], "no limit"),
            _used(row),
            short(row["binding_node"], prefix) or "nothing",
            _kw(row["runner_up_usable_kw"]),
            short(row["runner_up_node"], prefix) or "-",
        ]
        for row in shown.iter_rows(named=True)
    ]
    said = block("PHASES", columns, rows, width)
    return said + more(frame.height - len(rows), "site_capacity", width)


def connection(results: Results, width: int) -> list[Text]:
    """A line a site and limit of its grid connection: the tightest month under it, and what it leaves unused."""
    frame = rows_of(results, "interconnection")
    if frame is None:
        return []
    frame = frame.filter(pl.col("it_kw") > 0).sort("site", "month", maintain_order=True)
    if not frame.height:
        return []
    changed = pl.any_horizontal(
        (pl.col(name) != pl.col(name).shift().over("site")).fill_null(value=True)
        for name in ("limit_kw", "source", "it_kw")
    )
    frame = frame.with_columns(span=changed.cum_sum(), since=pl.col("month"))
    tight = frame.sort("connection_usable_kw", maintain_order=True).group_by("span", maintain_order=True)
    each = tight.agg(pl.col("since").min(), pl.all().exclude("since").first()).sort("span")
    several = each["site"].n_unique() > 1
    columns = [
        Col("", right=False),
        Col("limit"),
        Col("own supply", keep=6),
        Col("tightest", keep=4),
        Col("draws then", keep=7),
        Col("left", keep=5),
        Col("lets use"),
        Col("IT left unused", keep=8),
    ]
    shown = each.group_by("site", maintain_order=True).tail(_MONTHS_SHOWN if not several else 2)
    rows = [
        [
            f"{row['site']} {month(row['since'])}" if several else month(row["since"]),
            power(row["limit_kw"]),
            power(row["supply_kw"]),
            f"{row['time']:%Y-%m-%d %H:%M}",
            power(row["load_kw"]),
            power(row["headroom_kw"]),
            power(row["connection_usable_kw"]),
            power(row["stranded_it_kw"]) if row["binds"] else "-",
        ]
        for row in shown.iter_rows(named=True)
    ]
    said = block("GRID CONNECTION", columns, rows, width)
    return said + more(each.height - len(rows), "interconnection", width)


def halls(results: Results, width: int) -> list[Text]:
    """A line a building and hall at full build, alike ones together."""
    frame = rows_of(results, "site_capacity")
    return [] if frame is None else plant.scopes(frame.filter(pl.col("kind") != "site"), width, "HALLS")


def stranded(results: Results, width: int) -> list[Text]:
    """Where the capacity of each group goes when its site has grown to what it can carry."""
    frame = rows_of(results, "stranded")
    if frame is None:
        return []
    frame = plant.at_full_build(frame)
    frame = frame.filter(~pl.col("scope").str.contains("/", literal=True) & (pl.col("derated_kw") > 0))
    frame = frame.with_columns(held_kw=pl.col("reserve_kw") + pl.col("spare_kw"))
    prefix = in_one(frame["scope"].to_list())
    waits = bool(frame.height) and bool((frame["standby_kw"] > _ROUNDING * frame["derated_kw"]).any())
    names = ("derated", "load", "growth", "held", *(["standby"] if waits else []), "stranded")
    rows = [
        [
            f"{row['group'].removeprefix(prefix)} ({row['count']:,})",
            *(_part(row, name) for name in names),
            f"{round(row['stranded_kw'] / row['derated_kw'] * PERCENT)} %",
        ]
        for row in frame.head(_GROUPS_SHOWN).iter_rows(named=True)
    ]
    columns = [
        Col("group", right=False),
        Col("derated"),
        Col("carries now", keep=7),
        Col("can grow by", keep=6),
        Col("held in reserve", keep=5),
        *([Col("stands by", keep=4)] if waits else []),
        Col("stranded"),
        Col("", keep=8),
    ]
    if not rows:
        return []
    return block("WHERE IT GOES", columns, rows, width) + more(frame.height - len(rows), "stranded", width)


def tightest(results: Results, width: int) -> list[Text]:
    """The groups that are fullest in the worst failure that must be survived, at full build."""
    frame = rows_of(results, "capacity")
    if frame is None:
        return []
    frame = plant.at_full_build(frame).filter(pl.col("worst_utilisation_fraction").is_not_null())
    frame = frame.sort("worst_utilisation_fraction", descending=True, maintain_order=True)
    frame = frame.unique("group", keep="first", maintain_order=True)
    prefix = in_one(frame["node"].to_list())
    rows = [
        [
            row["node"].removeprefix(prefix) + (f" (any of {row['count']:,})" if row["count"] > 1 else ""),
            power(row["derated_kw"]),
            power(row["load_kw"]),
            power(row["worst_load_kw"]),
            f"{row['worst_utilisation_fraction'] * PERCENT:.0f} %",
            row["worst_case"].replace(prefix, ""),
        ]
        for row in frame.head(_TIGHTEST_SHOWN).iter_rows(named=True)
    ]
    columns = [
        Col("supplier", right=False),
        Col("good for", keep=8),
        Col("carries", keep=6),
        Col("at worst"),
        Col("used"),
        Col("when", right=False, keep=5),
    ]
    return block("TIGHTEST", columns, rows, width) if rows else []


def upgrades(results: Results, width: int) -> list[Text]:
    """The next things to buy, in order."""
    frame = rows_of(results, "upgrades")
    if frame is None:
        return []
    several = frame["site"].n_unique() > 1
    priced = frame["price_usd"].null_count() < frame.height
    prefix = in_one(frame["site"].to_list())
    counted = frame.filter(pl.col("released_accelerators") > 0).height > 0
    columns = [
        Col("change", right=False),
        Col("releases"),
        Col("racks", keep=4),
        *([Col("accelerators", keep=2)] if counted else []),
        Col("usable", keep=7),
        *([Col("price", keep=5), Col("$/kW", keep=3)] if priced else []),
        Col("then stops at", right=False, keep=6),
    ]
    rows = []
    for row in frame.iter_rows(named=True):
        # what is enlarged together stands one below the other
        number = f"{row['site']} {row['step']}. " if several else f"{row['step']}. "
        first, *others = row["change"].split("; ")
        rows.append(
            [
                _cut(number + first, width),
                _kw(row["released_kw"], "all", sign="+"),
                _number(row["released_racks"]),
                *([_number(row["released_accelerators"])] if counted else []),
                _kw(row["usable_kw"], "no limit"),
                *([_money(row["price_usd"]), _money(row["usd_per_kw"])] if priced else []),
                short(row["then_binds"], prefix) or "nothing",
            ]
        )
        nothing = [""] * (len(columns) - 1)
        rows += [[_cut(f"{' ' * (len(number) - 2)}+ {other}", width), *nothing] for other in others]
    return block("NEXT TO BUY", columns, rows, width)


def _cut(text: str, width: int) -> str:
    """A text that leaves room for the figures beside it; the table has all of it."""
    most = width * 6 // 10
    return text if len(text) <= most else text[: most - 1] + "…"


def _part(row: dict[str, Any], name: str) -> str:
    """A part of the derated capacity; what is nothing beside it is rounding."""
    value_kw = row[f"{name}_kw"]
    if name == "growth" and value_kw < -_ROUNDING * row["derated_kw"]:
        return f"over by {power(-value_kw)}"
    return power(value_kw if abs(value_kw) > _ROUNDING * row["derated_kw"] else 0.0)


def _kw(value: float | None, without: str = "-", sign: str = "") -> str:
    return without if value is None else sign + power(value)


def _money(value_usd: float | None) -> str:
    return "-" if value_usd is None else money(value_usd)


def _number(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def _used(row: dict[str, Any]) -> str:
    used = f"{row['demand_kw'] / row['usable_kw'] * PERCENT:.0f} %" if row["usable_kw"] else "-"
    return used + (" OVER" if (row["headroom_kw"] or 0.0) < 0 else "")
