"""What is wanted of a topology by month: `demand:`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin import units
from twin.api import month_index
from twin.errors import UnitError, UsageError
from twin.topology import select, shape
from twin.topology.attributes import ROLLUP_KINDS
from twin.topology.draft import MAX_INSTANCES, text_of
from twin.topology.model import Demand
from twin.topology.nodes import Mapped, Scalar, describe
from twin.topology.shape import join
from twin.topology.values import NAME, read_date

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Calendar
    from twin.topology.draft import Draft
    from twin.topology.model import Group, Where
    from twin.topology.nodes import Node

_METRICS = {
    "power": ("it_power", "power"),
    "accelerators": ("accelerators", "number"),
    "compute": ("compute", "compute"),
}
"""Key of a demand -> its metric and the dimension of its values."""


def demands(draft: Draft, groups: Mapping[str, Group], calendar: Calendar) -> tuple[Demand, ...]:
    """The entries of `demand:`; what is wrong is noted and left out.

    Args:
        draft: the file.
        groups: resolved.
        calendar: of the file.
    """
    node = draft.items.get("demand")
    found = []
    for name, item in node.items.items() if isinstance(node, Mapped) else ():
        place = join("demand", name)
        if not NAME.match(name):
            expected = "letters, digits, '-' and '_', a letter first"
            draft.findings.add(item, place, "not the name of a demand", got=name, expected=expected)
        taken = shape.take(item, shape.DEMAND, place, draft.findings)
        one = _demand(draft, groups, calendar, name, item, taken, place) if taken else None
        if one is not None:
            found.append(one)
    return tuple(found)


def _demand(
    draft: Draft,
    groups: Mapping[str, Group],
    calendar: Calendar,
    name: str,
    node: Node,
    taken: Mapping[str, Node],
    place: str,
) -> Demand | None:
    keys = [key for key in _METRICS if key in getattr(node, "keys", ())]
    if len(keys) != 1:
        message = "a demand for nothing" if not keys else f"'{keys[1]}' beside '{keys[0]}'"
        expected = f"one of {', '.join(_METRICS)} with dates, as 'power: {{2027-06-01: 200 MW}}'"
        draft.findings.add(node, place, message, expected=expected)
        return None
    metric, dimension = _METRICS[keys[0]]
    precision = taken.get("precision")
    if metric == "compute" and "precision" not in getattr(node, "keys", ()):
        draft.findings.add(node, place, "compute of no precision", expected="add 'precision:' with bf16, fp8 or fp4")
    elif metric != "compute" and precision is not None:
        expected = "leave it out: it is for 'compute'"
        draft.findings.add(precision, join(place, "precision"), f"'precision' beside '{keys[0]}'", expected=expected)
    scope = _scope(draft, groups, taken["at"], join(place, "at")) if "at" in taken else ""
    steps = _steps(draft, taken.get(keys[0]), dimension, join(place, keys[0]), calendar)
    if scope is None or not steps:
        return None
    return Demand(name, metric, scope, text_of(precision), steps, node.where, **about_of(taken))


def _steps(
    draft: Draft, node: Node | None, dimension: str, place: str, calendar: Calendar
) -> tuple[tuple[int, float], ...]:
    """(month index, value) in ascending months; empty, with findings, where something is wrong."""
    if not isinstance(node, Mapped):
        return ()
    if not node.keys:
        draft.findings.add(node, place, "no dates", expected="write it as '{2027-06-01: …, 2027-12-01: …}'")
    before = len(draft.findings.items)
    months: dict[int, tuple[float, Where]] = {}
    for written, item in node.items.items():
        here = join(place, written)
        at = node.keys.get(written, item.where)
        try:
            month = month_index(read_date(written), calendar.start)
            value = _amount(item, dimension)
        except UnitError as error:
            wrong = error.message in {"not a date", "there is no such day"}
            draft.findings.add(
                at if wrong else item,
                here,
                error.message,
                got=written if wrong else describe(item),
                expected=error.expected,
            )
            continue
        if calendar.months and month >= calendar.months:
            last = f"{calendar.date(calendar.months - 1):%Y-%m}"
            expected = f"a month up to {last}, or more 'months:' in the calendar"
            draft.findings.add(at, here, "after the end of the calendar", got=written, expected=expected)
        if month in months:
            line = months[month][1].line
            expected = f"one value a month; the other is on line {line}" if line else "one value a month"
            draft.findings.add(at, here, "two values in one month", got=written, expected=expected)
        months[month] = (value, at)
    if len(draft.findings.items) > before:
        return ()
    return tuple((month, months[month][0]) for month in sorted(months))


def _amount(node: Node, dimension: str) -> float:
    value = units.parse(node.value if isinstance(node, Scalar) else None, dimension)
    if value < 0:
        raise UnitError("below zero", "write zero or more")
    if dimension == "number" and (value != int(value) or value > MAX_INSTANCES * 1e6):
        raise UnitError("not a whole number", "write a whole number of accelerators")
    return value


def _scope(draft: Draft, groups: Mapping[str, Group], node: Node, place: str) -> str | None:
    """The id of the one container that a demand is for; None, with a finding, where it is not one."""
    found = selected(draft, groups, node, place)
    if found is None:
        return None
    single = [path for path, ranges in found.items() if all(low == high for one in ranges for low, high in one)]
    kinds = {groups[path].kind for path in found}
    if len(found) != 1 or len(single) != 1 or len(found[single[0]]) != 1 or not kinds <= set(ROLLUP_KINDS):
        expected = f"one {', '.join(ROLLUP_KINDS[:-1])} or {ROLLUP_KINDS[-1]}, as 'campus' or 'campus/hall[2]'"
        draft.findings.add(node, place, "not one place that can meet a demand", got=describe(node), expected=expected)
        return None
    chain = single[0].split("/")
    paths = ["/".join(chain[: level + 1]) for level in range(len(chain))]
    numbers = [low for low, _ in found[single[0]][0]]
    return "/".join(
        f"{groups[path].name}[{number}]" if groups[path].indexed else groups[path].name
        for path, number in zip(paths, numbers, strict=True)
    )


def selected(
    draft: Draft, groups: Mapping[str, Group], node: Node, place: str
) -> dict[str, tuple[select.Ranges, ...]] | None:
    """What a selector names; None, with a finding, where it is none or names nothing."""
    try:
        return select.match(select.parse(text_of(node)), groups)
    except UsageError as error:
        message, _, expected = str(error).partition("; ")
        draft.findings.add(node, place, message, got=text_of(node), expected=expected)
        return None


def about_of(taken: Mapping[str, Node]) -> dict[str, str]:
    """`doc`, `source` and `note` as far as given."""
    return {key: text_of(taken.get(key)) for key in ("doc", "source", "note")}
