"""Chilled water: pumps, air- and water-cooled chillers, free cooling and towers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin_energy.cooling.draw import COMPRESSOR, PUMPS, REJECTION, Draw, Heat
from twin_energy.cooling.machines import (
    AIR_KG_PER_M3,
    EVAPORATOR_K,
    WATER_KJ_PER_KG_K,
    affinity,
    carnot,
    compressor_kw,
    flow,
    pump_kw,
)
from twin_energy.weather.psychrometrics import enthalpy, saturated_at, saturation_ratio

if TYPE_CHECKING:
    from twin_energy.cooling.draw import Air
    from twin_energy.cooling.params import AirCooled, Site, WaterCooled, WaterEconomiser
    from twin_energy.weather.psychrometrics import Floats

RATED_WATER_C = 6.7
"""Leaving chilled water at rating conditions (AHRI 550/590; 6.67 °C in the chiller data of EnergyPlus, read)."""

RATED_AIR_C = 35.0
"""Air entering an air-cooled condenser at rating conditions (AHRI 550/590, recalled)."""

RATED_CONDENSER_C = 29.4
"""Water entering a condenser at rating conditions (AHRI 550/590; the chiller data of EnergyPlus, read)."""

RATED_RANGE_K = 5.6
"""Rise of that water at rating conditions: 3 gallons a minute and ton (recalled)."""

CONDENSER_AIR_K = 15.0
"""Condensing temperature over entering air (assumed)."""

CONDENSER_WATER_K = 6.0
"""Condensing temperature over leaving condenser water; chosen with `EVAPORATOR_K`."""


def pumped(params: Site, heat: Heat) -> tuple[Heat, Draw]:
    """The heat with that of the water pumps, and what these draw."""
    design = pump_kw(heat.design_kw, params.water_rise, params.pump_pressure, params.pump_efficiency)
    power = design * affinity(flow(heat.share(), params.least_flow))
    return heat + Heat(power, design), Draw({PUMPS: power})


def air_cooled_cop(cop: float, supply_c: float, dry_bulb_c: Floats) -> Floats:
    """COP at full load: the rated one, in proportion to Carnot's between evaporation and condensation."""
    rated = carnot(RATED_WATER_C - EVAPORATOR_K, RATED_AIR_C + CONDENSER_AIR_K)
    return cop * carnot(supply_c - EVAPORATOR_K, dry_bulb_c + CONDENSER_AIR_K) / rated


def water_cooled_cop(cop: float, supply_c: float, entering_c: Floats, range_k: float) -> Floats:
    """As `air_cooled_cop`, by the condenser water that enters and its rise."""
    rated = carnot(RATED_WATER_C - EVAPORATOR_K, RATED_CONDENSER_C + RATED_RANGE_K + CONDENSER_WATER_K)
    return cop * carnot(supply_c - EVAPORATOR_K, entering_c + range_k + CONDENSER_WATER_K) / rated


def free_share(params: Site, water_c: Floats) -> Floats:
    """Share of the load that water of this temperature takes before the chillers do.

    It is 1 at the supply temperature and below, 0 at that of the water that comes back and above.
    """
    back = params.supply_water + params.water_rise
    return np.clip((back - water_c) / params.water_rise, 0.0, 1.0)


def air_cooled(params: AirCooled, heat: Heat, air: Air) -> Draw:
    """Water cooled by air-cooled chillers, after a free-cooling coil where there is one."""
    heat, pumps = pumped(params, heat)
    free = np.zeros_like(heat.now_kw)
    if params.free_cooling:
        free = free_share(params, air.dry_bulb_c + params.coil_approach)
    coil = heat.design_kw / params.coil_fan_ratio * affinity(free * heat.share())
    cop = air_cooled_cop(params.cop, params.supply_water, air.dry_bulb_c)
    power = compressor_kw(heat.now_kw * (1.0 - free), heat.design_kw, cop, params.chillers)
    rejected = heat.now_kw + power + coil
    return pumps + Draw({COMPRESSOR: power, REJECTION: coil}, {}, rejected)


