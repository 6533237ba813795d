"""Parser events -> the tree, without recursion, with every limit of a document held on the way."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from twin.errors import InputError
from twin.topology.model import Where
from twin.topology.nodes import Listing, Mapped, Node, Scalar, describe

if TYPE_CHECKING:
    from twin.topology.findings import Findings

MAX_DEPTH = 64
"""How deep mappings and lists may nest."""

MAX_NODES = 100_000
"""How many values a file may hold, aliases counted as often as they are used."""

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = frozenset((".nan", ".inf", "+.inf", "-.inf"))
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_MAX_DIGITS = 400


@dataclass(slots=True)
class _Open:
    """A mapping or list that is not closed yet."""

    where: Where
    mapping: bool
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    values: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Where] = field(default_factory=dict)
    key: str | None = None
    key_where: Where | None = None
    wants_key: bool = True
    drop: bool = False
    size: int = 1

    def close(self) -> Node:
        return Mapped(self.where, self.values, self.keys) if self.mapping else Listing(self.where, tuple(self.items))


class Builder:
    """Builds the tree event by event."""

    def __init__(self, file: str, findings: Findings, *, lines: bool) -> None:
        """Start with nothing; `lines` is False where positions mean nothing."""
        self.file = file
        self.findings = findings
        self.lines = lines
        self.root: Node | None = None
        self.stack: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.documents = 0
        self.size = 0

    def feed(self, event: Any) -> None:
        """Take one event of PyYAML's parser."""
        name = type(event).__name__
        if name == "ScalarEvent":
            self._scalar(event)
        elif name in {"MappingStartEvent", "SequenceStartEvent"}:
            self._open(event, mapping=name == "MappingStartEvent")
        elif name in {"MappingEndEvent", "SequenceEndEvent"}:
            done = self.stack.pop()
            self._place(done.close(), done.size, done.anchor)
        elif name == "AliasEvent":
            self._alias(event)
        elif name == "DocumentStartEvent":
            self._document(event)

    def path(self) -> str:
        """The path of what comes next."""
        path = ""
        for level in self.stack:
            if not level.mapping:
                path += f"[{len(level.items) + 1}]"
            elif level.key is not None:
                path += f".{level.key}" if path else level.key
        return path

    def _where(self, event: Any) -> Where:
        mark = event.start_mark
        return Where(self.file, mark.line + 1, mark.column + 1) if self.lines else Where(self.file)

    def _stop(self, where: Where, message: str, got: str, expected: str) -> NoReturn:
        self.findings.add(where, self.path(), message, got=got, expected=expected)
        raise InputError(self.findings.items)

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            self._stop(self._where(event), "a second YAML document", "---", "one document a file")

    def _count(self, where: Where, size: int) -> None:
        self.size += size
        if self.size > MAX_NODES:
            self._stop(
                where,
                "too many values",
                f"more than {MAX_NODES:,}",
                f"the limit is {MAX_NODES:,}, aliases counted each time; write counts ('rack[16]') or a side table",
            )

    def _tag(self, event: Any, where: Where) -> None:
        if event.tag is not None:
            self.findings.add(
                where, self.path(), "YAML tags are not accepted", got=event.tag, expected="remove the tag"
            )

    def _wants_key(self) -> bool:
        return bool(self.stack) and self.stack[-1].mapping and self.stack[-1].wants_key

    def _open(self, event: Any, *, mapping: bool) -> None:
        where = self._where(event)
        self._tag(event, where)
        self._count(where, 1)
        if len(self.stack) >= MAX_DEPTH:
            self._stop(where, "nested too deep", f"more than {MAX_DEPTH} levels", f"the limit is {MAX_DEPTH} levels")
        if event.anchor:
            self.anchors.pop(event.anchor, None)
        self.stack.append(_Open(where, mapping, event.anchor))

    def _scalar(self, event: Any) -> None:
        where = self._where(event)
        self._tag(event, where)
        is_plain = not event.style and event.tag is None
        if self._wants_key():
            self._key(event.value, where, is_plain=is_plain)
            if event.anchor:
                self.anchors[event.anchor] = (Scalar(where, event.value, event.value), 1)
            return
        self._count(where, 1)
        node = self._typed(event.value, where) if is_plain else Scalar(where, event.value, event.value)
        self._place(node, 1, event.anchor)

    def _typed(self, text: str, where: Where) -> Scalar:
        if text in _WORDS:
            return Scalar(where, _WORDS[text], text)
        first = text[0]
        if not (first.isdigit() or first in "+-."):
            return Scalar(where, text, text)
        if text.lower() in _NOT_FINITE:
            return self._not_finite(text, where)
        if _INT.match(text) and len(text) < _MAX_DIGITS:
            return Scalar(where, int(text), text)
        if _FLOAT.match(text):
            number = float(text)
            return Scalar(where, number, text) if math.isfinite(number) else self._not_finite(text, where)
        return Scalar(where, text, text)

    def _not_finite(self, text: str, where: Where) -> Scalar:
        self.findings.add(where, self.path(), "not a finite number", got=text, expected="write a finite number")
        return Scalar(where, text, text, bad=True)

    def _key(self, key: str, where: Where, *, is_plain: bool) -> None:
        level = self.stack[-1]
        level.key = None
        path = self.path()
        level.key, level.key_where, level.wants_key, level.drop = key, where, False, False
        full = f"{path}.{key}" if path else key
        if is_plain and key == "<<":
            level.drop = True
            self.findings.add(where, full, "YAML merge keys are not accepted", got="<<", expected="use 'components:'")
        elif is_plain and _WORDS.get(key, key) is None:
            level.drop = True
            self.findings.add(where, path, "a key without a name", expected="name the key")
        elif key in level.keys:
            level.drop = True
            line = level.keys[key].line
            first = f"it is on line {line} already: keep one of them" if line else "keep one of them"
            self.findings.add(where, full, f"duplicate key '{key}'", expected=first)
        else:
            level.keys[key] = where

    def _alias(self, event: Any) -> None:
        where = self._where(event)
        name = event.anchor
        if name in self.anchors:
            node, size = self.anchors[name]
            self._count(where, size)
            self._place(node, size, None)
            return
        if any(level.anchor == name for level in self.stack):
            self._stop(where, "an alias inside its own anchor", f"*{name}", "a value cannot contain itself")
        self.findings.add(
            where, self.path(), "an alias without an anchor", got=f"*{name}", expected=f"define &{name} first"
        )
        self._place(Scalar(where, None, f"*{name}", bad=True), 1, None)

    def _place(self, node: Node, size: int, anchor: str | None) -> None:
        if anchor:
            self.anchors[anchor] = (node, size)
        if not self.stack:
            self.root = None if isinstance(node, Scalar) and node.value is None else node
            return
        level = self.stack[-1]
        level.size += size
        if not level.mapping:
            level.items.append(node)
        elif level.wants_key:
            self.findings.add(
                node.where, self.path(), "a key that is not a word", got=describe(node), expected="name the key"
            )
            level.key, level.wants_key, level.drop = None, False, True
        else:
            if not level.drop and level.key is not None:
                level.values[level.key] = node
            level.key, level.wants_key = None, True
