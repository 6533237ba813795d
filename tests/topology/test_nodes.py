"""A value written on one line is the value that was read."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from twin.topology.document import parse
from twin.topology.findings import Findings
from twin.topology.nodes import Mapped, plain, within, written


def read(text):
    findings = Findings()
    node = parse(text, "x.yaml", findings)
    assert not findings.items
    return node


@pytest.mark.parametrize(
    "text",
    [
        "{rent_share: 80 %, downtime: 12 months}",
        "[{name: A, share: 86 %, supported: true}, {name: B, rate: 8.5 %/year}]",
        "{2028-01-01: 250 MW, 2028-07-01: 450 MW}",
        "[5, 4.5, '7', 'a, b', 'it''s: so', 14-20, null]",
        "[]",
        "{}",
    ],
)
def test_what_the_language_writes_stays_as_it_is(text):
    assert written(read(text)) == text


WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF, exclude_categories=["Cc"]), max_size=9)
VALUES = st.recursive(
    WORDS | st.integers(-(10**9), 10**9) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS.filter(str.strip), inner, max_size=3),
    max_leaves=8,
)


def quoted(value):
    """YAML in which every text is in double quotes, so that nothing is left to be guessed."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)}: {quoted(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(quoted, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return {True: "true", False: "false", None: "null"}.get(value, str(value)) if not _number(value) else str(value)


def _number(value):
    return isinstance(value, int) and not isinstance(value, bool)


@given(st.lists(VALUES, max_size=3))
@example(["true", "~", "1e5", "-", "?", "a: b", "#", " x", "a #b", "%", "'", '"', ":", "a:"])
@example([{"1": "x", "true": None, "- a": "b"}])
@example([dict.fromkeys(("NULL", "null", "~", "<<", "=", "yes", "0x1f", "1_000", ".inf", "2027-01-01"), "x")])
def test_what_is_written_reads_as_the_same(values):
    node = read(quoted(values))
    assert plain(node) == values
    assert plain(read(written(node))) == values


def test_what_is_inside_has_its_path():
    node = read("{relet: {downtime: 12 months}, tranches: [{rate: 5 %/year}], renewals: [5 years]}")
    assert isinstance(node, Mapped)
    assert [(path, written(one)) for path, one in within(node.items)] == [
        ("relet", "{downtime: 12 months}"),
        ("relet.downtime", "12 months"),
        ("tranches", "[{rate: 5 %/year}]"),
        ("tranches[1].rate", "5 %/year"),
        ("renewals", "[5 years]"),
    ]
