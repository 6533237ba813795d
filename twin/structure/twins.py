"""Exact twins: elements that can be exchanged for each other without any answer changing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.lump import number, number_lists, row_of

if TYPE_CHECKING:
    from twin.structure.model import Floats, Ints, Structure


@dataclass(frozen=True, slots=True)
class Twins:
    """Sets of exact twins.

    Attributes:
        of: (elements,), the set of each element; sets are numbered by their first element.
        first: (sets,), the first element of each.
        count: (sets,), how many elements each has.
    """

    of: Ints
    first: Ints
    count: Ints


def twins(structure: Structure) -> Twins:
    """The sets of exact twins of a structure.

    Twins are of one group, have the same figures, need the same gates and are members, at the same
    rank, of exactly the same gates.
    """
    elements = structure.elements
    size = len(elements)
    needs = number_lists(size, row_of(elements.gates), elements.gates.values)
    members = structure.gates.members
    ranked = row_of(members) * (int(structure.gates.rank.max(initial=0)) + 1) + structure.gates.rank
    feeds = number_lists(size, members.values, ranked)
    figures: list[Ints | Floats] = [
        elements.capacity_kw,
        elements.derated_kw,
        elements.oversubscription,
        elements.efficiency,
        elements.no_load_kw,
        elements.load_loss_kw,
        *elements.curve.T,
        elements.power_kw,
        elements.cop,
        elements.unavailability,
        elements.failures_per_year,
        *elements.behaviour.columns(),
        elements.energised,
        elements.retired,
        elements.count,
        elements.role,
    ]
    of = number([elements.group, needs, feeds], size)
    lead = _first(of)[of]
    for column in figures:
        # Most columns tell nobody apart who is wired alike, and comparing is quicker than sorting.
        if not _alike(column, lead):
            of = number([of, column], size)
            lead = _first(of)[of]
    _, first, count = np.unique(of, return_index=True, return_counts=True)
    return Twins(of=of, first=first.astype(np.int64), count=count.astype(np.int64))


def _alike(column: Ints | Floats, lead: Ints) -> bool:
    """Whether every entry equals that of its lead; NaN equals NaN."""
    if not len(column):
        return True
    # Most columns are one figure or none, and this reads them in their order.
    if not (~np.isnan(column) if np.isnan(column[0]) else column != column[0]).any():
        return True
    differ = column != column[lead]
    if not differ.any():
        return True
    return bool(np.isnan(column[differ]).all() and np.isnan(column[lead[differ]]).all())


def _first(of: Ints) -> Ints:
    """The first of each set; sets are numbered by it."""
    first = np.empty(int(of.max(initial=-1)) + 1, dtype=np.int64)
    first[of[::-1]] = np.arange(len(of) - 1, -1, -1)
    return first
