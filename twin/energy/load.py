"""The IT load of every step: the month's mean of the schedule, with the hour's share of the workload's profile.

    IT load = IT power x utilisation x share in service x profile of the hour / the month's mean of the profile

so that the sum over a month is that of the schedule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.energy.steps import WEEK_HOURS
from twin.errors import RefusedError

if TYPE_CHECKING:
    from twin.energy.steps import Floats, Steps

_ROUNDING = 1e-9


@dataclass(frozen=True)
class ItLoad:
    """The IT load.

    Attributes:
        steps: of the calendar.
        sites: ids, in file order.
        full_kw: (sites, months), IT power of what is energised.
        use: (sites, months), share of it that workloads draw.
        served: (sites, months), share of it in service.
        shape: (sites, steps), load over the month's mean; None where it is 1 in every step.
    """

    steps: Steps
    sites: tuple[str, ...]
    full_kw: Floats
    use: Floats
    served: Floats
    shape: Floats | None

    @property
    def mean_kw(self) -> Floats:
        """(sites, months), mean of what is drawn."""
        return self.full_kw * self.use * self.served

    @property
    def kw(self) -> Floats:
        """(sites, steps), what is drawn, as expected over outages."""
        mean: Floats = self.mean_kw[:, self.steps.month]
        return mean if self.shape is None else mean * self.shape

    @property
    def level(self) -> Floats:
        """(sites, steps), what is drawn over the IT power of what is energised."""
        level: Floats = (self.use * self.served)[:, self.steps.month]
        return level if self.shape is None else level * self.shape

    @property
    def peak_level(self) -> Floats:
        """(sites, months), the largest level with everything in service."""
        return self.use if self.shape is None else self.use * self.steps.peaks(self.shape)

    @property
    def peak_kw(self) -> Floats:
        """(sites, months), the largest load with everything in service."""
        return self.full_kw * self.peak_level

    @property
    def kwh(self) -> Floats:
        """(sites, months), energy."""
        return self.mean_kw * self.steps.hours


def it_load(steps: Steps, schedule: pl.DataFrame, shapes: pl.DataFrame) -> ItLoad:
    """The IT load from the schedule and the profiles.

    Args:
        steps: of the calendar.
        schedule: table `schedule`.
        shapes: table `load_shape`.

    Raises:
        RefusedError: a negative load, or a profile that asks for more than what is energised draws; the site and
            the hour are named.
    """
    sites = tuple(schedule["site"].unique(maintain_order=True))
    full, use, served = (
        steps.pivot(schedule, sites, name) for name in ("it_kw", "utilisation_fraction", "served_fraction")
    )
    mean = full * use * served
    if (mean < 0).any():
        site, month = np.argwhere(mean < 0)[0]
        raise RefusedError(
            "energy",
            f"the IT load of site '{sites[site]}' is negative in {steps.calendar.date(int(month)):%Y-%m}",
            "give every load a power from 0",
        )
    load = ItLoad(steps, sites, full, use, served, _shape(steps, sites, shapes))
    _refuse_overload(load)
    return load


def _shape(steps: Steps, sites: tuple[str, ...], shapes: pl.DataFrame) -> Floats | None:
    """(sites, steps), the profile over its mean in the month; None where there is none."""
    if not shapes.height:
        return None
    place = {site: number for number, site in enumerate(sites)}
    month = shapes.select(steps.calendar.number())["month"].to_numpy()
    site = shapes["site"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
    table = np.ones((len(sites), steps.calendar.months, WEEK_HOURS))
    table[site, month, shapes["hour_of_week"].to_numpy()] = shapes["load_ratio"].to_numpy()
    ratio: Floats = table[:, steps.month, steps.hour_of_week]
    mean = steps.by_month(ratio) / steps.hours
    mean[mean <= 0] = 1.0  # nothing is drawn in the month
    return ratio / mean[:, steps.month]


def _refuse_overload(load: ItLoad) -> None:
    if load.shape is None:
        return
    asked = load.use[:, load.steps.month] * load.shape
    over = np.argwhere((asked > 1 + _ROUNDING) & (load.full_kw[:, load.steps.month] > 0))
    if len(over):
        site, step = over[0]
        raise RefusedError(
            "energy",
            f"the profile of the workloads at site '{load.sites[site]}' asks for {asked[site, step]:.1%} of what is "
            f"energised at {load.steps.when(int(step))}",
            "lower the 'utilisation' or flatten the 'profile', so that its busiest hour stays within 100 %",
        )
