"""How quickly a campus of 107 thousand components is sampled and lived through, against the plain ways.

`pytest tests/benchmarks/test_montecarlo.py -s` prints the figures.  The plain ways walk the graph of all
instances once a sample, or run one process a component; they are measured on a few samples or a short time and
what they would take for all is their rate times the number.  On this campus any one supplier of a set is
enough, so that walking the graph gives the right answer, and the test holds each to the other.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import pytest
from scipy.sparse import csgraph, csr_array

import twin
from twin.failure.montecarlo import steady
from twin.failure.montecarlo.estimate import Stop
from twin.failure.montecarlo.sequential import Histories, live_through
from twin.failure.montecarlo.steady import Sampler, simulate
from twin.failure.parts import parts
from twin.structure.lump import row_of
from twin.structure.snapshot import snapshot
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import ModuleType

    from twin.structure.model import Bools, Ints, Snapshot
    from twin.topology.model import Topology

pytestmark = [pytest.mark.benchmark, pytest.mark.slow]

CAMPUS = """
twin: 1
name: campus
calendar: {{start: 2027-04-01, months: 1}}
components:
  hall-ups: {{kind: ups, capacity: 20 MW, mtbf: {ups} h, mttr: 8 h}}
  row-busway: {{kind: busway, capacity: 5 MW, mtbf: {bus} h, mttr: 8 h}}
sites:
  campus:
    contains:
      grid[2]: {{kind: utility, capacity: 900 MW, mtbf: {grid} h, mttr: 4 h}}
      hall[102]:
        contains:
          ups-a[8]: {{use: hall-ups, power: {{from: grid, need: 1}}}}
          ups-b[8]: {{use: hall-ups, power: {{from: grid, need: 1}}}}
          row[40]:
            contains:
              bus-a: {{use: row-busway, power: {{from: ups-a, need: 1}}}}
              bus-b: {{use: row-busway, power: {{from: ups-b, need: 1}}}}
              rack[24]: {{kind: rack, load: 100 kW, power: {{from: [bus-a, bus-b], need: 1}}}}
