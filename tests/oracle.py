"""Brute force over all states of a small structure: the oracle for every engine built on it.

Deliberately naive and sharing no code with the package: recursion over plain lists, one state at a
time, every state enumerated.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.structure.model import Csr, Snapshot

TOLERANCE = 1e-9


def row(lists: Csr, index: int) -> list[int]:
    """One row as plain numbers."""
    return [int(n) for n in lists.values[int(lists.start[index]) : int(lists.start[index + 1])]]


class Oracle:
    """One failure state of a snapshot: asks recursively who is live and who is fed."""

    def __init__(self, snapshot: Snapshot, failed: set[int]) -> None:
        """`failed`: numbers of the elements that do not work themselves."""
        self.snapshot = snapshot
        self.failed = failed

    def gate_up(self, gate: int) -> bool:
        """Whether enough of a gate's members are live."""
        gates = self.snapshot.structure.gates
        first = int(gates.members.start[gate])
        total = 0.0
        for position, element in enumerate(row(gates.members, gate)):
            if self.live(element):
                total += float(self.snapshot.weight[first + position])
        cuts = self.snapshot.cuts.get(gate, ())
        if any(not any(self.live(element) for element in cut) for cut in cuts):
            return False
        return total >= float(self.snapshot.threshold[gate]) * (1 - TOLERANCE)

    def live(self, element: int) -> bool:
        """Whether an element works and is supplied."""
        if not self.snapshot.element_on[element] or element in self.failed:
            return False
        return all(self.gate_up(gate) for gate in row(self.snapshot.structure.elements.gates, element))

    def fed(self, index: int) -> bool:
        """Whether the loads of a class are supplied."""
        if not self.snapshot.class_on[index]:
            return False
        return all(self.gate_up(gate) for gate in row(self.snapshot.structure.classes.gates, index))


def states(snapshot: Snapshot) -> Iterator[tuple[set[int], float]]:
    """Every set of failed elements among the energised ones, with its long-run probability."""
    elements = snapshot.structure.elements
    on = [e for e in range(len(elements)) if snapshot.element_on[e]]
    for bits in product((False, True), repeat=len(on)):
        probability = 1.0
        for element, down in zip(on, bits, strict=True):
            p = float(elements.unavailability[element])
            probability *= p if down else 1.0 - p
        yield {element for element, down in zip(on, bits, strict=True) if down}, probability


def measure(snapshot: Snapshot, classes: list[int]) -> tuple[float, float]:
    """Probability that some of the classes is not fed, and how often a year that begins.

    The frequency is the sum, over the states in which all are fed and every single failure that ends
    that, of the probability of the state and the rate of the failure, `failures a year / (1 - p)`: the
    rate at which a working part fails.  A part that is always down never fails.
    """
    elements = snapshot.structure.elements
    on = [e for e in range(len(elements)) if snapshot.element_on[e]]
    fed = {frozenset(failed): all(Oracle(snapshot, failed).fed(c) for c in classes) for failed, _ in states(snapshot)}
    down, often = Fraction(0), Fraction(0)
    for failed, probability in states(snapshot):
        if not fed[frozenset(failed)]:
            down += Fraction(probability)
            continue
        for element in on:
            p = float(elements.unavailability[element])
            if element not in failed and p < 1 and not fed[frozenset({*failed, element})]:
                rate = Fraction(float(elements.failures_per_year[element])) / Fraction(1.0 - p)
                often += Fraction(probability) * rate
    return float(down), float(often)
