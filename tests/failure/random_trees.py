"""Random fault trees as frames, and what enumeration of all states says of them."""

from __future__ import annotations

from itertools import product
from math import fsum, prod

import polars as pl
from hypothesis import strategies as st

KINDS = ("and", "or", "atleast", "not", "xor", "nand", "nor", "imply", "iff", "cardinality", "null")
COHERENT = ("and", "or", "atleast", "null")
_TWO = ("imply", "iff")
_ONE = ("not", "null")
GATES = {
    "gate": pl.String,
    "kind": pl.String,
    "k": pl.Int64,
    "k_max": pl.Int64,
    "input": pl.String,
    "negated": pl.Boolean,
}


@st.composite
def trees(draw, kinds=KINDS, most_events=8, most_gates=9, negated=True):
    """Frames of gates and events; gate `g<last>` depends on some of the others."""
    events = [f"e{i}" for i in range(draw(st.integers(1, most_events)))]
    chance = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 1.0, 1e-9, 0.5]))
    probability = [draw(chance) for _ in events]
    rows, names = [], list(events)
    for g in range(draw(st.integers(1, most_gates))):
        kind = draw(st.sampled_from(kinds))
        size = 2 if kind in _TWO else 1 if kind in _ONE else draw(st.integers(1, min(5, len(names))))
        recent = names[-6:] if draw(st.booleans()) and len(names) > size + 6 else names
        inputs = (
            draw(st.lists(st.sampled_from(recent), min_size=size, max_size=size, unique=True))
            if size <= len(recent)
            else None
        )
        if inputs is None:
            kind, inputs = "or", [names[0]]
        k = k_max = None
        if kind == "atleast":
            k = draw(st.integers(1, len(inputs)))
        if kind == "cardinality":
            k = draw(st.integers(0, len(inputs)))
            k_max = draw(st.integers(k, len(inputs)))
        for one in inputs:
            rows.append((f"g{g}", kind, k, k_max, one, negated and draw(st.booleans())))
        names.append(f"g{g}")
    gates = pl.DataFrame(rows, schema=GATES, orient="row")
    return gates, pl.DataFrame(
        {"event": events, "probability": probability}, schema_overrides={"probability": pl.Float64}
    )


class Oracle:
    """Everything about one gate by looking at every state of the events."""

    def __init__(self, gates: pl.DataFrame, events: pl.DataFrame, top: str) -> None:
        self.names = events["event"].to_list()
        self.p = events["probability"].to_list()
        self.gates = {}
        for row in gates.iter_rows(named=True):
            gate = self.gates.setdefault(row["gate"], (row["kind"], row["k"], row["k_max"], []))
            gate[3].append((row["input"], row["negated"]))
        self.states = list(product((False, True), repeat=len(self.names)))
        self.holds = {state: self._value(top, dict(zip(self.names, state, strict=True))) for state in self.states}

    def _value(self, name, values):
        if name not in values:
            kind, k, k_max, inputs = self.gates[name]
            x = [self._value(one, values) != negated for one, negated in inputs]
            values[name] = {
                "and": lambda: all(x),
                "or": lambda: any(x),
                "atleast": lambda: sum(x) >= k,
                "not": lambda: not x[0],
                "null": lambda: x[0],
                "xor": lambda: sum(x) % 2 == 1,
                "nand": lambda: not all(x),
                "nor": lambda: not any(x),
                "imply": lambda: not x[0] or x[1],
                "iff": lambda: x[0] == x[1],
                "cardinality": lambda: k <= sum(x) <= k_max,
            }[kind]()
        return values[name]

    def chance(self, wanted, fixed=None):
        """Probability of the states for which `wanted` holds, with the probability of one event set to 0 or 1."""
        p = [fixed[1] if fixed and fixed[0] == i else q for i, q in enumerate(self.p)]
        return fsum(
            prod(q if up else 1.0 - q for q, up in zip(p, state, strict=True)) for state in self.states if wanted(state)
        )

    def cut_sets(self):
        """Minimal sets of events for which, with some of them happening and nothing else, the top does."""
        able = {s for s in self.states if any(self.holds[t] for t in self.states if _within(t, s))}
        least = [s for s in able if not any(t != s and _within(t, s) for t in able)]
        return {frozenset(name for name, up in zip(self.names, s, strict=True) if up) for s in least}


def _within(small, large):
    return all(b or not a for a, b in zip(small, large, strict=True))
