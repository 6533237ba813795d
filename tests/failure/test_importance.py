"""Table `importance` against the sum over all states, with each element always down and never down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import oracle
import pytest
from failure.build import System
from failure.random_systems import systems
from hypothesis import assume, given, settings

from twin import tables
from twin.failure import slopes as module
from twin.failure.importance import Asked, importance
from twin.failure.net import net
from twin.failure.pairs import pairs

if TYPE_CHECKING:
    import polars as pl

    from twin.structure.model import Snapshot


def found(snapshot: Snapshot, price: float | None = None) -> pl.DataFrame:
    system = net(snapshot)
    return tables.check("importance", importance(system, pairs(system), Asked(price=price)), "test")


def two_of_three() -> System:
    """Three UPS of which two are enough, behind a board, and ten racks that fail themselves as well."""
    system = System()
    board = system.gate(system.add("site/board", q=0.02))
    ups = system.gate(system.add("site/ups", 3, gates=[board], q=0.1), 2)
    system.load("site/rack", 10, gates=[ups], q=0.05)
    return system


def test_by_hand() -> None:
    frame = found(two_of_three().build(), price=2.0)
    assert frame.select("scope", "scope_count", "group", "count").rows() == [
        ("site", 1, "site/board", 1),
        ("site", 1, "site/ups", 3),
    ]
    two = 3 * 0.1**2 * 0.9 + 0.1**3
    down = 1 - 0.98 * (1 - two)
    board, ups = frame.iter_rows(named=True)
    assert board["birnbaum_fraction"] == pytest.approx(1 - two)
    assert board["risk_achievement_ratio"] == pytest.approx(1 / down)
    assert board["risk_reduction_ratio"] == pytest.approx(down / two)
    assert board["criticality_fraction"] == pytest.approx(0.02 * (1 - two) / down)
    assert board["fussell_vesely_fraction"] == pytest.approx(0.02 / down)
    assert ups["birnbaum_fraction"] == pytest.approx(0.98 * 2 * 0.1 * 0.9)
    assert ups["fussell_vesely_fraction"] == pytest.approx((1 - (1 - 0.01) ** 2) / down)
    assert ups["diagnostic_fraction"] == pytest.approx(0.1 * (1 - 0.98 * 0.81) / down)
    mean = 0.1 * 0.98 * 2 * 0.1 * 0.9 * 10 * 0.95
    assert ups["lost_it_kw"] == pytest.approx(mean * 100)
    assert ups["lost_accelerator_h_per_year"] == pytest.approx(mean * 72 * 8760)
    assert ups["lost_usd_per_year"] == pytest.approx(mean * 72 * 8760 * 2)


def test_no_price_no_dollars() -> None:
    assert found(two_of_three().build())["lost_usd_per_year"].null_count() == 2


def test_nothing_would_be_left_without_the_only_one_that_fails() -> None:
    system = System()
    system.load("site/rack", gates=[system.gate(system.add("site/ups", q=0.1))])
    (row,) = found(system.build()).iter_rows(named=True)
    assert row["risk_reduction_ratio"] is None
    assert row["criticality_fraction"] == pytest.approx(1.0)


def test_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = found(two_of_three().build())
    monkeypatch.setattr(module, "_CELLS", 1)
    assert found(two_of_three().build()).equals(whole)


@settings(max_examples=60, deadline=None)
@given(systems())
def test_equals_all_states(system: System) -> None:
    built = system.build()
    on = [e for e, part in enumerate(system.elements) if part.on]
    assume(len(on) <= 7)
    fed = [c for c, load in enumerate(system.loads) if load.on]
    states = [
        (failed, {c for c in fed if not oracle.Oracle(built, failed).fed(c)}) for failed, _ in oracle.states(built)
    ]
    rows = {(row["scope"], row["group"]): row for row in found(built).iter_rows(named=True)}
    halls = {f"site/hall[{h}]": {c for c in fed if system.loads[c].scope == h} for h in range(1, system.halls + 1)}
    for scope, loads in {"site": set(fed), **halls}.items():
        if scope == "site/hall[2]" and rows and not any(name == scope for name, _ in rows):
            continue  # alike to the other hall, or of no interest
        for element in on:
            part = system.elements[element]
            with_it, without, lost, saved = 0.0, 0.0, 0.0, 0.0
            for failed, dark in states:
                down = element in failed
                rest = 1.0
                for other in on:
                    if other != element:
                        q = system.elements[other].unavailability
                        rest *= q if other in failed else 1.0 - q
                here = dark & loads
                kw = sum(
                    system.loads[c].count * system.loads[c].kw * (1 - system.loads[c].unavailability) for c in here
                )
                with_it += rest * bool(here) * down
                without += rest * bool(here) * (not down)
                lost += rest * kw * (part.unavailability if down else 1.0 - part.unavailability)
                saved += rest * kw * (not down)
            slope, q = with_it - without, part.unavailability
            row = rows.get((scope, part.group))
            if row is None:
                # what never fails is not asked about
                assert (slope, lost - saved) == pytest.approx((0, 0), abs=1e-9) or q == part.per_year == 0.0
                continue
            all_down = q * with_it + (1 - q) * without
            assert row["birnbaum_fraction"] == pytest.approx(slope, rel=1e-9, abs=1e-12)
            assert row["lost_it_kw"] == pytest.approx(lost - saved, rel=1e-9, abs=1e-9)
            if all_down > 1e-9:
                assert row["criticality_fraction"] == pytest.approx((all_down - without) / all_down, abs=1e-9)
                assert row["diagnostic_fraction"] == pytest.approx(q * with_it / all_down, rel=1e-9, abs=1e-12)
                assert row["risk_achievement_ratio"] == pytest.approx(with_it / all_down, rel=1e-9)
                if without > 1e-9:
                    assert row["risk_reduction_ratio"] == pytest.approx(all_down / without, rel=1e-9)
