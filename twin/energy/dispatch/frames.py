"""From the frames of the analysis to systems, one a site and calendar year."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin.energy.dispatch.system import ENGINE, Demand, Generator, Shift, Storage, System
from twin.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twin.energy.dispatch.system import Floats

UNIT = ("site", "entry", "unit")

F, S, B = pl.Float64, pl.String, pl.Boolean
RESOURCES: dict[str, tuple[type[pl.DataType], Any]] = {
    "capacity_kw": (F, None),
    "usd_per_kwh": (F, 0.0),
    "must_take": (B, False),
    "minimum_fraction": (F, 0.0),
    "charge_kw": (F, None),
    "energy_kwh": (F, None),
    "charge_efficiency": (F, 1.0),
    "discharge_efficiency": (F, 1.0),
    "start_fraction": (F, 0.5),
    "cyclic": (B, True),
    "renewable": (B, False),
    "carbon_free": (B, False),
    "fuel_kwh_per_kwh": (F, 0.0),
    "fuel_kg_co2e_per_kwh": (F, 0.0),
    "fuel_usd_per_kwh": (F, 0.0),
    "online_fuel_kw": (F, 0.0),
    "start_usd": (F, 0.0),
    "machines": (pl.Int64, 1),
    "limit_kwh_per_year": (F, inf),
}
"""Columns of `resources` beside `site, entry, unit, kind`: type, and what a null or a column left out means."""

HOURLY = ("available_kw", "usd_per_kwh", "fuel_usd_per_kwh", "charge_kw")
"""Columns of `resource_hours`, each nullable or left out: then the row's constant holds."""

KINDS = ("generator", "contract", "storage", "interruptible", "shift")


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What sites buy and sell at, and what is asked of their dispatch.

    Attributes:
        prices: `time, site, entry, usd_per_kwh[, export_usd_per_kwh]`; a site without prices buys for nothing.
        demand_prices: `site, entry, charge, period, usd_per_kw, floor_kw`.
        demand_hours: `site, entry, charge, period, time`.
        limits: `time, site, import_kw, export_kw`; null or absent: import without limit, no export.
        grid: `time, site, kg_co2e_per_kwh, cfe_fraction` of the grid.
        unserved_usd_per_kwh: price of load that is not served; None where all must be.
        carbon_usd_per_kg: price on carbon inside the optimisation.
        cfe_fraction: carbon-free score to reach; None for none.
    """

    prices: pl.DataFrame | None = None
    demand_prices: pl.DataFrame | None = None
    demand_hours: pl.DataFrame | None = None
    limits: pl.DataFrame | None = None
    grid: pl.DataFrame | None = None
    unserved_usd_per_kwh: float | None = None
    carbon_usd_per_kg: float = 0.0
    cfe_fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What sites have beside the grid.

    Attributes:
        rows: `site, entry, unit, kind` and any of `RESOURCES`; one row a unit.
        hours: `time, site, entry, unit` and any of `HOURLY`.
        segments: `site, entry, unit, to_fraction, fuel_kwh_per_kwh`: fuel of one more kWh up to a share of the
            rating; in place of the row's constant.
    """

    rows: pl.DataFrame
    hours: pl.DataFrame | None = None
    segments: pl.DataFrame | None = None
    wide: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        """Fill in what is left out."""
        unknown = set(self.rows["kind"].unique()) - set(KINDS)
        if unknown:
            raise RefusedError(ENGINE, f"a resource is of kind '{min(unknown)}'", f"use one of {', '.join(KINDS)}")
        object.__setattr__(self, "wide", self.rows.with_columns(_columns(self.rows)).sort(UNIT, maintain_order=True))


def _columns(rows: pl.DataFrame) -> list[pl.Expr]:
    made = []
    for name, (dtype, default) in RESOURCES.items():
        column = pl.col(name).cast(dtype) if name in rows.columns else pl.lit(None, dtype)
        made.append((column if default is None else column.fill_null(default)).alias(name))
    return made


