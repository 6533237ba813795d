"""Fault trees on frames against brute force, closed forms and published numbers."""

from __future__ import annotations

import subprocess
import sys
from math import comb, inf, isinf, prod

import polars as pl
import pytest
from failure.random_trees import COHERENT, Oracle, frames, ladder, trees
from hypothesis import given, settings
from published import Source

from twin.errors import InputError, RefusedError, UsageError
from twin.failure.exact import FaultTree, cut_sets, importance, top_event

NEAR = {"rel": 1e-12, "abs": 1e-15}


@settings(max_examples=200, deadline=None)
@given(trees())
def test_every_gate_equals_brute_force(tree) -> None:
    gates, events = tree
    solved = FaultTree(gates, events)
    found = solved.top_event(solved.gates)
    assert found["method"].to_list() == ["exact"] * found.height
    for gate, probability in found.select("gate", "probability").rows():
        oracle = Oracle(gates, events, gate)
        assert probability == pytest.approx(oracle.chance(oracle.holds), **NEAR), gate
        assert solved.top_event(gate)["probability"].item() == pytest.approx(probability, **NEAR)


@settings(max_examples=150, deadline=None)
@given(trees(most_events=7))
def test_cut_sets_equal_brute_force(tree) -> None:
    gates, events = tree
    top = gates["gate"].to_list()[-1]
    wanted = Oracle(gates, events, top).cut_sets()
    for order in (None, 1, 2, 3):
        found = cut_sets(gates, events, top, order)
        got = [frozenset(one) for one in found.sets["events"].to_list()]
        assert len(got) == len(set(got))
        assert set(got) == {one for one in wanted if order is None or len(one) <= order}
        assert found.counts["count"].sum() == len(got)
    chance = dict(events.rows())
    for one, probability in found.sets.select("events", "probability").rows():
        assert probability == pytest.approx(prod(chance[name] for name in one), rel=1e-12)


@settings(max_examples=150, deadline=None)
@given(trees(most_events=7))
def test_importance_equals_brute_force(tree) -> None:
    gates, events = tree
    top = gates["gate"].to_list()[-1]
    check_importance(gates, events, top, coherent=False)


@settings(max_examples=150, deadline=None)
@given(trees(kinds=COHERENT, most_events=7, negated=False))
def test_importance_of_coherent_trees_equals_brute_force(tree) -> None:
    gates, events = tree
    check_importance(gates, events, gates["gate"].to_list()[-1], coherent=True)


def check_importance(gates, events, top, *, coherent) -> None:
    oracle = Oracle(gates, events, top)
    total = oracle.chance(oracle.holds)
    cuts = oracle.cut_sets()
    for row in importance(gates, events, top).iter_rows(named=True):
        at = oracle.names.index(row["event"])
        p = oracle.p[at]
        with_it, without = (oracle.chance(oracle.holds, (at, value)) for value in (1.0, 0.0))
        near = {"rel": 1e-11, "abs": 1e-14}
        assert row["birnbaum"] == pytest.approx(with_it - without, **near)
        if total == 0.0:
            assert row["raw"] is None
            continue
        if total < 1e-9 and not coherent:
            # A top that is true when nothing happens is one minus what is summed up: absolute digits, not relative.
            continue
        rel = max(1e-11, 1e-14 / total)
        near = {"rel": rel, "abs": 1e-14 / total}
        assert row["criticality"] == pytest.approx((with_it - without) * p / total, **near)
        assert row["diagnostic"] == pytest.approx(with_it * p / total, **near)
        assert row["raw"] == pytest.approx(with_it / total, **near)
        if without == 0.0:
            assert isinf(row["rrw"])
        elif without > 1e-12:
            assert row["rrw"] == pytest.approx(total / without, rel=max(1e-9, rel, 1e-14 / without))
        if coherent:
            own = [one for one in cuts if row["event"] in one]
            happens = [any(one <= oracle.named(state) for one in own) for state in oracle.states]
            wanted = oracle.chance(happens)
            assert row["fussell_vesely"] == pytest.approx(wanted / total, **near)
            assert row["fussell_vesely"] <= row["diagnostic"] * (1.0 + 1e-9) + 1e-12


