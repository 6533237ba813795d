"""What a planner and an engineer read: capacity as halls energise, energy, availability, single failures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report import bills, nines
from twin.report.layout import Col, block, count, energy_text, fact, hours, largest, note, percent, power, total
from twin.tables.failure import COMMON_CAUSE, COMMON_CAUSE_AND_FAILURE, TWO_COMMON_CAUSES
from twin.topology.attributes import ROLLUP_KINDS, SINK_KINDS
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from rich.text import Text

    from twin.results.results import Results

_SCOPES_SHOWN = 8
_FAILURES_SHOWN = 5
_PERCENT = 100
_LAST_NUMBER = re.compile(r"(.*)\[(\d+)\]")


def at_full_build(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of the last month in which the most is in service, of a table by month of change.

    Where sites retire that is not the last month.
    """
    rows = frame.group_by("month").agg(
        rows=(pl.col("demand_kw") > 0).sum() if "demand_kw" in frame.columns else pl.len()
    )
    months = rows.filter(pl.col("rows") == pl.col("rows").max())["month"]
    return frame.filter(pl.col("month") == pl.lit(months.max(), pl.Date))


def sites(results: Results) -> pl.DataFrame | None:
    """The rows of `site_capacity` for whole sites at full build; None where it was not computed."""
    if "site_capacity" not in results:
        return None
    frame = at_full_build(results["site_capacity"])
    return frame.filter(~pl.col("scope").str.contains("/", literal=True))


def pue(results: Results) -> float | None:
    """All energy over IT energy, over all months and sites; None where neither was computed."""
    if "energy" not in results:
        return None
    frame = results["energy"]
    it_kwh = total(frame.filter(pl.col("stage") == "it")["energy_kwh"])
    return total(frame["energy_kwh"]) / it_kwh if it_kwh > 0 else None


def energy(results: Results, width: int) -> list[Text]:
    """Energy drawn in the last twelve months, its cost in all months, and the mean price."""
    if "energy" not in results or not results["energy"].height:
        return []
    frame = results["energy"]
    total_kwh = total(frame["energy_kwh"])
    last = frame.filter(pl.col("month") > pl.col("month").max().dt.offset_by(f"-{MONTHS_PER_YEAR}mo"))
    peak_kw = frame.group_by("month", "site").agg(pl.col("peak_kw").sum())["peak_kw"]
    where = "" if frame["site"].n_unique() == 1 else " at the largest site"
    months = last["month"].n_unique()
    span = "last 12 months" if months == MONTHS_PER_YEAR else count(months, "month")
    said = [f"{energy_text(total(last['energy_kwh']))} in the {span}", f"peak {power(largest(peak_kw))}{where}"]
    if "energy_cost" in results and results["energy_cost"].height and total_kwh > 0:
        said.append(f"{bills.per_kwh(bills.net_usd(results['energy_cost']) / total_kwh)} all in")
    return fact("ENERGY", " · ".join(said), width)


# --- capacity ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Scope:
    """One line of the capacity block: a scope, or several alike."""

    ids: tuple[str, ...]
    since: tuple[date, ...]
    row: dict[str, Any]

    def like(self, other: _Scope, *, same_month: bool, same_parent: bool) -> bool:
        """Whether the other scope may share a line with this one."""
        name = _stem if same_parent else _without_numbers
        keys = ("kind", "racks", "demand_kw", "usable_kw", "binding_resource")
        return (
            all(self.row[key] == other.row[key] for key in keys)
            and name(self.row["scope"]) == name(other.row["scope"])
            and _without_numbers(self.row["binding_node"]) == _without_numbers(other.row["binding_node"])
            and (not same_month or self.since[0] == other.since[0])
        )


def capacity(results: Results, width: int) -> list[Text]:
    """A line a site and hall, alike halls together: since when, demand, usable, use, what stops growth."""
    return scopes(results["site_capacity"], width, "CAPACITY") if "site_capacity" in results else []


