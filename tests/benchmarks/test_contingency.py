"""How quickly every one and every two failures of a campus of 100 thousand components are judged.

No two pods are alike here, each has dates of its own, so that nothing but exact twins can be told once for many.
Against removing one component and evaluating the graph again, against events in plain Python, and against
64 states in a word of numpy, which give the same answers.  `pytest tests/benchmarks/test_contingency.py -s`
prints the figures.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import pytest

import twin
from twin.failure.blast import RACKS, of_pairs, of_singles
from twin.failure.contingency import contingency
from twin.failure.net import confined, net
from twin.failure.pairs import pairs
from twin.structure.compile import compile_structure
from twin.structure.live import levels
from twin.structure.snapshot import months_of_change, snapshot
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from twin.failure.blast import Blasts
    from twin.structure.model import Snapshot

    Record = Callable[[str, object], None]

pytestmark = [pytest.mark.benchmark, pytest.mark.slow]

CAMPUS = """
twin: 1
name: campus
calendar: {{start: 2027-04-01, months: 240}}
sites:
  campus:
    contains:
      grid[2]: {{kind: utility, capacity: 9 GW}}
      board[2]: {{kind: switchgear, capacity: 9 GW, power: {{from: grid, need: 1}}}}
      hall[{halls}]:
        {hall_dates}
        contains:
          ups[9]: {{kind: ups, capacity: {ups} kW, power: {{from: board, need: 1}}}}
          chiller[5]: {{kind: chiller, capacity: {chiller} kW, cop: 5, power: {{from: board, need: 1}}}}
          pod[{pods}]:
            {pod_dates}
            contains:
              bus[2]: {{kind: busway, capacity: 12 MW, power: {{from: ups, need: 8}}}}
              cdu[3]: {{kind: cdu, capacity: 6 MW, power: {{from: bus, need: 1}}, cooling: {{from: chiller, need: 4}}}}
              leaf[18]: {{kind: switch, power: {{from: bus, need: 1}}}}
              rack[60]:
                kind: rack
                load: 132 kW
                accelerators: 72
                power: {{from: bus, need: 1}}
                cooling: {{from: cdu, need: 2}}
                network: {{from: leaf, need: 17}}
