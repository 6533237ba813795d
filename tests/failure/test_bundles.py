"""Many alike suppliers as a count: the same answers as a variable for each, and far fewer nodes."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from failure.build import System as Built
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.failure.bundles import bundles
from twin.failure.exact import System
from twin.failure.parts import parts
from twin.structure.live import terms

WEIGHTS = st.sampled_from([1.0, 1.5, 2.0, 0.1, 3.0])


@st.composite
def blocks(draw: st.DrawFn) -> Built:
    """A gate over bundles of several kinds and single members, some behind a board of their own; a second gate."""
    built = Built()
    members, weights = [], []
    board = built.gate(built.add("site/board", q=draw(st.sampled_from([0.0, 0.2])), per_year=3.0))
    for kind in range(draw(st.integers(1, 2))):
        some = built.add(
            f"site/set-{kind}", draw(st.integers(4, 7)), q=0.1 + 0.2 * kind, gates=[board][: draw(st.integers(0, 1))]
        )
        members += some
        weights += [draw(WEIGHTS)] * len(some)
    for single in range(draw(st.integers(0, 3))):
        members += built.add(f"site/single-{single}", q=0.3)
        weights.append(draw(WEIGHTS))
    shared = draw(st.booleans())
    need = draw(st.floats(0.05, 1.0)) * sum(weights)
    built.load("site/rack", gates=[built.gate(members, need, weights)])
    if shared:
        built.load("site/other", gates=[built.gate(members[-2:], 1)])
    return built


def both(built: Built) -> tuple[System, System]:
    state = built.build()
    made = System(state), System(state, apart=lambda _: frozenset())
    for each in made:
        each.build(each.gates)
    return made


@settings(max_examples=80, deadline=None)
@given(blocks())
def test_equals_a_variable_for_each(built: Built) -> None:
    each, bundled = both(built)
    for index in range(len(built.loads)):
        wanted, got = (system.measure(system.of_class(index)) for system in (each, bundled))
        assert got.unavailability == pytest.approx(wanted.unavailability, rel=1e-12, abs=1e-300)
        assert got.per_year == pytest.approx(wanted.per_year, rel=1e-11, abs=1e-300)


def test_thousands_of_gensets_behind_two_grids() -> None:
    """Two grids that each carry all, or 4,400 of 5,280 gensets: closed form, on a handful of nodes."""
    built = Built()
    grids = built.add("site/grid", 2, q=1e-3, per_year=2.0)
    gensets = built.add("site/genset", 5_280, q=0.15, per_year=1.0)
    gate = built.gate([*grids, *gensets], 4_400.0, [4_400.0] * 2 + [1.0] * 5_280)
    built.load("site/rack", gates=[gate])
    state = built.build()
    system = System(state, nodes=1_000, apart=lambda _: frozenset())
    assert len(system.variables) < 10
    system.build(system.gates)
    got = system.measure(system.of_class(0))
    few = sum(comb(5_280, k) * 3**k * 17 ** (5_280 - k) for k in range(881, 5_281)) / 20**5_280
    assert got.unavailability == pytest.approx(1e-6 * few, rel=1e-9)


def test_what_somebody_else_asks_for_is_in_no_bundle() -> None:
    built = Built()
    ups = built.add("site/ups", 6)
    built.load("site/rack", gates=[built.gate(ups, 4), built.gate(ups[:1], 1)])
    built.cuts[0] = ((ups[1], ups[2]),)
    state = built.build()
    found = parts(state.structure)
    shared = found.shared(len(state.structure.elements))
    assert bundles(state, [0, 1], found, shared, frozenset(), terms(state)) == []
    built.cuts = {}
    state = built.build()
    (bundle,) = bundles(state, [0, 1], found, shared, frozenset(), terms(state))
    assert bundle.elements == (1, 2, 3, 4, 5)
    assert bundle.counts == (2, 3)
    assert bundles(state, [0, 1], found, shared, {1, 2}, terms(state)) == []
    assert np.isclose(bundle.measures[0].unavailability, comb(5, 2) * 0.1**2 * 0.9**3)
