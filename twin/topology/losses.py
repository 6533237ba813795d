"""Losses of one supplier, as a file may state them: a constant efficiency with losses, or a curve."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from twin import units
from twin.topology.attributes import LOSSES
from twin.topology.shape import join

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from twin.topology.draft import Draft, RawGroup
    from twin.topology.model import Value, Where
    from twin.topology.nodes import Node

CURVE = {"efficiency_25": 0.25, "efficiency_50": 0.5, "efficiency_75": 0.75, "efficiency_100": 1.0}
"""The points of a load-dependent curve: attribute -> share of the rating."""

_PLAIN = ("efficiency", *LOSSES)
"""The other way to state losses."""


def hides(names: Iterable[str]) -> set[str]:
    """What one way of stating losses hides of the other, where that is stated further away."""
    given = set(names)
    curve = set(_PLAIN) if given & set(CURVE) else set()
    return curve | (set(CURVE) if given & set(_PLAIN) else set())


def settle(merged: dict[str, Value]) -> None:
    """Leave out a catalogue's or a default efficiency where a curve of the same part is used instead."""
    if not set(CURVE) <= set(merged):
        return
    for name in _PLAIN:
        if name in merged and merged[name].origin in {"catalogue", "default"}:
            del merged[name]


def without_total(level: Mapping[str, Value], given: Iterable[str]) -> dict[str, Value]:
    """The figures of a catalogue part without an efficiency that has the losses in it which are stated nearer.

    A part that states an efficiency alone means everything that is lost.  Beside losses that the file states, that
    would count them twice.  A part that states both means their sum, so its efficiency stays whatever is nearer.

    Args:
        level: figures of a part or of the default part of a kind.
        given: names of what is stated nearer.
    """
    if set(LOSSES) & set(level) or not set(LOSSES) & set(given):
        return dict(level)
    return {name: value for name, value in level.items() if name != "efficiency"}


def both(draft: Draft, nodes: Mapping[str, Node], place: str) -> None:
    """Note losses that one mapping states in both ways.

    Args:
        draft: the file.
        nodes: attributes that a group or a component states itself.
        place: path of the group or component inside the document.
    """
    curve = [name for name in CURVE if name in nodes]
    plain = [name for name in _PLAIN if name in nodes]
    if curve and plain:
        draft.findings.add(
            nodes[plain[0]],
            join(place, plain[0]),
            f"'{plain[0]}' beside the curve of '{curve[0]}'",
            expected="keep one of them: a curve has all losses in it",
        )


def check(draft: Draft, group: RawGroup, attributes: Mapping[str, Value]) -> None:
    """Note a curve that is not whole or cannot be, and losses without the rating that they refer to.

    Args:
        draft: the file.
        group: a group that contains no others.
        attributes: its attributes, merged.
    """
    given = {*attributes, *group.columns}
    curve = [name for name in CURVE if name in given]
    missing = [name for name in CURVE if name not in given]
    at = place_of(group, attributes, curve or ["load_loss"])
    if curve and missing:
        message = f"the efficiency curve of '{group.path}' has {len(curve)} of its {len(CURVE)} points"
        expected = f"add {', '.join(f'{name!r}' for name in missing)}"
        draft.findings.add(at, group.key_place(curve[0]), message, expected=expected)
    if (curve or "load_loss" in given) and "capacity" not in given:
        what = "an efficiency curve" if curve else "'load_loss'"
        expected = f"add 'capacity:' to '{group.path}'"
        message = f"{what} without a rating that it refers to"
        draft.findings.add(at, group.key_place((curve or ["load_loss"])[0]), message, expected=expected)
    if all(name in attributes for name in CURVE):
        _rising(draft, group, attributes)
    _cap(draft, group, attributes)


def _rising(draft: Draft, group: RawGroup, attributes: Mapping[str, Value]) -> None:
    """More output must take more input, on every segment."""
    inputs = [(name, share / float(attributes[name].value)) for name, share in CURVE.items()]
    for (lower, less), (upper, more) in pairwise(inputs):
        if more <= less:
            most = CURVE[upper] / less
            draft.findings.add(
                place_of(group, attributes, [upper]),
                group.key_place(upper),
                f"'{group.path}' would take less input at {CURVE[upper]:.0%} of its rating than at {CURVE[lower]:.0%}",
                got=f"{attributes[lower].text} and {attributes[upper].text}",
                expected=f"below {units.show(most, 'fraction')} where '{lower}' is {attributes[lower].text}",
            )


def _cap(draft: Draft, group: RawGroup, attributes: Mapping[str, Value]) -> None:
    cap, idle = attributes.get("power_cap"), attributes.get("idle_fraction")
    if cap is not None and idle is not None and float(cap.value) < float(idle.value):
        draft.findings.add(
            place_of(group, attributes, ["power_cap"]),
            group.key_place("power_cap"),
            f"'{group.path}' draws more when idle than 'power_cap' allows",
            got=cap.text,
            expected=f"at least its 'idle_fraction', {idle.text}",
        )


def place_of(group: RawGroup, attributes: Mapping[str, Value], names: Sequence[str]) -> Node | Where:
    """The place of the first of some attributes: where the group states it, or where it uses what does."""
    for name in names:
        if name in group.attributes:
            return group.attributes[name]
        if name in attributes and attributes[name].where.line:
            return attributes[name].where
    return group.items.get("use") or group.where
