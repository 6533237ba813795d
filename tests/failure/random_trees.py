"""Random fault trees as frames, and what enumeration of all states says of them."""

from __future__ import annotations

from itertools import product
from math import fsum

import numpy as np
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
    chance = st.one_of(st.floats(1e-12, 1.0), st.sampled_from([0.0, 1.0, 1e-9, 0.5]))
    probability = [draw(chance) for _ in events]
    rows, names = [], list(events)
    for g in range(draw(st.integers(1, most_gates))):
        kind = draw(st.sampled_from(kinds))
        size = 2 if kind in _TWO else 1 if kind in _ONE else draw(st.integers(1, min(5, len(names))))
        if size > len(names):
            kind, size = "or", 1
        recent = names[-6:] if draw(st.booleans()) and size <= 6 <= len(names) else names
        inputs = draw(st.lists(st.sampled_from(recent), min_size=size, max_size=size, unique=True))
        k = k_max = None
        if kind == "atleast":
            k = draw(st.integers(1, len(inputs)))
        if kind == "cardinality":
            k = draw(st.integers(0, len(inputs)))
            k_max = draw(st.integers(k, len(inputs)))
        rows += [(f"g{g}", kind, k, k_max, one, negated and draw(st.booleans())) for one in inputs]
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
        self.states = np.array(list(product((False, True), repeat=len(self.names))), dtype=bool)
        self.holds = self._value(top, dict(zip(self.names, self.states.T, strict=True)))

    def _value(self, name, values):
        if name not in values:
            kind, k, k_max, inputs = self.gates[name]
            x = np.array([self._value(one, values) != negated for one, negated in inputs])
            values[name] = {
                "and": lambda: x.all(0),
                "or": lambda: x.any(0),
                "atleast": lambda: x.sum(0) >= k,
                "not": lambda: ~x[0],
                "null": lambda: x[0],
                "xor": lambda: x.sum(0) % 2 == 1,
                "nand": lambda: ~x.all(0),
                "nor": lambda: ~x.any(0),
                "imply": lambda: ~x[0] | x[1],
                "iff": lambda: x[0] == x[1],
                "cardinality": lambda: (k <= x.sum(0)) & (x.sum(0) <= k_max),
            }[kind]()
        return values[name]

    def chance(self, wanted, fixed=None):
        """Probability of the states marked `wanted`, with the probability of one event set to 0 or 1."""
        p = np.array([fixed[1] if fixed and fixed[0] == i else q for i, q in enumerate(self.p)])
        return fsum(np.where(self.states, p, 1.0 - p).prod(1)[wanted])

    def cut_sets(self):
        """Minimal sets of events for which, with some of them happening and nothing else, the top does."""
        # Numbered as binary, a state lies within another where no bit is its own.
        true = [n for n, holds in enumerate(self.holds) if holds]
        able = [n for n in range(len(self.states)) if any(t & ~n == 0 for t in true)]
        least = [n for n in able if not any(t != n and t & ~n == 0 for t in able)]
        return {self.named(self.states[n]) for n in least}

    def named(self, state):
        """The events of a state."""
        return frozenset(name for name, up in zip(self.names, state, strict=True) if up)


def frames(gates: dict[str, tuple], events: dict[str, float]):
    """Gates as name -> (kind, inputs) or (kind, k, inputs); a leading '-' complements an input."""
    rows = []
    for name, (kind, *k, inputs) in gates.items():
        rows += [(name, kind, *(*k, None)[:1], one.lstrip("-"), one.startswith("-")) for one in inputs]
    schema = {"gate": pl.String, "kind": pl.String, "k": pl.Int64, "input": pl.String, "negated": pl.Boolean}
    made = pl.DataFrame(
        {"event": list(events), "probability": list(events.values())},
        schema={"event": pl.String, "probability": pl.Float64},
    )
    return pl.DataFrame(rows, schema=schema, orient="row"), made


def ladder(rungs: int):
    """Two long rails and what joins them: everything shares with everything."""
    events = {f"e{i}": 0.01 + i % 7 / 100 for i in range(rungs)}
    gates = {
        f"g{i}": ("atleast", 2, [f"e{(i * a + b) % rungs}" for a, b in ((1, 0), (3, 5), (7, 11), (11, 2))])
        for i in range(rungs)
    }
    gates["top"] = ("atleast", rungs // 3, list(gates))
    return frames(gates, events)
