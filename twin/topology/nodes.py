"""The tree of a document: values, lists and mappings that know their line and column."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.topology.model import Where


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value.

    Attributes:
        where: place in the file.
        value: typed as YAML 1.2 would: str, int, float, bool or None.
        text: as written.
        origin: `file`, or `overlay` where a scenario or `--set` put it there.
        path: path to name in findings instead of the place where it is used; overlays set it.
        bad: already reported, so that nobody reports it again.
    """

    where: Where
    value: str | int | float | bool | None
    text: str
    origin: str = "file"
    path: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A list; attributes as for `Scalar`."""

    where: Where
    items: tuple[Node, ...]
    origin: str = "file"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A mapping; `keys` has the place of each key."""

    where: Where
    items: dict[str, Node]
    keys: dict[str, Where]
    origin: str = "file"
    path: str = ""


Node = Scalar | Listing | Mapped

_TYPED = re.compile(r"~|null|true|false|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
"""What would be read as something other than a text; it was in quotes then."""

_NO_KEYS = frozenset({"~", "null", "Null", "NULL", "<<"})
"""What is no key out of quotes: nothing, and a merge (`twin.topology.builder`)."""

_MARKED = re.compile(r"""[,\[\]{}\n"]|: |:$| #|^[\s'&*!|>%@`#?:]|^-(?: |-|$)|\s$""")


def describe(node: Node) -> str:
    """What stands there, for the `got` of a finding."""
    if isinstance(node, Mapped):
        return "a mapping"
    if isinstance(node, Listing):
        return "a list"
    return repr(node.text) if isinstance(node.value, str) else node.text or "nothing"


def plain(node: Node) -> Any:
    """The node as plain Python values."""
    if isinstance(node, Mapped):
        return {key: plain(item) for key, item in node.items.items()}
    if isinstance(node, Listing):
        return [plain(item) for item in node.items]
    return node.value


def within(items: Mapping[str, Node]) -> Iterator[tuple[str, Node]]:
    """Each value with its path, and those of the mappings in it: `relet`, `relet.downtime`, `tranches[1].rate`."""
    for key, node in items.items():
        yield key, node
        inner = {key: node} if isinstance(node, Mapped) else {}
        if isinstance(node, Listing):
            inner = {f"{key}[{number}]": one for number, one in enumerate(node.items, 1) if isinstance(one, Mapped)}
        for at, each in inner.items():
            yield from ((f"{at}.{path}", one) for path, one in within(each.items))


def written(node: Node) -> str:
    """The value as the language writes it on one line: `{rent_share: 80 %, downtime: 12 months}`."""
    if isinstance(node, Mapped):
        return f"{{{', '.join(f'{_key(key)}: {_inside(item)}' for key, item in node.items.items())}}}"
    if isinstance(node, Listing):
        return f"[{', '.join(map(_inside, node.items))}]"
    return node.text


def _key(text: str) -> str:
    """A key, which is a name whatever it looks like, but for what is refused out of quotes."""
    return _flow(text, quoted=text in _NO_KEYS)


def _inside(node: Node) -> str:
    if not isinstance(node, Scalar):
        return written(node)
    if not isinstance(node.value, str):
        return node.text or "null"
    return _flow(node.text, quoted=_TYPED.fullmatch(node.text) is not None)


def _flow(text: str, *, quoted: bool = False) -> str:
    """A text as it may stand between brackets: in quotes where it would end there or mean something else."""
    if text and not quoted and not _MARKED.search(text):
        return text
    return "'" + text.replace("'", "''") + "'"


def as_overlay(node: Node, path: str) -> Node:
    """The same values, marked as put there by an overlay that findings call `path`."""
    if isinstance(node, Listing):
        return replace(node, items=tuple(as_overlay(item, path) for item in node.items), origin="overlay", path=path)
    if isinstance(node, Mapped):
        items = {key: as_overlay(item, path) for key, item in node.items.items()}
        return replace(node, items=items, origin="overlay", path=path)
    return replace(node, origin="overlay", path=path)
