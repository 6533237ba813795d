"""The section of the report that compares offers: own, lease or rent."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl

from twin.report.layout import money, month
from twin.report.page.charts import COLOURS, Figure, axis, colour, dollars, steps
from twin.report.page.grids import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.results.results import Results

_APART = 8
"""Offers whose cost differs by more than this factor are read on a logarithmic axis alone."""

_NOTHING = 5e-4
"""A price that is shown as zero is left out."""

_PRICE = "usd_per_delivered_accelerator_h"


def prices(results: Results) -> Iterator[Figure]:
    """What a delivered accelerator-hour costs under each offer."""
    if not _there(results, "offers"):
        return
    frame = results["offers"].select("offer", "usd_per_accelerator_h", _PRICE).sort(_PRICE)
    chart = (
        alt.Chart(frame)
        .mark_bar(color=COLOURS[0])
        .encode(
            x=alt.X(**axis(_PRICE, "$ an accelerator-hour delivered")),
            y=alt.Y(**axis("offer", "", "N"), sort=frame["offer"].to_list(), axis=alt.Axis(labelOverlap=False)),
        )
    )
    text = chart.mark_text(align="left", dx=4, color="currentColor").encode(text=alt.Text(_PRICE, format="$.3f"))
    first = frame.row(0, named=True)
    says = f"{first['offer']} costs least: ${first[_PRICE]:.3f}."
    yield Figure(chart + text, "An accelerator-hour under each offer", says, frame)


def paid(results: Results) -> Iterator[Figure]:
    """What the user has paid in all by the end of each year."""
    if not _there(results, "offer_cash"):
        return
    frame = (
        results["offer_cash"]
        .sort("offer", "year", maintain_order=True)
        .select("offer", "year", (pl.col("paid_usd") - pl.col("received_usd")).cum_sum().over("offer"))
    )
    names = results["offer_cash"]["offer"].unique(maintain_order=True).to_list()
    size, sign = dollars(frame["paid_usd"])
    ends = frame.group_by("offer").agg(pl.col("paid_usd").last().abs())["paid_usd"].to_numpy()
    log = ends.max() > _APART * ends.min()
    ticks = steps(1, float(frame["paid_usd"].abs().to_numpy().max()) / size) if log else []
    below = [-tick for tick in ticks] if float(frame["paid_usd"].to_numpy().min()) < 0 else []
    upright: dict[str, Any] = (
        {"scale": alt.Scale(type="symlog"), "axis": alt.Axis(values=[*below, 0, *ticks], format=",.0f")} if log else {}
    )
    chart = (
        alt.Chart(frame.with_columns(paid=pl.col("paid_usd") / size))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X(**axis("year", "", "O"), axis=alt.Axis(labelOverlap=True, labelAngle=0)),
            y=alt.Y(**axis("paid", f"{sign} paid so far"), **upright),
            color=colour("offer", names),
        )
    )
    wide = frame.pivot(on="offer", index="year", values="paid_usd").sort("year")
    shown = wide.with_columns(pl.col("year").cast(pl.String)).rename({name: f"{name}_usd" for name in names})
    says = "Net payments of the user to the end of each year" + ("; the axis is logarithmic." if log else ".")
    yield Figure(chart, "Paid so far", says, shown)


def listing(results: Results) -> str:
    """One row an offer."""
    if not _there(results, "offers"):
        return ""
    frame = results["offers"]
    rows = [
        (
            row["offer"],
            f"${row[_PRICE]:,.3f}",
            f"${row['usd_per_accelerator_h']:,.3f}",
            *(money(row[name]) for name in ("npv_usd", "net_cost_usd", "peak_funding_usd")),
            "-" if row["break_even_fraction"] is None else f"{row['break_even_fraction']:.1%}",
            month(row["break_even"]),
        )
        for row in frame.iter_rows(named=True)
    ]
    head = ("offer", "$/h delivered", "$/h nameplate", "NPV", "net paid", "paid ahead, at most", "cheaper from use of")
    against = str(frame["against"][0])
    return (
        "<h3>Offers</h3>"
        + listed((*head, "cheaper since"), rows, title="Offers", right=frozenset(range(1, 7)))
        + f'<p class="says">Cheaper than {escape(against)}: from that use on, and from that month on for good.</p>'
    )


def bridge(results: Results) -> str:
    """Why the offers cost more or less than the one they are measured against: reasons down, offers across."""
    if not _there(results, "offer_bridge"):
        return ""
    said = []
    for (start,), part in results["offer_bridge"].group_by("from_offer", maintain_order=True):
        to = part["to_offer"].unique(maintain_order=True).to_list()
        wide = part.pivot(on="to_offer", index="reason", values="change_usd_per_h", aggregate_function="sum")
        size = pl.max_horizontal(pl.col(to).abs())
        rows = [
            (row["reason"].replace("_", " "), *(_signed(row[name]) for name in to))
            for row in wide.sort(size, descending=True, nulls_last=True).iter_rows(named=True)
        ]
        sums = part.group_by("to_offer").agg(pl.col("change_usd_per_h").sum())
        whole = dict(sums.rows())
        rows.append(("in all", *(_signed(whole[name]) for name in to)))
        title = f"Why they cost more or less than {start}"
        said.append(
            f"<h3>{escape(title)}</h3>"
            + listed(("$ an hour delivered", *to), rows, title=title, right=frozenset(range(1, len(to) + 1)))
        )
    return "".join(said)


def _there(results: Results, name: str) -> bool:
    return name in results and not results[name].is_empty()


def _signed(value: float | None) -> str:
    if value is None or abs(value) < _NOTHING:
        return "-"
    return f"{'-' if value < 0 else '+'}${abs(value):,.3f}"
