"""How quickly availability and the distribution of what is in service come out exact: against peers in the same run.

`pytest tests/benchmarks/test_failure.py -s` prints the figures.
"""

from __future__ import annotations

import gc
import importlib
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pytest

import twin
from twin.failure.algebras import Lost, Unfed
from twin.failure.lifted import Lifted
from twin.failure.montecarlo.estimate import Stop
from twin.failure.montecarlo.steady import Sampler, simulate
from twin.failure.parts import parts
from twin.failure.system import System
from twin.structure.compile import compile_structure
from twin.structure.live import terms
from twin.structure.snapshot import snapshot
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.structure.model import Snapshot
    from twin.topology.model import Topology

pytestmark = [pytest.mark.benchmark, pytest.mark.slow]

CAMPUS = """
twin: 1
name: campus
calendar: {{start: 2027-04-01, months: 12}}
components:
  hall-ups: {{kind: ups, capacity: {module} kW, efficiency: 96 %, mtbf: 250000 h, mttr: 8 h}}
  row-busway: {{kind: busway, capacity: 3600 kW, mtbf: 923000 h, mttr: 7 h}}
  gpu-rack: {{kind: rack, load: 132 kW, accelerators: 72, mtbf: 1014 h, mttr: 4 h}}
sites:
  campus:
    contains:
      grid[2]: {{kind: utility, capacity: {grid} kW, mtbf: 4478 h, mttr: 1.32 h}}
      genset[{gensets}]: {{kind: genset, capacity: {genset} kW, mtbf: 70931 h, mttr: 18 h}}
      hall[{halls}]:
        contains:
          ups-a[{ups}]: {{use: hall-ups, power: {{from: [grid, genset], share: primary}}}}
          ups-b[{ups}]: {{use: hall-ups, power: {{from: [grid, genset], share: primary}}}}
          cooler[5]:
            {{kind: dry-cooler, capacity: {cooler} kW, cop: 25, mtbf: 80000 h, mttr: 12 h,
              power: {{from: [ups-a, ups-b], need: {ups}}}}}
          row[{rows}]:
            contains:
              bus-a: {{use: row-busway, power: {{from: ups-a, redundancy: N+1}}}}
              bus-b: {{use: row-busway, power: {{from: ups-b, redundancy: N+1}}}}
              cdu[2]:
                {{kind: cdu, capacity: 3600 kW, load: 20 kW, mtbf: 50000 h, mttr: 8 h,
                  power: {{from: [bus-a, bus-b], need: 1}}, cooling: {{from: cooler, redundancy: N+1}}}}
              rack[{racks}]:
                use: gpu-rack
                power: {{from: [bus-a, bus-b], redundancy: 2N}}
                cooling: {{from: cdu, need: 1}}
"""


def campus(folder: Path, halls: int, rows: int = 40, racks: int = 20, module: int = 2500) -> Topology:
    """An A/B campus behind two grids and gensets, in which everything fails now and then."""
    load = rows * racks * 150.0
    ups = int(load / module) + 2
    gensets = min(400, int(halls * load * 1.2 / 3000.0) + 2)
    figures = {
        "grid": halls * load * 1.2,
        "genset": halls * load * 1.2 / (gensets - 2),
        "gensets": gensets,
        "cooler": load / 3.5,
    }
    path = folder / f"campus-{halls}.yaml"
    path.write_text(
        CAMPUS.format(halls=halls, rows=rows, racks=racks, ups=ups, module=module, **figures), encoding="utf-8"
    )
    return twin.load(path).topology


def timed(work: Callable[[], Any], times: int = 5) -> float:
    """Seconds of one call: the median of some."""
    found = []
    for _ in range(times):
        gc.collect()
        start = perf_counter()
        work()
        found.append(perf_counter() - start)
    return median(found)


