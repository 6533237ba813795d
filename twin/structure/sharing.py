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
    begin = start[:-1]
    size = np.diff(start)
    if primary.any():
        alive = _first_able(start, derated, rank, primary, alive, load)
    endless = np.isinf(derated)
    if not endless.any():
        weight: Floats = alive * derated[:, None]
    else:
        unrated = (alive & endless[:, None]).astype(float)
        any_unrated = np.repeat(np.add.reduceat(unrated, begin, axis=0) > 0, size, axis=0)
        weight = np.where(any_unrated, unrated, alive * np.where(endless, 0.0, derated)[:, None])
    total = np.repeat(np.add.reduceat(weight, begin, axis=0), size, axis=0)
    part: Floats = np.divide(weight, total, out=np.zeros_like(weight), where=total > 0)
    return part


def _first_able(start: Ints, derated: Floats, rank: Ints, primary: Bools, alive: Bools, load: Floats) -> Bools:
    """`alive` without the members that stand by."""
    begin, size = start[:-1], np.diff(start)
    settled = np.zeros(load.shape, dtype=bool)
    taking = alive.copy()
    for step in range(int(rank.max()) + 1):
        mine = alive & (rank <= step)[:, None]
        carried = np.add.reduceat(np.where(mine, derated[:, None], 0.0), begin, axis=0)
        able = primary[:, None] & ~settled & (carried > 0) & (carried >= load * (1.0 - TOLERANCE))
        settled |= able
        taking = np.where(np.repeat(able, size, axis=0), mine, taking)
    return taking
