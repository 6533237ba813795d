"""The section of the report about the hours: a typical week with what supplies it, and the load by duration."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from twin.report.layout import power
from twin.report.page.charts import Figure, axis, colour

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.results.results import Results

_POINTS = 200
_FLAT = 0.01
"""A load that varies by less, over its peak, has no week to draw."""

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_DAY_LABELS = "[" + ",".join(f"'{day}'" for day in _DAYS) + "][floor(datum.value / 24) % 7]"


def week(results: Results) -> Iterator[Figure]:
    """The mean week of the last year: what each supply gives, and the load."""
    frame = _last_year(results)
    if frame is None:
        return
    parts = [_by_hour(frame, "import_kw").with_columns(supply=pl.lit("grid"))]
    if "dispatch" in results and results["dispatch"].height:
        units = results["dispatch"].filter(pl.col("time").is_in(frame["time"].unique().implode()))
        for (unit,), rows in units.group_by("unit", maintain_order=True):
            parts.append(_by_hour(rows, "power_kw").with_columns(supply=pl.lit(str(unit))))
    supplied = pl.concat(parts).filter(pl.col("mw").max().over("supply") > 0)
    load = _by_hour(frame, "load_kw")
    names = supplied["supply"].unique(maintain_order=True).to_list()
    across = alt.X(
        **axis("hour", ""),
        scale=alt.Scale(domain=[0, 168], nice=False),
        axis=alt.Axis(values=list(range(0, 168, 24)), labelExpr=_DAY_LABELS, labelAlign="left"),
    )
    areas = (
        alt.Chart(supplied)
        .mark_area(opacity=0.8)
        .encode(x=across, y=alt.Y(**axis("mw", "MW"), stack=True), color=colour("supply", names))
    )
    line = alt.Chart(load).mark_line(strokeWidth=2, strokeDash=[5, 3], color="currentColor").encode(x=across, y="mw:Q")
    year = int(frame["time"].dt.year().to_numpy().max())
    peak_kw = float(load["mw"].to_numpy().max()) * 1000.0
    says = (
        f"Mean of every hour of the week in {year}: what supplies the load, which is the dashed line; "
        "what is above it charges storage."
        if len(names) > 1
        else f"Mean of every hour of the week in {year}: taken from the grid. The dashed line is the load."
    )
    says += f" It is {power(peak_kw)} in the highest hour."
    data = supplied.pivot(on="supply", index="hour", values="mw").join(load.rename({"mw": "load"}), on="hour")
    renamed = data.rename({name: f"{name} MW" for name in data.columns if name != "hour"})
    yield Figure(areas + line, "A typical week", says, renamed.rename({"hour": "hour of the week"}))


def duration(results: Results) -> Iterator[Figure]:
    """The load and the import of the last year, each by falling size."""
    frame = _last_year(results)
    if frame is None:
        return
    hourly = frame.group_by("time").agg((pl.col("load_kw", "import_kw").sum()) / 1000.0)
    share = [point / (_POINTS - 1) for point in range(_POINTS)]
    curves = pl.DataFrame(
        {
            "share": share,
            **{
                name: [hourly[column].quantile(1.0 - each, "linear") for each in share]
                for name, column in (("load", "load_kw"), ("taken from the grid", "import_kw"))
            },
        }
    )
    lines = curves.unpivot(index="share", variable_name="what", value_name="mw")
    names = ["load", "taken from the grid"]
    if curves["load"].equals(curves["taken from the grid"].alias("load")):
        lines, names = lines.filter(pl.col("what") == "load"), names[:1]
    chart = (
        alt.Chart(lines)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X(**axis("share", "share of the hours of the year"), axis=alt.Axis(format="%")),
            y=alt.Y(**axis("mw", "MW")),
            color=colour("what", names),
        )
    )
    most, mean = float(hourly["load_kw"].to_numpy().max()), float(hourly["load_kw"].to_numpy().mean())
    says = f"At most {power(most * 1000)}, {power(mean * 1000)} on average: a load factor of {mean / most:.0%}."
    shown = curves.rename({"share": "at_least_fraction", "load": "load MW", "taken from the grid": "import MW"})
    yield Figure(chart, "Load by duration", says, shown)


def _last_year(results: Results) -> pl.DataFrame | None:
    """The hours of the last calendar year; None where there are none, or the load hardly varies in them."""
    if "site_hours" not in results or results["site_hours"].is_empty():
        return None
    frame = results["site_hours"].filter(pl.col("time").dt.year() == pl.col("time").dt.year().max())
    load = frame.group_by("time").agg(pl.col("load_kw").sum())["load_kw"].to_numpy()
    return frame if load.max() > 0 and load.max() - load.min() > _FLAT * load.max() else None


def _by_hour(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """The mean over the weeks of what all rows of a step add up to: `hour` from Monday 0:00, `mw`."""
    steps = frame.group_by("time").agg(pl.col(column).sum() / 1000.0)
    hour = (pl.col("time").dt.weekday().cast(pl.Int64) - 1) * 24 + pl.col("time").dt.hour()
    return steps.group_by(hour.alias("hour")).agg(pl.col(column).mean().alias("mw")).sort("hour")
