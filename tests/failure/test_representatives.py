"""What representatives give, against all instances and against brute force on these."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from hypothesis import given, reject, settings
from polars.testing import assert_frame_equal
from structure.build import value
from structure.nested import nested

from twin.errors import RefusedError
from twin.failure.contingency import Maintenance, contingency
from twin.failure.cut_sets import cut_sets
from twin.failure.importance import Asked, importance
from twin.failure.net import confined, net
from twin.failure.pairs import pairs
from twin.structure.compile import compile_structure
from twin.structure.live import live
from twin.structure.snapshot import months_of_change, snapshot

if TYPE_CHECKING:
    from twin.structure.model import Snapshot
    from twin.topology.model import Topology


def both(topology: Topology) -> tuple[Snapshot, Snapshot]:
    """All instances, and representatives where these can stand for them; figures of failure for every group."""
    for number, group in enumerate(group for group in topology.groups.values() if not group.container):
        group.attributes.update(mtbf=value(200.0 * (number + 1)), mttr=value(10.0 + number % 3))
    try:
        structure, lifted = compile_structure(topology), compile_structure(topology, lifted=True)
        month = months_of_change(structure)[-1]
        whole = snapshot(structure, month)
        few = snapshot(lifted, month) if confined(lifted) else whole
    except RefusedError:
        reject()
    return whole, few


@settings(max_examples=100, deadline=None)
@given(nested())
def test_contingency_is_that_of_every_state(topology: Topology) -> None:
    """Every single failure and every pair of a whole plant, state by state, by the engine for states."""
    whole, few = both(topology)
    brute = _by_state(whole)
    for each in (whole, few):
        system = net(each)
        assert _as_counted(contingency(system, pairs(system))[0]) == brute


@settings(max_examples=40, deadline=None)
@given(nested())
def test_tables_are_those_of_all_instances(topology: Topology) -> None:
    whole, few = both(topology)
    frames = []
    for each in (whole, few):
        system = net(each)
        found = pairs(system)
        often = np.where(each.structure.elements.group % 2 == 0, 2.0, 0.0)
        plan = Maintenance(per_year=often, hours=np.where(often > 0, 8.0, 0.0))
        frames.append(
            (
                *contingency(system, found, price=3.0, maintenance=plan),
                cut_sets(system, found),
                importance(system, found, Asked(price=3.0)),
            )
        )
    for one, other in zip(*frames, strict=True):
        keys = [name for name, kind in one.schema.items() if kind != pl.Float64]
        floats = [name for name in one.columns if name not in keys]
        rounded = [frame.with_columns(pl.col(floats).round_sig_figs(6)).sort(one.columns) for frame in (one, other)]
        assert_frame_equal(*rounded, rel_tol=1e-5, abs_tol=1e-12)


def _as_counted(frame: pl.DataFrame) -> dict[tuple[object, ...], int]:
    columns = ("group", "second_group", "elements_lost", "racks_lost", "lost_it_kw", "added_it_kw", "accelerators_lost")
    rows = frame.filter(pl.col("kind").is_in(["rack", "load"]).not_()).select(*columns, "count").rows()
    found: dict[tuple[object, ...], int] = {}
    for *key, count in rows:
        found[tuple(round(n, 6) if isinstance(n, float) else n for n in key)] = count
    assert len(found) == len(rows)
    return found


def _by_state(whole: Snapshot) -> dict[tuple[object, ...], int]:
    structure = whole.structure
    elements, classes = structure.elements, structure.classes
    on = np.flatnonzero(whole.element_on).tolist()
    sets = [(e,) for e in on] + list(combinations(on, 2))
    failed = np.zeros((1 + len(sets), len(elements)), dtype=bool)
    for state, lost in enumerate(sets):
        failed[state + 1, list(lost)] = True
    alive, fed = live(whole, failed)
    gone, dark = fed[0] & ~fed[1:], alive[0] & ~alive[1:]
    state_of = {lost: state for state, lost in enumerate(sets)}
    found: dict[tuple[object, ...], int] = {}
    for state, lost in enumerate(sets):
        added = gone[state].copy()
        for e in lost if len(lost) > 1 else ():
            added &= ~gone[state_of[e,]]
        if len(lost) > 1 and not added.any():
            continue
        groups = [structure.groups[elements.group[e]] for e in sorted(lost, key=lambda e: int(elements.node[e]))]
        key = (
            *(*groups, None)[:2],
            int(dark[state].sum() - dark[state][list(lost)].sum()),
            int((gone[state] * classes.count)[classes.is_rack].sum()),
            round(float((gone[state] * classes.count) @ classes.power_kw), 6),
            round(float((added * classes.count) @ classes.power_kw), 6),
            int((gone[state] * classes.count) @ classes.accelerators),
        )
        found[key] = found.get(key, 0) + 1
    return found
