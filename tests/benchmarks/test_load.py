"""How quickly a file becomes rows and graphs, as ratios to the plain roads in the same run.

`pytest tests/benchmarks/test_load.py -s` prints the figures.
"""

from __future__ import annotations

import gc
import tracemalloc
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import networkx as nx
import polars as pl
import pytest
import yaml
from pydantic import BaseModel

from twin.registry import registry
from twin.tables import table
from twin.topology import expand
from twin.topology.graph import expanded
from twin.topology.read import read
from twin.topology.wiring import wire

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.topology.model import Topology

pytestmark = [pytest.mark.benchmark, pytest.mark.slow]

CAMPUS = """
twin: 1
name: campus
calendar: {{start: 2027-04-01, months: 180}}
components:
  hall-ups: {{kind: ups, capacity: 2.5 MW, efficiency: 96 %, mtbf: 250000 h, mttr: 8 h}}
  row-busway: {{kind: busway, capacity: 2.2 MW, mtbf: 1000000 h, mttr: 6 h}}
  gpu-rack: {{kind: rack, load: 132 kW, accelerators: 72, mtbf: 20000 h, mttr: 4 h}}
sites:
  campus:
    region: us-la
    contains:
      grid[2]: {{kind: utility, capacity: 10 GW, mtbf: 8760 h, mttr: 2 h}}
      hall[{halls}]:
        energised: 2027-06-01
        contains:
          ups-a[8]: {{use: hall-ups, power: {{from: grid}}}}
          ups-b[8]: {{use: hall-ups, power: {{from: grid}}}}
          row[{rows}]:
            contains:
              bus-a: {{use: row-busway, power: {{from: ups-a, pick: 1}}}}
              bus-b: {{use: row-busway, power: {{from: ups-b, pick: 1}}}}
              rack[20]:
                {{use: gpu-rack, power: {{from: [bus-a, bus-b], need: 1}}}}
"""


class Item(BaseModel):
    """One instance of the flat file."""

    id: str
    kind: str
    parent: str | None = None
    capacity: float | None = None
    load: float | None = None
    accelerators: int = 0
    power: list[str] = []


def campus(folder: Path, halls: int, rows: int) -> Path:
    """A campus of about `halls * rows * 23` instances as one screen of YAML."""
    path = folder / "campus.yaml"
    path.write_text(CAMPUS.format(halls=halls, rows=rows), encoding="utf-8")
    return path


def load(path: Path) -> Topology:
    """A file read and checked."""
    return read(path, registry())


def timed(work: Callable[[], Any]) -> float:
    """Seconds of one call, with what it made already gone."""
    gc.collect()
    start = perf_counter()
    made = work()
    seconds = perf_counter() - start
    del made
    return seconds


def flat_file(folder: Path, topology: Topology) -> Path:
    """The same campus with one item an instance, as a tool without groups would want it."""
    nodes, edges = expand.nodes(topology), expand.edges(topology)
    ids = nodes["id"].to_list()
    feeds: dict[int, list[str]] = {}
    for _, supplier, consumer in edges.iter_rows():
        feeds.setdefault(consumer, []).append(ids[supplier])
    path = folder / "flat.yaml"
    with path.open("w", encoding="utf-8") as file:
        columns = nodes.select("node", "id", "kind", "parent", "capacity_kw", "load_kw", "accelerators")
        for node, name, kind, parent, capacity, load_kw, accelerators in columns.iter_rows():
            file.write(f"- id: {name}\n  kind: {kind}\n")
            file.write(f"  parent: {ids[parent]}\n" if parent is not None else "")
            file.write(f"  capacity: {capacity}\n" if capacity is not None else "")
            file.write(f"  load: {load_kw}\n  accelerators: {accelerators}\n" if load_kw is not None else "")
            file.writelines(["  power:\n", *(f"  - {feed}\n" for feed in feeds[node])] if node in feeds else [])
    return path


def flat_road(path: Path) -> nx.MultiDiGraph:
    """YAML, one pydantic object an instance, one networkx node and its edges."""
    with path.open(encoding="utf-8") as file:
        items = [Item.model_validate(item) for item in yaml.load(file, Loader=yaml.CSafeLoader)]
    graph = nx.MultiDiGraph()
    for item in items:
        graph.add_node(item.id, **item.model_dump(exclude={"id", "power"}))
    for item in items:
        for supplier in item.power:
            graph.add_edge(supplier, item.id, "power")
    return graph


