"""What a file says beside its groups and models: calendar, discount rate, links, parties, sources."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from twin import units
from twin.api import Calendar
from twin.errors import UnitError, one_of
from twin.topology import shape, values
from twin.topology.draft import text_of
from twin.topology.model import Link, Party, Value, Where
from twin.topology.nodes import Listing, Mapped, Node, Scalar, describe
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.topology.draft import Draft

MAX_MONTHS = 1200
"""Limit of `calendar.months`: a hundred years."""

DEFAULT_DISCOUNT = 0.10
DEFAULT_START = date(2026, 1, 1)
_ASSUMED = "assumed"


def sort(draft: Draft) -> None:
    """Read calendar and parties as written, so that overlays can change them."""
    node = draft.items.get("calendar")
    if node is not None:
        draft.calendar = shape.take(node, shape.CALENDAR, "calendar", draft.findings)
    node = draft.items.get("parties")
    for name, item in node.items.items() if isinstance(node, Mapped) else ():
        place = join("parties", name)
        if not values.NAME.match(name):
            draft.findings.add(
                node.keys[name] if isinstance(node, Mapped) else item,
                place,
                "not the name of a party",
                got=name,
                expected="letters, digits, '-' and '_', a letter first",
            )
        draft.parties[name] = shape.take(item, shape.PARTY, place, draft.findings)


def calendar(draft: Draft, days: Iterable[date], found: dict[str, Value]) -> Calendar:
    """The calendar; records in `found` what it was taken from.

    Args:
        draft: the file.
        days: every date of coming into service, for a file that states no start.
        found: grows by `calendar.start` and `calendar.months`.
    """
    start, months = draft.calendar.get("start"), draft.calendar.get("months")
    if isinstance(start, Scalar):
        first = values.read_date(start.value)
        found["calendar.start"] = _stated(start, first.isoformat())
    else:
        earliest = min(days, default=DEFAULT_START)
        first = earliest.replace(day=1)
        why = "the month of the earliest 'energised'" if earliest is not DEFAULT_START else "no dates in the file"
        found["calendar.start"] = _default(draft, first.isoformat(), first.isoformat(), why)
    length = 0
    if isinstance(months, Scalar) and isinstance(months.value, int):
        length = months.value
        if not 1 <= length <= MAX_MONTHS:
            expected = f"from 1 to {MAX_MONTHS:,}"
            draft.findings.add(months, "calendar.months", "not a number of months", got=months.text, expected=expected)
        found["calendar.months"] = _stated(months, length)
    else:
        found["calendar.months"] = _default(draft, 0, "as many as the deals need", "not stated")
    return Calendar(first, length)


def discount(draft: Draft, found: dict[str, Value]) -> float:
    """The discount rate, annual effective; records in `found` where it came from."""
    node = draft.items.get("discount")
    if node is None:
        found["discount"] = _default(draft, DEFAULT_DISCOUNT, units.show(DEFAULT_DISCOUNT, "rate"), "not stated")
        return DEFAULT_DISCOUNT
    try:
        rate = units.parse(node.value if isinstance(node, Scalar) else None, "rate")
    except UnitError as error:
        if not (isinstance(node, Scalar) and node.bad):
            draft.findings.add(node, "discount", error.message, got=describe(node), expected=error.expected)
        return DEFAULT_DISCOUNT
    if rate <= -1.0:
        expected = "write it as '10 %/year'"
        draft.findings.add(node, "discount", "-100 %/year or less", got=describe(node), expected=expected)
    found["discount"] = _stated(node, rate)
    return rate


def _stated(node: Node, value: float | str) -> Value:
    return Value(value, text_of(node), node.origin, node.where)


def _default(draft: Draft, value: float | str, text: str, note: str) -> Value:
    return Value(value, text, "default", Where(draft.file), confidence=_ASSUMED, note=note)


def parties(draft: Draft) -> dict[str, Party]:
    """The parties by name."""
    node = draft.items.get("parties")
    places = node.keys if isinstance(node, Mapped) else {}
    return {
        name: Party(
            name=name,
            role=text_of(keys.get("role")),
            where=places[name],
            rating=text_of(keys.get("rating")),
            source=text_of(keys.get("source")),
            note=text_of(keys.get("note")),
        )
        for name, keys in draft.parties.items()
    }


def links(draft: Draft) -> tuple[Link, ...]:
    """The links between sites; what is wrong is noted and left out."""
    node = draft.items.get("links")
    found: dict[str, Link] = {}
    for number, item in enumerate(node.items if isinstance(node, Listing) else (), 1):
        place = f"links[{number}]"
        keys = shape.take(item, shape.LINK, place, draft.findings)
        ends = _ends(draft, keys.get("between"), join(place, "between"))
        capacity = _quantity(draft, keys.get("capacity"), "bandwidth", join(place, "capacity"), positive=True)
        length = _quantity(draft, keys.get("length"), "length", join(place, "length"), positive=False)
        if ends is None or capacity is None or length is None:
            continue
        name = text_of(keys.get("name")) or "--".join(ends)
        if name in found:
            expected = f"add 'name:' with a name of its own; the other is on line {found[name].where.line}"
            draft.findings.add(item, place, f"two links called '{name}'", got=name, expected=expected)
            continue
        found[name] = Link(name, ends, capacity, length, item.where)
    return tuple(found.values())


def _ends(draft: Draft, node: Node | None, place: str) -> tuple[str, str] | None:
    if not isinstance(node, Listing):
        return None
    names = [text_of(item) for item in node.items]
    sites = {group.path: group for group in draft.groups.values() if group.parent is None}
    if len(names) != len(("one", "other")) or len(set(names)) != len(names):
        draft.findings.add(node, place, "a link joins two sites", got=", ".join(names), expected="write it as '[a, b]'")
        return None
    good = True
    for item, name in zip(node.items, names, strict=True):
        site = sites.get(name)
        if site is None:
            draft.findings.add(item, place, f"there is no site '{name}'", got=name, expected=one_of(name, sites))
        elif site.count > 1:
            expected = "links join sites that are written one by one"
            draft.findings.add(item, place, f"there are {site.count} of '{name}'", got=name, expected=expected)
        good = good and site is not None and site.count == 1
    return (names[0], names[1]) if good else None


def _quantity(draft: Draft, node: Node | None, dimension: str, place: str, *, positive: bool) -> float | None:
    if node is None or not isinstance(node, Scalar):
        return None
    try:
        number = units.parse(node.value, dimension)
    except UnitError as error:
        draft.findings.add(node, place, error.message, got=describe(node), expected=error.expected)
        return None
    if number < 0 or (positive and number == 0):
        draft.findings.add(node, place, "not above zero", got=node.text, expected="write a number above zero")
        return None
    return number


def sources(draft: Draft) -> tuple[str, ...]:
    """The list under `sources:`."""
    node = draft.items.get("sources")
    return tuple(text_of(item) for item in node.items) if isinstance(node, Listing) else ()
