"""What is drawn: the independent parts that an energised load can feel, sets of exclusive ones as one slot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.lump import row_of

if TYPE_CHECKING:
    from numpy.random import Generator

    from twin.failure.montecarlo.draw import Hits
    from twin.failure.parts import Parts
    from twin.structure.model import Bools, Csr, Floats, Ints, Snapshot


@dataclass(frozen=True, slots=True)
class Slots:
    """Independent of each other; in each at most one part is there at a time.

    Attributes:
        part: the parts of all slots, one slot after the other.
        start: (slots + 1,), where those of each begin.
        share: for each of `part`, the sum of the chances of it and those before it in the slot.
        chance: (slots,), that one of its parts is there.
    """

    part: Ints
    start: Ints
    share: Floats
    chance: Floats

    def __len__(self) -> int:
        """How many there are."""
        return len(self.chance)

    def parts(self, rng: Generator, hits: Hits) -> Ints:
        """(hits,): which part of its slot is there."""
        first, size = self.start[hits.item], np.diff(self.start)[hits.item]
        chosen = self.part[first]
        several = np.flatnonzero(size > 1)
        if len(several):
            slot = hits.item[several]
            at = rng.random(len(several)) * self.chance[slot]
            # `share` rises within a slot; with the number of the slot in front it rises throughout
            row = np.repeat(np.arange(len(self)), np.diff(self.start))
            ladder = row + self.share / (2.0 * np.maximum(self.chance[row], np.finfo(float).tiny))
            found = np.searchsorted(ladder, slot + at / (2.0 * self.chance[slot]), side="right")
            chosen[several] = self.part[np.minimum(found, self.start[slot + 1] - 1)]
        return chosen


def slots(snapshot: Snapshot, parts: Parts) -> Slots:
    """The slots of one month: parts that are there at times and take down what an energised load can feel."""
    felt = reached(snapshot) & snapshot.element_on
    row = row_of(parts.members)
    touching = np.zeros(len(parts), dtype=bool)
    touching[row[felt[parts.members.values]]] = True
    kept = np.flatnonzero(touching & (parts.unavailability > 0.0))
    same = parts.exclusive[kept]
    begins = np.ones(len(kept), dtype=bool)
    begins[1:] = (same[1:] != same[:-1]) | (same[1:] < 0)
    first = np.flatnonzero(begins)
    start = np.append(first, len(kept)).astype(np.int64)
    chance = parts.unavailability[kept]
    sums = np.cumsum(chance)
    before = (sums - chance)[first]
    share = sums - np.repeat(before, np.diff(start))
    alone = np.repeat(np.diff(start) == 1, np.diff(start))
    share[alone] = chance[alone]
    last = start[1:] - 1
    return Slots(kept, start, share, np.minimum(share[last] if len(last) else np.empty(0), 1.0))


def reached(snapshot: Snapshot) -> Bools:
    """(elements,): whether some energised load depends on it, however far downstream."""
    structure = snapshot.structure
    felt = np.zeros(len(structure.elements), dtype=bool)
    asked = np.zeros(len(structure.gates), dtype=bool)
    asked[_values(structure.classes.gates, snapshot.class_on)] = True
    cuts = [(gate, np.unique(np.concatenate([list(cut) for cut in sets]))) for gate, sets in snapshot.cuts.items()]
    while True:
        before = int(felt.sum())
        felt[_values(structure.gates.members, asked)] = True
        for gate, elements in cuts:
            if asked[gate]:
                felt[elements] = True
        asked[_values(structure.elements.gates, felt)] = True
        if int(felt.sum()) == before:
            return felt


def _values(lists: Csr, chosen: Bools) -> Ints:
    return lists.values[np.repeat(chosen, np.diff(lists.start))]
