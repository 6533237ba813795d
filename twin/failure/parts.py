"""What can be wrong, independently of each other: own failures, common causes, planned outages.

Every engine of failure reads the parts here, so that no two can disagree on what a common cause or a
planned outage is.  The first parts are the own failures of the elements, one each, in their order.

- An own failure has the unavailability and frequency of the element, less what common causes take of
  it.  Not starting on demand is part of it: a probability that lasts as long as the demand, so that it
  adds to the unavailability and not to the failures a year.
- A common cause takes down several elements of one group in one container at once: all subsets of a size
  by equal shares.  Repair takes as long as that of one.
- Planned outages of a group in one container take turns: no two are ever out at the same time.  In the
  long run one is out for `maintenance_duration / maintenance_interval` of the time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure import factors as stated
from twin.failure.ride import felt
from twin.structure.gates import joined
from twin.structure.lump import row_of
from twin.structure.model import Csr
from twin.topology import failing
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.structure.model import Bools, Floats, Ints, Structure


@dataclass(frozen=True, slots=True)
class Parts:
    """Independent parts; the first ones are the own failures of the elements, in their order.

    Attributes:
        members: the elements that each takes down.
        unavailability: (parts,), long-run probability that it is there.
        per_year: (parts,), how many times a year it begins.
        exclusive: (parts,), the set that it belongs to, of which at most one is there at a time; -1 for none.
            Parts of one set stand together.
    """

    members: Csr
    unavailability: Floats
    per_year: Floats
    exclusive: Ints

    def __len__(self) -> int:
        """How many there are."""
        return len(self.unavailability)

    def happens(self) -> Bools:
        """(parts,): which are ever there."""
        there: Bools = (self.unavailability > 0.0) | (self.per_year > 0.0)
        return there

    def shared(self, size: int) -> Csr:
        """For each of `size` elements, the parts beyond its own failure that take it down."""
        part, element = row_of(self.members), self.members.values
        beyond = (part >= size) & self.happens()[part]
        part, element = part[beyond], element[beyond]
        order = np.argsort(element, kind="stable")
        start = np.searchsorted(element[order], np.arange(size + 1)).astype(np.int64)
        return Csr(start, part[order])


@dataclass(slots=True)
class _Made:
    """Parts collected set by set: (sets, in one) members, with figures of each."""

    members: list[Ints]
    unavailability: list[Floats]
    per_year: list[Floats]
    exclusive: list[Ints]

    def add(self, members: Ints, measure: tuple[Floats, Floats], exclusive: Ints) -> None:
        """(parts, size of one) members, (parts,) figures."""
        self.members += [members]
        self.unavailability += [measure[0]]
        self.per_year += [measure[1]]
        self.exclusive += [exclusive]


@dataclass(frozen=True, slots=True)
class Common:
    """The common causes of one size in the containers of one group: any so many of one container fail together.

    Attributes:
        rows: (containers, instances in one), elements.
        size: how many one event takes down.
        share: of an instance's failures that the event of one particular set is.
        unavailability, per_year: (containers,), of one event; starts left out.
    """

    rows: Ints
    size: int
    share: float
    unavailability: Floats
    per_year: Floats


def parts(structure: Structure) -> Parts:
    """The independent parts of a structure, outages of a grid that are lived through taken off.

    Raises:
        RefusedError: as `stated_parts`.
    """
    found, of = stated_parts(structure)
    down, often = felt(structure, found.unavailability, found.per_year, of)
    return replace(found, unavailability=down, per_year=often)


def stated_parts(structure: Structure) -> tuple[Parts, Ints]:
    """The independent parts of a structure as stated, and for each of its `rides` the part that it is.

    Raises:
        RefusedError: common causes or planned outages that a file may not state (`twin.topology.failing`).
    """
    elements, behaviour = structure.elements, structure.elements.behaviour
    size = len(elements)
    made = _Made([], [], [], [])
    causes, share = common_causes(structure)
    for cause in causes:
        _common(structure, cause, made)
    for _, rows in _sets(structure):
        if (behaviour.maintenance_per_year[rows[:, 0]] > 0.0).any():
            _planned(structure, rows, made)
    own = _either(
        _shared_out(elements.unavailability, elements.failures_per_year, share), behaviour.start_failure * share
    )
    of = _rides(structure, own, made)
    lists = [np.arange(size)[:, None], *made.members]
    widths = np.concatenate([np.full(len(part), part.shape[1]) for part in lists])
    found = Parts(
        members=Csr(np.concatenate([[0], np.cumsum(widths)]).astype(np.int64), joined([p.ravel() for p in lists])),
        unavailability=np.concatenate([own[0], *made.unavailability]),
        per_year=np.concatenate([own[1], *made.per_year]),
        exclusive=joined([np.full(size, -1), *made.exclusive]),
    )
    return found, of


def _rides(structure: Structure, own: tuple[Floats, Floats], made: _Made) -> Ints:
    """The part that each grid's outage is; one of its own where it takes down generating sets with it."""
    size = len(structure.elements)
    of = np.array([ride.element for ride in structure.rides], dtype=np.int64)
    for number, ride in enumerate(structure.rides):
        if not len(ride.with_it):
            continue
        of[number] = size + sum(len(part) for part in made.members)
        members = np.concatenate([[ride.element], ride.with_it])[None]
        measure = own[0][[ride.element]].copy(), own[1][[ride.element]].copy()
        made.add(members, measure, np.full(1, -1))
        own[0][ride.element] = own[1][ride.element] = 0.0
    return of


