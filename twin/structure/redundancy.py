"""What the words of `redundancy:` promise, in losses that must be survived."""

from __future__ import annotations

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
