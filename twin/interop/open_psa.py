"""Fault trees of the Open-PSA model exchange format (2.0d), read into the frames of `twin.failure.exact`.

Read: fault trees and components with public and private names, gates with nested formulas, basic and house
events, parameters and their expressions, common-cause groups.  Refused by name: what would change an answer
and is not read (substitutions, external functions, elements that are unknown), and event trees and alignments
unless the caller says that the fault trees alone are wanted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from twin.errors import Finding, InputError, UsageError
from twin.failure.common_cause import expand, shares
from twin.failure.exact.frames import NO_INPUT, read
from twin.interop.open_psa_names import CONTAINERS, Definitions
from twin.interop.open_psa_values import MISSION_TIME_H, Values, boolean, expression
from twin.interop.xml import read_xml

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from twin.interop.xml import Element

_EVENT_TREES = (
    "define-event-tree",
    "define-initiating-event",
    "define-rule",
    "define-alignment",
)
_REFERENCES = ("event", "gate", "basic-event", "house-event")
_OPERATORS = ("and", "or", "not", "xor", "nand", "nor", "atleast", "imply", "iff", "cardinality")
_NOTHING = ("label", "attributes")
_SAID = {"k is out of range": "'min' is out of range", "k_max is out of range": "'max' is out of range"}
"""What a finding of the frames is called in the format."""
_FIRST_LEVEL = {"MGL": 2, "alpha-factor": 1, "phi-factor": 1}

_GATES = {"gate": pl.String, "kind": pl.String, "k": pl.Int64, "k_max": pl.Int64, "input": pl.String}
_EVENTS = {"event": pl.String, "probability": pl.Float64, "house": pl.Boolean}


@dataclass(frozen=True, slots=True)
class Model:
    """The fault trees of one or several files.

    Attributes:
        gates: one row per input of a gate, as `twin.failure.exact` takes it; a nested formula is a gate called
            `its gate#number`.
        events: one row per event; house events are marked, and the events of a common-cause group are called
            after the members they fail, in brackets.
        left_out: what the files hold besides fault trees and was left out on demand, with how often.
    """

    gates: pl.DataFrame
    events: pl.DataFrame
    left_out: dict[str, int]


@dataclass(slots=True)
class _Rows:
    gates: list[tuple[str, str, int | None, int | None, str]] = field(default_factory=list)
    events: dict[str, tuple[float, bool]] = field(default_factory=dict)
    places: dict[str, tuple[str, Element]] = field(default_factory=dict)
    """Gate, nested or not -> name of the gate in the file, and its formula."""
    findings: list[Finding] = field(default_factory=list)


def read_open_psa(
    paths: Sequence[Path],
    *,
    mission_time_h: float = MISSION_TIME_H,
    common_cause: bool = True,
    fault_trees_only: bool = False,
) -> Model:
    """Read the fault trees of one model.

    Args:
        paths: its files; together they are one model.
        mission_time_h: system mission time in hours, at least 0.
        common_cause: expand the common-cause groups; without, members fail independently with the group's total.
        fault_trees_only: leave out event trees and alignments instead of refusing them.

    Returns:
        The frames.

    Raises:
        InputError: everything that is wrong with the files or not read.
        UsageError: no file, or a mission time that is none.
    """
    if not paths:
        raise UsageError("no file to read")
    if not 0.0 <= mission_time_h < float("inf"):
        raise UsageError(f"the mission time is {mission_time_h} h; give 0 or more")
    rows = _Rows()
    definitions = Definitions(rows.findings)
    left_out: dict[str, int] = {}
    for path in paths:
        root = _root(path, rows)
        if root is not None:
            definitions.add(root, "", public=True)
            _not_fault_trees(root, rows, left_out, refuse=not fault_trees_only)
    values = Values(definitions.parameter, mission_time_h)
    _events(definitions, values, rows)
    _groups(definitions, values, rows, common_cause=common_cause)
    for name, element, where in definitions.all("define-gate"):
        _gate(definitions, rows, name, element, where)
    if not definitions.gates and not rows.findings:
        rows.findings.append(Finding(str(paths[0]), 0, 0, "", "there is no gate in the model", "", "a fault tree"))
    gates = pl.DataFrame(rows.gates, schema=_GATES, orient="row")
    events = pl.DataFrame([(name, *row) for name, row in rows.events.items()], schema=_EVENTS, orient="row")
    _formulas(rows, gates, events)
    if rows.findings:
        raise InputError(rows.findings)
    return Model(gates, events, left_out)


def _formulas(rows: _Rows, gates: pl.DataFrame, events: pl.DataFrame) -> None:
    """What the engine has against the gates, at the formulas that say it."""
    known = {(one.file, one.line, one.path) for one in rows.findings}
    try:
        read(gates, events)
    except InputError as error:
        for one in error.findings:
            name, element = rows.places.get(one.path, (one.path, None))
            # A reference to nothing is found with its element before; what is left follows from other findings.
            if element is None or (element.file, element.line, name) in known or one.message == NO_INPUT:
                continue
            message = f"<{element.tag}>: {_SAID.get(one.message, one.message)}"
            rows.findings.append(element.finding(name, message, one.got, one.expected))
        if not rows.findings:
            raise


def _root(path: Path, rows: _Rows) -> Element | None:
    """The model of one file."""
    try:
        root = read_xml(path)
    except InputError as error:
        rows.findings += error.findings
        return None
    if root.tag == "opsa-mef":
        return root
    rows.findings.append(root.finding(root.tag, "is not an Open-PSA model", root.tag, "<opsa-mef>"))
    return None


def _not_fault_trees(root: Element, rows: _Rows, left_out: dict[str, int], *, refuse: bool) -> None:
    """What a model holds besides fault trees: event trees and alignments are left out or refused, the rest refused."""
    for one in root.inside:
        if one.tag in _EVENT_TREES and not refuse:
            left_out[one.tag] = left_out.get(one.tag, 0) + 1
        elif one.tag not in (*CONTAINERS, *Definitions.kinds, *_NOTHING):
            remedy = "--fault-trees-only leaves it out" if one.tag in _EVENT_TREES else "a model without it"
            rows.findings.append(one.finding(one.get("name"), f"<{one.tag}> is not read", "", remedy))


def _events(definitions: Definitions, values: Values, rows: _Rows) -> None:
    """Basic and house events with their probability."""
    for name, element, where in definitions.all("define-basic-event"):
        try:
            rows.events[name] = (values.value(expression(element), where), False)
        except InputError as error:
            rows.findings += error.findings
        else:
            _check(rows, element, name, rows.events[name][0])
    for name, element, _ in definitions.all("define-house-event"):
        try:
            constant = next(element.all("constant"), None)
            rows.events[name] = (float(constant is not None and boolean(constant)), True)
        except InputError as error:
            rows.findings += error.findings


def _check(rows: _Rows, element: Element, name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        rows.findings.append(element.finding(name, "has a probability outside 0..1", f"{value:g}", "a probability"))


def _groups(definitions: Definitions, values: Values, rows: _Rows, *, common_cause: bool) -> None:
    """Members of common-cause groups: a gate over the events that fail them, or one event each."""
    for name, element, where in definitions.all("define-CCF-group"):
        try:
            _group(definitions, values, rows, (name, element, where), common_cause=common_cause)
        except InputError as error:
            rows.findings += error.findings
        except UsageError as error:
            rows.findings.append(element.finding(name, str(error)))


def _group(
    definitions: Definitions, values: Values, rows: _Rows, of: tuple[str, Element, str], *, common_cause: bool
) -> None:
    name, element, where = of
    members = [definitions.member(one, where) for part in element.all("members") for one in part.inside]
    distribution = next(element.all("distribution"), None)
    if distribution is None:
        raise InputError([element.finding(name, "has no distribution")])
    total = values.value(expression(distribution), where)
    _check(rows, element, name, total)
    for member in members:
        if member in rows.events or members.count(member) > 1:
            raise InputError([element.finding(name, "has a member whose probability is given twice", member)])
    share = shares(element.get("model"), _parameters(values, element, where, len(members)), len(members))
    if not common_cause:
        rows.events.update(dict.fromkeys(members, (total, False)))
        return
    for event in expand(members, total, share):
        called = f"[{' '.join(event.members)}]"
        rows.events[called] = (event.value, False)
        rows.gates += [(member, "or", None, None, called) for member in event.members]


def _parameters(values: Values, element: Element, where: str, size: int) -> list[float]:
    """The factors of a group by level, those between that are not given 0."""
    factors = [*element.all("factor"), *(one for part in element.all("factors") for one in part.all("factor"))]
    model = element.get("model")
    first = _FIRST_LEVEL.get(model, size)
    found: dict[int, float] = {}
    for at, factor in enumerate(factors):
        text = factor.get("level", str(first + at))
        level = int(text) if text.isdigit() else 0
        if not first <= level <= size or level in found:
            raise InputError(
                [factor.finding(element.get("name"), "factor has a wrong level", text, f"{first}..{size}")]
            )
        found[level] = values.value(expression(factor), where)
    return [found.get(level, 0.0) for level in range(first, max(found, default=first - 1) + 1)]


def _gate(definitions: Definitions, rows: _Rows, name: str, element: Element, where: str) -> None:
    """The rows of one gate and of the formulas nested in it."""
    formulas = [one for one in element.inside if one.tag not in _NOTHING]
    if len(formulas) != 1:
        rows.findings.append(element.finding(name, f"gate has {len(formulas)} formulas", "", "one"))
        return
    count = 0
    pending = [(name, formulas[0])]
    while pending:
        gate, formula = pending.pop()
        if formula.tag in (*_REFERENCES, "constant"):
            inputs, kind, bounds = [formula], "null", _bounds(rows, name, formula)
        elif formula.tag in _OPERATORS:
            inputs, kind, bounds = formula.inside, formula.tag, _bounds(rows, name, formula)
        else:
            rows.findings.append(formula.finding(name, f"<{formula.tag}> is no formula that is read"))
            continue
        rows.places[gate] = name, formula
        if not inputs:
            rows.findings.append(formula.finding(name, f"<{formula.tag}> has no argument"))
        for one in inputs:
            if one.tag in (*_REFERENCES, "constant"):
                other = _referred(definitions, rows, name, one, where)
            else:
                count += 1
                other = f"{name}#{count}"
                pending.append((other, one))
            rows.gates.append((gate, kind, *bounds, other))


def _bounds(rows: _Rows, name: str, formula: Element) -> tuple[int | None, int | None]:
    """The fewest and most inputs of `atleast` and `cardinality`."""
    wanted = {"atleast": ("min",), "cardinality": ("min", "max")}.get(formula.tag, ())
    found = []
    for attribute in wanted:
        text = formula.get(attribute)
        if not text.isdigit():
            rows.findings.append(formula.finding(name, f"<{formula.tag}> has no number in '{attribute}'", text))
        found.append(int(text) if text.isdigit() else 0)
    least, most = (*found, None, None)[:2]
    return least, most


def _referred(definitions: Definitions, rows: _Rows, name: str, one: Element, where: str) -> str:
    """The name of the gate or event that a formula names; a constant is a house event of its own."""
    if one.tag == "constant":
        try:
            value = boolean(one)
        except InputError as error:
            rows.findings += error.findings
            return _undefined(rows)
        called = "[true]" if value else "[false]"
        rows.events[called] = (float(value), True)
        return called
    found = definitions.event(one, where)
    if found is None:
        rows.findings.append(one.finding(name, f"<{one.tag}> is not defined", one.get("name"), definitions.near(one)))
        return _undefined(rows)
    return found


def _undefined(rows: _Rows) -> str:
    """Stands for what was found wrong, so that the rest of its formula can be looked at."""
    called = f"[undefined {len(rows.findings)}]"
    rows.events[called] = (0.0, False)
    return called
