"""Table `importance`: how much each kind of element matters to each scope.

Probabilities are linear in the unavailability of any one element.  So its derivative, Birnbaum's measure,
says exactly what the scope would be like with the element always down or never down, and all other
measures follow.  Elements that can be exchanged without anything changing matter alike: the derivative is
taken in the direction in which all of them grow, and shared out.  Definitions: Rausand and Høyland, System
Reliability Theory, 2nd ed., ch. 5; Vesely and others, NUREG/CR-3385 for risk achievement and reduction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.alike import kinds
from twin.failure.bdd import DEFAULT_NODES
from twin.failure.cut_sets import chances, scopes, ways
from twin.failure.minimal import of_classes, of_scopes
from twin.failure.naming import named
from twin.failure.parts import parts
from twin.failure.slopes import kinds_of, slopes
from twin.structure.lump import number, number_lists
from twin.tables import table
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    import polars as pl

    from twin.failure.minimal import CutSets
    from twin.failure.net import Net
    from twin.failure.pairs import Pairs
    from twin.failure.slopes import Kinds
    from twin.structure.model import Bools, Floats, Ints

_NEVER = 1e-12
"""Share of a probability below which what is left of it is rounding."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How importance is asked for.

    Attributes:
        order: the largest order of cut sets that the Fussell-Vesely measure counts.
        price: what an accelerator-hour is worth in USD; None where that is not said.
        nodes: decision nodes that may be used.
    """

    order: int = 2
    price: float | None = None
    nodes: int = DEFAULT_NODES


def importance(net: Net, found: Pairs, asked: Asked) -> pl.DataFrame:
    """Importance of every kind of element to every scope to which it matters.

    It is that of an element's own failures; common causes and planned outages are there as they are.

    Args:
        net: the thresholds.
        found: its pairs.
        asked: what else is asked.

    Returns:
        Table `importance`.

    Raises:
        RefusedError: the system is too entangled for an exact answer within `asked.nodes`.
    """
    kinds_ = kinds_of(net)
    which = np.flatnonzero((net.scope_place >= 0) & _with_loads(net))
    found_slopes = slopes(net, kinds_, which, asked.nodes)
    scope, kind = np.nonzero((found_slopes.unfed > 0.0) | (found_slopes.lost > 0.0).any(axis=0))
    place = np.maximum(net.scope_place, 0)[which[scope]]
    many = kinds_.size[kind] * net.places.ways(net.element_place[kinds_.lead[kind]], place)
    vesely = _fussell_vesely(net, of_scopes(net, of_classes(net, found, asked.order)), kinds_, which)
    q = parts(net.snapshot.structure).unavailability[kinds_.lead[kind]]
    slope = found_slopes.unfed[scope, kind] / many
    down = found_slopes.unavailability[scope]
    without = down - q * slope
    kw, accelerators = (q * lost[scope, kind] / many for lost in found_slopes.lost)
    hours = accelerators * HOURS_PER_YEAR
    figures = {
        "count": many,
        "birnbaum_fraction": slope,
        "criticality_fraction": _share(slope * q, down),
        "fussell_vesely_fraction": _share(vesely[scope, kind], down),
        "diagnostic_fraction": _share(q * (down + (1.0 - q) * slope), down),
        "risk_achievement_ratio": _share(down + (1.0 - q) * slope, down),
        "risk_reduction_ratio": _share(down, np.where(without > _NEVER * down, without, 0.0)),
        "lost_it_kw": kw,
        "lost_accelerator_h_per_year": hours,
        "lost_usd_per_year": hours * (np.nan if asked.price is None else asked.price),
    }
    return _frame(net, which[scope], kinds_.lead[kind], figures)


def _with_loads(net: Net) -> Bools:
    """(scopes,): whether some load that is fed stands in it."""
    structure = net.snapshot.structure
    found = np.zeros(len(structure.scopes), dtype=bool)
    found[structure.classes.scope[net.fed]] = True
    for index in range(len(found) - 1, -1, -1):
        if structure.scopes[index].parent >= 0:
            found[structure.scopes[index].parent] |= found[index]
    return found


def _fussell_vesely(net: Net, by_order: list[CutSets], kinds_: Kinds, which: Ints) -> Floats:
    """(scopes, kinds): probability that some minimal cut set with one given element in it is down, at most.

    The sets are taken as if they failed independently: 1 - product of (1 - probability), which is never too low.
    """
    targets = scopes(net)
    position = np.full(len(targets.node), -1)
    position[which] = np.arange(len(which))
    left = np.zeros((len(which), len(kinds_.lead)))
    for sets in by_order:
        row = position[sets.target]
        keep = np.flatnonzero(row >= 0)
        chance, many = chances(net, sets)[0][keep], ways(net, targets, sets)[keep]
        for column in range(sets.members.shape[1]):
            kind = kinds_.of[sets.members[keep, column]]
            place = net.element_place[sets.members[keep, column]]
            elements = kinds_.size[kind] * net.places.ways(place, targets.place[sets.target[keep]])
            np.add.at(left, (row[keep], kind), many / elements * np.log1p(-np.minimum(chance, 1.0 - 1e-16)))
    found: Floats = np.abs(np.expm1(left))
    return found


def _share(part: Floats, whole: Floats) -> Floats:
    """One over the other; NaN where the other is 0."""
    found: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0.0)
    return found


def _frame(net: Net, scope: Ints, lead: Ints, figures: dict[str, Floats | Ints]) -> pl.DataFrame:
    """The table: scope by scope, what costs most first; kinds of one group with the same figures are one row."""
    structure = net.snapshot.structure
    elements = structure.elements
    keys = ("birnbaum_fraction", "criticality_fraction", "diagnostic_fraction", "lost_it_kw")
    order = np.lexsort((elements.node[lead], scope))
    columns = [kinds(np.nan_to_num(figures[name][order], nan=-1.0)) for name in keys]
    row = [elements.group[lead[order]], *columns]
    of = number([scope[order], *row], len(order))
    place = np.unique(of, return_index=True)[1]
    first, count = order[place], np.bincount(of, figures["count"][order]).astype(np.int64)
    stands, total = _alike(net, scope[first], number([*(column[place] for column in row), count], len(first)))
    first, count = first[stands[scope[first]]], count[stands[scope[first]]]
    sort = np.lexsort(
        (elements.node[lead[first]], *(-figures[name][first] for name in (keys[0], keys[3])), scope[first])
    )
    first, count = first[sort], count[sort]
    where = [structure.scopes[index] for index in scope[first].tolist()]
    what = named(structure, elements.node[lead[first]].tolist())
    return table("importance").frame(
        {
            "scope": [each.id for each in where],
            "scope_count": total[scope[first]],
            "element": [name.id for name in what],
            "group": [name.group for name in what],
            "kind": [name.kind for name in what],
            "count": count,
            **{name: _nulls(values[first]) for name, values in figures.items() if name != "count"},
        }
    )


def _alike(net: Net, scope: Ints, row: Ints) -> tuple[Bools, Ints]:
    """(scopes,) each: whether a scope is the first of those of one group with the same rows, and how many those are."""
    targets = scopes(net)
    size = len(targets.node)
    of = number([targets.group, number_lists(size, scope, row)], size)
    first = np.zeros(size, dtype=bool)
    first[np.unique(of, return_index=True)[1]] = True
    there = np.isin(np.arange(size), scope)
    return first, np.bincount(of, np.where(there, targets.count, 0)).astype(np.int64)[of]


def _nulls(values: Floats | Ints) -> list[float | None]:
    return [None if np.isnan(value) else value for value in values.tolist()]
