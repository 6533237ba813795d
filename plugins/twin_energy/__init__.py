"""First-party energy models: tariffs for a bill, supplies beside them, weather, and what cooling draws in it."""

from __future__ import annotations

from twin.api import CarbonModel, CoolingModel, EnergyModel, WeatherModel, hookimpl
from twin_energy.carbon import models as carbon
from twin_energy.cooling import models as cooling
from twin_energy.pue import ConstantPue, constant_pue
from twin_energy.supplies import models as supplies
from twin_energy.tariff import GridTariff, grid_prices, grid_tariff
from twin_energy.tariffs import model as tariffs
from twin_energy.tariffs.params import Tariff
from twin_energy.us_industrial import UsIndustrial, us_industrial, us_industrial_prices
from twin_energy.weather import models as weather


@hookimpl
def twin_energy() -> list[EnergyModel]:
    """The tariffs and the supplies."""
    return [
        *supplies.MODELS,
        EnergyModel(
            "grid-tariff",
            "A price for energy, one for the month's peak demand and a fixed charge.",
            GridTariff,
            grid_tariff,
            prices=grid_prices,
        ),
        EnergyModel(
            "us-industrial",
            "The average price that industry pays in a state of the USA, from EIA.",
            UsIndustrial,
            us_industrial,
            prices=us_industrial_prices,
        ),
        EnergyModel(
            "tariff",
            "A utility's rate schedule: time of use, blocks, demand, ratchets, contracts, coincident peaks, riders.",
            Tariff,
            tariffs.run,
            prices=tariffs.prices,
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


@hookimpl
def twin_carbon() -> list[CarbonModel]:
    """What energy from the grid emits."""
    return [*carbon.MODELS]
