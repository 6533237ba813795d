"""The months of a run and the sites of a parameter, as expressions over frames."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from twin.parameters import Date


@dataclass(frozen=True, slots=True)
class Calendar:
    """The months of a run: `months` of them from the month of `start`."""

    start: date
    months: int

    def dates(self) -> list[Date]:
        """The first day of every month."""
        return [self.date(index) for index in range(self.months)]

    def date(self, index: int) -> Date:
        """The first day of month `index`, counted from 0; any integer."""
        year, month = divmod(self.start.year * 12 + self.start.month - 1 + index, 12)
        return date(year, month + 1, 1)

    def index(self, when: Date) -> int:
        """The index of the month that holds `when`; negative before the start."""
        return month_index(when, self.start)

    def number(self, column: str = "month") -> pl.Expr:
        """The index of the month of every date in a column, as `index` counts: an int64 expression."""
        import polars as pl  # noqa: PLC0415 - descriptors are read by commands that must not load polars

        when = pl.col(column).dt
        return (when.year().cast(pl.Int64) - self.start.year) * 12 + when.month().cast(pl.Int64) - self.start.month


def month_index(when: date, start: date) -> int:
    """Months from the month of `start` to the month of `when`."""
    return (when.year - start.year) * 12 + when.month - start.month


def at_sites(names: Iterable[str], column: str = "site") -> pl.Expr:
    """Whether a row is of one of the sites that a parameter names: a boolean expression.

    A site written `campus[2]` has the instances `campus[1]` and `campus[2]`; its name without a number
    means all of them.

    Args:
        names: what the parameter holds, as a `tuple[SiteRef, ...]`; none at all means every site.
        column: the column of site ids.
    """
    import polars as pl  # noqa: PLC0415 - as above

    wanted = list(names)
    if not wanted:
        return pl.lit(value=True)
    site = pl.col(column)
    return site.is_in(wanted) | site.str.replace(r"\[\d+\]$", "").is_in(wanted)
