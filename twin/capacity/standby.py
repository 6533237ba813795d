"""Rows of `checks` about standby power that carries load while nothing has failed.

With `share: primary` a genset or battery behind another supplier joins when those before it are full.  So a
utility that is too small is made good by gensets that run all the time, which few are rated or permitted for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin import units
from twin.capacity.states import node_id
from twin.capacity.verdict import Check, when
from twin.structure.lump import row_of
from twin.structure.model import POWER
from twin.structure.thresholds import failing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twin.capacity.engine import MonthResult
    from twin.capacity.states import Declared
    from twin.capacity.stranded import Grown
    from twin.structure.model import Bools, Floats, Ints, Structure

KINDS = ("genset", "battery")

NOTHING_KW = 1e-6
"""Load below which a standby stands by."""


def after_others(structure: Structure) -> Ints:
    """Suppliers that come after others in some `share: primary`."""
    members, after = _ranked(structure)
    return np.unique(members[after])


def without_those_before(declared: Declared) -> list[tuple[int, ...]]:
    """States in which a `share: primary` has lost all who come before some other: one for each such set."""
    structure = declared.rule.structure
    gates, failing_gate = structure.gates, failing(structure)
    gate, (members, after) = row_of(gates.members), _ranked(structure)
    found: dict[tuple[int, ...], None] = {}
    for number in np.unique(gate[after]).tolist():
        if not failing_gate[number]:
            continue
        mine = gate == number
        for rank in np.unique(gates.rank[mine])[1:].tolist():
            before = members[mine & (gates.rank < rank)]
            found[tuple(np.sort(before[declared.alive[before]]).tolist())] = None
    return [lost for lost in found if lost]


def _ranked(structure: Structure) -> tuple[Ints, Bools]:
    """The members of all gates, and which of them come after others in a `share: primary`."""
    gates = structure.gates
    gate = row_of(gates.members)
    first = np.full(len(gates), np.iinfo(np.int64).max)
    np.minimum.at(first, gate, gates.rank)
    after: Bools = gates.primary[gate] & (gates.resource[gate] == POWER) & (gates.rank > first[gate])
    return gates.members.values, after


def checks(structure: Structure, months: Sequence[tuple[MonthResult, Grown]]) -> list[Check]:
    """A row for each group of standbys that carries something with everything in service.

    It fails where it does so at the load of some month.  Where it does only when its site has grown to its
    usable IT load, the row holds and says so.

    Args:
        structure: the compiled system.
        months: each month of change as it is, and grown to what is usable.
    """
    standing_by = _standing_by(structure)
    if not len(standing_by) or not months:
        return []
    now = np.stack([result.load_kw[standing_by] for result, _ in months])
    then = np.stack([grown.normal_kw[standing_by] for _, grown in months])
    group, count = structure.elements.group[standing_by], structure.elements.count[standing_by]
    rows = []
    for number in np.unique(group).tolist():
        mine = group == number
        for load, grown in ((now[:, mine], False), (then[:, mine], True)):
            kw = (load * count[mine]).sum(axis=1)
            if kw.max() > NOTHING_KW:
                month = int(np.argmax(kw))
                text = when(structure.topology, months[month][0].month)
                rows.append(_row(structure, standing_by[mine], load[month], float(kw[month]), text, grown=grown))
                break
    return rows


def _row(structure: Structure, elements: Ints, load: Floats, kw: float, month: str, *, grown: bool) -> Check:
    path = structure.groups[structure.elements.group[elements[0]]]
    node = node_id(structure, int(elements[np.argmax(load)]))
    shown = units.show(kw, "power")
    if grown:
        text = (
            f"at the usable capacity of {month} '{path}' carries {shown} with everything in service, for those before "
            "it are full then: enlarge them, or count on less"
        )
        return Check("standby", path, ok=True, got="stands by at the present load", wanted="stands by", message=text)
    text = (
        f"'{path}' carries {shown} with everything in service in {month}, as '{node}', for those before it in 'from:' "
        "are full: enlarge these, lower the load, or give it a kind of its own if it is to run all the time"
    )
    return Check("standby", path, ok=False, got=f"{shown} in {month}", wanted="0 W with all in service", message=text)


def _standing_by(structure: Structure) -> Ints:
    """Gensets and batteries that come after others in some `share: primary`."""
    found = after_others(structure)
    kinds = np.array([structure.topology.groups[path].kind in KINDS for path in structure.groups], dtype=bool)
    kept: Ints = found[kinds[structure.elements.group[found]]]
    return kept
