"""Reserve that several consumers lean on: what overloads what when suppliers of a dealt pool are lost.

Where suppliers are shared through different sets, a catcher say, losses that are not a gate's own put
more on its members than they carry.  The rule: a live supplier that is over its derated capacity, and
carries more than with everything in service, trips; its load moves on to the other live picks of its
consumers; and so on until nothing trips.  A gate is up while its live members that have not tripped
weigh enough.

A further loss never unburdens a supplier, so a gate is down as soon as all of one of its minimal cut
sets are lost.  Those that its threshold does not imply are found by trying all states of the pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from twin.structure.asks import onto_members
from twin.structure.live import levels_of
from twin.structure.lump import joined, row_of
from twin.structure.model import FAILING, TOLERANCE
from twin.structure.refusals import refuse_needs
from twin.structure.sharing import shares

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.structure.model import Bools, Floats, Ints, Structure
    from twin.structure.thresholds import Asked, Thresholds

    Cuts = dict[int, tuple[tuple[int, ...], ...]]
    """For some gates, sets of elements of which one at least must be live."""

MAX_SUPPLIERS = 12
"""Most suppliers of a pool of which all states are tried; 4,096."""

_MAX_PAIRS = 200
"""Most suppliers of a pool of which the loss of any two is tried."""

_CELLS = 4_000_000


@dataclass(frozen=True, slots=True)
class _Pool:
    """Gates joined by shared suppliers, with suppliers numbered from 0.

    Attributes:
        start: (gates + 1,), where the members of each gate begin.
        member: (entries,), the supplier of each entry.
        rank, weight: (entries,), as in `Gates` and `Snapshot`.
        onto: (entries,), how often what is asked of the gate counts for the supplier.
        primary, load, need: (gates,), whether it shares by rank, what is asked of it, and live weight it needs.
        derated, limit: (suppliers,), by which they share, and the most they may carry.
    """

    start: Ints
    member: Ints
    rank: Ints
    weight: Floats
    onto: Floats
    primary: Bools
    load: Floats
    need: Floats
    derated: Floats
    limit: Floats

    def key(self) -> bytes:
        """Equal for pools that answer alike."""
        arrays = (
            self.start,
            self.member,
            self.rank,
            self.weight,
            self.onto,
            self.primary,
            self.load,
            self.need,
            self.derated,
            self.limit,
        )
        return b"|".join(array.tobytes() for array in arrays)

    def down(self, alive: Bools) -> tuple[Bools, Bools]:
        """(gates, states) each, for (suppliers, states) live: down by what is live, and by what has not tripped."""
        entries = np.arange(len(self.member))
        gate = np.repeat(np.arange(len(self.load)), np.diff(self.start))
        collect = sparse.csr_array((self.onto, (self.member, entries)))
        weigh = sparse.csr_array((self.weight, (gate, self.member)), shape=(len(self.load), len(self.derated)))
        load = np.repeat(self.load[:, None], alive.shape[1], axis=1)
        before = self._carried(np.ones((len(alive), 1), dtype=bool), load[:, :1], gate, collect)
        most = np.maximum(self.limit[:, None], before) * (1.0 + TOLERANCE)
        left = alive
        while True:
            over = left & (self._carried(left, load, gate, collect) > most)
            if not over.any():
                break
            left = left & ~over
        need = self.need[:, None]
        return weigh @ alive.astype(float) < need, weigh @ left.astype(float) < need

    def _carried(self, live: Bools, load: Floats, gate: Ints, collect: sparse.csr_array) -> Floats:
        part = shares(self.start, self.derated[self.member], self.rank, self.primary, live[self.member], load)
        carried: Floats = collect @ (part * load[gate])
        return carried


def derive(structure: Structure, asked: Asked, rule: Thresholds, chosen: Bools) -> Cuts:
    """The cut sets of the chosen gates that their thresholds do not imply.

    Args:
        structure: the structure.
        asked: loads of the month.
        rule: thresholds of all gates.
        chosen: (gates,), gates in dealt pools of which the need is derived.

    Raises:
        RefusedError: a pool of more than `MAX_SUPPLIERS` in which two losses overload a third supplier, or
            one whose suppliers feed each other; it names the dependency and asks for `need`.
    """
    if not chosen.any():
        return {}
    members = structure.gates.members
    gate = row_of(members)
    size = len(structure.elements)
    entry = np.flatnonzero(asked.element_on[members.values] & (asked.load > 0)[gate])
    label = joined(size + len(structure.gates), members.values[entry], gate[entry] + size)
    onto = onto_members(structure)
    most = np.bincount(members.values[entry], weights=asked.load[gate[entry]] * onto[entry], minlength=size)
    trips = np.zeros(len(label), dtype=bool)
    trips[label[:size][most > asked.limit * (1.0 + TOLERANCE)]] = True
    wanted = np.zeros(len(label), dtype=bool)
    wanted[label[size:][chosen & (asked.load > 0)]] = True
    entry = entry[(trips & wanted)[label[members.values[entry]]]]
    entry = entry[np.argsort(label[members.values[entry]], kind="stable")]
    of = label[members.values[entry]]
    known: dict[bytes, list[tuple[tuple[int, ...], ...]]] = {}
    cuts: Cuts = {}
    undecided: list[tuple[int, str]] = []
    for part in np.split(entry, np.flatnonzero(np.diff(of)) + 1) if len(entry) else []:
        undecided += _cut(structure, asked, rule, chosen, part, known, cuts)
    refuse_needs(structure, [*undecided, *_out_of_order(structure, cuts)])
    return cuts


def _cut(
    structure: Structure,
    asked: Asked,
    rule: Thresholds,
    chosen: Bools,
    entry: Ints,
    known: dict[bytes, list[tuple[tuple[int, ...], ...]]],
    cuts: Cuts,
) -> list[tuple[int, str]]:
    """Add the cut sets of one pool; gates for which that cannot be done, and why."""
    gates = structure.gates
    rows = np.searchsorted(gates.members.start, entry, side="right") - 1
    numbers, size = np.unique(rows, return_counts=True)
    elements, member = np.unique(gates.members.values[entry], return_inverse=True)
    threshold = rule.threshold[numbers]
    pool = _Pool(
        start=np.concatenate([[0], np.cumsum(size)]),
        member=member.astype(np.int64),
        rank=gates.rank[entry],
        weight=np.minimum(rule.weight[entry], rule.threshold[rows]),
        onto=onto_members(structure)[entry],
        primary=gates.primary[numbers],
        load=asked.load[numbers],
        need=np.where(chosen[numbers], threshold * (1.0 - TOLERANCE), 0.0),
        derated=structure.elements.derated_kw[elements],
        limit=asked.limit[elements],
    )
    if len(elements) > MAX_SUPPLIERS:
        return _too_many(pool, numbers, np.flatnonzero(structure.elements.role[elements] == FAILING))
    key = pool.key()
    if key not in known:
        known[key] = _minimal(pool)
    for number, sets in zip(numbers.tolist(), known[key], strict=True):
        if sets:
            cuts[number] = tuple(tuple(int(elements[e]) for e in cut) for cut in sets)
    return []


def _minimal(pool: _Pool) -> list[tuple[tuple[int, ...], ...]]:
    """For each gate the minimal sets of suppliers whose loss takes it down, but for those its threshold implies."""
    size = len(pool.derated)
    lost = (np.arange(2**size)[None, :] >> np.arange(size)[:, None]) & 1 == 1
    short, down = pool.down(~lost)
    below = np.zeros_like(down)
    for bit in range(size):
        folded = down.reshape(len(down), -1, 2, 2**bit)
        folded[:, :, 1] |= folded[:, :, 0]
    for bit in range(size):
        below.reshape(len(down), -1, 2, 2**bit)[:, :, 1] |= down.reshape(len(down), -1, 2, 2**bit)[:, :, 0]
    least = down & ~below & ~short
    return [tuple(tuple(np.flatnonzero(lost[:, s]).tolist()) for s in np.flatnonzero(row)) for row in least]


def _too_many(pool: _Pool, numbers: Ints, fails: Ints) -> list[tuple[int, str]]:
    """Gates of a large pool that the loss of one or two of those that fail takes down by overload."""
    size = len(pool.derated)
    found = np.ones(len(numbers), dtype=bool)
    if size <= _MAX_PAIRS:
        found[:] = False
        lost = fails.tolist()  # a representative of many does not fail, and its loss would be that of all of them
        states = [(e,) for e in lost] + list(combinations(lost, 2))
        step = max(1, _CELLS // len(pool.member))
        for begin in range(0, len(states), step):
            part = states[begin : begin + step]
            alive = np.ones((size, len(part)), dtype=bool)
            for column, gone in enumerate(part):
                alive[list(gone), column] = False
            short, down = pool.down(alive)
            found |= (down & ~short).any(axis=1)
    found &= pool.need > 0
    why = f"two losses among the {size} that it shares with others overload a third"
    return [(gate, why) for gate in numbers[found].tolist()]


def _out_of_order(structure: Structure, cuts: Cuts) -> Iterator[tuple[int, str]]:
    """Gates with an element in a cut set that stands above the gate and might depend on it."""
    if not cuts:
        return
    element, gate = levels_of(structure)
    for number, sets in cuts.items():
        if any(element[e] > gate[number] for cut in sets for e in cut):
            yield number, "it shares them with suppliers further down that overload them when lost"
