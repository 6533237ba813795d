"""Per-instance arrays against a walk over every instance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.build import HERE, Builder, campus, value

from twin.errors import UsageError
from twin.topology import instances
from twin.topology.model import Group, Override, Topology


def walk(topology: Topology) -> dict[str, list[tuple[str, tuple[int, ...]]]]:
    """Every instance of every group as (id, index in each level), by recursion from the sites down."""
    found: dict[str, list[tuple[str, tuple[int, ...]]]] = {path: [] for path in topology.groups}

    def enter(path: str, prefix: str, indices: tuple[int, ...]) -> None:
        group = topology.groups[path]
        for index in range(group.count):
            own = f"{prefix}{group.name}[{index + 1}]" if group.indexed else f"{prefix}{group.name}"
            found[path].append((own, (*indices, index)))
            for child in topology.groups.values():
                if child.parent == path:
                    enter(child.path, own + "/", (*indices, index))

    for group in topology.groups.values():
        if group.parent is None:
            enter(group.path, "", ())
    return found


@st.composite
def topologies(draw: st.DrawFn) -> Topology:
    """Trees of up to eight groups, with months of their own in which they come and go, some set by overlays."""
    build = Builder().add("s", draw(st.none() | st.integers(1, 3)), "site")
    for number in range(draw(st.integers(0, 7))):
        parent = draw(st.sampled_from(list(build.groups)))
        count = draw(st.none() | st.integers(1, 4))
        months = draw(st.lists(st.integers(-3, 30), min_size=1, max_size=1) | _months(count or 1))
        path = f"{parent}/g{number}"
        build.add(path, count, energised=months)
        gone = draw(st.just([]) | st.lists(st.integers(5, 40), min_size=1, max_size=1) | _months(count or 1))
        build.groups[path] = replace(build.groups[path], retired=tuple(gone))
    return build.done(draw(st.lists(_overlays(build), max_size=2)))


def _overlays(build: Builder) -> st.SearchStrategy[Override]:
    """The month of one instance of some group."""
    groups = st.sampled_from([group for group in build.groups.values() if group.total < 50] or [build.groups["s"]])
    names = st.sampled_from(["energised", "retired"])
    return st.tuples(groups, names, st.integers(0, 49), st.integers(-3, 40)).map(
        lambda drawn: Override(drawn[0].path, (drawn[2] % drawn[0].total,), drawn[1], value(drawn[3]))
    )


def _months(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-3, 30), min_size=count, max_size=count)


@given(topologies())
def test_ids_follow_the_recursion(topology: Topology) -> None:
    for path, every in walk(topology).items():
        assert instances.ids(topology, path, range(len(every))) == [name for name, _ in every]


@given(topologies())
def test_in_service_from_the_latest_month_to_the_earliest_of_all_that_contains_it(topology: Topology) -> None:
    start, end = instances.energised(topology), instances.retired(topology)
    for path, every in walk(topology).items():
        chain = topology.ancestors(path)
        for local, (_, indices) in enumerate(every):
            levels = [
                (group, index, instances.ancestor_locals(topology, path, group.path, [local])[0])
                for group, index in zip(chain, indices, strict=True)
            ]
            assert start[path][local] == max(_stated(topology, "energised", *level) for level in levels)
            assert end[path][local] == min(_stated(topology, "retired", *level) for level in levels)


def _stated(topology: Topology, name: str, group: Group, index: int, local: int) -> float:
    """What one level says of one instance."""
    months = getattr(group, name)
    stated = months[index if len(months) > 1 else 0] if months else instances.FOREVER
    for override in topology.overrides:
        if (override.group, override.attribute, override.locals) == (group.path, name, (local,)):
            stated = override.value.value
    return stated


@given(topologies(), st.data())
def test_months_of_some_are_those_of_all(topology: Topology, data: st.DataObject) -> None:
    start, end = instances.energised(topology), instances.retired(topology)
    for path, group in topology.groups.items():
        some = np.array(data.draw(st.lists(st.integers(0, group.total - 1), max_size=5)), dtype=np.int64)
        found = instances.service_months(topology, path, some)
        assert [months.tolist() for months in found] == [start[path][some].tolist(), end[path][some].tolist()]


def test_one_month_for_all_takes_no_room() -> None:
    build = Builder().add("s", None, "site", energised=[3]).add("s/hall", 10_000_000, "hall").add("s/hall/rack", 100)
    topology = build.done()
    for months in (instances.energised(topology), instances.retired(topology)):
        assert len(months["s/hall/rack"]) == 1_000_000_000
        assert months["s/hall/rack"].strides == (0,)


def test_what_states_no_month_is_in_service_from_the_start_for_good() -> None:
    build = Builder().add("s", None, "site", energised=[]).add("s/rack", 2, "rack", energised=[])
    topology = build.done()
    assert instances.energised(topology)["s/rack"].tolist() == [0, 0]
    assert instances.retired(topology)["s/rack"].tolist() == [instances.FOREVER] * 2


def test_some_instances_of_an_attribute() -> None:
    rows = pl.DataFrame({"load": [10.0, None, 30.0, 40.0]})
    build = Builder().add("s", None, "site")
    build.add("s/rack", 4, "rack", attributes={"load": value(5.0)}, rows=rows)
    topology = build.done([Override("s/rack", (1, 3), "load", value(99.0)), Override("s/rack", (), "load", value(1.0))])
    every = instances.attribute(topology, "s/rack", "load")
    for some in ([], [0], [3, 1, 1], [2, 0, 3]):
        found = instances.attribute(topology, "s/rack", "load", np.array(some, dtype=np.int64))
        assert found.tolist() == every[some].tolist()


def test_offsets_count_groups_in_file_order() -> None:
    topology = campus(sites=2, halls=3)
    assert list(instances.offsets(topology).items())[:4] == [("s", 0), ("s/grid", 2), ("s/hall", 6), ("s/hall/ups", 12)]
    assert instances.size(topology) == sum(len(every) for every in walk(topology).values())


def test_the_ancestor_of_an_instance_is_arithmetic() -> None:
    topology = campus()
    racks = np.arange(topology.groups["s/hall/row/rack"].total)
    halls = instances.ancestor_locals(topology, "s/hall/row/rack", "s/hall", racks)
    assert halls.tolist() == [rack // 10 for rack in racks]
    assert set(instances.ancestor_locals(topology, "s/hall/row/rack", "", racks)) == {0}
    assert (instances.ancestor_locals(topology, "s/hall/row/rack", "s/hall/row/rack", racks) == racks).all()


def test_attribute_takes_the_row_then_the_overlay() -> None:
    rows = pl.DataFrame({"load": [10.0, None, 30.0, 40.0]})
    build = Builder().add("s", None, "site")
    build.add("s/rack", 4, "rack", attributes={"load": value(5.0), "accelerators": value(72)}, rows=rows)
    topology = build.done(
        [Override("s/rack", (2, 3), "load", value(99.0)), Override("s/rack", (3,), "load", value(100.0))]
    )
    assert instances.attribute(topology, "s/rack", "load").tolist() == [10.0, 5.0, 99.0, 100.0]
    assert instances.attribute(topology, "s/rack", "accelerators").tolist() == [72.0] * 4
    assert np.isnan(instances.attribute(topology, "s/rack", "capacity")).all()
    assert instances.varying(topology, "s/rack") == ("load",)


def test_rows_and_overlays_move_the_month() -> None:
    rows = pl.DataFrame({"energised": [1, None, 9, 4], "retired": [None, 20, 30, 60]})
    build = Builder().add("s", None, "site", energised=[3]).add("s/rack", 4, "rack", energised=[7], rows=rows)
    topology = build.done([Override("s/rack", (0,), "energised", value(5)), Override("s", (0,), "energised", value(4))])
    assert instances.energised(topology)["s/rack"].tolist() == [5, 7, 9, 4]
    assert instances.retired(topology)["s/rack"].tolist() == [instances.FOREVER, 20, 30, 60]
    assert instances.varying(topology, "s/rack") == ()


def test_a_new_array_every_time() -> None:
    topology = campus()
    instances.attribute(topology, "s/hall/ups", "capacity")[:] = 0
    assert (instances.attribute(topology, "s/hall/ups", "capacity") == 2500.0).all()


@pytest.mark.parametrize("where", ["attribute", "override", "rows"])
def test_a_word_is_not_a_number(where: str) -> None:
    build = Builder().add("s", None, "site")
    attributes = {"region": value("us-la")} if where == "attribute" else {}
    rows = pl.DataFrame({"region": ["us-la"]}) if where == "rows" else None
    overrides = [Override("s/x", (0,), "region", value("us-la"))] if where == "override" else []
    topology = build.add("s/x", None, "rack", attributes=attributes, rows=rows).done(overrides)
    with pytest.raises(UsageError, match="attribute 'region' of 's/x' is not a number"):
        instances.attribute(topology, "s/x", "region")
    assert str(HERE) == "x.yaml:7"
