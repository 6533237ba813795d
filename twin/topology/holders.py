"""Who counts what the switches of a fabric draw and weigh: the racks that hold them, or the switches themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from twin import units
from twin.errors import UsageError
from twin.topology import held, select
from twin.topology.draft import text_of
from twin.topology.model import Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twin.topology.draft import RawGroup
    from twin.topology.model import FabricTier, Held, Where
    from twin.topology.nodes import Node
    from twin.topology.plugged import Reading


@dataclass(frozen=True, slots=True)
class Switches:
    """The switches of one tier in one container group."""

    group: RawGroup
    switch: Held
    optic: Held | None
    tier: FabricTier


@dataclass(frozen=True, slots=True)
class Share:
    """What one rack holds of a tier: switches and optics, counts may be fractions."""

    fabric: str
    where: Where
    kw: float
    holds: tuple[Held, ...]


def counted(reading: Reading, keys: Mapping[str, Node], of: Switches) -> tuple[Value, list[tuple[str, Share]]]:
    """Where the load of a tier is counted.

    Args:
        reading: the fabric.
        keys: of the tier; its `held_by` or `power` goes before that of the fabric.
        of: the switches.

    Returns:
        The own load of one switch (0 where racks hold it), and by path of those racks what each holds.
    """
    own = keys if {"held_by", "power"} & set(keys) else reading.keys
    if "held_by" in own and "power" in own:
        expected = "keep one of them: the load is counted once"
        reading.note(own["held_by"], "held_by", "'held_by' beside 'power'", expected=expected)
    elif "held_by" in own:
        shares = _shares(reading, own["held_by"], of)
        return Value(0.0, "0 kW", "derived", of.group.where, note="counted in the racks that hold it"), shares
    elif "power" not in own:
        expected = "add 'held_by:' with the racks that hold them, or 'power: {from: …}'"
        message = f"nobody says where the {of.tier.name} switches of '{reading.name}' are and who feeds them"
        reading.note(reading.node, f"tiers.{of.tier.name}", message, expected=expected)
    note = f"{of.switch.part} with {of.tier.optics} {of.optic.part}" if of.optic else of.switch.part
    text = units.show(of.tier.load_kw, "power")
    return Value(of.tier.load_kw, text, "derived", of.group.where, note=note), []


def _shares(reading: Reading, node: Node, of: Switches) -> list[tuple[str, Share]]:
    """An equal share of the tier for every rack that holds it, within the container that both stand in."""
    groups = reading.draft.groups
    try:
        found = select.match(select.parse(text_of(node)), groups)
    except UsageError as error:
        message, _, expected = str(error).partition("; ")
        reading.note(node, "held_by", message, got=text_of(node), expected=expected)
        return []
    container = of.group.parent or ""
    racks = [groups[path] for path in found if groups[path].kind in held.HOLDERS and not groups[path].follows]
    within = [rack for rack in racks if _around(rack.parent, container)]
    above = [rack for rack in racks if _around(container, rack.parent) and rack.parent != container]
    if within:
        chosen = within
        each = of.group.total / sum(rack.total for rack in chosen)
    elif above:
        nearest = max(len(rack.parent or "") for rack in above)
        chosen = [rack for rack in above if len(rack.parent or "") == nearest]
        each = of.group.total / sum(rack.total for rack in chosen)
    else:
        message = f"no rack that it names stands in, or around, '{container}', where the {of.tier.name} switches are"
        reading.note(node, "held_by", message, got=text_of(node), expected=f"name racks inside '{container}'")
        return []
    items = [(of.switch, each)] + ([(of.optic, each * of.tier.optics)] if of.optic else [])
    holds = tuple(replace(one, count=count) for one, count in items if count)
    share = Share(reading.name, of.group.where, each * of.tier.load_kw, holds)
    return [(rack.path, share) for rack in chosen]


def _around(inner: str | None, outer: str | None) -> bool:
    """Whether a container is, or is inside, another."""
    return bool(inner and outer) and (inner == outer or str(inner).startswith(f"{outer}/"))


def added(
    attributes: dict[str, Value], holds: tuple[Held, ...], shares: Sequence[Share]
) -> tuple[dict[str, Value], tuple[Held, ...]]:
    """The attributes and contents of a rack with its shares of fabrics.

    The load grows by the switches and optics it holds, whether it was stated or derived before.
    """
    base = attributes.get("load")
    more = sum(share.kw for share in shares)
    total = more + (float(base.value) if base is not None else 0.0)
    names = ", ".join(dict.fromkeys(share.fabric for share in shares))
    note = f"{units.show(more, 'power')} of switches and optics of fabric {names}"
    if base is not None and float(base.value):
        note = f"{base.text}{f' ({base.note})' if base.note else ''} + {note}"
    load = Value(total, units.show(total, "power"), "derived", shares[0].where, note=note)
    return {**attributes, "load": load}, (*holds, *(one for share in shares for one in share.holds))
