"""Outside air as coolant: mixing, humidity limits, evaporation, and what is left for chilled water."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from twin_energy.cooling.draw import HUMIDIFICATION, Draw, Heat
from twin_energy.cooling.machines import AIR_KJ_PER_KG_K, WATER_KG_PER_M3, flow
from twin_energy.cooling.water_loop import make_up, water_cooled
from twin_energy.weather.psychrometrics import enthalpy, ratio_at_humidity, saturation_ratio

if TYPE_CHECKING:
    from twin_energy.cooling.draw import Air
    from twin_energy.cooling.params import AirEconomiser
    from twin_energy.weather.psychrometrics import Floats


@dataclass(frozen=True, slots=True)
class Mode:
    """What the economiser does in every hour.

    Attributes:
        open: whether outside air comes in at all.
        mechanical_fraction: share of the heat that chilled water takes.
        outside_fraction: share of the supply air that comes from outside; the rest is mixed in from the racks.
        evaporated: kg of water per kg of supply air, by pads in the heat or mist in dry air.
        misted: the part of it that is mist.
    """

    open: Floats
    mechanical_fraction: Floats
    outside_fraction: Floats
    evaporated: Floats
    misted: Floats


def mode(params: AirEconomiser, air: Air, rise_k: Floats) -> Mode:
    """The state of the economiser, hour by hour.

    Outside air that holds more water than `dew_point` or `humidity` at the warmest supply allows stays outside, and so
    does air warmer than what comes back from the racks.  Air colder than `coldest_supply_air` is mixed with air from
    the racks; air warmer than `supply_air` is cooled by evaporation as far as pads reach and humidity allows, and the
    rest of the way by chilled water.

    Args:
        params: limits.
        air: the weather.
        rise_k: of the air over the racks in the hour.
    """
    moist, dry = _limits(params, air)
    warm = params.supply_air
    inside = np.where(air.humidity_ratio <= moist, 1.0, 0.0)
    entering, padded = _evaporate(params, air, moist)
    back = warm + rise_k
    inside = inside * (entering < back)
    left = np.clip((entering - warm) / np.maximum(rise_k, 1e-9), 0.0, 1.0)
    cold = params.coldest_supply_air
    returned = cold + rise_k
    span = np.maximum(returned - air.dry_bulb_c, 1e-9)
    outside = np.where(air.dry_bulb_c < cold, (returned - cold) / span, 1.0) * inside
    mist = np.maximum(dry - air.humidity_ratio, 0.0) * outside
    return Mode(inside, np.where(inside > 0, left, 1.0), outside, padded * inside + mist, mist)


def _limits(params: AirEconomiser, air: Air) -> tuple[Floats, Floats]:
    """Most and least humidity ratio of supply air."""
    at = np.clip(air.dry_bulb_c, params.coldest_supply_air, params.supply_air)
    most = np.minimum(
        saturation_ratio(params.dew_point, air.pressure_pa),
        ratio_at_humidity(params.supply_air, params.humidity, air.pressure_pa),
    )
    least = np.maximum(
        saturation_ratio(params.lowest_dew_point, air.pressure_pa),
        ratio_at_humidity(at, params.lowest_humidity, air.pressure_pa),
    )
    return most, np.minimum(least, most)


def _evaporate(params: AirEconomiser, air: Air, moist: Floats) -> tuple[Floats, Floats]:
    """Temperature of outside air behind the pads and the water it took up, at constant enthalpy."""
    if not params.adiabatic:
        return air.dry_bulb_c, np.zeros_like(air.dry_bulb_c)
    reached = air.dry_bulb_c - params.pad_effectiveness * (air.dry_bulb_c - air.wet_bulb_c)
    content = enthalpy(air.dry_bulb_c, air.humidity_ratio)
    at_limit = (content - 2501.0 * moist) / (1.006 + 1.86 * moist)
    wanted = np.maximum(np.maximum(reached, at_limit), params.supply_air)
    entering = np.minimum(wanted, air.dry_bulb_c)
    ratio = (content - 1.006 * entering) / (2501.0 + 1.86 * entering)
    taken = np.where(entering < air.dry_bulb_c, np.maximum(ratio - air.humidity_ratio, 0.0), 0.0)
    return entering, taken


def air_economised(params: AirEconomiser, heat: Heat, liquid: Heat, air: Air) -> Draw:
    """The air heat by outside air as far as it goes; what is left, and `liquid`, by chillers and towers."""
    share = heat.share()
    moved = flow(share, params.least_flow)
    rise = params.air_rise * np.divide(share, moved, out=np.ones_like(share), where=moved > 0.0)
    now = mode(params, air, rise)
    mechanical = heat.now_kw * now.mechanical_fraction
    plant = water_cooled(params, Heat(mechanical + liquid.now_kw, heat.design_kw + liquid.design_kw), air)
    air_kg_per_s = heat.now_kw / (AIR_KJ_PER_KG_K * rise)
    mist_l = now.misted * air_kg_per_s * 3600.0
    pads_l = (now.evaporated - now.misted) * air_kg_per_s * 3600.0
    pump = mist_l / 3600.0 / WATER_KG_PER_M3 * params.mist_pressure / params.pump_efficiency / 1e3
    water = mist_l + make_up(pads_l, 0.0, params.cycles)
    outside = heat.now_kw - mechanical + pump
    return plant + Draw({HUMIDIFICATION: pump}, {HUMIDIFICATION: water}, outside)