"""


def campus(folder: Path, times: float = 1.0) -> Snapshot:
    """The campus at full build, everything failing so many times as often."""
    path = folder / "campus.yaml"
    path.write_text(CAMPUS.format(ups=250_000 / times, bus=500_000 / times, grid=4_000 / times))
    return snapshot(twin.load(path).structure, 0)


def edges(topology: Topology, made: Snapshot) -> tuple[Ints, Ints, int]:
    """Supplier and consumer of every wire, node numbers, and how many nodes there are: the last is the source."""
    from twin.topology import expand  # noqa: PLC0415 - only here

    wires = expand.edges(topology).select("supplier", "consumer").to_numpy().astype(np.int64)
    size = instances.size(topology)
    first = np.flatnonzero(np.diff(made.structure.elements.gates.start) == 0)
    roots = made.structure.elements.node[first]
    return (
        np.concatenate([wires[:, 0], np.full(len(roots), size)]),
        np.concatenate([wires[:, 1], roots]),
        size + 1,
    )


def by_csgraph(wires: tuple[Ints, Ints, int], failed: Ints) -> Bools:
    """(nodes,): reached from the source while some nodes have failed."""
    supplier, consumer, size = wires
    dead = np.zeros(size, dtype=bool)
    dead[failed] = True
    kept = ~dead[consumer]
    graph = csr_array((np.ones(int(kept.sum()), dtype=np.int8), (supplier[kept], consumer[kept])), shape=(size, size))
    found = np.zeros(size, dtype=bool)
    found[csgraph.breadth_first_order(graph, size - 1, return_predecessors=False)] = True
    return found


def by_networkx(graph: nx.DiGraph, failed: Ints, size: int) -> Bools:
    """The same by networkx."""
    dead = set(failed.tolist())
    view = nx.restricted_view(graph, dead, [])
    found = np.zeros(size, dtype=bool)
    found[list(nx.descendants(view, size - 1))] = True
    return found


def seconds(work: Callable[[], object], times: int = 5) -> float:
    found = []
    for _ in range(times):
        start = perf_counter()
        work()
        found.append(perf_counter() - start)
    return median(found)


def test_states_against_walking_the_graph(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    made = campus(tmp_path)
    structure = made.structure
    wires = edges(structure.topology, made)
    assert wires[2] > 99_000
    of = parts(structure)
    samples = 1 << 18
    sampler = Sampler(made, of, samples=samples)
    assert sampler.sparse
    start = perf_counter()
    Sampler(made, of, samples=samples)
    simulate(sampler, Stop(samples), 1)
    ours = (perf_counter() - start) / samples

    # the same failures, many more of them so that racks are lost, by each of the three
    bad = campus(tmp_path, 300.0)
    many = Sampler(bad, parts(bad.structure), samples=16)
    drawn = many.draw(7, 0, 16, None)
    states, (classes, state) = many.evaluated(drawn, 0)
    graph = nx.DiGraph(zip(wires[0].tolist(), wires[1].tolist(), strict=True))
    lost_any = 0
    for number in range(3):
        failed = structure.elements.node[drawn.part[drawn.cell == states[number]]]
        reached = by_csgraph(wires, failed)
        lost = np.zeros(len(structure.classes), dtype=bool)
        lost[classes[state == number]] = True
        assert (reached[structure.classes.node] == ~lost).all()
        assert (by_networkx(graph, failed, wires[2])[:-1] == reached[:-1]).all()
        lost_any += int(lost.sum())
    assert lost_any > 0

    one = structure.elements.node[sampler.draw(1, 0, 64, None).part[:1]]
    walk, crawl = seconds(lambda: by_csgraph(wires, one)), seconds(lambda: by_networkx(graph, one, wires[2]), 3)
    print(  # noqa: T201 - the figures
        f"\n{wires[2] - 1:,} components, lambda {sampler.expected:.2f}: {ours * 1e6:.2f} us a sample of {samples:,} "
        f"with its table; scipy csgraph {walk * 1e3:.1f} ms ({walk / ours:,.0f} times, {walk * 1e6:,.0f} s for a "
        f"million, extrapolated); networkx {crawl:.2f} s ({crawl / ours:,.0f} times, extrapolated)"
    )
    record_property("times_csgraph", walk / ours)
    record_property("times_networkx", crawl / ours)
    assert walk / ours >= 500
    assert crawl / ours >= 10_000


def test_the_method_is_chosen_by_expected_failures(
    tmp_path: Path, record_property: Callable[[str, object], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is chosen is not much slower than the other, from one failure in a hundred samples to dozens in one."""
    for times in (0.03, 1.0, 4.0, 20.0, 100.0):
        made = campus(tmp_path, times)
        of = parts(made.structure)
        samples = 1 << 17
        chosen = Sampler(made, of, samples=samples).sparse
        took = {}
        for sparse in (True, False):
            monkeypatch.setattr(steady, "table_pays", lambda *_, sparse=sparse: sparse)

            def work(made: Snapshot = made, samples: int = samples) -> None:
                simulate(Sampler(made, parts(made.structure), samples=samples), Stop(samples), 1)

            took[sparse] = seconds(work, 3) / samples
        monkeypatch.undo()
        expected = Sampler(made, of, samples=samples).expected
        print(  # noqa: T201 - the figures
            f"\nlambda {expected:8.3f}: sparse {took[True] * 1e6:7.2f} us, dense {took[False] * 1e6:7.2f} us a sample; "
            f"chosen: {'sparse' if chosen else 'dense'}",
            end="",
        )
        record_property(f"lambda_{expected:.3g}", took)
        assert took[chosen] <= 1.5 * took[not chosen]


