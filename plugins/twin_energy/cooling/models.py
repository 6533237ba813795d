"""The cooling models as `cooling:` names them."""

from __future__ import annotations

from twin.api import CoolingModel
from twin_energy.cooling.hours import cool
from twin_energy.cooling.params import AirCooled, AirEconomiser, WarmWater, WaterCooled, WaterEconomiser

MODELS = (
    CoolingModel(
        "air-cooled-chiller",
        "Chilled water from air-cooled chillers, with a free-cooling coil if wanted; by the hour, with the weather.",
        AirCooled,
        cool,
    ),
    CoolingModel(
        "water-cooled-chiller",
        "Chilled water from water-cooled chillers and towers; by the hour, with the weather.",
        WaterCooled,
        cool,
    ),
    CoolingModel(
        "water-economiser",
        "Towers cool the water through a heat exchanger as far as they can, chillers the rest; by the hour.",
        WaterEconomiser,
        cool,
    ),
    CoolingModel(
        "air-economiser",
        "Outside air within limits of temperature and humidity, chillers and towers for the rest; by the hour.",
        AirEconomiser,
        cool,
    ),
    CoolingModel(
        "warm-water",
        "Dry coolers for the heat that racks give to liquid, air-cooled chillers for their air; by the hour.",
        WarmWater,
        cool,
    ),
)
"""First-party models that follow the weather."""
