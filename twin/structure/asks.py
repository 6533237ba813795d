"""Who asks what of which gate: the matrices that `twin.structure.flow` propagates loads with.

In a structure of representatives (`twin.structure.symmetry`) everything is for one instance: what a
consumer asks counts as often as there are consumers of its make for each gate of the gate's make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from twin.structure.lump import row_of
from twin.structure.model import AIR, LIQUID, NETWORK, POWER, Csr
from twin.structure.refusals import refuse_groups
from twin.topology import instances
from twin.topology.attributes import AIR_KINDS, COOLING_KINDS, NETWORK_KINDS

if TYPE_CHECKING:
    from twin.structure.model import Floats, Ints, Structure


def roles(structure: Structure) -> Ints:
    """(elements,): the resource each supplies, by the gates it is a member of, else by its kind."""
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


def of_classes(structure: Structure) -> sparse.csr_array:
    """(gates, classes): what all loads of a class ask of one gate, in kW, or Gbit/s on the network.

    Raises:
        RefusedError: loads with two coolers that are not one liquid and one air, or without `liquid_fraction`.
    """
    classes = structure.classes
    row, gate, resource = _inputs(structure, classes.gates)
    heat = _heat_fraction(structure, row, resource, classes.liquid_fraction, classes.group)
    each = np.where(resource == NETWORK, _bandwidth(structure)[gate], classes.power_kw[row] * heat)
    times = classes.count[row] / structure.gates.count[gate]
    return _matrix(each * times, gate, row, structure, len(classes))


def of_elements(structure: Structure) -> tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]:
    """(gates, elements) each: the part of an element's draw, and of its heat, that it asks for, and Gbit/s.

    Raises:
        RefusedError: as `of_classes`.
    """
    elements = structure.elements
    row, gate, resource = _inputs(structure, elements.gates)
    fraction = _heat_fraction(structure, row, resource, _element_fractions(structure), elements.group)
    times = elements.count[row] / structure.gates.count[gate]
    cooling = (resource == LIQUID) | (resource == AIR)
    parts = (
        np.where(resource == POWER, times, 0.0),
        np.where(cooling, fraction * times, 0.0),
        np.where(resource == NETWORK, _bandwidth(structure)[gate] * times, 0.0),
    )
    power, heat, network = (_matrix(part, gate, row, structure, len(elements)) for part in parts)
    return power, heat, network


def onto_members(structure: Structure) -> Floats:
    """(entries of `gates.members`,): how often what is asked of a gate counts for one instance of the member."""
    members = structure.gates.members
    onto: Floats = structure.gates.count[row_of(members)] / structure.elements.count[members.values]
    return onto


def _inputs(structure: Structure, gates: Csr) -> tuple[Ints, Ints, Ints]:
    """Consumer, gate and resource of every input."""
    row = row_of(gates)
    return row, gates.values, structure.gates.resource[gates.values]


def _matrix(values: Floats, gate: Ints, row: Ints, structure: Structure, size: int) -> sparse.csr_array:
    kept = values != 0.0
    return sparse.csr_array((values[kept], (gate[kept], row[kept])), shape=(len(structure.gates), size))


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
        refuse_groups(
            structure.topology,
            [structure.groups[number] for number in np.unique(group[row[wrong]]).tolist()],
            "it is not said how '{path}' divides its heat between two cooling suppliers",
            "give '{path}' one liquid and one air supplier and state 'liquid_fraction'",
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
