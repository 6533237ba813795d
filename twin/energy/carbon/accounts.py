"""Emissions by method, the hourly carbon-free score, and water, from the hours of a run.

location   energy that the grid delivers in a step x average emission of the grid's generation in that step
market     import x residual mix (the average where none is stated); contracts at what they claim
both       fuel burnt on site x its emission
score      (matched + grid's carbon-free share x rest that the grid gives) / load
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin import tables
from twin.energy.dispatch.flows import matched_kw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twin.energy.read import Hours
    from twin.energy.steps import Floats

KEYS = ("month", "site")
GRID = "grid"


@dataclass(frozen=True)
class Grid:
    """The grid of every site, (sites, steps) each; NaN where it is not known.

    Attributes:
        average: kg CO2e a kWh.
        residual: the same of what nobody claims; the average where nobody says.
        carbon_free: share of its generation.
        water: L a kWh.
    """

    average: Floats
    residual: Floats
    carbon_free: Floats
    water: Floats


@dataclass
class Accounts:
    """Energy of each site by what it is, (sites, steps).

    Attributes:
        hours: of the run.
        grid: of every site.
        contracts: power of contracts that the grid delivers.
        others: that of contracts that are not carbon-free.
        free: carbon-free power of supplies.
        charge, discharge: of all stores.
        rows: rows of table `carbon`.
    """

    hours: Hours
    grid: Grid
    contracts: Floats = field(init=False)
    others: Floats = field(init=False)
    free: Floats = field(init=False)
    charge: Floats = field(init=False)
    discharge: Floats = field(init=False)
    rows: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Add up the units and write the rows of the two methods."""
        shape = self.hours.kw["load_kw"].shape
        self.contracts, self.others, self.free, self.charge, self.discharge = (np.zeros(shape) for _ in range(5))
        for site, row, kw in self.hours.each():
            self._unit(site, row, kw)
        bought = self.hours.kw["import_kw"]
        self._row("location", GRID, 2, bought + self.contracts, self.grid.average)
        self._row("market", GRID, 2, bought, self.grid.residual)
        self._row("avoided", "carbon-free supply", 2, self.matched, self.grid.average)

    def _unit(self, site: int, row: dict[str, object], kw: dict[str, Floats]) -> None:
        name, power = str(row["supply"]), kw["power_kw"]
        if row["kind"] == "storage":
            self.charge[site] += kw["charge_kw"]
            self.discharge[site] += power
        if row["carbon_free"]:
            self.free[site] += power
        if row["kind"] == "contract":
            self.contracts[site] += power
            self.others[site] += 0.0 if row["carbon_free"] else power
            claimed = np.zeros_like(power) if row["carbon_free"] else self.grid.residual[site]
            self._row("market", name, 2, power, claimed, site)
        if kw["fuel_kw"].any():
            burnt = kw["fuel_kw"] * float(str(row["fuel_kg_co2e_per_kwh"]))
            each = np.divide(burnt, power, out=np.zeros_like(power), where=power > 0)
            idle = np.where(power > 0, 0.0, burnt)
            for method in ("location", "market"):
                self._row(method, name, 1, power, each, site, idle)
        made = float(str(row["embodied_kg_co2e_per_kwh"]))
        if made:
            self._row("embodied", name, 3, power, np.full_like(power, made), site)

    @cached_property
    def matched(self) -> Floats:
        """(sites, steps): load that carbon-free supply covers in its own step.

        Calendar year by calendar year, as dispatch is: what a store took in one year is no share of another's output.
        """
        year = self.hours.steps.time.astype("datetime64[Y]")
        parts = (self.hours.kw["load_kw"], self.free, self.charge, self.discharge)
        made = np.zeros_like(parts[0])
        for each in np.unique(year):
            own = year == each
            made[:, own] = matched_kw(*(part[:, own] for part in parts))
        return made

    def _row(
        self,
        method: str,
        source: str,
        scope: int,
        power: Floats,
        each: Floats,
        site: int | None = None,
        more: Floats | None = None,
    ) -> None:
        """Rows of one source by month: of one site, or of all whose grid is known."""
        steps, names = self.hours.steps, self.hours.sites
        if site is None:
            known = np.flatnonzero(np.isfinite(self.grid.average).all(axis=1)).tolist()
            power, each = power[known], each[known]
        else:
            known, power, each = [site], power[None], each[None]
        if not known or not np.isfinite(each).all() or not power.any():
            return
        kg = power * each + (0.0 if more is None else more[None])
        columns = {"energy_kwh": steps.by_month(power), "emission_kg_co2e": steps.by_month(kg)}
        frame = steps.months_frame([names[number] for number in known], columns)
        said = {"method": pl.lit(method), "source": pl.lit(source), "scope": pl.lit(scope, pl.Int64)}
        self.rows.append(frame.with_columns(**said).select(tables.table("carbon").names))

    def carbon_free(self) -> pl.DataFrame:
        """Table `carbon_free` of the sites whose grid is known."""
        steps, load = self.hours.steps, self.hours.kw["load_kw"]
        matched = self.matched
        # contracts that are not carbon-free are energy of the grid as the import is
        rest = np.minimum(self.hours.kw["import_kw"] + self.others, load - matched)
        known: NDArray[np.bool_] = np.all(np.isfinite(self.grid.carbon_free), axis=1)
        parts = {"load_kwh": load, "matched_kwh": matched, "grid_kwh": rest * self.grid.carbon_free}
        parts["supply_kwh"] = self.free
        names = [name for name, there in zip(self.hours.sites, known.tolist(), strict=True) if there]
        frame = steps.months_frame(names, {name: steps.by_month(kw[known]) for name, kw in parts.items()})
        drawn = pl.when(pl.col("load_kwh") > 0).then(pl.col("load_kwh"))
        return frame.with_columns(
            cfe_fraction=(pl.col("matched_kwh") + pl.col("grid_kwh")) / drawn,
            volume_fraction=pl.col("supply_kwh") / drawn,
        ).select(tables.table("carbon_free").names)

    def water(self) -> pl.DataFrame:
        """Table `water`."""
        steps, hours = self.hours.steps, self.hours.kw
        delivered = hours["import_kw"] + self.contracts
        parts = {"site_l": hours["water_l"], "source_l": delivered * self.grid.water}
        it = steps.by_month(hours["it_kw"])
        columns = {name: steps.by_month(each) / steps.step_h ** (name == "site_l") for name, each in parts.items()}
        frame = steps.months_frame(self.hours.sites, columns | {"it_kwh": it}).with_columns(
            pl.col("site_l", "source_l").fill_nan(None)
        )
        used = pl.when(pl.col("it_kwh") > 0).then(pl.col("it_kwh"))
        return frame.with_columns(
            wue_l_per_kwh=pl.col("site_l") / used,
            wue_source_l_per_kwh=(pl.col("site_l") + pl.col("source_l")) / used,
        ).select(tables.table("water").names)
