"""Shares of common cause against closed forms, SCRAM's output and the sum over all events of a member."""

from __future__ import annotations

from math import comb, nan

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from published import Source

from twin.errors import UsageError
from twin.failure.common_cause import expand, shares
from twin.failure.exact import top_event

part = st.floats(0.0, 1.0)
SCRAM = Source("Failure", "SCRAM, common cause", "Output of Debian scram 0.16.2, six figures, for a total of 0.1.")


@given(st.integers(2, 8), st.data())
def test_what_fails_a_member_adds_up_to_the_total(size, data) -> None:
    """Beta, MGL and alpha share the total out whole."""
    for model, many in (("beta-factor", 1), ("MGL", size - 1), ("alpha-factor", size)):
        parameters = data.draw(st.lists(part, min_size=1, max_size=many))
        if model == "alpha-factor" and sum(parameters) <= 0.0:
            continue
        found = shares(model, parameters, size)
        assert len(found) == size
        assert min(found) >= 0.0
        total = sum(comb(size - 1, k - 1) * share for k, share in enumerate(found, 1))
        assert total == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("model", "parameters", "size", "wanted"),
    [
        ("beta-factor", [0.2], 3, [0.08, 0.0, 0.02]),
        ("beta-factor", [0.2], 4, [0.08, 0.0, 0.0, 0.02]),
        ("MGL", [0.2, 0.1], 3, [0.08, 0.009, 0.002]),
        ("MGL", [0.2], 3, [0.08, 0.01, 0.0]),
        ("MGL", [0.3, 0.4, 0.5], 4, [0.07, 0.006, 0.002, 0.006]),
        ("alpha-factor", [0.7, 0.2, 0.1], 3, [0.05, 0.0142857, 0.0214286]),
        ("alpha-factor", [0.9, 0.2, 0.1], 3, [0.05625, 0.0125, 0.01875]),
        ("alpha-factor", [0.7, 0.2], 3, [0.0636364, 0.0181818, 0.0]),
        ("phi-factor", [0.7, 0.2, 0.1], 3, [0.07, 0.02, 0.01]),
    ],
)
def test_scram_gives_the_same(published, model, parameters, size, wanted) -> None:
    """Probabilities of the failures of one, two, … members."""
    case = f"{model} {', '.join(map(str, parameters))}, {size} members"
    published(case, wanted, [0.1 * share for share in shares(model, parameters, size)], abs=5e-8, source=SCRAM)


@pytest.mark.parametrize(
    ("model", "parameters", "wanted"),
    [
        ("beta-factor", [0.2], 0.0430804),
        ("MGL", [0.2, 0.1], 0.0162948),
        ("alpha-factor", [0.7, 0.2, 0.1], 0.0529814),
        ("phi-factor", [0.7, 0.2, 0.1], 0.0410393),
    ],
)
def test_three_trains(published, model, parameters, wanted) -> None:
    """All of three trains of valve and pump, total 0.1 each."""
    rows = [("top", "and", f"train{i}") for i in range(3)]
    rows += [(f"train{i}", "or", f"{what}{i}") for i in range(3) for what in ("valve", "pump")]
    events = {}
    for what in ("valve", "pump"):
        for event in expand([f"{what}{i}" for i in range(3)], 0.1, shares(model, parameters, 3)):
            name = "+".join(event.members) + "!"
            events[name] = event.value
            rows += [(member, "or", name) for member in event.members]
    gates = pl.DataFrame(rows, schema=["gate", "kind", "input"], orient="row")
    made = pl.DataFrame({"event": list(events), "probability": list(events.values())})
    ours = top_event(gates, made)["probability"].item()
    published(f"three trains, {model}", wanted, ours, rel=5e-6, source=SCRAM)


def test_events_are_the_sets_of_members_with_a_share() -> None:
    found = expand("abc", 0.5, [0.8, 0.0, 0.2])
    assert [(event.members, event.value) for event in found] == [
        (("a",), 0.4),
        (("b",), 0.4),
        (("c",), 0.4),
        (("a", "b", "c"), 0.1),
    ]


@pytest.mark.parametrize(
    ("model", "parameters", "size", "said"),
    [
        ("beta", [0.1], 2, "did you mean 'beta-factor'"),
        ("beta-factor", [0.1], 1, "has 1 members"),
        ("beta-factor", [0.1, 0.2], 3, "has 2 parameters; give 1 to 1"),
        ("MGL", [], 3, "has 0 parameters; give 1 to 2"),
        ("MGL", [1.2], 3, "parameter of 1.2"),
        ("alpha-factor", [nan], 3, "parameter of nan"),
        ("alpha-factor", [0.0, 0.0], 3, "weights that are all 0"),
        ("phi-factor", [0.7, 0.2], 3, "sum to 0.9; they must sum to 1"),
    ],
)
def test_what_is_no_model_is_refused(model, parameters, size, said) -> None:
    with pytest.raises(UsageError, match=said):
        shares(model, parameters, size)


def test_too_many_events_are_refused_and_beta_of_many_is_not() -> None:
    members = [f"m{i}" for i in range(40)]
    with pytest.raises(UsageError, match="use the beta factor"):
        expand(members, 0.1, shares("MGL", [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8], 40))
    assert len(expand(members, 0.1, shares("beta-factor", [0.1], 40))) == 41
