"""The one-line diagram of power: groups from the grid to the racks, drawn as SVG.

Groups stand in columns by how far they are from where power enters.  Alike groups of one column share a box where
there are many, so that a file of a thousand groups is still read at a glance.
"""

from __future__ import annotations

from collections import defaultdict
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx

from twin import units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST_IN_COLUMN = 14
_BOX = (178, 46)
_GAP = (62, 16)
_LAYER = "power"
_LONG = 24


class Box(NamedTuple):
    """One box: a group, or groups alike."""

    title: str
    lines: tuple[str, ...]
    column: int
    place: int


def diagram(graph: nx.MultiDiGraph[Any]) -> str:
    """The SVG of the power layer of a graph of groups; empty where nothing feeds anything.

    Args:
        graph: `Twin.graph`.
    """
    wires: nx.DiGraph[str] = nx.DiGraph()
    wires.add_edges_from((a, b) for a, b, about in graph.edges(data=True) if about["layer"] == _LAYER)
    if not len(wires):
        return ""
    columns = _columns(wires)
    merged = _merged(graph, columns)
    boxes = _boxes(graph, columns, merged)
    lines = {(merged[a], merged[b]) for a, b in wires.edges}
    return _drawn(boxes, sorted(line for line in lines if line[0] != line[1]))


def _columns(wires: nx.DiGraph[str]) -> dict[str, int]:
    """How many steps each group is from where power enters, by the longest way; loads stand last."""
    far: dict[str, int] = {}
    for node in nx.topological_sort(wires):
        far[node] = max((far[before] + 1 for before in wires.predecessors(node)), default=0)
    return far


def _merged(graph: nx.MultiDiGraph[Any], columns: Mapping[str, int]) -> dict[str, str]:
    """The name of the box that each group is in: its own path, or its kind where a column would be too long."""
    by_column: dict[int, list[str]] = defaultdict(list)
    for path, column in columns.items():
        by_column[column].append(path)
    found: dict[str, str] = {}
    for column, paths in by_column.items():
        for path in paths:
            crowded = len(paths) > _MOST_IN_COLUMN
            found[path] = f"{column} {graph.nodes[path]['kind']}" if crowded else path
    return found


def _boxes(graph: nx.MultiDiGraph[Any], columns: Mapping[str, int], merged: Mapping[str, str]) -> dict[str, Box]:
    inside: dict[str, list[str]] = defaultdict(list)
    for path, name in merged.items():
        inside[name].append(path)
    place: dict[int, int] = defaultdict(int)
    found = {}
    for name, paths in inside.items():
        column = columns[paths[0]]
        title, lines = _said(graph, paths)
        found[name] = Box(title, lines, column, place[column])
        place[column] += 1
    return found


def _said(graph: nx.MultiDiGraph[Any], paths: list[str]) -> tuple[str, tuple[str, ...]]:
    node = graph.nodes[paths[0]]
    total = sum(graph.nodes[path]["total"] for path in paths)
    if len(paths) > 1:
        return f"{total:,} x {node['kind']}", (f"in {len(paths):,} groups",)
    size = node.get("capacity") or node.get("load")
    rated = [units.show(float(size), "power", 3)] if isinstance(size, float) else []
    where = [str(node["parent"]).rpartition("/")[2]] if node["parent"] else []
    return f"{total:,} x {node['name']}", (
        " · ".join([str(node["kind"]), *rated]),
        *(f"in each {name}" for name in where[:1]),
    )


def _drawn(boxes: Mapping[str, Box], lines: Iterable[tuple[str, str]]) -> str:
    wide, high = _BOX
    tallest = max(box.place for box in boxes.values()) + 1
    width = (max(box.column for box in boxes.values()) + 1) * (wide + _GAP[0]) - _GAP[0] + 4
    height = tallest * (high + _GAP[1]) - _GAP[1] + 4
    in_column: dict[int, int] = defaultdict(int)
    for box in boxes.values():
        in_column[box.column] += 1

    def at(box: Box) -> tuple[float, float]:
        """The upper left corner; a short column stands in the middle."""
        free = (tallest - in_column[box.column]) * (high + _GAP[1]) / 2
        return 2 + box.column * (wide + _GAP[0]), 2 + free + box.place * (high + _GAP[1])

    parts = []
    for a, b in lines:
        (ax, ay), (bx, by) = at(boxes[a]), at(boxes[b])
        x1, y1, x2, y2 = ax + wide, ay + high / 2, bx, by + high / 2
        middle = (x1 + x2) / 2
        parts.append(f'<path class="wire" d="M{x1:g},{y1:g} C{middle:g},{y1:g} {middle:g},{y2:g} {x2:g},{y2:g}"/>')
    for box in boxes.values():
        x, y = at(box)
        words = "".join(
            f'<text x="{x + 10:g}" y="{y + 33:g}" class="small">{escape(_short(line, 30))}</text>'
            for line in box.lines[:1]
        )
        full = escape(" · ".join((box.title, *box.lines)))
        parts.append(
            f'<g><title>{full}</title><rect x="{x:g}" y="{y:g}" width="{wide}" height="{high}" rx="5"/>'
            f'<text x="{x + 10:g}" y="{y + 17:g}">{escape(_short(box.title))}</text>{words}</g>'
        )
    names = ", ".join(box.title for box in list(boxes.values())[:_MOST_IN_COLUMN])
    return (
        f'<svg role="img" class="diagram" aria-label="{escape(f"One-line diagram of power: {names}")}" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">{"".join(parts)}</svg>'
    )


def _short(text: str, most: int = _LONG) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
