"""How the language is declared: a mapping with the keys that it takes, and checking one against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.errors import one_of
from twin.topology.forms import check_form
from twin.topology.nodes import Mapped, Node, Scalar, describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.topology.findings import Findings

_LISTED = 8


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a mapping: its name, the form of its value, what it means, whether it must be there."""

    name: str
    form: str
    doc: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """A mapping of the language.

    Attributes:
        name: what the reference and messages call it.
        keys: the keys it takes, by name.
        hints: keys that people write here by mistake -> what to do instead.
    """

    name: str
    keys: Mapping[str, Key]
    hints: Mapping[str, str]


def declare(name: str, *keys: Key, hints: Mapping[str, str] | None = None) -> Shape:
    """A mapping of the language with its keys."""
    return Shape(name, {key.name: key for key in keys}, hints or {})


def take(node: Node, shape: Shape, path: str, findings: Findings, *, extra: bool = False) -> dict[str, Node]:
    """Check a mapping against its shape.

    Args:
        node: what stood in the file.
        shape: which keys it takes.
        path: path inside the document.
        findings: grows by unknown and missing keys and by values of the wrong form.
        extra: whether other keys are for somebody else (the parameters of a model) and pass unchecked.

    Returns:
        The known keys whose values have the right form, and the others where `extra`.
    """
    if isinstance(node, Scalar) and node.bad:
        return {}
    if not isinstance(node, Mapped):
        findings.add(
            node,
            path,
            "not a mapping",
            got=describe(node),
            expected=f"{_a(shape)} has keys as {', '.join(list(shape.keys)[:_LISTED])}",
        )
        return {}
    taken: dict[str, Node] = {}
    for name, item in node.items.items():
        key = shape.keys.get(name)
        if key is None and not extra:
            hint = shape.hints.get(name) or one_of(name, shape.keys, rest="'twin schema' has them")
            place = item if item.path else node.keys.get(name, item.where)
            findings.add(place, join(path, name), f"{_a(shape)} has no key '{name}'", expected=hint)
        elif key is None or check_form(item, key.form, join(path, name), findings):
            taken[name] = item
    for key in shape.keys.values():
        if key.required and key.name not in node.keys and key.name not in node.items:
            findings.add(node, path, f"the key '{key.name}' is missing", expected=f"add '{key.name}:', {key.doc}")
    return taken


def _a(shape: Shape) -> str:
    return f"{'an' if shape.name[0] in 'aeiou' else 'a'} {shape.name}"


def join(path: str, name: str) -> str:
    """`path.name`, or `name` at the top."""
    return f"{path}.{name}" if path else name
