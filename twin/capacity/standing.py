"""Where a site stands in one month: what it can carry, what binds it, what would bind it next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.engine import evaluate
from twin.capacity.growth import it_demand
from twin.capacity.places import of_the_mix, places
from twin.structure import symmetry
from twin.structure.compile import compile_structure
from twin.structure.flow import plan
from twin.structure.model import FAILING
from twin.structure.snapshot import in_service, months_of_change
from twin.structure.twins import twins

if TYPE_CHECKING:
    from twin.capacity.connection import Tight
    from twin.structure.model import Structure
    from twin.topology.model import Group, Topology

MARGIN = 1e-6
"""Relative difference of two usable loads below which they are the same, and kW below which nothing is released."""


_UNNAMED = "zone"
"""A kind of container that gets no rows of its own in `site_capacity`."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site and the month in which it is built out."""

    id: str
    month: int


@dataclass(frozen=True, slots=True)
class Standing:
    """A site in one month.

    Attributes:
        topology: that it is worked out from.
        structure: compiled from that.
        site: id.
        month: month index.
        demand_kw: IT load of its energised loads.
        usable_kw: largest IT load that it can carry; None where nothing limits it.
        racks, accelerators: energised.
        resource: power, liquid_cooling, air_cooling, space or mass: what binds; None where nothing does.
        group: path of the group that binds; None where it is the grid connection, which is no group.
        node: id of the first node of it that does.
        runner_up_kw: usable IT load if only that group were larger; None where nothing would limit it.
        runner_up, runner_up_resource: path of the group that would bind then, and what of it.
        usable_racks, usable_accelerators: of the present mix in the usable IT load; None where nothing limits it.
        connected: what its grid connection lets it use; None where that is not limited.
    """

    topology: Topology
    structure: Structure
    site: str
    month: int
    demand_kw: float
    usable_kw: float | None
    racks: int
    accelerators: int
    resource: str | None = None
    group: str | None = None
    node: str | None = None
    runner_up_kw: float | None = None
    runner_up: str | None = None
    runner_up_resource: str | None = None
    usable_racks: int | None = None
    usable_accelerators: int | None = None
    connected: Tight | None = None

    def above(self, other: Standing) -> bool:
        """Whether it can carry more than the other."""
        if self.usable_kw is None or other.usable_kw is None:
            return self.usable_kw is None and other.usable_kw is not None
        return self.usable_kw > other.usable_kw * (1.0 + MARGIN) + MARGIN


def sites(structure: Structure) -> list[Site]:
    """The sites that have IT load, of alike ones the first, with the last month in which their IT load is largest."""
    scopes = structure.scopes
    site = np.array([scope.site for scope in scopes], dtype=np.int64)[structure.classes.scope]
    most = np.zeros(len(scopes))
    when = np.zeros(len(scopes), dtype=np.int64)
    for month in months_of_change(structure):
        kw = it_demand(structure, in_service(structure.classes, month))
        load = np.bincount(site, weights=kw, minlength=len(scopes))
        larger = (load >= most) & (load > 0)
        most, when = np.where(larger, load, most), np.where(larger, month, when)
    return [
        Site(scope.id, int(when[number]))
        for number, scope in enumerate(scopes)
        if most[number] > 0 and scope.role == FAILING
    ]


def standing(topology: Topology, site: str, month: int, connected: Tight | None = None) -> Standing:
    """Work a site out.

    Args:
        topology: read and resolved.
        site: id of the site.
        month: month index.
        connected: what its grid connection lets it use; no limit where not given.

    Raises:
        RefusedError: as the capacity analysis.
    """
    structure = compile_structure(_plain(topology, month), lifted=True)
    prepared, sets, scopes = plan(structure), twins(structure), symmetry.scopes(structure)
    result = evaluate(structure, month, prepared, sets)
    index = scopes.id.index(site)
    limit = {site: connected} if connected is not None else {}
    (place,) = places(structure, scopes, prepared, sets, result, [index], limit)
    mine = result.scopes[scopes.like[index]]
    first, second = place.binding, place.runner_up
    return Standing(
        topology,
        structure,
        site,
        month,
        mine.demand_kw,
        None if first is None else first.factor * mine.demand_kw,
        mine.racks,
        mine.accelerators,
        None if first is None else first.resource,
        None if first is None else first.group or None,
        None if first is None else first.node,
        None if second is None else second.factor * mine.demand_kw,
        None if second is None else second.group or None,
        None if second is None else second.resource,
        *of_the_mix(mine, None if first is None else first.factor),
        connected,
    )


def _plain(topology: Topology, month: int) -> Topology:
    """The same in this month with nothing to tell containers apart that does not matter in it.

    No figures are asked of buildings and halls, and it does not matter when what is in service came into
    service, so that more of them are alike.
    """
    return replace(topology, groups={path: _now(group, month) for path, group in topology.groups.items()})


def _now(group: Group, month: int) -> Group:
    there = all(energised <= month for energised in group.energised)
    stays = all(month < retired for retired in group.retired)
    return replace(
        group,
        kind=_UNNAMED if group.container and group.parent is not None else group.kind,
        energised=() if there else group.energised,
        retired=() if stays else group.retired,
    )
