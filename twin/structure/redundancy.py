"""What the words of `redundancy:` promise, in losses that must be survived."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.structure.lump import row_of

if TYPE_CHECKING:
    from twin.structure.model import Bools, Gates, Ints

_SPARES = {"N": 0, "N+1": 1, "N+2": 2, "3N/2": 1, "4N/3": 1}
_HALVES = ("2N", "2(N+1)")


def tolerated(redundancy: str, wired: int) -> int:
    """How many of `wired` suppliers may be lost without losing load.

    N, N+1, N+2 and the distributed forms 3N/2 and 4N/3 name it outright; 2N and 2(N+1) promise that one
    whole side may go, which is half of what is wired and never less: a single supplier has no other side.

    Raises:
        KeyError: not a word of the language; the reader lets none through.
    """
    return -(-wired // 2) if redundancy in _HALVES else _SPARES[redundancy]


def halves(redundancy: str | None) -> bool:
    """Whether a word promises that one whole side may go."""
    return redundancy in _HALVES


def side(gates: Gates, on: Bools) -> Ints:
    """(gates,): how many members one side of each has of those in service.

    It is half of them, rounded up; where several groups are named, each is taken for a side or a part of one,
    and the largest of them counts if that is more, up to half of what is wired.

    Args:
        gates: the gates.
        on: (entries of `gates.members`,), which members are in service.
    """
    of, size = row_of(gates.members), len(gates)
    groups = int(gates.rank.max(initial=0)) + 1
    there = np.bincount((of * groups + gates.rank)[on], minlength=size * groups).reshape(size, groups)
    wired = (np.diff(gates.members.start) + 1) // 2
    found: Ints = np.maximum((there.sum(axis=1) + 1) // 2, np.minimum(wired, there.max(axis=1))).astype(np.int64)
    return found
