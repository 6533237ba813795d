"""The section of the report about emissions by method, carbon-free energy and water."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from twin.report.page.charts import Figure, axis, by_month_or_year, colour
from twin.report.page.grids import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.results.results import Results

METHODS = ("location", "market", "embodied", "avoided")
_KG_PER_KT = 1e6
_L_PER_M3 = 1000.0


def emissions(results: Results) -> Iterator[Figure]:
    """What is emitted by each method, by source, over all months."""
    totals = _totals(results)
    if totals is None:
        return
    order = [method for method in METHODS if method in totals["method"]]
    shown = totals.with_columns(kt=pl.col("emission_kg_co2e") / _KG_PER_KT).filter(pl.col("kt") != 0)
    sources = shown["source"].unique(maintain_order=True).to_list()
    chart = (
        alt.Chart(shown)
        .mark_bar()
        .encode(
            x=alt.X(**axis("method", "", "N"), sort=order, axis=alt.Axis(labelAngle=0)),
            y=alt.Y(**axis("kt", "kt CO2e"), stack=True),
            color=colour("source", sources),
        )
    )
    said = [f"{_kt(totals, method)} by {method}" for method in ("location", "market") if method in order]
    beside = [method for method in ("embodied", "avoided") if method in order]
    says = f"Over all months {' and '.join(said)}" + (f"; {' and '.join(beside)} beside them." if beside else ".")
    yield Figure(chart, "Emissions by method", says, totals)


def methods(results: Results) -> str:
    """Every source with its scope and what it emits by each method."""
    totals = _totals(results)
    if totals is None:
        return ""
    order = [method for method in METHODS if method in totals["method"]]
    wide = totals.pivot(
        on="method", index=["source", "scope"], values="emission_kg_co2e", aggregate_function="first"
    ).sort("scope", "source")
    rows = [
        (
            row["source"],
            str(row["scope"]),
            *("-" if row[method] is None else _figure(row[method]) for method in order),
        )
        for row in wide.iter_rows(named=True)
    ]
    head = ("source", "scope", *(f"{method}, kt CO2e" for method in order))
    title = "Emissions by source and method, over all months"
    return f"<h3>{title}</h3>" + listed(head, rows, title=title, right=frozenset(range(1, len(head))))


def carbon_free(results: Results) -> Iterator[Figure]:
    """How much of the load carbon-free energy covers, hour by hour and by volume."""
    if "carbon_free" not in results or results["carbon_free"].is_empty():
        return
    sums = (
        results["carbon_free"]
        .group_by("month", maintain_order=True)
        .agg(pl.col("load_kwh", "matched_kwh", "grid_kwh", "supply_kwh").sum())
        .filter(pl.col("load_kwh") > 0)
    )
    hourly = (pl.col("matched_kwh") + pl.col("grid_kwh")) / pl.col("load_kwh")
    frame = sums.select("month", hourly.alias("hourly"), (pl.col("supply_kwh") / pl.col("load_kwh")).alias("volume"))
    if frame.is_empty():
        return
    named = {"hourly": "with the grid's, hour by hour", "volume": "own supplies, by volume"}
    if frame["volume"].sum() == 0:
        frame, named = frame.drop("volume"), {"hourly": "hour by hour, all from the grid"}
    lines = frame.rename(named).unpivot(index="month", variable_name="what", value_name="share")
    chart = (
        alt.Chart(lines)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X(**axis("month", "", "T")),
            y=alt.Y(**axis("share", "share of the load"), axis=alt.Axis(format="%")),
            color=colour("what", list(named.values())),
        )
    )
    score = float(sums.select((pl.col("matched_kwh") + pl.col("grid_kwh")).sum() / pl.col("load_kwh").sum()).item())
    shown = frame.rename({name: f"{name}_fraction" for name in named})
    yield Figure(chart, "Carbon-free energy", f"{score:.1%} of the load, hour by hour, over all months.", shown)


def water(results: Results) -> Iterator[Figure]:
    """Water used on site, by month."""
    if "water" not in results or results["water"].is_empty():
        return
    used = results["water"].group_by("month", maintain_order=True).agg(pl.col("site_l", "source_l").sum() / _L_PER_M3)
    if used["site_l"].sum() == 0:
        return
    sums, across, each = by_month_or_year(used.with_columns(pl.col("site_l") / 1000.0), "site_l")
    chart = alt.Chart(sums).mark_bar(color="#3f9fb5").encode(x=across, y=alt.Y(**axis("site_l", "1,000 m3 on site")))
    m3 = used["site_l"].to_numpy()
    says = f"{m3.sum():,.0f} m3 over all months, and {m3.max():,.0f} m3 in the month that takes the most."
    yield Figure(chart, f"Water by {each}", says, sums.select(each, (pl.col("site_l") * 1000.0).alias("m3")))


def _totals(results: Results) -> pl.DataFrame | None:
    """`method, source, scope, emission_kg_co2e` over all months; None where nothing is known."""
    if "carbon" not in results or results["carbon"].is_empty():
        return None
    totals = (
        results["carbon"]
        .group_by("method", "source", "scope", maintain_order=True)
        .agg(pl.col("emission_kg_co2e").sum())
    )
    return totals if totals["emission_kg_co2e"].abs().sum() > 0 else None


def _kt(totals: pl.DataFrame, method: str) -> str:
    kg = float(totals.filter(pl.col("method") == method)["emission_kg_co2e"].sum())
    return f"{_figure(kg)} kt CO2e"


def _figure(kg: float) -> str:
    kt = kg / _KG_PER_KT
    return f"{kt:,.0f}" if abs(kt) >= 100 else f"{kt:.3g}"  # noqa: PLR2004 - three digits either way
