"""How quickly a campus is rolled up and sized: against networkx, and from 10 thousand components to 10 million.

`pytest tests/benchmarks/test_capacity.py -s` prints the figures.
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

import twin
from twin.topology import expand, instances

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.results.results import Results
    from twin.topology.model import Topology

    Nodes = list[tuple[int, dict[str, Any]]]
    Edges = list[tuple[int, int, str]]

pytestmark = [pytest.mark.benchmark, pytest.mark.slow]

COOLERS = ("cdu", "dry-cooler")

CAMPUS = """
twin: 1
name: campus
calendar: {{start: 2027-04-01, months: 12}}
components:
  hall-ups: {{kind: ups, capacity: {ups} kW, efficiency: 96 %}}
  row-busway: {{kind: busway, capacity: {bus} kW, efficiency: 99.5 %}}
  gpu-rack: {{kind: rack, load: 132 kW, accelerators: 72}}
sites:
  campus:
    contains:
      grid-a: {{kind: utility, capacity: {grid} kW}}
      grid-b: {{kind: utility, capacity: {grid} kW}}
      hall[{halls}]:
        contains:
          ups-a[8]: {{use: hall-ups, power: grid-a}}
          ups-b[8]: {{use: hall-ups, power: grid-b}}
          cooler[4]: {{kind: dry-cooler, capacity: {cooler} kW, cop: 25, power: {{from: [ups-a, ups-b], need: 1}}}}
          row[{rows}]:
            contains:
              bus-a: {{use: row-busway, power: {{from: ups-a, redundancy: N+1}}}}
              bus-b: {{use: row-busway, power: {{from: ups-b, redundancy: N+1}}}}
              cdu:
                kind: cdu
                capacity: {bus} kW
                load: 20 kW
                power: {{from: [bus-a, bus-b], need: 1}}
                cooling: {{from: cooler, redundancy: N+1}}
              rack[{racks}]:
                use: gpu-rack
                power: {{from: [bus-a, bus-b], redundancy: 2N}}
                cooling: cdu
