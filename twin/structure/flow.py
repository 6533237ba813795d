"""What every element carries: loads propagated from the racks to the sources, in many states at once.

Everything here goes consumers first over power, cooling and network together: the draw of a chiller is
known only once the heat is.  What an element draws for what it is asked for, and the heat that it gives
to its coolers, is said by `twin.structure.losses`; who shares what by `twin.structure.sharing`.

`loads` gives what is carried, and for every weighting of the loads that the caller asks for the tangent:
by how much more each element carries when the draws of the weighted loads begin to grow.  Who shares
what does not change in a tangent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from twin.structure import asks
from twin.structure.losses import losses
from twin.structure.lump import row_of
from twin.structure.sharing import among, last_rank

if TYPE_CHECKING:
    from twin.structure.losses import Losses
    from twin.structure.model import Bools, Floats, Ints, Snapshot, Structure

CELLS = 12_000_000
"""Figures of one array of `loads` that a caller should stay below: 100 MB."""


@dataclass(frozen=True, slots=True)
class Loads:
    """What `loads` gives, for one instance of each element and gate.

    Attributes:
        total: (states, elements), what each carries.
        columns: (states, elements, weightings), tangent of that for the weighted loads.
        marked: (states, elements, marks), tangent for the marked loads.
        asked: (states, gates), what all consumers together ask of each gate.
        asked_columns: (states, gates, weightings), tangent of that for the weighted loads.
        asked_marked: (states, gates, marks), tangent of that for the marked loads.
        last: (states, gates), the last rank of suppliers that takes part; those after it stand by.
    """

    total: Floats
    columns: Floats
    marked: Floats
    asked: Floats
    asked_columns: Floats
    asked_marked: Floats
    last: Ints


@dataclass(frozen=True, slots=True)
class _Step:
    """One round: some gates, whose consumers are all known, and their members.

    Attributes:
        gates: (g,), numbers of the gates.
        takers: (t,), the elements that ask something of them.
        power, heat: (g, t), the part of their draw, and of their heat, that each asks of each.
        entries: (n,), positions of the members in `gates.members.values`.
        start: (g + 1,), where the members of each begin.
        of: (n,), index into `gates` of each entry.
        elements: (m,), the elements among the members, each once.
        collect: (m, n), adds up the entries of each element.
    """

    gates: Ints
    takers: Ints
    power: sparse.csr_array
    heat: sparse.csr_array
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
        losses: what each draws, and gives off as heat, at what it carries.
        by_class: (gates, classes), what all loads of a class ask of a gate.
        by_power, by_heat: (gates, elements), the part of its draw, and of its heat, that an element asks for.
        by_self: (gates, elements), Gbit/s that it asks for.
        onto: (entries of `gates.members`,), how often what is asked of a gate counts for one of the member.
        steps: in order, consumers first.
    """

    role: Ints
    losses: Losses
    by_class: sparse.csr_array
    by_power: sparse.csr_array
    by_heat: sparse.csr_array
    by_self: sparse.csr_array
    onto: Floats
    steps: tuple[_Step, ...]


def plan(structure: Structure) -> Plan:
    """Prepare the propagation of loads; once for a structure.

    Raises:
        RefusedError: a consumer with two coolers that are not one liquid and one air, or without
            `liquid_fraction`.
    """
    if "plan" not in structure.derived:
        structure.derived["plan"] = _plan(structure)
    prepared: Plan = structure.derived["plan"]
    return prepared


def _plan(structure: Structure) -> Plan:
    role = asks.roles(structure)
    power, heat, own = asks.of_elements(structure)
    onto = asks.onto_members(structure)
    return Plan(
        role=role,
        losses=losses(structure.elements, role),
        by_class=asks.of_classes(structure),
        by_power=power,
        by_heat=heat,
        by_self=own,
        onto=onto,
        steps=_steps(structure, power, heat, onto),
    )


