"""What the exact form leaves out of a file, by name: for this there are histories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from twin.structure.model import Snapshot


def beyond(snapshot: Snapshot) -> dict[str, tuple[str, ...]]:
    """Attributes that change a result in time and that the exact form does not carry, with the groups that state them.

    `repair_cv` is not among them: how long repairs spread around their mean changes no availability and no
    number of outages where parts are independent.  It changes how long outages last.
    """
    structure = snapshot.structure
    elements, behaviour = structure.elements, structure.elements.behaviour
    fails = elements.failures_per_year > 0.0
    found = {
        "failure_shape": (behaviour.failure_shape != 1.0) & fails,
        "start_failure": behaviour.start_failure > 0.0,
        "start_time": behaviour.start_time_h > 0.0,
        "runtime": behaviour.runtime_h > 0.0,
        "spares": np.isfinite(behaviour.spares) & fails,
        "repair_crews": _crewed(snapshot) & fails,
    }
    return {
        name: tuple(
            structure.groups[group] for group in np.unique(elements.group[there & snapshot.element_on]).tolist()
        )
        for name, there in found.items()
        if (there & snapshot.element_on).any()
    }


def _crewed(snapshot: Snapshot) -> np.ndarray:
    """(elements,): whether some container around it has repair crews."""
    structure = snapshot.structure
    topology = structure.topology
    crewed = np.array(
        [
            any(topology.attribute(holder.path, "repair_crews") is not None for holder in topology.ancestors(path)[:-1])
            for path in structure.groups
        ]
    )
    found: np.ndarray = crewed[structure.elements.group]
    return found
