"""Small random systems for property tests."""

from __future__ import annotations

import numpy as np
from failure.build import System
from hypothesis import strategies as st

CHANCES = st.sampled_from([0.0, 1e-15, 1e-6, 0.01, 0.1, 0.3, 0.9, 1.0])


def rate_of(q: float) -> st.SearchStrategy[float]:
    """Failures a year of a part with this unavailability, by its repair time; none where it is always down."""
    if q in (0.0, 1.0):
        return st.sampled_from([0.0, 0.5, 12.0] if q < 1 else [0.0])
    return st.sampled_from([0.5, 10.0, 1000.0]).map(lambda mttr_h: q * 8760.0 / mttr_h)


@st.composite
def systems(draw: st.DrawFn) -> System:
    """Systems of several levels, some of it dark, some of it never or always failing."""
    system = System()
    halls = [0, system.hall(), system.hall()]
    for number in range(draw(st.integers(1, 9))):
        gates = [draw(gate_of(system)) for _ in range(draw(st.integers(0, 2)))] if number else []
        q = draw(CHANCES)
        system.add(
            f"site/part-{number}",
            gates=gates,
            q=q,
            per_year=draw(rate_of(q)),
            on=draw(st.sampled_from([True, True, True, True, False])),
        )
    for number in range(draw(st.integers(1, 4))):
        system.load(
            f"site/load-{number}",
            gates=[draw(gate_of(system)) for _ in range(draw(st.integers(0, 3)))],
            scope=draw(st.sampled_from(halls)),
            on=draw(st.sampled_from([True, True, False])),
            q=(q := draw(CHANCES)),
            per_year=draw(rate_of(q)),
            count=draw(st.integers(1, 3)),
        )
    for gate in range(len(system.gates)):
        if draw(st.integers(0, 2)) == 0:
            level = system.level(gate)
            low = [e for e, part in enumerate(system.elements) if part.on and system.height(e) <= level]
            cut = st.lists(st.sampled_from(low), min_size=1, max_size=3, unique=True).map(tuple) if low else None
            if cut is not None:
                system.cuts[gate] = tuple(draw(st.lists(cut, min_size=1, max_size=3)))
    return system


@st.composite
def gate_of(draw: st.DrawFn, system: System) -> int:
    """A gate over some elements, new or one that is there already."""
    if len(system.gates) > 0 and draw(st.booleans()):
        return draw(st.integers(0, len(system.gates) - 1))
    members = draw(st.lists(st.integers(0, len(system.elements) - 1), min_size=1, max_size=6, unique=True))
    weight = st.sampled_from([1.0, 1.0, 1.1, 2.0, 2.7, np.inf])
    weights = draw(st.lists(weight, min_size=len(members), max_size=len(members)))
    on = [w for m, w in zip(members, weights, strict=True) if system.elements[m].on and np.isfinite(w)]
    need = draw(st.sampled_from([0.0, 0.4, 0.5, 0.8, 1.0, 1.01])) * sum(on)
    return system.gate(members, need or draw(st.sampled_from([0.0, 1.0])), weights)