class Autoref:
    """Probability of every class not being fed, on a diagram of `dd.autoref` in the same order of variables.

    Plainly: a function for each element and each gate, thresholds by dynamic programming over live weight.
    """

    def __init__(self, state: Snapshot) -> None:
        """Declare a variable for every part that fails."""
        self.state, self.found = state, parts(state.structure)
        assert len(state.structure.elements) == len(self.found), "common causes are not modelled here"
        self.order = System(state).variables
        self.bdd = importlib.import_module("dd.autoref").BDD()
        self.names = {part: f"x{place}" for place, part in enumerate(self.order)}
        self.bdd.declare(*(self.names[part] for part in self.order))
        self.weight, self.need = terms(state)
        self.live: dict[int, Any] = {}
        self.up: dict[int, Any] = {}
        self.chance: dict[Any, tuple[float, float]] = {}

    def all(self) -> dict[int, float]:
        """By class."""
        classes = self.state.structure.classes
        found = {
            index: self.failed(self.together(classes.gates.row(index).tolist()))
            for index in np.flatnonzero(self.state.class_on).tolist()
        }
        for cache in (self.live, self.up, self.chance):
            cache.clear()  # the library complains of a diagram that goes while its nodes are held
        gc.collect()
        return found

    def together(self, gates: list[int]) -> Any:
        """All of some gates up."""
        fed = self.bdd.true
        for gate in gates:
            fed &= self.gate(gate)
        return fed

    def gate(self, number: int) -> Any:
        """Enough weight is live."""
        if number not in self.up:
            gates = self.state.structure.gates.members
            row = range(int(gates.start[number]), int(gates.start[number + 1]))
            chosen = [(int(gates.values[i]), float(self.weight[i])) for i in row if self.weight[i] > 0.0]
            members = [(self.element(element), counts) for element, counts in chosen]
            self.up[number] = self.threshold(members, float(self.need[number]))
        return self.up[number]

    def element(self, number: int) -> Any:
        """Works, and all its gates are up."""
        if number not in self.live:
            works = self.together(self.state.structure.elements.gates.row(number).tolist())
            self.live[number] = works & ~self.bdd.var(self.names[number]) if number in self.names else works
        return self.live[number]

    def threshold(self, members: list[tuple[Any, float]], least: float) -> Any:
        """Members that are up weigh at least so much."""
        known: dict[tuple[int, float], Any] = {}
        rest = np.cumsum([w for _, w in members][::-1])[::-1].tolist()

        def ask(at: int, left: float) -> Any:
            if left <= 0.0:
                return self.bdd.true
            if at == len(members) or rest[at] < left:
                return self.bdd.false
            if (at, left) not in known:
                function, counts = members[at]
                known[at, left] = self.bdd.ite(function, ask(at + 1, left - counts), ask(at + 1, left))
            return known[at, left]

        return ask(0, least)

    def failed(self, function: Any) -> float:
        """Probability that a function does not hold; variables are failures."""
        return self.chances(function)[1]

    def chances(self, function: Any) -> tuple[float, float]:
        """Probability that it holds and that it does not, each a sum, so that small ones keep their digits."""
        if function.negated:
            holds, fails = self.chances(~function)
            return fails, holds
        if function == self.bdd.true:
            return 1.0, 0.0
        if function not in self.chance:
            q = float(self.found.unavailability[self.order[int(function.var[1:])]])
            works, down = self.chances(function.low), self.chances(function.high)
            self.chance[function] = tuple(q * d + (1.0 - q) * w for w, d in zip(works, down, strict=True))  # type: ignore[assignment]
        return self.chance[function]


