from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from twin.report import layout
from twin.report.layout import Col, block, fact, hanging, note

COLUMNS = [Col("name", right=False), Col("kept"), Col("first to go", keep=1), Col("next", right=False, keep=2)]
ROWS = [["alpha", "1", "2", "three"], ["a much longer name than alpha", "10", "20", "thirty"]]


def plain(lines) -> list[str]:
    return [line.plain for line in lines]


def test_a_block_is_aligned():
    assert plain(block("TITLE", COLUMNS, ROWS, 100)) == [
        "TITLE                            kept  first to go  next",
        "  alpha                             1            2  three",
        "  a much longer name than alpha    10           20  thirty",
    ]


def test_columns_give_way_in_order_and_then_the_name_is_cut():
    assert "first to go" not in plain(block("TITLE", COLUMNS, ROWS, 50))[0]
    assert "next" in plain(block("TITLE", COLUMNS, ROWS, 50))[0]
    assert "next" not in plain(block("TITLE", COLUMNS, ROWS, 40))[0]
    assert plain(block("TITLE", COLUMNS, ROWS, 24))[2] == "  a much longer n…    10"


@given(
    rows=st.lists(st.lists(st.text(max_size=40), min_size=4, max_size=4), min_size=1, max_size=4),
    width=st.integers(60, 120),
)
def test_no_line_is_wider_than_it_may_be(rows, width):
    columns = [Col("n", right=False), Col("k", right=False, keep=8), Col("l", right=False, keep=7), Col("m", keep=1)]
    for line in plain(block("T", columns, rows, width)):
        assert cell_len(line) <= width
        assert "\n" not in line


@given(text=st.text(alphabet="ab \n", max_size=200), width=st.integers(20, 80))
def test_wrapping_loses_no_word(text, width):
    for made in (note(text, width), fact("T", text, width), hanging("T ", text, width)):
        words = " ".join(plain(made)).split()
        assert [word for word in words if word != "T"] == text.split() or max(map(len, text.split())) > width


def test_control_characters_do_not_reach_the_terminal():
    made = [*fact("T", "a\x1b[31mb", 60), *note("\x07c", 60), *block("T", COLUMNS, [["\x9bd", "1", "2", "3"]], 60)]
    assert not set("".join(plain(made))) & {"\x1b", "\x07", "\x9b"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "100 %"),
        (0.9995, "99.950 %"),
        (0.99, "99 %"),
        (0.5, "50 %"),
        (0.0, "0 %"),
        (0.99999951, "99.999951 %"),
        (1 - 1e-13, "100.00000000 %"),
    ],
)
def test_nines_can_be_told_apart(value, text):
    assert layout.percent(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "$0"), (-0.004, "$0"), (7.0e9, "$7B"), (-1234567.0, "-$1.23M"), (999.99, "$1,000"), (50_000.0, "$50k")],
)
def test_money(value, text):
    assert layout.money(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.0, "0"), (0.0001, "<0.001"), (4.383, "4.38"), (8760.0, "8,760")])
def test_hours(value, text):
    assert layout.hours(value) == text


def test_ascii_only():
    assert layout.ascii_only("a · b… é") == "a - b~ ?"


MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
FIGURES = [("site GWh", [f"{100 + number}" for number in range(12)]), ("PUE", ["1.25"] * 12)]


def test_months_stand_side_by_side_and_closer_where_it_is_narrow():
    wide, narrow = (layout.across("MONTHS", MONTHS, FIGURES, width) for width in (100, 70))
    assert [len(wide), len(narrow)] == [3, 3]
    assert wide[0].plain == "MONTHS    " + "".join(f"{name:>6}" for name in MONTHS)
    assert wide[1].plain == "  site GWh" + "".join(f"{100 + number:>6}" for number in range(12))
    assert narrow[2].plain == "  PUE     " + "".join(f"{text:>5}" for text in ["1.25"] * 12)


def test_months_that_do_not_fit_go_under_one_another():
    halves = layout.across("MONTHS", MONTHS, FIGURES, 60)
    assert len(halves) == 6
    assert [name in halves[0].plain for name in ("Jan", "Jun", "Jul")] == [True, True, False]
    assert halves[3].plain.split() == MONTHS[6:]
    assert halves[4].plain.split() == ["site", "GWh", *(str(number) for number in range(106, 112))]
    assert max(len(line.plain) for line in layout.across("MONTHS", MONTHS, FIGURES, 30)) <= 30
