"""Published cases: `published(…)` asserts that twin gives what somebody else published, and records it.

The records are tests/published.json; docs/generate.py makes the tables of the page on validation from them.  A test
that uses the fixture fails where what it records is not what stands there, so that the page is always that of a
present run: `python docs/generate.py cases` runs these tests alone and writes both.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pytest

RECORDS = Path(__file__).with_name("published.json")
AGAIN = "run `python docs/generate.py cases` and look at the diff"
FEW = 4
"""Figures of a sequence that are shown one by one."""

DIGITS = 11
"""Significant figures shown: what is beyond them is rounding, and not the same on every machine."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where figures were published: the heading of the page (AREAS of docs/generate.py), who, and what exactly."""

    area: str
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Record:
    """A row of the page, as text."""

    area: str
    source: str
    text: str
    case: str
    published: str
    ours: str
    difference: str
    allowed: str


class Published:
    """Asserts and records the cases of one test."""

    def __init__(self, test: str) -> None:
        self.test = test
        self.records: list[Record] = []

    def __call__(self, case, value, ours, *, source, unit="", digits=None, at_least=False, **allowed) -> None:
        """Hold `ours` to `value` and write both down.

        Args:
            case: What it is a figure of.
            value: The published figure, or a sequence of them; as text where its zeros count ("7.0").
            ours: What twin gives, in the same unit.
            source: A `Source`.
            unit: Of both, for the page.
            digits: Decimals of `ours` on the page; by default those of `value`.
            at_least: `value` is published as a bound that is exceeded.
            allowed: `rel` or `abs`, as for `pytest.approx`.  Both nought where the figures are counts.
        """
        wanted, got = np.atleast_1d(np.asarray(value, float)), np.atleast_1d(np.asarray(ours, float))
        assert wanted.shape == got.shape, case
        if at_least:
            assert (got > wanted).all(), f"{case}: got {got}, published as above {wanted}"
            limit = "above"
        else:
            assert len(allowed) == 1, f"{case}: say rel or abs"
            assert got.tolist() == pytest.approx(wanted.tolist(), **{"rel": 0.0, "abs": 0.0} | allowed), case
            limit = _limit(unit, **allowed)
        printed = max(_places(v) for v in np.atleast_1d(value).tolist())
        printed = 2 if unit == "$" and printed == 1 else printed
        # the same significant figures everywhere, whatever the unit
        most = DIGITS - 1 - math.floor(math.log10(np.abs(wanted).max() or 1.0))
        places = min(printed if digits is None else digits, most)
        shown = [_show(wanted, min(printed, places), unit), _show(got, places, unit)]
        difference = "" if at_least else _difference(np.round(wanted, places), np.round(got, places))
        self.records.append(Record(source.area, source.name, source.text, case, *shown, difference, limit))
        assert asdict(self.records[-1]) in written().get(self.test, ()) or writing(), f"{case}: {AGAIN}"


def _places(value) -> int:
    """Decimals with which a figure is written."""
    text = value if isinstance(value, str) else f"{value:.{DIGITS}g}"
    if "e" in text:
        whole, _, power = text.partition("e")
        return max(0, len(whole.partition(".")[2]) - int(power))
    return len(text.partition(".")[2])


def _show(values, places, unit) -> str:
    """All figures where they are few, else their number and range; money as `$7.0B` with the unit `$B`."""
    sign, after = ("$", unit[1:]) if unit.startswith("$") else ("", "")
    shown = [sign + _one(value, places) + after for value in values]
    if len(shown) <= FEW:
        text = "; ".join(shown)
    elif values.min() == values.max():
        text = f"{len(values)} of {shown[0]}"
    else:
        text = f"{len(values)} figures, {shown[values.argmin()]} to {shown[values.argmax()]}"
    return text if sign else f"{text} {unit}".strip()


def _one(value, places) -> str:
    rounded = round(float(value), places) + 0.0
    if rounded and abs(rounded) < 1e-4:
        return f"{rounded:.{max(0, places + math.floor(math.log10(abs(rounded))))}e}"
    return f"{rounded:,.{max(0, places)}f}"


def _difference(wanted, shown) -> str:
    """The largest, as a share of the published figure, of what the page shows."""
    change = shown - wanted
    share = change / np.where(wanted == 0, 1.0, np.abs(wanted))
    worst = share[np.abs(share).argmax()]
    if abs(worst) < 10.0 ** (1 - DIGITS):
        return "0"
    return _tidy(f"{100 * worst:+.2g} %" if abs(worst) >= 1e-6 else f"{100 * worst:+.0e} %")


def _limit(unit, rel=None, abs=None) -> str:  # noqa: A002 - the words of pytest.approx
    if rel is not None:
        return _tidy(f"{100 * rel:.2g} %") if rel else "equal"
    if not abs:
        return "equal"
    return f"${_tidy(f'{abs:g}')}{unit[1:]}" if unit.startswith("$") else f"{_tidy(f'{abs:.2g}')} {unit}".strip()


def _tidy(text) -> str:
    """1e-09 as 1e-9."""
    return re.sub(r"e([-+])0", r"e\1", text)


_writing = False
_written: dict[str, list[dict[str, str]]] | None = None


def writing() -> bool:
    """Whether this run writes the records rather than being held to them."""
    return _writing


def written() -> dict[str, list[dict[str, str]]]:
    """Test -> its records, as in the file."""
    global _written  # noqa: PLW0603 - read once a process
    if _written is None:
        _written = json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}
    return _written


def begin_writing() -> None:
    """Take what follows as the truth, to be written."""
    global _writing  # noqa: PLW0603 - set once, by the option
    _writing = True


def write(found: dict[str, list[Record]]) -> None:
    """Write the records of a run, in the order of the tests' names; those of files that were not run stay."""
    run = {_file(test) for test in found}
    stay = {test: rows for test, rows in written().items() if _file(test) not in run}
    rows = stay | {test: [asdict(record) for record in records] for test, records in found.items()}
    text = json.dumps({test: rows[test] for test in sorted(rows)}, indent=1, ensure_ascii=False)
    RECORDS.write_text(text + "\n", encoding="utf-8")


def _file(test: str) -> str:
    return test.partition("::")[0]
