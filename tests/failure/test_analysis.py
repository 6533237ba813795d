"""The analysis from a topology to its tables, held against brute force on the compiled structure."""

from __future__ import annotations

from types import SimpleNamespace

import oracle
import polars as pl
import pytest
from failure.build import NO_RIDE
from polars.testing import assert_frame_equal
from pydantic import ValidationError
from topology.build import Builder, power, value

from twin import tables
from twin.api import AnalysisInputs
from twin.errors import RefusedError
from twin.failure.analysis import FailureParams, run, twin_analyses
from twin.structure.compile import compile_structure
from twin.structure.snapshot import months_of_change, snapshot
from twin.topology.model import Supplier, Topology


def room() -> Topology:
    """Two halls, the second a month later: a shared utility and genset, two UPS a hall, three racks on either."""
    clock = {"mtbf": value(900.0), "mttr": value(100.0)}
    return (
        Builder()
        .add("s", kind="site")
        .add("s/utility", kind="utility", attributes={**clock, "capacity": value(1000.0)})
        .add("s/genset", kind="genset", attributes={**clock, "capacity": value(500.0)})
        .add("s/hall", 2, kind="hall", energised=(0, 1))
        .add(
            "s/hall/ups",
            2,
            kind="ups",
            attributes={**clock, "capacity": value(60.0)},
            depends=[power(Supplier("s/utility", "s"), Supplier("s/genset", "s"))],
        )
        .add(
            "s/hall/rack",
            3,
            kind="rack",
            attributes={"load": value(20.0), "mtbf": value(990.0), "mttr": value(10.0), "accelerators": value(8)},
            depends=[power(Supplier("s/hall/ups", "s/hall"))],
        )
        .done()
    )


def inputs(topology: Topology, **params: int) -> AnalysisInputs:
    twin = SimpleNamespace(structure=compile_structure(topology), lifted=compile_structure(topology, lifted=True))
    return AnalysisInputs(tables=NO_RIDE, twin=twin, seed=0, params=FailureParams(**params))


def test_from_topology_to_tables() -> None:
    given = inputs(room())
    found = run(given)
    for name, frame in found.items():
        tables.check(name, frame, "failure")
    structure = given.twin.structure
    months = months_of_change(structure)
    assert months == [0, 1]
    rows = {(r["month"], r["scope"], r["event"]): r for r in found["availability"].iter_rows(named=True)}
    for month in months:
        state = snapshot(structure, month)
        date = structure.topology.calendar.date(month)
        on = [c for c in range(len(structure.classes)) if state.class_on[c]]
        for scope, classes in (("s", on), ("s/hall[1]", on[:1]), ("s/hall[1]/rack[1]", on[:1])):
            down, often = oracle.measure(state, classes)
            row = rows[date, scope, "fed"]
            assert row["downtime_h_per_year"] == pytest.approx(down * 8760, rel=1e-12)
            assert row["outages_per_year"] == pytest.approx(often, rel=1e-12)
    assert rows[structure.topology.calendar.date(1), "s/hall[1]/rack[1]", "fed"]["count"] == 6
    alone = found["contingency"].filter(pl.col("event") == "failure")
    contingency = alone.select("element", "count", "racks_lost", "lost_it_kw").rows()
    assert contingency[0] == ("s/hall[1]/rack[1]", 6, 1, 20.0)
    assert contingency[1:] == [("s/utility", 1, 0, 0.0), ("s/genset", 1, 0, 0.0), ("s/hall[1]/ups[1]", 4, 0, 0.0)]


def test_registered_by_the_hook() -> None:
    (analysis,) = twin_analyses()
    assert analysis.name == "failure"
    assert set(run(inputs(room()))) == set(analysis.produces)
    assert analysis.run is run


def test_where_boxes_have_too_many_states_diagrams_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    given = inputs(room())
    wanted = run(given)
    monkeypatch.setattr("twin.failure.lifted.MAX_STATES", 1)
    found = run(given)
    assert_frame_equal(found["availability"], wanted["availability"], rel_tol=1e-12)
    assert found["capacity_outage"].is_empty()
    same = [name for name in wanted["reliability"].columns if not name.startswith("p_")]
    assert_frame_equal(found["reliability"].select(same), wanted["reliability"].select(same), rel_tol=1e-12)
    assert found["reliability"]["p_all_fraction"].null_count() == found["reliability"].height
    checks = found["checks"].filter(pl.col("check") == "capacity_outage")
    assert "more than 1 different states" in checks["message"][0]


def test_parameters() -> None:
    assert FailureParams().nodes == 5_000_000
    with pytest.raises(ValidationError):
        FailureParams(nodes=10)


@pytest.mark.parametrize("nodes", [1, 8])
def test_a_budget_that_is_too_small_refuses(nodes: int) -> None:
    given = inputs(room())
    small = AnalysisInputs(tables=NO_RIDE, twin=given.twin, seed=0, params=FailureParams.model_construct(nodes=nodes))
    with pytest.raises(RefusedError, match="failure refuses"):
        run(small)
