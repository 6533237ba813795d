"""A common cause beside another failure, and two common causes: what they take down that neither does alone.

Events are lost in place of elements: `twin.failure.pairs` asks of an event only which elements go down with it.  A
common cause breaks the symmetry of the twins that it takes some of, so beside one set of each common cause stand

- one element of each set of twins that it takes none of,
- one of the twins that it leaves of each set of which it takes some,
- the sets of other containers, and of its own container one of each way to share members with it.

Two events are independent.  Where one takes all that the other does they take down no more than it, and have no row.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.blast import Blasts, by_pairs
from twin.failure.losses import MAX_ENTRIES, ExplodedError, among, singles, too_large
from twin.failure.net import csr, gather
from twin.failure.pairs import Propagation, to_lose, twin_sets
from twin.failure.together import sets_of
from twin.structure.lump import number, row_of
from twin.structure.model import FAILING, Csr

if TYPE_CHECKING:
    from twin.failure.losses import Singles
    from twin.failure.net import Net
    from twin.failure.parts import Common
    from twin.structure.model import Bools, Floats, Ints

ELEMENT, CAUSE = range(2)
_PART = 4_000_000
"""Pairs of events looked at together."""


@dataclass(frozen=True, slots=True)
class Coincident:
    """Pairs of events.  Arrays have one entry a set of alike ones.

    Attributes:
        blasts: what is lost; `one` is the first element of the common cause, `other` that of the other event.
        failed: how many elements the two take out themselves.
        caused: whether the other event is a common cause too.
        unavailability, per_year: (2, n), of one and of the other event.
    """

    blasts: Blasts
    failed: Ints
    caused: Bools
    unavailability: Floats
    per_year: Floats


@dataclass(frozen=True, slots=True)
class _Events:
    """Events to lose.

    Attributes:
        members: the elements in service that each takes out.
        kind: ELEMENT or CAUSE.
        container: of a common cause, the first element of its group there; -1 for an element.
        owner: the event that it stands beside, and no other; -1 for beside all.
        kinds: (n, members at the most), sets of twins that its members are of, ascending; -1 where there is none.
        ways: how many are alike to it in its place, or beside its owner.
        unavailability, per_year: of one event.
    """

    members: Csr
    kind: Ints
    container: Ints
    owner: Ints
    kinds: Ints
    ways: Ints
    unavailability: Floats
    per_year: Floats

    def __len__(self) -> int:
        """How many there are."""
        return len(self.kind)


def coincident(net: Net, causes: list[Common], own: tuple[Floats, Floats], limit: int = MAX_ENTRIES) -> Coincident:
    """Every common cause and other event that leave a load unfed that neither of the two leaves unfed alone.

    Args:
        net: the thresholds.
        causes: of its structure.
        own: (elements,) unavailability and failures a year of what each fails by itself.
        limit: entries that all sets together may have.

    Raises:
        RefusedError: they have more.
    """
    twins = twin_sets(net)
    try:
        events = _events(net, causes, own, twins)
        lead, alive = _alive(net, events.members)
        alone = singles(net, lead, limit, alive)
        beside = _Beside(net, alone, events, _touched(events, twins), limit)
        i, j, down, lost, added = by_pairs(net, alone, *beside.run())
    except ExplodedError:
        raise too_large("the sets of failures beside a common cause hold", limit) from None
    first = (events.kind[i] == CAUSE) & (events.owner[i] < 0)
    i, j = np.where(first, i, j), np.where(first, j, i)
    keep, count = _count(net, events, lead, i, j)
    i, j = i[keep], j[keep]
    shown = events.members.values[events.members.start[:-1]]
    blasts = Blasts(
        one=shown[i],
        other=shown[j],
        count=count,
        elements=down[keep] - _union(alive, i, j, len(net.alive)),
        lost=lost[:, keep],
        added=added[:, keep],
    )
    figures = (np.stack([each[i], each[j]]) for each in (events.unavailability, events.per_year))
    return Coincident(blasts, _union(events.members, i, j, len(net.alive)), events.kind[j] == CAUSE, *figures)


def _events(net: Net, causes: list[Common], own: tuple[Floats, Floats], twins: Ints) -> _Events:
    """Elements, one set of each common cause, and what stands beside it alone."""
    lost = to_lose(net, alone=True)
    there = net.snapshot.element_on & (net.snapshot.structure.elements.role == FAILING)
    wide = max((cause.size for cause in causes), default=0)
    parts = [_singly(lost.columns, lost.size, own, -1, wide)]
    sets = [_sets(net, there, twins, cause) for cause in causes]
    begin = len(lost.columns) + np.cumsum([0, *(len(one[0]) for one in sets)])
    parts += [_caused(cause, there, twins, *one, -1, wide) for cause, one in zip(causes, sets, strict=True)]
    for at, cause, (container, members, _) in zip(begin[:-1].tolist(), causes, sets, strict=True):
        owner = at + np.arange(len(members))
        parts.append(_left(net, twins, members, owner, own, wide))
        shared = _symmetric(cause, twins)[container]
        # One that takes all of its group there leaves nothing for another of it to add.
        for other in causes:
            if other.rows is cause.rows and shared.any() and max(cause.size, other.size) < cause.rows.shape[1]:
                which = np.flatnonzero(shared)
                beside, found, ways = _overlapping(cause.rows[container[which]], members[which], other.size, twins)
                some = net.alive[found].any(axis=1)
                of = which[beside[some]]
                parts.append(_caused(other, there, twins, container[of], found[some], ways[some], owner[of], wide))
    return _joined(parts)


def _sets(net: Net, there: Bools, twins: Ints, cause: Common) -> tuple[Ints, Ints, Ints]:
    """Container, members and number of alike ones of the sets of a common cause that take anything live."""
    here = np.flatnonzero(there[cause.rows].any(axis=1))
    container, members, ways = sets_of(cause.rows[here], twins, cause.size)
    some = net.alive[members].any(axis=1)
    return here[container[some]], members[some], ways[some]


def _symmetric(cause: Common, twins: Ints) -> Bools:
    """(containers,): whether any members are twins of each other."""
    ordered = np.sort(twins[cause.rows], axis=1)
    return np.asarray((np.diff(ordered, axis=1) == 0).any(axis=1))


def _overlapping(rows: Ints, members: Ints, size: int, twins: Ints) -> tuple[Ints, Ints, Ints]:
    """Sets of so many beside some sets in the same container, one of each way to share members with it.

    Args:
        rows: (n, instances), the container of each set.
        members: (n, …), the set.
        size: of the other.
        twins: of the elements.

    Returns:
        For each, the position of the set that it stands beside, its members, and how many are alike.
    """
    taken = (rows[:, :, None] == members[:, None, :]).any(axis=2)
    # Twins that are taken are alike, and so are those that are left.
    labels = twins[rows] * 2 + taken
    local = np.arange(rows.size).reshape(rows.shape)
    beside, found, ways = sets_of(local, labels.ravel(), size)
    return beside, rows.ravel()[found], ways


def _left(net: Net, twins: Ints, members: Ints, owner: Ints, own: tuple[Floats, Floats], wide: int) -> _Events:
    """One of the twins that each set leaves of those of which it takes some."""
    width = len(net.alive)
    alive = np.flatnonzero(net.alive)
    alive = alive[np.argsort(twins[alive], kind="stable")]
    of_twin = csr(twins[alive], alive, int(twins.max(initial=-1)) + 1)
    live = net.alive[members]
    which = np.broadcast_to(np.arange(len(members))[:, None], members.shape)[live]
    touched = np.unique(which * len(twins) + twins[members[live]])
    at, element = gather(of_twin, touched % len(twins))
    which = touched[at] // len(twins)
    mine = np.sort(np.broadcast_to(np.arange(len(members))[:, None], members.shape) * width + members, axis=None)
    left = ~among(mine, which * width + element)
    at, element, which = at[left], element[left], which[left]
    lead, size = np.unique(at, return_index=True, return_counts=True)[1:]
    return _singly(element[lead], size, own, owner[which[lead]], wide)


def _singly(elements: Ints, ways: Ints, own: tuple[Floats, Floats], owner: Ints | int, wide: int) -> _Events:
    """Each of some elements by itself."""
    size = len(elements)
    none = np.full(size, -1)
    members = Csr(np.arange(size + 1), elements)
    owners = np.broadcast_to(owner, size).astype(np.int64)
    q, w = (each[elements] for each in own)
    return _Events(members, np.full(size, ELEMENT), none, owners, np.full((size, wide), -1), ways, q, w)


def _caused(
    cause: Common, there: Bools, twins: Ints, container: Ints, members: Ints, ways: Ints, owner: Ints | int, wide: int
) -> _Events:
    """Some sets of a common cause."""
    size = len(members)
    on = there[members]
    row = np.broadcast_to(np.arange(size)[:, None], members.shape)[on]
    kinds = np.sort(twins[members], axis=1)
    return _Events(
        csr(row, members[on], size),
        np.full(size, CAUSE),
        cause.rows[container, 0],
        np.broadcast_to(owner, size).astype(np.int64),
        np.pad(kinds, ((0, 0), (0, wide - kinds.shape[1])), constant_values=-1),
        ways,
        cause.unavailability[container],
        cause.per_year[container],
    )


def _joined(parts: list[_Events]) -> _Events:
    """All of some events."""
    sizes = np.concatenate([np.diff(part.members.start) for part in parts])
    start = np.concatenate([[0], np.cumsum(sizes)])
    return _Events(
        Csr(start, np.concatenate([part.members.values for part in parts])),
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("kind", "container", "owner", "kinds", "ways", "unavailability", "per_year")
        ),
    )


def _alive(net: Net, members: Csr) -> tuple[Ints, Csr]:
    """The first of the members of each event that are live with nothing failed, and all of these."""
    live = net.alive[members.values]
    found = csr(row_of(members)[live], members.values[live], len(members.start) - 1)
    return found.values[found.start[:-1]], found


def _touched(events: _Events, twins: Ints) -> Ints:
    """Keys of the sets of twins that each event takes some of: event x sets + set, ascending."""
    return np.unique(row_of(events.members) * len(twins) + twins[events.members.values])


class _Beside(Propagation):
    """Pairs of a common cause and another event."""

    def __init__(self, net: Net, alone: Singles, events: _Events, touched: Ints, limit: int) -> None:
        super().__init__(net, alone, limit)
        self.events = events
        self.touched = touched
        self.twin = twin_sets(net)[events.members.values[events.members.start[:-1]]]
        caused = (events.kind == CAUSE) & (events.owner < 0)
        self.leads = caused
        # Of alike members those of the same container stand beside it as sets of its own.
        owned = np.unique(events.container[(events.kind == CAUSE) & (events.owner >= 0)])
        self.split = among(owned, events.container)

    def by_loss(self, of: Ints, x: Ints, loss: Floats, slack: Floats) -> tuple[Ints, Ints]:
        """As `Propagation` says: of a common cause and what may stand beside it."""
        leads = np.flatnonzero(self.leads[x])
        low, high = (np.searchsorted(of, of[leads], side=side) for side in ("left", "right"))
        part = np.cumsum(high - low) // _PART
        at, keys, held = [of[:0]], [of[:0]], 0
        for some in np.split(np.arange(len(leads)), np.flatnonzero(np.diff(part)) + 1):
            size = (high - low)[some]
            one = np.repeat(leads[some], size)
            other = np.arange(len(one)) - np.repeat(np.cumsum(size) - size, size) + np.repeat(low[some], size)
            keep = loss[one] + loss[other] > slack[of[one]]
            one, other = one[keep], other[keep]
            keep = self._beside(x[one], x[other])
            one, other = one[keep], other[keep]
            at.append(of[one])
            keys.append(np.minimum(x[one], x[other]) * self.width + np.maximum(x[one], x[other]))
            held += len(one)
            if held > self.limit:
                raise ExplodedError
        return np.concatenate(at), np.concatenate(keys)

    def _beside(self, lead: Ints, other: Ints) -> Bools:
        """Whether the other event is one that stands for others beside a common cause."""
        events = self.events
        free = events.owner[other] < 0
        apart = ~among(self.touched, lead * len(self.net.alive) + self.twin[other])
        outside = (events.container[lead] != events.container[other]) | ~self.split[lead]
        of_all = np.where(events.kind[other] == CAUSE, outside & (lead != other), apart)
        return np.where(free, of_all, events.owner[other] == lead)


def _count(net: Net, events: _Events, lead: Ints, i: Ints, j: Ints) -> tuple[Bools, Ints]:
    """Which pairs to keep, as two sets of one container stand beside each other both ways, and how many are alike.

    Args:
        net: the thresholds.
        events: to lose.
        lead: an element of each.
        i: the common cause of each pair; of two the one that stands beside all.
        j: the other event.
    """
    place = net.element_place[lead]
    pattern = number(list(events.kinds.T), len(events))
    both = (events.kind[j] == CAUSE) & (events.owner[j] == i)
    keep = ~both | (pattern[i] <= pattern[j])
    half = np.where(both & (pattern[i] == pattern[j]), 2, 1)
    count = events.ways[i] * events.ways[j] // half * net.places.pairs(place[i], place[j])
    return keep, count[keep]


def _union(members: Csr, i: Ints, j: Ints, width: int) -> Ints:
    """How many elements two events have between them."""
    size = np.diff(members.start)
    keys = np.sort(row_of(members) * width + members.values)
    at, element = gather(members, j)
    shared = np.bincount(at[among(keys, i[at] * width + element)], minlength=len(i))
    return np.asarray(size[i] + size[j] - shared)
