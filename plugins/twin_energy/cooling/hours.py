"""From the hours of a run to what the plants of all its sites draw in them: table `overhead_hours`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from twin.api import RefusedError
from twin_energy.cooling.draw import LIGHTING, Air
from twin_energy.cooling.facility import Load, facility
from twin_energy.weather.psychrometrics import wet_bulb
from twin_energy.weather.regions import regions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twin.api import CoolingInputs, Entry
    from twin_energy.cooling.draw import Draw
    from twin_energy.cooling.params import Site
    from twin_energy.weather.psychrometrics import Floats

ENGINE = "cooling"
NEEDED = {"dry_bulb_c": "dry bulb", "dew_point_c": "dew point", "pressure_pa": "pressure"}


def cool(inputs: CoolingInputs) -> dict[str, pl.DataFrame]:
    """Table `overhead_hours` of every site that the entries serve.

    Raises:
        RefusedError: a site without weather, with gaps in it, or whose dry coolers cannot take the heat of an hour; the
            site and the hour are named.
    """
    own = [(entry, inputs.hours.filter(pl.col("entry") == entry.name)) for entry in inputs.entries]
    drawn = [(hours, _draw(entry, hours)) for entry, hours in own if hours.height]
    every = dict.fromkeys(stage for _, draw in drawn for stage in draw.power_kw)
    used = [stage for stage in every if any(_drawn(draw, stage) for _, draw in drawn)]
    frames = [_rows(hours, draw, used or [LIGHTING], inputs.step_h) for hours, draw in drawn]
    return {"overhead_hours": pl.concat(frames)}


def _draw(entry: Entry[Site], hours: pl.DataFrame) -> Draw:
    _hold_weather(entry.name, hours)
    air = _air(hours)
    draw, left = facility(entry.params, _load(hours), air)
    if left.any():
        _refuse_heat(entry.name, hours, air, left)
    return draw


def _drawn(draw: Draw, stage: str) -> bool:
    """Whether the stage draws or uses anything in any hour."""
    return any(stage in table and bool(table[stage].any()) for table in (draw.power_kw, draw.water_l_per_h))


def _hold_weather(name: str, hours: pl.DataFrame) -> None:
    """Refuse hours without weather."""
    for column, what in NEEDED.items():
        gap = hours.filter(pl.col(column).is_null() | pl.col(column).is_nan())
        if not gap.height:
            continue
        site = gap["site"][0]
        whole = gap.filter(pl.col("site") == site).height == hours.filter(pl.col("site") == site).height
        when = "" if whole else f" at {gap['time'][0]:%Y-%m-%d %H:%M}"
        raise RefusedError(
            ENGINE,
            f"'{name}' works with the weather, and site '{site}' has no {what}{when}",
            f"add an entry of weather: for it, as {{model: region, region: {min(regions())}}} or "
            "{model: epw, file: …}; or choose constant-pue",
        )


def _load(hours: pl.DataFrame) -> Load:
    """The plant is as large as the largest load up to each month asks, site by site."""
    largest = (
        hours.group_by("site", "month")
        .agg(pl.col("it_kw").max().alias("largest_kw"))
        .sort("site", "month")
        .with_columns(pl.col("largest_kw").cum_max().over("site", order_by="month"))
    )
    joined = hours.select("site", "month").join(largest, on=["site", "month"], how="left", maintain_order="left")
    # racks that say nothing of liquid give their heat to air
    liquid = hours["liquid_fraction"].cast(pl.Float64).fill_null(0.0).fill_nan(0.0)
    return Load(hours["it_kw"].to_numpy(), joined["largest_kw"].to_numpy(), liquid.to_numpy())


def _air(hours: pl.DataFrame) -> Air:
    dry, dew, pressure = (hours[name].to_numpy() for name in NEEDED)
    given = hours["wet_bulb_c"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    missing = np.isnan(given)
    wet = np.where(missing, wet_bulb(dry, dew, pressure), given) if missing.any() else given
    return Air.of(dry, dew, wet, pressure)


def _refuse_heat(name: str, hours: pl.DataFrame, air: Air, left_kw: Floats) -> None:
    at = int(np.flatnonzero(left_kw)[0])
    row = hours.row(at, named=True)
    raise RefusedError(
        ENGINE,
        f"the dry coolers of '{name}' cannot take {left_kw[at]:,.0f} kW at site '{row['site']}' at "
        f"{row['time']:%Y-%m-%d %H:%M} ({row['dry_bulb_c']:.1f} °C dry, {air.wet_bulb_c[at]:.1f} °C wet bulb), and in "
        f"{int((left_kw > 0).sum()) - 1} other hours",
        "raise liquid.supply_water, lower liquid.approach, build with spare, or allow liquid.trim",
    )


def _rows(hours: pl.DataFrame, draw: Draw, stages: Iterable[str], step_h: float) -> pl.DataFrame:
    """One row a step, site and stage."""
    key, none = hours.select("time", "site"), np.zeros(hours.height)
    return pl.concat(
        key.with_columns(
            pl.lit(stage).alias("stage"),
            pl.Series("power_kw", draw.power_kw.get(stage, none)),
            pl.Series("water_l", draw.water_l_per_h.get(stage, none) * step_h),
        )
        for stage in stages
    )
