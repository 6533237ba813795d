from __future__ import annotations

import copy
import pickle

import fake_results
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from twin import tables
from twin.errors import EXIT_BAD_INPUT, UsageError
from twin.results.results import Results


@pytest.fixture
def results() -> Results:
    return fake_results.small()


def test_a_table_is_reached_by_attribute_by_name_and_lazily(results):
    assert_frame_equal(results.capacity, results["capacity"])
    assert_frame_equal(results.lazy("capacity").collect(), results.capacity)
    assert isinstance(results.lazy("capacity"), pl.LazyFrame)


def test_tables_are_named_in_the_order_of_the_declaration_then_those_of_plugins():
    names = Results(
        {"zebra": pl.DataFrame(), "apple": pl.DataFrame(), "checks": pl.DataFrame(), "nodes": pl.DataFrame()},
        fake_results.provenance(),
    ).tables
    assert names == ("nodes", "checks", "apple", "zebra")


def test_every_fake_table_is_as_declared(results):
    for name in results:
        tables.check(name, results[name], "the test")
    assert len(results) == len(results.tables) == len(list(results))


@pytest.mark.parametrize("reach", [lambda r: r["capacty"], lambda r: r.capacty, lambda r: r.lazy("capacty")])
def test_an_unknown_table_names_the_nearest(results, reach):
    with pytest.raises(UsageError, match=r"no table 'capacty'.*did you mean 'capacity'") as caught:
        reach(results)
    assert caught.value.exit_status == EXIT_BAD_INPUT


def test_hasattr_and_in_answer_for_unknown_names(results):
    assert hasattr(results, "capacity")
    assert not hasattr(results, "no_such_table")
    assert "capacity" in results
    assert "no_such_table" not in results


def test_results_copy_and_pickle(results):
    assert copy.copy(results) == results
    assert copy.deepcopy(results) == results
    assert pickle.loads(pickle.dumps(results)) == results  # noqa: S301 - what this test has just made


def test_results_are_equal_by_provenance_and_tables(results):
    assert results == fake_results.small()
    assert results != fake_results.small(checks=fake_results.failed_check())
    assert results != fake_results.small(checks=None)
    assert results != Results(fake_results.small_tables(), fake_results.provenance(seed=1))
    assert results != "results"


def test_completion_offers_tables_and_methods(results):
    assert {"capacity", "cashflow", "sql", "save"} <= set(dir(results))


def test_repr_names_topology_overlays_tables_rows_and_docs():
    text = repr(
        Results(
            {"debt": fake_results.table("debt", {}, {})},
            fake_results.provenance(scenario="late", overlays=("discount=9 %/year",)),
        )
    )
    assert "Results of 'small' (scenario 'late', set discount=9 %/year):" in text
    assert text.splitlines()[1].split()[:2] == ["debt", "2"]
    assert tables.table("debt").doc in text


def test_notebook_display_escapes_what_the_file_says():
    html = Results({"checks": pl.DataFrame()}, fake_results.provenance(topology="<script>x"))._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;x" in html
    assert "checks" in html


class Counted:
    """A table made on demand that counts how often it was made."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> pl.DataFrame:
        self.times += 1
        return pl.DataFrame({"node": [1, 2]})


def test_a_table_on_demand_is_made_once_and_only_when_asked_for():
    make = Counted()
    results = Results({}, fake_results.provenance(), {"nodes": make})
    assert "on demand" in repr(results)
    assert "nodes" in results
    assert results.tables == ("nodes",)
    assert make.times == 0
    assert results.nodes.height == results.sql("select * from nodes").height == 2
    assert make.times == 1
    assert "on demand" not in repr(results)


def test_a_query_makes_only_the_tables_it_names():
    edges, nodes = Counted(), Counted()
    results = Results({}, fake_results.provenance(), {"edges": edges, "nodes": nodes})
    assert results.sql("select count(*) as n from nodes where node > 1 -- not edges\n and 'edges' = 'edges'")[
        "n"
    ].to_list() == [1]
    assert (edges.times, nodes.times) == (0, 1)
