"""The failure states that the declared redundancy must survive.

What is declared, by `need` or `redundancy`, counts here and not what the present load would allow: a
gate that tolerates one loss stays up with one member less, whatever it has to carry then, and a gate
that declares nothing stays up only while it is whole.  Loads that a state takes down all the same
draw nothing in it; all others must be carried, for it is for them that the redundancy was declared.

The states are: nothing failed; each single element, one for each set of exact twins; and for each
gate that tolerates `t >= 2` losses, every way to lose `t` of its members, one for each number lost of
each set of twins.  A gate with more than `MAX_SUBSETS` such ways is tried with its `t` members of
largest derated capacity only.  The network does not count: a load without a network still draws.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.live import live
from twin.structure.lump import row_of
from twin.structure.model import NETWORK
from twin.structure.snapshot import connected, used
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twin.structure.model import Bools, Ints, Snapshot, Structure
    from twin.structure.twins import Twins

MAX_SUBSETS = 5_000
"""Most ways to lose members of one gate that are all tried."""

ALL_IN_SERVICE = "all in service"

_NAMED = 3
"""How many failed elements the name of a state lists."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One month under the declared redundancy.

    Attributes:
        rule: a snapshot whose gates stay up as long as what is declared.
        alive: (elements,), live with nothing failed.
        tolerated: (gates,), losses that are declared to be survived; 0 where none or nothing is asked.
    """

    rule: Snapshot
    alive: Bools
    tolerated: Ints


def declare(structure: Structure, month: int) -> Declared:
    """The rule of one month."""
    bare = connected(structure, month)
    alive = live(bare, np.zeros((1, len(structure.elements)), dtype=bool))[0][0]
    gates = structure.gates
    gate = row_of(gates.members)
    present = alive[gates.members.values]
    size = np.bincount(gate[present], minlength=len(gates)).astype(np.int64)
    spare = np.where(gates.need >= 0, size - gates.need, gates.tolerance)
    spare = np.clip(spare, 0, np.maximum(size - 1, 0))
    counts = used(bare) & (gates.resource != NETWORK)
    rule = replace(
        bare,
        weight=present.astype(float),
        threshold=np.where(counts, np.maximum(size - spare, 1), 0).astype(float),
    )
    return Declared(rule, alive, np.where(counts, spare, 0))


def states(declared: Declared, sets: Twins) -> list[tuple[int, ...]]:
    """The elements that fail in each state, the state in which none does first, singles next."""
    found: dict[tuple[int, ...], None] = {(): None}
    found.update(((int(first),), None) for first in sets.first if declared.alive[first])
    members = declared.rule.structure.gates.members
    done: set[tuple[bytes, int]] = set()
    for gate in np.flatnonzero(declared.tolerated > 1).tolist():
        here = np.sort(members.row(gate))
        here = here[declared.alive[here]]
        key = (here.tobytes(), int(declared.tolerated[gate]))
        if key not in done:
            done.add(key)
            found.update((lost, None) for lost in _subsets(declared, sets, here, key[1]))
    return list(found)


def batches(declared: Declared, failures: Sequence[tuple[int, ...]], size: int) -> Iterator[tuple[Ints, Bools, Bools]]:
    """The states that can load anything more than another, with who is live and fed in them.

    A state in which no gate makes use of its tolerance only takes load away; it is left out.

    Yields:
        Numbers of states (n,), elements live (n, elements), classes fed (n, classes); n is at most `size`.
    """
    for begin in range(0, len(failures), size):
        part = failures[begin : begin + size]
        failed = np.zeros((len(part), len(declared.alive)), dtype=bool)
        for row, lost in enumerate(part):
            failed[row, list(lost)] = True
        alive, fed = live(declared.rule, failed)
        bare = np.array([not lost for lost in part], dtype=bool)
        keep = np.flatnonzero(bare | _leans(declared, alive))
        if len(keep):
            yield begin + keep, alive[keep], fed[keep]


def name(structure: Structure, failed: tuple[int, ...]) -> str:
    """A state as a person reads it: `river-bend/hall[1]/ups[1] failed`."""
    if not failed:
        return ALL_IN_SERVICE
    listed = ", ".join(node_id(structure, element) for element in failed[:_NAMED])
    more = len(failed) - _NAMED
    return f"{listed} and {more} more failed" if more > 0 else f"{listed} failed"


def node_id(structure: Structure, element: int) -> str:
    """The id of an element."""
    path = structure.groups[structure.elements.group[element]]
    return instances.ids(structure.topology, path, [int(structure.elements.local[element])])[0]


def _leans(declared: Declared, alive: Bools) -> Bools:
    """(states,): whether some gate has lost members and is up all the same."""
    members = declared.rule.structure.gates.members
    tolerant = np.flatnonzero(declared.tolerated > 0)
    leans = np.zeros(len(alive), dtype=bool)
    if not len(tolerant):
        return leans
    size = members.start[tolerant + 1] - members.start[tolerant]
    start = np.concatenate([[0], np.cumsum(size)])
    entries = np.arange(start[-1]) + np.repeat(members.start[tolerant] - start[:-1], size)
    here = members.values[entries]
    lost = np.add.reduceat((declared.alive[here] & ~alive[:, here]).astype(np.int64), start[:-1], axis=1)
    leans |= np.any((lost > 0) & (lost <= declared.tolerated[tolerant]), axis=1)
    return leans


def _subsets(declared: Declared, sets: Twins, members: Ints, losses: int) -> list[tuple[int, ...]]:
    """The ways to lose that many of some elements, one for each number lost of each set of twins."""
    kinds = [members[sets.of[members] == kind] for kind in np.unique(sets.of[members])]
    counts = list(islice(_compositions([len(kind) for kind in kinds], losses), MAX_SUBSETS + 1))
    if len(counts) > MAX_SUBSETS:
        derated = declared.rule.structure.elements.derated_kw[members]
        return [tuple(sorted(members[np.argsort(-derated, kind="stable")[:losses]].tolist()))]
    return [
        tuple(sorted(element for kind, lost in zip(kinds, count, strict=True) for element in kind[:lost].tolist()))
        for count in counts
    ]


def _compositions(limits: list[int], total: int) -> Iterator[tuple[int, ...]]:
    """All ways to write `total` as a sum with one term up to each limit."""
    if not limits:
        if not total:
            yield ()
        return
    rest = sum(limits[1:])
    for here in range(max(total - rest, 0), min(limits[0], total) + 1):
        for tail in _compositions(limits[1:], total - here):
            yield (here, *tail)
