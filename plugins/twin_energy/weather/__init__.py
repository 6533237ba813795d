"""Weather of a site: regions that ship, EPW files, moist air."""

from __future__ import annotations

from twin_energy.weather.epw import read_epw
from twin_energy.weather.regions import Region, regions, weather, weather_of

__all__ = ["Region", "read_epw", "regions", "weather", "weather_of"]
