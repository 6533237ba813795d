from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from twin.cli.grid import cell, grid

FRAME = pl.DataFrame(
    {
        "name": ["a", "río/hall[1]", None],
        "amount_usd": [1234567.8, -0.5, None],
        "n": [7, 12345, 2027],
        "ok": [True, False, None],
        "month": [date(2027, 1, 1), None, None],
    }
)


def test_a_frame_as_text():
    assert grid(FRAME, None, 0).text == (
        "name         amount_usd       n  ok   month\n"
        "-----------  ----------  ------  ---  ----------\n"
        "a             1,234,568       7  yes  2027-01-01\n"
        "río/hall[1]        -0.5  12,345  no   -\n"
        "-                     -    2027  -    -\n"
    )


def test_a_narrow_screen_loses_columns_and_says_which():
    made = grid(FRAME, 26, 0, first=("name", "ok"))
    assert made.text.splitlines()[0] == "name              n  ok"
    assert made.columns_left_out == ("amount_usd", "month")


def test_rows_left_out_are_counted():
    assert grid(FRAME, None, 2).rows_left_out == 1
    assert len(grid(FRAME, None, 2).text.splitlines()) == 4
    assert grid(FRAME, None, 0).rows_left_out == grid(FRAME, None, 3).rows_left_out == 0


def test_an_empty_frame_shows_its_columns():
    assert grid(FRAME.clear(), 80, 0).text.splitlines()[0].split() == FRAME.columns


def test_long_texts_are_cut_on_a_screen_only():
    frame = pl.DataFrame({"message": ["x" * 100]})
    assert grid(frame, 80, 0).text.splitlines()[-1] == "x" * 57 + "..."
    assert grid(frame, None, 0).text.splitlines()[-1] == "x" * 100


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.99999951, "0.99999951"),
        (1.0, "1"),
        (0.0, "0"),
        (1e-9, "1e-09"),
        (1234.5, "1,234"),
        (0.123456789, "0.123457"),
        ("a\n\x1bb", "a ?b"),
        ([1, 2], "[1, 2]"),
    ],
)
def test_values_as_people_read_them(value, text):
    assert cell(value) == text


@given(
    rows=st.lists(
        st.tuples(st.text(max_size=90), st.floats(allow_nan=False), st.integers(-(2**62), 2**62)), max_size=5
    ),
    width=st.integers(62, 120),
)
def test_no_line_is_wider_than_the_screen(rows, width):
    frame = pl.DataFrame(rows, schema={"text": pl.String, "x_kw": pl.Float64, "n": pl.Int64}, orient="row")
    made = grid(frame, width, 0)
    lines = made.text.removesuffix("\n").split("\n")
    assert len(lines) == frame.height + 2
    assert max(cell_len(line) for line in lines) <= width
