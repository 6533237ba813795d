"""Table `availability`: how often and how long every scope and every class of loads is down."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.alike import alike
from twin.failure.bdd import Measure
from twin.tables import table
from twin.topology.instances import ids, offsets
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    import polars as pl

    from twin.failure.solved import Solved
    from twin.structure.model import Bools, Floats

    Row = dict[str, object]


def availability(months: Iterable[Solved]) -> pl.DataFrame:
    """Availability of every scope and class of loads, exactly.

    A scope is fed while every energised load in it is; a load is in service while it is fed and works
    itself.  Classes of one group with the same numbers share a row.

    Args:
        months: each month of change, solved.

    Returns:
        Table `availability`.
    """
    rows: list[Row] = []
    for solved in months:
        month = solved.snapshot.structure.topology.calendar.date(solved.snapshot.month)
        rows += [{"month": month, **row} for row in (*_scopes(solved), *_classes(solved))]
    declared = table("availability")
    return declared.frame({name: [row[name] for row in rows] for name in declared.names})


def _scopes(solved: Solved) -> Iterator[Row]:
    served = served_fraction(solved)
    measures = list(zip(solved.exact.scope_unavailability.tolist(), solved.exact.scope_per_year.tolist(), strict=True))
    for name, kind, index in zip(solved.scope_ids, solved.scope_kinds, solved.scope_of.tolist(), strict=True):
        measure = Measure(*measures[index])
        if not np.isnan(measure.unavailability):
            row: Row = {"scope": name, "kind": kind, "event": "fed", "count": 1}
            yield {**row, **_event(measure), "served_fraction": float(served[index])}


def served_fraction(solved: Solved) -> Floats:
    """(scopes of the structure,): expected share of each scope's IT load in service; NaN where it has none.

    Expectation is linear, so this is exact whatever depends on whatever.  Where no load draws power,
    loads count instead of kilowatts.
    """
    classes = solved.snapshot.structure.classes
    working = 1.0 - solved.own[0]
    by_kw, by_count = (
        (solved.summed(each * working), solved.summed(each)) for each in (classes.power_kw, np.ones(len(classes)))
    )
    part, whole = np.where(by_kw[1] > 0.0, by_kw, by_count)
    with np.errstate(invalid="ignore"):
        share: Floats = part / whole
    return share


def _classes(solved: Solved) -> Iterator[Row]:
    structure = solved.snapshot.structure
    topology, classes = structure.topology, structure.classes
    first = offsets(topology)
    down, often = solved.own
    exact = solved.exact
    columns = (exact.class_unavailability, exact.class_per_year, down, often)
    for members in _alike(solved.loads > 0, classes.group.tolist(), *columns):
        lead = min(members, key=lambda index: int(classes.node[index]))
        group = structure.groups[classes.group[lead]]
        row: Row = {
            "scope": ids(topology, group, [int(classes.node[lead]) - first[group]])[0],
            "kind": topology.groups[group].kind,
            "count": int(solved.loads[members].sum()),
            "served_fraction": float(1.0 - down[lead]),
        }
        for event, measure in (
            ("fed", Measure(float(exact.class_unavailability[lead]), float(exact.class_per_year[lead]))),
            ("in_service", Measure(float(down[lead]), float(often[lead]))),
        ):
            yield {**row, "event": event, **_event(measure)}


def _alike(chosen: Bools, *columns: Iterable[Hashable] | Floats) -> list[list[int]]:
    """The chosen rows in sets that agree in all columns, floats to twelve digits; in order of first sight."""
    keys = [alike(column.tolist()) if isinstance(column, np.ndarray) else list(column) for column in columns]
    sets: defaultdict[tuple[Hashable, ...], list[int]] = defaultdict(list)
    for index, key in enumerate(zip(*keys, strict=True)):
        if chosen[index]:
            sets[key].append(index)
    return list(sets.values())


def _event(measure: Measure) -> Row:
    """The columns that follow from how likely and how often something is down."""
    down, often = measure
    return {
        "availability_fraction": 1.0 - down,
        "outages_per_year": often,
        "downtime_h_per_year": down * HOURS_PER_YEAR,
        "mean_outage_h": down / often * HOURS_PER_YEAR if often > 0.0 else None,
    }
