"""What uncertain failure rates do to a result: draws of the rates.

The rate of what is called by one name is one quantity that nobody knows exactly: it is drawn once for all of
them (the state-of-knowledge correlation; Apostolakis and Kaplan, *Pitfalls in risk calculations*, 1981).  It is
lognormal with the stated rate as its mean; the error factor is its 95 % over its 50 % point, so that sigma is
ln(error factor) / 1.645.  Bounds are those of `twin.wilks`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

from twin.failure.montecarlo.draw import generator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.structure.model import Classes, Elements, Floats, Structure
    from twin.topology.model import Topology

_STREAM = 4


def names(topology: Topology) -> dict[str, str]:
    """The name by which the rate of each group is known, by path: that of its part, else its own."""
    return {path: group.part or path for path, group in topology.groups.items()}


def uncertain(topology: Topology) -> dict[str, float]:
    """The error factor of every name of which the rate is uncertain."""
    known: dict[str, float] = {}
    for path, name in names(topology).items():
        stated = topology.attribute(path, "rate_error_factor")
        if stated is not None and float(stated) > 1.0:
            known[name] = max(known.get(name, 1.0), float(stated))
    return known


def factors(structure: Structure, draws: int, seed: int) -> dict[str, Floats]:
    """Multipliers of the failure rate with mean 1, by name: (draws,) for every name of which the rate is uncertain.

    Args:
        structure: the structure, with `rate_error_factor` of its groups.
        draws: how many.
        seed: seed.
    """
    found = {}
    for index, (name, factor) in enumerate(sorted(uncertain(structure.topology).items())):
        sigma = float(np.log(factor) / ndtri(0.95))
        normal = generator(seed, index, _STREAM).standard_normal(draws)
        found[name] = np.exp(sigma * normal - sigma**2 / 2.0)
    return found


def scaled(structure: Structure, by: dict[str, float]) -> Structure:
    """The structure with the failure rates of some names multiplied, and the same times to repair.

    Args:
        structure: the structure.
        by: multiplier of each name.
    """
    known = names(structure.topology)
    each = np.array([by.get(known[path], 1.0) for path in structure.groups])
    elements, classes = structure.elements, structure.classes
    down, often = _times(elements, each[elements.group])
    own_down, own_often = _times(classes, each[classes.group])
    return replace(
        structure,
        elements=replace(elements, unavailability=down, failures_per_year=often),
        classes=replace(classes, unavailability=own_down, failures_per_year=own_often),
    )


def _times(part: Elements | Classes, times: Floats) -> tuple[Floats, Floats]:
    up = 1.0 + (times - 1.0) * part.unavailability
    return part.unavailability * times / up, part.failures_per_year * times / up


def drawn(structure: Structure, draws: int, seed: int) -> Iterator[tuple[dict[str, float], Structure]]:
    """The multipliers of each draw by name, and the structure with the rates that they make.

    Args:
        structure: the structure.
        draws: how many.
        seed: seed.
    """
    every = factors(structure, draws, seed)
    for index in range(draws):
        by = {name: float(multipliers[index]) for name, multipliers in every.items()}
        yield by, scaled(structure, by)
