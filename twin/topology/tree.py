"""The tree of groups as written: names, counts, what each mapping holds."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from twin.topology import modelled, refresh, rows, shape
from twin.topology.attributes import ATTRIBUTES, CONTAINER_KINDS
from twin.topology.draft import MAX_COUNT, MAX_INSTANCES, Draft, RawComponent, RawDependency, RawGroup
from twin.topology.nodes import Mapped, Node, Scalar, describe
from twin.topology.shape import join

if TYPE_CHECKING:
    from twin.topology.model import Where

_KEY = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_-]*)(?:\[(?P<count>[^\]]*)\])?\Z")
_COUNT = re.compile(r"[1-9][0-9]{0,15}\Z")
_EXPECTED = "write 'name' or 'name[16]': letters, digits, '-' and '_', a letter first"


def groups(draft: Draft) -> None:
    """Read the groups under `sites:` into `draft.groups`, every parent before its children."""
    sites = draft.items.get("sites")
    if isinstance(sites, Mapped):
        _children(draft, sites, None, "sites")
    refresh.expand(draft)
    total = sum(group.total for group in draft.groups.values())
    if total > MAX_INSTANCES:
        largest = max(draft.groups.values(), key=lambda group: group.total)
        draft.findings.add(
            largest.where,
            largest.place,
            "too many instances in the file",
            got=f"{total:,}, {largest.total:,} of them '{largest.path}'",
            expected=f"the limit is {MAX_INSTANCES:,}",
        )


def components(draft: Draft) -> None:
    """Read `components:` into `draft.components`."""
    node = draft.items.get("components")
    for name, item in node.items.items() if isinstance(node, Mapped) else ():
        place = join("components", name)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.-]*", name):
            draft.findings.add(item, place, "not the name of a component", got=name, expected="as 'hall-ups'")
        by_model = isinstance(item, Mapped) and "model" in item.items
        taken = shape.take(item, shape.COMPONENT, place, draft.findings, extra=by_model)
        attributes = {key: value for key, value in taken.items() if key in ATTRIBUTES}
        rest = {key: value for key, value in taken.items() if key not in ATTRIBUTES}
        draft.components[name] = RawComponent(name, item, place, rest, attributes)
        if "model" in rest:
            modelled.separate(draft, draft.components[name])


def _children(draft: Draft, node: Mapped, parent: RawGroup | None, place: str) -> None:
    for key, item in node.items.items():
        where = node.keys[key]
        here = join(place, key)
        group = _group(draft, key, item, where, parent, here)
        if group is None:
            continue
        if group.path in draft.groups:
            line = draft.groups[group.path].where.line
            draft.findings.add(
                where, here, f"two groups called '{group.name}'", expected=f"rename one; the other is on line {line}"
            )
            continue
        draft.add(group)
        taken = _take(draft, group, item, here)
        inner = taken.pop("contains", None)
        _sort(draft, group, taken)
        if isinstance(inner, Mapped):
            _children(draft, inner, group, join(here, "contains"))


def _group(draft: Draft, key: str, item: Node, where: Where, parent: RawGroup | None, place: str) -> RawGroup | None:
    match = _KEY.match(key)
    if match is None:
        draft.findings.add(where, place, "not the name of a group", got=key, expected=_EXPECTED)
        return None
    name, written = match["name"], match["count"]
    if parent is None and name in _RESERVED:
        draft.findings.add(
            where,
            place,
            f"a site cannot be called '{name}'",
            expected="--set and scenarios use this word for a section",
        )
    count = 1 if written is None else _count(draft, written, where, place)
    above = 1 if parent is None else parent.total
    return RawGroup(
        path=name if parent is None else f"{parent.path}/{name}",
        name=name,
        parent=None if parent is None else parent.path,
        count=count,
        total=above * count,
        indexed=written is not None,
        container=parent is None or (isinstance(item, Mapped) and "contains" in item.keys),
        where=where,
        place=place,
        node=item,
    )


def _count(draft: Draft, written: str, where: Where, place: str) -> int:
    if _COUNT.match(written) and int(written) <= MAX_COUNT:
        return int(written)
    if re.fullmatch(r"[0-9]+([eE]\+?[0-9]+)?", written) and float(written) > MAX_COUNT:
        message, expected = "the count is too large", f"the limit is {MAX_COUNT:,}"
    else:
        message, expected = "not a count", "write a whole number from 1, as 'rack[16]'"
    draft.findings.add(where, place, message, got=written, expected=expected)
    return 1


def _take(draft: Draft, group: RawGroup, item: Node, place: str) -> dict[str, Node]:
    nothing = not item.keys if isinstance(item, Mapped) else isinstance(item, Scalar) and item.value is None
    if nothing and not getattr(item, "bad", False):
        empty = "a group needs 'kind' or 'use', or 'contains'"
        draft.findings.add(group.where, place, "a group without anything in it", expected=empty)
        return {}
    if group.parent is None:
        return shape.take(item, shape.SITE, place, draft.findings)
    if not group.container:
        return shape.take(item, shape.GROUP, place, draft.findings)
    mapping = item if isinstance(item, Mapped) else None
    stray = {key for key in (mapping.items if mapping else ()) if key in shape.GROUP.keys} - set(shape.CONTAINER.keys)
    for key in sorted(stray):
        if mapping is not None:
            draft.findings.add(
                mapping.keys[key],
                join(place, key),
                f"a group that contains others has no '{key}'",
                expected=f"state it on the groups inside; it takes {', '.join(shape.CONTAINER.keys)}",
            )
    if mapping is not None:
        kept = {key: value for key, value in mapping.items.items() if key not in stray}
        item = Mapped(mapping.where, kept, mapping.keys, mapping.origin, mapping.path)
    return shape.take(item, shape.CONTAINER, place, draft.findings)


def _sort(draft: Draft, group: RawGroup, taken: dict[str, Node]) -> None:
    """Sort the keys of a group into attributes, dependencies and the rest; read its side table."""
    for key, value in taken.items():
        if key in shape.LAYERS:
            group.dependencies += dependencies(draft, group, key, value)
        elif key in ATTRIBUTES:
            group.attributes[key] = value
        else:
            group.items[key] = value
    if group.container:
        group.kind = _container_kind(draft, group)
    if "rows" in group.items:
        rows.attach(draft, group)


def _container_kind(draft: Draft, group: RawGroup) -> str:
    stated = group.items.get("kind")
    kind = stated.text if isinstance(stated, Scalar) else ""
    if group.parent is None:
        if kind not in {"", "site"} and stated is not None:
            draft.findings.add(
                stated,
                group.key_place("kind"),
                "what stands under 'sites:' is a site",
                got=kind,
                expected="leave it out",
            )
        return "site"
    inside = [name for name in CONTAINER_KINDS if name != "site"]
    if kind and kind not in inside and stated is not None:
        draft.findings.add(
            stated,
            group.key_place("kind"),
            "not a kind of a group that contains others",
            got=kind,
            expected=f"one of: {', '.join(inside)}",
        )
    return kind or (group.name if group.name in inside else "space")


def dependencies(draft: Draft, group: RawGroup, layer: str, node: Node) -> list[RawDependency]:
    """What stands behind `power:`, `cooling:` or `network:` of a group."""
    place = group.key_place(layer)
    if isinstance(node, Scalar):
        return [RawDependency(layer, node, place, {"from": node}, named=True)]
    if isinstance(node, Mapped):
        return [_mapped(draft, layer, node, place)]
    if layer == "cooling" and all(isinstance(item, Mapped) for item in node.items):
        if len(node.items) > len(("liquid", "air")):
            draft.findings.add(
                node,
                place,
                "more than two cooling dependencies",
                got=str(len(node.items)),
                expected="one liquid, one air",
            )
        return [_mapped(draft, layer, item, f"{place}[{i}]") for i, item in enumerate(node.items, 1)]
    return [RawDependency(layer, node, place, {"from": node}, named=True)]


def _mapped(draft: Draft, layer: str, node: Node, place: str) -> RawDependency:
    keys = shape.take(node, shape.LAYERS[layer], place, draft.findings)
    other = keys.pop("to", None)
    if other is not None and "from" in keys:
        draft.findings.add(
            other, join(place, "to"), "'to' beside 'from'", got=describe(other), expected="keep one of them"
        )
    elif other is not None:
        keys["from"] = other
    if isinstance(node, Mapped) and not {"from", "to"} & set(node.keys):
        name = "to" if layer == "network" else "from"
        draft.findings.add(node, place, f"the key '{name}' is missing", expected=f"add '{name}:' with the suppliers")
    return RawDependency(layer, node, place, keys)


_RESERVED = frozenset(shape.FILE.keys)
