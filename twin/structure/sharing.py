"""How the live members of a gate share what is asked of it: the only place that knows.

`equal`: in proportion to derated capacity.  Members without a rating take everything, in equal parts,
as long as one of them is live.  `primary`: in the order of `from`, as many supplier groups as it takes
for their live members to carry the load share it, and those after them stand by; where all of them
cannot, all live members share.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.structure.model import TOLERANCE

if TYPE_CHECKING:
    from twin.structure.model import Bools, Floats, Ints


def shares(start: Ints, derated: Floats, rank: Ints, primary: Bools, alive: Bools, load: Floats) -> Floats:
    """The share that each member takes, in many states at once.

    Args:
        start: (gates + 1,), where the members of each gate begin; no gate is without members.
        derated: (members,), capacity in continuous use; infinity where there is no rating.
        rank: (members,), position of the member's supplier group in `from`.
        primary: (gates,), whether the gate shares by rank.
        alive: (members, states), whether the member is in service.
        load: (gates, states), what is asked of the gate.

    Returns:
        (members, states): fractions that sum to 1 over each gate with a live member, else zeros.
    """
    if primary.any():
        last = last_rank(start, derated, rank, primary, alive, load)
        alive = alive & (rank[:, None] <= np.repeat(last, np.diff(start), axis=0))
    return among(start, derated, alive)


def among(start: Ints, derated: Floats, taking: Bools) -> Floats:
    """(members, states): the share of each member among those that take part; `taking` is (members, states)."""
    begin = start[:-1]
    size = np.diff(start)
    endless = np.isinf(derated)
    if not endless.any():
        weight: Floats = taking * derated[:, None]
    else:
        unrated = (taking & endless[:, None]).astype(float)
        any_unrated = np.repeat(np.add.reduceat(unrated, begin, axis=0) > 0, size, axis=0)
        weight = np.where(any_unrated, unrated, taking * np.where(endless, 0.0, derated)[:, None])
    total = np.repeat(np.add.reduceat(weight, begin, axis=0), size, axis=0)
    part: Floats = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return part


def last_rank(start: Ints, derated: Floats, rank: Ints, primary: Bools, alive: Bools, load: Floats) -> Ints:
    """(gates, states): the last rank that takes part; those after it stand by.  Arguments as for `shares`."""
    begin, highest = start[:-1], int(rank.max(initial=0))
    last = np.full(load.shape, highest, dtype=np.int64)
    settled = np.broadcast_to(~primary[:, None], load.shape).copy()
    for step in range(highest):
        mine = alive & (rank <= step)[:, None]
        carried = np.add.reduceat(np.where(mine, derated[:, None], 0.0), begin, axis=0)
        able = ~settled & (carried > 0) & (carried >= load * (1.0 - TOLERANCE))
        settled |= able
        last[able] = step
    return last
