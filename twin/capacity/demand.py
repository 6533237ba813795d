"""What is wanted by month against what there is: IT power, accelerators or compute.

What there is at a place is what its racks in service draw, and no more than its usable IT power.  Where
the usable IT power is less, the racks of the present mix are fed in proportion.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin import tables, units
from twin.capacity.census import Census, figure, together
from twin.capacity.verdict import Check
from twin.structure.model import TOLERANCE
from twin.topology import instances
from twin.topology.attributes import SINK_KINDS
from twin.topology.select import select

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from twin.structure.model import Floats
    from twin.topology.model import Demand, Topology

    Capacity = Mapping[tuple[int, str], dict[str, float | None]]

COLUMNS = {
    "it_power": ("wanted_kw", "available_kw"),
    "accelerators": ("wanted_accelerators", "available_accelerators"),
    "compute": ("wanted_tflops", "available_tflops"),
}
"""Columns of table `demand` with what is wanted and what there is, by metric."""

_SCALES = (("ZFLOP/s", 1e9), ("EFLOP/s", 1e6), ("PFLOP/s", 1e3), ("TFLOP/s", 1.0))


@dataclass(frozen=True, slots=True)
class _Place:
    """A site, hall or other roll-up scope: its group, its number in that, its id in `site_capacity`."""

    path: str
    local: int
    scope: str


def frame(topology: Topology, site_capacity: pl.DataFrame) -> pl.DataFrame:
    """Table `demand`.

    Args:
        topology: with its `demands`.
        site_capacity: table `site_capacity` of the same topology.

    Returns:
        A row for each entry of `demand:` and month of the calendar.  What there is, and the shortfall, are
        null in a month in which a peak that is asked for is not known.
    """
    calendar = topology.calendar
    changes = sorted({calendar.index(month) for month in site_capacity["month"].unique().to_list()})
    capacity = _capacity(topology, site_capacity)
    months = range(calendar.months) if changes else range(0)
    rows: list[dict[str, object]] = []
    for demand in topology.demands:
        places = _places(topology, demand)
        there = {month: _available(topology, demand, places, month, capacity) for month in changes}
        starts = [month for month, _ in demand.steps]
        for month in months:
            step = bisect_right(starts, month) - 1
            wanted = demand.steps[step][1] if step >= 0 else 0.0
            available = there[changes[max(bisect_right(changes, month) - 1, 0)]]
            known = not np.isnan(available)
            wants, has = COLUMNS[demand.metric]
            rows.append(
                {
                    "month": calendar.date(month),
                    "demand": demand.name,
                    "scope": demand.scope or topology.name,
                    "metric": demand.metric,
                    wants: wanted,
                    has: available if known else None,
                    "shortfall_fraction": _shortfall(wanted, available) if known or not wanted else None,
                }
            )
    declared = tables.table("demand")
    return declared.frame({name: [row.get(name) for row in rows] for name in declared.names})


def checks(topology: Topology, demands: pl.DataFrame) -> list[Check]:
    """A row for each demand: whether it is met in every month, else by how much and until when it is not.

    Args:
        topology: with its `demands`.
        demands: table `demand`.
    """
    rows = []
    for demand in topology.demands:
        wants, has = COLUMNS[demand.metric]
        mine = demands.filter(demand=demand.name)
        months = [
            (when, w, h, s) for when, w, h, s in mine.select("month", wants, has, "shortfall_fraction").rows() if w
        ]
        if months:
            rows.append(_check(topology, demand, [(f"{when:%Y-%m}", w, h, s) for when, w, h, s in months]))
    return rows


Row = tuple[str, float, float | None, float | None]
"""Month, what is wanted, what there is and the share that is missing; None where it is not known."""


def _check(topology: Topology, demand: Demand, months: list[Row]) -> Check:
    scope = demand.scope or topology.name
    check = f"demand {demand.name}"
    dark = [when for when, _, _, short in months if short is None]
    if dark:
        wanted = f"{_show(demand, months[0][1])} from {months[0][0]}"
        return Check(
            check, scope, ok=False, got="not known", wanted=wanted, message=_unknown(topology, demand, dark[0])
        )
    short = [row for row in months if (row[3] or 0.0) > TOLERANCE]
    if not short:
        # the month with the least to spare
        when, wants, has, _ = min(months, key=lambda row: (row[2] or 0.0) / row[1])
        text = f"what is wanted is there in every month; the least to spare is in {when}"
        got = _show(demand, has or 0.0)
        return Check(check, scope, ok=True, got=got, wanted=f"at least {_show(demand, wants)}", message=text)
    first = short[0][0]
    when, wants, has, share = max(short, key=lambda row: row[1] - (row[2] or 0.0))
    text = f"short from {first}; worst in {when}, by {_show(demand, wants - (has or 0.0))} "
    text += f"({units.show(share or 0.0, 'fraction', 3)}); {_until(demand, months, short[-1])}"
    got = f"{_show(demand, has or 0.0)} in {when}"
    return Check(check, scope, ok=False, got=got, wanted=f"at least {_show(demand, wants)}", message=text)


def _until(demand: Demand, months: list[Row], last: Row) -> str:
    """From when on it is met, or the most that there is."""
    after = next((when for when, *_ in months if when > last[0]), None)
    if after is not None:
        return f"met from {after} on: bring capacity forward or want it later"
    most = max(row[2] or 0.0 for row in months)
    since = next(when for when, _, has, _ in months if (has or 0.0) >= most * (1.0 - TOLERANCE))
    # what is there in the end may do for an earlier step and not for the last
    last_wanted = months[-1][1]
    enough = most >= last_wanted * (1.0 - TOLERANCE)
    why = "not met in the end" if enough else "no phase meets it"
    return f"{why}: the most there is is {_show(demand, most)} from {since}; add a phase or capacity, or want less"


def _unknown(topology: Topology, demand: Demand, month: str) -> str:
    lacking = [
        f"'{path}'"
        for path, group in topology.groups.items()
        if not group.container
        and np.nanmax(figure(topology, path, "accelerators", 0.0)) > 0
        and np.isnan(figure(topology, path, demand.precision)).any()
    ]
    who = " and ".join(lacking)
    return (
        f"what there is in {month} is not known: nobody gives the peak {demand.precision.upper()} of an accelerator "
        f"of {who}; state '{demand.precision}:' there or ask for another precision"
    )


def _show(demand: Demand, value: float) -> str:
    if demand.metric == "it_power":
        return units.show(value, "power")
    if demand.metric == "accelerators":
        return f"{value:,.0f} accelerators"
    unit, size = next((scale for scale in _SCALES if value >= scale[1]), _SCALES[-1])
    return f"{value / size:.4g} {unit} {demand.precision}"


def _shortfall(wanted: float, available: float) -> float:
    return max(0.0, 1.0 - available / wanted) if wanted > 0 else 0.0


def _capacity(topology: Topology, site_capacity: pl.DataFrame) -> Capacity:
    columns = ("demand_kw", "usable_kw", "accelerators", "usable_accelerators")
    rows = site_capacity.select("month", "scope", *columns).rows()
    return {
        (topology.calendar.index(month), scope): dict(zip(columns, figures, strict=True))
        for month, scope, *figures in rows
    }


def _places(topology: Topology, demand: Demand) -> list[_Place]:
    chosen = select(topology, demand.scope) if demand.scope else {}
    if not demand.scope:
        chosen = {path: np.arange(group.total) for path, group in topology.groups.items() if group.parent is None}
    return [
        _Place(path, local, scope)
        for path, locals_ in chosen.items()
        for local, scope in zip(locals_.tolist(), instances.ids(topology, path, locals_), strict=True)
    ]


def _available(topology: Topology, demand: Demand, places: list[_Place], month: int, capacity: Capacity) -> float:
    """What there is at some places in one month, in the unit of the metric; NaN where it is not known."""
    census = Census(topology, month)
    if demand.metric == "it_power":
        figures = census.inside(lambda path: _draw(topology, path))
    elif demand.metric == "compute":
        figures = census.inside(lambda path: _peak(topology, path, demand.precision))
    else:
        figures = census.inside(lambda path: _loads(topology, path, "accelerators"))
    total = 0.0
    for place in places:
        on = census.on(place.path)
        if not on[place.local % len(on)]:
            continue
        here = figures[place.path]
        scope = capacity[month, place.scope]
        total += float(here[place.local % len(here)]) * _fed(demand, scope)
    return float(np.floor(total * (1.0 + TOLERANCE))) if demand.metric == "accelerators" else total


def _fed(demand: Demand, scope: Mapping[str, float | None]) -> float:
    """Share of what stands in a roll-up scope that its usable IT power feeds; of accelerators, those of whole racks."""
    asked, usable = scope["demand_kw"] or 0.0, scope["usable_kw"]
    share = 1.0 if usable is None or not asked else min(1.0, usable / asked)
    accelerators, fed = scope["accelerators"] or 0.0, scope["usable_accelerators"]
    if demand.metric == "it_power" or not accelerators or share == 1.0 or fed is None:
        return share
    return fed / accelerators


def _loads(topology: Topology, path: str, name: str) -> Floats | None:
    return figure(topology, path, name, 0.0) if topology.groups[path].kind in SINK_KINDS else None


def _draw(topology: Topology, path: str) -> Floats | None:
    load = _loads(topology, path, "load")
    if load is None:
        return None
    each, provisioned = together(load, figure(topology, path, "provisioned", 1.0))
    return np.asarray(each * provisioned)


def _peak(topology: Topology, path: str, precision: str) -> Floats | None:
    """Peak TFLOP/s of one load; NaN where it has accelerators of which nobody gives it."""
    accelerators = _loads(topology, path, "accelerators")
    if accelerators is None:
        return None
    each, peak = together(accelerators, figure(topology, path, precision))
    return np.where(each > 0, each * peak, 0.0)
