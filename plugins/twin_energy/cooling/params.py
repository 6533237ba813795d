"""Parameters of the cooling models.

Ranges are those of Lei & Masanet 2022 (Resources, Conservation and Recycling 182, 106323, doi
10.1016/j.resconrec.2022.106323), "case 1" being hyperscale with air-side and "case 2" with water-side economiser.
A default is the middle of the range of case 1 where nothing else is said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, model_validator

from twin.api import Fraction, Params, Pressure, Ratio, SiteRef, Temperature, TemperatureDifference

if TYPE_CHECKING:
    from typing import Self

Positive = Annotated[Fraction, Field(gt=0.0)]
Some = Annotated[TemperatureDifference, Field(gt=0.0)]


class Liquid(Params):
    """Dry coolers for the heat that racks give to liquid.

    Attributes:
        supply_water: warm water to the racks; 32 °C, class W32 of ASHRAE (recalled).
        water_rise: of that water over the racks; upper end of 5 to 10 K (Lei & Masanet 2022).
        approach: supply water over the air that enters, at design load; 6 K is assumed.
        fan_ratio: heat over fan power at design load; 25, of 15 to 40 (recalled).
        adiabatic: whether pads cool the air that enters when it is too warm.
        pad_effectiveness: share of the wet-bulb depression that they reach; 80 % is assumed.
        trim: whether an air-cooled chiller takes what is left; without it such an hour is refused.
    """

    supply_water: Annotated[Temperature, Field(ge=15.0, le=60.0)] = 32.0
    water_rise: Some = 10.0
    approach: Some = 6.0
    fan_ratio: Annotated[Ratio, Field(gt=0.0)] = 25.0
    adiabatic: bool = True
    pad_effectiveness: Fraction = 0.8
    trim: bool = True


class Site(Params):
    """Parameters that every cooling model has.

    Attributes:
        sites: sites it is for; all of them where none is named.
        supply_water: water to the air handlers and to racks without `liquid`; 18 °C, lower end of 18 to 27 °C
            (aidatacenterguide.com ch. 15.2, read).
        water_rise: of that water; middle of 5 to 10 K (Lei & Masanet 2022).
        pump_pressure: head of its pumps; middle of 114.9 to 172.4 kPa (Lei & Masanet 2022).
        pump_efficiency: middle of 60 to 80 % (Lei & Masanet 2022).
        air_rise: of the air over the racks; middle of 13.9 to 19.4 K (Lei & Masanet 2022).
        fan_pressure: of the room fans; middle of 300 to 1000 Pa (Lei & Masanet 2022).
        fan_efficiency: of the room fans; middle of 65 to 90 % (Lei & Masanet 2022).
        least_flow: flow of fans and pumps at low load over that at design load; assumed.
        cdu: pump power of the coolant distribution over the liquid heat at design load; 8.47 kW (ExaDigiT/RAPS,
            read) on about 0.85 MW (recalled).
        cop: of the chillers with their own fans at rating conditions, full load.
        chillers: how many share the load; assumed.
        spare: capacity built beyond the largest load so far, over that load.
        lighting: over the largest IT load so far; middle of 0 to 0.2 % (Lei & Masanet 2022).
        other: anything else that runs all the time, over the largest IT load so far.
        loss_heat: heat of UPS and distribution in the rooms that this plant cools, over the IT load; 0 where they have
            cooling of their own.
        liquid: dry coolers for the liquid share; on the water of the air handlers where not given.
    """

    sites: tuple[SiteRef, ...] = ()
    supply_water: Annotated[Temperature, Field(ge=4.0, le=45.0)] = 18.0
    water_rise: Some = 7.5
    pump_pressure: Pressure = 143_650.0
    pump_efficiency: Positive = 0.7
    air_rise: Some = 16.65
    fan_pressure: Pressure = 650.0
    fan_efficiency: Positive = 0.775
    least_flow: Fraction = 0.4
    cdu: Fraction = 0.01
    cop: Annotated[Ratio, Field(ge=1.0, le=12.0)]
    chillers: Annotated[int, Field(ge=1, le=1000)] = 4
    spare: Ratio = 0.0
    lighting: Fraction = 0.001
    other: Ratio = 0.0
    loss_heat: Fraction = 0.0
    liquid: Liquid | None = None


class AirCooled(Site):
    """Parameters of `air-cooled-chiller`.

    Attributes:
        cop: of the chillers with their fans at 35 °C and 6.7 °C leaving water; 3.5, of 3 to 4.5 (recalled).
        free_cooling: whether a coil in the outside air cools the return water before the compressors do.
        coil_approach: water over outside air that this coil reaches; assumed.
        coil_fan_ratio: heat over fan power of the coil at design load; 25, of 15 to 40 (recalled).
    """

    cop: Annotated[Ratio, Field(ge=1.0, le=12.0)] = 3.5
    free_cooling: bool = False
    coil_approach: Some = 5.0
    coil_fan_ratio: Annotated[Ratio, Field(gt=0.0)] = 25.0


class WarmWater(AirCooled):
    """Parameters of `warm-water`: those of `air-cooled-chiller` for the air share, and `liquid`."""

    liquid: Liquid = Liquid()


class WaterCooled(Site):
    """Parameters of `water-cooled-chiller`.

    Attributes:
        cop: of the chillers at 29.4 °C entering and 6.7 °C leaving water; 6, of 5 to 7.5 (recalled).
        tower_approach: water from the tower over the wet bulb; middle of 2.8 to 6.7 K (Lei & Masanet 2022).
        tower_range: of the water over the tower; middle of 4 to 6 K (Lei & Masanet 2022).
        tower_fan_pressure: middle of 100 to 400 Pa (Lei & Masanet 2022).
        tower_fan_efficiency: middle of 65 to 90 % (Lei & Masanet 2022).
        tower_pump_pressure: middle of 166.9 to 250.4 kPa (Lei & Masanet 2022).
        liquid_gas_ratio: water over air by mass in the tower; 1, of 0.2 to 4 (Lei & Masanet 2022).
        coldest_condenser_water: the least that the chillers take; assumed.
        cycles: cycles of concentration; middle of 3 to 15 (Lei & Masanet 2022).
        drift: water carried off over the water that circulates; lower end of 0.005 to 0.5 % (Lei & Masanet 2022),
            as drift eliminators give.
    """

    cop: Annotated[Ratio, Field(ge=1.0, le=12.0)] = 6.0
    tower_approach: Some = 4.75
    tower_range: Some = 5.0
    tower_fan_pressure: Pressure = 250.0
    tower_fan_efficiency: Positive = 0.775
    tower_pump_pressure: Pressure = 208_650.0
    liquid_gas_ratio: Annotated[Ratio, Field(gt=0.0, le=4.0)] = 1.0
    coldest_condenser_water: Temperature = 18.0
    cycles: Annotated[Ratio, Field(gt=1.0)] = 9.0
    drift: Fraction = 0.00005


class WaterEconomiser(WaterCooled):
    """Parameters of `water-economiser`: those of `water-cooled-chiller`, and the heat exchanger.

    Attributes:
        exchanger_approach: water from the exchanger over that from the tower; middle of 1.7 to 2.8 K (case 2).
        exchanger_pump_pressure: head of its pump; middle of 114.9 to 172.4 kPa (case 2).
    """

    exchanger_approach: Some = 2.25
    exchanger_pump_pressure: Pressure = 143_650.0


class AirEconomiser(WaterCooled):
    """Parameters of `air-economiser`: those of `water-cooled-chiller` for what outside air cannot do.

    Attributes:
        supply_air: warmest air to the racks; lower end of 27 to 35 °C (Lei & Masanet 2022).
        coldest_supply_air: coldest air to the racks; upper end of 10 to 18 °C (Lei & Masanet 2022).
        dew_point: highest dew point of air to the racks; middle of 15 to 27 °C (Lei & Masanet 2022).
        lowest_dew_point: middle of -12 to -9 °C (Lei & Masanet 2022).
        humidity: highest relative humidity at `supply_air`; middle of 60 to 95 % (Lei & Masanet 2022).
        lowest_humidity: middle of 8 to 20 % (Lei & Masanet 2022).
        adiabatic: whether outside air that is too warm is cooled by evaporation.
        pad_effectiveness: share of the wet-bulb depression that this reaches; 80 % is assumed.
        mist_pressure: of the water for humidification; middle of 6.3 to 7.7 MPa (Lei & Masanet 2022).
    """

    supply_air: Temperature = 27.0
    coldest_supply_air: Temperature = 18.0
    dew_point: Temperature = 21.0
    lowest_dew_point: Temperature = -10.5
    humidity: Positive = 0.775
    lowest_humidity: Fraction = 0.14
    adiabatic: bool = True
    pad_effectiveness: Fraction = 0.8
    mist_pressure: Pressure = 7.0e6

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.coldest_supply_air > self.supply_air:
            raise ValueError(
                f"coldest_supply_air is above supply_air ({self.coldest_supply_air:g} °C > {self.supply_air:g} °C)"
            )
        if self.supply_water >= self.supply_air:
            raise ValueError(
                f"supply_water is not below supply_air ({self.supply_water:g} °C >= {self.supply_air:g} °C); "
                "water cools air only when it is colder"
            )
        if self.lowest_dew_point >= self.dew_point or self.lowest_humidity >= self.humidity:
            raise ValueError("the lowest humidity of the air is not below the highest; exchange them")
        return self
