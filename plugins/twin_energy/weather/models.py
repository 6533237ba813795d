"""The weather models as `weather:` names them: a region that ships, a file beside the topology."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from pydantic import model_validator

from twin.api import FileRef, Params, RefusedError, SiteRef, WeatherModel
from twin_energy.weather.epw import read_epw, station
from twin_energy.weather.regions import nearest, regions, weather

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from twin.api import WeatherInputs


class RegionWeather(Params):
    """Parameters of `region`.

    Attributes:
        sites: sites it is for; all of them where none is named.
        region: name of a region that ships, as `us-tx`.
    """

    sites: tuple[SiteRef, ...] = ()
    region: str

    @model_validator(mode="after")
    def _ships(self) -> Self:
        if self.region not in regions():
            raise ValueError(f"no weather ships for the region '{self.region}'; {nearest(self.region)}")
        return self


class EpwWeather(Params):
    """Parameters of `epw`.

    Attributes:
        sites: sites it is for; all of them where none is named.
        file: name of an EPW file in the folder of the topology file.
    """

    sites: tuple[SiteRef, ...] = ()
    file: FileRef


def region_weather(inputs: WeatherInputs) -> dict[str, pl.DataFrame]:
    """The typical year of the region of every entry."""
    known = regions()
    return _year(
        (entry.name, weather(entry.params.region), known[entry.params.region].place()) for entry in inputs.entries
    )


def epw_weather(inputs: WeatherInputs) -> dict[str, pl.DataFrame]:
    """The year in the file of every entry.

    Raises:
        RefusedError: a file is not a whole EPW file; names the hours.
    """
    years = []
    for entry in inputs.entries:
        path = inputs.files[entry.params.file]
        try:
            years.append((entry.name, read_epw(path), station(path)))
        except ValueError as error:
            raise RefusedError(
                "weather", f"the file '{entry.params.file}' of '{entry.name}': {error}", "give a complete EPW file"
            ) from error
    return _year(years)


def _year(years: Iterable[tuple[str, pl.DataFrame, dict[str, float]]]) -> dict[str, pl.DataFrame]:
    frames = [
        frame.drop("month", "day", "hour").select(
            pl.lit(name).alias("entry"),
            pl.int_range(pl.len(), dtype=pl.Int64).alias("hour"),
            pl.all(),
            *(pl.lit(value).alias(column) for column, value in place.items()),
        )
        for name, frame, place in years
    ]
    return {"weather": pl.concat(frames)}


MODELS = (
    WeatherModel(
        "region",
        "The typical year of a region that ships, from Climate.OneBuilding.org.",
        RegionWeather,
        region_weather,
    ),
    WeatherModel("epw", "The year in an EnergyPlus weather file beside the topology.", EpwWeather, epw_weather),
)
"""First-party models of weather."""
