"""The recursion over boxes: brute force, the decision diagram, and representatives against all instances."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from failure.naive_parts import TooManyError, distribution
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from structure.build import Plant, value
from structure.nested import nested

from twin.errors import RefusedError
from twin.failure import lifted as module
from twin.failure.algebras import Lost, Unfed
from twin.failure.fed import solve
from twin.failure.lifted import Lifted
from twin.structure.compile import compile_structure
from twin.structure.snapshot import months_of_change, snapshot

if TYPE_CHECKING:
    from twin.structure.model import Snapshot
    from twin.topology.model import Topology

CLOCKS = [{}, {"mtbf": 900.0, "mttr": 100.0}, {"mtbf": 20_000.0, "mttr": 8.0}, {"mtbf": 50.0, "mttr": 50.0}]
BEYOND = [
    {},
    {},
    {"beta": 0.1},
    {"beta": 0.2, "gamma": 0.5},
    {"alpha_2": 0.1},
    {"maintenance_interval": 500.0, "maintenance_duration": 20.0},
    {"beta": 0.05, "maintenance_interval": 400.0, "maintenance_duration": 30.0, "start_failure": 0.1},
]


@st.composite
def small(draw: st.DrawFn) -> Topology:
    """One or two grids, a hall or three with UPS, racks and now and then pairs of racks with a feed of their own."""

    def figures(group: int) -> dict[str, Any]:
        clock = draw(st.sampled_from(CLOCKS))
        more = draw(st.sampled_from(BEYOND)) if clock else {}
        least = {"beta": 2, "gamma": 3, "alpha_2": 2}
        return {**clock, **{name: value for name, value in more.items() if least.get(name, 1) <= group}}

    plant = Plant().add("s")
    grids = draw(st.integers(1, 2))
    plant.add("s/grid", grids, "utility", capacity=draw(st.sampled_from([100.0, 15.0])), **figures(grids))
    plant.add("s/hall", draw(st.integers(1, 2)), "hall")
    count = draw(st.integers(1, 2))
    redundancy = draw(st.sampled_from([None, "N+1"]))
    fed = plant.on("power", "s/hall/ups", "s/grid", redundancy=redundancy)
    plant.add("s/hall/ups", count, "ups", fed, capacity=30.0, **figures(count))
    source = "s/hall/ups"
    if draw(st.booleans()):
        plant.add("s/hall/row", draw(st.integers(1, 2)), "row")
        pick = draw(st.sampled_from([{}, {"pick": 1}]))
        plant.add("s/hall/row/tap", 1, "tap", plant.on("power", "s/hall/row/tap", "s/hall/ups", **pick), **figures(1))
        source = "s/hall/row/tap"
    path = f"{source.rpartition('/')[0]}/rack"
    racks = draw(st.integers(1, 2))
    own = draw(st.sampled_from(CLOCKS))
    plant.add(path, racks, "rack", plant.on("power", path, source), load=10.0, accelerators=3, **own)
    return plant.done()


def both(topology: Topology, month: int = 0) -> tuple[Snapshot, Snapshot]:
    """Representatives, and all instances."""
    return tuple(snapshot(compile_structure(topology, lifted=which), month) for which in (True, False))  # type: ignore[return-value]


def racks(state: Snapshot) -> np.ndarray:
    return state.structure.classes.is_rack.astype(np.int64)


@settings(max_examples=35, deadline=None)
@given(small())
def test_equals_brute_force(topology: Topology) -> None:
    """Probability of every amount lost, and how often each is reached, to 1e-12."""
    few, every = both(topology)
    for own in (True, False):
        try:
            wanted = distribution(every, racks(every).tolist(), own=own)
        except TooManyError:
            continue
        amount, chance, rate = Lifted(few).value(Lost(few.structure.classes, racks(few), own=own)).amounts()
        got = dict(zip(amount.tolist(), chance.tolist(), strict=True))
        reached = dict(zip(amount.tolist(), np.cumsum(rate[::-1])[::-1].tolist(), strict=True))
        scale = max(rate for _, rate in wanted.values())
        for lost, (probability, often) in wanted.items():
            assert got.get(lost, 0.0) == pytest.approx(probability, rel=1e-12, abs=1e-15)
            if lost:
                assert reached.get(lost, 0.0) == pytest.approx(often, rel=1e-9, abs=1e-12 * max(scale, 1.0))


@settings(max_examples=35, deadline=None)
@given(small())
def test_the_diagram_gives_the_same(topology: Topology) -> None:
    """Common causes and planned outages too: scopes by the recursion, scopes by one diagram."""
    few, every = both(topology)
    lifted, exact = Lifted(few), solve(every)
    measure = lifted.value(Unfed())
    assert measure.unavailability == pytest.approx(exact.scope_unavailability[0], rel=1e-11, abs=1e-300)
    assert measure.per_year == pytest.approx(exact.scope_per_year[0], rel=1e-10, abs=1e-300)
    try:
        wanted = distribution(every, [1] * len(every.structure.classes), own=False)
    except TooManyError:
        return
    assert measure.unavailability == pytest.approx(sum(p for lost, (p, _) in wanted.items() if lost), rel=1e-12)
    least = min((lost for lost in wanted if lost), default=None)
    assert measure.per_year == pytest.approx(wanted[least][1] if least else 0.0, rel=1e-11, abs=1e-300)


def failing(topology: Topology, clocks: list[dict[str, float]]) -> Topology:
    """The same, with every group failing now and then."""
    groups = {
        path: group
        if group.container
        else replace(group, attributes={**group.attributes, **{n: value(v) for n, v in clocks[i % 7].items()}})
        for i, (path, group) in enumerate(topology.groups.items())
    }
    return replace(topology, groups=groups)


@settings(max_examples=35, deadline=None)
@given(nested(), st.lists(st.sampled_from(CLOCKS), min_size=7, max_size=7))
def test_representatives_give_what_all_instances_give(topology: Topology, clocks: list[dict[str, float]]) -> None:
    topology = failing(topology, clocks)
    whole = compile_structure(topology)
    for month in months_of_change(whole):
        try:
            few, every = both(topology, month)
            asked = Lifted(every), Lifted(few)
            spreads = [each.value(Lost(each.snapshot.structure.classes, racks(each.snapshot))) for each in asked]
            exact = solve(every)
        except RefusedError:
            assume(condition=False)
        amount, chance, _ = spreads[0].amounts()
        other = dict(zip(*(part.tolist() for part in spreads[1].amounts()[:2]), strict=True))
        for lost, probability in zip(amount.tolist(), chance.tolist(), strict=True):
            assert other.get(lost, 0.0) == pytest.approx(probability, rel=1e-9, abs=1e-14)
        down = [each.value(Unfed()).unavailability for each in asked]
        sites = [i for i, scope in enumerate(whole.scopes) if scope.parent < 0]
        if len(sites) == 1 and not np.isnan(exact.scope_unavailability[0]):
            assert down == pytest.approx([exact.scope_unavailability[0]] * 2, rel=1e-10, abs=1e-300)


def test_too_many_states_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_STATES", 4)
    plant = Plant().add("s").add("s/ups", 4, "ups", capacity=50.0, mtbf=900.0, mttr=100.0)
    plant.add("s/rack", 6, "rack", plant.on("power", "s/rack", "s/ups", pick=2, need=1), load=10.0)
    few, _ = both(plant.done())
    with pytest.raises(RefusedError, match="more than 4 different states"):
        Lifted(few).value(Unfed())


def test_states_left_out_are_counted() -> None:
    plant = Plant().add("s").add("s/hall", 5, "hall").add("s/hall/ups", 2, "ups", capacity=50.0, mtbf=1e15, mttr=1e-3)
    plant.add("s/hall/rack", 2, "rack", plant.on("power", "s/hall/rack", "s/hall/ups", need=1), load=10.0)
    few, _ = both(plant.done())
    lifted = Lifted(few)
    assert lifted.value(Unfed()).unavailability <= lifted.missing + 1e-24
    assert 0.0 < lifted.missing < 1e-24
