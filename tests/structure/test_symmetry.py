"""Representatives stand for all, and exchanging what is alike changes nothing."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from structure.build import Plant
from structure.nested import nested

from twin.structure.compile import compile_structure
from twin.structure.flow import loads
from twin.structure.kept import representatives
from twin.structure.live import live
from twin.structure.model import FAILING, OBSERVED, REST
from twin.structure.snapshot import connected
from twin.structure.symmetry import moved, rename, renamed, scopes

ROLES = {FAILING: "failing", OBSERVED: "observed", REST: "rest"}


def halls(count: int, *, rows: int = 4, pick: int | None = None) -> Plant:
    """Halls of two UPS each and rows of a busway and racks."""
    plant = Plant().add("s").add("s/grid", 2, "utility").add("s/hall", count)
    plant.add("s/hall/ups", 2, "ups", plant.on("power", "s/hall/ups", "s/grid"), capacity=100.0)
    plant.add("s/hall/row", rows)
    bus, rack = "s/hall/row/bus", "s/hall/row/rack"
    plant.add(bus, 1, "busway", plant.on("power", bus, "s/hall/ups", pick=pick))
    return plant.add(rack, 5, "rack", plant.on("power", rack, bus), load=2.0)


def shown(kept):
    """Each kept instance as `local: role xcount ~ the one it is like`."""
    rows = zip(kept.local, kept.role, kept.count, kept.local[kept.like], strict=True)
    return [f"{local}: {ROLES[int(role)]} x{count} ~{like}" for local, role, count, like in rows]


def test_alike_halls_are_three_and_alike_rows_two():
    kept = representatives(halls(10).done())
    assert shown(kept["s/hall"]) == ["0: failing x1 ~0", "1: observed x1 ~0", "2: rest x8 ~0"]
    assert shown(kept["s/hall/row"]) == ["0: failing x1 ~0", "1: rest x3 ~0", "4: rest x4 ~0", "8: rest x32 ~0"]


def test_a_pair_and_a_single_one():
    assert shown(representatives(halls(2).done())["s/hall"]) == ["0: failing x1 ~0", "1: observed x1 ~0"]
    kept = representatives(halls(1, rows=1).done())
    assert shown(kept["s/hall"]) == shown(kept["s/hall/row"]) == ["0: failing x1 ~0"]


def test_rows_dealt_over_two_ups_are_of_two_sorts():
    kept = representatives(halls(1, rows=5, pick=1).done())
    assert shown(kept["s/hall/row"]) == ["0: failing x1 ~0", "1: failing x1 ~1", "2: rest x2 ~0", "3: rest x1 ~1"]


@pytest.mark.parametrize(
    ("path", "name", "number"),
    [
        ("s/hall", "energised", 3),
        ("s/hall", "retired", 3),
        ("s/hall/row", "energised", 3),
        ("s/hall/ups", "capacity", 70.0),
        ("s/hall/row/rack", "load", 9.0),
    ],
)
def test_a_hall_in_which_something_differs_stands_for_itself(path, name, number):
    plant = halls(6)
    plant.override(path, name, number, plant.groups[path].total - 1)
    kept = representatives(plant.done())
    assert shown(kept["s/hall"]) == ["0: failing x1 ~0", "1: observed x1 ~0", "2: rest x3 ~0", "5: failing x1 ~5"]


def test_the_same_difference_in_two_halls_is_one_sort():
    plant = halls(6).override("s/hall/ups", "capacity", 70.0, 2, 6).override("s/hall/ups", "capacity", 71.0, 10)
    kept = representatives(plant.done())
    assert kept["s/hall"].local[kept["s/hall"].role == FAILING].tolist() == [0, 1, 5]


def test_halls_of_several_dates_are_of_several_sorts():
    plant = halls(5)
    plant.add("s/hall", 5, energised=(0, 1, 1, 1, 2))
    kept = representatives(plant.done())
    assert shown(kept["s/hall"])[:3] == ["0: failing x1 ~0", "1: failing x1 ~1", "2: observed x1 ~1"]


def test_what_others_take_from_inside_keeps_every_hall():
    plant = halls(4)
    plant.add("s/crah", 1, "crah", plant.on("power", "s/crah", "s/hall/ups"), load=1.0)
    kept = representatives(plant.done())
    assert shown(kept["s/hall"]) == [f"{n}: failing x1 ~{n}" for n in range(4)]
    assert len(kept["s/hall/row"]) == 8, "the rows inside are alike all the same"


def test_containers_around_a_hall_are_observed_too():
    plant = Plant().add("s").add("s/zone", 3).add("s/zone/hall", 3)
    plant.add("s/zone/hall/rack", 2, "rack", load=1.0)
    kept = representatives(plant.done())
    assert shown(kept["s/zone"]) == ["0: failing x1 ~0", "1: observed x1 ~0", "2: rest x1 ~0"]
    assert shown(kept["s/zone/hall"]) == [
        "0: failing x1 ~0",
        "1: observed x1 ~0",
        "2: rest x1 ~0",
        "3: observed x1 ~0",
        "4: rest x2 ~0",
        "6: rest x3 ~0",
    ]
    structure = compile_structure(plant.done(), lifted=True)
    found = scopes(structure)
    ninth = found.id.index("s/zone[3]/hall[3]")
    assert structure.scopes[found.like[ninth]].id == "s/zone[1]/hall[1]"
    observed = [structure.scopes[index].id for index in found.observed.row(ninth)]
    assert observed == ["s/zone[1]/hall[2]", "s/zone[2]/hall[1]"]


@settings(max_examples=150, deadline=None)
@given(nested())
def test_representatives_stand_for_all_there_is(topology):
    structure, full = (compile_structure(topology, lifted=lifted) for lifted in (True, False))
    assert _sums(structure.elements.group, structure.elements.count) == _sums(full.elements.group, full.elements.count)
    for figure in ("power_kw", "nameplate_kw", "accelerators"):
        amounts = [getattr(found.classes, figure) * found.classes.count for found in (structure, full)]
        assert _sums(structure.classes.group, amounts[0]) == _sums(full.classes.group, amounts[1])
    roles, like = structure.elements.role, structure.elements.like
    assert (roles[like] == FAILING).all()
    assert (like[roles == FAILING] == np.flatnonzero(roles == FAILING)).all()
    assert (structure.elements.count[roles != REST] == 1).all()
    counted = Counter()
    for scope in structure.scopes:
        counted[scope.group] += scope.count
    assert counted == {path: topology.groups[path].total for path in counted}
    for part in (structure, full):
        gates = part.gates
        for number in range(len(gates)):
            assert gates.count[number] == part.elements.count[gates.members.row(number)].max()
    assert (full.gates.count == 1).all()


@settings(max_examples=150, deadline=None)
@given(nested())
def test_representatives_carry_what_all_instances_carry(topology):
    for month in (0, 1):
        structure, full = (compile_structure(topology, lifted=lifted) for lifted in (True, False))
        carried = [_base_loads(part, month) for part in (structure, full)]
        number = {
            node: e
            for e, node in enumerate(zip(full.elements.group.tolist(), full.elements.local.tolist(), strict=True))
        }
        same = [
            number[node]
            for node in zip(structure.elements.group.tolist(), structure.elements.local.tolist(), strict=True)
        ]
        assert carried[0] == pytest.approx(carried[1][same], rel=1e-9)
        totals = [
            _sums(part.elements.group, part.elements.count * kw)
            for part, kw in zip((structure, full), carried, strict=True)
        ]
        assert totals[0] == pytest.approx(totals[1], rel=1e-9)


def _base_loads(structure, month):
    """Loads with everything in service that is connected."""
    bare = connected(structure, month)
    alive, fed = live(bare, np.zeros((1, len(structure.elements)), dtype=bool))
    return loads(bare, alive, np.empty((len(structure.classes), 0)), fed).total[0]


def _sums(group, amount):
    return {number: amount[group == number].sum() for number in set(group.tolist())}


@settings(max_examples=150, deadline=None)
@given(nested())
def test_lifted_scopes_are_all_scopes(topology):
    structure, full = (compile_structure(topology, lifted=lifted) for lifted in (True, False))
    found, same = scopes(structure), scopes(full)
    want = [(s.id, s.kind, s.node, s.parent, s.site, s.group, s.local) for s in full.scopes]
    for part in (found, same):
        columns = (part.id, part.kind, part.node, part.parent, part.site, part.group, part.local)
        assert list(zip(*columns, strict=True)) == want
    assert same.like.tolist() == list(range(len(full.scopes)))
    assert not len(same.observed.values)
    for index in range(len(found)):
        like = structure.scopes[found.like[index]]
        assert (like.role, like.group) == (FAILING, found.group[index])
    for index, scope in enumerate(structure.scopes):
        at = found.id.index(scope.id)
        assert found.like[at] == scope.like
        assert (found.like[at] == index) == (scope.role == FAILING)
        assert [scope.parent, scope.site] == [_kept(structure, found, number) for number in (at_parent(found, at))]


def at_parent(found, at):
    return found.parent[at], found.site[at]


def _kept(structure, found, number):
    """Index in the structure of a scope of the topology that is kept."""
    return -1 if number < 0 else [scope.id for scope in structure.scopes].index(found.id[number])


@settings(max_examples=150, deadline=None)
@given(nested())
def test_exchanging_what_is_alike_changes_nothing(topology):
    structure, full = (compile_structure(topology, lifted=lifted) for lifted in (True, False))
    found = scopes(structure)
    number = {
        (full.groups[g], int(n)): e
        for e, (g, n) in enumerate(zip(full.elements.group, full.elements.local, strict=True))
    }
    scope_at = {scope.id: index for index, scope in enumerate(full.scopes)}
    plain = _wired(full, np.arange(len(full.elements)))
    for index in range(len(found)):
        for stands in (found.like[index], *found.observed.row(index)):
            at = scope_at[structure.scopes[stands].id]
            to = [number[_moved_to(full, e, at, found.local[index])] for e in range(len(full.elements))]
            assert sorted(to) == list(range(len(to)))
            assert _wired(full, np.array(to, dtype=np.int64)) == plain


def _moved_to(structure, element, scope, local):
    path, here = moved(structure, element, scope, np.array([local]))
    return path, int(here[0])


def _wired(structure, to):
    """The system with its elements renumbered: figures, who asks what of whom, and which loads there are."""
    elements, gates, classes = structure.elements, structure.gates, structure.classes

    def gate(number):
        members = sorted(zip(to[gates.members.row(number)].tolist(), _ranks(gates, number), strict=True))
        return (int(gates.resource[number]), int(gates.tolerance[number]), bool(gates.primary[number]), tuple(members))

    held = sorted(
        (
            int(to[e]),
            int(elements.group[e]),
            elements.derated_kw[e],
            elements.power_kw[e],
            int(elements.energised[e]),
            int(elements.retired[e]),
            sorted(gate(number) for number in elements.gates.row(e)),
        )
        for e in range(len(elements))
    )
    loads = Counter()
    for c in range(len(classes)):
        figures = (classes.group[c], classes.power_kw[c], classes.energised[c], classes.retired[c])
        asked = tuple(sorted(gate(number) for number in classes.gates.row(c)))
        loads[(*map(float, figures), asked)] += int(classes.count[c])
    return held, loads


def _ranks(gates, number):
    return gates.rank[gates.members.start[number] : gates.members.start[number + 1]].tolist()


def test_names_follow_the_scope_that_is_meant():
    structure = compile_structure(halls(9).done(), lifted=True)
    ids = [scope.id for scope in structure.scopes]
    ups = {rename(structure, e, 0, 0): e for e in range(len(structure.elements))}
    failing, observed = ids.index("s/hall[1]"), ids.index("s/hall[2]")
    seventh = 6
    assert rename(structure, ups["s/hall[1]/ups[2]"], failing, seventh) == "s/hall[7]/ups[2]"
    assert rename(structure, ups["s/grid[2]"], failing, seventh) == "s/grid[2]"
    assert rename(structure, ups["s/hall[1]/row[1]/bus[1]"], failing, seventh) == "s/hall[7]/row[1]/bus[1]"
    assert rename(structure, ups["s/hall[1]/ups[2]"], observed, seventh) == "s/hall[1]/ups[2]"
    assert rename(structure, ups["s/hall[1]/ups[2]"], observed, 0) == "s/hall[2]/ups[2]"
    assert rename(structure, ups["s/hall[2]/ups[2]"], observed, 0) == "s/hall[1]/ups[2]"


def test_many_names_at_once_are_those_one_by_one():
    structure = compile_structure(halls(9).done(), lifted=True)
    for scope in range(1, len(structure.scopes)):
        for element in range(len(structure.elements)):
            found = renamed(structure, element, scope, np.arange(9))
            assert found == [rename(structure, element, scope, local) for local in range(9)]
    assert renamed(structure, 0, 1, np.arange(0)) == []


def test_nested_names_change_places_on_every_level():
    plant = Plant().add("s").add("s/zone", 3).add("s/zone/hall", 3)
    plant.add("s/zone/hall/ups", 2, "ups").add("s/zone/hall/rack", 2, "rack", load=1.0)
    structure = compile_structure(plant.done(), lifted=True)
    found = scopes(structure)
    at = {rename(structure, e, 0, 0): e for e in range(len(structure.elements))}
    target = int(found.local[found.id.index("s/zone[3]/hall[2]")])
    like = int(found.like[found.id.index("s/zone[3]/hall[2]")])
    assert rename(structure, at["s/zone[1]/hall[1]/ups[2]"], like, target) == "s/zone[3]/hall[2]/ups[2]"
    assert rename(structure, at["s/zone[1]/hall[2]/ups[1]"], like, target) == "s/zone[3]/hall[1]/ups[1]"
    assert rename(structure, at["s/zone[2]/hall[1]/ups[1]"], like, target) == "s/zone[2]/hall[1]/ups[1]"
    assert rename(structure, at["s/zone[3]/hall[1]/ups[1]"], like, target) == "s/zone[1]/hall[1]/ups[1]"


def test_cost_goes_with_the_groups_and_not_with_the_instances():
    small, large = (compile_structure(halls(count).done(), lifted=True) for count in (4, 1_000_000))
    assert len(small.elements) == len(large.elements)
    assert len(small.gates) == len(large.gates)
    assert large.classes.count.sum() == 20_000_000
