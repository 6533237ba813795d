"""The mappings that stand in for the dictionaries of a networkx graph, as views over arrays.

networkx reads a directed graph through three mappings, `_adj`, `_pred` and `_node`.  These make what
is asked for at the moment it is asked for, so that a graph of a million nodes takes the memory of
its arrays and the time to sort them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from functools import cached_property
from operator import index
from typing import TYPE_CHECKING, Any, NoReturn

import networkx as nx
import polars as pl

from twin.errors import UsageError
from twin.topology import instances
from twin.topology.attributes import ATTRIBUTES
from twin.topology.model import LAYERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twin.topology.model import Group, Topology

LAYER_BITS = (1, 8, 64)
"""What a wire of each layer counts in the byte of an edge; wires between the same two nodes add up.

Up to 7, 7 and 3 of each layer fit, and a topology has at most one, two and one.
"""


class ReadOnlyGraphError(UsageError, nx.NetworkXError):
    """Somebody tried to change the expanded graph; it is a view of a topology."""


def refuse(*_args: object, **_kwargs: object) -> NoReturn:
    """Stands for every method that would change the graph.

    Raises:
        ReadOnlyGraphError: always.
    """
    raise ReadOnlyGraphError("the expanded graph is a read-only view of the topology; change a .copy() of it")


class Attributes(dict[str, Any]):
    """Attributes of a node or an edge: a dictionary that refuses to change; copies are plain."""

    __slots__ = ()

    __setitem__ = __delitem__ = clear = pop = popitem = setdefault = update = __ior__ = refuse

    def __deepcopy__(self, _memo: object) -> dict[str, Any]:
        """A plain dictionary: the values cannot change."""
        return dict(self)

    def __reduce__(self) -> tuple[type, tuple[dict[str, Any]]]:
        """Pickled as a plain dictionary."""
        return dict, (dict(self),)


def _edge_attributes() -> tuple[Attributes, ...]:
    """The attributes of a wire by its byte; wires with the same layers share one dictionary."""
    shared: dict[str, Attributes] = {}
    every = []
    for code in range(256):
        counts = (code % 8, code // 8 % 8, code // 64)
        layers = "+".join(layer for layer, count in zip(LAYERS, counts, strict=True) if count)
        every.append(shared.setdefault(layers, Attributes(layer=layers)))
    return tuple(every)


_EDGES = _edge_attributes()


class _RowItems(ItemsView[int, Attributes]):
    """Items of a row without looking each one up."""

    _mapping: Row

    def __iter__(self) -> Iterator[tuple[int, Attributes]]:
        return zip(self._mapping, self._mapping.values(), strict=True)


class _RowValues(ValuesView[Attributes]):
    """Values of a row without looking each one up."""

    _mapping: Row

    def __iter__(self) -> Iterator[Attributes]:
        return self._mapping.attributes()


class Row(Mapping[int, Attributes]):
    """The neighbours of one node, ascending, each with the attributes of the edge."""

    __slots__ = ("_codes", "_high", "_low", "_to")

    def __init__(self, to: memoryview[int], codes: memoryview[int], low: int, high: int) -> None:
        """A stretch `low … high - 1` of the neighbour numbers and layer bytes of all nodes."""
        self._to = to
        self._codes = codes
        self._low = low
        self._high = high

    def __iter__(self) -> Iterator[int]:
        """The neighbours."""
        return iter(self._to[self._low : self._high].tolist())

    def __len__(self) -> int:
        """How many neighbours."""
        return self._high - self._low

    def __contains__(self, node: object) -> bool:
        """Whether `node` is a neighbour."""
        return self._find(node) >= 0

    def __getitem__(self, node: int) -> Attributes:
        """The attributes of the edge to or from `node`."""
        place = self._find(node)
        if place < 0:
            raise KeyError(node)
        return _EDGES[self._codes[place]]

    def _find(self, node: Any) -> int:
        try:
            place = bisect_left(self._to, node, self._low, self._high)
        except TypeError:  # what cannot be compared is no neighbour
            return -1
        return place if place < self._high and self._to[place] == node else -1

    def attributes(self) -> Iterator[Attributes]:
        """The attributes of the edges, in the order of the neighbours."""
        return map(_EDGES.__getitem__, self._codes[self._low : self._high])

    def items(self) -> ItemsView[int, Attributes]:
        """Neighbours with attributes."""
        return _RowItems(self)

    def values(self) -> ValuesView[Attributes]:
        """The attributes of the edges."""
        return _RowValues(self)

    def copy(self) -> dict[int, Attributes]:
        """A plain dictionary."""
        return dict(self.items())

    def __reduce__(self) -> tuple[type, tuple[dict[int, Attributes]]]:
        """Pickled as a plain dictionary."""
        return dict, (self.copy(),)

    def __repr__(self) -> str:
        """As the dictionary it stands for."""
        return repr(self.copy())


class Adjacency(Mapping[int, Row]):
    """Neighbours of every node, over arrays in compressed sparse rows."""

    __slots__ = ("_codes", "_start", "_to", "arrays")

    def __init__(self, start: NDArray[np.int32], to: NDArray[np.int32], codes: NDArray[np.uint8]) -> None:
        """Node `n` has the neighbours `to[start[n]:start[n + 1]]`, ascending, and these layer bytes."""
        self.arrays = (start, to, codes)
        # A memoryview hands out Python integers several times faster than an array does.
        self._start, self._to, self._codes = start.data, to.data, codes.data

    def __len__(self) -> int:
        """How many nodes."""
        return len(self._start) - 1

    def __iter__(self) -> Iterator[int]:
        """The node numbers."""
        return iter(range(len(self)))

    def __contains__(self, node: object) -> bool:
        """Whether there is such a node."""
        return _is_node(node, len(self))

    def __getitem__(self, node: int) -> Row:
        """The neighbours of a node."""
        start = self._start
        try:
            if node >= 0:
                return Row(self._to, self._codes, start[node], start[node + 1])
        except (TypeError, IndexError):
            raise KeyError(node) from None
        raise KeyError(node)

    def copy(self) -> dict[int, Row]:
        """A plain dictionary of the same rows."""
        return dict(self.items())

    def __repr__(self) -> str:
        """Short: there may be millions."""
        return f"<neighbours of {len(self):,} nodes>"

    def __reduce__(self) -> tuple[type[Adjacency], tuple[NDArray[Any], ...]]:
        """Pickled as its arrays."""
        return Adjacency, self.arrays


class Nodes(Mapping[int, Attributes]):
    """Attributes of every instance, computed when asked for.

    Each has `id, group, kind, parent` (node number, None for a site), `energised` (a date) and the
    attributes of its group in canonical units, side tables and overlays applied.
    """

    def __init__(self, topology: Topology) -> None:
        """View the instances of `topology`."""
        self._topology = topology
        self._offsets = instances.offsets(topology)
        self._first = list(self._offsets.values())
        self._groups = list(topology.groups.values())
        self._size = instances.size(topology)
        self._varying: dict[str, dict[str, pl.Series]] = {}

    @cached_property
    def _months(self) -> dict[str, instances.Ints]:
        return instances.energised(self._topology)

    def __len__(self) -> int:
        """How many nodes."""
        return self._size

    def __iter__(self) -> Iterator[int]:
        """The node numbers."""
        return iter(range(self._size))

    def __contains__(self, node: object) -> bool:
        """Whether there is such a node."""
        return _is_node(node, self._size)

    def __getitem__(self, node: int) -> Attributes:
        """The attributes of one node."""
        if not _is_node(node, self._size):
            raise KeyError(node)
        place = bisect_right(self._first, node) - 1
        group = self._groups[place]
        local = index(node) - self._first[place]
        row: dict[str, Any] = {name: value.value for name, value in group.attributes.items()}
        for name, cells in self._varying_of(group).items():
            if cells[local] is not None:
                row[name] = cells[local]
        return Attributes(
            id=instances.instance_id(self._topology.ancestors(group.path)[::-1], local),
            group=group.path,
            kind=group.kind,
            parent=None if group.parent is None else self._offsets[group.parent] + local // group.count,
            energised=self._topology.calendar.date(int(self._months[group.path][local])),
            **row,
        )

    def copy(self) -> dict[int, Attributes]:
        """A plain dictionary; as large as that is."""
        return dict(self.items())

    def __repr__(self) -> str:
        """Short: there may be millions."""
        return f"<attributes of {self._size:,} nodes>"

    def __reduce__(self) -> tuple[type[Nodes], tuple[Topology]]:
        """Pickled as its topology."""
        return Nodes, (self._topology,)

    def _varying_of(self, group: Group) -> dict[str, pl.Series]:
        if group.path not in self._varying:
            names = instances.varying(self._topology, group.path)
            self._varying[group.path] = {name: self._cells(group, name) for name in names}
        return self._varying[group.path]

    def _cells(self, group: Group, name: str) -> pl.Series:
        attribute = ATTRIBUTES.get(name)
        if group.rows is not None and attribute is not None and attribute.dimension == "text":
            return group.rows[name]
        numbers = pl.Series(instances.attribute(self._topology, group.path, name), nan_to_null=True)
        return numbers.cast(pl.Int64) if attribute is not None and attribute.whole else numbers


def _is_node(node: Any, count: int) -> bool:
    try:
        return 0 <= index(node) < count
    except TypeError:  # what is no integer is no node
        return False
