"""A grid that is to be lived through (`ride_through`), as a file may state it.

How long a site lives without its grid is known of the site as a whole, so that there is one grid in it, and what
stands in for that counts to how long the site lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from twin.topology.attributes import SOURCE_KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.topology.draft import Draft
    from twin.topology.model import Group, Where

ATTRIBUTE = "ride_through"
GRID, SETS = "utility", "genset"


def check(draft: Draft, groups: Mapping[str, Group]) -> None:
    """Note what is in the way of living through the outages of a grid.

    Args:
        draft: the file; gets the findings.
        groups: resolved, by path.
    """
    for path, group in groups.items():
        if group.rows is not None and ATTRIBUTE in group.rows.columns:
            _note(draft, path, group.where, "stands in a side table", "state it of the group")
        stated = group.attributes.get(ATTRIBUTE)
        if stated is None:
            continue
        for message, expected in _faults(group, groups):
            _note(draft, path, stated.where, message, expected)


def _note(draft: Draft, path: str, where: Where, message: str, expected: str) -> None:
    place = draft.groups[path].key_place(ATTRIBUTE)
    draft.findings.add(where, place, f"'{ATTRIBUTE}' of '{path}': {message}", expected=expected)


def _faults(group: Group, groups: Mapping[str, Group]) -> Iterable[tuple[str, str]]:
    """What is wrong, and what would be right."""
    root = group.path.partition("/")[0]
    inside = [other for path, other in groups.items() if path.partition("/")[0] == root and other is not group]
    if group.count > 1 or group.parent != root or any(other.kind == GRID for other in inside):
        yield (
            "it is not the one grid of its site, and what several lose together is not known from one",
            "one 'utility' in the site itself",
        )
    repair = group.attributes.get("mttr")
    if repair is None or not repair.value:
        yield "nobody says how long an outage lasts", "'mttr' beside 'mtbf'"
    for other in inside:
        if other.kind == SETS and other.parent != root:
            yield (
                f"'{other.path}' counts to how long the site lives and stands in a container of its own",
                f"'{other.name}' beside '{group.name}'",
            )
        if other.kind in SOURCE_KINDS and other.kind not in (GRID, SETS):
            yield (
                f"'{other.path}' stands in for the grid and does not count to how long the site lives",
                "a supply of 'energy:' in its place",
            )
