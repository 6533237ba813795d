"""Per-instance arrays against a walk over every instance."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.build import HERE, Builder, campus, value

from twin.errors import UsageError
from twin.topology import instances
from twin.topology.model import Override, Topology


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
    """Trees of up to eight groups, with months of their own."""
    build = Builder().add("s", draw(st.none() | st.integers(1, 3)), "site")
    for number in range(draw(st.integers(0, 7))):
        parent = draw(st.sampled_from(list(build.groups)))
        count = draw(st.none() | st.integers(1, 4))
        months = draw(st.lists(st.integers(-3, 30), min_size=1, max_size=1) | _months(count or 1))
        build.add(f"{parent}/g{number}", count, energised=months)
    return build.done()


def _months(count: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-3, 30), min_size=count, max_size=count)


@given(topologies())
def test_ids_follow_the_recursion(topology: Topology) -> None:
    for path, every in walk(topology).items():
        assert instances.ids(topology, path, range(len(every))) == [name for name, _ in every]


@given(topologies())
def test_energised_is_the_latest_month_of_all_that_contains_it(topology: Topology) -> None:
    months = instances.energised(topology)
    for path, every in walk(topology).items():
        chain = topology.ancestors(path)
        for local, (_, indices) in enumerate(every):
            stated = [
                group.energised[index if len(group.energised) > 1 else 0]
                for group, index in zip(chain, indices, strict=True)
            ]
            assert months[path][local] == max(stated)


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
    rows = pl.DataFrame({"energised": [1, None, 9, 4]})
    build = Builder().add("s", None, "site", energised=[3]).add("s/rack", 4, "rack", energised=[7], rows=rows)
    topology = build.done([Override("s/rack", (0,), "energised", value(5)), Override("s", (0,), "energised", value(4))])
    assert instances.energised(topology)["s/rack"].tolist() == [5, 7, 9, 4]


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
