"""Sections of the capacity screen on what must fit and what is wanted: space, weight and ports, demand by month."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from twin.report import plant
from twin.report.layout import Col, block, count, month, note, power

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.text import Text

    from twin.results.results import Results

PERCENT = 100
_FIT_SHOWN = 4
_DEMANDS_SHOWN = 5
_WRITTEN_OUT = 1000
"""Figures from here on are written out, the others in four digits."""


def rows_of(results: Results, name: str) -> pl.DataFrame | None:
    """A table that is there and has rows."""
    return results[name] if name in results and results[name].height else None


def more(number: int, table: str, width: int) -> list[Text]:
    """A line that says how many rows are left out; none where none is."""
    return note(f"and {number:,} more in the table {table}", width) if number > 0 else []


def in_one(ids: Sequence[str]) -> str:
    """`site/` where everything is in one site, so that lines need not repeat it."""
    roots = {name.split("/", 1)[0] for name in ids}
    return f"{roots.pop()}/" if len(roots) == 1 else ""


def short(node: str | None, prefix: str) -> str:
    """An id without what all have in common; empty for none."""
    return (node or "").removeprefix(prefix)


def fit(results: Results, width: int) -> list[Text]:
    """What is fullest of space, weight, ports and cords, at full build."""
    frame = rows_of(results, "fit")
    if frame is None:
        return []
    frame = plant.at_full_build(frame).sort("utilisation_fraction", descending=True, maintain_order=True)
    prefix = in_one(frame["node"].to_list())
    rows = [
        [
            row["node"].removeprefix(prefix) + (f" (any of {row['count']:,})" if row["count"] > 1 else ""),
            row["tightest"].replace("_", " "),
            *_fullest(row),
            f"{row['utilisation_fraction'] * PERCENT:.0f} %",
        ]
        for row in frame.head(_FIT_SHOWN).iter_rows(named=True)
    ]
    columns = [
        Col("node", right=False),
        Col("by", right=False, keep=8),
        Col("takes", keep=7),
        Col("there is", keep=7),
        Col("used"),
    ]
    return block("FIT", columns, rows, width) + more(frame.height - len(rows), "fit", width)


def demand(results: Results, width: int) -> list[Text]:
    """A line an entry of `demand:`: how many months are short, the first, the worst and by how much."""
    frame = rows_of(results, "demand")
    if frame is None:
        return []
    entries = [of_one for _, of_one in frame.group_by("demand", maintain_order=True)]
    rows = [_demand_row(entry.sort("month")) for entry in entries[:_DEMANDS_SHOWN]]
    columns = [
        Col("entry", right=False),
        Col("wanted in the end", keep=7),
        Col("there is", keep=7),
        Col("months short"),
        Col("first", keep=6),
        Col("worst", keep=8),
        Col("short by"),
    ]
    return block("DEMAND", columns, rows, width) + more(len(entries) - len(rows), "demand", width)


_FIT_COLUMNS = {
    "space": ("space_used_u", "space_u", "U"),
    "rack_positions": ("rack_positions_used", "rack_positions", "racks"),
    "mass": ("mass_kg", "mass_limit_kg", "kg"),
    "ports": ("ports_used", "ports", "ports"),
    "power": ("power_kw", "power_limit_kw", "kW"),
}


def _fullest(row: dict[str, Any]) -> tuple[str, str]:
    """What the tightest resource of a row of `fit` takes, and what there is."""
    used, there, unit = _FIT_COLUMNS[row["tightest"]]
    return _figure(row[used], unit), _figure(row[there], unit)


def _figure(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:,.4g} {unit}" if value < _WRITTEN_OUT else f"{value:,.0f} {unit}"


_METRICS = {"it_power": "kw", "accelerators": "accelerators", "compute": "tflops"}


def _demand_row(frame: pl.DataFrame) -> list[str]:
    """One entry: its months in order."""
    last = frame.row(-1, named=True)
    short = frame.filter(pl.col("shortfall_fraction") > 0)
    name = last["demand"] if "/" not in last["scope"] else f"{last['demand']} at {last['scope']}"
    said = [name, _wanted(last, "wanted"), _wanted(last, "available")]
    unknown = frame["shortfall_fraction"].null_count()
    dark = f"{unknown} unknown" if unknown else ""
    if not short.height:
        return [*said, dark or "none", "-", "-", "-"]
    column = _METRICS[last["metric"]]
    # as the check has it: the month in which most is missing, and not the largest share
    by = short[f"wanted_{column}"] - short[f"available_{column}"]
    worst = short.row(int(by.arg_max() or 0), named=True)
    missing = {**worst, f"missing_{column}": by.max()}
    return [
        *said,
        f"{short.height} of {frame.height}" + (f", {dark}" if dark else ""),
        month(short["month"][0]),
        month(worst["month"]),
        f"{_wanted(missing, 'missing')}, {_share(worst['shortfall_fraction'])} %",
    ]


def _share(fraction: float) -> str:
    """A share in whole per cent; all of it only where nothing at all is there, and none only where none is missing."""
    shown = f"{fraction * PERCENT:.0f}"
    return f"{fraction * PERCENT:.3g}" if shown in {"0", "100"} and 0 < fraction < 1 else shown


def _wanted(row: dict[str, Any], which: str) -> str:
    """A figure of `demand` in its unit."""
    value = row[f"{which}_{_METRICS[row['metric']]}"]
    if value is None:
        return "unknown"
    if row["metric"] == "it_power":
        return power(value)
    return count(int(value), "accelerator") if row["metric"] == "accelerators" else _compute(value)


def _compute(value_tflops: float) -> str:
    """`2,016 EFLOP/s`."""
    for unit, size in (("EFLOP/s", 1e6), ("PFLOP/s", 1e3)):
        if value_tflops >= size:
            return f"{_figure(value_tflops / size, unit)}"
    return _figure(value_tflops, "TFLOP/s")
