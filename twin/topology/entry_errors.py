"""What pydantic says of an entry's parameters, as a finding at the place in the file."""

from __future__ import annotations

import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from twin import units
from twin.api import Params, Quantity, Reference
from twin.errors import one_of
from twin.parameters import quantity_of
from twin.topology.nodes import Listing, Mapped, Node, describe
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from twin.topology.draft import Draft, RawEntry

Loc = tuple[str | int, ...]

_BOUNDS = {
    "greater_than": ("gt", "not above"),
    "greater_than_equal": ("ge", "below"),
    "less_than": ("lt", "not below"),
    "less_than_equal": ("le", "above"),
}
"""A bound that pydantic holds -> where it says which, and what a value is that breaks it."""


def beyond(error: ErrorDetails, field: FieldInfo | None) -> str:
    """A bound that does not hold, with the unit of the parameter: `above 100 %/year`; as pydantic has it otherwise."""
    if error["type"] not in _BOUNDS:
        return error["msg"]
    name, broken = _BOUNDS[error["type"]]
    limit = error.get("ctx", {})[name]
    mark = None if field is None else quantity_of(field)
    return f"{broken} {units.show(float(limit), mark.dimension) if mark else limit}"


def translate(draft: Draft, raw: RawEntry, model: type[Params], error: ErrorDetails) -> None:
    """A pydantic error as a finding at its place."""
    loc, kind = error["loc"], error["type"]
    context = error.get("ctx", {})
    message, expected = error["msg"].removeprefix("Value error, "), ""
    if kind == "missing":
        loc, name = loc[:-1], str(loc[-1])
        message, expected = f"'{raw.model}' needs '{name}'", f"add '{name}:'{_example(_field(model, error['loc']))}"
        node, path, _ = locate(raw, loc)
        draft.findings.add(node, path, message, expected=expected)
        return
    node, path, where = locate(raw, loc)
    if kind == "extra_forbidden":
        parent = _field_model(model, loc[:-1])
        known = [field.alias or name for name, field in parent.model_fields.items()] if parent else []
        message = f"'{raw.model}' has no parameter '{loc[-1]}'"
        expected = one_of(str(loc[-1]), known, limit=None)
        draft.findings.add(node if node.path or where is None else where, path, message, expected=expected)
        return
    if "problem" in context:
        message, expected = str(context["problem"]), str(context.get("right", ""))
    elif kind in _BOUNDS:
        message = beyond(error, _field(model, loc))
    elif "; " in message:
        message, expected = message.split("; ", 1)
    field = _field(model, loc)
    # a bound with its unit says by itself what would be right
    if not expected and not (kind in _BOUNDS and field is not None and quantity_of(field)):
        expected = _example(field).removeprefix(", ")
    got = describe(node) if path != raw.place else ""
    draft.findings.add(node, path, message, got=got, expected=expected)


def locate(raw: RawEntry, loc: Loc) -> tuple[Node, str, Any]:
    """The node that a pydantic location leads to as far as there is one, its path and the place of its key."""
    node: Node = Mapped(raw.node.where, raw.params, raw.keys)
    path, where = raw.place, None
    for step in loc:
        if isinstance(node, Mapped) and step in node.items:
            where = node.keys.get(str(step))
            node, path = node.items[str(step)], join(path, str(step))
        elif isinstance(node, Listing) and isinstance(step, int) and step < len(node.items):
            node, path, where = node.items[step], f"{path}[{step + 1}]", None
    return node, path, where


def _field_model(model: type[BaseModel], loc: Loc) -> type[BaseModel] | None:
    """The parameter model that a location is in."""
    here: Any = model
    for step in loc:
        if isinstance(step, int):
            continue
        field = here.model_fields.get(step)
        if field is None:
            continue
        here = next((one for one in _leaves(field.annotation) if _is_model(one)), None)
        if here is None:
            return None
    return typing.cast("type[BaseModel]", here)


def _field(model: type[BaseModel], loc: Loc) -> FieldInfo | None:
    names = [step for step in loc if isinstance(step, str)]
    if not names:
        return None
    parent = _field_model(model, tuple(names[:-1]))
    if parent is None:
        return None
    return parent.model_fields.get(names[-1]) or next(
        (field for field in parent.model_fields.values() if field.alias == names[-1]), None
    )


def _leaves(annotation: Any) -> Iterable[Any]:
    """The types an annotation is made of, without its wrappers."""
    inner = [one for one in typing.get_args(annotation) if one is not Ellipsis and one is not type(None)]
    if typing.get_origin(annotation) is typing.Annotated:
        inner = inner[:1]
    return [leaf for one in inner for leaf in _leaves(one)] if inner else [annotation]


def _is_model(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, BaseModel)


def _example(field: FieldInfo | None) -> str:
    if field is None:
        return ""
    for mark in field.metadata:
        if isinstance(mark, Quantity):
            return f", as '{units.dimension(mark.dimension).example}'"
        if isinstance(mark, Reference):
            return f", the name of a {mark.kind}"
    return f", {field.description}" if field.description else ""
