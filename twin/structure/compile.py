"""From a topology to the compiled system: elements, shared gates and lumped loads.

Groups are put in order, suppliers first; every dependency is wired by `twin.topology.wiring`, equal
gates of different consumers become one, and the loads of a group that depend on the same gates, lie
in the same scope, are in service in the same months and have the same figures become one class.
All of it is array work per group: a million racks cost a few passes over a few columns.  A *lifted*
structure holds only representatives of alike containers, and costs what these hold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING

import numpy as np

from twin.errors import RefusedError
from twin.structure.behaviour import behaviour
from twin.structure.gates import GateTable, joined
from twin.structure.kept import contained, representatives
from twin.structure.lump import lump
from twin.structure.model import CURVE_POINTS, Classes, Csr, Elements, Structure
from twin.structure.roles import refuse_roles
from twin.structure.symmetry import kept_scopes
from twin.topology import instances
from twin.topology.attributes import (
    COOLING_KINDS,
    NETWORK_KINDS,
    POWER_KINDS,
    SINK_KINDS,
    SOURCE_KINDS,
)
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from twin.structure.kept import Kept
    from twin.structure.model import Floats, Ints
    from twin.topology.model import Group, Topology

_CARRIERS = frozenset(SOURCE_KINDS + POWER_KINDS + COOLING_KINDS + NETWORK_KINDS)
"""Kinds that are never loads, even when nobody takes from them."""

_CLASS_FIGURES = (
    "load", "provisioned", "power_cap", "liquid_fraction", "accelerators", "mtbf", "mttr", "failure_rate",
    "idle_fraction",
)  # fmt: skip
"""Attributes of loads that must be equal within one class."""


def compile_structure(topology: Topology, lifted: bool = False) -> Structure:
    """Compile a topology.

    Args:
        topology: read, resolved and checked.
        lifted: whether containers that are alike are represented by up to three of them (see
            `twin.structure.symmetry`); else every instance is in the structure.

    Returns:
        The structure: elements suppliers first, gates, classes and scopes, for the whole calendar.

    Raises:
        RefusedError: a load that feeds others, or a supplier both of power and of cooling.
    """
    refuse_roles(topology)
    compiler = _Compiler(topology, lifted)
    for path in compiler.order:
        compiler.add(path)
    return compiler.done()


@dataclass(slots=True)
class _Parts:
    """Columns collected group by group; `gates` are (instances, dependencies) tables of gate numbers."""

    groups: list[int] = field(default_factory=list)
    locals: list[Ints] = field(default_factory=list)
    counts: list[Ints] = field(default_factory=list)
    months: list[tuple[Ints, Ints]] = field(default_factory=list)
    gates: list[Ints] = field(default_factory=list)
    roles: list[Ints] = field(default_factory=list)
    likes: list[Ints] = field(default_factory=list)
    scopes: list[Ints] = field(default_factory=list)

    def rows(self) -> list[tuple[int, Ints]]:
        """Group number and locals, group by group."""
        return list(zip(self.groups, self.locals, strict=True))

    def append(self, group: int, locals_: Ints, counts: Ints, months: tuple[Ints, Ints], gates: Ints) -> None:
        """Add a group."""
        self.groups.append(group)
        self.locals.append(locals_)
        self.counts.append(counts)
        self.months.append(months)
        self.gates.append(gates)


class _Compiler:
    """Holds what is shared between groups while they are compiled one after the other."""

    def __init__(self, topology: Topology, lifted: bool) -> None:
        self.topology = topology
        self.lifted = lifted
        self.number = {path: index for index, path in enumerate(topology.groups)}
        self.paths = tuple(topology.groups)
        self.node = instances.offsets(topology)
        self.kept = representatives(topology, lifted=lifted)
        self.scopes, self.first_scope = kept_scopes(topology, self.kept)
        self.order, self.suppliers = _order(topology)
        self.first: dict[str, int] = {}
        self.size = 0
        self.elements, self.classes = _Parts(), _Parts()
        self.gates = GateTable(topology)

    def add(self, path: str) -> None:
        """Compile one leaf group, whose suppliers have been compiled."""
        group = self.topology.groups[path]
        kept = contained(group, self.kept[group.parent]) if group.parent else self.kept[path]
        self.kept[path] = kept
        columns = [self.gates.of(path, dependency, self.kept, self.first) for dependency in group.dependencies]
        table = np.stack(columns, axis=1) if columns else np.empty((len(kept), 0), dtype=np.int64)
        months = instances.service_months(self.topology, path, kept.local)
        if self._is_load(group):
            self._add_classes(group, kept, table, months)
            return
        self.first[path] = self.size
        self.elements.append(self.number[path], kept.local, kept.count, months, table)
        self.elements.roles.append(kept.role)
        self.elements.likes.append(kept.like + self.size)
        self.size += len(kept)

    def done(self) -> Structure:
        """All columns together."""
        gates = self.gates.done()
        return Structure(
            topology=self.topology,
            groups=self.paths,
            scopes=self.scopes,
            dependencies=tuple(self.gates.dependencies),
            elements=self._elements(),
            gates=gates,
            classes=self._classes(),
            lifted=self.lifted,
        )

    def _is_load(self, group: Group) -> bool:
        if group.kind in SINK_KINDS:
            return True
        if group.path in self.suppliers or group.kind in _CARRIERS:
            return False
        if "load" not in instances.varying(self.topology, group.path):
            return (self.topology.attribute(group.path, "load") or 0.0) > 0
        return bool(np.nansum(instances.attribute(self.topology, group.path, "load")) > 0)

    def _add_classes(self, group: Group, kept: Kept, gates: Ints, months: tuple[Ints, Ints]) -> None:
        scope = self._scope(group, kept)
        figures = [name for name in instances.varying(self.topology, group.path) if name in _CLASS_FIGURES]
        columns = [*gates.T, scope, *months, kept.count]
        if self.lifted:
            # What is in service in one container must be countable without that in the next.
            columns.append(kept.parent)
        columns += [instances.attribute(self.topology, group.path, name, kept.local) for name in figures]
        first, count = lump(columns, len(kept))
        start, end = months
        self.classes.append(
            self.number[group.path],
            kept.local[first],
            count * kept.count[first],
            (start[first], end[first]),
            gates[first],
        )
        self.classes.scopes.append(scope[first])

    def _scope(self, group: Group, kept: Kept) -> Ints:
        """The innermost roll-up scope of every kept instance."""
        at = kept.parent
        for holder in reversed(self.topology.ancestors(group.path)[:-1]):
            if holder.path in self.first_scope:
                return at + self.first_scope[holder.path]
            at = self.kept[holder.path].parent[at]
        raise RefusedError("structure", f"'{group.path}' stands in no site", "put it into a site")

    def _elements(self) -> Elements:
        parts = self.elements
        figure = self._reader(parts)
        capacity = figure("capacity", np.inf)
        unavailability, failures = _own_failures(figure)
        return Elements(
            group=self._groups(parts),
            local=joined(parts.locals),
            node=self._nodes(parts),
            capacity_kw=capacity,
            derated_kw=capacity * figure("derate", 1.0),
            oversubscription=figure("oversubscription", 1.0),
            efficiency=figure("efficiency", 1.0),
            no_load_kw=figure("no_load_loss", 0.0),
            load_loss_kw=np.where(np.isinf(capacity), 0.0, figure("load_loss", 0.0)),
            curve=np.stack([figure(f"efficiency_{round(100 * at)}", np.nan) for at in CURVE_POINTS], axis=1),
            power_kw=figure("load", 0.0),
            cop=figure("cop", np.inf),
            unavailability=unavailability,
            failures_per_year=failures,
            behaviour=behaviour(figure),
            energised=joined([start for start, _ in parts.months]),
            retired=joined([end for _, end in parts.months]),
            count=joined(parts.counts),
            role=joined(parts.roles),
            like=joined(parts.likes),
            gates=_gate_lists(parts.gates),
        )

    def _classes(self) -> Classes:
        parts = self.classes
        figure = self._reader(parts)
        unavailability, failures = _own_failures(figure)
        kinds = [self.topology.groups[self.paths[number]].kind == "rack" for number in parts.groups]
        nameplate = figure("load", 0.0)
        power = nameplate * figure("provisioned", 1.0)
        return Classes(
            group=self._groups(parts),
            node=self._nodes(parts),
            count=joined(parts.counts),
            is_rack=np.repeat(np.array(kinds, dtype=bool), [len(rows) for rows in parts.locals]),
            power_kw=power,
            nameplate_kw=nameplate,
            capped_kw=power * figure("power_cap", 1.0),
            liquid_fraction=figure("liquid_fraction", np.nan),
            accelerators=figure("accelerators", 0.0).astype(np.int64),
            unavailability=unavailability,
            failures_per_year=failures,
            energised=joined([start for start, _ in parts.months]),
            retired=joined([end for _, end in parts.months]),
            scope=joined(parts.scopes),
            gates=_gate_lists(parts.gates),
        )

    def _reader(self, parts: _Parts) -> _Figures:
        return _Figures(self.topology, [(self.paths[g], rows) for g, rows in parts.rows()])

    def _groups(self, parts: _Parts) -> Ints:
        return np.repeat(np.array(parts.groups, dtype=np.int64), [len(rows) for rows in parts.locals])

    def _nodes(self, parts: _Parts) -> Ints:
        return joined([rows + self.node[self.paths[g]] for g, rows in parts.rows()])


class _Figures:
    """Reads one attribute of all rows at a time."""

    def __init__(self, topology: Topology, chosen: list[tuple[str, Ints]]) -> None:
        self.topology = topology
        self.chosen = chosen

    def __call__(self, name: str, missing: float) -> Floats:
        """The attribute of every row, `missing` where it has none."""
        parts = [self._one(path, rows, name) for path, rows in self.chosen]
        values = np.concatenate(parts) if parts else np.empty(0)
        return np.where(np.isnan(values), missing, values)

    def _one(self, path: str, rows: Ints, name: str) -> Floats:
        if name in instances.varying(self.topology, path):
            return instances.attribute(self.topology, path, name, rows)
        stated = self.topology.attribute(path, name)
        return np.full(len(rows), np.nan if stated is None else float(stated))


def _order(topology: Topology) -> tuple[list[str], set[str]]:
    """Leaf groups, suppliers first and else in file order, and the groups that somebody takes from."""
    leaves = [path for path, group in topology.groups.items() if not group.container]
    feeds = {path: {s.group for d in topology.groups[path].dependencies for s in d.suppliers} for path in leaves}
    depth: dict[str, int] = {}
    # no recursion: a chain of suppliers may be longer than Python's stack
    for path in TopologicalSorter(feeds).static_order():
        depth[path] = 1 + max((depth[supplier] for supplier in feeds[path]), default=-1)
    return sorted(leaves, key=depth.__getitem__), set().union(*feeds.values())


def _own_failures(figure: _Figures) -> tuple[Floats, Floats]:
    """Unavailability and failures a calendar year; nothing fails without `mtbf` or `failure_rate`."""
    rate = figure("failure_rate", 0.0)
    mtbf = figure("mtbf", np.nan)
    by_rate = np.divide(HOURS_PER_YEAR, rate, out=np.full(len(rate), np.inf), where=rate > 0)
    mtbf = np.where(np.isnan(mtbf), by_rate, mtbf)
    mttr = figure("mttr", 0.0)
    return mttr / (mtbf + mttr), HOURS_PER_YEAR / (mtbf + mttr)


def _gate_lists(tables: list[Ints]) -> Csr:
    """Tables of gate numbers, one row an instance, as one list of lists."""
    width = joined([np.full(len(table), table.shape[1]) for table in tables])
    start = np.concatenate([[0], np.cumsum(width)]).astype(np.int64)
    return Csr(start, joined([table.ravel() for table in tables]))
