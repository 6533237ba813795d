"""Helpers stay expressions, and say what the tables say."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest

import twin
from twin import expr

if TYPE_CHECKING:
    from twin.results.results import Results

FILE = Path(__file__).parents[1] / "topologies" / "river-bend.yaml"


@cache
def results() -> Results:
    return twin.load(FILE).cost()


def test_every_helper_is_an_expression():
    for made in (expr.year(), expr.mw("it_kw"), expr.net("hut8"), expr.downtime_h(), expr.nines(), expr.full_build()):
        assert isinstance(made, pl.Expr)
    assert all(isinstance(each, pl.Expr) for each in expr.worst("dscr_ratio"))


def test_the_net_of_a_party_is_that_of_its_metrics():
    r = results()
    for row in r.party_metrics.iter_rows(named=True):
        found = r.lazy("cashflow").select(expr.net(row["party"])).collect().item()
        assert found == pytest.approx(row["net_usd"], rel=1e-9, abs=1e-3)


def test_the_present_value_is_that_of_its_metrics():
    r = results()
    worth = r.party_metrics.filter(party="hut8")["npv_usd"][0]
    sign = (pl.col("payee") == "hut8").cast(pl.Int8) - (pl.col("payer") == "hut8").cast(pl.Int8)
    flows = r.cashflow.with_columns(own_usd=sign * pl.col("amount_usd"))
    found = flows.select(expr.discounted("own_usd", 0.08, date(2026, 5, 1)).sum()).item()
    assert found == pytest.approx(worth, rel=1e-9)


def test_years_add_up_to_the_whole():
    r = results()
    by_year = r.cashflow.group_by(expr.year()).agg(expr.net("hut8"))
    assert by_year["hut8_usd"].sum() == pytest.approx(r.cashflow.select(expr.net("hut8")).item(), rel=1e-12)


def test_nines_and_hours():
    frame = pl.DataFrame({"availability_fraction": [0.999, 1.0, 0.5]})
    found = frame.select(expr.nines(), expr.downtime_h())
    assert found["nines"].to_list() == pytest.approx([3.0, float("inf"), 0.30103], rel=1e-5)
    assert found["downtime_h"].to_list() == pytest.approx([8.76, 0.0, 4380.0])


def test_the_worst_month_of_each_loan():
    debt = results().debt
    found = debt.group_by("deal").agg(expr.worst("dscr_ratio")).row(0, named=True)
    row = debt.drop_nulls("dscr_ratio").sort("dscr_ratio").row(0, named=True)
    assert found["dscr_ratio"] == row["dscr_ratio"]
    assert debt.filter(month=found["month_of_worst"])["dscr_ratio"][0] == row["dscr_ratio"]


def test_rows_of_a_site_and_of_full_build():
    frame = pl.DataFrame({"scope": ["a", "a/hall[1]", "ab", "b/a"], "month": [date(2027, m, 1) for m in (1, 2, 3, 3)]})
    assert frame.filter(expr.at_site("a"))["scope"].to_list() == ["a", "a/hall[1]"]
    assert frame.filter(expr.full_build())["scope"].to_list() == ["ab", "b/a"]


def test_units_and_sums():
    frame = pl.DataFrame({"it_kw": [1500.0, 500.0], "amount_usd": [3.0, 1.0], "accelerator_h": [2.0, 0.0]})
    assert frame.select(expr.mw("it_kw"))["it_mw"].to_list() == [1.5, 0.5]
    assert frame.select(expr.per_unit("amount_usd", "accelerator_h")).item() == 2.0
    assert frame.tail(1).select(expr.per_unit("amount_usd", "accelerator_h")).item() is None
