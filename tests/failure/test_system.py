"""The exact engine against brute force, closed forms and published numbers."""

from __future__ import annotations

import time
from itertools import product
from math import comb, prod

import numpy as np
import oracle
import pytest
from failure.build import System
from failure.random_systems import systems
from hypothesis import given, settings
from hypothesis import strategies as st
from published import Source

from twin.errors import RefusedError
from twin.failure import bdd
from twin.failure.fed import Exact, solve

HOURS = 8760.0


@settings(max_examples=150, deadline=None)
@given(systems())
def test_equals_brute_force(system: System) -> None:
    """Unavailability and frequency of every class and scope, to 1e-12 relative."""
    snapshot = system.build()
    got = solve(snapshot)
    for index in range(len(system.loads)):
        if system.loads[index].on:
            agree(got.class_unavailability[index], got.class_per_year[index], oracle.measure(snapshot, [index]))
        else:
            assert np.isnan(got.class_unavailability[index])
    for scope in range(3):
        inside = [i for i, load in enumerate(system.loads) if load.on and scope in (0, load.scope)]
        if inside:
            agree(got.scope_unavailability[scope], got.scope_per_year[scope], oracle.measure(snapshot, inside))
        else:
            assert np.isnan(got.scope_unavailability[scope])


def agree(unavailability: float, per_year: float, wanted: tuple[float, float]) -> None:
    """Both to 1e-12 relative."""
    assert unavailability == pytest.approx(wanted[0], rel=1e-12, abs=1e-300)
    assert per_year == pytest.approx(wanted[1], rel=1e-12, abs=1e-300)


@settings(max_examples=60, deadline=None)
@given(systems(), st.data())
def test_coherent(system: System, data: st.DataObject) -> None:
    """A less reliable part never makes anything more available."""
    before = solve(system.build())
    worse = data.draw(st.integers(0, len(system.elements) - 1))
    part = system.elements[worse]
    part.unavailability = min(1.0, part.unavailability + data.draw(st.sampled_from([1e-9, 0.05, 0.5])))
    after = solve(system.build())
    for old, new in (
        (before.class_unavailability, after.class_unavailability),
        (before.scope_unavailability, after.scope_unavailability),
    ):
        assert not (new < old * (1 - 1e-12)).any()


def one(system: System, *gates: int) -> tuple[float, float]:
    """Unavailability and frequency of one load behind gates."""
    system.load("site/rack", gates=gates)
    got = solve(system.build())
    return got.class_unavailability[-1], got.class_per_year[-1]


def test_series_and_parallel() -> None:
    """Closed forms: 1 - prod(1 - q) and prod(q), with frequencies sum w prod(1 - q) and sum w prod(q)."""
    q, w = [0.01, 0.2, 0.003], [3.0, 1.0, 7.0]
    others = [prod(q[j] for j in range(3) if j != i) for i in range(3)]
    rest = [prod(1 - q[j] for j in range(3) if j != i) for i in range(3)]
    for need, wanted in (
        (None, (1 - prod(1 - x for x in q), sum(a * b for a, b in zip(w, rest, strict=True)))),
        (1, (prod(q), sum(a * b for a, b in zip(w, others, strict=True)))),
    ):
        system = System()
        parts = [system.add(f"site/p{i}", q=q[i], per_year=w[i])[0] for i in range(3)]
        agree(*one(system, system.gate(parts, need)), wanted)


@pytest.mark.parametrize(("n", "k"), [(2, 1), (5, 4), (23, 20), (46, 40), (130, 100)])
def test_k_of_n_is_binomial(n: int, k: int) -> None:
    """P(fewer than k of n live) and the frequency n C(n-1, k-1) q^(n-k) (1-q)^(k-1) w."""
    q, w = 0.02, 1.5
    system = System()
    got = one(system, system.gate(system.add("site/genset", n, q=q, per_year=w), k))
    down = sum(comb(n, i) * q**i * (1 - q) ** (n - i) for i in range(n, n - k, -1))
    agree(*got, (down, n * comb(n - 1, k - 1) * q ** (n - k) * (1 - q) ** (k - 1) * w))


def test_tiny_probabilities_keep_their_digits() -> None:
    """1e-15 and far below, where one minus availability would give nothing."""
    system = System()
    parts = system.add("site/ups", 3, q=1e-15, per_year=1e-9)
    single, triple = system.gate(parts[:1]), system.gate(parts, 1)
    agree(*one(system, single), (1e-15, 1e-9))
    agree(*one(system, triple), (1e-45, 3 * 1e-9 * 1e-30))


