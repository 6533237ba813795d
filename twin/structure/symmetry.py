"""Symmetry: identical containers are represented by a few of them, and what stands for how many.

Instances of a container group inside one parent are alike when nothing set in them differs, they
come and go in the same months, whatever they take from outside they take alike (whole pools, or the
same turn where consumers are dealt), and nobody outside takes from inside.  Exchanging two of them
changes no answer, so a *lifted* structure holds at most three of each set of alike ones:

- FAILING: the first.  Elements in it fail, and so does what stands outside of all containers.
- OBSERVED: the second, where the container is a roll-up scope or holds one.  Nothing fails in it.
  It shows what such a scope can carry while something fails in one that is alike.
- REST: the third, or the second where none is observed, which stands for all others.

Inside OBSERVED and REST instances nothing fails, so there all alike ones are one, except that the
first roll-up scope inside an OBSERVED instance is OBSERVED as well.

A result about a representative becomes one about any other instance by *transposition*: where scope
`j` is meant, the representative and `j` change places, on every level of containers; everything
else stays where it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin.structure.kept import representatives as representatives
from twin.structure.kept import roll_ups as roll_ups
from twin.structure.model import OBSERVED, Csr, Scope
from twin.topology import instances

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.structure.kept import Kept
    from twin.structure.model import Ints, Structure
    from twin.topology.model import Topology


@dataclass(frozen=True, slots=True)
class Scopes:
    """All roll-up scopes of a topology, parents first, as a structure of all instances numbers them.

    Attributes:
        group: path of the group of each.
        local: (scopes,), its number within the group.
        id: its id.
        kind: site, building, hall, …
        node: (scopes,), its number in the `nodes` table.
        parent: (scopes,), the scope around it, by its number here; -1 for a site.
        site: (scopes,), the site's scope, by its number here.
        like: (scopes,), index into `Structure.scopes` of the FAILING scope that represents it.
        observed: for each scope, indices into `Structure.scopes` of the OBSERVED ones that are alike: what it
            can carry while something fails in another such scope, or in another container around one.
            Several where containers are nested; none in a structure of all instances.
    """

    group: list[str]
    local: Ints
    id: list[str]
    kind: list[str]
    node: Ints
    parent: Ints
    site: Ints
    like: Ints
    observed: Csr

    def __len__(self) -> int:
        """How many there are."""
        return len(self.id)


def scopes(structure: Structure) -> Scopes:
    """All roll-up scopes of the topology of a structure, and what represents each in the structure."""
    topology = structure.topology
    kept = representatives(topology, lifted=structure.lifted)
    paths = roll_ups(topology)
    first = {scope.group: index for index, scope in reversed(list(enumerate(structure.scopes)))}
    offsets = instances.offsets(topology)
    standing: dict[str, Ints] = {}
    begin: dict[str, int] = {}
    parts: dict[str, list[Ints]] = {name: [] for name in ("local", "node", "parent", "site", "like")}
    names: list[str] = []
    size = 0
    for path in paths:
        group = topology.groups[path]
        local = np.arange(group.total)
        holder = next((h.path for h in reversed(topology.ancestors(path)[:-1]) if h.path in begin), None)
        begin[path] = size
        root = topology.ancestors(path)[0].path
        around = np.full(group.total, -1)
        if holder is not None:
            around = begin[holder] + instances.ancestor_locals(topology, path, holder, local)
        parts["local"].append(local)
        parts["node"].append(offsets[path] + local)
        parts["parent"].append(around)
        parts["site"].append(begin[root] + instances.ancestor_locals(topology, path, root, local))
        parts["like"].append(first[path] + _standing(topology, path, kept, standing))
        names += instances.ids(topology, path, local)
        size += group.total
    columns = {name: np.concatenate(found) for name, found in parts.items()}
    totals = [topology.groups[path].total for path in paths]
    return Scopes(
        group=[path for path, total in zip(paths, totals, strict=True) for _ in range(total)],
        id=names,
        kind=[topology.groups[path].kind for path, total in zip(paths, totals, strict=True) for _ in range(total)],
        observed=_observed(structure, columns["like"]),
        **columns,
    )


def moved(structure: Structure, element: int, scope: int, locals_: Ints) -> tuple[str, Ints]:
    """Which instances play the part of an element when a representative scope stands for other ones.

    Args:
        structure: the compiled system.
        element: an element of it.
        scope: index into `Structure.scopes` of the representative, FAILING or OBSERVED.
        locals_: (n,), numbers within its group of the scopes that are meant (`Scopes.local`).

    Returns:
        Path of the element's group, and (n,) the number of the instance within it for each scope.
    """
    topology = structure.topology
    path = structure.groups[structure.elements.group[element]]
    here = np.full(len(locals_), structure.elements.local[element])
    stands = structure.scopes[scope]
    chain = {holder.path for holder in topology.ancestors(path)}
    meets = np.ones(len(locals_), dtype=bool)
    for level in topology.ancestors(stands.group):
        if level.path not in chain:
            break
        inside, size = topology.per(path, level.path), topology.per(stands.group, level.path)
        to = locals_ // size
        own, other = stands.local // size % level.count, to % level.count
        holder, index = np.divmod(here // inside, level.count)
        meets &= holder == to // level.count
        swapped = np.where(index == own, other, np.where(index == other, own, index))
        here += np.where(meets, (swapped - index) * inside, 0)
    return path, here


def renamed(structure: Structure, element: int, scope: int, locals_: Ints) -> list[str]:
    """The ids of the instances that play the part of an element, for many scopes; see `moved`."""
    path, here = moved(structure, element, scope, locals_)
    if len(here) and (here == here[0]).all():
        return instances.ids(structure.topology, path, here[:1]) * len(here)
    return instances.ids(structure.topology, path, here)


def rename(structure: Structure, element: int, scope: int, local: int) -> str:
    """The id of the instance that plays the part of an element, for one scope; see `moved`."""
    return renamed(structure, element, scope, np.array([local], dtype=np.int64))[0]


def kept_scopes(topology: Topology, kept: Mapping[str, Kept]) -> tuple[tuple[Scope, ...], dict[str, int]]:
    """The kept roll-up scopes, parents first, and the number of the first one of each group."""
    scopes: list[Scope] = []
    first: dict[str, int] = {}
    offsets = instances.offsets(topology)
    for path in roll_ups(topology):
        first[path] = start = len(scopes)
        here = kept[path]
        parents = _around(topology, path, kept, first)
        names = instances.ids(topology, path, here.local)
        rows = (here.local, here.count, here.role, here.like + start, parents)
        for name, local, count, role, like, parent in zip(names, *(row.tolist() for row in rows), strict=True):
            site = scopes[parent].site if parent >= 0 else len(scopes)
            kind = topology.groups[path].kind
            scopes.append(Scope(offsets[path] + local, name, kind, parent, site, count, role, like, path, local))
    return tuple(scopes), first


def _around(topology: Topology, path: str, kept: Mapping[str, Kept], first: Mapping[str, int]) -> Ints:
    """The scope around each kept instance of a roll-up group; -1 for sites."""
    at = np.arange(len(kept[path]))
    below = path
    for holder in reversed(topology.ancestors(path)[:-1]):
        at, below = kept[below].parent[at], holder.path
        if below in first:
            return at + first[below]
    return np.full(len(at), -1)


def _standing(topology: Topology, path: str, kept: Mapping[str, Kept], known: dict[str, Ints]) -> Ints:
    """(instances,): position among the kept ones of the FAILING one that stands for each instance."""
    if path not in known:
        group = topology.groups[path]
        above = np.zeros(1, dtype=np.int64)
        if group.parent is not None:
            above = _standing(topology, group.parent, kept, known)
        alike = kept[path].alike
        index = np.arange(group.count) if alike.shape[1] > 1 else np.zeros(group.count, dtype=np.int64)
        known[path] = alike[np.repeat(above, group.count), np.tile(index, len(above))]
    return known[path]


def _observed(structure: Structure, like: Ints) -> Csr:
    """For each scope of the topology the OBSERVED scopes of the structure that are alike."""
    found: dict[int, list[int]] = {}
    for index, scope in enumerate(structure.scopes):
        if scope.role == OBSERVED:
            found.setdefault(scope.like, []).append(index)
    lists = [found.get(number, []) for number in like.tolist()]
    start = np.concatenate([[0], np.cumsum([len(found) for found in lists], dtype=np.int64)]).astype(np.int64)
    return Csr(start, np.array([index for indices in lists for index in indices], dtype=np.int64))
