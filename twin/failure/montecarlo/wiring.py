"""Who feels whom, level by level: the lists that a sweep over down times follows.

What is down with everything working, for good, is left out on all sides: it never changes.  The rule of when a
gate is up is that of `twin.structure.live`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.montecarlo.lanes import WEIGHED, spare_of
from twin.failure.montecarlo.slots import reached
from twin.structure.live import levels, live, terms
from twin.structure.lump import row_of
from twin.structure.model import Csr

if TYPE_CHECKING:
    from twin.structure.model import Bools, Floats, Ints, Snapshot


@dataclass(frozen=True, slots=True)
class Members:
    """Members of gates that weigh something.  Arrays have one entry a member.

    Attributes:
        gate, element, weight, rank: of each.
        of_element: entries of each element.
    """

    gate: Ints
    element: Ints
    weight: Floats
    rank: Ints
    of_element: Csr


@dataclass(frozen=True, slots=True)
class Wiring:
    """One month of a structure for a sweep.

    Attributes:
        top: levels of supply.
        element_level, gate_level: as `twin.structure.live.levels` counts.
        members: of the gates of each level.
        felt: for each level, the levels that these members are of.
        spare: (gates,), how many members may be lost, whichever they are; `WEIGHED` where it takes the weights.
        slack: (gates,), weight that may be lost.
        need: (gates,), weight that must be live.
        consumers: for each level, the elements of that level that need each gate.
        loads: the energised classes that need each gate.
        cuts: for each level, (cuts,) gates and (elements,) lists of cuts, with the size of each cut.
        never: (elements,), not live even with everything working.
        never_fed: (classes,), energised and not fed even so.
    """

    top: int
    element_level: Ints
    gate_level: Ints
    members: list[Members]
    felt: list[list[int]]
    spare: Ints
    slack: Floats
    need: Floats
    consumers: list[Csr]
    loads: Csr
    cuts: list[tuple[Ints, Csr, Ints]]
    never: Bools
    never_fed: Bools


def wiring(snapshot: Snapshot) -> Wiring:
    """The lists of one month."""
    structure = snapshot.structure
    gates, size = structure.gates, len(structure.elements)
    element_level, gate_level = levels(snapshot)
    top = int(max(element_level.max(initial=0), gate_level.max(initial=0))) + 1
    alive, fed = live(snapshot, np.zeros((1, size), dtype=bool))
    weight, need = terms(snapshot)
    row = row_of(gates.members)
    counts = (weight > 0.0) & alive[0][gates.members.values]
    total = np.bincount(row[counts], weights=weight[counts], minlength=len(gates))
    asked = _asked(snapshot, alive[0], fed[0]) & (total >= need)
    kept = counts & asked[row]
    spare = np.full(len(gates), WEIGHED)
    for gate in np.flatnonzero(asked).tolist():
        of = slice(int(gates.members.start[gate]), int(gates.members.start[gate + 1]))
        spare[gate] = spare_of(weight[of][counts[of]], float(need[gate]))
    members = [_members(snapshot, weight, kept & (gate_level[row] == level)) for level in range(top)]
    return Wiring(
        top=top,
        element_level=element_level,
        gate_level=gate_level,
        members=members,
        felt=[np.unique(element_level[of.element]).tolist() for of in members],
        spare=spare,
        slack=total - need,
        need=need,
        consumers=[
            transposed(structure.elements.gates, alive[0] & (element_level == level), len(gates))
            for level in range(top)
        ],
        loads=transposed(structure.classes.gates, fed[0], len(gates)),
        cuts=[_cuts(snapshot, asked & (gate_level == level), alive[0]) for level in range(top)],
        never=~alive[0],
        never_fed=snapshot.class_on & ~fed[0],
    )


def _asked(snapshot: Snapshot, alive: Bools, fed: Bools) -> Bools:
    """(gates,): which something asks that is live or fed and that a load depends on."""
    structure = snapshot.structure
    found = np.zeros(len(structure.gates), dtype=bool)
    for lists, on in ((structure.elements.gates, alive & reached(snapshot)), (structure.classes.gates, fed)):
        found[lists.values[np.repeat(on, np.diff(lists.start))]] = True
    return found


def _members(snapshot: Snapshot, weight: Floats, chosen: Bools) -> Members:
    gates = snapshot.structure.gates
    at = np.flatnonzero(chosen)
    element = gates.members.values[at]
    order = np.argsort(element, kind="stable")
    at, element = at[order], element[order]
    size = len(snapshot.structure.elements)
    start = np.searchsorted(element, np.arange(size + 1)).astype(np.int64)
    lists = Csr(start, np.arange(len(at)))
    return Members(row_of(gates.members)[at], element, weight[at], gates.rank[at], lists)


def transposed(lists: Csr, chosen: Bools, width: int) -> Csr:
    """For each of `width` values, the chosen rows of a list of lists that hold it."""
    row = row_of(lists)
    kept = chosen[row]
    row, values = row[kept], lists.values[kept]
    order = np.argsort(values, kind="stable")
    return Csr(np.searchsorted(values[order], np.arange(width + 1)).astype(np.int64), row[order])


def _cuts(snapshot: Snapshot, gates: Bools, alive: Bools) -> tuple[Ints, Csr, Ints]:
    """Gates, the cuts that each element is in, and how many live elements each cut has."""
    sets = [
        (gate, [element for element in cut if alive[element]])
        for gate, cuts in sorted(snapshot.cuts.items())
        if gates[gate]
        for cut in cuts
    ]
    start = np.concatenate([[0], np.cumsum([len(cut) for _, cut in sets], dtype=np.int64)]).astype(np.int64)
    lists = Csr(start, np.array([element for _, cut in sets for element in cut], dtype=np.int64))
    of = transposed(lists, np.ones(len(sets), dtype=bool), len(snapshot.structure.elements))
    return np.array([gate for gate, _ in sets], dtype=np.int64), of, np.diff(start)