def years(load: pl.DataFrame, resources: Resources) -> int:
    """How many systems `systems` makes."""
    own = load.filter(pl.col("site").is_in(resources.wide["site"].unique().implode()))
    return own.select("site", pl.col("time").dt.year()).n_unique()


def systems(load: pl.DataFrame, step_h: float, resources: Resources, market: Market) -> Iterator[System]:
    """One system a site that has a resource and a calendar year, in the order of sites and time.

    Args:
        load: `time, site, load_kw`: what each site draws; every step of it, in any order.
        step_h: length of a step.
        resources: what the sites have.
        market: what they buy and sell at.

    Raises:
        RefusedError: a step is missing or doubled, or a frame of the market has no value for a step.
    """
    sites = resources.wide["site"].unique(maintain_order=True).to_list()
    for site in sites:
        own = load.filter(pl.col("site") == site).sort("time")
        _hold_calendar(own, site, step_h)
        for (_, _), year in own.group_by("site", pl.col("time").dt.year(), maintain_order=True):
            yield _system(year, site, step_h, resources, market)


def _hold_calendar(load: pl.DataFrame, site: str, step_h: float) -> None:
    gaps = load.select(pl.col("time"), (pl.col("time").diff().dt.total_seconds() / 3600.0).alias("gap_h"))
    wrong = gaps.filter((pl.col("gap_h") - step_h).abs() > 1e-6)  # noqa: PLR2004 - a rounding of a step
    if wrong.height:
        when, gap = wrong.row(0)
        raise RefusedError(
            ENGINE,
            f"the load of {site} has {gap:g} h between the step before {when} and that step, not {step_h:g} h",
            "give one value for every step, once",
        )


def _system(load: pl.DataFrame, site: str, step_h: float, resources: Resources, market: Market) -> System:
    time = load.select("time")
    size = load.height
    zero, endless = np.zeros(size), np.full(size, inf)
    grid = {"kg_co2e_per_kwh": zero, "cfe_fraction": zero}
    for name in grid:
        grid[name] = _series(time, market.grid, site, name, zero)
    rows = resources.wide.filter(pl.col("site") == site)
    units = [_Unit(row, time, resources) for row in rows.iter_rows(named=True)]
    return System(
        site=site,
        time=load["time"].cast(pl.Datetime("us")).to_numpy(),
        step_h=step_h,
        load_kw=load["load_kw"].to_numpy(),
        import_usd_per_kwh=_series(time, market.prices, site, "usd_per_kwh", zero, needed=True),
        import_limit_kw=_series(time, market.limits, site, "import_kw", endless),
        export_usd_per_kwh=_series(time, market.prices, site, "export_usd_per_kwh", zero),
        export_limit_kw=_series(time, market.limits, site, "export_kw", zero),
        generators=tuple(unit.generator() for unit in units if unit.kind not in ("storage", "shift")),
        storages=tuple(unit.storage() for unit in units if unit.kind == "storage"),
        shifts=tuple(unit.shift() for unit in units if unit.kind == "shift"),
        demand=tuple(_demand(time, site, market)),
        unserved_usd_per_kwh=market.unserved_usd_per_kwh,
        carbon_usd_per_kg=market.carbon_usd_per_kg,
        import_kg_co2e_per_kwh=grid["kg_co2e_per_kwh"],
        cfe_fraction=market.cfe_fraction,
        import_cfe_fraction=grid["cfe_fraction"],
    )


def _series(
    time: pl.DataFrame, frame: pl.DataFrame | None, site: str, column: str, default: Floats, *, needed: bool = False
) -> Floats:
    """A column of a site at every step; `default` where the frame or the column is absent or the value null."""
    if frame is None or column not in frame.columns:
        return default
    own = frame.filter(pl.col("site") == site).select("time", pl.col(column).cast(pl.Float64))
    if not own.height:
        return default
    joined = time.join(own, on="time", how="left", maintain_order="left")
    if joined.height != time.height:
        twice = own.filter(pl.col("time").is_duplicated())["time"][0]
        raise RefusedError(ENGINE, f"'{column}' of {site} is given more than once at {twice}", "give it once a step")
    values = joined[column]
    if needed and values.null_count():
        when = joined.filter(pl.col(column).is_null())["time"][0]
        raise RefusedError(ENGINE, f"'{column}' of {site} has no value at {when}", "give a value for every step")
    array = values.to_numpy()
    return np.where(np.isnan(array) & values.is_null().to_numpy(), default, array)


