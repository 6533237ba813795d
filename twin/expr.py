"""Expressions that questions to the tables are made of; each stays a polars expression, eager or lazy.

```python
import polars as pl
import twin
from twin import expr

r = twin.load("topologies/river-bend.yaml").evaluate()
r.cashflow.group_by(expr.year()).agg(expr.net("hut8")).sort("year")
r.lazy("debt").group_by("deal").agg(expr.worst("dscr_ratio", "month")).collect()
```

Columns are named as in the tables; every name may be given otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from datetime import date

__all__ = ["at_site", "discounted", "downtime_h", "full_build", "mw", "net", "nines", "per_unit", "worst", "year"]

HOURS_PER_YEAR = 8760.0
MONTHS_PER_YEAR = 12


def year(month: str = "month") -> pl.Expr:
    """The calendar year of each row: int32, named `year`."""
    return pl.col(month).dt.year().alias("year")


def mw(kw: str) -> pl.Expr:
    """Kilowatts as megawatts, named with `_mw` in place of `_kw`."""
    return (pl.col(kw) / 1000.0).alias(kw.removesuffix("_kw") + "_mw")


def net(party: str, amount: str = "amount_usd") -> pl.Expr:
    """What a party is paid less what it pays, summed over rows of table `cashflow`; named after the party."""
    sign = (pl.col("payee") == party).cast(pl.Int8) - (pl.col("payer") == party).cast(pl.Int8)
    return (sign * pl.col(amount)).sum().alias(f"{party}_usd")


def discounted(amount: str, rate_per_year: float, start: date, month: str = "month") -> pl.Expr:
    """Present value of each amount: that of `start` is not discounted, as `party_metrics` has it.

    Args:
        amount: column of amounts.
        rate_per_year: annual effective discount rate.
        start: first month of the calendar.
        month: column of months.
    """
    when = pl.col(month).dt
    months = (when.year() - start.year) * MONTHS_PER_YEAR + when.month().cast(pl.Int32) - start.month
    return pl.col(amount) * (1.0 + rate_per_year) ** (-months.cast(pl.Float64) / MONTHS_PER_YEAR)


def downtime_h(availability: str = "availability_fraction") -> pl.Expr:
    """Hours a year that are missing to an availability, named `downtime_h`."""
    return ((1.0 - pl.col(availability)) * HOURS_PER_YEAR).alias("downtime_h")


def nines(availability: str = "availability_fraction") -> pl.Expr:
    """How many nines an availability has: 3 for 99.9 %, infinite for 100 %; named `nines`."""
    return (-(1.0 - pl.col(availability)).log(10.0)).alias("nines")


def per_unit(amount: str, units: str) -> pl.Expr:
    """Sum over sum, as dollars an accelerator-hour: null where there are no units."""
    return (pl.col(amount).sum() / pl.col(units).sum()).replace([float("inf"), float("nan")], None)


def worst(column: str, month: str = "month") -> list[pl.Expr]:
    """The lowest value of a column and the month that has it, as two columns."""
    return [pl.col(column).min(), pl.col(month).get(pl.col(column).arg_min()).alias(f"{month}_of_worst")]


def full_build(month: str = "month") -> pl.Expr:
    """Whether a row is of the last month of its table: everything that ever comes is there."""
    return pl.col(month) == pl.col(month).max()


def at_site(name: str, column: str = "scope") -> pl.Expr:
    """Whether a row is of a site or of anything in it."""
    return (pl.col(column) == name) | pl.col(column).str.starts_with(f"{name}/")
