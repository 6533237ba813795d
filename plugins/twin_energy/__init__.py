"""First-party energy models: tariffs for a bill, weather, and what cooling draws in it."""

from __future__ import annotations

from twin.api import CoolingModel, EnergyModel, WeatherModel, hookimpl
from twin_energy.cooling import models as cooling
from twin_energy.pue import ConstantPue, constant_pue
from twin_energy.tariff import GridTariff, grid_tariff
from twin_energy.us_industrial import UsIndustrial, us_industrial
from twin_energy.weather import models as weather


@hookimpl
def twin_energy() -> list[EnergyModel]:
    """The tariffs."""
    return [
        EnergyModel(
            "grid-tariff",
            "A price for energy, one for the month's peak demand and a fixed charge.",
            GridTariff,
            grid_tariff,
        ),
        EnergyModel(
            "us-industrial",
            "The average price that industry pays in a state of the USA, from EIA.",
            UsIndustrial,
            us_industrial,
        ),
    ]


@hookimpl
def twin_cooling() -> list[CoolingModel]:
    """The facility models."""
    constant = CoolingModel("constant-pue", "Facility energy as a fixed ratio to IT energy.", ConstantPue, constant_pue)
    return [constant, *cooling.MODELS]


@hookimpl
def twin_weather() -> list[WeatherModel]:
    """Regions that ship, and files."""
    return [*weather.MODELS]
