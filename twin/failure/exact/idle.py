"""Arguments that have no say: a gate above, through which all their effect goes, is decided by them already.

Where an OR has the literal x, nothing below that acts through this OR alone matters when x is true, so x may
count as false there.  AND is the complement of an OR of complements, so the same holds for it.  In trees of
people that is what turns many shared events into events of one place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.failure.exact.ops import OR, Op

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_NOWHERE = 0
"""The dominator of what has none."""


def idle(ops: Mapping[int, Op], roots: Sequence[int]) -> dict[tuple[int, int], bool]:
    """Arguments that can be replaced by a constant.

    Args:
        ops: the gates, each after its arguments.
        roots: the literals asked for.

    Returns:
        (gate, argument without its sign) -> the value to put there.
    """
    above = _dominators(ops, roots)
    parents: dict[int, int] = {}
    for gate in above:
        for one in ops[gate].args:
            parents[abs(one)] = parents.get(abs(one), 0) + 1
    below: dict[int, list[int]] = {}
    for gate, higher in above.items():
        below.setdefault(higher, []).append(gate)
    found: dict[tuple[int, int], bool] = {}
    # A walk down the dominators, with the literals of the ORs on the way; the highest decides.
    decided: dict[int, bool] = {}
    pending = [(gate, False) for gate in below.get(_NOWHERE, ())]
    entered: dict[int, list[int]] = {}
    while pending:
        gate, left = pending.pop()
        if left:
            for one in entered.pop(gate):
                del decided[one]
            continue
        for one in ops[gate].args:
            if parents[abs(one)] > 1 and abs(one) in decided:
                found[gate, abs(one)] = not decided[abs(one)]
        own = [one for one in ops[gate].args if ops[gate].kind == OR and abs(one) not in decided]
        decided.update((abs(one), one > 0) for one in own)
        entered[gate] = [abs(one) for one in own]
        pending.append((gate, True))
        pending += [(one, False) for one in below.get(gate, ())]
    return found


def _dominators(ops: Mapping[int, Op], roots: Sequence[int]) -> dict[int, int]:
    """The nearest gate through which every way from a root to each gate goes (Cooper, Harvey and Kennedy, 2001)."""
    above: dict[int, int] = {abs(root): _NOWHERE for root in roots if abs(root) in ops}
    depth: dict[int, int] = {_NOWHERE: 0} | dict.fromkeys(above, 1)
    fixed = set(above)
    # Parents come after their arguments, so that backwards every parent is settled before what it uses.
    for gate in reversed(tuple(ops)):
        if gate not in above:
            continue
        depth[gate] = depth[above[gate]] + 1
        below = [abs(arg) for arg in ops[gate].args if abs(arg) in ops and abs(arg) not in fixed]
        for one in below:
            above[one] = gate if one not in above else _meet(above, depth, above[one], gate)
    return above


def _meet(above: Mapping[int, int], depth: Mapping[int, int], one: int, other: int) -> int:
    """The nearest gate on both ways up."""
    while one != other:
        if depth[one] < depth[other]:
            other = above[other]
        else:
            one = above[one]
    return one