"""


def campus(folder: Path, halls: int, rows: int = 40, racks: int = 20) -> Path:
    """An A/B campus as one screen of YAML: `halls * (21 + rows * (4 + racks))` instances and a few."""
    path = folder / f"campus-{halls}-{rows}-{racks}.yaml"
    bus = 180 * racks
    ups = 3 * rows * bus // 16
    figures = {"bus": bus, "ups": ups, "cooler": rows * bus, "grid": halls * 12 * ups}
    path.write_text(CAMPUS.format(halls=halls, rows=rows, racks=racks, **figures), encoding="utf-8")
    return path


def sized(path: Path) -> Results:
    """The file read, compiled, and carried through every failure that must be survived."""
    results = twin.load(path).capacity()
    assert not results.capacity.is_empty()
    return results


def timed(work: Callable[[], Any]) -> float:
    """Seconds of one call, with what it made already gone."""
    gc.collect()
    start = perf_counter()
    made = work()
    seconds = perf_counter() - start
    del made
    return seconds


def instance_lists(topology: Topology) -> tuple[Nodes, Edges]:
    """Every instance with its figures, and every wire: what a tool without groups would be given."""
    nodes: Nodes = []
    for path, group in topology.groups.items():
        figures = {name: topology.attribute(path, name) for name in ("load", "efficiency", "cop")}
        first = instances.offsets(topology)[path]
        nodes += [(first + local, {"group": path, "kind": group.kind, **figures}) for local in range(group.total)]
    return nodes, expand.edges(topology).select("supplier", "consumer", "layer").rows()


def rolled_up(nodes: Nodes, edges: Edges) -> dict[str, float]:
    """The load of every group by plain networkx: consumers first, each load shared once over its suppliers."""
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(nodes)
    for supplier, consumer, layer in edges:
        graph.add_edge(supplier, consumer, layer=layer)
    carried = dict.fromkeys(graph, 0.0)
    sums: dict[str, float] = {}
    for node in reversed(list(nx.topological_sort(graph))):
        figures, out = graph.nodes[node], carried[node]
        own = figures["load"] or 0.0
        if figures["kind"] in COOLERS:
            drawn = own + (out / figures["cop"] if figures["cop"] else 0.0)
            asked = {"power": drawn, "cooling": out + drawn}
        else:
            drawn = own + out / (figures["efficiency"] or 1.0)
            asked = {"power": drawn, "cooling": drawn - out}
        layers: dict[str, list[int]] = {}
        for supplier, _, layer in graph.in_edges(node, data="layer"):
            layers.setdefault(layer, []).append(supplier)
        for layer, suppliers in layers.items():
            for supplier in suppliers:
                carried[supplier] += asked[layer] / len(suppliers)
        sums[figures["group"]] = sums.get(figures["group"], 0.0) + out
    return {path: kw for path, kw in sums.items() if kw}


def by_group(results: Results) -> dict[str, float]:
    """The load of every group as the capacity table has it."""
    frame = results.capacity.group_by("group").agg((pl.col("load_kw") * pl.col("count")).sum())
    return {path: kw for path, kw in frame.rows() if kw}


def peak(work: Callable[[], Any]) -> int:
    """The most bytes that one call held at any moment."""
    gc.collect()
    tracemalloc.start()
    made = work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del made
    return most


def test_a_million_components_against_networkx(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    path = campus(tmp_path, halls=1_020)
    results = sized(path)
    nodes, edges = instance_lists(twin.load(path).topology)
    assert len(nodes) > 990_000
    start = perf_counter()
    plain = rolled_up(nodes, edges)
    slow = perf_counter() - start
    quick = median(timed(lambda: sized(path)) for _ in range(5))
    assert by_group(results) == pytest.approx(plain, rel=1e-9)
    site = results.site_capacity.filter(pl.col("kind") == "site")
    racks = sum(figures["group"].endswith("rack") for _, figures in nodes)
    assert site["demand_kw"].to_list() == pytest.approx([132.0 * racks], rel=1e-9)
    print(  # noqa: T201 - the figures
        f"\n{len(nodes):,} nodes, {len(edges):,} edges: networkx {slow:.1f} s for one roll-up, "
        f"twin {quick * 1e3:.0f} ms from the file through all failures: {slow / quick:,.0f} times"
    )
    record_property("times_faster", slow / quick)
    assert slow / quick >= 100


def test_a_hundred_thousand_in_a_tenth_of_the_memory(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    path = campus(tmp_path, halls=102)
    sized(path)
    nodes, edges = instance_lists(twin.load(path).topology)
    plain, grouped = peak(lambda: rolled_up(nodes, edges)), peak(lambda: sized(path))
    print(f"\npeak: networkx {plain / 1e6:.0f} MB, twin {grouped / 1e6:.1f} MB: {plain / grouped:.0f} times less")  # noqa: T201 - the figures
    record_property("times_smaller", plain / grouped)
    assert plain / grouped >= 10


def curve(folder: Path, sizes: list[tuple[int, int, int]]) -> list[float]:
    """Seconds from the file through all failures for campuses of some halls, rows and racks; shown as a table."""
    found = []
    for size in sizes:
        path = campus(folder, *size)
        count = instances.size(twin.load(path).topology)
        sized(path)
        found.append(median(timed(lambda path=path: sized(path)) for _ in range(5)))
        print(f"\n{count:>12,} components in {size[0]:>6,} halls {found[-1] * 1e3:8.0f} ms", end="")  # noqa: T201 - the figures
    return found


def test_larger_halls_cost_no_more(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    seconds = curve(tmp_path, [(10, 40, 20), (20, 100, 46), (50, 200, 96), (100, 500, 196)])
    record_property("seconds", seconds)
    assert seconds[-1] <= 5 * seconds[0]


def test_more_halls_cost_only_their_rows(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    seconds = curve(tmp_path, [(10, 40, 20), (102, 40, 20), (1_020, 40, 20), (10_200, 40, 20)])
    record_property("seconds", seconds)
    assert seconds[-1] <= 50 * seconds[0], "a thousand times as many rows in the tables, from the same few loads"
