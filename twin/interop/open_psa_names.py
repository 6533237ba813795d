"""Who is meant by a name in an Open-PSA model: public names hold everywhere, private ones by their path.

A reference is looked up in the container it stands in, then by its path from the top of the model, and a
name without a path among the public names, as SCRAM does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.errors import Finding
    from twin.interop.xml import Element

CONTAINERS = ("define-fault-tree", "define-component", "model-data")
_EVENTS = ("define-gate", "define-basic-event", "define-house-event")
_KINDS = {"gate": "define-gate", "basic-event": "define-basic-event", "house-event": "define-house-event"}

_Found = tuple[str, "Element", str]
"""The name in the frames, the definition, and the path of the container that it stands in."""


class Definitions:
    """Everything that a model defines, by kind and by path."""

    kinds = (*_EVENTS, "define-parameter", "define-CCF-group")

    def __init__(self, findings: list[Finding]) -> None:
        """Start without any; what is defined twice is added to `findings`."""
        self._findings = findings
        self._by_path: dict[tuple[str, str], _Found] = {}
        self._public: dict[tuple[str, str], _Found] = {}
        self._members: dict[str, str] = {}
        self._all: list[_Found] = []

    @property
    def gates(self) -> bool:
        """Whether there is any gate."""
        return any(element.tag == "define-gate" for _, element, _ in self._all)

    def add(self, container: Element, path: str, *, public: bool) -> None:
        """Add what a container defines, and the containers in it."""
        for one in container.inside:
            role = one.get("role")
            own = role == "public" if role else public
            if one.tag in CONTAINERS:
                inner = path if one.tag == "model-data" else _joined(path, one.get("name"))
                self.add(one, inner, public=own)
            elif one.tag in self.kinds:
                self._define(one, path, public=own)
            elif path and one.tag not in ("label", "attributes"):
                self._findings.append(one.finding(path, f"<{one.tag}> is not read", "", "a model without it"))

    def _define(self, one: Element, path: str, *, public: bool) -> None:
        name, full = one.get("name"), _joined(path, one.get("name"))
        space = _space(one.tag)
        if not name or "." in name:
            self._findings.append(one.finding(path, f"<{one.tag}> has no proper name", name, "a name without a dot"))
        found = (name if public else full, one, path)
        if (space, full) in self._by_path or (public and (space, name) in self._public):
            self._findings.append(one.finding(full, "is defined twice", name))
        self._by_path[space, full] = found
        if public:
            self._public[space, name] = found
        self._all.append(found)

    def all(self, tag: str) -> Iterator[_Found]:
        """Everything defined with one tag."""
        return (found for found in self._all if found[1].tag == tag)

    def parameter(self, one: Element, where: str) -> tuple[Element, str] | None:
        """The definition of a parameter that an element names, and where it stands."""
        found = self._find("define-parameter", one.get("name"), where)
        return None if found is None else (found[1], found[2])

    def event(self, one: Element, where: str) -> str | None:
        """The name in the frames of the gate or event that an element names; None where there is none."""
        name = one.get("name")
        found = self._find("event", name, where)
        if found is None:
            member = self._members.get(_joined(where, name)) or self._members.get(name)
            return member if one.tag in ("event", "basic-event") else None
        kind = _KINDS.get(one.get("type") if one.tag == "event" else one.tag)
        return found[0] if kind in (None, found[1].tag) else None

    def member(self, one: Element, where: str) -> str:
        """The name of a member of a common-cause group, which defines it where nothing else does."""
        found = self._find("event", one.get("name"), where)
        if found is not None:
            return found[0]
        name = one.get("name")
        self._members[name] = name
        return name

    def near(self, one: Element) -> str:
        """The defined name nearest to one that is not."""
        return nearest(one.get("name"), {name for name, element, _ in self._all if element.tag in _EVENTS})

    def _find(self, tag: str, name: str, where: str) -> _Found | None:
        space = _space(tag)
        local = self._by_path.get((space, _joined(where, name))) if where else None
        if local is not None:
            return local
        return self._by_path.get((space, name)) if "." in name else self._public.get((space, name))


def _space(tag: str) -> str:
    """Gates and events share their names; parameters and groups have their own."""
    return tag if tag in ("define-parameter", "define-CCF-group") else "event"


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
