"""What must hold of a topology: `assertions:`, each resolved and checked as far as the file goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin import units
from twin.errors import UnitError, one_of
from twin.topology import shape
from twin.topology.draft import text_of
from twin.topology.model import Assertion
from twin.topology.nodes import Listing, Mapped, Scalar, describe
from twin.topology.shape import join
from twin.topology.wanted import about_of, selected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from twin.topology.draft import Draft
    from twin.topology.model import Group
    from twin.topology.nodes import Node


def assertions(draft: Draft, groups: Mapping[str, Group]) -> tuple[Assertion, ...]:
    """The items of `assertions:`; what is wrong is noted and left out.

    Args:
        draft: the file.
        groups: resolved.
    """
    node = draft.items.get("assertions")
    found = []
    for number, item in enumerate(node.items if isinstance(node, Listing) else (), 1):
        place = f"assertions[{number}]"
        name = _check_of(draft, item, place)
        if name is None:
            continue
        before = len(draft.findings.items)
        taken = shape.take(item, shape.ASSERTIONS[name], place, draft.findings)
        params = _PARAMS[name](_Reading(draft, groups, taken, place))
        if len(draft.findings.items) == before:
            found.append(Assertion(name, params, item.where, **about_of(taken)))
    return tuple(found)


def _check_of(draft: Draft, item: Node, place: str) -> str | None:
    known = shape.ASSERTIONS
    if not isinstance(item, Mapped):
        expected = f"a mapping with 'check:', one of: {', '.join(known)}"
        draft.findings.add(item, place, "not a mapping", got=describe(item), expected=expected)
        return None
    node = item.items.get("check")
    if node is None:
        draft.findings.add(
            item, place, "the key 'check' is missing", expected=f"add 'check:', one of: {', '.join(known)}"
        )
        return None
    name = text_of(node)
    if name not in known:
        message = f"there is no check '{name}'"
        draft.findings.add(node, join(place, "check"), message, got=describe(node), expected=one_of(name, known))
        return None
    return name


class _Reading:
    """One assertion being read: its keys, and where findings go."""

    def __init__(self, draft: Draft, groups: Mapping[str, Group], taken: Mapping[str, Node], place: str) -> None:
        self.draft = draft
        self.groups = groups
        self.taken = taken
        self.place = place

    def add(self, key: str, message: str, got: str = "", expected: str = "") -> None:
        """Note what is wrong with a key."""
        self.draft.findings.add(self.taken[key], join(self.place, key), message, got=got, expected=expected)

    def text(self, key: str, default: str = "") -> str:
        """The text under a key."""
        return text_of(self.taken.get(key)) or default

    def texts(self, key: str) -> tuple[str, ...]:
        """The items of a list; empty where it is not there."""
        node = self.taken.get(key)
        return tuple(text_of(item) for item in node.items) if isinstance(node, Listing) else ()

    def share(self, key: str) -> float:
        """A share above zero."""
        node = self.taken.get(key)
        if node is None:
            return 0.0
        try:
            value = units.parse(node.value if isinstance(node, Scalar) else None, "fraction")
        except UnitError as error:
            self.add(key, error.message, describe(node), error.expected)
            return 0.0
        if not 0 < value <= 1:
            self.add(key, "not a share", describe(node), "above 0 % and at most 100 %")
        return value

    def select(self, key: str, fits: Callable[[Group], bool], none: str, expected: str) -> str:
        """A selector under a key that names at least one group which fits."""
        node = self.taken.get(key)
        if node is None:
            return ""
        found = selected(self.draft, self.groups, node, join(self.place, key))
        if found is not None and not any(fits(self.groups[path]) for path in found):
            self.add(key, none.format(text_of(node)), text_of(node), expected)
        return text_of(node)


def _utilisation(read: _Reading) -> dict[str, object]:
    def rated(group: Group) -> bool:
        varies = group.rows is not None and "capacity" in group.rows.columns
        return "capacity" in group.attributes or varies

    of = read.select("of", rated, "nothing that '{}' names has a capacity", "name suppliers, as 'kind=ups'")
    return {"of": of, "most": read.share("most"), "state": read.text("state", "worst")}


def _residency(read: _Reading) -> dict[str, object]:
    sites = [path for path, group in read.groups.items() if group.parent is None]
    named = read.texts("sites")
    for name in named:
        if name not in sites:
            read.add("sites", f"there is no site '{name}'", name, one_of(name, sites))
    for key in ("sites", "countries"):
        if key in read.taken and not read.texts(key):
            read.add(key, "an empty list", "[]", "name at least one")
    return {"sites": named or tuple(sites), "countries": tuple(name.upper() for name in read.texts("countries"))}


def _tenancy(read: _Reading) -> dict[str, object]:
    at = read.select("at", lambda group: group.container, "'{}' contains nothing", "name a site, hall or row")
    tenant = read.text("tenant")
    tenants = (group.attributes.get("tenant") for group in read.groups.values())
    known = {*read.draft.parties, *(str(value.value) for value in tenants if value is not None)}
    if "tenant" in read.taken and tenant not in known:
        expected = one_of(tenant, known) if known else "add 'tenant:' to a site or hall, or the party under 'parties:'"
        read.add("tenant", f"nothing has the tenant '{tenant}', and it is no party", tenant, expected)
    return {"at": at, "tenant": tenant}


def _operators(read: _Reading) -> dict[str, object]:
    return {"most": read.share("most"), "of": read.text("of", "power")}


def _redundancy(read: _Reading) -> dict[str, object]:
    layer = read.text("layer")

    def fed(group: Group) -> bool:
        return any(dependency.layer == layer for dependency in group.dependencies)

    of = read.select("of", fed if layer else lambda _: True, f"nothing that '{{}}' names has a {layer} dependency", "")
    return {"of": of, "layer": layer, "least": read.text("least")}


_PARAMS: dict[str, Callable[[_Reading], dict[str, object]]] = {
    "max-utilisation": _utilisation,
    "residency": _residency,
    "dedicated-tenancy": _tenancy,
    "operator-share": _operators,
    "redundancy": _redundancy,
}
