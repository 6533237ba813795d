"""What a site draws besides its IT load: losses of the power chain, and cooling as its model says.

A site's cooling model gives a monthly overhead, in which everything is, or hours by stage, to which the losses of
the power chain are added from the equipment in the file.  Where no model serves a site, the equipment says all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin import tables
from twin.api import CoolingInputs
from twin.energy import outside
from twin.energy.chain import STAGES, Chain, chain, liquid_fraction
from twin.energy.hold import hold_overhead, hold_overhead_hours
from twin.energy.models import by_model, served_by
from twin.energy.service import serve

if TYPE_CHECKING:
    from twin.api import Entry
    from twin.energy.load import ItLoad
    from twin.energy.steps import Floats
    from twin.registry import Provided

KEYS = ("month", "site")


@dataclass
class Overhead:
    """What is drawn besides IT, filled model by model.

    Attributes:
        twin: the loaded topology.
        load: the IT load.
        weather: typical years by site.
        chain_kw, other_kw: (sites, steps), losses of the power chain, and all else.
        water_l: (sites, steps), NaN where not known.
        energy: rows of table `energy`.
        hourly: numbers of the sites whose cooling model gives hours.
        checks: rows of table `checks`.
    """

    twin: Any
    load: ItLoad
    weather: pl.DataFrame
    chain_kw: Floats = field(init=False)
    other_kw: Floats = field(init=False)
    water_l: Floats = field(init=False)
    energy: list[pl.DataFrame] = field(default_factory=list)
    hourly: list[int] = field(default_factory=list)
    checks: list[pl.DataFrame] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing is drawn yet."""
        shape = (len(self.load.sites), len(self.load.steps))
        self.chain_kw, self.other_kw = np.zeros(shape), np.zeros(shape)
        self.water_l = np.full(shape, np.nan)

    @cached_property
    def structure(self) -> Chain:
        """What the equipment draws; worked out where somebody asks."""
        return chain(self.twin.structure, self.load)

    @cached_property
    def _hours(self) -> pl.DataFrame:
        steps, sites = self.load.steps, self.load.sites
        liquid = liquid_fraction(self.twin.structure, self.load)[:, steps.month]
        drawn: dict[str, Floats | None] = {
            name: outside.spread(steps, sites, self.weather, name) for name in outside.DRAWN
        }
        return steps.frame(sites, drawn | {"it_kw": self.load.kw, "liquid_fraction": liquid})

    def run(self) -> Overhead:
        """Ask every cooling model once, and the equipment for the sites that none serves."""
        sites = pl.DataFrame({"site": self.load.sites}, schema={"site": pl.String})
        entries = self.twin.topology.section("cooling")
        served = serve(entries, sites)
        for provided, used in by_model(entries, self.twin.registry.models("cooling")):
            self._ask(provided, used, served)
        alone = ~sites["site"].is_in(served["site"].implode())
        if alone.any():
            self._by_equipment(alone.arg_true().to_list(), sites["site"].filter(alone).to_list())
        return self

    def _ask(self, provided: Provided, used: tuple[Entry[Any], ...], served: pl.DataFrame) -> None:
        hours = served_by(served, used, self._hours)
        if not hours.height:
            return
        ambient = hours.group_by(*KEYS, "entry", maintain_order=True).agg(ambient_c=pl.col("dry_bulb_c").mean())
        steps = self.load.steps
        it = steps.months_frame(self.load.sites, {"it_kwh": self.load.kwh, "it_peak_kw": self.load.peak_kw})
        load = served_by(served, used, it).join(ambient, on=[*KEYS, "entry"], how="left", maintain_order="left")
        load = load.select(*KEYS, "entry", "it_kwh", "it_peak_kw", "ambient_c")
        names = ["time", "month", "site", "entry", "it_kw", "liquid_fraction", *outside.DRAWN]
        own = load["site"].unique(maintain_order=True).to_list()
        weather = self.weather.filter(pl.col("site").is_in(own))
        inputs = CoolingInputs(used, steps.calendar, load, hours.select(names), weather, steps.step_h)
        returned = provided.call(inputs, required=(), either=("energy", "overhead_hours"))
        if "energy" in returned:
            self._take_months(hold_overhead(returned["energy"], load, provided.who))
        else:
            self._take_hours(hold_overhead_hours(returned["overhead_hours"], steps, own, provided.who), own)

    def _take_months(self, frame: pl.DataFrame) -> None:
        """A monthly overhead, over the hours as the IT load is; evenly where there is none."""
        self.energy.append(frame)
        steps, sites = self.load.steps, self.load.sites
        kwh = steps.pivot(frame, sites, "energy_kwh")
        it = self.load.kwh
        ratio = np.divide(kwh, it, out=np.zeros_like(kwh), where=it > 0)
        even = np.where(it > 0, 0.0, kwh / steps.hours)
        self.other_kw += self.load.kw * ratio[:, steps.month] + even[:, steps.month]

    def _take_hours(self, stages: dict[str, tuple[Floats, Floats]], sites: list[str]) -> None:
        """Hours by stage, (own sites, steps) each, and the power chain of these sites."""
        steps = self.load.steps
        rows = [self.load.sites.index(site) for site in sites]
        self.hourly += rows
        for stage, (power, water) in stages.items():
            self.other_kw[rows] += power
            known = np.isfinite(water)
            self.water_l[rows] = np.where(known, np.nan_to_num(self.water_l[rows]) + water, self.water_l[rows])
            self._add(stage, sites, steps.by_month(power), steps.peaks(power))
        self.chain_kw[rows] += self.structure.kw["power_chain"][rows]
        for stage in STAGES[:2]:
            kw = self.structure.kw[stage][rows]
            if stage == "network":
                self.other_kw[rows] += kw
            if kw.any() or stage == "power_chain":
                self._add(stage, sites, steps.by_month(kw), self.structure.peak_kw[stage][rows])

    def _add(self, stage: str, sites: list[str], kwh: Floats, peak: Floats) -> None:
        frame = self.load.steps.months_frame(sites, {"energy_kwh": kwh, "peak_kw": peak})
        self.energy.append(frame.select(*KEYS, pl.lit(stage).alias("stage"), "energy_kwh", "peak_kw"))

    def _by_equipment(self, rows: list[int], sites: list[str]) -> None:
        steps = self.load.steps
        if not self.load.full_kw[rows].any():
            self._add(
                "power_chain", sites, np.zeros((len(rows), steps.calendar.months)), np.zeros_like(self.load.use[rows])
            )
            return
        for stage in STAGES:
            kw = self.structure.kw[stage][rows]
            target = self.chain_kw if stage == "power_chain" else self.other_kw
            target[rows] += kw
            if kw.any() or stage == "power_chain":
                self._add(stage, sites, steps.by_month(kw), self.structure.peak_kw[stage][rows])
        self.checks.append(self._assumed(rows, sites))

    def _assumed(self, rows: list[int], sites: list[str]) -> pl.DataFrame:
        """One row of `checks` a site: the PUE that the equipment comes to in place of a cooling model."""
        steps, it = self.load.steps, self.load.kwh[rows]
        drawn = steps.by_month(self.chain_kw[rows] + self.other_kw[rows])
        used = it > 0
        pue = 1 + np.divide(drawn, it, out=np.zeros_like(it), where=used)
        ends = {"least": pue.min(axis=1, where=used, initial=np.inf), "most": pue.max(axis=1, where=used, initial=1)}
        least, most = (pl.col(name).round(4).cast(pl.String).str.strip_suffix(".0") for name in ends)
        frame = pl.DataFrame({"scope": sites, **ends}).filter(pl.Series(used.any(axis=1)))
        return frame.select(
            pl.lit("facility_model").alias("check"),
            "scope",
            pl.lit(value=True).alias("ok"),
            pl.when(least == most).then(least).otherwise(pl.format("{} to {}", least, most)).alias("got"),
            pl.lit("an entry of cooling: for the site, or losses and cooling loads in its equipment").alias("wanted"),
            pl.lit(
                "no entry of cooling: serves the site, so what the equipment in the file draws at the load of each "
                "hour, over that load, stands for its PUE, whatever the weather"
            ).alias("message"),
        ).select(tables.table("checks").names)
