"""Reading a topology file: from its path to a checked `Topology`, or to everything that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from twin.api import month_index
from twin.errors import UnitError
from twin.topology import (
    asserted,
    document,
    entries,
    fabrics,
    failing,
    feeds,
    held,
    lifetimes,
    losses,
    modelled,
    overlay,
    references,
    refresh,
    resolve,
    riding,
    rows,
    select,
    settings,
    shape,
    tree,
    wanted,
)
from twin.topology.draft import Draft, text_of
from twin.topology.findings import Findings
from twin.topology.model import Group, Override, Topology, Value
from twin.topology.nodes import Scalar
from twin.topology.parts import Parts
from twin.topology.values import read_date

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from twin.registry import Registry
    from twin.topology.draft import Pending, RawGroup
    from twin.topology.fabrics import Woven


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
    _kinds(Parts(_quiet(draft), kinds_only=True), draft)
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
        if group.container:
            continue
        before = len(draft.findings.items)
        group.kind = parts.kind(group)
        if group.follows:
            refresh.drop_repeated(draft, before)


def _version(draft: Draft) -> None:
    node = draft.items.get("twin")
    if isinstance(node, Scalar) and node.value != shape.FORMAT:
        message = f"version {node.text} of the language is not known here"
        draft.findings.add(node, "twin", message, got=node.text, expected=f"write 'twin: {shape.FORMAT}'")


def _build(draft: Draft, path: Path, scenario: str, names: tuple[str, ...], overlays: tuple[str, ...]) -> Topology:
    parts = Parts(draft)
    _kinds(parts, draft)
    woven = fabrics.weave(draft, parts)
    found: dict[str, Value] = {}
    days = [
        day
        for group in draft.groups.values()
        for day in (*lifetimes.days(group.items.get("energised")), *rows.check(draft, group))
    ]
    days += [day for one in draft.pending if one.attribute == "energised" for day in lifetimes.days(one.node)]
    calendar = settings.calendar(draft, days, found)
    outside = feeds.rejects(draft)
    groups: dict[str, Group] = {}
    for raw in draft.groups.values():
        before = len(draft.findings.items)
        groups[raw.path] = _group(draft, parts, raw, calendar.start, woven, outside=outside)
        if raw.follows:
            refresh.drop_repeated(draft, before)
    feeds.cycles(draft, groups)
    references.occupants(draft)
    links = settings.links(draft)
    rate = settings.discount(draft, found)
    topology = Topology(
        name=text_of(draft.items.get("name")) or path.stem,
        path=path,
        calendar=calendar,
        groups=groups,
        overrides=_overrides(draft, parts, calendar.start, groups),
        links=links,
        parties=settings.parties(draft),
        entries=(*entries.validate(draft), *parts.modelled.entries),
        discount_per_year=rate,
        sources=settings.sources(draft),
        scenario=scenario,
        scenarios=names,
        overlays=overlays,
        files=draft.files,
        settings=found,
        doc=text_of(draft.items.get("doc")),
        demands=wanted.demands(draft, groups, calendar),
        assertions=asserted.assertions(draft, groups),
        fabrics=tuple(woven.fabrics),
    )
    topology = lifetimes.settle(draft, topology)
    modelled.too_early(draft, topology)
    failing.check(draft, topology)
    riding.check(draft, topology.groups)
    return topology


def _group(draft: Draft, parts: Parts, raw: RawGroup, start: date, woven: Woven, *, outside: bool) -> Group:
    holds = () if raw.container else held.holds(parts, raw)
    attributes, holds = woven.finish(raw, parts.attributes(raw, holds), holds)
    dependencies = resolve.dependencies(draft, raw)
    if not raw.container:
        losses.check(draft, raw, attributes)
        feeds.fed(draft, raw, attributes, outside=outside)
        feeds.split(draft, raw, dependencies, attributes)
    frame = None if raw.frame is None else rows.months(raw.frame, start)
    energised, retired = (
        tuple(frame[key].to_list())
        if frame is not None and key in frame.columns and not frame[key].has_nulls()
        else lifetimes.stated(draft, raw, key, start)
        for key in rows.DATES
    )
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
        retired=retired,
        holds=holds,
    )


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
    if one.attribute not in rows.DATES:
        return parts.value(one.attribute, one.node, raw.kind, one.node.path)
    try:
        day = read_date(one.node.value)
    except UnitError as error:
        draft.findings.add(one.node, one.node.path, error.message, got=one.node.text, expected=error.expected)
        return None
    return Value(month_index(day, start), one.node.text, "overlay", one.node.where)