def scopes(frame: pl.DataFrame, width: int, title: str) -> list[Text]:
    """The same under another title, for some rows of `site_capacity`."""
    if not frame.height:
        return []
    found = _scopes(frame)
    lines = _merged(found, same_month=True)
    for same_parent in (True, False):
        if len(lines) > _SCOPES_SHOWN:
            lines = _merged(found, same_month=False, same_parent=same_parent)
    columns = [
        Col("scope", right=False),
        Col("energised", right=False, keep=2),
        Col("racks", keep=3),
        Col("demand"),
        Col("usable"),
        Col("used", keep=6),
        Col("what stops growth", right=False, keep=7),
        Col("when", right=False, keep=1),
    ]
    prefix = _common_prefix([scope.row["scope"] for scope in found])
    rows = [_capacity_row(line, prefix) for line in lines[:_SCOPES_SHOWN]]
    said = block(title, columns, rows, width)
    if len(lines) > _SCOPES_SHOWN:
        said += note(f"and {len(lines) - _SCOPES_SHOWN} more in the table site_capacity", width)
    return said


def _scopes(frame: pl.DataFrame) -> list[_Scope]:
    """Every scope at full build, with the months in which racks came into service."""
    grown = (
        frame.filter(pl.col("racks") > 0)
        .sort("month")
        .filter(pl.col("racks") != pl.col("racks").shift(1).over("scope").fill_null(0))
        .group_by("scope")
        .agg("month")
    )
    since: dict[str, list[date]] = dict(grown.iter_rows())
    return [
        _Scope((row["scope"],), tuple(since.get(row["scope"], [row["month"]])), row)
        for row in at_full_build(frame).iter_rows(named=True)
    ]


def _merged(scopes: list[_Scope], *, same_month: bool, same_parent: bool = True) -> list[_Scope]:
    """Scopes next to each other that are alike, as one."""
    lines: list[_Scope] = []
    for scope in scopes:
        if lines and len(scope.since) == 1 and lines[-1].like(scope, same_month=same_month, same_parent=same_parent):
            last = lines[-1]
            lines[-1] = _Scope((*last.ids, *scope.ids), (*last.since, *scope.since), last.row)
        else:
            lines.append(scope)
    return lines


def _capacity_row(scope: _Scope, prefix: str) -> list[str]:
    row = scope.row
    first, last = min(scope.since), max(scope.since)
    stop = ""
    if row["binding_resource"]:
        stop = row["binding_resource"].replace("_", " ")
        stop += f": {row['binding_node'].removeprefix(prefix)}" if row["binding_node"] else ""
    used = f"{row['demand_kw'] / row['usable_kw'] * _PERCENT:.0f} %" if row["usable_kw"] else "-"
    return [
        span(scope.ids, prefix),
        f"{first:%Y-%m}" if first == last else f"{first:%Y-%m} to {last:%Y-%m}",
        f"{row['racks']:,}",
        power(row["demand_kw"]),
        "no limit" if row["usable_kw"] is None else power(row["usable_kw"]),
        used + (" OVER" if (row["headroom_kw"] or 0.0) < 0 else ""),
        stop or "nothing",
        (row["binding_state"] or "").replace(prefix, ""),
    ]


def span(ids: tuple[str, ...], prefix: str = "") -> str:
    """Several ids in one: `hall[2..5]`, or the first and how many more."""
    names = [name.removeprefix(prefix) for name in ids]
    if len(names) == 1:
        return names[0]
    first, last = _LAST_NUMBER.fullmatch(names[0]), _LAST_NUMBER.fullmatch(names[-1])
    if first and last and first[1] == last[1] and int(last[2]) - int(first[2]) == len(names) - 1:
        return f"{first[1]}[{first[2]}..{last[2]}]"
    return f"{names[0]} and {len(names) - 1} alike"


def _common_prefix(ids: list[str]) -> str:
    """`site/` where everything is in one site, so that lines need not repeat it."""
    roots = {name.split("/", 1)[0] for name in ids}
    return f"{roots.pop()}/" if len(roots) == 1 else ""


def _stem(name: str) -> str:
    return re.sub(r"\[\d+\]\Z", "", name)


def _without_numbers(name: str | None) -> str:
    return re.sub(r"\[\d+\]", "", name or "")


# --- failure ----------------------------------------------------------------------------------


