"""From plain frames to a tree of numbered gates and events; everything wrong with them is said at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from twin.errors import Finding, InputError, UsageError, nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KINDS = {
    "and": (1, None),
    "or": (1, None),
    "atleast": (1, None),
    "xor": (1, None),
    "nand": (1, None),
    "nor": (1, None),
    "not": (1, 1),
    "null": (1, 1),
    "imply": (2, 2),
    "iff": (2, 2),
    "cardinality": (1, None),
}
"""Kind of gate -> fewest and most inputs (None: any number)."""

NO_INPUT = "input is no gate and no event"
"""What is said of an input that nothing defines."""
_COUNTED = ("atleast", "cardinality")
_Schema = Mapping[str, type[pl.DataType]]
_GATES: _Schema = {"gate": pl.String, "kind": pl.String, "input": pl.String}
_GATES_MORE: _Schema = {"k": pl.Int64, "k_max": pl.Int64, "negated": pl.Boolean}
_EVENTS: _Schema = {"event": pl.String, "probability": pl.Float64}
_EVENTS_MORE: _Schema = {"house": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate as it was given.

    Attributes:
        kind: one of `KINDS`.
        k: how many inputs at least, for `atleast` and `cardinality`.
        most: how many at most, for `cardinality`.
        inputs: numbers of gates and events, negative where complemented.
    """

    kind: str
    k: int
    most: int
    inputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A fault tree: nodes numbered from 1, events first, a negative number for a complement.

    Attributes:
        names: name of every node; entry 0 stands for nothing.
        probability: of every event, by number; entry 0 stands for nothing.
        house: numbers of events that are constants of the tree.
        gates: gates by number, each after all its inputs.
        roots: numbers of the gates that no other gate has as its input.
    """

    names: tuple[str, ...]
    probability: tuple[float, ...]
    house: frozenset[int]
    gates: dict[int, Gate]
    roots: tuple[int, ...]

    def chosen(self, top: str | Sequence[str] | None) -> list[int]:
        """Numbers of the gates that `top` names; the one root where it names none.

        Raises:
            UsageError: there is no such gate, or several roots and no choice.
        """
        if top is None:
            if len(self.roots) != 1:
                names = ", ".join(self.names[root] for root in self.roots[:12])
                raise UsageError(f"the tree has {len(self.roots)} top gates; choose with `top`: {names}")
            return [self.roots[0]]
        known = {self.names[number]: number for number in self.gates}
        wanted = [top] if isinstance(top, str) else list(top)
        for name in wanted:
            if name not in known:
                raise UsageError(f"there is no gate '{name}'; {one_of(name, known)}")
        return [known[name] for name in wanted]


def read(gates: pl.DataFrame, events: pl.DataFrame) -> Tree:
    """Number the gates and events of two frames.

    Args:
        gates: one row per input of a gate: `gate`, `kind`, `input`; where needed `k` (with `atleast`, and the
            fewest of `cardinality`), `k_max` (the most of `cardinality`), `negated` (the input is complemented).
        events: one row per basic event: `event`, `probability` (0..1); where needed `house` (true for a constant
            of the tree, with probability 0 or 1).

    Returns:
        The tree.

    Raises:
        InputError: every fault of the two frames; the line of a finding is the row, counted from 1.
    """
    findings: list[Finding] = []
    gates = _shaped(gates, "gates", _GATES, _GATES_MORE, findings)
    events = _shaped(events, "events", _EVENTS, _EVENTS_MORE, findings)
    if findings:
        raise InputError(findings)
    findings += _event_findings(events)
    rows = gates.with_row_index("row", 1).group_by("gate", maintain_order=True).agg(pl.all())
    names = (*events["event"].to_list(), *rows["gate"].to_list())
    numbers = {name: number for number, name in enumerate(names, 1)}
    found: dict[int, Gate] = {}
    for number, row in enumerate(rows.iter_rows(named=True), events.height + 1):
        findings += _gate_findings(row, numbers)
        if not findings:
            found[number] = _gate(row, numbers)
    if not gates.height:
        findings.append(Finding("gates", 0, 0, "", "there is no gate", "", "one row per input of a gate"))
    twice = set(events["event"].to_list()) & set(rows["gate"].to_list())
    findings += [Finding("gates", 0, 0, name, "is a gate and an event", "", "one meaning a name") for name in twice]
    if findings:
        raise InputError(findings)
    probability = (0.0, *events["probability"].to_list())
    house = frozenset((events["house"].arg_true() + 1).to_list())
    return _ordered(("", *names), probability, house, found)


def _shaped(frame: pl.DataFrame, what: str, wanted: _Schema, more: _Schema, findings: list[Finding]) -> pl.DataFrame:
    """The columns that are read, optional ones filled in."""
    optional = [pl.lit(None, dtype).alias(name) for name, dtype in more.items() if name not in frame.columns]
    for name in wanted:
        if name not in frame.columns:
            got = ", ".join(frame.columns)
            findings.append(Finding(what, 0, 0, name, "column is missing", got, f"columns {', '.join(wanted)}"))
    if findings:
        return frame
    types = {**wanted, **more}
    try:
        shaped = frame.with_columns(optional).select(pl.col(name).cast(dtype) for name, dtype in types.items())
    except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError) as error:
        said = "; ".join(f"{name}: {dtype}" for name, dtype in types.items())
        findings.append(Finding(what, 0, 0, "", "a column has another type", str(error), said))
        return frame
    for name in wanted:
        empty = shaped.select(pl.col(name).is_null() | (pl.col(name).cast(pl.String) == "")).to_series()
        findings += [
            Finding(what, row + 1, 0, name, "is empty", "", "a value in every row")
            for row in empty.arg_true().to_list()
        ]
    return shaped.with_columns(pl.col(name).fill_null(value=False) for name in ("negated", "house") if name in types)


def _event_findings(events: pl.DataFrame) -> Iterator[Finding]:
    numbered = events.with_row_index("row", 1)
    again = numbered.filter(~pl.col("event").is_first_distinct())
    for row, name in again.select("row", "event").rows():
        yield Finding("events", row, 0, name, "is listed twice", "", "one row per event")
    chance = pl.col("probability")
    for row, name, value in numbered.filter(~chance.is_between(0.0, 1.0)).select("row", "event", "probability").rows():
        yield Finding("events", row, 0, name, "probability is outside 0..1", str(value), "a probability")
    between = numbered.filter(pl.col("house") & (chance > 0.0) & (chance < 1.0))
    for row, name, value in between.select("row", "event", "probability").rows():
        yield Finding("events", row, 0, name, "is a house event and neither false nor true", str(value), "0 or 1")


def _gate_findings(row: dict[str, list[object]], numbers: dict[str, int]) -> Iterator[Finding]:
    name, first = str(row["gate"]), row["row"][0]
    line = first if isinstance(first, int) else 0
    for column in ("kind", "k", "k_max"):
        values = list(dict.fromkeys(row[column]))
        if len(values) > 1:
            got = ", ".join(str(value) for value in values)
            yield Finding("gates", line, 0, name, f"has more than one {column}", got, f"the same {column} in each row")
    for at, other in zip(row["row"], row["input"], strict=True):
        if other not in numbers:
            place = at if isinstance(at, int) else 0
            known = nearest(str(other), numbers) or "a gate or an event"
            yield Finding("gates", place, 0, name, NO_INPUT, str(other), known)
    pairs = list(zip(row["input"], row["negated"], strict=True))
    for other in dict.fromkeys(pair[0] for pair, times in Counter(pairs).items() if times > 1):
        yield Finding("gates", line, 0, name, "has an input twice", str(other), "each input once")
    yield from _kind_findings(line, name, str(row["kind"][0]), (row["k"][0], row["k_max"][0]), len(pairs))


def _kind_findings(line: int, name: str, kind: str, bounds: tuple[object, object], count: int) -> Iterator[Finding]:
    if kind not in KINDS:
        yield Finding("gates", line, 0, name, "unknown kind", kind, one_of(kind, KINDS))
        return
    fewest, most = KINDS[kind]
    if count < fewest or (most is not None and count > most):
        yield Finding("gates", line, 0, name, f"wrong number of inputs of '{kind}'", str(count), f"{fewest}")
    k, k_max = bounds
    if kind not in _COUNTED:
        if k is not None or k_max is not None:
            yield Finding("gates", line, 0, name, f"k means nothing for '{kind}'", str(k), "no k, or kind 'atleast'")
    elif not isinstance(k, int) or not _least(kind) <= k <= count:
        yield Finding("gates", line, 0, name, "k is out of range", str(k), f"{_least(kind)}..{count}")
    elif kind == "atleast" and k_max is not None:
        yield Finding("gates", line, 0, name, "k_max means nothing for 'atleast'", str(k_max), "kind 'cardinality'")
    elif kind == "cardinality" and (not isinstance(k_max, int) or not k <= k_max <= count):
        yield Finding("gates", line, 0, name, "k_max is out of range", str(k_max), f"{k}..{count}")


def _least(kind: str) -> int:
    return 0 if kind == "cardinality" else 1


def _gate(row: dict[str, list[object]], numbers: dict[str, int]) -> Gate:
    pairs = zip(row["input"], row["negated"], strict=True)
    inputs = tuple(-numbers[str(other)] if negated else numbers[str(other)] for other, negated in pairs)
    k, most = row["k"][0], row["k_max"][0]
    return Gate(
        str(row["kind"][0]), k if isinstance(k, int) else 0, most if isinstance(most, int) else len(inputs), inputs
    )


def _ordered(
    names: tuple[str, ...], probability: tuple[float, ...], house: frozenset[int], gates: dict[int, Gate]
) -> Tree:
    """The tree with every gate after its inputs.

    Raises:
        InputError: gates go round in a circle.
    """
    order: dict[int, Gate] = {}
    active: dict[int, None] = {}
    used: set[int] = set()
    for start in gates:
        pending = [start]
        while pending:
            here = pending[-1]
            if here in order:
                pending.pop()
                continue
            inputs = [abs(one) for one in gates[here].inputs if abs(one) in gates]
            if here in active:
                order[here] = gates[here]
                del active[here]
                pending.pop()
                continue
            active[here] = None
            used.update(inputs)
            if round_ := next((one for one in inputs if one in active), None):
                path = [names[one] for one in active]
                circle = " -> ".join([*path[path.index(names[round_]) :], names[round_]])
                raise InputError([Finding("gates", 0, 0, names[here], "gates go round in a circle", circle, "a tree")])
            pending += [one for one in reversed(inputs) if one not in order]
    roots = tuple(number for number in gates if number not in used)
    return Tree(names, probability, house, order, roots)
