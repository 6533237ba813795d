"""Selectors -> the endpoints and switches that send and receive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.errors import UsageError
from twin.network.graph import endpoints, switches
from twin.topology.select import select

if TYPE_CHECKING:
    from twin.network.graph import Ints
    from twin.topology.model import Topology


def chosen(topology: Topology, pattern: str) -> dict[str, Ints]:
    """The endpoints and switches that a selector names; a container stands for the endpoints in it.

    Args:
        topology: the topology.
        pattern: as `river-bend/hall[1]`, `lake/**/rack` or `kind=leaf`.

    Returns:
        By path of the group: instance numbers within it, ascending.

    Raises:
        UsageError: not a selector, or nothing that it names is on the network.
    """
    ends, inner = endpoints(topology), switches(topology)
    parts: dict[str, list[Ints]] = {}
    for path, locals_ in select(topology, pattern).items():
        if not topology.groups[path].container:
            if path in ends or path in inner:
                parts.setdefault(path, []).append(locals_)
            continue
        for end in ends:
            if end.startswith(f"{path}/"):
                per = topology.per(end, path)
                parts.setdefault(end, []).append((locals_[:, None] * per + np.arange(per)).ravel())
    if not parts:
        known = ", ".join((*ends[:6], *inner[:6])) or "no group has 'network:'"
        raise UsageError(f"nothing that '{pattern}' selects is on the network; on it are: {known}")
    return {path: np.unique(np.concatenate(found)) for path, found in parts.items()}


def both(one: dict[str, Ints], other: dict[str, Ints]) -> str:
    """Path of a group of which both name the same instance; empty where there is none."""
    shared = (path for path, its in one.items() if path in other and len(np.intersect1d(its, other[path])))
    return next(shared, "")
