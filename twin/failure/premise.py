"""What the availability rests on: that with everything in service nobody carries more than it is rated for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin import units
from twin.structure.model import TOLERANCE
from twin.tables import table
from twin.topology.instances import ids

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from twin.structure.model import Snapshot


def checks(snapshots: Iterable[Snapshot]) -> pl.DataFrame:
    """One row of table `checks`: failed where an element is over what it may carry in some month.

    Args:
        snapshots: the months of change, in order; at least one.
    """
    worst, most, name = None, 0.0, ""
    for each in snapshots:
        name = each.structure.topology.name
        elements = each.structure.elements
        rated = each.element_on & np.isfinite(each.limit_kw)
        used = np.divide(each.load_kw, each.limit_kw, out=np.zeros(len(elements)), where=rated)
        if len(used) and float(used.max()) > most:
            most, worst = float(used.max()), (each, int(used.argmax()))
    ok = most <= 1.0 + TOLERANCE
    message = "the availability counts on every supplier carrying its load while everything is in service"
    if worst is not None and not ok:
        month, element = worst
        message = f"{_name(month, element)} is over its rating in {_when(month)}, so that load may be lost without any "
        message += "failure and the availability is too high: see 'twin capacity'"
    return table("checks").frame(
        {
            "check": ["supply_within_rating"],
            "scope": [name],
            "ok": [ok],
            "got": [units.show(most, "fraction")],
            "wanted": ["at most 100 % of what it may carry"],
            "message": [message],
        }
    )


def _name(month: Snapshot, element: int) -> str:
    structure = month.structure
    group = structure.groups[int(structure.elements.group[element])]
    return ids(structure.topology, group, [int(structure.elements.local[element])])[0]


def _when(month: Snapshot) -> str:
    return f"{month.structure.topology.calendar.date(month.month):%Y-%m}"
