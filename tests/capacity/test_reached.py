"""The tangents of many scopes, worked out where a state reaches them: the same as in every state, and in less time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant
from structure.nested import nested
from structure.plants import plants

from twin.capacity import reached, tangents
from twin.capacity.growth import growth, it_demand
from twin.capacity.states import declare, states
from twin.capacity.tangents import Tangents
from twin.capacity.usable import standbys
from twin.errors import RefusedError
from twin.structure.compile import compile_structure
from twin.structure.flow import loads, plan
from twin.structure.twins import twins


def both(topology, month, monkeypatch, cells=12_000_000):
    """What one and the other way find, or nothing where loads are not linear."""
    structure = compile_structure(topology)
    declared, prepared = declare(structure, month), plan(structure)
    question = growth(structure, declared, prepared, it_demand(structure, declared.rule.class_on))
    if not len(question.columns) or (prepared.losses.bent & declared.alive).any() or len(standbys(question)):
        return []
    failures = states(declared, twins(structure))
    found = []
    for few in (0, len(question.columns)):
        monkeypatch.setattr(tangents, "FEW", few)
        for module in (tangents, reached):
            monkeypatch.setattr(module, "CELLS", cells if few == 0 else 12_000_000)
        work = Tangents(question)
        work.run(failures)
        found.append(work)
    return found


def same(one, other):
    for name in ("load", "capped", "worst", "factor"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-9)
    for name in ("worst_state", "element", "state"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


@given(st.one_of(plants(), nested()), st.integers(0, 1), st.sampled_from([12_000_000, 500]))
@settings(max_examples=100, deadline=None)
def test_any_plant_either_way(topology, month, cells):
    with pytest.MonkeyPatch.context() as patch:
        try:
            found = both(topology, month, patch, cells)
        except RefusedError:
            return
        if found:
            same(*found)


def dated(halls):
    """Halls of their own dates on a grid that they share, each with its UPS and cooling."""
    months = tuple(range(halls))
    plant = Plant().add("s").add("s/grid", 2, "utility", capacity=halls * 700.0)
    plant.add("s/hall", halls, "hall", energised=months)
    plant.add("s/hall/ups", 4, "ups", plant.on("power", "s/hall/ups", "s/grid"), capacity=500.0)
    feed = plant.on("power", "s/hall/rack", "s/hall/ups", redundancy="N+1")
    return plant.add("s/hall/rack", 10, "rack", feed, load=100.0).done(months=halls + 1)


def test_halls_of_their_own_dates_either_way(monkeypatch):
    one, other = both(dated(12), 11, monkeypatch)
    assert one.factor.shape[1] == 13
    same(one, other)


@pytest.mark.parametrize("halls", [12, 24])
def test_a_state_costs_the_scopes_that_it_reaches(monkeypatch, halls):
    """Its hall and the site, of however many halls: one row of loads each."""
    rows = []

    def counted(rule, alive, *rest):
        rows.append(len(alive))
        return loads(rule, alive, *rest)

    monkeypatch.setattr(reached, "loads", counted)
    structure = compile_structure(dated(halls))
    declared, prepared = declare(structure, halls), plan(structure)
    failures = states(declared, twins(structure))
    work = Tangents(growth(structure, declared, prepared, it_demand(structure, declared.rule.class_on)))
    work.run(failures)
    assert work.factor.shape[1] == halls + 1
    assert sum(rows) <= 2 * len(failures) + 1
