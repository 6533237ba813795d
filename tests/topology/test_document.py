from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import InputError
from twin.topology.builder import MAX_DEPTH, MAX_NODES
from twin.topology.document import MAX_BYTES, load, parse
from twin.topology.findings import Findings
from twin.topology.nodes import Listing, Mapped, Scalar, as_overlay, describe, plain


def read(text):
    findings = Findings()
    return parse(text, "x.yaml", findings), findings.items


def value(text):
    node, items = read(f"a: {text}")
    assert not items
    return node.items["a"].value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", 1),
        ("-7", -7),
        ("+7", 7),
        ("0", 0),
        ("1e3", 1000.0),
        ("5e26", 5e26),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5E-3", -0.0015),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("2027-06-01", "2027-06-01"),
        ("no", "no"),
        ("yes", "yes"),
        ("on", "on"),
        ("nan", "nan"),
        ("١٢", "١٢"),
        ("'1'", "1"),
        ('"true"', "true"),
        ("132 kW", "132 kW"),
        ("=", "="),
        (".", "."),
        ("e5", "e5"),
        ("-", "-"),
    ],
)
def test_only_words_of_yaml_1_2_and_numbers_are_typed(text, expected):
    if text == "-":
        text = "'-'"
    got = value(text)
    assert got == expected
    assert type(got) is type(expected)


def test_nodes_know_their_line_and_column():
    node, _ = read("a: 1\nb:\n  - x\n  - {c: ü, d: 2}\n")
    assert (node.where.line, node.where.column) == (1, 1)
    assert (node.keys["b"].line, node.keys["b"].column) == (2, 1)
    inner = node.items["b"].items[1]
    assert (inner.items["d"].where.line, inner.items["d"].where.column) == (4, 15)
    assert str(inner.items["d"].where) == "x.yaml:4"


def test_aliases_give_the_same_values():
    node, items = read("a: &x {b: [1, 2]}\nc: *x\nd: &x 5\ne: *x\n&k key: 1\nf: *k\n")
    assert not items
    assert plain(node) == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": 5, "e": 5, "key": 1, "f": "key"}


def test_duplicates_keep_the_first_and_name_its_line():
    node, items = read("a: 1\nb: {c: 1, c: 2}\na: 3\n")
    assert plain(node) == {"a": 1, "b": {"c": 1}}
    assert [(one.line, one.path) for one in items] == [(2, "b.c"), (3, "a")]
    assert "line 1" in items[1].expected


def test_a_key_in_quotes_may_look_like_anything():
    node, items = read("'<<': 1\n'~': 2\n1: 3\n2027-01-01: 4\n")
    assert not items
    assert plain(node) == {"<<": 1, "~": 2, "1": 3, "2027-01-01": 4}


def test_several_things_wrong_in_the_text_are_all_noted():
    _, items = read("a: !x 1\nb: .inf\n<<: {c: d}\ne: *f\ng: 1\ng: 2\n")
    assert [one.line for one in items] == [1, 2, 3, 4, 6]


def test_paths_count_list_items_from_one():
    _, items = read("a:\n- 1\n- b: [x, .nan]\n")
    assert items[0].path == "a[2].b[2]"


def test_depth_is_limited_exactly():
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH)[1] == []
    with pytest.raises(InputError, match="nested too deep"):
        read("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1))


def test_values_are_limited_exactly_and_aliases_count_each_time():
    half = f"a: &a [{','.join('1' * (MAX_NODES // 2 - 2))}]\n"
    assert read(half + "b: *a\n")[1] == []
    with pytest.raises(InputError, match="too many values"):
        read(half + "b: *a\nc: 1\nd: 2\ne: 3\n")


def test_size_is_limited(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"a: 1\n" + b"#" * (MAX_BYTES - 5))
    assert plain(load(path, Findings()).root) == {"a": 1}
    path.write_bytes(b"a: 1\n" + b"#" * (MAX_BYTES - 4))
    with pytest.raises(InputError, match="limit is 4 MiB"):
        load(path, Findings())


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    document = load(path, Findings())
    assert plain(document.root) == {"a": 1, "b": 2}
    assert document.root.keys["b"].line == 2
    assert len(document.sha256) == 64


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(
    data=st.dictionaries(st.text(), JSON, min_size=1, max_size=4),
    indent=st.sampled_from((None, 2, "\t")),
    ascii_=st.booleans(),
)
def test_json_reads_as_json_does(tmp_path_factory, data, indent, ascii_):
    text = json.dumps(data, indent=indent, ensure_ascii=ascii_)
    path = tmp_path_factory.mktemp("json") / "x.json"
    try:
        path.write_text(text, encoding="utf-8")
    except UnicodeEncodeError:
        return
    findings = Findings()
    try:
        got = plain(load(path, findings).root)
    except InputError as error:
        # YAML holds no control characters and no lone surrogates, and keys of at most 1024 characters.
        assert any(word in str(error) for word in ("control character", "not YAML", "not a text"))  # noqa: PT017 - an error is allowed here, not wanted
        return
    assert not findings.items
    assert got == data


def test_json_escapes_beyond_the_basic_plane(tmp_path):
    path = tmp_path / "x.json"
    path.write_text(r'{"a": "\ud83d\ude00 \\ud83d \/ \"", "b": {"c": 1E3}}', encoding="utf-8")
    assert plain(load(path, Findings()).root) == {"a": '\U0001f600 \\ud83d / "', "b": {"c": 1000.0}}


def test_overlay_nodes_bring_their_own_path():
    node, _ = read("a: [1, {b: 2}]")
    marked = as_overlay(node, "scenarios.x")
    inner = marked.items["a"].items[1].items["b"]
    assert (inner.origin, inner.path, inner.value) == ("overlay", "scenarios.x", 2)
    findings = Findings()
    findings.add(inner, "somewhere else", "wrong")
    assert findings.items[0].path == "scenarios.x"


def test_what_stood_there_is_described():
    node, _ = read("a: [1]\nb: 'x'\nc:\nd: 2\n")
    assert [describe(one) for one in node.items.values()] == ["a list", "'x'", "nothing", "2"]
    assert describe(node) == "a mapping"
    assert isinstance(node, Mapped)
    assert isinstance(node.items["a"], Listing)
    assert isinstance(node.items["b"], Scalar)


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_every_float_comes_back(number):
    got = value(repr(number))
    assert got == number
    assert math.copysign(1, got) == math.copysign(1, number)
