"""From groups to rows: the tables `groups`, `nodes`, `edges` and `assumptions`.

Everything here is done by column, level by level; what is done instance by instance is done inside
polars or numpy.  A million instances with ids and edges take some tenths of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.errors import RefusedError
from twin.tables import table
from twin.topology import instances
from twin.topology.assumptions import assumptions as assumptions
from twin.topology.attributes import NETWORK_KINDS
from twin.topology.model import LAYERS
from twin.topology.wiring import width, wire

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    from twin.topology.model import Group, Topology

MAX_EDGES = 200_000_000
"""Most rows of `edges`; beyond it `edges` refuses."""


@dataclass(frozen=True, slots=True)
class EdgeArrays:
    """Who is wired to whom, as arrays with one entry a wire, grouped by consumer group.

    Attributes:
        layer: uint8, index into `twin.topology.model.LAYERS`.
        supplier: uint32, node number of the one that feeds.
        consumer: uint32, node number of the one that is fed.
    """

    layer: NDArray[np.uint8]
    supplier: NDArray[np.uint32]
    consumer: NDArray[np.uint32]


def groups(topology: Topology) -> pl.DataFrame:
    """Table `groups`: one row a group, parents before their children."""
    every = topology.groups.values()
    return table("groups").frame(
        {
            "group": [group.path for group in every],
            "kind": [group.kind for group in every],
            "parent": [group.parent for group in every],
            "part": [group.part for group in every],
            "count": [group.count for group in every],
            "total": [group.total for group in every],
        }
    )


def nodes(topology: Topology) -> pl.DataFrame:
    """Table `nodes`: one row an instance, in node order, with its id."""
    every = list(topology.groups.values())
    owner = np.repeat(np.arange(len(every), dtype=np.uint32), [group.total for group in every])
    accelerators = np.nan_to_num(_column(topology, "accelerators"))
    return table("nodes").frame(
        {
            "node": np.arange(len(owner), dtype=np.uint32),
            "id": pl.concat(ids(topology).values()),
            "group": pl.Series([group.path for group in every]).gather(owner),
            "kind": pl.Series([group.kind for group in every]).gather(owner),
            "parent": _parents(topology),
            "energised": _dates(topology, instances.energised(topology)),
            "retired": _dates(topology, instances.retired(topology)),
            "capacity_kw": pl.Series(_column(topology, "capacity", without=NETWORK_KINDS), nan_to_null=True),
            "load_kw": pl.Series(_column(topology, "load"), nan_to_null=True),
            "accelerators": accelerators.astype(np.int64),
        }
    )


def ids(topology: Topology) -> dict[str, pl.Series]:
    """The ids of all instances: a string series of length `total` for each group path."""
    every: dict[str, pl.Series] = {}
    for path, group in topology.groups.items():
        own = _names(group, "" if group.parent is None else "/")
        if group.parent is None:
            every[path] = own
            continue
        above = every[group.parent]
        if group.count > 1:
            parents = np.repeat(np.arange(len(above), dtype=np.uint32), group.count)
            own = own.gather(np.tile(np.arange(group.count, dtype=np.uint32), len(above)))
            above = above.gather(parents)
        every[path] = above + own
    return every


def edge_count(topology: Topology) -> int:
    """How many rows `edges` has, without making them."""
    return sum(
        group.total * width(topology, dependency)
        for group in topology.groups.values()
        for dependency in group.dependencies
    )


def edge_arrays(topology: Topology) -> EdgeArrays:
    """All wires as arrays, in the order of table `edges`.

    Raises:
        RefusedError: there would be more than `MAX_EDGES`.
    """
    count = edge_count(topology)
    if count > MAX_EDGES:
        raise RefusedError(
            "topology",
            f"{count:,} edges, and {MAX_EDGES:,} is the limit",
            "narrow the scope of `from`, state `pick`, or work on the groups",
        )
    first = instances.offsets(topology)
    layer = np.empty(count, dtype=np.uint8)
    supplier = np.empty(count, dtype=np.uint32)
    consumer = np.empty(count, dtype=np.uint32)
    done = 0
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            wiring = wire(topology, path, dependency)
            wires = slice(done, done + wiring.total * wiring.k)
            shape = (wiring.total, wiring.k)
            layer[wires] = LAYERS.index(dependency.layer)
            supplier[wires].reshape(shape)[:] = wiring.suppliers([first[pool.group] for pool in wiring.pools])
            consumer[wires].reshape(shape)[:] = np.arange(first[path], first[path] + wiring.total)[:, None]
            done = wires.stop
    return EdgeArrays(layer, supplier, consumer)


def edges(topology: Topology) -> pl.DataFrame:
    """Table `edges`: one row a wire, by consumer group, consumer and the order of `from`.

    Raises:
        RefusedError: there would be more than `MAX_EDGES`.
    """
    wires = edge_arrays(topology)
    return table("edges").frame(
        {
            "layer": pl.Series(LAYERS).gather(wires.layer.astype(np.uint32)),
            "supplier": wires.supplier,
            "consumer": wires.consumer,
        }
    )


def _names(group: Group, slash: str) -> pl.Series:
    """What one instance of each number in the parent adds to the id."""
    if not group.indexed:
        return pl.Series([slash + group.name])
    numbers = pl.Series("number", np.arange(1, group.count + 1))
    return numbers.to_frame().select(pl.format(slash + "{}[{}]", pl.lit(group.name), "number")).to_series()


def _parents(topology: Topology) -> pl.Series:
    first = instances.offsets(topology)
    numbers = [
        pl.repeat(None, group.total, dtype=pl.UInt32, eager=True)
        if group.parent is None
        else pl.Series(
            np.repeat(
                np.arange(
                    first[group.parent], first[group.parent] + topology.groups[group.parent].total, dtype=np.uint32
                ),
                group.count,
            )
        )
        for group in topology.groups.values()
    ]
    return pl.concat(numbers)


def _dates(topology: Topology, by_group: Mapping[str, instances.Ints]) -> pl.Series:
    """The first days of months, null for those that never come."""
    months = np.concatenate(list(by_group.values()))
    comes = months < instances.FOREVER
    if not comes.any():
        return pl.repeat(None, len(months), dtype=pl.Date, eager=True)
    low, high = int(months[comes].min()), int(months[comes].max())
    # Few months and many instances: make each date once.
    days = instances.first_days(topology.calendar, np.arange(low, high + 1)).astype(np.int32)
    dates = pl.Series(days[np.minimum(months, high) - low]).cast(pl.Date)
    return dates if comes.all() else dates.to_frame("on").select(pl.when(pl.Series(comes)).then("on")).to_series()


def _column(topology: Topology, name: str, without: Iterable[str] = ()) -> instances.Floats:
    values = np.full(instances.size(topology), np.nan)
    for path, first in instances.offsets(topology).items():
        group = topology.groups[path]
        here = slice(first, first + group.total)
        if group.kind in without:
            continue
        if name in instances.varying(topology, path):
            values[here] = instances.attribute(topology, path, name)
        elif name in group.attributes:
            values[here] = float(group.attributes[name].value)
    return values
