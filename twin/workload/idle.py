"""What the IT load would draw with every accelerator idle: the floor under what the workloads use.

    draw = load x (idle + (1 - idle) x use)

`idle` is the attribute `idle_fraction` of each rack or server; equipment without one is taken to draw
nothing when idle, which understates.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.structure.installed import energised
from twin.topology import instances

if TYPE_CHECKING:
    from twin.api import Calendar
    from twin.structure.model import Floats, Structure

ATTRIBUTE = "idle_fraction"


def idle_share(structure: Structure, calendar: Calendar) -> pl.DataFrame:
    """The share of each site's IT load that is drawn when all of it idles.

    Returns:
        `month, site, idle_fraction`, one row a month and site, in the order of `energised`.
    """
    share = _by_class(structure)
    months = energised(structure, calendar)
    if not share.any():
        return months.select("month", "site", pl.lit(0.0).alias(ATTRIBUTE))
    classes = replace(structure.classes, power_kw=structure.classes.power_kw * share)
    floor = energised(replace(structure, classes=classes), calendar)["it_kw"]
    idle = pl.when(pl.col("it_kw") > 0).then(floor / pl.col("it_kw")).otherwise(0.0).clip(0.0, 1.0)
    return months.select("month", "site", idle.alias(ATTRIBUTE))


def _by_class(structure: Structure) -> Floats:
    """`idle_fraction` of every class of loads; 0 where nobody gives it."""
    topology, classes = structure.topology, structure.classes
    first = instances.offsets(topology)
    share = np.zeros(len(classes.group))
    for number in np.unique(classes.group).tolist():
        path = structure.groups[number]
        own = classes.group == number
        share[own] = instances.attribute(topology, path, ATTRIBUTE, classes.node[own] - first[path])
    return np.nan_to_num(share)
