"""The year that the screen of `twin energy` is on: its rows, its length of a step, and its months side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.report import bills
from twin.report.layout import across
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from twin.results.results import Results

_WIDE = 90
_PUE_DECIMALS = 3
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ENERGY = ((1e6, "GWh"), (1e3, "MWh"), (1.0, "kWh"))
_FIGURES = (
    ("PUE", "pue", ((1.0, ""),)),
    ("site", "load_kw", _ENERGY),
    ("from grid", "bought_kwh", _ENERGY),
    ("peak import", "peak_kw", ((1e3, "MW"), (1.0, "kW"))),
    ("bill", "net_usd", ((1e6, "$M"), (1e3, "$k"), (1.0, "$"))),
    ("price", "rate", ((0.001, "$/MWh"),)),
    ("carbon-free", "free", ((0.01, "%"),)),
    ("outside", "dry_bulb_c", ((1.0, "°C"),)),
)
"""A row of the months: what it is called, its column, and the units it may be told in."""


def the_year(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of the last twelve months."""
    return frame.filter(pl.col("month") > pl.col("month").max().dt.offset_by(f"-{MONTHS_PER_YEAR}mo"))


def last(results: Results, name: str) -> pl.DataFrame | None:
    """A table's rows in the last twelve months of the calendar; None where there are none."""
    if name not in results or not results[name].height:
        return None
    calendar = the_year(results["energy"])["month"].unique()
    found = results[name].filter(pl.col("month").is_in(calendar.implode()))
    return found if found.height else None


def length_h(results: Results) -> float:
    """Hours of a step."""
    time = results["site_hours"]["time"].head(2)
    return float((time[1] - time[0]).total_seconds()) / 3600.0


def months(results: Results, width: int) -> list[Text]:
    """PUE, energy, peak and bill of each month of the year."""
    hourly = last(results, "site_hours")
    if hourly is None:
        return []
    step_h = length_h(results)
    by = hourly.group_by("month", maintain_order=True).agg(
        pl.col("it_kw", "load_kw", "import_kw").sum() * step_h, pl.col("dry_bulb_c").mean()
    )
    # what all sites import in one step
    peak = hourly.group_by("month", "time").agg(pl.col("import_kw").sum()).group_by("month")
    by = by.join(peak.agg(pl.col("import_kw").max().alias("peak_kw")), on="month", maintain_order="left")
    by = _joined(by, results, "energy_cost", bills.net().sum())
    by = _joined(by, results, "carbon_free", *(pl.col(name).sum() for name in ("load_kwh", "matched_kwh", "grid_kwh")))
    by = by.sort("month").with_columns(
        pl.when(pl.col("it_kw") > 0).then(pl.col("load_kw") / pl.col("it_kw")).alias("pue"),
        pl.when((pl.col("import_kw") - pl.col("load_kw")).abs().max() > 1e-9 * pl.col("load_kw").max())
        .then(pl.col("import_kw"))
        .alias("bought_kwh"),
    )
    if "net_usd" in by.columns:
        by = by.with_columns(pl.when(pl.col("load_kw") > 0).then(pl.col("net_usd") / pl.col("load_kw")).alias("rate"))
    if "load_kwh" in by.columns:
        free = pl.when(pl.col("load_kwh") > 0).then((pl.col("matched_kwh") + pl.col("grid_kwh")) / pl.col("load_kwh"))
        by = by.with_columns(free.alias("free"))
    heads = [_MONTHS[when.month - 1] for when in by["month"]]
    rows = [
        (f"{name} {unit}".rstrip(), texts)
        for name, column, scales in _FIGURES
        if column in by.columns and by[column].null_count() < by.height
        for unit, texts in [_scaled(by[column], scales, width)]
    ]
    return across("MONTHS", heads, rows, width)


def _scaled(values: pl.Series, scales: Sequence[tuple[float, str]], width: int) -> tuple[str, list[str]]:
    """The largest unit in which the largest value is 1 or more, and the values in it: three figures of the largest."""
    most = values.abs().max()
    top = float(most) if isinstance(most, int | float) else 0.0
    scale, unit = next((each for each in scales if top >= each[0]), scales[-1])
    decimals = max(2 - len(str(int(top / scale))) + 1, 0)
    if not unit:
        decimals = _PUE_DECIMALS if width >= _WIDE else 2
    return unit, ["-" if value is None else f"{value / scale:.{decimals}f}" for value in values]


def _joined(by: pl.DataFrame, results: Results, name: str, *columns: pl.Expr) -> pl.DataFrame:
    frame = last(results, name)
    if frame is None:
        return by
    return by.join(frame.group_by("month").agg(*columns), on="month", how="left", maintain_order="left")
