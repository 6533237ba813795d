"""How many months a run has where the file does not say: as many as its deals need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twin.cost.inputs import entries_of, financing_inputs
from twin.errors import PluginError, RefusedError, one_of
from twin.topology.settings import MAX_MONTHS
from twin.units import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Calendar, FinancingInputs
    from twin.registry import Provided, Registry
    from twin.structure.model import Structure
    from twin.topology.model import Topology


def months(calendar: Calendar, structure: Structure, wanted: Mapping[str, int]) -> int:
    """Months of calendar: the most that any financing model asks for, and a year of full build at least.

    Args:
        calendar: the one without months.
        structure: the compiled topology.
        wanted: months that each model asks for, as `needs` gives them.

    Raises:
        RefusedError: the deals ask for more than a hundred years.
    """
    used = structure.classes.energised[structure.classes.energised < structure.classes.retired]
    last = int(used.max()) if len(used) else 0
    build = {"the last energisation and a year": max(last, 0) + MONTHS_PER_YEAR}
    every = build | dict(wanted)
    who = max(every, key=every.__getitem__)
    _refuse_too_long(who, every[who], calendar)
    return every[who]


def needs(topology: Topology, structure: Structure, registry: Registry) -> dict[str, int]:
    """Months of calendar that each financing model of the file asks for, by `model 'name'`.

    Args:
        topology: read and resolved; its calendar may have no months.
        structure: compiled from it.
        registry: the models.

    Raises:
        PluginError: a model's `horizon` failed or returned something other than a number of months.
    """
    wanted: dict[str, int] = {}
    calendar = replace(topology.calendar, months=0)
    known = registry.models("deals")
    deals = topology.section("deals")
    every = entries_of(topology)
    given = financing_inputs(structure, calendar) if deals else None
    for model in dict.fromkeys(entry.model for entry in deals):
        if model not in known:
            raise PluginError(f"no plugin provides the financing model '{model}'; {one_of(model, known)}")
        if given is None or known[model].model.horizon is None:
            continue
        names = {entry.name for entry in deals if entry.model == model}
        own = tuple(entry for name, entry in every.items() if name in names)
        others = {name: entry for name, entry in every.items() if name not in names}
        wanted[f"model '{model}'"] = _ask(known[model], replace(given, entries=own, others=others))
    return wanted


def _ask(provided: Provided, inputs: FinancingInputs) -> int:
    answer = provided.guard(
        lambda: provided.model.horizon(inputs), "horizon of ", [entry.name for entry in inputs.entries]
    )
    if isinstance(answer, bool) or not isinstance(answer, int) or answer < 0:
        raise PluginError(f"horizon of {provided.who} returned {answer!r}; a whole number of months is wanted")
    return answer


def _refuse_too_long(who: str, count: int, calendar: Calendar) -> None:
    if count > MAX_MONTHS:
        raise RefusedError(
            "cost",
            f"{who} asks for {count:,} months from {calendar.start:%Y-%m}; "
            f"the longest calendar is {MAX_MONTHS:,} months",
            "check the dates and terms, or state `calendar.months`",
        )
