"""A Clos fabric as groups: which containers its tiers stand in, how many switches, and the wires between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import ceil
from typing import TYPE_CHECKING

from twin import units
from twin.errors import UnitError, one_of
from twin.topology import held, holders, shape, tree
from twin.topology.draft import RawDependency, RawGroup, text_of
from twin.topology.model import FabricTier, Value
from twin.topology.nodes import Mapped, Scalar
from twin.topology.plugged import count, needed, part, ratio_of
from twin.topology.sizing import Below, Model, SizingError, Tier, size

if TYPE_CHECKING:
    from twin.topology.model import Held
    from twin.topology.nodes import Node
    from twin.topology.plugged import Reading

_KINDS = ("leaf", "spine", "core", "router")
_SWITCHES = ("switch", *_KINDS)


@dataclass(slots=True)
class Level:
    """One tier as written: its keys, its switch, and the paths of the containers it stands in."""

    name: str
    node: Mapped
    keys: dict[str, Node]
    switch: Held
    model: Model
    rails: int
    ratio: float
    need: int | None
    containers: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Wired:
    """What stands below a tier: endpoints or switches, wired upwards when the tier is sized."""

    group: RawGroup
    below: Below
    sized: Tier | None = None
    level: Level | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """A sized fabric: its tiers, its optic, what racks hold of it, and what its switches draw themselves."""

    tiers: tuple[FabricTier, ...]
    optic: Held | None
    shares: list[tuple[str, holders.Share]]
    loads: dict[str, Value]


def build(reading: Reading) -> Built | None:
    """Size a Clos fabric, add its groups to the draft and wire its endpoints; None, with findings, where it cannot."""
    before = len(reading.draft.findings.items)
    optic = part(reading, reading.keys["optic"], "optic") if "optic" in reading.keys else None
    levels = _levels(reading)
    below = [one for group in reading.endpoints if (one := _endpoint(reading, group)) is not None]
    if len(reading.draft.findings.items) > before:
        return None
    all_wired: list[Wired] = []
    for index, level in enumerate(levels):
        upper = levels[index + 1] if index + 1 < len(levels) else None
        below = _stand(reading, level, below, upper, first=index == 0)
        if len(reading.draft.findings.items) > before:
            return None
        all_wired += below
    return _described(reading, all_wired, optic)


def _levels(reading: Reading) -> list[Level]:
    """The tiers in order, each with its switch and its containers."""
    node = reading.keys["tiers"]
    inner = {group.path: group.path for group in reading.endpoints}
    levels: list[Level] = []
    for name, item in node.items.items() if isinstance(node, Mapped) else ():
        place = f"tiers.{name}"
        keys = shape.take(item, shape.TIER, f"{reading.place}.{place}", reading.draft.findings)
        if not isinstance(item, Mapped) or "in" not in keys:
            continue
        level = _level(reading, name, item, keys)
        if level is None:
            continue
        for path, inside in list(inner.items()):
            inner[path] = _container(reading, level, path, inside)
        level.containers = [path for path in dict.fromkeys(inner.values()) if path]
        levels.append(level)
    if levels and "oversubscription" in levels[-1].keys:
        last = levels[-1]
        expected = "leave it out: nothing is above the last tier"
        reading.note(
            last.keys["oversubscription"],
            f"tiers.{last.name}.oversubscription",
            "the last tier has no uplinks",
            expected=expected,
        )
    return levels


def _level(reading: Reading, name: str, item: Mapped, keys: dict[str, Node]) -> Level | None:
    place = f"tiers.{name}"
    node = keys.get("switch") or reading.keys.get("switch")
    if node is None:
        expected = "add 'switch:' to the fabric or the tier, as 'nvidia.q3400-ra'"
        reading.note(item, place, "nobody says which switch", expected=expected)
        return None
    switch = part(reading, node, "switch")
    if switch is None:
        return None
    if switch.kind not in _SWITCHES:
        expected = f"a part of kind {', '.join(_SWITCHES[:-1])} or {_SWITCHES[-1]}"
        reading.note(
            node, f"{place}.switch", f"'{switch.part}' is no switch", got=f"a {switch.kind}", expected=expected
        )
        return None
    figures = [needed(reading, switch, node, f"{place}.switch", key) for key in ("ports", "port_bandwidth", "load")]
    rails, need = count(keys.get("rails")) or 1, count(keys.get("need"))
    ratio = ratio_of(reading, keys.get("oversubscription"), f"{place}.oversubscription")
    if None in figures or ratio is None:
        return None
    return Level(name, item, keys, switch, Model(int(figures[0] or 0), float(figures[1] or 0)), rails, ratio, need)


def _container(reading: Reading, level: Level, endpoint: str, inside: str) -> str:
    """The container around an endpoint that a tier stands in; empty, with a finding, where there is none."""
    node, wanted = level.keys["in"], text_of(level.keys["in"])
    around = [group.path for group in reading.draft.chain(endpoint)[:-1]]
    groups = reading.draft.groups
    found = [path for path in around if wanted in {path, groups[path].name, groups[path].kind}]
    if not found:
        names = [path.rpartition("/")[2] for path in reversed(around)]
        message = f"'{wanted}' is no container around '{endpoint}'"
        reading.note(node, f"tiers.{level.name}.in", message, got=wanted, expected=one_of(wanted, names))
        return ""
    if inside and inside != endpoint and not inside.startswith(f"{found[-1]}/") and inside != found[-1]:
        message = f"'{found[-1]}' does not contain the tier before it, in '{inside}'"
        expected = "write the tiers from the endpoints outward"
        reading.note(node, f"tiers.{level.name}.in", message, got=wanted, expected=expected)
        return ""
    return found[-1]


def _endpoint(reading: Reading, group: RawGroup) -> Wired | None:
    """A group of endpoints with its lanes."""
    if any(dependency.layer == "network" for dependency in group.dependencies):
        expected = f"take 'network:' of '{group.path}' away: the fabric wires it"
        reading.note(reading.keys["endpoints"], "endpoints", f"'{group.path}' has a 'network:'", expected=expected)
        return None
    node = reading.keys.get("lanes")
    if node is None:
        lanes, rate = reading.accelerators(group), reading.figure(group, "scaleout_bandwidth") or 0.0
    else:
        try:
            lanes, rate = units.parse_lanes(node.value if isinstance(node, Scalar) else None)
        except UnitError as error:
            reading.note(node, "lanes", error.message, got=text_of(node), expected="write it as '72 x 400 Gbps'")
            return None
    if lanes < 1 or rate <= 0:
        expected = "add 'lanes: 72 x 400 Gbps'"
        reading.note(node or reading.node, "lanes", f"nobody gives the lanes of '{group.path}'", expected=expected)
        return None
    return Wired(group, Below(0, lanes, lanes, rate))


def _stand(reading: Reading, level: Level, below: list[Wired], upper: Level | None, *, first: bool) -> list[Wired]:
    """Size a tier in each of its containers, add its groups, and wire what is below to them."""
    stood: list[Wired] = []
    for container in level.containers:
        inside = [one for one in below if one.group.path.startswith(f"{container}/")]
        around = reading.draft.groups[container]
        counted = [replace(one.below, count=one.group.total // around.total) for one in inside]
        try:
            tier = size(
                level.model,
                counted,
                rails=level.rails,
                ratio=level.ratio,
                upper=None if upper is None else upper.model,
            )
        except SizingError as error:
            message = f"tier '{level.name}' of '{reading.name}' in '{container}': {error}"
            expected = "put the tier into a smaller container, as a row or pod, or take a switch with more ports"
            reading.note(level.node, f"tiers.{level.name}", message, got=error.got, expected=expected)
            continue
        if level.need is not None and level.need > tier.switches:
            message, got = f"'need' of tier '{level.name}' is more than there is", str(level.need)
            expected = f"from 1 to {tier.switches:,}: as many switches are in '{container}'"
            reading.note(level.keys["need"], f"tiers.{level.name}.need", message, got=got, expected=expected)
            continue
        group = _group(reading, level, container, tier)
        if group is None:
            continue
        need = level.need if level.need is not None or first else 1
        for one, links in zip(inside, tier.links, strict=True):
            one.below = replace(one.below, links=links)
            _wire(reading, one, group, need)
        stood.append(Wired(group, Below(0, tier.up_links, tier.most_up, tier.up_gbps, tier.switches), tier, level))
    return stood


def _group(reading: Reading, level: Level, container: str, tier: Tier) -> RawGroup | None:
    """The switches of a tier in one container, added to the draft."""
    draft, name = reading.draft, f"{reading.name}-{level.name}"
    path = f"{container}/{name}"
    if path in draft.groups:
        expected = f"rename it, or the fabric; it is on line {draft.groups[path].where.line}"
        reading.note(level.node, f"tiers.{level.name}", f"there is a group '{path}' already", expected=expected)
        return None
    where, kind = level.node.where, level.name if level.name in _KINDS else "switch"
    items: dict[str, Node] = {key: level.keys[key] for key in ("doc", "source", "note") if key in level.keys}
    items["use"] = Scalar(where, level.switch.part, level.switch.part)
    items["kind"] = Scalar(where, kind, kind)
    if tier.switches > tier.fewest and "note" not in items:
        said = (
            f"{tier.switches:,} where ports alone would ask for {tier.fewest:,}: links spread evenly over all of them"
        )
        items["note"] = Scalar(where, said, said)
    around = draft.groups[container]
    group = RawGroup(
        path=path,
        name=name,
        parent=container,
        count=tier.switches,
        total=around.total * tier.switches,
        indexed=True,
        container=False,
        where=where,
        place=f"{reading.place}.tiers.{level.name}",
        node=level.node,
        items=items,
        kind=kind,
    )
    for layer in ("power", "cooling"):
        written = level.keys.get(layer) or (reading.keys.get(layer) if "held_by" not in level.keys else None)
        if written is not None:
            group.dependencies += tree.dependencies(draft, group, layer, written)
    draft.add(group)
    return group


def _wire(reading: Reading, one: Wired, supplier: RawGroup, need: int | None) -> None:
    """The network dependency of endpoints or switches, and of the generations that take their places."""
    where = supplier.where
    keys: dict[str, Node] = {"from": Scalar(where, supplier.name, supplier.name)}
    lanes = f"{one.below.links} x {one.below.gbps!r} Gbps"
    keys["lanes"] = Scalar(where, lanes, lanes)
    if one.below.links < supplier.count:
        keys["pick"] = Scalar(where, one.below.links, str(one.below.links))
        keys["planes"] = Scalar(where, supplier.count // one.below.links, str(supplier.count // one.below.links))
    if need is not None:
        keys["need"] = Scalar(where, need, str(need))
    follows = {one.group.path}
    for group in reading.draft.groups.values():
        if group is not one.group and group.follows not in follows:
            continue
        follows.add(group.path)
        node = Mapped(where, keys, dict.fromkeys(keys, where))
        group.dependencies.append(RawDependency("network", node, supplier.place, dict(keys)))


def _described(reading: Reading, wired: list[Wired], optic: Held | None) -> Built:
    """The tiers as the model keeps them, and who counts what their switches draw."""
    built = Built((), optic, [], {})
    tiers: list[FabricTier] = []
    for one in wired:
        level, sized = one.level, one.sized
        if level is None or sized is None:
            continue
        links = one.below.links if sized.up_links else 0
        ports_up = ceil(links / level.model.links_a_port(sized.up_gbps)) if links else 0
        optics = sized.ports_down + ports_up if optic is not None else 0
        load = held.number(level.switch, "load") or 0.0
        load += optics * ((held.number(optic, "load") or 0.0) if optic is not None else 0.0)
        tier = FabricTier(
            name=level.name,
            group=one.group.path,
            ports=level.model.ports,
            ports_down=sized.ports_down,
            ports_up=ports_up,
            down_gbps=sized.down_gbps,
            up_gbps=links * sized.up_gbps,
            load_kw=load,
            optics=optics,
        )
        tiers.append(tier)
        of_tier = holders.Switches(one.group, level.switch, optic, tier)
        built.loads[one.group.path], shares = holders.counted(reading, level.keys, of_tier)
        built.shares.extend(shares)
    return Built(tuple(tiers), optic, built.shares, built.loads)
