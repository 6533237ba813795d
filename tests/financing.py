"""Builds what financing models are given, by hand, and reads what they return."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin import tables
from twin.api import Calendar, Entry, FinancingInputs
from twin_financing import twin_financing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START = date(2027, 1, 1)
MODELS = {model.name: model for model in twin_financing()}


def entry(model: str, name: str | None = None, /, **params: object) -> Entry:
    """An entry of `deals:` as the reader makes it: parameters validated by the model."""
    return Entry(name or model, MODELS[model].params.model_validate(params))


def inputs(
    *entries: Entry,
    months: int = 240,
    phases: Sequence[tuple[str, int, float]] = (("dc", 0, 1000.0),),
    racks: Sequence[tuple[str, int, int, float | None]] = (),
    cashflow: pl.DataFrame | None = None,
    others: Sequence[Entry] = (),
    start: date = START,
    debt: pl.DataFrame | None = None,
    depreciation: pl.DataFrame | None = None,
) -> FinancingInputs:
    """Inputs of one call.

    `phases`: site, month index, IT kW.  `racks`: site, month index, racks of 100 kW and 72
    accelerators, price of one.
    """
    calendar = Calendar(start, months)
    whole = {site: sum(kw for other, _, kw in phases if other == site) for site, _, _ in phases}
    frame = pl.DataFrame(
        [(s, calendar.date(m), 0, 0, kw, kw / whole[s] if whole[s] else 0.0) for s, m, kw in phases],
        schema={
            "site": pl.String,
            "month": pl.Date,
            "racks": pl.Int64,
            "accelerators": pl.Int64,
            "it_kw": pl.Float64,
            "share_fraction": pl.Float64,
        },
        orient="row",
    )
    parts = pl.DataFrame(
        [(s, f"{s}/rack", "part", calendar.date(m), n, 72 * n, 100.0 * n, price, None) for s, m, n, price in racks],
        schema={
            "site": pl.String,
            "group": pl.String,
            "part": pl.String,
            "month": pl.Date,
            "racks": pl.Int64,
            "accelerators": pl.Int64,
            "it_kw": pl.Float64,
            "price_usd": pl.Float64,
            "retired": pl.Date,
        },
        orient="row",
    )
    return FinancingInputs(
        entries=entries,
        calendar=calendar,
        discount_per_year=0.08,
        parties=pl.DataFrame(schema={"party": pl.String, "role": pl.String, "rating": pl.String}),
        phases=frame,
        parts=parts,
        schedule=_schedule(calendar, phases),
        cashflow=tables.table("cashflow").empty() if cashflow is None else cashflow,
        debt=tables.table("debt").empty() if debt is None else debt,
        others={other.name: other for other in others},
        depreciation=tables.table("depreciation").empty() if depreciation is None else depreciation,
    )


def _schedule(calendar: Calendar, phases: Sequence[tuple[str, int, float]]) -> pl.DataFrame:
    """Table `schedule` of phases that stay in service; only IT power is in it."""
    rows = [
        (calendar.date(month), site, sum(kw for other, start, kw in phases if other == site and start <= month))
        for month in range(calendar.months)
        for site in dict.fromkeys(site for site, _, _ in phases)
    ]
    empty = tables.table("schedule").empty()
    given = pl.DataFrame(rows, schema=["month", "site", "it_kw"], orient="row", schema_overrides={"it_kw": pl.Float64})
    zeros = [pl.lit(0, dtype).alias(name) for name, dtype in empty.schema.items() if name not in given.columns]
    return given.with_columns(zeros).select(empty.columns)


def ledger(amounts: Sequence[float], deal: str = "cash", payer: str = "tenant", payee: str = "spv") -> pl.DataFrame:
    """A cash flow of one deal, month by month from the start of the calendar."""
    calendar = Calendar(START, len(amounts))
    return pl.DataFrame(
        {
            "month": calendar.dates(),
            "payer": [payer] * len(amounts),
            "payee": [payee] * len(amounts),
            "deal": [deal] * len(amounts),
            "category": ["base_rent"] * len(amounts),
            "amount_usd": [float(amount) for amount in amounts],
        },
        schema=tables.table("cashflow").schema(),
    )


def run(given: FinancingInputs, model: str) -> Mapping[str, pl.DataFrame]:
    """Call a model as the core does, and hold its frames against their tables."""
    returned = MODELS[model].run(given)
    return {name: tables.check(name, frame, model) for name, frame in returned.items()}


def monthly(frame: pl.DataFrame, months: int, column: str = "amount_usd", **where: str) -> np.ndarray:
    """A column by month of the calendar, of the rows with these values."""
    for name, value in where.items():
        frame = frame.filter(pl.col(name) == value)
    out = np.zeros(months)
    calendar = Calendar(START, months)
    for month, value in zip(frame["month"], frame[column], strict=True):
        out[calendar.index(month)] += value
    return out
