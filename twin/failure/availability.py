"""Table `availability`: how often and how long every scope and every class of loads is down."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from twin.failure.alike import alike
from twin.failure.bdd import DEFAULT_NODES, Measure
from twin.failure.system import Exact, solve
from twin.tables import table
from twin.topology.instances import ids, offsets
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator

    import polars as pl

    from twin.structure.model import Bools, Floats, Snapshot

    Row = dict[str, object]


def availability(snapshots: Iterable[Snapshot], nodes: int = DEFAULT_NODES) -> pl.DataFrame:
    """Availability of every scope and class of loads, exactly.

    A scope is fed while every energised load in it is; a load is in service while it is fed and works
    itself.  Classes of one group with the same numbers share a row.  Months in which the same system
    is in service are solved once.

    Args:
        snapshots: the structure in each month of change.
        nodes: decision nodes that one month may use.

    Returns:
        Table `availability`.

    Raises:
        RefusedError: the system is too entangled for an exact answer within `nodes`.
    """
    solved: dict[bytes, Exact] = {}
    rows: list[Row] = []
    for snapshot in snapshots:
        key = _key(snapshot)
        if key not in solved:
            solved[key] = solve(snapshot, nodes)
        month = snapshot.structure.topology.calendar.date(snapshot.month)
        found = (*_scopes(snapshot, solved[key]), *_classes(snapshot, solved[key]))
        rows += [{"month": month, **row} for row in found]
    declared = table("availability")
    return declared.frame({name: [row[name] for row in rows] for name in declared.names})


def in_service(snapshot: Snapshot, exact: Exact) -> tuple[Floats, Floats]:
    """Unavailability and frequency of the event `in_service` of each class: fed, and itself working.

    The load's own failure is independent of everything upstream, as nothing depends on a load.
    """
    own = snapshot.structure.classes
    fed, often = exact.class_unavailability, exact.class_per_year
    down = fed + own.unavailability * (1.0 - fed)
    return down, often * (1.0 - own.unavailability) + own.failures_per_year * (1.0 - fed)


def _key(snapshot: Snapshot) -> bytes:
    """All that the answer depends on and a month can change."""
    arrays = (snapshot.element_on, snapshot.class_on, snapshot.weight, snapshot.threshold)
    return b"".join([*(array.tobytes() for array in arrays), repr(sorted(snapshot.cuts.items())).encode()])


def _scopes(snapshot: Snapshot, exact: Exact) -> Iterator[Row]:
    served = _served(snapshot, 1.0 - in_service(snapshot, exact)[0])
    for index, scope in enumerate(snapshot.structure.scopes):
        measure = Measure(float(exact.scope_unavailability[index]), float(exact.scope_per_year[index]))
        if not np.isnan(measure.unavailability):
            row: Row = {"scope": scope.id, "kind": scope.kind, "event": "fed", "count": 1}
            yield {**row, **_event(measure), "served_fraction": float(served[index])}


def _served(snapshot: Snapshot, working: Floats) -> Floats:
    """(scopes,): expected share of each scope's IT load in service; NaN where it has no energised load.

    Expectation is linear, so this is exact whatever depends on whatever.  Where no load draws power,
    loads count instead of kilowatts.
    """
    structure = snapshot.structure
    classes, on = structure.classes, snapshot.class_on
    weights = [np.where(on, classes.count * each, 0.0) for each in (classes.power_kw, 1.0)]
    sums = np.zeros((len(weights), 2, len(structure.scopes)))
    for row, weight in zip(sums, weights, strict=True):
        np.add.at(row[0], classes.scope[on], (weight * working)[on])
        np.add.at(row[1], classes.scope[on], weight[on])
    for index in range(len(structure.scopes) - 1, -1, -1):
        if structure.scopes[index].parent >= 0:
            sums[:, :, structure.scopes[index].parent] += sums[:, :, index]
    by_kw, by_count = sums
    part, whole = np.where(by_kw[1] > 0.0, by_kw, by_count)
    with np.errstate(invalid="ignore"):
        share: Floats = part / whole
    return share


def _classes(snapshot: Snapshot, exact: Exact) -> Iterator[Row]:
    structure = snapshot.structure
    topology, classes = structure.topology, structure.classes
    first = offsets(topology)
    down, often = in_service(snapshot, exact)
    columns = (exact.class_unavailability, exact.class_per_year, down, often)
    for members in _alike(snapshot.class_on, classes.group.tolist(), *columns):
        lead = min(members, key=lambda index: int(classes.node[index]))
        group = structure.groups[classes.group[lead]]
        row: Row = {
            "scope": ids(topology, group, [int(classes.node[lead]) - first[group]])[0],
            "kind": topology.groups[group].kind,
            "count": int(classes.count[members].sum()),
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
