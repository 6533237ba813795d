"""The hourly tables of the energy analysis as arrays, for the analyses that follow it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin.energy.hold import place
from twin.energy.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twin.energy.steps import Floats

_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Hours:
    """What the energy analysis found.

    Attributes:
        steps: of the calendar.
        sites: ids, in file order.
        kw: column of `site_hours` -> (sites, steps).
        dispatch: table `dispatch`.
        units: table `supply_units`.
    """

    steps: Steps
    sites: tuple[str, ...]
    kw: Mapping[str, Floats]
    dispatch: pl.DataFrame
    units: pl.DataFrame

    def each(self) -> Iterator[tuple[int, dict[str, Any], dict[str, Floats]]]:
        """Every unit: number of its site, its row of `supply_units`, and (steps,) of each of its columns."""
        rows = {(row["site"], row["supply"], row["unit"]): row for row in self.units.iter_rows(named=True)}
        names = ("power_kw", "charge_kw", "curtailed_kw", "state_kwh", "fuel_kw")
        for key, part in self.dispatch.group_by("site", "supply", "unit", maintain_order=True):
            _, step = place(part, self.steps, [str(key[0])], "dispatch gave", whole=False)
            made = {}
            for name in names:
                values = np.zeros(len(self.steps))
                values[step] = part[name].fill_null(0.0).to_numpy()
                made[name] = values
            yield self.sites.index(str(key[0])), rows[key], made


def read(calendar: Any, tables: Mapping[str, pl.DataFrame]) -> Hours:
    """The arrays from tables `site_hours`, `dispatch` and `supply_units`."""
    frame = tables["site_hours"]
    sites = tuple(frame["site"].unique(maintain_order=True))
    time = frame["time"].head(2).to_numpy().astype("datetime64[us]").astype(np.int64)
    steps = Steps(calendar, float(time[1] - time[0]) / _HOUR_US)
    site, step = place(frame, steps, sites, "site_hours has")
    kw = {}
    for name in ("it_kw", "load_kw", "import_kw", "export_kw", "water_l"):
        values = np.empty((len(sites), len(steps)))
        values[site, step] = frame[name].cast(pl.Float64).to_numpy()
        kw[name] = values
    return Hours(steps, sites, kw, tables["dispatch"], tables["supply_units"])
