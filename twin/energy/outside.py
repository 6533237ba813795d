"""What models say of the world outside: the weather of each site, and what energy from its grid emits.

Both are a typical year of 8760 hours, spread over the calendar by month, day and hour.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from twin.api import CarbonInputs, WeatherInputs
from twin.energy.models import by_model, files
from twin.energy.service import serve
from twin.energy.steps import YEAR_HOURS
from twin.errors import PluginError
from twin.tables import energy as exchanged

if TYPE_CHECKING:
    from twin.energy.steps import Floats, Steps

DRAWN = ("dry_bulb_c", "dew_point_c", "wet_bulb_c", "pressure_pa")
"""Columns of the weather that hours have."""


def years(twin: Any, sites: tuple[str, ...], section: str) -> pl.DataFrame:
    """The typical year of each site that an entry of the section serves, with its `site`.

    Args:
        twin: the loaded topology.
        sites: ids of the sites.
        section: weather or carbon.

    Returns:
        `site` and the columns of the model's table; no rows where the section has no entries.

    Raises:
        InputError: two entries serve one site.
        PluginError: a model did not give 8760 hours in order for each entry.
    """
    table, kind = {"weather": ("weather", WeatherInputs), "carbon": ("grid_carbon", CarbonInputs)}[section]
    entries = twin.topology.section(section)
    served = serve(entries, pl.DataFrame({"site": sites}, schema={"site": pl.String}))
    frames = []
    for provided, used in by_model(entries, twin.registry.models(section)):
        made = provided.call(kind(used, files(twin, entries)), required=(table,))[table]
        _hold_year(made, [entry.name for entry in used], provided.who, table)
        frames.append(served.join(made, on="entry", how="inner", maintain_order="left_right"))
    if frames:
        return pl.concat(frames)
    schema = {"weather": exchanged.WEATHER, "carbon": exchanged.GRID_CARBON}[section].schema()
    return pl.DataFrame(schema={"site": pl.String(), **schema})


def _hold_year(frame: pl.DataFrame, entries: list[str], who: str, table: str) -> None:
    strange = frame.filter(~pl.col("entry").is_in(entries))
    if strange.height:
        raise PluginError(f"{who} returned '{table}' of the entry '{strange['entry'][0]}', which it was not given")
    for name in entries:
        hours = frame.filter(pl.col("entry") == name)["hour"].to_numpy()
        if len(hours) != YEAR_HOURS:
            raise PluginError(f"{who} returned {len(hours):,} hours for '{name}'; 8,760 of a typical year are wanted")
        wrong = np.flatnonzero(hours != np.arange(YEAR_HOURS))
        if len(wrong):
            raise PluginError(
                f"{who} returned hour {hours[wrong[0]]} of '{name}' in the place of hour {wrong[0]}; "
                "they go from 0 to 8759"
            )


def spread(steps: Steps, sites: tuple[str, ...], year: pl.DataFrame, column: str) -> Floats | None:
    """(sites, steps) of a column of typical years, each of them whole and in order as `years` gives them.

    NaN where a site has none; None where no site has it.
    """
    if column not in year.columns or year[column].null_count() == year.height:
        return None
    typical = year[column].cast(pl.Float64).fill_null(np.nan).to_numpy().reshape(-1, YEAR_HOURS)
    named = year.select(pl.col("site").gather_every(YEAR_HOURS)).with_row_index("year")
    wanted = pl.DataFrame({"site": sites}, schema={"site": pl.String}).with_row_index("place")
    both = wanted.join(named, on="site")
    made = np.full((len(sites), len(steps)), np.nan)
    made[both["place"].to_numpy()] = typical[both["year"].to_numpy()][:, steps.typical]
    return made


def grid(twin: Any, steps: Steps, sites: tuple[str, ...]) -> pl.DataFrame | None:
    """`time, month, site, kg_co2e_per_kwh, cfe_fraction` of the sites whose grid is known; None where none is."""
    year = years(twin, sites, "carbon")
    all_sites = pl.Series(sites, dtype=pl.String)
    known = all_sites.filter(all_sites.is_in(year["site"].unique().implode())).to_list()
    if not known:
        return None
    names = {"kg_co2e_per_kwh": "kg_co2e_per_kwh", "cfe_fraction": "carbon_free_fraction"}
    return steps.frame(known, {to: spread(steps, tuple(known), year, name) for to, name in names.items()})
