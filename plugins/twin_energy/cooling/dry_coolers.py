"""Warm water for racks that give their heat to liquid: dry coolers, pads before them, a trim chiller behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from twin_energy.cooling.draw import COMPRESSOR, PUMPS, REJECTION, Draw, Heat
from twin_energy.cooling.machines import AIR_KJ_PER_KG_K, affinity, compressor_kw, flow, pump_kw
from twin_energy.cooling.water_loop import air_cooled_cop, make_up
from twin_energy.weather.psychrometrics import enthalpy

if TYPE_CHECKING:
    from twin_energy.cooling.draw import Air
    from twin_energy.cooling.params import Liquid, Site
    from twin_energy.weather.psychrometrics import Floats

PAD_CYCLES = 9.0
"""Cycles of concentration at the pads: as the default of the towers."""

TRIM_COP = 3.5
"""Rated COP of trim chillers, as the default of `air-cooled-chiller` (recalled)."""


def dry_cooled(params: Site, liquid: Liquid, heat: Heat, air: Air) -> tuple[Draw, Floats]:
    """What the circuit draws, and the heat that it cannot take where it has no trim chiller.

    At a constant effectiveness the heat a cooler takes is in proportion to its air flow and to the difference of the
    water that comes back and the air that enters.  At design load the fans run full when that air is `approach` colder
    than the supply water.

    Returns:
        The draw, and (hours,) the heat left over in kW: zero everywhere with `trim`.
    """
    design_pump = pump_kw(heat.design_kw, liquid.water_rise, params.pump_pressure, params.pump_efficiency)
    pump = design_pump * affinity(flow(heat.share(), params.least_flow))
    heat = heat + Heat(pump, design_pump)
    back = liquid.supply_water + liquid.water_rise
    design_k = liquid.water_rise + liquid.approach
    entering, taken = _before(liquid, air, back - design_k * heat.share())
    ahead = np.maximum(back - entering, 0.0)
    most = heat.design_kw * ahead / design_k
    carried = np.minimum(heat.now_kw, most)
    needed = np.divide(carried, most, out=np.zeros_like(carried), where=most > 0.0)
    fan = heat.design_kw / liquid.fan_ratio * affinity(needed)
    air_kg_per_s = heat.design_kw / (AIR_KJ_PER_KG_K * liquid.water_rise) * needed
    water = make_up(taken * air_kg_per_s * 3600.0, 0.0, PAD_CYCLES)
    left = np.where(heat.now_kw - carried > 1e-9 * heat.design_kw, heat.now_kw - carried, 0.0)
    power = np.zeros_like(left)
    if liquid.trim:
        cop = air_cooled_cop(TRIM_COP, liquid.supply_water, air.dry_bulb_c)
        power = compressor_kw(left, heat.design_kw, cop, params.chillers)
    draw = Draw({PUMPS: pump, REJECTION: fan, COMPRESSOR: power}, {REJECTION: water}, heat.now_kw + fan + power)
    return draw, np.zeros_like(left) if liquid.trim else left


def _before(liquid: Liquid, air: Air, wanted_c: Floats) -> tuple[Floats, Floats]:
    """Air that enters the cooler and the water it took up: cooled by pads no further than is wanted."""
    if not liquid.adiabatic:
        return air.dry_bulb_c, np.zeros_like(air.dry_bulb_c)
    reached = air.dry_bulb_c - liquid.pad_effectiveness * (air.dry_bulb_c - air.wet_bulb_c)
    entering = np.clip(wanted_c, reached, air.dry_bulb_c)
    content = enthalpy(air.dry_bulb_c, air.humidity_ratio)
    ratio = (content - 1.006 * entering) / (2501.0 + 1.86 * entering)
    taken = np.where(entering < air.dry_bulb_c, np.maximum(ratio - air.humidity_ratio, 0.0), 0.0)
    return entering, taken
