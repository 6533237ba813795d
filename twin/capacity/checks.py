"""Rows of `checks` from capacity: ratings, supply and the `redundancy:` that the file asserts.

One row a thing checked, over all months: the month in which it is worst decides, and is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from twin import tables, units
from twin.capacity.states import name, node_id
from twin.structure.gates import resource_of
from twin.structure.lump import row_of
from twin.structure.model import NETWORK, RESOURCES, TOLERANCE
from twin.structure.redundancy import tolerated
from twin.structure.snapshot import used

if TYPE_CHECKING:
    import polars as pl

    from twin.capacity.engine import MonthResult
    from twin.structure.model import Floats, Ints, Snapshot, Structure
    from twin.structure.twins import Twins
    from twin.topology.model import Dependency


@dataclass(frozen=True, slots=True)
class Check:
    """One row of `checks`."""

    check: str
    scope: str
    ok: bool
    got: str
    wanted: str
    message: str


def frame(rows: list[Check]) -> pl.DataFrame:
    """The rows as table `checks`."""
    columns = ("check", "scope", "ok", "got", "wanted", "message")
    return tables.table("checks").frame({name: [getattr(row, name) for row in rows] for name in columns})


def checks(structure: Structure, sets: Twins, months: list[tuple[Snapshot, MonthResult]]) -> list[Check]:
    """All rows.

    Args:
        structure: the compiled system.
        sets: its exact twins.
        months: each month of change with its results.
    """
    return [
        *_ratings(structure, sets, months),
        *_usable(structure, sets, months),
        *_supply(structure, [month for month, _ in months]),
        *_redundancy(structure, [month for month, _ in months]),
    ]


def _when(structure: Structure, month: int) -> str:
    return f"{structure.topology.calendar.date(month):%Y-%m}"


def _ratings(structure: Structure, sets: Twins, months: list[tuple[Snapshot, MonthResult]]) -> list[Check]:
    """A row for each group of which some are over their rating with all in service; else one that says so."""
    derated = structure.elements.derated_kw[sets.first]
    rated = np.isfinite(derated)
    if not rated.any() or not months:
        return []
    load = np.stack([result.load_kw[sets.first] for _, result in months])
    used_share = load / np.where(rated, derated, np.inf)
    most = used_share.max(axis=0)
    over = np.flatnonzero(most > 1.0 + TOLERANCE)
    if not len(over):
        tightest = node_id(structure, int(sets.first[np.argmax(most)]))
        got = f"{units.show(float(most.max()), 'fraction')} of {tightest}"
        text = "with everything in service no supplier is over its derated capacity"
        return [Check("rating", structure.topology.name, ok=True, got=got, wanted="at most 100 %", message=text)]
    group = structure.elements.group[sets.first]
    rows = []
    for number in np.unique(group[over]).tolist():
        mine = over[group[over] == number]
        worst = int(mine[np.argmax(most[mine])])
        month = int(np.argmax(used_share[:, worst]))
        rows.append(_overload(structure, sets, mine, worst, load[month], months[month][0].month))
    return rows


def _overload(structure: Structure, sets: Twins, over: Ints, worst: int, load: Floats, month: int) -> Check:
    """The row of one group: `over` are its sets of twins that are over their rating, `worst` one of them."""
    elements = structure.elements
    group = structure.topology.groups[structure.groups[elements.group[sets.first[worst]]]]
    derated, count = elements.derated_kw[sets.first], sets.count
    carried = load[over] * count[over]
    room = derated[over] * count[over]
    # What is over in one hall is not mended by what is added in another.
    holder = elements.local[sets.first[over]] // group.count
    lacking = np.bincount(holder, weights=carried - room).clip(min=0.0)
    more = int(np.ceil(lacking / float(derated[worst]) * (1.0 - TOLERANCE)).sum())
    node = node_id(structure, int(sets.first[worst]))
    others = int(count[over].sum()) - 1
    alike = f" and {others} more of its group are" if others else " is"
    text = (
        f"'{node}'{alike} over the derated capacity with everything in service in {_when(structure, month)}: "
        f"add {more} {group.name} or lower the load by {units.show(float(lacking.sum()), 'power')}"
    )
    got, wanted = units.show(float(load[worst]), "power"), f"at most {units.show(float(derated[worst]), 'power')}"
    return Check("rating", node, ok=False, got=got, wanted=wanted, message=text)


def _usable(structure: Structure, sets: Twins, months: list[tuple[Snapshot, MonthResult]]) -> list[Check]:
    """One row a site: whether the IT load is carried in every state that the declared redundancy must survive."""
    rows = []
    for number, scope in enumerate(structure.scopes):
        if scope.parent >= 0:
            continue
        found = [(result.scopes[number], result) for _, result in months]
        limited = [(s, r) for s, r in found if s.demand_kw and s.binding is not None]
        if not limited:
            continue
        tight, result = min(limited, key=lambda pair: pair[0].binding.factor if pair[0].binding else np.inf)
        if tight.binding is None:
            continue
        usable = tight.binding.factor * tight.demand_kw
        ok = usable >= tight.demand_kw * (1.0 - TOLERANCE)
        node = node_id(structure, int(sets.first[sets.of[tight.binding.element]]))
        state = name(structure, result.failures[tight.binding.state])
        text = f"'{node}' is the first to be full ({state}), in {_when(structure, result.month)}"
        if not ok:
            short = units.show(tight.demand_kw - usable, "power")
            text += f": enlarge or add to it, or lower the IT load by {short}"
        got, wanted = units.show(usable, "power"), f"at least {units.show(tight.demand_kw, 'power')}"
        rows.append(Check("usable capacity", scope.id, ok=ok, got=got, wanted=wanted, message=text))
    return rows


def _supply(structure: Structure, months: list[Snapshot]) -> list[Check]:
    """A failed row for each dependency whose suppliers cannot carry what is asked, even all together."""
    rows = []
    short = np.stack([month.shortfall for month in months]) if months else np.zeros((0, 0), dtype=bool)
    for path, dependency, gates in _by_dependency(structure):
        bad = short[:, gates].any(axis=1)
        if not bad.any():
            continue
        month = months[int(np.argmax(bad))]
        gate = int(gates[np.argmax(month.shortfall[gates])])
        suppliers = " and ".join(dict.fromkeys(supplier.group for supplier in dependency.suppliers))
        members = structure.gates.members.row(gate)
        on = members[month.element_on[members]]
        when = _when(structure, month.month)
        if not len(on):
            got, wanted = "none in service", "at least one"
            text = f"'{path}' comes into service in {when} before its suppliers '{suppliers}': energise them first"
        elif len(on) < (need := int(structure.gates.need[gate])):
            got, wanted = f"{len(on)} in service", f"at least {need}"
            text = (
                f"'{path}' needs {need} of its suppliers '{suppliers}' and {len(on)} "
                f"{'is' if len(on) == 1 else 'are'} in service in {when}: energise them first or lower 'need:'"
            )
        else:
            got, wanted = f"{len(on)} wired", "enough for what they are asked"
            text = (
                f"the suppliers '{suppliers}' of '{path}' cannot carry what they are asked even all together "
                f"in {when}: add some, raise their rating or lower the load"
            )
        rows.append(
            Check(f"{_layer(structure, dependency)} supply", path, ok=False, got=got, wanted=wanted, message=text)
        )
    return rows


def _redundancy(structure: Structure, months: list[Snapshot]) -> list[Check]:
    """One row for each assertion; it holds where every gate can lose what was asserted at the present load."""
    rows = []
    for path, dependency, gates in _by_dependency(structure):
        if dependency.redundancy is None or not len(gates):
            continue
        wired = np.diff(structure.gates.members.start)[gates]
        wanted = np.array([tolerated(dependency.redundancy, int(size)) for size in wired], dtype=np.int64)
        worst: tuple[int, int, Snapshot] | None = None
        for month in months:
            asked = np.flatnonzero(used(month)[gates])
            if not len(asked):
                continue
            missing = wanted[asked] - _spare(month, gates[asked])
            at = int(np.argmax(missing))
            if worst is None or missing[at] > worst[0]:
                worst = int(missing[at]), int(asked[at]), month
        if worst is not None:
            rows.append(_assertion(structure, path, dependency, gates, wanted, worst))
    return rows


def _assertion(
    structure: Structure,
    path: str,
    dependency: Dependency,
    gates: Ints,
    wanted: Ints,
    worst: tuple[int, int, Snapshot],
) -> Check:
    missing, at, month = worst
    gate = int(gates[at])
    spare = int(_spare(month, np.array([gate]))[0])
    layer = _layer(structure, dependency)
    check = f"{layer} redundancy {dependency.redundancy}"
    losses = f"{int(wanted[at])} supplier{'' if wanted[at] == 1 else 's'} lost"
    need = f"{int(wanted[at])} may fail"
    when = _when(structure, month.month)
    if spare < 0:
        text = f"what '{path}' can lose is not decided: its suppliers differ, have no rating or are too many"
        return Check(check, path, ok=False, got="not decided", wanted=need, message=text)
    got = "they cannot carry the load even all together" if month.shortfall[gate] else f"{spare} may fail"
    if missing <= 0 and not month.shortfall[gate]:
        text = f"'{path}' keeps its {layer} with {losses}, at the loads of {when}"
        return Check(check, path, ok=True, got=got, wanted=need, message=text)
    text = (
        f"'{path}' does not keep its {layer} with {losses}, "
        f"at the loads of {when}: {_way_out(structure, month, gate, int(wanted[at]))}"
    )
    return Check(check, path, ok=False, got=got, wanted=need, message=text)


def _spare(month: Snapshot, gates: Ints) -> Ints:
    """(gates,): what each can lose by capacity, and no more than an explicit `need` leaves of what is in service."""
    all_gates = month.structure.gates
    members = all_gates.members
    wired = np.array([np.count_nonzero(month.element_on[members.row(gate)]) for gate in gates.tolist()], dtype=np.int64)
    need, spare = all_gates.need[gates], month.spare[gates]
    return np.where((need < 0) | (spare < 0), spare, np.minimum(spare, np.maximum(wired - need, 0)))


def _layer(structure: Structure, dependency: Dependency) -> str:
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


def _by_dependency(structure: Structure) -> list[tuple[str, Dependency, Ints]]:
    """Every dependency with its gates, also those that it shares with others."""
    found = []
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
        mine = structure.gates.resource[gates] == resource_of(structure.topology, dependency)
        found.append((path, dependency, gates[mine]))
    return found
