"""The least enlargement of the group that binds a site after which something else binds."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.standing import MARGIN, Standing, standing
from twin.topology import instances
from twin.topology.enlarge import can_add, sides, with_figure, with_units

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.topology.model import Group, Topology

_LIMITS = {"space": "rack_positions", "mass": "mass_limit"}
"""What is raised where not equipment binds but a container."""

_STEP = 0.05
"""Share by which ratings grow: about how far apart the sizes are in which equipment is made."""

_MOST_STEPS = round(1 / _STEP)


@dataclass(frozen=True, slots=True)
class Move:
    """What is changed in a topology: units added to groups, or a figure of theirs multiplied.

    Attributes:
        paths: the groups.
        units: added to each in each instance of what contains it; 0 where a figure is raised.
        attribute: name of the figure; empty where units are added.
        ratio: by how much the figure is multiplied.
    """

    paths: tuple[str, ...]
    units: int = 0
    attribute: str = ""
    ratio: float = 1.0

    def apply(self, topology: Topology) -> Topology:
        """The topology with the change made."""
        for path in self.paths:
            topology = (
                with_figure(topology, path, self.attribute, self.ratio)
                if self.attribute
                else with_units(topology, path, self.units)
            )
        return topology

    def same(self, other: Move) -> bool:
        """Whether two can be made as one."""
        return (self.paths, self.attribute) == (other.paths, other.attribute)

    def and_then(self, other: Move) -> Move:
        """Both as one, where they are of the same."""
        return replace(self, units=self.units + other.units, ratio=self.ratio * other.ratio)


@dataclass(frozen=True, slots=True)
class Change:
    """One group enlarged, or the sides A and B of one.

    Attributes:
        move: what is changed.
        kind: of what.
        what, where, how: what to do as a person reads it, in three parts: `add 1 ups`, ` to each hall`,
            `, 4 instead of 3`.
        units: added over the whole site; None where a figure is raised.
        added_kw: derated capacity added over the whole site; None where no capacity is.
        price_usd: of the units; None where nobody gives one.
        after: where the site stands with it.
    """

    move: Move
    kind: str
    what: str
    where: str
    how: str
    units: int | None
    added_kw: float | None
    price_usd: float | None
    after: Standing

    @property
    def groups(self) -> tuple[str, ...]:
        """Paths of what is enlarged."""
        return self.move.paths


def least(here: Standing) -> Change | None:
    """The fewest units, or else the least rating, for which another group binds.

    Args:
        here: a site that a group binds.

    Returns:
        None where neither helps.
    """
    if here.group is None:
        return None
    if here.resource in _LIMITS:
        return _search(here, *_limit(here.topology, here.group, _LIMITS[here.resource]))
    paths = sides(here.topology, here.group)
    if all(can_add(here.topology, path) for path in paths):
        found = _search(here, lambda by: Move(paths, units=by), here.topology.groups[here.group].count)
        if found is not None:
            return found
    return _search(here, lambda by: Move(paths, attribute="capacity", ratio=1.0 + by * _STEP), _MOST_STEPS)


def made(here: Standing, move: Move) -> Change:
    """A change as it is told, with where the site stands after it."""
    after = standing(move.apply(here.topology), here.site, here.month, here.connected)
    if not move.attribute:
        return _units(here, move, after)
    return _rating(here, move, after) if move.attribute == "capacity" else _room(here, move, after)


def _limit(topology: Topology, path: str, attribute: str) -> tuple[Callable[[int], Move], int]:
    """Room of a container by positions, where all have the same, else room or strength in steps; and the most."""
    stated = topology.groups[path].attributes.get(attribute)
    positions = 0 if stated is None else round(float(stated.value))
    if attribute == "rack_positions" and positions and attribute not in instances.varying(topology, path):
        return lambda by: Move((path,), attribute=attribute, ratio=(positions + by) / positions), positions
    return lambda by: Move((path,), attribute=attribute, ratio=1.0 + by * _STEP), _MOST_STEPS


def _search(here: Standing, more: Callable[[int], Move], most: int) -> Change | None:
    """The least amount from 1 to `most` with which another group binds; `most` where none does and it helps.

    From a guess on by doubling, then by halving; what moves with an amount moves with more.
    """
    paths = more(1).paths
    again = here.runner_up in paths and here.runner_up_resource == here.resource
    level = None if again else here.runner_up_kw
    guess = math.ceil(most * (level / here.usable_kw - 1.0) - MARGIN) if level and here.usable_kw else 1
    low, high = 0, most + 1
    best: Change | None = None
    amount = min(max(guess, 1), most)
    while high - low > 1:
        change = made(here, more(amount))
        if _elsewhere(change.after, here, paths, level):
            high, best = amount, change
            # a good guess is exact, so that one below it is the next to try
            amount = amount - 1 if amount == guess else (low + amount) // 2
        elif amount == most:
            return change if change.after.above(here) else None
        else:
            low = amount
            amount = min(2 * amount, most) if best is None else (amount + high) // 2
        amount = min(max(amount, low + 1), most)
    return best


def _elsewhere(after: Standing, here: Standing, paths: tuple[str, ...], level: float | None) -> bool:
    """Whether another group binds, or these do no sooner than another, at `level`."""
    if after.group not in paths or after.resource != here.resource or after.usable_kw is None:
        return True
    return level is not None and after.usable_kw >= level * (1.0 - MARGIN)


def _room(here: Standing, move: Move, after: Standing) -> Change:
    """Room or strength of a container."""
    (path,) = move.paths
    group = here.topology.groups[path]
    was, now = (at.groups[path].attributes.get(move.attribute) for at in (here.topology, after.topology))
    what = "make room for more racks" if move.attribute == "rack_positions" else "strengthen the floor"
    how = f", {now.text} instead of {was.text}" if was is not None and now is not None else ""
    where = f" in {_called(here.topology, group)}"
    return Change(move, group.kind, what, where, how, None, None, None, after)


def _units(here: Standing, move: Move, after: Standing) -> Change:
    paths, added = move.paths, move.units
    groups = [here.topology.groups[path] for path in paths]
    first = groups[0]
    holder = here.topology.groups[first.parent or paths[0]]
    what = "add " + " and ".join(f"{added} {group.name}" for group in groups)
    where = f" to {_called(here.topology, holder)}" if holder.parent is not None or holder.total > 1 else ""
    how = f", {first.count + added} instead of {first.count}"
    each = added * (first.total // first.count) // _sites(here.topology, paths[0])
    prices = [here.topology.attribute(path, "price") for path in paths]
    price = None if None in prices else sum(each * float(one) for one in prices if one is not None)
    more_kw = _derated(after, paths) - _derated(here, paths)
    return Change(move, first.kind, what, where, how, each * len(paths), more_kw, price, after)


def _rating(here: Standing, move: Move, after: Standing) -> Change:
    paths = move.paths
    groups = [here.topology.groups[path] for path in paths]
    stated = after.topology.groups[paths[0]].attributes.get("capacity")
    to = "" if stated is None or groups[0].rows is not None else f", to {stated.text}"
    where = " " + " and ".join(_called(here.topology, group) for group in groups)
    how = f" by {(move.ratio - 1.0) * 100:.0f} %{to}"
    more_kw = _derated(after, paths) - _derated(here, paths)
    return Change(move, groups[0].kind, "enlarge", where, how, None, more_kw, None, after)


def _called(topology: Topology, group: Group) -> str:
    """`each hall`; with what contains it where there are others of the name."""
    shared = sum(other.name == group.name for other in topology.groups.values()) > 1
    name = group.path.partition("/")[2] if shared and group.parent is not None else group.name
    return f"each {name}" if group.total > 1 else name


def _derated(at: Standing, paths: tuple[str, ...]) -> float:
    """Derated capacity of the energised units of groups in one site."""
    elements = at.structure.elements
    ours = np.isin(elements.group, [at.structure.groups.index(path) for path in paths])
    ours &= (elements.energised <= at.month) & (at.month < elements.retired)
    return float(np.sum(elements.derated_kw[ours] * elements.count[ours])) / _sites(at.topology, paths[0])


def _sites(topology: Topology, path: str) -> int:
    return topology.ancestors(path)[0].total
