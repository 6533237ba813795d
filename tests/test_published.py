"""The fixture `published`: what it asserts, and what it writes down."""

from __future__ import annotations

import json

import published as cases
import pytest

SOURCE = cases.Source("Capacity", "Somebody", "A table of somebody's.")


@pytest.fixture
def case(monkeypatch):
    monkeypatch.setattr(cases, "_writing", True)
    return cases.Published("tests/test_published.py::none")


def row(case, *args, **kwargs):
    case("it", *args, source=SOURCE, **kwargs)
    record = case.records[-1]
    return record.published, record.ours, record.difference, record.allowed


@pytest.mark.parametrize(
    ("value", "ours", "more", "wanted"),
    [
        ("7.0", 6.9598, {"unit": "$B", "digits": 2, "rel": 0.015}, ("$7.0B", "$6.96B", "-0.57 %", "1.5 %")),
        (154_805_243.96, 154_805_243.9588, {"unit": "$", "abs": 0.005}, ("$154,805,243.96",) * 2 + ("0", "$0.005")),
        (419, 419.0000001, {"rel": 1e-6, "digits": 1}, ("419", "419.0", "0", "0.0001 %")),
        (1 / 3, 0.33333333334, {"digits": 3, "rel": 1e-9}, ("0.333", "0.333", "0", "1e-7 %")),
        (59, 59, {"abs": 0}, ("59", "59", "0", "equal")),
        ([1, 8], [1, 8.5], {"digits": 1, "abs": 0.5}, ("1; 8", "1.0; 8.5", "+6.2 %", "0.5")),
        ([20.0, 5.76], [20.0, 5.76], {"unit": "$", "rel": 0.1}, ("$20.00; $5.76",) * 2 + ("0", "10 %")),
        ([3] * 5, [3] * 5, {"abs": 0}, ("5 of 3", "5 of 3", "0", "equal")),
        ([5, 2, 3, 4, 1], [5, 2, 3, 4, 1], {"unit": "$M", "abs": 1}, ("5 figures, $1M to $5M",) * 2 + ("0", "$1M")),
        (90, 92.3, {"unit": "%", "digits": 1, "at_least": True}, ("90 %", "92.3 %", "", "above")),
        (5e-6, 5.04e-6, {"digits": 7, "rel": 0.1}, ("5e-06", "5.0e-06", "0", "10 %")),
    ],
)
def test_a_row_shows_both_figures_to_the_digits_that_count(case, value, ours, more, wanted):
    assert row(case, value, ours, **more) == wanted


@pytest.mark.parametrize(
    ("value", "ours", "allowed"),
    [
        (1.0, 1.02, {"rel": 0.01}),
        (1.0, 1.02, {"abs": 0.01}),
        ([1.0, 2.0], [1.0, 2.1], {"rel": 0.01}),
        ([1.0, 2.0], [1.0], {"rel": 0.01}),
        (90, 90, {"at_least": True}),
        (1.0, float("nan"), {"rel": 0.5}),
        (1.0, 1.0, {}),
    ],
)
def test_what_is_not_as_published_fails(case, value, ours, allowed):
    with pytest.raises(AssertionError):
        row(case, value, ours, **allowed)
    assert not case.records


def test_what_is_not_on_the_page_fails(monkeypatch):
    monkeypatch.setattr(cases, "_writing", False)
    with pytest.raises(AssertionError, match=r"it: run `python docs/generate\.py cases`"):
        row(cases.Published("tests/test_published.py::none"), 1, 1, abs=0)


def test_records_of_files_that_were_not_run_stay(monkeypatch, tmp_path):
    kept = {"tests/a.py::one": [{"case": "x"}], "tests/b.py::old": [{"case": "y"}]}
    monkeypatch.setattr(cases, "_written", kept)
    monkeypatch.setattr(cases, "RECORDS", tmp_path / "published.json")
    cases.write({"tests/b.py::new": []})
    assert json.loads(cases.RECORDS.read_text()) == {"tests/a.py::one": [{"case": "x"}], "tests/b.py::new": []}