@settings(max_examples=100, deadline=None)
@given(trees(most_events=8, most_gates=12))
def test_bounds_hold_whatever_the_budget(tree) -> None:
    """With diagrams forbidden, what is left are pruned ones: exact where nothing was pruned, else around the truth."""
    gates, events = tree
    top = gates["gate"].to_list()[-1]
    oracle = Oracle(gates, events, top)
    truth = oracle.chance(oracle.holds)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twin.failure.exact.solve._diagrams", lambda *_: None)
        patch.setattr("twin.failure.exact.bounds._FEWEST", 3)
        row = top_event(gates, events, top, nodes=1).row(0, named=True)
    assert 0.0 <= row["lower"] <= truth + 1e-12
    assert truth - 1e-12 <= row["upper"] <= 1.0 + 1e-12


def test_a_tree_that_explodes_gets_bounds_within_the_budget() -> None:
    gates, events = ladder(60)
    row = top_event(gates, events, nodes=20_000).row(0, named=True)
    assert row["probability"] is None
    assert row["method"] == "pruned diagrams"
    assert 0.0 <= row["lower"] < row["upper"] <= 1.0
    with pytest.raises(RefusedError, match="decision nodes"):
        cut_sets(gates, events, nodes=20_000)
    with pytest.raises(RefusedError, match="bounds only"):
        importance(gates, events, nodes=20_000)


SCRAM = Source(
    "Failure",
    "SCRAM, fault trees",
    "rakhimov/scram @b85b789: tests/bench_core_tests.cc with P(A), P(B), P(C) = 0.1, 0.2, 0.3; "
    "tests/risk_analysis_tests.cc, correct_tree_input_with_probs.xml, printed to four figures.",
)
RISKMAN = Source(
    "Failure",
    "RISKMAN, common cause and maintenance",
    "Two trains of pump and valve, beta 0.2, each out 24 h a year: report of 29 March 2014 in SCRAM's "
    "input/TwoTrain/RiskMan_Reports; five figures are printed, from cut sets.",
)


def test_published_gates(published) -> None:
    """Exact probabilities of every kind of gate."""
    events = {"A": 0.1, "B": 0.2, "C": 0.3}
    wanted = {
        "or": ({"t": ("or", ["A", "B", "C"])}, 0.496),
        "ab or bc": ({"t": ("or", ["x", "y"]), "x": ("and", ["A", "B"]), "y": ("and", ["B", "C"])}, 0.074),
        "ab or not-a c": ({"t": ("or", ["x", "y"]), "x": ("and", ["A", "B"]), "y": ("and", ["-A", "C"])}, 0.29),
        "2 of 3": ({"t": ("atleast", 2, ["A", "B", "C"])}, 0.098),
        "a or not b": ({"t": ("or", ["A", "-B"])}, 0.82),
        "a and not b": ({"t": ("and", ["A", "-B"])}, 0.08),
        "xor": ({"t": ("xor", ["A", "B", "C"])}, 0.404),
        "a => (b => c)": ({"t": ("imply", ["A", "x"]), "x": ("imply", ["B", "C"])}, 0.986),
    }
    for name, (gates, probability) in wanted.items():
        ours = top_event(*frames(gates, events), "t")["probability"].item()
        published(name, probability, ours, abs=1e-9, source=SCRAM)
    some = pl.DataFrame(
        {"gate": ["t"] * 3, "kind": ["cardinality"] * 3, "k": [1] * 3, "k_max": [2] * 3, "input": list("ABC")}
    )
    ours = top_event(some, frames({}, events)[1])["probability"].item()
    published("cardinality, 1 or 2 of 3", 0.49, ours, abs=1e-9, source=SCRAM)


def test_published_importance_of_two_trains(published) -> None:
    """Birnbaum, criticality, diagnostic, risk achievement and risk reduction worth."""
    gates, events = frames(
        {"top": ("and", ["one", "two"]), "one": ("or", ["V1", "P1"]), "two": ("or", ["V2", "P2"])},
        {"P1": 0.6, "P2": 0.7, "V1": 0.4, "V2": 0.5},
    )
    published("two trains", 0.646, top_event(gates, events)["probability"].item(), abs=1e-9, source=SCRAM)
    wanted = {
        "P1": (0.51, 0.4737, 0.7895, 1.316, 1.9),
        "P2": (0.38, 0.4118, 0.8235, 1.176, 1.7),
        "V1": (0.34, 0.2105, 0.5263, 1.316, 1.267),
        "V2": (0.228, 0.1765, 0.5882, 1.176, 1.214),
    }
    found = importance(gates, events).select("event", "birnbaum", "criticality", "diagnostic", "raw", "rrw")
    for event, *values in found.rows():
        published(f"importance of {event}, five measures", wanted[event], values, rel=5e-4, source=SCRAM)