def common_causes(structure: Structure) -> tuple[list[Common], Floats]:
    """The common causes of all groups, by group and size, and (elements,) the share of failures that each has alone.

    Raises:
        RefusedError: as `parts`.
    """
    elements, behaviour = structure.elements, structure.elements.behaviour
    own_share, found = np.ones(len(elements)), []
    for path, rows in _sets(structure):
        _refuse(structure, path, rows)
        lead, count = rows[:, 0], rows.shape[1]
        factors = stated.Factors(behaviour.greek[lead[0]], behaviour.alpha[lead[0]])
        if not factors.given or count == 1:
            continue
        shares = stated.shares(factors, count)
        own_share[rows.ravel()] = shares[0]
        q, w = elements.unavailability[lead], elements.failures_per_year[lead]
        for size in range(2, count + 1):
            share = float(shares[size - 1])
            if share > 0.0:
                found.append(Common(rows, size, share, *_shared_out(q, w, np.full(len(lead), share))))
    return found, own_share


def alone(structure: Structure, share: Floats) -> tuple[Floats, Floats]:
    """(elements,) unavailability and failures a year of what each fails by itself; starts left out.

    Args:
        structure: the structure.
        share: of its failures, as `common_causes` gives it.
    """
    return _shared_out(structure.elements.unavailability, structure.elements.failures_per_year, share)


def _sets(structure: Structure) -> Iterator[tuple[str, Ints]]:
    """Groups with common causes or planned outages: (containers, instances in one) element numbers of each."""
    behaviour = structure.elements.behaviour
    stated = (
        ~np.isnan(behaviour.greek).all(axis=1)
        | ~np.isnan(behaviour.alpha).all(axis=1)
        | (behaviour.maintenance_per_year > 0.0)
        | (behaviour.maintenance_h > 0.0)
    )
    group = structure.elements.group
    for number in np.unique(group[stated]).tolist():
        path = structure.groups[number]
        rows = np.flatnonzero(group == number)
        yield path, rows.reshape(-1, structure.topology.groups[path].count)


def _common(structure: Structure, cause: Common, made: _Made) -> None:
    """One part for each set of instances of each container."""
    chosen = np.array(list(combinations(range(cause.rows.shape[1]), cause.size)), dtype=np.int64)
    members = cause.rows[:, chosen].reshape(-1, cause.size)
    measure = np.repeat(cause.unavailability, len(chosen)), np.repeat(cause.per_year, len(chosen))
    start = structure.elements.behaviour.start_failure[members[:, 0]] * cause.share
    made.add(members, _either(measure, start), np.full(len(members), -1))


def _planned(structure: Structure, rows: Ints, made: _Made) -> None:
    behaviour = structure.elements.behaviour
    per_year, hours = behaviour.maintenance_per_year[rows], behaviour.maintenance_h[rows]
    share = per_year * hours / HOURS_PER_YEAR
    before = max((int(sets.max(initial=-1)) for sets in made.exclusive), default=-1)
    sets = np.repeat(np.arange(len(rows)), rows.shape[1]) + before + 1
    made.add(rows.reshape(-1, 1), (share.ravel(), per_year.ravel()), sets)


def _refuse(structure: Structure, path: str, rows: Ints) -> None:
    """Refuse what a file may not state either."""
    elements, behaviour = structure.elements, structure.elements.behaviour
    per_year, long, start = behaviour.maintenance_per_year, behaviour.maintenance_h, behaviour.start_failure
    every = np.divide(HOURS_PER_YEAR, per_year, out=np.full(len(per_year), np.nan), where=per_year > 0.0)
    said = {
        **dict(zip(failing.GREEK, behaviour.greek.T, strict=True)),
        **dict(zip(failing.ALPHA, behaviour.alpha.T, strict=True)),
        "maintenance_interval": every,
        "maintenance_duration": np.where(long > 0.0, long, np.nan),
        "start_failure": start,
    }
    own = [elements.unavailability[rows], elements.failures_per_year[rows]]
    for fault in failing.faults(path, {name: values[rows] for name, values in said.items()}, own):
        raise RefusedError("failure", fault.message, fault.expected)


def _shared_out(unavailability: Floats, per_year: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Unavailability and failures a year of what has a share of a failure rate, and the same time to repair."""
    odds = np.divide(unavailability, 1.0 - unavailability, out=np.full(len(share), np.inf), where=unavailability < 1.0)
    rate = np.divide(per_year, 1.0 - unavailability, out=np.zeros(len(share)), where=unavailability < 1.0)
    up = 1.0 / (1.0 + share * odds)
    whole = share == 1.0
    return np.where(whole, unavailability, 1.0 - up), np.where(whole, per_year, share * rate * up)


def _either(fails: tuple[Floats, Floats], start: Floats) -> tuple[Floats, Floats]:
    """Down by failure or for not having started."""
    unavailability, per_year = fails
    return unavailability + start * (1.0 - unavailability), per_year * (1.0 - start)