SCRAM = Source(
    "Failure",
    "SCRAM, by the structure",
    "rakhimov/scram @b85b789: tests/bench_core_tests.cc with P(A), P(B), P(C) = 0.1, 0.2, 0.3; "
    "tests/risk_analysis_tests.cc with two trains of a valve and a pump each; input/Theatre.",
)
UPTIME = Source(
    "Failure",
    "Uptime Institute, tiers",
    "Figures of 2010 as quoted in 7x24 Exchange, spring 2015, appendix A: failures a year and hours each; planned "
    "shutdowns count as one event a year of so many hours. Published availability is rounded to two digits.",
)


def test_scram_gates(published) -> None:
    """`A or B or C`, `AB or BC`, `2-of-3`, as asserted there."""
    system = System()
    a, b, c = (system.add(f"site/{name}", q=q)[0] for name, q in (("a", 0.1), ("b", 0.2), ("c", 0.3)))
    ab, bc = system.gate([a, b], 1), system.gate([b, c], 1)
    for case, value, gates in (
        ("A or B or C", 0.496, [system.gate([a, b, c])]),
        ("A B or B C", 0.074, [ab, bc]),
        ("2 of 3", 0.098, [system.gate([a, b, c], 2)]),
    ):
        published(case, value, one(system, *gates)[0], rel=1e-12, source=SCRAM)


@pytest.mark.parametrize(
    ("part", "birnbaum"), [("pump-1", 0.51), ("pump-2", 0.38), ("valve-1", 0.34), ("valve-2", 0.228)]
)
def test_scram_two_train(published, part: str, birnbaum: float) -> None:
    """With one failure a year of one part only, the frequency is that part's Birnbaum importance."""
    system = System()
    trains = []
    for number, pump, valve in ((1, 0.6, 0.4), (2, 0.7, 0.5)):
        parts = [
            system.add(f"site/{name}-{number}", q=q, per_year=float(part == f"{name}-{number}"))[0]
            for name, q in (("pump", pump), ("valve", valve))
        ]
        trains += system.add(f"site/train-{number}", gates=[system.gate(parts)], q=0.0, per_year=0.0)
    down, often = one(system, system.gate(trains, 1))
    published("two trains", 0.646, down, rel=1e-12, source=SCRAM)
    published(f"two trains, Birnbaum importance of {part}", birnbaum, often, rel=1e-12, source=SCRAM)


def test_scram_theatre(published) -> None:
    """A standby supply behind a relay: 0.03 (0.02 + 0.05 - 0.02 0.05)."""
    system = System()
    mains, generator, relay = (
        system.add(f"site/{name}", q=q)[0] for name, q in (("mains", 0.03), ("generator", 0.02), ("relay", 0.05))
    )
    standby = system.add("site/standby", gates=[system.gate([generator, relay])], q=0.0, per_year=0.0)
    published("theatre", 0.00207, one(system, system.gate([mains, *standby], 1))[0], rel=1e-12, source=SCRAM)


@pytest.mark.parametrize(
    ("tier", "planned_h", "failures", "hours", "down_h", "percent"),
    [
        ("I", 24, 1.2, 4, 28.8, 99.67),
        ("II", 18, 1.0, 4, 22.0, 99.75),
        ("III", 0, 0.4, 4, 1.6, 99.98),
        ("IV", 0, 0.2, 4, 0.8, 99.99),
    ],
)
def test_uptime_tiers(published, tier, planned_h: float, failures: float, hours: float, down_h, percent) -> None:
    """The tiers' arithmetic: a path that fails so often for so long, in series with its planned shutdown."""
    system = System()
    path = system.add("site/path", q=failures * hours / HOURS, per_year=failures)
    planned = system.add("site/planned", q=planned_h / HOURS, per_year=float(planned_h > 0))
    down, often = one(system, system.gate(path), system.gate(planned))
    published(f"tier {tier}, hours down a year", down_h, down * HOURS, unit="h", digits=3, rel=1.5e-3, source=UPTIME)
    ours = 100 * (1 - down)
    published(f"tier {tier}, availability", percent, ours, unit="%", digits=3, abs=0.0051, source=UPTIME)
    assert often == pytest.approx(failures + (planned_h > 0), rel=5e-3)