def test_published_maintenance_and_common_cause(published) -> None:
    """All in service, one pump out, and the mean over a year of both."""
    gates = {
        "top": ("and", ["one", "two"]),
        "one": ("or", ["V1", "P1", "PP", "VV"]),
        "two": ("or", ["V2", "P2", "PP", "VV"]),
    }
    events = {"V1": 0.08, "V2": 0.08, "P1": 0.08, "P2": 0.08, "PP": 0.02, "VV": 0.02}
    normal = top_event(*frames(gates, events))["probability"].item()
    out = top_event(*frames(gates, events | {"P1": 1.0}))["probability"].item()
    published("all in service", 0.062259, normal, digits=7, rel=1e-5, source=RISKMAN)
    published("one pump out", 0.18712, out, digits=6, rel=5e-5, source=RISKMAN)
    share = 24.0 / 8760.0
    mean = (1.0 - 2.0 * share) * normal + 2.0 * share * out
    published("with maintenance", 0.062943, mean, digits=7, rel=1e-4, source=RISKMAN)


def test_a_large_block_is_a_convolution() -> None:
    """400 of 10,000 alike: far beyond a diagram of all, and equal to the binomial tail."""
    n, k, p = 10_000, 400, 0.03
    events = {f"e{i}": p for i in range(n)}
    gates, made = frames({"top": ("atleast", k, list(events))}, events)
    wanted = 0.0
    term = (1.0 - p) ** n
    for i in range(n + 1):
        wanted += term if i >= k else 0.0
        term *= (n - i) / (i + 1) * p / (1.0 - p)
    assert top_event(gates, made)["probability"].item() == pytest.approx(wanted, rel=1e-9)


def test_small_probabilities_keep_their_digits() -> None:
    events = {f"e{i}": 1e-20 for i in range(4)}
    gates, made = frames({"top": ("atleast", 3, list(events))}, events)
    assert top_event(gates, made)["probability"].item() == pytest.approx(4e-60, rel=1e-12)
    row = importance(gates, made).row(0, named=True)
    assert row["raw"] == pytest.approx(3.0 / 4.0 * 1e20, rel=1e-9)


def test_rrw_of_what_is_in_every_cut_set_is_infinite_and_nearly_so_is_exact() -> None:
    gates, events = frames(
        {"top": ("or", ["x", "y"]), "x": ("and", ["a", "b"]), "y": ("and", ["c", "d"])},
        {"a": 0.5, "b": 0.5, "c": 1e-9, "d": 1e-9},
    )
    found = {row["event"]: row for row in importance(gates, events).iter_rows(named=True)}
    assert found["a"]["rrw"] == pytest.approx((0.25 + 1e-18) / 1e-18, rel=1e-9)
    gates, events = frames({"top": ("and", ["a", "b"])}, {"a": 0.1, "b": 0.2})
    assert importance(gates, events)["rrw"].to_list() == [inf, inf]


def test_cut_sets_that_are_too_many_are_counted_and_left_out_whole() -> None:
    events = {f"e{i}": 0.1 for i in range(20)}
    gates, made = frames(
        {"top": ("or", ["e0", "some"]), "some": ("atleast", 6, [f"e{i}" for i in range(1, 20)])}, events
    )
    found = cut_sets(gates, made, order=None, limit=100)
    assert found.counts.rows() == [(1, 1, True), (6, comb(19, 6), False)]
    assert found.sets.rows() == [(1, 0.1, ["e0"])]


