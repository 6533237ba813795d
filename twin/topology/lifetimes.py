"""From when to when every instance is in service: dates, ramps and refreshes as months.

A ramp starts, and a refresh counts, from the month in which an instance really comes into service:
the latest of what it and everything around it state, overlays applied.  So this is settled when all
groups are there, parents first and every generation after the one before it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin import units
from twin.api import month_index
from twin.errors import UnitError
from twin.topology import instances, refresh
from twin.topology.instances import ENERGISED, RETIRED
from twin.topology.nodes import Listing, Node, Scalar, describe
from twin.topology.settings import MAX_MONTHS
from twin.topology.values import read_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from twin.api import Calendar
    from twin.topology.draft import Draft, RawGroup
    from twin.topology.model import Group, Topology

    Ints = NDArray[np.int64]


def days(node: Node | None) -> list[date]:
    """The dates under an `energised` or `retired` that are dates."""
    found = []
    for item in node.items if isinstance(node, Listing) else (node,):
        try:
            found.append(read_date(item.value if isinstance(item, Scalar) else None))
        except UnitError:
            continue
    return found


def stated(draft: Draft, raw: RawGroup, key: str, start: date) -> tuple[int, ...]:
    """Month index of each date of `energised` or `retired`, negative before the calendar's start.

    Returns:
        One month, or one for each instance in a parent; none where the group says nothing.
    """
    node = raw.items.get(key)
    if isinstance(node, Listing) and len(node.items) != raw.count:
        draft.findings.add(
            node,
            raw.key_place(key),
            f"{len(node.items)} dates for {raw.count:,} instances",
            got=f"{len(node.items)} dates",
            expected=f"one date for all, or a list of {raw.count:,}",
        )
    return tuple(month_index(day, start) for day in days(node))


def settle(draft: Draft, topology: Topology) -> Topology:
    """The topology with the months of ramps and refreshes; notes what goes out of service before it comes.

    Args:
        draft: the file, overlays applied.
        topology: built from it; what groups and overlays state of dates is in it.
    """
    refresh.refuse_suppliers(draft, topology.groups)
    for path, raw in draft.groups.items():
        if "ramp" in raw.items:
            topology = _ramped(draft, topology, raw)
        if raw.follows:
            topology = _followed(draft, topology, raw)
        _in_order(draft, topology, path)
    return topology


def _ramped(draft: Draft, topology: Topology, raw: RawGroup) -> Topology:
    """Equal monthly lots: instance i of n in a parent at its start plus floor(i x months / n)."""
    group, place = topology.groups[raw.path], raw.key_place("ramp")
    node = raw.items["ramp"]
    months = term(draft, node, place)
    listed = len(group.energised) > 1 or ENERGISED in raw.columns
    if group.count == 1 or listed:
        message = "'ramp' beside a date for each instance" if listed else f"one '{raw.path}' cannot come in lots"
        expected = "keep one of them" if listed else f"write it as '{raw.name}[16]', or leave 'ramp' out"
        draft.findings.add(node, place, message, expected=expected)
        return topology
    overlaid = [one for one in topology.overrides if (one.group, one.attribute) == (raw.path, ENERGISED)]
    plain = replace(topology, overrides=tuple(one for one in topology.overrides if one not in overlaid))
    start, _ = _service(plain, raw.path)
    lot = np.arange(len(start), dtype=np.int64) % group.count * months // group.count
    return _with(topology, raw.path, ENERGISED, start + lot)


def _followed(draft: Draft, topology: Topology, raw: RawGroup) -> Topology:
    """The old generation retires, each instance `after` its own time, and the new one comes after the downtime."""
    start, retired = _service(topology, raw.follows)
    gap = term(draft, raw.when["downtime"], raw.key_place("downtime"), least=0) if "downtime" in raw.when else 0
    if "date" in raw.when:
        end = np.full(len(start), month_index(days(raw.when["date"])[0], topology.calendar.start), dtype=np.int64)
        if bool((end <= start).any()):
            _too_early(draft, raw, topology, int(start.max()))
    elif "after" in raw.when:
        end = start + term(draft, raw.when["after"], raw.key_place("after"))
    else:
        return topology
    topology = _with(topology, raw.follows, RETIRED, np.minimum(end, retired))
    return _with(topology, raw.path, ENERGISED, end + gap)


def _service(topology: Topology, path: str) -> tuple[Ints, Ints]:
    """Months of service of a group's instances: of those in one parent where all parents are alike, else of all."""
    chain = topology.ancestors(path)
    differs = any(
        (level.path != path and max(len(level.energised), len(level.retired)) > 1)
        or (level.rows is not None and {ENERGISED, RETIRED} & set(level.rows.columns))
        for level in chain
    )
    around = {level.path for level in chain}
    overlaid = any(one.group in around and one.attribute in {ENERGISED, RETIRED} for one in topology.overrides)
    group = topology.groups[path]
    size = group.total if differs or overlaid else group.count
    return instances.service_months(topology, path, np.arange(size, dtype=np.int64))