def test_every_class_of_racks_against_dd_autoref(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """One hall on both sides, all its instances; and what a campus of a hundred thousand components takes of ours."""
    pytest.importorskip("dd.autoref", reason="dd is not installed")
    state = snapshot(compile_structure(campus(tmp_path, halls=1, module=10_000)), 0)
    quick = timed(lambda: Lifted(state).classes())
    exact = Lifted(state).classes()[:, 0]
    start = perf_counter()
    peer = Autoref(state).all()
    slow = perf_counter() - start
    for index, wanted in peer.items():
        assert exact[index] == pytest.approx(wanted, rel=1e-9)
    topology = campus(tmp_path, halls=110, module=10_000)
    assert instances.size(topology) > 100_000
    whole = snapshot(compile_structure(topology, lifted=True), 0)
    lifted = timed(lambda: Lifted(whole).classes())
    print(  # noqa: T201 - the figures
        f"\n{len(peer):,} classes of a hall: dd.autoref {slow:.2f} s, {quick * 1e3:.0f} ms: {slow / quick:.0f} times; "
        f"all of {instances.size(topology):,} components {lifted * 1e3:.0f} ms"
    )
    record_property("times_faster", slow / quick)
    assert slow / quick >= 5


def nx_graph(state: Snapshot) -> tuple[nx.DiGraph[Any], dict[int, float]]:
    """Elements, gates and classes as one directed graph, suppliers first, with what each gate needs."""
    structure = state.structure
    weight, need = terms(state)
    graph: nx.DiGraph[Any] = nx.DiGraph()
    gates = structure.gates.members
    for gate in range(len(structure.gates)):
        for place in range(int(gates.start[gate]), int(gates.start[gate + 1])):
            graph.add_edge(("e", int(gates.values[place])), ("g", gate), weight=float(weight[place]))
    for element in range(len(structure.elements)):
        graph.add_edges_from((("g", int(g)), ("e", element)) for g in structure.elements.gates.row(element))
    for index in range(len(structure.classes)):
        graph.add_edges_from((("g", int(g)), ("c", index)) for g in structure.classes.gates.row(index))
    return graph, {gate: float(need[gate]) for gate in range(len(structure.gates))}


def nx_sample(
    graph: nx.DiGraph[Any], order: list[Any], need: dict[int, float], failed: set[int], count: list[int]
) -> int:
    """Racks without supply in one state, by walking the graph."""
    up: dict[Any, bool] = {}
    lost = 0
    for node in order:
        kind, number = node
        if kind == "g":
            up[node] = sum(graph.edges[s, node]["weight"] for s in graph.pred[node] if up[s]) >= need[number]
            continue
        up[node] = all(up[s] for s in graph.pred[node]) and not (kind == "e" and number in failed)
        if kind == "c" and not up[node]:
            lost += count[number]
    return lost


def test_the_distribution_of_a_million_against_networkx(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Time to 1 % relative error of the expected racks without supply: exact, against samples, sparse and by networkx.

    So many samples are needed that the standard error is 1 % of the mean, from the exact variance.  Networkx works
    on the gates of the compiled structure; a few samples of a campus of a hundredth of the halls are timed, and
    taken a hundredfold.
    """
    topology = campus(tmp_path, halls=1_100)
    few = snapshot(compile_structure(topology, lifted=True), 0)
    units = few.structure.classes.is_rack.astype(np.int64)

    def exact() -> tuple[float, float]:
        month = snapshot(compile_structure(topology, lifted=True), 0)
        lifted = Lifted(month)
        full = lifted.value(Lost(month.structure.classes, units))
        assert full.missing < 1e-12
        amount, chance, _ = lifted.value(Lost(month.structure.classes, units, own=False)).amounts()
        mean = float(amount @ chance)
        return mean, float(((amount - mean) ** 2) @ chance)

    quick = timed(exact, times=3)
    mean, variance = exact()
    state = snapshot(compile_structure(campus(tmp_path, halls=11)), 0)
    graph, need = nx_graph(state)
    order = list(nx.topological_sort(graph))
    elements = state.structure.elements
    rng = np.random.default_rng(1)
    counts = state.structure.classes.count.tolist()
    samples = 3
    start = perf_counter()
    for _ in range(samples):
        down = set(np.flatnonzero(rng.random(len(elements)) < elements.unavailability).tolist())
        assert nx_sample(graph, order, need, down, counts) >= 0
    each = 100 * (perf_counter() - start) / samples
    drawn = 1 << 18
    sampler = Sampler(state, parts(state.structure), samples=drawn)
    sparse = 100 * timed(lambda: simulate(sampler, Stop(drawn), 1), times=3) / drawn
    wanted = variance / mean**2 / 0.01**2
    ratio = wanted * each / quick
    print(  # noqa: T201 - the figures
        f"\n{instances.size(topology):,} components: exact {quick:.2f} s from the topology; networkx {each:.2f} s a "
        f"sample, {wanted:,.0f} samples to 1 % of the {mean:.4g} racks expected without supply: {ratio:,.0f} times; "
        f"sparse draws {sparse * 1e6:.1f} us a sample: {wanted * sparse / quick:,.0f} times"
    )
    record_property("times_faster", ratio)
    assert ratio >= 1_000
    assert wanted * sparse > quick


def test_a_million_components_cost_what_ten_thousand_do(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    seconds = []
    for halls in (11, 110, 1_100, 11_000):
        topology = campus(tmp_path, halls)
        few = compile_structure(topology, lifted=True)

        def work(few: Any = few) -> None:
            month = snapshot(few, 0)
            lifted = Lifted(month)
            lifted.value(Unfed())
            lifted.value(Lost(month.structure.classes, month.structure.classes.is_rack.astype(np.int64)))

        seconds.append(timed(work, times=3))
        print(f"\n{instances.size(topology):>12,} components {seconds[-1] * 1e3:8.0f} ms", end="")  # noqa: T201 - the figures
    record_property("seconds", seconds)
    assert seconds[2] <= 100 * seconds[0], "a hundred times as many, and only the distribution is longer"
