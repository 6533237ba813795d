"""What common causes take down: events of order one that several of a group are lost to at once.

That is how they are counted in probabilistic risk assessment, where a common cause is a basic event of its own
(Mosleh et al., NUREG/CR-4780, 1988), and in planning of power systems, where an outage of a common mode is a single
contingency (Billinton and Allan, *Reliability Evaluation of Power Systems*, ch. 11).

All sets of one size in one container are equally likely.  Of exact twins only how many are lost matters, so one set
stands for all that lose as many of each kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.blast import Blasts, worth
from twin.failure.pairs import twin_sets
from twin.structure.live import Order
from twin.structure.model import FAILING

if TYPE_CHECKING:
    from twin.failure.net import Net
    from twin.failure.parts import Common
    from twin.structure.model import Floats, Ints


@dataclass(frozen=True, slots=True)
class Together:
    """Common causes and what they take down.  Arrays have one entry a set of alike ones.

    Attributes:
        blasts: what is lost; `one` is the first element that fails, and all that is lost is added by the event.
        size: how many elements fail at once.
        unavailability, per_year: of one event.
    """

    blasts: Blasts
    size: Ints
    unavailability: Floats
    per_year: Floats


def of_common_causes(net: Net, causes: list[Common]) -> Together:
    """Every common cause of elements in service, one of each set of alike ones.

    Args:
        net: the thresholds.
        causes: of its structure.
    """
    plan, twins = Order(net.snapshot), twin_sets(net)
    parts = [_of_one(net, plan, twins, cause) for cause in causes]
    if not parts:
        none = np.zeros(0, dtype=np.int64)
        figures = np.zeros((3, 0))
        return Together(Blasts(none, none, none, none, figures, figures), none, np.zeros(0), np.zeros(0))
    blasts = [part.blasts for part in parts]
    return Together(
        Blasts(
            *(
                np.concatenate([getattr(each, name) for each in blasts], axis=-1)
                for name in ("one", "other", "count", "elements", "lost", "added")
            )
        ),
        *(np.concatenate([getattr(part, name) for part in parts]) for name in ("size", "unavailability", "per_year")),
    )


def _of_one(net: Net, plan: Order, twins: Ints, cause: Common) -> Together:
    """The sets of one size of one group."""
    there = net.snapshot.element_on & (net.snapshot.structure.elements.role == FAILING)
    container, members, ways = sets_of(cause.rows[there[cause.rows].any(axis=1)], twins, cause.size)
    some = there[members].any(axis=1)
    container, members, ways = container[some], members[some], ways[some]
    first = np.where(there[members], members, len(there)).min(axis=1)
    place = net.element_place[first]
    elements, lost = _taken(net, plan, members, place)
    blasts = Blasts(
        one=first,
        other=np.full(len(members), -1),
        count=ways * net.places.total[place],
        elements=elements,
        lost=lost,
        added=lost,
    )
    of = np.flatnonzero(there[cause.rows].any(axis=1))[container]
    return Together(blasts, there[members].sum(axis=1), cause.unavailability[of], cause.per_year[of])


def sets_of(rows: Ints, twins: Ints, size: int) -> tuple[Ints, Ints, Ints]:
    """Sets of so many in each container, one of those that lose as many of each kind of twins.

    Containers with the same numbers of twins are gone through together.

    Returns:
        (n,) the container of each, (n, size) its elements, and (n,) how many sets it stands for.
    """
    order = np.lexsort((rows, twins[rows]), axis=1)
    rows = np.take_along_axis(rows, order, axis=1)
    kind = np.cumsum(np.diff(twins[rows], axis=1, prepend=twins[rows][:, :1]) != 0, axis=1)
    patterns, of = np.unique(kind, axis=0, return_inverse=True)
    none = np.zeros(0, dtype=np.int64)
    found = [(none, np.zeros((0, size), dtype=np.int64), none)]
    for number, pattern in enumerate(patterns):
        first, many = np.unique(pattern, return_index=True, return_counts=True)[1:]
        counts = _counts(many.tolist(), size)
        begin = first.tolist()
        columns = np.array([[f + i for f, n in zip(begin, row, strict=True) for i in range(n)] for row in counts])
        ways = np.array([np.prod([comb(m, n) for m, n in zip(many.tolist(), row, strict=True)]) for row in counts])
        here = np.flatnonzero(of.ravel() == number)
        sets = rows[here][:, columns].reshape(-1, size)
        found.append((np.repeat(here, len(counts)), sets, np.tile(ways, len(here))))
    container, members, ways = (np.concatenate(column) for column in zip(*found, strict=True))
    return container, members, ways


def _counts(many: list[int], size: int) -> list[tuple[int, ...]]:
    """All ways to take `size` of kinds of which there are so many."""
    found: list[tuple[int, ...]] = [()]
    left = sum(many)
    for most in many:
        left -= most
        found = [
            (*row, n) for row in found for n in range(min(most, size - sum(row)) + 1) if size - sum(row) - n <= left
        ]
    return found


def _taken(net: Net, plan: Order, members: Ints, place: Ints) -> tuple[Ints, Floats]:
    """(sets,) further elements and (3, sets) of loads that each loses: racks, kW and accelerators."""
    value, size = worth(net), len(members)
    elements, lost = np.zeros(size), np.zeros((3, size))
    for begin in range(0, size, plan.batch):
        some = members[begin : begin + plan.batch]
        at = place[begin : begin + plan.batch]
        failed = np.zeros((len(net.alive), len(some)), dtype=bool)
        failed[some.T, np.arange(len(some))] = True
        alive, up = plan.run(failed)
        row, state = np.nonzero(net.alive[:, None] & ~alive)
        own = net.alive[some].sum(axis=1)
        further = np.bincount(state, net.places.ways(net.element_place[row], at[state]), minlength=len(some)) - own
        elements[begin : begin + plan.batch] = further
        row, state = np.nonzero(net.fed[:, None] & ~plan.fed(up))
        times = net.places.ways(net.class_place[row], at[state])
        lost[:, begin : begin + plan.batch] = [
            np.bincount(state, each[row] * times, minlength=len(some)) for each in value
        ]
    return elements.astype(np.int64), lost
