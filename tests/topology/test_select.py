from __future__ import annotations

import re
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from topology.build import Builder

from twin.errors import UsageError
from twin.topology import instances
from twin.topology.select import locals_of, match, parse, parse_segment, select, whole


def topology():
    builder = Builder()
    builder.add("s", kind="site").add("s/grid", 2, "utility").add("s/hall", 3, "hall").add("s/hall/ups", 4, "ups")
    builder.add("s/hall/row", 2, "row").add("s/hall/row/rack", 5, "rack").add("s/rack", None, "rack").add(
        "t", kind="site"
    )
    builder.add("t/hall", 2, "hall").add("t/hall/rack", 1, "rack")
    return builder.done()


def ids(pattern):
    """What a selector names, as ids."""
    top = topology()
    return [name for path, numbers in select(top, pattern).items() for name in instances.ids(top, path, numbers)]


def everything():
    top = topology()
    return [
        (path, name) for path, group in top.groups.items() for name in instances.ids(top, path, np.arange(group.total))
    ]


def matches(pattern, path, name):
    """An independent reading of the grammar: the pattern as a regular expression over one id."""
    terms = pattern.split()
    kinds = [term[5:].split(",") for term in terms if term.startswith("kind=")]
    if kinds and topology().groups[path].kind not in kinds[0]:
        return False
    paths = [term for term in terms if not term.startswith("kind=")]
    if not paths:
        return True
    one = r"[A-Za-z0-9_-]+"
    anything = rf"{one}(?:\[\d+\])?"
    expression = ""
    parts = paths[0].split("/")
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if part == "**":
            expression += rf"{anything}(?:/{anything})*" if last else rf"(?:{anything}/)*"
            continue
        name_, _, index = part.rstrip("]").partition("[")
        first, _, end = index.partition("..")
        numbers = "" if index in {"", "*"} else "|".join(str(n) for n in range(int(first), int(end or first) + 1))
        tail = rf"\[(?:{numbers})\]" if numbers else r"(?:\[\d+\])?"
        if numbers == "1":
            tail = rf"(?:\[(?:{numbers})\])?"
        expression += (one if name_ == "*" else re.escape(name_)) + tail + ("" if last else "/")
    return re.fullmatch(expression, name) is not None


PATTERNS = [
    "s",
    "s/hall",
    "s/hall[2]",
    "s/hall[2..3]/ups",
    "s/hall[2]/ups[4]",
    "s/hall[2..3]/row[1]/rack[2..4]",
    "s/hall[*]/ups[2]",
    "**",
    "s/**",
    "t/**",
    "**/rack",
    "s/**/rack",
    "s/hall[2]/**",
    "**/hall[2]/**",
    "*/hall",
    "*/*[2]",
    "*/hall[3]",
    "kind=rack",
    "kind=rack,ups",
    "s/hall[2]/** kind=rack",
    "kind=ups s/**",
    "**/**/rack",
    "**/hall/**/rack[1]",
]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_selector_names_what_its_grammar_says(pattern):
    expected = [name for path, name in everything() if matches(pattern, path, name)]
    assert expected
    assert ids(pattern) == expected


SEGMENTS = st.sampled_from(
    ["s", "t", "hall", "hall[2]", "hall[1..2]", "row", "row[2]", "rack", "rack[1]", "*", "*[2]", "**", "ups[*]"]
)


@given(parts=st.lists(SEGMENTS, min_size=1, max_size=5))
def test_any_pattern_names_what_its_grammar_says(parts):
    pattern = "/".join(parts)
    expected = [name for path, name in everything() if matches(pattern, path, name)]
    try:
        got = ids(pattern)
    except UsageError:
        got = []
    if got or "*" in pattern:
        assert got == expected
    else:
        # a path without wildcards is refused where a number is beyond the count
        assert not expected or any(".." in part for part in parts)


def test_numbers_are_ascending_and_each_once():
    found = select(topology(), "**/*[2]/**/rack")
    for numbers in found.values():
        assert numbers.dtype == np.int64
        assert list(numbers) == sorted(set(numbers.tolist()))


def test_locals_follow_node_order():
    assert locals_of([((1, 1), (2, 3), (1, 2))], [1, 3, 4]).tolist() == [4, 5, 8, 9]
    assert locals_of([((1, 1), (2, 2)), ((1, 1), (1, 2))], [1, 3]).tolist() == [0, 1]


def test_whole_groups_are_told_from_parts():
    groups = topology().groups
    chain = [groups["s"], groups["s/hall"]]
    assert whole(match(parse("s/hall"), groups)["s/hall"], chain)
    assert whole(match(parse("s/hall[1..3]"), groups)["s/hall"], chain)
    assert not whole(match(parse("s/hall[1..2]"), groups)["s/hall"], chain)


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("", "not a selector"),
        ("s t", "not a selector"),
        ("s//hall", "is not a name"),
        ("/s", "is not a name"),
        ("s/hall[", "is not a name"),
        ("s/hall[]", "no usable number"),
        ("s/hall[0]", "no usable number"),
        ("s/hall[-1]", "no usable number"),
        ("s/hall[x]", "no usable number"),
        ("s/hall[3..2]", r"write '\[2..3\]'"),
        ("s/**[2]", "no usable number"),
        ("s/hall[4]", "there are 3 of 'hall', no"),
        ("s/hal", "did you mean 'hall'"),
        ("hall", "did you mean './hall'"),
        ("s/ups", "did you mean"),
        ("kind=rock", "did you mean 'rack'"),
        ("kind=cdu", "kinds in this file: hall, rack"),
        ("type=rack", "filter by 'kind' only"),
        ("**/a/**/b/**/c/**/d/**", "more than 4"),
        ("*[99]", "there are 1 of"),
        ("t/*/ups", "selects nothing"),
    ],
)
def test_what_is_no_selector_is_refused_with_the_reason(pattern, message):
    with pytest.raises(UsageError, match=message):
        select(topology(), pattern)


@given(text=st.text(max_size=20))
def test_any_text_is_a_selector_or_refused(text):
    found = {}
    with suppress(UsageError):
        found = select(topology(), text)
    assert all(len(numbers) for numbers in found.values())


def test_one_level():
    assert (parse_segment("hall[2..4]").first, parse_segment("hall[2..4]").last) == (2, 4)
    assert parse_segment("hall[*]").first is None
