"""Whether it all goes in: rack units, weight, ports and cords of racks, positions and weight of halls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin import tables
from twin.capacity.census import Census, figure, spread, together
from twin.capacity.contents import RACK, Borne, borne, of_rack
from twin.capacity.ports import Cabling
from twin.structure.model import TOLERANCE
from twin.topology import instances
from twin.topology.attributes import ROLLUP_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from twin.capacity.contents import Pair
    from twin.structure.model import Floats
    from twin.topology.model import Group, Topology

COLUMNS = {
    "space": ("space_u", "space_used_u"),
    "rack_positions": ("rack_positions", "rack_positions_used"),
    "mass": ("mass_limit_kg", "mass_kg"),
    "ports": ("ports", "ports_used"),
    "power": ("power_limit_kw", "power_kw"),
}
"""Columns of table `fit` with the limit and the use of each resource."""


def frame(topology: Topology, months: Sequence[int]) -> pl.DataFrame:
    """Table `fit`.

    Args:
        topology: read, resolved and checked.
        months: indices of the months of change.

    Returns:
        A row for each month and set of alike racks, switches and containers in service of which some
        limit is stated and what is used of it is known.
    """
    cabling = Cabling(topology)
    rows = [row for month in months for row in _rows(Census(topology, month), cabling)]
    declared = tables.table("fit")
    return declared.frame({name: [row.get(name) for row in rows] for name in declared.names})


def limits(topology: Topology, month: int) -> list[tuple[str, int, str, float]]:
    """How far the racks of containers can grow in number, in the present mix, before they are full.

    Args:
        topology: read, resolved and checked.
        month: month index.

    Returns:
        (path of the container, local of the instance, `space` or `mass`, factor): for each roll-up scope
        (site, building, hall, …) the container in it, or itself, that is full first, with the factor on the
        racks in it: positions there are over positions taken; of weight, what equipment other than racks
        leaves over the weight of the racks.
    """
    census = Census(topology, month)
    limited = [path for path, group in topology.groups.items() if group.container and _limits(topology, path)]
    if not limited:
        return []
    found = []
    loads = borne(census)
    for path in limited:
        room, mass = figure(topology, path, "rack_positions"), figure(topology, path, "mass_limit")
        bears = loads[path]
        taken = np.where(bears.racks > 0, bears.racks, np.nan)
        weight = np.where(bears.rack_mass_kg > 0, bears.rack_mass_kg, np.nan)
        left, other = together(mass, bears.other_mass_kg)
        found += _tightest(census, path, "space", _ratio(room, taken))
        found += _tightest(census, path, "mass", _ratio(np.maximum(left - other, 0.0), weight))
    return found


def _ratio(limit: Floats, used: Floats) -> Floats:
    over, under = together(limit, used)
    ratio: Floats = over / under
    return ratio


def _tightest(census: Census, path: str, resource: str, factor: Floats) -> list[tuple[str, int, str, float]]:
    """The tightest instance of a container in each instance of its innermost roll-up scope."""
    topology = census.topology
    if np.isnan(factor).all():
        return []
    total = topology.groups[path].total
    holder = next(group.path for group in reversed(topology.ancestors(path)) if _rolls_up(group))
    on = spread(census.on(path), total)
    each = np.where(on & ~np.isnan(factor := spread(factor, total)), factor, np.inf)
    each = each.reshape(-1, topology.per(path, holder))
    at = each.argmin(axis=1) + np.arange(len(each)) * each.shape[1]
    least = each.ravel()[at]
    kept = np.isfinite(least)
    return [
        (path, local, resource, value) for local, value in zip(at[kept].tolist(), least[kept].tolist(), strict=True)
    ]


def _rolls_up(group: Group) -> bool:
    return group.parent is None or (group.container and group.kind in ROLLUP_KINDS)


def _limits(topology: Topology, path: str) -> bool:
    stated = {*topology.groups[path].attributes, *instances.varying(topology, path)}
    return not stated.isdisjoint(("rack_positions", "mass_limit"))


def _rows(census: Census, cabling: Cabling) -> Iterator[dict[str, object]]:
    ports = cabling.ports(census)
    loads = borne(census) if any(_limits(census.topology, path) for path in census.topology.groups) else {}
    for path, group in census.topology.groups.items():
        pairs = _of_container(census.topology, path, loads.get(path)) if group.container else {}
        if group.kind == RACK:
            pairs = of_rack(census.topology, path)
        if path in ports:
            pairs["ports"] = ports[path]
        pairs = {name: pair for name, pair in pairs.items() if not any(np.isnan(side).all() for side in pair)}
        if pairs:
            yield from _sets(census, path, pairs)


def _of_container(topology: Topology, path: str, bears: Borne | None) -> dict[str, Pair]:
    if bears is None or not _limits(topology, path):
        return {}
    heavy, other = together(bears.rack_mass_kg, bears.other_mass_kg)
    return {
        "rack_positions": (figure(topology, path, "rack_positions"), bears.racks),
        "mass": (figure(topology, path, "mass_limit"), heavy + other),
    }


def _sets(census: Census, path: str, pairs: dict[str, Pair]) -> Iterator[dict[str, object]]:
    """A row for each set of alike instances in service."""
    topology = census.topology
    group = topology.groups[path]
    columns = [side for pair in pairs.values() for side in pair]
    for first, count in census.alike(path, columns):
        row: dict[str, object] = {
            "month": topology.calendar.date(census.month),
            "node": instances.ids(topology, path, [first])[0],
            "group": path,
            "kind": group.kind,
            "count": count,
        }
        full: dict[str, float] = {}
        for resource, (limit, used) in pairs.items():
            there, taken = float(limit[first % len(limit)]), float(used[first % len(used)])
            if np.isnan(there) or np.isnan(taken):
                continue
            row |= dict(zip(COLUMNS[resource], (there, taken), strict=True))
            full[resource] = taken / there if there else float(taken > 0) * (1.0 + taken)
        if full:
            # the first of those that are equally full
            row["tightest"] = max(full, key=lambda name: round(full[name] / TOLERANCE))
            row["utilisation_fraction"] = full[str(row["tightest"])]
            yield row
