"""How far a scope can grow, by brute force over every state that must be survived, at the real load.

The recursion of `structure.naive` says what everything carries in one state at one factor on the draw of the
racks of a scope.  While it stays the same who shares what, every load grows with the factor, so a factor that is
fine is fine all the way down to where that changed: a walk from one joining of a standby to the next, with a
bisection in each stretch, finds the first factor at which something that counts is over its limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isinf
from typing import TYPE_CHECKING

from structure.naive import SLACK, Flow, Naive, failures, promised, survivors

from twin.structure.redundancy import tolerated
from twin.topology.attributes import NETWORK_KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from structure.naive import Gate, Node

OVER = 2.5e-9
"""Relative excess that is an overload: wider than the slack by which a standby joins, far inside what tests compare."""

NEAR = 1e-4
"""How much more of a load is asked for to see who carries some of it: so little that no standby joins."""

FAR = 1e9
"""Factor that stands for any growth."""


@dataclass(frozen=True)
class Case:
    """A state that must be survived: what failed, who is live, who was promised to be, and what is carried now."""

    failed: frozenset[Node]
    alive: set[Node]
    safe: set[Node]
    now: dict[Node, float]


def cases(plant: Naive) -> list[Case]:
    """All states, with the present loads."""
    base = plant.connected(set())
    rule = survivors(base)
    found = []
    for failed in failures(plant, base):
        alive = plant.alive(failed, rule)
        safe = promised(plant, base, alive)
        if safe or not failed:
            flow = Flow(plant, alive)
            now = {node: flow.of(node) for node in rated(plant)}
            found.append(Case(frozenset(failed), alive, safe, now))
    return found


def rated(plant: Naive) -> list[Node]:
    """What carries kW."""
    return [node for node in plant.elements() if plant.kind(node) not in NETWORK_KINDS]


class Growth:
    """One state while the draw of the loads inside a scope is multiplied; `skip` is a group that is not looked at."""

    def __init__(
        self, plant: Naive, case: Case, inside: Callable[[Node], bool], *, capped: bool, skip: str = ""
    ) -> None:
        self.plant, self.case, self.inside, self.capped, self.skip = plant, case, inside, capped, skip

    def flow(self, factor: float, taking: dict[Gate, list[Node]] | None = None, *, shed: bool = False) -> Flow:
        safe = self.case.safe if shed else set()

        def scale(node: Node) -> float:
            return 0.0 if node in safe else factor if self.inside(node) else 1.0

        return Flow(self.plant, self.case.alive, scale, taking, capped=self.capped)

    def taking(self, factor: float) -> dict[Gate, list[Node]]:
        flow = self.flow(factor)
        return {gate: flow.takers(gate) for gate in self.plant.consumers}

    def counting(self, taking: dict[Gate, list[Node]]) -> list[Node]:
        """What carries something of the scope and, in a failure, of what was promised to survive it."""
        now, more, less = self.flow(1.0, taking), self.flow(2.0, taking), self.flow(1.0, taking, shed=True)
        return [
            node
            for node in rated(self.plant)
            if node[0] != self.skip
            and more.of(node) > now.of(node) + SLACK
            and (not self.case.failed or less.of(node) < now.of(node) - SLACK)
        ]

    def over(self, factor: float) -> set[Node]:
        """What counts and is over its limit."""
        taking = self.taking(factor)
        return self._over(factor, taking, self.counting(taking))

    def _over(self, factor: float, taking: dict[Gate, list[Node]], counting: list[Node]) -> set[Node]:
        flow = self.flow(factor, taking)
        return {n for n in counting if flow.of(n) > self.plant.limit(n, capped=self.capped) * (1 + OVER)}

    def _same(self, factor: float, taking: dict[Gate, list[Node]]) -> bool:
        """Whether nobody else has joined."""
        flow = self.flow(factor, taking)
        for gate, takers in taking.items():
            live = [member for _, member in gate.members if member in self.case.alive]
            if gate.primary and len(takers) < len(live):
                able = sum(self.plant.derated(member) for member in takers)
                if able < flow.gate(gate) * (1 - SLACK):
                    return False
        return True

    def first_over(self, upto: float) -> float:
        """The first factor at which something that counts is over its limit; infinity where none is by `upto`."""
        low = 0.0
        while True:
            taking = self.taking(low)
            counting = self.counting(taking)

            def fine(factor: float, taking=taking, counting=counting) -> bool:
                return self._same(factor, taking) and not self._over(factor, taking, counting)

            if self._over(low, taking, counting):
                return low
            if fine(upto):
                return inf
            right = min(max(2.0 * low, 1.0), upto)
            while fine(right):
                low, right = right, min(2.0 * right, upto)
            left = low
            while right - left > 1e-12 * right + 1e-15:
                middle = (left + right) / 2
                left, right = (middle, right) if fine(middle) else (left, middle)
            if self._over(right, taking, counting):
                return right
            low = right


def usable(plant: Naive, all_cases: list[Case], inside: Callable[[Node], bool], *, skip: str = "") -> float:
    """The largest factor up to which no state overloads what counts; infinity where none does."""
    least = inf
    if any(node[0] != skip for node in stuck(plant, all_cases, inside)):
        return 0.0
    for growth in _growths(plant, all_cases, inside, skip):
        least = min(least, growth.first_over(FAR if isinf(least) else least))
    return least


def stuck(plant: Naive, all_cases: list[Case], inside: Callable[[Node], bool]) -> dict[Node, list[frozenset[Node]]]:
    """What a scope depends on, carries nothing of it at present and is over its limit, with the states in which it is.

    In a failure it counts where a load of the scope that depends on it was promised to survive.
    """
    base = Growth(plant, all_cases[0], inside, capped=False)
    takers, now, more = base.taking(1.0), base.flow(1.0), base.flow(1.0 + NEAR)
    loads = [n for n in all_cases[0].alive if plant.is_load(n) and plant.on[n] and inside(n)]
    reach = {load: _above(plant, takers, load) for load in loads}
    found: dict[Node, list[frozenset[Node]]] = {}
    above = set().union(*reach.values()) & set(rated(plant))
    idle = {node for node in above if more.of(node) <= now.of(node) + NEAR * SLACK}
    for growth in _growths(plant, all_cases, inside) if idle else ():
        flow, case = growth.flow(1.0), growth.case
        for node in idle & case.alive:
            counts = not case.failed or any(node in reach[load] for load in loads if load in case.safe)
            if counts and flow.of(node) > plant.limit(node, capped=growth.capped) * (1 + OVER):
                found.setdefault(node, []).append(case.failed)
    return found


def _above(plant: Naive, takers: dict[Gate, list[Node]], load: Node) -> set[Node]:
    """All that a load depends on, by who takes part at present."""
    found: set[Node] = set()
    waiting = [load]
    while waiting:
        for gate in plant.inputs.get(waiting.pop(), []):
            new = set(takers[gate]) - found if gate.resource != "network" else set()
            found |= new
            waiting += new
    return found


def unclaimed(plant: Naive) -> set[Node]:
    """Loads in service that depend on too few live suppliers for what is needed or promised to be lost."""
    base = plant.connected(set())

    def broken(gate: Gate) -> bool:
        there = [member for _, member in gate.members if member in base]
        live, losses = len(there), 0 if gate.redundancy is None else tolerated(gate.redundancy, len(gate.members))
        if gate.redundancy in ("2N", "2(N+1)"):
            groups = [sum(member[0] == name for member in there) for name in {member[0] for member in there}]
            losses = max((live + 1) // 2, min(losses, max(groups, default=0)))
        return live < max(gate.need or 1, losses + 1)

    def lacks(node: Node) -> bool:
        gates = [gate for gate in plant.inputs.get(node, []) if gate.resource != "network"]
        return any(broken(gate) or any(lacks(m) for _, m in gate.members if m in base) for gate in gates)

    return {node for node in plant.nodes if plant.is_load(node) and plant.on[node] and lacks(node)}


def fits(plant: Naive, all_cases: list[Case], inside: Callable[[Node], bool], factor: float) -> bool:
    """Whether no state overloads what counts at any factor up to this one."""
    growths = _growths(plant, all_cases, inside)
    return not stuck(plant, all_cases, inside) and all(isinf(growth.first_over(factor)) for growth in growths)


def binders(
    plant: Naive, all_cases: list[Case], inside: Callable[[Node], bool], factor: float
) -> dict[Node, list[frozenset[Node]]]:
    """What is over its limit a little above a factor, with the states in which it is."""
    found = stuck(plant, all_cases, inside)
    for growth in _growths(plant, all_cases, inside):
        for node in growth.over(factor * (1 + 1e-6) + 1e-7):
            found.setdefault(node, []).append(growth.case.failed)
    return found


def worst_at(plant: Naive, all_cases: list[Case], inside: Callable[[Node], bool], factor: float) -> dict[Node, float]:
    """The largest load of everything over all states when a scope has grown, before the last standby joins."""
    flows = [Growth(plant, case, inside, capped=False).flow(factor * (1 - 1e-8)) for case in all_cases]
    return {node: max(flow.of(node) for flow in flows) for node in rated(plant)}


def _growths(plant: Naive, all_cases: list[Case], inside: Callable[[Node], bool], skip: str = "") -> list[Growth]:
    """Every state as provisioned and, where something is oversubscribed, with the loads at their caps."""
    both = any(plant.figure(node, "oversubscription", 1.0) > 1 for node in rated(plant))
    return [Growth(plant, case, inside, capped=capped, skip=skip) for case in all_cases for capped in {False, both}]
