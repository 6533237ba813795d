"""What reading a fabric needs to know of the groups and parts it is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from twin import units
from twin.errors import UnitError
from twin.topology import held
from twin.topology.draft import MAX_COUNT, RawGroup
from twin.topology.nodes import Scalar, describe

if TYPE_CHECKING:
    from twin.topology.draft import Draft
    from twin.topology.model import Held, Value, Where
    from twin.topology.nodes import Node
    from twin.topology.parts import Parts


@dataclass(slots=True)
class Reading:
    """One fabric while it is read.

    Attributes:
        draft, parts: of the file.
        name, place, node, keys: of the entry.
        endpoints: groups that it joins.
        known: attributes of groups looked up so far, by path.
    """

    draft: Draft
    parts: Parts
    name: str
    place: str
    node: Node
    keys: dict[str, Node]
    endpoints: list[RawGroup] = field(default_factory=list)
    known: dict[str, dict[str, Value]] = field(default_factory=dict)

    def note(self, at: Where | Node, key: str, message: str, *, got: str = "", expected: str = "") -> None:
        """Note what is wrong with a key of the fabric."""
        place = f"{self.place}.{key}" if key else self.place
        self.draft.findings.add(at, place, message, got=got, expected=expected)

    def figure(self, group: RawGroup, name: str) -> float | None:
        """A number of one of a group; None where nobody gives it."""
        if group.path not in self.known:
            before, read = len(self.draft.findings.items), dict(self.parts.held)
            self.known[group.path] = self.parts.attributes(group, held.holds(self.parts, group))
            del self.draft.findings.items[before:]  # the group itself is read again, and notes them then
            self.parts.held = read
        value = self.known[group.path].get(name)
        return None if value is None or isinstance(value.value, str) else float(value.value)

    def accelerators(self, group: RawGroup) -> int:
        """Accelerators in one of a group: an accelerator is one itself."""
        given = self.figure(group, "accelerators")
        return int(group.kind == "accelerator") if given is None else int(given)


def part(reading: Reading, node: Node, key: str) -> Held | None:
    """The part that a key names, with its attributes; None, with a finding, where there is none."""
    name = str(getattr(node, "text", "")).strip()
    place = f"{reading.place}.{key}"
    use = Scalar(node.where, name, name, node.origin, node.path)
    chain = reading.parts.chain(use, place)
    if not chain.components and chain.part is None:
        return None
    return held.alone(reading.parts, name, reading.parts.kind_of(chain), node, place, use)


def needed(reading: Reading, one: Held, node: Node, key: str, name: str) -> float | None:
    """A figure of a part that the fabric cannot do without; None, with a finding, where nobody gives it."""
    found = held.number(one, name)
    if found is None or (found <= 0 and name != "load"):
        expected = f"make a component with 'use: {one.part}' and '{name}:', and name that"
        reading.note(node, key, f"nobody gives '{name}' of '{one.part}'", got=one.part, expected=expected)
        return None
    return found


def count(node: Node | None) -> int | None:
    """A whole number from 1; None where there is none."""
    value = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_COUNT else None


def ratio_of(reading: Reading, node: Node | None, key: str) -> float | None:
    """The oversubscription; 1 where nothing is stated, None with a finding where it is none."""
    if node is None:
        return 1.0
    try:
        ratio = units.parse(node.value if isinstance(node, Scalar) else None, "ratio")
    except UnitError as error:
        reading.note(node, key, error.message, got=describe(node), expected=error.expected)
        return None
    if ratio <= 0:
        reading.note(node, key, "not above zero", got=describe(node), expected="write it as '2' for 2:1")
        return None
    return ratio
