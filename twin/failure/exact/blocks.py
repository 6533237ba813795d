"""One gate over independent inputs in closed form: no diagram, whatever the number of inputs.

A block is a gate whose arguments are all variables, so that they share nothing.  It is turned so that it is
false when nothing is true, as all variables are: OR of inputs, AND or k-of-n of inputs of which some may be
complements, or XOR.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twin.failure.exact.ops import ATLEAST, OR, XOR

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from twin.failure.exact.ops import Op

    Floats = NDArray[np.float64]

AND = "and"


class Block(NamedTuple):
    """At least `k` of the literals (OR: 1, AND: all), or an odd number of them where `kind` is XOR."""

    kind: str
    k: int
    literals: tuple[int, ...]


def block(op: Op, base: Mapping[int, bool], *, inverted: bool) -> Block:
    """The block of a gate whose arguments are variables.

    Args:
        op: the gate.
        base: value of every module when all events are false.
        inverted: whether the gate is true then, so that the block is its complement.
    """
    literals = tuple(-one if base.get(abs(one), False) else one for one in op.args)
    if op.kind == XOR:
        # Each module that is true at the start turns the parity once, and `inverted` turns it back.
        return Block(XOR, 1, tuple(abs(one) for one in literals))
    count = len(literals)
    k = op.k if op.kind == ATLEAST else 1
    if inverted:
        literals, k = tuple(-one for one in literals), count - k + 1
    kind = OR if k == 1 else AND if k == count else ATLEAST
    return Block(kind, k, literals)


def chance(of: Block, values: Sequence[float]) -> float:
    """The probability of a block.

    Args:
        of: the block.
        values: probability of each of its literals.
    """
    p = np.asarray(values, dtype=np.float64)
    if of.kind == AND:
        return float(np.prod(p))
    if of.kind == ATLEAST:
        return float(_reach(p, of.k)[-1, of.k])
    total = 0.0
    for each in values:
        total = total * (1.0 - each) + each * (1.0 - total if of.kind == XOR else 1.0)
    return min(total, 1.0)


def slopes(of: Block, values: Sequence[float]) -> Floats:
    """How fast the probability of a block grows with that of each of its literals; (literals,)."""
    p = np.asarray(values, dtype=np.float64)
    if of.kind == AND:
        return _others(p)
    if of.kind == OR:
        return _others(1.0 - p)
    if of.kind == XOR:
        return _others(1.0 - 2.0 * p)
    # Exactly k - 1 of the others: those before an input and those after it, folded.
    before, after = _exact(p, of.k), _exact(p[::-1], of.k)[::-1]
    found: Floats = np.einsum("ij,ij->i", before[:-1], after[1:, ::-1])
    return found


def _others(factors: Floats) -> Floats:
    """The product of all factors but one, for each; (n,)."""
    before = np.concatenate(([1.0], np.cumprod(factors[:-1])))
    after = np.concatenate((np.cumprod(factors[:0:-1])[::-1], [1.0]))
    return before * after


def _reach(p: Floats, k: int) -> Floats:
    """(2, k + 1): probability that at least j of all inputs are true, in the last row."""
    now = np.zeros(k + 1)
    now[0] = 1.0
    for each in p:
        now[1:] = now[1:] * (1.0 - each) + now[:-1] * each
    return now[None, :]


def _exact(p: Floats, k: int) -> Floats:
    """(n + 1, k): probability that exactly j < k of the first i inputs are true."""
    rows = np.zeros((len(p) + 1, k))
    rows[0, 0] = 1.0
    for i, each in enumerate(p):
        rows[i + 1] = rows[i] * (1.0 - each)
        rows[i + 1, 1:] += rows[i, :-1] * each
    return rows
