"""What a history may show that none has shown: how long an outage can last, from the parts that can end supply.

Histories that meet frequent short outages say nothing of rare long ones, so that their spread is not how sure
they are.  The number of outages of a cause in a time is taken as Poisson, so the time that they take has a
variance of E[X^2] / E[X] times its mean, with X the length of one.  Over several causes that ratio is at most
the largest of theirs.  An outage lasts until one part of those that are down is back, so the ratio of no cause
is above that of the parts' repairs: `mttr (1 + cv^2)`, twice the mean for an exponential repair.  With it as
the most that one history may add, the interval of `twin.failure.montecarlo.estimate` holds what was not seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.failure.montecarlo.effects import spread
from twin.structure.lump import row_of

if TYPE_CHECKING:
    from twin.failure.montecarlo.clock import Clock
    from twin.structure.model import Csr, Floats, Snapshot


def lasting_h(snapshot: Snapshot, clock: Clock) -> Floats:
    """(scopes,): E[X^2] / E[X] of the length X of an outage, in hours, at the most over all its causes.

    Args:
        snapshot: the structure in one month.
        clock: how its parts fail.
    """
    structure = snapshot.structure
    elements, gates, classes = structure.elements, structure.gates, structure.classes
    which, element = spread(clock.members, np.arange(len(clock)))
    repaired = np.zeros(len(elements))
    np.maximum.at(repaired, element, repair_h(clock)[which])
    repaired[~snapshot.element_on] = 0.0
    start = np.where(snapshot.element_on, elements.behaviour.start_time_h, 0.0)
    below, at_gate = repaired + start, np.zeros(len(gates))
    while True:
        found = _longest(gates.members, below)
        for gate, cuts in snapshot.cuts.items():
            found[gate] = max(found[gate], *(below[list(cut)].max(initial=0.0) for cut in cuts), 0.0)
        if (found == at_gate).all():
            break
        at_gate = found
        below = np.maximum(repaired, _longest(elements.gates, at_gate)) + start
    longest = np.where(snapshot.class_on, _longest(classes.gates, at_gate), 0.0)
    scopes = np.zeros(len(structure.scopes))
    np.maximum.at(scopes, classes.scope, longest)
    for index in range(len(scopes) - 1, -1, -1):
        parent = structure.scopes[index].parent
        if parent >= 0:
            scopes[parent] = max(scopes[parent], scopes[index])
    return scopes


def repair_h(clock: Clock) -> Floats:
    """(parts,): E[X^2] / E[X] of the time X for which a part is down, at the most; 0 for one that does not come back.

    Where it waits for a spare or a crew, the lead time and one repair of another are added: that of a sum is at
    most the sum of theirs.
    """
    comes_back = np.isfinite(clock.mttr_h)
    mean = np.where(comes_back, clock.mttr_h, 0.0)
    found: Floats = mean * (1.0 + np.where(np.isnan(clock.repair_cv), 1.0, clock.repair_cv) ** 2)
    stored = np.flatnonzero((clock.store >= 0) & comes_back)
    waits = np.zeros(len(clock))
    waits[stored] = np.nan_to_num(clock.lead_h[clock.store[stored]])
    pooled = np.flatnonzero((clock.pool >= 0) & comes_back)
    longest = np.zeros(len(clock.crews))
    np.maximum.at(longest, clock.pool[pooled], found[pooled])
    waits[pooled] += longest[clock.pool[pooled]]
    return found + waits


def _longest(lists: Csr, values: Floats) -> Floats:
    """The largest value of each list; 0 of an empty one."""
    found = np.zeros(len(lists.start) - 1)
    np.maximum.at(found, row_of(lists), values[lists.values])
    return found
