"""Components whose figures a hardware model works out: `own-chip: {model: custom-asic, …}`.

What a model gives stands where a catalogue part would: `use:` and `holds:` name the component, and
what is stated beside its parameters, or on the group that uses it, wins.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from twin.api import Entry, HardwareInputs
from twin.catalogue import CataloguePart, Figure
from twin.errors import PluginError
from twin.hookspecs import COMPONENTS
from twin.topology import entries, instances, shape
from twin.topology.draft import RawEntry, text_of
from twin.topology.nodes import Mapped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from twin.topology.draft import Draft, RawComponent
    from twin.topology.model import Group, ModelEntry, Topology, Value

ORIGIN = "model"
"""What the assumptions call the origin of a figure that a model worked out."""

LAUNCH = "launch"
"""Attribute that says from when there is such a thing."""


@dataclass(frozen=True, slots=True)
class Modelled:
    """What the hardware models of a file gave.

    Attributes:
        parts: name of the component -> the part that stands for it; without figures where these were not
            asked for or its parameters are wrong.
        entries: the components as entries of the models, validated.
    """

    parts: Mapping[str, CataloguePart] = field(default_factory=dict)
    entries: tuple[ModelEntry, ...] = ()


def separate(draft: Draft, component: RawComponent) -> None:
    """Take the parameters of its model out of a component that names one.

    A key that the model takes is its parameter, also where an attribute is called the same; the other
    attributes stay with the component.
    """
    if not isinstance(component.node, Mapped):
        return
    model = text_of(component.items.get("model"))
    provided = draft.registry.models(COMPONENTS).get(model)
    own = set() if provided is None else set(provided.model.params.model_fields)
    given = {**component.items, **component.attributes}
    params = {key: node for key, node in given.items() if key in own or key not in shape.COMPONENT.keys}
    if "use" in component.items:
        draft.findings.add(
            component.items["use"],
            f"{component.place}.use",
            "'use' beside 'model'",
            expected="leave 'use' out; attributes that the model does not give can stand beside its parameters",
        )
    for key in params:
        component.items.pop(key, None)
        component.attributes.pop(key, None)
    component.entry = RawEntry(
        section=COMPONENTS,
        name=component.name,
        model=model,
        node=component.node,
        place=component.place,
        params={} if provided is None else params,
        keys=dict(component.node.keys),
        about={key: text_of(component.items.get(key)) for key in ("doc", "source", "note")},
    )


def takes(draft: Draft, entry: RawEntry, key: str) -> bool:
    """Whether the model of an entry has a parameter of this name."""
    provided = draft.registry.models(COMPONENTS).get(entry.model)
    return provided is not None and key in provided.model.params.model_fields


def kinds(draft: Draft) -> Modelled:
    """The components that name a model as parts without figures: enough to tell what they are."""
    return Modelled({component.name: _part(draft, component, {}) for component in _with_model(draft)})


def run(draft: Draft) -> Modelled:
    """Validate the components that name a model and run each model once.

    Raises:
        PluginError: a model failed or returned something other than it should.
    """
    components = {component.name: component for component in _with_model(draft)}
    checked = [entries.check(draft, one.entry) for one in components.values() if one.entry is not None]
    valid = tuple(entry for entry in checked if entry is not None)
    figures: dict[str, dict[str, Figure]] = {name: {} for name in components}
    for model in dict.fromkeys(entry.model for entry in valid):
        _run_one(draft, model, [entry for entry in valid if entry.model == model], figures)
    return Modelled({name: _part(draft, one, figures[name]) for name, one in components.items()}, valid)


def _with_model(draft: Draft) -> Iterable[RawComponent]:
    return (component for component in draft.components.values() if component.entry is not None)


def _run_one(draft: Draft, model: str, used: list[ModelEntry], figures: dict[str, dict[str, Figure]]) -> None:
    provided = draft.registry.models(COMPONENTS)[model]
    own = {entry.name: entry for entry in used}
    inputs = HardwareInputs(tuple(Entry(entry.name, entry.params) for entry in used))
    for name, attribute, text, note in provided.call(inputs, required=("figures",))["figures"].iter_rows():
        if name not in own:
            raise PluginError(f"{provided.who} returned figures of '{name}', which it was not given")
        source = f"model {model}" + (f"; {own[name].source}" if own[name].source else "")
        figures[name][attribute] = Figure(text, source, "derived", note)


def _part(draft: Draft, component: RawComponent, figures: Mapping[str, Figure]) -> CataloguePart:
    model = text_of(component.items.get("model"))
    provided = draft.registry.models(COMPONENTS).get(model)
    kind = text_of(component.items.get("kind")) or (provided.model.kind if provided is not None else "")
    plugin = provided.plugin if provided is not None else ""
    return CataloguePart(component.name, kind, "", figures, plugin=plugin)


def too_early(draft: Draft, topology: Topology) -> None:
    """Note equipment that comes into service before the launch that a model works out for it."""
    if all(component.entry is None for component in draft.components.values()):
        return
    months = instances.energised(topology)
    for path, group in topology.groups.items():
        for name, value in _launches(group):
            day = _day(value)
            first = int(np.min(months[path]))
            if day is not None and first < topology.calendar.index(day):
                raw = draft.groups.get(path)
                draft.findings.add(
                    group.where,
                    path if raw is None else raw.place,
                    f"'{path}' is in service before there is any '{name}' ({value.note or value.text})",
                    got=f"{topology.calendar.date(first)}",
                    expected=f"'energised: {_after(day)}' or later, or an earlier '{name}'",
                )


def _launches(group: Group) -> Iterable[tuple[str, Value]]:
    """Launches that a model worked out: of the group's own part and of what it holds."""
    found = [(group.part or group.name, group.attributes), *((one.part, one.attributes) for one in group.holds)]
    for name, attributes in found:
        value = attributes.get(LAUNCH)
        if value is not None and value.origin == ORIGIN:
            yield name, value


def _day(value: Value) -> date | None:
    try:
        return date.fromisoformat(str(value.value))
    except ValueError:
        return None


def _after(day: date) -> date:
    """The first day of a month that is not before `day`."""
    return day if day.day == 1 else date(day.year + day.month // 12, day.month % 12 + 1, 1)
