"""The screen of `twin failure`: availability, how much is in service, what breaks it, what that does to the work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report import goodput, nines, summary
from twin.report.layout import Col, block, count, fact, hours, money, month, note, power, total
from twin.report.needs import in_one, more, rows_of, short
from twin.report.plant import at_once
from twin.topology.attributes import SINK_KINDS

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_FAILURES_SHOWN = 10
_NEARLY_ALL = 0.9
_SCOPES_SHOWN = 8
_KINDS_SHOWN = 6
_MOST_NINES = 10
_LEFT_OUT_NINES = 6
"""Where something is taken never to fail, more nines than these say nothing."""

_KWH_PER_MWH = 1000.0
_LEVELS = (("p_all", "all"), ("p_99", "99 %"), ("p_95", "95 %"), ("p_90", "90 %"), ("p_50", "50 %"))


def lines(results: Results, width: int = 100) -> list[Text]:
    """The screen as styled lines, each at most `width` wide; only sections whose tables are there are shown.

    Args:
        results: of a run of the analyses `failure` and `workload`.
        width: columns of the screen; 60 and more read well.
    """
    sections = (headline, beyond, scopes, loads, levels, failures, matters, goodput.lines, summary.checks)
    return [line for section in sections for line in section(results, width)]


def headline(results: Results, width: int) -> list[Text]:
    """Name, what was changed, IT load and racks at full build."""
    origin = results.provenance
    changed = [f"scenario {origin.scenario}"] if origin.scenario else []
    changed += [f"with {overlay}" for overlay in origin.overlays]
    frame = rows_of(results, "reliability")
    if frame is not None:
        sites = _last(frame).filter(pl.col("kind") == "site")
        changed += [f"{power(total(sites['it_kw']))} IT", count(int(total(sites["racks"])), "rack")]
        exact = "exact but for what is said below" if _left_out(results) else "everything exact"
        changed.append(f"availability of {month(frame['month'].max())}, {exact}")
    return fact(origin.topology, " · ".join(changed) or "nothing is in service", width)


def _left_out(results: Results) -> list[str]:
    """What the file states and the exact form does not carry, in a sentence."""
    frame = rows_of(results, "checks")
    return [] if frame is None else frame.filter(pl.col("check") == "exact_leaves_out")["message"].to_list()


def beyond(results: Results, width: int) -> list[Text]:
    """What the exact answer leaves out."""
    return [line for text in _left_out(results) for line in note(text, width)]


def _last(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("month") == frame["month"].max())


def scopes(results: Results, width: int) -> list[Text]:
    """A line a site and hall at full build: how often and how long some load in it has no supply, and what is lost."""
    frame = rows_of(results, "reliability")
    if frame is None:
        return []
    frame = _last(frame)
    prefix = in_one(frame["scope"].to_list())
    alike = ["kind", "racks", "it_kw", "lole_h_per_year", "lolf_per_year", "eens_kwh_per_year"]
    keys = [pl.col(name).round_sig_figs(9) if frame.schema[name] == pl.Float64 else pl.col(name) for name in alike]
    grouped = frame.group_by(keys, maintain_order=True).agg(pl.all().exclude(alike).first(), pl.len().alias("alike"))
    columns = [
        Col("", right=False),
        Col("IT", keep=6),
        Col("outages a year"),
        Col("hours a year", keep=8),
        Col("each lasts", keep=5),
        Col("not supplied"),
        Col("with racks' own", keep=4),
    ]
    rows = [_scope(row, prefix) for row in grouped.head(_SCOPES_SHOWN).iter_rows(named=True)]
    said = block("SUPPLY some load without it", columns, rows, width)
    return said + more(grouped.height - len(rows), "reliability", width)


def _scope(row: dict[str, Any], prefix: str) -> list[str]:
    name = short(row["scope"], prefix)
    often, long = row["lolf_per_year"], row["lole_h_per_year"]
    return [
        f"{name} and {row['alike'] - 1} alike" if row["alike"] > 1 else name,
        power(row["it_kw"]),
        hours(often),
        hours(long),
        f"{hours(long / often)} h" if often else "-",
        f"{hours(row['eens_kwh_per_year'] / _KWH_PER_MWH)} MWh/y",
        f"{hours(row['eens_own_kwh_per_year'] / _KWH_PER_MWH)} MWh/y",
    ]


def loads(results: Results, width: int) -> list[Text]:
    """A line a kind of load at full build: availability of one, by its supply and with its own failures."""
    frame = rows_of(results, "availability")
    if frame is None:
        return []
    frame = _last(frame)
    own = frame.filter(pl.col("event") == "in_service")
    fed = {row["scope"]: row for row in frame.filter(pl.col("event") == "fed").iter_rows(named=True)}
    prefix = in_one(frame["scope"].to_list())
    columns = [
        Col("", right=False),
        Col("alike", keep=6),
        Col("supplied"),
        Col("h/y without", keep=7),
        Col("in service"),
        Col("h/y out"),
        Col("outages a year", keep=5),
    ]
    most = _most_nines(results)
    rows = [
        [
            short(row["scope"], prefix),
            f"{row['count']:,}",
            _nines(fed[row["scope"]]["availability_fraction"], most),
            hours(fed[row["scope"]]["downtime_h_per_year"]),
            _nines(row["availability_fraction"], most),
            hours(row["downtime_h_per_year"]),
            hours(row["outages_per_year"]),
        ]
        for row in own.head(_KINDS_SHOWN).iter_rows(named=True)
    ]
    said = block("LOADS one of them", columns, rows, width) if rows else []
    return said + more(own.height - len(rows), "availability", width) + note(nines.caveat(results), width)


def _most_nines(results: Results) -> int:
    return _LEFT_OUT_NINES if nines.never_fail(results) else _MOST_NINES


def _nines(fraction: float, most: int) -> str:
    """A share with as many nines as tell it from all, `most` at the most."""
    for digits in range(2, most - 1):
        text = f"{100 * fraction:.{digits}f}"
        if text.rstrip("0").rstrip(".") != "100":
            return f"{text} %"
    return "100 %" if fraction >= 1.0 else f">99.{'9' * (most - 2)} %"


def levels(results: Results, width: int) -> list[Text]:
    """A line a site at full build: how likely at least so much of its accelerators is in service."""
    frame = rows_of(results, "reliability")
    if frame is None:
        return []
    frame = _last(frame).filter((pl.col("kind") == "site") & pl.col("p_all_fraction").is_not_null())
    if frame.is_empty():
        return []
    columns = [
        Col("at least", right=False),
        *(Col(what, keep=keep) for (_, what), keep in zip(_LEVELS, (9, 8, 5, 7, 6), strict=True)),
    ]
    most = _most_nines(results)
    rows = [
        [row["scope"], *(_nines(row[f"{name}_fraction"], most) for name, _ in _LEVELS)]
        for row in frame.iter_rows(named=True)
    ]
    return block("IN SERVICE at least", columns, rows, width)


def failures(results: Results, width: int) -> list[Text]:
    """The failures that cost most a year, in dollars where an accelerator-hour has a price, else in energy."""
    frame = rows_of(results, "contingency")
    if frame is None:
        return []
    frame = frame.filter(pl.col("expected_kwh_lost_per_year") > 0)
    if frame.is_empty():
        return note("no failure of one or two elements takes down load that the file knows rates of", width)
    priced = frame["expected_usd_lost_per_year"].count() > 0
    shown = frame.head(_FAILURES_SHOWN)
    prefix = in_one([*frame["element"].to_list(), *frame["second_element"].drop_nulls().to_list()])
    columns = [
        Col("", right=False),
        Col("ways", keep=5),
        Col("each a year", keep=6),
        Col("lasts", keep=4),
        Col("racks", keep=7),
        Col("takes down"),
        Col("lost a year"),
        *([Col("worth")] if priced else []),
    ]
    rows = [_failure(row, prefix, priced=priced) for row in shown.iter_rows(named=True)]
    said = block("WHAT BREAKS IT", columns, rows, width)
    if not priced:
        said += note("no dollars: state 'analyses: {failure: {accelerator_hour_price: $2/h}}'", width)
    return said + more(frame.height - shown.height, "contingency", width) + _rest(results, frame, width)


def _rest(results: Results, frame: pl.DataFrame, width: int) -> list[Text]:
    """How much of what supply fails to give these failures explain, where that is not nearly all of it."""
    indices = rows_of(results, "reliability")
    if indices is None:
        return []
    whole = total(_last(indices).filter(pl.col("kind") == "site")["eens_kwh_per_year"])
    supply = frame.filter(~pl.col("kind").is_in(SINK_KINDS))
    share = total(supply["expected_kwh_lost_per_year"]) / whole if whole > 0 else 1.0
    if share >= _NEARLY_ALL:
        return []
    text = f"failures of one and two and common causes explain {share:.0%} of what supply fails to give; failed starts "
    return note(text + "and three or more at once are the rest", width)


def _failure(row: dict[str, Any], prefix: str, *, priced: bool) -> list[str]:
    names = [short(row["element"], prefix) + at_once(row)]
    if row["second_element"] is not None:
        around = row["element"].rpartition("/")[0] + "/"
        names.append(short(short(row["second_element"], around), prefix))
    joint = " in maintenance, then " if row["event"].startswith("maintenance") else " and "
    return [
        joint.join(names),
        f"{row['count']:,}",
        hours(row["outages_per_year"]),
        "-" if row["mean_outage_h"] is None else f"{hours(row['mean_outage_h'])} h",
        f"{row['racks_lost']:,}",
        power(row["lost_it_kw"]),
        f"{hours(row['expected_kwh_lost_per_year'] / _KWH_PER_MWH)} MWh",
        *([money(row["expected_usd_lost_per_year"] or 0.0)] if priced else []),
    ]


def matters(results: Results, width: int) -> list[Text]:
    """The suppliers whose failures matter most to the supply of the first site, by criticality."""
    frame = rows_of(results, "importance")
    if frame is None:
        return []
    frame = frame.filter(pl.col("scope") == frame["scope"][0])
    frame = frame.sort("criticality_fraction", descending=True, nulls_last=True).head(_KINDS_SHOWN)
    prefix = in_one(frame["element"].to_list())
    columns = [
        Col("", right=False),
        Col("of them", keep=5),
        Col("criticality"),
        Col("risk achievement", keep=6),
        Col("risk reduction", keep=4),
    ]
    rows = [
        [
            short(row["element"], prefix),
            f"{row['count']:,}",
            "-" if row["criticality_fraction"] is None else f"{row['criticality_fraction']:.2%}",
            _ratio(row["risk_achievement_ratio"]),
            _ratio(row["risk_reduction_ratio"]),
        ]
        for row in frame.iter_rows(named=True)
    ]
    return block(f"MATTERS to the supply of {frame['scope'][0]}", columns, rows, width) if rows else []


def _ratio(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g} x"
