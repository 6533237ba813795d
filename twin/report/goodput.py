"""What interruptions do to each workload: how often they come, and what they cost by cause."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from twin.report.layout import Col, block, count, fact, hours, money, note, percent, total

if TYPE_CHECKING:
    from typing import Any

    from rich.text import Text

    from twin.results.results import Results

_CAUSES_SHOWN = 8
_LEAST = 1e-4
_KNOWN = "interruptions_per_day"


def lines(results: Results, width: int) -> list[Text]:
    """For each workload whose interruptions are known: their rate, ETTR and goodput, and the causes that cost most."""
    if "goodput" not in results:
        return []
    said = []
    for row in results["goodput"].filter(pl.col(_KNOWN).is_not_null()).iter_rows(named=True):
        said += _workload(row, width)
        if row["goodput_fraction"] is not None and "goodput_loss" in results:
            lost = results["goodput_loss"].filter(pl.col("workload") == row["workload"])
            said += _losses(lost, row, width)
    return said


def _workload(row: dict[str, Any], width: int) -> list[Text]:
    parts = [count(row["accelerators"], "accelerator")]
    if row["spare_accelerators"]:
        parts[0] += f", {row['spare_accelerators']:,} spare"
    if row["mttf_h"] is None:
        parts.append("nothing interrupts it that the file knows of")
    else:
        parts.append(f"interrupted {hours(row[_KNOWN])} times a day, after {hours(row['mttf_h'])} h on average")
    if row["goodput_fraction"] is None:
        parts.append("what that costs is not counted: the workload states no checkpoint_interval")
        return fact(f"GOODPUT {row['workload']}", " · ".join(parts), width)
    if row["checkpoint_interval_h"] is not None:
        parts.append(f"checkpoint every {hours(row['checkpoint_interval_h'] * 60)} min")
    parts.append(f"ETTR {percent(row['ettr_fraction'])}")
    parts.append(f"capacity {percent(round(row['capacity_fraction'], 10))}")
    parts.append(f"goodput {percent(row['goodput_fraction'])}")
    return fact(f"GOODPUT {row['workload']}", " · ".join(parts), width)


def _share(fraction: float) -> str:
    return "<0.01 %" if fraction < _LEAST else f"{fraction * 100:.2g} %"


def _losses(lost: pl.DataFrame, row: dict[str, Any], width: int) -> list[Text]:
    """The causes that cost most, with their share of the accelerator-hours of the workload and its spares."""
    whole = (row["accelerators"] + (row["spare_accelerators"] or 0)) * 8760.0
    order = lost.sort("lost_accelerator_h_per_year", descending=True)
    shown = order.head(_CAUSES_SHOWN)
    rows = [
        [
            each["cause"],
            "-" if each["events_per_year"] is None else hours(each["events_per_year"]),
            hours(each["lost_accelerator_h_per_year"]),
            _share(each["lost_accelerator_h_per_year"] / whole),
            "-" if each["lost_usd_per_year"] is None else money(each["lost_usd_per_year"]),
        ]
        for each in shown.iter_rows(named=True)
    ]
    columns = [
        Col("cause", right=False),
        Col("each year", keep=7),
        Col("accelerator-h lost"),
        Col("share"),
        Col("worth", keep=6),
    ]
    if not lost["lost_usd_per_year"].count():
        columns, rows = columns[:-1], [each[:-1] for each in rows]
    said = block("LOST a year to", columns, rows, width) if rows else []
    if order.height > shown.height:
        rest = order.slice(shown.height)
        more = hours(total(rest["lost_accelerator_h_per_year"]))
        said += note(f"and {rest.height} more in the table goodput_loss, {more} accelerator-h", width)
    return said
