"""What a rack holds, and what follows from it: `holds: {nvidia.dgx-h100: 4, nvidia.qm9700: 2}`.

Sums where the rack says nothing itself: load, price, accelerators and failures; of one accelerator what
all of them agree on; shares of the heat and of the idle draw weighted by load.  Weight, height and ports are
not summed here: there they are compared with what the rack offers.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from twin import units
from twin.topology.attributes import ATTRIBUTES, fits
from twin.topology.draft import MAX_COUNT, RawGroup
from twin.topology.model import Held, Value
from twin.topology.nodes import Mapped, Scalar, describe
from twin.topology.shape import join
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.topology.nodes import Node
    from twin.topology.parts import Parts

HOLDERS = ("rack", "server", "storage", "system")
"""Kinds that may hold parts."""

_OF_ONE = (
    "bf16", "fp8", "fp4", "hbm", "hbm_bandwidth", "tdp", "scaleup_domain", "scaleup_bandwidth", "scaleout_bandwidth",
)  # fmt: skip
"""Attributes of one accelerator, which a rack has where all accelerators in it agree."""

_STATED = {"file", "component", "catalogue", "model", "overlay"}


def holds(parts: Parts, group: RawGroup) -> tuple[Held, ...]:
    """What one instance of a group holds: as it states it, or the nearest component that it uses.

    Args:
        parts: resolves names; its findings grow by what is wrong.
        group: a group of known kind that contains no others.
    """
    own = group.items.get("holds")
    if own is not None:
        node, place = own, group.key_place("holds")
    else:
        chain = parts.chain(group.items.get("use"), None).components
        component = next((one for one in chain if "holds" in one.items), None)
        if component is None:
            return ()
        node, place = component.items["holds"], join(component.place, "holds")
    if group.kind and group.kind not in HOLDERS:
        message = f"a {group.kind} holds nothing"
        parts.findings.add(node, place, message, got=group.path, expected=f"kinds that do: {', '.join(HOLDERS)}")
        return ()
    return read(parts, node, place)


def read(parts: Parts, node: Node, place: str, within: tuple[int, ...] = ()) -> tuple[Held, ...]:
    """Read one `holds` mapping; what is wrong is noted once and left out.

    Args:
        parts: resolves names; remembers what it read.
        node: the mapping.
        place: its path inside the document.
        within: marks of the mappings that this one stands in, so that nothing holds itself.
    """
    mark = id(node)
    if mark in parts.held:
        return parts.held[mark]
    found = []
    for name, item in node.items.items() if isinstance(node, Mapped) else ():
        count = _count(parts, item, join(place, name))
        one = _one(parts, name, item, join(place, name), (*within, mark))
        if count and one is not None:
            found.append(replace(one, count=float(count)))
    if isinstance(node, Mapped) and not node.keys:
        parts.findings.add(node, place, "it holds nothing", expected="write '{part: count}', or leave it out")
    parts.held[mark] = tuple(found)
    return parts.held[mark]


def _count(parts: Parts, node: Node, place: str) -> int:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_COUNT:
        return value
    if not getattr(node, "bad", False):
        parts.findings.add(
            node, place, "not a number of them", got=describe(node), expected=f"a whole number from 1 to {MAX_COUNT:,}"
        )
    return 0


def _one(parts: Parts, name: str, node: Node, place: str, within: tuple[int, ...]) -> Held | None:
    """One of a part by name, with all its attributes."""
    use = Scalar(node.where, name, name, node.origin, node.path)
    chain = parts.chain(use, place)
    if not chain.components and chain.part is None:
        return None
    kind = parts.kind_of(chain)
    inner: tuple[Held, ...] = ()
    component = next((one for one in chain.components if "holds" in one.items), None)
    if component is not None:
        below = component.items["holds"]
        if id(below) in within:
            parts.findings.add(node, place, f"'{name}' holds itself", got=name, expected="break the circle")
            return None
        inner = read(parts, below, join(component.place, "holds"), within)
    return alone(parts, name, kind, node, place, use, inner)


def alone(parts: Parts, name: str, kind: str, node: Node, place: str, use: Node, inner: tuple[Held, ...] = ()) -> Held:
    """One of a part or component with its attributes, as if it stood by itself.

    Args:
        parts: what the file and the plugins name.
        name: of the part.
        kind: of the part.
        node: where it is named.
        place: the same as a path of keys.
        use: its name as a value of `use:`.
        inner: what it holds itself.
    """
    group = RawGroup(
        path=name,
        name=name,
        parent=None,
        count=1,
        total=1,
        indexed=False,
        container=False,
        where=node.where,
        place=place,
        node=node,
        items={"use": use},
        kind=kind,
    )
    return Held(name, kind, 1.0, parts.attributes(group, inner))


def add(parts: Parts, group: RawGroup, held: tuple[Held, ...], merged: dict[str, Value], hidden: set[str]) -> None:
    """Add to the attributes of a group what follows from what it holds.

    Args:
        parts: its findings grow by loads that nobody gives and by figures that do not agree.
        group: the group.
        held: what one instance holds; nothing is added where it is empty.
        merged: attributes that it states or takes over; these win.
        hidden: attributes that a side table gives.
    """
    if not held:
        return
    place = group.items.get("holds") or group.items.get("use") or group.node
    known = set(merged) | hidden
    level = {**_load(parts, group, held, merged, known), **_sums(held), **_of_one(parts, group, held, known)}
    level |= _weighted(held)
    if not known & {"mtbf", "failure_rate"}:
        level |= _failures(held)
    for name, (number, note) in level.items():
        if name not in known and fits(ATTRIBUTES[name], group.kind):
            text = units.show(number, ATTRIBUTES[name].dimension)
            value = int(number) if ATTRIBUTES[name].whole else number
            merged[name] = Value(value, text, "derived", place.where, note=note)


Figures = dict[str, tuple[float, str]]
"""Attribute -> number in canonical units and the note that says of what it is."""


def number(held: Held, name: str) -> float | None:
    """An attribute of one of what is held; None where nobody gives it."""
    value = held.attributes.get(name)
    return None if value is None or isinstance(value.value, str) else float(value.value)


def accelerators(held: Held) -> float:
    """Accelerators in one of what is held: an accelerator is one itself."""
    given = number(held, "accelerators")
    return given if given is not None else float(held.kind == "accelerator")


def _load(parts: Parts, group: RawGroup, held: tuple[Held, ...], merged: dict[str, Value], known: set[str]) -> Figures:
    unknown = [one.part for one in held if number(one, "load") is None]
    if "load" not in known and unknown:
        node = group.items.get("holds") or group.items.get("use") or group.where
        parts.findings.add(
            node,
            group.key_place("holds"),
            f"nobody gives the load of '{unknown[0]}', which '{group.path}' holds",
            got=", ".join(unknown),
            expected=f"state 'load:' of '{group.name}', or a component with 'use: {unknown[0]}' and a 'load:'",
        )
        return {}
    total = math.fsum(one.count * (number(one, "load") or 0.0) for one in held)
    stated = merged.get("load")
    if stated is not None and stated.origin in _STATED and not unknown:
        note = f"stated as the total; what it holds sums to {units.show(total, 'power')}"
        merged["load"] = replace(stated, note=f"{stated.note}; {note}" if stated.note else note)
    return {"load": (total, _sum_note(held, "load"))}


def _sums(held: tuple[Held, ...]) -> Figures:
    found: Figures = {}
    if all(number(one, "price") is not None for one in held):
        price = math.fsum(one.count * (number(one, "price") or 0.0) for one in held)
        found["price"] = price, _sum_note(held, "price")
    total = sum(one.count * accelerators(one) for one in held)
    if total:
        inside = [one for one in held if accelerators(one)]
        note = " + ".join(f"{one.count:g} {one.part} of {accelerators(one):g}" for one in inside)
        found["accelerators"] = total, f"held: {note}"
    return found


def _of_one(parts: Parts, group: RawGroup, held: tuple[Held, ...], known: set[str]) -> Figures:
    """What all accelerators in it can do; a finding where they differ and the rack does not say."""
    inside = [one for one in held if accelerators(one)]
    found: Figures = {}
    for name in _OF_ONE if inside else ():
        figures = [number(one, name) for one in inside]
        given = [figure for figure in figures if figure is not None]
        if len(given) < len(inside):
            continue
        if all(math.isclose(figure, given[0]) for figure in given):
            found[name] = given[0], f"of {', '.join(one.part for one in inside)}"
        elif name not in known and fits(ATTRIBUTES[name], group.kind):
            node = group.items.get("holds") or group.items.get("use") or group.where
            parts.findings.add(
                node,
                group.key_place("holds"),
                f"the accelerators that '{group.path}' holds differ in '{name}'",
                got=", ".join(f"{one.attributes[name].text} ({one.part})" for one in inside),
                expected=f"state '{name}:' of '{group.name}', or put them into groups of their own",
            )
    return found


def _weighted(held: tuple[Held, ...]) -> Figures:
    """Shares of the draw, weighted by load: heat to liquid, and the draw when idle."""
    total = math.fsum(one.count * (number(one, "load") or 0.0) for one in held)
    found: Figures = {}
    wet = [one for one in held if _said(one, "liquid_fraction")]
    if total > 0 and wet:
        share = math.fsum(_part(one) * (number(one, "liquid_fraction") or 0.0) for one in wet) / total
        found["liquid_fraction"] = share, f"weighted by load: {_names(wet)}; the rest of what it holds gives to air"
    inside = [one for one in held if accelerators(one)]
    if total > 0 and inside and all(_said(one, "idle_fraction") for one in inside):
        idle = math.fsum(_part(one) * (number(one, "idle_fraction") or 0.0) for one in inside)
        rest = math.fsum(_part(one) for one in held if not accelerators(one))
        note = f"weighted by load: {_names(inside)}; the rest of what it holds draws the same when idle"
        found["idle_fraction"] = (idle + rest) / total, note
    return found


def failure_rate(held: Held) -> float:
    """Failures a year of operation of all of one part that is held; 0 where nobody but a default says how often."""
    if _said(held, "mtbf"):
        return held.count * HOURS_PER_YEAR / (number(held, "mtbf") or math.inf)
    return held.count * (number(held, "failure_rate") or 0.0) if _said(held, "failure_rate") else 0.0


def _failures(held: tuple[Held, ...]) -> Figures:
    """A rack fails when anything fails that it holds and that has a figure, and is down as long as that is."""
    failing = [one for one in held if failure_rate(one)]
    if not failing:
        return {}
    total = math.fsum(failure_rate(one) for one in failing)
    silent = [one.part for one in held if not failure_rate(one)]
    note = "held: " + " + ".join(f"{one.count:g} {one.part}" for one in failing)
    note += f"; nothing is said of {', '.join(silent)}" if silent else ""
    found = {"failure_rate": (total, note)}
    known = [one for one in failing if number(one, "mttr") is not None]
    if known:
        often = math.fsum(failure_rate(one) for one in known)
        repair = math.fsum(failure_rate(one) * (number(one, "mttr") or 0.0) for one in known) / often
        found["mttr"] = repair, f"weighted by failures: {_names(known)}"
    return found


def _said(held: Held, name: str) -> bool:
    """Whether somebody gives it, other than the default part of the kind."""
    value = held.attributes.get(name)
    return value is not None and value.origin != "default"


def _part(held: Held) -> float:
    return held.count * (number(held, "load") or 0.0)


def _names(held: Iterable[Held]) -> str:
    return ", ".join(one.part for one in held)


def _sum_note(held: tuple[Held, ...], name: str) -> str:
    """`4 nvidia.dgx-h100 of 10.2 kW + 2 nvidia.qm9700 of 1.72 kW`."""
    terms = (f"{one.count:g} {one.part} of {_text(one, name)}" for one in held)
    return f"held: {' + '.join(terms)}"


def _text(held: Held, name: str) -> str:
    """An attribute of one of what is held as a person reads it; empty where nobody gives it."""
    value = held.attributes.get(name)
    return "" if value is None else value.text
