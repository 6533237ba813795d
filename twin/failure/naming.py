"""Ids, groups and kinds of instances by their number in the `nodes` table."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple

from twin.topology.instances import instance_id, offsets

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.structure.model import Structure


class Name(NamedTuple):
    """What an instance is called; None for nobody."""

    id: str | None
    group: str | None
    kind: str | None


NOBODY = Name(None, None, None)


def named(structure: Structure, nodes: Iterable[int]) -> list[Name]:
    """The names of some instances by number; nobody at -1."""
    topology = structure.topology
    first = offsets(topology)
    starts, paths = list(first.values()), list(first)
    known: dict[int, Name] = {-1: NOBODY}
    found = []
    for node in nodes:
        if node not in known:
            path = paths[bisect_right(starts, node) - 1]
            chain = topology.ancestors(path)[::-1]
            known[node] = Name(instance_id(chain, node - first[path]), path, topology.groups[path].kind)
        found.append(known[node])
    return found