def test_a_hundred_thousand_against_a_flat_file(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    path = campus(tmp_path, halls=60, rows=75)
    topology = load(path)
    flat = flat_file(tmp_path, topology)
    graph = flat_road(flat)
    assert graph.number_of_nodes() == expand.nodes(topology).height > 100_000
    assert graph.number_of_edges() == expand.edges(topology).height
    del graph
    slow = timed(lambda: flat_road(flat))

    def road() -> object:
        fresh = load(path)
        return expand.nodes(fresh), expand.edges(fresh)

    quick = median(timed(road) for _ in range(7))
    print(f"\nflat road {slow:.1f} s, groups {quick * 1e3:.1f} ms: {slow / quick:,.0f} times")  # noqa: T201 - the figures
    record_property("times_faster", slow / quick)
    assert slow / quick >= 300


def row_by_row(topology: Topology) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The same two tables as a plain loop over every instance and every wire would make them."""
    first, number = {}, 0
    names: dict[str, list[str]] = {}
    nodes: list[tuple[object, ...]] = []
    edges: list[tuple[str, int, int]] = []
    for path, group in topology.groups.items():
        first[path] = number
        own = {name: value.value for name, value in group.attributes.items()}
        above = [""] if group.parent is None else [f"{name}/" for name in names[group.parent]]
        names[path] = []
        for parent, prefix in enumerate(above):
            holder = None if group.parent is None else first[group.parent] + parent
            for index in range(1, group.count + 1):
                name = f"{prefix}{group.name}[{index}]" if group.indexed else prefix + group.name
                names[path].append(name)
                day = topology.calendar.date(max(group.energised, default=0))
                figures = (own.get("capacity"), own.get("load"), own.get("accelerators", 0))
                nodes.append((number, name, path, group.kind, holder, day, None, *figures))
                number += 1
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            wiring = wire(topology, path, dependency)
            combos, rank, position = wiring.combos.tolist(), wiring.rank.tolist(), wiring.position.tolist()
            for consumer in range(group.total):
                scope, turn = divmod(consumer, wiring.per_scope)
                for member in combos[turn % len(combos)]:
                    pool = wiring.pools[rank[member]]
                    supplier = first[pool.group] + scope * pool.per + position[member]
                    edges.append((dependency.layer, supplier, first[path] + consumer))
    return (
        pl.DataFrame(nodes, schema=table("nodes").schema(), orient="row"),
        pl.DataFrame(edges, schema=table("edges").schema(), orient="row"),
    )


def test_a_million_from_the_file_to_nodes_and_edges(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = campus(tmp_path, halls=400, rows=120)
    topology = load(path)
    nodes, edges = row_by_row(topology)
    columns = ["node", "id", "group", "kind", "parent", "capacity_kw", "load_kw", "accelerators"]
    assert nodes.height > 1_000_000
    assert nodes.select(columns).equals(expand.nodes(topology).select(columns))
    assert edges.equals(expand.edges(topology))
    del nodes, edges
    parts = {
        "load": median(timed(lambda: load(path)) for _ in range(5)),
        "nodes": median(timed(lambda: expand.nodes(topology)) for _ in range(5)),
        "edges": median(timed(lambda: expand.edges(topology)) for _ in range(5)),
    }
    slow = timed(lambda: row_by_row(topology))
    quick = sum(parts.values())
    shown = ", ".join(f"{name} {seconds * 1e3:.0f} ms" for name, seconds in parts.items())
    print(f"\nrow by row {slow:.1f} s; {shown}: {slow / quick:.1f} times")  # noqa: T201 - the figures
    record_property("seconds", quick)
    assert slow / quick >= 10


def node_by_node(count: int, wires: list[tuple[int, int]]) -> nx.DiGraph:
    """The expanded graph as networkx would hold it, without any attribute but the layer."""
    graph = nx.DiGraph()
    for node in range(count):
        graph.add_node(node)
    for supplier, consumer in wires:
        graph.add_edge(supplier, consumer, layer="power")
    return graph


def wires_of(topology: Topology) -> list[tuple[int, int]]:
    """The wires as Python numbers, so that the plain road does not pay for making them."""
    return expand.edges(topology).select("supplier", "consumer").rows()


def test_expanded_graph_against_building_it_node_by_node(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    topology = load(campus(tmp_path, halls=400, rows=120))
    wires = wires_of(topology)
    count = expand.nodes(topology).height
    slow = timed(lambda: node_by_node(count, wires))
    quick = median(timed(lambda: expanded(topology)) for _ in range(7))
    print(f"\n{count:,} nodes, {len(wires):,} edges: {slow:.1f} s, {quick * 1e3:.0f} ms: {slow / quick:.0f} times")  # noqa: T201 - the figures
    record_property("times_faster", slow / quick)
    assert slow / quick >= 40


def peak(work: Callable[[], Any]) -> tuple[int, int]:
    """Bytes that one call leaves behind, and the most it held at any moment."""
    gc.collect()
    tracemalloc.start()
    made = work()
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return kept, most


def test_expanded_graph_takes_a_tenth_of_the_memory(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    topology = load(campus(tmp_path, halls=80, rows=120))
    wires = wires_of(topology)
    count = expand.nodes(topology).height
    expanded(topology)
    plain, lazy = peak(lambda: node_by_node(count, wires)), peak(lambda: expanded(topology))
    print(f"\n{count:,} nodes: kept {plain[0] / lazy[0]:.1f} times less, peak {plain[1] / lazy[1]:.1f} times less")  # noqa: T201 - the figures
    record_property("times_smaller", plain[0] / lazy[0])
    assert plain[0] / lazy[0] >= 10
