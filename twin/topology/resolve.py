"""Names of suppliers -> groups, as in a programming language: looked for from the inside outward."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin import units
from twin.errors import UnitError, UsageError, nearest
from twin.topology import select
from twin.topology.attributes import (
    AIR_KINDS,
    COOLING_KINDS,
    NETWORK_KINDS,
    POWER_KINDS,
    SOURCE_KINDS,
)
from twin.topology.draft import text_of
from twin.topology.model import Dependency, Supplier
from twin.topology.nodes import Listing, Mapped, Node, Scalar
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.topology.draft import Draft, RawDependency, RawGroup
    from twin.topology.select import Segment

MAX_LISTED = 100_000
"""How many suppliers of one scope instance a restricted reference (`ups[1..3]`) may name."""

MAX_HINTS = 300
"""How many names are searched for the nearest to a wrong one."""

_GIVES = {
    "power": (*SOURCE_KINDS, *POWER_KINDS, "asset", "system"),
    "cooling": (*COOLING_KINDS, "pump", "asset", "system"),
    "network": (*NETWORK_KINDS, "asset", "system"),
}


@dataclass(slots=True)
class _Found:
    """A supplier with how many of it one scope instance has to offer."""

    supplier: Supplier
    available: int
    kind: str


def dependencies(draft: Draft, group: RawGroup) -> tuple[Dependency, ...]:
    """Resolve and check the dependencies of one group; what is wrong is noted and left out."""
    resolved: list[tuple[RawDependency, list[_Found]]] = []
    for raw in group.dependencies:
        found = _suppliers(draft, group, raw)
        media = {_medium(one.kind) for one in found}
        if raw.layer != "cooling" or len(media) <= 1:
            resolved.append((raw, found))
        elif raw.named:
            resolved += [(raw, [one for one in found if _medium(one.kind) == medium]) for medium in ("liquid", "air")]
        else:
            expected = "write a list of two: one '{from: …}' for the liquid and one for the air"
            draft.findings.add(raw.node, raw.place, "liquid and air suppliers in one dependency", expected=expected)
    _one_each(draft, resolved)
    built = [_dependency(draft, raw, found) for raw, found in resolved if found]
    return tuple(dependency for dependency in built if dependency is not None)


def _medium(kind: str) -> str:
    return "air" if kind in AIR_KINDS else "liquid"


def _one_each(draft: Draft, resolved: list[tuple[RawDependency, list[_Found]]]) -> None:
    seen: set[str] = set()
    for raw, found in resolved:
        if raw.layer != "cooling" or not found:
            continue
        medium = _medium(found[0].kind)
        if medium in seen:
            draft.findings.add(
                raw.node,
                raw.place,
                f"two {medium} cooling dependencies",
                expected="one liquid, one air; or one with a list",
            )
        seen.add(medium)


def _suppliers(draft: Draft, group: RawGroup, raw: RawDependency) -> list[_Found]:
    """The suppliers of one dependency, resolved, in the order of `from`."""
    stated = raw.keys.get("from")
    found: list[_Found] = []
    for name, node, pick in _references(stated):
        place = raw.place if raw.named else join(raw.place, "from")
        one = _resolve(draft, group, raw.layer, name, node, place)
        if one is None:
            continue
        if any(one.supplier.group == other.supplier.group and _overlap(one, other) for other in found):
            draft.findings.add(node, place, f"'{name}' is named twice", expected="name each supplier once")
            continue
        number = pick.value if isinstance(pick, Scalar) and isinstance(pick.value, int) else None
        if pick is not None and number is not None:
            if not 1 <= number <= one.available:
                draft.findings.add(
                    pick,
                    join(place, name),
                    f"not a number of '{name}'",
                    got=str(number),
                    expected=f"from 1 to {one.available:,}",
                )
                number = None
            one.supplier = Supplier(one.supplier.group, one.supplier.scope, one.supplier.offsets, number)
        found.append(one)
    return found


def _overlap(one: _Found, other: _Found) -> bool:
    first, second = one.supplier.offsets, other.supplier.offsets
    return first is None or second is None or bool(set(first) & set(second))


def _references(node: Node | None) -> Iterable[tuple[str, Node, Node | None]]:
    if isinstance(node, Mapped):
        return [(name, item, item) for name, item in node.items.items()]
    items = node.items if isinstance(node, Listing) else (node,) if node is not None else ()
    return [(text_of(item), item, None) for item in items]


def _resolve(draft: Draft, group: RawGroup, layer: str, name: str, node: Node, place: str) -> _Found | None:
    findings = draft.findings
    try:
        segments = [select.parse_segment(text) for text in name.split("/")]
    except UsageError as error:
        findings.add(node, place, "not the name of a supplier", got=name, expected=str(error))
        return None
    if any("*" in segment.name for segment in segments):
        findings.add(node, place, "a supplier is named, not matched", got=name, expected="list the names")
        return None
    scope = _look_up(draft, group, segments[0].name)
    if scope is None:
        _dangling(draft, group, name, segments, node, place)
        return None
    path = "/".join(([scope] if scope else []) + [segment.name for segment in segments])
    if path not in draft.groups:
        inside = path.rpartition("/")[0]
        while inside not in draft.groups:
            inside = inside.rpartition("/")[0]
        known = draft.children.get(inside, [])[:MAX_HINTS]
        wrong = path[len(inside) + 1 :].partition("/")[0]
        findings.add(
            node,
            place,
            f"there is no '{wrong}' in '{inside}'",
            got=name,
            expected=nearest(wrong, known) or _inside(known),
        )
        return None
    target = _Target(name, path, scope, segments)
    if not _reachable(draft, group, target, node, place):
        return None
    if not scope and len(segments) > 1:
        # a path from the site down, which is a single one: what is inside it is in one and the same site
        target = _Target(name, path, segments[0].name, segments[1:])
    return _check(draft, group, layer, target, node, place)


@dataclass(frozen=True, slots=True)
class _Target:
    name: str
    path: str
    scope: str
    segments: list[Segment]


def _inside(known: list[str]) -> str:
    return f"it contains: {', '.join(known[:12])}" if known else "it contains no groups"


def _look_up(draft: Draft, group: RawGroup, first: str) -> str | None:
    """The path of the innermost container that has a child of this name; `""` for the file, None for nowhere."""
    here = group.parent
    while here is not None:
        if f"{here}/{first}" in draft.groups:
            return here
        here = draft.groups[here].parent
    return "" if first in draft.groups else None


def _reachable(draft: Draft, group: RawGroup, target: _Target, node: Node, place: str) -> bool:
    """Names that would mean something else than they look like are refused."""
    first, _, inner = target.name.partition("/")
    head = f"{target.scope}/{target.segments[0].name}".lstrip("/")
    if not group.path.startswith(f"{head}/"):
        if not target.scope:
            expected = "suppliers are in the same site; sites have 'links:'"
            draft.findings.add(node, place, f"'{head}' is another site", got=target.name, expected=expected)
        return bool(target.scope)
    around = draft.groups[head]
    if around.count == 1 or not inner or ("[" in first and target.scope):
        return True
    message = f"'{target.name}' is ambiguous: this group is itself inside one of the {around.count:,} '{around.name}'"
    every = f", or '{around.name}[*]/{inner}' for all of them" if target.scope else ""
    draft.findings.add(node, place, message, got=target.name, expected=f"write '{inner}' for the one around it{every}")
    return False


def _dangling(draft: Draft, group: RawGroup, name: str, segments: list[Segment], node: Node, place: str) -> None:
    around = [above.path for above in draft.chain(group.path)[:-1]]
    visible = [name for path in reversed(around) for name in draft.children[path]][:MAX_HINTS]
    first = segments[0].name
    elsewhere = draft.named.get(first)
    expected = nearest(first, [other for other in visible if other != group.name]) or _inside_file(visible)
    if elsewhere:
        other = next((path for path in elsewhere if _site(path) == _site(group.path)), elsewhere[0])
        if _site(other) != _site(group.path):
            expected = f"there is '{other}', in another site"
        else:
            expected = f"there is '{other}': write '{_way(group.path, other)}'"
    draft.findings.add(node, place, f"'{group.path}' sees no group '{first}'", got=name, expected=expected)


def _site(path: str) -> str:
    return path.partition("/")[0]


def _inside_file(visible: list[str]) -> str:
    return f"it sees: {', '.join(list(dict.fromkeys(visible))[:12])}"


def _way(consumer: str, supplier: str) -> str:
    """The path of the supplier as the consumer would write it."""
    here, there = consumer.split("/"), supplier.split("/")
    shared = sum(
        1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(here[:-1], there[:-1], strict=False))
    )
    return "/".join(there[shared:])


def _check(draft: Draft, group: RawGroup, layer: str, target: _Target, node: Node, place: str) -> _Found | None:
    findings, supplier = draft.findings, draft.groups[target.path]
    if supplier.container:
        inside = draft.children.get(target.path, [])
        expected = f"name a group in it: {', '.join(inside[:12])}"
        findings.add(
            node, place, f"'{target.path}' contains others and feeds nobody itself", got=target.name, expected=expected
        )
        return None
    if supplier.path != group.path and supplier.kind and supplier.kind not in _GIVES[layer]:
        findings.add(
            node,
            place,
            f"'{target.name}' is a {supplier.kind} and gives no {layer}",
            got=target.name,
            expected=f"kinds that do: {', '.join(_GIVES[layer])}",
        )
        return None
    return _offered(draft, target, supplier.kind, node, place)


def _offered(draft: Draft, target: _Target, kind: str, node: Node, place: str) -> _Found | None:
    """The supplier with its positions in one scope instance; None, with a finding, for numbers beyond the count."""
    findings = draft.findings
    chain = draft.chain(target.path)[-len(target.segments) :]
    spans: list[range] = []
    restricted = False
    available = 1
    for segment, level in zip(target.segments, chain, strict=True):
        if segment.first is None or segment.last is None:
            spans.append(range(level.count))
        elif segment.last > level.count:
            findings.add(
                node,
                place,
                f"there is no {level.name}[{segment.last}]",
                got=target.name,
                expected=f"from 1 to {level.count:,}",
            )
            return None
        else:
            spans.append(range(segment.first - 1, segment.last))
            restricted = True
        available *= len(spans[-1])
    offsets = None
    if restricted:
        if available > MAX_LISTED:
            findings.add(
                node,
                place,
                "too many suppliers in brackets",
                got=f"{available:,}",
                expected=f"the limit is {MAX_LISTED:,}",
            )
            return None
        numbers = [0]
        for span, level in zip(spans, chain, strict=True):
            numbers = [number * level.count + index for number in numbers for index in span]
        offsets = tuple(numbers)
    return _Found(Supplier(target.path, target.scope, offsets), available, kind)


def _dependency(draft: Draft, raw: RawDependency, found: list[_Found]) -> Dependency | None:
    picks = [one.supplier.pick for one in found]
    available = sum(one.available for one in found)
    if any(pick is not None for pick in picks) and "pick" in raw.keys:
        draft.findings.add(
            raw.keys["pick"], join(raw.place, "pick"), "'pick' beside numbers in 'from'", expected="keep one of them"
        )
    pick = _number(draft, raw, "pick", available, "there are {most} to pick from")
    wired = sum(one.supplier.pick or one.available for one in found) if pick is None else pick
    need = _number(draft, raw, "need", wired, "each is wired to {most}")
    lanes, rate = _lanes(draft, raw)
    return Dependency(
        layer=raw.layer,
        suppliers=tuple(one.supplier for one in found),
        where=raw.node.where,
        pick=pick,
        need=need,
        share=text_of(raw.keys.get("share")) or "equal",
        redundancy=text_of(raw.keys.get("redundancy")) or None,
        lanes=lanes,
        lane_gbps=rate,
        planes=int(text_of(raw.keys.get("planes")) or 0),
    )


def _number(draft: Draft, raw: RawDependency, key: str, most: int, why: str) -> int | None:
    node = raw.keys.get(key)
    if not isinstance(node, Scalar) or not isinstance(node.value, int):
        return None
    if 1 <= node.value <= most:
        return node.value
    expected = f"from 1 to {most:,}: {why.format(most=f'{most:,}')}"
    problem = f"'{key}' is more than there is" if node.value > most else f"'{key}' is at least 1"
    draft.findings.add(node, join(raw.place, key), problem, got=node.text, expected=expected)
    return None


def _lanes(draft: Draft, raw: RawDependency) -> tuple[int, float]:
    node = raw.keys.get("lanes")
    if node is None:
        return 0, 0.0
    place = join(raw.place, "lanes")
    try:
        lanes, rate = units.parse_lanes(node.value if isinstance(node, Scalar) else None)
    except UnitError as error:
        draft.findings.add(node, place, error.message, got=text_of(node), expected="write it as '72 x 400 Gbps'")
        return 0, 0.0
    if lanes < 1 or rate <= 0:
        draft.findings.add(node, place, "no lanes", got=text_of(node), expected="write it as '72 x 400 Gbps'")
    return lanes, rate
