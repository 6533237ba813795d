"""The failure states that the declared redundancy must survive.

What is declared, by `need` or `redundancy`, decides here who is up, and not the present load: what
cannot be carried shows as an overload and is what binds.

- A gate that declares something is up until it has lost more than that; then its consumers are down.
- A gate that declares nothing is up while any of its members is live.

A gate that has fewer members in service than it needs, or no more than it promises to be able to lose,
is *broken*: nothing is claimed for the loads that depend on it, at any load.

A load is *promised* in a state when a gate that it depends on, its own or one further up, makes use
of its declared tolerance, and none of its own gates that declare nothing has lost a member.  An
element that carries promised load in a state must carry all that it is asked for in it, for nobody
sheds the rest: a neighbour that declares nothing still draws, and does not excuse a supplier from
carrying those who were promised redundancy.  What is down draws nothing.

The states are: nothing failed; each single element, one for each set of exact twins; and for each
gate that tolerates `t >= 2` losses, every way to lose `t` of its members, one for each number lost of
each set of twins.  A gate with more than `MAX_SUBSETS` such ways is tried with its `t` members of
largest derated capacity only.  The network does not count: a load without a network still draws.
In a structure of representatives only those of role FAILING fail, which stands for all others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from twin.structure.live import Order, live
from twin.structure.lump import row_of
from twin.structure.model import FAILING, NETWORK
from twin.structure.redundancy import halves, side, tolerated
from twin.structure.snapshot import connected, used
from twin.structure.thresholds import failing
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from twin.structure.model import Bools, Csr, Ints, Snapshot, Structure
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
        rule: a snapshot whose gates are up as long as the declarations say.
        alive: (elements,), live with nothing failed.
        tolerated: (gates,), losses that are declared to be survived; 0 where none are.
        silent: (gates,), gates of power and cooling that declare nothing.
        members: (gates, elements), whether an element is a member; no gates of the network.
        order: the order of work of `rule`.
        size: (gates,), live members.
        lacking: (classes,), a broken gate that the load depends on, its own or one further up; -1 for none.
    """

    rule: Snapshot
    alive: Bools
    tolerated: Ints
    silent: Bools
    members: sparse.csr_array
    order: Order
    size: Ints
    lacking: Ints


@dataclass(frozen=True, slots=True)
class Batch:
    """Some states.

    Attributes:
        numbers: (n,), which of the states.
        alive: (n, elements), live elements.
        fed: (n, classes), loads that draw.
        promised: (n, classes), of those, the ones that were promised to be carried.
    """

    numbers: Ints
    alive: Bools
    fed: Bools
    promised: Bools


def declare(structure: Structure, month: int) -> Declared:
    """The rule of one month."""
    bare = connected(structure, month)
    gates = structure.gates
    gate = row_of(gates.members)
    nothing = np.zeros((1, len(structure.elements)), dtype=bool)
    alive = live(bare, nothing)[0][0]
    present = alive[gates.members.values]
    size = np.bincount(gate[present], minlength=len(gates)).astype(np.int64)
    counts = used(bare) & (gates.resource != NETWORK)
    silent = (gates.need < 0) & (gates.tolerance < 0)
    promised = np.where(_halves(structure), side(gates, present), gates.tolerance)
    spare = np.where(gates.need >= 0, size - gates.need, promised)
    spare = np.where(counts & ~silent, np.clip(spare, 0, np.maximum(size - 1, 0)), 0)
    needed = np.where(silent, 1, np.maximum(size - spare, 1))
    rule = replace(bare, weight=present.astype(float), threshold=np.where(counts, needed, 0).astype(float))
    members = sparse.csr_array(
        (counts[gate].astype(np.float64), (gate, gates.members.values)), shape=(len(gates), len(structure.elements))
    )
    broken = counts & (size < np.maximum(np.maximum(gates.need, 1), promised_losses(structure, present) + 1))
    lacking = _lacking(structure, members, alive, broken)
    return Declared(rule, alive, spare, silent & counts, members, Order(rule), size, lacking)


def promised_losses(structure: Structure, present: Bools) -> Ints:
    """(gates,): losses that the word of `redundancy:` promises to survive; 0 where there is none.

    Args:
        structure: the compiled system.
        present: (entries of `gates.members`,), which members are in service.
    """
    wired = np.diff(structure.gates.members.start)
    words = [dependency.redundancy for _, dependency in structure.dependencies]
    losses = np.zeros(len(wired), dtype=np.int64)
    for number in np.flatnonzero([word is not None for word in words]).tolist():
        mine = structure.gates.dependency == number
        each = {size: tolerated(str(words[number]), size) for size in np.unique(wired[mine]).tolist()}
        losses[mine] = [each[size] for size in wired[mine].tolist()]
    return np.where(_halves(structure), side(structure.gates, present), losses)


