"""What every element carries: loads propagated from the racks to the sources, in many states at once.

In one state who shares what is fixed (see `twin.structure.sharing`), so that what an element carries
is linear in what the loads draw.  `loads` therefore gives a constant part (pumps, fans, whatever
elements draw themselves), the part of the loads as they are now, and one part for every weighting of
the loads that the caller asks for: enough to say in closed form at which load something is full.

An element that is asked for `a` draws, on the power layer,

    a / efficiency + own power      a supplier of power
    a / cop + own power             a mover of heat, asked for `a` kW of heat
    own power                       network equipment, asked for Gbit/s

and gives its coolers the heat that it moves and all that it draws and does not pass on.  Everything
here goes consumers first over power, cooling and network together: the draw of a chiller is known
only once the heat is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from twin.errors import RefusedError
from twin.structure.lump import row_of
from twin.structure.model import AIR, LIQUID, NETWORK, POWER, Csr
from twin.structure.sharing import shares
from twin.topology import instances
from twin.topology.attributes import AIR_KINDS, COOLING_KINDS, NETWORK_KINDS

if TYPE_CHECKING:
    from twin.structure.model import Bools, Floats, Ints, Snapshot, Structure

CELLS = 12_000_000
"""Figures of one array of `loads` that a caller should stay below: 100 MB."""


@dataclass(frozen=True, slots=True)
class Loads:
    """What `loads` gives.

    Attributes:
        constant: (states, elements), load that comes from what elements draw themselves.
        present: (states, elements), load that comes from the fed loads as they are now.
        columns: (states, elements, weightings), load that comes from the weighted loads.
        marked: (states, elements), load that comes from the marked loads as they are now.
        asked: (states, gates), what all consumers together ask of each gate now.
    """

    constant: Floats
    present: Floats
    columns: Floats
    marked: Floats
    asked: Floats


@dataclass(frozen=True, slots=True)
class _Step:
    """One round: some gates, whose consumers are all known, and their members.

    Attributes:
        gates: (g,), numbers of the gates.
        entries: (n,), positions of their members in `gates.members.values`.
        start: (g + 1,), where the members of each begin.
        of: (n,), index into `gates` of each entry.
        elements: (m,), the elements among the members, each once.
        collect: (m, n), adds up the entries of each element.
    """

    gates: Ints
    entries: Ints
    start: Ints
    of: Ints
    elements: Ints
    collect: sparse.csr_array


@dataclass(frozen=True, slots=True)
class Plan:
    """What is the same in every month and state: coefficients and the order of work.

    Attributes:
        role: (elements,), the resource that each supplies.
        gain: (elements,), draw on the power layer for each unit asked.
        heat: (elements,), heat given to coolers for each unit asked.
        by_class: (gates, classes), what all loads of a class ask of a gate.
        by_asked: (gates, elements), what an element asks for each unit it is asked for.
        by_self: (gates, elements), what it asks on its own account.
        steps: in order, consumers first.
    """

    role: Ints
    gain: Floats
    heat: Floats
    by_class: sparse.csr_array
    by_asked: sparse.csr_array
    by_self: sparse.csr_array
    steps: tuple[_Step, ...]


def plan(structure: Structure) -> Plan:
    """Prepare the propagation of loads.

    Raises:
        RefusedError: a consumer with two coolers that are not one liquid and one air, or without
            `liquid_fraction`.
    """
    role = _roles(structure)
    elements = structure.elements
    moves = (role == LIQUID) | (role == AIR)
    passes = np.divide(1.0, np.where(moves, elements.cop, elements.efficiency))
    gain = np.where(role == NETWORK, 0.0, passes)
    heat = np.where(role == NETWORK, 0.0, np.where(moves, 1.0 + passes, passes - 1.0))
    return Plan(
        role, gain, heat, _class_shares(structure), *_element_shares(structure, gain, heat), steps=_steps(structure)
    )


def loads(
    snapshot: Snapshot,
    alive: Bools,
    class_scale: Floats,
    fed: Bools | None = None,
    prepared: Plan | None = None,
    marked: Bools | None = None,
) -> Loads:
    """Propagate the loads in many failure states at once.

    Every consumer that is live or fed should have a live member at each of its gates, as `live` sees to
    it; what is asked of a gate without one goes nowhere.

    Args:
        snapshot: the structure in one month.
        alive: (states, elements), which elements are live; one that is not energised is not.
        class_scale: (classes, weightings), how much of its present draw each class counts for in each weighting.
        fed: (states, classes), which loads draw; None for all that are energised.
        prepared: `plan(snapshot.structure)`, for a caller that asks often.
        marked: (states, classes), loads whose part is wanted as well; None for none.

    Returns:
        Loads in kW (Gbit/s for network elements): what power suppliers give, the heat that coolers take.
    """
    structure = snapshot.structure
    work = prepared or plan(structure)
    states = alive.shape[0]
    on = np.ascontiguousarray((alive & snapshot.element_on).T)
    draws = snapshot.class_on[:, None] & (np.True_ if fed is None else fed.T) & np.ones((1, states), dtype=bool)
    wide = 3 + class_scale.shape[1]
    scaled = np.zeros((len(structure.classes), states, wide))
    scaled[:, :, 1] = draws
    scaled[:, :, 2:-1] = draws[:, :, None] * class_scale[:, None, :]
    scaled[:, :, -1] = draws & (np.False_ if marked is None else marked.T)
    ask = _times(work.by_class, scaled)
    ask[:, :, 0] += work.by_self @ on.astype(float)
    carried = np.zeros((len(structure.elements), states, wide))
    gates = structure.gates
    for step in work.steps:
        asked = ask[step.gates] + _times(work.by_asked[step.gates], carried)
        ask[step.gates] = asked
        members = gates.members.values[step.entries]
        part = shares(
            step.start,
            structure.elements.derated_kw[members],
            gates.rank[step.entries],
            gates.primary[step.gates],
            on[members],
            asked[:, :, 0] + asked[:, :, 1],
        )
        carried[step.elements] += _times(step.collect, part[:, :, None] * asked[step.of])
    return Loads(
        constant=carried[:, :, 0].T,
        present=carried[:, :, 1].T,
        columns=carried[:, :, 2:-1].transpose(1, 0, 2),
        marked=carried[:, :, -1].T,
        asked=(ask[:, :, 0] + ask[:, :, 1]).T,
    )


def _times(matrix: sparse.csr_array, block: Floats) -> Floats:
    """A sparse matrix times a block of shape (columns, states, weightings)."""
    product: Floats = matrix @ block.reshape(block.shape[0], block.shape[1] * block.shape[2])
    return product.reshape(matrix.shape[0], *block.shape[1:])


def _roles(structure: Structure) -> Ints:
    """The resource each element supplies: by the gates it is a member of, else by its kind."""
    groups = structure.topology.groups
    by_kind = np.array([_kind_role(groups[path].kind) for path in structure.groups], dtype=np.int64)
    role = by_kind[structure.elements.group]
    members = structure.gates.members
    role[members.values] = np.repeat(structure.gates.resource, np.diff(members.start))
    return role


def _kind_role(kind: str) -> int:
    if kind in NETWORK_KINDS:
        return NETWORK
    if kind in AIR_KINDS:
        return AIR
    return LIQUID if kind in COOLING_KINDS else POWER


def _class_shares(structure: Structure) -> sparse.csr_array:
    classes = structure.classes
    row, gate, resource = _inputs(structure, classes.gates)
    heat = _heat_fraction(structure, row, resource, classes.liquid_fraction, classes.group)
    each = np.where(resource == NETWORK, _bandwidth(structure)[gate], classes.power_kw[row] * heat)
    return _matrix(each * classes.count[row], gate, row, structure, len(classes))


def _element_shares(structure: Structure, gain: Floats, heat: Floats) -> tuple[sparse.csr_array, sparse.csr_array]:
    elements = structure.elements
    row, gate, resource = _inputs(structure, elements.gates)
    fraction = _heat_fraction(structure, row, resource, _element_fractions(structure), elements.group)
    network = resource == NETWORK
    asked = np.where(network, 0.0, np.where(resource == POWER, gain[row], heat[row] * fraction))
    own = np.where(network, _bandwidth(structure)[gate], elements.power_kw[row] * fraction)
    size = len(elements)
    return _matrix(asked, gate, row, structure, size), _matrix(own, gate, row, structure, size)


def _inputs(structure: Structure, gates: Csr) -> tuple[Ints, Ints, Ints]:
    """Consumer, gate and resource of every input."""
    row = row_of(gates)
    return row, gates.values, structure.gates.resource[gates.values]


def _matrix(values: Floats, gate: Ints, row: Ints, structure: Structure, size: int) -> sparse.csr_array:
    return sparse.csr_array((values, (gate, row)), shape=(len(structure.gates), size))


def _bandwidth(structure: Structure) -> Floats:
    """Gbit/s that one consumer asks of each gate: 0 where it is not stated, and off the network."""
    stated = [dependency.lanes * dependency.lane_gbps for _, dependency in structure.dependencies]
    return np.array(stated, dtype=float)[structure.gates.dependency] if stated else np.zeros(len(structure.gates))


def _heat_fraction(structure: Structure, row: Ints, resource: Ints, liquid: Floats, group: Ints) -> Floats:
    """Share of a consumer's heat that goes to the gate of each input; 1 off the cooling layer."""
    cooling = (resource == LIQUID) | (resource == AIR)
    count = np.bincount(row[cooling], minlength=len(liquid))
    split = cooling & (count[row] > 1)
    if not split.any():
        return np.ones(len(row))
    both = np.bincount(row[resource == LIQUID], minlength=len(liquid)) == 1
    wrong = split & (~both[row] | (count[row] > 2) | np.isnan(liquid[row]))  # noqa: PLR2004 - one liquid, one air
    if wrong.any():
        path = structure.groups[group[row[wrong][0]]]
        raise RefusedError(
            "structure",
            f"it is not said how '{path}' divides its heat between two cooling suppliers",
            f"give '{path}' one liquid and one air supplier and state 'liquid_fraction'",
        )
    share = np.where(resource == LIQUID, liquid[row], 1.0 - liquid[row])
    return np.where(split, share, 1.0)


