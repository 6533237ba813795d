"""The sections of the report about the plant: capacity by month, outages, energy."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from twin.report import nines
from twin.report.layout import hours, largest, power, total
from twin.report.needs import in_one, short
from twin.report.page.charts import Figure, axis, by_month_or_year, colour, steps
from twin.report.page.grids import grid, listed
from twin.report.plant import at_full_build, at_once
from twin.tables.failure import COMMON_CAUSE_AND_FAILURE, TWO_COMMON_CAUSES
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.results.results import Results

_FAILURES = 10
_EVENTS = {
    "failure+failure": "two failures",
    "maintenance+failure": "a failure in maintenance",
    COMMON_CAUSE_AND_FAILURE: "a common cause and a failure",
    TWO_COMMON_CAUSES: "two common causes",
}
_LEAST = 1e-15
_ROUNDING = 1e-9
_FIGURES = 3
"""Probabilities that agree to so many figures are one row."""

_FEW = 20
"""So many racks need no logarithmic axis."""

_DECADES = 8
"""Labels on an axis of probabilities, at most."""

_OWN = 0.5
"""Racks mostly fail themselves where supply is missing for less than this share of the time one is out."""

_SAME = 5e-4
"""A PUE that varies by less is told and not drawn."""


def capacity(results: Results) -> Iterator[Figure]:
    """What is asked of each site and what it can carry, month by month."""
    if "site_capacity" not in results:
        return
    frame = results["site_capacity"].filter(~pl.col("scope").str.contains("/", literal=True))
    by_month = frame.group_by("month", maintain_order=True).agg(
        (pl.col(name).sum() / 1000.0).alias(label) for name, label in (("demand_kw", "asked"), ("usable_kw", "usable"))
    )
    if by_month["asked"].sum() == 0:
        return
    # the last step holds on; without a stretch of it nobody sees how high it is
    after = by_month.tail(1).with_columns(pl.col("month").dt.offset_by("3mo"))
    lines = pl.concat([by_month, after]).unpivot(
        on=["usable", "asked"], index="month", variable_name="what", value_name="mw"
    )
    chart = (
        alt.Chart(lines)
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            x=alt.X(**axis("month", "", "T")),
            y=alt.Y(**axis("mw", "MW")),
            color=colour("what", ["asked", "usable"]),
        )
    )
    last = by_month.row(-1, named=True)
    over = last["asked"] - last["usable"]
    says = (
        f"At full build {power(last['asked'] * 1000)} is asked of {power(last['usable'] * 1000)} that can be carried"
        + (f": {power(over * 1000)} too much." if over > _ROUNDING * last["asked"] else ".")
    )
    yield Figure(chart, "Power asked and usable", says, by_month.rename({"asked": "asked MW", "usable": "usable MW"}))


def demand(results: Results) -> Iterator[Figure]:
    """What is wanted by month against what is there, where the file states it."""
    if "demand" not in results or results["demand"].is_empty():
        return
    frame = results["demand"].filter(pl.col("wanted_kw").is_not_null())
    if frame.is_empty():
        return
    by_month = frame.group_by("month", maintain_order=True).agg(
        (pl.col("wanted_kw").sum() / 1000).alias("wanted"), (pl.col("available_kw").sum() / 1000).alias("available")
    )
    lines = by_month.unpivot(on=["wanted", "available"], index="month", variable_name="what", value_name="mw")
    chart = (
        alt.Chart(lines)
        .mark_line(interpolate="step-after", strokeWidth=2.5)
        .encode(
            x=alt.X(**axis("month", "", "T")),
            y=alt.Y(**axis("mw", "MW")),
            color=colour("what", ["wanted", "available"]),
        )
    )
    yield Figure(chart, "Demand against what is there", "IT power wanted and available, by month.", by_month)


def outages(results: Results) -> Iterator[Figure]:
    """How likely at least so much is out of service."""
    if "capacity_outage" not in results or results["capacity_outage"].is_empty():
        return
    frame = at_full_build(results["capacity_outage"]).filter(pl.col("measure") == "racks")
    for (site,), rows in frame.group_by("site", maintain_order=True):
        shown = _steps(rows)
        if shown.is_empty():
            continue
        yield Figure(_survival(shown), f"Racks out of service at {site}", _out(results, str(site), rows), shown)


def _steps(rows: pl.DataFrame) -> pl.DataFrame:
    """How likely so many racks or more are out: one row for each that differs, the most racks it is true of."""
    return (
        rows.filter((pl.col("racks_lost") > 0) & (pl.col("at_least_lost_fraction") > _LEAST))
        .sort("racks_lost")
        .select("racks_lost", "at_least_lost_fraction", "mean_duration_h")
        .with_columns(step=pl.col("at_least_lost_fraction").round_sig_figs(_FIGURES).rle_id())
        .filter(pl.col("step").is_last_distinct())
        .drop("step")
    )


def _survival(shown: pl.DataFrame) -> alt.Chart:
    """Steps on logarithmic axes; from one rack on, so that a single step is a line too."""
    most, likely = int(largest(shown["racks_lost"])), shown["at_least_lost_fraction"].to_numpy()
    few = most <= _FEW
    line = (
        shown
        if shown["racks_lost"][0] == 1
        else pl.concat([shown.head(1).with_columns(racks_lost=pl.lit(1, dtype=pl.Int64)), shown])
    )
    least = math.floor(math.log10(likely.min()))
    highest = max(math.ceil(math.log10(likely.max())), least + 1)
    apart = -(-(highest - least) // _DECADES)
    powers = [10.0**each for each in range(highest, least - 1, -apart)]
    chart: alt.Chart = (
        alt.Chart(line)
        .mark_line(interpolate="step-before", strokeWidth=2.5, color="#3b82c4", point=most == 1)
        .encode(
            x=alt.X(
                **axis("racks_lost", "racks out of service, at least"),
                scale=alt.Scale(type="linear" if few else "log", domain=[1, max(most, 2)], nice=False),
                axis=alt.Axis(values=list(range(1, most + 1)) if few else steps(1, most), format=",.0f"),
            ),
            y=alt.Y(
                **axis("at_least_lost_fraction", "probability"),
                scale=alt.Scale(type="log", domain=[10.0**least, 10.0**highest]),
                axis=alt.Axis(format=".0e", values=powers),
            ),
        )
    )
    return chart


def _out(results: Results, site: str, rows: pl.DataFrame) -> str:
    """How long some rack is out, how many on average, and how much of that is for want of supply."""
    frame = rows.sort("racks_lost")
    some = total(frame.filter(pl.col("racks_lost") > 0)["probability_fraction"]) * HOURS_PER_YEAR
    mean = total(frame["racks_lost"] * frame["probability_fraction"])
    says = f"Some rack is out of service {hours(some)} hours a year; on average {hours(mean)} racks are out."
    if "availability" not in results:
        return says
    fed = at_full_build(results["availability"]).filter((pl.col("event") == "fed") & (pl.col("scope") == site))
    if fed.height and fed["downtime_h_per_year"][0] < some * _OWN:
        unfed = hours(fed["downtime_h_per_year"][0])
        says += f" Most of them failed themselves: for want of power or cooling some rack is out {unfed} hours a year."
    return says


def left_out(results: Results) -> str:
    """What all availabilities of the page leave out; empty where everything has failure data."""
    said = nines.caveat(results) if "availability" in results else ""
    return f'<p class="says">{escape(said[0].upper() + said[1:])}.</p>' if said else ""


def failures(results: Results) -> str:
    """The failures that cost the most, one element or two at a time, and the sets that lose load together."""
    if "contingency" not in results:
        return ""
    frame = results["contingency"].filter(pl.col("racks_lost") > 0)
    if frame.is_empty():
        return "<p>No failure of one or two elements loses load of a rack.</p>" if results["contingency"].height else ""
    prefix = in_one([*frame["element"], *frame["second_element"].drop_nulls()])
    rows = [
        (
            " and ".join(
                filter(None, (short(row["element"], prefix) + at_once(row), short(row["second_element"], prefix)))
            ),
            _EVENTS.get(row["event"], row["event"]),
            f"{row['count']:,}",
            f"{row['racks_lost']:,}",
            power(row["lost_it_kw"]),
            hours(row["outages_per_year"]),
            "-" if row["mean_outage_h"] is None else hours(row["mean_outage_h"]),
            _lost(row["expected_usd_lost_per_year"]),
        )
        for row in frame.head(_FAILURES).iter_rows(named=True)
    ]
    head = ("what fails", "as", "alike", "racks lost", "IT lost", "each a year", "h each", "$ a year, all of them")
    title = "Failures that lose load, the largest expected loss first"
    more = frame.height - _FAILURES
    rest = f'<p class="says">and {more:,} more, in table contingency</p>' if more > 0 else ""
    return (
        f"<h3>{title}</h3>" + listed(head, rows, title=title, right=frozenset(range(2, 8))) + rest + _cut_sets(results)
    )


def _lost(usd: float | None) -> str:
    """Whole dollars; what is less than one is not nothing."""
    if usd is None:
        return "-"
    return "<$1" if 0 < usd < 1 else f"${usd:,.0f}"


def _cut_sets(results: Results) -> str:
    if "cut_sets" not in results or results["cut_sets"].is_empty():
        return ""
    title = "Smallest sets of elements that lose load together"
    return f"<details><summary>{title}</summary>{grid(results['cut_sets'], title=title)}</details>"


def energy(results: Results) -> Iterator[Figure]:
    """Energy by stage and PUE, month by month."""
    if "energy" not in results or results["energy"].is_empty():
        return
    frame = results["energy"].group_by("month", "stage", maintain_order=True).agg(pl.col("energy_kwh").sum())
    if frame["energy_kwh"].sum() == 0:
        return
    frame = frame.with_columns(pl.col("stage").replace({"it": "IT"}).str.replace_all("_", " "))
    stages = frame["stage"].unique(maintain_order=True).to_list()
    gwh, across, each = by_month_or_year(frame.with_columns(gwh=pl.col("energy_kwh") / 1e6), "gwh", "stage")
    chart = (
        alt.Chart(gwh)
        .mark_bar()
        .encode(
            x=across,
            y=alt.Y(**axis("gwh", "GWh"), stack=True),
            color=colour("stage", stages),
        )
    )
    wide = frame.pivot(on="stage", index="month", values="energy_kwh", aggregate_function="sum").fill_null(0.0)
    entire = sum((pl.col(stage) for stage in stages[1:]), pl.col(stages[0]))
    pue = wide.filter(pl.col("IT") > 0).select("month", pue_ratio=entire / pl.col("IT")) if "IT" in stages else None
    ratios = pue["pue_ratio"].to_numpy() if pue is not None and pue.height else None
    least, most = (float(ratios.min()), float(ratios.max())) if ratios is not None else (0.0, 0.0)
    steady = ratios is not None and most - least < _SAME
    says = f"What the sites draw, by stage{f'; PUE is {most:.3f} in every month' if steady else ''}."
    told = gwh.pivot(on="stage", index=each, values="gwh", aggregate_function="sum").fill_null(0.0)
    told = told.select(each, *((pl.col(stage) * 1e6).alias(f"{stage}_kwh") for stage in stages))
    yield Figure(chart, f"Energy by {each}", says, told)
    if pue is not None and pue.height and not steady:
        line = (
            alt.Chart(pue)
            .mark_line(strokeWidth=2.5, color="#d9822b")
            .encode(x=alt.X(**axis("month", "", "T")), y=alt.Y(**axis("pue_ratio", "PUE"), scale=alt.Scale(zero=False)))
        )
        yield Figure(line, "PUE by month", f"Between {least:.3f} and {most:.3f}.", pue)