def _demand(time: pl.DataFrame, site: str, market: Market) -> Iterator[Demand]:
    """Demand charges of the periods that these steps touch."""
    if market.demand_prices is None or market.demand_hours is None:
        return
    keys = ["entry", "charge", "period"]
    own = pl.col("site") == site
    steps = market.demand_hours.filter(own).join(time.with_row_index("step"), on="time")
    hours = {
        key: part["step"].cast(pl.Int64).sort().to_numpy() for key, part in steps.group_by(keys, maintain_order=True)
    }
    for row in market.demand_prices.filter(own).iter_rows(named=True):
        key = tuple(row[name] for name in keys)
        if key in hours:
            entry, charge, period = key
            yield Demand(
                entry=entry,
                charge=charge,
                period=str(period),
                usd_per_kw=row["usd_per_kw"],
                floor_kw=row["floor_kw"] or 0.0,
                steps=hours[key],
            )


class _Unit:
    """One row of the resources with its series."""

    def __init__(self, row: dict[str, Any], time: pl.DataFrame, resources: Resources) -> None:
        self.row = row
        self.kind = row["kind"]
        self._time = time
        self._hours = None if resources.hours is None else resources.hours.filter(self._mine())
        segments = None if resources.segments is None else resources.segments.filter(self._mine())
        self._segments = segments if segments is not None and segments.height else None

    def _mine(self) -> pl.Expr:
        return pl.all_horizontal(pl.col(key) == self.row[key] for key in UNIT)

    def _by_step(self, column: str, constant: str | None = None) -> Floats:
        value = self.row[constant or column]
        if value is None:
            reason = f"'{self.row['entry']}' at {self.row['site']} ({self.kind}) has no {constant or column}"
            raise RefusedError(ENGINE, reason, "state it in its resources")
        return _series(self._time, self._hours, self.row["site"], column, np.full(self._time.height, float(value)))

    def _named(self) -> dict[str, Any]:
        return {"entry": self.row["entry"], "unit": self.row["unit"]}

    def generator(self) -> Generator:
        row = self.row
        flat = [(1.0, row["fuel_kwh_per_kwh"])]
        curve = (
            flat
            if self._segments is None
            else self._segments.select("to_fraction", "fuel_kwh_per_kwh").sort("to_fraction").rows()
        )
        same = ("capacity_kw", "minimum_fraction", "online_fuel_kw", "start_usd", "machines", "must_take")
        marks = ("carbon_free", "renewable", "fuel_kg_co2e_per_kwh")
        return Generator(
            **self._named(),
            available_kw=self._by_step("available_kw", "capacity_kw"),
            usd_per_kwh=self._by_step("usd_per_kwh"),
            fuel_usd_per_kwh=self._by_step("fuel_usd_per_kwh"),
            segments=tuple(curve),
            limit_kwh=row["limit_kwh_per_year"],
            by_grid=self.kind == "contract",
            **{name: row[name] for name in (*same, *marks)},
        )

    def storage(self) -> Storage:
        row = self.row
        self._by_step("energy_kwh")
        same = ("energy_kwh", "charge_efficiency", "discharge_efficiency", "start_fraction", "cyclic")
        return Storage(
            **self._named(),
            discharge_kw=self._by_step("available_kw", "capacity_kw"),
            charge_kw=self._by_step("charge_kw"),
            usd_per_kwh=self._by_step("usd_per_kwh"),
            **{name: row[name] for name in same},
        )

    def shift(self) -> Shift:
        return Shift(
            **self._named(),
            down_kw=self._by_step("available_kw", "capacity_kw"),
            up_kw=self._by_step("charge_kw"),
            usd_per_kwh=self._by_step("usd_per_kwh"),
        )
