"""How much each event matters to the top of a solved tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from oxidd.bdd import BDDSubstitution

from twin.errors import RefusedError
from twin.failure.exact.blocks import AND, Block, chance, slopes
from twin.failure.exact.bounds import turned
from twin.failure.exact.chances import downward, upward
from twin.failure.exact.cutsets import hull
from twin.failure.exact.diagram import ExhaustedError
from twin.failure.exact.ops import ATLEAST, OR
from twin.failure.exact.solve import literal_chance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.failure.exact.modules import Region
    from twin.failure.exact.solve import Diagrams, Solution

_CANCELS = 1e-3
"""Share below which what is left with or without an event is worked out anew, as a difference has no digits there."""

_WORK = 1_000_000
"""Nodes times variables of a diagram up to which Fussell-Vesely is worked out."""


class Importance(NamedTuple):
    """Of one event, for a top with probability P and an event with probability p.

    Attributes:
        slope: P(top | event) - P(top | no event): Birnbaum.
        with_it: P(top | event).
        without: P(top | no event).
        cut: probability that a minimal cut set with the event is true; None where that is not known.
    """

    slope: float
    with_it: float
    without: float
    cut: float | None


def importance(solution: Solution) -> dict[int, Importance]:
    """The importance of every event on which the first literal of a solution depends.

    Raises:
        RefusedError: a region has bounds only.
    """
    values = {number: span.low for number, span in solution.chance.items()}
    root = solution.roots[0]
    sign = -1.0 if (root < 0) != solution.base.get(abs(root), False) else 1.0
    top = solution.root(0).low
    slope = {abs(root): sign}
    cut: dict[int, float | None] = {abs(root): 1.0}
    parent: dict[int, int] = {}
    coherent = sign > 0.0 and all(_coherent(solution, region) for region, _ in solution.parts)
    for place in range(len(solution.parts) - 1, -1, -1):
        region, solved = solution.parts[place]
        if solved is None:
            why = "a part of the fault tree has bounds only, within the budget of nodes"
            raise RefusedError("failure", why, "give it more `nodes`")
        (gate,) = region.outputs
        parent |= dict.fromkeys(region.variables, place)
        for one, own in _slopes(solved, gate, values).items():
            slope[one] = slope[gate] * own
        shares = _cuts(solved, gate, values) if coherent and cut[gate] is not None else {}
        for one in region.variables:
            share, above = shares.get(one), cut[gate]
            cut[one] = None if share is None or above is None else above * share
    found: dict[int, Importance] = {}
    for event in (one for one in slope if one not in solution.ops and one != solution.graph.true):
        p, share = values[event], cut[event]
        with_it, without = top + (1.0 - p) * slope[event], top - p * slope[event]
        if with_it < _CANCELS * max(top, -slope[event]):
            with_it = _given(solution, parent, values | {event: 1.0}, event)
        if without < _CANCELS * max(top, slope[event]):
            without = _given(solution, parent, values | {event: 0.0}, event)
        found[event] = Importance(slope[event], with_it, without, None if share is None else share * p)
    return found


def _coherent(solution: Solution, region: Region) -> bool:
    """Whether no complement is left when every gate of a region is turned to be false at the start."""
    base = solution.base
    ops = (turned(solution.ops[gate], base, inverted=base[gate]) for gate in region.gates)
    return all(op.kind in (OR, AND, ATLEAST) and min(op.args) > 0 for op in ops)


def _slopes(solved: Block | Diagrams, gate: int, values: Mapping[int, float]) -> dict[int, float]:
    """How fast the probability of a region grows with that of each of its variables."""
    if isinstance(solved, Block):
        found = slopes(solved, [literal_chance(values, one) for one in solved.literals]).tolist()
        return {abs(one): own if one > 0 else -own for one, own in zip(solved.literals, found, strict=True)}
    ups = upward(solved.flat, values)
    return dict.fromkeys(solved.diagram.order, 0.0) | downward(solved.flat, values, ups, {gate: 1.0})


def _cuts(solved: Block | Diagrams, gate: int, values: Mapping[int, float]) -> dict[int, float]:
    """Probability that the rest of a minimal cut set with each variable is true; empty where that is too much work.

    The minimal cut sets of a coherent f that hold v are, without v, the least solutions of f(v true) that are
    none of f(v false); one of them is true where the least coherent function above the difference is.
    """
    if isinstance(solved, Block):
        if solved.kind == OR:
            return dict.fromkeys(solved.literals, 1.0)
        return {one: _rest(solved, one, values) for one in solved.literals}
    diagram, function = solved.diagram, solved.functions[gate]
    if len(solved.flat.variable) * len(diagram.order) > _WORK:
        return {}
    found: dict[int, float] = {}
    try:
        for place, variable in enumerate(diagram.order):
            high, low = (
                diagram.within(function.substitute, BDDSubstitution([(place, end)]))
                for end in (diagram.true, diagram.false)
            )
            rest = hull(diagram, diagram.within(low.imp_strict, high))
            flat = diagram.flat({0: rest})
            found[variable] = upward(flat, values)[flat.outputs[0]]
    except ExhaustedError:
        return {}
    return found


def _rest(of: Block, one: int, values: Mapping[int, float]) -> float:
    """Probability that enough others are true for `one` to be in a minimal cut set that is."""
    others = tuple(other for other in of.literals if other != one)
    return chance(Block(of.kind, of.k - 1, others), [values[other] for other in others])


def _given(solution: Solution, parent: Mapping[int, int], changed: dict[int, float], event: int) -> float:
    """P(top) with another probability of one event, worked out region by region."""
    here = event
    while here in parent:
        region, solved = solution.parts[parent[here]]
        (here,) = region.outputs
        if isinstance(solved, Block):
            changed[here] = chance(solved, [literal_chance(changed, one) for one in solved.literals])
        elif solved is not None:
            changed[here] = upward(solved.flat, changed)[solved.flat.outputs[here]]
    root = solution.roots[0]
    complement = (root < 0) != solution.base.get(abs(root), False)
    return 1.0 - changed[abs(root)] if complement else changed[abs(root)]
