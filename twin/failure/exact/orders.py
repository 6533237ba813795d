"""Orders of variables to try for a decision diagram: which is best nobody knows beforehand."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twin.failure.exact.modules import Region
    from twin.failure.exact.ops import Op

_PASSES = 30


def orders(ops: dict[int, Op], region: Region) -> Iterator[list[int]]:
    """Orders of the variables of a region, most promising first, each once.

    Walks depth first that turn at every gate first to the argument with most parents, to the smallest, to the
    largest, or as it is written; then FORCE (Aloul, Markov and Sakallah, "FORCE: a fast and easy-to-implement
    variable-ordering heuristic", 2003), which pulls together what meets in one gate.
    """
    parents = Counter(abs(one) for gate in region.gates for one in ops[gate].args)
    size: dict[int, int] = dict.fromkeys(region.variables, 1)
    for gate in region.gates:
        size[gate] = sum(size[abs(one)] for one in ops[gate].args)
    inner = set(region.gates)
    keys: tuple[Callable[[int], tuple[int, ...]], ...] = (
        lambda one: (-parents[one], size[one]),
        lambda one: (size[one],),
        lambda one: (one in inner, -parents[one]),
        lambda one: (-size[one],),
        lambda _: (0,),
    )
    walks = [_walk(ops, region, key) for key in keys]
    seen: set[tuple[int, ...]] = set()
    for order in (walks[0], _force(ops, region, walks[0]), *walks[1:], _force(ops, region, walks[1])):
        if tuple(order) not in seen:
            seen.add(tuple(order))
            yield order


def _walk(ops: dict[int, Op], region: Region, key: Callable[[int], tuple[int, ...]]) -> list[int]:
    inner = set(region.gates)
    seen: set[int] = set()
    order: list[int] = []
    pending = list(region.outputs[::-1])
    while pending:
        here = pending.pop()
        if here in seen:
            continue
        seen.add(here)
        if here in inner:
            pending += sorted((abs(one) for one in ops[here].args), key=key)[::-1]
        else:
            order.append(here)
    return order


def _force(ops: dict[int, Op], region: Region, order: list[int]) -> list[int]:
    """Move every variable and gate to the mean place of what it meets, until nothing gets shorter."""
    nodes = [*order, *region.gates]
    links = [(gate, [gate, *(abs(one) for one in ops[gate].args)]) for gate in region.gates]
    place = {one: float(at) for at, one in enumerate(order)}
    for gate in region.gates:
        near = [place[abs(one)] for one in ops[gate].args]
        place[gate] = sum(near) / len(near)
    best, shortest = order, float("inf")
    for _ in range(_PASSES):
        total: dict[int, float] = dict.fromkeys(nodes, 0.0)
        count: dict[int, int] = dict.fromkeys(nodes, 0)
        span = 0.0
        for _, members in links:
            places = [place[one] for one in members]
            centre = sum(places) / len(places)
            span += max(places) - min(places)
            for one in members:
                total[one] += centre
                count[one] += 1
        if span >= shortest:
            break
        shortest = span
        best = sorted(order, key=place.__getitem__)
        ranked = sorted(nodes, key=lambda one: total[one] / max(count[one], 1))
        place = {one: float(at) for at, one in enumerate(ranked)}
    return best