"""
"""After River Bend, with larger pods: racks on two busways, three CDUs and eighteen leaves."""


def campus(folder: Path, halls: int, pods: int = 21, *, alike: bool) -> Path:
    """A campus of `halls * (14 + 83 * pods)` components and four; with no two pods alike, or all."""
    path = folder / f"campus-{halls}-{pods}-{alike}.yaml"

    def dates(count: int, step: int) -> str:
        days = [date(2027 + step * n // 12, step * n % 12 + 1, 1) for n in range(count)]
        return "doc: alike" if alike else f"energised: [{', '.join(str(day) for day in days)}]"

    path.write_text(
        CAMPUS.format(
            halls=halls,
            pods=pods,
            ups=pods * 60 * 150 // 8,
            chiller=pods * 60 * 150 // 4,
            hall_dates=dates(halls, 2),
            pod_dates=dates(pods, 1),
        ),
        encoding="utf-8",
    )
    return path


def built(path: Path, *, lifted: bool = False) -> Snapshot:
    """The campus when all of it is there."""
    structure = compile_structure(twin.load(path).topology, lifted=lifted)
    return snapshot(structure, months_of_change(structure)[-1])


def timed(work: Callable[[], Any], times: int = 5) -> float:
    """Seconds, the median of a few."""
    seconds = []
    for _ in range(times):
        start = perf_counter()
        work()
        seconds.append(perf_counter() - start)
    return median(seconds)


class Instances:
    """Every element and every rack by itself, as a tool without classes has them.

    Nodes are elements, and then racks; `gates[node]` are numbers of (members, how many may be lost).
    """

    def __init__(self, state: Snapshot) -> None:
        structure = state.structure
        members = structure.gates.members
        assert ((state.weight == 1.0) | (state.weight == 0.0)).all()
        slack = np.diff(members.start) - np.ceil(state.threshold - 1e-6).astype(int)
        self.gates: list[list[tuple[list[int], int]]] = []
        shared = [(members.row(gate).tolist(), int(slack[gate])) for gate in range(len(structure.gates))]
        self.elements = len(structure.elements)
        self.gates = [[shared[g] for g in structure.elements.gates.row(e).tolist()] for e in range(self.elements)]
        for index, count in enumerate(structure.classes.count.tolist()):
            own = structure.classes.gates.row(index).tolist()
            self.gates += [[(list(shared[g][0]), shared[g][1]) for g in own] for _ in range(count)]

    def graph(self) -> nx.DiGraph[int]:
        """A networkx graph, suppliers to consumers."""
        made: nx.DiGraph[int] = nx.DiGraph()
        made.add_nodes_from(range(len(self.gates)))
        for node, gates in enumerate(self.gates):
            made.add_edges_from((member, node) for members, _ in gates for member in members)
        return made

    def recomputed(self, graph: nx.DiGraph[int], lost: int) -> int:
        """Racks that are not fed without one node: everything evaluated again, suppliers first."""
        live: dict[int, bool] = {}
        left = nx.restricted_view(graph, [lost], [])
        for node in nx.topological_sort(left):
            live[node] = all(
                sum(not live.get(member, False) for member in members) <= slack for members, slack in self.gates[node]
            )
        return sum(not live[node] for node in range(self.elements, len(self.gates)) if node != lost)

    def events(self) -> Callable[[int], tuple[int, int, float, int]]:
        """What one loss sets off: further elements down, and racks, kW and accelerators unfed."""
        of: dict[int, list[tuple[int, int]]] = defaultdict(list)
        slacks: list[int] = []
        for node, gates in enumerate(self.gates):
            for members, slack in gates:
                for member in members:
                    of[member].append((len(slacks), node))
                slacks.append(slack)
        first = self.elements

        def lost_with(lost: int) -> tuple[int, int, float, int]:
            down, pending, missing = {lost}, [lost], {}
            elements, racks, kw, accelerators = 0, 0, 0.0, 0
            while pending:
                for gate, consumer in of[pending.pop()]:
                    missing[gate] = missing.get(gate, 0) + 1
                    if missing[gate] > slacks[gate] and consumer not in down:
                        down.add(consumer)
                        pending.append(consumer)
                        if consumer < first:
                            elements += 1
                        else:
                            racks, kw, accelerators = racks + 1, kw + 132.0, accelerators + 72
            return elements, racks, kw, accelerators

        return lost_with


class Words:
    """Sixty-four states in a word: what is down, over the compiled gates and classes."""

    def __init__(self, state: Snapshot) -> None:
        structure = state.structure
        members = structure.gates.members
        slack = np.diff(members.start) - np.ceil(state.threshold - 1e-6).astype(int)
        element, gate = levels(state)
        self.elements = len(structure.elements)
        self.gates = len(structure.gates)
        self.classes = structure.classes
        self.steps = []
        for level in range(int(element.max()) + 1):
            takers = np.flatnonzero(element == level)
            of_level = np.flatnonzero(gate == level)
            shapes = np.unique(np.stack([np.diff(members.start)[of_level], slack[of_level]]), axis=1).T.tolist()
            parts = []
            for size, lost in shapes:
                mine = of_level[(np.diff(members.start)[of_level] == size) & (slack[of_level] == lost)]
                parts.append((mine, members.values[members.start[mine][:, None] + np.arange(size)], lost))
            inputs = structure.elements.gates
            width = np.diff(inputs.start)[takers]
            needs = []
            for many in np.unique(width[width > 0]).tolist():
                mine = takers[width == many]
                needs.append((mine, inputs.values[inputs.start[mine][:, None] + np.arange(many)]))
            self.steps.append((needs, parts))
        widths = {len(structure.classes.gates.row(c)) for c in range(len(structure.classes))}
        assert len(widths) == 1
        self.loads = structure.classes.gates.values.reshape(len(structure.classes), -1)

    def racks(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Racks not fed when two elements are lost, for many pairs; a multiple of 64 of them."""
        words = len(first) // 64
        down = np.zeros((self.elements, words), dtype=np.uint64)
        bit = np.uint64(1) << (np.arange(len(first)) % 64).astype(np.uint64)
        for lost in (first, second):
            np.bitwise_or.at(down, (lost, np.arange(len(first)) // 64), bit)
        short = np.zeros((self.gates, words), dtype=np.uint64)
        for needs, parts in self.steps:
            for takers, gates in needs:
                down[takers] |= np.bitwise_or.reduce(short[gates], axis=1)
            for gates, members, slack in parts:
                count = [np.zeros((len(gates), words), dtype=np.uint64) for _ in range(slack + 1)]
                for column in members.T:
                    more = down[column]
                    for place in range(slack + 1):
                        count[place], more = count[place] | more, count[place] & more
                short[gates] = count[-1]
        unfed = np.bitwise_or.reduce(short[self.loads], axis=1)
        bits = np.unpackbits(unfed.view(np.uint8), axis=1, bitorder="little")
        return self.classes.count @ bits.reshape(len(unfed), -1)


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The campus without two alike pods."""
    return built(campus(tmp_path_factory.mktemp("campus"), 59, alike=False))


def by_element(blasts: Blasts) -> dict[tuple[int, int], int]:
    """Racks lost by the elements of each loss."""
    pairs_ = zip(blasts.one.tolist(), blasts.other.tolist(), strict=True)
    return dict(zip(pairs_, blasts.lost[RACKS].astype(int).tolist(), strict=True))


def test_every_single_failure(plant: Snapshot, record_property: Record) -> None:
    quick = timed(lambda: of_singles(net(plant)), 9)  # before there are a million lists to be looked after
    each = Instances(plant)
    size = len(each.gates)
    assert size > 100_000
    ours, _ = of_singles(net(plant))
    start = perf_counter()
    lost_with = each.events()  # who waits for whom and how many each can spare, as `net` finds out for us
    theirs = [lost_with(node) for node in range(size)]
    events = perf_counter() - start
    for element, further, lost in zip(ours.one.tolist(), ours.elements.tolist(), ours.lost.T.tolist(), strict=True):
        assert theirs[element] == (further, *lost)
    graph = each.graph()
    sample = [0, 3, *np.random.default_rng(7).choice(each.elements, 3, replace=False).tolist()]
    start = perf_counter()
    for node in sample:
        assert each.recomputed(graph, node) == theirs[node][1]
    again = (perf_counter() - start) / len(sample) * size
    print(  # noqa: T201 - the figures
        f"\nN-1 of {size:,} components: networkx {again:,.0f} s (extrapolated from {len(sample)}), "
        f"events {events:.2f} s, twin {quick * 1e3:.0f} ms: {again / quick:,.0f} and {events / quick:.0f} times"
    )
    record_property("times_networkx", again / quick)
    record_property("times_events", events / quick)
    assert again / quick >= 10_000
    assert events / quick >= 20


def test_every_pair(plant: Snapshot, record_property: Record) -> None:
    system = net(plant)
    start = perf_counter()
    found = of_pairs(system, pairs(net(plant)))
    quick = perf_counter() - start
    ours = by_element(found)
    alone = by_element(of_singles(system)[0])
    chosen = np.random.default_rng(7)
    critical = np.array(list(ours))[chosen.choice(len(ours), 512, replace=False)]
    firsts = np.array([element for element, _ in alone])
    other = np.sort(chosen.choice(firsts, (512, 2)), axis=1)
    other = np.where(other[:, :1] == other[:, 1:], firsts[:2], other)
    sample = np.concatenate([critical, other])
    words = Words(plant)
    start = perf_counter()
    theirs = words.racks(sample[:, 0], sample[:, 1]).tolist()
    one_by_one = perf_counter() - start
    for pair, lost in zip(sample.tolist(), theirs, strict=True):
        i, j = pair
        # No two of the others share what they take down alone.
        assert lost == (ours[i, j] if (i, j) in ours else alone[i, -1] + alone[j, -1])
    size = words.elements
    all_pairs = size * (size - 1) / 2
    slow = one_by_one / len(sample) * all_pairs
    print(  # noqa: T201 - the figures
        f"\nN-2 of {size:,} elements, {all_pairs:,.0f} pairs: words of numpy {slow:,.0f} s (extrapolated from "
        f"{len(sample):,}), twin {quick:.2f} s for {found.count.sum():,} critical pairs: {slow / quick:,.0f} times"
    )
    record_property("times_words", slow / quick)
    assert slow / quick >= 500


def test_what_is_alike_is_told_once(tmp_path: Path, plant: Snapshot, record_property: Record) -> None:
    """Ten times the campus, all pods alike: the same rows as from all instances, in half the time of one unlike."""

    def table(state: Snapshot) -> Any:
        system = net(state)
        return contingency(system, pairs(system))[0]

    small = campus(tmp_path, 59, alike=True)
    assert table(built(small, lifted=True)).equals(table(built(small)))
    path = campus(tmp_path, 590, alike=True)
    few = built(path, lifted=True)
    assert confined(few.structure)
    quick, unlike = timed(lambda: table(few)), timed(lambda: table(plant), 1)
    size = instances.size(few.structure.topology)
    print(  # noqa: T201 - the figures
        f"\nN-1 and N-2 of {size:,} components with all pods alike: {quick * 1e3:.0f} ms; "
        f"of {instances.size(plant.structure.topology):,} with none alike: {unlike:.2f} s"
    )
    record_property("seconds", quick)
    assert size > 1_000_000
    assert quick < unlike / 2
