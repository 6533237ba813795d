"""The gates of a structure while it is compiled: wired by `twin.topology.wiring`, equal ones kept once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.structure.model import AIR, LIQUID, NETWORK, POWER, Csr, Gates
from twin.structure.redundancy import tolerated
from twin.topology.attributes import AIR_KINDS
from twin.topology.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.structure.kept import Kept
    from twin.structure.model import Ints
    from twin.topology.model import Dependency, Topology


class GateTable:
    """Gates found so far, equal ones once."""

    def __init__(self, topology: Topology) -> None:
        """Start without gates."""
        self.topology = topology
        self.dependencies: list[tuple[str, Dependency]] = []
        self.known: dict[tuple[object, ...], int] = {}
        self.members: list[Ints] = []
        self.ranks: list[Ints] = []
        self.rows: list[tuple[int, int, int, int, bool]] = []
        self.counts: list[int] = []

    def of(self, consumer: str, dependency: Dependency, kept: Mapping[str, Kept], first: dict[str, int]) -> Ints:
        """The gate of every kept instance of a consumer.

        Args:
            consumer: path of its group.
            dependency: one of its dependencies.
            kept: the instances kept of the consumer and of its suppliers.
            first: the number of each supplier group's first element.
        """
        wiring = wire(self.topology, consumer, dependency)
        gate = wiring.gate_of(kept[consumer].local)
        used, place = _distinct(gate, wiring.n_gates)
        rank, local = wiring.gate_members(used)
        members, count = np.empty_like(local), np.empty_like(local)
        for index, pool in enumerate(wiring.pools):
            here = rank == index
            position = kept[pool.group].position(local[here])
            members[here] = first[pool.group] + position
            count[here] = kept[pool.group].count[position]
        resource = resource_of(self.topology, dependency)
        need = -1 if dependency.need is None else dependency.need
        primary = dependency.share == "primary"
        row = (resource, len(self.dependencies), need, _tolerance(dependency, wiring.k), primary)
        key: tuple[object, ...] = (resource, need, row[3], primary, dependency.redundancy)
        if resource == NETWORK:
            key += (dependency.lanes, dependency.lane_gbps)
        self.dependencies.append((consumer, dependency))
        return np.array(self._shared(key, row, members, rank, count.max(axis=1)), dtype=np.int64)[place]

    def done(self) -> Gates:
        """All gates as arrays."""
        table = np.array([tuple(map(int, row)) for row in self.rows], dtype=np.int64).reshape(-1, 5)
        return Gates(
            resource=table[:, 0],
            dependency=table[:, 1],
            members=_lists(self.members),
            rank=joined(self.ranks),
            need=table[:, 2],
            tolerance=table[:, 3],
            primary=table[:, 4].astype(bool),
            count=np.array(self.counts, dtype=np.int64),
        )

    def _shared(
        self, key: tuple[object, ...], row: tuple[int, int, int, int, bool], members: Ints, ranks: Ints, counts: Ints
    ) -> list[int]:
        """Numbers of the gates with these members, each (gates, k); new ones are added."""
        order = np.argsort(members, axis=1, kind="stable")
        content = np.concatenate(
            [np.take_along_axis(members, order, axis=1), np.take_along_axis(ranks, order, axis=1) * row[4]], axis=1
        )
        numbers = []
        for index, line in enumerate(content):
            number = self.known.setdefault((*key, line.tobytes()), len(self.rows))
            if number == len(self.rows):
                self.rows.append(row)
                self.members.append(members[index])
                self.ranks.append(ranks[index])
                self.counts.append(int(counts[index]))
            numbers.append(number)
        return numbers


def resource_of(topology: Topology, dependency: Dependency) -> int:
    """The resource of a dependency; on the cooling layer the kind of its first supplier says the medium."""
    if dependency.layer == "power":
        return POWER
    if dependency.layer == "network":
        return NETWORK
    return AIR if topology.groups[dependency.suppliers[0].group].kind in AIR_KINDS else LIQUID


def _distinct(gate: Ints, gates: int) -> tuple[Ints, Ints]:
    """The gates that are asked, ascending, and for each consumer which of them it asks."""
    if gates > 4 * len(gate):
        used, place = np.unique(gate, return_inverse=True)
        return used, place.astype(np.int64)
    asked = np.zeros(gates, dtype=bool)
    asked[gate] = True
    return np.flatnonzero(asked), (np.cumsum(asked) - 1)[gate]


def _tolerance(dependency: Dependency, wired: int) -> int:
    if dependency.need is not None:
        return max(wired - dependency.need, 0)
    return -1 if dependency.redundancy is None else tolerated(dependency.redundancy, wired)


def _lists(rows: list[Ints]) -> Csr:
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows], dtype=np.int64)])
    return Csr(start.astype(np.int64), joined(rows))


def joined(columns: list[Ints]) -> Ints:
    """Columns one after the other."""
    return np.concatenate(columns) if columns else np.empty(0, dtype=np.int64)