def campus(halls: int) -> System:
    """Grid and gensets shared; in each hall UPS, cooling units on pairs of neighbouring UPS, busways, racks."""
    system = System()
    grid, gensets = system.add("site/grid", 2, q=1e-4), system.add("site/genset", 130, q=0.02)
    site = system.gate(grid + gensets, 300e3, [330e3] * 2 + [3e3] * 130)
    for _ in range(halls):
        hall = system.hall()
        ups = system.add("site/ups", 23, gates=[site], q=1e-4)
        cdu = []
        for i in range(46):
            pair = system.gate([ups[i % 23], ups[(i + 1 + i // 23) % 23]], 1)
            cdu += system.add("site/cdu", gates=[pair], q=1e-3)
        power, cooling = system.gate(ups, 20), system.gate(cdu, 40)
        for _ in range(20):
            busways = system.add("site/busway", 2, gates=[power], q=1e-5)
            system.load("site/rack", 16, gates=[system.gate(busways, 1), cooling], scope=hall)
    return system


def test_a_campus_takes_little_time() -> None:
    """700 parts, most of them woven together: well under the two seconds that a month may take."""
    snapshot = campus(5).build()
    begin = time.perf_counter()
    got = solve(snapshot)
    assert time.perf_counter() - begin < 2
    assert len(set(got.class_unavailability.tolist())) == 1
    assert len(set(got.scope_unavailability[1:].tolist())) == 1
    assert got.scope_unavailability[1] < got.scope_unavailability[0] < 5 * got.scope_unavailability[1]


def test_budget_refuses() -> None:
    """Too small a budget is an error that names engine and remedy, not a crash."""
    snapshot = campus(2).build()
    with pytest.raises(RefusedError, match=r"failure refuses: .* more than 500 .*; state `need:`"):
        solve(snapshot, nodes=500)


def test_distinct_losses_count_against_the_budget() -> None:
    """Forty different ratings have a trillion sums; the engine stops in time."""
    system = System()
    parts = system.add("site/ups", 40)
    gate = system.gate(parts, 500.0, [float(2**0.5 * (i + 3) ** 1.5 % 50 + 1) for i in range(40)])
    system.load("site/rack", gates=[gate])
    with pytest.raises(RefusedError, match="failure refuses"):
        solve(system.build(), nodes=2000)


def test_too_many_parts_at_once_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """The recursion of the diagram library is bounded by the parts of one function."""
    monkeypatch.setattr("twin.failure.system.MAX_VARIABLES", 10)
    system = System()
    ups = system.add("site/ups", 11)
    system.load("site/rack", gates=[system.gate(ups, 5)])
    system.load("site/other", gates=[system.gate(ups, 6)])
    with pytest.raises(RefusedError, match="11 parts at once, the limit is 10"):
        solve(system.build())


def test_a_threshold_of_weights_is_every_subset() -> None:
    """The loss table against all 2^8 subsets, weights without a common unit."""
    weights, slack = [3.0, 1.1, 2.7, 1.1, 0.4, 5.0, 2.7, 1.9], 6.0
    q = [0.05 * (i + 1) for i in range(8)]
    diagram = bdd.Diagram(q, [0.0] * 8)
    function = diagram.threshold([bdd.Step(diagram.part(i), w) for i, w in enumerate(weights)], slack)
    wanted = sum(
        prod(p if lost else 1 - p for p, lost in zip(q, state, strict=True))
        for state in product((0, 1), repeat=8)
        if sum(w for w, lost in zip(weights, state, strict=True) if lost) > slack
    )
    assert diagram.measure(function).unavailability == pytest.approx(wanted, rel=1e-13)


def test_nodes_of_k_of_n() -> None:
    """A k-of-n takes k (n - k + 1) nodes: intervals of loss are shared."""
    diagram = bdd.Diagram([0.1] * 130, [0.0] * 130)
    function = diagram.threshold([bdd.Step(diagram.part(i), 3000.0) for i in range(130)], 90_000.0 + 1e-4)
    assert function.node_count() == 31 * 100 + 2


def test_nothing_energised() -> None:
    """All NaN, no error."""
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/ups"))], on=False)
    got: Exact = solve(system.build())
    assert np.isnan(got.class_unavailability).all()
    assert np.isnan(got.scope_unavailability).all()
