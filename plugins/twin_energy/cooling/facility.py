"""One facility: its heat by circuit, the plant of each circuit, lights; all hours of all its sites at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin_energy.cooling.air_side import air_economised
from twin_energy.cooling.draw import FANS, LIGHTING, OTHER, PUMPS, Draw, Heat
from twin_energy.cooling.dry_coolers import dry_cooled
from twin_energy.cooling.machines import affinity, fan_kw, flow
from twin_energy.cooling.params import AirCooled, AirEconomiser, Site, WaterCooled, WaterEconomiser
from twin_energy.cooling.water_loop import air_cooled, water_cooled, water_economised

if TYPE_CHECKING:
    from twin_energy.cooling.draw import Air
    from twin_energy.weather.psychrometrics import Floats


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be cooled, one element an hour and site.

    Attributes:
        it_kw: IT load.
        largest_kw: the largest IT load up to that hour's month: what lights and plant are built for, before `spare`.
        liquid_fraction: share of the IT heat that goes to liquid.
    """

    it_kw: Floats
    largest_kw: Floats
    liquid_fraction: Floats


def facility(params: Site, load: Load, air: Air) -> tuple[Draw, Floats]:
    """What everything besides IT and the power chain draws.

    Returns:
        The draw, and the heat of each hour that nothing takes away: zero where the plant does its work.
    """
    built = load.largest_kw * (1.0 + params.spare)
    lights = params.lighting * load.largest_kw
    in_air = 1.0 - load.liquid_fraction + params.loss_heat
    room, fans = _air(params, Heat(load.it_kw * in_air + lights, built * in_air + lights))
    liquid, cdu = _liquid(params, Heat(load.it_kw * load.liquid_fraction, built * load.liquid_fraction))
    general = Draw({LIGHTING: lights, OTHER: params.other * load.largest_kw}) + fans + cdu
    if params.liquid is None:
        return general + _plant(params, room, liquid, air), np.zeros_like(load.it_kw)
    warm, left = dry_cooled(params, params.liquid, liquid, air)
    none = Heat(np.zeros_like(load.it_kw), np.zeros_like(load.it_kw))
    return general + warm + _plant(params, room, none, air), left


def _air(params: Site, heat: Heat) -> tuple[Heat, Draw]:
    """The air's heat with that of the room fans, and what these draw."""
    design = fan_kw(heat.design_kw, params.air_rise, params.fan_pressure, params.fan_efficiency)
    power = design * affinity(flow(heat.share(), params.least_flow))
    return heat + Heat(power, design), Draw({FANS: power})


def _liquid(params: Site, heat: Heat) -> tuple[Heat, Draw]:
    """The liquid's heat with that of the pumps of its distribution units, and what these draw."""
    design = params.cdu * heat.design_kw
    power = design * affinity(flow(heat.share(), params.least_flow))
    return heat + Heat(power, design), Draw({PUMPS: power})


def _plant(params: Site, room: Heat, liquid: Heat, air: Air) -> Draw:
    if isinstance(params, AirEconomiser):
        return air_economised(params, room, liquid, air)
    if isinstance(params, WaterEconomiser):
        return water_economised(params, room + liquid, air)
    if isinstance(params, WaterCooled):
        return water_cooled(params, room + liquid, air)
    if isinstance(params, AirCooled):
        return air_cooled(params, room + liquid, air)
    raise TypeError(f"no plant for {type(params).__name__}")
