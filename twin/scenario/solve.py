"""The value of any numeric setting for which a measure of the money comes to what is wanted.

The setting is any path that `--set` takes: rent, price, fee, cover ratio, escalator, PUE, tariff.  A bracket is
widened about the value of the file (or taken as given), and Brent's method closes it; every evaluation is a full run
of the money, and of the physics where the path is one of physics.  A term of a deal goes by months, and a count by
ones: the one that comes nearest is found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

from twin import progress, tables, units
from twin.errors import InputError, RefusedError, UnitError, UsageError, nearest
from twin.scenario import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

    from twin.scenario.measure import Target
    from twin.scenario.rerun import Base

_NUMBER = re.compile(r"[-+]?\d[\d,_]*(?:\.\d+)?(?:[eE][-+]?\d+)?")
_FACTORS = (1.02, 1.1, 1.3, 1.7, 2.5, 5.0, 10.0, 30.0, 100.0)
"""How far from the value of the file is looked, in turn, upwards and downwards."""

_DIGITS = 12
_CLOSE = 1e-7
"""How near the target has to be reached, as a share of it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A quantity as a file states it, taken apart at its number: `$127.28/kW-month`."""

    before: str
    number: float
    after: str

    def at(self, number: float) -> str:
        """The same quantity with another number."""
        return f"{self.before}{number:.{_DIGITS}g}{self.after}"


def written(text: str) -> Written | None:
    """Take a quantity apart; None where there is not one number in it."""
    found = _NUMBER.findall(text)
    if len(found) != 1:
        return None
    before, _, after = text.partition(found[0])
    return Written(before, float(found[0].replace(",", "").replace("_", "")), after)


_AS_A_RULE = 12
"""Evaluations of a search, of which the time left is made: the searches of the docs take 8 to 12."""


@dataclass
class _Search:
    """Evaluations of one setting, kept."""

    base: Base
    path: str
    form: Written
    aim: Target
    whole: bool = False
    count: int = 0
    known: dict[float, float] = field(default_factory=dict)
    why_not: str = ""

    def miss(self, number: float) -> float:
        """The measure less what is wanted.

        Raises:
            InputError, RefusedError: the file does not take the value, or the measure is not defined with it.
        """
        if number not in self.known:
            progress.reached(self.count, max(_AS_A_RULE, self.count + 1), "evaluations (as a rule)")
            self.count += 1
            results = self.base.with_overlays((f"{self.path}={self.form.at(number)}",))
            self.known[number] = measure.of(results, self.aim) - self.aim.value
        return self.known[number]

    def tried(self, number: float) -> float | None:
        """The same, None where it cannot be had; the first reason is kept."""
        try:
            return self.miss(number)
        except (InputError, RefusedError) as error:
            self.why_not = self.why_not or f"at {self.form.at(number)}: {str(error).splitlines()[0]}"
            return None


def solve(base: Base, path: str, aim: Target, between: tuple[str, str] | None = None) -> pl.DataFrame:
    """Table `solution`: the setting, the value found, what is reached.

    Args:
        base: the file with its results.
        path: what is varied, as in `--set`.
        aim: measure and value.
        between: two values of the setting to look between; about that of the file where not given.

    Raises:
        UsageError: the file states no number at the path and no range is given, or there is no such subject.
        RefusedError: the measure does not cross the target in the range, or jumps over it.
    """
    stated = _stated(base, path)
    form, ends = _range(path, stated, between, [*_paths(base)])
    whole = _whole(base, path, form)
    if whole is not None:
        months = whole.number / form.number if form.number else 1.0
        form, ends = whole, ends and (round(ends[0] * months), round(ends[1] * months))
    search = _Search(base, path, form, aim, whole is not None)
    now = _now(base, aim)
    bracket = _between(search, *ends) if ends else _widened(search, form.number)
    number = _nearest(search.miss, bracket) if search.whole else _closed(search.miss, bracket)
    reached = search.miss(number) + aim.value
    if not search.whole and abs(reached - aim.value) > _CLOSE * max(abs(aim.value), abs(now or 0.0), 1e-6):
        low, high = (search.form.at(end) for end in bracket)
        raise RefusedError(
            "solve",
            f"{aim} jumps over {aim.show(aim.value)} near {form.at(number)}: it is {aim.show(reached)} there",
            f"look between others than {low} and {high}, or vary something that acts continuously",
        )
    return tables.table("solution").frame(
        {
            "setting": [path],
            "value": [form.at(number)],
            "was": [stated or ""],
            "measure": [str(aim)],
            "unit": [aim.unit],
            "wanted": [aim.value],
            "reached": [reached],
            "before": [now],
            "evaluations": [search.count],
        }
    )


def _now(base: Base, aim: Target) -> float | None:
    """The measure as the file is; None where it has none, an error where there is no such subject."""
    try:
        return measure.of(base.results, aim)
    except RefusedError:
        return None


def _stated(base: Base, path: str) -> str | None:
    """What the file states at a path; None where this does not know."""
    topology = base.twin.topology
    section, _, rest = path.partition(".")
    for entry in topology.section(section):
        if rest.startswith(f"{entry.name}."):
            return entry.given.get(rest.removeprefix(f"{entry.name}."))
    if path == "discount":
        value = topology.settings.get("discount")
        return None if value is None else value.text
    group, _, attribute = path.rpartition(".")
    found = topology.groups.get(group)
    stated = None if found is None else found.attributes.get(attribute)
    return None if stated is None else stated.text


def _paths(base: Base) -> Iterator[str]:
    """What the file states of entries and groups."""
    topology = base.twin.topology
    yield from (f"{entry.section}.{entry.name}.{key}" for entry in topology.entries for key in entry.given)
    yield from (f"{path}.{name}" for path, group in topology.groups.items() for name in group.attributes)


def _whole(base: Base, path: str, form: Written) -> Written | None:
    """How a term of a deal is written in months, or a count; None for what may be any number."""
    section, _, rest = path.partition(".")
    name, _, key = rest.rpartition(".")
    for entry in base.twin.topology.section(section):
        if entry.name != name:
            continue
        value = getattr(entry.params, key, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return form
        if section == "deals" and form.after.strip():
            try:
                months = units.parse(form.at(form.number), "term")
            except UnitError:
                return None
            return Written("", float(round(months)), " months")
    return None


def _range(
    path: str, stated: str | None, between: tuple[str, str] | None, known: Sequence[str]
) -> tuple[Written, tuple[float, float] | None]:
    """How the setting is written, and where to look for it."""
    if between is None:
        form = written(stated) if stated else None
        if form is None or form.number == 0:
            said = f"'{stated}'" if stated else "nothing"
            hint = "" if stated else nearest(path, known)
            right = f"{hint} or say" if hint else "say"
            raise UsageError(f"the file states {said} at '{path}'; {right} where to look with --between LOW HIGH")
        return form, None
    low, high = (written(text) for text in between)
    if low is None or high is None or (low.before, low.after) != (high.before, high.after):
        raise UsageError(
            f"'{between[0]}' and '{between[1]}' are not two values of one unit; write both as '$100/kW-month'"
        )
    if low.number == high.number:
        raise UsageError(f"'{between[0]}' to '{between[1]}' is no range")
    return low, (min(low.number, high.number), max(low.number, high.number))


def _between(search: _Search, low: float, high: float) -> tuple[float, float]:
    """The ends as given, where the target lies between their values."""
    at_low, at_high = search.miss(low), search.miss(high)
    if at_low * at_high > 0:
        raise _no_crossing(search, {low: at_low, high: at_high})
    return low, high


def _widened(search: _Search, start: float) -> tuple[float, float]:
    """Two neighbouring values with the target between them, the nearest to the start."""
    here = search.tried(start)
    found = {} if here is None else {start: here}
    for step in _sides(start):
        side = float(round(step)) if search.whole else step
        value = search.tried(side)
        if value is None:
            continue
        found[side] = value
        ordered = sorted(found)
        for one, other in pairwise(ordered):
            if found[one] * found[other] <= 0:
                return one, other
    raise _no_crossing(search, found)


def _sides(start: float) -> Iterator[float]:
    for factor in _FACTORS:
        yield start * factor
        yield start / factor


def _no_crossing(search: _Search, found: dict[float, float]) -> RefusedError:
    aim = search.aim
    if not found:
        return RefusedError(
            "solve", f"no value of '{search.path}' that was tried gives {aim}; {search.why_not}", "vary something else"
        )
    low, high = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
    ends = f"{search.form.at(min(found))} and {search.form.at(max(found))}"
    if len(found) > 1 and found[high] - found[low] <= _CLOSE * max(abs(found[low] + aim.value), 1e-6):
        reason = f"{aim} is {aim.show(found[low] + aim.value)} whatever '{search.path}' is between {ends}"
        return RefusedError("solve", reason, "vary something that it depends on")
    reason = (
        f"{aim} does not come to {aim.show(aim.value)} between {ends}: it lies between "
        f"{aim.show(found[low] + aim.value)} and {aim.show(found[high] + aim.value)}"
    )
    if search.why_not:
        reason += f"; {search.why_not}"
    return RefusedError("solve", reason, "look elsewhere with --between, or aim at something within reach")


def _nearest(miss: Callable[[float], float], bracket: tuple[float, float]) -> float:
    """The whole number between two with the target between them that comes nearest to it."""
    low, high = bracket
    while high - low > 1:
        middle = float((low + high) // 2)
        if miss(low) * miss(middle) <= 0:
            high = middle
        else:
            low = middle
    return min(low, high, key=lambda end: abs(miss(end)))


def _closed(miss: Callable[[float], float], bracket: tuple[float, float]) -> float:
    low, high = bracket
    from scipy.optimize import brentq  # noqa: PLC0415 - slow to import, and few runs come here

    for end in bracket:
        if miss(end) == 0:
            return end
    return float(brentq(miss, low, high, xtol=1e-11 * max(abs(low), abs(high)), rtol=1e-11, maxiter=200))
