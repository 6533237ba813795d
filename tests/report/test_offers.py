"""What the screen says of why offers differ, on a table by hand."""

from __future__ import annotations

import fake_results
import pytest

from twin.report.offers import bridges
from twin.results.results import Results


def said(count: int) -> str:
    rows = [
        {"from_offer": "cloud", "to_offer": "lease", "reason": f"reason_{number}", "change_usd_per_h": 0.1}
        for number in range(count)
    ]
    made = Results({"offer_bridge": fake_results.table("offer_bridge", *rows)}, fake_results.provenance())
    return " ".join(" ".join(line.plain.split()) for line in bridges(made, 400))


@pytest.mark.parametrize(("count", "other"), [(6, ""), (7, ""), (8, "other +$0.200"), (9, "other +$0.300")])
def test_what_is_left_over_is_called_other_only_where_it_is_several(count: int, other: str) -> None:
    text = said(count)
    assert f"+${count / 10:,.3f} an hour" in text
    assert ("other" in text) == bool(other)
    assert other in text
    assert text.count("reason") == (6 if other else count)
