"""What stands where in one month: who is in service, and sums over what containers hold.

Nothing here goes instance by instance where instances are alike.  A *cycle* is an array that stands
for one value an instance of a group: instance `i` has `cycle[i % len(cycle)]`.  Its length is 1 where
all are alike, the count of the group where every parent has the same pattern (a list of dates), and
otherwise as long as it takes.  So a campus of ten million racks that are all alike costs no more than
one of ten.
"""

from __future__ import annotations

from math import lcm
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.structure.lump import lump
from twin.structure.model import FOREVER
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from twin.structure.model import Bools, Floats, Ints
    from twin.topology.model import Group, Topology

    Words = NDArray[np.str_]
    Cycle = NDArray[Any]

_ALWAYS = -FOREVER


class Census:
    """The instances in service in one month."""

    def __init__(self, topology: Topology, month: int) -> None:
        """Look at one month of a topology, by its index."""
        self.topology = topology
        self.month = month
        self._own: dict[str, Bools] = {}

    def own(self, path: str) -> Bools:
        """Whether an instance is in service as far as its own dates go: a cycle."""
        if path not in self._own:
            group = self.topology.groups[path]
            start = _months(self.topology, group, "energised", group.energised or (_ALWAYS,))
            end = _months(self.topology, group, "retired", group.retired or (FOREVER,))
            first, last = together(start, end)
            self._own[path] = (first <= self.month) & (self.month < last)
        return self._own[path]

    def on(self, path: str, below: str = "") -> Bools:
        """Whether an instance and all that contain it are in service: a cycle.

        Args:
            path: of the group.
            below: a container; it and what contains it are taken to be in service.
        """
        own, parent = self.own(path), self.topology.groups[path].parent
        if parent is None or parent == below:
            return own
        mine, above = together(own, handed_down(self.on(parent, below), self.topology.groups[path].count))
        both: Bools = mine & above
        return both

    def standing(self, path: str) -> tuple[int, int]:
        """How many instances of a group are in service, and the local of the first of them (0 where none is)."""
        own, group = self.own(path), self.topology.groups[path]
        if group.parent is None or len(own) > group.count:
            on = self.on(path)
            return int(np.count_nonzero(on)) * (group.total // len(on)), int(np.argmax(on))
        holders, first = self.standing(group.parent)
        each = int(np.count_nonzero(own)) * (group.count // len(own))
        return holders * each, first * group.count + int(np.argmax(own))

    def alike(self, path: str, columns: Sequence[Floats]) -> list[tuple[int, int]]:
        """The sets of instances in service that agree in all columns.

        Args:
            path: of the group.
            columns: cycles; NaN equals NaN.

        Returns:
            For each set the local of its first instance and how many it has, in the order of the first.
        """
        if all(len(column) == 1 for column in columns):
            count, first = self.standing(path)
            return [(first, count)] if count else []
        on, *rest = together(self.on(path), *columns)
        here = np.flatnonzero(on)
        if not len(here):
            return []
        firsts, counts = lump([column[here] for column in rest], len(here))
        turns = self.topology.groups[path].total // len(on)
        return list(zip(here[firsts].tolist(), (counts * turns).tolist(), strict=True))

    def inside(self, figure: Callable[[str], Floats | None]) -> dict[str, Floats]:
        """Sums over all that is in service inside the instances of each container.

        Args:
            figure: from the path of a group that contains nothing to a cycle with the figure of one of it;
                None where it does not count.

        Returns:
            By path of the container, a cycle: the sum over what one instance holds, were it in service itself.
        """
        sums: dict[str, Floats] = {path: np.zeros(1) for path, group in self.topology.groups.items() if group.container}
        for path, group in reversed(list(self.topology.groups.items())):
            each = sums[path] if group.container else figure(path)
            if each is None or group.parent is None:
                continue
            on, values = together(self.own(path), each)
            # not 0 times: what is unknown of something that is not there does not matter
            held = folded(np.where(on, values, 0.0), group.count)
            left, right = together(sums[group.parent], held)
            sums[group.parent] = left + right
        return sums

    def total(self, path: str, each: Floats) -> float:
        """The sum of a cycle over the instances of a group that are in service."""
        if len(each) == 1:
            count = self.standing(path)[0]
            return float(each[0]) * count if count else 0.0
        on, values = together(self.on(path), each)
        return float(values[on].sum()) * (self.topology.groups[path].total // len(on))


def figure(topology: Topology, path: str, name: str, missing: float = np.nan) -> Floats:
    """A numeric attribute of the instances of a group: a cycle in canonical units."""
    if name in instances.varying(topology, path):
        values = instances.attribute(topology, path, name)
    else:
        stated = topology.attribute(path, name)
        values = np.array([np.nan if stated is None else float(stated)])
    return np.where(np.isnan(values), missing, values)


def words(topology: Topology, path: str, name: str) -> Words:
    """A word that holds for all inside, as the tenant: a cycle of what the nearest container says, empty for nobody."""
    group = topology.groups[path]
    stated = group.attributes.get(name)
    own = np.array(["" if stated is None else str(stated.value)], dtype=object)
    if name in instances.varying(topology, path):
        own = np.repeat(own, group.total)
        if group.rows is not None and name in group.rows.columns:
            cells = group.rows[name].cast(str).to_list()
            own = np.array([old if cell is None else cell for old, cell in zip(own, cells, strict=True)], dtype=object)
        for override in topology.overrides:
            if override.group == path and override.attribute == name:
                own[np.array(override.locals, dtype=np.int64)] = str(override.value.value)
    if group.parent is not None:
        mine, above = together(own, handed_down(words(topology, group.parent, name), group.count))
        own = np.where(mine == "", above, mine)
    return own.astype(str)


def together(*cycles: Cycle) -> list[Cycle]:
    """Cycles of one group, all at the length that fits them all."""
    length = lcm(*(len(cycle) for cycle in cycles))
    return [cycle if len(cycle) == length else np.tile(cycle, length // len(cycle)) for cycle in cycles]


def handed_down(cycle: Cycle, count: int) -> Cycle:
    """A cycle of the parent as a cycle of `count` children each."""
    return cycle if len(cycle) == 1 else np.repeat(cycle, count)


def folded(cycle: Floats, count: int) -> Floats:
    """Sums over the `count` children of each parent: a cycle of the parent."""
    if len(cycle) == 1:
        return cycle * count
    sums: Floats = cycle.reshape(-1, count).sum(axis=1)
    return sums


def spread(cycle: Cycle, total: int) -> Cycle:
    """A cycle written out: one value an instance."""
    return np.tile(cycle, total // len(cycle))


def _months(topology: Topology, group: Group, name: str, stated: tuple[int, ...]) -> Ints:
    """Month indices that a group, its side table and overlays state: a cycle."""
    months = np.array(stated, dtype=np.int64)
    overrides = [one for one in topology.overrides if one.group == group.path and one.attribute == name]
    cells = None if group.rows is None or name not in group.rows.columns else group.rows[name]
    if cells is None and not overrides:
        return months
    months = spread(months, group.total)
    if cells is not None:
        months = np.where(cells.is_null().to_numpy(), months, cells.fill_null(0).cast(int).to_numpy())
    for override in overrides:
        months[np.array(override.locals, dtype=np.int64)] = int(override.value.value)
    return months
