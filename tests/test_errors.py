"""Findings read as `file:line:column: path: what is wrong (got X); what would be right`."""

from __future__ import annotations

import pytest

from twin.errors import Finding, InputError, nearest, one_of, shorten
from twin.registry import registry
from twin.topology.shape import REDUNDANCIES


def test_a_finding_reads_in_one_line() -> None:
    finding = Finding("a.yaml", 3, 7, "sites.x", "no such key", "'kint'", "did you mean 'kind'?")
    assert str(finding) == "a.yaml:3:7: sites.x: no such key (got 'kint'); did you mean 'kind'?"


def test_what_is_unknown_is_left_out() -> None:
    assert str(Finding("a.yaml", 0, 0, "", "the file is empty")) == "a.yaml: the file is empty"


def test_findings_come_in_file_order_without_repeats() -> None:
    late, early = Finding("a.yaml", 9, 1, "b", "x"), Finding("a.yaml", 2, 1, "a", "y")
    assert InputError([late, early, late]).findings == (early, late)


def test_the_nearest_name_forgives_case_and_slips() -> None:
    assert nearest("Capcity", ["capacity", "count"]) == "did you mean 'capacity'?"
    assert nearest("RACK", ["rack"]) == "did you mean 'rack'?"
    assert nearest("zzz", ["rack"]) == ""
    assert nearest("upz", ["ups"]) == "did you mean 'ups'?"


@pytest.mark.parametrize("meant", ["3N", "N+3"])
def test_another_number_is_no_slip(meant) -> None:
    assert nearest(meant, REDUNDANCIES) == ""


@pytest.mark.parametrize(("section", "one"), [("deals", "term-debt"), ("energy", "us-industrial")])
def test_the_models_of_a_section_are_all_listed(section, one) -> None:
    assert one in one_of("flat-fee", registry(()).models(section))


def test_the_start_of_a_single_name_is_taken_for_it() -> None:
    assert nearest("maker.b30", ["maker.b30-rack", "maker.b29"]) == "did you mean 'maker.b30-rack'?"


def test_a_long_list_says_how_long() -> None:
    assert "(40 in all)" in one_of("x", [f"name{n:02}" for n in range(40)])


def test_long_text_is_cut_on_one_line() -> None:
    text = shorten("a\n" * 200, limit=20)
    assert len(text) == 20
    assert "\n" not in text


def test_a_list_that_is_cut_says_where_the_rest_is() -> None:
    names = [f"name{n:02}" for n in range(40)]
    assert one_of("x", names, rest="'twin tables' lists them").endswith("… (40 in all; 'twin tables' lists them)")
    assert one_of("x", names, limit=None).endswith("name39")
    assert one_of("x", names[:3], rest="'twin tables' lists them") == "one of: name00, name01, name02"
