"""Entries of deals, energy, cooling, workloads and analyses, validated by the models they name."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from twin import units
from twin.api import EXTERNAL_PARTIES, Params, Quantity, Reference
from twin.errors import nearest, one_of
from twin.topology import rows, shape
from twin.topology.draft import Draft, RawEntry, text_of
from twin.topology.model import ModelEntry
from twin.topology.nodes import Listing, Mapped, Node, Scalar, describe, plain
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from twin.registry import Provided

LISTED = ("deals", "energy", "cooling", "weather", "carbon")
SECTIONS = (*LISTED, "workloads", "analyses")
_OWN = tuple(shape.ENTRY.keys)

Loc = tuple[str | int, ...]


def sort(draft: Draft) -> None:
    """Read the entries as written into `draft.entries`; their parameters are not looked at."""
    for section in SECTIONS:
        node = draft.items.get(section)
        if isinstance(node, Listing):
            for number, item in enumerate(node.items, 1):
                _entry(draft, section, "", item, f"{section}[{number}]")
        elif isinstance(node, Mapped):
            for name, item in node.items.items():
                _entry(draft, section, name, item, join(section, name))


def _entry(draft: Draft, section: str, name: str, node: Node, place: str) -> None:
    if section == "analyses" and isinstance(node, Scalar) and node.value is None:
        node = Mapped(node.where, {}, {})
    if isinstance(node, Mapped) and section == "analyses":
        keys = {**node.keys, "model": node.keys.get("model", node.where)}
        node = Mapped(node.where, {"model": Scalar(node.where, name, name), **node.items}, keys)
    taken = shape.take(node, shape.ENTRY, place, draft.findings, extra=True)
    model = text_of(taken.get("model"))
    written = node.items.get("name") if isinstance(node, Mapped) else None
    stated = name or text_of(written) or model
    if not isinstance(node, Mapped) or not model:
        return
    if name and "name" in taken:
        draft.findings.add(
            taken["name"], join(place, "name"), f"this entry is called '{name}' already", expected="leave 'name' out"
        )
    if (section, stated) in draft.entries:
        other = draft.entries[section, stated].node.where.line
        draft.findings.add(
            node,
            place,
            f"two entries of '{section}' called '{stated}'",
            got=stated,
            expected=f"add 'name:' with a name of its own; the other is on line {other}",
        )
        return
    draft.entries[section, stated] = RawEntry(
        section=section,
        name=stated,
        model=model,
        node=node,
        place=place,
        params={key: item for key, item in taken.items() if key not in _OWN},
        keys=dict(node.keys),
        about={key: text_of(taken.get(key)) for key in ("offer", "doc", "source", "note")},
    )


def validate(draft: Draft) -> tuple[ModelEntry, ...]:
    """Validate every entry with its model, and what it refers to.

    Returns:
        The entries without findings, in file order.
    """
    entries = []
    for raw in draft.entries.values():
        entry = check(draft, raw)
        if entry is not None:
            entries.append(entry)
    deals = {entry.name: entry for entry in entries if entry.section == "deals"}
    _circles(draft, deals)
    _offers(draft, entries, deals)
    return tuple(entries)


def check(draft: Draft, raw: RawEntry) -> ModelEntry | None:
    """Validate one entry; None, with findings, where it is wrong."""
    models = draft.registry.models(raw.section)
    provided = models.get(raw.model)
    if provided is None:
        _unknown_model(draft, raw, models)
        return None
    params = _params(draft, raw, provided)
    found = list(_marked(params, ()) if params is not None else _stated(raw, provided))
    refers = _references(draft, raw, found)
    if params is None:
        return None
    return ModelEntry(
        section=raw.section,
        name=raw.name,
        model=raw.model,
        params=params,
        given={key: _text(node) for key, node in raw.params.items()},
        overlaid=frozenset(key for key, node in raw.params.items() if _overlaid(node)),
        refers=refers,
        files=tuple(dict.fromkeys(name for kind, name, _ in found if kind == "file" and name)),
        where=raw.node.where,
        places={key: node.where for key, node in raw.params.items()},
        **raw.about,
    )


def _unknown_model(draft: Draft, raw: RawEntry, models: Mapping[str, Provided]) -> None:
    node = raw.node.items.get("model", raw.node)
    known = one_of(raw.model, models) or f"no plugin provides models for '{raw.section}'"
    elsewhere = [
        section for section in SECTIONS if section != raw.section and raw.model in draft.registry.models(section)
    ]
    hint = f"it is a model for '{elsewhere[0]}:'" if elsewhere else known
    explained = draft.registry.explain(raw.model)
    draft.findings.add(
        node,
        raw.place if raw.section == "analyses" else join(raw.place, "model"),
        f"there is no model '{raw.model}' for '{raw.section}'",
        got=raw.model,
        expected="; ".join(text for text in (hint, explained) if text),
    )


def _text(node: Node) -> str:
    return node.text if isinstance(node, Scalar) else str(plain(node))


def _overlaid(node: Node) -> bool:
    """Whether an overlay gave the value or something inside it."""
    if node.origin == "overlay" or isinstance(node, Scalar):
        return node.origin == "overlay"
    return any(_overlaid(item) for item in (node.items.values() if isinstance(node, Mapped) else node.items))


def _params(draft: Draft, raw: RawEntry, provided: Provided) -> Params | None:
    before = len(draft.findings.items)
    given = {key: plain(node) for key, node in raw.params.items()}
    model: type[Params] = provided.model.params
    if any(_bad(node) for node in raw.params.values()):
        return None
    try:
        params = model.model_validate(given)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            _translate(draft, raw, model, detail)
        return None
    except Exception as error:  # noqa: BLE001 - a validator of a plugin may raise anything; the user learns whose it is
        draft.findings.add(
            raw.node,
            raw.place,
            f"{provided.plugin} fails on the parameters of '{raw.model}': {type(error).__name__}: {error}",
            expected="report it to the authors of the plugin",
        )
        return None
    return params if len(draft.findings.items) == before else None


def _bad(node: Node) -> bool:
    if isinstance(node, Scalar):
        return node.bad
    return any(_bad(item) for item in (node.items.values() if isinstance(node, Mapped) else node.items))


def _translate(draft: Draft, raw: RawEntry, model: type[Params], error: ErrorDetails) -> None:
    """A pydantic error as a finding at its place."""
    loc, kind = error["loc"], error["type"]
    context = error.get("ctx", {})
    message, expected = error["msg"].removeprefix("Value error, "), ""
    if kind == "missing":
        loc, name = loc[:-1], str(loc[-1])
        message, expected = f"'{raw.model}' needs '{name}'", f"add '{name}:'{_example(_field(model, error['loc']))}"
        node, path, _ = _locate(raw, loc)
        draft.findings.add(node, path, message, expected=expected)
        return
    node, path, where = _locate(raw, loc)
    if kind == "extra_forbidden":
        parent = _field_model(model, loc[:-1])
        known = [field.alias or name for name, field in parent.model_fields.items()] if parent else []
        message = f"'{raw.model}' has no parameter '{loc[-1]}'"
        expected = one_of(str(loc[-1]), known, limit=20)
        draft.findings.add(node if node.path or where is None else where, path, message, expected=expected)
        return
    if "problem" in context:
        message, expected = str(context["problem"]), str(context.get("right", ""))
    elif "; " in message:
        message, expected = message.split("; ", 1)
    if not expected:
        expected = _example(_field(model, loc)).removeprefix(", ")
    got = describe(node) if path != raw.place else ""
    draft.findings.add(node, path, message, got=got, expected=expected)


def _locate(raw: RawEntry, loc: Loc) -> tuple[Node, str, Any]:
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


# --- references -------------------------------------------------------------------------------


def _references(draft: Draft, raw: RawEntry, found: Iterable[tuple[str, str, Loc]]) -> tuple[str, ...]:
    """Check the names that parameters give of other things; the deals among them."""
    deals = []
    for kind, name, loc in found:
        node, path, _ = _locate(raw, loc)
        if kind == "file":
            _file(draft, node, path, name)
            continue
        known = _known(draft, kind)
        if kind == "deal" and name in known:
            deals.append(name)
        if name in known:
            continue
        extra = f"; add it under 'parties:', or use {', '.join(EXTERNAL_PARTIES)}" if kind == "party" else ""
        expected = (nearest(name, known) or one_of(name, known)).removesuffix("?" if extra else "") + extra
        draft.findings.add(node, path, f"there is no {kind} '{name}'", got=name, expected=expected.removeprefix("; "))
    return tuple(dict.fromkeys(deals))


def _file(draft: Draft, node: Node, place: str, name: str) -> None:
    """Check that a file beside the topology is there, and keep its digest."""
    if not name:
        return
    path = rows.confined(draft, name)
    if isinstance(path, str):
        message, _, expected = path.partition("; ")
        draft.findings.add(node, place, message, got=name, expected=expected)
        return
    rows.record(draft, path)


def _known(draft: Draft, kind: str) -> AbstractSet[str]:
    if kind == "party":
        return {*draft.parties, *EXTERNAL_PARTIES}
    if kind == "site":
        return {group.path for group in draft.groups.values() if group.parent is None}
    return {name for section, name in draft.entries if section in {kind, f"{kind}s"}}


def _marked(params: BaseModel, loc: Loc) -> Iterable[tuple[str, str, Loc]]:
    """Every reference in validated parameters: kind, name and where it is."""
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        here = (*loc, field.alias or name)
        mark = next((one for one in field.metadata if isinstance(one, Reference)), None)
        if mark is not None and isinstance(value, str):
            yield mark.kind, value, here
        else:
            yield from _inner(field.annotation, value, here)


def _stated(raw: RawEntry, provided: Provided) -> Iterable[tuple[str, str, Loc]]:
    """The references of an entry whose parameters are wrong elsewhere, so that both are found at once."""
    for name, field in provided.model.params.model_fields.items():
        stated = field.alias or name
        if stated in raw.params:
            marks = typing.Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
            yield from _inner(marks, plain(raw.params[stated]), (stated,))


def _inner(annotation: Any, value: Any, loc: Loc) -> Iterable[tuple[str, str, Loc]]:
    """The references inside one value, by its annotation."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if isinstance(value, BaseModel):
        yield from _marked(value, loc)
    elif origin is typing.Annotated:
        mark = next((one for one in args[1:] if isinstance(one, Reference)), None)
        if mark is not None and isinstance(value, str):
            yield mark.kind, value, loc
        else:
            yield from _inner(args[0], value, loc)
    elif origin in {typing.Union, types.UnionType}:
        yield from next((found for arm in args if (found := list(_inner(arm, value, loc)))), [])
    else:
        yield from _items(origin, args, value, loc)


