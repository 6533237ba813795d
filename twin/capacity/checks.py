"""Rows of `checks` from capacity: what is overloaded, what does not fit, what is promised and not kept.

One row a thing checked, over all months: the month in which it is worst decides, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from twin import units
from twin.capacity import assertions, cooling, fitting, supply, unknown
from twin.capacity.connection import RESOURCE
from twin.capacity.demand import checks as demand_checks
from twin.capacity.selection import Selection
from twin.capacity.states import node_id, promised_losses
from twin.capacity.verdict import Check as Check
from twin.capacity.verdict import frame as frame
from twin.capacity.verdict import when
from twin.structure.model import TOLERANCE
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from twin.capacity.engine import MonthResult
    from twin.structure.model import Floats, Ints, Snapshot, Structure
    from twin.structure.twins import Twins

    Months = Sequence[tuple[Snapshot, MonthResult]]


def checks(
    structure: Structure,
    sets: Twins,
    months: Months,
    *,
    site_capacity: pl.DataFrame,
    demand: pl.DataFrame,
    fit: pl.DataFrame,
) -> list[Check]:
    """All rows.

    Args:
        structure: the compiled system, of all instances or of representatives.
        sets: its exact twins.
        months: each month of change with its results.
        site_capacity: table `site_capacity`.
        demand: table `demand`.
        fit: table `fit`.
    """
    snapshots = [month for month, _ in months]
    return [
        *_ratings(structure, sets, months),
        *_oversubscription(structure, months),
        *_usable(structure, snapshots, site_capacity),
        *supply.supply(structure, snapshots),
        *supply.feeds(structure),
        *supply.redundancy(structure, snapshots),
        *unknown.checks(structure.topology),
        *cooling.checks(structure.topology),
        *fitting.checks(structure.topology, fit),
        *demand_checks(structure.topology, demand),
        *assertions.checks(structure, months),
    ]


def _ratings(structure: Structure, sets: Twins, months: Months) -> list[Check]:
    """A row for each group of which some are over their rating with all in service; else one that says so."""
    derated = structure.elements.derated_kw
    rated = np.isfinite(derated)
    if not rated.any() or not months:
        return []
    limit = np.where(rated, derated * structure.elements.oversubscription, np.inf)
    load = np.stack([result.load_kw for _, result in months])
    capped = np.stack([result.capped_kw for _, result in months])
    # what is provisioned may be over the rating by so much, what power management holds it to may not
    used_share = np.maximum(load / limit, capped / np.where(rated, derated, np.inf))
    most = used_share.max(axis=0)
    over = np.flatnonzero(most > 1.0 + TOLERANCE)
    if not len(over):
        # the first of those that are equally full: sums are not exact
        tightest = node_id(structure, int(sets.first[sets.of[np.argmax(most >= most.max() * (1.0 - TOLERANCE))]]))
        got = f"{units.show(float(most.max()), 'fraction')} of {tightest}"
        text = "with everything in service no supplier is over its derated capacity"
        return [Check("rating", structure.topology.name, ok=True, got=got, wanted="at most 100 %", message=text)]
    group = structure.elements.group[over]
    rows = []
    for number in np.unique(group).tolist():
        mine = over[group == number]
        worst = int(mine[np.argmax(most[mine] >= most[mine].max() * (1.0 - TOLERANCE))])
        at = int(np.argmax(used_share[:, worst]))
        excess = np.maximum(load[:, mine] - limit[mine], capped[:, mine] - derated[mine]).clip(min=0.0)
        rows.append(_overload(structure, mine, worst, months[at], excess))
    return rows


def _overload(
    structure: Structure, over: Ints, worst: int, month: tuple[Snapshot, MonthResult], excess: Floats
) -> Check:
    """The row of one group.

    Args:
        structure: the compiled system.
        over: its elements that are over their rating in some month.
        worst: the one of them that is furthest over, in `month`.
        month: that month.
        excess: (months, over), what they carry in each beyond what they may, in kW.
    """
    elements = structure.elements
    group = structure.topology.groups[structure.groups[elements.group[worst]]]
    derated = float(elements.derated_kw[worst])
    # What is over in one hall is not mended by what is added in another.
    holder = elements.local[over] // group.count
    lacking = np.stack([np.bincount(holder, weights=each) for each in excess])
    stands_for = np.zeros(lacking.shape[1], dtype=np.int64)
    stands_for[holder] = elements.count[over]
    # What is bought must do in every month, and each hall may have its own worst.
    more = int((np.ceil(lacking.max(axis=0) / derated * (1.0 - TOLERANCE)) * stands_for).sum())
    shed = float((lacking * stands_for).sum(axis=1).max())
    node = node_id(structure, worst)
    others = int(elements.count[over].sum()) - 1
    alike = f" and {others:,} more of its group are" if others else " is"
    snapshot, result = month
    ratio = float(elements.oversubscription[worst])
    held = float(result.load_kw[worst]) <= derated * ratio * (1.0 + TOLERANCE)
    load, most = (float(result.capped_kw[worst]), derated) if held else (float(result.load_kw[worst]), derated * ratio)
    text = (
        f"'{node}'{alike} over the derated capacity{' even with its loads capped,' if held else ''} with everything "
        f"in service in {when(structure.topology, snapshot.month)}: "
        f"add {more:,} {group.name} or lower the load by {units.show(shed, 'power')}"
    )
    got, wanted = units.show(load, "power"), f"at most {units.show(most, 'power')}"
    return Check("rating", node, ok=False, got=got, wanted=wanted, message=text)


def _oversubscription(structure: Structure, months: Months) -> list[Check]:
    """A row for each group that is oversubscribed: whether a cap on its loads makes that possible."""
    elements = structure.elements
    over = np.flatnonzero((elements.oversubscription > 1.0) & np.isfinite(elements.derated_kw))
    rows = []
    for number in np.unique(elements.group[over]).tolist():
        mine = over[elements.group[over] == number]
        load = np.stack([result.load_kw[mine] for _, result in months])
        if not load.any():
            continue
        capped = np.stack([result.capped_kw[mine] for _, result in months])
        path = structure.groups[number]
        ratio = f"{float(elements.oversubscription[mine].max()):g}"
        wanted = f"loads that can be capped, for {ratio} times the derated capacity"
        if (capped >= load * (1.0 - TOLERANCE)).all():
            text = (
                f"'oversubscription' of '{path}' has no effect: nothing that it feeds has a 'power_cap', so its limit "
                "stays the derated capacity; state 'power_cap' of the racks or leave it out"
            )
            rows.append(
                Check("oversubscription", path, ok=False, got="no power_cap below", wanted=wanted, message=text)
            )
            continue
        most = units.show(float((capped / elements.derated_kw[mine]).max()), "fraction")
        text = f"loads below '{path}' can be capped; then it carries {most} of its derated capacity at most"
        ok = bool((capped <= elements.derated_kw[mine] * (1.0 + TOLERANCE)).all())
        text += "" if ok else ": lower the load or the cap"
        rows.append(Check("oversubscription", path, ok=ok, got=f"{most} when capped", wanted=wanted, message=text))
    return rows


def _usable(structure: Structure, months: list[Snapshot], site_capacity: pl.DataFrame) -> list[Check]:
    """One row a site: whether the IT load is carried in every state that the declared redundancy must survive."""
    topology = structure.topology
    gaps = _gaps(structure, months)
    rows = []
    for path, group in topology.groups.items():
        if group.parent is not None:
            continue
        for local, site in enumerate(instances.ids(topology, path, range(group.total))):
            if (path, local) in gaps:
                rows.append(_unclaimed(site, gaps[path, local]))
                continue
            found = site_capacity.filter(scope=site).drop_nulls(["usable_kw", "binding_node"]).rows(named=True)
            limited = [row for row in found if row["demand_kw"]]
            if limited:
                rows.append(_usable_row(site, min(limited, key=lambda row: row["usable_kw"] / row["demand_kw"])))
    return rows


def _usable_row(site: str, row: dict[str, Any]) -> Check:
    asked, usable = row["demand_kw"], row["usable_kw"]
    ok = usable >= asked * (1.0 - TOLERANCE)
    text = f"'{row['binding_node']}' is the first to be full ({row['binding_state']}), in {row['month']:%Y-%m}"
    if row["binding_resource"] == RESOURCE:
        text = f"the grid connection ('{row['binding_node']}') is the first to be full ({row['binding_state']}), "
        text += f"from {row['month']:%Y-%m} on"
    if not ok:
        mend = "raise its 'limit', energise later" if row["binding_resource"] == RESOURCE else "enlarge or add to it"
        text += f": {mend}, or lower the IT load by {units.show(asked - usable, 'power')}"
    got, wanted = units.show(usable, "power"), f"at least {units.show(asked, 'power')}"
    return Check("usable capacity", site, ok=ok, got=got, wanted=wanted, message=text)


def _unclaimed(site: str, gap: _Gap) -> Check:
    """The row of a site in which something is in service and fewer of its suppliers than it needs or was promised."""
    short = "than it needs" if gap.promised < 0 else f"than it takes to lose {gap.promised}, as 'redundancy:' promises"
    text = (
        f"nothing is claimed for {gap.month}: '{gap.consumer}' is in service and fewer of its suppliers {short}; "
        f"{gap.way_in}"
    )
    wanted = "suppliers in service before what they feed" if gap.promised < 0 else f"at least {gap.promised + 1}"
    got = f"not claimed in {gap.month}" if gap.promised < 0 else f"{gap.there} in service in {gap.month}"
    return Check("usable capacity", site, ok=False, got=got, wanted=wanted, message=text)


@dataclass(frozen=True, slots=True)
class _Gap:
    """The first month in which a consumer has too few suppliers; `promised` losses, or -1 where a need is not met."""

    month: str
    consumer: str
    there: int
    promised: int
    way_in: str


def _gaps(structure: Structure, months: list[Snapshot]) -> dict[tuple[str, int], _Gap]:
    """By path and number of a site, the first month in which too few suppliers are in service in it."""
    topology = structure.topology
    found: dict[tuple[str, int], _Gap] = {}
    for month in months:
        losses = promised_losses(structure, month.element_on[structure.gates.members.values])
        unmet, there = supply.unmet(month), supply.in_service(month)
        for gate in np.flatnonzero(unmet | supply.unkept(month)).tolist():
            consumer, _ = structure.dependencies[structure.gates.dependency[gate]]
            site = topology.ancestors(consumer)[0]
            member = int(structure.gates.members.row(gate)[0])
            supplier = structure.groups[structure.elements.group[member]]
            local = int(structure.elements.local[member]) // topology.per(supplier, site.path)
            way = (
                supply.way_in(month, gate)
                if there[gate] < len(structure.gates.members.row(gate))
                else "wire it to more"
            )
            promised = -1 if unmet[gate] else int(losses[gate])
            gap = _Gap(when(topology, month.month), consumer, int(there[gate]), promised, way)
            stands_in = Selection(structure).stand_ins(site.path, np.arange(site.total))
            for meant in np.flatnonzero(stands_in == local).tolist():
                found.setdefault((site.path, meant), gap)
    return found