def _lacking(structure: Structure, members: sparse.csr_array, alive: Bools, broken: Bools) -> Ints:
    """(classes,): the broken gate that each load depends on through what is live; -1 for none."""
    found = np.where(broken, np.arange(len(broken)), -1)
    own, elements = structure.classes.gates, structure.elements.gates
    of_gates = members.tocoo()
    while broken.any():
        # the largest number of those that are broken stands for all: one is enough to name
        by = np.full(len(alive), -1, dtype=np.int64)
        np.maximum.at(by, row_of(elements), found[elements.values])
        by[~alive] = -1
        passed = np.full(len(broken), -1, dtype=np.int64)
        np.maximum.at(passed, of_gates.row[of_gates.data > 0], by[of_gates.col[of_gates.data > 0]])
        further = np.where(found >= 0, found, passed)
        if np.array_equal(further, found):
            break
        found = further
    lacking = np.full(len(own), -1, dtype=np.int64)
    np.maximum.at(lacking, row_of(own), found[own.values])
    return lacking


def states(declared: Declared, sets: Twins) -> list[tuple[int, ...]]:
    """The elements that fail in each state, the state in which none does first, singles next."""
    found: dict[tuple[int, ...], None] = {(): None}
    structure = declared.rule.structure
    fails = declared.alive & (structure.elements.role == FAILING)
    found.update(((int(first),), None) for first in sets.first if fails[first])
    members = structure.gates.members
    done: set[tuple[bytes, int]] = set()
    for gate in np.flatnonzero((declared.tolerated > 1) & failing(structure)).tolist():
        here = np.sort(members.row(gate))
        here = here[declared.alive[here]]
        key = (here.tobytes(), int(declared.tolerated[gate]))
        if key not in done:
            done.add(key)
            found.update((lost, None) for lost in _subsets(declared, sets, here, key[1]))
    return list(found)


def batches(
    declared: Declared, failures: Sequence[tuple[int, ...]], size: int, *, every: bool = False
) -> Iterator[Batch]:
    """The states in which something is promised, and the one in which nothing failed; `size` at a time at most.

    Args:
        declared: the rule of the month.
        failures: the elements that fail in each state.
        size: states in a batch, at most.
        every: also the states in which nothing is promised.
    """
    for begin in range(0, len(failures), size):
        part = failures[begin : begin + size]
        failed = np.zeros((len(part), len(declared.alive)), dtype=bool)
        for row, lost in enumerate(part):
            failed[row, list(lost)] = True
        alive, fed = live(declared.rule, failed, declared.order)
        promised = fed & _promised(declared, alive)
        keep = np.flatnonzero(promised.any(axis=1) | np.array([every or not lost for lost in part], dtype=bool))
        if len(keep):
            yield Batch(begin + keep, alive[keep], fed[keep], promised[keep])


def name(structure: Structure, failed: tuple[int, ...], call: Callable[[int], str] | None = None) -> str:
    """A state as a person reads it: `river-bend/hall[1]/ups[1] failed`.

    Args:
        structure: the compiled system.
        failed: the elements that fail.
        call: gives the id of one; its own where it is left out.
    """
    if not failed:
        return ALL_IN_SERVICE
    listed = ", ".join(call(element) if call else node_id(structure, element) for element in failed[:_NAMED])
    more = len(failed) - _NAMED
    return f"{listed} and {more} more failed" if more > 0 else f"{listed} failed"


def node_id(structure: Structure, element: int) -> str:
    """The id of an element."""
    path = structure.groups[structure.elements.group[element]]
    return instances.ids(structure.topology, path, [int(structure.elements.local[element])])[0]


def _promised(declared: Declared, alive: Bools) -> Bools:
    """(states, classes): whether a gate on the way leans on its tolerance, and no silent one of its own is broken."""
    structure = declared.rule.structure
    lost = declared.members @ (declared.alive & ~alive).T.astype(float)
    leaning = (lost > 0) & (lost <= declared.tolerated[:, None])
    of_elements = _incidence(structure.elements.gates, len(structure.gates))
    of_classes = _incidence(structure.classes.gates, len(structure.gates))
    while True:
        exposed = ((of_elements @ leaning.astype(float)) > 0) & alive.T
        further = leaning | ((declared.members @ exposed.astype(float)) > 0)
        if np.array_equal(further, leaning):
            break
        leaning = further
    broken = declared.silent[:, None] & (lost > 0)
    promised: Bools = ((of_classes @ leaning.astype(float)) > 0) & ((of_classes @ broken.astype(float)) == 0)
    return promised.T


def _halves(structure: Structure) -> Bools:
    """(gates,): which promise that one whole side may go."""
    words = [halves(dependency.redundancy) for _, dependency in structure.dependencies]
    found: Bools = np.array(words, dtype=bool)[structure.gates.dependency]
    return found


def _incidence(inputs: Csr, gates: int) -> sparse.csr_array:
    """(consumers, gates): who asks which gate."""
    entries = (np.ones(len(inputs.values)), inputs.values, inputs.start)
    return sparse.csr_array(entries, shape=(len(inputs), gates))


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
    """All ways to write `total` as a sum with one term up to each limit, in dictionary order."""
    after = [sum(limits[at + 1 :]) for at in range(len(limits))]
    # a stack and no recursion: there may be thousands of suppliers that are no twins
    pending: list[tuple[tuple[int, ...], int]] = [((), total)]
    while pending:
        terms, left = pending.pop()
        at = len(terms)
        if at == len(limits):
            if not left:
                yield terms
            continue
        least, most = max(left - after[at], 0), min(limits[at], left)
        pending += [((*terms, here), left - here) for here in range(most, least - 1, -1)]