def water_cooled(params: WaterCooled, heat: Heat, air: Air) -> Draw:
    """Water cooled by water-cooled chillers and towers."""
    return _over_towers(params, heat, air, np.zeros_like(heat.now_kw), 0.0)


def water_economised(params: WaterEconomiser, heat: Heat, air: Air) -> Draw:
    """As `water_cooled`, after a heat exchanger that the tower's water cools."""
    outside = air.wet_bulb_c + params.tower_approach + params.exchanger_approach
    return _over_towers(params, heat, air, free_share(params, outside), params.exchanger_pump_pressure)


def _over_towers(params: WaterCooled, heat: Heat, air: Air, free: Floats, exchanger_pa: float) -> Draw:
    heat, pumps = pumped(params, heat)
    extra = pump_kw(heat.design_kw, params.water_rise, exchanger_pa, params.pump_efficiency)
    exchanger = extra * affinity(flow(heat.share(), params.least_flow)) * (free > 0.0)
    entering = np.maximum(air.wet_bulb_c + params.tower_approach, params.coldest_condenser_water)
    cop = water_cooled_cop(params.cop, params.supply_water, entering, params.tower_range)
    power = compressor_kw(heat.now_kw * (1.0 - free), heat.design_kw, cop, params.chillers)
    # towers are built for compressors at their rated COP
    out = Heat(heat.now_kw + power + exchanger, heat.design_kw * (1.0 + 1.0 / params.cop) + extra)
    return pumps + Draw({COMPRESSOR: power, PUMPS: exchanger}) + tower(params, out, air)


def tower(params: WaterCooled, heat: Heat, air: Air) -> Draw:
    """Open cooling towers: fans and pumps by affinity, water by the air that leaves saturated.

    The heat raises the enthalpy of the air by heat over air flow; what the air then holds more than before has
    evaporated.
    """
    design_pump = pump_kw(heat.design_kw, params.tower_range, params.tower_pump_pressure, params.pump_efficiency)
    pump = design_pump * affinity(flow(heat.share(), params.least_flow))
    heat = heat + Heat(pump, design_pump)
    share = flow(heat.share(), params.least_flow)
    design_air_kg_per_s = heat.design_kw / (WATER_KJ_PER_KG_K * params.tower_range * params.liquid_gas_ratio)
    volume = design_air_kg_per_s / AIR_KG_PER_M3
    fan = volume * params.tower_fan_pressure / params.tower_fan_efficiency / 1e3 * affinity(share)
    evaporated = _evaporated(heat.now_kw, design_air_kg_per_s * share, air)
    circulating = heat.now_kw / (WATER_KJ_PER_KG_K * params.tower_range) * 3600.0
    water = make_up(evaporated, params.drift * circulating, params.cycles)
    return Draw({PUMPS: pump, REJECTION: fan}, {REJECTION: water}, heat.now_kw + fan)


def _evaporated(heat_kw: Floats, air_kg_per_s: Floats, air: Air) -> Floats:
    """Litres an hour that leave with the air."""
    rise = np.divide(heat_kw, air_kg_per_s, out=np.zeros_like(heat_kw), where=air_kg_per_s > 0.0)
    leaving = saturated_at(
        enthalpy(air.dry_bulb_c, air.humidity_ratio) + rise, air.pressure_pa, air.wet_bulb_c + rise / 3.0
    )
    gained = saturation_ratio(leaving, air.pressure_pa) - air.humidity_ratio
    return np.maximum(gained, 0.0) * air_kg_per_s * 3600.0


def make_up(evaporated_l: Floats, drift_l: Floats | float, cycles: float) -> Floats:
    """Water to be fed in: evaporation, drift, and the blowdown that keeps the cycles of concentration.

    What leaves as liquid is `evaporated / (cycles - 1)`; drift is part of it.
    """
    return np.asarray(evaporated_l + np.maximum(evaporated_l / (cycles - 1.0), drift_l))
