"""Loads and tariffs for the tests."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from twin_energy.tariffs.engine import bill
from twin_energy.tariffs.params import Tariff

LOADS = Path(__file__).with_name("loads")
MONDAY_YEAR = 2029
"""A year of 365 days that begins on a Monday, as SAM's."""


def load(name):
    return pl.read_parquet(LOADS / f"{name}.parquet")["load_kw"].to_numpy()


def steps(first, months, step_h=1.0):
    start = datetime.fromisoformat(first)
    end = start.month - 1 + months
    last = datetime(start.year + end // 12, end % 12 + 1, 1)  # noqa: DTZ001 - standard time, naive
    every = timedelta(hours=step_h)
    return pl.datetime_range(start, last, every, closed="left", time_unit="us", eager=True).alias("time")


def hours(import_kw, first=f"{MONDAY_YEAR}-01-01", months=12, *, step_h=1.0, export_kw=None, site="s", entry="grid"):
    """A frame of hours; `import_kw` is a number, or one a step."""
    time = steps(first, months, step_h)
    frame = pl.DataFrame(
        {
            "time": time,
            "site": site,
            "entry": entry,
            "import_kw": np.broadcast_to(np.asarray(import_kw, float), len(time)),
        }
    )
    if export_kw is None:
        return frame
    return frame.with_columns(pl.Series("export_kw", np.broadcast_to(np.asarray(export_kw, float), len(time))))


def tariff(**terms):
    return Tariff(**{"payer": "tenant"} | terms)


def billed(frame, terms, **more):
    """The bill by `terms`, a `Tariff` or the keywords of one."""
    return bill(frame, {"grid": terms if isinstance(terms, Tariff) else tariff(**terms)}, **more)


def signed():
    return pl.when(pl.col("payer") == "tenant").then(pl.col("amount_usd")).otherwise(-pl.col("amount_usd"))


def by_month(frame, *lines):
    picked = frame.filter(pl.col("line").is_in(lines)) if lines else frame
    return picked.group_by("month").agg(signed().sum().alias("usd")).sort("month")["usd"].to_list()


def total(frame, *lines):
    return float(sum(by_month(frame, *lines)))