def _items(origin: Any, args: tuple[Any, ...], value: Any, loc: Loc) -> Iterable[tuple[str, str, Loc]]:
    """The references inside the items of a container."""
    if isinstance(value, dict) and len(args) == len(("key", "value")):
        for key, item in value.items():
            yield from _inner(args[0], key, (*loc, key))
            yield from _inner(args[1], item, (*loc, key))
    elif isinstance(value, list | tuple) and args:
        several = origin is tuple and Ellipsis not in args
        for index, item in enumerate(value):
            yield from _inner(args[index if several else 0], item, (*loc, index))


def _offers(draft: Draft, entries: Iterable[ModelEntry], deals: Mapping[str, ModelEntry]) -> None:
    """Note entries that cannot be on offer, and deals that refer to one which is not there when they are."""
    for entry in entries:
        raw = draft.entries[entry.section, entry.name]
        if entry.offer and entry.section != "deals":
            message = f"'{entry.name}' cannot be on offer"
            draft.findings.add(raw.node, join(raw.place, "offer"), message, expected="only entries of deals: can")
        if entry.section != "deals":
            continue
        for name in entry.refers:
            other = deals.get(name)
            if other is not None and other.offer not in ("", entry.offer):
                draft.findings.add(
                    raw.node,
                    raw.place,
                    f"'{entry.name}' refers to '{name}', which is only there in the offer '{other.offer}'",
                    expected=f"write 'offer: {other.offer}', or refer to a deal of the file",
                )


def _circles(draft: Draft, deals: Mapping[str, ModelEntry]) -> None:
    """Note deals that refer to each other in a circle."""
    done: set[str] = set()
    for start in deals:
        trail: list[str] = []
        stack = [(start, iter(deals[start].refers))] if start not in done else []
        if stack:
            trail.append(start)
        while stack:
            after = next(stack[-1][1], None)
            if after is None:
                done.add(trail.pop())
                stack.pop()
            elif after in trail:
                loop = [*trail[trail.index(after) :], after]
                raw = draft.entries["deals", loop[-2]]
                draft.findings.add(
                    raw.node,
                    raw.place,
                    "deals refer to each other in a circle",
                    got=" → ".join(loop),
                    expected="break it",
                )
            elif after in deals and after not in done:
                trail.append(after)
                stack.append((after, iter(deals[after].refers)))
