"""Liveness of many states at once against one state at a time by recursion."""

from __future__ import annotations

import numpy as np
import oracle
import pytest
from failure.build import System
from failure.random_systems import systems
from hypothesis import given, settings

from twin.structure import live as module
from twin.structure.live import gates_up, levels, live


def every_state(size: int) -> np.ndarray:
    """(2^size, size): all patterns of failed elements."""
    bits: np.ndarray = (np.arange(2**size)[:, None] >> np.arange(size)) & 1 == 1
    return bits


@settings(max_examples=150, deadline=None)
@given(systems())
def test_equals_recursion_in_every_state(system: System) -> None:
    """Elements, gates and classes, in all states, dark ones included."""
    snapshot = system.build()
    failed = every_state(len(system.elements))
    elements, classes = live(snapshot, failed)
    up = gates_up(snapshot, elements)
    for state, row in enumerate(failed):
        wanted = oracle.Oracle(snapshot, set(np.flatnonzero(row).tolist()))
        assert elements[state].tolist() == [wanted.live(e) for e in range(len(system.elements))]
        assert classes[state].tolist() == [wanted.fed(c) for c in range(len(system.loads))]
        assert up[state].tolist() == [wanted.gate_up(g) for g in range(len(system.gates))]


def chain() -> System:
    """Utility, transformer, two UPS, one load that needs one of them."""
    system = System()
    utility = system.add("site/utility")
    transformer = system.add("site/transformer", gates=[system.gate(utility)])
    ups = system.add("site/ups", 2, gates=[system.gate(transformer)])
    system.load("site/rack", gates=[system.gate(ups, 1)])
    return system


def test_levels_and_propagation() -> None:
    """Failure runs down the chain and stops at redundancy."""
    snapshot = chain().build()
    element, gate = levels(snapshot)
    assert element.tolist() == [0, 1, 2, 2]
    assert gate.tolist() == [0, 1, 2]
    elements, fed = live(snapshot, np.eye(4, dtype=bool))
    assert elements.tolist() == [
        [False, False, False, False],
        [True, False, False, False],
        [True, True, False, True],
        [True, True, True, False],
    ]
    assert fed[:, 0].tolist() == [False, False, True, True]


def test_batches_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Splitting the states into batches changes nothing."""
    snapshot = chain().build()
    whole = live(snapshot, every_state(4))
    monkeypatch.setattr(module, "_CELLS", 12)
    parts = live(snapshot, every_state(4))
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))
    assert np.array_equal(gates_up(snapshot, whole[0]), gates_up(snapshot, parts[0]))


def test_rounding_of_ratings_is_forgiven() -> None:
    """Ten times 0.1 carries 1.0, though the sum in binary is less."""
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/psu", 10), 1.0, [0.1] * 10)])
    snapshot = system.build()
    assert live(snapshot, np.zeros((1, 10), dtype=bool))[1].all()
    assert not live(snapshot, np.eye(10, dtype=bool))[1].any()


def test_wrong_shape() -> None:
    """One column an element, or an error that says so."""
    snapshot = chain().build()
    with pytest.raises(ValueError, match=r"shape \(1, 3\), wanted \(states, 4\)"):
        live(snapshot, np.zeros((1, 3), dtype=bool))
    with pytest.raises(ValueError, match="wanted"):
        live(snapshot, np.zeros(4, dtype=bool))


def test_nothing_at_all() -> None:
    """No states, no elements: empty answers."""
    snapshot = System().build()
    assert live(snapshot, np.zeros((3, 0), dtype=bool))[0].shape == (3, 0)
    assert live(chain().build(), np.zeros((0, 4), dtype=bool))[1].shape == (0, 1)