def _too_early(draft: Draft, raw: RawGroup, topology: Topology, last: int) -> None:
    node = raw.when["date"]
    draft.findings.add(
        node,
        raw.key_place("date"),
        f"'{raw.follows}' is refreshed before all of it is in service",
        got=describe(node),
        expected=f"a date after {shown(topology.calendar, last)}, or 'after:' for each instance's own time",
    )


def _in_order(draft: Draft, topology: Topology, path: str) -> None:
    """Note a group that states to be retired before it is in service."""
    group, raw = topology.groups[path], draft.groups[path]
    own = {one.attribute for one in topology.overrides if one.group == path}
    ends = bool(group.retired) or RETIRED in raw.columns or RETIRED in own
    if not ends or not (group.energised or ENERGISED in raw.columns or ENERGISED in own):
        return
    alone = replace(topology, groups={path: replace(group, parent=None)})
    # without a table or an overlay every parent's instances are alike
    size = group.count if group.rows is None and not own else group.total
    start, end = instances.service_months(alone, path, np.arange(size, dtype=np.int64))
    wrong = np.flatnonzero(end <= start)
    if not len(wrong):
        return
    first = int(wrong[0])
    node = raw.items.get(RETIRED) or raw.items.get("rows") or raw.where
    draft.findings.add(
        node,
        raw.key_place(RETIRED),
        f"'{instances.ids(topology, path, [first])[0]}' is retired before it is in service",
        got=f"{shown(topology.calendar, end[first])}, in service from {shown(topology.calendar, start[first])}",
        expected="a later month",
    )


def shown(calendar: Calendar, month: int) -> str:
    """A month index as a person reads it, as `2027-06`; beyond the year 9999 too."""
    return str(instances.first_days(calendar, month).astype("datetime64[M]"))


def term(draft: Draft, node: Node, place: str, least: int = 1) -> int:
    """A whole number of months from `least` on; `least`, with a finding, where it is none."""
    try:
        months = units.parse(node.value if isinstance(node, Scalar) else None, "term")
    except UnitError as error:
        draft.findings.add(node, place, error.message, got=describe(node), expected=error.expected)
        return least
    whole = round(months)
    if abs(months - whole) > 1e-6 * max(1.0, months) or not least <= whole <= MAX_MONTHS:
        expected = f"whole months, from {least} to {MAX_MONTHS:,}, as '6 months' or '5 years'"
        draft.findings.add(node, place, "not a number of months", got=describe(node), expected=expected)
        return least
    return whole


def _with(topology: Topology, path: str, name: str, months: Ints) -> Topology:
    """The topology with a group's own months of coming into or going out of service.

    A tuple where every parent's instances are alike, and a column of `rows` where they are not.
    """
    group = topology.groups[path]
    table = months.reshape(-1, group.count)
    if bool((table == table[0]).all()):
        alike = bool((table[0] == table[0, 0]).all())
        own = tuple(table[0, :1].tolist() if alike else table[0].tolist())
        group = replace(group, energised=own) if name == ENERGISED else replace(group, retired=own)
    else:
        column = pl.Series(name, months)
        group = replace(group, rows=column.to_frame() if group.rows is None else group.rows.with_columns(column))
    groups: Mapping[str, Group] = {**topology.groups, path: group}
    return replace(topology, groups=groups)