def availability(results: Results, width: int) -> list[Text]:
    """Supply of each site, of the worst hall and of the worst rack, at full build."""
    if "availability" not in results or not results["availability"].height:
        return []
    frame = at_full_build(results["availability"]).filter(pl.col("event") == "fed")
    if "rack" in frame["kind"]:
        frame = frame.filter(pl.col("kind").is_in([*ROLLUP_KINDS, "rack"]))
    if not frame.height:
        return []
    prefix = _common_prefix(frame["scope"].to_list())
    left_out = nines.caveat(results)
    rows = []
    for (kind,), of_kind in frame.group_by("kind", maintain_order=True):
        worst = of_kind.row(int(of_kind["availability_fraction"].arg_min() or 0), named=True)
        every = int(total(of_kind["count"]))
        name = str(kind) if every == 1 else f"{kind}, {'each' if of_kind.height == 1 else 'worst'} of {every:,}"
        rows.append(
            [
                f"{name}: {worst['scope'].removeprefix(prefix)}" if of_kind.height > 1 or every == 1 else name,
                percent(worst["availability_fraction"], known=not left_out),
                hours(worst["downtime_h_per_year"]),
                hours(worst["outages_per_year"]),
                "-" if worst["mean_outage_h"] is None else hours(worst["mean_outage_h"]),
                percent(worst["served_fraction"], known=not left_out),
            ]
        )
    columns = [
        Col("scope", right=False),
        Col("all supplied"),
        Col("down h/yr"),
        Col("outages/yr", keep=7),
        Col("mean h", keep=5),
        Col("IT load served", keep=8),
    ]
    return block("AVAILABILITY", columns, rows, width) + note(left_out, width)


def failures(results: Results, width: int) -> list[Text]:
    """The single failures and common causes of supply that lose most energy a year, and the racks' own failures."""
    if "contingency" not in results:
        return []
    single = pl.col("event").is_in(("failure", COMMON_CAUSE))
    frame = results["contingency"].filter(single & (pl.col("lost_it_kw") > 0))
    frame = frame.sort("expected_kwh_lost_per_year", "lost_it_kw", descending=True)
    own = pl.col("kind").is_in(SINK_KINDS)
    supply, sinks = frame.filter(~own), frame.filter(own & (pl.col("outages_per_year") > 0))
    if not supply.height:
        return fact("SINGLE FAILURES", "none of power or cooling loses load" + _own_failures(sinks, "; "), width)
    prefix = _common_prefix(supply["element"].to_list())
    rows = [
        [
            row["element"].removeprefix(prefix)
            + at_once(row)
            + (f" (any of {row['count']:,})" if row["count"] > 1 else ""),
            f"{row['racks_lost']:,}",
            power(row["lost_it_kw"]),
            hours(row["outages_per_year"]) if row["outages_per_year"] else "no data",
            "-" if row["mean_outage_h"] is None else hours(row["mean_outage_h"]),
            energy_text(row["expected_kwh_lost_per_year"]) if row["outages_per_year"] else "no data",
        ]
        for row in supply.head(_FAILURES_SHOWN).iter_rows(named=True)
    ]
    columns = [
        Col("element", right=False),
        Col("racks lost", keep=8),
        Col("IT lost"),
        Col("each/yr", keep=7),
        Col("mean h", keep=5),
        Col("lost a year", keep=6),
    ]
    said = block("SINGLE FAILURES that lose load", columns, rows, width)
    if supply.height > _FAILURES_SHOWN:
        said += note(f"and {supply.height - _FAILURES_SHOWN} more in the table contingency", width)
    return said + (note(_own_failures(sinks), width) if sinks.height else [])


def at_once(row: Mapping[str, Any]) -> str:
    """What follows the first element of a row of `contingency` in which a common cause takes out more of its group."""
    # Beside another failure it is that of one element less; of two common causes the table has only what both take out.
    beside = {COMMON_CAUSE: 1, COMMON_CAUSE_AND_FAILURE: 2}.get(row["event"])
    if beside is not None:
        return f" and {row['elements_failed'] - beside:,} more at once"
    return f", of {row['elements_failed']:,} at once in all," if row["event"] == TWO_COMMON_CAUSES else ""


def _own_failures(sinks: pl.DataFrame, lead: str = "") -> str:
    """What racks and other loads lose by failing themselves, in one sentence; empty where they do not."""
    if not sinks.height:
        return ""
    rate = total(sinks["outages_per_year"] * sinks["count"]) / total(sinks["count"])
    lost = energy_text(total(sinks["expected_kwh_lost_per_year"]))
    return f"{lead}racks by themselves: {hours(rate)} failures a year each, {lost} lost a year in all"
