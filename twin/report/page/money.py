"""The sections of the report about money: cash by party, debt cover, what an accelerator-hour is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import altair as alt
import polars as pl

from twin.report.layout import money
from twin.report.page.charts import Figure, axis, colour, dollars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.results.results import Results

_PARTIES = 8
_PARTS = 7

LOAN = pl.concat_str("deal", "tranche", separator="/", ignore_nulls=True).alias("deal")
"""A loan as the page names it: the deal, and its tranche where it has several."""


def cash(results: Results) -> Iterator[Figure]:
    """Net cash of each party by year."""
    if "cashflow" not in results or results["cashflow"].is_empty():
        return
    flows = results["cashflow"].with_columns(pl.col("month").dt.year().alias("year"))
    sides = [
        flows.select("year", pl.col(side).alias("party"), (pl.col("amount_usd") * sign).alias("usd"))
        for side, sign in (("payee", 1.0), ("payer", -1.0))
    ]
    net = pl.concat(sides).group_by("year", "party").agg(pl.col("usd").sum()).sort("year", "party")
    by_size = net.group_by("party").agg(pl.col("usd").abs().sum()).sort("usd", descending=True)["party"].to_list()
    shown = sorted(by_size[:_PARTIES])
    rest = pl.when(pl.col("party").is_in(shown)).then("party").otherwise(pl.lit("others"))
    grouped = (
        net.with_columns(rest.alias("party")).group_by("year", "party").agg(pl.col("usd").sum()).sort("year", "party")
    )
    names = shown + (["others"] if len(by_size) > _PARTIES else [])
    size, sign = dollars(grouped["usd"])
    chart = (
        alt.Chart(grouped.with_columns(net=pl.col("usd") / size))
        .mark_bar()
        .encode(
            x=alt.X(**axis("year", "", "O"), axis=alt.Axis(labelAngle=0)),
            y=alt.Y(**axis("net", f"{sign}, net")),
            color=colour("party", names),
        )
    )
    wide = grouped.pivot(on="party", index="year", values="usd", aggregate_function="sum").fill_null(0.0)
    wide = wide.rename({name: f"{name}_usd" for name in wide.columns[1:]})
    yield Figure(chart, "Cash by party", "Net cash by year; all parties together come to zero.", wide)


def cover(results: Results) -> Iterator[Figure]:
    """Debt service cover of each loan."""
    if "debt" not in results:
        return
    frame = results["debt"].drop_nulls("dscr_ratio").select("month", LOAN, "dscr_ratio")
    if frame.is_empty():
        return
    ratios = frame["dscr_ratio"].to_numpy()
    least, most = float(ratios.min()), float(ratios.max())
    says = f"{least:.3f} throughout" if f"{least:.3f}" == f"{most:.3f}" else f"At least {least:.3f}"
    lines = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X(**axis("month", "", "T")),
            y=alt.Y(**axis("dscr_ratio", "DSCR, trailing year"), scale=alt.Scale(zero=False)),
            color=colour("deal", frame["deal"].unique(maintain_order=True).to_list()),
        )
    )
    one = alt.Chart(pl.DataFrame({"y": [1.0]})).mark_rule(strokeDash=[4, 4], color="#c94a44").encode(y="y:Q")
    yield Figure(lines + one, "Debt service cover", f"{says}; below 1 the borrower cannot pay.", frame)


def balance(results: Results) -> Iterator[Figure]:
    """What is owed on each loan."""
    if "debt" not in results or results["debt"].is_empty():
        return
    frame = results["debt"].select("month", LOAN, "closing_usd")
    most = frame.group_by("month").agg(pl.col("closing_usd").sum())["closing_usd"].max()
    size, sign = dollars(frame["closing_usd"])
    chart = (
        alt.Chart(frame.with_columns(owed=pl.col("closing_usd") / size))
        .mark_area(opacity=0.75)
        .encode(
            x=alt.X(**axis("month", "", "T")),
            y=alt.Y(**axis("owed", f"{sign} owed"), stack=True),
            color=colour("deal", frame["deal"].unique(maintain_order=True).to_list()),
        )
    )
    says = f"At most {money(float(most))} is owed." if isinstance(most, int | float) else ""
    yield Figure(chart, "Debt", says, frame)


def unit_cost(results: Results) -> Iterator[Figure]:
    """What a delivered accelerator-hour is made of, as a waterfall that ends in the total."""
    if "unit_cost" not in results:
        return
    for (party,), rows in results["unit_cost"].group_by("party", maintain_order=True):
        yield from _bridge(str(party), rows)


def _bridge(party: str, rows: pl.DataFrame) -> Iterator[Figure]:
    value = "usd_per_delivered_accelerator_h"
    total = rows.filter(pl.col("category") == "total")
    parts = rows.filter((pl.col("category") != "total") & (pl.col(value) != 0)).sort(
        pl.col(value).abs(), descending=True
    )
    if total.is_empty() or parts.is_empty():
        return
    steps = parts.select("category", value)
    if steps.height > _PARTS:
        other = pl.DataFrame({"category": ["other"], value: [steps[value].slice(_PARTS).sum()]})
        steps = pl.concat([steps.head(_PARTS), other])
    end = float(total[value][0])
    steps = steps.with_columns(to=pl.col(value).cum_sum()).with_columns(start=pl.col("to").shift(1, fill_value=0.0))
    whole = pl.DataFrame({"category": ["total"], value: [end], "to": [end], "start": [0.0]})
    steps = pl.concat([steps, whole]).with_columns(
        category=pl.col("category").str.replace_all("_", " "),
        kind=pl.when(pl.col("category") == "total")
        .then(pl.lit("total"))
        .otherwise(pl.when(pl.col(value) > 0).then(pl.lit("adds")).otherwise(pl.lit("saves"))),
    )
    names = [name for name in ("adds", "saves", "total") if name in steps["kind"]]
    chart = (
        alt.Chart(steps)
        .mark_bar()
        .encode(
            x=alt.X(
                **axis("category", "", "N"),
                sort=steps["category"].to_list(),
                axis=alt.Axis(labelAngle=-35, labelOverlap=False),
            ),
            y=alt.Y(**axis("start", "$ an hour")),
            y2="to:Q",
            color=colour("kind", names),
        )
    )
    says = f"${end:.3f} for each accelerator-hour delivered."
    yield Figure(chart, f"What {party} pays for an accelerator-hour", says, steps.select("category", value))
