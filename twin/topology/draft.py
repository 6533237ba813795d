"""A topology half read: nodes sorted by what they mean, values not parsed yet.

Overlays change this and not the document, so that an overlay needs to know what it changes and not
how it was written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin.topology.shape import join

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from twin.registry import Registry
    from twin.topology.findings import Findings
    from twin.topology.model import Where
    from twin.topology.nodes import Mapped, Node, Scalar

MAX_COUNT = 10_000_000
"""Limit of a count in brackets and of the rows of a side table."""

MAX_INSTANCES = 20_000_000
"""Limit of instances in a whole topology."""


@dataclass(slots=True)
class RawDependency:
    """A dependency as written; `named` where it is only names, which a cooling layer may split by medium."""

    layer: str
    node: Node
    place: str
    keys: dict[str, Node]
    named: bool = False


@dataclass(slots=True)
class RawGroup:
    """A group as written.

    Attributes:
        path, name, parent, count, total, indexed, container: as in `model.Group`.
        where: place of its key.
        place: path inside the document.
        node: its mapping.
        items: `kind`, `use`, `energised`, `retired`, `ramp`, `refresh`, `holds`, `rows`, `doc`, `source`, `note` as
            far as given.
        attributes: by name.
        dependencies: as written, one or two.
        frame: the side table as read, and once checked with columns named after the attributes.
        columns: attributes that the side table gives, right or wrong.
        kind: once known; empty where it cannot be told.
        follows: path of the group whose place it takes; empty where it is the first.
        when: `after`, `date` and `downtime` of the refresh that made it.
    """

    path: str
    name: str
    parent: str | None
    count: int
    total: int
    indexed: bool
    container: bool
    where: Where
    place: str
    node: Node
    items: dict[str, Node] = field(default_factory=dict)
    attributes: dict[str, Node] = field(default_factory=dict)
    dependencies: list[RawDependency] = field(default_factory=list)
    frame: pl.DataFrame | None = None
    columns: frozenset[str] = frozenset()
    kind: str = ""
    follows: str = ""
    when: dict[str, Node] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """The text under `doc`, `source` or `note`; empty where there is none."""
        return text_of(self.items.get(key))

    def key_place(self, key: str) -> str:
        """Path inside the document of one of its keys."""
        return join(self.place, key)


@dataclass(slots=True)
class RawEntry:
    """An entry of deals, energy, cooling, workloads or analyses as written; `params` without the entry's own keys."""

    section: str
    name: str
    model: str
    node: Mapped
    place: str
    params: dict[str, Node]
    keys: dict[str, Where]
    about: dict[str, str]


@dataclass(slots=True)
class RawComponent:
    """A component of the file as written; `entry` where a hardware model works its figures out."""

    name: str
    node: Node
    place: str
    items: dict[str, Node]
    attributes: dict[str, Node]
    entry: RawEntry | None = None


@dataclass(slots=True)
class Pending:
    """An attribute that an overlay sets on some instances of a group."""

    group: str
    ranges: tuple[tuple[int, int], ...]
    attribute: str
    node: Scalar


@dataclass(slots=True)
class Draft:
    """Everything of one file, and what reading it needs.

    Attributes:
        file, folder, root, items: of the document: its name, where it is, its tree, its top-level keys.
        registry: parts, models and readers of the plugins.
        findings: what is wrong so far.
        files: every file read, with its SHA-256.
        components, groups, calendar, parties, entries: sections as written, by name.
        pending: what overlays set on some instances of a group only.
        children: names of the groups inside a path (`""` for the sites).
        named: paths of the groups of a name.
    """

    file: str
    folder: Path
    registry: Registry
    findings: Findings
    root: Mapped
    files: dict[str, str]
    items: dict[str, Node]
    components: dict[str, RawComponent] = field(default_factory=dict)
    groups: dict[str, RawGroup] = field(default_factory=dict)
    calendar: dict[str, Node] = field(default_factory=dict)
    parties: dict[str, dict[str, Node]] = field(default_factory=dict)
    entries: dict[tuple[str, str], RawEntry] = field(default_factory=dict)
    pending: list[Pending] = field(default_factory=list)
    children: dict[str, list[str]] = field(default_factory=dict)
    named: dict[str, list[str]] = field(default_factory=dict)

    def add(self, group: RawGroup) -> None:
        """Add a group; its parent is there already."""
        self.groups[group.path] = group
        self.children.setdefault(group.parent or "", []).append(group.name)
        self.named.setdefault(group.name, []).append(group.path)

    def chain(self, path: str) -> list[RawGroup]:
        """The groups from the site down to `path`."""
        chain: list[RawGroup] = []
        here: str | None = path
        while here is not None:
            chain.append(self.groups[here])
            here = self.groups[here].parent
        return chain[::-1]


def text_of(node: Node | None) -> str:
    """The text of a scalar; empty for nothing."""
    return "" if node is None else getattr(node, "text", "").strip()
