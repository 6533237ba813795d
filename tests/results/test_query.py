from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import fake_results
import pytest

from twin.errors import UsageError
from twin.results import query

if TYPE_CHECKING:
    import polars as pl

FRAMES = fake_results.small_tables()


def ask(text: str) -> pl.DataFrame:
    return query.sql(FRAMES, text)


def test_a_name_of_polars_own_is_not_shown():
    said = query._explain('unable to find column "__POLARS_HAVING_0"', ["energy"])
    assert "__POLARS" not in said
    assert "outer select" in said


def test_sums_joins_dates_and_common_table_expressions():
    assert ask("select sum(amount_usd) as s from cashflow where category = 'base_rent'").rows() == [(250_000.0,)]
    joined = (
        "select p.role, c.amount_usd from cashflow c join party_metrics p on c.payer = p.party order by c.amount_usd"
    )
    assert ask(joined).rows()[-1] == ("tenant", 250_000.0)
    assert ask("select distinct month from cashflow where month >= date '2027-04-01'").rows() == [(date(2027, 4, 1),)]
    assert ask("with big as (select * from cashflow where amount_usd > 60000) select count(*) from big").item() == 2


def test_all_parties_together_net_to_zero():
    assert ask("select sum(net_usd) from party_metrics").item() == 0


def test_show_tables_lists_what_there_is_and_what_could_be_made():
    assert query.sql({"debt": FRAMES["debt"]}, "show tables", ["nodes"])["name"].to_list() == ["debt", "nodes"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select * from cashflw", ["table 'cashflw'", "did you mean 'cashflow'?"]),
        ("select amount from cashflow", ["column 'amount'", "did you mean 'amount_usd'?", "payee"]),
        ("select frobnicate(amount_usd) from cashflow", ["cannot be run", "frobnicate"]),
        ("select * from cashflow where", ["cannot be run"]),
        ("select amount_usd + category from cashflow", ["cannot be run"]),
        ("select payer, payer from cashflow", ["cannot be run"]),
        ("select 1; select 2", ["cannot be run"]),
        ("select * from cashflow where month = '2028-13-01'", ["'2028-13-01'", "no date", "2028-06-01"]),
        ("select * from cashflow where amount_usd like 'x%'", ["numbers (f64)", "compare these"]),
        ("drop table cashflow", ["not a query", "begins with 'select'"]),
        ("", ["not a query"]),
        ("-- select\n", ["not a query"]),
        ("123", ["not a query"]),
        ("select * from read_csv('/etc/passwd')", ["reads tables and no files", "read_csv"]),
        ("with f as (select * from READ_PARQUET('x')) select * from f", ["read_parquet"]),
        ("select 1 from cashflow where 1 in (select 1 from \"read_json\"('x'))", ["read_json"]),
        ("select '--', * from read_ipc('x')", ["read_ipc"]),
        (r"select E'\'', * from read_csv(E'x')", ["read_csv"]),
    ],
)
def test_a_wrong_query_is_explained_on_one_line(text, words):
    with pytest.raises(UsageError) as caught:
        ask(text)
    message = str(caught.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_names_that_could_be_made_are_suggested_too():
    with pytest.raises(UsageError, match="did you mean 'nodes'"):
        query.sql({}, "select * from node", ["nodes", "edges"])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("select * from debt", ["debt"]),
        ('select * from "debt" d join Checks on 1 = 1', ["debt", "checks"]),
        ("select 'debt' from checks -- edges\n/* nodes\n */", ["checks"]),
        ("select 'it''s debt' as x", []),
        ("select debts, capacity_kw from nodes", ["nodes"]),
        ("select '--' as x from debt", ["debt"]),
        ("select 1 as x /* it's */ from debt -- can't", ["debt"]),
    ],
)
def test_tables_named_in_a_query(text, names):
    assert query.named(text, ["debt", "checks", "edges", "nodes", "capacity"]) == names
