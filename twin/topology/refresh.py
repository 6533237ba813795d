"""Refresh: what takes a group's place later is a group of its own, `rack-2` after `rack`.

A macro on the file as written, before overlays: a generation is fed as the one before it and stands
beside it, so that everything which knows groups knows generations too.  Their months follow in
`lifetimes`, once overlays have said when the first one is in service.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.topology import shape
from twin.topology.attributes import ATTRIBUTES
from twin.topology.draft import RawDependency, RawGroup
from twin.topology.nodes import Listing
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.topology.draft import Draft
    from twin.topology.model import Group
    from twin.topology.nodes import Node

_OPPOSITE = {"mtbf": "failure_rate", "failure_rate": "mtbf"}
_DATES = {"energised", "retired"}
_WHEN = ("after", "date", "downtime")


def expand(draft: Draft) -> None:
    """Add the generations of every group with a `refresh` to `draft.groups`, each after the one before it."""
    ordered: dict[str, RawGroup] = {}
    for path, group in list(draft.groups.items()):
        ordered[path] = group
        node = group.items.get("refresh")
        if node is None:
            continue
        for generation in _generations(draft, group, node):
            draft.add(generation)
            ordered[generation.path] = generation
    draft.groups = ordered


def _generations(draft: Draft, base: RawGroup, node: Node) -> list[RawGroup]:
    """The generations after the first, as far as they can be told."""
    listed = isinstance(node, Listing)
    items = node.items if isinstance(node, Listing) else (node,)
    place = base.key_place("refresh")
    if "retired" in base.items:
        expected = "leave it out: the refresh retires it; 'retired:' of the last refresh ends that one"
        draft.findings.add(
            base.items["retired"], base.key_place("retired"), "'retired' beside 'refresh'", expected=expected
        )
    found: list[RawGroup] = []
    for number, item in enumerate(items, 2):
        here = f"{place}[{number - 1}]" if listed else place
        taken = shape.take(item, shape.REFRESH, here, draft.findings)
        name = f"{base.name}-{number}"
        other = draft.groups.get(f"{base.path}-{number}")
        if other is not None:
            expected = f"rename it: the refresh makes a group of this name; it is on line {other.where.line}"
            draft.findings.add(item, here, f"two groups called '{name}'", expected=expected)
            return found
        if "retired" in taken and number < len(items) + 1:
            expected = "state it on the last: the next refresh retires this one"
            draft.findings.add(
                taken["retired"], join(here, "retired"), "'retired' before another refresh", expected=expected
            )
        given = getattr(item, "keys", {})
        if ("after" in given) == ("date" in given):
            expected = "add 'after: 5 years' or 'date: 2032-06-01', one of them"
            draft.findings.add(
                item,
                here,
                "a refresh at no time" if "date" not in taken else "'after' beside 'date'",
                expected=expected,
            )
        found.append(_generation(draft, found[-1] if found else base, taken, item, here, name))
    return found


def _generation(
    draft: Draft, before: RawGroup, taken: Mapping[str, Node], node: Node, place: str, name: str
) -> RawGroup:
    """One generation: the new part, or the old one again with the figures that the refresh states."""
    stated = {key: value for key, value in taken.items() if key in ATTRIBUTES}
    items = {key: value for key, value in taken.items() if key not in ATTRIBUTES and key not in _WHEN}
    again = "use" not in taken
    if again:
        gone = {_OPPOSITE.get(key, key) for key in stated}
        stated = {key: value for key, value in before.attributes.items() if key not in gone} | stated
    for key in ("kind", *(("use", "holds") if again else ())):
        if key in before.items:
            items.setdefault(key, before.items[key])
    if again and before.frame is not None and set(before.frame.columns) - _DATES:
        expected = "add 'use:' to the refresh, or write a second group with dates"
        draft.findings.add(node, place, "the figures of a side table cannot be taken over", expected=expected)
    return RawGroup(
        path=f"{before.parent}/{name}",
        name=name,
        parent=before.parent,
        count=before.count,
        total=before.total,
        indexed=before.indexed,
        container=False,
        where=node.where,
        place=place,
        node=node,
        items=items,
        attributes=stated,
        dependencies=[
            RawDependency(one.layer, one.node, one.place, dict(one.keys), one.named) for one in before.dependencies
        ],
        follows=before.path,
        when={key: taken[key] for key in _WHEN if key in taken},
    )


def refuse_suppliers(draft: Draft, groups: Mapping[str, Group]) -> None:
    """Note refreshes of groups that others take from: who would take over from whom is for the file to say."""
    taken = {
        supplier.group: path
        for path, group in reversed(list(groups.items()))
        for dependency in group.dependencies
        for supplier in dependency.suppliers
    }
    for path, raw in draft.groups.items():
        node = raw.items.get("refresh")
        if node is None or path not in taken:
            continue
        expected = "write a second group beside it, with 'retired:' and 'energised:', and name both as suppliers"
        message = f"others take from '{path}', as '{taken[path]}' does: a refresh does not say who takes over"
        draft.findings.add(node, raw.key_place("refresh"), message, expected=expected)


def drop_repeated(draft: Draft, since: int) -> None:
    """Take away what was found wrong with a generation at a place where something was found before."""
    items = draft.findings.items
    known = {(one.file, one.line, one.column) for one in items[:since] if one.line}
    items[since:] = [one for one in items[since:] if (one.file, one.line, one.column) not in known]
