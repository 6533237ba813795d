"""What the screen says of a capped guarantee."""

from __future__ import annotations

import fake_results
import pytest

from twin.report.guarantees import convention
from twin.results.results import Results


def said(loss, guaranteed):
    guarantee = fake_results.table("guarantee", {"deal": "b", "guaranteed_usd": guaranteed, "exposure_usd": 9e6})
    terms = fake_results.table("guarantee_terms", {"deal": "b", "loss": loss})
    return convention(Results({"guarantee": guarantee, "guarantee_terms": terms}, fake_results.provenance()), "b")


@pytest.mark.parametrize(
    ("loss", "guaranteed", "wanted"),
    [("first", 1e6, ", first loss"), ("pro-rata", 1e6, ", pro rata"), ("first", 9e6, ""), ("sale", 1e6, "")],
)
def test_a_cap_has_a_convention_and_a_whole_guarantee_needs_none(loss, guaranteed, wanted):
    assert said(loss, guaranteed) == wanted


def test_nothing_is_said_where_no_table_says_it():
    guarantee = fake_results.table("guarantee", {"deal": "b", "guaranteed_usd": 1e6, "exposure_usd": 9e6})
    assert convention(Results({"guarantee": guarantee}, fake_results.provenance()), "b") == ""
