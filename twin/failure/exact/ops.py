"""What a gate of the graph is: kinds over literals, which are numbers, negative for a complement."""

from __future__ import annotations

from typing import NamedTuple

OR, ATLEAST, XOR = "or", "atleast", "xor"


class Op(NamedTuple):
    """One gate of the graph: `kind` of `args` (sorted literals), at least `k` of them for ATLEAST."""

    kind: str
    k: int
    args: tuple[int, ...]
