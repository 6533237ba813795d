"""Table `contingency`: what the failure of any one element takes down (N-1), and the check on it.

The expected energy lost is that of single failures alone: failures a year of the whole set, times
the time to repair, times the IT load lost.  It leaves out what two failures at once take down, and
counts the repair time of one whatever else is down meanwhile; both matter to second order in the
unavailabilities.  Table `availability` has everything, exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.alike import alike
from twin.structure.live import gates_up, live
from twin.structure.lump import row_of
from twin.structure.twins import twins
from twin.tables import table
from twin.topology.instances import ids, offsets
from twin.units import HOURS_PER_YEAR, show

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from twin.structure.model import Bools, Snapshot, Structure

_CELLS = 16_000_000
"""States times elements worked on at once."""

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Loss:
    """What the failure of one element, or of one load, takes down.

    Attributes:
        group: index into `Structure.groups`.
        node: number of the first of the set in the `nodes` table.
        count: how many there are in the set.
        elements: other elements that lose supply.
        racks, kw, accelerators: what loses supply, or fails itself where the set is of loads.
        unavailability, per_year: of one of the set.
    """

    group: int
    node: int
    count: int
    elements: int
    racks: int
    kw: float
    accelerators: int
    unavailability: float
    per_year: float

    @property
    def repair_h(self) -> float | None:
        """Mean time to repair; None where it never fails."""
        return self.unavailability / self.per_year * HOURS_PER_YEAR if self.per_year > 0.0 else None

    @property
    def expected_kwh(self) -> float:
        """IT energy lost a year to single failures of the set; see the module for what that leaves out."""
        return self.count * self.per_year * (self.repair_h or 0.0) * self.kw


def single_failures(snapshot: Snapshot) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Every single failure of an element or a load, by sets that are interchangeable.

    One row stands for all elements of a group whose failure takes down the same amounts and that fail
    alike; what they take down need not be the same racks.

    Args:
        snapshot: the structure, usually at full build.

    Returns:
        Table `contingency`, the largest expected loss first, and rows of table `checks`: one for each
        dependency that declares that it survives the loss of a supplier.
    """
    structure = snapshot.structure
    losses = list(_loads(snapshot))
    faults: dict[int, list[Loss]] = {
        int(number): [] for number in np.unique(structure.gates.dependency[_declared(snapshot)])
    }
    for part, broken in _elements(snapshot):
        losses += part
        for loss, dependencies in zip(part, broken, strict=True):
            for number in dependencies:
                faults[number].append(loss)
    return _frame(structure, _merged(losses)), _checks(structure, faults)


def _declared(snapshot: Snapshot) -> Bools:
    """Gates in use that declare that they survive the loss of a supplier."""
    return (snapshot.structure.gates.tolerance >= 1) & (snapshot.threshold > 0.0)


