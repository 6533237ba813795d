"""Which instances of the containers a structure holds: all of them, or representatives of those that are alike.

The rules are those of `twin.structure.symmetry`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.differences import differences
from twin.structure.lump import number
from twin.structure.model import FAILING, OBSERVED, REST
from twin.topology.attributes import ROLLUP_KINDS

if TYPE_CHECKING:
    from twin.structure.differences import Differences
    from twin.structure.model import Ints
    from twin.topology.model import Group, Topology


@dataclass(frozen=True, slots=True)
class Kept:
    """The instances of one group that a structure holds.  Arrays have one entry a kept instance, in node order.

    Attributes:
        local: its number within the group.
        count: instances that it stands for, in the whole topology.
        role: FAILING, OBSERVED or REST.
        like: position here of the FAILING one that it is alike.
        parent: position of its parent among those kept of the parent group; 0 for a site.
        alike: (kept parents, instances in one parent), position here of the FAILING one that each is
            alike; one column where all instances in one parent are alike.
    """

    local: Ints
    count: Ints
    role: Ints
    like: Ints
    parent: Ints
    alike: Ints

    def __len__(self) -> int:
        """How many are kept."""
        return len(self.local)

    def position(self, locals_: Ints) -> Ints:
        """Where instances that are kept stand in the arrays."""
        if len(self) and self.local[-1] - self.local[0] + 1 == len(self):
            return locals_ - int(self.local[0])
        return np.searchsorted(self.local, locals_).astype(np.int64)


def representatives(topology: Topology, *, lifted: bool = True) -> dict[str, Kept]:
    """Which instances of every container group, and of every site, a structure holds.

    Args:
        topology: read, resolved and checked.
        lifted: whether alike ones are represented by a few; else all are kept.
    """
    apart = differences(topology) if lifted else None
    observable = {holder.path for path in roll_ups(topology) for holder in topology.ancestors(path)}
    kept: dict[str, Kept] = {}
    for path, group in topology.groups.items():
        if group.container or group.parent is None:
            above = _WHOLE_FILE if group.parent is None else kept[group.parent]
            kept[path] = _represent(group, above, apart, observed=path in observable)
    return kept


def contained(group: Group, above: Kept) -> Kept:
    """The instances of a group that is no container inside those kept of its parent: all of them."""
    children = (above.local[:, None] * group.count + np.arange(group.count)).ravel()
    index = np.tile(np.arange(group.count), len(above))
    return Kept(
        local=children,
        count=np.repeat(above.count, group.count),
        role=np.repeat(above.role, group.count),
        like=np.repeat(above.like, group.count) * group.count + index,
        parent=np.repeat(np.arange(len(above)), group.count),
        alike=np.empty((len(above), 0), dtype=np.int64),
    )


def roll_ups(topology: Topology) -> list[str]:
    """Paths of the groups that results are rolled up to, parents first."""
    return [
        path
        for path, group in topology.groups.items()
        if group.parent is None or (group.container and group.kind in ROLLUP_KINDS)
    ]


_NUMBERS = {
    name: np.full(1, value)
    for name, value in (("local", 0), ("count", 1), ("role", FAILING), ("like", 0), ("parent", 0))
}
_WHOLE_FILE = Kept(**_NUMBERS, alike=np.zeros((1, 1), dtype=np.int64))
"""What holds the sites."""


def _represent(group: Group, above: Kept, apart: Differences | None, *, observed: bool) -> Kept:
    """The kept instances of a container group inside those kept of its parent."""
    kind, first, second, third, size = _sets(group, above, apart)
    holder = first // group.count
    parent = above.position(holder)
    role, stands = above.role[parent], above.count[parent]
    failing, seen = role == FAILING, observed & (role == OBSERVED)
    alone = failing | seen
    rest = np.full(len(first), REST)
    watched = np.where(failing & observed, OBSERVED, REST)
    pair = 2
    picks = [
        (np.ones(len(first), dtype=bool), first, np.where(alone, role, rest), np.where(alone, 1, size * stands)),
        (alone & (size >= pair), second, watched, np.where(watched == OBSERVED, 1, size - 1)),
        (failing & observed & (size > pair), third, rest, size - pair),
    ]
    local = np.concatenate([values[chosen] for chosen, values, _, _ in picks])
    order = np.argsort(local, kind="stable")
    set_of = np.concatenate([np.flatnonzero(chosen) for chosen, *_ in picks])[order]
    # The first of each set comes first among the picks, so this is where each set's first has gone.
    place = np.argsort(order)[: len(first)]
    alike = place[kind[above.like]]
    return Kept(
        local=local[order],
        count=np.concatenate([count[chosen] for chosen, _, _, count in picks])[order],
        role=np.concatenate([roles[chosen] for chosen, _, roles, _ in picks])[order],
        like=alike[parent[set_of], first[set_of] % group.count if alike.shape[1] > 1 else 0],
        parent=parent[set_of],
        alike=alike,
    )


def _sets(group: Group, above: Kept, apart: Differences | None) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Sets of alike instances: of which set each instance is, the first three members, how many there are."""
    begin = above.local * group.count
    if apart is not None and group.path not in apart.entered and not apart.columns(group, begin[:0]):
        kind = np.arange(len(above))[:, None]
        return kind, begin, begin + 1, begin + 2, np.full(len(above), group.count)
    locals_ = (begin[:, None] + np.arange(group.count)).ravel()
    total = len(locals_)
    if apart is None or group.path in apart.entered:
        return np.arange(total).reshape(-1, group.count), locals_, locals_, locals_, np.ones(total, dtype=np.int64)
    of = number([locals_ // group.count, *apart.columns(group, locals_)], total)
    order = np.argsort(of, kind="stable")
    size = np.bincount(of)
    start = np.cumsum(size) - size
    first, second, third = (locals_[order[np.minimum(start + nth, total - 1)]] for nth in range(3))
    return of.reshape(-1, group.count), first, second, third, size