def loads(
    snapshot: Snapshot,
    alive: Bools,
    class_scale: Floats,
    fed: Bools | Floats | None = None,
    prepared: Plan | None = None,
    marked: Bools | Floats | None = None,
) -> Loads:
    """Propagate the loads in many failure states at once.

    Every consumer that is live or fed should have a live member at each of its gates, as `live` sees to
    it; what is asked of a gate without one goes nowhere.

    Args:
        snapshot: the structure in one month.
        alive: (states, elements), which elements are live; one that is not energised is not.
        class_scale: (classes, weightings), how much of its full draw each class that draws counts for in
            each weighting.
        fed: (states, classes), which loads draw, or the part of its full draw that each draws; None for all
            that are energised.
        prepared: `plan(snapshot.structure)`, for a caller that asks often.
        marked: (states, classes, marks), weightings of the full draws that differ between states, 0 for what
            does not draw; None for none.

    Returns:
        Loads in kW (Gbit/s for network elements): what power suppliers give, the heat that coolers take.
    """
    structure = snapshot.structure
    work = prepared or plan(structure)
    states, weightings = alive.shape[0], class_scale.shape[1]
    on = np.ascontiguousarray((alive & snapshot.element_on).T)
    draws = np.broadcast_to(snapshot.class_on[:, None], (len(structure.classes), states)).astype(float)
    if fed is not None:
        draws *= fed.T
    drawn = np.zeros((*draws.shape, 1 + weightings + (0 if marked is None else marked.shape[2])))
    drawn[:, :, 0] = draws
    drawn[:, :, 1 : 1 + weightings] = (draws > 0)[:, :, None] * class_scale[:, None, :]
    if marked is not None:
        drawn[:, :, 1 + weightings :] = marked.transpose(1, 0, 2)
    ask = _times(work.by_class, drawn)
    ask[:, :, 0] += work.by_self @ on.astype(float)
    carried = np.zeros((len(structure.elements), states, drawn.shape[2]))
    last = np.zeros((len(structure.gates), states), dtype=np.int64)
    for step in work.steps:
        _take(work, step, on, carried, ask)
        part, last[step.gates] = _shares(structure, step, on, ask[step.gates, :, 0])
        carried[step.elements] += _times(step.collect, part[:, :, None] * ask[step.gates[step.of]])
    return Loads(
        total=carried[:, :, 0].T,
        columns=carried[:, :, 1 : 1 + weightings].transpose(1, 0, 2),
        marked=carried[:, :, 1 + weightings :].transpose(1, 0, 2),
        asked=ask[:, :, 0].T,
        asked_columns=ask[:, :, 1 : 1 + weightings].transpose(1, 0, 2),
        asked_marked=ask[:, :, 1 + weightings :].transpose(1, 0, 2),
        last=last.T,
    )


def _take(work: Plan, step: _Step, on: Bools, carried: Floats, ask: Floats) -> None:
    """Add to what is asked of the gates of one round what elements ask of them."""
    if not len(step.takers):
        return
    mine, live = carried[step.takers], on[step.takers]
    drawn, kept = mine.copy(), work.losses.kept[step.takers][:, None, None]
    drawn[:, :, 1:] *= work.losses.slope(step.takers, mine[:, :, 0])[:, :, None]
    drawn[:, :, 0] = work.losses.draw(step.takers, mine[:, :, 0]) * live
    asked = _times(step.power, drawn)
    if step.heat.nnz:
        asked += _times(step.heat, drawn + kept * mine)
    ask[step.gates] += asked


def _shares(structure: Structure, step: _Step, on: Bools, asked: Floats) -> tuple[Floats, Ints]:
    """(entries, states) shares of the members of one round, and (gates, states) the last rank that takes part."""
    gates = structure.gates
    members = gates.members.values[step.entries]
    derated, rank, primary = structure.elements.derated_kw[members], gates.rank[step.entries], gates.primary[step.gates]
    taking = on[members]
    if not primary.any():
        return among(step.start, derated, taking), np.zeros(asked.shape, dtype=np.int64)
    last = last_rank(step.start, derated, rank, primary, taking, asked)
    return among(step.start, derated, taking & (rank[:, None] <= last[step.of])), last


def _times(matrix: sparse.csr_array, block: Floats) -> Floats:
    """A sparse matrix times a block of shape (columns, states, weightings)."""
    product: Floats = matrix @ block.reshape(block.shape[0], block.shape[1] * block.shape[2])
    return product.reshape(matrix.shape[0], *block.shape[1:])


def _steps(structure: Structure, power: sparse.csr_array, heat: sparse.csr_array, onto: Floats) -> tuple[_Step, ...]:
    members = structure.gates.members
    gate = row_of(members)
    stage = _stages(structure, gate)
    consumer = row_of(structure.elements.gates)
    asking = stage[structure.elements.gates.values]
    steps = []
    for number in range(int(stage.max(initial=-1)) + 1):
        gates = np.flatnonzero(stage == number)
        takers = np.unique(consumer[asking == number])
        entries = np.flatnonzero(stage[gate] == number)
        start = np.concatenate([[0], np.cumsum(np.diff(members.start)[gates])])
        elements, where = np.unique(members.values[entries], return_inverse=True)
        collect = sparse.csr_array(
            (onto[entries], (where, np.arange(len(entries)))), shape=(len(elements), len(entries))
        )
        of = np.repeat(np.arange(len(gates)), np.diff(start))
        parts = (power[gates][:, takers], heat[gates][:, takers])
        steps.append(_Step(gates, takers, *parts, entries, start, of, elements, collect))
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
