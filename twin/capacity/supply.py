"""Rows of `checks` about dependencies: supply that is short, feeds that are too small, promised redundancy."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from twin import units
from twin.capacity.states import node_id
from twin.capacity.verdict import Check, when
from twin.structure.gates import resource_of
from twin.structure.lump import row_of
from twin.structure.model import AIR, LIQUID, NETWORK, RESOURCES, TOLERANCE
from twin.structure.redundancy import halves, side, tolerated
from twin.structure.snapshot import used
from twin.structure.thresholds import failing

if TYPE_CHECKING:
    from twin.structure.model import Bools, Ints, Snapshot, Structure
    from twin.topology.model import Dependency


def supply(structure: Structure, months: list[Snapshot]) -> list[Check]:
    """A failed row for each dependency whose suppliers cannot carry what is asked, even all together."""
    rows = []
    short = np.stack([month.shortfall for month in months]) if months else np.zeros((0, 0), dtype=bool)
    for path, dependency, gates in by_dependency(structure):
        bad = short[:, gates].any(axis=1)
        if not bad.any():
            continue
        month = months[int(np.argmax(bad))]
        gate = int(gates[np.argmax(month.shortfall[gates])])
        suppliers = " and ".join(dict.fromkeys(supplier.group for supplier in dependency.suppliers))
        members = structure.gates.members.row(gate)
        on = members[month.element_on[members]]
        at = when(structure.topology, month.month)
        if not len(on):
            got, wanted = "none in service", "at least one"
            text = f"'{path}' comes into service in {at} before its suppliers '{suppliers}': energise them first"
        elif len(on) < (need := int(structure.gates.need[gate])):
            got, wanted = f"{len(on)} in service", f"at least {need}"
            text = (
                f"'{path}' needs {need} of its suppliers '{suppliers}' and {len(on)} "
                f"{'is' if len(on) == 1 else 'are'} in service in {at}: energise them first or lower 'need:'"
            )
        else:
            got, wanted = f"{len(on)} wired", "enough for what they are asked"
            text = (
                f"the suppliers '{suppliers}' of '{path}' cannot carry what they are asked even all together "
                f"in {at}: add some, raise their rating or lower the load"
            )
        rows.append(
            Check(f"{layer_of(structure, dependency)} supply", path, ok=False, got=got, wanted=wanted, message=text)
        )
    return rows


def redundancy(structure: Structure, months: list[Snapshot]) -> list[Check]:
    """One row for each `redundancy:`; it holds where every gate can lose what was asserted at the present load."""
    rows = []
    for path, dependency, gates in by_dependency(structure):
        if dependency.redundancy is not None:
            check = f"{layer_of(structure, dependency)} redundancy {dependency.redundancy}"
            row = promised(structure, path, gates, check, dependency.redundancy, months)
            rows += [] if row is None else [row]
    return rows


def promised(
    structure: Structure, path: str, gates: Ints, check: str, word: str, months: list[Snapshot]
) -> Check | None:
    """Whether gates can lose what a word of `redundancy:` promises, in the month in which it is worst.

    Args:
        structure: the compiled system.
        path: group of the consumers.
        gates: the gates that they ask on one layer.
        check: name of the row.
        word: as `N+1`.
        months: each month of change.

    Returns:
        The row; None where no gate has an energised consumer in any month.
    """
    wired = np.array([tolerated(word, int(size)) for size in np.diff(structure.gates.members.start)[gates]], dtype=int)
    worst: tuple[int, int, int, Snapshot] | None = None
    for month in months:
        asked = np.flatnonzero(used(month)[gates])
        if not len(asked):
            continue
        # A side that is not all there yet is what is there of it.
        there = side(structure.gates, month.element_on[structure.gates.members.values])[gates]
        wanted = (there if halves(word) else wired)[asked]
        missing = wanted - losable(month, gates[asked])
        at = int(np.argmax(missing))
        if worst is None or missing[at] > worst[0]:
            worst = int(missing[at]), int(wanted[at]), int(asked[at]), month
    if worst is None:
        return None
    missing_most, wanted_there, at, month = worst
    return _promise(structure, path, check, int(gates[at]), wanted_there, missing_most, month)


def _promise(
    structure: Structure, path: str, check: str, gate: int, wanted: int, missing: int, month: Snapshot
) -> Check:
    spare = int(losable(month, np.array([gate]))[0])
    layer = RESOURCES[structure.gates.resource[gate]].replace("_", " ")
    losses = f"{wanted} supplier{'' if wanted == 1 else 's'} lost"
    need = f"{wanted} may fail"
    at = when(structure.topology, month.month)
    if spare < 0:
        text = f"what '{path}' can lose is not decided: its suppliers differ, have no rating or are too many"
        return Check(check, path, ok=False, got="not decided", wanted=need, message=text)
    got = "they cannot carry the load even all together" if month.shortfall[gate] else f"{spare} may fail"
    if missing <= 0 and not month.shortfall[gate]:
        text = f"'{path}' keeps its {layer} with {losses}, at the loads of {at}"
        return Check(check, path, ok=True, got=got, wanted=need, message=text)
    text = f"'{path}' does not keep its {layer} with {losses}, at the loads of {at}: "
    text += _way_out(structure, month, gate, wanted)
    return Check(check, path, ok=False, got=got, wanted=need, message=text)


def losable(month: Snapshot, gates: Ints) -> Ints:
    """(gates,): what each can lose by capacity, and no more than an explicit `need` leaves of what is in service."""
    need, spare = month.structure.gates.need[gates], month.spare[gates]
    left = np.maximum(in_service(month)[gates] - need, 0)
    return np.where((need < 0) | (spare < 0), spare, np.minimum(spare, left))


def in_service(month: Snapshot) -> Ints:
    """(gates,): how many members of each are in service."""
    members = month.structure.gates.members
    on = month.element_on[members.values]
    return np.bincount(row_of(members)[on], minlength=len(members)).astype(np.int64)


def unmet(month: Snapshot) -> Bools:
    """(gates,): gates of power or cooling with energised consumers and fewer members in service than they need."""
    gates = month.structure.gates
    short: Bools = (in_service(month) < np.maximum(gates.need, 1)) & used(month) & (gates.resource != NETWORK)
    return short


def feeds(structure: Structure) -> list[Check]:
    """A failed row for each dependency of which what is left after its promised losses is less than one load draws."""
    rows = []
    small = _too_small(structure)
    for path, dependency, gates in by_dependency(structure):
        mine = [gate for gate in gates.tolist() if gate in small]
        if mine:
            rows.append(_small_feed(structure, path, dependency, mine[0], *small[mine[0]]))
    return rows


def _too_small(structure: Structure) -> dict[int, tuple[float, float]]:
    """For each gate that does not carry one of its loads: what one asks, and what is left of its suppliers, in kW."""
    classes, gates = structure.classes, structure.gates
    row, gate = row_of(classes.gates), classes.gates.values
    resource = gates.resource[gate]
    both = np.bincount(row[(resource == LIQUID) | (resource == AIR)], minlength=len(classes)) > 1
    liquid = np.where(np.isnan(classes.liquid_fraction), 1.0, classes.liquid_fraction)[row]
    share = np.where(both[row] & (resource == LIQUID), liquid, np.where(both[row] & (resource == AIR), 1 - liquid, 1.0))
    ask = np.zeros(len(gates))
    np.maximum.at(ask, gate, np.where(resource == NETWORK, 0.0, classes.power_kw[row] * share))
    members = gates.members
    rating = structure.elements.derated_kw * structure.elements.oversubscription
    least = np.full(len(gates), np.inf)
    np.minimum.at(least, row_of(members), rating[members.values])
    left = np.maximum(np.diff(members.start) - np.maximum(gates.tolerance, 0), 1)
    found = {}
    # the least rating of all is a lower bound of each that is left
    for number in np.flatnonzero((ask > 0) & (least * left < ask * (1.0 - TOLERANCE))).tolist():
        ratings = np.sort(rating[members.row(number)])
        carries = float(ratings[: left[number]].sum())
        if carries < ask[number] * (1.0 - TOLERANCE):
            found[number] = float(ask[number]), carries
    return found


def _small_feed(
    structure: Structure, path: str, dependency: Dependency, gate: int, ask: float, carries: float
) -> Check:
    members = structure.gates.members.row(gate)
    suppliers = " and ".join(dict.fromkeys(supplier.group for supplier in dependency.suppliers))
    kind = structure.topology.groups[path].kind
    left = max(len(members) - max(int(structure.gates.tolerance[gate]), 0), 1)
    got, wanted = units.show(carries, "power"), f"at least {units.show(ask, 'power')}"
    node = node_id(structure, int(members[np.argmin(structure.elements.derated_kw[members])]))
    if left == 1:
        text = (
            f"no single supplier of '{path}' carries one {kind}: {units.show(ask, 'power')} against {got} of '{node}'"
        )
    elif left < len(members):
        lost = len(members) - left
        text = f"with {lost} of the suppliers '{suppliers}' lost the other {left} do not carry one {kind} of '{path}'"
    else:
        text = f"the {left} suppliers '{suppliers}' together do not carry one {kind} of '{path}'"
    text += f": raise the rating of each '{suppliers}', wire each {kind} to more of them or lower its load"
    return Check(f"{layer_of(structure, dependency)} feed", path, ok=False, got=got, wanted=wanted, message=text)


def layer_of(structure: Structure, dependency: Dependency) -> str:
    """The layer of a dependency, cooling by its medium."""
    return RESOURCES[resource_of(structure.topology, dependency)].replace("_", " ")


def _way_out(structure: Structure, month: Snapshot, gate: int, losses: int) -> str:
    """What to buy or shed so that a gate can lose that many of its largest members."""
    members = structure.gates.members.row(gate)
    on = members[month.element_on[members]]
    what = structure.topology.groups[structure.groups[structure.elements.group[members[0]]]].name
    if structure.gates.need[gate] >= 0 and month.spare[gate] >= losses:
        return f"add {what} or lower 'need:'"
    if structure.gates.resource[gate] == NETWORK or not len(on):
        return f"add {what} or lower the load"
    derated = np.sort(structure.elements.derated_kw[on])
    carried = float(month.load_kw[on].sum())
    lacking = carried - float(derated[: max(len(on) - losses, 0)].sum())
    if lacking <= 0:
        # Enough in all, but the lot falls on too few: they are shared with others.
        return f"share the load more evenly, enlarge each {what} or lower the load"
    more = ceil(lacking / float(derated[-1]) * (1.0 - TOLERANCE))
    return f"add {more} {what} or lower the load by {units.show(lacking, 'power')}"


def by_dependency(structure: Structure) -> list[tuple[str, Dependency, Ints]]:
    """Every dependency with its gates, also those that it shares with others, that stand for themselves."""
    found = []
    able = failing(structure)
    elements, classes = structure.elements, structure.classes
    lists = [(elements.group, elements.gates), (classes.group, classes.gates)]
    by_group: dict[int, list[Ints]] = {}
    for group, inputs in lists:
        entry = group[row_of(inputs)]
        for number in np.unique(entry).tolist():
            by_group.setdefault(number, []).append(np.unique(inputs.values[entry == number]))
    number_of = {path: number for number, path in enumerate(structure.groups)}
    for path, dependency in structure.dependencies:
        gates = np.concatenate([np.empty(0, dtype=np.int64), *by_group.get(number_of[path], [])])
        mine = (structure.gates.resource[gates] == resource_of(structure.topology, dependency)) & able[gates]
        found.append((path, dependency, gates[mine]))
    return found
