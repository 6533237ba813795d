"""Blast radius: what every single loss, and every pair that loses more than its two, takes down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.losses import MAX_ENTRIES, among, in_batches, keyed
from twin.failure.net import csr, gather
from twin.failure.pairs import to_lose
from twin.structure.lump import row_of
from twin.structure.model import FAILING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.failure.losses import Singles
    from twin.failure.net import Net
    from twin.failure.pairs import Lost, Pairs
    from twin.structure.model import Csr, Floats, Ints

RACKS, KW, ACCELERATORS = range(3)
_DIGITS = 6
"""Digits of a kilowatt that count: a milliwatt."""


@dataclass(frozen=True, slots=True)
class Blasts:
    """Losses of one or two elements and what they take down.  Every array has one entry a set of alike ones.

    Attributes:
        one, other: (n,), elements lost; `other` is -1 where there is one.
        count: (n,), how many alike sets of lost elements there are.
        elements: (n,), further elements that lose supply.
        lost: (3, n), racks, kW and accelerators that lose supply.
        added: (3, n), of these what the loss of neither alone takes down; all where there is one.
    """

    one: Ints
    other: Ints
    count: Ints
    elements: Ints
    lost: Floats
    added: Floats


def worth(net: Net) -> Floats:
    """(3, classes): racks, kW and accelerators of all loads of a class."""
    classes = net.snapshot.structure.classes
    each = (classes.is_rack, classes.power_kw, classes.accelerators)
    return np.stack([classes.count * what for what in each]).astype(float)


def of_singles(net: Net, limit: int = MAX_ENTRIES) -> tuple[Blasts, list[Singles]]:
    """Every single loss of an element in service, one of each set of exact twins.

    Returns:
        The losses, and what they take down, in batches.
    """
    lost = to_lose(net, alone=True)
    batches = list(in_batches(net, lost.columns, limit))
    figures = [_figures(net, batch) for batch in batches]
    elements, taken = (
        (np.concatenate(column, axis=-1) for column in zip(*figures, strict=True))
        if figures
        else (np.zeros(0, dtype=np.int64), np.zeros((3, 0)))
    )
    # What is in service and not supplied takes nothing down with it.
    dark = np.flatnonzero(net.snapshot.element_on & ~net.alive & (net.snapshot.structure.elements.role == FAILING))
    taken = np.concatenate([taken, np.zeros((3, len(dark)))], axis=1)
    return Blasts(
        one=np.concatenate([lost.columns, dark]),
        other=np.full(len(lost.columns) + len(dark), -1),
        count=np.concatenate([lost.ways, net.places.total[net.element_place[dark]]]),
        elements=np.concatenate([elements - 1, np.zeros(len(dark), dtype=np.int64)]),
        lost=taken,
        added=taken,
    ), batches


def _figures(net: Net, found: Singles) -> tuple[Ints, Floats]:
    """(columns,) elements, with what is lost, and (3, columns) of loads that each single loss takes down."""
    place, size = net.element_place, len(found.columns)
    row, x = row_of(found.down), found.down.values
    elements = np.bincount(x, net.places.ways(place[row], place[found.columns[x]]), minlength=size)
    row, x = row_of(found.unfed), found.unfed.values
    ways = net.places.ways(net.class_place[row], place[found.columns[x]])
    taken = [np.bincount(x, each[row] * ways, minlength=size) for each in worth(net)]
    return elements.astype(np.int64), np.stack(taken)


def of_pairs(net: Net, found: Pairs) -> Blasts:
    """Every pair that leaves a load unfed that neither of the two leaves unfed alone."""
    i, j, down, lost, added = by_pairs(net, found.singles, found.down, found.unfed)
    columns = found.lost.columns
    return Blasts(columns[i], columns[j], ways_of(net, found.lost, i, j), down - 2, lost, added)


def by_pairs(net: Net, alone: Singles, down: Csr, unfed: Csr) -> tuple[Ints, Ints, Ints, Floats, Floats]:
    """What every pair takes down that leaves a load unfed that neither of the two leaves unfed alone.

    Args:
        net: the thresholds.
        alone: what each takes down by itself.
        down: by element, the pairs that take it down together.
        unfed: the same by class of loads.

    Returns:
        Positions of the two, elements with what is lost, and (3, n) of loads: all, and what neither takes down alone.
    """
    width = len(alone.columns)
    keys = np.unique(unfed.values)
    i, j = np.divmod(keys, width)
    place = net.element_place[alone.columns]
    where = (place[i], place[j])

    def ways(what: Ints, pair: Ints) -> Ints:
        return net.places.ways(what, where[0][pair], where[1][pair])

    value = worth(net)
    elements, taken = _figures(net, alone)
    row, pair = row_of(unfed), np.searchsorted(keys, unfed.values)
    times = ways(net.class_place[row], pair)
    added = np.stack([np.bincount(pair, each[row] * times, minlength=len(keys)) for each in value]).astype(float)
    lost = taken[:, i] + taken[:, j] + added
    for row, pair in _both(alone.unfed, i, j, width):
        times = ways(net.class_place[row], pair)
        lost -= np.stack([np.bincount(pair, each[row] * times, minlength=len(keys)) for each in value])
    further = (elements[i] + elements[j]).astype(float)
    row, pair = _of_keys(down, keys)
    further += np.bincount(pair, ways(net.element_place[row], pair), minlength=len(keys))
    for row, pair in _both(alone.down, i, j, width):
        further -= np.bincount(pair, ways(net.element_place[row], pair), minlength=len(keys))
    # A sum less what is counted twice may miss 0 by rounding.
    lost[KW] = np.round(lost[KW], _DIGITS)
    return i, j, further.astype(np.int64), lost, added


def ways_of(net: Net, lost: Lost, i: Ints, j: Ints) -> Ints:
    """How many pairs of elements are alike to each pair."""
    place = net.element_place[lost.columns]
    same = lost.partner[i] == j
    sets = np.where(same, lost.size[i] * (lost.size[i] - 1) // 2, lost.size[i] * lost.size[j])
    found: Ints = sets * net.places.pairs(place[i], place[j])
    return found


def _of_keys(lists: Csr, keys: Ints) -> tuple[Ints, Ints]:
    """The entries that are among some ascending keys: row, and position of the key."""
    keep = among(keys, lists.values)
    return row_of(lists)[keep], np.searchsorted(keys, lists.values[keep])


def _both(lists: Csr, i: Ints, j: Ints, width: int, limit: int = MAX_ENTRIES // 8) -> Iterator[tuple[Ints, Ints]]:
    """The rows that hold both of two values, for many pairs, in parts: row, and position of the pair."""
    order = np.argsort(lists.values, kind="stable")
    turned = csr(lists.values[order], row_of(lists)[order], width)
    keys = keyed(lists, width)
    size = np.diff(turned.start)
    few, many = np.where(size[i] <= size[j], i, j), np.where(size[i] <= size[j], j, i)
    part = np.cumsum(size[few]) // limit
    for chosen in np.split(np.arange(len(i)), np.flatnonzero(np.diff(part)) + 1) if len(i) else []:
        at, row = gather(turned, few[chosen])
        hit = among(keys, row * width + many[chosen][at])
        yield row[hit], chosen[at[hit]]
