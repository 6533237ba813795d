"""Modules of a graph: gates that share nothing with the rest, each solved alone and then a variable of its parent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twin.failure.exact.ops import ATLEAST, Op

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.failure.exact.graph import Graph


@dataclass(frozen=True, slots=True)
class Region:
    """What is solved at once: a module down to its own modules and events.

    Attributes:
        outputs: gates whose value is asked for: the module itself, or all tops where they share parts.
        gates: the gates of the region, each after its arguments.
        variables: events and modules below, in the order of a depth-first walk.
    """

    outputs: tuple[int, ...]
    gates: tuple[int, ...]
    variables: tuple[int, ...]


def regions(graph: Graph, roots: Sequence[int]) -> tuple[dict[int, Op], list[Region]]:
    """Split a graph into regions, each after those that it has as variables.

    Modules are found in linear time by the dates of a depth-first walk: a gate is a module when everything
    below it is first and last met between entering and leaving it (Dutuit and Rauzy, "A linear-time algorithm
    to find modules of fault trees", IEEE Transactions on Reliability 45(3), 1996).  Arguments of one OR or XOR
    that are modules or events of its own are then gathered into a module.

    Args:
        graph: the graph.
        roots: literals that are asked for.

    Returns:
        The gates, those gathered among them, and the regions.
    """
    asked = list(dict.fromkeys(abs(one) for one in roots if abs(one) in graph.ops))
    ops = dict(graph.ops)
    modules = _modules(ops, asked)
    modules |= _gather(ops, asked, modules)
    below = {abs(one) for op in ops.values() for one in op.args}
    tops = [one for one in asked if one not in below]
    found: list[Region] = []
    done: set[int] = set()
    # Tops that share nothing are modules; only where they share are they solved together.
    together = tuple(one for one in tops if one not in modules)
    starts = [(one,) for one in asked if one in modules] + ([together] if together else [])
    pending = [(start, False) for start in starts]
    kept: dict[tuple[int, ...], Region] = {}
    while pending:
        start, ready = pending.pop()
        if start in kept:
            if ready and start[0] not in done:
                done.update(start)
                found.append(kept[start])
            continue
        kept[start] = _region(ops, start, modules)
        pending.append((start, True))
        pending += [((one,), False) for one in kept[start].variables if one in ops]
    wanted = set(asked)
    more = ((region, tuple(gate for gate in region.gates if gate in wanted)) for region in found)
    return ops, [replace(region, outputs=tuple(dict.fromkeys((*region.outputs, *own)))) for region, own in more]


def _region(ops: dict[int, Op], outputs: tuple[int, ...], modules: set[int]) -> Region:
    """Everything below some gates down to modules and events, by a walk depth first."""
    gates: list[int] = []
    variables: list[int] = []
    seen: set[int] = set()
    pending = [(one, False) for one in reversed(outputs)]
    while pending:
        here, left = pending.pop()
        if left:
            gates.append(here)
        elif here not in seen:
            seen.add(here)
            if here in ops and (here in outputs or here not in modules):
                pending.append((here, True))
                pending += [(abs(one), False) for one in reversed(ops[here].args)]
            else:
                variables.append(here)
    return Region(outputs, tuple(gates), tuple(variables))


def _modules(ops: dict[int, Op], asked: Sequence[int]) -> set[int]:
    """The gates that are modules."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    left: dict[int, int] = {}
    order: list[int] = []
    date = 0
    below = {abs(one) for op in ops.values() for one in op.args}
    for top in asked:
        pending = [(top, False)] if top not in below else []
        while pending:
            here, leaving = pending.pop()
            date += 1
            if leaving:
                left[here] = date
                order.append(here)
                continue
            last[here] = date
            if here in first:
                continue
            first[here] = date
            if here in ops:
                pending.append((here, True))
                pending += [(abs(one), False) for one in reversed(ops[here].args)]
    modules: set[int] = set()
    earliest: dict[int, int] = {}
    latest: dict[int, int] = {}
    for here in order:
        args = [abs(one) for one in ops[here].args]
        earliest[here] = min(min(first[one], earliest.get(one, first[one])) for one in args)
        latest[here] = max(max(last[one], latest.get(one, last[one])) for one in args)
        if earliest[here] > first[here] and latest[here] < left[here]:
            modules.add(here)
    return modules


def _gather(ops: dict[int, Op], asked: Sequence[int], modules: set[int]) -> set[int]:
    """Make a module of the private arguments of each OR and XOR that has others too; gives the new modules."""
    uses = Counter(abs(one) for op in ops.values() for one in op.args)
    uses.update(asked)
    made: set[int] = set()
    number = max(ops, default=0) + 1
    order: dict[int, Op] = {}
    for gate, op in ops.items():
        own = [one for one in op.args if uses[abs(one)] == 1 and (abs(one) in modules or abs(one) not in ops)]
        if op.kind != ATLEAST and 1 < len(own) < len(op.args):
            order[number] = Op(op.kind, 1, tuple(own))
            made.add(number)
            gathered = set(own)
            others = [one for one in op.args if one not in gathered]
            order[gate] = Op(op.kind, 1, (*others, number))
            number += 1
        else:
            order[gate] = op
    ops.clear()
    ops.update(order)
    return made
