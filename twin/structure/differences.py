"""What tells the instances of a container apart: own dates, what overlays and side tables set inside, and wiring.

Two instances of one container group inside the same parent can be exchanged for each other when
nothing here differs between them; see `twin.structure.symmetry`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from math import comb, prod
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.lump import number, number_lists

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.structure.model import Ints
    from twin.topology.model import Dependency, Group, Override, Topology

    Sparse = tuple[Ints, Ints]


@dataclass(frozen=True, slots=True)
class Turn:
    """A dependency dealt over suppliers outside a container: which combination its first consumer takes.

    Attributes:
        step: consumers in one instance of the container.
        round: consumers in the scope through which the turn is counted.
        combinations: combinations that are dealt.
    """

    step: int
    round: int
    combinations: int

    def of(self, locals_: Ints) -> Ints:
        """The combination at which some instances of the container begin; all else follows from it."""
        return locals_ * self.step % self.round % self.combinations


@dataclass(frozen=True, slots=True)
class Differences:
    """What may differ between instances, by path of a container group.

    Attributes:
        contents: numbers of the instances in which something is set that is not set in others, ascending,
            and a number from 1 for what is set: equal numbers, equal contents.  All others have 0.
        turns: dealt dependencies on suppliers outside.
        entered: groups in which somebody outside takes from something inside, so that no two are alike.
    """

    contents: Mapping[str, Sparse]
    turns: Mapping[str, list[Turn]]
    entered: frozenset[str]

    def columns(self, group: Group, locals_: Ints) -> list[Ints]:
        """For some instances of a container group, columns that are equal where the instances are alike.

        No columns mean that all are alike.
        """
        found = [
            np.array(months, dtype=np.int64)[locals_ % group.count]
            for months in (group.energised, group.retired)
            if len(set(months)) > 1
        ]
        odd, code = self.contents[group.path]
        if len(odd):
            at = np.minimum(np.searchsorted(odd, locals_), len(odd) - 1)
            found.append(np.where(odd[at] == locals_, code[at], 0))
        return found + [turn.of(locals_) for turn in self.turns.get(group.path, [])]


def differences(topology: Topology) -> Differences:
    """What may differ between the instances of the containers of a topology."""
    turns: dict[str, list[Turn]] = defaultdict(list)
    entered: set[str] = set()
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            for supplier in dependency.suppliers:
                entered.update(_between(topology, supplier.group, supplier.scope))
            for container, turn in _turns(topology, path, dependency):
                turns[container].append(turn)
    return Differences(_contents(topology), turns, frozenset(entered))


def _between(topology: Topology, group: str, scope: str) -> list[str]:
    """The containers around a group that lie inside a scope that holds it."""
    chain = [holder.path for holder in topology.ancestors(group)[:-1]]
    return chain[chain.index(scope) + 1 :] if scope in chain else chain


def _turns(topology: Topology, consumer: str, dependency: Dependency) -> Iterator[tuple[str, Turn]]:
    """Each container around a consumer whose place decides which suppliers outside it takes from."""
    combinations = _combinations(topology, consumer, dependency)
    if combinations == 1:
        return
    widest = max((supplier.scope for supplier in dependency.suppliers), key=lambda scope: topology.per(consumer, scope))
    around = topology.per(consumer, widest)
    for container in _between(topology, consumer, widest):
        step = topology.per(consumer, container)
        if step % combinations:
            yield container, Turn(step, around, combinations)


def _combinations(topology: Topology, consumer: str, dependency: Dependency) -> int:
    """How many combinations of suppliers are dealt; see `twin.topology.wiring`."""
    sizes = [
        topology.per(supplier.group, supplier.scope) if supplier.offsets is None else len(supplier.offsets)
        for supplier in dependency.suppliers
    ]
    picks = [supplier.pick for supplier in dependency.suppliers]
    if all(pick is None for pick in picks):
        sizes, picks = [sum(sizes)], [dependency.pick]
    ways = prod(comb(size, size if pick is None else pick) for size, pick in zip(sizes, picks, strict=True))
    turn = max(topology.per(consumer, supplier.scope) for supplier in dependency.suppliers)
    return min(ways, turn, dependency.planes or turn)


def _contents(topology: Topology) -> dict[str, Sparse]:
    """For every group, the instances that are set apart by something in them; from the inside out."""
    columns: dict[str, list[Sparse]] = defaultdict(list)
    for path, sets in _by_attribute(topology).items():
        columns[path] += [_set_by(overrides) for overrides in sets]
    found: dict[str, Sparse] = {}
    for path in reversed(list(topology.groups)):
        group = topology.groups[path]
        if group.rows is not None and group.total > 1:
            ranks = [column.rank("dense").fill_null(0).cast(int).to_numpy() for column in group.rows.get_columns()]
            columns[path].append((np.arange(group.total), number(ranks, group.total) + 1))
        found[path] = _together(columns[path])
        odd, code = found[path]
        if len(odd) and group.parent is not None:
            holders = np.unique(odd // group.count)
            entries = odd % group.count * (int(code.max()) + 1) + code
            columns[group.parent].append(
                (holders, number_lists(len(holders), np.searchsorted(holders, odd // group.count), entries) + 1)
            )
    return found


def _by_attribute(topology: Topology) -> dict[str, list[list[Override]]]:
    """Overlays by group, and for each group by attribute, in the order applied."""
    sets: dict[str, dict[str, list[Override]]] = defaultdict(lambda: defaultdict(list))
    for override in topology.overrides:
        sets[override.group][override.attribute].append(override)
    return {path: list(by_name.values()) for path, by_name in sets.items()}


def _set_by(overrides: list[Override]) -> Sparse:
    """What overlays of one attribute set: the instances, and a number from 1 for the value."""
    locals_ = [np.array(override.locals, dtype=np.int64) for override in overrides]
    odd = np.unique(np.concatenate(locals_))
    code = np.zeros(len(odd), dtype=np.int64)
    known: dict[float | str, int] = {}
    for override, chosen in zip(overrides, locals_, strict=True):
        code[np.searchsorted(odd, chosen)] = known.setdefault(override.value.value, len(known) + 1)
    return odd, code


def _together(columns: list[Sparse]) -> Sparse:
    """Several things that set instances apart, as one."""
    if not columns:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    odd = np.unique(np.concatenate([locals_ for locals_, _ in columns]))
    spread = []
    for locals_, code in columns:
        here = np.zeros(len(odd), dtype=np.int64)
        here[np.searchsorted(odd, locals_)] = code
        spread.append(here)
    return odd, number(spread, len(odd)) + 1