def _element_fractions(structure: Structure) -> Floats:
    """`liquid_fraction` of the elements, read only for groups with two cooling suppliers."""
    elements = structure.elements
    values = np.full(len(elements), np.nan)
    groups = structure.topology.groups
    for number in np.unique(elements.group).tolist():
        path = structure.groups[number]
        if sum(dependency.layer == "cooling" for dependency in groups[path].dependencies) > 1:
            mine = elements.group == number
            values[mine] = instances.attribute(structure.topology, path, "liquid_fraction")[elements.local[mine]]
    return values


def _steps(structure: Structure) -> tuple[_Step, ...]:
    members = structure.gates.members
    gate = row_of(members)
    stage = _stages(structure, gate)
    steps = []
    for number in range(int(stage.max(initial=-1)) + 1):
        gates = np.flatnonzero(stage == number)
        entries = np.flatnonzero(stage[gate] == number)
        start = np.concatenate([[0], np.cumsum(np.diff(members.start)[gates])])
        elements, where = np.unique(members.values[entries], return_inverse=True)
        collect = sparse.csr_array(
            (np.ones(len(entries)), (where, np.arange(len(entries)))), shape=(len(elements), len(entries))
        )
        of = np.repeat(np.arange(len(gates)), np.diff(start))
        steps.append(_Step(gates, entries, start, of, elements, collect))
    return tuple(steps)


def _stages(structure: Structure, gate: Ints) -> Ints:
    """For each gate the round in which all its consumers are known: 0 where only loads take from it."""
    inputs = structure.elements.gates
    consumer = row_of(inputs)
    depth = np.zeros(len(inputs), dtype=np.int64)
    while True:
        stage = np.zeros(len(structure.gates), dtype=np.int64)
        np.maximum.at(stage, inputs.values, depth[consumer])
        deeper = np.zeros_like(depth)
        np.maximum.at(deeper, structure.gates.members.values, 1 + stage[gate])
        if np.array_equal(deeper, depth):
            return stage
        depth = deeper
