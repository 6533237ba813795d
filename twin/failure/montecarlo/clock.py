"""How every part fails and is repaired in time, taken apart from its long-run figures."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.failure.parts import stated_parts
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from twin.failure.parts import Parts
    from twin.structure.model import Bools, Csr, Floats, Ints, Structure


@dataclass(frozen=True, slots=True)
class Clock:
    """The parts of a system as processes in time.  Arrays have one entry a part, hours throughout.

    Attributes:
        members: the elements that each takes down.
        mtbf_h: mean operating time to failure; infinity where it never fails.
        mttr_h: mean time to repair, or length of a planned outage; infinity where it is always there.
        shape: Weibull shape of the time to failure: 1 exponential, infinity always exactly `mtbf_h`.
        repair_cv: coefficient of variation of the time to repair: NaN exponential, 0 always exactly `mttr_h`,
            else lognormal.
        start_failure: probability that a demand finds its members unable to start.
        exclusive: set of planned outages that take turns; -1 for what is not planned.
        pool: repair crews that it waits for; -1 where it never waits.
        crews: of each pool.
        store: store of spares that it takes from; -1 for none.
        spares, lead_h: of each store.
        riding: (parts,), number among `rides`; -1 for what is felt from its beginning.
        rides: for each, hours that are lived through, ascending, and the chance of at most so many.
    """

    members: Csr
    mtbf_h: Floats
    mttr_h: Floats
    shape: Floats
    repair_cv: Floats
    start_failure: Floats
    exclusive: Ints
    pool: Ints
    crews: Ints
    store: Ints
    spares: Ints
    lead_h: Floats
    riding: Ints
    rides: tuple[tuple[Floats, Floats], ...] = ()

    def __len__(self) -> int:
        """How many parts there are."""
        return len(self.mtbf_h)

    @property
    def planned(self) -> Bools:
        """(parts,): which are planned outages."""
        return self.exclusive >= 0

    @property
    def queues(self) -> Bools:
        """(parts,): which may wait for a crew or a spare."""
        return (self.pool >= 0) | (self.store >= 0)


def clock(structure: Structure) -> Clock:
    """The parts of a structure in time.

    Raises:
        RefusedError: parts that cannot be (see `twin.failure.parts`).
    """
    elements, behaviour = structure.elements, structure.elements.behaviour
    none = np.zeros(len(elements))
    failing, of = stated_parts(_with(structure, start_failure=none))
    starting, _ = stated_parts(
        replace(_with(structure), elements=replace(elements, unavailability=none, failures_per_year=none))
    )
    riding = np.full(len(failing), -1)
    riding[of] = np.arange(len(of))
    mtbf, mttr = _means(failing)
    lead = failing.members.values[failing.members.start[:-1]]
    planned = failing.exclusive >= 0
    # infinite means are of parts that are always there, and of those that never are
    pool, crews = _pools(structure)
    store, spares, lead_h = _stores(structure)
    return Clock(
        members=failing.members,
        mtbf_h=mtbf,
        mttr_h=mttr,
        shape=np.where(planned, np.inf, behaviour.failure_shape[lead]),
        repair_cv=np.where(planned, 0.0, behaviour.repair_cv[lead]),
        start_failure=np.where(planned, 0.0, starting.unavailability),
        exclusive=failing.exclusive,
        pool=np.where(planned, -1, pool[lead]),
        crews=crews,
        store=np.where(planned, -1, store[lead]),
        spares=spares,
        lead_h=lead_h,
        riding=riding,
        rides=tuple((ride.after_h, np.cumsum(ride.chance)) for ride in structure.rides),
    )


def _with(structure: Structure, **changed: Floats) -> Structure:
    elements = structure.elements
    return replace(structure, elements=replace(elements, behaviour=replace(elements.behaviour, **changed)))


def _means(parts: Parts) -> tuple[Floats, Floats]:
    """Mean operating time to failure and mean time to repair; a part that is there and never begins is always there."""
    often, down = parts.per_year, parts.unavailability
    fails = often > 0.0
    each = np.divide(HOURS_PER_YEAR, often, out=np.full(len(often), np.inf), where=fails)
    mtbf = np.where(fails, np.where(fails, each, 0.0) * (1.0 - down), np.where(down > 0.0, 0.0, np.inf))
    mttr = np.where(fails, np.where(fails, each, 0.0) * down, np.where(down > 0.0, np.inf, 0.0))
    odd = ~fails & (down > 0.0) & (down < 1.0)
    if odd.any():
        raise RefusedError(
            "failure",
            f"{int(odd.sum())} parts are down for a share of the time and never fail",
            "give them failures a year as well as an unavailability",
        )
    return mtbf, mttr


def _pools(structure: Structure) -> tuple[Ints, Ints]:
    """(elements,) the pool of crews of each, -1 for none, and (pools,) how many there are in it.

    The crews of the nearest container around an element that has any repair it.
    """
    from twin.topology import instances  # noqa: PLC0415 - only where there are crews

    topology, elements = structure.topology, structure.elements
    pool = np.full(len(elements), -1)
    crews: list[Floats] = []
    known: dict[str, tuple[int, Floats]] = {}
    for group in np.unique(elements.group).tolist():
        path = structure.groups[group]
        rows = np.flatnonzero(elements.group == group)
        for holder in reversed(topology.ancestors(path)[:-1]):
            if holder.path not in known:
                given = instances.attribute(topology, holder.path, "repair_crews")
                known[holder.path] = (sum(len(each) for each in crews), given)
                crews.append(given)
            first, given = known[holder.path]
            at = instances.ancestor_locals(topology, path, holder.path, elements.local[rows])
            open_ = (pool[rows] < 0) & ~np.isnan(given[at])
            pool[rows[open_]] = first + at[open_]
    return pool, np.nan_to_num(np.concatenate([np.empty(0), *crews])).astype(np.int64)


def _stores(structure: Structure) -> tuple[Ints, Ints, Floats]:
    """(elements,) the store of each, -1 for none, and (stores,) spares and hours until one is replaced.

    A group has one store, wherever its instances stand.
    """
    elements, behaviour = structure.elements, structure.elements.behaviour
    stated = np.isfinite(behaviour.spares)
    if not stated.any():
        return np.full(len(elements), -1), np.empty(0, dtype=np.int64), np.empty(0)
    groups, store = np.unique(elements.group, return_inverse=True)
    first = np.searchsorted(elements.group[np.argsort(elements.group, kind="stable")], groups)
    lead = np.argsort(elements.group, kind="stable")[first]
    spares = np.where(np.isfinite(behaviour.spares[lead]), behaviour.spares[lead], 0.0).astype(np.int64)
    return np.where(stated, store, -1), spares, behaviour.spare_lead_time_h[lead]