class Walk:
    """Who is down, kept up to date event by event: the plain way of a process simulation."""

    def __init__(self, made: Snapshot) -> None:
        structure = made.structure
        rows = row_of(structure.gates.members)
        order = np.argsort(structure.gates.members.values, kind="stable")
        bounds = np.searchsorted(structure.gates.members.values[order], np.arange(len(structure.elements) + 1))
        self.gates_of = [part.tolist() for part in np.split(rows[order], bounds[1:-1])]
        self.consumers: list[list[int]] = [[] for _ in range(len(structure.gates))]
        self.loads: list[list[int]] = [[] for _ in range(len(structure.gates))]
        for lists, found in ((structure.elements.gates, self.consumers), (structure.classes.gates, self.loads)):
            for row in range(len(lists)):
                for gate in lists.row(row).tolist():
                    found[gate].append(row)
        self.left = np.diff(structure.gates.members.start).tolist()  # any one is enough
        self.down = [0] * len(structure.elements)
        self.unfed = [0] * len(structure.classes)
        self.outages = 0

    def change(self, element: int, step: int) -> None:
        """One cause more (1) or less (-1) for which an element is down, and what follows from it."""
        waiting = [element]
        while waiting:
            here = waiting.pop()
            was = self.down[here]
            self.down[here] += step
            if (was > 0) == (was + step > 0):
                continue
            for gate in self.gates_of[here]:
                self.left[gate] -= step
                if self.left[gate] == (0 if step > 0 else 1):
                    waiting += self.consumers[gate]
                    for load in self.loads[gate]:
                        self.outages += step > 0 and self.unfed[load] == 0
                        self.unfed[load] += step


def by_simpy(simpy: ModuleType, made: Snapshot, seed: int, *, walks: bool) -> tuple[int, float, int]:
    """Events, seconds and outages of a hundred years by one process a component."""
    elements = made.structure.elements
    mttr = elements.unavailability / elements.failures_per_year * 8760.0
    mtbf = 8760.0 / elements.failures_per_year - mttr
    env, rng, walk = simpy.Environment(), np.random.default_rng(seed), Walk(made)
    events = 0

    def component(element: int, mtbf_h: float, mttr_h: float) -> Iterator[object]:
        nonlocal events
        while True:
            for mean_h, step in ((mtbf_h, 1), (mttr_h, -1)):
                yield env.timeout(rng.exponential(mean_h))
                events += 1
                if walks:
                    walk.change(element, step)

    for element, (up, down) in enumerate(zip(mtbf.tolist(), mttr.tolist(), strict=True)):
        env.process(component(element, up, down))
    env.run(until=1e-6)
    start = process_time()
    env.run(until=100.0 * 8760.0)
    return events, process_time() - start, walk.outages


def test_histories_against_simpy(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    simpy = pytest.importorskip("simpy", reason="simpy is the peer that this is measured against")
    made = campus(tmp_path)
    histories = Histories(made, 10.0, 1)
    rate = []
    for _ in range(5):
        start = process_time()
        block = live_through(histories, 400)
        rate.append(block.events / (process_time() - start))

    peers = {}
    for walks in (False, True):
        took = [by_simpy(simpy, made, seed, walks=walks) for seed in range(3)]
        peers[walks] = median(events / spent for events, spent, _ in took)
        lost = sum(down for _, _, down in took)
        assert (lost > 0) == walks
    ours, theirs, elements = median(rate), peers[True], made.structure.elements
    print(  # noqa: T201 - the figures
        f"\n{len(elements):,} parts, {block.events:,} events in {block.histories} histories of 10 years: "
        f"{ours / 1e6:.2f} million a second a core; simpy {theirs / 1e3:.0f} thousand: {ours / theirs:.0f} times; with "
        f"nobody to feel them, simpy {peers[False] / 1e3:.0f} thousand: {ours / peers[False]:.0f} times"
    )
    record_property("times_simpy", ours / theirs)
    record_property("times_simpy_alone", ours / peers[False])
    assert ours / theirs >= 25
