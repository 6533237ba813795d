"""Rows of table `checks`: whether what is declared redundant survives every single failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.failure.blast import KW, RACKS
from twin.failure.losses import among
from twin.failure.naming import named
from twin.failure.net import gather
from twin.structure.lump import row_of
from twin.tables import table
from twin.units import show

if TYPE_CHECKING:
    import polars as pl

    from twin.failure.blast import Blasts
    from twin.failure.losses import Singles
    from twin.failure.net import Net
    from twin.structure.model import Bools, Ints

_NAMED = 3


def checks(net: Net, batches: list[Singles], alone: Blasts) -> pl.DataFrame:
    """One row a declared dependency: whether any single failure takes down load behind it.

    Args:
        net: the thresholds.
        batches: what every single failure takes down.
        alone: the same in figures, in the order of the batches; sets of alike ones are one here.
    """
    structure = net.snapshot.structure
    declared = (structure.gates.tolerance >= 1) & (net.snapshot.threshold > 0.0)
    faults: dict[int, set[int]] = {int(number): set() for number in np.unique(structure.gates.dependency[declared])}
    first = 0
    for batch in batches:
        for number, column in _to_blame(net, batch, declared):
            faults[number].add(first + column)
        first += len(batch.columns)
    scopes, got, messages = [], [], []
    for number, fatal in faults.items():
        consumer, dependency = structure.dependencies[number]
        suppliers = ", ".join(supplier.group.rpartition("/")[2] for supplier in dependency.suppliers)
        scopes.append(f"{consumer}: {dependency.layer} from {suppliers}")
        got.append(_worst(net, alone, sorted(fatal)) if fatal else "no single failure takes down load")
        messages.append(
            "declared redundant, but one failure is enough: feed its suppliers from more than one element, or add one"
            if fatal
            else "every single failure leaves enough suppliers"
        )
    return table("checks").frame(
        {
            "check": ["single_failure"] * len(faults),
            "scope": scopes,
            "ok": [not fatal for fatal in faults.values()],
            "got": got,
            "wanted": ["no load lost to the failure of one element"] * len(faults),
            "message": messages,
        }
    )


def _worst(net: Net, alone: Blasts, fatal: list[int]) -> str:
    """The failures that take down most, named; those of one group that take down as much are one."""
    elements = net.snapshot.structure.elements
    sets: dict[tuple[int, float, float], list[int]] = {}
    for row in sorted(fatal, key=lambda row: (-alone.lost[KW, row], elements.node[alone.one[row]])):
        key = (int(elements.group[alone.one[row]]), float(alone.lost[RACKS, row]), round(float(alone.lost[KW, row]), 6))
        sets.setdefault(key, []).append(row)
    worst = list(sets.values())[:_NAMED]
    names = named(net.snapshot.structure, (int(elements.node[alone.one[rows[0]]]) for rows in worst))
    said = []
    for rows, name in zip(worst, names, strict=True):
        count = int(alone.count[rows].sum())
        alike = f" ({count} alike)" if count > 1 else ""
        racks, kw = int(alone.lost[RACKS, rows[0]]), show(float(alone.lost[KW, rows[0]]), "power")
        said.append(f"{name.id}{alike} takes down {racks} racks, {kw}")
    more = f"; and {len(sets) - _NAMED} more" if len(sets) > _NAMED else ""
    return "; ".join(said) + more


def _to_blame(net: Net, found: Singles, declared: Bools) -> set[tuple[int, int]]:
    """Dependencies that declare tolerance, with the losses at which they nevertheless take load down.

    A gate is to blame when it is down and an unbroken chain of gates that are down leads from it to an
    unfed load.
    """
    structure, width = net.snapshot.structure, len(found.columns)
    down = np.unique(net.gate[row_of(found.short)] * width + found.short.values)
    guilty = np.unique(down[declared[down // width]] % width)
    row, column = row_of(found.unfed), found.unfed.values
    losing = among(guilty, column)
    at, gate = gather(structure.classes.gates, row[losing])
    reached = new = _down(down, gate * width + column[losing][at])
    while len(new):
        gates, columns = np.divmod(new, width)
        at, members = gather(structure.gates.members, gates)
        next_at, gate = gather(structure.elements.gates, members)
        further = _down(down, gate * width + columns[at[next_at]])
        new = further[~among(reached, further)]
        reached = np.union1d(reached, new)
    gates, columns = np.divmod(reached[declared[reached // width]], width)
    return set(zip(structure.gates.dependency[gates].tolist(), columns.tolist(), strict=True))


def _down(down: Ints, keys: Ints) -> Ints:
    keys = np.unique(keys)
    return keys[among(down, keys)]
