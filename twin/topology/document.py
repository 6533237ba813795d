"""YAML or JSON text -> a tree of nodes that know their line and column.

The text is read as a stream of parser events and the tree is built here, without recursion: a file
of a million brackets, an alias bomb or a tag is refused by this module and never reaches anything
that could overflow, expand or construct.  Only `true`, `false`, `null` and numbers are typed; dates,
times, `no` and `010` stay the words they are.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from twin.errors import InputError, shorten
from twin.topology.builder import Builder
from twin.topology.model import Where
from twin.topology.nodes import Mapped, Node, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.topology.findings import Findings

MAX_BYTES = 4 * 1024 * 1024
"""Size limit of a topology file: one screen describes a campus, and irregular fleets are side tables."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_BRACKETED = re.compile(r"[A-Za-z0-9_*-]\[")
_YAML_BREAKS = re.compile("[\x85\u2028\u2029]")
"""Ends of lines to YAML, ordinary characters of a string to JSON."""
_SURROGATES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Document:
    """One file read: its tree and what identifies it."""

    file: str
    folder: Path
    root: Mapped
    sha256: str


def load(path: Path | str, findings: Findings) -> Document:
    """Read a topology file.

    Args:
        path: the file, YAML or JSON.
        findings: grows by what is wrong in the text but leaves a tree to go on with.

    Returns:
        The tree with positions.

    Raises:
        InputError: there is no tree to go on with: not a file, too large, not text, not YAML, too
            deep, too many values, empty.
    """
    file = str(path)
    text, digest = _text(Path(path), file, findings)
    if Path(path).suffix.lower() == ".json":
        text = _SURROGATES.sub(_join_surrogates, text)
        text = _YAML_BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    root = parse(text, file, findings)
    if root is None:
        findings.add(Where(file), "", "the file is empty", expected="start with 'twin: 1' and 'sites:'")
    elif not isinstance(root, Mapped):
        findings.add(root, "", "the file is not a mapping", got=describe(root), expected="start with 'twin: 1'")
    if not isinstance(root, Mapped):
        raise InputError(findings.items)
    return Document(file, Path(path).resolve().parent, root, digest)


def parse(text: str, file: str, findings: Findings, *, lines: bool = True) -> Node | None:
    """Build the tree of one YAML text.

    Args:
        text: the text.
        file: its name in findings.
        findings: grows by what is wrong.
        lines: whether positions mean anything; False for the value of `--set`.

    Returns:
        The tree; None for a text without a value.

    Raises:
        InputError: the text is no YAML, nests too deep or holds too many values.
    """
    builder = Builder(file, findings, lines=lines)
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        findings.add(
            _position(text, bad.start(), file), "", "a control character", got=repr(bad[0]), expected="remove it"
        )
        raise InputError(findings.items)
    try:
        for event in _events(text):
            builder.feed(event)
    except yaml.MarkedYAMLError as error:
        _syntax(error, text, file, findings, lines=lines)
    except yaml.YAMLError as error:
        findings.add(Where(file), "", "this is not YAML", got=shorten(str(error)))
        raise InputError(findings.items) from error
    return builder.root


def _events(text: str) -> Iterator[Any]:
    loader = _LOADER(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


def _text(path: Path, file: str, findings: Findings) -> tuple[str, str]:
    """The text of a file and its SHA-256, after the checks that need no parser."""

    def refuse(message: str, expected: str = "", line: int = 0, got: str = "") -> InputError:
        findings.add(Where(file, line), "", message, got=got, expected=expected)
        return InputError(findings.items)

    try:
        if not path.exists():
            raise refuse("there is no such file", "name a topology file; 'twin init' writes one")
        if not path.is_file():
            raise refuse("this is not a file", "name a topology file", got="a directory" if path.is_dir() else "")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise refuse("the file cannot be read", got=str(error)) from error
    if len(data) > MAX_BYTES:
        limit = f"put the instances into a side table ('rows:'); the limit is {MAX_BYTES // 1024 // 1024} MiB"
        raise refuse("the file is too large", limit, got=f"{path.stat().st_size / 1e6:.1f} MB")
    binary = _BINARY.search(data)
    if binary is not None:
        line = data.count(b"\n", 0, binary.start()) + 1
        raise refuse("this is not a text file", "a topology file is YAML or JSON in UTF-8", line)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise refuse(
            "this is not UTF-8", "save the file as UTF-8", line, got=f"byte 0x{data[error.start]:02x}"
        ) from error
    return text, hashlib.sha256(data).hexdigest()


def _join_surrogates(match: re.Match[str]) -> str:
    text = match[0]
    if len(text) == len(r"\x"):
        return text
    high, low = int(text[2:6], 16), int(text[8:12], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _position(text: str, index: int, file: str) -> Where:
    start = text.rfind("\n", 0, index) + 1
    return Where(file, text.count("\n", 0, index) + 1, index - start + 1)


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str, findings: Findings, *, lines: bool) -> None:
    mark: Any = error.problem_mark or error.context_mark
    where = Where(file)
    message, expected = f"this is not YAML: {error.problem or error.context}", ""
    if mark is not None:
        where = Where(file, mark.line + 1, mark.column + 1) if lines else where
        written = text.splitlines()
        line = written[mark.line] if mark.line < len(written) else ""
        # between brackets, as in JSON, a tab is as good as a space
        if "\t" in line[: len(line) - len(line.lstrip())] and "flow" not in str(error.context):
            message, expected = "a tab is used to indent", "indent with spaces"
        elif "did not find expected ',' or" in str(error.problem) and _BRACKETED.search(line):
            expected = "between '{' and '}' or '[' and ']' a name with brackets needs quotes: 'rack[16]'"
        elif error.context and error.context_mark is not None and error.context_mark.line != mark.line:
            expected = f"{error.context} on line {error.context_mark.line + 1}: is it closed and indented alike?"
    findings.add(where, "", message, expected=expected)
    raise InputError(findings.items) from error
