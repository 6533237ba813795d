"""Parameters of an analysis set from outside the file, as a command line sets them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pydantic import ValidationError

from twin.errors import UsageError
from twin.topology.entry_errors import beyond
from twin.topology.model import ModelEntry, Where

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twin.api import Params
    from twin.topology.model import Topology

_SECTION = "analyses"


def with_params(topology: Topology, name: str, model: type[Params], given: Mapping[str, object]) -> Topology:
    """The topology with some parameters of `analyses: {name: …}` set.

    Args:
        topology: as loaded.
        name: of the analysis.
        model: its parameters.
        given: parameter -> value; those left out stay as the file has them.

    Raises:
        UsageError: a value that the parameter does not take.
    """
    if not given:
        return topology
    old = next((entry for entry in topology.section(_SECTION) if entry.name == name), None)
    kept = old.params if old else model()
    try:
        checked = model.model_validate(dict(given))
    except ValidationError as error:
        first = error.errors()[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        says = beyond(first, model.model_fields.get(str(first["loc"][0])))
        raise UsageError(f"{option}: {says} (got {first['input']})") from error
    params = kept.model_copy(update={key: getattr(checked, key) for key in given})
    texts = {key: str(value) for key, value in given.items()}
    where = old.where if old else Where("command line", 0, 0)
    entry = ModelEntry(
        section=_SECTION,
        name=name,
        model=name,
        params=params,
        given={**(old.given if old else {}), **texts},
        refers=(),
        where=where,
        overlaid=(old.overlaid if old else frozenset()) | frozenset(texts),
    )
    others = tuple(each for each in topology.entries if (each.section, each.name) != (_SECTION, name))
    return replace(topology, entries=(*others, entry))
