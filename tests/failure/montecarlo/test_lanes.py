"""Sixty-four states to a word give what one state at a time gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from failure.build import System
from failure.random_systems import systems
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.failure.montecarlo import lanes as module
from twin.failure.montecarlo.lanes import Lanes
from twin.structure.live import live

if TYPE_CHECKING:
    from twin.structure.model import Snapshot


def by_lanes(snapshot: Snapshot, failed: np.ndarray) -> np.ndarray:
    """(states, classes) fed."""
    lanes = Lanes(snapshot)
    state, element = np.nonzero(failed)
    classes, lost = lanes.unfed(element, state, len(failed))
    fed = np.tile(snapshot.class_on & ~lanes.never, (len(failed), 1))
    assert fed[lost, classes].all(), "each is told once, and never what is never fed"
    fed[lost, classes] = False
    return fed


@settings(max_examples=200, deadline=None)
@given(systems(), st.integers(0, 2**32 - 1))
def test_equals_the_rule(system: System, seed: int) -> None:
    snapshot = system.build()
    failed = np.random.default_rng(seed).random((130, len(system.elements))) < 0.3
    failed[0] = False
    assert (by_lanes(snapshot, failed) == live(snapshot, failed)[1]).all()


def test_every_number_of_members_that_may_be_lost(monkeypatch) -> None:
    monkeypatch.setattr(module, "_WORK", 1)  # one word a call: many calls
    for need in range(8):
        system = System()
        gate = system.gate(system.add("site/ups", 7), need)
        system.load("site/rack", gates=[gate])
        snapshot = system.build()
        failed = (np.arange(128)[:, None] >> np.arange(7) & 1).astype(bool)
        assert (by_lanes(snapshot, failed) == live(snapshot, failed)[1]).all()
        assert by_lanes(snapshot, failed)[:, 0].sum() == (7 - failed.sum(axis=1) >= need).sum()


def test_members_of_several_weights() -> None:
    system = System()
    gate = system.gate(system.add("site/feed", 5), 3.0, [np.inf, 1.0, 1.0, 1.0, 0.5])
    system.load("site/rack", gates=[gate])
    snapshot = system.build()
    failed = (np.arange(32)[:, None] >> np.arange(5) & 1).astype(bool)
    assert (by_lanes(snapshot, failed) == live(snapshot, failed)[1]).all()
