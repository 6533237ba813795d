"""The names that parameters of entries give of other things: parties, sites, deals, files."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from twin.api import EXTERNAL_PARTIES, Reference
from twin.errors import nearest, one_of
from twin.topology import rows
from twin.topology.draft import text_of
from twin.topology.entry_errors import Loc, locate
from twin.topology.nodes import Node, plain
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from twin.registry import Provided
    from twin.topology.draft import Draft, RawEntry
    from twin.topology.model import ModelEntry


def references(draft: Draft, raw: RawEntry, found: Iterable[tuple[str, str, Loc]]) -> tuple[str, ...]:
    """Check the names that parameters give of other things; the deals among them."""
    deals = []
    for kind, name, loc in found:
        node, path, _ = locate(raw, loc)
        if kind == "file":
            _file(draft, node, path, name)
            continue
        known = _known(draft, kind)
        if kind == "deal" and name in known:
            deals.append(name)
        if name in known:
            continue
        _unknown(draft, node, path, kind, name, known)
    return tuple(dict.fromkeys(deals))


def occupants(draft: Draft) -> None:
    """Note tenants and operators of places that are no party, where the file declares parties."""
    if not draft.parties:
        return
    known = _known(draft, "party")
    for group in draft.groups.values():
        for key in ("tenant", "operator"):
            node = group.attributes.get(key)
            name = text_of(node)
            if node is not None and name and name not in known:
                _unknown(draft, node, group.key_place(key), "party", name, known)


def _unknown(draft: Draft, node: Node, path: str, kind: str, name: str, known: AbstractSet[str]) -> None:
    extra = f"; add it under 'parties:', or use {', '.join(EXTERNAL_PARTIES)}" if kind == "party" else ""
    expected = (nearest(name, known) or one_of(name, known)).removesuffix("?" if extra else "") + extra
    draft.findings.add(node, path, f"there is no {kind} '{name}'", got=name, expected=expected.removeprefix("; "))


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


def marked(params: BaseModel, loc: Loc) -> Iterable[tuple[str, str, Loc]]:
    """Every reference in validated parameters: kind, name and where it is."""
    for name, field in type(params).model_fields.items():
        value = getattr(params, name)
        here = (*loc, field.alias or name)
        mark = next((one for one in field.metadata if isinstance(one, Reference)), None)
        if mark is not None and isinstance(value, str):
            yield mark.kind, value, here
        else:
            yield from _inner(field.annotation, value, here)


def stated(raw: RawEntry, provided: Provided) -> Iterable[tuple[str, str, Loc]]:
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
        yield from marked(value, loc)
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


def offers(draft: Draft, entries: Iterable[ModelEntry], deals: Mapping[str, ModelEntry]) -> None:
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


def circles(draft: Draft, deals: Mapping[str, ModelEntry]) -> None:
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
