"""Rows of `checks` about heat that has nowhere to go: the wrong medium, or no cooling at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin import units
from twin.capacity.census import figure
from twin.capacity.verdict import Check
from twin.structure.gates import resource_of
from twin.structure.model import AIR, LIQUID
from twin.topology.attributes import AIR_KINDS, COOLING_KINDS, LIQUID_KINDS, REJECTION_KINDS

if TYPE_CHECKING:
    from twin.topology.model import Group, Topology

_RACKS = ("rack", "server", "storage", "accelerator", "system")


def checks(topology: Topology) -> list[Check]:
    """A failed row for each group of racks whose heat goes to the wrong medium or, beside cooling equipment, nowhere.

    Where the file does not say which share of the heat goes to liquid, nothing is judged.  A rack that
    gives a part of its heat to air and has a liquid cooler alone has a row that says that all of it is
    counted there.
    """
    cooled = {path.partition("/")[0] for path, group in topology.groups.items() if group.kind in COOLING_KINDS}
    rows = []
    for path, group in topology.groups.items():
        if group.kind not in _RACKS or not np.nanmax(figure(topology, path, "load", 0.0)) > 0:
            continue
        media = {resource_of(topology, one) for one in group.dependencies if one.layer == "cooling"}
        row = _medium(topology, group, media) if media else None
        if not media and path.partition("/")[0] in cooled:
            row = _nowhere(path)
        rows += [] if row is None else [row]
    return rows + _no_rejection(topology)


def _no_rejection(topology: Topology) -> list[Check]:
    """A failed row for each group of liquid coolers that nobody takes the heat of, where nothing takes heat outside.

    Where a file has equipment that does, the reader refuses a cooler that is not connected to it.
    """
    if any(group.kind in REJECTION_KINDS for group in topology.groups.values()):
        return []
    rows = []
    for path, group in topology.groups.items():
        if group.kind in LIQUID_KINDS and not any(one.layer == "cooling" for one in group.dependencies):
            text = (
                f"nobody takes the heat of '{path}' outside, so neither the power nor the limits of that are counted; "
                "add a dry-cooler, chiller or cooling-tower and 'cooling: {from: …}' with it"
            )
            wanted = "heat rejection"
            rows.append(Check("heat", path, ok=False, got="none in the file", wanted=wanted, message=text))
    return rows


def _nowhere(path: str) -> Check:
    text = (
        f"nobody takes the heat of '{path}', in a site that has cooling equipment, so none of it is in any load; "
        "add 'cooling:' to it"
    )
    return Check("heat", path, ok=False, got="no cooling", wanted="a supplier on the cooling layer", message=text)


def _medium(topology: Topology, group: Group, media: set[int]) -> Check | None:
    said = group.attributes.get("liquid_fraction")
    liquid = figure(topology, group.path, "liquid_fraction")
    if said is not None and said.origin == "default":
        return None
    most, least = float(np.nanmax(liquid, initial=0.0)), float(np.nanmin(liquid, initial=1.0))
    if np.isnan(liquid).all():
        return None
    share = units.show(most, "fraction")
    if media == {AIR} and most > 0:
        text = (
            f"{share} of the heat of '{group.path}' goes to liquid and it has air coolers alone; add a liquid one "
            f"({' or '.join(LIQUID_KINDS)}) or correct 'liquid_fraction'"
        )
        return Check("heat", group.path, ok=False, got="air cooling", wanted="liquid cooling", message=text)
    if media != {LIQUID} or least >= 1:
        return None
    air = units.show(1.0 - least, "fraction")
    got, wanted = "liquid cooling", "air cooling as well"
    if most > 0:
        text = f"{air} of the heat of '{group.path}' goes to air; its liquid coolers are taken to carry that too"
        return Check("heat", group.path, ok=True, got=got, wanted=wanted, message=text)
    text = (
        f"all heat of '{group.path}' goes to air and it has liquid coolers alone; add an air one "
        f"({' or '.join(AIR_KINDS)}) or correct 'liquid_fraction'"
    )
    return Check("heat", group.path, ok=False, got=got, wanted="air cooling", message=text)
