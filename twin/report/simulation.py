"""The screen of `twin simulate`: estimates beside the exact answer, how long outages last, uncertain rates, checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin import units
from twin.report import plant, summary
from twin.report.layout import Col, block, fact, hours, month, note, percent

if TYPE_CHECKING:
    from rich.text import Text

    from twin.results.results import Results

_SCOPES_SHOWN = 6
_EXACT = {"fed": "availability_fraction", "served": "served_fraction", "outages": "outages_per_year"}
_SAID = {
    "fed": "all supplied",
    "served": "load in service",
    "unserved": "energy lost a year",
    "outages": "outages a year",
    "mean_outage": "mean outage",
    "lole": "LOLE a year",
    "eens": "EENS a year",
    "eens_own": "EENS and own a year",
    "saifi": "SAIFI a year",
    "saidi": "SAIDI a year",
    "caidi": "CAIDI",
    "goodput": "goodput",
    "ettr": "ETTR",
    "interruptions": "interruptions a day",
    "delivered_days": "days to finish",
}
_METHODS = {"steady": "states", "biased": "states, biased", "sequential": "histories"}


def lines(results: Results, width: int = 100) -> list[Text]:
    """The screen as styled lines, each at most `width` wide.

    Args:
        results: of a run of the analysis `simulation`.
        width: columns of the screen; 60 and more read well.
    """
    sections = (headline, estimates, durations, uncertainty, left_out, summary.checks)
    return [line for section in sections for line in section(results, width)]


def headline(results: Results, width: int) -> list[Text]:
    """Name, month and seed."""
    frame = results["simulation"]
    said = ["no load is in service"]
    if frame.height:
        said = [f"in service in {month(frame['month'][0])}", f"seed {frame['seed'][0]}"]
        lived = frame["simulated_h"].drop_nulls()
        if len(lived):
            said.append(f"{lived[0] / units.HOURS_PER_YEAR:,.0f} years lived through")
    return fact(results.provenance.topology, " · ".join(said), width)


def estimates(results: Results, width: int) -> list[Text]:
    """For each site every measure by every method, beside the exact answer where there is one."""
    frame = results["simulation"]
    said: list[Text] = []
    for scope in _sites(frame):
        mine = frame.filter((pl.col("scope") == scope) & pl.col("value").is_not_null())
        rows = [
            [
                _name(row["measure"]),
                _METHODS[row["method"]],
                _value(row["value"], row["unit"]),
                _width(row["half_width"], row["unit"]),
                _exact(results, scope, row["measure"]),
                f"{row['samples']:,}",
                f"{row['effective_samples']:,}",
            ]
            for row in mine.iter_rows(named=True)
        ]
        columns = [
            Col("", right=False),
            Col("by", right=False),
            Col("estimate"),
            Col(f"± at {frame['confidence_fraction'][0]:.4g}"),
            Col("exact", keep=8),
            Col("samples", keep=5),
            Col("as good as", keep=3),
        ]
        said += block(scope.upper(), columns, rows, width)
    return said


def durations(results: Results, width: int) -> list[Text]:
    """Of the outages of each site and of the first halls, how many last at most so long."""
    frame = results["outage_durations"]
    if not frame.height:
        return []
    limits = frame["at_most_h"].unique(maintain_order=True).drop_nulls().to_list()
    rows = []
    scopes = frame["scope"].unique(maintain_order=True).to_list()
    for scope in scopes[:_SCOPES_SHOWN]:
        mine = frame.filter(pl.col("scope") == scope)
        every = mine.filter(pl.col("at_most_h").is_null()).row(0, named=True)
        shares = mine.filter(pl.col("at_most_h").is_not_null())["share_fraction"].to_list()
        shown = ["-" if share is None else f"{share:.0%}" for share in shares]
        rows.append([scope, f"{every['outages']:,}", hours(every["outages_per_year"]), *shown])
    columns = [
        Col("", right=False),
        Col("seen", keep=7),
        Col("a year"),
        # every second limit gives way first, so that what is left still spans from minutes to days
        *(Col(f"≤ {_time(limit)}", keep=5 - place % 2) for place, limit in enumerate(limits)),
    ]
    said = block("OUTAGES", columns, rows, width)
    hidden = len(scopes) - len(rows)
    return said + (note(f"{hidden} more scopes in table outage_durations", width) if hidden > 0 else [])


def uncertainty(results: Results, width: int) -> list[Text]:
    """Bounds of the exact answer for each site."""
    frame = results["uncertainty"]
    if not frame.height:
        return []
    rows = [
        [
            f"{row['scope']}: {_name(row['measure'])}",
            *(_value(row[name], row["unit"]) for name in ("stated", "median", "low", "high")),
        ]
        for row in frame.filter(pl.col("kind").is_in(("site", "workload"))).iter_rows(named=True)
    ]
    columns = [Col("", right=False), Col("as stated"), Col("median"), Col("from"), Col("to")]
    return block(f"RATES UNCERTAIN ({frame['draws'][0]:,} draws)", columns, rows, width)


def left_out(results: Results, width: int) -> list[Text]:
    """What the histories carry and the exact answer does not."""
    found = results["checks"].filter(pl.col("check") == "simulation_beyond_exact")
    return [line for row in found.iter_rows(named=True) for line in note(row["message"], width)]


def _sites(frame: pl.DataFrame) -> list[str]:
    return frame.filter(pl.col("kind") == "site")["scope"].unique(maintain_order=True).to_list()


def _name(measure: str) -> str:
    if measure.startswith("at_least_"):
        return "at least " + measure.removeprefix("at_least_").replace("_", " ") + " of it"
    return _SAID[measure]


def _value(value: float, unit: str) -> str:
    if unit == "fraction":
        return percent(value)
    if unit == "kWh/year":
        return units.show(value, "energy", 3)
    return f"{hours(value)} h" if unit in ("h", "h/year") else hours(value)


def _width(value: float, unit: str) -> str:
    if unit == "fraction":
        return f"{100.0 * value:.2g} %"
    return _value(value, unit)


def _exact(results: Results, scope: str, measure: str) -> str:
    if measure not in _EXACT or "availability" not in results:
        return "-"
    frame = plant.at_full_build(results["availability"])
    found: list[dict[str, Any]] = list(
        frame.filter((pl.col("scope") == scope) & (pl.col("event") == "fed")).iter_rows(named=True)
    )
    if not found:
        return "-"
    value = found[0][_EXACT[measure]]
    return hours(value) if measure == "outages" else percent(value)


def _time(limit_h: float) -> str:
    return f"{limit_h:.3g} h" if limit_h >= 1.0 else f"{60.0 * limit_h:.3g} min"
