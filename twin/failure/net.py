"""The thresholds that decide who is live and who is fed, with what each element and load stands for.

A gate and each of its cut sets is a *threshold*: down when the members lost weigh more than its slack.
A consumer needs all thresholds of all its gates.  Only what decides an answer is here: in a structure of
representatives (`twin.structure.symmetry`) the elements that fail, and the loads whose suppliers all do.

There, everything has a *place*: the innermost container around it that stands for others as well.
Nobody outside such a container takes from inside, so nothing in it matters to what is outside of it, and
a set of elements and loads is one of as many alike sets as its containers can be chosen: the product,
over all places around any of them, of how many alike ones each is one of.  In a structure of all
instances everything is in one place, which stands for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.kept import representatives
from twin.structure.live import Order, live, terms
from twin.structure.lump import row_of
from twin.structure.model import FAILING, Csr
from twin.structure.thresholds import failing

if TYPE_CHECKING:
    from twin.structure.model import Bools, Floats, Ints, Snapshot, Structure


@dataclass(frozen=True, slots=True)
class Places:
    """Containers that stand for others as well; number 0 is the whole file.

    Attributes:
        parent: (places,), the place around each; 0 for itself at 0.
        depth: (places,), steps from 0.
        total: (places,), how many there are alike in the whole file.
    """

    parent: Ints
    depth: Ints
    total: Ints

    def common(self, one: Ints, other: Ints) -> Ints:
        """The innermost place that holds both, element by element."""
        one, other = np.broadcast_arrays(one, other)
        for deep in range(int(self.depth.max()), 0, -1):
            up, also = self.depth[one] >= deep, self.depth[other] >= deep
            apart = one != other
            one = np.where(apart & up, self.parent[one], one)
            other = np.where(apart & also, self.parent[other], other)
        return one

    def ways(self, what: Ints, *given: Ints) -> Ints:
        """How many alike ones there are of something in `what`, seen from one thing in each of `given`."""
        shared = [self.total[self.common(what, place)] for place in given]
        found: Ints = self.total[what] // np.maximum.reduce(shared)
        return found

    def pairs(self, one: Ints, other: Ints) -> Ints:
        """How many pairs there are alike to one of something in `one` and something in `other`."""
        return self.total[one] * self.ways(other, one)


@dataclass(frozen=True, slots=True)
class Net:
    """The thresholds of one snapshot.

    Attributes:
        snapshot: the structure in one month.
        gate: (thresholds,), the gate that each belongs to, ascending.
        members: by threshold, the elements whose loss counts: those live with nothing failed.
        weight: for each entry of `members.values`, what is lost with it.
        slack: (thresholds,), the most that may be lost; negative where it is down with nothing failed.
        element_needs: by element, thresholds; none for those that are not here.
        class_needs: by class of loads, thresholds.
        element_level, level: (elements,) and (thresholds,), steps of supply below.
        alive: (elements,), live with nothing failed, and here.
        fed: (classes,), fed with nothing failed, and here.
        places: containers that stand for others.
        element_place, class_place: (elements,) and (classes,), where each stands; for a class the innermost place
            of its suppliers.
        scope_place: (scopes,), the place that each is, or that is around it; -1 for those in which nothing fails.
    """

    snapshot: Snapshot
    gate: Ints
    members: Csr
    weight: Floats
    slack: Floats
    element_needs: Csr
    class_needs: Csr
    element_level: Ints
    level: Ints
    alive: Bools
    fed: Bools
    places: Places
    element_place: Ints
    class_place: Ints
    scope_place: Ints

    @property
    def class_total(self) -> Ints:
        """(classes,): loads of all classes alike."""
        total: Ints = self.snapshot.structure.classes.count * self.places.total[self.class_place]
        return total


def net(snapshot: Snapshot) -> Net:
    """The thresholds of a snapshot.

    Args:
        snapshot: of all instances, or of representatives where `confined` holds.
    """
    structure = snapshot.structure
    elements, classes = structure.elements, structure.classes
    decided = failing(structure)
    order = Order(snapshot)
    base, fed = live(snapshot, np.zeros((1, len(elements)), dtype=bool), order)
    alive = base[0] & (elements.role == FAILING)
    other = row_of(classes.gates)[~decided[classes.gates.values]]
    here = fed[0] & (np.bincount(other, minlength=len(classes)) == 0)
    gate, members, weight, need = _thresholds(snapshot, alive)
    start = np.searchsorted(gate, np.arange(len(structure.gates) + 1))
    of_gate = Csr(start.astype(np.int64), np.arange(len(gate)))
    needs = [chosen(elements.gates, alive, of_gate), chosen(classes.gates, here, of_gate)]
    used = np.zeros(len(gate), dtype=bool)
    for part in needs:
        used[part.values] = True
    places, element_place, scope_place = _places(structure)
    return Net(
        snapshot=snapshot,
        gate=gate,
        members=members,
        weight=weight,
        slack=np.bincount(row_of(members), weight, minlength=len(gate)) - need,
        element_needs=needs[0],
        class_needs=needs[1],
        element_level=np.where(alive, order.element_level, -1),
        level=np.where(used, order.gate_level[gate], -1),
        alive=alive,
        fed=here,
        places=places,
        element_place=element_place,
        class_place=_innermost(structure, places, element_place),
        scope_place=scope_place,
    )


def confined(structure: Structure) -> bool:
    """Whether nothing in a container that stands for others can overload anything for those.

    A gate with suppliers both inside and outside of such a container shares what is outside with the
    others.  Where what it needs is derived from capacity, losses in two of them may meet there.
    """
    places, of, _ = _places(structure)
    gates = structure.gates
    if len(places.total) == 1:
        return True
    low, high = np.full(len(gates), len(places.total)), np.full(len(gates), -1)
    np.minimum.at(low, row_of(gates.members), of[gates.members.values])
    np.maximum.at(high, row_of(gates.members), of[gates.members.values])
    return not bool(((low < high) & (gates.need < 0) & failing(structure)).any())


def chosen(lists: Csr, rows: Bools, of: Csr) -> Csr:
    """For each row that is chosen the rows of `of` that its entries name, one after the other; the others are empty."""
    owner = row_of(lists)
    keep = rows[owner]
    entry, values = gather(of, lists.values[keep])
    return csr(owner[keep][entry], values, len(lists))


def gather(lists: Csr, rows: Ints) -> tuple[Ints, Ints]:
    """All entries of some rows: for each its position in `rows`, and its value."""
    begin, size = lists.start[rows], lists.start[rows + 1] - lists.start[rows]
    at = np.repeat(np.arange(len(rows)), size)
    within = np.arange(len(at)) - np.repeat(np.cumsum(size) - size, size)
    return at, lists.values[begin[at] + within]


def csr(row: Ints, values: Ints, rows: int) -> Csr:
    """Lists from the row of each value; rows ascending."""
    return Csr(np.searchsorted(row, np.arange(rows + 1)).astype(np.int64), values)


def _thresholds(snapshot: Snapshot, alive: Bools) -> tuple[Ints, Csr, Floats, Floats]:
    """Of each threshold, gate by gate: its gate, its members, what each of them weighs, and what must be live."""
    members = snapshot.structure.gates.members
    weight, need = terms(snapshot)
    owner = row_of(members)
    keep = alive[members.values] & (weight > 0.0) & (need > 0.0)[owner]
    cuts = [(gate, cut) for gate, sets in sorted(snapshot.cuts.items()) for cut in sets]
    gate = np.concatenate([np.flatnonzero(need > 0.0), np.array([gate for gate, _ in cuts], dtype=np.int64)])
    number = np.cumsum(need > 0.0) - 1
    first = int(np.count_nonzero(need > 0.0))
    of_cut = np.repeat(np.arange(len(cuts)), [len(cut) for _, cut in cuts]).astype(np.int64)
    within = np.array([element for _, cut in cuts for element in cut], dtype=np.int64)
    lost = alive[within]
    row = np.concatenate([number[owner[keep]], first + of_cut[lost]])
    values = np.concatenate([members.values[keep], within[lost]])
    weighs = np.concatenate([weight[keep], np.ones(int(np.count_nonzero(lost)))])
    # One live member of a cut set is enough; half of one keeps clear of rounding.
    needs = np.concatenate([need[need > 0.0], np.full(len(cuts), 0.5)])
    order = np.argsort(gate, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    entry = np.argsort(place[row], kind="stable")
    return gate[order], csr(place[row][entry], values[entry], len(gate)), weighs[entry], needs[order]


def _places(structure: Structure) -> tuple[Places, Ints, Ints]:
    """The places of a structure, that of each element (0 where it does not fail), and that of each scope."""
    elements, scopes = structure.elements, structure.scopes
    parent, depth, total = [0], [0], [1]
    of = np.zeros(len(elements), dtype=np.int64)
    of_scope = np.array([0 if scope.role == FAILING else -1 for scope in scopes], dtype=np.int64)
    if not structure.lifted:
        return _as_places(parent, depth, total), of, of_scope
    topology = structure.topology
    kept = representatives(topology)
    place: dict[str, Ints] = {}
    for path, here in kept.items():
        above = topology.groups[path].parent
        around = place[above][here.parent] if above is not None else np.zeros(len(here), dtype=np.int64)
        alike = np.bincount(here.like, here.count, minlength=len(here)).astype(np.int64)
        place[path] = around.copy()
        for position in np.flatnonzero((here.role == FAILING) & (alike > np.array(total)[around])).tolist():
            place[path][position] = len(parent)
            parent.append(int(around[position]))
            depth.append(depth[parent[-1]] + 1)
            total.append(int(alike[position]))
    for number in np.unique(elements.group).tolist():
        group = topology.groups[structure.groups[number]]
        mine = np.flatnonzero((elements.group == number) & (elements.role == FAILING))
        holder, each = (group.path, 1) if group.path in place else (str(group.parent), group.count)
        of[mine] = place[holder][kept[holder].position(elements.local[mine] // each)]
    for number in np.flatnonzero(of_scope == 0).tolist():
        path = scopes[number].group
        of_scope[number] = place[path][kept[path].position(np.array([scopes[number].local]))[0]]
    return _as_places(parent, depth, total), of, of_scope


def _as_places(parent: list[int], depth: list[int], total: list[int]) -> Places:
    return Places(*(np.array(column, dtype=np.int64) for column in (parent, depth, total)))


def _innermost(structure: Structure, places: Places, of: Ints) -> Ints:
    """(classes,): the innermost place of any supplier of each."""
    gates, classes = structure.gates, structure.classes
    found = np.zeros((2, max(len(gates), len(classes))), dtype=np.int64)
    for lists, place, to in ((gates.members, of, found[0]), (classes.gates, found[0], found[1])):
        owner, values = row_of(lists), place[lists.values]
        order = np.argsort(places.depth[values], kind="stable")
        to[owner[order]] = values[order]
    return found[1, : len(classes)]
