"""The conformance kit: a plugin as rows of what was checked, whether it holds and what would be right."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
from polars.testing import assert_frame_equal

from twin import units
from twin.api import Analysis, Catalogue, Model
from twin.conformance.calls import Call, calls_of
from twin.conformance.larger import fewest, larger, rows
from twin.conformance.steps import steps
from twin.errors import TwinError, UsageError, one_of
from twin.loading import ACTIVE, Loaded
from twin.parameters import meaning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from twin.api import Table
    from twin.registry import Registry

COLUMNS = {"subject": pl.String, "check": pl.String, "ok": pl.Boolean, "got": pl.String, "wanted": pl.String}
EXAMPLE = "example.yaml"

_RECALLED = "recalled"
"""The confidence of a figure from memory: there is nothing that it was read in."""

_FEW, _MANY = 4, 16
_LINES_A_ROW = 0.5
_TIMED_ROWS = 20_000
_TIMED_S = 0.2
_MORE = 4


class Row(NamedTuple):
    """One check."""

    subject: str
    check: str
    ok: bool
    got: str
    wanted: str


def _holds(subject: str, check: str, got: str, wanted: str) -> Row:
    return Row(subject, check, ok=True, got=got, wanted=wanted)


def _fails(subject: str, check: str, got: str, wanted: str) -> Row:
    return Row(subject, check, ok=False, got=got, wanted=wanted)


def find(plugins: Sequence[Loaded], name: str) -> Loaded:
    """The plugin of an entry point or a distribution.

    Raises:
        UsageError: there is none, or there are several of a distribution.
    """
    found = [each for each in plugins if each.info.name == name]
    found = found or [each for each in plugins if each.info.distribution == name]
    if not found:
        known = sorted({each.info.name for each in plugins})
        raise UsageError(f"there is no plugin '{name}'; {one_of(name, known)}; see 'twin plugins'")
    if len(found) > 1:
        raise UsageError(f"'{name}' ships several plugins: {', '.join(each.info.name for each in found)}; name one")
    return found[0]


def conform(loaded: Loaded, known: Registry, example: Path | None = None) -> pl.DataFrame:
    """Hold a plugin against the kit.

    Args:
        loaded: the plugin.
        known: a registry that has it.
        example: a topology that uses its models; by default `example.yaml` beside the plugin's module, or in a
            package that it is in.

    Returns:
        `subject, check, ok, got, wanted`, one row a check.
    """
    info = loaded.info
    found = [Row(info.name, "loads", info.state == ACTIVE, info.reason or info.state, ACTIVE)]
    if info.state == ACTIVE:
        found.append(
            Row(
                info.name,
                "uses nothing that is to go away",
                not info.outdated,
                "; ".join(info.outdated) or "nothing",
                "what takes its place",
            )
        )
        for hook, offer in loaded.offers:
            found += _described(hook, offer)
        found += _parts(loaded)
        found += _called(loaded, known, example)
    return pl.DataFrame(found, schema=COLUMNS, orient="row")


def _described(hook: str, offer: Any) -> Iterator[Row]:
    """Whether every parameter and every column says what it is."""
    if not isinstance(offer, Model):
        return
    silent = [name for name in offer.params.model_fields if not meaning(offer.params, name)]
    subject = f"{hook.removeprefix('twin_')}/{offer.name}"
    yield Row(
        subject,
        "parameters are documented",
        not silent,
        ", ".join(silent) or f"{len(offer.params.model_fields)} of them",
        "a description of each: Field(description=…)",
    )
    if isinstance(offer, Analysis):
        for table in offer.tables:
            yield _units(subject, table)


def _units(subject: str, table: Table) -> Row:
    suffixes = {dimension.suffix for dimension in units.DIMENSIONS.values()}
    bare = [
        column.name
        for column in table.columns
        if column.dtype == "f64" and not any(_said(column.name, suffix) for suffix in suffixes)
    ]
    return Row(
        subject,
        f"units in the names of '{table.name}'",
        not bare,
        ", ".join(bare) or f"{len(table.columns)} columns",
        "a number ends in its unit: _kw, _usd, _fraction, _ratio, …",
    )


def _said(name: str, suffix: str) -> bool:
    """Whether a name says a unit: at its end, or before what it is of, as `usd_each` and `tflops_per_w`."""
    return f"_{name}_".endswith((f"_{suffix}_", f"_{suffix}_each_")) or f"_{suffix}_per_" in f"_{name}_"


def _parts(loaded: Loaded) -> Iterator[Row]:
    """Whether every figure of a catalogue says where it was read and how sure it is."""
    for _, offer in loaded.offers:
        if not isinstance(offer, Catalogue):
            continue
        silent = sorted(
            {
                part.name
                for part in loaded.parts
                for figure in part.figures.values()
                if not figure.confidence or not (figure.source or part.source or figure.confidence == _RECALLED)
            }
        )
        yield Row(
            f"hardware/{offer.name}",
            "figures have a source and a confidence",
            not silent,
            ", ".join(silent[:5]) or f"{len(loaded.parts)} parts",
            "say where each was read, and how sure it is",
        )


def _called(loaded: Loaded, known: Registry, example: Path | None) -> Iterator[Row]:
    """What only a call shows."""
    models = [offer for _, offer in loaded.offers if isinstance(offer, Model)]
    if not models and example is None:
        return
    folder = Path(getattr(loaded.plugin, "__file__", None) or ".").parent
    path = example or _beside(folder)
    if not path.is_file():
        yield _fails(
            loaded.info.name, "has an example", f"no {path.name}", f"{EXAMPLE} beside the module, or --example"
        )
        return
    try:
        calls = calls_of(known, str(loaded.info), path)
    except TwinError as error:
        yield _fails(loaded.info.name, "the example runs", str(error), "a topology that loads and evaluates")
        return
    yield _holds(loaded.info.name, "the example runs", path.name, "a topology that loads and evaluates")
    longer = _longer(calls, lambda: calls_of(known, str(loaded.info), path, calendars=2))
    for model in models:
        call = next((each for each in calls if each.model.name == model.name), None)
        if call is None:
            yield _fails(model.name, "the example uses it", "no entry", "an entry with this model in the example")
        else:
            yield from _conforms(call, longer.get(model.name), folder)


def _longer(calls: Sequence[Call], again: Callable[[], list[Call]]) -> dict[str, Call]:
    """The same calls over twice as many months, by model; none where no model is given hours."""
    if not any(_hourly(call) for call in calls):
        return {}
    try:
        return {call.model.name: call for call in again() if _hourly(call)}
    except TwinError:  # an example may say more of its months than their number
        return {}


def _hourly(call: Call) -> bool:
    hours = getattr(call.inputs, "hours", None)
    return isinstance(hours, pl.DataFrame) and hours.height > 0


def _beside(folder: Path) -> Path:
    """The example beside a module, or in the nearest package that its own is in."""
    place = folder
    while not (place / EXAMPLE).is_file() and (place.parent / "__init__.py").is_file():
        place = place.parent
    return place / EXAMPLE if (place / EXAMPLE).is_file() else folder / EXAMPLE


def _conforms(call: Call, longer: Call | None, folder: Path) -> Iterator[Row]:
    subject = f"{call.section}/{call.model.name}"
    yield _same_again(subject, call)
    yield _leaves_alone(subject, call)
    yield _pickles(subject, call)
    yield from _by_rows(subject, call, longer, folder)


def _same_again(subject: str, call: Call) -> Row:
    first, second = _run(call), _run(call)
    differ = [name for name in first if name not in second or not first[name].equals(second[name])]
    return Row(
        subject,
        "deterministic",
        not differ,
        ", ".join(differ) or "the same twice",
        "the same frames for the same inputs",
    )


def _leaves_alone(subject: str, call: Call) -> Row:
    before = pickle.dumps(_given(call.inputs))
    _run(call)
    kept = pickle.loads(before)  # noqa: S301 - what was written a line above
    changed = [name for name, value in _given(call.inputs).items() if not _equal(value, kept[name])]
    return Row(
        subject,
        "inputs are left as they were",
        not changed,
        ", ".join(changed) or "untouched",
        "frames are read, not changed",
    )


def _pickles(subject: str, call: Call) -> Row:
    try:
        # a worker finds the function by its module and its name
        again = pickle.loads(pickle.dumps((call.model.run, call.model.params)))  # noqa: S301 - as above
        ok = again[0] is call.model.run
        got = "run and params" if ok else "another function than it was"
    except Exception as error:  # noqa: BLE001 - whatever pickle says is the finding
        ok, got = False, str(error).splitlines()[0]
    return Row(subject, "pickles", ok, got, "functions and classes at the top of a module")


def _by_rows(subject: str, call: Call, longer: Call | None, folder: Path) -> Iterator[Row]:
    """Whether the work grows with the rows, and how long a million of them take."""
    if rows(call.inputs) == 0:
        return
    try:
        lines, more = _added(call, folder)
        if longer is not None:
            # Who has thousands of hours of each site may go by site, and by month; what grows with both goes by row.
            lines_longer, more_longer = _added(longer, folder)
            lines, more = lines_longer - lines, more_longer - more
        lines /= more
    except TwinError as error:  # more sites than the file knows of are nothing to some models
        yield _holds(subject, "works on columns", f"not tried: {error}", "no line of Python for each row")
        return
    yield Row(
        subject,
        "works on columns",
        lines < _LINES_A_ROW,
        f"{max(lines, 0.0):.2g} lines of Python a row",
        f"fewer than {_LINES_A_ROW:g}",
    )
    yield _holds(subject, "time for a million rows", f"{_seconds_a_million(call):.2g} s", "for information")


def _added(call: Call, folder: Path) -> tuple[float, int]:
    """Lines of Python that more sites take, and how many rows they are."""
    few, many = (larger(call.inputs, times) for times in (_FEW, _MANY))
    lines = steps(lambda: call.model.run(many), folder) - steps(lambda: call.model.run(few), folder)
    return lines, fewest(many) - fewest(few)  # beside a year of hours a loop over months would not be seen


def _seconds_a_million(call: Call) -> float:
    """From as many sites as take a while, and no more: a row of some models is an hour, of others two years."""
    times = _FEW
    while True:
        timed = larger(call.inputs, times)
        begin = time.perf_counter()
        call.model.run(timed)
        seconds = time.perf_counter() - begin
        if seconds >= _TIMED_S or rows(timed) >= _TIMED_ROWS:
            return seconds / rows(timed) * 1e6
        times *= _MORE


def _run(call: Call) -> Mapping[str, pl.DataFrame]:
    returned: Mapping[str, pl.DataFrame] = call.model.run(call.inputs)
    return returned


def _given(inputs: Any) -> dict[str, Any]:
    """The frames and entries of inputs; not the loaded topology that an analysis gets beside them."""
    names = [name for name in inputs.__dataclass_fields__ if name not in {"twin", "others", "calendar"}]
    given = {name: getattr(inputs, name) for name in names}
    return {name: dict(value) if hasattr(value, "keys") else value for name, value in given.items()}


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, pl.DataFrame):
        try:
            assert_frame_equal(one, other)
        except AssertionError:
            return False
        return True
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_equal(value, other[name]) for name, value in one.items())
    return bool(one == other)
