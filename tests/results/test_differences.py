"""What differs between two runs: rows by their keys, numbers beyond rounding, what came and went."""

from __future__ import annotations

import polars as pl
from polars.testing import assert_frame_equal

from twin.results.differences import of_results, of_stated

BEFORE = pl.DataFrame(
    {
        "site": ["a", "a", "b"],
        "line": ["energy", "demand", "energy"],
        "amount_usd": [100.0, 50.0, 0.0],
        "ok": [True, True, True],
        "note": ["x", "y", None],
    }
)


def changed(after: pl.DataFrame, before: pl.DataFrame = BEFORE) -> list[tuple[object, ...]]:
    return of_results({"t": before}, {"t": after}, ["t"]).drop("table").rows()


def test_the_same_is_no_difference():
    assert changed(BEFORE) == []
    assert changed(BEFORE.with_columns(pl.col("amount_usd") * (1 + 1e-12))) == []
    assert changed(BEFORE.with_columns(pl.lit("other words").alias("note"))) == [], "text behind a number is no key"


def test_a_number_that_differs():
    after = BEFORE.with_columns(amount_usd=pl.Series([110.0, 40.0, 5.0]))
    assert changed(after) == [
        ("a · demand", "amount_usd", "changed", 50.0, 40.0, -10.0, -0.2),
        ("a · energy", "amount_usd", "changed", 100.0, 110.0, 10.0, 0.1),
        ("b · energy", "amount_usd", "changed", 0.0, 5.0, 5.0, None),
    ]


def test_a_flag_is_a_number():
    after = BEFORE.with_columns(ok=pl.Series([True, False, True]))
    assert changed(after) == [("a · demand", "ok", "changed", 1.0, 0.0, -1.0, -1.0)]


def test_rows_that_come_and_go():
    assert changed(BEFORE.head(2)) == [
        ("b · energy", "amount_usd", "removed", 0.0, None, None, None),
        ("b · energy", "ok", "removed", 1.0, None, None, None),
    ]
    assert {row[2] for row in changed(BEFORE, BEFORE.clear())} == {"added"}
    assert of_results({}, {"t": BEFORE}, ["t", "none"]).height == 6


def test_a_null_that_becomes_a_number_is_changed():
    before = BEFORE.with_columns(amount_usd=pl.lit(None, pl.Float64))
    assert {(row[1], row[2]) for row in changed(BEFORE, before)} == {("amount_usd", "changed")}


def test_rows_with_the_same_key_go_by_their_order():
    twice = pl.DataFrame({"site": ["a", "a"], "amount_usd": [1.0, 2.0]})
    after = twice.with_columns(amount_usd=pl.Series([1.0, 3.0]))
    assert changed(after, twice) == [("a #2", "amount_usd", "changed", 2.0, 3.0, 1.0, 0.5)]


def test_what_files_state():
    groups = pl.DataFrame({"group": ["s/ups"], "kind": ["ups"], "total": [4]})
    stated = pl.DataFrame({"owner": ["s/ups", "s/ups"], "attribute": ["capacity", "mttr"], "value": ["1 MW", "8 h"]})
    after = stated.with_columns(value=pl.Series(["2 MW", "8 h"])).with_columns(
        attribute=pl.Series(["capacity", "mtbf"])
    )
    found = of_stated((groups, stated), (groups.with_columns(total=pl.lit(5)), after))
    wanted = pl.DataFrame(
        {
            "owner": ["s/ups"] * 4,
            "attribute": ["instances", "capacity", "mttr", "mtbf"],
            "what": ["changed", "changed", "removed", "added"],
            "before": ["4 of kind ups", "1 MW", "8 h", None],
            "after": ["5 of kind ups", "2 MW", None, "8 h"],
        }
    )
    assert_frame_equal(found, wanted)
