"""What the grid connection of a site lets it use: a limit that is no element of the structure.

Table `connection` of the energy analysis says for each month what IT power fits under the limit of the connection
and firm supply, with the losses and the cooling of its tightest hour.  It binds a site at that power.  A hall may
have all that is left of it for itself, the rest of the site staying at its present load: its kW counts as one of
the site's mix.

Results have a row for each month of change, which holds until the next: it takes the tightest month until then.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from twin import tables
from twin.structure.model import TOLERANCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from twin.api import Calendar

RESOURCE = "interconnection"
"""Name of the resource in `binding_resource`."""


@dataclass(frozen=True, slots=True)
class Tight:
    """The connection of a site in its tightest month of several.

    Attributes:
        factor: usable IT power over the present one.
        source: the tariff and the supplies that are counted on.
        month: that month.
    """

    factor: float
    source: str
    month: date


@dataclass(frozen=True, slots=True)
class Connections:
    """The limits of all sites.

    Attributes:
        frame: table `connection`.
        calendar: the months.
    """

    frame: pl.DataFrame
    calendar: Calendar

    def months(self) -> list[int]:
        """Month indices in which a limit, or what it is made of, is not what it was in the month before."""
        if not self.frame.height:
            return []
        before = [pl.col(name).shift().over("site") for name in ("limit_kw", "source")]
        changed = self.frame.sort("site", "month").filter(
            (pl.col("limit_kw") != before[0]) | (pl.col("source") != before[1])
        )
        return sorted({self.calendar.index(month) for month in changed["month"].to_list()})

    def tightest(self, first: int, end: int) -> dict[str, Tight]:
        """For each limited site with IT load the least there is from month `first` to before month `end`."""
        if not self.frame.height:
            return {}
        from_, to = self.calendar.date(first), self.calendar.date(end)
        return _tightest(self.frame.filter((pl.col("month") >= from_) & (pl.col("month") < to)))

    def at_full_build(self) -> dict[str, Tight]:
        """For each limited site the least there is while its IT load is largest and its limit is the last one."""
        largest = pl.col("it_kw") >= pl.col("it_kw").max().over("site") * (1.0 - TOLERANCE)
        built = self.frame.filter(largest).sort("site", "month")
        last = [pl.col(name) == pl.col(name).last().over("site") for name in ("limit_kw", "source")]
        return _tightest(built.filter(last[0] & last[1]))


def _tightest(rows: pl.DataFrame) -> dict[str, Tight]:
    """The tightest row of each site; months without IT load say nothing."""
    rows = rows.filter(pl.col("it_kw") > 0).with_columns(factor=pl.col("usable_it_kw") / pl.col("it_kw"))
    rows = rows.sort("factor", maintain_order=True).unique("site", keep="first", maintain_order=True)
    return {
        site: Tight(factor, source, month)
        for site, factor, source, month in rows.select("site", "factor", "source", "month").iter_rows()
    }


def spans(months: Sequence[int], calendar: Calendar) -> list[tuple[int, int]]:
    """Each month of change with the month before which what it says ends."""
    ends = [*months[1:], max(calendar.months, *(month + 1 for month in months))] if months else []
    return list(zip(months, ends, strict=True))


def factor_of(site_kw: float, scope_kw: float, tight: Tight) -> float:
    """How far a scope of a site can grow alone until the connection is full, over its present IT load."""
    return max(1.0 + (tight.factor - 1.0) * site_kw / scope_kw, 0.0)


def table(
    connections: Connections, site_capacity: pl.DataFrame, equipment_kw: dict[tuple[int, str], float]
) -> pl.DataFrame:
    """Table `interconnection`: every month of the calendar in which a site has a limit.

    Args:
        connections: of all sites.
        site_capacity: table `site_capacity`; its months hold until the next.
        equipment_kw: (month index, site) -> usable IT power without the connection; missing where nothing limits it.
    """
    declared = tables.table("interconnection")
    if not connections.frame.height:
        return declared.empty()
    return declared.frame(_columns(connections, sorted(set(site_capacity["month"].to_list())), equipment_kw))


def _columns(
    connections: Connections, changes: Iterable[date], equipment_kw: dict[tuple[int, str], float]
) -> dict[str, list[object]]:
    declared = tables.table("interconnection")
    columns: dict[str, list[object]] = {name: [] for name in declared.names}
    starts = sorted(changes)
    for row in connections.frame.iter_rows(named=True):
        since = max(start for start in starts if start <= row["month"])
        equipment = equipment_kw.get((connections.calendar.index(since), row["site"]))
        by_connection = row["usable_it_kw"]
        usable = 0.0 if by_connection is None else by_connection if equipment is None else min(by_connection, equipment)
        binds = by_connection is not None and (equipment is None or by_connection < equipment * (1.0 - TOLERANCE))
        asked = row["it_kw"] if equipment is None else equipment
        made = {
            **{name: row[name] for name in declared.names if name in row},
            "connection_usable_kw": by_connection,
            "equipment_usable_kw": equipment,
            "usable_kw": usable,
            "binds": binds,
            "stranded_it_kw": max(asked - by_connection, 0.0) if binds and by_connection is not None else 0.0,
        }
        for name, values in columns.items():
            values.append(made[name])
    return columns
