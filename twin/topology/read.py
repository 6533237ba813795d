"""Reading a topology file: from its path to a checked `Topology`, or to everything that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twin.api import month_index
from twin.errors import UnitError
from twin.topology import document, entries, feeds, overlay, resolve, rows, select, settings, shape, tree
from twin.topology.draft import Draft, text_of
from twin.topology.findings import Findings
from twin.topology.model import Group, Override, Topology, Value
from twin.topology.nodes import Listing, Scalar
from twin.topology.parts import Parts
from twin.topology.values import read_date

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from twin.registry import Registry
    from twin.topology.draft import Pending, RawGroup
    from twin.topology.nodes import Node


def read(path: Path | str, registry: Registry, scenario: str = "", overlays: Sequence[str] = ()) -> Topology:
    """Read, resolve and check a topology file.

    Args:
        path: the file, YAML or JSON.
        registry: parts, models and readers of the plugins.
        scenario: name of a scenario of the file to apply; empty for none.
        overlays: `path=value` each, applied after the scenario.

    Returns:
        The topology, with nothing wrong in it.

    Raises:
        InputError: with every finding at once.
    """
    findings = Findings()
    text = document.load(path, findings)
    items = shape.take(text.root, shape.FILE, "", findings)
    files = {text.file: text.sha256}
    draft = Draft(text.file, text.folder, registry, findings, text.root, files, items)
    _version(draft)
    tree.components(draft)
    tree.groups(draft)
    settings.sort(draft)
    entries.sort(draft)
    _kinds(Parts(_quiet(draft)), draft)
    names = overlay.apply(draft, scenario, overlays)
    topology = _build(draft, Path(path), scenario, names, tuple(overlays))
    findings.raise_if_any()
    return topology


def _quiet(draft: Draft) -> Draft:
    """The same draft with findings that go nowhere: what is looked at twice is reported once."""
    return Draft(**{name: getattr(draft, name) for name in Draft.__dataclass_fields__} | {"findings": Findings()})


def _kinds(parts: Parts, draft: Draft) -> None:
    """Tell the kinds of all groups; an overlay of `use` changes them, so this runs before and after."""
    for group in draft.groups.values():
        if not group.container:
            group.kind = parts.kind(group)


def _version(draft: Draft) -> None:
    node = draft.items.get("twin")
    if isinstance(node, Scalar) and node.value != shape.FORMAT:
        message = f"version {node.text} of the language is not known here"
        draft.findings.add(node, "twin", message, got=node.text, expected=f"write 'twin: {shape.FORMAT}'")


def _build(draft: Draft, path: Path, scenario: str, names: tuple[str, ...], overlays: tuple[str, ...]) -> Topology:
    parts = Parts(draft)
    _kinds(parts, draft)
    found: dict[str, Value] = {}
    days = [
        day
        for group in draft.groups.values()
        for day in (*_days(group.items.get("energised")), *rows.check(draft, group))
    ]
    days += [day for one in draft.pending if one.attribute == "energised" for day in _days(one.node)]
    calendar = settings.calendar(draft, days, found)
    outside = feeds.rejects(draft)
    groups = {raw.path: _group(draft, parts, raw, calendar.start, outside=outside) for raw in draft.groups.values()}
    feeds.cycles(draft, groups)
    links = settings.links(draft)
    rate = settings.discount(draft, found)
    return Topology(
        name=text_of(draft.items.get("name")) or path.stem,
        path=path,
        calendar=calendar,
        groups=groups,
        overrides=_overrides(draft, parts, calendar.start, groups),
        links=links,
        parties=settings.parties(draft),
        entries=entries.validate(draft),
        discount_per_year=rate,
        sources=settings.sources(draft),
        scenario=scenario,
        scenarios=names,
        overlays=overlays,
        files=draft.files,
        settings=found,
        doc=text_of(draft.items.get("doc")),
    )


def _group(draft: Draft, parts: Parts, raw: RawGroup, start: date, *, outside: bool) -> Group:
    attributes = parts.attributes(raw)
    dependencies = resolve.dependencies(draft, raw)
    if not raw.container:
        feeds.fed(draft, raw, attributes, outside=outside)
        feeds.split(draft, raw, dependencies, attributes)
    frame = None if raw.frame is None else rows.months(raw.frame, start)
    if frame is not None and rows.ENERGISED in frame.columns:
        energised = tuple(frame[rows.ENERGISED].to_list())
    else:
        energised = _energised(draft, raw, start)
    return Group(
        path=raw.path,
        name=raw.name,
        kind=raw.kind,
        parent=raw.parent,
        count=raw.count,
        total=raw.total,
        indexed=raw.indexed,
        container=raw.container,
        part=text_of(raw.items.get("use")) or None,
        attributes=attributes,
        dependencies=dependencies,
        energised=energised,
        where=raw.where,
        rows=frame,
        doc=raw.text("doc"),
        source=raw.text("source"),
        note=raw.text("note"),
    )


def _days(node: Node | None) -> list[date]:
    """The dates under an `energised` that are dates."""
    days = []
    for item in node.items if isinstance(node, Listing) else (node,):
        try:
            days.append(read_date(item.value if isinstance(item, Scalar) else None))
        except UnitError:
            continue
    return days


def _energised(draft: Draft, raw: RawGroup, start: date) -> tuple[int, ...]:
    """Month index of each date, negative before the calendar's start; none where the group says nothing."""
    node = raw.items.get("energised")
    days = _days(node)
    if isinstance(node, Listing) and len(node.items) != raw.count:
        draft.findings.add(
            node,
            raw.key_place("energised"),
            f"{len(node.items)} dates for {raw.count:,} instances",
            got=f"{len(node.items)} dates",
            expected=f"one date for all, or a list of {raw.count:,}",
        )
    return tuple(month_index(day, start) for day in days)


def _overrides(draft: Draft, parts: Parts, start: date, groups: dict[str, Group]) -> tuple[Override, ...]:
    """What overlays set on some instances of a group only."""
    overrides = []
    for one in draft.pending:
        raw = draft.groups[one.group]
        value = _override_value(draft, parts, one, raw, start)
        other = {"mtbf": "failure_rate", "failure_rate": "mtbf"}.get(one.attribute)
        if other in groups[one.group].attributes:
            draft.findings.add(
                one.node,
                one.node.path,
                f"'{one.group}' states '{other}', which says the same",
                got=one.node.text,
                expected=f"set '{other}' instead",
            )
        if value is None:
            continue
        numbers = select.locals_of([one.ranges], [level.count for level in draft.chain(one.group)])
        overrides.append(Override(one.group, tuple(numbers.tolist()), one.attribute, value))
    return tuple(overrides)


def _override_value(draft: Draft, parts: Parts, one: Pending, raw: RawGroup, start: date) -> Value | None:
    if one.attribute != "energised":
        return parts.value(one.attribute, one.node, raw.kind, one.node.path)
    try:
        day = read_date(one.node.value)
    except UnitError as error:
        draft.findings.add(one.node, one.node.path, error.message, got=one.node.text, expected=error.expected)
        return None
    return Value(month_index(day, start), one.node.text, "overlay", one.node.where)
