"""What `use:` brings: components of the file, catalogue parts, and the default part of a kind.

The nearest statement of an attribute wins: the group's own (or an overlay's), then the components
along `use:`, then the catalogue part, then the default part of the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.errors import UnitError, nearest, one_of, shorten
from twin.topology import held, losses, modelled, values
from twin.topology.attributes import ATTRIBUTES, CONTAINER_KINDS, KINDS, fits
from twin.topology.draft import text_of
from twin.topology.model import Value, Where
from twin.topology.nodes import Node, Scalar, describe

if TYPE_CHECKING:
    from twin.registry import CataloguePart
    from twin.topology.draft import Draft, RawComponent, RawGroup
    from twin.topology.model import Held

_RELIABILITY = ("mtbf", "failure_rate")
"""Two ways to say the same: stating one nearer hides the other."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What a `use:` leads to: components from the nearest on, then at most one catalogue part."""

    components: tuple[RawComponent, ...] = ()
    part: CataloguePart | None = None


class Parts:
    """Resolves `use:` and merges attributes for one file."""

    def __init__(self, draft: Draft, *, kinds_only: bool = False) -> None:
        """Check every component once, used or not.

        Args:
            draft: the file.
            kinds_only: whether the figures of hardware models are not wanted yet, as before overlays.
        """
        self.draft = draft
        self.modelled = modelled.kinds(draft) if kinds_only else modelled.run(draft)
        self.findings = draft.findings
        self.held: dict[int, tuple[Held, ...]] = {}
        for component in draft.components.values():
            self._check(component)

    def kind(self, group: RawGroup) -> str:
        """The kind of a group that contains nothing; empty, with a finding, where nobody says it."""
        own = text_of(group.items.get("kind"))
        chain = self.chain(group.items.get("use"), group.key_place("use"))
        kind = own or self.kind_of(chain)
        keys = set(getattr(group.node, "keys", ()))
        if keys and not kind and not {"use", "kind"} & keys:
            expected = f"add 'kind:' or 'use:' {nearest(group.name, self.draft.registry.parts)}".strip()
            self.findings.add(group.where, group.place, f"nobody says what '{group.name}' is", expected=expected)
        elif not kind and chain.components:
            self.findings.add(
                group.items["use"], group.key_place("use"), "the component has no kind", expected="add 'kind:' to it"
            )
        elif kind in CONTAINER_KINDS:
            self.findings.add(
                group.where, group.place, f"a {kind} without anything in it", expected="add 'contains:' with groups"
            )
        elif kind and not own and chain.part is not None and chain.part.kind == kind and kind not in KINDS:
            self.findings.add(
                group.items["use"],
                group.key_place("use"),
                f"part '{chain.part.name}' of {chain.part.plugin} is of a kind that there is not",
                got=kind,
                expected=one_of(kind, KINDS),
            )
        return kind

    def attributes(self, group: RawGroup, holds: tuple[Held, ...] = ()) -> dict[str, Value]:
        """The attributes of a group, merged; a column of its side table hides what it does not state itself.

        Args:
            group: the group, its kind known.
            holds: what one instance holds.
        """
        merged: dict[str, Value] = {}
        hidden = set(group.columns)
        about = {key: group.text(key) for key in ("source", "note")}
        self._own(merged, group.attributes, "file", about, group.kind, group.place)
        if group.container:
            return merged
        hidden |= _shadowed(set(merged) | hidden)
        chain = self.chain(group.items.get("use"), None)
        for component in chain.components:
            level: dict[str, Value] = {}
            about = {key: text_of(component.items.get(key)) for key in ("source", "note")}
            self._own(level, component.attributes, "component", about, group.kind, component.place)
            _merge(merged, level, hidden)
        use = group.items.get("use")
        if chain.part is not None and use is not None:
            by_model = chain.part.name in self.modelled.parts
            origin = modelled.ORIGIN if by_model else "catalogue"
            level = self._figures(chain.part, group, use, origin)
            _merge(merged, losses.without_total(level, {*merged, *group.columns}), hidden)
        held.add(self, group, holds, merged, hidden)
        default = self.draft.registry.defaults.get(group.kind)
        if default is not None:
            level = self._figures(default, group, use or group.node, "default")
            if "power" not in {dependency.layer for dependency in group.dependencies}:
                level.pop("cop", None)  # a guess must not make equipment draw power that nobody wired
            level = losses.without_total(level, {*merged, *group.columns})
            _merge(merged, {name: value for name, value in level.items() if ATTRIBUTES[name].default}, hidden)
        losses.settle(merged)
        self._pairs(group, merged)
        return merged

    def chain(self, use: Node | None, place: str | None) -> Chain:
        """What a `use:` leads to.

        Args:
            use: the node; None for a group without one.
            place: path inside the document; None where findings were noted before.
        """
        components: list[RawComponent] = []
        while use is not None:
            name = text_of(use)
            component, part = self.draft.components.get(name), self.draft.registry.parts.get(name)
            if component is None:
                if part is None and name and place is not None:
                    self._unknown(use, name, place)
                return Chain(tuple(components), part)
            if component in components:
                return Chain(tuple(components))
            if part is not None and place is not None:
                self.findings.add(
                    use,
                    place,
                    f"'{name}' is ambiguous: a component of the file and a part of {part.plugin}",
                    got=name,
                    expected="rename the component",
                )
            components.append(component)
            if component.entry is not None:
                return Chain(tuple(components), self.modelled.parts.get(name))
            use, place = component.items.get("use"), None
        return Chain(tuple(components))

    def _unknown(self, use: Node, name: str, place: str) -> None:
        known = {*self.draft.components, *self.draft.registry.parts}
        hint = nearest(name, known) or one_of(name, known)
        explained = self.draft.registry.explain(name)
        self.findings.add(
            use,
            place,
            f"there is no component and no catalogue part '{name}'",
            got=name,
            expected="; ".join(text for text in (hint, explained) if text),
        )

    def kind_of(self, chain: Chain) -> str:
        """The kind that the nearest component or the part of a chain states; empty where none does."""
        stated = [text_of(component.items.get("kind")) for component in chain.components]
        part = "" if chain.part is None else chain.part.kind
        return next((kind for kind in stated if kind), part)

    def _check(self, component: RawComponent) -> None:
        use = component.items.get("use")
        place = f"{component.place}.use"
        chain = self.chain(use, place)
        seen = [component.name]
        while use is not None and text_of(use) in self.draft.components:
            name = text_of(use)
            if name in seen:
                loop = " → ".join([*seen[seen.index(name) :], name])
                if name == component.name:
                    self.findings.add(
                        component.items["use"],
                        place,
                        "components use each other in a circle",
                        got=loop,
                        expected="break it",
                    )
                return
            seen.append(name)
            use = self.draft.components[name].items.get("use")
        kind = text_of(component.items.get("kind")) or self.kind_of(chain)
        about = {"source": "", "note": ""}
        self._own({}, component.attributes, "component", about, kind, component.place)
        if "holds" in component.items:
            held.read(self, component.items["holds"], f"{component.place}.holds")

    def _own(
        self, into: dict[str, Value], nodes: dict[str, Node], origin: str, about: dict[str, str], kind: str, place: str
    ) -> None:
        """Parse what a group or component states itself."""
        for name, node in nodes.items():
            value = self.value(name, node, kind, f"{place}.{name}", origin, about)
            if value is not None:
                into[name] = value
        losses.both(self.draft, nodes, place)
        if all(name in nodes for name in _RELIABILITY):
            self.findings.add(
                nodes["failure_rate"],
                f"{place}.failure_rate",
                "'failure_rate' and 'mtbf' say the same",
                got=text_of(nodes["failure_rate"]),
                expected="keep one of them",
            )

    def value(
        self, name: str, node: Node, kind: str, place: str, origin: str = "file", about: dict[str, str] | None = None
    ) -> Value | None:
        """Parse one attribute; None, with a finding, where it is wrong."""
        attribute = ATTRIBUTES[name]
        if isinstance(node, Scalar) and node.bad:
            return None
        if kind and not fits(attribute, kind):
            allowed = (
                f"kinds with it: {', '.join(attribute.kinds)}" if attribute.kinds else "state it on the groups inside"
            )
            self.findings.add(node, place, f"a {kind} has no '{name}'", got=text_of(node), expected=allowed)
            return None
        try:
            number = values.read(node.value if isinstance(node, Scalar) else None, name, kind)
        except UnitError as error:
            self.findings.add(node, place, error.message, got=describe(node), expected=error.expected)
            return None
        overlaid = node.origin == "overlay"
        about = {} if overlaid or about is None else about
        return Value(
            value=number,
            text=text_of(node),
            origin="overlay" if overlaid else origin,
            where=node.where,
            source=about.get("source", ""),
            note=about.get("note", ""),
        )

    def _figures(self, part: CataloguePart, group: RawGroup, use: Node, origin: str) -> dict[str, Value]:
        """The figures of a part that mean something for the group's kind."""
        level: dict[str, Value] = {}
        for name, figure in part.figures.items():
            if name not in ATTRIBUTES:
                self.findings.add(
                    use,
                    group.key_place("use"),
                    f"part '{part.name}' of {part.plugin} has an attribute '{name}' that there is not",
                    got=shorten(figure.text),
                    expected=f"{nearest(name, ATTRIBUTES)} the plugin's author must mend it".strip(),
                )
                continue
            if not fits(ATTRIBUTES[name], group.kind):
                continue
            try:
                number = values.read(_number_or_text(figure.text), name, group.kind)
            except UnitError as error:
                self.findings.add(
                    use,
                    group.key_place("use"),
                    f"part '{part.name}' of {part.plugin} has a wrong '{name}': {error.message}",
                    got=shorten(figure.text),
                    expected=f"override '{name}:' here; {error.expected}",
                )
                continue
            where = self.draft.components[part.name].node.where if origin == modelled.ORIGIN else Where(part.plugin)
            also = part.alternatives.get(name, ())
            level[name] = Value(number, figure.text, origin, where, figure.source, figure.confidence, figure.note, also)
        return level

    def _pairs(self, group: RawGroup, merged: dict[str, Value]) -> None:
        """Failing needs repairing, and the other way round where the file says so."""
        have = set(merged) | group.columns
        fails = next((name for name in _RELIABILITY if name in have), None)
        if fails and "mttr" not in have:
            self._half(group, fails, "mttr", "8 h")
        elif "mttr" in have and not fails:
            stated = merged.get("mttr")
            if stated is None or stated.origin in {"file", "component", "overlay"}:
                self._half(group, "mttr", "mtbf", "250000 h")
            else:
                merged.pop("mttr")

    def _half(self, group: RawGroup, given: str, missing: str, example: str) -> None:
        node = group.attributes.get(given) or group.items.get("use") or group.items.get("rows")
        self.findings.add(
            node or group.where,
            group.key_place(given),
            f"'{given}' of '{group.path}' needs '{missing}' beside it",
            expected=f"add '{missing}: {example}'",
        )


def _shadowed(names: set[str]) -> set[str]:
    return (set(_RELIABILITY) if names & set(_RELIABILITY) else set()) | losses.hides(names)


def _merge(into: dict[str, Value], level: dict[str, Value], hidden: set[str]) -> None:
    """Add what no nearer level states, and then hide both ways of saying what this level says once."""
    for name, value in level.items():
        if name not in into and name not in hidden:
            into[name] = value
    hidden |= _shadowed(set(level))


def _number_or_text(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