def test_a_top_that_is_sure_or_impossible() -> None:
    gates, events = frames(
        {"sure": ("or", ["a", "-a"]), "never": ("and", ["a", "-a"]), "not": ("not", ["a"])}, {"a": 0.3}
    )
    tree = FaultTree(gates, events)
    assert tree.top_event(["sure", "never", "not"])["probability"].to_list() == [1.0, 0.0, 0.7]
    assert tree.cut_sets("sure").sets["events"].to_list() == [[]]
    assert tree.cut_sets("never").sets.height == 0
    assert tree.cut_sets("not").sets["events"].to_list() == [[]]
    assert tree.importance("never").row(0, named=True)["raw"] is None
    assert tree.importance("not").row(0, named=True)["birnbaum"] == pytest.approx(-1.0)


def test_house_events_are_constants() -> None:
    gates, events = frames({"top": ("and", ["a", "h"])}, {"a": 0.3, "h": 1.0})
    events = events.with_columns(house=pl.col("event") == "h")
    assert cut_sets(gates, events).sets["events"].to_list() == [["a"]]
    assert importance(gates, events)["event"].to_list() == ["a"]


def test_everything_wrong_is_said_at_once() -> None:
    gates = pl.DataFrame(
        [
            ("top", "and", None, "a"),
            ("top", "or", None, "nobody"),
            ("some", "atleast", 3, "a"),
            ("some", "atleast", 3, "b"),
            ("kind", "maybe", None, "a"),
            ("two", "imply", None, "a"),
            ("twice", "or", None, "b"),
            ("twice", "or", None, "b"),
            ("b", "or", None, "a"),
            ("k", "or", 2, "a"),
        ],
        schema=["gate", "kind", "k", "input"],
        orient="row",
    )
    events = pl.DataFrame({"event": ["a", "b", "a", "c", "d"], "probability": [0.1, 1.5, 0.2, float("nan"), -0.1]})
    with pytest.raises(InputError) as caught:
        FaultTree(gates, events)
    said = str(caught.value)
    for text in (
        "top: has more than one kind (got and, or)",
        "gates:2: top: input is no gate and no event (got nobody)",
        "some: k is out of range (got 3); 1..2",
        "kind: unknown kind (got maybe)",
        "two: wrong number of inputs of 'imply' (got 1); 2",
        "twice: has an input twice (got b)",
        "b: is a gate and an event",
        "k: k means nothing for 'or' (got 2)",
        "events:3: a: is listed twice",
        "events:2: b: probability is outside 0..1 (got 1.5)",
        "events:4: c: probability is outside 0..1 (got nan)",
        "events:5: d: probability is outside 0..1 (got -0.1)",
    ):
        assert text in said, text


@pytest.mark.parametrize(
    ("gates", "events", "said"),
    [
        ({"gate": ["t"], "kind": ["or"]}, None, "input: column is missing"),
        ({"gate": [], "kind": [], "input": []}, None, "there is no gate"),
        ({"gate": ["t"], "kind": ["or"], "input": [None]}, None, "input: is empty"),
        (
            {"gate": ["t", "u"], "kind": ["or"] * 2, "input": ["u", "t"]},
            None,
            "gates go round in a circle (got t -> u -> t)",
        ),
        ({"gate": ["t"], "kind": ["or"], "input": ["a"], "k": ["x"]}, None, "a column has another type"),
        (None, {"event": ["a"], "probability": [None]}, "probability: is empty"),
        (None, {"event": ["a"], "probability": [0.5], "house": [True]}, "is a house event and neither false nor true"),
    ],
)
def test_what_is_no_tree_is_refused(gates, events, said) -> None:
    gates = pl.DataFrame(gates or {"gate": ["t"], "kind": ["or"], "input": ["a"]})
    events = pl.DataFrame(events or {"event": ["a"], "probability": [0.5]})
    with pytest.raises(InputError) as caught:
        FaultTree(gates, events)
    assert said in str(caught.value)


def test_several_tops_want_a_choice_and_an_unknown_one_a_nearest() -> None:
    gates, events = frames({"north": ("or", ["a"]), "south": ("or", ["a"])}, {"a": 0.1})
    with pytest.raises(UsageError, match="2 top gates; choose with `top`: north, south"):
        top_event(gates, events)
    with pytest.raises(UsageError, match="did you mean 'north'"):
        top_event(gates, events, "nort")
    assert FaultTree(gates, events).tops == ["north", "south"]


def test_importing_it_does_not_load_the_rest_of_the_house() -> None:
    code = (
        "import sys, twin.failure.exact; print([m for m in sys.modules if m.startswith(('twin.topology', 'pydantic'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
