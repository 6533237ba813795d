"""What a run gives the models of one plugin: the inputs of every call, recorded on the way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from twin.evaluate import load_with

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

    from twin.api import Model
    from twin.registry import Provided, Registry


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a model.

    Attributes:
        section: of the topology file that its entries stand in.
        model: the descriptor.
        inputs: what its `run` was given.
    """

    section: str
    model: Model
    inputs: Any


@dataclass(slots=True)
class Recorder:
    """A registry in which the models of one plugin remember how they were called.

    Attributes:
        registry: the registry, with models that record.
        calls: what was called so far, in order.
    """

    registry: Registry
    calls: list[Call] = field(default_factory=list)


def recorder(known: Registry, plugin: str) -> Recorder:
    """A registry that records.

    Args:
        known: as it is.
        plugin: the plugin as `Provided.plugin` names it.
    """
    found = Recorder(known)
    sections = {
        section: MappingProxyType(
            {name: _recording(each, section, plugin, found.calls) for name, each in models.items()}
        )
        for section, models in known.sections.items()
    }
    found.registry = replace(known, sections=MappingProxyType(sections))
    return found


def _recording(provided: Provided, section: str, plugin: str, calls: list[Call]) -> Provided:
    if provided.plugin != plugin:
        return provided
    model = provided.model

    def run(inputs: Any) -> Mapping[str, pl.DataFrame]:
        calls.append(Call(section, model, inputs))
        returned: Mapping[str, pl.DataFrame] = model.run(inputs)
        return returned

    return replace(provided, model=replace(model, run=run))


def calls_of(known: Registry, plugin: str, example: Path, *, calendars: int = 1) -> list[Call]:
    """The calls that an example topology makes of a plugin's models, one each: the first.

    Args:
        known: what plugins provide.
        plugin: as `Provided.plugin` names it.
        example: the topology.
        calendars: how many times as many months as it says.

    Raises:
        InputError: the example is wrong.
        TwinError: whatever a run of it raises.
    """
    found = recorder(known, plugin)
    twin = load_with(found.registry, example)
    if calendars > 1:
        months = f"calendar.months={calendars * twin.calendar.months}"
        twin = load_with(found.registry, example, overlays=[months])
        found.calls.clear()
    results = twin.evaluate()
    for name in results.tables:  # some analyses wait until a table of theirs is asked for
        results[name]
    first: dict[str, Call] = {}
    for call in found.calls:
        first.setdefault(call.model.name, call)
    return list(first.values())
