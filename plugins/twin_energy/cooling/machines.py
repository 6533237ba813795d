"""Fans, pumps and compressors: power from heat, temperatures and load.  Arrays broadcast; powers and heat in kW."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from twin_energy.weather.psychrometrics import ZERO_C

if TYPE_CHECKING:
    from twin_energy.weather.psychrometrics import Floats, Number

AIR_KG_PER_M3 = 1.2
AIR_KJ_PER_KG_K = 1.006
WATER_KG_PER_M3 = 998.0
WATER_KJ_PER_KG_K = 4.186

PART_LOAD = (0.222903, 0.313387, 0.463710)
"""Compressor power over that at full load, as a polynomial of the load: `EIRFunPLR` of the DOE-2 centrifugal chiller of
COP 5.5 in the chiller data of EnergyPlus, as the Modelica Buildings library carries it (read there)."""

LEAST_LOAD = 0.2
"""Below this load a compressor cycles: its unloading limit in the same data set (`PLRMinUnl`, read)."""

EVAPORATOR_K = 5.0
"""Leaving water over evaporating temperature.  This and `CONDENSER_WATER_K` of the water loop stand too for what a real
cycle loses at any lift: chosen so that the COP stays within 11 % of that of the DOE-2 chiller over its whole range."""

LEAST_LIFT_K = 20.0
"""Least difference of condensing and evaporating temperature that a compressor runs at (assumed)."""


def fan_kw(heat_kw: Number, rise_k: Number, pressure_pa: Number, efficiency: Number) -> Floats:
    """Fan power for the air that takes `heat_kw` with a rise of `rise_k`: volume x pressure / efficiency."""
    volume = np.asarray(heat_kw) / (AIR_KG_PER_M3 * AIR_KJ_PER_KG_K * rise_k)
    return np.asarray(volume * pressure_pa / efficiency / 1e3)


def pump_kw(heat_kw: Number, rise_k: Number, pressure_pa: Number, efficiency: Number) -> Floats:
    """Pump power for the water that takes `heat_kw` with a rise of `rise_k`: volume x pressure / efficiency."""
    volume = np.asarray(heat_kw) / (WATER_KG_PER_M3 * WATER_KJ_PER_KG_K * rise_k)
    return np.asarray(volume * pressure_pa / efficiency / 1e3)


def flow(load: Number, least: float) -> Floats:
    """Flow over design flow for a load over design load: in proportion, not below `least`, zero at no load."""
    share = np.asarray(load, dtype=np.float64)
    return np.where(share > 0.0, np.clip(share, least, 1.0), 0.0)


def affinity(share: Number) -> Floats:
    """Power over design power at a share of the design flow: the cube, for a circuit without static head."""
    return np.asarray(share, dtype=np.float64) ** 3


def ratio(part: Floats, whole: Floats) -> Floats:
    """`part / whole`, 0 where there is no whole."""
    out = np.zeros(np.broadcast(part, whole).shape)
    return np.divide(part, whole, out=out, where=np.broadcast_to(whole > 0.0, out.shape))


def carnot(evaporating_c: Number, condensing_c: Number) -> Floats:
    """COP of the reversed Carnot cycle between two temperatures, with the least lift a compressor runs at."""
    cold = np.asarray(evaporating_c, dtype=np.float64) + ZERO_C
    lift = np.maximum(np.asarray(condensing_c, dtype=np.float64) + ZERO_C - cold, LEAST_LIFT_K)
    return cold / lift


def compressor_kw(load_kw: Floats, capacity_kw: Floats, cop: Floats, units: int) -> Floats:
    """Power of `units` equal chillers that share a load, as many of them on as draw the least together.

    Args:
        load_kw: heat taken out of the water.
        capacity_kw: what all units take together; more is not taken.
        cop: at full load, at the temperatures of the hour.
        units: how many there are.

    Returns:
        `capacity of the units that run / cop x PART_LOAD(load of a unit)`; a unit below `LEAST_LOAD` cycles.
    """
    wanted = np.minimum(ratio(load_kw, capacity_kw), 1.0) * units
    least = np.maximum(np.ceil(wanted - 1e-9), 1.0)
    # power over load is convex in the number that run, and lowest where each has this load
    best = wanted / math.sqrt(PART_LOAD[0] / PART_LOAD[2])
    few, many = (np.clip(rounded, least, units) for rounded in (np.floor(best), np.ceil(best)))
    return capacity_kw / units / cop * np.minimum(few * _part(wanted / few), many * _part(wanted / many))


def _part(load: Floats) -> Floats:
    """Power of a unit over that at full load."""
    unloaded = np.maximum(load, LEAST_LOAD)
    return (PART_LOAD[0] + unloaded * (PART_LOAD[1] + unloaded * PART_LOAD[2])) * load / unloaded
