"""How elements fail, start, are repaired and maintained, as their attributes say it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin.structure.model import Behaviour
from twin.topology.failing import ALPHA, GREEK
from twin.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from collections.abc import Callable

    from twin.structure.model import Floats


def behaviour(figure: Callable[[str, float], Floats]) -> Behaviour:
    """Read the behaviour of elements.

    Args:
        figure: gives an attribute of all elements, in canonical units, with what stands where it is not given.
    """
    interval = figure("maintenance_interval", np.inf)
    return Behaviour(
        start_failure=figure("start_failure", 0.0),
        maintenance_per_year=HOURS_PER_YEAR / interval,
        maintenance_h=figure("maintenance_duration", 0.0),
        greek=np.stack([figure(name, np.nan) for name in GREEK], axis=1),
        alpha=np.stack([figure(name, np.nan) for name in ALPHA], axis=1),
        failure_shape=figure("failure_shape", 1.0),
        repair_cv=figure("repair_cv", np.nan),
        start_time_h=figure("start_time", 0.0),
        runtime_h=figure("runtime", 0.0),
        spares=figure("spares", np.inf),
        spare_lead_time_h=figure("spare_lead_time", 0.0),
        rate_error_factor=figure("rate_error_factor", 1.0),
    )


def plain(size: int) -> Behaviour:
    """The behaviour of elements of which nothing is said but how often they fail and how long repair takes."""
    return behaviour(lambda _, missing: np.full(size, missing))
