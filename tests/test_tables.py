"""Tables are declared well, and frames are held against them."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest

from twin import tables
from twin.errors import PluginError, UsageError
from twin.units import DIMENSIONS

SUFFIXES = {dimension.suffix for dimension in DIMENSIONS.values()} | {"days", "ms", "per_day", "kg_co2e"}


BESIDE_A_UNIT = (
    "value",
    "half_width",
    "standard_error",
    "resolution",
    "stated",
    "median",
    "low",
    "high",
    "least",
    "most",
    "quantity",
)
"""Columns whose unit stands in a column `unit` beside them: one table of figures of several kinds."""


@pytest.mark.parametrize("name", tables.TABLES)
def test_names_carry_units_and_everything_is_said(name: str) -> None:
    table = tables.TABLES[name]
    assert table.doc.endswith(".")
    assert len(set(table.names)) == len(table.names)
    for column in table.columns:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert column.doc
        if column.dtype == "f64" and not ("unit" in table.names and column.name in BESIDE_A_UNIT):
            assert any(column.name.endswith(f"_{suffix}") for suffix in SUFFIXES), column.name


def _good() -> pl.DataFrame:
    return tables.table("cashflow").frame(
        {
            "month": [date(2027, 1, 1)],
            "payer": ["a"],
            "payee": ["b"],
            "deal": ["lease"],
            "category": ["base_rent"],
            "amount_usd": [1.0],
        }
    )


def test_a_good_frame_comes_back_in_order() -> None:
    good = _good()
    assert tables.check("cashflow", good.select(reversed(good.columns)), "model 'x'").equals(good)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (lambda good: good.drop("payee"), "column 'payee' is missing"),
        (lambda good: good.rename({"payee": "paye"}), "did you mean 'payee'?"),
        (lambda good: good.with_columns(pl.col("amount_usd").cast(pl.Int64)), "is Int64, wanted Float64"),
        (lambda good: good.with_columns(amount_usd=pl.lit(float("nan"))), "1 values that are NaN or infinite"),
        (lambda good: good.with_columns(amount_usd=pl.lit(float("inf"))), "1 values that are NaN or infinite"),
        (lambda good: good.with_columns(payer=pl.lit(None, dtype=pl.String)), "column 'payer' has 1 nulls"),
        (lambda good: good.to_dict(), "returned dict"),
    ],
)
def test_a_bad_frame_names_who_returned_it_and_why(bad: object, said: str) -> None:
    with pytest.raises(PluginError, match=r"model 'x' of p 1\.0") as caught:
        tables.check("cashflow", bad(_good()), "model 'x' of p 1.0")
    assert said in str(caught.value)


def test_what_may_be_left_out_is_null() -> None:
    want = tables.Table(
        "t", "T.", (tables.Column("a", "str", "a"), tables.Column("b_h", "f64", "b", nullable=True, optional=True))
    )
    got = tables.check(want, pl.DataFrame({"a": ["x"]}), "who")
    assert got.rows() == [("x", None)]
    assert got.schema == want.schema()
    with pytest.raises(PluginError, match="column 'a' is missing"):
        tables.check(want, pl.DataFrame({"b_h": [1.0]}), "who")


def test_only_what_may_be_null_may_be_left_out() -> None:
    assert all(column.nullable for table in tables.TABLES.values() for column in table.columns if column.optional)


def test_an_empty_frame_is_a_good_one() -> None:
    for name, table in tables.TABLES.items():
        assert tables.check(name, table.empty(), "x").is_empty()


def test_an_unknown_table_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="did you mean 'cashflow'"):
        tables.table("cashflows")
