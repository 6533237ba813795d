"""The forms of values: what stands behind a key before anybody knows its kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin import units
from twin.errors import UnitError, nearest, one_of
from twin.topology import values
from twin.topology.attributes import KINDS
from twin.topology.nodes import Listing, Mapped, Node, Scalar, describe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twin.topology.findings import Findings


def check_form(node: Node, form: str, path: str, findings: Findings) -> bool:
    """Whether a value has the form a key takes; notes it where not.

    Quantities are left to whoever knows the kind: only mappings and lists are refused here.
    """
    if isinstance(node, Scalar) and node.bad:
        return False
    word, _, rest = form.partition(" ")
    problem, expected = _FORMS[word](node, rest)
    if problem:
        findings.add(node, path, problem, got=describe(node), expected=expected)
    return not problem


Problem = tuple[str, str]
_RIGHT: Problem = ("", "")


def _text(node: Node, _: str) -> Problem:
    good = (
        isinstance(node, Scalar) and node.value is not None and not isinstance(node.value, bool) and node.text.strip()
    )
    return _RIGHT if good else ("not a text", "write some text")


def _name(node: Node, _: str) -> Problem:
    good = isinstance(node, Scalar) and isinstance(node.value, str) and values.NAME.match(node.value)
    return _RIGHT if good else ("not a name", "letters, digits, '-' and '_', a letter first")


def _mapping(node: Node, _: str) -> Problem:
    return _RIGHT if isinstance(node, Mapped) else ("not a mapping", "write 'key: value' lines below it")


def _groups(node: Node, _: str) -> Problem:
    if isinstance(node, Mapped) and node.keys:
        return _RIGHT
    return (
        "not a mapping of groups" if not isinstance(node, Mapped) else "no groups",
        "write groups as 'rack[16]: {…}'",
    )


def _mappings(node: Node, _: str) -> Problem:
    items = node.items if isinstance(node, Listing) else (node,)
    if items and all(isinstance(item, Mapped) for item in items):
        return _RIGHT
    return "not a mapping or a list of mappings", "write 'key: value' lines below it"


def _list(node: Node, _: str) -> Problem:
    return _RIGHT if isinstance(node, Listing) else ("not a list", "write '- …' lines below it")


def _texts(node: Node, _: str) -> Problem:
    good = isinstance(node, Listing) and not any(_text(item, "")[0] for item in node.items)
    return _RIGHT if good else ("not a list of texts", "write it as '[a, b]'")


def _count(node: Node, _: str) -> Problem:
    good = isinstance(node, Scalar) and isinstance(node.value, int) and not isinstance(node.value, bool)
    return _RIGHT if good else ("not a whole number", "write a whole number, without quotes or unit")


def _kind(node: Node, _: str) -> Problem:
    if isinstance(node, Scalar) and isinstance(node.value, str) and node.value in KINDS:
        return _RIGHT
    if not isinstance(node, Scalar):
        return "not a kind", "write one as 'rack' or 'ups'"
    return "not a kind", one_of(node.text, KINDS, limit=60)


def _choice(node: Node, rest: str) -> Problem:
    choices = rest.removeprefix("of ").split(", ")
    if isinstance(node, Scalar) and node.text in choices:
        return _RIGHT
    hint = nearest(node.text, choices) if isinstance(node, Scalar) else ""
    return f"not one of {', '.join(choices)}", f"{hint} write one of {', '.join(choices)}".strip()


def _quantity(node: Node, rest: str) -> Problem:
    if isinstance(node, Scalar):
        return _RIGHT
    return "not a quantity", f"write it as '{units.dimension(rest).example}'"


def _date(node: Node, _: str) -> Problem:
    try:
        values.read_date(node.value if isinstance(node, Scalar) else None)
    except UnitError as error:
        return error.message, error.expected
    return _RIGHT


def _dates(node: Node, _: str) -> Problem:
    for item in node.items if isinstance(node, Listing) else (node,):
        problem = _date(item, "")
        if problem[0]:
            return problem
    empty = isinstance(node, Listing) and not node.items
    return ("an empty list", "write a date, or one for each instance") if empty else _RIGHT


def _supplier_names(nodes: Iterable[Node]) -> bool:
    return all(isinstance(item, Scalar) and isinstance(item.value, str) and item.value.strip() for item in nodes)


def _suppliers(node: Node, _: str) -> Problem:
    if isinstance(node, Mapped):
        good = bool(node.items) and not any(_count(item, "")[0] for item in node.items.values())
        return _RIGHT if good else ("not supplier names with numbers", "write it as '{ups-a: 1, ups-b: 1}'")
    nodes = node.items if isinstance(node, Listing) else (node,)
    good = bool(nodes) and _supplier_names(nodes)
    return _RIGHT if good else ("not the name of a supplier", "write it as 'ups' or '[grid, genset]'")


def _dependency(node: Node, _: str) -> Problem:
    if isinstance(node, Mapped):
        return _RIGHT
    nodes = node.items if isinstance(node, Listing) else (node,)
    if bool(nodes) and _supplier_names(nodes):
        return _own_load(node) or _RIGHT
    if isinstance(node, Scalar) and not isinstance(node.value, str):
        return _own_load(node) or ("not a supplier", "write it as 'ups' or '{from: ups}'")
    return "not a supplier", "write it as 'ups', '[grid, genset]' or '{from: ups, need: 1}'"


def _own_load(node: Node) -> Problem | None:
    """`power: 132 kW` is what a person means by `load: 132 kW`."""
    if isinstance(node, Scalar) and node.text[:1] in set("0123456789+-."):
        return "not the name of a supplier", f"an own electrical load is 'load: {node.text}'"
    return None


def _dependencies(node: Node, _: str) -> Problem:
    if isinstance(node, Listing) and node.items and all(isinstance(item, Mapped) for item in node.items):
        return _RIGHT
    return _dependency(node, "")


_FORMS: dict[str, Callable[[Node, str], Problem]] = {
    "text": _text,
    "name": _name,
    "mapping": _mapping,
    "groups": _groups,
    "mappings": _mappings,
    "list": _list,
    "texts": _texts,
    "count": _count,
    "kind": _kind,
    "one": _choice,
    "quantity": _quantity,
    "date": _date,
    "dates": _dates,
    "suppliers": _suppliers,
    "dependency": _dependency,
    "dependencies": _dependencies,
}
