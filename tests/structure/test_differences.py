"""What tells instances apart: overlays, side tables and turns, against a look at every instance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from structure.build import Plant
from structure.nested import nested

from twin.structure.differences import _combinations, differences
from twin.topology.wiring import wire


@settings(max_examples=100, deadline=None)
@given(nested())
def test_combinations_are_those_of_the_wiring(topology):
    for path, group in topology.groups.items():
        for dependency in group.dependencies:
            assert _combinations(topology, path, dependency) == wire(topology, path, dependency).n_combos


@settings(max_examples=100, deadline=None)
@given(nested())
def test_equal_turns_are_equal_suppliers_outside(topology):
    apart = differences(topology)
    for container, turns in apart.turns.items():
        locals_ = np.arange(topology.groups[container].total)
        begin = [tuple(turn.of(locals_[at : at + 1]).tolist() for turn in turns) for at in locals_]
        outside = [_outside(topology, container, int(at)) for at in locals_]
        parent = locals_ // topology.groups[container].count
        for left in locals_:
            for right in locals_[parent == parent[left]]:
                if begin[left] == begin[right]:
                    assert outside[left] == outside[right]


def _outside(topology, container, local):
    """Of every consumer inside an instance, in order, the suppliers that it takes from outside."""
    found = []
    for path, group in topology.groups.items():
        if not path.startswith(f"{container}/"):
            continue
        each = topology.per(path, container)
        for dependency in group.dependencies:
            wiring = wire(topology, path, dependency)
            rank, members = wiring.gate_members(wiring.gate_of(np.arange(local * each, (local + 1) * each)))
            names = [[wiring.pools[number].group for number in row] for row in rank.tolist()]
            rows = zip(names, members.tolist(), strict=True)
            found += [
                [pair for pair in zip(*row, strict=True) if not pair[0].startswith(f"{container}/")] for row in rows
            ]
    return found


SETTINGS = st.lists(
    st.tuples(
        st.sampled_from(["s/hall", "s/hall/row", "s/hall/ups", "s/hall/row/rack"]),
        st.sampled_from(["load", "capacity"]),
        st.integers(0, 1),
        st.sets(st.integers(0, 35), min_size=1, max_size=3),
    ),
    max_size=4,
)


@given(SETTINGS)
def test_contents_are_equal_where_all_that_is_set_inside_is(drawn):
    plant = Plant().add("s").add("s/hall", 3).add("s/hall/ups", 4, "ups")
    plant.add("s/hall/row", 3).add("s/hall/row/rack", 4, "rack", load=1.0)
    for path, name, number, locals_ in drawn:
        total = plant.groups[path].total
        plant.override(path, name, number, *sorted({local % total for local in locals_}))
    topology = plant.done()
    for path, (odd, code) in differences(topology).contents.items():
        group = topology.groups[path]
        codes = dict(zip(odd.tolist(), code.tolist(), strict=True))
        inside = [_set_inside(topology, path, local) for local in range(group.total)]
        for left in range(group.total):
            assert (left in codes) == bool(inside[left])
            for right in range(group.total):
                assert (codes.get(left) == codes.get(right)) == (inside[left] == inside[right])


def _set_inside(topology, path, local):
    """Everything that overlays set in an instance: by group, place within it and attribute."""
    found = {}
    for override in topology.overrides:
        if not f"{override.group}/".startswith(f"{path}/"):
            continue
        each = topology.per(override.group, path)
        for chosen in override.locals:
            if chosen // each == local:
                found[override.group, chosen % each, override.attribute] = override.value.value
    return found


def test_rows_of_a_side_table_differ_where_a_cell_does():
    plant = Plant().add("s").add("s/rack", 4, "rack")
    rows = pl.DataFrame({"load": [1.0, 2.0, 1.0, None], "part": ["a", "a", "a", None]})
    plant.groups["s/rack"] = replace(plant.groups["s/rack"], rows=rows)
    odd, code = differences(plant.done()).contents["s/rack"]
    assert odd.tolist() == [0, 1, 2, 3]
    assert code[0] == code[2]
    assert len(set(code.tolist())) == 3