def _elements(snapshot: Snapshot) -> Iterator[tuple[list[Loss], list[list[int]]]]:
    """For batches of elements, one of each twin set: what is lost, and the declared dependencies that it breaks."""
    structure = snapshot.structure
    elements, classes = structure.elements, structure.classes
    label = twins(structure).of
    on = np.flatnonzero(snapshot.element_on)
    _, first, counts = np.unique(label[on], return_index=True, return_counts=True)
    chosen = on[first]
    base_live, base_fed = live(snapshot, np.zeros((1, len(elements)), dtype=bool))
    batch = max(1, _CELLS // max(1, len(elements)))
    for begin in range(0, len(chosen), batch):
        some = chosen[begin : begin + batch]
        failed = np.zeros((len(some), len(elements)), dtype=bool)
        failed[np.arange(len(some)), some] = True
        alive, fed = live(snapshot, failed)
        unfed = base_fed & ~fed
        racks, accelerators = (
            (unfed @ (classes.count * each)).tolist() for each in (classes.is_rack, classes.accelerators)
        )
        kw = (unfed @ (classes.count * classes.power_kw)).tolist()
        others = (base_live & ~alive).sum(axis=1) - base_live[0, some]
        losses = [
            Loss(
                group=int(elements.group[e]),
                node=int(elements.node[e]),
                count=int(counts[begin + i]),
                elements=int(others[i]),
                racks=racks[i],
                kw=kw[i],
                accelerators=accelerators[i],
                unavailability=float(elements.unavailability[e]),
                per_year=float(elements.failures_per_year[e]),
            )
            for i, e in enumerate(some.tolist())
        ]
        yield losses, _broken(snapshot, alive, unfed, gates_up(snapshot, base_live))


def _loads(snapshot: Snapshot) -> Iterator[Loss]:
    """A load's own failure takes down that one load."""
    classes = snapshot.structure.classes
    for index in np.flatnonzero(snapshot.class_on).tolist():
        yield Loss(
            group=int(classes.group[index]),
            node=int(classes.node[index]),
            count=int(classes.count[index]),
            elements=0,
            racks=int(classes.is_rack[index]),
            kw=float(classes.power_kw[index]),
            accelerators=int(classes.accelerators[index]),
            unavailability=float(classes.unavailability[index]),
            per_year=float(classes.failures_per_year[index]),
        )


def _broken(snapshot: Snapshot, alive: Bools, unfed: Bools, base: Bools) -> list[list[int]]:
    """For each state, the dependencies that declare tolerance and nevertheless take load down.

    Args:
        snapshot: the structure in one month.
        alive: (states, elements) live.
        unfed: (states, classes) that have lost supply.
        base: (1, gates) up with nothing failed.

    Returns:
        Indices into `Structure.dependencies`, by state.
    """
    gates = snapshot.structure.gates
    declared = _declared(snapshot)
    found: list[list[int]] = [[] for _ in alive]
    losing = np.flatnonzero(unfed.any(axis=1))
    if not declared.any() or not len(losing):
        return found
    down = base & ~gates_up(snapshot, alive[losing])
    guilty = (down & declared).any(axis=1)
    losing, down = losing[guilty], down[guilty]
    to_blame = _reaching(snapshot.structure, unfed[losing], down) & declared
    for state, blamed in zip(losing.tolist(), to_blame, strict=True):
        found[state] = np.unique(gates.dependency[blamed]).tolist()
    return found


def _reaching(structure: Structure, unfed: Bools, down: Bools) -> Bools:
    """(states, gates): gates that are down and from which an unbroken chain of them leads to an unfed load."""
    members, inputs, loads = structure.gates.members, structure.elements.gates, structure.classes.gates
    lost = unfed.T
    gates = np.zeros((len(structure.gates), len(down)), dtype=bool)
    np.logical_or.at(gates, loads.values, lost[row_of(loads)])
    gates &= down.T
    while True:
        elements = np.zeros((len(structure.elements), len(down)), dtype=bool)
        np.logical_or.at(elements, members.values, gates[row_of(members)])
        reached = gates.copy()
        np.logical_or.at(reached, inputs.values, elements[row_of(inputs)])
        reached &= down.T
        if np.array_equal(reached, gates):
            return gates.T
        gates = reached


def _merged(losses: list[Loss]) -> list[Loss]:
    """Sets of one group with the same numbers as one, with their summed count, in table order."""
    sets: dict[tuple[object, ...], list[Loss]] = {}
    for loss in losses:
        same = alike((loss.kw, loss.unavailability, loss.per_year))
        sets.setdefault((loss.group, loss.elements, loss.racks, loss.accelerators, *same), []).append(loss)
    merged = []
    for members in sets.values():
        lead = min(members, key=lambda loss: loss.node)
        merged.append(replace(lead, count=sum(loss.count for loss in members)))
    return sorted(merged, key=lambda loss: (-loss.expected_kwh, -loss.kw, loss.node))


def _frame(structure: Structure, losses: list[Loss]) -> pl.DataFrame:
    groups = [structure.groups[loss.group] for loss in losses]
    kinds = [structure.topology.groups[group].kind for group in groups]
    return table("contingency").frame(
        {
            "element": _ids(structure, losses),
            "group": groups,
            "kind": kinds,
            "count": [loss.count for loss in losses],
            "elements_lost": [loss.elements for loss in losses],
            "racks_lost": [loss.racks for loss in losses],
            "lost_it_kw": [loss.kw for loss in losses],
            "accelerators_lost": [loss.accelerators for loss in losses],
            "outages_per_year": [loss.per_year for loss in losses],
            "mean_outage_h": [loss.repair_h for loss in losses],
            "expected_kwh_lost_per_year": [loss.expected_kwh for loss in losses],
        }
    )


def _ids(structure: Structure, losses: list[Loss]) -> list[str]:
    first = offsets(structure.topology)
    named = []
    for loss in losses:
        group = structure.groups[loss.group]
        named += ids(structure.topology, group, [loss.node - first[group]])
    return named


def _checks(structure: Structure, faults: dict[int, list[Loss]]) -> pl.DataFrame:
    """One row a declared dependency: whether any single failure takes down load behind it."""
    scopes, got, messages = [], [], []
    for number, losses in faults.items():
        consumer, dependency = structure.dependencies[number]
        worst = sorted(losses, key=lambda loss: (-loss.kw, loss.node))
        named = [
            f"{name}{f' ({loss.count} alike)' if loss.count > 1 else ''} takes down {loss.racks} racks, "
            f"{show(loss.kw, 'power')}"
            for name, loss in zip(_ids(structure, worst[:_NAMED]), worst, strict=False)
        ]
        more = f"; and {len(worst) - _NAMED} more" if len(worst) > _NAMED else ""
        suppliers = ", ".join(supplier.group.rpartition("/")[2] for supplier in dependency.suppliers)
        scopes.append(f"{consumer}: {dependency.layer} from {suppliers}")
        got.append("; ".join(named) + more if worst else "no single failure takes down load")
        messages.append(
            "declared redundant, but one failure is enough: feed its suppliers from more than one element, or add one"
            if worst
            else "every single failure leaves enough suppliers"
        )
    return table("checks").frame(
        {
            "check": ["single_failure"] * len(faults),
            "scope": scopes,
            "ok": [not losses for losses in faults.values()],
            "got": got,
            "wanted": ["no load lost to the failure of one element"] * len(faults),
            "message": messages,
        }
    )
