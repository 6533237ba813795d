"""The least enlargement of the group that binds a site after which something else binds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.capacity.standing import MARGIN, Standing, standing
from twin.topology.enlarge import can_add, sides, with_figure, with_units

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.topology.model import Group, Topology

    More = Callable[[Topology, str, int], Topology]

_LIMITS = {"space": "rack_positions", "mass": "mass_limit"}
"""What is raised where not equipment binds but a container."""

_STEP = 0.05
"""Share by which ratings grow: about how far apart the sizes are in which equipment is made."""

_MOST_STEPS = round(1 / _STEP)


@dataclass(frozen=True, slots=True)
class Change:
    """One group enlarged, or the sides A and B of one.

    Attributes:
        groups: paths.
        kind: of what.
        what, where, how: what to do as a person reads it, in three parts: `add 1 ups`, ` to each hall`,
            `, 4 instead of 3`.
        units: added over the whole site; None where a figure is raised.
        added_kw: derated capacity added over the whole site; None where no capacity is.
        price_usd: of the units; None where nobody gives one.
        after: where the site stands with it.
    """

    groups: tuple[str, ...]
    kind: str
    what: str
    where: str
    how: str
    units: int | None
    added_kw: float | None
    price_usd: float | None
    after: Standing


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
        return _limit(here, here.group, _LIMITS[here.resource])
    paths = sides(here.topology, here.group)
    if all(can_add(here.topology, path) for path in paths):
        found = _search(here, paths, with_units, here.topology.groups[here.group].count)
        if found is not None:
            return _units(here, paths, *found)
    found = _search(here, paths, _raised, _MOST_STEPS)
    return None if found is None else _rating(here, paths, *found)


def _limit(here: Standing, path: str, attribute: str) -> Change | None:
    """Room or strength of a container."""
    group = here.topology.groups[path]
    found = _search(here, (path,), lambda at, one, by: with_figure(at, one, attribute, 1.0 + by * _STEP), _MOST_STEPS)
    if found is None:
        return None
    after = found[1]
    was, now = (at.groups[path].attributes.get(attribute) for at in (here.topology, after.topology))
    what = "make room for more racks" if attribute == "rack_positions" else "strengthen the floor"
    how = f", {now.text} instead of {was.text}" if was is not None and now is not None else ""
    where = f" in {_called(here.topology, group)}"
    return Change((path,), group.kind, what, where, how, None, None, None, after)


def _search(here: Standing, paths: tuple[str, ...], more: More, most: int) -> tuple[int, Standing] | None:
    """The least amount from 1 to `most` with which another group binds; `most` where none does and it helps.

    From a guess on by doubling, then by halving; what moves with an amount moves with more.
    """
    level = None if here.runner_up in paths else here.runner_up_kw
    guess = math.ceil(most * (level / here.usable_kw - 1.0) - MARGIN) if level and here.usable_kw else 1
    low, high = 0, most + 1
    best: Standing | None = None
    amount = min(max(guess, 1), most)
    while high - low > 1:
        after = _with(here, paths, more, amount)
        if _elsewhere(after, paths, level):
            high, best = amount, after
            # a good guess is exact, so that one below it is the next to try
            amount = amount - 1 if amount == guess else (low + amount) // 2
        elif amount == most:
            return (most, after) if after.above(here) else None
        else:
            low = amount
            amount = min(2 * amount, most) if best is None else (amount + high) // 2
        amount = min(max(amount, low + 1), most)
    return None if best is None else (high, best)


def _with(here: Standing, paths: tuple[str, ...], more: More, amount: int) -> Standing:
    topology = here.topology
    for path in paths:
        topology = more(topology, path, amount)
    return standing(topology, here.site, here.month)


def _elsewhere(after: Standing, paths: tuple[str, ...], level: float | None) -> bool:
    """Whether another group binds, or these do no sooner than another, at `level`."""
    if after.group not in paths or after.usable_kw is None:
        return True
    return level is not None and after.usable_kw >= level * (1.0 - MARGIN)


def _raised(topology: Topology, path: str, by: int) -> Topology:
    return with_figure(topology, path, "capacity", 1.0 + by * _STEP)


def _units(here: Standing, paths: tuple[str, ...], added: int, after: Standing) -> Change:
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
    return Change(paths, first.kind, what, where, how, each * len(paths), more_kw, price, after)


def _rating(here: Standing, paths: tuple[str, ...], by: int, after: Standing) -> Change:
    groups = [here.topology.groups[path] for path in paths]
    stated = after.topology.groups[paths[0]].attributes.get("capacity")
    to = "" if stated is None or groups[0].rows is not None else f", to {stated.text}"
    where = " " + " and ".join(_called(here.topology, group) for group in groups)
    how = f" by {by * _STEP * 100:.0f} %{to}"
    more_kw = _derated(after, paths) - _derated(here, paths)
    return Change(paths, groups[0].kind, "enlarge", where, how, None, more_kw, None, after)


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
