"""Builds structures by hand, so that the failure engine is tested without the compiler."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from twin import tables
from twin.api import Calendar
from twin.structure.behaviour import plain
from twin.structure.model import FAILING, FOREVER, Classes, Csr, Elements, Gates, Scope, Snapshot, Structure
from twin.topology.model import Dependency, Group, Supplier, Topology, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Where("x.yaml", 7, 3)
NO_RIDE = {"grid_survival": tables.table("grid_survival").empty()}
"""No grid states that its outages are lived through."""


def csr(rows: Sequence[Sequence[int]]) -> Csr:
    """Lists of numbers as arrays."""
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    return Csr(start, np.array([number for row in rows for number in row], dtype=np.int64))


@dataclass
class Gate:
    """A gate as a test states it."""

    members: tuple[int, ...]
    threshold: float
    weights: tuple[float, ...]
    tolerance: int


@dataclass
class Part:
    """An element or a class as a test states it."""

    group: str
    gates: tuple[int, ...]
    unavailability: float
    per_year: float
    on: bool
    count: int = 1
    kw: float = 0.0
    scope: int = 0
    accelerators: int = 0


@dataclass
class System:
    """A structure in the making: elements, gates and loads, suppliers first.

    Scope 0 is the site `site`; `hall()` adds halls to it.
    """

    elements: list[Part] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    loads: list[Part] = field(default_factory=list)
    halls: int = 0
    cuts: dict[int, tuple[tuple[int, ...], ...]] = field(default_factory=dict)

    def hall(self) -> int:
        """Add a hall; its scope number."""
        self.halls += 1
        return self.halls

    def add(
        self,
        group: str,
        count: int = 1,
        *,
        gates: Sequence[int] = (),
        q: float = 0.1,
        per_year: float | None = None,
        on: bool = True,
    ) -> list[int]:
        """Add elements of a group; their numbers.  The frequency fits a repair time of 10 h where none is given."""
        rate = q * 8760 / 10 if per_year is None else per_year
        first = len(self.elements)
        self.elements += [Part(group, tuple(gates), q, rate, on) for _ in range(count)]
        return list(range(first, first + count))

    def gate(
        self,
        members: Sequence[int],
        need: float | None = None,
        weights: Sequence[float] | None = None,
        tolerance: int = -1,
    ) -> int:
        """Add a gate that needs a weight of `need` (all members where none is given); its number."""
        each = tuple(weights) if weights is not None else (1.0,) * len(members)
        on = tuple(w if self.elements[m].on else 0.0 for m, w in zip(members, each, strict=True))
        self.gates.append(Gate(tuple(members), float(sum(on) if need is None else need), on, tolerance))
        return len(self.gates) - 1

    def level(self, gate: int) -> int:
        """How many steps of supply lie below a gate."""
        return max(self.height(member) for member in self.gates[gate].members)

    def height(self, element: int) -> int:
        """How many steps of supply lie below an element."""
        return max((1 + self.level(gate) for gate in self.elements[element].gates), default=0)

    def load(
        self,
        group: str,
        count: int = 1,
        *,
        gates: Sequence[int] = (),
        q: float = 0.0,
        per_year: float | None = None,
        kw: float = 100.0,
        scope: int = 0,
        on: bool = True,
    ) -> int:
        """Add a class of loads of a group; its number."""
        rate = q * 8760 / 10 if per_year is None else per_year
        self.loads.append(Part(group, tuple(gates), q, rate, on, count, kw, scope, 72))
        return len(self.loads) - 1

    def build(self, month: int = 0) -> Snapshot:
        """The snapshot of what was added."""
        paths = list(dict.fromkeys(part.group for part in (*self.elements, *self.loads)))
        totals = {p: sum(part.count for part in (*self.elements, *self.loads) if part.group == p) for p in paths}
        structure = Structure(
            topology=_topology(totals, {part.group for part in self.loads}),
            groups=tuple(paths),
            scopes=(
                Scope(0, "site", "site", -1, 0, group="site"),
                *(
                    Scope(h + 1, f"site/hall[{h + 1}]", "hall", 0, 0, group="site/hall", local=h)
                    for h in range(self.halls)
                ),
            ),
            dependencies=tuple((f"site/consumer-{g}", _dependency()) for g in range(len(self.gates))),
            elements=self._elements(paths, totals),
            gates=self._gates(),
            classes=self._classes(paths, totals),
        )
        size = len(self.elements)
        return Snapshot(
            structure=structure,
            month=month,
            element_on=np.array([part.on for part in self.elements], dtype=bool),
            class_on=np.array([part.on for part in self.loads], dtype=bool),
            load_kw=np.zeros(size),
            input_kw=np.zeros(size),
            heat_kw=np.zeros(size),
            limit_kw=np.full(size, np.inf),
            source_kw=0.0,
            weight=np.array([weight for gate in self.gates for weight in gate.weights], dtype=float),
            threshold=np.array([gate.threshold for gate in self.gates], dtype=float),
            spare=np.zeros(len(self.gates), dtype=np.int64),
            shortfall=np.zeros(len(self.gates), dtype=bool),
            cuts=self.cuts,
        )

    def _elements(self, paths: list[str], totals: dict[str, int]) -> Elements:
        size = len(self.elements)
        group, local, node = _numbers(self.elements, paths, totals)
        return Elements(
            group=group,
            local=local,
            node=node,
            capacity_kw=np.full(size, np.inf),
            derated_kw=np.full(size, np.inf),
            oversubscription=np.ones(size),
            efficiency=np.ones(size),
            no_load_kw=np.zeros(size),
            load_loss_kw=np.zeros(size),
            curve=np.full((size, 4), np.nan),
            power_kw=np.zeros(size),
            cop=np.full(size, np.inf),
            unavailability=np.array([part.unavailability for part in self.elements], dtype=float),
            failures_per_year=np.array([part.per_year for part in self.elements], dtype=float),
            behaviour=plain(size),
            energised=np.zeros(size, dtype=np.int64),
            retired=np.full(size, FOREVER),
            count=np.ones(size, dtype=np.int64),
            role=np.full(size, FAILING),
            like=np.arange(size),
            gates=csr([part.gates for part in self.elements]),
        )

    def _gates(self) -> Gates:
        size = len(self.gates)
        members = csr([gate.members for gate in self.gates])
        return Gates(
            resource=np.zeros(size, dtype=np.int64),
            dependency=np.arange(size, dtype=np.int64),
            members=members,
            rank=np.zeros_like(members.values),
            need=np.full(size, -1, dtype=np.int64),
            tolerance=np.array([gate.tolerance for gate in self.gates], dtype=np.int64),
            primary=np.zeros(size, dtype=bool),
            count=np.ones(size, dtype=np.int64),
        )

    def _classes(self, paths: list[str], totals: dict[str, int]) -> Classes:
        group, _, node = _numbers(self.loads, paths, totals)
        return Classes(
            group=group,
            node=node,
            count=np.array([part.count for part in self.loads], dtype=np.int64),
            is_rack=np.ones(len(self.loads), dtype=bool),
            power_kw=np.array([part.kw for part in self.loads], dtype=float),
            nameplate_kw=np.array([part.kw for part in self.loads], dtype=float),
            capped_kw=np.array([part.kw for part in self.loads], dtype=float),
            liquid_fraction=np.zeros(len(self.loads)),
            accelerators=np.array([part.accelerators for part in self.loads], dtype=np.int64),
            unavailability=np.array([part.unavailability for part in self.loads], dtype=float),
            failures_per_year=np.array([part.per_year for part in self.loads], dtype=float),
            energised=np.zeros(len(self.loads), dtype=np.int64),
            retired=np.full(len(self.loads), FOREVER),
            scope=np.array([part.scope for part in self.loads], dtype=np.int64),
            gates=csr([part.gates for part in self.loads]),
        )


def _numbers(parts: list[Part], paths: list[str], totals: dict[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Group, local and node number of each part."""
    first = dict(zip(paths, np.cumsum([1, *totals.values()]).tolist(), strict=False))
    given = dict.fromkeys(paths, 0)
    rows = []
    for part in parts:
        rows.append((paths.index(part.group), given[part.group], first[part.group] + given[part.group]))
        given[part.group] += part.count
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return table[:, 0], table[:, 1], table[:, 2]


def _topology(totals: dict[str, int], loads: set[str]) -> Topology:
    groups = {"site": _group("site", "site", None, 1)}
    for path, total in totals.items():
        groups[path] = _group(path, "rack" if path in loads else "ups", "site", total)
    return Topology("built", Path("x.yaml"), Calendar(date(2027, 4, 1), 12), groups, (), (), {}, (), 0.1)


def _group(path: str, kind: str, parent: str | None, total: int) -> Group:
    return Group(
        path=path,
        name=path.rpartition("/")[2],
        kind=kind,
        parent=parent,
        count=total,
        total=total,
        indexed=parent is not None,
        container=parent is None,
        part=None,
        attributes={},
        dependencies=(),
        energised=(0,),
        where=HERE,
    )


def _dependency() -> Dependency:
    return Dependency("power", (Supplier("site/supplier", "site"),), HERE)
